//! What has left the warehouse: shipments, which have a label, and fulfillments, which people marked as shipped.
//!
//! From `ShipStation` v1's pages *List Shipments* and *List Fulfillments*. A fulfillment names no items: it is all that
//! was left of its order. Times are Pacific; a page has at most 500 entries.

use serde_json::Value;

use super::{PAGE_SIZE, SHIPSTATION, ShipStation, answer};
use crate::providers::call::Intent;
use crate::providers::error::CallError;

/// Pages that are read of one order's parcels: nobody ships an order in five thousand of them.
const ORDER_PAGES_MAX: u64 = 10;

/// One parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// `ShipStation`'s id; a fulfillment's begins with `fulfillment/`, because both are counted by themselves.
    pub(crate) id: String,
    /// `ShipStation`'s id of the order.
    pub(crate) order_id: String,
    /// `carrierCode`.
    pub(crate) carrier: Option<String>,
    pub(crate) tracking: Option<String>,
    /// Its label was taken back.
    pub(crate) voided: bool,
    /// It goes from the buyer to the merchant.
    pub(crate) comes_back: bool,
    /// What it holds, if that is known.
    pub(crate) goods: Option<Vec<Goods>>,
}

/// Units of one line in a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goods {
    /// `lineItemKey`; a line that the warehouse added by itself has none.
    pub(crate) line: Option<String>,
    pub(crate) units: u32,
}

/// One page of parcels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) parcels: Vec<Parcel>,
    /// How many pages there are.
    pub(crate) pages: u64,
}

/// Which parcels of an account are listed; the times are Pacific.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since<'t> {
    /// Labels that were bought since.
    Shipped(&'t str),
    /// Labels that were taken back since.
    Voided(&'t str),
    /// Orders that were marked as shipped since.
    Marked(&'t str),
}

impl ShipStation<'_> {
    /// Every shipment of an order, with what is in it.
    pub(crate) async fn shipments_of(&self, order_id: &str) -> Result<Vec<Parcel>, CallError> {
        let query = [("orderId", order_id), ("includeShipmentItems", "true")];
        self.all("shipments", "GET /shipments?orderId", &query).await
    }

    /// Every fulfillment of an order.
    pub(crate) async fn fulfillments_of(&self, order_id: &str) -> Result<Vec<Parcel>, CallError> {
        self.all("fulfillments", "GET /fulfillments?orderId", &[("orderId", order_id)]).await
    }

    /// One page of an account's parcels, oldest first, so that what comes meanwhile is on the last page.
    pub(crate) async fn parcels_since(&self, since: Since<'_>, page: u64) -> Result<Page, CallError> {
        let sorted = |name, from| [(name, from), ("sortBy", "CreateDate"), ("sortDir", "ASC")];
        match since {
            Since::Shipped(from) => {
                let query = sorted("createDateStart", from);
                self.page("shipments", "GET /shipments?createDateStart", &query, page).await
            }
            Since::Voided(from) => {
                self.page("shipments", "GET /shipments?voidDateStart", &sorted("voidDateStart", from), page).await
            }
            Since::Marked(from) => {
                let query = sorted("createDateStart", from);
                self.page("fulfillments", "GET /fulfillments?createDateStart", &query, page).await
            }
        }
    }

    /// One page of what an address lists that `ShipStation` gave; how long a page is, is ours to say. Whether it is `ShipStation`'s is for the caller to see to:
    /// the account's credentials go there.
    pub(crate) async fn parcels_at(&self, url: &reqwest::Url, page: u64) -> Result<Page, CallError> {
        let ours = |name: &str| ["page", "pageSize"].iter().any(|own| own.eq_ignore_ascii_case(name));
        let others: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !ours(name))
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let (size, page) = (PAGE_SIZE.to_string(), page.to_string());
        let mut paged = url.clone();
        paged.query_pairs_mut().clear().extend_pairs(others).append_pair("pageSize", &size).append_pair("page", &page);
        let request = self.calls.http().get(paged);
        let call = self.call("GET /shipments?batchId", Intent::Read, request);
        let content = self.calls.make(call, |answer| answer::read_parcels(answer, &self.account.id)).await?;
        Ok(read(&content))
    }

    async fn all(&self, list: &'static str, name: &str, query: &[(&str, &str)]) -> Result<Vec<Parcel>, CallError> {
        let mut parcels = Vec::new();
        for page in 1..=ORDER_PAGES_MAX {
            let read = self.page(list, name, query, page).await?;
            parcels.extend(read.parcels);
            if read.pages <= page {
                return Ok(parcels);
            }
        }
        let words = "it lists more parcels of one order than are read".to_owned();
        Err(CallError::Unanswered { at: SHIPSTATION, words })
    }

    async fn page(&self, list: &'static str, name: &str, query: &[(&str, &str)], page: u64) -> Result<Page, CallError> {
        let url = format!("{}/{list}", self.account.base_url);
        let (size, page) = (PAGE_SIZE.to_string(), page.to_string());
        let request = self.calls.http().get(url).query(query).query(&[("pageSize", &size), ("page", &page)]);
        let call = self.call(name, Intent::Read, request);
        let content = self.calls.make(call, |answer| answer::read_parcels(answer, &self.account.id)).await?;
        Ok(read(&content))
    }
}

fn read(content: &Value) -> Page {
    let entries = |name: &str| content[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let shipments = entries("shipments").iter().filter_map(|entry| parcel(entry, "shipmentId", ""));
    let marked = entries("fulfillments").iter().filter_map(|entry| parcel(entry, "fulfillmentId", "fulfillment/"));
    Page { parcels: shipments.chain(marked).collect(), pages: content["pages"].as_u64().unwrap_or(1) }
}

/// One entry; nothing if it says not what it is or of which order.
fn parcel(entry: &Value, id: &str, prefix: &str) -> Option<Parcel> {
    Some(Parcel {
        id: format!("{prefix}{}", entry[id].as_u64()?),
        order_id: entry["orderId"].as_u64()?.to_string(),
        carrier: text(&entry["carrierCode"]),
        tracking: text(&entry["trackingNumber"]),
        voided: entry["voided"] == true,
        comes_back: entry["isReturnLabel"] == true,
        goods: entry["shipmentItems"].as_array().filter(|items| !items.is_empty()).map(|items| goods(items)),
    })
}

fn goods(items: &[Value]) -> Vec<Goods> {
    let units = |item: &Value| item["quantity"].as_u64().and_then(|units| u32::try_from(units).ok());
    let goods = items.iter().map(|item| Goods { line: text(&item["lineItemKey"]), units: units(item).unwrap_or(0) });
    goods.filter(|goods| goods.units > 0).collect()
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shipments_and_fulfillments_are_parcels_and_their_ids_never_meet() {
        let shipment = json!({"shipmentId": 7, "orderId": 1, "carrierCode": "ups", "trackingNumber": " 1Z ",
            "voided": false, "isReturnLabel": false,
            "shipmentItems": [{"lineItemKey": "11", "quantity": 2}, {"lineItemKey": null, "quantity": 1}]});
        let page = read(&json!({"shipments": [shipment, {"shipmentId": null}], "pages": 3}));
        assert_eq!(page.pages, 3);
        let [parcel] = &page.parcels[..] else { panic!("{page:?}") };
        assert_eq!((parcel.id.as_str(), parcel.order_id.as_str()), ("7", "1"));
        assert_eq!(parcel.tracking.as_deref(), Some("1Z"));
        let ours = Goods { line: Some("11".into()), units: 2 };
        assert_eq!(parcel.goods, Some(vec![ours, Goods { line: None, units: 1 }]));

        let marked = json!({"fulfillmentId": 7, "orderId": 1, "trackingNumber": "", "voided": true});
        let page = read(&json!({"fulfillments": [marked]}));
        assert_eq!((page.parcels[0].id.as_str(), page.pages), ("fulfillment/7", 1));
        assert_eq!((&page.parcels[0].tracking, page.parcels[0].voided), (&None, true));
        assert_eq!(page.parcels[0].goods, None);
    }

    #[test]
    fn a_parcel_without_item_detail_does_not_count_as_empty() {
        for items in [Value::Null, json!([])] {
            let page = read(&json!({"shipments": [{"shipmentId": 7, "orderId": 1, "shipmentItems": items}]}));
            assert_eq!(page.parcels[0].goods, None);
        }
    }
}
