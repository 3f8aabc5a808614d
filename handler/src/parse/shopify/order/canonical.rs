//! The canonical form of an order, which its fingerprint is taken of: JSON without spaces, the fields sorted by name, and
//! none that says nothing, because a field that says nothing is the same as one that is not there. A list keeps all of its
//! items: an item that says nothing still has its place.
//!
//! Each object has a table here: the fields that are part of the fingerprint, by name. They are written one after the other
//! into one buffer, and what turns out to say nothing is taken back. Ledgers in use hold fingerprints: what is written for
//! a body must never change.

use lane::clock::Timestamp;
use lane::id::Fingerprint;

use super::said::Said;
use super::{Address, LineItem, Order, ShippingLine, TaxLine};

/// The first buffer. It holds what matters of most orders; longer ones double it.
const PAGE_BYTES: usize = 8 * 1024;

/// Hash of the order's canonical form.
pub(super) fn fingerprint(order: &Order<'_>) -> serde_json::Result<Fingerprint> {
    let mut page = Vec::with_capacity(PAGE_BYTES);
    order.write(&mut page)?;
    Ok(Fingerprint::of(&page))
}

/// What has a canonical form.
trait Canonical {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()>;
}

/// Writes an object. The fields come sorted by name.
fn object<'f>(
    page: &mut Vec<u8>,
    fields: impl IntoIterator<Item = (&'f str, &'f dyn Canonical)>,
) -> serde_json::Result<()> {
    page.push(b'{');
    let first = page.len();
    for (name, field) in fields {
        let before = page.len();
        if before > first {
            page.push(b',');
        }
        serde_json::to_writer(&mut *page, name)?;
        page.push(b':');
        let said = page.len();
        field.write(page)?;
        if is_silent(&page[said..]) {
            page.truncate(before);
        }
    }
    page.push(b'}');
    Ok(())
}

/// Writes an object of which the fields are known.
fn table(page: &mut Vec<u8>, fields: &[(&str, &dyn Canonical)]) -> serde_json::Result<()> {
    object(page, fields.iter().copied())
}

/// Whether a field says nothing, by its canonical form.
fn is_silent(field: &[u8]) -> bool {
    matches!(field, b"null" | b"\"\"" | b"[]" | b"{}")
}

fn list<T: Canonical>(page: &mut Vec<u8>, items: &[T]) -> serde_json::Result<()> {
    page.push(b'[');
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            page.push(b',');
        }
        item.write(page)?;
    }
    page.push(b']');
    Ok(())
}

impl Canonical for Order<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        table(
            page,
            &[
                ("billing_address", &self.billing_address),
                ("cancelled_at", &self.cancelled_at),
                ("currency", &self.currency),
                ("current_total_discounts", &self.current_total_discounts),
                ("current_total_price", &self.current_total_price),
                ("current_total_tax", &self.current_total_tax),
                ("discount_applications", &self.discount_applications),
                ("discount_codes", &self.discount_codes),
                ("email", &self.email),
                ("financial_status", &self.financial_status),
                ("id", &self.id),
                ("line_items", &self.line_items),
                ("name", &self.name),
                ("note", &self.note),
                ("note_attributes", &self.note_attributes),
                ("phone", &self.phone),
                ("presentment_currency", &self.presentment_currency),
                ("shipping_address", &self.shipping_address),
                ("shipping_lines", &self.shipping_lines),
                ("tax_lines", &self.tax_lines),
                ("taxes_included", &self.taxes_included),
                ("test", &self.test),
                ("total_discounts", &self.total_discounts),
                ("total_price", &self.total_price),
                ("total_tax", &self.total_tax),
            ],
        )
    }
}

impl Canonical for Address<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        table(
            page,
            &[
                ("address1", &self.address1),
                ("address2", &self.address2),
                ("city", &self.city),
                ("company", &self.company),
                ("country", &self.country),
                ("country_code", &self.country_code),
                ("first_name", &self.first_name),
                ("last_name", &self.last_name),
                ("name", &self.name),
                ("phone", &self.phone),
                ("province", &self.province),
                ("province_code", &self.province_code),
                ("zip", &self.zip),
            ],
        )
    }
}

impl Canonical for LineItem<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        table(
            page,
            &[
                ("current_quantity", &self.current_quantity),
                ("discount_allocations", &self.discount_allocations),
                ("gift_card", &self.gift_card),
                ("id", &self.id),
                ("price", &self.price),
                ("properties", &self.properties),
                ("requires_shipping", &self.requires_shipping),
                ("sku", &self.sku),
                ("tax_lines", &self.tax_lines),
                ("title", &self.title),
                ("total_discount", &self.total_discount),
                ("variant_id", &self.variant_id),
                ("variant_title", &self.variant_title),
            ],
        )
    }
}

impl Canonical for ShippingLine<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        table(
            page,
            &[("code", &self.code), ("is_removed", &self.is_removed), ("price", &self.price), ("title", &self.title)],
        )
    }
}

impl Canonical for TaxLine<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        table(page, &[("price", &self.price), ("rate", &self.rate), ("title", &self.title)])
    }
}

impl Canonical for Said<'_> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Self::Null => serde_json::to_writer(page, &()),
            Self::Bool(on) => on.write(page),
            Self::Number(number) => serde_json::to_writer(page, number),
            Self::Text(text) => serde_json::to_writer(page, text),
            Self::List(items) => list(page, items),
            Self::Fields(fields) => {
                object(page, fields.iter().map(|(name, field)| (&*name.0, field as &dyn Canonical)))
            }
        }
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Some(said) => said.write(page),
            None => Said::Null.write(page),
        }
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        list(page, self)
    }
}

impl Canonical for bool {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(page, self)
    }
}

impl Canonical for u64 {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(page, self)
    }
}

impl Canonical for i64 {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(page, self)
    }
}

impl Canonical for String {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(page, self)
    }
}

impl Canonical for Timestamp {
    fn write(&self, page: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(page, self)
    }
}
