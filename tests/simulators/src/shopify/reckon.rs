//! What a line comes to: the one reckoning behind both APIs.
//!
//! `quantity` counts every unit ever ordered, and the allocated discounts cover all of them; of the units that are left
//! a line keeps its share of discount and tax, rounded half up, so that what one refund takes is what it takes off the
//! totals.

use serde_json::Value;

use super::discounts::{is_code, is_of_order};
use super::lines::bag;
use super::money::Bag;
use super::translate::{Source, entries, truth};

/// One line, in both currencies.
pub(super) struct Reckoned {
    pub(super) quantity: u64,
    pub(super) current: u64,
    /// One unit before discounts.
    pub(super) unit: Bag,
    /// Everything allocated to the line.
    pub(super) discount: Bag,
    /// What of it are discounts of the line itself.
    pub(super) on_line: Bag,
    pub(super) on_line_without_codes: Bag,
    /// Tax on all units.
    pub(super) tax: Bag,
    taxes_included: bool,
}

impl Reckoned {
    pub(super) fn of(source: &Source<'_>, line: &Value) -> Self {
        let rest = source.rest();
        let quantity = line["quantity"].as_u64().unwrap_or(0);
        let unit = bag(source, line, "price");
        let applied = |allocation: &Value| {
            let index = allocation["discount_application_index"].as_u64().and_then(|index| usize::try_from(index).ok());
            index.map_or(&Value::Null, |index| &rest["discount_applications"][index])
        };
        let allocations = entries(&line["discount_allocations"]);
        let sum = |counts: &dyn Fn(&Value) -> bool| {
            allocations
                .iter()
                .filter(|allocation| counts(applied(allocation)))
                .fold(unit.none(), |sum, allocation| sum.plus(&bag(source, allocation, "amount")))
        };
        // An order without allocations may still say what was taken off a line.
        let (discount, on_line, on_line_without_codes) = if allocations.is_empty() {
            let told = bag(source, line, "total_discount");
            (told.clone(), told.clone(), told)
        } else {
            (
                sum(&|_| true),
                sum(&|applied| !is_of_order(applied)),
                sum(&|applied| !is_of_order(applied) && !is_code(applied)),
            )
        };
        let tax = entries(&line["tax_lines"]).iter().fold(unit.none(), |sum, tax| sum.plus(&bag(source, tax, "price")));
        Self {
            quantity,
            current: line["current_quantity"].as_u64().unwrap_or(quantity),
            unit,
            discount,
            on_line,
            on_line_without_codes,
            tax,
            taxes_included: truth(&rest["taxes_included"], false),
        }
    }

    /// The discount on the units that are left.
    pub(super) fn current_discount(&self) -> Bag {
        self.discount.share(self.current, self.quantity)
    }

    /// The tax on the units that are left.
    pub(super) fn current_tax(&self) -> Bag {
        self.tax.share(self.current, self.quantity)
    }

    /// The units that are left after all discounts; with tax if prices contain it.
    pub(super) fn current_net(&self) -> Bag {
        self.unit.times(self.current).minus(&self.current_discount())
    }

    /// The same without tax.
    pub(super) fn before_taxes(&self) -> Bag {
        if self.taxes_included { self.current_net().minus(&self.current_tax()) } else { self.current_net() }
    }
}
