//! The parts in which an order is fulfilled, and what has been fulfilled.

use ::lane::clock::Timestamp;
use serde::Deserialize;

use super::{Paged, Unusable, last_part};
use crate::providers::shopify::order::{Delivery, Fulfilment, Part, PartLine, PartRequest, PartStatus};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::providers::shopify) struct FulfillmentOrder {
    pub(in crate::providers::shopify) id: String,
    status: String,
    request_status: String,
    fulfill_at: Option<Timestamp>,
    fulfillment_holds: Vec<Hold>,
    delivery_method: Option<DeliveryMethod>,
    assigned_location: AssignedLocation,
    pub(in crate::providers::shopify) line_items: Paged<PartLineItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::providers::shopify) struct PartLineItem {
    id: String,
    remaining_quantity: u32,
    total_quantity: u32,
    line_item: OrdersLine,
}

#[derive(Debug, Deserialize)]
struct OrdersLine {
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hold {
    display_reason: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryMethod {
    method_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignedLocation {
    name: String,
    country_code: String,
    location: Option<Location>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    id: String,
    is_fulfillment_service: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    id: String,
    status: String,
    tracking_info: Vec<Tracking>,
}

#[derive(Debug, Deserialize)]
struct Tracking {
    number: Option<String>,
}

impl FulfillmentOrder {
    pub(super) fn into_part(self) -> Result<Part, Unusable> {
        let (status, request) = (self.status()?, self.request()?);
        let AssignedLocation { name, country_code, location } = self.assigned_location;
        Ok(Part {
            id: self.id,
            status,
            request,
            delivery: self.delivery_method.map_or(Delivery::Unknown, |method| method.delivery()),
            location: name,
            country: country_code,
            third_party: location.as_ref().is_some_and(|location| location.is_fulfillment_service),
            location_id: location.map(|location| last_part(&location.id)),
            from: self.fulfill_at,
            holds: self.fulfillment_holds.into_iter().map(Hold::words).collect(),
            lines: self.line_items.nodes.into_iter().map(PartLineItem::into_part_line).collect(),
        })
    }

    fn status(&self) -> Result<PartStatus, Unusable> {
        Ok(match self.status.as_str() {
            "OPEN" => PartStatus::Open,
            "IN_PROGRESS" => PartStatus::InProgress,
            "ON_HOLD" => PartStatus::OnHold,
            "SCHEDULED" => PartStatus::Scheduled,
            "INCOMPLETE" => PartStatus::Incomplete,
            "CLOSED" => PartStatus::Closed,
            "CANCELLED" => PartStatus::Cancelled,
            word => return Err(self.unknown("status", word)),
        })
    }

    /// A service that refuses to give a part back still has it.
    fn request(&self) -> Result<PartRequest, Unusable> {
        Ok(match self.request_status.as_str() {
            "UNSUBMITTED" => PartRequest::Unsubmitted,
            "SUBMITTED" | "ACCEPTED" | "CANCELLATION_REQUESTED" | "CANCELLATION_REJECTED" => {
                PartRequest::WithTheService
            }
            "REJECTED" | "CANCELLATION_ACCEPTED" | "CLOSED" => PartRequest::GivenBack,
            word => return Err(self.unknown("request status", word)),
        })
    }

    fn unknown(&self, what: &'static str, word: &str) -> Unusable {
        Unusable::Word { part: last_part(&self.id), what, word: word.to_owned() }
    }
}

impl DeliveryMethod {
    fn delivery(&self) -> Delivery {
        match self.method_type.as_str() {
            "SHIPPING" => Delivery::Shipping,
            "PICKUP_POINT" => Delivery::PickupPoint,
            "PICK_UP" => Delivery::PickUp,
            "LOCAL" => Delivery::Local,
            "RETAIL" => Delivery::Retail,
            "NONE" => Delivery::None,
            _ => Delivery::Unknown,
        }
    }
}

impl Hold {
    /// The reason as Shopify shows it; its code if it shows nothing.
    fn words(self) -> String {
        if self.display_reason.is_empty() {
            self.reason.to_ascii_lowercase().replace('_', " ")
        } else {
            self.display_reason
        }
    }
}

impl PartLineItem {
    fn into_part_line(self) -> PartLine {
        PartLine {
            line: last_part(&self.line_item.id),
            id: self.id,
            remaining: self.remaining_quantity,
            total: self.total_quantity,
        }
    }
}

impl Fulfillment {
    /// One that failed fulfils as little as one that was cancelled. One in a state that is not known here counts: to
    /// fulfil twice is worse than to ask a person.
    pub(super) fn into_fulfilment(self) -> Fulfilment {
        Fulfilment {
            cancelled: matches!(self.status.as_str(), "CANCELLED" | "ERROR" | "FAILURE"),
            id: self.id,
            tracking_numbers: self.tracking_info.into_iter().filter_map(|tracking| tracking.number).collect(),
        }
    }
}
