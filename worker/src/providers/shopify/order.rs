//! An order as it was fetched: what the work needs of it, in our words.

use ::lane::clock::Timestamp;
use ::lane::id::Fingerprint;
use ::lane::money::Money;
use serde::Serialize;

/// One state of an order. What is skipped when it is written down does not count for its [`Order::fingerprint`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, as the platform tells them")]
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
    /// All amounts are in the shop's currency.
    pub(crate) total: Money,
    pub(crate) received: Money,
    pub(crate) tax: Money,
    pub(crate) shipping: Money,
    /// Whether prices contain the tax already.
    pub(crate) taxes_included: bool,
    pub(crate) email: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) attributes: Vec<(String, Option<String>)>,
    pub(crate) ship_to: Option<Address>,
    pub(crate) bill_to: Option<Address>,
    /// The shipping the buyer chose.
    pub(crate) shipping_service: Option<String>,
    /// Of everything that was ordered, returned or not.
    pub(crate) weight_grams: Option<u64>,
    /// Whether the platform's risk check still runs. A check that ends changes nothing about the work.
    #[serde(skip)]
    pub(crate) risk_pending: bool,
    /// The check's recommendation, for people.
    #[serde(skip)]
    pub(crate) risk_recommendation: String,
    pub(crate) lines: Vec<Line>,
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
    /// One unit after all discounts.
    pub(crate) unit_price: Money,
}

impl Order {
    /// Hash of everything that matters to the work. An approval names it, so it leaves out what changes by itself: the
    /// time of the last update, the progress of the fulfilment and of the risk check.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        // Nothing in it can fail to be written: no map with odd keys, no float.
        Fingerprint::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// The lines that are shipped.
    pub(crate) fn shipped_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.requires_shipping && line.current_quantity > 0)
    }
}
