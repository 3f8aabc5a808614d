//! What others had fulfilled before the warehouse got the order: it never goes there.
//!
//! | the warehouse | what is left out |
//! |---|---|
//! | has it from us | what was left out then: what is fulfilled since may be its own work |
//! | has it or not, and nothing is known of an earlier write | what the shop says is fulfilled |
//! | has shipped or cancelled it, and nothing is known of an earlier write | nothing |
//!
//! It is remembered beside the hashes of what was written, and stays known when those are not: what the shop was told to
//! be fulfilled meanwhile is the warehouse's own work.

use std::collections::BTreeMap;

use ::lane::outcome::{ABOUT_THE_SHOP as PREFIX, Reach};
use serde_json::Value;

use super::Attempt;
use super::compose::compose;
use super::customs::{Border, Declaration, border, declare};
use super::find::{Standing, standing};
use super::judge::Question;
use super::merge::Written;
use crate::providers::shopify::order::Order;

/// Units per line id.
pub(super) type Before = BTreeMap<String, u32>;

/// What was left out when the order was written; nothing is known without a trace of a write.
pub(super) fn remembered(reach: &Reach) -> Option<Before> {
    match reach {
        Reach::There(copy) if !copy.written.is_empty() => {
            let units =
                |(name, units): (&String, &String)| Some((name.strip_prefix(PREFIX)?.into(), units.parse().ok()?));
            let lines = copy.written.iter().filter(|(name, _)| *name != PREFIX);
            Some(lines.filter_map(units).collect())
        }
        Reach::There(_) | Reach::Untouched | Reach::Unresolved => None,
    }
}

/// What was written, with what was left out. That nothing was is known, too, from the first write on.
pub(super) fn with(mut written: Written, before: &Before, known: bool) -> Written {
    if known || !written.is_empty() {
        written.insert(PREFIX.to_owned(), String::new());
    }
    written.extend(before.iter().map(|(line, units)| (format!("{PREFIX}{line}"), units.to_string())));
    written
}

/// Only what was written.
pub(super) fn without(mut written: Written) -> Written {
    written.retain(|name, _| !name.starts_with(PREFIX));
    written
}

impl Attempt<'_> {
    /// What others had fulfilled before the warehouse got the order, which has `theirs` of it.
    pub(super) fn others_work(&self, theirs: Option<&Value>) -> Before {
        let may_be_new = theirs.is_none_or(|theirs| standing(theirs) == Standing::Open);
        match remembered(&self.reach) {
            Some(before) => before,
            None if may_be_new && self.load.anything_left() => self.load.fulfilled(),
            None => Before::new(),
        }
    }

    /// The order for the warehouse, which has `theirs` of it.
    pub(super) fn ours(&mut self, order: &Order, theirs: Option<&Value>) -> Result<Value, Question> {
        self.before = self.others_work(theirs);
        let shipped = self.load.shipped(order, &self.before);
        let declaration = self.declared(order, &self.before)?;
        compose(self.shop, order, &shipped, declaration.as_ref(), self.pacific)
    }

    /// What customs is told of what is left without what others had fulfilled `before`; nothing if it crosses no border.
    pub(super) fn declared(&self, order: &Order, before: &Before) -> Result<Option<Declaration>, Question> {
        let to = order.ship_to.as_ref().and_then(|address| address.country.as_deref());
        match border(self.load.from(before), to) {
            Border::Stays | Border::Unknown => Ok(None),
            Border::Crosses => declare(order, &self.load.shipped(order, before), &self.shop.carriage.customs).map(Some),
        }
    }
}
