//! A small world: simulated providers, the program under test in a folder of its own, and merchants that sell.

mod home;
mod lambda;
mod program;
mod delivery;
mod selling;
mod desk;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use simulators::orders::{Item, Maker, Sale};
use simulators::{ShipStation, Shopify, shipstation, shopify};

pub(crate) use delivery::Delivery;
pub(crate) use desk::{Desk, path};
pub(crate) use home::{Home, stand_in};
pub(crate) use lambda::Fifo;
pub(crate) use program::{Program, command_under};

/// The secret the program knows.
pub(crate) const SECRET: &str = "the app's secret of this test";

/// Terms of a shop whose orders never go together, for tests about single calls.
pub(crate) const ALONE: &str = "[carriage.burst]\norders = 1\n";

/// Ends the address of the warehouse account's notices.
pub(crate) const NOTICE_SECRET: &str = "notices-of-this-test-alone";
/// What signs merchants' links where the settings name it.
pub(crate) const LINK_SECRET: &str = "what signs the links of these tests";

/// Generous, because two cores run everything at once; a test that passes never waits this long. On AWS a worker that was
/// killed keeps its lane for the 130 s of its lease.
pub(crate) const PATIENCE: Duration = match crate::HOME {
    Home::Machine => Duration::from_secs(90),
    Home::Aws | Home::Lambda => Duration::from_mins(5),
};

/// Providers, a program, and a client.
pub(crate) struct World {
    pub(crate) shopify: Shopify,
    pub(crate) shipstation: ShipStation,
    pub(crate) program: Program,
    pub(crate) http: reqwest::Client,
    pub(crate) home: Home,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts the providers and the program.
    pub(crate) async fn start() -> Self {
        Self::start_with(600, &[]).await
    }

    /// Starts with a ShipStation limit and with variables in the program's environment.
    pub(crate) async fn start_with(calls_per_minute: u32, env: &[(&str, &str)]) -> Self {
        Self::start_on(crate::HOME, shopify::Settings::default(), calls_per_minute, env).await
    }

    /// Starts wherever the ledger is to be.
    pub(crate) async fn start_in(home: Home, calls_per_minute: u32, env: &[(&str, &str)]) -> Self {
        Self::start_on(home, shopify::Settings::default(), calls_per_minute, env).await
    }

    /// Starts where Shopify has other limits than usual.
    pub(crate) async fn start_at(platform: shopify::Settings, calls_per_minute: u32, env: &[(&str, &str)]) -> Self {
        Self::start_on(crate::HOME, platform, calls_per_minute, env).await
    }

    async fn start_on(home: Home, platform: shopify::Settings, calls_per_minute: u32, env: &[(&str, &str)]) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, platform, Arc::clone(&clock)).await.unwrap();
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), clock).await.unwrap();
        shipstation.add_account("ss-key", "ss-secret", calls_per_minute);
        let folder = tempfile::tempdir().unwrap();
        let place = home.make(folder.path()).await;
        write_settings(folder.path(), &place, &shopify, &shipstation, calls_per_minute);
        let program = Program::start_in(home, folder.path(), env).await;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build().unwrap();
        Self { shopify, shipstation, program, http, home, folder }
    }

    /// Starts the program again after it was killed or has ended.
    pub(crate) async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// Starts the program again with variables in its environment. On AWS it ends in good order first: who kills a worker
    /// waits for its lease, which tests of that do.
    pub(crate) async fn restart_with(&mut self, env: &[(&str, &str)]) {
        match self.home {
            Home::Machine => self.program.kill().await,
            Home::Aws | Home::Lambda => assert!(self.program.terminate().await),
        }
        self.program = Program::start_in(self.home, self.folder.path(), env).await;
    }

    /// Starts the program again, once a backup was put in place of the ledger.
    pub(crate) async fn restart_restored(&mut self) {
        self.program.kill().await;
        self.program = Program::start_restored(self.folder.path()).await;
    }

    /// Starts the program again behind a limit of the machine.
    pub(crate) async fn restart_under(&mut self, limit: &str) {
        self.program.kill().await;
        self.program = Program::start_under(limit, self.folder.path(), &[]).await;
    }

    /// Changes what stands in the settings; the next start reads it.
    pub(crate) fn settings(&self, change: impl FnOnce(String) -> String) {
        let file = self.folder().join("lanekeeper.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        let after = change(before.clone());
        assert_ne!(after, before, "the settings have changed");
        std::fs::write(file, after).unwrap();
    }

    /// The ledger's file, as another process opens it.
    pub(crate) fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder().join("ledger.db")).unwrap()
    }

    /// The folder with the ledger.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a shop through the command line while the program runs.
    pub(crate) async fn shop(&self, id: &str, options: &[&str]) {
        let domain = domain(id);
        self.shopify.add_shop(&domain, "a token");
        let mut arguments = vec!["shop", "add", "--id", id, "--domain", &domain, "--token", "env:TOKEN"];
        arguments.extend(["--warehouse", "main"]);
        arguments.extend(options);
        self.program.command(&arguments).await;
    }

    /// Adds a shop with terms, as a merchant writes them.
    pub(crate) async fn on_terms(&self, id: &str, terms: &str) {
        let file = self.folder().join(format!("{id}.toml"));
        std::fs::write(&file, terms).unwrap();
        self.shop(id, &["--terms", file.to_str().unwrap()]).await;
    }

    /// People's side.
    pub(crate) async fn desk(&self) -> Desk {
        Desk::sign_on(self, "ann").await
    }

    /// From now on the warehouse tells of labels that are bought, as the account's owner has it set up there.
    pub(crate) async fn hears_of_labels(&self) {
        let target = format!("{}/{NOTICE_SECRET}", self.program.webhooks().replace("shopify", "shipstation/main"));
        let answer = self
            .http
            .post(format!("{}/webhooks/subscribe", self.shipstation.base_url()))
            .basic_auth("ss-key", Some("ss-secret"))
            .json(&json!({"target_url": target, "event": "SHIP_NOTIFY", "friendly_name": "lanekeeper"}))
            .send();
        assert_eq!(answer.await.unwrap().status(), 200);
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        self.http.get(self.program.review("/metrics")).send().await.unwrap().text().await.unwrap()
    }

    /// What ShipStation has under this order's key.
    pub(crate) fn at_shipstation(&self, shop: &str, order: &Value) -> Option<Value> {
        self.shipstation.order_by_key(&key(shop, order))
    }

    /// Waits until ShipStation has the order, with this status.
    pub(crate) async fn arrives(&self, shop: &str, order: &Value, status: &str) {
        let what = format!("order {} of {shop} is {status} at ShipStation", order["name"]);
        eventually(&what, async || {
            self.at_shipstation(shop, order).is_some_and(|there| there["orderStatus"] == status)
        })
        .await;
    }

    /// Every order is at ShipStation once, and each shop's were created in the order they were sold.
    pub(crate) fn one_each_in_sequence(&self, shop: &str, orders: &[Value]) {
        let keys: Vec<String> = orders.iter().map(|order| key(shop, order)).collect();
        let created: Vec<String> = self
            .shipstation
            .journal()
            .commits()
            .into_iter()
            .filter(|commit| commit.kind == simulators::journal::Kind::Created && keys.contains(&commit.order_key))
            .map(|commit| commit.order_key)
            .collect();
        assert_eq!(created, keys, "one order each, in sequence");
        let all = self.shipstation.orders();
        for key in &keys {
            assert_eq!(all.iter().filter(|order| order["orderKey"] == **key).count(), 1, "{key}");
        }
    }

    /// No call was answered 429, so the limit was kept by us and not by the provider.
    pub(crate) fn kept_the_limit(&self) {
        assert_eq!(self.shipstation.journal().answered(429), 0);
    }
}

/// The shop's platform domain.
pub(crate) fn domain(shop: &str) -> String {
    format!("{shop}.myshopify.com")
}

/// The key of an order at ShipStation.
pub(crate) fn key(shop: &str, order: &Value) -> String {
    format!("{shop}-{}", order["id"])
}

/// Orders of one shop, numbered from 1001, paid now.
pub(crate) fn orders(seed: u64, count: u64) -> Vec<Value> {
    let maker = Maker::new(seed, "USD").ship_country("US").total_about(8_000);
    (1001..1001 + count).map(|number| maker.order(number, SystemClock::start().now())).collect()
}

/// One such order.
pub(crate) fn an_order(seed: u64) -> Value {
    orders(seed, 1).remove(0)
}

/// Three mugs and two pairs of socks, sold now.
pub(crate) fn a_sale(number: u64) -> Value {
    let mug = Item::new("MUG", "18.95".parse().unwrap(), 3);
    let socks = Item::new("SOCKS", "14.50".parse().unwrap(), 2);
    let sale = Sale::new("USD").country("US").item(mug).item(socks).shipping("Standard", "standard", 5.into());
    sale.order(number, SystemClock::start().now())
}

/// Makes the order bill to another country than it ships to.
pub(crate) fn bill_elsewhere(order: &mut Value) {
    order["billing_address"]["country_code"] = json!("NL");
    order["billing_address"]["country"] = json!("Netherlands");
}

/// Waits until `check` holds.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "not within {PATIENCE:?}: {what}");
}

fn write_settings(folder: &Path, home: &str, shopify: &Shopify, shipstation: &ShipStation, calls_per_minute: u32) {
    let settings = format!(
        r#"
{home}
[webhooks]
listen = "127.0.0.1:0"
shopify_secrets = ["env:PREVIOUS_SECRET", "env:SECRET"]
[review]
listen = "127.0.0.1:0"
[shopify]
base_url = "{shopify}"
[accounts.main]
provider = "shipstation"
base_url = "{shipstation}"
key = "env:SS_KEY"
secret = "env:SS_SECRET"
notify_secret = "env:NOTIFY_SECRET"
per_minute = {calls_per_minute}
[log]
format = "json"
level = "info"
"#,
        shopify = shopify.base_url(),
        shipstation = shipstation.base_url(),
    );
    std::fs::write(folder.join("lanekeeper.toml"), settings).unwrap();
}
