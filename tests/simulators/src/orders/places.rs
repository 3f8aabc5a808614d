//! Who buys, and where it is sent.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

/// An address in some country, with the sales tax that is added there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    street: &'static str,
    city: &'static str,
    province: Option<(&'static str, &'static str)>,
    zip: &'static str,
    country: (&'static str, &'static str),
    phone: &'static str,
    pub(super) locale: &'static str,
    pub(super) tax_percent: u64,
}

static PLACES: [Place; 9] = [
    Place {
        street: "1450 Valencia Street",
        city: "San Francisco",
        province: Some(("California", "CA")),
        zip: "94110",
        country: ("United States", "US"),
        phone: "+14155550132",
        locale: "en-US",
        tax_percent: 0,
    },
    Place {
        street: "88 Commercial Street",
        city: "Portland",
        province: Some(("Maine", "ME")),
        zip: "04101",
        country: ("United States", "US"),
        phone: "+12075550118",
        locale: "en-US",
        tax_percent: 0,
    },
    Place {
        street: "312 Elm Street",
        city: "Ottawa",
        province: Some(("Ontario", "ON")),
        zip: "K2H 7A8",
        country: ("Canada", "CA"),
        phone: "+16135550177",
        locale: "en-CA",
        tax_percent: 13,
    },
    Place {
        street: "27 Stokes Croft",
        city: "Bristol",
        province: Some(("England", "ENG")),
        zip: "BS1 3PR",
        country: ("United Kingdom", "GB"),
        phone: "+441174960123",
        locale: "en-GB",
        tax_percent: 20,
    },
    Place {
        street: "Große Bergstraße 14",
        city: "Hamburg",
        province: None,
        zip: "22767",
        country: ("Germany", "DE"),
        phone: "+494055501234",
        locale: "de-DE",
        tax_percent: 19,
    },
    Place {
        street: "5 rue de la République",
        city: "Lyon",
        province: None,
        zip: "69001",
        country: ("France", "FR"),
        phone: "+33455501234",
        locale: "fr-FR",
        tax_percent: 20,
    },
    Place {
        street: "19 Brunswick Street",
        city: "Fitzroy",
        province: Some(("Victoria", "VIC")),
        zip: "3065",
        country: ("Australia", "AU"),
        phone: "+61355501234",
        locale: "en-AU",
        tax_percent: 10,
    },
    Place {
        street: "神宮前3-15-2",
        city: "渋谷区",
        province: Some(("Tōkyō", "JP-13")),
        zip: "150-0001",
        country: ("Japan", "JP"),
        phone: "+81355501234",
        locale: "ja-JP",
        tax_percent: 10,
    },
    Place {
        street: "Jægersborggade 41",
        city: "København N",
        province: None,
        zip: "2200",
        country: ("Denmark", "DK"),
        phone: "+4535550123",
        locale: "da-DK",
        tax_percent: 25,
    },
];

const FIRST_NAMES: [&str; 10] = ["Ada", "Noor", "José", "Mette", "Søren", "Yuki", "Grace", "Tomasz", "Amélie", "Kwame"];
const LAST_NAMES: [&str; 10] =
    ["Okafor", "Lindqvist", "García", "O'Brien", "Nakamura", "Müller", "Dubois", "Kowalski", "Hansen", "Patel"];

/// A place in the given country, or anywhere.
pub(super) fn choose(random: &mut SmallRng, country: Option<&str>) -> Place {
    let there: Vec<&Place> = PLACES.iter().filter(|place| country.is_none_or(|code| place.country.1 == code)).collect();
    let chosen = there.choose(random).copied().or_else(|| PLACES.choose(random));
    chosen.copied().unwrap_or(PLACES[0])
}

/// Somebody's first and last name.
pub(super) fn person(random: &mut SmallRng) -> (&'static str, &'static str) {
    let pick = |names: &[&'static str], random: &mut SmallRng| names.choose(random).copied().unwrap_or("Ada");
    (pick(&FIRST_NAMES, random), pick(&LAST_NAMES, random))
}

impl Place {
    /// The REST address of a person here.
    pub(super) fn address(&self, (first, last): &(&str, &str)) -> Value {
        json!({
            "first_name": first,
            "last_name": last,
            "name": format!("{first} {last}"),
            "company": null,
            "address1": self.street,
            "address2": null,
            "city": self.city,
            "province": self.province.map(|(name, _)| name),
            "province_code": self.province.map(|(_, code)| code),
            "zip": self.zip,
            "country": self.country.0,
            "country_code": self.country.1,
            "phone": self.phone,
            "latitude": null,
            "longitude": null,
        })
    }
}
