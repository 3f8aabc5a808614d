//! Many orders in one call: each with its own result, its own place and its own proof.

use std::time::Duration;

use ::lane::attempt::{AttemptKind, Begun};
use ::lane::clock::{Clock as _, Timestamp, after, until};
use ::lane::hold::HoldReason;
use ::lane::id::Fence;
use ::lane::job::Job;
use ::lane::outcome::{Outcome, Reach, Report};
use ::lane::policy::{Policy, Standing};
use ::lane::rules::{HoldRules, Rule};
use ::lane::shop::SkipReason;
use ::lane::state::State;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::orders::{Item, Maker, Sale};
use simulators::shipstation::Declarations;

use super::bench::{Bench, DOMAIN, KEY, job, says};
use crate::attempt::{CallsLeft, Carry as _};

/// Jobs of one lane, attempted together the way a lane run does it.
struct Crowd {
    bench: Bench,
    jobs: Vec<Job>,
    reports: Vec<Report>,
    fences: u64,
}

impl Crowd {
    /// Ordinary orders of a shop whose bucket is large.
    async fn of(count: u64) -> Self {
        Self::selling(plain(count)).await
    }

    async fn selling(orders: Vec<Value>) -> Self {
        let bench = Box::pin(Bench::with_order(orders[0].clone())).await;
        bench.shopify.set_plan(DOMAIN, 1000);
        let now = bench.clock.now();
        let jobs = orders.iter().map(|order| {
            let id = bench.shopify.put_order(DOMAIN, order.clone()).unwrap();
            job(&bench.shop, id, order["name"].as_str().unwrap(), now)
        });
        let jobs = jobs.collect();
        Self { bench, jobs, reports: Vec::new(), fences: 0 }
    }

    /// Attempts those that may go together; the labels of their outcomes.
    async fn go(&mut self) -> Vec<&'static str> {
        self.begin();
        self.carry().await;
        self.complete()
    }

    fn running(&self) -> Vec<Job> {
        self.jobs.iter().filter(|job| job.attempting_fence().is_some()).cloned().collect()
    }

    fn begin(&mut self) {
        self.fences += 1;
        let now = self.bench.clock.now();
        for job in self.jobs.iter_mut().filter(|job| job.may_burst()) {
            let begun = job.begin(Fence(self.fences), self.bench.shop.policy, now).unwrap();
            assert!(matches!(begun, Begun::Attempt { kind: AttemptKind::Full, .. }));
        }
    }

    async fn carry(&mut self) {
        let (left, running) = (CallsLeft::default(), self.running());
        let deadline = after(self.bench.clock.now(), Duration::from_mins(2));
        let reports = self.bench.orders.attempt_together(&self.bench.shop, &running, deadline, &left).await;
        assert_eq!(reports.len(), running.len());
        self.reports = reports;
    }

    fn complete(&mut self) -> Vec<&'static str> {
        let now = self.bench.clock.now();
        let running = self.jobs.iter_mut().filter(|job| job.attempting_fence().is_some());
        for (job, report) in running.zip(&self.reports) {
            job.complete(report, self.bench.shop.policy, 0.0, now).unwrap();
        }
        self.reports.iter().map(|report| report.outcome.label()).collect()
    }

    /// Attempts one by itself.
    async fn alone(&mut self, place: usize) -> &'static str {
        let job = &mut self.jobs[place];
        if let State::Retrying { due, .. } = &job.state {
            self.bench.clock.advance(until(self.bench.clock.now(), *due));
        }
        self.fences += 1;
        let (now, policy) = (self.bench.clock.now(), self.bench.shop.policy);
        job.begin(Fence(self.fences), policy, now).unwrap();
        let deadline = after(now, Duration::from_mins(2));
        let left = CallsLeft::default();
        let report = self.bench.orders.attempt(&self.bench.shop, job, AttemptKind::Full, deadline, &left).await;
        job.complete(&report, policy, 0.0, now).unwrap();
        report.outcome.label()
    }

    fn fails(&self, operation: &str, effect: Effect) {
        self.bench.warehouse_fails(operation, effect);
    }

    /// The shop fails when it is asked for this one.
    fn shop_fails_at(&self, place: usize, effect: Effect) {
        let id = self.jobs[place].id.to_string();
        self.bench.shopify.faults().push(Fault::next(effect).containing(&id));
    }

    fn key(&self, place: usize) -> String {
        format!("acme-{}", self.jobs[place].id)
    }

    /// The places of the orders that were created, in the order in which they were.
    fn created(&self) -> Vec<usize> {
        let commits = self.bench.shipstation.journal().commits();
        let place = |key: &str| (0..self.jobs.len()).find(|place| self.key(*place) == key).unwrap();
        let created = commits.iter().filter(|commit| commit.kind == simulators::journal::Kind::Created);
        created.map(|commit| place(&commit.order_key)).collect()
    }

    /// How often each of these was called: one order, many orders, one by id, lists.
    fn traffic(&self) -> [usize; 4] {
        ["createorder", "createorders", "orders/get", "orders/list"].map(|operation| self.bench.calls(operation))
    }

    fn pass(&self, seconds: u64) {
        self.bench.pass(seconds);
    }
}

fn plain(count: u64) -> Vec<Value> {
    let maker = Maker::new(7, "USD").ship_country("US").lines(2).total_about(5000);
    (1001..1001 + count).map(|number| maker.order(number, placed())).collect()
}

/// An order that crosses a border.
fn abroad(number: u64) -> Value {
    let mug = Item::new("MUG", 20.into(), 2).customs("691200", "PT");
    Sale::new("USD").item(mug).country("DE").order(number, placed())
}

fn placed() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

fn all(count: usize, label: &'static str) -> Vec<&'static str> {
    vec![label; count]
}

#[tokio::test]
async fn ten_orders_are_one_write_and_one_list() {
    let mut crowd = Crowd::of(10).await;
    assert_eq!(crowd.go().await, all(10, "done"));
    assert_eq!(crowd.traffic(), [0, 1, 0, 1]);
    assert_eq!(crowd.bench.shopify.journal().call_count(), 10);
    assert_eq!(crowd.created(), (0..10).collect::<Vec<_>>());
    for (place, report) in crowd.reports.iter().enumerate() {
        let Outcome::Done(proof) = &report.outcome else { panic!("{:?}", report.outcome) };
        let order = crowd.bench.shipstation.order_by_key(&crowd.key(place)).unwrap();
        assert_eq!((&proof.reference, &proof.key), (&order["orderId"].to_string(), &crowd.key(place)));
        let Reach::There(copy) = &report.reach else { panic!("{:?}", report.reach) };
        assert!(copy.written.contains_key("orderNumber") && copy.order_id == proof.reference);
        let told: Vec<String> = report.calls.iter().map(|call| format!("{} {}", call.call, call.ended)).collect();
        assert_eq!(told, ["query Order 200", "POST /orders/createorders 200", "GET /orders?modifyDateStart 200"]);
    }
}

#[tokio::test]
async fn an_order_that_went_with_others_stands_as_one_that_went_alone() {
    let mut crowd = Crowd::of(2).await;
    assert_eq!(crowd.go().await, all(2, "done"));
    let mut alone = Crowd::of(2).await;
    assert_eq!([alone.alone(0).await, alone.alone(1).await], ["done", "done"]);
    for place in 0..2 {
        assert_eq!(crowd.jobs[place].reach, alone.jobs[place].reach);
        let at = |crowd: &Crowd| crowd.bench.shipstation.order_by_key(&crowd.key(place)).unwrap();
        assert_eq!(at(&crowd), at(&alone));
    }
}

#[tokio::test]
async fn one_that_is_held_and_one_that_is_skipped_do_not_touch_their_neighbours() {
    let mut orders = plain(5);
    orders[1]["tags"] = json!("look twice");
    orders[3]["cancelled_at"] = json!("2026-11-20T10:00:00Z");
    let mut crowd = Crowd::selling(orders).await;
    let tag = Rule::Tagged { tags: vec!["look twice".into()] };
    crowd.bench.rules(HoldRules { rules: vec![tag], ..HoldRules::default() });
    assert_eq!(crowd.go().await, ["done", "hold", "done", "skip", "done"]);
    assert_eq!(crowd.created(), [0, 2, 4]);
    assert_eq!(crowd.traffic(), [0, 1, 0, 1]);
    assert_eq!(crowd.reports[3].outcome, Outcome::Skip(SkipReason::Cancelled));
    let calls = |place: usize| crowd.reports[place].calls.len();
    assert_eq!([calls(0), calls(1), calls(3)], [3, 1, 1], "each tells only of its own calls");
}

#[tokio::test]
async fn one_that_the_warehouse_refuses_does_not_touch_its_neighbours() {
    let mut crowd = Crowd::of(3).await;
    // One of them is there and shipped, and the ledger does not know: it was restored from an old copy.
    let url = format!("{}/orders/createorder", crowd.bench.shipstation.base_url());
    let order = json!({
        "orderNumber": "#1002", "orderKey": crowd.key(1), "orderDate": "2026-11-20 01:00:00",
        "orderStatus": "awaiting_shipment", "billTo": {"name": ""}, "shipTo": {"name": ""},
    });
    let sent = reqwest::Client::new().post(url).basic_auth(KEY, Some("secret")).json(&order).send().await.unwrap();
    let order: Value = sent.json().await.unwrap();
    crowd.bench.shipstation.ship(order["orderId"].as_u64().unwrap()).unwrap();
    assert_eq!(crowd.go().await, ["done", "hold", "done"]);
    let State::Held(hold) = &crowd.jobs[1].state else { panic!("{:?}", crowd.jobs[1].state) };
    assert_eq!(hold.reason, HoldReason::NotCarriable);
    assert!(says(hold, "ShipStation", "shipped cannot be updated"), "{:?}", hold.evidence);
    assert_eq!(crowd.jobs[1].reach, Reach::Untouched);
    assert_eq!(crowd.traffic()[1..], [1, 0, 1]);
}

#[tokio::test]
async fn nothing_overtakes_one_that_stops_the_lane() {
    let mut crowd = Crowd::of(6).await;
    crowd.shop_fails_at(2, Effect::CutBeforeCommit);
    assert_eq!(crowd.go().await, ["done", "done", "retry", "wait", "wait", "wait"]);
    assert_eq!(crowd.created(), [0, 1]);
    assert!(!crowd.jobs[2].may_burst());
    assert_eq!(crowd.alone(2).await, "done");
    assert_eq!(crowd.go().await, all(3, "done"), "those behind it go together again");
    assert_eq!(crowd.created(), (0..6).collect::<Vec<_>>());
    assert_eq!(crowd.traffic(), [1, 2, 1, 2]);
}

#[tokio::test]
async fn where_a_retry_stands_aside_the_others_pass() {
    let mut crowd = Crowd::of(3).await;
    crowd.bench.shop.policy = Policy { retry: Standing::StepAside, ..Policy::default() };
    crowd.shop_fails_at(0, Effect::CutBeforeCommit);
    assert_eq!(crowd.go().await, ["retry", "done", "done"]);
}

#[tokio::test]
async fn a_shop_that_refuses_or_does_not_answer_is_not_asked_for_each() {
    for (effect, first) in [(Effect::Unauthorized, "pause"), (Effect::CutBeforeCommit, "retry")] {
        let mut crowd = Crowd::of(40).await;
        crowd.bench.shopify.faults().push(Fault::next(effect).forever());
        let labels = crowd.go().await;
        assert_eq!(labels[0], first);
        assert_eq!(labels[8..], all(32, "wait"));
        assert!(crowd.bench.shopify.journal().call_count() <= 8);
        assert_eq!(crowd.traffic(), [0; 4]);
        assert!(crowd.jobs[39].may_burst() && crowd.jobs[39].attempts == 0);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_for_each_and_none_is_doubled() {
    for effect in [
        Effect::CutAfterCommit,
        Effect::HalfBody,
        Effect::Status { status: 502, body: "{}".into(), headers: vec![], commit: true },
        Effect::Status { status: 200, body: r#"{"results":[]}"#.into(), headers: vec![], commit: true },
    ] {
        let mut crowd = Crowd::of(3).await;
        crowd.fails("createorders", effect.clone());
        assert_eq!(crowd.go().await, all(3, "retry"), "{effect:?}");
        for place in 0..3 {
            assert_eq!(crowd.jobs[place].reach, Reach::Unresolved, "{effect:?}");
            assert!(!crowd.jobs[place].may_burst());
            assert_eq!(crowd.alone(place).await, "done", "{effect:?}");
        }
        assert_eq!(crowd.traffic(), [0, 1, 0, 3], "{effect:?}: found, and not written again");
        assert_eq!(crowd.created(), [0, 1, 2]);
    }
}

#[tokio::test]
async fn a_write_that_did_not_happen_is_made_in_order_once_each_was_looked_up() {
    let mut crowd = Crowd::of(3).await;
    crowd.fails("createorders", Effect::CutBeforeCommit);
    assert_eq!(crowd.go().await, all(3, "retry"));
    for place in 0..3 {
        assert_eq!(crowd.alone(place).await, "done");
    }
    assert_eq!(crowd.created(), [0, 1, 2]);
}

#[tokio::test]
async fn a_call_that_is_refused_whole_sends_each_by_itself() {
    let mut crowd = Crowd::of(3).await;
    crowd.fails("createorders", Effect::Status { status: 400, body: "{}".into(), headers: vec![], commit: false });
    assert_eq!(crowd.go().await, all(3, "retry"));
    for place in 0..3 {
        assert_eq!(crowd.jobs[place].reach, Reach::Untouched);
        let State::Retrying { due, .. } = &crowd.jobs[place].state else { panic!() };
        assert_eq!(*due, crowd.bench.clock.now(), "at once");
        assert_eq!(crowd.alone(place).await, "done");
    }
    assert_eq!(crowd.traffic()[..2], [3, 1]);
}

#[tokio::test]
async fn a_warehouse_that_asks_for_silence_or_refuses_the_key_stops_the_first_and_the_others_stay_ready() {
    let throttle = Effect::Throttle { retry_after_seconds: 30 };
    for (effect, first) in [(throttle, "wait"), (Effect::Unauthorized, "pause")] {
        let mut crowd = Crowd::of(4).await;
        crowd.fails("createorders", effect);
        assert_eq!(crowd.go().await, [first, "wait", "wait", "wait"]);
        assert!(crowd.jobs.iter().all(|job| job.reach == Reach::Untouched && job.attempts == 0));
        assert!(crowd.jobs[1..].iter().all(Job::may_burst));
        crowd.pass(31);
        if !crowd.jobs[0].may_burst() {
            assert_eq!(crowd.alone(0).await, "done");
        }
        crowd.go().await;
        assert_eq!(crowd.created(), [0, 1, 2, 3]);
    }
}

#[tokio::test]
async fn what_a_list_does_not_show_is_read_by_itself_and_not_written_again() {
    let empty = json!({"orders": [], "total": 0, "page": 1, "pages": 1}).to_string();
    for effect in [
        Effect::Status { status: 200, body: empty, headers: vec![], commit: false },
        Effect::CutBeforeCommit,
        Effect::Status { status: 500, body: "{}".into(), headers: vec![], commit: false },
    ] {
        let mut crowd = Crowd::of(2).await;
        crowd.fails("orders/list", effect.clone());
        assert_eq!(crowd.go().await, all(2, "retry"), "{effect:?}");
        for place in 0..2 {
            assert!(matches!(crowd.jobs[place].reach, Reach::There(_)));
            assert_eq!(crowd.alone(place).await, "done");
        }
        assert_eq!(crowd.traffic(), [0, 1, 2, 1], "{effect:?}");
    }
}

#[tokio::test]
async fn one_that_came_out_differently_is_held_and_put_on_hold_there_and_the_others_are_done() {
    let mut orders = plain(3);
    orders[1] = abroad(1002);
    let mut crowd = Crowd::selling(orders).await;
    crowd.bench.shipstation.set_declarations(KEY, Declarations::FromItems);
    assert_eq!(crowd.go().await, ["done", "hold", "done"]);
    let State::Held(hold) = &crowd.jobs[1].state else { panic!() };
    assert_eq!(hold.reason, HoldReason::ReadBackDiffers);
    let order = crowd.bench.shipstation.order_by_key(&crowd.key(1)).unwrap();
    assert_eq!(order["orderStatus"], "on_hold");
    assert_eq!(crowd.traffic(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn many_that_came_out_differently_are_all_put_on_hold_as_the_limit_allows() {
    let mut crowd = Crowd::selling((1001..1031).map(abroad).collect()).await;
    crowd.bench.shipstation.set_declarations(KEY, Declarations::FromItems);
    let labels = crowd.go().await;
    let held = labels.iter().filter(|label| **label == "hold").count();
    assert!(held > 10 && held < 30, "{held}");
    assert!(labels[..held].iter().all(|label| *label == "hold"), "{labels:?}");
    for (place, label) in labels.iter().enumerate().skip(held) {
        assert_eq!(*label, "wait");
        crowd.pass(62);
        assert_eq!(crowd.alone(place).await, "hold");
    }
    for place in 0..30 {
        let order = crowd.bench.shipstation.order_by_key(&crowd.key(place)).unwrap();
        assert_eq!(order["orderStatus"], "on_hold", "order {place}");
    }
    assert_eq!(crowd.bench.shipstation.journal().answered(429), 0);
}

#[tokio::test]
async fn a_newer_version_during_the_burst_brings_only_its_own_order_back() {
    let mut crowd = Crowd::of(3).await;
    crowd.begin();
    crowd.carry().await;
    std::mem::swap(&mut crowd.bench.job, &mut crowd.jobs[1]);
    crowd.bench.hear();
    std::mem::swap(&mut crowd.bench.job, &mut crowd.jobs[1]);
    crowd.complete();
    let states: Vec<&str> = crowd.jobs.iter().map(|job| job.state.kind().as_str()).collect();
    assert_eq!(states, ["done", "waiting", "done"]);
}

#[tokio::test]
async fn what_would_make_the_call_too_long_goes_with_the_next() {
    let (mut orders, long) = (plain(4), "x".repeat(400_000));
    for order in &mut orders {
        (order["line_items"][0]["title"], order["line_items"][0]["name"]) = (json!(long), json!(long));
    }
    let mut crowd = Crowd::selling(orders).await;
    assert_eq!(crowd.go().await, ["done", "done", "wait", "wait"]);
    assert_eq!(crowd.go().await, ["done", "done"]);
    assert_eq!(crowd.created(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn in_the_night_in_which_pacific_time_repeats_an_hour_the_list_shows_what_was_written() {
    let mut crowd = Crowd::of(2).await;
    let repeated: Timestamp = "2027-11-07T09:02:00Z".parse().unwrap();
    crowd.bench.clock.advance(until(crowd.bench.clock.now(), repeated));
    assert_eq!(crowd.go().await, all(2, "done"));
}

#[tokio::test]
async fn how_many_go_together_is_bounded_by_the_setting_the_points_and_what_the_shop_decides_one_by_one() {
    let mut crowd = Crowd::of(1).await;
    let together = |crowd: &Crowd| {
        crowd.bench.orders.needs(&crowd.bench.shop, &crowd.jobs[0], AttemptKind::Full);
        crowd.bench.orders.together(&crowd.bench.shop)
    };
    let assumed = together(&crowd);
    assert!((2..20).contains(&assumed), "the smallest plan: {assumed}");
    crowd.bench.shopify.set_plan(DOMAIN, 2000);
    assert_eq!(crowd.alone(0).await, "done");
    assert_eq!(together(&crowd), 100, "the largest plan, which is learnt from the first answer");
    crowd.bench.shop.carriage.burst.orders = 1;
    assert_eq!(together(&crowd), 1);
    crowd.bench.shop.carriage.burst.orders = 100;
    for policy in [
        Policy { hold: Standing::StopLane, ..Policy::default() },
        Policy { fail: Standing::StopLane, ..Policy::default() },
    ] {
        crowd.bench.shop.policy = policy;
        assert_eq!(together(&crowd), 1, "nothing may be on its way behind one that stops the lane");
    }
}

#[tokio::test]
async fn orders_that_go_together_are_made_in_the_shops_store() {
    let mut crowd = Crowd::of(2).await;
    crowd.bench.shipstation.add_store(KEY, 12, "Acme", "Manual");
    crowd.bench.shop.carriage.store = Some(12);
    assert_eq!(crowd.go().await, all(2, "done"));
    assert_eq!(crowd.traffic(), [0, 1, 0, 1]);
    for order in crowd.bench.shipstation.orders() {
        assert_eq!(order["advancedOptions"]["storeId"], 12);
    }
}
