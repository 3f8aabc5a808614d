//! Millions of random orders against the oracle. Each has its own seed, so that one that fails can be had again:
//! `CUSTOMS_SEED` and `CUSTOMS_ORDERS` choose others.

use std::ops::Range;
use std::thread;

use ::lane::money::{Currency, Money};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::oracle::{Book, Bought, Fraction, Given, Purchase, Removal, Sort, Split, first, shared};
use super::tests::{line, order, settings};
use super::*;
use crate::providers::shopify::order::Discount;

const SEED: u64 = 20_261_121;
const ORDERS: u64 = 2_000_000;

/// A thread's own order, filled anew for each purchase. Codes are left out of it: they cost time and are no figures.
struct Bench {
    order: Order,
    settings: Customs,
    /// By digits.
    currencies: [Currency; 4],
    currency: Currency,
}

impl Bench {
    fn new() -> Self {
        let empty = || MissingCode::LeaveEmpty;
        let settings = Customs { missing_hs_code: empty(), missing_origin: empty(), ..settings() };
        let currencies = ["JPY", "JPY", "USD", "KWD"].map(|code| code.parse().unwrap());
        Self { order: order(vec![], "0 USD"), settings, currencies, currency: currencies[2] }
    }

    /// Writes a purchase as an order. The figures of the currency that is not declared make no sense.
    fn write(&mut self, purchase: &Purchase, book: &Book, which: CustomsCurrency) {
        let currency = self.currencies[purchase.digits as usize];
        let other = self.currencies[3 - purchase.digits as usize];
        (self.currency, self.settings.currency) = (currency, which);
        let both = |units: i128| {
            let told = Money::from_minor_units(units.try_into().unwrap(), currency);
            let odd = Money::from_minor_units(i64::try_from(units).unwrap() * 3 + 1, other);
            match which {
                CustomsCurrency::Shop => Both { shop: told, presentment: odd },
                CustomsCurrency::Presentment => Both { shop: odd, presentment: told },
            }
        };
        let lines = &mut self.order.lines;
        while lines.len() < purchase.lines.len() {
            let bare = line(&lines.len().to_string(), 1, "0 USD");
            lines.push(Line { hs_code: None, origin: None, ..bare });
        }
        lines.truncate(purchase.lines.len());
        for (nth, (line, bought)) in lines.iter_mut().zip(&purchase.lines).enumerate() {
            line.quantity = bought.ordered;
            line.current_quantity = bought.left;
            line.requires_shipping = bought.sort == Sort::Goods;
            line.gift_card = bought.sort == Sort::GiftCard;
            line.price = both(bought.price);
            line.discounts.clear();
            line.discounts.extend(book.own[nth].iter().map(|off| Discount { amount: both(*off), across: false }));
            line.discounts.extend(book.across[nth].iter().map(|off| Discount { amount: both(*off), across: true }));
        }
        self.order.subtotal = both(book.subtotal);
    }

    /// Declares runs of units and gives back each one's items, as quantity and minor units of one.
    fn declared(&self, runs: &[Run]) -> (Vec<Items>, Declaration) {
        let lines = &self.order.lines;
        let shipped: Vec<Shipped<'_>> =
            runs.iter().map(|(nth, units)| Shipped { line: &lines[*nth].id, units: units.clone() }).collect();
        let declaration = declare(&self.order, &shipped, &self.settings).unwrap();
        let mut told = declaration.items.iter();
        let (mut items, mut total) = (Vec::with_capacity(runs.len()), 0);
        for (nth, units) in runs {
            let (mut run, mut left) = (Items::new(), units.end - units.start);
            while left > 0 {
                let item = told.next().unwrap();
                assert_eq!((&item.line, item.value.currency), (&lines[*nth].id, self.currency));
                left = left.checked_sub(item.quantity).expect("no unit twice");
                run.push((item.quantity, item.value.minor_units().unwrap().into()));
            }
            total += sum(&run);
            items.push(run);
        }
        assert_eq!(told.next(), None, "nothing else is declared");
        assert_eq!(declaration.total.minor_units().map(i128::from), Some(total), "the total is the items'");
        (items, declaration)
    }
}

/// A line by its place, and some of its units.
type Run = (usize, Range<u32>);

/// How many units, and what one is worth.
type Items = Vec<(u32, i128)>;

/// Where the units are cut into shipments.
type Cuts = [u32; 2];

/// What became of a purchase.
#[derive(Debug, Clone, Copy)]
enum Became {
    Exact,
    Settled,
    Held,
}

/// Everything that must hold of one purchase.
fn verify(bench: &mut Bench, purchase: &Purchase, which: CustomsCurrency, cuts: Cuts) -> Became {
    let book = purchase.book();
    bench.write(purchase, &book, which);
    let left = purchase.left(&book);
    let (ours, weights) = purchase.compared(&left, book.subtotal);
    let off = ours - book.subtotal;
    let tolerance = [0, 0, 2, 20][purchase.digits as usize];
    let agrees = off.abs() <= tolerance && (ours > 0 || off == 0) && book.subtotal >= 0;

    let whole: Vec<Run> = purchase.lines.iter().enumerate().map(|(nth, line)| (nth, 0..line.left)).collect();
    let (items, declaration) = bench.declared(&whole);
    let said =
        declaration.seen.difference.map(|(a, b)| (a.minor_units().unwrap().into(), b.minor_units().unwrap().into()));
    assert_eq!(said, (!agrees).then_some((ours, book.subtotal)), "the difference");
    let settled = if agrees && off != 0 { shared(off.abs(), &weights) } else { vec![0; left.len()] };
    let worth: Vec<i128> = left.iter().zip(&settled).map(|(left, share)| left - share * off.signum()).collect();
    for (nth, line) in purchase.lines.iter().enumerate() {
        check_line(line, book.paid[nth], worth[nth], settled[nth] != 0, &items[nth]);
    }
    if agrees {
        let counted: i128 = worth.iter().zip(&weights).filter(|(_, weight)| **weight > 0).map(|(worth, _)| worth).sum();
        assert_eq!(counted, book.subtotal, "the counted lines are the subtotal");
    }
    if cuts[0].is_multiple_of(8) {
        verify_shipments(bench, purchase, cuts, |nth| {
            if settled[nth] == 0 {
                (book.paid[nth], purchase.lines[nth].ordered)
            } else {
                (worth[nth], purchase.lines[nth].left)
            }
        });
    }
    match (agrees, off) {
        (true, 0) => Became::Exact,
        (true, _) => Became::Settled,
        (false, _) => Became::Held,
    }
}

/// Any cut of the lines into shipments: what is declared of a run of units depends on nothing else, and the runs of a
/// line sum to it. A line is worth so much over so many units.
fn verify_shipments(bench: &Bench, purchase: &Purchase, cuts: Cuts, worth: impl Fn(usize) -> (i128, u32)) {
    let shipments = cut(purchase, cuts);
    // All in one call mostly, which is faster.
    let calls = if cuts[1].is_multiple_of(8) { shipments } else { vec![shipments.concat()] };
    let mut parts = vec![0; purchase.lines.len()];
    for runs in calls {
        let (items, _) = bench.declared(&runs);
        for ((nth, units), items) in runs.into_iter().zip(items) {
            let (value, of) = worth(nth);
            if !units.is_empty() {
                assert_eq!(sum(&items), first(value, of, units.end) - first(value, of, units.start), "a run of units");
            }
            parts[nth] += sum(&items);
        }
    }
    for (nth, line) in purchase.lines.iter().enumerate() {
        let (value, of) = worth(nth);
        assert_eq!(
            parts[nth],
            if line.left == 0 { 0 } else { first(value, of, line.left) },
            "the shipments are the line"
        );
    }
}

/// What items of so many units, each worth that much, are worth.
fn sum(items: &[(u32, i128)]) -> i128 {
    items.iter().map(|(units, each)| i128::from(*units) * each).sum()
}

fn check_line(line: &Bought, paid: i128, worth: i128, settled: bool, items: &[(u32, i128)]) {
    assert!(items.len() <= 2, "two items at most: {items:?}");
    assert_eq!(items.iter().map(|(units, _)| units).sum::<u32>(), line.left, "all units");
    assert_eq!(sum(items), worth, "the line");
    if let [(_, low), (_, high)] = items {
        assert_eq!(high - low, 1, "one minor unit between them");
    }
    for (_, each) in items {
        let exact = if settled {
            Fraction::new(worth, i128::from(line.left))
        } else {
            Fraction::new(paid, i128::from(line.ordered))
        };
        assert!(Fraction::whole(*each).less(exact).within_one(), "{each} is not within one of {exact:?}");
        assert!(*each >= 0);
    }
}

/// Three shipments, the last units first.
fn cut(purchase: &Purchase, [one, other]: Cuts) -> Vec<Vec<Run>> {
    let at = |line: &Bought, cut: u32| if line.left == 0 { 0 } else { cut % (line.left + 1) };
    let mut shipments = vec![Vec::new(); 3];
    for (nth, line) in purchase.lines.iter().enumerate() {
        let (a, b) = (at(line, one), at(line, other));
        let (a, b) = (a.min(b), a.max(b));
        for (shipment, run) in shipments.iter_mut().zip([b..line.left, 0..a, a..b]) {
            shipment.push((nth, run));
        }
    }
    shipments
}

fn given(rng: &mut StdRng, most: i128) -> Given {
    if rng.random_bool(0.5) {
        // Whole percents mostly, as merchants give them; all of it now and then.
        let part = if rng.random_bool(0.8) { rng.random_range(0..=100) * 100 } else { rng.random_range(0..=10_000) };
        Given::Percentage(part)
    } else {
        Given::Fixed(rng.random_range(0..=most.max(1)))
    }
}

fn bought(rng: &mut StdRng, extras: bool) -> Bought {
    let sort = match rng.random_range(0..10) {
        0 if extras => Sort::Tip,
        1 | 2 if extras => Sort::GiftCard,
        3 if extras => Sort::Digital,
        _ => Sort::Goods,
    };
    let price = match rng.random_range(0..10) {
        0 => rng.random_range(0..10),
        1 => rng.random_range(0..10_000_000_000),
        _ => rng.random_range(0..20_000),
    };
    let ordered = if rng.random_bool(0.95) { rng.random_range(1..=12) } else { rng.random_range(1..=5000) };
    let left = if rng.random_bool(0.8) { ordered } else { rng.random_range(0..=ordered) };
    let own = (0..rng.random_range(0..=2_u32).saturating_sub(rng.random_range(0..=1)))
        .map(|_| given(rng, price * i128::from(ordered)))
        .collect();
    Bought { sort, price, ordered, left, own }
}

fn purchase(rng: &mut StdRng) -> Purchase {
    let extras = rng.random_bool(0.2);
    let many = [1, 1, 2, 2, 3, 4][rng.random_range(0..6)];
    let mut lines: Vec<Bought> = (0..many).map(|_| bought(rng, extras)).collect();
    // Lines alike make ties.
    if lines.len() > 1 && rng.random_bool(0.3) {
        lines[1] = lines[0].clone();
    }
    let sum: i128 = lines.iter().map(|line| line.price * i128::from(line.ordered)).sum();
    let across = (0..rng.random_range(0..=2)).map(|_| given(rng, sum / 2)).collect();
    let unallocated = match rng.random_range(0..10) {
        0 => rng.random_range(-3..=3),
        1 => rng.random_range(-25..=25),
        2 => rng.random_range(0..=2000),
        _ => 0,
    };
    Purchase {
        digits: [0, 2, 2, 3][rng.random_range(0..4)],
        lines,
        across,
        split: [Split::RestToTheFirst, Split::RestToTheLast, Split::Running][rng.random_range(0..3)],
        removal: [Removal::Down, Removal::Near][rng.random_range(0..2)],
        unallocated,
    }
}

/// One order of a seed.
fn one(bench: &mut Bench, seed: u64) -> Became {
    let mut rng = StdRng::seed_from_u64(seed);
    let purchase = purchase(&mut rng);
    let which = if rng.random_bool(0.5) { CustomsCurrency::Shop } else { CustomsCurrency::Presentment };
    verify(bench, &purchase, which, rng.random())
}

/// Names the order if it fails.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the order of CUSTOMS_SEED={} CUSTOMS_ORDERS=1 failed", self.0);
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn millions_of_orders_add_up_to_the_last_minor_unit() {
    let (seed, orders) = (number("CUSTOMS_SEED", SEED), number("CUSTOMS_ORDERS", ORDERS));
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = |thread: u64| {
        let mut bench = Bench::new();
        let mut became = [0_u64; 3];
        for nth in (thread..orders).step_by(usize::try_from(threads).unwrap()) {
            let named = Named(seed.wrapping_add(nth));
            became[one(&mut bench, named.0) as usize] += 1;
        }
        became
    };
    let became: Vec<[u64; 3]> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let of = |kind: Became| became.iter().map(|counts| counts[kind as usize]).sum::<u64>();
    let (exact, settled, held) = (of(Became::Exact), of(Became::Settled), of(Became::Held));
    assert_eq!(exact + settled + held, orders);
    // The orders are worth something only if all three are among them, and often.
    if orders >= 10_000 {
        assert!(exact.min(settled).min(held) > orders / 20, "{exact} exact, {settled} settled, {held} held");
    }
}

fn any_given() -> impl Strategy<Value = Given> {
    prop_oneof![(0_i128..=10_000).prop_map(Given::Percentage), (0_i128..100_000).prop_map(Given::Fixed)]
}

fn any_line() -> impl Strategy<Value = Bought> {
    let sort = prop_oneof![8 => Just(Sort::Goods), 1 => Just(Sort::Digital), 1 => Just(Sort::GiftCard)];
    (sort, 0_i128..100_000, 1_u32..50, 0_u32..50, prop::collection::vec(any_given(), 0..3)).prop_map(
        |(sort, price, ordered, removed, own)| Bought {
            sort,
            price,
            ordered,
            left: ordered.saturating_sub(removed),
            own,
        },
    )
}

proptest! {
    /// The same with a few orders that shrink: the smallest that fails.
    #[test]
    fn the_smallest_order_adds_up(
        digits in prop::sample::select(vec![0_u32, 2, 3]),
        lines in prop::collection::vec(any_line(), 1..5),
        across in prop::collection::vec(any_given(), 0..3),
        unallocated in -5_i128..30,
        cuts in any::<Cuts>(),
    ) {
        let purchase =
            Purchase { digits, lines, across, split: Split::RestToTheLast, removal: Removal::Near, unallocated };
        verify(&mut Bench::new(), &purchase, CustomsCurrency::Presentment, cuts);
    }
}
