//! A card: one job, what is asked about it, and what the answer rests on.

use lane::clock::Timestamp;
use lane::decision::Verdict;
use lane::hold::{Fact, Hold, HoldReason};
use lane::job::Job;
use lane::rules::{Completeness, Seen};
use lane::state::State;

use crate::pages::address;
use crate::pages::many::choice;
use crate::words;

/// One job.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Names the card within the page.
    pub(super) anchor: String,
    pub(super) number: String,
    pub(super) shop: String,
    pub(super) lane: String,
    pub(super) id: String,
    /// Where its timeline is.
    pub(super) href: String,
    /// The state's word.
    pub(super) state: &'static str,
    pub(super) reason: String,
    /// What a person can do about it besides the buttons.
    pub(super) advice: Option<&'static str>,
    pub(super) evidence: Vec<(String, String)>,
    /// What is known of the order.
    pub(super) order: Vec<(&'static str, String)>,
    pub(super) age: String,
    pub(super) since: String,
    /// Whether its lane stands still behind it.
    pub(super) stops: bool,
    /// Where an approval leads.
    pub(super) goes: Option<String>,
    pub(super) form: Option<Form>,
}

/// What the card's buttons decide.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) hold: u32,
    pub(super) fingerprint: String,
    /// How a form for many names it.
    pub(super) choice: String,
    /// What approving does, if it is possible.
    pub(super) approve: Option<&'static str>,
    pub(super) retry: bool,
    pub(super) reject: bool,
}

/// The card of a job, with buttons if `decides` and somebody is asked.
pub(super) fn card(job: &Job, decides: bool, now: Timestamp) -> Card {
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
        | State::Rejected { .. } => {
            (words::sentence(&words::shown(&words::job(job))), Vec::new(), job.changed_at, false)
        }
    };
    let advice = advice(&job.state);
    Card {
        anchor: format!("{}-{}", job.lane.to_string().replace('/', "-"), job.id),
        number: words::shown(&job.number),
        shop: job.shop.to_string(),
        lane: job.lane.to_string(),
        id: job.id.to_string(),
        href: address::of("orders", job),
        state: job.state.kind().as_str(),
        reason,
        evidence,
        order: job.seen.as_deref().map(known).unwrap_or_default(),
        age: words::lasted(since, now),
        since: words::moment(since),
        stops,
        goes: None,
        form: form(job, advice.is_some()).filter(|_| decides),
        advice,
    }
}

fn form(job: &Job, advised: bool) -> Option<Form> {
    let question = job.question()?;
    let may = |verdict| question.verdicts.contains(&verdict);
    Some(Form {
        hold: question.number,
        approve: may(Verdict::Approve).then_some(if advised {
            "try once more as it is"
        } else {
            "carry it out as shown"
        }),
        retry: may(Verdict::Retry),
        reject: may(Verdict::Reject),
        choice: choice::named(&job.lane.to_string(), job.id.as_str(), question.number, question.fingerprint.as_str()),
        fingerprint: question.fingerprint.to_string(),
    })
}

/// What the newest attempt saw of the order; nothing of it is a person's.
fn known(seen: &Seen) -> Vec<(&'static str, String)> {
    let countries = match (&seen.ships_to, &seen.billed_to) {
        (Some(to), Some(by)) if to == by => Some(format!("{to}, billed there too")),
        (Some(to), Some(by)) => Some(format!("{to}, but billed to {by}")),
        (Some(to), None) => Some(to.clone()),
        (None, _) => None,
    };
    let address = match &seen.address {
        Completeness::Absent => "none".to_owned(),
        Completeness::Lacks(parts) => format!("lacks {}", parts.join(", ")),
        Completeness::Complete => "complete".to_owned(),
    };
    let customer = seen.customer_orders.map(|orders| match orders {
        1 => "their first order".to_owned(),
        orders => format!("their order number {orders}"),
    });
    let customs = customs(seen);
    let tags = Some(seen.tags.join(", ")).filter(|tags| !tags.is_empty());
    let known = [
        ("total", Some(seen.total.to_string())),
        ("ships to", countries),
        ("address", Some(address)),
        ("risk check", Some(seen.risk.words().to_owned())),
        ("lines to ship", Some(format!("{}, at most {} of one", seen.lines, seen.most_units))),
        ("customer", customer),
        ("customs", customs),
        ("tags", tags),
        ("set apart", Some(seen.parts.join("; ")).filter(|parts| !parts.is_empty())),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, words::shown(&value?)))).collect()
}

fn customs(seen: &Seen) -> Option<String> {
    let differs =
        seen.customs.difference.map(|(ours, theirs)| format!("we would declare {ours}, the goods cost {theirs}"));
    let missing = seen.customs.missing.iter().cloned();
    let said: Vec<String> = differs.into_iter().chain(missing).collect();
    Some(said.join("; ")).filter(|said| !said.is_empty())
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
