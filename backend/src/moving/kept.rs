//! What records carry.

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, CorrelationId, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::LaneState;
use lane::privacy::PrivacyRequest;
use lane::shop::{Shop, Source};
use lane::view::Recorded;
use serde::{Deserialize, Serialize};

use super::text::Bytes;

/// A shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedShop {
    /// Its terms.
    pub shop: Shop,
    /// The domains that lead to it.
    pub domains: Vec<String>,
    /// When it was last added.
    pub put_at: Timestamp,
    /// When the merchant took the app away.
    pub left_at: Option<Timestamp>,
    /// Whether an operator removed it.
    pub removed: bool,
    /// When, if that is known.
    pub removed_at: Option<Timestamp>,
}

/// A provider account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedAccount {
    /// Its id.
    pub id: AccountId,
    /// No call may leave before.
    pub stop_until: Option<Timestamp>,
    /// How far its shipments were looked through.
    pub looked_until: Option<Timestamp>,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedLane {
    /// Its key.
    pub key: LaneKey,
    /// Its shop.
    pub shop: ShopId,
    /// The last place that was given.
    pub places: u64,
    /// When a job was last accepted.
    pub heard_at: Option<Timestamp>,
    /// When the sweep has to look.
    pub wake: Option<Timestamp>,
    /// Fence, pause and strikes. Nobody has its lease.
    pub state: LaneState,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedJob {
    /// The job.
    pub job: Job,
    /// Its number among all.
    pub number: u64,
    /// Its timeline, oldest first.
    pub entries: Vec<Entry>,
    /// How its questions were decided.
    pub decisions: Vec<(u32, Recorded)>,
    /// The numbers of the webhooks about it.
    pub webhooks: Vec<u64>,
}

/// A part of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedPart {
    /// The order's shop.
    pub shop: ShopId,
    /// What the platform calls it.
    pub id: String,
    /// Whose it is, if that is known.
    pub job: Option<(LaneKey, JobId)>,
    /// When it was last named while nobody knew whose it is.
    pub touched_at: Option<Timestamp>,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedWebhook {
    /// Its number among all.
    pub number: u64,
    /// The platform.
    pub source: Source,
    /// The domain it names; empty once it is forgotten.
    pub merchant: String,
    /// Its shop, if it is known.
    pub shop: Option<ShopId>,
    /// The platform's topic.
    pub topic: String,
    /// The delivery.
    pub webhook_id: Option<String>,
    /// The merchant's action.
    pub event_id: Option<String>,
    /// SHA-256 of the raw body.
    pub body_hash: Bytes,
    /// When it came.
    pub received_at: Timestamp,
    /// Follows it through the logs.
    pub correlation: CorrelationId,
    /// What became of it.
    pub outcome: String,
    /// Why it was kept without becoming work.
    pub quarantine: Option<String>,
    /// The same in words.
    pub words: Option<String>,
    /// The job it is about.
    pub job: Option<(LaneKey, JobId)>,
    /// What it said, while it may still become work.
    pub content: Option<String>,
    /// Bytes of its body as it came.
    pub bytes: i64,
    /// The body as it is kept ([`crate::bodies`]), unless it was dropped.
    pub body: Option<Bytes>,
}

/// A hint of a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedNotice {
    /// Its number among all.
    pub number: u64,
    /// The account it is about.
    pub account: AccountId,
    /// Where it says that shipments are listed.
    pub url: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// A change that was asked for under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedAsked {
    /// Who asked.
    pub by: OperatorId,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Hash of the request.
    pub request: Bytes,
    /// The answer that is repeated, JSON.
    pub answer: String,
}

/// What an operator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedAudit {
    /// Its number among all.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub what: String,
    /// To what.
    pub on: String,
}

/// A request about somebody's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedPrivacy {
    /// Its number, by which people know it.
    pub id: u64,
    /// The platform it came from.
    pub source: Source,
    /// The domain in whose name it came; empty once the shop is forgotten.
    pub merchant: String,
    /// The shop, if it is known.
    pub shop: Option<ShopId>,
    /// What is asked.
    pub request: PrivacyRequest,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// A person closed it without its being carried out.
    pub dismissed: bool,
}
