//! Whether a parcel crosses a border, by the countries it leaves from and goes to.
//!
//! Only countries are compared, as the platform names them. Customs unions and special territories are not known here:
//! a parcel from Germany to France is declared although nobody asks, and one to the Canary Islands (Spain) from Spain
//! is not. `ShipStation` decides by the same two letters whether a parcel is international.

use ::lane::carriage::country_code;

/// Shopify's word for a region that it does not know (*`CountryCode`*).
const UNKNOWN_REGION: &str = "ZZ";

/// Whether an order crosses a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jobs::order) enum Border {
    /// It stays within one country: nothing is declared.
    Stays,
    /// One place it leaves from, at least, is in another country.
    Crosses,
    /// A country is not known. Nothing is declared; an address that lacks its country is for the hold rules.
    Unknown,
}

/// Compares where an order's parts leave from with where they go to.
pub(in crate::jobs::order) fn border<'c>(from: impl IntoIterator<Item = &'c str>, to: Option<&str>) -> Border {
    let Some(to) = to.and_then(known) else {
        return Border::Unknown;
    };
    let from: Vec<Option<String>> = from.into_iter().map(known).collect();
    if from.iter().flatten().any(|from| *from != to) {
        Border::Crosses
    } else if from.is_empty() || from.contains(&None) {
        Border::Unknown
    } else {
        Border::Stays
    }
}

fn known(country: &str) -> Option<String> {
    country_code(country).filter(|country| country != UNKNOWN_REGION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_country_makes_a_border() {
        for (from, to, expected) in [
            (vec!["US"], Some("us"), Border::Stays),
            (vec!["US", "US"], Some("CA"), Border::Crosses),
            (vec!["US", "CA"], Some("CA"), Border::Crosses),
            (vec!["CA", "ZZ"], Some("CA"), Border::Unknown),
            (vec!["US", "ZZ"], Some("CA"), Border::Crosses),
            (vec![""], Some("CA"), Border::Unknown),
            (vec![], Some("CA"), Border::Unknown),
            (vec!["US"], None, Border::Unknown),
            (vec!["US"], Some("United States"), Border::Unknown),
        ] {
            assert_eq!(border(from.iter().copied(), to), expected, "{from:?} to {to:?}");
        }
    }
}
