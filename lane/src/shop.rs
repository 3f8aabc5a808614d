//! A shop: one merchant connection with its credentials (by reference), its policy, and its rules.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::carriage::Carriage;
use crate::clock::Timestamp;
use crate::id::{AccountId, ShopId};
use crate::policy::Policy;
use crate::rules::HoldRules;
use crate::webhook::OrderNews;

/// Where a shop's webhooks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Shopify.
    Shopify,
}

impl Source {
    /// The word for rows, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
        }
    }
}

/// Where a secret lies: `env:NAME`, `file:PATH` or `ssm:NAME`. The secret itself is never stored in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// An environment variable of the running program.
    Env(String),
    /// A file readable by the running program; a final line break is not part of the secret.
    File(String),
    /// A parameter of AWS Systems Manager, which also leads to Secrets Manager (*AWS Systems Manager User Guide:
    /// Referencing AWS Secrets Manager secrets from Parameter Store parameters*).
    Parameter(String),
}

/// A text that names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret is given as env:NAME, file:PATH or ssm:NAME, never as the secret itself")]
pub struct InvalidSecretRef;

impl FromStr for SecretRef {
    type Err = InvalidSecretRef;
    fn from_str(text: &str) -> Result<Self, InvalidSecretRef> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("ssm", name)) if !name.is_empty() => Ok(Self::Parameter(name.to_owned())),
            Some(_) | None => Err(InvalidSecretRef),
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = InvalidSecretRef;
    fn try_from(text: String) -> Result<Self, InvalidSecretRef> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Parameter(name) => write!(f, "ssm:{name}"),
        }
    }
}

/// One merchant connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// The internal, immutable id.
    pub id: ShopId,
    /// The platform.
    pub source: Source,
    /// The platform's domains for this shop, lower-cased, the one used for API calls first. A renamed shop keeps its
    /// lane because every domain it ever had leads here.
    pub domains: Vec<String>,
    /// The platform's access token.
    pub token: SecretRef,
    /// The warehouse account (from the configuration) that this shop's orders go to.
    pub warehouse: AccountId,
    /// What to do with jobs in trouble.
    #[serde(default)]
    pub policy: Policy,
    /// When a person must look first.
    #[serde(default, deserialize_with = "crate::rules::stored::read")]
    pub rules: HoldRules,
    /// Which orders are carried out at all.
    #[serde(default)]
    pub qualifies: Qualification,
    /// How they are carried.
    #[serde(default)]
    pub carriage: Carriage,
    /// When the shop was added.
    pub added_at: Timestamp,
}

impl Shop {
    /// The account that owns the limit of this shop's platform calls.
    pub fn platform_account(&self) -> AccountId {
        AccountId::at(self.source.as_str(), self.id.as_str())
    }

    /// The domain API calls go to.
    pub fn domain(&self) -> &str {
        self.domains.first().map_or("", String::as_str)
    }
}

/// What to do with an order whose risk check does not finish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskPending {
    /// A person looks at it.
    #[default]
    Hold,
    /// It is carried out.
    Proceed,
}

/// Which orders of a shop are carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Qualification {
    /// The financial statuses (REST words, lower case) that may ship.
    pub financial_statuses: Vec<String>,
    /// Whether test orders are carried out.
    pub test_orders: bool,
}

impl Default for Qualification {
    fn default() -> Self {
        let statuses = ["paid", "partially_refunded"];
        Self { financial_statuses: statuses.map(str::to_owned).to_vec(), test_orders: false }
    }
}

/// Why an order is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Cancelled at the platform.
    Cancelled,
    /// A test order, and the shop carries out none.
    TestOrder,
    /// Its financial status is not among those that ship.
    FinancialStatus(String),
    /// Nothing in it is shipped.
    NothingToShip,
    /// Everything in it was fulfilled before we had anything to do with it.
    AlreadyFulfilled,
    /// No part of it is for this shop's warehouse: it is at other locations, with another company, or picked up.
    ShipsElsewhere,
    /// The warehouse's order is closed or divided, and a person accepted that it stays as it stands: what it lacks does
    /// not ship from there.
    LeftAsItStands,
    /// Its customer or its shop asked to be forgotten.
    Redacted,
    /// The shop's token cannot see the order: the webhook named the wrong shop, or the order was deleted.
    UnknownToShop,
}

impl SkipReason {
    /// Whether the order will not qualify again by itself: what the warehouse has of it is cancelled, which cannot be
    /// undone there. What may come back, like a payment, is put on hold.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Cancelled | Self::NothingToShip => true,
            Self::FinancialStatus(status) => status == "voided" || status == "refunded",
            Self::TestOrder
            | Self::AlreadyFulfilled
            | Self::ShipsElsewhere
            | Self::LeftAsItStands
            | Self::Redacted
            | Self::UnknownToShop => false,
        }
    }

    /// The reason in words for people.
    pub fn words(&self) -> String {
        match self {
            Self::Cancelled => "cancelled at the platform".to_owned(),
            Self::TestOrder => "a test order".to_owned(),
            Self::FinancialStatus(status) => format!("financial status is {status}"),
            Self::NothingToShip => "nothing in it is shipped".to_owned(),
            Self::AlreadyFulfilled => "everything in it was fulfilled already".to_owned(),
            Self::ShipsElsewhere => {
                "no part of it is for this warehouse: other locations, other companies or the buyer take it".to_owned()
            }
            Self::LeftAsItStands => {
                "a person left the warehouse's order as it stands; what it lacks has to be shipped by hand".to_owned()
            }
            Self::Redacted => "its customer or its shop asked to be forgotten; nothing of it is kept".to_owned(),
            Self::UnknownToShop => {
                "this shop's token cannot see the order: it was deleted, it is older than the token may read, \
                 or the webhook named the wrong shop"
                    .to_owned()
            }
        }
    }
}

impl Qualification {
    /// Whether the order may be carried out, and why not.
    pub fn judge(&self, order: &OrderNews) -> Result<(), SkipReason> {
        if order.cancelled {
            return Err(SkipReason::Cancelled);
        }
        if order.test && !self.test_orders {
            return Err(SkipReason::TestOrder);
        }
        if !self.financial_statuses.contains(&order.financial_status) {
            return Err(SkipReason::FinancialStatus(order.financial_status.clone()));
        }
        if !order.ships_something {
            return Err(SkipReason::NothingToShip);
        }
        Ok(())
    }
}
