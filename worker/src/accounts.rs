//! The provider accounts of the configuration: where each provider is, with which credentials and within which limit.

use std::collections::BTreeMap;

use ::lane::id::AccountId;
use ::lane::shop::SecretRef;
use service::config::{Config, Provider};

/// One key at `ShipStation`. Several shops may share it, and then share its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipStationAccount {
    /// `shipstation/<name>`; shops name their warehouse by it.
    pub id: AccountId,
    /// Where the v1 API is, without a slash at the end.
    pub base_url: String,
    /// The API key.
    pub key: SecretRef,
    /// The API secret.
    pub secret: SecretRef,
    /// Calls a minute that `ShipStation` allows this key.
    pub per_minute: u32,
}

impl ShipStationAccount {
    /// Where `ShipStation`'s v1 API is.
    pub const BASE_URL: &'static str = "https://ssapi.shipstation.com";
    /// What `ShipStation` allows a key unless it was raised.
    pub const PER_MINUTE: u32 = 40;

    /// The account `name` with `ShipStation`'s own address and limit.
    pub fn named(name: &str, key: SecretRef, secret: SecretRef) -> Self {
        Self {
            id: AccountId::at("shipstation", name),
            base_url: Self::BASE_URL.to_owned(),
            key,
            secret,
            per_minute: Self::PER_MINUTE,
        }
    }
}

/// How Shopify's Admin API is reached, for every shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopifySettings {
    /// The shop's own address; the text `{domain}` stands for its domain.
    pub base_url: String,
    /// The version of the API that the query was written for.
    pub api_version: String,
}

impl ShopifySettings {
    /// As the settings of the program say.
    pub fn configured(config: &Config) -> Self {
        let (base_url, api_version) = (config.shopify.base_url.as_str(), config.shopify.api_version.as_str());
        Self { base_url: base_url.to_owned(), api_version: api_version.to_owned() }
    }
}

impl Default for ShopifySettings {
    fn default() -> Self {
        Self { base_url: "https://{domain}".to_owned(), api_version: "2026-10".to_owned() }
    }
}

/// The configured accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    shipstation: BTreeMap<AccountId, ShipStationAccount>,
}

impl Accounts {
    /// Those of the settings of the program.
    pub fn configured(config: &Config) -> Self {
        Self::of(config.accounts.iter().map(|(name, account)| match account.provider {
            Provider::ShipStation => ShipStationAccount {
                id: account.id(name),
                base_url: account.base_url.as_str().to_owned(),
                key: account.key.clone(),
                secret: account.secret.clone(),
                per_minute: account.per_minute.get(),
            },
        }))
    }

    /// These accounts; of two with one id the later counts.
    pub fn of(shipstation: impl IntoIterator<Item = ShipStationAccount>) -> Self {
        let by_id = shipstation.into_iter().map(|account| (account.id.clone(), account));
        Self { shipstation: by_id.collect() }
    }

    /// The `ShipStation` account with this id.
    pub fn shipstation(&self, id: &AccountId) -> Option<&ShipStationAccount> {
        self.shipstation.get(id)
    }

    /// Every `ShipStation` account.
    pub fn all_shipstation(&self) -> impl Iterator<Item = &ShipStationAccount> {
        self.shipstation.values()
    }
}
