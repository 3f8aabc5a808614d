//! Orders that the warehouse imports from the shop by itself: which one there is this order.
//!
//! It is looked for in the shop's store only, under exactly its number, with `#` and without. No page of `ShipStation`'s says
//! what key an imported order has. If one bears the platform's order id, it is this one; any other key says nothing. Two
//! that cannot be told apart, and one that was split or merged there, are for a person.
//!
//! An order goes on as it began: one that we made stays ours when its shop changes to `correct`, one that was found
//! imported is never made a second time when its shop changes to `create`. Only an order of whose write nothing is known
//! (its worker died) follows the shop's setting of the day.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::lane::carriage::Mode;
use ::lane::hold::Fact;
use ::lane::id::ShopId;
use ::lane::job::Job;
use ::lane::outcome::Reach;
use ::lane::shop::Shop;
use serde_json::Value;

use super::Attempt;
use super::compose::order_number;
use super::field::{GOODS, STATUS, hash, shown};
use super::find::is_divided;
use super::merge::Written;
use crate::providers::error::CallError;

/// Under which name it is remembered that the order was imported, with hashes of the customs items that we replaced.
pub(super) const IMPORTED: &str = "imported";
/// Under which name it is remembered from which status we put it on hold.
pub(super) const HELD_FROM: &str = "held from";

/// In which form each shop's store tells the numbers of orders, as far as this process has seen it: with `#` or without.
/// One that is known is asked for first.
#[derive(Default)]
pub(super) struct Forms(Mutex<BTreeMap<ShopId, bool>>);

impl Forms {
    /// The numbers under which an order of this shop may be there, the likeliest first, and whether that one is known.
    fn of(&self, shop: &ShopId, name: &str) -> (Vec<String>, bool) {
        let (number, plain) = (order_number(name), order_number(name.trim_start_matches('#')));
        if plain == number || plain.is_empty() {
            return (vec![number], true);
        }
        match self.known().get(shop) {
            Some(true) => (vec![number, plain], true),
            Some(false) => (vec![plain, number], true),
            None => (vec![number, plain], false),
        }
    }

    fn learn(&self, shop: &ShopId, number: &str) {
        self.known().insert(shop.clone(), number.starts_with('#'));
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<ShopId, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is there of an order that the warehouse imports.
pub(super) enum Imported {
    This(Value),
    /// Not yet, or not any more.
    Nothing,
    /// Nobody can tell which it is, for these reasons.
    Unclear(Vec<Fact>),
}

/// What may be there before anything was looked at. What the warehouse imports by itself may be there at any time, and
/// would ship although a person refused it.
pub(super) fn reach_of(shop: &Shop, job: &Job) -> Reach {
    match shop.carriage.mode {
        Mode::Create => job.reach.clone(),
        Mode::Correct => job.reach.clone().or_unresolved(),
    }
}

/// The status of an order that we did not put on hold.
pub(super) fn not_our_hold() -> String {
    hash("the warehouse's own")
}

impl Attempt<'_> {
    /// Who makes this order at the warehouse.
    pub(super) fn mode(&self) -> Mode {
        match &self.reach {
            Reach::There(copy) if copy.written.contains_key(IMPORTED) => Mode::Correct,
            Reach::There(copy) if copy.written.contains_key("orderNumber") => Mode::Create,
            Reach::There(_) | Reach::Untouched | Reach::Unresolved => self.shop.carriage.mode,
        }
    }

    /// Whether nothing of it was written. An imported order that was never seen there was not.
    pub(super) fn is_untouched(&self) -> bool {
        match &self.reach {
            Reach::Untouched => true,
            Reach::Unresolved => self.mode() == Mode::Correct,
            Reach::There(_) => false,
        }
    }

    /// Finds the imported order.
    pub(super) async fn imported(&mut self, name: &str) -> Result<Imported, CallError> {
        let known = match &self.reach {
            Reach::There(copy) => self.warehouse().await?.get(&copy.order_id).await?,
            Reach::Untouched | Reach::Unresolved => None,
        };
        let found = match known {
            Some(order) => Imported::This(order),
            None => match self.glanced.take() {
                Some(found) => found,
                None => self.searched(&self.forms.of(&self.shop.id, name).0).await?,
            },
        };
        let found = match found {
            Imported::This(order) if is_divided(&order) => {
                Imported::Unclear(vec![at(&order, "it was split there, or merged with another order")])
            }
            Imported::This(order) => {
                self.seen_there(&order);
                Imported::This(order)
            }
            Imported::Nothing => Imported::Nothing,
            Imported::Unclear(why) => Imported::Unclear(why),
        };
        Ok(found)
    }

    /// Whether it is there by now, as cheaply as that can be told.
    pub(super) async fn glance(&self) -> Result<Imported, CallError> {
        let (forms, known) = self.forms.of(&self.shop.id, &self.job.number);
        self.searched(if known { &forms[..1] } else { &forms }).await
    }

    /// Searches it under these numbers, one after the other.
    async fn searched(&self, numbers: &[String]) -> Result<Imported, CallError> {
        let Some(store) = self.shop.carriage.store else {
            let words = "the shop's settings name no store that imports its orders";
            return Ok(Imported::Unclear(vec![Fact::new("store", words)]));
        };
        for number in numbers {
            let found = self.warehouse().await?.in_store(store, number).await?;
            if !found.is_empty() {
                self.forms.learn(&self.shop.id, number);
                return Ok(choose(found, self.job.id.as_str()));
            }
        }
        Ok(Imported::Nothing)
    }

    fn seen_there(&mut self, theirs: &Value) {
        self.saw(theirs);
        let order_id = shown(&theirs["orderId"]);
        if self.reach == Reach::Untouched || self.reach == Reach::Unresolved {
            self.before = self.others_work(Some(theirs));
        }
        let written = match &self.reach {
            Reach::There(copy) if copy.order_id == order_id => {
                let mut written = self.written();
                written.entry(IMPORTED.to_owned()).or_default();
                written
            }
            Reach::There(_) | Reach::Untouched | Reach::Unresolved => Written::from([
                (IMPORTED.to_owned(), hash(&GOODS.normal(GOODS.of(theirs)))),
                (STATUS.to_owned(), not_our_hold()),
            ]),
        };
        self.there(&order_id, written);
    }
}

/// Which of the orders with its number it is.
fn choose(mut found: Vec<Value>, id: &str) -> Imported {
    let exact: Vec<usize> = (0..found.len()).filter(|&nth| found[nth]["orderKey"] == id).collect();
    match (exact.as_slice(), found.len()) {
        (_, 0) => Imported::Nothing,
        ([nth], _) => Imported::This(found.swap_remove(*nth)),
        (_, 1) => Imported::This(found.swap_remove(0)),
        _ => Imported::Unclear(found.iter().map(|order| at(order, "one of several with this number")).collect()),
    }
}

fn at(order: &Value, words: &str) -> Fact {
    Fact::new("at the warehouse", format!("order {} ({}): {words}", shown(&order["orderId"]), shown(&order[STATUS])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(keys: &[&str]) -> Option<u64> {
        let orders = keys.iter().enumerate().map(|(nth, key)| json!({"orderId": nth, "orderKey": key}));
        match choose(orders.collect(), "17") {
            Imported::This(order) => order["orderId"].as_u64(),
            Imported::Nothing => None,
            Imported::Unclear(why) => {
                assert_eq!(why.len(), keys.len());
                Some(99)
            }
        }
    }

    #[test]
    fn the_platforms_id_as_key_decides_and_other_keys_say_nothing() {
        for (keys, expected) in [
            (vec![], None),
            (vec!["x"], Some(0)),
            (vec!["17"], Some(0)),
            (vec!["x", "17"], Some(1)),
            (vec!["x", "y"], Some(99)),
            (vec!["17", "17"], Some(99)),
        ] {
            assert_eq!(chosen(&keys), expected, "{keys:?}");
        }
    }
}
