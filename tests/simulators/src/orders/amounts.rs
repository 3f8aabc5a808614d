//! The amounts of one order. All are added up in minor units, so every total is exactly the sum of its parts.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::goods::Line;

/// Shipping costs 5.00, or as near as the currency comes.
const SHIPPING_CENTS: u64 = 500;

/// What an order costs, in minor units.
#[derive(Debug)]
pub(super) struct Amounts<'o> {
    digits: u32,
    currency: &'o str,
    discount_percent: u64,
    tax_percent: u64,
    items: u64,
    /// Taken off each line.
    discounts: Vec<u64>,
    shipping: u64,
    tax: u64,
}

impl<'o> Amounts<'o> {
    pub(super) fn of(lines: &[Line], tax_percent: u64, discount_percent: u64, digits: u32, currency: &'o str) -> Self {
        let items = lines.iter().map(|line| line.unit_price * line.quantity).sum();
        let discounts: Vec<u64> =
            lines.iter().map(|line| line.unit_price * line.quantity * discount_percent / 100).collect();
        let shipping =
            if digits < 2 { SHIPPING_CENTS / 10u64.pow(2 - digits) } else { SHIPPING_CENTS * 10u64.pow(digits - 2) };
        let tax = lines
            .iter()
            .zip(&discounts)
            .map(|(line, discount)| line_tax(line.unit_price * line.quantity - discount, tax_percent))
            .sum();
        Self { digits, currency, discount_percent, tax_percent, items, discounts, shipping, tax }
    }

    /// Totals, plain and as sets; nothing was refunded or edited, so the current ones are the same.
    pub(super) fn totals(&self) -> Value {
        let discount: u64 = self.discounts.iter().sum();
        let subtotal = self.items - discount;
        let total = subtotal + self.shipping + self.tax;
        let mut totals = json!({
            "total_outstanding": self.text(0),
            "total_tip_received": self.text(0),
            "tax_lines": self.tax_lines(self.tax),
            "current_total_duties_set": null,
            "original_total_duties_set": null,
            "current_shipping_price_set": self.set(self.shipping),
            "total_shipping_price_set": self.set(self.shipping),
        });
        let both = [
            ("subtotal_price", subtotal),
            ("total_price", total),
            ("total_tax", self.tax),
            ("total_discounts", discount),
        ];
        for (name, amount) in both.into_iter().chain([("total_line_items_price", self.items)]) {
            totals[name] = json!(self.text(amount));
            totals[format!("{name}_set")] = self.set(amount);
        }
        for (name, amount) in both {
            totals[format!("current_{name}")] = json!(self.text(amount));
            totals[format!("current_{name}_set")] = self.set(amount);
        }
        totals
    }

    /// The discount code, if there is one.
    pub(super) fn discounts(&self) -> Value {
        if self.discount_percent == 0 {
            return json!({"discount_codes": [], "discount_applications": []});
        }
        let percent = format!("{}.0", self.discount_percent);
        json!({
            "discount_codes": [{
                "code": "WELCOME",
                "amount": self.text(self.discounts.iter().sum()),
                "type": "percentage",
            }],
            "discount_applications": [{
                "target_type": "line_item",
                "type": "discount_code",
                "value": percent,
                "value_type": "percentage",
                "allocation_method": "across",
                "target_selection": "all",
                "code": "WELCOME",
            }],
        })
    }

    /// A line; `index` tells which, so that its discount is found.
    pub(super) fn line(&self, line: &Line, index: u64, id: u64) -> Value {
        let discount = usize::try_from(index).ok().and_then(|index| self.discounts.get(index)).copied().unwrap_or(0);
        let allocation = json!([{
            "amount": self.text(discount),
            "amount_set": self.set(discount),
            "discount_application_index": 0,
        }]);
        let goods = line.goods;
        json!({
            "id": id,
            "admin_graphql_api_id": format!("gid://shopify/LineItem/{id}"),
            "title": goods.title,
            "variant_title": goods.variant,
            "name": format!("{} - {}", goods.title, goods.variant),
            "sku": goods.sku,
            "vendor": goods.vendor,
            "product_id": 788_032_119_674_292_900 + line.product,
            "variant_id": 642_667_041_472_713_900 + line.product,
            "product_exists": true,
            "quantity": line.quantity,
            "current_quantity": line.quantity,
            "fulfillable_quantity": line.quantity,
            "fulfillment_service": "manual",
            "fulfillment_status": null,
            "requires_shipping": true,
            "gift_card": false,
            "taxable": true,
            "grams": goods.grams,
            "harmonized_system_code": goods.tariff,
            "country_code_of_origin": goods.origin,
            "price": self.text(line.unit_price),
            "price_set": self.set(line.unit_price),
            // A code's share is in the allocations; this field is for discounts of the line itself.
            "total_discount": self.text(0),
            "total_discount_set": self.set(0),
            "discount_allocations": if discount == 0 { json!([]) } else { allocation },
            "tax_lines": self.tax_lines(line_tax(line.unit_price * line.quantity - discount, self.tax_percent)),
            "properties": [],
            "duties": [],
        })
    }

    /// The one shipping line.
    pub(super) fn shipping_line(&self, order_id: u64) -> Value {
        json!({
            "id": order_id - 549_000_000_000_000_000,
            "title": "Standard",
            "code": "Standard",
            "source": "shopify",
            "carrier_identifier": null,
            "phone": null,
            "is_removed": false,
            "price": self.text(self.shipping),
            "price_set": self.set(self.shipping),
            "discounted_price": self.text(self.shipping),
            "discounted_price_set": self.set(self.shipping),
            "current_discounted_price_set": self.set(self.shipping),
            "discount_allocations": [],
            "tax_lines": [],
        })
    }

    fn tax_lines(&self, tax: u64) -> Value {
        if self.tax_percent == 0 {
            return json!([]);
        }
        let rate = Decimal::new(i64::try_from(self.tax_percent).unwrap_or(0), 2);
        let rate: Option<serde_json::Number> = rate.normalize().to_string().parse().ok();
        json!([{"title": "Tax", "rate": rate, "price": self.text(tax), "price_set": self.set(tax)}])
    }

    fn set(&self, minor: u64) -> Value {
        let money = json!({"amount": self.text(minor), "currency_code": self.currency});
        json!({"shop_money": money, "presentment_money": money})
    }

    fn text(&self, minor: u64) -> String {
        Decimal::from_i128_with_scale(i128::from(minor), self.digits).to_string()
    }
}

/// Rounded down, like nothing that taxes; but always the same.
fn line_tax(amount: u64, percent: u64) -> u64 {
    amount * percent / 100
}
