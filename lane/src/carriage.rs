//! How a shop's orders are carried: who makes the warehouse's order, which parts of an order are this warehouse's, what
//! customs is told, which shipping method becomes which service, where tags go, and whether tracking comes back.
//!
//! These are a shop's settings, written by people in TOML: keys in `snake_case`, words in `kebab-case`. Everything has a
//! default that changes nothing about an order which ships from one place within one country.

use serde::{Deserialize, Serialize};

/// How a shop's orders are carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Carriage {
    /// Who makes the order at the warehouse.
    pub mode: Mode,
    /// The warehouse's store: in mode `create` where orders are made (the account's first manual store if none is
    /// given), in mode `correct` the one that imports this shop's orders. `ShipStation`'s `storeId`.
    pub store: Option<u64>,
    /// Which parts of an order are this warehouse's.
    pub share: Share,
    /// What customs is told of orders that cross a border.
    pub customs: Customs,
    /// Which shipping method becomes which service, the first that fits. What fits none is left to the warehouse.
    pub services: Vec<Service>,
    /// Where an order's tags, attributes and gift message go.
    pub notes: Notes,
    /// Whether tracking numbers come back to the shop.
    pub tracking: Tracking,
    /// Whether many ready orders may go in one call.
    pub burst: Burst,
}

/// Who makes the order at the warehouse. A second copy there is a second parcel, so there is no guessing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// We do.
    #[default]
    Create,
    /// The warehouse imports the shop's orders by itself. We wait until an order is there, and then correct what customs
    /// is told about it and nothing else.
    Correct,
}

/// Which parts of an order are this warehouse's. Shopify splits an order into fulfilment orders, one for each location
/// and readiness.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Share {
    /// The locations this warehouse serves, each by its id or its name; empty for all of the merchant's own.
    pub locations: Vec<String>,
    /// What to do about a part at another location.
    pub elsewhere: NotOurs,
    /// What to do about a part that another company's service fulfils (third-party logistics).
    pub third_party: NotOurs,
    /// What to do about a part that the buyer picks up, or that is delivered locally.
    pub pickup: NotOurs,
    /// What to do about a part that the shop has put on hold. `leave` sends it once the hold is released.
    pub on_hold: NotOurs,
    /// What to do about a part that is scheduled for later. `leave` sends it when its time has come.
    pub scheduled: NotOurs,
}

/// What to do about a part of an order that is not for this warehouse, or not yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotOurs {
    /// It is left out; the rest goes.
    #[default]
    Leave,
    /// The whole order waits for a person.
    Hold,
}

/// What customs is told of orders that cross a border.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Customs {
    /// In which currency values are declared.
    pub currency: CustomsCurrency,
    /// What to do about a line without a Harmonised System code.
    pub missing_hs_code: MissingCode,
    /// What to do about a line without a country of origin.
    pub missing_origin: MissingCode,
    /// What the parcel contains.
    pub contents: Contents,
    /// What becomes of a parcel that cannot be delivered.
    pub non_delivery: NonDelivery,
}

/// In which currency values are declared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomsCurrency {
    /// The shop's.
    #[default]
    Shop,
    /// The buyer's.
    Presentment,
}

/// What to do about a line that customs cannot place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingCode {
    /// The order waits for a person.
    #[default]
    Hold,
    /// This code is declared: a Harmonised System code, or a country's two letters.
    Use(String),
    /// Nothing is declared for it; the warehouse completes it.
    LeaveEmpty,
}

/// What a parcel contains, in the words of customs forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Goods for sale.
    #[default]
    Merchandise,
    /// A gift.
    Gift,
    /// A sample.
    Sample,
    /// Papers.
    Documents,
    /// Goods that go back.
    ReturnedGoods,
}

/// What becomes of a parcel that cannot be delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NonDelivery {
    /// It comes back.
    #[default]
    ReturnToSender,
    /// It is given up.
    TreatAsAbandoned,
}

/// Which shipping method becomes which service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The title or code of the buyer's shipping method, in any case; a `*` at its end stands for any rest.
    pub method: String,
    /// Only for orders to these countries (two letters each); empty for all.
    #[serde(default)]
    pub countries: Vec<String>,
    /// `ShipStation`'s `carrierCode`.
    pub carrier: String,
    /// `ShipStation`'s `serviceCode`.
    pub service: String,
    /// `ShipStation`'s `packageCode`.
    #[serde(default)]
    pub package: Option<String>,
    /// `ShipStation`'s `confirmation` (`none`, `delivery`, `signature`, `adult_signature`, `direct_signature`).
    #[serde(default)]
    pub confirmation: Option<String>,
}

/// Where an order's tags, attributes and gift message go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notes {
    /// Where tags go; nowhere unless said.
    pub tags: Option<NoteField>,
    /// Where the order's custom attributes go; nowhere unless said.
    pub attributes: Option<NoteField>,
    /// The attributes that carry a gift message, in any case; the first that is not empty makes the order a gift.
    pub gift_message: Vec<String>,
}

impl Default for Notes {
    fn default() -> Self {
        let names = ["gift_message", "gift message", "gift-message", "gift note"];
        Self { tags: None, attributes: None, gift_message: names.map(str::to_owned).to_vec() }
    }
}

/// A field of the warehouse's order that takes notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteField {
    /// `internalNotes`.
    InternalNotes,
    /// `advancedOptions.customField1`.
    #[serde(rename = "custom-field-1")]
    CustomField1,
    /// `advancedOptions.customField2`.
    #[serde(rename = "custom-field-2")]
    CustomField2,
    /// `advancedOptions.customField3`.
    #[serde(rename = "custom-field-3")]
    CustomField3,
}

/// Whether tracking numbers come back to the shop as fulfilments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tracking {
    /// Whether they do. Leave it off where the warehouse tells the shop by itself: the buyer would hear twice.
    pub back: bool,
    /// Whether the shop mails the buyer about it.
    pub notify_customer: bool,
}

/// Whether many ready orders may go in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Burst {
    /// The most orders of one call; 1 sends each by itself. The warehouse takes 100.
    pub orders: u32,
}

/// The warehouse's own bound of one call (*ShipStation v1: Create/Update Multiple Orders*).
pub const BURST_MAX: u32 = 100;

impl Default for Burst {
    fn default() -> Self {
        Self { orders: BURST_MAX }
    }
}

impl Carriage {
    /// What is wrong with the settings, in sentences that say what to do; nothing if they can be used.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.mode == Mode::Correct && self.store.is_none() {
            problems.push(
                "mode = \"correct\" needs store: the storeId of the ShipStation store that imports this shop's orders; \
                 `lanekeeper check` lists the account's stores"
                    .to_owned(),
            );
        }
        if self.burst.orders == 0 || self.burst.orders > BURST_MAX {
            problems.push(format!("burst.orders must be 1 to {BURST_MAX}; 1 sends each order by itself"));
        }
        if let MissingCode::Use(code) = &self.customs.missing_hs_code
            && hs_code(code).is_none()
        {
            problems.push(format!("{code:?} is no Harmonised System code; write its 6 to 13 digits"));
        }
        if let MissingCode::Use(country) = &self.customs.missing_origin
            && country_code(country).is_none()
        {
            problems.push(format!("{country:?} is no country; write its two letters (ISO 3166)"));
        }
        problems.extend(self.services.iter().filter_map(Service::problem));
        if self.notes.tags.is_some() && self.notes.tags == self.notes.attributes {
            problems
                .push("notes.tags and notes.attributes name one field; the second would overwrite the first".into());
        }
        problems
    }
}

impl Service {
    /// Whether an order that ships by this method to this country gets this service.
    pub fn fits(&self, title: &str, code: Option<&str>, country: Option<&str>) -> bool {
        let method = [Some(title), code].into_iter().flatten().any(|told| self.names(told));
        let there = self.countries.is_empty()
            || country.is_some_and(|country| self.countries.iter().any(|known| known.eq_ignore_ascii_case(country)));
        method && there
    }

    fn names(&self, told: &str) -> bool {
        let (told, method) = (told.trim().to_lowercase(), self.method.trim().to_lowercase());
        method.strip_suffix('*').map_or(told == method, |start| told.starts_with(start))
    }

    fn problem(&self) -> Option<String> {
        let named = !self.method.trim().is_empty() && !self.carrier.is_empty() && !self.service.is_empty();
        if !named {
            return Some(format!("the service for {:?} needs a method, a carrier and a service", self.method));
        }
        let unknown = self.countries.iter().find(|country| country_code(country).is_none())?;
        Some(format!("the service for {:?} names {unknown:?}, which is no country's two letters", self.method))
    }
}

/// A Harmonised System code as its digits: 6 to 13 of them once dots and spaces are gone. Nothing if it is none.
pub fn hs_code(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '.').collect();
    let fits = (6..=13).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(digits)
}

/// A country's two letters in upper case. Nothing if it is none.
pub fn country_code(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(method: &str, countries: &[&str]) -> Service {
        Service {
            method: method.into(),
            countries: countries.iter().map(|&country| country.to_owned()).collect(),
            carrier: "ups".into(),
            service: "ups_ground".into(),
            package: None,
            confirmation: None,
        }
    }

    #[test]
    fn a_method_is_found_by_title_or_code_and_a_star_stands_for_any_rest() {
        assert!(service("standard", &[]).fits("Standard ", None, None));
        assert!(service("STD", &[]).fits("Standard", Some("std"), None));
        assert!(service("express*", &[]).fits("Express (2 days)", None, None));
        assert!(!service("express", &[]).fits("Express (2 days)", None, None));
        assert!(service("standard", &["ca"]).fits("Standard", None, Some("CA")));
        assert!(!service("standard", &["ca"]).fits("Standard", None, None));
    }

    #[test]
    fn settings_that_cannot_be_used_say_what_to_do() {
        let mut carriage = Carriage { mode: Mode::Correct, ..Carriage::default() };
        carriage.burst.orders = 101;
        carriage.customs.missing_hs_code = MissingCode::Use("soap".into());
        carriage.customs.missing_origin = MissingCode::Use("Germany".into());
        carriage.services = vec![service(" ", &[]), service("x", &["Canada"])];
        carriage.notes.tags = Some(NoteField::CustomField1);
        carriage.notes.attributes = Some(NoteField::CustomField1);
        assert_eq!(carriage.problems().len(), 7, "{:#?}", carriage.problems());
        assert_eq!(Carriage::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn codes_are_read_with_dots_and_spaces_and_nothing_else() {
        assert_eq!(hs_code("6109.10.00 10").as_deref(), Some("6109100010"));
        for bad in ["61091", "", "6109.AB", "12345678901234"] {
            assert_eq!(hs_code(bad), None, "{bad}");
        }
        assert_eq!(country_code(" de ").as_deref(), Some("DE"));
        assert_eq!(country_code("DEU"), None);
    }
}
