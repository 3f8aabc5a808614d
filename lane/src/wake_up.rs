//! The wake-up: what travels in the queue. It only says that a lane has work; the ledger says what that is. So a
//! lost, late, doubled or unreadable one can delay a job until the sweep, and never lose, double or reorder it.

use derive_more::{AsRef, Display};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{JobId, LaneKey, Queue, ShopId};

/// The version this program writes.
const VERSION: u32 = 1;

/// The longest body, far below every queue's limit.
pub const BODY_BYTES_MAX: usize = 1024;

/// This lane has work, because of this job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUp {
    /// The lane.
    pub lane: LaneKey,
    /// The shop whose job it is.
    pub shop: ShopId,
    /// The job that causes it.
    pub job: JobId,
    /// The number people know it by.
    pub number: String,
    /// When it was caused.
    pub at: Timestamp,
    /// An approval caused it. Information only: the ledger's decision lets a held job go on.
    pub approved: bool,
}

/// Why a body is no wake-up. The message group still names the lane, so it still wakes it.
#[derive(Debug, thiserror::Error)]
#[error("a wake-up's body could not be read")]
pub struct Unreadable(#[from] serde_json::Error);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    v: u32,
    queue: Queue,
    shop_id: ShopId,
    shopify_order_id: JobId,
    shopify_order_number: String,
    timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    approved: bool,
}

impl WakeUp {
    /// The JSON that is sent, at most [`BODY_BYTES_MAX`] bytes.
    pub fn encode(&self) -> String {
        // The platform lets merchants format the number as they like; it only helps people who read the queue.
        let number: String = self.number.chars().filter(|c| !c.is_control()).take(60).collect();
        let body = Body {
            v: VERSION,
            queue: self.lane.queue,
            shop_id: self.shop.clone(),
            shopify_order_id: self.job.clone(),
            shopify_order_number: number,
            timestamp: self.at,
            approved: self.approved,
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// Reads a body. Fields added by newer versions are passed over.
    pub fn decode(body: &str, lane: &LaneKey) -> Result<Self, Unreadable> {
        let body: Body = serde_json::from_str(body)?;
        Ok(Self {
            lane: lane.clone(),
            shop: body.shop_id,
            job: body.shopify_order_id,
            number: body.shopify_order_number,
            at: body.timestamp,
            approved: body.approved,
        })
    }
}

/// A message's deduplication id. From the second of a kind on an ordinal follows, counted in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Display, AsRef)]
#[as_ref(str)]
pub struct DedupId(String);

impl DedupId {
    /// `<job>`: the job's first wake-up.
    pub fn first(job: &JobId) -> Self {
        Self(job.to_string())
    }

    /// `<job>-approved`, then `<job>-approved-2` …
    pub fn approved(job: &JobId, ordinal: u32) -> Self {
        Self::with(job, "approved", ordinal)
    }

    /// `<job>-retry`, then `<job>-retry-2` …
    pub fn retry(job: &JobId, ordinal: u32) -> Self {
        Self::with(job, "retry", ordinal)
    }

    /// An id that came from elsewhere, such as a test of the queue.
    pub fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn with(job: &JobId, word: &str, ordinal: u32) -> Self {
        if ordinal <= 1 { Self(format!("{job}-{word}")) } else { Self(format!("{job}-{word}-{ordinal}")) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What causes a wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendKind {
    /// The job was accepted.
    First,
    /// A person approved it.
    Approved,
    /// Anything else: an operator's retry, a newer version, the sweep.
    Again,
}

/// A wake-up to be sent, with the id that makes repeating the send harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What is sent.
    pub wake_up: WakeUp,
    /// Its deduplication id.
    pub dedup: DedupId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake_up(number: &str) -> WakeUp {
        let shop = ShopId::parse("acme").unwrap();
        WakeUp {
            lane: LaneKey::orders(&shop),
            shop,
            job: JobId::from(820_982_911_946_154_508),
            number: number.into(),
            at: Timestamp::UNIX_EPOCH,
            approved: true,
        }
    }

    #[test]
    fn is_read_back_and_looks_as_published() {
        let sent = wake_up("#1001");
        assert_eq!(
            sent.encode(),
            r##"{"v":1,"queue":"orders","shopId":"acme","shopifyOrderId":"820982911946154508","shopifyOrderNumber":"#1001","timestamp":"1970-01-01T00:00:00Z","approved":true}"##
        );
        assert_eq!(WakeUp::decode(&sent.encode(), &sent.lane).unwrap(), sent);
    }

    #[test]
    fn a_newer_version_is_understood_as_far_as_it_goes() {
        let newer = wake_up("#1").encode().replace("\"v\":1", "\"v\":2,\"colour\":{\"of\":\"magic\"}");
        assert_eq!(WakeUp::decode(&newer, &wake_up("").lane).unwrap().number, "#1");
    }

    #[test]
    fn stays_small_whatever_the_order_is_called() {
        let long = wake_up(&"\u{1F4E6}\"\\".repeat(500));
        assert!(long.encode().len() <= BODY_BYTES_MAX);
    }

    #[test]
    fn ordinals_begin_with_the_second() {
        let job = JobId::from(7);
        let ids =
            [DedupId::first(&job), DedupId::approved(&job, 1), DedupId::approved(&job, 2), DedupId::retry(&job, 3)];
        assert_eq!(ids.map(|id| id.to_string()), ["7", "7-approved", "7-approved-2", "7-retry-3"]);
    }
}
