//! An order's lines.

use ::lane::money::InvalidMoney;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use serde_json::Number;

use super::{Bag, BothBag, CustomAttribute, attributes, last_part};
use crate::providers::shopify::order::{Discount, Line};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::providers::shopify) struct LineItem {
    id: String,
    sku: Option<String>,
    name: String,
    quantity: u32,
    current_quantity: u32,
    unfulfilled_quantity: u32,
    requires_shipping: bool,
    is_gift_card: bool,
    original_unit_price_set: BothBag,
    discounted_unit_price_after_all_discounts_set: Bag,
    discount_allocations: Vec<Allocation>,
    weight: Option<Weight>,
    custom_attributes: Vec<CustomAttribute>,
    variant: Option<Variant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Allocation {
    allocated_amount_set: BothBag,
    discount_application: Application,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    allocation_method: String,
    target_selection: String,
    target_type: String,
}

#[derive(Debug, Deserialize)]
struct Weight {
    unit: String,
    value: Number,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    inventory_item: Option<InventoryItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    harmonized_system_code: Option<String>,
    country_code_of_origin: Option<String>,
}

impl LineItem {
    pub(super) fn into_line(self) -> Result<Line, InvalidMoney> {
        let item = self.variant.and_then(|variant| variant.inventory_item).unwrap_or_default();
        Ok(Line {
            id: last_part(&self.id),
            sku: self.sku,
            name: self.name,
            quantity: self.quantity,
            current_quantity: self.current_quantity,
            unfulfilled_quantity: self.unfulfilled_quantity,
            requires_shipping: self.requires_shipping,
            gift_card: self.is_gift_card,
            price: self.original_unit_price_set.both()?,
            discounts: self.discount_allocations.iter().map(Allocation::discount).collect::<Result<_, _>>()?,
            unit_price: self.discounted_unit_price_after_all_discounts_set.money()?,
            weight_grams: self.weight.as_ref().and_then(Weight::grams),
            hs_code: item.harmonized_system_code,
            origin: item.country_code_of_origin,
            attributes: attributes(self.custom_attributes),
        })
    }
}

impl Allocation {
    fn discount(&self) -> Result<Discount, InvalidMoney> {
        Ok(Discount { amount: self.allocated_amount_set.both()?, across: self.discount_application.across() })
    }
}

impl Application {
    /// A discount of some lines is spread across them too; only one that takes in all of them is the order's.
    fn across(&self) -> bool {
        self.target_type == "LINE_ITEM" && self.target_selection == "ALL" && self.allocation_method == "ACROSS"
    }
}

impl Weight {
    /// To the nearest gram. A weight that is none, or in a unit that is not known here, is unknown.
    fn grams(&self) -> Option<u64> {
        let per_unit = match self.unit.as_str() {
            "GRAMS" => Decimal::ONE,
            "KILOGRAMS" => Decimal::ONE_THOUSAND,
            "OUNCES" => Decimal::new(28_349_523_125, 9),
            "POUNDS" => Decimal::new(45_359_237, 5),
            _ => return None,
        };
        let text = self.value.to_string();
        let value = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok()?;
        value.checked_mul(per_unit)?.round().to_u64()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn weights_become_whole_grams() {
        for (unit, value, grams) in [
            ("GRAMS", json!(250.0), Some(250)),
            ("KILOGRAMS", json!(0.1), Some(100)),
            ("OUNCES", json!(1), Some(28)),
            ("POUNDS", json!(2.5), Some(1134)),
            ("KILOGRAMS", json!(1e-7), Some(0)),
            ("GRAMS", json!(-1), None),
            ("GRAMS", json!(1e300), None),
            ("STONES", json!(1), None),
        ] {
            let weight: Weight = from_value(json!({"unit": unit, "value": value})).unwrap();
            assert_eq!(weight.grams(), grams, "{value} {unit}");
        }
    }

    #[test]
    fn only_a_discount_across_all_lines_is_the_orders() {
        for (method, selection, target, across) in [
            ("ACROSS", "ALL", "LINE_ITEM", true),
            ("ACROSS", "ENTITLED", "LINE_ITEM", false),
            ("EACH", "ALL", "LINE_ITEM", false),
            ("ONE", "EXPLICIT", "LINE_ITEM", false),
            ("ACROSS", "ALL", "SHIPPING_LINE", false),
            ("SOMEHOW", "ALL", "LINE_ITEM", false),
        ] {
            let given = json!({"allocationMethod": method, "targetSelection": selection, "targetType": target});
            let application: Application = from_value(given).unwrap();
            assert_eq!(application.across(), across, "{method} {selection} {target}");
        }
    }
}
