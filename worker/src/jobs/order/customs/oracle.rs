//! What an order must cost, computed from how it came about: exact fractions, no code of the work itself. A purchase
//! knows its own truth: its prices, the discounts that were given and how a platform split them, what was removed
//! again, and the subtotal that follows.

/// Above this a fraction is brought to lowest terms, so that products of two still fit. Below it that only takes time.
const ROOM: i128 = 1 << 60;

/// An exact fraction; the denominator is above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    pub(super) fn new(top: i128, bottom: i128) -> Self {
        if top.abs() < ROOM && (1..ROOM).contains(&bottom) {
            return Self { top, bottom };
        }
        let (mut a, mut b) = (top.abs(), bottom.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = if a == 0 { 1 } else { a } * bottom.signum();
        Self { top: top / common, bottom: bottom / common }
    }

    pub(super) fn whole(units: i128) -> Self {
        Self { top: units, bottom: 1 }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self::new(self.top * other.top, self.bottom * other.bottom)
    }

    pub(super) fn less(self, other: Self) -> Self {
        Self::new(self.top * other.bottom - other.top * self.bottom, self.bottom * other.bottom)
    }

    pub(super) fn above(self, other: Self) -> bool {
        self.less(other).top > 0
    }

    /// The largest whole number that is not above it.
    pub(super) fn down(self) -> i128 {
        self.top.div_euclid(self.bottom)
    }

    /// The nearest whole number, halves up, as platforms round.
    pub(super) fn near(self) -> i128 {
        self.less(Self::new(-1, 2)).down()
    }

    /// Whether it lies less than one from zero.
    pub(super) fn within_one(self) -> bool {
        self.top.abs() < self.bottom
    }
}

/// A discount as the merchant gives it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given {
    /// Hundredths of a percent.
    Percentage(i128),
    /// Minor units.
    Fixed(i128),
}

impl Given {
    /// Off so many minor units: never more than they are.
    fn off(self, value: i128) -> i128 {
        match self {
            Self::Percentage(part) => Fraction::whole(value).times(Fraction::new(part, 10_000)).near().min(value),
            Self::Fixed(amount) => amount.min(value),
        }
    }
}

/// How a platform splits an order's discount.
#[derive(Debug, Clone, Copy)]
pub(super) enum Split {
    /// Every share rounded down; the first line that can takes the rest.
    RestToTheFirst,
    /// Every share rounded down; the last line that can takes the rest.
    RestToTheLast,
    /// Every share rounded to the nearest of what is left of it.
    Running,
}

/// How a platform values the units that were removed from a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Removal {
    Down,
    Near,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Goods,
    Digital,
    Tip,
    GiftCard,
}

/// A line that was bought.
#[derive(Debug, Clone)]
pub(super) struct Bought {
    pub(super) sort: Sort,
    /// Minor units of one.
    pub(super) price: i128,
    pub(super) ordered: u32,
    pub(super) left: u32,
    /// Its own discounts, one after the other.
    pub(super) own: Vec<Given>,
}

/// How an order came about.
#[derive(Debug, Clone)]
pub(super) struct Purchase {
    /// Of the currency's minor unit.
    pub(super) digits: u32,
    pub(super) lines: Vec<Bought>,
    /// On the whole order, one after the other.
    pub(super) across: Vec<Given>,
    pub(super) split: Split,
    pub(super) removal: Removal,
    /// A discount of the order that was not allocated; below zero, a surcharge.
    pub(super) unallocated: i128,
}

/// What a purchase comes to, by the platform's own book.
#[derive(Debug, Clone)]
pub(super) struct Book {
    /// By line: its own discounts, then its shares of the order's.
    pub(super) own: Vec<Vec<i128>>,
    pub(super) across: Vec<Vec<i128>>,
    /// By line: what is paid for it as ordered.
    pub(super) paid: Vec<i128>,
    pub(super) subtotal: i128,
}

impl Purchase {
    /// Gives every discount and keeps the book. What is paid is kept from the discounts as given, not from their
    /// splits.
    pub(super) fn book(&self) -> Book {
        let mut paid: Vec<i128> = self.lines.iter().map(|line| line.price * i128::from(line.ordered)).collect();
        let mut own = Vec::new();
        for (line, paid) in self.lines.iter().zip(&mut paid) {
            let mut given = Vec::new();
            for discount in &line.own {
                let off = discount.off(*paid);
                *paid -= off;
                given.push(off);
            }
            own.push(given);
        }
        let mut across = vec![Vec::new(); self.lines.len()];
        for discount in &self.across {
            let before: i128 = paid.iter().sum();
            let off = discount.off(before);
            for (nth, share) in self.split(off, &paid).into_iter().enumerate() {
                paid[nth] -= share;
                across[nth].push(share);
            }
            assert_eq!(paid.iter().sum::<i128>(), before - off, "the oracle's own split loses nothing");
        }
        let mut subtotal = -self.unallocated;
        for (line, paid) in self.lines.iter().zip(&paid) {
            if matches!(line.sort, Sort::Goods | Sort::Digital) {
                subtotal += paid - self.removed(line, *paid);
            }
        }
        Book { own, across, paid, subtotal }
    }

    fn split(&self, off: i128, paid: &[i128]) -> Vec<i128> {
        let sum: i128 = paid.iter().sum();
        if sum == 0 {
            return vec![0; paid.len()];
        }
        let exact = |part: i128| Fraction::whole(off).times(Fraction::new(part, sum));
        let mut shares = Vec::new();
        let (mut so_far, mut gone) = (0, 0);
        for part in paid {
            let share = match self.split {
                Split::RestToTheFirst | Split::RestToTheLast => exact(*part).down(),
                Split::Running => exact(so_far + part).near() - gone,
            };
            so_far += part;
            gone += share;
            shares.push(share);
        }
        let mut rest = off - gone;
        let turn: Vec<usize> = match self.split {
            Split::RestToTheFirst | Split::Running => (0..paid.len()).collect(),
            Split::RestToTheLast => (0..paid.len()).rev().collect(),
        };
        for nth in turn {
            let more = rest.min(paid[nth] - shares[nth]);
            shares[nth] += more;
            rest -= more;
        }
        shares
    }

    fn removed(&self, line: &Bought, paid: i128) -> i128 {
        let removed = Fraction::new(i128::from(line.ordered - line.left), i128::from(line.ordered));
        let exact = Fraction::whole(paid).times(removed);
        match self.removal {
            Removal::Down => exact.down(),
            Removal::Near => exact.near(),
        }
    }

    /// What the lines must be worth now: each one's exact share rounded down, by definition.
    pub(super) fn left(&self, book: &Book) -> Vec<i128> {
        let lines = self.lines.iter().zip(&book.paid);
        lines.map(|(line, paid)| first(*paid, line.ordered, line.left)).collect()
    }

    /// The sum that must be compared: of the four ways to count, the nearest to the subtotal, the first of equal ones.
    pub(super) fn compared(&self, left: &[i128], subtotal: i128) -> (i128, Vec<i128>) {
        let mut best: Option<(i128, Vec<i128>)> = None;
        for (unshipped, gift_cards) in [(true, false), (true, true), (false, false), (false, true)] {
            let counted = |(line, left): (&Bought, &i128)| match line.sort {
                Sort::Goods => *left,
                Sort::Digital | Sort::Tip => *left * i128::from(unshipped),
                Sort::GiftCard => *left * i128::from(gift_cards),
            };
            let weights: Vec<i128> = self.lines.iter().zip(left).map(counted).collect();
            let sum: i128 = weights.iter().sum();
            if best.as_ref().is_none_or(|(other, _)| (sum - subtotal).abs() < (other - subtotal).abs()) {
                best = Some((sum, weights));
            }
        }
        best.unwrap()
    }
}

/// What the first so many of a line's units are worth.
pub(super) fn first(paid: i128, ordered: u32, units: u32) -> i128 {
    Fraction::whole(paid).times(Fraction::new(i128::from(units), i128::from(ordered))).down()
}

/// Shares of a total by weight: what is left over goes, one by one, to the line that is furthest below its exact share,
/// the first of equal ones.
pub(super) fn shared(total: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    let exact: Vec<Fraction> =
        weights.iter().map(|weight| Fraction::whole(total).times(Fraction::new(*weight, sum))).collect();
    let mut shares: Vec<i128> = exact.iter().map(|share| share.down()).collect();
    while shares.iter().sum::<i128>() < total {
        let mut furthest = 0;
        for nth in 1..shares.len() {
            let lacks = |nth: usize| exact[nth].less(Fraction::whole(shares[nth]));
            if lacks(nth).above(lacks(furthest)) {
                furthest = nth;
            }
        }
        shares[furthest] += 1;
    }
    shares
}
