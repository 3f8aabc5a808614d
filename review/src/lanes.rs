//! Pausing and resuming a lane.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::line::Pause;
use lane::outcome::PauseReason;
use lane::ports::{Once, RequestKey};

use crate::Review;
use crate::access::Reviewer;
use crate::refusal::{Refusal, unanswered};
use crate::wake;

/// Pauses a lane. Once this returns, no attempt of the lane begins until it is resumed or the pause ends.
pub(crate) async fn pause(
    review: &Review,
    by: &Reviewer<'_>,
    lane: &LaneKey,
    why: String,
    until: Option<Timestamp>,
    key: Option<&RequestKey>,
) -> Result<(), Refusal> {
    let since = review.clock.now();
    let why = PauseReason::Operator { why };
    let pause = Pause { why, until, by: Some(by.id().clone()), since };
    match review.desk.pause(lane, &pause, key).await.map_err(unanswered)? {
        Once::Answer(true) => {
            tracing::info!(operator.id = %by.id(), lane = %lane, "an operator paused a lane");
            Ok(())
        }
        Once::Answer(false) => Err(Refusal::NoSuchLane),
        Once::KeyReused => Err(Refusal::KeyReused),
    }
}

/// Resumes a lane and wakes it.
pub(crate) async fn resume(
    review: &Review,
    by: &Reviewer<'_>,
    lane: &LaneKey,
    key: Option<&RequestKey>,
) -> Result<(), Refusal> {
    let now = review.clock.now();
    match review.desk.resume(lane, by.id(), now, key).await.map_err(unanswered)? {
        Once::Answer(Some(wake_ups)) => {
            tracing::info!(operator.id = %by.id(), lane = %lane, "an operator resumed a lane");
            wake::send(review.sender.as_ref(), &wake_ups).await;
            Ok(())
        }
        Once::Answer(None) => Err(Refusal::NoSuchLane),
        Once::KeyReused => Err(Refusal::KeyReused),
    }
}
