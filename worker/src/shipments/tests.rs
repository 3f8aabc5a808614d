//! From a label at the warehouse to a fulfilment at the shop, with a ledger and both providers' simulators.

use std::sync::Mutex;

use ::lane::carriage::{Carriage, Tracking};
use ::lane::clock::ManualClock;
use ::lane::history::Happened;
use ::lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, ShopId};
use ::lane::marks::Marks;
use ::lane::policy::Policy;
use ::lane::ports::{Desk as _, Intake as _, Notice, QueueError};
use ::lane::rules::HoldRules;
use ::lane::shop::{Qualification, SecretRef, Shop, Source};
use ::lane::state::StateKind;
use ::lane::webhook::{Content, OrderNews, Webhook};
use async_trait::async_trait;
use backend::embedded::ledger::Ledger;
use backend::secrets::Local;
use bytes::Bytes;
use serde_json::Value;
use simulators::faults::{Effect, Fault};
use simulators::orders::Maker;
use simulators::shipstation::Label;
use simulators::{ShipStation as Warehouse, Shopify, shipstation, shopify};
use tempfile::TempDir;

use super::*;
use crate::accounts::ShopifySettings;
use crate::jobs::order::Orders;
use crate::lane::Lanes;

const DOMAIN: &str = "acme.myshopify.com";
const START: &str = "2026-11-20T10:00:00Z";

/// So many that nothing waits long for its turn.
const PER_MINUTE: u32 = 60_000;

/// A queue that only remembers what was sent.
#[derive(Default)]
struct Sent(Mutex<Vec<String>>);

#[async_trait]
impl QueueSender for Sent {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        self.0.lock().unwrap().push(send.dedup.to_string());
        Ok(())
    }
}

struct World {
    clock: Arc<ManualClock>,
    shopify: Shopify,
    warehouse: Warehouse,
    ledger: Arc<Ledger>,
    lanes: Lanes,
    sent: Arc<Sent>,
    shipments: Shipments,
    account: ShipStationAccount,
    look_at: Option<Timestamp>,
    order: u64,
    _dir: TempDir,
}

impl World {
    /// One shop with one order, which is at the warehouse; everything was looked through just now.
    async fn start(back: bool) -> Self {
        let clock = Arc::new(ManualClock::starting(START.parse().unwrap()));
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let listen = "127.0.0.1:0".parse().unwrap();
        let shopify = Shopify::start(listen, shopify::Settings::default(), time()).await.unwrap();
        let warehouse = Warehouse::start(listen, shipstation::Settings::default(), time()).await.unwrap();
        shopify.add_shop(DOMAIN, "token");
        warehouse.add_account("key", "secret", PER_MINUTE);
        warehouse.add_store("key", 1, "Manual Orders", "Manual");
        let order = Maker::new(7, "USD").ship_country("US").lines(2).total_about(5000).order(1001, clock.now());
        let order = shopify.put_order(DOMAIN, order).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            SecretRef::File(path.to_str().unwrap().to_owned())
        };
        let account = ShipStationAccount {
            base_url: warehouse.base_url(),
            per_minute: PER_MINUTE,
            ..ShipStationAccount::named("main", secret("key", "key"), secret("secret", "secret"))
        };
        let ledger = Arc::new(Ledger::open(&dir.path().join("ledger.db"), clock.as_ref()).unwrap());
        let shop = shop(secret("token", "token"), &account, back);
        ledger.put_shop(&shop, clock.now()).await.unwrap();
        let limiter = Limiter::new(time());
        let accounts = Accounts::of([account.clone()]);
        let settings = ShopifySettings { base_url: shopify.base_url(), ..Default::default() };
        let orders =
            Orders::new(accounts.clone(), settings, Arc::new(Local), limiter.clone(), time(), ledger.clone()).unwrap();
        let lanes = Lanes::new(ledger.clone(), Arc::new(orders), limiter.clone(), time(), "tester".into(), 7);
        let sent = Arc::new(Sent::default());
        let shipments =
            Shipments::new(accounts, Arc::new(Local), limiter, time(), ledger.clone(), ledger.clone(), sent.clone())
                .unwrap();
        let look_at = None;
        let mut world =
            Self { clock, shopify, warehouse, ledger, lanes, sent, shipments, account, look_at, order, _dir: dir };
        world.arrives().await;
        world.works().await;
        assert_eq!(world.state().await, StateKind::Done);
        world.round().await;
        world
    }

    async fn arrives(&self) {
        let now = self.clock.now();
        let news = OrderNews {
            id: JobId::from(self.order),
            number: "#1001".into(),
            updated_at: Some(now),
            fingerprint: Fingerprint::given("webhook"),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        let webhook = Webhook {
            source: Source::Shopify,
            merchant: DOMAIN.into(),
            topic: "orders/create".into(),
            webhook_id: Some("1".into()),
            event_id: None,
            body_hash: [1; 32],
            body: Bytes::from_static(b"{}"),
            received_at: now,
            correlation: CorrelationId::of(&[1; 32], now),
            content: Content::Order(news),
        };
        self.ledger.record(webhook).await.unwrap();
    }

    /// The lane is worked until nothing of it is due.
    async fn works(&self) {
        for _ in 0..5 {
            ticking(&self.clock, self.lanes.run(&lane(), &CancellationToken::new())).await;
            if self.state().await != StateKind::Waiting {
                return;
            }
            self.pass(Duration::from_secs(1));
        }
    }

    async fn round(&mut self) {
        ticking(&self.clock, self.shipments.round(&self.account, &mut self.look_at)).await;
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn state(&self) -> StateKind {
        self.ledger.job(&lane(), &JobId::from(self.order)).await.unwrap().unwrap().state.kind()
    }

    /// The warehouse buys a label.
    fn ships(&self, label: &Label) -> Value {
        let id = self.warehouse.orders()[0]["orderId"].as_u64().unwrap();
        self.warehouse.label(id, label).unwrap()
    }

    async fn notice(&self, url: &str) {
        let notice = Notice { account: self.account.id.clone(), url: url.to_owned(), received_at: self.clock.now() };
        self.ledger.notice(&notice).await.unwrap();
    }

    /// The notice of the nth batch of labels.
    async fn notice_of_batch(&self, nth: u64) {
        let batch = 144_015_674 + nth;
        let base = self.warehouse.base_url();
        self.notice(&format!("{base}/shipments?batchId={batch}&includeShipmentItems=False")).await;
    }

    async fn open_notices(&self) -> usize {
        self.ledger.notices(&self.account.id, 100).await.unwrap().len()
    }

    fn fulfilments(&self) -> Vec<Value> {
        let order = self.shopify.order(DOMAIN, self.order).unwrap();
        order["fulfillments"].as_array().cloned().unwrap_or_default()
    }

    fn calls(&self, operation: &str) -> usize {
        self.warehouse.journal().calls_to(operation).len()
    }

    fn sent(&self) -> usize {
        self.sent.0.lock().unwrap().len()
    }
}

/// Time passes while something waits for its turn.
async fn ticking<T>(clock: &ManualClock, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(Duration::from_millis(2)) => clock.advance(Duration::from_millis(5)),
        }
    }
}

fn lane() -> LaneKey {
    LaneKey::orders(&ShopId::parse("acme").unwrap())
}

fn label() -> Label {
    Label::of("ups_walleted", "ups_ground").tracking("1Z")
}

fn shop(token: SecretRef, account: &ShipStationAccount, back: bool) -> Shop {
    Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec![DOMAIN.to_owned()],
        token,
        warehouse: account.id.clone(),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage { tracking: Tracking { back, notify_customer: false }, ..Carriage::default() },
        added_at: START.parse().unwrap(),
    }
}

#[tokio::test]
async fn a_notice_becomes_a_fulfilment_and_the_timeline_says_so() {
    let mut world = World::start(true).await;
    let shipment = world.ships(&label());
    world.notice_of_batch(1).await;
    let before = world.calls("shipments/list");
    world.round().await;
    assert_eq!((world.open_notices().await, world.sent(), world.state().await), (0, 1, StateKind::Waiting));
    assert_eq!(world.calls("shipments/list"), before + 1, "one call follows it");
    world.works().await;
    let made = world.fulfilments();
    assert_eq!(
        (made.len(), &made[0]["tracking_number"], &made[0]["tracking_company"]),
        (1, &"1Z".into(), &"UPS".into())
    );
    let timeline = world.ledger.timeline(&lane(), &JobId::from(world.order)).await.unwrap();
    let mut told = timeline
        .into_iter()
        .filter_map(|entry| if let Happened::Shipped(shipped) = entry.what { Some(shipped) } else { None });
    let told = told.next().unwrap();
    assert_eq!((told.shipment, told.tracking), (shipment["shipmentId"].to_string(), Some("1Z".into())));
    assert_eq!(Some(told.fulfilment.as_str()), made[0]["admin_graphql_api_id"].as_str());
}

#[tokio::test]
async fn a_notice_that_comes_twice_tells_the_shop_once() {
    let mut world = World::start(true).await;
    world.ships(&label());
    for _ in 0..2 {
        world.notice_of_batch(1).await;
        world.round().await;
        world.works().await;
    }
    assert_eq!((world.fulfilments().len(), world.sent(), world.state().await), (1, 1, StateKind::Done));
}

#[tokio::test]
async fn a_foreign_address_is_never_called_and_never_asked_about_again() {
    let mut world = World::start(true).await;
    let other = Warehouse::start(
        "127.0.0.1:0".parse().unwrap(),
        shipstation::Settings::default(),
        Arc::new(ManualClock::starting(START.parse().unwrap())),
    );
    let other = other.await.unwrap();
    for url in [format!("{}/shipments?batchId=1", other.base_url()), "http://169.254.169.254/shipments".into()] {
        world.notice(&url).await;
        let before = world.warehouse.journal().call_count();
        world.round().await;
        assert_eq!((world.open_notices().await, world.warehouse.journal().call_count()), (0, before));
    }
    assert_eq!((other.journal().call_count(), world.sent()), (0, 0));
}

#[tokio::test]
async fn many_notices_are_answered_by_one_look() {
    let mut world = World::start(true).await;
    world.ships(&label());
    for nth in 1..=5 {
        world.notice_of_batch(nth).await;
    }
    world.notice("http://169.254.169.254/shipments").await;
    let before = world.warehouse.journal().call_count();
    world.round().await;
    assert_eq!((world.open_notices().await, world.sent()), (0, 1));
    assert_eq!(world.warehouse.journal().call_count(), before + 1);
}

#[tokio::test]
async fn what_no_notice_told_of_is_found_within_a_quarter_of_an_hour() {
    let mut world = World::start(true).await;
    world.pass(Duration::from_mins(2));
    world.ships(&label());
    world.pass(Duration::from_mins(10));
    world.round().await;
    assert_eq!(world.sent(), 0, "nobody told, and it is not time yet");
    world.pass(Duration::from_mins(3));
    world.round().await;
    world.works().await;
    assert_eq!((world.fulfilments().len(), world.sent()), (1, 1));
    // It is listed again for a while, and is no news any more.
    world.pass(Duration::from_mins(15));
    world.round().await;
    assert_eq!((world.sent(), world.state().await), (1, StateKind::Done));
}

#[tokio::test]
async fn what_was_marked_as_shipped_sends_no_notice_and_is_found_all_the_same() {
    let mut world = World::start(true).await;
    let id = world.warehouse.orders()[0]["orderId"].as_u64().unwrap();
    world.warehouse.mark_as_shipped(id, "dhl_express", Some("55")).unwrap();
    world.pass(LOOK_EVERY);
    world.round().await;
    world.works().await;
    let made = world.fulfilments();
    assert_eq!((made.len(), &made[0]["tracking_company"]), (1, &"DHL Express".into()));
}

#[tokio::test]
async fn a_label_that_is_taken_back_is_found_and_asked_about_once() {
    let mut world = World::start(true).await;
    let shipment = world.ships(&label());
    world.notice_of_batch(1).await;
    world.round().await;
    world.works().await;
    world.pass(Duration::from_mins(30));
    world.warehouse.void(shipment["shipmentId"].as_u64().unwrap()).unwrap();
    world.round().await;
    world.works().await;
    assert_eq!((world.state().await, world.fulfilments().len()), (StateKind::Held, 1));
    world.pass(LOOK_EVERY);
    world.round().await;
    assert_eq!(world.state().await, StateKind::Held);
}

#[tokio::test]
async fn how_far_was_looked_rises_only_when_everything_was_read() {
    let mut world = World::start(true).await;
    let looked = async |world: &World| world.ledger.looked_until(&world.account.id).await.unwrap();
    let first = looked(&world).await;
    assert!(first.is_some());
    world.ships(&label());
    world.pass(LOOK_EVERY);
    world.warehouse.faults().push(Fault::next(Effect::CutBeforeCommit).on("fulfillments/list"));
    world.round().await;
    assert_eq!((looked(&world).await, world.sent()), (first, 1), "what was read counts all the same");
    world.round().await;
    assert_eq!(looked(&world).await, first, "it is left alone for a minute");
    world.pass(LOOK_AGAIN);
    world.round().await;
    assert!(looked(&world).await > first);
}

#[tokio::test]
async fn an_account_whose_shops_do_not_listen_is_never_looked_at() {
    let mut world = World::start(false).await;
    world.ships(&label());
    world.notice_of_batch(1).await;
    world.pass(LOOK_EVERY);
    world.round().await;
    assert_eq!((world.calls("shipments/list"), world.sent(), world.open_notices().await), (0, 0, 1));
}

#[tokio::test]
async fn silence_that_the_warehouse_asks_for_is_kept() {
    let mut world = World::start(true).await;
    world.ships(&label());
    world.notice_of_batch(1).await;
    let headers = vec![("Retry-After".to_owned(), "40".to_owned())];
    let effect = Effect::Status { status: 429, body: "{}".to_owned(), headers, commit: false };
    world.warehouse.faults().push(Fault::next(effect).on("shipments/list"));
    world.round().await;
    assert_eq!(world.open_notices().await, 1, "it is still to be followed");
    let calls = world.warehouse.journal().call_count();
    let clock = world.clock.clone();
    let asked = tokio::time::timeout(Duration::from_millis(200), world.round()).await;
    assert!(asked.is_err(), "it waits");
    assert_eq!(world.warehouse.journal().call_count(), calls);
    clock.advance(Duration::from_secs(41));
    world.round().await;
    assert_eq!((world.open_notices().await, world.sent()), (0, 1));
}

#[tokio::test]
async fn a_notice_that_the_warehouse_does_not_know_is_given_up_and_the_next_look_stands_in() {
    let mut world = World::start(true).await;
    world.ships(&label());
    world.notice_of_batch(1).await;
    let effect = Effect::Status { status: 404, body: "{}".to_owned(), headers: vec![], commit: false };
    world.warehouse.faults().push(Fault::next(effect).on("shipments/list"));
    world.round().await;
    assert_eq!((world.open_notices().await, world.sent()), (0, 0));
    world.pass(LOOK_EVERY);
    world.round().await;
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn what_ships_at_an_account_that_its_shop_left_is_told_too() {
    let mut world = World::start(true).await;
    let mut shop = (*world.ledger.shops().await.unwrap()[0]).clone();
    shop.warehouse = AccountId::at("shipstation", "other");
    world.ledger.put_shop(&shop, world.clock.now()).await.unwrap();
    world.ships(&label());
    world.notice_of_batch(1).await;
    world.round().await;
    world.works().await;
    assert_eq!((world.fulfilments().len(), world.state().await), (1, StateKind::Done));
    world.pass(LOOK_EVERY);
    let before = world.calls("shipments/list");
    world.round().await;
    assert!(world.calls("shipments/list") > before, "and it is looked through as before");
}

#[tokio::test]
async fn how_long_a_notices_pages_are_is_not_the_senders_to_say() {
    let mut world = World::start(true).await;
    for _ in 0..2 {
        let shipment = world.ships(&label());
        world.warehouse.void(shipment["shipmentId"].as_u64().unwrap()).unwrap();
    }
    world.ships(&label());
    for named in ["pageSize=1", "PAGESIZE=1&Page=2"] {
        world.notice(&format!("{}/shipments?{named}", world.warehouse.base_url())).await;
        let before = world.calls("shipments/list");
        world.round().await;
        assert_eq!((world.calls("shipments/list"), world.open_notices().await), (before + 1, 0), "{named}");
    }
    assert!(world.sent() > 0, "what it names is true all the same");
}

#[tokio::test]
async fn a_notice_of_an_accounts_whole_past_is_left_to_the_looks() {
    let mut world = World::start(true).await;
    world.notice(&format!("{}/shipments", world.warehouse.base_url())).await;
    let body = r#"{"shipments":[],"total":900000,"page":1,"pages":1800}"#.to_owned();
    let long = Effect::Status { status: 200, body, headers: vec![], commit: false };
    for _ in 0..3 {
        world.warehouse.faults().push(Fault::next(long.clone()).on("shipments/list"));
    }
    let before = world.calls("shipments/list");
    world.round().await;
    assert_eq!((world.calls("shipments/list"), world.open_notices().await), (before + 1, 0));
    world.warehouse.faults().clear();
    world.ships(&label());
    world.pass(LOOK_EVERY);
    world.round().await;
    assert_eq!(world.sent(), 1);
}
