//! One decision: check what was written, ask the ledger, wake the lane. The ledger lets one decision per question
//! count; everybody else learns who won or what changed.

use std::time::Duration;

use lane::clock::after;
use lane::decision::{Decision, Verdict};
use lane::id::{Fingerprint, JobId, LaneKey};
use lane::ports::{Decided, Once, RequestKey};
use lane::state::StateKind;

use crate::Review;
use crate::access::Reviewer;
use crate::refusal::{Refusal, unanswered};
use crate::{wake, words};

/// A note is a sentence or two; longer texts belong into a ticket.
const NOTE_CHARS_MAX: usize = 1000;

/// Fingerprints have 32 characters; anything far longer was never shown by us.
const FINGERPRINT_LENGTH_MAX: usize = 128;

/// What a reviewer asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) lane: LaneKey,
    pub(crate) job: JobId,
    pub(crate) verdict: Verdict,
    pub(crate) hold: u32,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) note: String,
    /// How long it can be taken back before it takes effect.
    pub(crate) delay: Duration,
}

/// The verdict a word names.
pub(crate) fn verdict(word: &str) -> Option<Verdict> {
    [Verdict::Approve, Verdict::Reject, Verdict::Retry].into_iter().find(|verdict| verdict.as_str() == word)
}

/// A note as it is kept: trimmed, line breaks as one character, nothing that a terminal would obey.
pub(crate) fn note(text: &str) -> Result<String, Refusal> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.chars().count() > NOTE_CHARS_MAX {
        let words = format!("a note or reason has at most {NOTE_CHARS_MAX} characters");
        return Err(Refusal::Malformed(words));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Refusal::Malformed("a note or reason has no control characters".into()));
    }
    Ok(text.to_owned())
}

/// A fingerprint as it was shown.
pub(crate) fn fingerprint(text: &str) -> Result<Fingerprint, Refusal> {
    if text.is_empty() || text.len() > FINGERPRINT_LENGTH_MAX {
        let words = "fingerprint is the question's fingerprint, exactly as it was shown";
        return Err(Refusal::Malformed(words.into()));
    }
    Ok(Fingerprint::given(text))
}

/// Decides. Once this returns a state, the decision is durable and its lane will be worked: now if the queue answers,
/// with the next sweep if it does not.
pub(crate) async fn decide(
    review: &Review,
    by: &Reviewer<'_>,
    ask: Ask,
    key: Option<&RequestKey>,
) -> Result<StateKind, Refusal> {
    let at = review.clock.now();
    let decision = Decision {
        lane: ask.lane,
        job: ask.job,
        verdict: ask.verdict,
        hold: ask.hold,
        fingerprint: ask.fingerprint,
        by: by.id().clone(),
        note: ask.note,
        at,
        takes_effect: after(at, ask.delay),
    };
    let answer = review.desk.decide(&decision, key).await;
    let (verdict, outcome) = (decision.verdict.as_str(), label(answer.as_ref().ok()));
    metrics::counter!("lanekeeper_decisions_total", "verdict" => verdict, "outcome" => outcome).increment(1);
    let answer = answer.map_err(unanswered)?;
    fail::fail_point!("review.after_decide");
    tracing::info!(
        operator.id = %decision.by,
        lane = %decision.lane,
        job.id = %decision.job,
        hold.number = decision.hold,
        verdict,
        outcome,
        "an operator decided"
    );
    match answer {
        Once::Answer(Decided::Done { state, send }) => {
            wake::send(review.sender.as_ref(), send.as_slice()).await;
            Ok(state)
        }
        Once::Answer(Decided::AlreadyDecided(winner)) => Err(Refusal::AlreadyDecided(winner)),
        Once::Answer(Decided::Stale(why)) => {
            let job = review.desk.job(&decision.lane, &decision.job).await.ok().flatten();
            let question = job.and_then(|job| job.question());
            Err(Refusal::Changed(words::changed(&why, &decision, question.as_ref())))
        }
        Once::Answer(Decided::NoSuchJob) => Err(Refusal::NoSuchJob),
        Once::KeyReused => Err(Refusal::KeyReused),
    }
}

/// The outcome's word for metrics and logs.
fn label(answer: Option<&Once<Decided>>) -> &'static str {
    match answer {
        Some(Once::Answer(Decided::Done { .. })) => "done",
        Some(Once::Answer(Decided::AlreadyDecided(_))) => "already_decided",
        Some(Once::Answer(Decided::Stale(_))) => "stale",
        Some(Once::Answer(Decided::NoSuchJob)) => "no_such_job",
        Some(Once::KeyReused) => "key_reused",
        None => "ledger_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_as_written_except_for_its_edges_and_line_breaks() {
        assert_eq!(note("  called them,\r\nall fine\t<b>!  ").unwrap(), "called them,\nall fine\t<b>!");
        assert_eq!(note("").unwrap(), "");
        assert!(note(&"ä".repeat(1000)).is_ok());
        assert!(note(&"ä".repeat(1001)).is_err());
        assert!(note("a\u{1b}[31m").is_err());
    }

    #[test]
    fn every_verdict_is_found_by_its_word() {
        for known in [Verdict::Approve, Verdict::Reject, Verdict::Retry] {
            assert_eq!(verdict(known.as_str()), Some(known));
        }
        assert_eq!(verdict("Approve"), None);
    }
}
