//! Fulfilment orders: the parts of an order that one location fulfils.
//!
//! REST orders do not carry them, so they are kept beside the order. They follow it: an order comes with one part for
//! what is shipped, one for what is not and one for gift cards unless a test says otherwise, and after every change of
//! the order's lines the units left to fulfil are the same on both sides ([`follow`]).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::translate::{entries, truth};

/// One fulfilment order.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) id: u64,
    pub(super) status: Status,
    pub(super) request_status: String,
    pub(super) delivery: String,
    pub(super) fulfill_at: Option<String>,
    pub(super) fulfill_by: Option<String>,
    pub(super) location: Location,
    pub(super) holds: Vec<Hold>,
    pub(super) lines: Vec<PartLine>,
}

/// Shopify's `FulfillmentOrderStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    /// Ready.
    Open,
    /// Being worked on.
    InProgress,
    /// Has holds.
    OnHold,
    /// To be fulfilled from a stated time.
    Scheduled,
    /// Cannot be completed.
    Incomplete,
    /// Nothing is left.
    Closed,
    /// Withdrawn.
    Cancelled,
}

impl Status {
    /// As REST and webhooks write it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::OnHold => "on_hold",
            Self::Scheduled => "scheduled",
            Self::Incomplete => "incomplete",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether units that come back to the order can go there.
    fn takes(self) -> bool {
        match self {
            Self::Open | Self::InProgress | Self::OnHold | Self::Scheduled => true,
            Self::Incomplete | Self::Closed | Self::Cancelled => false,
        }
    }
}

/// Where a part is fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Location {
    /// Two parts at the same location have the same id.
    pub(super) id: u64,
    /// Its name.
    pub(super) name: String,
    /// Two letters.
    pub(super) country: String,
    /// Whose it is.
    pub(super) keeper: Keeper,
    /// Whether online orders are fulfilled there.
    pub(super) fulfills_online: bool,
    /// The location was deleted: only the name and the country are left of it.
    pub(super) deleted: bool,
}

/// Whose a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keeper {
    /// The merchant's own.
    Merchant,
    /// A third party's fulfilment service.
    Service,
    /// Shopify's own service for gift cards.
    GiftCards,
}

impl Default for Location {
    /// The merchant's warehouse.
    fn default() -> Self {
        Self {
            id: 655_441_491,
            name: "Main warehouse".to_owned(),
            country: "US".to_owned(),
            keeper: Keeper::Merchant,
            fulfills_online: true,
            deleted: false,
        }
    }
}

impl Location {
    fn gift_cards() -> Self {
        let name = "Gift card fulfillment service".to_owned();
        Self { id: 655_441_490, name, keeper: Keeper::GiftCards, ..Self::default() }
    }
}

/// A hold on a part.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) id: u64,
    pub(super) reason: String,
    pub(super) notes: Option<String>,
    pub(super) handle: Option<String>,
}

/// Some units of one of the order's lines.
#[derive(Debug, Clone)]
pub(super) struct PartLine {
    pub(super) id: u64,
    /// The order's line.
    pub(super) line: u64,
    pub(super) total: u64,
    pub(super) remaining: u64,
}

impl Part {
    pub(super) fn of(id: u64, location: Location, delivery: &str, lines: Vec<PartLine>) -> Self {
        Self {
            id,
            status: Status::Open,
            request_status: "UNSUBMITTED".to_owned(),
            delivery: delivery.to_owned(),
            fulfill_at: None,
            fulfill_by: None,
            location,
            holds: Vec::new(),
            lines,
        }
    }

    pub(super) fn remaining(&self) -> u64 {
        self.lines.iter().map(|line| line.remaining).sum()
    }

    pub(super) fn gid(&self) -> String {
        format!("gid://shopify/FulfillmentOrder/{}", self.id)
    }
}

/// Gives out the ids of one shop. They are beyond 2^53 too.
#[derive(Debug, Clone)]
pub(super) struct Ids(u64);

impl Default for Ids {
    fn default() -> Self {
        Self(731_000_000_000_000_000)
    }
}

impl Ids {
    pub(super) fn take(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// How a line is delivered when nobody says otherwise.
fn usual(line: &Value) -> (&'static str, Location) {
    if truth(&line["gift_card"], false) {
        ("NONE", Location::gift_cards())
    } else if truth(&line["requires_shipping"], true) {
        ("SHIPPING", Location::default())
    } else {
        ("NONE", Location::default())
    }
}

/// Units of a line that the order still has, and those of them that are left to fulfil.
fn units(order: &Value, line: &Value) -> (u64, u64) {
    let current = line["current_quantity"].as_u64().or_else(|| line["quantity"].as_u64()).unwrap_or(0);
    let left = line["fulfillable_quantity"].as_u64().unwrap_or(current);
    let over = order["fulfillment_status"] == "fulfilled" || !order["cancelled_at"].is_null();
    (current.max(left), if over { 0 } else { left })
}

/// Makes the parts say of every line what the order says: as many units, as many left.
pub(super) fn follow(order: &Value, parts: &mut Vec<Part>, ids: &mut Ids) {
    for part in parts.iter_mut() {
        part.lines.retain(|held| entries(&order["line_items"]).iter().any(|line| line["id"] == held.line));
    }
    for line in entries(&order["line_items"]) {
        let Some(id) = line["id"].as_u64() else { continue };
        let (total, left) = units(order, line);
        shrink(parts, id, total, left);
        grow(parts, line, id, (total, left), ids);
    }
    for part in parts.iter_mut() {
        part.lines.retain(|line| line.total > 0);
        settle(order, part);
    }
}

/// Takes away what the order no longer has, from the last part backwards.
fn shrink(parts: &mut [Part], line: u64, total: u64, left: u64) {
    let mut excess = sum(parts, line, |held| held.remaining).saturating_sub(left);
    for held in of_line(parts, line).rev() {
        let taken = excess.min(held.remaining);
        held.remaining -= taken;
        excess -= taken;
    }
    let mut excess = sum(parts, line, |held| held.total).saturating_sub(total);
    for held in of_line(parts, line).rev() {
        let taken = excess.min(held.total - held.remaining);
        held.total -= taken;
        excess -= taken;
    }
}

/// Adds what the order has more of: to a part of the usual kind, one that has the line first, or to a new one.
fn grow(parts: &mut Vec<Part>, line: &Value, id: u64, (total, left): (u64, u64), ids: &mut Ids) {
    let more_left = left.saturating_sub(sum(parts, id, |held| held.remaining));
    let more = total.saturating_sub(sum(parts, id, |held| held.total)).max(more_left);
    let more_total = more.min(total.saturating_sub(sum(parts, id, |held| held.total)));
    if more_left == 0 && more_total == 0 {
        return;
    }
    let (delivery, location) = usual(line);
    let usual =
        |part: &Part| part.status.takes() && part.delivery == delivery && part.location.keeper == location.keeper;
    let known = |part: &Part| usual(part) && part.lines.iter().any(|held| held.line == id);
    let alike = |part: &Part| usual(part) && part.location == location;
    let index = parts.iter().position(known).or_else(|| parts.iter().position(alike)).unwrap_or_else(|| {
        parts.push(Part::of(ids.take(), location.clone(), delivery, Vec::new()));
        parts.len() - 1
    });
    let lines = &mut parts[index].lines;
    let held = lines.iter().position(|held| held.line == id).unwrap_or_else(|| {
        lines.push(PartLine { id: ids.take(), line: id, total: 0, remaining: 0 });
        lines.len() - 1
    });
    lines[held].remaining += more_left;
    lines[held].total = (lines[held].total + more_total).max(lines[held].remaining);
}

fn settle(order: &Value, part: &mut Part) {
    let said = match order["fulfillment_status"].as_str() {
        Some("on_hold") => Some(Status::OnHold),
        Some("scheduled") => Some(Status::Scheduled),
        Some("in_progress") => Some(Status::InProgress),
        _ => None,
    };
    part.status = match part.status {
        _ if !order["cancelled_at"].is_null() && part.status != Status::Closed => Status::Cancelled,
        Status::Cancelled | Status::Incomplete => part.status,
        _ if part.remaining() == 0 => Status::Closed,
        Status::Closed => Status::Open,
        Status::Open => said.unwrap_or(Status::Open),
        Status::InProgress | Status::OnHold | Status::Scheduled => part.status,
    };
}

fn of_line(parts: &mut [Part], line: u64) -> impl DoubleEndedIterator<Item = &mut PartLine> {
    parts.iter_mut().flat_map(|part| part.lines.iter_mut()).filter(move |held| held.line == line)
}

fn sum(parts: &[Part], line: u64, of: impl Fn(&PartLine) -> u64) -> u64 {
    parts.iter().flat_map(|part| &part.lines).filter(|held| held.line == line).map(of).sum()
}
