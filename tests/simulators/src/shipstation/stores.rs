//! The stores of an account: made by hand, or connected to a marketplace whose orders `ShipStation` imports.

use std::time::Duration;

use serde_json::{Value, json};

use super::query::Query;

/// What the "List Stores" page calls the store for orders made by hand, and its marketplace's number.
const MANUAL_MARKETPLACE: &str = "ShipStation";
const MANUAL_ID: u64 = 0;
/// The number that the reference's example gives to Shopify. An older example gives it to `WooCommerce`, so a caller
/// should go by the name.
const SHOPIFY_ID: u64 = 36;
/// Any other marketplace.
const OTHER_ID: u64 = 99;
/// The store that every account has until it is given others.
const BUILT_IN_ID: u64 = 1;

/// How a store imports the orders of a Shopify shop.
///
/// No public page says what `orderKey` an imported order has, nor whether its number keeps the `#`: both can be set,
/// and a caller should work with either.
#[derive(Debug, Clone)]
pub struct Importing {
    pub(super) shop: String,
    pub(super) after: Duration,
    pub(super) keeps_hash: bool,
    pub(super) opaque_keys: bool,
}

impl Importing {
    /// Imports the orders of this shop at once, under the platform's order id as `orderKey` and the order's whole
    /// name as number.
    pub fn from_shop(domain: &str) -> Self {
        Self { shop: domain.to_lowercase(), after: Duration::ZERO, keeps_hash: true, opaque_keys: false }
    }

    /// An order appears so long after it was handed over, by the simulator's clock.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    /// The order's number is its name without a leading `#`.
    #[must_use]
    pub fn without_hash(mut self) -> Self {
        self.keeps_hash = false;
        self
    }

    /// The order's key says nothing of the platform's order id.
    #[must_use]
    pub fn with_opaque_keys(mut self) -> Self {
        self.opaque_keys = true;
        self
    }
}

/// One store of an account.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) id: u64,
    name: String,
    marketplace: String,
    pub(super) active: bool,
    pub(super) built_in: bool,
    pub(super) importing: Option<Importing>,
}

impl Store {
    pub(super) fn new(id: u64, name: &str, marketplace: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            marketplace: marketplace.to_owned(),
            active: true,
            built_in: false,
            importing: None,
        }
    }

    /// The one manual store of a new account.
    pub(super) fn built_in() -> Self {
        Self { built_in: true, ..Self::new(BUILT_IN_ID, "Manual Orders", MANUAL_MARKETPLACE) }
    }

    /// A store connected to a Shopify shop.
    pub(super) fn importing(id: u64, name: &str, importing: Importing) -> Self {
        Self { importing: Some(importing), ..Self::new(id, name, "Shopify") }
    }

    pub(super) fn is_manual(&self) -> bool {
        self.marketplace == MANUAL_MARKETPLACE || self.marketplace.to_lowercase().contains("manual")
    }

    fn marketplace_id(&self) -> u64 {
        if self.is_manual() {
            MANUAL_ID
        } else if self.marketplace == "Shopify" {
            SHOPIFY_ID
        } else {
            OTHER_ID
        }
    }

    pub(super) fn to_json(&self) -> Value {
        // What `integrationUrl` is for a Shopify store is not public, so none is shown: nothing here says which shop a
        // store imports.
        let refreshed = self.importing.is_some().then_some("2014-11-26T22:28:14.0700000");
        json!({
            "storeId": self.id,
            "storeName": self.name,
            "marketplaceId": self.marketplace_id(),
            "marketplaceName": self.marketplace,
            "accountName": null,
            "email": null,
            "integrationUrl": null,
            "active": self.active,
            "companyName": "",
            "phone": "",
            "publicEmail": "",
            "website": "",
            "refreshDate": refreshed,
            "lastRefreshAttempt": refreshed,
            "createDate": "2014-07-25T11:05:55.3070000",
            "modifyDate": "2014-11-12T08:45:20.5500000",
            "autoRefresh": self.importing.is_some(),
            "statusMappings": null,
        })
    }
}

/// `GET /stores`: the active ones, and the others if `showInactive` asks for them.
pub(super) fn list(query: &Query, stores: &[Store]) -> Value {
    let shown = stores.iter().filter(|store| store.active || query.says("showInactive"));
    shown.map(Store::to_json).filter(|store| query.is("marketplaceId", &store["marketplaceId"])).collect()
}
