//! What the shop sells.

use rand::Rng as _;
use rand::rngs::SmallRng;

/// One thing for sale; the price is in cents of a currency with two digits.
#[derive(Debug)]
pub(super) struct Goods {
    pub(super) title: &'static str,
    pub(super) variant: &'static str,
    pub(super) sku: &'static str,
    pub(super) vendor: &'static str,
    cents: u64,
    pub(super) grams: u64,
    pub(super) tariff: &'static str,
    pub(super) origin: &'static str,
}

const fn goods(
    (title, variant, sku, vendor): (&'static str, &'static str, &'static str, &'static str),
    (cents, grams): (u64, u64),
    (tariff, origin): (&'static str, &'static str),
) -> Goods {
    Goods { title, variant, sku, vendor, cents, grams, tariff, origin }
}

static CATALOGUE: [Goods; 10] = [
    goods(("Linen shirt", "M / Sand", "LIN-SH-M-SND", "Harbour"), (6_900, 260), ("620520", "PT")),
    goods(("Linen shirt", "L / Ink", "LIN-SH-L-INK", "Harbour"), (6_900, 280), ("620520", "PT")),
    goods(("Merino socks", "40-42", "MER-SO-40", "Harbour"), (1_450, 70), ("611594", "IT")),
    goods(("Enamel mug", "350 ml", "MUG-EN-350", "Kettle & Co"), (1_895, 210), ("732394", "PL")),
    goods(("Pour-over set", "Two cups", "POV-SET-2", "Kettle & Co"), (4_250, 690), ("691110", "JP")),
    goods(("Coffee, whole bean", "250 g", "COF-WB-250", "Kettle & Co"), (1_299, 270), ("090121", "CO")),
    goods(("Wool blanket", "130 × 180 cm", "BLK-WO-130", "Northlight"), (12_900, 1_150), ("630120", "LT")),
    goods(("Oak tray", "Large", "TRY-OAK-L", "Northlight"), (5_499, 980), ("441912", "DK")),
    goods(("Beeswax candle", "Pair", "CDL-BW-2", "Northlight"), (1_750, 320), ("340600", "DE")),
    goods(("Canvas tote", "Natural", "TOT-CV-NAT", "Harbour"), (2_400, 180), ("420222", "IN")),
];

/// A line of an order; the price is in minor units of its currency.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) goods: &'static Goods,
    pub(super) product: u64,
    pub(super) quantity: u64,
    pub(super) unit_price: u64,
}

/// A line of something from the catalogue; of about `share` in all if that is given.
pub(super) fn choose(random: &mut SmallRng, digits: u32, share: Option<u64>) -> Line {
    let index = random.random_range(0..CATALOGUE.len());
    let goods = &CATALOGUE[index];
    let quantity = if random.random_ratio(1, 4) { random.random_range(2..=3) } else { 1 };
    // A catalogue price of 69.00 is 69 in a currency without digits, 69.000 in one with three.
    let listed = if digits < 2 { goods.cents / 10u64.pow(2 - digits) } else { goods.cents * 10u64.pow(digits - 2) };
    let unit_price = share.map_or(listed, |share| share / quantity).max(1);
    Line { goods, product: u64::try_from(index).unwrap_or(0), quantity, unit_price }
}
