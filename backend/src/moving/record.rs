//! The records.

use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::operator::Operator;
use serde::{Deserialize, Serialize};

use super::kept::{
    MovedAccount, MovedAsked, MovedAudit, MovedJob, MovedLane, MovedNotice, MovedPart, MovedPrivacy, MovedShop,
    MovedWebhook,
};

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
