//! Whether the lines add up to what Shopify says the order's goods cost now.
//!
//! Compared are our sum of all lines with the units that are left of them, shipped or not, and the order's
//! `currentSubtotalPriceSet`. Both are after all discounts and before shipping, and both contain the tax if the shop's
//! prices do, so that the tax never makes a difference. A line of which units were removed counts for its exact share,
//! rounded down.
//!
//! Which lines count, Shopify does not let us see: tips do not, digital goods do, and both are lines that need no
//! shipping; a gift card that was bought does not by its documentation (*Order: `subtotalLineItemsQuantity`*). So lines
//! that need no shipping, and gift cards, are taken in or left out as the subtotal fits best; in doubt the documented
//! way is taken. Lines that ship always count.
//!
//! A difference of 0.02 at most is cents of somebody's rounding, or of an order's discount that was not allocated to
//! the last cent. It is settled: spread over the counted lines in proportion to what they are worth, so that their sum
//! is the subtotal exactly. Anything more waits for a person with both figures: what a discount that nobody allocated
//! was for, we cannot know. A currency without minor units has nothing smaller than 0.02: every difference waits there.

use ::lane::money::Currency;

use super::spread::{Spread, shares};
use crate::providers::shopify::order::Line;

/// A line as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// What is left of it is worth so many minor units.
    pub(super) value: i128,
    pub(super) kind: Kind,
}

/// What a line is to the subtotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Goods,
    /// A digital good or a tip.
    Unshipped,
    GiftCard,
}

/// Ways to count: whether lines that need no shipping count, and whether gift cards do. The documented one is first.
const WAYS: [(bool, bool); 4] = [(true, false), (true, true), (false, false), (false, true)];

/// Whether our figures agree with Shopify's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// They do. Each line is so many minor units too dear; below zero, too cheap.
    Agrees(Vec<i128>),
    /// They do not; this is our sum.
    Differs(i128),
}

impl Now {
    pub(super) fn of(line: &Line, worth: Spread) -> Self {
        let kind = match (line.gift_card, line.requires_shipping) {
            (true, _) => Kind::GiftCard,
            (false, true) => Kind::Goods,
            (false, false) => Kind::Unshipped,
        };
        Self { value: worth.first(line.current_quantity), kind }
    }

    fn counts(self, (unshipped, gift_cards): (bool, bool)) -> bool {
        match self.kind {
            Kind::Goods => true,
            Kind::Unshipped => unshipped,
            Kind::GiftCard => gift_cards,
        }
    }

    fn counted(self, way: (bool, bool)) -> i128 {
        if self.counts(way) { self.value } else { 0 }
    }
}

/// 0.02 of a currency's major unit in whole minor units: 2 cents, 20 fils, no yen.
pub(super) fn tolerance(currency: Currency) -> i128 {
    2 * 10_i128.pow(currency.minor_digits()) / 100
}

/// Compares, and settles what is within the tolerance.
pub(super) fn check(lines: &[Now], subtotal: i128, tolerance: i128) -> Check {
    let mut best = (WAYS[0], sum(lines, WAYS[0]));
    // Where everything ships there is only one way.
    if lines.iter().any(|line| line.kind != Kind::Goods) {
        for way in WAYS {
            let ours = sum(lines, way);
            if (ours - subtotal).abs() < (best.1 - subtotal).abs() {
                best = (way, ours);
            }
        }
    }
    let (way, ours) = best;
    let difference = ours - subtotal;
    // Nothing can be settled down to less than nothing.
    if difference.abs() > tolerance || subtotal < 0 {
        return Check::Differs(ours);
    }
    let weights: Vec<i128> = lines.iter().map(|line| line.counted(way)).collect();
    match shares(difference.abs(), &weights) {
        Some(shares) => Check::Agrees(shares.iter().map(|share| share * difference.signum()).collect()),
        None => Check::Differs(ours),
    }
}

fn sum(lines: &[Now], way: (bool, bool)) -> i128 {
    lines.iter().map(|line| line.counted(way)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goods(value: i128) -> Now {
        Now { value, kind: Kind::Goods }
    }

    #[test]
    fn two_cents_are_settled_and_three_are_not() {
        let lines = [goods(1000), goods(500)];
        assert_eq!(check(&lines, 1500, 2), Check::Agrees(vec![0, 0]));
        assert_eq!(check(&lines, 1498, 2), Check::Agrees(vec![1, 1]));
        assert_eq!(check(&lines, 1499, 2), Check::Agrees(vec![1, 0]));
        assert_eq!(check(&lines, 1502, 2), Check::Agrees(vec![-1, -1]));
        assert_eq!(check(&lines, 1497, 2), Check::Differs(1500));
        assert_eq!(check(&lines, 1503, 2), Check::Differs(1500));
    }

    #[test]
    fn the_tolerance_is_two_hundredths_of_the_major_unit() {
        for (code, units) in [("USD", 2), ("JPY", 0), ("KWD", 20), ("CLF", 200)] {
            assert_eq!(tolerance(code.parse().unwrap()), units, "{code}");
        }
        assert_eq!(check(&[goods(1500)], 1499, 0), Check::Differs(1500));
    }

    #[test]
    fn tips_and_gift_cards_count_as_the_subtotal_fits() {
        let unshipped = Now { value: 300, kind: Kind::Unshipped };
        let gift_card = Now { value: 5000, kind: Kind::GiftCard };
        let lines = [goods(1000), unshipped, gift_card];
        for subtotal in [1000, 1300, 6000, 6300] {
            assert_eq!(check(&lines, subtotal, 2), Check::Agrees(vec![0, 0, 0]), "{subtotal}");
        }
        assert_eq!(check(&lines, 1299, 2), Check::Agrees(vec![1, 0, 0]));
        assert_eq!(check(&lines, 1250, 2), Check::Differs(1300));
        // What does not count takes no part in settling.
        assert_eq!(check(&[goods(10), gift_card], 9, 2), Check::Agrees(vec![1, 0]));
    }

    #[test]
    fn goods_that_ship_are_never_left_out() {
        assert_eq!(check(&[goods(1000), goods(300)], 1000, 2), Check::Differs(1300));
    }

    #[test]
    fn what_no_line_can_take_is_not_settled() {
        assert_eq!(check(&[goods(0)], 1, 2), Check::Differs(0));
        assert_eq!(check(&[goods(1)], -1, 2), Check::Differs(1));
        assert_eq!(check(&[], 0, 2), Check::Agrees(vec![]));
    }
}
