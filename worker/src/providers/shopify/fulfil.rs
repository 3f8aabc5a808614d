//! Telling Shopify that lines were shipped, with the parcel's tracking number.
//!
//! Nothing makes the mutation happen only once: whoever repeats it after an answer that never came looks first at the
//! order's fulfilments. Parts that are fulfilled together must be at one location.

use ::lane::shop::Shop;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::operation::FULFIL;
use super::{AtShop, SHOPIFY, Shopify};
use crate::providers::call::Calls;
use crate::providers::error::CallError;

/// Shopify's words are shown up to here.
const WORDS_MAX: usize = 300;

/// A shipment that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fulfil {
    /// Per part ([`Part::id`](super::order::Part::id)) its lines ([`PartLine::id`](super::order::PartLine::id)) and how
    /// many units of each. A part without lines would be fulfilled as a whole, so there is none in it.
    pub(crate) lines_by_part: Vec<(String, Vec<(String, u32)>)>,
    pub(crate) tracking_number: Option<String>,
    /// The carrier in words that Shopify knows (`UPS`), or any others.
    pub(crate) carrier: Option<String>,
    /// Where the buyer follows the parcel. Shopify makes one up for the carriers that it knows.
    pub(crate) url: Option<String>,
    /// Whether Shopify tells the buyer.
    pub(crate) notify_customer: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    fulfillment: Option<Made>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct UserError {
    field: Option<Vec<String>>,
    message: String,
}

impl Shopify {
    /// Creates the fulfilment and returns its global id. What Shopify refuses is `DataRefused`, in its words; an answer
    /// that is missing or cannot be read is `MayHaveHappened`.
    pub(crate) async fn fulfil(
        &self,
        calls: &Calls<'_>,
        shop: &Shop,
        token: &SecretString,
        shipment: &Fulfil,
    ) -> Result<String, CallError> {
        self.at(calls, shop, token).fulfil(shipment).await
    }
}

impl AtShop<'_> {
    pub(super) async fn fulfil(&self, shipment: &Fulfil) -> Result<String, CallError> {
        let content = self.ask(FULFIL, &shipment.variables()?).await?;
        let payload = serde_json::from_value::<Payload>(content);
        let unreadable = || FULFIL.intent.unusable(SHOPIFY, "its answer does not have the form of a fulfilment");
        let payload = payload.map_err(|_| unreadable())?;
        match payload.fulfillment {
            Some(made) => Ok(made.id),
            None if payload.user_errors.is_empty() => Err(unreadable()),
            None => Err(shipment.refused(&payload.user_errors)),
        }
    }
}

impl Fulfil {
    fn variables(&self) -> Result<Value, CallError> {
        let mut parts = Vec::new();
        for (part, lines) in &self.lines_by_part {
            if lines.is_empty() {
                let words = "a part without lines would be fulfilled as a whole".to_owned();
                return Err(CallError::DataRefused { at: SHOPIFY, words });
            }
            let lines: Vec<Value> =
                lines.iter().map(|(id, quantity)| json!({"id": id, "quantity": quantity})).collect();
            parts.push(json!({"fulfillmentOrderId": part, "fulfillmentOrderLineItems": lines}));
        }
        let mut shipment = json!({"lineItemsByFulfillmentOrder": parts, "notifyCustomer": self.notify_customer});
        // Shopify wants no address without a number.
        if let Some(number) = &self.tracking_number {
            let mut tracking = json!({"number": number});
            for (name, value) in [("company", &self.carrier), ("url", &self.url)] {
                if let Some(value) = value {
                    tracking[name] = json!(value);
                }
            }
            shipment["trackingInfo"] = tracking;
        }
        Ok(json!({ "fulfillment": shipment }))
    }

    /// Shopify's words without what they may repeat of the shipment: a tracking number leads to the buyer's door.
    fn refused(&self, errors: &[UserError]) -> CallError {
        let told: Vec<String> = errors.iter().map(|error| self.told(error)).collect();
        let words = told.join("; ").chars().filter(|sign| !sign.is_control()).take(WORDS_MAX).collect();
        CallError::DataRefused { at: SHOPIFY, words }
    }

    fn told(&self, error: &UserError) -> String {
        let ours = [&self.tracking_number, &self.url].into_iter().flatten().filter(|value| !value.is_empty());
        let message = ours.fold(error.message.clone(), |message, value| message.replace(value.as_str(), "…"));
        match &error.field {
            Some(path) if !path.is_empty() => format!("{}: {message}", path.join(".")),
            Some(_) | None => message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipment() -> Fulfil {
        Fulfil {
            lines_by_part: vec![("gid://shopify/FulfillmentOrder/1".into(), vec![("gid://x/7".into(), 2)])],
            tracking_number: Some("1Z999".into()),
            carrier: Some("UPS".into()),
            url: None,
            notify_customer: true,
        }
    }

    #[test]
    fn a_shipment_names_its_lines_and_its_tracking() {
        let expected = json!({"fulfillment": {
            "lineItemsByFulfillmentOrder": [{
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1",
                "fulfillmentOrderLineItems": [{"id": "gid://x/7", "quantity": 2}],
            }],
            "notifyCustomer": true,
            "trackingInfo": {"number": "1Z999", "company": "UPS"},
        }});
        assert_eq!(shipment().variables().unwrap(), expected);
        let untracked = Fulfil { tracking_number: None, url: Some("https://x.test".into()), ..shipment() };
        assert_eq!(untracked.variables().unwrap()["fulfillment"].get("trackingInfo"), None);
    }

    #[test]
    fn a_part_is_never_fulfilled_as_a_whole_by_leaving_out_its_lines() {
        let empty = Fulfil { lines_by_part: vec![("gid://x/1".into(), vec![])], ..shipment() };
        assert!(matches!(empty.variables(), Err(CallError::DataRefused { .. })));
    }

    #[test]
    fn shopifys_words_are_told_without_the_tracking_number() {
        let path = Some(vec!["fulfillment".to_owned(), "trackingInfo".to_owned()]);
        let errors = [
            UserError { field: path, message: "1Z999 is no number of UPS".into() },
            UserError { field: None, message: "Fulfillment order is closed".into() },
        ];
        let CallError::DataRefused { words, .. } = shipment().refused(&errors) else { panic!("not refused") };
        assert_eq!(words, "fulfillment.trackingInfo: … is no number of UPS; Fulfillment order is closed");
    }
}
