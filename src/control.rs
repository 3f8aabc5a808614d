//! Commands that change or show what the ledger keeps besides jobs: shops, operators and privacy requests; and the dry run
//! of hold rules over past jobs.
//!
//! One file has one program, so while the program runs, the command line asks it over a Unix socket beside the file
//! ([`socket`]); if nobody listens there, the command line opens the ledger itself. Either way the same [`Office`]
//! carries the command out and answers with a [`Reply`], which [`words()`] puts into words.

mod office;
mod trial;
mod links;
mod domain;
mod socket;
mod words;

use lane::clock::Timestamp;
use lane::id::{OperatorId, ShopId};
use lane::operator::Role;
use lane::privacy::Kept;
use lane::rules::HoldRules;
use lane::shop::Shop;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use domain::domain;
pub(crate) use links::LinkMaker;
pub(crate) use office::{Office, Ports};
pub(crate) use socket::{Answer, Socket, ask};
pub(crate) use trial::Trial;
pub(crate) use words::{is_refusal, words};

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Add a shop. One with this id is replaced as a whole, and only if that is wanted.
    ShopAdd { shop: Box<Shop>, replace: bool },
    /// List the shops.
    ShopList,
    /// Remove a shop.
    ShopRemove(ShopId),
    /// Make a link that shows a shop's orders to its merchant for so many days.
    ShopLink { id: ShopId, days: u16 },
    /// Try rules on a shop's past jobs; those it has if none are given. Changes nothing.
    RulesTry { id: ShopId, rules: Option<HoldRules> },
    /// Add an operator, or give one a new token and role.
    OperatorAdd { name: OperatorId, role: Role },
    /// List the operators.
    OperatorList,
    /// Refuse an operator from now on.
    OperatorDisable(OperatorId),
    /// List privacy requests; only those that wait if `open`.
    PrivacyList { open: bool },
    /// Collect everything that is known of the subject of a request.
    PrivacyExport(u64),
    /// Carry a redaction out now, and not only when its turn comes.
    PrivacyRedact(u64),
    /// What was collected for a request lies in its file.
    PrivacyAnswered(u64),
    /// Close a request without carrying it out.
    PrivacyDismiss(u64),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The shop is known now.
    ShopAdded {
        shop: Box<Shop>,
        /// It was known before, was this, and has been replaced.
        replaced: Option<Box<Shop>>,
        /// Webhooks that had come before the shop was known and are its jobs now.
        became_work: u64,
        /// What the caller should know besides.
        notes: Vec<String>,
    },
    /// This shop is known already, and replacing it was not asked for.
    ShopKnown(Box<Shop>),
    /// All shops.
    Shops(Vec<Shop>),
    /// The shop is gone.
    ShopRemoved(ShopId),
    /// This link shows the shop's orders.
    ShopLinked {
        id: ShopId,
        url: ShownOnce,
        until: Timestamp,
        /// It begins with this machine's own address, because no other is known.
        is_private: bool,
    },
    /// There is no such shop.
    NoSuchShop(ShopId),
    /// What the rules would have held.
    RulesTried(Box<Trial>),
    /// The operator is known now by this token.
    OperatorAdded {
        name: OperatorId,
        role: Role,
        token: ShownOnce,
        /// An older token has been replaced.
        replaced: bool,
    },
    /// All operators.
    Operators(Vec<OperatorLine>),
    /// The operator is refused from now on.
    OperatorDisabled(OperatorId),
    /// There is no such operator.
    NoSuchOperator(OperatorId),
    /// Privacy requests, oldest first.
    PrivacyRequests { open: bool, requests: Vec<Kept> },
    /// Everything that is known of a request's subject.
    PrivacyExported { request: u64, data: Exported },
    /// Nothing of a request's subject is left.
    PrivacyRedacted(u64),
    /// The request counts as answered.
    PrivacyAnswered(u64),
    /// The request is closed, and nothing was done about it.
    PrivacyDismissed(u64),
    /// There is no such request, or it asks for something else.
    NoSuchRequest(u64),
    /// Nothing was done, for this reason.
    Refused(String),
}

/// An operator without the token's hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperatorLine {
    pub(crate) name: OperatorId,
    pub(crate) role: Role,
    pub(crate) disabled: bool,
}

/// A token on its way to the one screen that shows it; it does not show itself in logs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ShownOnce(pub(crate) String);

impl std::fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownOnce(..)")
    }
}

/// What is known of a person, on its way to the one file that takes it; it does not show itself in logs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Exported(pub(crate) Value);

impl std::fmt::Debug for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exported(..)")
    }
}

#[cfg(test)]
mod tests;
