//! What is asked of the providers, against simulated ones.

use std::sync::Arc;

use lane::carriage::{Carriage, Mode};
use lane::clock::{Clock, SystemClock};
use lane::id::{AccountId, ShopId};
use lane::policy::Policy;
use lane::rules::{HoldRules, Rule};
use lane::shop::{Qualification, Shop, Source};
use serde_json::json;
use simulators::faults::{Effect, Fault};
use simulators::shipstation::Importing;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tempfile::TempDir;

use super::*;

const SECRET: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";

/// A shop as it is by default.
pub(super) fn shop(id: &str) -> Shop {
    Shop {
        id: ShopId::parse(id).unwrap(),
        source: Source::Shopify,
        domains: vec![format!("{id}.myshopify.com")],
        token: "env:PATH".parse().unwrap(),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// Simulated providers with one account and one shop, and settings that name them.
struct Scene {
    shopify: Shopify,
    shipstation: ShipStation,
    config: Config,
    client: reqwest::Client,
    folder: TempDir,
}

impl Scene {
    async fn set() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, shopify::Settings::default(), Arc::clone(&clock)).await.unwrap();
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), clock).await.unwrap();
        shopify.add_shop("acme.myshopify.com", "token");
        shipstation.add_account("key", "own", 600);
        let folder = tempfile::tempdir().unwrap();
        for (name, secret) in [("token", "token"), ("key", "key"), ("own", "own"), ("notices", SECRET)] {
            std::fs::write(folder.path().join(name), secret).unwrap();
        }
        let file = |name: &str| format!("file:{}", folder.path().join(name).display());
        let text = format!(
            "[ledger]\npath = \"x\"\n[webhooks]\nshopify_secrets = [\"env:PATH\"]\n[shopify]\nbase_url = \"{}\"\n\
             [accounts.main]\nprovider = \"shipstation\"\nbase_url = \"{}\"\nkey = \"{}\"\nsecret = \"{}\"\n\
             notify_secret = \"{}\"\n",
            shopify.base_url(),
            shipstation.base_url(),
            file("key"),
            file("own"),
            file("notices")
        );
        let config = Config::read(&text, "x", &|_| None).unwrap();
        Self { shopify, shipstation, config, client: reqwest::Client::new(), folder }
    }

    fn shop(&self) -> Shop {
        let token = format!("file:{}", self.folder.path().join("token").display());
        Shop { token: token.parse().unwrap(), ..shop("acme") }
    }

    /// What is wrong, and what is warned of, with the shop as it stands at Shopify.
    async fn at_shopify(&self, shop: Shop) -> (u32, u32) {
        let mut findings = Findings::default();
        providers::shops(&self.config, &[shop], &self.client, &mut findings).await;
        (findings.wrong, findings.warnings)
    }

    /// The same, with its stores.
    async fn at_shipstation(&self, shop: Shop) -> (u32, u32) {
        let mut findings = Findings::default();
        let said = providers::accounts(&self.config, &self.client, &mut findings).await;
        let shops = [shop];
        let stores = &said.stores[&shops[0].warehouse];
        for finding in stores::judge(&shops[0], &shops, stores) {
            findings.take(finding);
        }
        (findings.wrong, findings.warnings)
    }

    async fn notices(&self, shop: Shop) -> (u32, u32, u32) {
        let mut findings = Findings::default();
        notices::look(&self.config, &[shop], &self.client, &mut findings).await;
        (findings.good, findings.warnings, findings.wrong)
    }
}

#[tokio::test]
async fn a_scope_that_the_token_lacks_is_named_and_those_to_write_are_only_needed_for_tracking() {
    let scene = Scene::set().await;
    assert_eq!(scene.at_shopify(scene.shop()).await, (0, 0));
    let read: Vec<&str> = worker::scopes::SCOPES_TO_READ.iter().map(|scope| scope.handle).collect();
    scene.shopify.set_scopes("acme.myshopify.com", &read);
    assert_eq!(scene.at_shopify(scene.shop()).await, (0, 0));
    let mut tracked = scene.shop();
    tracked.carriage.tracking.back = true;
    assert_eq!(scene.at_shopify(tracked).await, (2, 0));
    scene.shopify.set_scopes("acme.myshopify.com", &read[1..]);
    assert_eq!(scene.at_shopify(scene.shop()).await, (1, 0));
}

#[tokio::test]
async fn a_limit_in_another_currency_than_the_shops_is_warned_of() {
    let scene = Scene::set().await;
    let mut shop = scene.shop();
    shop.rules.rules = vec![Rule::TotalAbove { limit: "5.00 EUR".parse().unwrap() }];
    assert_eq!(scene.at_shopify(shop).await, (0, 1));
}

#[tokio::test]
async fn a_location_that_the_shop_does_not_have_is_told_of() {
    let scene = Scene::set().await;
    let from = |named: &str| {
        let mut shop = scene.shop();
        shop.carriage.share.locations = vec![named.to_owned()];
        shop
    };
    scene.shopify.put_location("acme.myshopify.com", 7, "Berlin", true);
    scene.shopify.put_location("acme.myshopify.com", 8, "Old mill", false);
    for (named, found) in [("berlin", (0, 0)), ("7", (0, 0)), ("Berlni", (1, 0)), ("Old mill", (0, 1))] {
        assert_eq!(scene.at_shopify(from(named)).await, found, "{named}");
    }
    scene.shopify.put_location("acme.myshopify.com", 7, "Berlin North", true);
    assert_eq!((scene.at_shopify(from("Berlin")).await, scene.at_shopify(from("7")).await), ((1, 0), (0, 0)));
    scene.shopify.set_scopes("acme.myshopify.com", &["read_orders"]);
    let only_scopes = scene.at_shopify(scene.shop()).await;
    assert_eq!(scene.at_shopify(from("Berlni")).await, only_scopes, "what may not be read is not compared");
}

#[tokio::test]
async fn a_store_that_imports_has_to_be_accounted_for() {
    let scene = Scene::set().await;
    assert_eq!(scene.at_shipstation(scene.shop()).await, (0, 0));
    scene.shipstation.add_importing_store("key", 7, "Acme", Importing::from_shop("acme.myshopify.com"));
    assert_eq!(scene.at_shipstation(scene.shop()).await, (1, 0));
    let with = |mode, store| {
        let mut shop = scene.shop();
        (shop.carriage.mode, shop.carriage.store) = (mode, Some(store));
        shop
    };
    assert_eq!(scene.at_shipstation(with(Mode::Create, 1)).await, (0, 1));
    assert_eq!(scene.at_shipstation(with(Mode::Correct, 7)).await, (0, 0));
    assert_eq!(scene.at_shipstation(with(Mode::Correct, 8)).await, (1, 0));
    scene.shipstation.set_store_active("key", 7, false);
    assert_eq!(scene.at_shipstation(with(Mode::Correct, 7)).await, (1, 0));
    assert_eq!(scene.at_shipstation(scene.shop()).await, (0, 0));
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_waited_for_once_and_stores_that_were_not_read_are_wrong() {
    let scene = Scene::set().await;
    let limited = |seconds| Fault::next(Effect::Throttle { retry_after_seconds: seconds });
    let look = async |faults: &[u64]| {
        for seconds in faults {
            scene.shipstation.faults().push(limited(*seconds));
        }
        let before = scene.shipstation.journal().call_count();
        let mut findings = Findings::default();
        let said = providers::accounts(&scene.config, &scene.client, &mut findings).await;
        let calls = scene.shipstation.journal().call_count() - before;
        (said.stores.len(), findings.wrong, calls)
    };
    assert_eq!(look(&[0]).await, (1, 0, 2), "it passes");
    assert_eq!(look(&[0, 0]).await, (0, 1, 2), "the stores were not read");
    assert_eq!(look(&[61]).await, (0, 1, 1), "nobody waits that long");
    assert_eq!(look(&[]).await, (1, 0, 1));
}

#[tokio::test]
async fn a_subscription_is_looked_for_where_tracking_comes_back() {
    let mut scene = Scene::set().await;
    assert_eq!(scene.notices(scene.shop()).await, (0, 0, 0), "nobody wants to hear");
    let mut tracked = scene.shop();
    tracked.carriage.tracking.back = true;
    assert_eq!(scene.notices(tracked.clone()).await, (0, 1, 0), "there is none");
    let target = format!("https://lanes.example.com/webhooks/shipstation/main/{SECRET}");
    let subscribe = scene.client.post(format!("{}/webhooks/subscribe", scene.shipstation.base_url()));
    let body = json!({"target_url": target, "event": "SHIP_NOTIFY"});
    subscribe.basic_auth("key", Some("own")).json(&body).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(scene.notices(tracked.clone()).await, (1, 0, 0));
    std::fs::write(scene.folder.path().join("notices"), "short").unwrap();
    assert_eq!(scene.notices(scene.shop()).await, (0, 0, 1), "up would refuse it, too");
    scene.config.accounts.values_mut().for_each(|account| account.notify_secret = None);
    assert_eq!(scene.notices(tracked).await, (0, 1, 0), "shipments are only looked for");
}
