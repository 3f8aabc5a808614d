//! What has left the warehouse: shipments, which have a label, and fulfillments, which were marked as shipped.
//!
//! An order may leave in parts. v1 says nowhere on the order how much has left: it is the sum of its shipments that
//! were not voided. Shapes are those of the pages "List Shipments" and "List Fulfillments".

use jiff::Timestamp;
use serde_json::{Value, json};

use super::label::{Label, ShippingError};
use super::pacific;
use super::query::Query;
use super::resource::entries;

#[derive(Debug)]
struct Shipment {
    account: String,
    batch: u64,
    /// By `orderItemId`.
    units: Vec<(u64, u64)>,
    resource: Value,
}

/// Every shipment and fulfillment of every account.
#[derive(Debug, Default)]
pub(super) struct Parcels {
    shipments: Vec<Shipment>,
    fulfillments: Vec<(String, Value)>,
    batches: u64,
}

/// Like the ids in public samples.
const FIRST_SHIPMENT: u64 = 271_726_263;
const FIRST_FULFILLMENT: u64 = 33_974_374;
const FIRST_BATCH: u64 = 144_015_674;

impl Parcels {
    /// The number under which a webhook lists what was shipped together.
    pub(super) fn open_batch(&mut self) -> u64 {
        self.batches += 1;
        FIRST_BATCH + self.batches
    }

    /// The lines of an order that can leave, with what is left of each.
    pub(super) fn left<'o>(&self, order: &'o Value) -> Vec<(&'o Value, u64)> {
        let goods = entries(&order["items"]).iter().filter(|item| item["adjustment"] != true);
        goods
            .map(|item| (item, item["quantity"].as_u64().unwrap_or(0).saturating_sub(self.gone(order, item))))
            .collect()
    }

    fn gone(&self, order: &Value, item: &Value) -> u64 {
        let standing = self.shipments.iter().filter(|shipment| {
            shipment.resource["voided"] == false && shipment.resource["orderId"] == order["orderId"]
        });
        let units = standing.flat_map(|shipment| &shipment.units);
        units.filter(|(id, _)| item["orderItemId"] == *id).map(|(_, quantity)| quantity).sum()
    }

    /// Which units a label takes.
    pub(super) fn taken(&self, order: &Value, label: &Label) -> Result<Vec<(u64, u64)>, ShippingError> {
        let left = self.left(order);
        let id = |item: &Value| item["orderItemId"].as_u64().unwrap_or_default();
        if label.lines.is_empty() {
            let all: Vec<_> = left.iter().filter(|(_, left)| *left > 0).map(|(item, left)| (id(item), *left)).collect();
            return if all.is_empty() && !left.is_empty() { Err(ShippingError::NothingLeft) } else { Ok(all) };
        }
        let taken = label.lines.iter().map(|wanted| {
            let key = &wanted.line_item_key;
            let found = left.iter().find(|(item, _)| item["lineItemKey"] == **key || id(item).to_string() == **key);
            let (item, left) = found.ok_or_else(|| ShippingError::UnknownLine(key.clone()))?;
            if wanted.quantity > *left {
                return Err(ShippingError::TooMany { line: key.clone(), wanted: wanted.quantity, left: *left });
            }
            Ok((id(item), wanted.quantity))
        });
        taken.collect()
    }

    /// Enters a shipment and returns its resource, with its items.
    pub(super) fn ship(
        &mut self,
        account: &str,
        batch: u64,
        order: &Value,
        label: &Label,
        units: Vec<(u64, u64)>,
        now: Timestamp,
    ) -> Value {
        let id = FIRST_SHIPMENT + count(self.shipments.len());
        let tracking = label.tracking_number.clone().unwrap_or_else(|| format!("9400110{id:015}"));
        let items: Vec<Value> = units.iter().filter_map(|(id, quantity)| parcel_item(order, *id, *quantity)).collect();
        let resource = json!({
            "shipmentId": id,
            "orderId": order["orderId"],
            "orderKey": order["orderKey"],
            "userId": null,
            "customerEmail": order["customerEmail"],
            "orderNumber": order["orderNumber"],
            "createDate": pacific::time(now),
            "shipDate": label.ship_date.clone().unwrap_or_else(|| pacific::date(now)),
            "shipmentCost": 0,
            "insuranceCost": 0,
            "trackingNumber": tracking,
            "isReturnLabel": false,
            "batchNumber": null,
            "carrierCode": label.carrier_code,
            "serviceCode": label.service_code,
            "packageCode": order["packageCode"],
            "confirmation": order["confirmation"],
            "warehouseId": order["advancedOptions"]["warehouseId"],
            "voided": false,
            "voidDate": null,
            "marketplaceNotified": false,
            "notifyErrorMessage": null,
            "shipTo": order["shipTo"],
            "weight": order["weight"],
            "dimensions": order["dimensions"],
            "insuranceOptions": order["insuranceOptions"],
            "advancedOptions": {
                "billToParty": null,
                "billToAccount": null,
                "billToPostalCode": null,
                "billToCountryCode": null,
                "storeId": order["advancedOptions"]["storeId"],
            },
            "shipmentItems": items,
            "labelData": null,
            "formData": null,
        });
        self.shipments.push(Shipment { account: account.to_owned(), batch, units, resource: resource.clone() });
        resource
    }

    /// Takes a label back; its units have not left. Nothing if there is no such label, or it was taken back already.
    pub(super) fn void(&mut self, shipment_id: u64, now: Timestamp) -> Option<Value> {
        let standing = |shipment: &&mut Shipment| {
            shipment.resource["shipmentId"] == shipment_id && shipment.resource["voided"] == false
        };
        let shipment = self.shipments.iter_mut().find(standing)?;
        shipment.resource["voided"] = json!(true);
        shipment.resource["voidDate"] = json!(pacific::time(now));
        Some(shipment.resource.clone())
    }

    /// Enters that an order was marked as shipped.
    pub(super) fn fulfil(&mut self, account: &str, order: &Value, label: &Label, now: Timestamp) -> Value {
        let day = label.ship_date.as_deref().and_then(pacific::normalised);
        let resource = json!({
            "fulfillmentId": FIRST_FULFILLMENT + count(self.fulfillments.len()),
            "orderId": order["orderId"],
            "orderNumber": order["orderNumber"],
            "userId": null,
            "customerEmail": order["customerEmail"],
            "trackingNumber": label.tracking_number,
            "createDate": pacific::time(now),
            "shipDate": day.or_else(|| pacific::normalised(&pacific::date(now))),
            "voidDate": null,
            "deliveryDate": null,
            "carrierCode": label.carrier_code,
            "fulfillmentProviderCode": null,
            "fulfillmentServiceCode": null,
            "fulfillmentFee": 0,
            "voidRequested": false,
            "voided": false,
            "marketplaceNotified": false,
            "notifyErrorMessage": null,
            "shipTo": order["shipTo"],
        });
        self.fulfillments.push((account.to_owned(), resource.clone()));
        resource
    }

    /// Every shipment, with its items, in order of creation.
    pub(super) fn shipments(&self) -> impl Iterator<Item = &Value> {
        self.shipments.iter().map(|shipment| &shipment.resource)
    }

    /// `GET /shipments`. The batch is no documented filter, yet it is the one that a webhook's address bears.
    pub(super) fn list_shipments(&self, account: &str, query: &Query) -> Value {
        let texts = ["orderNumber", "orderId", "carrierCode", "serviceCode", "trackingNumber"];
        let finds = |shipment: &&Shipment| {
            let resource = &shipment.resource;
            texts.iter().all(|name| query.is(name, &resource[*name]))
                && query.is("recipientName", &resource["shipTo"]["name"])
                && query.is("recipientCountryCode", &resource["shipTo"]["country"])
                && query.is("storeId", &resource["advancedOptions"]["storeId"])
                && query.is("batchId", &json!(shipment.batch))
                && ["createDate", "shipDate", "voidDate"].iter().all(|name| query.within(name, &resource[*name]))
        };
        let mut found: Vec<&Shipment> =
            self.shipments.iter().filter(|shipment| shipment.account == account).filter(finds).collect();
        query.sort(&mut found, &["shipDate", "createDate"], |shipment| &shipment.resource);
        query.page("shipments", &found, |shipment| {
            let mut resource = shipment.resource.clone();
            if !query.says("includeShipmentItems") {
                resource["shipmentItems"] = Value::Null;
            }
            resource
        })
    }

    /// `GET /fulfillments`.
    pub(super) fn list_fulfillments(&self, account: &str, query: &Query) -> Value {
        let texts = ["fulfillmentId", "orderId", "orderNumber", "trackingNumber"];
        let finds = |resource: &&Value| {
            texts.iter().all(|name| query.is(name, &resource[*name]))
                && query.is("recipientName", &resource["shipTo"]["name"])
                && ["createDate", "shipDate"].iter().all(|name| query.within(name, &resource[*name]))
        };
        let of_account = self.fulfillments.iter().filter(|(owner, _)| owner == account).map(|(_, resource)| resource);
        let mut found: Vec<&Value> = of_account.filter(finds).collect();
        query.sort(&mut found, &["shipDate", "createDate"], |resource| *resource);
        query.page("fulfillments", &found, |resource| (*resource).clone())
    }
}

fn parcel_item(order: &Value, order_item_id: u64, quantity: u64) -> Option<Value> {
    let item = entries(&order["items"]).iter().find(|item| item["orderItemId"] == order_item_id)?;
    let mut shown = item.clone();
    shown["quantity"] = json!(quantity);
    let fields = shown.as_object_mut()?;
    for name in ["adjustment", "upc", "createDate", "modifyDate"] {
        fields.remove(name);
    }
    Some(shown)
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}
