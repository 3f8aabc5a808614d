//! An order as it was fetched: what the work needs of it, in our words.

use ::lane::clock::Timestamp;
use ::lane::id::Fingerprint;
use ::lane::money::{Currency, Money};
use ::lane::rules::RiskSeen;
use serde::Serialize;

/// One state of an order. What is skipped when it is written down does not count for its [`Order::fingerprint`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Order {
    /// The platform's id, as text: it may pass 2^53.
    pub(crate) id: String,
    /// The number people know it by.
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) processed_at: Timestamp,
    #[serde(skip)]
    pub(crate) updated_at: Timestamp,
    pub(crate) cancelled: bool,
    pub(crate) test: bool,
    /// The REST word, lower case (`paid`).
    pub(crate) financial_status: String,
    /// These four are in the shop's currency.
    pub(crate) total: Money,
    pub(crate) received: Money,
    pub(crate) tax: Money,
    pub(crate) shipping: Money,
    /// All lines as they are now, after every discount and return; with the tax if prices contain it.
    pub(crate) subtotal: Both,
    /// Whether prices contain the tax already.
    pub(crate) taxes_included: bool,
    /// The buyer's currency, if it is not the shop's.
    pub(crate) presentment: Currency,
    pub(crate) email: Option<String>,
    pub(crate) note: Option<String>,
    /// The platform's tags, which people and other apps put on and take off at will: they do not count for the
    /// fingerprint, and are read anew at every attempt.
    #[serde(skip)]
    pub(crate) tags: Vec<String>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) customer: Option<Customer>,
    pub(crate) ship_to: Option<Address>,
    pub(crate) bill_to: Option<Address>,
    /// What the buyer chose, first line first; removed ones are not here.
    pub(crate) shipping_lines: Vec<ShippingLine>,
    /// Of everything that was ordered, returned or not.
    pub(crate) weight_grams: Option<u64>,
    #[serde(skip)]
    pub(crate) risk: RiskSeen,
    /// The cards that paid it, each as text that is the same whenever the same card is used: issuer number, last digits
    /// and expiry. Never a full number.
    #[serde(skip)]
    pub(crate) cards: Vec<String>,
    pub(crate) lines: Vec<Line>,
    /// The parts in which it is fulfilled, by location and readiness. They change when we are done, so they do not count
    /// for the fingerprint.
    #[serde(skip)]
    pub(crate) parts: Vec<Part>,
    /// What has been fulfilled, by whomever.
    #[serde(skip)]
    pub(crate) fulfilments: Vec<Fulfilment>,
}

/// One amount in both of an order's currencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Both {
    pub(crate) shop: Money,
    pub(crate) presentment: Money,
}

/// A custom attribute of an order or a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Customer {
    /// The platform's id, as text.
    pub(crate) id: String,
    /// How many orders they have placed, this one included. It grows with the next one, so it does not count for the
    /// fingerprint.
    #[serde(skip)]
    pub(crate) orders: Option<u64>,
    /// Which of their orders this is, the first is 1; test orders do not count. Not known until the platform has worked it
    /// out, some moments after the order was placed, so it does not count for the fingerprint either.
    #[serde(skip)]
    pub(crate) index: Option<u64>,
}

/// A postal address; any part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Address {
    pub(crate) name: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) street1: Option<String>,
    pub(crate) street2: Option<String>,
    pub(crate) city: Option<String>,
    /// The code of the province or state.
    pub(crate) state: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// Two letters.
    pub(crate) country: Option<String>,
    pub(crate) phone: Option<String>,
}

/// A shipping method that the buyer chose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ShippingLine {
    pub(crate) title: String,
    pub(crate) code: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    /// The platform's id, as text.
    pub(crate) id: String,
    pub(crate) sku: Option<String>,
    pub(crate) name: String,
    /// As ordered.
    pub(crate) quantity: u32,
    /// After edits and refunds.
    pub(crate) current_quantity: u32,
    /// Not yet fulfilled by anybody. It changes when we are done, so it does not count for the fingerprint.
    #[serde(skip)]
    pub(crate) unfulfilled_quantity: u32,
    pub(crate) requires_shipping: bool,
    pub(crate) gift_card: bool,
    /// One unit before discounts.
    pub(crate) price: Both,
    /// Everything discounted from the line as ordered, its share of the order's discounts included.
    pub(crate) discounts: Vec<Discount>,
    /// One unit after all discounts, as the platform rounds it.
    pub(crate) unit_price: Money,
    /// Grams of one unit.
    pub(crate) weight_grams: Option<u64>,
    /// Harmonised System code, digits as the merchant typed them.
    pub(crate) hs_code: Option<String>,
    /// Country of origin, two letters.
    pub(crate) origin: Option<String>,
    pub(crate) attributes: Vec<Attribute>,
}

/// A discount's share on one line as ordered, removed and refunded units included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Discount {
    pub(crate) amount: Both,
    /// Whether it discounts the whole order and this is only the line's share of it.
    pub(crate) across: bool,
}

/// A part of an order that one location fulfils (Shopify: a fulfilment order).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The platform's global id (`gid://shopify/FulfillmentOrder/1`).
    pub(crate) id: String,
    pub(crate) status: PartStatus,
    pub(crate) request: PartRequest,
    pub(crate) delivery: Delivery,
    /// The location's name, and its id as text unless it was deleted.
    pub(crate) location: String,
    pub(crate) location_id: Option<String>,
    /// Where it ships from, two letters.
    pub(crate) country: String,
    /// Whether another company's service fulfils there (third-party logistics).
    pub(crate) third_party: bool,
    /// When a scheduled part may be fulfilled.
    pub(crate) from: Option<Timestamp>,
    /// Why it is on hold, as the platform says it.
    pub(crate) holds: Vec<String>,
    pub(crate) lines: Vec<PartLine>,
}

/// Shopify's `FulfillmentOrderStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartStatus {
    Open,
    InProgress,
    OnHold,
    Scheduled,
    Incomplete,
    Closed,
    Cancelled,
}

/// Shopify's `FulfillmentOrderRequestStatus`, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartRequest {
    Unsubmitted,
    /// Submitted to or accepted by the location's service, or being taken back from it.
    WithTheService,
    /// The service refused it, or gave it back.
    GivenBack,
}

/// Shopify's `DeliveryMethodType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Shipping,
    /// To a point where the buyer fetches it: still a parcel.
    PickupPoint,
    /// The buyer comes to the shop.
    PickUp,
    Local,
    Retail,
    /// Nothing is delivered.
    None,
    Unknown,
}

/// A line's units within a part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PartLine {
    /// The platform's global id of the part's line, which fulfilling names.
    pub(crate) id: String,
    /// The order's line ([`Line::id`]).
    pub(crate) line: String,
    /// Units that are left to fulfil.
    pub(crate) remaining: u32,
    /// Units of the part, fulfilled or not.
    pub(crate) total: u32,
}

/// A fulfilment that exists at the platform.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fulfilment {
    /// The platform's global id.
    pub(crate) id: String,
    pub(crate) cancelled: bool,
    pub(crate) tracking_numbers: Vec<String>,
}

impl Order {
    /// Hash of everything that matters to the work. An approval names it, so it leaves out what changes by itself: the
    /// time of the last update, the progress of the fulfilment. Of the risk check only a warning counts: that it ended
    /// well changes nothing about an order that a person accepted while it ran.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let warning = match self.risk {
            RiskSeen::Pending | RiskSeen::None | RiskSeen::Accept => None,
            RiskSeen::Investigate => Some("Investigate"),
            RiskSeen::Cancel => Some("Cancel"),
        };
        // Nothing in it can fail to be written: no map with odd keys, no float.
        Fingerprint::of(serde_json::to_string(&(self, warning)).unwrap_or_default().as_bytes())
    }

    /// The lines that are shipped by anybody.
    pub(crate) fn shipped_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.requires_shipping && !line.gift_card && line.current_quantity > 0)
    }
}
