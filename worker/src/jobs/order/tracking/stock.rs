//! What of an order the shop can still be told of, and which of it a parcel is.
//!
//! Nothing makes the telling happen only once, so before a parcel is told of, the shop's fulfilments are looked through:
//!
//! | the parcel | the shop was told of it already, if |
//! |---|---|
//! | has a tracking number | a fulfilment bears the number that no other parcel brought |
//! | has none | exactly its units are fulfilled beyond those that are accounted for |
//! | either | nothing of its lines is left to fulfil: somebody did it by hand |
//!
//! What does not add up is for a person.

use std::collections::{BTreeMap, BTreeSet};

use ::lane::carriage::Share;

use super::super::fulfilled::Before;
use super::super::load::is_ours;
use crate::providers::shopify::order::{Fulfilment, Order, PartStatus};

/// Units per line id.
pub(super) type Units = BTreeMap<String, u32>;

/// One fulfilment: parts of one location, each with its lines ([`PartLine::id`](crate::providers::shopify::order::PartLine))
/// and how many units of each.
pub(super) type Portion = Vec<(String, Lines)>;

/// A part's lines with the units of each.
type Lines = Vec<(String, u32)>;

/// What is to be done about a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The shop knows of it by these fulfilments.
    Known(Vec<String>),
    /// Nothing of it is left to fulfil, and no fulfilment bears its number.
    ByHand,
    /// The shop is to be told, location by location.
    Tell(Vec<Portion>),
    /// It does not add up, for this reason.
    Doubt(String),
}

/// Units of a part that can be fulfilled now.
#[derive(Debug, Clone)]
struct Open {
    location: String,
    part: String,
    /// The part's line.
    id: String,
    line: String,
    units: u32,
}

/// What of an order is left to tell.
#[derive(Debug, Default)]
pub(super) struct Stock {
    open: Vec<Open>,
    /// Units that anybody could still fulfil, wherever they are.
    left: Units,
    /// Units of ours that anybody has fulfilled.
    fulfilled: Units,
    /// Of these, the units whose story is known.
    accounted: Units,
    /// Per line of ours the locations that it is at.
    places: BTreeMap<String, BTreeSet<String>>,
    /// Tracking numbers and ids of fulfilments that no parcel brought yet.
    unclaimed: Vec<(String, Vec<String>)>,
}

impl Stock {
    /// The stock of an order of which others had fulfilled `before`, when these fulfilments are known to be ours.
    pub(super) fn of(order: &Order, share: &Share, before: &Before, claimed: &BTreeSet<&str>) -> Self {
        let mut stock = Self { accounted: before.clone(), ..Self::default() };
        let ships = order.lines.iter().filter(|line| line.requires_shipping && !line.gift_card);
        stock.left = ships.map(|line| (line.id.clone(), line.unfulfilled_quantity)).collect();
        for part in order.parts.iter().filter(|part| is_ours(part, share)) {
            let location = part.location_id.as_ref().unwrap_or(&part.location);
            let open = matches!(part.status, PartStatus::Open | PartStatus::InProgress);
            for line in part.lines.iter().filter(|line| stock.left.contains_key(&line.line)) {
                *stock.fulfilled.entry(line.line.clone()).or_default() += line.total.saturating_sub(line.remaining);
                stock.places.entry(line.line.clone()).or_default().insert(location.clone());
                if open && line.remaining > 0 {
                    stock.open.push(Open {
                        location: location.clone(),
                        part: part.id.clone(),
                        id: line.id.clone(),
                        line: line.line.clone(),
                        units: line.remaining,
                    });
                }
            }
        }
        let unclaimed = |known: &&Fulfilment| !known.cancelled && !claimed.contains(known.id.as_str());
        let unclaimed = order.fulfilments.iter().filter(unclaimed);
        stock.unclaimed = unclaimed.map(|known| (known.id.clone(), known.tracking_numbers.clone())).collect();
        stock
    }

    /// Whether the order has this line, as something that is shipped.
    pub(super) fn has(&self, line: &str) -> bool {
        self.left.contains_key(line)
    }

    /// Whether nothing can be fulfilled now.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What can be fulfilled now.
    pub(super) fn rest(&self) -> Units {
        let mut rest = Units::new();
        for open in &self.open {
            *rest.entry(open.line.clone()).or_default() += open.units;
        }
        rest
    }

    /// The shop was told of these units: they are fulfilled and accounted for.
    pub(super) fn account_for(&mut self, units: &Units) {
        for (line, count) in units {
            *self.accounted.entry(line.clone()).or_default() += count;
        }
    }

    /// What to do about a parcel.
    pub(super) fn step(&self, units: &Units, tracking: Option<&str>) -> Step {
        let bears = |numbers: &[String]| tracking.is_some_and(|number| numbers.iter().any(|known| known == number));
        let known: Vec<String> =
            self.unclaimed.iter().filter(|(_, numbers)| bears(numbers)).map(|(id, _)| id.clone()).collect();
        let places: BTreeSet<&String> = units.keys().filter_map(|line| self.places.get(line)).flatten().collect();
        if !known.is_empty() && places.len() <= 1 {
            return Step::Known(known);
        }
        let mut wanted = Units::new();
        for (line, count) in units {
            match self.untold(line, *count, tracking.is_some(), !known.is_empty()) {
                Ok(0) => {}
                Ok(untold) => drop(wanted.insert(line.clone(), untold)),
                Err(why) => return Step::Doubt(why),
            }
        }
        match (wanted.is_empty(), known.is_empty()) {
            (true, true) => Step::ByHand,
            (true, false) => Step::Known(known),
            (false, _) => Step::Tell(self.portions(wanted)),
        }
    }

    /// Units of a line in a parcel of `count` that the shop is to be told of. `named` if the parcel has a tracking number,
    /// `begun` if a fulfilment bears it: then the shop was told of some of the parcel's locations.
    fn untold(&self, line: &str, count: u32, named: bool, begun: bool) -> Result<u32, String> {
        let of = |units: &Units| units.get(line).copied().unwrap_or_default();
        let (fulfilled, accounted, left) = (of(&self.fulfilled), of(&self.accounted), of(&self.left));
        let open: u32 = self.open.iter().filter(|open| open.line == line).map(|open| open.units).sum();
        if left == 0 {
            return Ok(0);
        }
        let beyond = fulfilled.saturating_sub(accounted);
        let untold = match (named, begun) {
            (true, false) => count,
            (true, true) => count.saturating_sub(beyond),
            (false, _) if fulfilled == accounted => count,
            (false, _) if fulfilled == accounted + count => 0,
            (false, _) => {
                return Err(format!(
                    "{count} units of line {line} left without a tracking number; the shop counts {fulfilled} as \
                     fulfilled and {accounted} are known from other parcels, so nobody can tell whether it knows"
                ));
            }
        };
        if untold > open {
            return Err(format!(
                "{count} units of line {line} left, and the shop lets {open} of it be fulfilled here now ({left} at all)"
            ));
        }
        Ok(untold)
    }

    /// Takes units from what is open, one portion per location.
    fn portions(&self, mut wanted: Units) -> Vec<Portion> {
        let mut by_location: BTreeMap<&str, BTreeMap<&str, Lines>> = BTreeMap::new();
        for open in &self.open {
            let Some(count) = wanted.get_mut(&open.line) else { continue };
            let taken = open.units.min(*count);
            *count -= taken;
            if taken > 0 {
                let parts = by_location.entry(&open.location).or_default();
                parts.entry(&open.part).or_default().push((open.id.clone(), taken));
            }
        }
        let portions = by_location.into_values();
        portions.map(|parts| parts.into_iter().map(|(part, lines)| (part.to_owned(), lines)).collect()).collect()
    }

    /// A portion was told: it can be told no more, and is accounted for.
    pub(super) fn take(&mut self, portion: &Portion) {
        for (id, count) in portion.iter().flat_map(|(_, lines)| lines) {
            let Some(open) = self.open.iter_mut().find(|open| open.id == *id) else { continue };
            open.units = open.units.saturating_sub(*count);
            for units in [&mut self.fulfilled, &mut self.accounted] {
                *units.entry(open.line.clone()).or_default() += count;
            }
            if let Some(left) = self.left.get_mut(&open.line) {
                *left = left.saturating_sub(*count);
            }
        }
        self.open.retain(|open| open.units > 0);
    }

    /// These fulfilments belong to a parcel now.
    pub(super) fn claim(&mut self, fulfilments: &[String]) {
        self.unclaimed.retain(|(id, _)| !fulfilments.contains(id));
    }
}

/// How many units a portion holds.
pub(super) fn units_of(portion: &Portion) -> u32 {
    portion.iter().flat_map(|(_, lines)| lines).map(|(_, units)| units).sum()
}

#[cfg(test)]
mod tests {
    use super::super::super::compose::tests::{order, part};
    use super::*;

    const GID: &str = "gid://shopify/Fulfillment/9";

    fn fulfilment(number: &str) -> Fulfilment {
        let tracking_numbers = [number].into_iter().filter(|number| !number.is_empty()).map(str::to_owned).collect();
        Fulfilment { id: GID.into(), cancelled: false, tracking_numbers }
    }

    fn units(lines: &[(&str, u32)]) -> Units {
        lines.iter().map(|(line, count)| ((*line).to_owned(), *count)).collect()
    }

    fn stock(order: &Order) -> Stock {
        Stock::of(order, &Share::default(), &Before::new(), &BTreeSet::new())
    }

    /// Line 1 with two units of which so many are left, line 2 with one.
    fn with_left(left: u32) -> Order {
        let mut order = order();
        order.parts = vec![part("1", &[("1", 2, left), ("2", 1, 1)])];
        order.lines[0].unfulfilled_quantity = left;
        order
    }

    fn told(step: Step) -> Vec<u32> {
        let Step::Tell(portions) = step else { panic!("{step:?}") };
        portions.iter().map(units_of).collect()
    }

    #[test]
    fn a_parcel_takes_its_units_and_no_others() {
        let order = with_left(2);
        let mut stock = stock(&order);
        let Step::Tell(portions) = stock.step(&units(&[("1", 1)]), Some("1Z")) else { panic!() };
        assert_eq!(portions, [vec![(order.parts[0].id.clone(), vec![(order.parts[0].lines[0].id.clone(), 1)])]]);
        stock.take(&portions[0]);
        assert_eq!(stock.rest(), units(&[("1", 1), ("2", 1)]));
        assert_eq!(told(stock.step(&stock.rest(), None)), [2]);
    }

    #[test]
    fn a_number_that_the_shop_has_is_never_told_again_and_another_parcel_with_it_is() {
        let mut order = with_left(1);
        order.fulfilments = vec![fulfilment("1Z")];
        let parcel = units(&[("1", 1)]);
        assert_eq!(stock(&order).step(&parcel, Some("1Z")), Step::Known(vec![GID.into()]));
        let claimed = BTreeSet::from([GID]);
        let second = Stock::of(&order, &Share::default(), &Before::new(), &claimed).step(&parcel, Some("1Z"));
        assert_eq!(told(second), [1]);
        order.fulfilments[0].cancelled = true;
        assert_eq!(told(stock(&order).step(&parcel, Some("1Z"))), [1], "a cancelled one does not count");
    }

    #[test]
    fn without_a_number_the_units_decide_or_nobody() {
        let parcel = units(&[("1", 1)]);
        assert_eq!(told(stock(&with_left(2)).step(&parcel, None)), [1]);
        assert_eq!(stock(&with_left(1)).step(&parcel, None), Step::ByHand, "exactly its units are fulfilled");
        let mut accounted = stock(&with_left(1));
        accounted.account_for(&parcel);
        assert_eq!(told(accounted.step(&parcel, None)), [1], "these were another parcel's");
        let mut unclear = with_left(1);
        unclear.parts[0].lines[0].total = 4;
        assert!(matches!(stock(&unclear).step(&parcel, None), Step::Doubt(_)));
    }

    #[test]
    fn what_somebody_fulfilled_by_hand_is_not_told_and_what_is_missing_is_asked_about() {
        assert_eq!(stock(&with_left(0)).step(&units(&[("1", 2)]), Some("1Z")), Step::ByHand);
        let doubt = stock(&with_left(1)).step(&units(&[("1", 2)]), Some("1Z"));
        assert!(matches!(doubt, Step::Doubt(why) if why.contains("lets 1 of it")));
        let mut held = with_left(2);
        held.parts[0].status = PartStatus::OnHold;
        assert!(matches!(stock(&held).step(&units(&[("1", 2)]), Some("1Z")), Step::Doubt(_)));
    }

    #[test]
    fn a_parcel_from_two_locations_is_told_once_for_each_and_goes_on_where_it_stopped() {
        let mut order = order();
        let mut second = part("2", &[("2", 1, 1)]);
        (second.location, second.location_id) = ("Lisbon".into(), Some("77".into()));
        order.parts = vec![part("1", &[("1", 2, 2)]), second];
        let parcel = units(&[("1", 2), ("2", 1)]);
        let mut counts = told(stock(&order).step(&parcel, Some("1Z")));
        counts.sort_unstable();
        assert_eq!(counts, [1, 2]);
        // The first was told, the answer to the second never came.
        order.parts[0].lines[0].remaining = 0;
        order.lines[0].unfulfilled_quantity = 0;
        order.fulfilments = vec![fulfilment("1Z")];
        assert_eq!(told(stock(&order).step(&parcel, Some("1Z"))), [1]);
        order.parts[1].lines[0].remaining = 0;
        order.lines[1].unfulfilled_quantity = 0;
        assert_eq!(stock(&order).step(&parcel, Some("1Z")), Step::Known(vec![GID.into()]));
    }
}
