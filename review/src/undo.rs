//! Taking a decision back: while it has not taken effect, by anybody who may decide.

use std::time::Duration;

use lane::decision::Undo;
use lane::id::{JobId, LaneKey};
use lane::ports::{Once, RequestKey, Undone};
use lane::state::StateKind;

use crate::Review;
use crate::access::Reviewer;
use crate::refusal::{Refusal, unanswered};
use crate::words;

/// How long a decision that was made on a page can be taken back. Long enough to see that the wrong key was pressed, too
/// short for the warehouse to miss it.
pub(crate) const UNDO_TIME: Duration = Duration::from_secs(10);

/// Takes the decision about a question back.
pub(crate) async fn undo(
    review: &Review,
    by: &Reviewer<'_>,
    (lane, job): (LaneKey, JobId),
    hold: u32,
    key: Option<&RequestKey>,
) -> Result<StateKind, Refusal> {
    let undo = Undo { lane, job, hold, by: by.id().clone(), at: review.clock.now() };
    let answer = review.desk.undo(&undo, key).await;
    let outcome = label(answer.as_ref().ok());
    metrics::counter!("lanekeeper_decisions_total", "verdict" => "undo", "outcome" => outcome).increment(1);
    let answer = answer.map_err(unanswered)?;
    tracing::info!(
        operator.id = %undo.by,
        lane = %undo.lane,
        job.id = %undo.job,
        hold.number = hold,
        outcome,
        "an operator took a decision back"
    );
    match answer {
        Once::Answer(Undone::Done { state }) => Ok(state),
        Once::Answer(Undone::TooLate(_)) => {
            let job = review.desk.job(&undo.lane, &undo.job).await.ok().flatten();
            Err(Refusal::TooLate(words::too_late(job.as_ref())))
        }
        Once::Answer(Undone::NoSuchJob) => Err(Refusal::NoSuchJob),
        Once::KeyReused => Err(Refusal::KeyReused),
    }
}

/// The outcome's word for metrics and logs.
fn label(answer: Option<&Once<Undone>>) -> &'static str {
    match answer {
        Some(Once::Answer(Undone::Done { .. })) => "done",
        Some(Once::Answer(Undone::TooLate(_))) => "too_late",
        Some(Once::Answer(Undone::NoSuchJob)) => "no_such_job",
        Some(Once::KeyReused) => "key_reused",
        None => "ledger_error",
    }
}
