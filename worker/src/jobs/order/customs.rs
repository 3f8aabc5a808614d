//! What customs is told of an order that crosses a border: which goods, where they were made, and what was paid for
//! them.
//!
//! ```text
//! border ─▶ crosses ─▶ value: each line, every discount once ─▶ check: Shopify's subtotal, the last cents settled
//!                        └──▶ spread: one line's value over its units ─▶ items
//! ```
//! All arithmetic is on whole minor units (cents). Declared is what the buyer pays for the goods after every discount;
//! the tax is in it if the shop's prices contain it, the shipping never. Goods that a discount makes free are declared
//! at 0.
//!
//! A line's value divides by its units or it does not; then some of them are worth one minor unit more, and the line
//! becomes two items. Which units these are is fixed by their number in the line, so that a line's shipments always add
//! up to the line, whichever goes first.
//!
//! An item's `value` is that of *one* unit. `ShipStation` v1's page *Customs Item Model* says "the value (in USD) of
//! the line item", which may be read both ways; the page of the same company's later API (*`ShipEngine`:
//! `CustomsItem`*) says "the declared customs value of each item". v1's item has
//! no field for a currency and its page takes USD for granted; nothing here converts, so the shop chooses the currency
//! that its warehouse account reads.

mod border;
mod value;
mod check;
mod spread;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use std::ops::Range;

use ::lane::carriage::{Customs, CustomsCurrency, MissingCode, country_code, hs_code};
use ::lane::hold::{Fact, HoldReason};
use ::lane::money::{Currency, Money};
use ::lane::rules::{CustomsSeen, Question};

use crate::providers::shopify::order::{Both, Line, Order};
pub(super) use border::{Border, border};
use check::{Check, Now};
use spread::Spread;

/// Units of one line that go together, by their number in the line: the first is 0.
///
/// Units that were removed are the last ones. Where one line goes in several of our shipments, each takes numbers that
/// no other has; a single shipment starts at 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shipped<'o> {
    /// The line's id.
    pub(super) line: &'o str,
    pub(super) units: Range<u32>,
}

/// Units of one line that have one value. A line makes two of these at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CustomsItem {
    /// The line's id.
    pub(super) line: String,
    /// The line's name.
    pub(super) description: String,
    pub(super) quantity: u32,
    /// Of one unit.
    pub(super) value: Money,
    /// Digits only. Nothing if it is missing.
    pub(super) hs_code: Option<String>,
    /// Two letters, upper case. Nothing if it is missing.
    pub(super) origin: Option<String>,
}

/// What customs is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) items: Vec<CustomsItem>,
    /// Of all items, in the currency of their values.
    pub(super) total: Money,
    /// What a person must look at before it is told; the hold rules ask for it. With a difference the items stay at
    /// what the lines say: an approval accepts these.
    pub(super) seen: CustomsSeen,
}

/// An order in one currency, checked.
struct Checked {
    currency: Currency,
    /// What each of the order's lines is worth.
    worth: Vec<Worth>,
    difference: Option<(Money, Money)>,
}

/// What a line is worth, as ordered and as it is now. They differ only where cents were settled.
struct Worth {
    ordered: Spread,
    now: Spread,
}

impl Worth {
    /// Units that were refunded are not in what the line is now.
    fn of(&self, units: &Range<u32>) -> Spread {
        if units.end <= self.now.units { self.now } else { self.ordered }
    }
}

/// Declares what is shipped of an order. Whoever calls has found that it crosses a [`border()`].
///
/// An amount with more digits than its currency, a discount above its line, and units that the line never had cannot be
/// declared at all: they are a question.
pub(super) fn declare(order: &Order, shipped: &[Shipped<'_>], settings: &Customs) -> Result<Declaration, Question> {
    let checked = check(order, settings.currency)?;
    let mut items = Vec::with_capacity(shipped.len());
    let mut missing = Vec::new();
    let mut total = 0;
    for part in shipped {
        let found = order.lines.iter().zip(&checked.worth).find(|(line, _)| line.id == part.line);
        let (line, worth) = found.ok_or_else(|| unknown(part))?;
        let hs_code = placed(line.hs_code.as_deref(), &settings.missing_hs_code, hs_code);
        let origin = placed(line.origin.as_deref(), &settings.missing_origin, country_code);
        if part.units.is_empty() {
            continue;
        }
        if part.units.end > line.quantity {
            return Err(uncarriable(vec![
                Fact::new("line", &line.name),
                Fact::new("units to ship", part.units.end),
                Fact::new("units ordered", line.quantity),
            ]));
        }
        let lacks = [lack(&hs_code, "HS code"), lack(&origin, "country of origin"), refunded(line, &part.units)];
        for words in lacks.into_iter().flatten().map(|lack| format!("{}: {lack}", line.name)) {
            if !missing.contains(&words) {
                missing.push(words);
            }
        }
        let worth = worth.of(&part.units);
        for (quantity, value) in worth.runs(&part.units) {
            items.push(CustomsItem {
                line: line.id.clone(),
                description: line.name.clone(),
                quantity,
                value: value::money(value, checked.currency)?,
                hs_code: hs_code.clone().unwrap_or_default(),
                origin: origin.clone().unwrap_or_default(),
            });
        }
        total += worth.of(&part.units);
    }
    let seen = CustomsSeen { missing, difference: checked.difference };
    Ok(Declaration { items, total: value::money(total, checked.currency)?, seen })
}

/// The worth of every line, settled with Shopify's subtotal if they agree.
fn check(order: &Order, which: CustomsCurrency) -> Result<Checked, Question> {
    let subtotal = told(order.subtotal, which);
    let currency = subtotal.currency;
    let mut worth = Vec::with_capacity(order.lines.len());
    let mut now = Vec::with_capacity(order.lines.len());
    for line in &order.lines {
        let spread = Spread { value: value::line(line, which, currency)?, units: line.quantity };
        now.push(Now::of(line, spread));
        worth.push(Worth { ordered: spread, now: spread });
    }
    let difference = match check::check(&now, value::minor(subtotal, currency, "subtotal")?, check::tolerance(currency))
    {
        Check::Agrees(settled) => {
            for ((worth, line), settled) in worth.iter_mut().zip(&order.lines).zip(settled) {
                if settled != 0 {
                    let units = line.current_quantity;
                    worth.now = Spread { value: worth.ordered.first(units) - settled, units };
                }
            }
            None
        }
        Check::Differs(ours) => Some((value::money(ours, currency)?, subtotal)),
    };
    Ok(Checked { currency, worth, difference })
}

/// The amount in the currency that is declared.
fn told(both: Both, which: CustomsCurrency) -> Money {
    match which {
        CustomsCurrency::Shop => both.shop,
        CustomsCurrency::Presentment => both.presentment,
    }
}

/// A code as the merchant typed it, or what the shop says if it is none. The error is what was typed, if a person must
/// look.
fn placed(
    typed: Option<&str>,
    otherwise: &MissingCode,
    read: fn(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    let typed = typed.unwrap_or_default();
    match (read(typed), otherwise) {
        (Some(code), _) => Ok(Some(code)),
        (None, MissingCode::Use(code)) => read(code).map(Some).ok_or_else(|| code.clone()),
        (None, MissingCode::LeaveEmpty) => Ok(None),
        (None, MissingCode::Hold) => Err(typed.trim().to_owned()),
    }
}

fn lack(code: &Result<Option<String>, String>, name: &str) -> Option<String> {
    let typed = code.as_ref().err()?;
    Some(if typed.is_empty() { format!("no {name}") } else { format!("{typed:?} is no {name}") })
}

/// A unit may be refunded and shipped all the same. It is declared at what was paid for it, which a person must see.
fn refunded(line: &Line, units: &Range<u32>) -> Option<String> {
    let refunded = units.end.saturating_sub(units.start.max(line.current_quantity));
    (refunded > 0).then(|| format!("the value of units that were refunded ({refunded})"))
}

fn unknown(part: &Shipped<'_>) -> Question {
    uncarriable(vec![
        Fact::new("line", part.line),
        Fact::new("trouble", "customs would be told of a line the order lacks"),
    ])
}

fn uncarriable(evidence: Vec<Fact>) -> Question {
    Question { reason: HoldReason::NotCarriable, evidence }
}
