//! Discounts and taxes of a sale in one currency, in minor units: what is spread is spread exactly, the largest
//! remainders first, so the parts always add up to the whole.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::sale::{Item, Reduction, Sale};

/// One of a sale's currencies.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) code: String,
    pub(super) digits: u32,
    /// So much of it is one unit of the shop's.
    pub(super) rate: Decimal,
}

impl Side {
    /// An amount in the shop's currency, in minor units of this one.
    pub(super) fn minor(&self, amount: Decimal) -> i128 {
        rounded(amount * self.rate * Decimal::from(10u64.pow(self.digits)))
    }

    /// As REST writes it.
    pub(super) fn text(&self, minor: i128) -> String {
        Decimal::from_i128_with_scale(minor, self.digits).to_string()
    }
}

/// A sale in one currency.
#[derive(Debug)]
pub(super) struct Allocated {
    pub(super) side: Side,
    /// One unit of each line.
    pub(super) units: Vec<i128>,
    /// Of each line, by the place of the discount.
    pub(super) discounts: Vec<Vec<(usize, i128)>>,
    pub(super) taxes: Vec<i128>,
    pub(super) shipping: i128,
    pub(super) shipping_discounts: Vec<(usize, i128)>,
}

impl Allocated {
    pub(super) fn items(&self, items: &[Item]) -> i128 {
        self.units.iter().zip(items).map(|(unit, item)| unit * i128::from(item.quantity)).sum()
    }

    pub(super) fn discount(&self) -> i128 {
        self.discounts.iter().flatten().chain(&self.shipping_discounts).map(|(_, amount)| amount).sum()
    }

    pub(super) fn goods_discount(&self) -> i128 {
        self.discounts.iter().flatten().map(|(_, amount)| amount).sum()
    }

    pub(super) fn tax(&self) -> i128 {
        self.taxes.iter().sum()
    }

    pub(super) fn shipping_paid(&self) -> i128 {
        self.shipping - self.shipping_discounts.iter().map(|(_, amount)| amount).sum::<i128>()
    }
}

/// Reckons the whole sale in one currency.
pub(super) fn allocate(sale: &Sale, side: Side) -> Allocated {
    let units: Vec<i128> = sale.items.iter().map(|item| side.minor(item.price)).collect();
    let mut left: Vec<i128> =
        units.iter().zip(&sale.items).map(|(unit, item)| unit * i128::from(item.quantity)).collect();
    let mut discounts: Vec<Vec<(usize, i128)>> = vec![Vec::new(); left.len()];
    let shipping = sale.shipping.as_ref().map_or(0, |chosen| side.minor(chosen.price));
    let (mut shipping_left, mut shipping_discounts) = (shipping, Vec::new());
    for of_order in [false, true] {
        for (place, discount) in sale.discounts.iter().enumerate() {
            if discount.shipping || discount.is_of_order() != of_order {
                continue;
            }
            let entitled: Vec<usize> = (0..left.len())
                .filter(|&line| discount.items.as_ref().is_none_or(|skus| skus.contains(&sale.items[line].sku)))
                .collect();
            for (line, amount) in spread(discount, &side, &entitled, &left) {
                left[line] -= amount;
                if amount > 0 {
                    discounts[line].push((place, amount));
                }
            }
        }
    }
    for (place, discount) in sale.discounts.iter().enumerate().filter(|(_, discount)| discount.shipping) {
        let amount = value(discount, &side, shipping_left);
        shipping_left -= amount;
        shipping_discounts.push((place, amount));
    }
    let taxes = left.iter().map(|&net| tax(sale, net)).collect();
    Allocated { side, units, discounts, taxes, shipping, shipping_discounts }
}

/// What the discount takes off each entitled line.
fn spread(discount: &Reduction, side: &Side, entitled: &[usize], left: &[i128]) -> Vec<(usize, i128)> {
    if discount.each {
        return entitled.iter().map(|&line| (line, value(discount, side, left[line]))).collect();
    }
    let weights: Vec<i128> = entitled.iter().map(|&line| left[line]).collect();
    let whole = value(discount, side, weights.iter().sum());
    entitled.iter().copied().zip(by_largest_remainder(whole, &weights)).collect()
}

/// The discount's value on this much money; never more than that.
fn value(discount: &Reduction, side: &Side, money: i128) -> i128 {
    let percent = discount.percent.map(|percent| percent_of(money, percent));
    let amount = discount.amount.map(|amount| side.minor(amount));
    (percent.unwrap_or(0) + amount.unwrap_or(0)).clamp(0, money)
}

/// Parts of a whole in proportion to weights: each rounded down, then one minor unit more for the largest remainders,
/// the earlier line first where two are equal.
pub(super) fn by_largest_remainder(whole: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts: Vec<i128> = weights.iter().map(|weight| whole * weight / sum).collect();
    let short = usize::try_from(whole - parts.iter().sum::<i128>()).unwrap_or(0);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(whole * weights[index] % sum));
    for &index in order.iter().take(short) {
        parts[index] += 1;
    }
    parts
}

fn percent_of(money: i128, percent: Decimal) -> i128 {
    rounded(Decimal::from(money) * percent / Decimal::ONE_HUNDRED)
}

fn tax(sale: &Sale, net: i128) -> i128 {
    if sale.taxes_included {
        let whole = Decimal::ONE_HUNDRED + sale.tax_percent;
        return rounded(Decimal::from(net) * sale.tax_percent / whole);
    }
    percent_of(net, sale.tax_percent)
}

fn rounded(exact: Decimal) -> i128 {
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i128().unwrap_or(0)
}
