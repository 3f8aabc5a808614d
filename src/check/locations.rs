//! Whether the locations that a shop's terms name are there. An order whose parts are all elsewhere is skipped, so that a
//! slip of the pen, or a location that was renamed, would leave out every order.

use lane::shop::Shop;
use worker::locations::{Location, Locations};

use super::Finding;

/// What is to be said of the locations that the terms name, with those that the shop has.
pub(super) fn judge(shop: &Shop, known: &Locations) -> Vec<Finding> {
    let named = &shop.carriage.share.locations;
    let missing: Vec<&str> = named.iter().map(String::as_str).filter(|name| known.named(name).is_none()).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() && known.more {
        findings.push(Finding::Warning(format!(
            "{} is not among its first {} locations, and it has more; look at Shopify whether it is there",
            quoted(&missing),
            known.places.len()
        )));
    } else if !missing.is_empty() {
        findings.push(Finding::Wrong(format!(
            "carriage.share.locations names {}, and the shop has no such location: orders there are left out. It has {}; \
             write one of these, best by its id, and add the shop again with --replace",
            quoted(&missing),
            list(&known.places)
        )));
    }
    let found: Vec<&Location> = named.iter().filter_map(|name| known.named(name)).collect();
    for closed in found.iter().filter(|place| !place.active) {
        findings.push(Finding::Warning(format!("the location {} is deactivated at Shopify", words(closed))));
    }
    if findings.is_empty() {
        let found: Vec<String> = found.into_iter().map(words).collect();
        findings.push(Finding::Good(format!("the locations it ships from are there: {}", found.join(", "))));
    }
    findings.into_iter().map(|finding| finding.of(&shop.id)).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn list(places: &[Location]) -> String {
    places.iter().map(words).collect::<Vec<_>>().join(", ")
}

fn words(place: &Location) -> String {
    format!("{:?} (id {})", place.name, place.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::shop;

    #[test]
    fn what_is_missing_is_told_with_what_there_is() {
        let mut shop = shop("acme");
        shop.carriage.share.locations = vec!["Berlni".into(), "8".into()];
        let place = |id: &str, name: &str| Location { id: id.into(), name: name.into(), active: true };
        let places = vec![place("7", "Berlin"), place("8", "Lisbon")];
        let told = judge(&shop, &Locations { places: places.clone(), more: false });
        let [Finding::Wrong(words)] = &told[..] else { panic!("{told:?}") };
        assert!(
            words.contains("names \"Berlni\",") && words.contains("\"Berlin\" (id 7), \"Lisbon\" (id 8)"),
            "{words}"
        );
        let told = judge(&shop, &Locations { places, more: true });
        assert!(matches!(&told[..], [Finding::Warning(_)]), "it may be among those that were not listed: {told:?}");
    }
}
