//! What of an order is this warehouse's: the parts that its locations ship and that are ready.
//!
//! | part | its units |
//! |---|---|
//! | open, in progress, at one of our locations | ours |
//! | closed or incomplete, at one of our locations | what was fulfilled of it |
//! | on hold or scheduled | left until the shop makes it ready, or a person's question |
//! | elsewhere, another company's, picked up | left to them, or a person's question |
//!
//! The rules are the shop's (`carriage.share`). What is left later comes back by itself: the platform says when a hold ends,
//! and until then the job is looked at now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::lane::carriage::{NotOurs, Share};
use ::lane::clock::{Timestamp, after};

use super::customs::Shipped;
use super::fulfilled::Before;
use crate::providers::shopify::order::{Delivery, Order, Part, PartLine, PartRequest, PartStatus};

/// How long an order of which everything waits for the shop is left alone. A webhook about it wakes it at once; this is
/// for the webhook that never came.
const LOOK_AGAIN: Duration = Duration::from_hours(6);

/// What of an order is this warehouse's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Load {
    /// By line id.
    units: BTreeMap<String, Units>,
    /// The same, by the country they leave from.
    places: BTreeMap<String, BTreeMap<String, Units>>,
    /// Parts that a person must decide about, in words that change only when the part does.
    pub(super) asks: Vec<String>,
    /// Why something is left until the shop makes it ready, and when that will be, if it is known.
    later: Option<(String, Option<Timestamp>)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Units {
    /// Fulfilled or not.
    whole: u32,
    fulfilled: u32,
}

/// Whose a part is.
enum Whose {
    Ours,
    /// Ours, once the shop makes it ready.
    Later(String),
    /// Nobody of ours ever ships it.
    Others(String),
}

impl Load {
    /// Sorts an order's parts by the shop's rules.
    pub(super) fn of(order: &Order, share: &Share) -> Self {
        let ships: BTreeSet<&str> = order
            .lines
            .iter()
            .filter(|line| line.requires_shipping && !line.gift_card)
            .map(|line| line.id.as_str())
            .collect();
        let mut load = Self::default();
        for part in &order.parts {
            let lines: Vec<&PartLine> = part.lines.iter().filter(|line| ships.contains(line.line.as_str())).collect();
            load.take(part, &lines, share);
        }
        load
    }

    fn take(&mut self, part: &Part, lines: &[&PartLine], share: &Share) {
        let left = lines.iter().any(|line| line.remaining > 0);
        let whose = whose(part, share);
        let ready = match &whose {
            Whose::Ours => true,
            Whose::Later(why) => {
                if left {
                    self.leave(part, why, rule_of(part, share));
                }
                false
            }
            Whose::Others(why) => {
                if left && rule_of(part, share) == NotOurs::Hold {
                    self.asks.push(format!("{}: {why}", part.location));
                }
                return;
            }
        };
        for line in lines {
            let fulfilled = line.total.saturating_sub(line.remaining);
            let open = ready && matches!(part.status, PartStatus::Open | PartStatus::InProgress);
            let ours = if open { line.total } else { fulfilled };
            let here = self.places.entry(part.country.clone()).or_default();
            for units in [&mut self.units, here].map(|units| units.entry(line.line.clone()).or_default()) {
                units.whole += ours;
                units.fulfilled += fulfilled;
            }
        }
    }

    fn leave(&mut self, part: &Part, why: &str, rule: NotOurs) {
        match rule {
            NotOurs::Hold => self.asks.push(format!("{}: {why}", part.location)),
            NotOurs::Leave => {}
        }
        let sooner = match &self.later {
            Some((_, known)) => part.from.is_some_and(|at| known.is_none_or(|known| at < known)),
            None => true,
        };
        if sooner {
            self.later = Some((why.to_owned(), part.from));
        }
    }

    /// Whether the warehouse has anything to ship that nobody has.
    pub(super) fn anything_left(&self) -> bool {
        self.units.values().any(|units| units.whole > units.fulfilled)
    }

    /// The lines of which anything is ours, fulfilled or not.
    pub(super) fn lines(&self) -> BTreeSet<&str> {
        let ours = self.units.iter().filter(|(_, units)| units.whole > 0);
        ours.map(|(line, _)| line.as_str()).collect()
    }

    /// The countries it leaves from. A place from which others had fulfilled all of it `before` is none of them, nor is one
    /// where nothing of it is left. Of a line that was fulfilled by others and by us nobody knows who did which part.
    pub(super) fn from(&self, before: &Before) -> BTreeSet<&str> {
        let leaves = |(line, here): (&String, &Units)| {
            let fulfilled = self.units.get(line).map_or(0, |units| units.fulfilled);
            let others = before.get(line).copied().unwrap_or_default();
            here.whole > here.fulfilled || (here.fulfilled > 0 && fulfilled > others)
        };
        let places = self.places.iter().filter(|(_, lines)| lines.iter().any(leaves));
        places.map(|(country, _)| country.as_str()).collect()
    }

    /// Units per line that were fulfilled.
    pub(super) fn fulfilled(&self) -> Before {
        let fulfilled = self.units.iter().map(|(line, units)| (line.clone(), units.fulfilled));
        fulfilled.filter(|(_, units)| *units > 0).collect()
    }

    /// The units of the warehouse's order, line by line as the order has them, without those that others had fulfilled
    /// before.
    pub(super) fn shipped<'o>(&self, order: &'o Order, before: &Before) -> Vec<Shipped<'o>> {
        let lines = order.lines.iter().filter_map(|line| {
            let whole = self.units.get(&line.id)?.whole;
            let first = before.get(&line.id).copied().unwrap_or_default();
            (whole > first).then_some(Shipped { line: &line.id, units: first..whole })
        });
        lines.collect()
    }

    /// If something is left until the shop makes it ready: until when to wait with an order that has nothing else, and
    /// why.
    pub(super) fn later(&self, now: Timestamp) -> Option<(Timestamp, String)> {
        let (why, at) = self.later.as_ref()?;
        let look = after(now, LOOK_AGAIN);
        // A time that has passed without the shop's doing is no reason to look all the time.
        let until = at.filter(|at| *at > now).map_or(look, |at| at.min(look));
        Some((until, why.clone()))
    }
}

fn whose(part: &Part, share: &Share) -> Whose {
    let others = |why: &str| Whose::Others(why.to_owned());
    if part.third_party || part.request == PartRequest::WithTheService {
        return others("another company's service fulfils it");
    }
    match part.delivery {
        Delivery::Shipping | Delivery::PickupPoint | Delivery::Unknown => {}
        Delivery::PickUp | Delivery::Retail => return others("the buyer picks it up"),
        Delivery::Local => return others("it is delivered locally"),
        Delivery::None => return others("nothing of it is delivered"),
    }
    if !is_served(part, share) {
        return others("this warehouse does not serve the location");
    }
    match part.status {
        // Of what is over only what was fulfilled counts.
        PartStatus::Open
        | PartStatus::InProgress
        | PartStatus::Incomplete
        | PartStatus::Closed
        | PartStatus::Cancelled => Whose::Ours,
        PartStatus::OnHold => Whose::Later(match part.holds.first() {
            Some(reason) => format!("on hold at the shop ({reason})"),
            None => "on hold at the shop".to_owned(),
        }),
        PartStatus::Scheduled => Whose::Later(match part.from {
            Some(from) => format!("scheduled for {from}"),
            None => "scheduled for later".to_owned(),
        }),
    }
}

/// Whether a part is this warehouse's to ship, now or already.
pub(super) fn is_ours(part: &Part, share: &Share) -> bool {
    match whose(part, share) {
        Whose::Ours => true,
        Whose::Later(_) | Whose::Others(_) => false,
    }
}

fn is_served(part: &Part, share: &Share) -> bool {
    let named = |known: &String| {
        known.trim().eq_ignore_ascii_case(part.location.trim()) || part.location_id.as_deref() == Some(known.trim())
    };
    share.locations.is_empty() || share.locations.iter().any(named)
}

fn rule_of(part: &Part, share: &Share) -> NotOurs {
    if part.third_party || part.request == PartRequest::WithTheService {
        return share.third_party;
    }
    match (part.delivery, part.status) {
        (Delivery::PickUp | Delivery::Retail | Delivery::Local | Delivery::None, _) => share.pickup,
        (Delivery::Shipping | Delivery::PickupPoint | Delivery::Unknown, _) if !is_served(part, share) => {
            share.elsewhere
        }
        (Delivery::Shipping | Delivery::PickupPoint | Delivery::Unknown, PartStatus::OnHold) => share.on_hold,
        (Delivery::Shipping | Delivery::PickupPoint | Delivery::Unknown, PartStatus::Scheduled) => share.scheduled,
        (
            Delivery::Shipping | Delivery::PickupPoint | Delivery::Unknown,
            PartStatus::Open
            | PartStatus::InProgress
            | PartStatus::Incomplete
            | PartStatus::Closed
            | PartStatus::Cancelled,
        ) => NotOurs::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::{order, part};
    use super::*;

    const NOW: &str = "2026-11-20T10:00:00Z";

    type Change = fn(&mut Part);

    fn split(change: impl FnOnce(&mut Part)) -> Order {
        let mut order = order();
        let mut second = part("2", &[("2", 1, 1)]);
        change(&mut second);
        order.parts = vec![part("1", &[("1", 2, 2)]), second];
        order
    }

    fn units(order: &Order, share: &Share) -> Vec<(String, std::ops::Range<u32>)> {
        let load = Load::of(order, share);
        load.shipped(order, &Before::new()).into_iter().map(|line| (line.line.to_owned(), line.units)).collect()
    }

    /// Rows: what the second part is; whether its unit is ours; what a person is asked if the shop's rule says so.
    #[test]
    fn parts_are_ours_left_or_asked_about_by_the_shops_rules() {
        let hold = Share {
            elsewhere: NotOurs::Hold,
            third_party: NotOurs::Hold,
            pickup: NotOurs::Hold,
            on_hold: NotOurs::Hold,
            scheduled: NotOurs::Hold,
            locations: vec!["Main".into()],
        };
        let leave = Share { locations: vec!["main".into()], ..Share::default() };
        let rows: [(Change, bool, Option<&str>); 9] = [
            (|_| {}, true, None),
            (|part| part.status = PartStatus::InProgress, true, None),
            (|part| part.third_party = true, false, Some("another company's")),
            (|part| part.request = PartRequest::WithTheService, false, Some("another company's")),
            (|part| part.delivery = Delivery::PickUp, false, Some("picks it up")),
            (|part| part.delivery = Delivery::PickupPoint, true, None),
            (|part| part.location = "Lisbon".into(), false, Some("does not serve")),
            (|part| part.status = PartStatus::OnHold, false, Some("on hold at the shop")),
            (|part| part.status = PartStatus::Scheduled, false, Some("scheduled for later")),
        ];
        for (nth, (change, ours, asked)) in rows.into_iter().enumerate() {
            let order = split(change);
            let expected = if ours { vec![("1".into(), 0..2), ("2".into(), 0..1)] } else { vec![("1".into(), 0..2)] };
            assert_eq!(units(&order, &leave), expected, "row {nth}");
            assert_eq!(Load::of(&order, &leave).asks, Vec::<String>::new(), "row {nth}");
            let asks = Load::of(&order, &hold).asks;
            assert_eq!(asks.len(), usize::from(asked.is_some()), "row {nth}: {asks:?}");
            assert!(asked.is_none_or(|words| asks[0].contains(words)), "row {nth}: {asks:?}");
        }
    }

    #[test]
    fn a_location_is_served_by_name_or_by_id() {
        let share = Share { locations: vec!["7".into()], ..Share::default() };
        assert_eq!(units(&split(|part| part.location_id = Some("7".into())), &share), [("2".to_owned(), 0..1)]);
    }

    #[test]
    fn what_was_fulfilled_before_is_left_out_and_what_is_closed_counts_as_far_as_it_went() {
        let order = split(|part| {
            part.status = PartStatus::Closed;
            part.lines[0].remaining = 0;
        });
        let load = Load::of(&order, &Share::default());
        assert!(load.anything_left());
        assert_eq!(load.fulfilled(), Before::from([("2".to_owned(), 1)]));
        let shipped = load.shipped(&order, &load.fulfilled());
        assert_eq!(shipped.len(), 1);
        let gone = split(|part| part.status = PartStatus::Cancelled);
        assert_eq!(units(&gone, &Share::default()), [("1".to_owned(), 0..2)]);
    }

    /// Rows: what the part abroad is; whether the parcel leaves from there, too.
    #[test]
    fn a_parcel_leaves_only_from_where_units_of_ours_are() {
        let rows: [(Change, bool); 6] = [
            (|_| {}, true),
            (|part| part.status = PartStatus::OnHold, false),
            (|part| part.status = PartStatus::Cancelled, false),
            (|part| part.lines.clear(), false),
            (|part| (part.lines[0].total, part.lines[0].remaining) = (0, 0), false),
            (|part| (part.status, part.lines[0].remaining) = (PartStatus::Closed, 0), false),
        ];
        for (nth, (change, abroad)) in rows.into_iter().enumerate() {
            let order = split(|part| {
                part.country = "PT".into();
                change(part);
            });
            let load = Load::of(&order, &Share::default());
            assert_eq!(load.from(&load.fulfilled()).contains("PT"), abroad, "row {nth}");
            assert!(load.from(&load.fulfilled()).contains("US"), "row {nth}");
        }
        // Fulfilled by us since.
        let ours = split(|part| {
            part.country = "PT".into();
            (part.status, part.lines[0].remaining) = (PartStatus::Closed, 0);
        });
        assert!(Load::of(&ours, &Share::default()).from(&Before::new()).contains("PT"));
    }

    #[test]
    fn what_is_not_ready_is_looked_at_when_it_will_be_or_now_and_then() {
        let now: Timestamp = NOW.parse().unwrap();
        let later = |order: &Order| Load::of(order, &Share::default()).later(now).map(|(at, _)| at.to_string());
        assert_eq!(later(&order()), None);
        let held = split(|part| part.status = PartStatus::OnHold);
        assert_eq!(later(&held).as_deref(), Some("2026-11-20T16:00:00Z"));
        let from = |at: &str| {
            let at = at.parse().unwrap();
            split(|part| (part.status, part.from) = (PartStatus::Scheduled, Some(at)))
        };
        assert_eq!(later(&from("2026-11-20T12:00:00Z")).as_deref(), Some("2026-11-20T12:00:00Z"));
        assert_eq!(later(&from("2026-11-20T09:00:00Z")).as_deref(), Some("2026-11-20T16:00:00Z"));
        assert_eq!(later(&from("2026-12-24T09:00:00Z")).as_deref(), Some("2026-11-20T16:00:00Z"));
    }

    #[test]
    fn gift_cards_and_what_is_not_shipped_are_nobodys_parcel() {
        let mut order = order();
        order.lines[0].gift_card = true;
        order.lines[1].requires_shipping = false;
        assert!(Load::of(&order, &Share::default()).shipped(&order, &Before::new()).is_empty());
    }
}
