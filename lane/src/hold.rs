//! Holds: what a person must decide on, and the evidence shown beside it.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Fingerprint;

/// Why a job waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The total is above the shop's limit.
    TotalAbove,
    /// Ships to another country than it is billed to.
    CountryDiffers,
    /// The platform's risk check did not finish in time.
    RiskPending,
    /// Something in it ships, but the order says nowhere to.
    NoShippingAddress,
    /// What the warehouse holds is not what was written.
    ReadBackDiffers,
    /// The warehouse refuses changes: the order has left, or it was cancelled there.
    AlreadyShipped,
    /// Whether the warehouse has the order could not be found out.
    InDoubt,
    /// The order's data cannot be carried over as it is.
    NotCarriable,
    /// The platform's risk check warns of it.
    RiskWarns,
    /// Its shipping address lacks something.
    AddressIncomplete,
    /// What customs would be told is not what the platform says the goods cost.
    CustomsDiffers,
    /// Customs would miss something.
    CustomsIncomplete,
    /// More units of one line than the shop's limit.
    QuantityAbove,
    /// It bears a tag that the shop looks at.
    Tagged,
    /// A customer's first order, above the shop's limit.
    FirstOrderAbove,
    /// Too many orders of one customer are in line.
    CustomerWaiting,
    /// It ships to the address of a held order.
    SameAddress,
    /// It was paid with the card of a held order.
    SameCard,
    /// The shop looks at every order.
    Everything,
    /// A part of it is elsewhere, on hold or scheduled.
    PartNotOurs,
    /// The warehouse should have imported it by itself and has not, or cannot be told apart there.
    NotImported,
    /// It shipped, and the shop does not take its tracking.
    TrackingRefused,
}

impl HoldReason {
    /// The reason in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::TotalAbove => "the total is above this shop's limit",
            Self::CountryDiffers => "it ships to another country than it is billed to",
            Self::RiskPending => "the platform's risk check has not finished",
            Self::NoShippingAddress => "it has goods to ship but no shipping address",
            Self::ReadBackDiffers => "the warehouse shows something else than was written",
            Self::AlreadyShipped => "it changed after the warehouse had closed it",
            Self::InDoubt => "it could not be found out whether the warehouse has it",
            Self::NotCarriable => "its data cannot be carried over as it is",
            Self::RiskWarns => "the platform's risk check warns of it",
            Self::AddressIncomplete => "its shipping address is incomplete",
            Self::CustomsDiffers => "what customs would be told is not what the goods cost at the platform",
            Self::CustomsIncomplete => "customs would miss something",
            Self::QuantityAbove => "it has more units of one line than this shop's limit",
            Self::Tagged => "it bears a tag that this shop looks at",
            Self::FirstOrderAbove => "a customer's first order, above this shop's limit",
            Self::CustomerWaiting => "many orders of its customer are in line",
            Self::SameAddress => "it ships to the same address as a held order",
            Self::SameCard => "it was paid with the same card as a held order",
            Self::Everything => "this shop looks at every order",
            Self::PartNotOurs => "a part of it is elsewhere, on hold or scheduled",
            Self::NotImported => "the warehouse did not import it, or it cannot be told apart there",
            Self::TrackingRefused => "it shipped, and the shop does not take its tracking",
        }
    }
}

/// One line of evidence: what was looked at and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What was looked at (`total`, `limit`, `ships to`).
    pub name: String,
    /// What it said.
    pub value: String,
}

impl Fact {
    /// A line of evidence.
    pub fn new(name: &str, value: impl Display) -> Self {
        Self { name: name.to_owned(), value: value.to_string() }
    }
}

/// A job that a person must decide on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Counts the times this job needed a person; a decision names it.
    pub number: u32,
    /// The reason that weighs most.
    pub reason: HoldReason,
    /// What the reason rests on, in words and figures.
    pub evidence: Vec<Fact>,
    /// Hash of the order as it was fetched; an approval accepts exactly this.
    pub fingerprint: Fingerprint,
    /// Hash of the difference found at read-back; an approval accepts exactly this.
    pub difference: Option<Fingerprint>,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whether its lane stands still behind it.
    pub stops: bool,
}

/// What a person has accepted. A fetched order or a difference that is not named here is judged afresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The hold that was decided.
    pub hold: u32,
    /// The order as it was shown.
    pub fingerprint: Fingerprint,
    /// The read-back difference that was shown.
    pub difference: Option<Fingerprint>,
}
