//! Against the stand-in for Shopify, which knows the published fields, scopes and costs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::lane::clock::{Clock, ManualClock};
use backend::secrets::Local;
use simulators::faults::{Effect, Fault};
use simulators::orders::Maker;
use simulators::shopify as simulator;

use super::fulfil::Fulfil;
use super::order::{Delivery, PartRequest, PartStatus};
use super::*;
use crate::attempt::CallsLeft;
use crate::limiter::{Limiter, Quota};
use crate::providers::call::Wire;

const DOMAIN: &str = "acme.myshopify.com";
const START: &str = "2026-11-20T10:00:30Z";
/// The smallest plan.
const PLAN: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };

struct Scene {
    clock: Arc<ManualClock>,
    simulator: simulator::Shopify,
    wire: Wire,
    id: u64,
    left: CallsLeft,
    kept: Kept,
    token: SecretString,
}

impl Scene {
    async fn of(order: Value) -> Self {
        let clock = Arc::new(ManualClock::starting(START.parse().unwrap()));
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let simulator = simulator::Shopify::start(listen, simulator::Settings::default(), time()).await.unwrap();
        simulator.add_shop(DOMAIN, "token");
        let id = simulator.put_order(DOMAIN, order).unwrap();
        let limiter = Limiter::new(time());
        limiter.set(&account(), PLAN);
        let wire = Wire::new(Arc::new(Local), limiter, time()).unwrap();
        let (left, kept) = (CallsLeft::default(), Kept::default());
        Self { clock, simulator, wire, id, left, kept, token: "token".to_owned().into() }
    }

    fn calls(&self) -> Calls<'_> {
        Calls::new(&self.wire, Vec::new(), after(self.clock.now(), Duration::from_mins(2)), &self.left)
    }

    fn url(&self) -> String {
        format!("{}/admin/api/2026-10/graphql.json", self.simulator.base_url().replace("{domain}", DOMAIN))
    }

    fn at<'a>(&'a self, calls: &'a Calls<'a>) -> AtShop<'a> {
        let (token, kept, full_at) = (&self.token, &self.kept, Mutex::default());
        AtShop { account: account(), url: self.url(), token, calls, kept, full_at }
    }

    async fn order(&self) -> Order {
        let calls = self.calls();
        match self.at(&calls).fetch(&self.id.to_string()).await.unwrap() {
            Whole::Order(order) => *order,
            Whole::Unknown | Whole::Changed => panic!("no order"),
        }
    }

    async fn fulfil(&self, shipment: &Fulfil) -> Result<String, CallError> {
        let calls = self.calls();
        self.at(&calls).fulfil(shipment).await
    }
}

fn account() -> AccountId {
    AccountId::at("shopify", "acme")
}

fn order() -> Value {
    Maker::new(7, "USD").lines(3).order(1001, "2026-11-20T10:00:00Z".parse().unwrap())
}

/// One unit of the first line of the first part.
fn shipment(order: &Order) -> Fulfil {
    let part = &order.parts[0];
    Fulfil {
        lines_by_part: vec![(part.id.clone(), vec![(part.lines[0].id.clone(), 1)])],
        tracking_number: Some("1Z999AA10123456784".into()),
        carrier: Some("UPS".into()),
        url: None,
        notify_customer: false,
    }
}

#[tokio::test]
async fn an_order_comes_with_its_parts_and_their_lines() {
    let scene = Scene::of(order()).await;
    let order = scene.order().await;
    let part = &order.parts[0];
    assert_eq!(
        (part.status, part.request, part.delivery),
        (PartStatus::Open, PartRequest::Unsubmitted, Delivery::Shipping)
    );
    assert!(part.id.starts_with("gid://shopify/FulfillmentOrder/"));
    for line in &part.lines {
        let of = order.lines.iter().find(|ordered| ordered.id == line.line).unwrap();
        assert_eq!((line.remaining, line.total), (of.quantity, of.quantity));
    }
    let ships = order.lines.iter().filter(|line| line.requires_shipping).count();
    assert_eq!(part.lines.len(), ships);
}

#[tokio::test]
async fn a_shipment_is_told_and_seen_in_the_order() {
    let scene = Scene::of(order()).await;
    let before = scene.order().await;
    assert!(!scene.left.any());
    let id = scene.fulfil(&shipment(&before)).await.unwrap();
    assert!(scene.left.any(), "it was a write");
    let now = scene.order().await;
    assert_eq!(now.fulfilments.len(), 1);
    assert_eq!((&now.fulfilments[0].id, now.fulfilments[0].cancelled), (&id, false));
    assert_eq!(now.fulfilments[0].tracking_numbers, ["1Z999AA10123456784"]);
    let left = |order: &Order| order.parts.iter().flat_map(|part| &part.lines).map(|line| line.remaining).sum::<u32>();
    assert_eq!(left(&now), left(&before) - 1);
}

#[tokio::test]
async fn a_shipment_that_does_not_fit_is_refused_in_shopifys_words() {
    let scene = Scene::of(order()).await;
    let mut shipment = shipment(&scene.order().await);
    shipment.lines_by_part[0].1[0].1 = 10_000;
    let refused = scene.fulfil(&shipment).await.unwrap_err();
    let CallError::DataRefused { words, .. } = &refused else { panic!("{refused}") };
    assert!(!words.is_empty() && !words.contains("1Z999"), "{words}");
    assert!(scene.order().await.fulfilments.is_empty());
}

#[tokio::test]
async fn a_shipment_whose_answer_is_lost_may_have_happened_and_is_found_if_it_did() {
    for (effect, happened) in [(Effect::CutAfterCommit, 1), (Effect::CutBeforeCommit, 0), (Effect::Html200, 0)] {
        let scene = Scene::of(order()).await;
        let shipment = shipment(&scene.order().await);
        scene.simulator.faults().push(Fault::next(effect.clone()));
        let lost = scene.fulfil(&shipment).await.unwrap_err();
        assert!(lost.may_have_happened(), "{effect:?}: {lost}");
        assert_eq!(scene.order().await.fulfilments.len(), happened, "{effect:?}");
    }
}

#[tokio::test]
async fn a_throttled_shipment_did_not_happen() {
    let scene = Scene::of(order()).await;
    let shipment = shipment(&scene.order().await);
    scene.simulator.faults().push(Fault::next(Effect::Throttle { retry_after_seconds: 2 }));
    let throttled = scene.fulfil(&shipment).await.unwrap_err();
    assert!(matches!(throttled, CallError::ThrottledUntil { .. }), "{throttled}");
    scene.clock.advance(Duration::from_secs(3));
    assert!(scene.order().await.fulfilments.is_empty());
}

#[tokio::test]
async fn the_scopes_on_the_list_are_enough_and_each_is_needed() {
    let scene = Scene::of(order()).await;
    let ask = async || {
        let request = scopes::ask(&scene.wire.http, &scene.url(), &scene.token);
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        scopes::granted(&serde_json::from_slice(&answer).unwrap()).unwrap()
    };
    let handles: Vec<&str> = scopes::SCOPES_TO_READ.iter().map(|scope| scope.handle).collect();
    scene.simulator.set_scopes(DOMAIN, &handles);
    assert_eq!(scopes::missing(&scopes::SCOPES_TO_READ, &ask().await), [] as [&scopes::Scope; 0]);
    let order = scene.order().await;
    assert!(!order.parts.is_empty() && order.customer.is_some());
    assert!(scene.fulfil(&shipment(&order)).await.is_err(), "reading does not let write");
    for left_out in ["read_orders", "read_products", "read_customers", "read_locations"] {
        let fewer: Vec<&str> = handles.iter().copied().filter(|handle| *handle != left_out).collect();
        scene.simulator.set_scopes(DOMAIN, &fewer);
        let missing = scopes::missing(&scopes::SCOPES_TO_READ, &ask().await);
        assert_eq!(missing.iter().map(|scope| scope.handle).collect::<Vec<_>>(), [left_out]);
        let calls = scene.calls();
        let fetched = scene.at(&calls).fetch(&scene.id.to_string()).await;
        assert!(matches!(fetched, Err(CallError::Refused { .. })), "without {left_out}");
    }
    let both = scopes::SCOPES_TO_READ.iter().chain(&scopes::SCOPES_TO_FULFIL);
    let all: Vec<&str> = both.map(|scope| scope.handle).collect();
    scene.simulator.set_scopes(DOMAIN, &all);
    scene.fulfil(&shipment(&order)).await.unwrap();
}

#[tokio::test]
async fn points_that_were_not_used_are_there_again() {
    let scene = Scene::of(order()).await;
    // A second restores far less than an order requests.
    for _ in 0..30 {
        scene.order().await;
        scene.clock.advance(Duration::from_millis(1100));
    }
    assert_eq!(scene.simulator.journal().call_count(), 30);
}
