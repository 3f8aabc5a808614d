//! What a merchant hands on to a customer who asks what is known of them. Bodies stand as text: nothing of their money and
//! ids is rounded on the way.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::JobId;
use lane::job::Job;
use lane::privacy::Kept;
use lane::view::Recorded;
use serde_json::{Value, json};

/// A webhook as it came.
pub(crate) struct Came {
    pub(crate) topic: String,
    pub(crate) webhook_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) received_at: Timestamp,
    pub(crate) outcome: String,
    /// As the platform sent it.
    pub(crate) body: Option<Vec<u8>>,
}

impl Came {
    pub(crate) fn shown(&self) -> Value {
        let text = self.body.as_deref().map(String::from_utf8_lossy);
        json!({
            "topic": self.topic,
            "webhook_id": self.webhook_id,
            "event_id": self.event_id,
            "received_at": self.received_at,
            "became": self.outcome,
            "body": text,
        })
    }
}

/// An order with all that happened to it.
pub(crate) fn order(job: &Job, timeline: &[Entry], decisions: &[(u32, Recorded)], webhooks: &[Came]) -> Value {
    let decisions: Vec<Value> =
        decisions.iter().map(|(number, made)| json!({ "question": number, "decision": made })).collect();
    json!({
        "id": job.id,
        "number": job.number,
        "state": job.state,
        "accepted_at": job.accepted_at,
        "heard_at": job.heard_at,
        "changed_at": job.changed_at,
        "redacted": job.redacted,
        "at_the_warehouse": job.reach,
        "looked_at": job.seen,
        "hashes_of_its_people": job.marks,
        "timeline": timeline,
        "decisions": decisions,
        "webhooks": webhooks.iter().map(Came::shown).collect::<Vec<_>>(),
    })
}

/// What was found for a request.
pub(crate) struct Found {
    pub(crate) orders: Vec<Value>,
    /// Kept webhooks of no order that name the customer.
    pub(crate) kept_aside: Vec<Value>,
    /// How many kept webhooks name nobody.
    pub(crate) nobodys: u64,
    /// Orders that were asked for and are not known.
    pub(crate) unknown: Vec<JobId>,
}

/// The whole answer.
pub(crate) fn answer(kept: &Kept, found: &Found, now: Timestamp) -> Value {
    json!({
        "request": {
            "id": kept.id.to_string(),
            "reference": kept.request.reference,
            "merchant": kept.merchant,
            "shop": kept.shop,
            "received_at": kept.received_at,
            "exported_at": now,
        },
        "orders": found.orders,
        "kept_aside": found.kept_aside,
        "not_known": {
            "orders": found.unknown,
            "webhooks_that_name_nobody": found.nobodys.to_string(),
            "words": "orders listed here were asked for, and this ledger holds nothing of them; webhooks that name \
                      nobody were kept aside because they could not be read, and can be of any of this shop's customers",
        },
    })
}
