//! How an account is set up: the stores that it has, and who is told when something ships. For whoever looks whether an
//! installation is right; carrying orders needs none of it.
//!
//! Shapes from `ShipStation`'s pages "List Stores" and "List Webhooks".

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// The event that tells of a shipment.
pub const SHIP_NOTIFY: &str = "SHIP_NOTIFY";

/// The marketplace of a store that is filled by hand or through the API.
const MANUAL_MARKETPLACE: &str = "shipstation";

/// Credentials of an account, and where its API is.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The API's address, without a slash at the end.
    pub base_url: &'a str,
    /// The API key.
    pub key: &'a SecretString,
    /// The API secret.
    pub secret: &'a SecretString,
}

/// A store of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `storeId`.
    pub id: u64,
    /// The name that people gave it.
    pub name: String,
    /// Where it gets its orders from (`Shopify`), or that it is a manual one.
    pub marketplace: String,
    /// Where its marketplace is, if `ShipStation` says it.
    pub url: Option<String>,
    /// Whether it is in use.
    pub active: bool,
    /// Whether it fetches orders by itself.
    pub refreshes: bool,
}

impl Store {
    /// Whether it is filled by hand or through the API.
    pub fn is_manual(&self) -> bool {
        let marketplace = self.marketplace.to_lowercase();
        marketplace == MANUAL_MARKETPLACE || marketplace.contains("manual")
    }

    /// Whether it is connected to a Shopify shop. The marketplace's number says nothing: the pages give one number to two.
    pub fn is_shopify(&self) -> bool {
        self.marketplace.to_lowercase().contains("shopify")
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Of what (`SHIP_NOTIFY`).
    pub event: String,
    /// Where. It may end with a secret.
    pub url: String,
    /// Of one store alone.
    pub store: Option<u64>,
    /// Whether it is in use.
    pub active: bool,
}

/// The request for all stores, those that are not in use included. [`stores`] reads the answer.
pub fn ask_stores(client: &Client, door: Door<'_>) -> RequestBuilder {
    door.get(client, "/stores").query(&[("showInactive", "true")])
}

/// The request for all subscriptions. [`subscriptions`] reads the answer.
pub fn ask_subscriptions(client: &Client, door: Door<'_>) -> RequestBuilder {
    door.get(client, "/webhooks")
}

/// The stores, or nothing if the answer does not have them.
pub fn stores(answer: &Value) -> Option<Vec<Store>> {
    answer.as_array()?.iter().map(store).collect()
}

/// The subscriptions, or nothing if the answer does not have them.
pub fn subscriptions(answer: &Value) -> Option<Vec<Subscription>> {
    answer["webhooks"].as_array()?.iter().map(subscription).collect()
}

impl Door<'_> {
    fn get(self, client: &Client, path: &str) -> RequestBuilder {
        let (key, secret) = (self.key.expose_secret(), self.secret.expose_secret());
        client.get(format!("{}{path}", self.base_url)).basic_auth(key, Some(secret))
    }
}

fn store(told: &Value) -> Option<Store> {
    Some(Store {
        id: told["storeId"].as_u64()?,
        name: told["storeName"].as_str().unwrap_or_default().to_owned(),
        marketplace: told["marketplaceName"].as_str()?.to_owned(),
        url: told["integrationUrl"].as_str().map(str::to_owned),
        active: told["active"].as_bool()?,
        refreshes: told["autoRefresh"].as_bool().unwrap_or_default(),
    })
}

fn subscription(told: &Value) -> Option<Subscription> {
    Some(Subscription {
        event: told["HookType"].as_str()?.to_owned(),
        url: told["Url"].as_str()?.to_owned(),
        store: told["StoreID"].as_u64(),
        active: told["Active"].as_bool().unwrap_or(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stores_are_read_and_told_apart_by_their_marketplace() {
        let told = json!([
            {"storeId": 1, "storeName": "Manual", "marketplaceId": 0, "marketplaceName": "ShipStation",
             "integrationUrl": null, "active": true, "autoRefresh": false},
            {"storeId": 2, "storeName": "Acme", "marketplaceId": 36, "marketplaceName": "Shopify",
             "integrationUrl": "https://acme.myshopify.com", "active": false, "autoRefresh": true},
            {"storeId": 3, "storeName": "Woo", "marketplaceId": 36, "marketplaceName": "WooCommerce", "active": true},
        ]);
        let stores = stores(&told).unwrap();
        let kinds: Vec<_> = stores.iter().map(|store| (store.id, store.is_manual(), store.is_shopify())).collect();
        assert_eq!(kinds, [(1, true, false), (2, false, true), (3, false, false)]);
        assert!(!stores[1].active && stores[1].refreshes && !stores[2].refreshes);
        assert_eq!(stores[1].url.as_deref(), Some("https://acme.myshopify.com"));
    }

    #[test]
    fn subscriptions_are_read() {
        let told = json!({"webhooks": [{"WebHookID": 1, "StoreID": null, "HookType": "SHIP_NOTIFY",
            "Url": "https://lanes.example.com/x", "Active": true}]});
        let expected = Subscription {
            event: SHIP_NOTIFY.into(),
            url: "https://lanes.example.com/x".into(),
            store: None,
            active: true,
        };
        assert_eq!(subscriptions(&told).unwrap(), [expected]);
    }

    #[test]
    fn another_answer_is_no_list() {
        for other in [json!({}), json!({"Message": "no"}), json!([{"storeName": "x"}]), json!(null)] {
            assert!(stores(&other).is_none() && subscriptions(&other).is_none(), "{other}");
        }
    }
}
