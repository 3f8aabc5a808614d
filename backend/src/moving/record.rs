//! The records.

use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, CorrelationId, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::LaneState;
use lane::operator::Operator;
use lane::privacy::PrivacyRequest;
use lane::shop::{Shop, Source};
use lane::view::Recorded;
use serde::{Deserialize, Serialize};

use super::text::Bytes;

/// The shape in which records are written today.
pub const FORMAT: u32 = 1;

/// One record: a line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// The first.
    Begin(Begin),
    /// A shop, removed or not, with the domains that lead to it.
    Shop(Box<MovedShop>),
    /// An operator, with the hash of the token.
    Operator(Operator),
    /// What is remembered of a provider account.
    Account(MovedAccount),
    /// A lane, without the line: that follows from its jobs.
    Lane(MovedLane),
    /// A job, with all that ever happened to it.
    Job(Box<MovedJob>),
    /// What the platform calls a part of an order.
    Part(MovedPart),
    /// A webhook that came.
    Webhook(Box<MovedWebhook>),
    /// Keys by which repeated webhooks are known.
    Seen {
        /// Halves of hashes, each 32 hex digits.
        keys: Vec<String>,
    },
    /// A warehouse's hint that is still to be followed.
    Notice(MovedNotice),
    /// A change that was asked for under an idempotency key.
    Asked(MovedAsked),
    /// What an operator did.
    Audit(MovedAudit),
    /// What was asked about somebody's data.
    Privacy(Box<MovedPrivacy>),
    /// What is to stay forgotten, and since when.
    Forgotten {
        /// A hash, 32 hex digits.
        key: String,
        /// Since then.
        at: Timestamp,
    },
    /// A backup was put in place of the ledger: orders that are new to it are looked up at the warehouse for a while.
    Restored {
        /// When.
        at: Timestamp,
    },
    /// How many webhooks came to what.
    Counts {
        /// By their outcome.
        webhooks: BTreeMap<String, i64>,
    },
    /// The last: how many records of each kind came before.
    End {
        /// By kind.
        sums: Sums,
    },
}

/// How many there are of each kind.
pub type Sums = BTreeMap<Kind, u64>;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the records say it")]
pub enum Kind {
    Begin,
    Shop,
    Operator,
    Account,
    Lane,
    Job,
    Part,
    Webhook,
    Seen,
    Notice,
    Asked,
    Audit,
    Privacy,
    Forgotten,
    Restored,
    Counts,
    End,
}

impl Record {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Begin(_) => Kind::Begin,
            Self::Shop(_) => Kind::Shop,
            Self::Operator(_) => Kind::Operator,
            Self::Account(_) => Kind::Account,
            Self::Lane(_) => Kind::Lane,
            Self::Job(_) => Kind::Job,
            Self::Part(_) => Kind::Part,
            Self::Webhook(_) => Kind::Webhook,
            Self::Seen { .. } => Kind::Seen,
            Self::Notice(_) => Kind::Notice,
            Self::Asked(_) => Kind::Asked,
            Self::Audit(_) => Kind::Audit,
            Self::Privacy(_) => Kind::Privacy,
            Self::Forgotten { .. } => Kind::Forgotten,
            Self::Restored { .. } => Kind::Restored,
            Self::Counts { .. } => Kind::Counts,
            Self::End { .. } => Kind::End,
        }
    }
}

/// Which ledger moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The shape of the records.
    pub format: u32,
    /// The move: the same when the ledger is exported again without having been used in between.
    pub id: String,
    /// Since when the ledger is on its way.
    pub at: Timestamp,
}

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
