//! What of a timeline outlives the people it speaks of: ids, times, states and verdicts, and nothing anybody wrote or a
//! provider answered.

use lane::history::Happened;
use lane::outcome::{CallRecord, Shipped};

/// Stands where words were.
const WORDS_GONE: &str = "forgotten at its customer's or its shop's request";

/// The entry without anything that may speak of people. No `_` arm: a new kind of entry has to answer the question.
pub(crate) fn strip(what: Happened) -> Happened {
    match what {
        // The reason may quote a word of the webhook.
        Happened::Accepted { topic, correlation, state, why: _ } => {
            Happened::Accepted { topic, correlation, state, why: None }
        }
        Happened::Ended { attempt, outcome, words: _, state, calls } => {
            let calls = calls.into_iter().map(strip_call).collect();
            Happened::Ended { attempt, outcome, words: WORDS_GONE.to_owned(), state, calls }
        }
        Happened::Reopened { why: _ } => Happened::Reopened { why: WORDS_GONE.to_owned() },
        Happened::Decided { verdict, hold, by, note: _ } => {
            Happened::Decided { verdict, hold, by, note: String::new() }
        }
        // A tracking number leads to an address.
        Happened::Shipped(Shipped { shipment, fulfilment, carrier: _, tracking: _, units }) => {
            Happened::Shipped(Shipped { shipment, fulfilment, carrier: None, tracking: None, units })
        }
        Happened::Held { number, reason, .. } => Happened::Held { number, reason, evidence: Vec::new() },
        spoken @ (Happened::Newer { .. }
        | Happened::Began { .. }
        | Happened::Disturbed
        | Happened::Undone { .. }
        | Happened::Redacted
        | Happened::Released { .. }) => spoken,
    }
}

/// When, whose limit and how long; the method alone of what was called, because addresses and searches can name people.
fn strip_call(call: CallRecord) -> CallRecord {
    let CallRecord { at, account, call, ended: _, took_ms } = call;
    let method = call.split_whitespace().next().unwrap_or_default().to_owned();
    CallRecord { at, account, call: method, ended: String::new(), took_ms }
}

#[cfg(test)]
mod tests {
    use lane::clock::Timestamp;
    use lane::decision::Verdict;
    use lane::hold::{Fact, HoldReason};
    use lane::id::{AccountId, CorrelationId, Fence, OperatorId};
    use lane::state::StateKind;

    use super::*;

    #[test]
    fn no_words_of_any_kind_of_entry_survive_and_every_id_and_state_does() {
        let said = || "Jane Canary".to_owned();
        let (at, by) = (Timestamp::UNIX_EPOCH, OperatorId::parse("kim").unwrap());
        let correlation = CorrelationId::of(&[1; 32], at);
        let (topic, state) = ("orders/create".to_owned(), StateKind::Held);
        let call = CallRecord {
            at,
            account: AccountId::at("shipstation", "main"),
            call: format!("GET /orders?name={}", said()),
            ended: said(),
            took_ms: 7,
        };
        let shipped = Shipped {
            shipment: "s-1".into(),
            fulfilment: "f-1".into(),
            carrier: Some(said()),
            tracking: Some(said()),
            units: 2,
        };
        let entries = [
            (
                Happened::Accepted { topic: topic.clone(), correlation: correlation.clone(), state, why: Some(said()) },
                "orders/create",
            ),
            (Happened::Newer { topic, correlation, version: 3, state }, "held"),
            (Happened::Began { attempt: 4, fence: Fence(9), look_up: true }, "\"attempt\":4"),
            (
                Happened::Ended { attempt: 4, outcome: "hold".into(), words: said(), state, calls: vec![call] },
                "\"call\":\"GET\"",
            ),
            (
                Happened::Held {
                    number: 1,
                    reason: HoldReason::TotalAbove,
                    evidence: vec![Fact::new("ships to", said())],
                },
                "total_above",
            ),
            (Happened::Reopened { why: said() }, "reopened"),
            (Happened::Disturbed, "disturbed"),
            (Happened::Decided { verdict: Verdict::Reject, hold: 1, by: by.clone(), note: said() }, "\"by\":\"kim\""),
            (Happened::Shipped(shipped), "\"fulfilment\":\"f-1\""),
            (Happened::Redacted, "redacted"),
            (Happened::Released { by }, "kim"),
        ];
        for (what, survives) in entries {
            let text = serde_json::to_string(&strip(what)).unwrap();
            assert!(!text.contains("Canary"), "{text}");
            assert!(text.contains(survives), "{text}");
        }
    }
}
