//! What rules look at: what an attempt saw of the order, and what else its lane holds.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// What an attempt saw of an order that rules look at. No personal datum in it, so that it can be kept for dry runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The total, in the shop's currency.
    pub total: Money,
    /// The country it ships to, two letters.
    pub ships_to: Option<String>,
    /// The country it is billed to, two letters.
    pub billed_to: Option<String>,
    /// How complete its shipping address is.
    pub address: Completeness,
    /// What the platform's risk check says.
    pub risk: RiskSeen,
    /// Units of the line that has most.
    pub most_units: u32,
    /// Lines that ship.
    pub lines: u32,
    /// Its tags.
    pub tags: Vec<String>,
    /// How many orders its customer had placed when it was placed, this one included. Nothing if that is not known for sure.
    pub customer_orders: Option<u64>,
    /// What customs would not be content with.
    pub customs: CustomsSeen,
    /// Parts of it that the shop's settings leave to a person, in words.
    pub parts: Vec<String>,
}

/// How complete a shipping address is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// There is none.
    Absent,
    /// It lacks these parts.
    Lacks(Vec<String>),
    /// It lacks nothing.
    Complete,
}

/// What the platform's risk check says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskSeen {
    /// It still runs.
    Pending,
    /// It recommends nothing.
    #[default]
    None,
    /// It recommends to accept.
    Accept,
    /// It recommends to look at it.
    Investigate,
    /// It recommends to cancel it.
    Cancel,
}

impl RiskSeen {
    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pending => "check pending",
            Self::None => "no recommendation",
            Self::Accept => "accept",
            Self::Investigate => "investigate",
            Self::Cancel => "cancel",
        }
    }
}

/// What customs would not be content with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomsSeen {
    /// What is missing, by line (`Mug: no HS code`).
    pub missing: Vec<String>,
    /// What we would declare and what the platform says the goods cost, if they differ.
    pub difference: Option<(Money, Money)>,
}

/// What else the order's shop has, as far as rules ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Other orders of the same customer that are in line.
    pub waiting: u32,
    /// The numbers of held orders that ship to the same address.
    pub same_address: Vec<String>,
    /// The numbers of held orders that were paid with the same card.
    pub same_card: Vec<String>,
}
