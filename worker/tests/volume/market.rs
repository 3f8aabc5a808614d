//! One shop's backlog, carried by the real lane run, the real order job and the real limiter into the simulators, on a
//! clock that jumps over the waits. It is shared with the benchmark.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::lane::carriage::Carriage;
use ::lane::clock::{Clock, SystemClock, Timestamp, after, until};
use ::lane::id::{CorrelationId, Fingerprint, JobId, LaneKey, ShopId};
use ::lane::marks::Marks;
use ::lane::policy::Policy;
use ::lane::ports::{Intake, Recorded, Registry};
use ::lane::rules::HoldRules;
use ::lane::shop::{Qualification, SecretRef, Shop, Source};
use ::lane::webhook::{Content, OrderNews, Webhook};
use backend::embedded::ledger::Ledger;
use backend::secrets::Local;
use bytes::Bytes;
use serde_json::Value;
use simulators::journal::Kind;
use simulators::orders::Maker;
use simulators::shipstation::CALLS_PER_MINUTE;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::jobs::order::Orders;
use worker::lane::{Lanes, Ran};
use worker::limiter::Limiter;

const DOMAIN: &str = "acme.myshopify.com";

/// What carrying a backlog came to.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Calls at `ShipStation`, all of them, and those that wrote.
    pub(crate) calls: usize,
    pub(crate) writes: usize,
    /// Calls at Shopify.
    pub(crate) fetches: usize,
    /// Calls that `ShipStation` answered with 429.
    pub(crate) throttled: usize,
    /// On the clock that jumps.
    pub(crate) minutes: f64,
}

/// A clock that goes like the machine's and can be set forward.
struct Jumping {
    system: SystemClock,
    ahead: Mutex<Duration>,
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        after(self.system.now(), *self.ahead.lock().unwrap())
    }
}

impl Jumping {
    fn jump_to(&self, at: Timestamp) {
        let wait = until(self.now(), at);
        *self.ahead.lock().unwrap() += wait;
    }
}

/// The shop, with everything that carries its orders.
struct Market {
    clock: Arc<Jumping>,
    shopify: Shopify,
    shipstation: ShipStation,
    ledger: Arc<Ledger>,
    lanes: Lanes,
    sold: Vec<Value>,
    _folder: TempDir,
}

/// Carries so many orders, of which at most `together` go in one call. Shopify restores `points` a second; `ShipStation`
/// has its real limit. Everything arrives exactly once and in order, or this panics.
pub(crate) async fn carry(orders: u64, together: u32, points: u32) -> Figures {
    let mut market = Market::open(together, points).await;
    // The shop's plan is learnt from its first answer.
    market.sell(1).await;
    market.work().await;
    let fresh = after(market.clock.now(), Duration::from_mins(2));
    market.clock.jump_to(fresh);
    market.shipstation.journal().clear();
    market.shopify.journal().clear();
    market.sell(orders).await;
    let began = market.clock.now();
    market.work().await;
    let minutes = until(began, market.clock.now()).as_secs_f64() / 60.0;
    market.figures(minutes)
}

impl Market {
    async fn open(together: u32, points: u32) -> Self {
        let clock = Arc::new(Jumping { system: SystemClock::start(), ahead: Mutex::default() });
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, shopify::Settings::default(), time()).await.unwrap();
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), time()).await.unwrap();
        shopify.add_shop(DOMAIN, "token");
        shopify.set_plan(DOMAIN, points);
        shipstation.add_account("key", "secret", CALLS_PER_MINUTE);
        let folder = tempfile::tempdir().unwrap();
        let secret = |text: &str| {
            let path = folder.path().join(text);
            std::fs::write(&path, text).unwrap();
            SecretRef::File(path.to_str().unwrap().to_owned())
        };
        let account = ShipStationAccount {
            base_url: shipstation.base_url(),
            ..ShipStationAccount::named("main", secret("key"), secret("secret"))
        };
        let ledger = Arc::new(Ledger::open(&folder.path().join("ledger.db"), clock.as_ref()).unwrap());
        let shop = shop(secret("token"), &account, together, clock.now());
        ledger.put_shop(&shop, clock.now()).await.unwrap();
        let limiter = Limiter::new(time());
        let settings = ShopifySettings { base_url: shopify.base_url(), ..ShopifySettings::default() };
        let orders =
            Orders::new(Accounts::of([account]), settings, Arc::new(Local), limiter.clone(), time(), ledger.clone())
                .unwrap();
        let lanes = Lanes::new(ledger.clone(), Arc::new(orders), limiter, time(), "tester".into(), 7);
        Self { clock, shopify, shipstation, ledger, lanes, sold: Vec::new(), _folder: folder }
    }

    /// The shop sells, and each webhook is recorded before the next one comes.
    async fn sell(&mut self, count: u64) {
        let maker = Maker::new(7, "USD").ship_country("US").total_about(5000);
        for _ in 0..count {
            let number = 1001 + u64::try_from(self.sold.len()).unwrap();
            let order = maker.order(number, self.clock.now());
            self.shopify.put_order(DOMAIN, order.clone()).unwrap();
            let recorded = self.ledger.record(webhook(&order, number, self.clock.now())).await.unwrap();
            assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
            self.sold.push(order);
        }
    }

    /// Runs the lane again whenever its message would come back, until nothing is left.
    async fn work(&self) {
        let (lane, stop) = (LaneKey::orders(&ShopId::parse("acme").unwrap()), CancellationToken::new());
        for _ in 0..10_000 {
            match self.lanes.run(&lane, &stop).await {
                Ran::Delete { wake: None } => return,
                Ran::Delete { wake: Some(at) } | Ran::DeferUntil(at) => self.clock.jump_to(at),
                Ran::Visible => {}
            }
        }
        panic!("the lane does not come to an end");
    }

    fn figures(&self, minutes: f64) -> Figures {
        let journal = self.shipstation.journal();
        let made = journal.commits();
        assert!(made.iter().all(|commit| commit.kind == Kind::Created), "nothing is written twice");
        let made: Vec<String> = made.into_iter().map(|commit| commit.order_key).collect();
        let sold: Vec<String> = self.sold[1..].iter().map(|order| format!("acme-{}", order["id"])).collect();
        assert_eq!(made, sold, "one each, in the order in which they were sold");
        assert_eq!(self.shipstation.orders().len(), self.sold.len());
        let writes = journal.calls_to("createorder").len() + journal.calls_to("createorders").len();
        Figures {
            calls: journal.call_count(),
            writes,
            fetches: self.shopify.journal().call_count(),
            throttled: journal.answered(429),
            minutes,
        }
    }
}

fn shop(token: SecretRef, account: &ShipStationAccount, together: u32, now: Timestamp) -> Shop {
    let mut carriage = Carriage::default();
    carriage.burst.orders = together;
    Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec![DOMAIN.to_owned()],
        token,
        warehouse: account.id.clone(),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage,
        added_at: now,
    }
}

fn webhook(order: &Value, number: u64, now: Timestamp) -> Webhook {
    let mut body_hash = [0; 32];
    body_hash[..8].copy_from_slice(&number.to_be_bytes());
    let news = OrderNews {
        id: JobId::from(order["id"].as_u64().unwrap()),
        number: order["name"].as_str().unwrap().to_owned(),
        updated_at: Some(order["updated_at"].as_str().unwrap().parse().unwrap()),
        fingerprint: Fingerprint::of(&body_hash),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    };
    Webhook {
        source: Source::Shopify,
        merchant: DOMAIN.into(),
        topic: "orders/create".into(),
        webhook_id: Some(number.to_string()),
        event_id: None,
        body_hash,
        body: Bytes::from_static(b"{}"),
        received_at: now,
        correlation: CorrelationId::of(&body_hash, now),
        content: Content::Order(news),
    }
}
