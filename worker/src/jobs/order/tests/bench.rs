//! One shop, one warehouse account, and a job that is attempted the way a lane run does it, with a ledger that only knows what else the shop has.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::lane::attempt::{AttemptKind, Begun, Completion};
use ::lane::carriage::{Carriage, Mode};
use ::lane::clock::{Clock, ManualClock, Timestamp, after};
use ::lane::decision::{Decision, Verdict};
use ::lane::hold::Hold;
use ::lane::id::{AccountId, CorrelationId, Fence, Fingerprint, JobId, LaneKey, OperatorId, Place, ShopId};
use ::lane::job::Job;
use ::lane::marks::Marks;
use ::lane::outcome::{Outcome, Proof, Report};
use ::lane::policy::Policy;
use ::lane::rules::HoldRules;
use ::lane::shop::{Qualification, SecretRef, Shop, Source};
use ::lane::state::State;
use ::lane::webhook::OrderNews;
use backend::embedded::ledger::Ledger;
use backend::secrets::Local;
use rust_decimal::Decimal;
use serde_json::Value;
use simulators::faults::{Effect, Fault};
use simulators::orders::{Item, Maker, Reduction, Sale};
use simulators::shipstation::Importing;
use simulators::shopify::Act;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tempfile::TempDir;

use crate::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use crate::attempt::{CallsLeft, Carry as _};
use crate::jobs::order::Orders;
use crate::limiter::Limiter;

pub(super) const DOMAIN: &str = "acme.myshopify.com";
pub(super) const KEY: &str = "key";
/// The store that imports orders, in a bench whose warehouse does.
pub(super) const IMPORTS: u64 = 50;
/// The key of another warehouse account, `shipstation/second`.
const SECOND: &str = "key 2";
/// When every test begins.
const START: &str = "2026-11-20T10:00:00Z";

pub(super) struct Bench {
    pub(super) clock: Arc<ManualClock>,
    pub(super) shopify: Shopify,
    pub(super) shipstation: ShipStation,
    pub(super) orders: Orders,
    pub(super) shop: Shop,
    pub(super) job: Job,
    /// The last attempt's report.
    pub(super) report: Option<Report>,
    /// Whether a write was marked in the last attempt.
    pub(super) marked: bool,
    pub(super) lease_seconds: u64,
    pub(super) id: u64,
    fences: u64,
    _secrets: TempDir,
}

impl Bench {
    /// A bench with one ordinary order.
    pub(super) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A bench with an order that was changed first.
    pub(super) async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let mut order = order();
        change(&mut order);
        Self::with_order(order).await
    }

    pub(super) async fn with_order(order: Value) -> Self {
        Self::under(order, shopify::Settings::default()).await
    }

    /// A bench whose Shopify has other limits.
    pub(super) async fn under(order: Value, limits: shopify::Settings) -> Self {
        let clock = Arc::new(ManualClock::starting(START.parse().unwrap()));
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let shopify = Shopify::start(listen, limits, time()).await.unwrap();
        let shipstation = ShipStation::start(listen, shipstation::Settings::default(), time()).await.unwrap();
        shopify.add_shop(DOMAIN, "token");
        shipstation.add_account(KEY, "secret", 40);
        shipstation.add_store(KEY, 1, "Manual Orders", "Manual");
        shipstation.add_account(SECOND, "secret", 40);
        shipstation.add_store(SECOND, 2, "Manual Orders", "Manual");
        let id = shopify.put_order(DOMAIN, order.clone()).unwrap();
        let secrets = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = secrets.path().join(name);
            std::fs::write(&path, text).unwrap();
            SecretRef::File(path.to_str().unwrap().to_owned())
        };
        let account = ShipStationAccount {
            base_url: shipstation.base_url(),
            ..ShipStationAccount::named("main", secret("key", KEY), secret("secret", "secret\n"))
        };
        let second = ShipStationAccount { id: AccountId::at("shipstation", "second"), ..account.clone() };
        let second = ShipStationAccount { key: secret("second key", SECOND), ..second };
        let shop = shop(secret("token", "token\n"), account.id.clone());
        let settings = ShopifySettings { base_url: shopify.base_url(), ..Default::default() };
        let limiter = Limiter::new(time());
        let ledger = Arc::new(Ledger::open(&secrets.path().join("ledger.db"), clock.as_ref()).unwrap());
        let orders =
            Orders::new(Accounts::of([account, second]), settings, Arc::new(Local), limiter, time(), ledger).unwrap();
        let job = job(&shop, id, order["name"].as_str().unwrap(), clock.now());
        Self {
            clock,
            shopify,
            shipstation,
            orders,
            shop,
            job,
            report: None,
            marked: false,
            lease_seconds: 130,
            id,
            fences: 0,
            _secrets: secrets,
        }
    }

    /// A bench whose warehouse imports the shop's orders by itself. Nothing has been imported yet.
    pub(super) async fn importing(importing: Importing) -> Self {
        let mut bench = Self::with_order(abroad()).await;
        bench.shipstation.add_importing_store(KEY, IMPORTS, "Shop", importing);
        bench.shop.carriage.mode = Mode::Correct;
        bench.shop.carriage.store = Some(IMPORTS);
        bench
    }

    /// The warehouse's import sees the order as it is now.
    pub(super) fn import(&self) {
        let order = self.shopify.order(DOMAIN, self.id).unwrap();
        self.shipstation.import_order(DOMAIN, &order).unwrap();
    }

    /// Somebody does something at the shop, and a webhook about it is heard.
    pub(super) fn act(&mut self, act: Act) {
        self.pass(1);
        self.shopify.act(DOMAIN, act).unwrap();
        self.hear();
    }

    /// The shop shows the order as of this moment, whatever was done to it.
    pub(super) fn shopify_catches_up(&self) {
        self.shopify.change_order(DOMAIN, self.id, |_| {}).unwrap();
    }

    /// Somebody makes an order at the warehouse.
    pub(super) async fn makes(&self, order: &Value) {
        let url = format!("{}/orders/createorder", self.shipstation.base_url());
        let request = reqwest::Client::new().post(&url).basic_auth(KEY, Some("secret"));
        assert!(request.json(order).send().await.unwrap().status().is_success());
    }

    /// Attempts it, expects it to wait and lets that time pass. Returns how many minutes.
    pub(super) async fn waits(&mut self) -> u64 {
        let outcome = self.attempt().await;
        let Outcome::Wait { until, stops: false, .. } = outcome else { panic!("no wait: {outcome:?}") };
        let seconds = u64::try_from(until.duration_since(self.clock.now()).as_secs()).unwrap();
        self.pass(seconds);
        seconds / 60
    }

    /// Begins an attempt, carries it out and completes it. Returns how it ended.
    pub(super) async fn attempt(&mut self) -> Outcome {
        let kind = self.begin();
        self.carry(kind).await;
        self.complete()
    }

    /// An attempt whose worker dies before it can report.
    pub(super) async fn attempt_and_die(&mut self) {
        let kind = self.begin();
        self.carry(kind).await;
        self.report = None;
    }

    /// A look-up, as if all attempts had been used up.
    pub(super) async fn look_up(&mut self) -> Outcome {
        self.begin();
        self.carry(AttemptKind::LookUp).await;
        self.complete()
    }

    pub(super) fn begin(&mut self) -> AttemptKind {
        self.fences += 1;
        let now = self.clock.now();
        match self.job.begin(Fence(self.fences), Policy::default(), now).unwrap() {
            Begun::Attempt { kind, .. } => kind,
            Begun::Held => panic!("held instead of begun"),
        }
    }

    pub(super) async fn carry(&mut self, kind: AttemptKind) {
        let left = CallsLeft::default();
        let deadline = after(self.clock.now(), Duration::from_secs(self.lease_seconds));
        let report = self.orders.attempt(&self.shop, &self.job, kind, deadline, &left).await;
        self.marked = left.any();
        self.report = Some(report);
    }

    pub(super) fn complete(&mut self) -> Outcome {
        let report = self.report.clone().unwrap();
        let now = self.clock.now();
        let done: Completion = self.job.complete(&report, Policy::default(), 0.0, now).unwrap();
        assert!(!done.reopened || self.job.state == State::READY);
        report.outcome
    }

    /// Attempts it and expects it to be carried out.
    pub(super) async fn done(&mut self) -> Proof {
        let outcome = self.attempt().await;
        let Outcome::Done(proof) = outcome else { panic!("not done: {outcome:?}") };
        proof
    }

    /// Attempts it and expects it to be held.
    pub(super) async fn held(&mut self) -> Hold {
        let outcome = self.attempt().await;
        let State::Held(hold) = &self.job.state else { panic!("not held: {outcome:?}") };
        hold.clone()
    }

    /// An operator approves what is asked.
    pub(super) fn approve(&mut self) {
        self.decide(Verdict::Approve);
    }

    /// An operator refuses the job.
    pub(super) fn reject(&mut self) {
        self.decide(Verdict::Reject);
    }

    fn decide(&mut self, verdict: Verdict) {
        let question = self.job.question().unwrap();
        let decision = Decision {
            lane: self.job.lane.clone(),
            job: self.job.id.clone(),
            verdict,
            hold: question.number,
            fingerprint: question.fingerprint,
            by: OperatorId::parse("ann").unwrap(),
            note: String::new(),
            at: self.clock.now(),
            takes_effect: self.clock.now(),
        };
        self.job.decide(&decision).unwrap();
    }

    /// The merchant changes the order, and the webhook about it is heard.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Value)) {
        self.pass(1);
        self.shopify.change_order(DOMAIN, self.id, change).unwrap();
        self.hear();
    }

    /// A webhook tells of a version of this very moment.
    pub(super) fn hear(&mut self) {
        let now = self.clock.now();
        let news = OrderNews {
            id: self.job.id.clone(),
            number: self.job.number.clone(),
            updated_at: Some(now),
            fingerprint: Fingerprint::of(now.to_string().as_bytes()),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        self.job.hear(&news, Ok(()), now).unwrap();
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) fn rules(&mut self, rules: HoldRules) {
        self.shop.rules = rules;
    }

    /// The next call of this operation at the warehouse ends so.
    pub(super) fn warehouse_fails(&self, operation: &str, effect: Effect) {
        self.shipstation.faults().push(Fault::next(effect).on(operation));
    }

    /// The next query at the shop ends so.
    pub(super) fn shop_fails(&self, effect: Effect) {
        self.shopify.faults().push(Fault::next(effect));
    }

    /// The one order at the warehouse.
    pub(super) fn at_warehouse(&self) -> Value {
        let mut orders = self.shipstation.orders();
        assert_eq!(orders.len(), 1, "{orders:?}");
        orders.remove(0)
    }

    /// The warehouse changes its order.
    pub(super) fn warehouse_changes(&self, change: impl FnOnce(&mut Value)) {
        let id = self.at_warehouse()["orderId"].as_u64().unwrap();
        self.shipstation.change_order(id, change).unwrap();
    }

    /// The next `times` reads at the warehouse show this instead of what it stored.
    pub(super) async fn reads_show(&self, times: u32, change: impl FnOnce(&mut Value)) {
        self.reads_show_after(0, times, change).await;
    }

    /// The same, once `skip` reads have shown what is stored.
    pub(super) async fn reads_show_after(&self, skip: u32, times: u32, change: impl FnOnce(&mut Value)) {
        let mut shown = self.would_be_stored().await;
        change(&mut shown);
        let effect = Effect::Status { status: 200, body: shown.to_string(), headers: vec![], commit: false };
        self.shipstation.faults().push(Fault::next(effect).on("orders/get").after(skip).times(times));
    }

    /// The order as the warehouse stores it: what it has, or what an undisturbed bench makes of the same order.
    async fn would_be_stored(&self) -> Value {
        if let Some(order) = self.shipstation.orders().pop() {
            return order;
        }
        let order = self.shopify.order(DOMAIN, self.id).unwrap();
        let mut other = Box::pin(Self::with_order(order)).await;
        other.done().await;
        other.at_warehouse()
    }

    pub(super) async fn delete_at_warehouse(&self) {
        let id = self.at_warehouse()["orderId"].to_string();
        let url = format!("{}/orders/{id}", self.shipstation.base_url());
        let request = reqwest::Client::new().delete(url).basic_auth(KEY, Some("secret"));
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// Other orders whose number begins with `#1`.
    pub(super) async fn neighbours(&self, count: u32) {
        for number in 0..count {
            let order = serde_json::json!({
                "orderNumber": format!("#1{number}"), "orderKey": format!("other-{number}"),
                "orderDate": "2026-11-20 01:00:00", "orderStatus": "awaiting_shipment",
                "billTo": {"name": ""}, "shipTo": {"name": ""},
            });
            self.makes(&order).await;
        }
    }

    /// Somebody else with the shop's token uses up points.
    pub(super) async fn spends_points(&self, queries: u32) {
        let url = format!("{}/admin/api/2026-10/graphql.json", self.shopify.base_url().replace("{domain}", DOMAIN));
        let body = serde_json::json!({"query": "{ shop { name } }"});
        for _ in 0..queries {
            let request = reqwest::Client::new().post(&url).header("X-Shopify-Access-Token", "token");
            request.json(&body).send().await.unwrap();
        }
    }

    /// How many calls of this operation reached the warehouse.
    pub(super) fn calls(&self, operation: &str) -> usize {
        self.shipstation.journal().calls_to(operation).len()
    }

    /// Creates, reads and searches that reached the warehouse.
    pub(super) fn traffic(&self) -> [usize; 3] {
        ["createorder", "orders/get", "orders/list"].map(|operation| self.calls(operation))
    }
}

/// An ordinary order: two lines, paid, within the United States.
pub(super) fn order() -> Value {
    let maker = Maker::new(7, "USD").ship_country("US").lines(2).total_about(5000);
    maker.order(1001, START.parse().unwrap())
}

/// An order to Germany: two mugs at 20.00 and a cup at 10.00, 10 % off all of it.
pub(super) fn abroad() -> Value {
    Sale::new("USD")
        .item(Item::new("MUG", Decimal::from(20), 2).customs("691200", "PT"))
        .item(Item::new("CUP", Decimal::from(10), 1).customs("6912.00", "CN"))
        .discount(Reduction::percent(Decimal::from(10)))
        .shipping("Standard", "standard", Decimal::from(5))
        .country("DE")
        .order(1001, START.parse().unwrap())
}

fn shop(token: SecretRef, warehouse: ::lane::id::AccountId) -> Shop {
    Shop {
        id: ShopId::parse("acme").unwrap(),
        source: Source::Shopify,
        domains: vec![DOMAIN.to_owned()],
        token,
        warehouse,
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at: START.parse().unwrap(),
    }
}

pub(super) fn job(shop: &Shop, id: u64, name: &str, now: Timestamp) -> Job {
    let news = OrderNews {
        id: JobId::from(id),
        number: name.to_owned(),
        updated_at: Some(now),
        fingerprint: Fingerprint::given("webhook"),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    };
    let correlation = CorrelationId::of(&[1; 32], now);
    Job::accept(LaneKey::orders(&shop.id), shop.id.clone(), &news, Ok(()), Place(1), correlation, now)
}

/// Whether the hold's evidence has this line.
pub(super) fn says(hold: &Hold, name: &str, value: &str) -> bool {
    hold.evidence.iter().any(|fact| fact.name == name && fact.value.contains(value))
}
