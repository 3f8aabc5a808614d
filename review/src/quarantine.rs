//! Releasing a webhook that was kept aside.

use lane::ports::{Once, RequestKey};

use crate::Review;
use crate::access::Reviewer;
use crate::refusal::{Refusal, unanswered};
use crate::wake;

/// Makes work of a quarantined webhook and wakes its lane.
pub(crate) async fn release(
    review: &Review,
    by: &Reviewer<'_>,
    id: u64,
    key: Option<&RequestKey>,
) -> Result<(), Refusal> {
    let now = review.clock.now();
    match review.desk.release_quarantined(id, by.id(), now, key).await.map_err(unanswered)? {
        Once::Answer(Some(wake_ups)) => {
            tracing::info!(
                operator.id = %by.id(),
                quarantine.id = id,
                "an operator released a webhook from quarantine"
            );
            wake::send(review.sender.as_ref(), &wake_ups).await;
            Ok(())
        }
        Once::Answer(None) => Err(Refusal::NotInQuarantine),
        Once::KeyReused => Err(Refusal::KeyReused),
    }
}
