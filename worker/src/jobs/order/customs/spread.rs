//! Whole minor units over units and lines, to the last one.

use std::cmp::Reverse;
use std::ops::Range;

/// A value over units that are numbered from 0. The first k of them are worth `value * k / units`, rounded down, and
/// each the difference to the one before: the value divided by the units, rounded down or up. So any cut of the units
/// into runs sums to the value, and what a unit is worth does not hang on what else is shipped with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread {
    /// Not below zero; at most what an `i64` holds, so that no product here overflows.
    pub(super) value: i128,
    pub(super) units: u32,
}

impl Spread {
    /// What the first so many units are worth; all of them, if there are fewer.
    pub(super) fn first(self, units: u32) -> i128 {
        if units >= self.units { self.value } else { self.value * i128::from(units) / i128::from(self.units) }
    }

    /// What a run of units is worth.
    pub(super) fn of(self, run: &Range<u32>) -> i128 {
        self.first(run.end) - self.first(run.start)
    }

    /// A run of units by what each is worth: how many, and their value. One minor unit lies between two.
    pub(super) fn runs(self, run: &Range<u32>) -> Vec<(u32, i128)> {
        let units = run.end.saturating_sub(run.start);
        let low = self.value / i128::from(self.units.max(1));
        // Every unit is worth `low` or one more, so this is a count of units.
        let dearer = u32::try_from(self.of(run) - low * i128::from(units)).unwrap_or(u32::MAX).min(units);
        [(units - dearer, low), (dearer, low + 1)].into_iter().filter(|(units, _)| *units > 0).collect()
    }
}

/// Shares of a total in proportion to weights, by the largest remainder: each gets its exact share rounded down, and
/// what is left goes, one each, to the largest fractions that were cut off, the first of equal ones first. The sum is
/// exact, and what weighs nothing gets nothing.
///
/// Neither the total nor a weight is below zero, and their products fit. Nothing if there is something to share and
/// nothing that weighs.
pub(super) fn shares(total: i128, weights: &[i128]) -> Option<Vec<i128>> {
    let sum: i128 = weights.iter().sum();
    if total == 0 {
        return Some(vec![0; weights.len()]);
    }
    if sum == 0 {
        return None;
    }
    let mut shares: Vec<i128> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // The sort is stable: of equal remainders the first stays first.
    order.sort_by_key(|&nth| Reverse(total * weights[nth] % sum));
    let mut left = total - shares.iter().sum::<i128>();
    for nth in order {
        if left == 0 {
            break;
        }
        shares[nth] += 1;
        left -= 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_for_ten_are_two_at_3_33_and_one_at_3_34() {
        let spread = Spread { value: 1000, units: 3 };
        assert_eq!(spread.runs(&(0..3)), [(2, 333), (1, 334)]);
        assert_eq!([0..1, 1..2, 2..3].map(|run| spread.of(&run)), [333, 333, 334]);
        assert_eq!(spread.runs(&(0..2)), [(2, 333)]);
        assert_eq!(spread.runs(&(2..3)), [(1, 334)]);
    }

    #[test]
    fn a_value_that_divides_is_one_run_and_nothing_is_none() {
        assert_eq!(Spread { value: 1000, units: 4 }.runs(&(0..4)), [(4, 250)]);
        assert_eq!(Spread { value: 0, units: 4 }.runs(&(1..3)), [(2, 0)]);
        assert_eq!(Spread { value: 2, units: 5 }.runs(&(0..5)), [(3, 0), (2, 1)]);
        assert_eq!(Spread { value: 1000, units: 4 }.runs(&(2..2)), []);
        assert_eq!(Spread { value: 0, units: 0 }.first(0), 0);
    }

    #[test]
    fn the_largest_products_hold() {
        let spread = Spread { value: i128::from(i64::MAX), units: u32::MAX };
        assert_eq!(spread.of(&(0..7)) + spread.of(&(7..u32::MAX)), spread.value);
        let most = i128::from(i64::MAX);
        assert_eq!(shares(most, &[most, 0]), Some(vec![most, 0]));
    }

    #[test]
    fn the_largest_fractions_take_the_rest_and_the_first_of_equal_ones() {
        assert_eq!(shares(1000, &[1, 1, 1]), Some(vec![334, 333, 333]));
        assert_eq!(shares(2, &[1, 1, 1]), Some(vec![1, 1, 0]));
        // Exact: 0.2, 1.2, 3.6.
        assert_eq!(shares(5, &[1, 6, 18]), Some(vec![0, 1, 4]));
        // Exact: 3.75, 2.5, 3.75.
        assert_eq!(shares(10, &[3, 2, 3]), Some(vec![4, 2, 4]));
        assert_eq!(shares(1, &[0, 5, 0]), Some(vec![0, 1, 0]));
        assert_eq!(shares(0, &[0]), Some(vec![0]));
        assert_eq!(shares(1, &[0]), None);
    }
}
