//! What the law lets a shop's customers ask: what is known of them, and to be forgotten.
//!
//! Shopify passes such requests on as `customers/data_request`, `customers/redact` and `shop/redact`; each must be
//! answered within 30 days (*shopify.dev: Privacy law compliance*). A request is recorded like a webhook and carried out
//! by the ledger itself. Who is meant is kept as marks, never as a name or an address.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{JobId, ShopId};
use crate::marks::Mark;

/// How long a request that could not be read is told: as long as it can still be answered in time. Shopify gives 30 days
/// (*shopify.dev: Privacy law compliance*).
pub const UNREAD_TOLD: Duration = Duration::from_hours(30 * 24);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Everything that is known of a customer, for the merchant to hand on.
    Export,
    /// A customer is to be forgotten.
    RedactCustomer,
    /// A shop and everything of it is to be forgotten.
    RedactShop,
}

impl Ask {
    /// The word for rows, metrics and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::RedactCustomer => "redact_customer",
            Self::RedactShop => "redact_shop",
        }
    }

    /// What a word asks.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Export, Self::RedactCustomer, Self::RedactShop].into_iter().find(|ask| ask.as_str() == word)
    }
}

/// The topics by which requests come (*shopify.dev: Privacy law compliance*).
pub const TOPICS: [&str; 3] = ["customers/data_request", "customers/redact", "shop/redact"];

/// Requests that came and could not be read, so that nothing is done about them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub count: u64,
    /// When the oldest came.
    pub oldest: Option<Timestamp>,
}

/// Whom a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The customer, by the platform's id.
    pub customer: Option<Mark>,
    /// The customer, by mail address; a customer may have nothing else.
    pub email: Option<Mark>,
    /// Orders that are named.
    pub orders: Vec<JobId>,
}

/// A request as the platform passes it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyRequest {
    /// What is asked.
    pub ask: Ask,
    /// About whom; of no meaning for a shop.
    pub subject: Subject,
    /// The platform's own number of the request, if it has one.
    pub reference: Option<String>,
}

/// A request as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The ledger's number.
    pub id: u64,
    /// The merchant's domain as the platform named it.
    pub merchant: String,
    /// The shop, if it is known.
    pub shop: Option<ShopId>,
    /// What is asked.
    pub request: PrivacyRequest,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was carried out, or dismissed.
    pub done_at: Option<Timestamp>,
    /// A person closed it; it was never carried out.
    #[serde(default)]
    pub dismissed: bool,
}
