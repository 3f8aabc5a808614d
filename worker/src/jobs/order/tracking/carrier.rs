//! What Shopify calls a carrier. The names are those of the Admin API's page `FulfillmentTrackingInfo` (`company`,
//! supported tracking companies), letter by letter: for them Shopify makes the address where the buyer follows the parcel.

/// `ShipStation`'s carrier codes that mean a company of that list. Codes differ by how the account is paid for (through
/// `ShipStation`, or the merchant's own), so that one company has several.
const COMPANIES: [(&str, &[&str]); 18] = [
    ("USPS", &["stamps_com", "usps", "endicia", "express_1"]),
    ("UPS", &["ups", "ups_walleted", "ups_ground_saver"]),
    ("FedEx", &["fedex", "fedex_walleted", "fedex_uk"]),
    (
        "DHL Express",
        &[
            "dhl_express",
            "dhl_express_worldwide",
            "dhl_express_walleted",
            "dhl_express_canada",
            "dhl_express_uk",
            "dhl_express_australia",
        ],
    ),
    ("DHL eCommerce", &["dhl_ecommerce", "dhl_global_mail"]),
    ("Canada Post", &["canada_post", "canada_post_walleted"]),
    ("Purolator", &["purolator", "purolator_ca", "purolator_canada"]),
    ("Royal Mail", &["royal_mail", "royal_mail_walleted"]),
    ("Australia Post", &["australia_post", "australia_post_my_post_business"]),
    ("Asendia USA", &["asendia", "asendia_us"]),
    ("APC", &["apc"]),
    ("OnTrac", &["ontrac"]),
    ("Lasership", &["lasership"]),
    ("Sendle", &["sendle"]),
    ("Pitney Bowes", &["newgistics", "pitney_bowes"]),
    ("DPD UK", &["dpd", "dpd_uk"]),
    ("Evri", &["hermes", "evri"]),
    ("StarTrack", &["star_track", "startrack"]),
];

/// Shopify's name for a carrier; a code that means none of its companies stays as it is.
pub(super) fn company(code: &str) -> &str {
    let known = COMPANIES.iter().find(|(_, codes)| codes.iter().any(|known| known.eq_ignore_ascii_case(code)));
    known.map_or(code, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_called_what_shopify_calls_it_or_what_the_warehouse_does() {
        let names = ["stamps_com", "UPS_walleted", "fedex", "dhl_express_worldwide", "pigeon_post"].map(company);
        assert_eq!(names, ["USPS", "UPS", "FedEx", "DHL Express", "pigeon_post"]);
    }

    #[test]
    fn no_code_means_two_companies() {
        let mut codes: Vec<&str> = COMPANIES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
