//! What others had fulfilled before the warehouse got the order: it never goes there.
//!
//! | the warehouse | what is left out |
//! |---|---|
//! | has it from us | what was left out then: what is fulfilled since may be its own work |
//! | has it or not, and nothing is known of an earlier write | what the shop says is fulfilled |
//! | has shipped or cancelled it, and nothing is known of an earlier write | nothing |
//!
//! It is remembered beside the hashes of what was written.

use std::collections::BTreeMap;

use ::lane::outcome::Reach;
use serde_json::Value;

use super::Attempt;
use super::compose::compose;
use super::find::{Standing, standing};
use super::judge::Question;
use super::merge::Written;
use crate::providers::shopify::order::{Line, Order};

/// Under which names it is remembered.
const PREFIX: &str = "fulfilled before/";

/// Units per line id.
pub(super) type Before = BTreeMap<String, u32>;

/// Whether anything is left that the warehouse could ship.
pub(super) fn anything_left(order: &Order) -> bool {
    order.shipped_lines().any(|line| line.unfulfilled_quantity > 0)
}

/// What was left out when the order was written; nothing is known without a trace of a write.
pub(super) fn remembered(reach: &Reach) -> Option<Before> {
    match reach {
        Reach::There(copy) if !copy.written.is_empty() => {
            let units =
                |(name, units): (&String, &String)| Some((name.strip_prefix(PREFIX)?.into(), units.parse().ok()?));
            Some(copy.written.iter().filter_map(units).collect())
        }
        Reach::There(_) | Reach::Untouched | Reach::Unresolved => None,
    }
}

/// What was written, with what was left out.
pub(super) fn with(mut written: Written, before: &Before) -> Written {
    written.extend(before.iter().map(|(line, units)| (format!("{PREFIX}{line}"), units.to_string())));
    written
}

/// Only what was written.
pub(super) fn without(mut written: Written) -> Written {
    written.retain(|name, _| !name.starts_with(PREFIX));
    written
}

impl Attempt<'_> {
    /// The order for the warehouse, which has `theirs` of it.
    pub(super) fn ours(&mut self, order: &Order, theirs: Option<&Value>) -> Result<Value, Question> {
        let may_be_new = theirs.is_none_or(|theirs| standing(theirs) == Standing::Open);
        self.before = match remembered(&self.reach) {
            Some(before) => before,
            None if may_be_new && anything_left(order) => of(order),
            None => Before::new(),
        };
        compose(&self.shop.id, &less(order, &self.before), self.pacific)
    }
}

fn of(order: &Order) -> Before {
    let fulfilled = |line: &Line| line.current_quantity.saturating_sub(line.unfulfilled_quantity);
    let units = order.shipped_lines().map(|line| (line.id.clone(), fulfilled(line)));
    units.filter(|(_, units)| *units > 0).collect()
}

fn less(order: &Order, before: &Before) -> Order {
    let mut order = order.clone();
    for line in &mut order.lines {
        let units = before.get(&line.id).copied().unwrap_or_default();
        line.current_quantity = line.current_quantity.saturating_sub(units);
    }
    order
}
