//! Accounts at warehouses: whose limit is used with which credentials.

use std::num::NonZeroU32;

use lane::id::AccountId;
use lane::shop::SecretRef;
use serde::Deserialize;

use super::address::ProviderAddress;
use super::secret;

/// A name such as `main`, by which shops choose the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountName(String);

/// A text that is no account name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account's name has 1 to 32 characters of a-z, 0-9 and -")]
pub struct InvalidAccountName;

impl AccountName {
    pub fn parse(text: &str) -> Result<Self, InvalidAccountName> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidAccountName) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The providers an account can be at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    ShipStation,
}

impl Provider {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ShipStation => "shipstation",
        }
    }
}

/// `[accounts.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose account it is.
    pub provider: Provider,
    /// Where the API is.
    #[serde(default = "shipstation")]
    pub base_url: ProviderAddress,
    /// The API key.
    #[serde(deserialize_with = "secret::reference")]
    pub key: SecretRef,
    /// The API secret.
    #[serde(deserialize_with = "secret::reference")]
    pub secret: SecretRef,
    /// The random text that ends the address of the account's shipping notices; without it shipments are only looked for.
    #[serde(default, deserialize_with = "secret::optional")]
    pub notify_secret: Option<SecretRef>,
    /// Calls in a minute at most.
    #[serde(default = "forty")]
    pub per_minute: NonZeroU32,
}

impl Account {
    /// The path to which the account's shipping notices come, with `secret` at its end.
    pub fn notice_path(name: &AccountName, secret: &str) -> String {
        format!("/webhooks/shipstation/{}/{secret}", name.as_str())
    }

    /// The id under which jobs, limits and logs know the account.
    pub fn id(&self, name: &AccountName) -> AccountId {
        AccountId::at(self.provider.as_str(), name.as_str())
    }
}

#[expect(clippy::unwrap_used, reason = "the text is a constant, and a test reads the defaults")]
fn shipstation() -> ProviderAddress {
    ProviderAddress::parse("https://ssapi.shipstation.com").unwrap()
}

/// What `ShipStation` grants every key.
fn forty() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(39)
}
