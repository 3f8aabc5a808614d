//! A card: one job that waits for a person, as the page shows it.

use lane::clock::Timestamp;
use lane::decision::Verdict;
use lane::hold::{Fact, Hold, HoldReason};
use lane::job::Job;
use lane::state::State;

use crate::words;

/// One job that waits for a person.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Names the card within the page.
    pub(super) anchor: String,
    pub(super) number: String,
    pub(super) shop: String,
    pub(super) lane: String,
    pub(super) id: String,
    pub(super) reason: String,
    /// What a person can do about it besides the buttons.
    pub(super) advice: Option<&'static str>,
    pub(super) evidence: Vec<(String, String)>,
    pub(super) age: String,
    pub(super) since: String,
    /// Whether its lane stands still behind it.
    pub(super) stops: bool,
    pub(super) form: Option<Form>,
}

/// What the card's buttons decide.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) hold: u32,
    pub(super) fingerprint: String,
    /// What approving does, if it is possible.
    pub(super) approve: Option<&'static str>,
    pub(super) retry: bool,
    pub(super) reject: bool,
}

/// The card of a job, with buttons if `decides`. A job that waits for nobody has none.
pub(super) fn card(job: &Job, decides: bool, now: Timestamp) -> Option<Card> {
    let (reason, evidence, since, stops) = match &job.state {
        State::Held(hold) => {
            let facts = hold.evidence.iter().filter(|fact| !says_no_more(fact, hold));
            let facts = facts.map(|fact| (words::shown(&fact.name), words::shown(&fact.value)));
            (words::sentence(hold.reason.words()), facts.collect(), hold.since, hold.stops)
        }
        State::Failed { error, stops, since, .. } => {
            let facts =
                vec![("where".to_owned(), words::shown(&error.at)), ("attempts".to_owned(), job.begun.to_string())];
            (words::sentence(&words::shown(&error.words)), facts, *since, *stops)
        }
        State::Waiting { .. }
        | State::Attempting { .. }
        | State::Retrying { .. }
        | State::Done { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => return None,
    };
    let advice = advice(&job.state);
    let form = job.question().filter(|_| decides).map(|question| {
        let may = |verdict| question.verdicts.contains(&verdict);
        Form {
            hold: question.number,
            approve: may(Verdict::Approve).then_some(if advice.is_some() {
                "try once more as it is"
            } else {
                "carry it out as shown"
            }),
            retry: may(Verdict::Retry),
            reject: may(Verdict::Reject),
            fingerprint: question.fingerprint.to_string(),
        }
    });
    Some(Card {
        anchor: format!("{}-{}", job.lane.to_string().replace('/', "-"), job.id),
        number: words::shown(&job.number),
        shop: job.shop.to_string(),
        lane: job.lane.to_string(),
        id: job.id.to_string(),
        reason,
        advice,
        evidence,
        age: words::lasted(since, now),
        since: words::moment(since),
        stops,
        form,
    })
}

/// The name of the evidence that says which rules spoke.
const RULE: &str = "rule";

/// A single rule stands above the evidence already, as the reason.
fn says_no_more(fact: &Fact, hold: &Hold) -> bool {
    let alone = hold.evidence.iter().filter(|other| other.name == RULE).count() == 1;
    alone && fact.name == RULE && fact.value == hold.reason.words()
}

fn advice(state: &State) -> Option<&'static str> {
    match state {
        State::Held(Hold { reason: HoldReason::NotCarriable, .. }) => Some(
            "Correct the order in Shopify, which brings it back by itself, or reject it. Approving tries once more \
             as it is.",
        ),
        State::Held(_)
        | State::Waiting { .. }
        | State::Attempting { .. }
        | State::Retrying { .. }
        | State::Done { .. }
        | State::Failed { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => None,
    }
}
