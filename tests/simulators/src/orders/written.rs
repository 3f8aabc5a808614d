//! A reckoned sale written into a REST order.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::allocate::Allocated;
use super::sale::{Item, Reduction, Sale};

/// The shop's side, then the buyer's.
type Both = [Allocated; 2];

/// A total by its name, and how it is reckoned on one side.
type Total<'t> = (&'static str, &'t dyn Fn(&Allocated) -> i128);

/// Replaces the lines, discounts, shipping and totals of an order.
pub(super) fn write(sale: &Sale, both: &Both, order: &mut Value, first_line: u64) {
    totals(sale, both, order);
    order["presentment_currency"] = json!(both[1].side.code);
    order["taxes_included"] = json!(sale.taxes_included);
    order["total_weight"] = json!(sale.items.iter().map(|item| item.grams * item.quantity).sum::<u64>());
    order["discount_applications"] = sale.discounts.iter().map(application).collect();
    order["discount_codes"] = sale
        .discounts
        .iter()
        .enumerate()
        .filter_map(|(place, discount)| {
            let taken = |side: &Allocated| {
                let all = side.discounts.iter().flatten().chain(&side.shipping_discounts);
                all.filter(|(of, _)| *of == place).map(|(_, amount)| amount).sum::<i128>()
            };
            let kind = if discount.percent.is_some() { "percentage" } else { "fixed_amount" };
            let code = discount.code.as_ref()?;
            Some(json!({"code": code, "amount": both[0].side.text(taken(&both[0])), "type": kind}))
        })
        .collect();
    order["line_items"] = sale
        .items
        .iter()
        .enumerate()
        .zip(first_line..)
        .map(|((index, item), id)| line(sale, both, index, item, id))
        .collect();
    order["tax_lines"] = tax_lines(sale, both, Allocated::tax);
    let id = order["id"].clone();
    order["shipping_lines"] = sale.shipping.iter().map(|_| shipping_line(sale, both, &id)).collect();
}

fn totals(sale: &Sale, both: &Both, order: &mut Value) {
    let items = |side: &Allocated| side.items(&sale.items);
    let subtotal = |side: &Allocated| side.items(&sale.items) - side.goods_discount();
    let total = |side: &Allocated| {
        let on_top = if sale.taxes_included { 0 } else { side.tax() };
        side.items(&sale.items) - side.goods_discount() + side.shipping_paid() + on_top
    };
    let amounts: [Total<'_>; 4] = [
        ("subtotal_price", &subtotal),
        ("total_price", &total),
        ("total_tax", &Allocated::tax),
        ("total_discounts", &Allocated::discount),
    ];
    for (name, amount) in amounts {
        for name in [name.to_owned(), format!("current_{name}")] {
            order[&name] = json!(both[0].side.text(amount(&both[0])));
            order[format!("{name}_set")] = set(both, amount);
        }
    }
    order["total_line_items_price"] = json!(both[0].side.text(items(&both[0])));
    order["total_line_items_price_set"] = set(both, items);
    order["total_shipping_price_set"] = set(both, Allocated::shipping_paid);
    order["current_shipping_price_set"] = set(both, Allocated::shipping_paid);
    order["total_outstanding"] = json!(both[0].side.text(0));
}

fn application(discount: &Reduction) -> Value {
    let kind = if discount.code.is_some() { "discount_code" } else { discount.kind.as_deref().unwrap_or("automatic") };
    let percent = discount.percent.is_some();
    let value = discount.percent.or(discount.amount).unwrap_or(Decimal::ZERO);
    json!({
        "target_type": if discount.shipping { "shipping_line" } else { "line_item" },
        "type": kind,
        "value": value.to_string(),
        "value_type": if percent { "percentage" } else { "fixed_amount" },
        "allocation_method": if discount.each || discount.shipping { "each" } else { "across" },
        "target_selection": if discount.items.is_some() { "entitled" } else { "all" },
        "code": discount.code,
        "title": discount.code.as_deref().unwrap_or("Discount"),
        "description": "Discount",
    })
}

fn line(sale: &Sale, both: &Both, index: usize, item: &Item, id: u64) -> Value {
    // The same discounts reach a line in both currencies, except where one is less than a minor unit there.
    let mut places: Vec<usize> = both.iter().flat_map(|side| &side.discounts[index]).map(|(place, _)| *place).collect();
    places.sort_unstable();
    places.dedup();
    let allocations: Value = places
        .iter()
        .map(|place| {
            let of = |side: &Allocated| {
                side.discounts[index].iter().find(|(of, _)| of == place).map_or(0, |(_, amount)| *amount)
            };
            json!({
                "amount": both[0].side.text(of(&both[0])),
                "amount_set": set(both, of),
                "discount_application_index": place,
            })
        })
        .collect();
    let properties: Value = item.properties.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "id": id,
        "admin_graphql_api_id": format!("gid://shopify/LineItem/{id}"),
        "title": item.title,
        "variant_title": null,
        "name": item.title,
        "sku": item.sku,
        "vendor": null,
        "product_id": id + 1,
        "variant_id": id + 2,
        "product_exists": true,
        "quantity": item.quantity,
        "current_quantity": item.quantity,
        "fulfillable_quantity": item.quantity,
        "fulfillment_service": if item.gift_card { "gift_card" } else { "manual" },
        "fulfillment_status": null,
        "requires_shipping": item.ships,
        "gift_card": item.gift_card,
        "taxable": true,
        "grams": item.grams,
        "price": both[0].side.text(both[0].units[index]),
        "price_set": set(both, |side| side.units[index]),
        "total_discount": both[0].side.text(0),
        "total_discount_set": set(both, |_| 0),
        "discount_allocations": allocations,
        "tax_lines": tax_lines(sale, both, |side| side.taxes[index]),
        "properties": properties,
        "duties": [],
    })
}

fn shipping_line(sale: &Sale, both: &Both, order_id: &Value) -> Value {
    let chosen = sale.shipping.as_ref();
    let allocations: Value = both[0]
        .shipping_discounts
        .iter()
        .zip(&both[1].shipping_discounts)
        .map(|((place, shop), (_, buyer))| {
            let amounts = [shop, buyer];
            json!({
                "amount": both[0].side.text(*shop),
                "amount_set": pair(both, amounts.map(|amount| *amount)),
                "discount_application_index": place,
            })
        })
        .collect();
    json!({
        "id": order_id.as_u64().unwrap_or(0).saturating_sub(549_000_000_000_000_000),
        "title": chosen.map(|chosen| &chosen.title),
        "code": chosen.and_then(|chosen| chosen.code.as_ref()),
        "source": "shopify",
        "carrier_identifier": null,
        "phone": null,
        "is_removed": false,
        "price": both[0].side.text(both[0].shipping),
        "price_set": set(both, |side| side.shipping),
        "discounted_price": both[0].side.text(both[0].shipping_paid()),
        "discounted_price_set": set(both, Allocated::shipping_paid),
        "current_discounted_price_set": set(both, Allocated::shipping_paid),
        "discount_allocations": allocations,
        "tax_lines": [],
    })
}

fn tax_lines(sale: &Sale, both: &Both, of: impl Fn(&Allocated) -> i128) -> Value {
    if sale.tax_percent.is_zero() {
        return json!([]);
    }
    let rate: Option<serde_json::Number> =
        (sale.tax_percent / Decimal::ONE_HUNDRED).normalize().to_string().parse().ok();
    json!([{"title": "Tax", "rate": rate, "price": both[0].side.text(of(&both[0])), "price_set": set(both, of)}])
}

fn set(both: &Both, of: impl Fn(&Allocated) -> i128) -> Value {
    pair(both, [of(&both[0]), of(&both[1])])
}

fn pair(both: &Both, amounts: [i128; 2]) -> Value {
    let of = |place: usize| {
        let side = &both[place].side;
        json!({"amount": side.text(amounts[place]), "currency_code": side.code})
    };
    json!({"shop_money": of(0), "presentment_money": of(1)})
}
