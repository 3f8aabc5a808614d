//! From the small numbers of a history to what the ports are given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lane::carriage::Carriage;
use lane::clock::{Timestamp, after};
use lane::hold::{Fact, HoldReason};
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::marks::Marks;
use lane::outcome::{Learnt, Outcome, PauseReason, Proof, Reach, Report, Trouble, WarehouseCopy};
use lane::policy::{Policy, Standing};
use lane::ports::RequestKey;
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, SkipReason, Source};
use lane::webhook::{Content, Named, OrderNews, Webhook};
use sha2::{Digest, Sha256};

use super::call::Letter;
use super::step::{Ending, Way};

/// Shops that webhooks name. The last is not known at first.
pub(super) const SHOPS: [&str; 4] = ["acme", "bolt", "core", "late"];

/// Orders of each shop: few, so that much happens to each.
const ORDERS: u8 = 6;

const OPERATORS: [&str; 3] = ["alice", "bob", "carol"];

pub(super) fn shop_id(shop: u8) -> ShopId {
    ShopId::parse(SHOPS[usize::from(shop) % SHOPS.len()]).expect("a shop id")
}

pub(super) fn lane_of(shop: u8) -> LaneKey {
    LaneKey::orders(&shop_id(shop))
}

pub(super) fn order_id(order: u8) -> JobId {
    JobId::from(1 + u64::from(order % ORDERS))
}

pub(super) fn operator(by: u8) -> OperatorId {
    OperatorId::parse(OPERATORS[usize::from(by) % OPERATORS.len()]).expect("an operator")
}

pub(super) fn accounts() -> [AccountId; 2] {
    ["main", "second"].map(|name| AccountId::at("shipstation", name))
}

pub(super) fn account(account: u8) -> AccountId {
    let [main, second] = accounts();
    if account.is_multiple_of(2) { main } else { second }
}

/// Shops differ in what stops their lanes, and in whether they want their tracking.
pub(super) fn policy_of(lane: &LaneKey) -> Policy {
    let all = |standing| Policy { retry: standing, hold: standing, fail: standing };
    match lane.group() {
        "bolt" => all(Standing::StopLane),
        "core" => all(Standing::StepAside),
        _ => Policy::default(),
    }
}

pub(super) fn shop(shop: u8, added_at: Timestamp) -> Shop {
    let id = shop_id(shop);
    let mut carriage = Carriage::default();
    carriage.tracking.back = shop.is_multiple_of(2);
    Shop {
        domains: vec![domain(shop)],
        source: Source::Shopify,
        token: SecretRef::Env("TOKEN".to_owned()),
        warehouse: account(0),
        policy: policy_of(&LaneKey::orders(&id)),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage,
        added_at,
        id,
    }
}

fn domain(shop: u8) -> String {
    format!("{}.myshopify.com", shop_id(shop))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A webhook whose body is told by `body`, with neither a delivery's nor an event's id.
pub(super) fn webhook(shop: u8, topic: &str, content: Content, body: &str, now: Timestamp) -> Webhook {
    let body_hash = hash(body);
    Webhook {
        source: Source::Shopify,
        merchant: domain(shop),
        topic: topic.to_owned(),
        webhook_id: None,
        event_id: None,
        body_hash,
        body: Bytes::from(body.to_owned()),
        received_at: now,
        correlation: CorrelationId::of(&body_hash, now),
        content,
    }
}

/// A webhook that carries an order. Every second version is a second later; the status is good, cancelled, or unpaid.
pub(super) fn order(shop: u8, order: &JobId, version: u8, says: u8, status: u8, now: Timestamp) -> Webhook {
    let topic = match (version, status) {
        (0, _) => "orders/create",
        (_, 1) => "orders/cancelled",
        _ => "orders/updated",
    };
    let updated_at = Timestamp::from_second(1_700_000_000 + i64::from(version / 2)).expect("a time");
    let news = OrderNews {
        id: order.clone(),
        number: format!("#{order}"),
        updated_at: Some(updated_at).filter(|_| version != 9),
        fingerprint: Fingerprint::of(format!("{says} {status}").as_bytes()),
        cancelled: status == 1,
        test: false,
        financial_status: if status == 2 { "pending" } else { "paid" }.to_owned(),
        ships_something: true,
        marks: Marks::default(),
    };
    webhook(shop, topic, Content::Order(news), &format!("{order} {version} {says} {status}"), now)
}

pub(super) fn part(part: u8) -> String {
    format!("gid://shopify/FulfillmentOrder/{}", part % ORDERS)
}

pub(super) fn touch(shop: u8, about: u8, is_part: bool, body: u8, now: Timestamp) -> Webhook {
    let named = if is_part { Named::Part(part(about)) } else { Named::Order(order_id(about)) };
    let body = format!("{named:?} {body}");
    webhook(shop, "fulfillment_orders/hold_released", Content::Touched(named), &body, now)
}

pub(super) fn seconds(now: Timestamp, seconds: impl Into<u64>) -> Timestamp {
    after(now, Duration::from_secs(seconds.into()))
}

/// What an attempt at an order reports.
pub(super) fn report(job: &JobId, ending: Ending, now: Timestamp) -> Report {
    let until = seconds(now, ending.seconds);
    let trouble = || Trouble::new("shipstation", "it was busy");
    let outcome = match ending.outcome {
        Way::Done => Outcome::Done(Proof {
            account: account(0),
            reference: job.to_string(),
            key: format!("v1:{job}"),
            fingerprint: Fingerprint::of(b"fetched"),
            compared: vec!["weight".to_owned()],
            accepted: None,
            read_back_at: now,
        }),
        Way::Retry { asked } => {
            Outcome::Retry { after: asked.then_some(Duration::from_secs(ending.seconds.into())), error: trouble() }
        }
        Way::Hold { differs } => Outcome::Hold {
            reason: if differs { HoldReason::ReadBackDiffers } else { HoldReason::TotalAbove },
            evidence: vec![Fact::new("total", ending.seconds)],
            fingerprint: Fingerprint::of(&ending.seconds.to_be_bytes()),
            difference: differs.then(|| Fingerprint::of(b"difference")),
        },
        Way::Fail => Outcome::Fail(trouble()),
        Way::Skip { unknown: true } => Outcome::Skip(SkipReason::UnknownToShop),
        Way::Skip { unknown: false } => Outcome::Skip(SkipReason::NothingToShip),
        Way::Withdrawn => Outcome::Withdrawn,
        Way::Wait { stops } => Outcome::Wait { until, why: "a risk check".to_owned(), stops },
        Way::Pause { ends } => {
            Outcome::Pause { why: PauseReason::TokenRefused { account: account(0) }, until: ends.then_some(until) }
        }
    };
    let reach = match ending.reach {
        0 => Reach::Untouched,
        1 => Reach::Unresolved,
        told => Reach::There(WarehouseCopy {
            account: account(0),
            order_id: job.to_string(),
            written: [("weight".to_owned(), "10".to_owned())].into(),
            told: if told == 2 { BTreeMap::new() } else { [("s1".to_owned(), "f1".to_owned())].into() },
        }),
    };
    let parts = ending.part.map(part).into_iter().collect();
    Report { outcome, reach, calls: Vec::new(), learnt: Learnt { parts, ..Learnt::default() } }
}

/// The key that a client sends with a request, of which it reuses some for others.
pub(super) fn request_key(by: &OperatorId, key: Option<u8>, request: &str) -> Option<RequestKey> {
    key.map(|key| RequestKey { by: by.clone(), key: format!("key-{key}"), request: hash(request) })
}

/// No two webhooks are received at the same time.
pub(super) fn letter(mut webhook: Webhook, turn: u64, fresh: u64) -> Letter {
    webhook.received_at = after(webhook.received_at, Duration::from_micros(fresh));
    Letter { webhook: Arc::new(webhook), turn }
}
