//! Labels: what the warehouse puts into a parcel, and why it sometimes cannot.

use serde::{Deserialize, Serialize};

/// A label that the warehouse buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Label {
    /// The carrier, as the API names it.
    pub carrier_code: String,
    /// The service, as the API names it.
    pub service_code: String,
    /// The carrier's number; one is made up if there is none.
    pub tracking_number: Option<String>,
    /// The day the parcel leaves, Pacific; today if it is left out.
    pub ship_date: Option<String>,
    /// What is in the parcel; all that is left of the order if this is empty.
    pub lines: Vec<Units>,
}

/// Some units of one line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Units {
    /// The line's key, or its `orderItemId`.
    pub line_item_key: String,
    /// How many of them.
    pub quantity: u64,
}

impl Default for Label {
    fn default() -> Self {
        Self {
            carrier_code: "stamps_com".to_owned(),
            service_code: "usps_priority_mail".to_owned(),
            tracking_number: None,
            ship_date: None,
            lines: Vec::new(),
        }
    }
}

impl Label {
    /// A label for all that is left of an order.
    pub fn of(carrier_code: &str, service_code: &str) -> Self {
        Self { carrier_code: carrier_code.to_owned(), service_code: service_code.to_owned(), ..Self::default() }
    }

    /// Gives it this tracking number.
    #[must_use]
    pub fn tracking(mut self, number: &str) -> Self {
        self.tracking_number = Some(number.to_owned());
        self
    }

    /// Puts so many units of a line into the parcel, and of the order nothing that is not put into it.
    #[must_use]
    pub fn line(mut self, line_item_key: &str, quantity: u64) -> Self {
        self.lines.push(Units { line_item_key: line_item_key.to_owned(), quantity });
        self
    }
}

/// Why the warehouse could not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShippingError {
    /// No account has it, or it was deleted.
    #[error("there is no order {0}")]
    UnknownOrder(u64),
    /// The order has no such line.
    #[error("the order has no line {0}")]
    UnknownLine(String),
    /// More units than are left of a line.
    #[error("of line {line} {left} are left, not {wanted}")]
    TooMany {
        /// The line's key.
        line: String,
        /// How many were to leave.
        wanted: u64,
        /// How many have not left yet.
        left: u64,
    },
    /// All of the order has left.
    #[error("nothing is left of the order")]
    NothingLeft,
}
