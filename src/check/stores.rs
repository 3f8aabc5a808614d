//! Whether what a shop's terms say of `ShipStation`'s stores is so. A store that imports the shop's orders and a program
//! that creates them make two parcels of one order, so nothing is guessed: either no store can be importing them, or a
//! person has said which store is which.

use lane::carriage::{Carriage, Mode};
use lane::shop::Shop;
use worker::setup::Store;

use super::Finding;

/// How the domains end that Shopify gives to shops.
const SHOPIFYS: &str = ".myshopify.com";

/// Compares a shop's terms with the stores of its account. `shops` are all of the program.
pub(super) fn judge(shop: &Shop, shops: &[Shop], stores: &[Store]) -> Vec<Finding> {
    let Carriage { mode, store, .. } = &shop.carriage;
    let named = match store.map(|id| (id, stores.iter().find(|known| known.id == id))) {
        None => None,
        Some((_, Some(found))) => Some(found),
        Some((id, None)) => {
            return vec![Finding::Wrong(format!(
                "the shop {}: its account has no store {id}; {}",
                shop.id,
                list(stores)
            ))];
        }
    };
    let found = match mode {
        Mode::Create => create(shop, shops, stores, named),
        // Terms without a store are told as such.
        Mode::Correct => named.map(|store| correct(shop, shops, store)).unwrap_or_default(),
    };
    found.into_iter().map(|finding| finding.of(&shop.id)).collect()
}

/// Every store of an account in a line.
pub(super) fn list(stores: &[Store]) -> String {
    if stores.is_empty() {
        return "the account has no stores".to_owned();
    }
    let stores: Vec<String> = stores.iter().map(words).collect();
    format!("the account's stores are: {}", stores.join(", "))
}

fn words(store: &Store) -> String {
    let state = if store.active { "" } else { ", not active" };
    format!("{} {:?} ({}{state})", store.id, store.name, store.marketplace)
}

fn create(shop: &Shop, shops: &[Shop], stores: &[Store], named: Option<&Store>) -> Vec<Finding> {
    let mut found = Vec::new();
    match named {
        Some(store) if !store.active => found.push(Finding::Wrong(format!(
            "its store {} is not active; activate it in ShipStation, or name another",
            words(store)
        ))),
        Some(store) if !store.is_manual() => found.push(Finding::Wrong(format!(
            "orders would be created in the store {}, which gets its orders from elsewhere; name a manual store, or none",
            words(store)
        ))),
        None if !stores.iter().any(|store| store.active && store.is_manual()) => found.push(Finding::Wrong(format!(
            "its account has no manual store in which orders could be created; add one in ShipStation ({})",
            list(stores)
        ))),
        Some(_) | None => {}
    }
    let (its_own, perhaps): (Vec<_>, Vec<_>) =
        unaccounted(shop, shops, stores).partition(|store| names_shop(store, shop));
    if !its_own.is_empty() {
        found.push(Finding::Wrong(format!(
            "ShipStation imports this shop's orders by itself (store {}), and mode = \"create\" would make a second copy \
             of each: a second parcel. Deactivate that store in ShipStation, or set mode = \"correct\" and store = {}",
            all(&its_own),
            its_own[0].id
        )));
    } else if !perhaps.is_empty() && named.is_none() {
        found.push(Finding::Wrong(format!(
            "its account has a store that imports from Shopify ({}). If it imports this shop, mode = \"create\" makes a \
             second copy of each order: a second parcel. Then set mode = \"correct\" and store = {}. If it does not, say \
             so by setting store to the manual store in which orders are to be created ({})",
            all(&perhaps),
            perhaps[0].id,
            list(stores)
        )));
    } else if let Some(store) = named
        && !perhaps.is_empty()
    {
        found.push(Finding::Warning(format!(
            "orders are created in the store {} as its terms say, although the account imports from Shopify, too ({}): see \
             that none of these imports this shop",
            words(store),
            all(&perhaps)
        )));
    }
    let left_out = on_trust(shop, shops, stores);
    if found.is_empty() && !left_out.is_empty() {
        found.push(Finding::Warning(format!(
            "no store imports its orders a second time if {} imports another shop, as that one's terms say and ShipStation \
             does not; see that it is so",
            all(&left_out)
        )));
    }
    if found.is_empty() {
        found.push(Finding::Good("no store of its account imports its orders a second time".to_owned()));
    }
    found
}

fn correct(shop: &Shop, shops: &[Shop], store: &Store) -> Vec<Finding> {
    let wrong = |why: &str| vec![Finding::Wrong(format!("its store {} {why}", words(store)))];
    if !store.active {
        return wrong("is not active, so it imports nothing to correct; activate it in ShipStation, or name another");
    }
    if store.is_manual() {
        return wrong(
            "is a manual one, so it imports nothing to correct; name the store that imports the shop's orders, or set \
             mode = \"create\"",
        );
    }
    if !store.is_shopify() {
        return wrong("does not import from Shopify; name the store that imports this shop's orders");
    }
    if let Some(other) = anothers(store, shop, shops) {
        return wrong(&format!("imports {other}; name the store that imports this shop's orders"));
    }
    if let Some(rival) = claimants(shop, shops).find(|other| other.carriage.store == Some(store.id)) {
        return wrong(&format!(
            "is named by the shop {}, too, and a store imports one shop; name the store that imports each",
            rival.id
        ));
    }
    let mut found = vec![Finding::Good(format!("its orders are imported by the store {}", words(store)))];
    if !store.refreshes {
        found.push(Finding::Warning(format!(
            "the store {} does not refresh by itself: orders wait until somebody in ShipStation lets it",
            words(store)
        )));
    }
    found
}

/// The other shops of the account that say that a store imports them.
fn claimants<'s>(shop: &'s Shop, shops: &'s [Shop]) -> impl Iterator<Item = &'s Shop> {
    shops
        .iter()
        .filter(|other| other.id != shop.id && other.warehouse == shop.warehouse)
        .filter(|other| other.carriage.mode == Mode::Correct)
}

/// Whether the store is left to a shop that says it is its own.
fn is_claimed(store: &Store, shop: &Shop, shops: &[Shop]) -> bool {
    claimants(shop, shops).any(|other| other.carriage.store == Some(store.id))
}

/// Active stores that import from Shopify and are not said to be another shop's. What a store says of itself counts for
/// more than what another shop's terms say of it.
fn unaccounted<'s>(shop: &'s Shop, shops: &'s [Shop], stores: &'s [Store]) -> impl Iterator<Item = &'s Store> {
    let importing = stores.iter().filter(|store| store.active && store.is_shopify());
    importing.filter(|store| names_shop(store, shop) || !is_claimed(store, shop, shops))
}

/// Active stores that are another shop's by its terms alone.
fn on_trust<'s>(shop: &Shop, shops: &[Shop], stores: &'s [Store]) -> Vec<&'s Store> {
    let importing = stores.iter().filter(|store| store.active && store.is_shopify());
    importing.filter(|store| host(store).is_none() && is_claimed(store, shop, shops)).collect()
}

/// Whether the store says that it is connected to this very shop. Most do not say to which.
fn names_shop(store: &Store, shop: &Shop) -> bool {
    host(store).is_some_and(|host| shop.domains.contains(&host))
}

/// What the store says it imports, if that cannot be this shop: another one of ours, or a domain that Shopify gives and
/// this shop does not have. A domain of a merchant's own may be anybody's.
fn anothers(store: &Store, shop: &Shop, shops: &[Shop]) -> Option<String> {
    let host = host(store).filter(|host| !shop.domains.contains(host))?;
    match shops.iter().find(|other| other.id != shop.id && other.domains.contains(&host)) {
        Some(other) => Some(format!("the shop {} ({host})", other.id)),
        None => host.ends_with(SHOPIFYS).then_some(host),
    }
}

/// The host of the address that the store gives for its marketplace.
fn host(store: &Store) -> Option<String> {
    let url = store.url.as_deref()?.trim().to_lowercase();
    let host = url.split("//").last()?.split(['/', '?', '#', ':']).next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

fn all(stores: &[&Store]) -> String {
    stores.iter().map(|store| words(store)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::shop;

    fn store(id: u64, marketplace: &str) -> Store {
        Store {
            id,
            name: format!("Store {id}"),
            marketplace: marketplace.into(),
            url: None,
            active: true,
            refreshes: marketplace == "Shopify",
        }
    }

    fn with(id: &str, mode: Mode, store: Option<u64>) -> Shop {
        let mut shop = shop(id);
        (shop.carriage.mode, shop.carriage.store) = (mode, store);
        shop
    }

    /// The signs of the findings, and their words.
    fn judged(shop: &Shop, stores: &[Store]) -> (String, String) {
        let others = [shop.clone(), with("bolt", Mode::Correct, Some(8))];
        let found = judge(shop, &others, stores);
        let sign = |finding: &Finding| match finding {
            Finding::Good(_) => '+',
            Finding::Warning(_) => '!',
            Finding::Wrong(_) => '-',
        };
        (found.iter().map(sign).collect(), format!("{found:?}"))
    }

    #[test]
    fn creating_beside_a_store_that_may_import_the_shop_has_to_be_said() {
        let (manual, shopify) = (store(1, "ShipStation"), store(7, "Shopify"));
        let unsaid = with("acme", Mode::Create, None);
        assert_eq!(judged(&unsaid, std::slice::from_ref(&manual)).0, "+");
        let (signs, words) = judged(&unsaid, &[manual.clone(), shopify.clone()]);
        assert_eq!(signs, "-", "{words}");
        assert!(words.contains("second parcel") && words.contains("store = 7"), "{words}");
        let said = with("acme", Mode::Create, Some(1));
        assert_eq!(judged(&said, &[manual.clone(), shopify.clone()]).0, "!");
        // A store that is off, or another shop's, imports nothing of this one.
        let off = Store { active: false, ..shopify.clone() };
        assert_eq!(judged(&unsaid, &[manual.clone(), off]).0, "+");
        let bolts = Store { url: Some("https://bolt.myshopify.com".into()), ..store(8, "Shopify") };
        assert_eq!(judged(&unsaid, &[manual.clone(), bolts]).0, "+");
        assert_eq!(judged(&unsaid, &[manual.clone(), store(8, "Shopify")]).0, "!", "only bolt's terms say so");
        let mistaken = Store { url: Some("acme.myshopify.com".into()), ..store(8, "Shopify") };
        let (signs, words) = judged(&unsaid, &[manual.clone(), mistaken]);
        assert!(signs == "-" && words.contains("second copy"), "bolt's terms are wrong: {words}");
        // Where a store says that it is this very shop's, there is nothing to be said.
        let its_own = Store { url: Some("https://Acme.myshopify.com/admin".into()), ..shopify };
        assert_eq!(judged(&said, &[manual, its_own]).0, "-");
    }

    #[test]
    fn orders_are_created_in_a_manual_store_that_is_there_and_active() {
        let (manual, shopify, woo) = (store(1, "Manual Orders"), store(7, "Shopify"), store(9, "WooCommerce"));
        let stores = [manual.clone(), woo];
        let (signs, words) = judged(&with("acme", Mode::Create, Some(5)), &stores);
        assert!(signs == "-" && words.contains("no store 5") && words.contains("Store 9"), "{words}");
        assert_eq!(judged(&with("acme", Mode::Create, Some(9)), &stores).0, "-");
        assert_eq!(judged(&with("acme", Mode::Create, Some(1)), &stores).0, "+");
        let off = Store { active: false, ..manual };
        assert_eq!(judged(&with("acme", Mode::Create, Some(1)), std::slice::from_ref(&off)).0, "-");
        assert_eq!(judged(&with("acme", Mode::Create, None), &[off]).0, "-");
        let own = [store(1, "ShipStation"), shopify];
        assert!(judged(&with("acme", Mode::Create, Some(7)), &own).0.contains('-'));
    }

    #[test]
    fn a_store_that_imports_another_shop_is_not_corrected_for_this_one() {
        let shop = with("acme", Mode::Correct, Some(7));
        let at = |url: &str| [Store { url: Some(url.into()), ..store(7, "Shopify") }];
        assert_eq!(judged(&shop, &at("https://acme.myshopify.com/admin")).0, "+");
        assert_eq!(judged(&shop, &at("https://www.acme.example/")).0, "+", "a domain of one's own says nothing");
        let (signs, words) = judged(&shop, &at("https://BOLT.myshopify.com"));
        assert!(signs == "-" && words.contains("the shop bolt"), "{words}");
        let (signs, words) = judged(&shop, &at("strangers.myshopify.com:443"));
        assert!(signs == "-" && words.contains("strangers.myshopify.com"), "{words}");
    }

    #[test]
    fn two_shops_cannot_have_one_store() {
        let shop = with("acme", Mode::Correct, Some(8));
        let (signs, words) = judged(&shop, &[store(8, "Shopify")]);
        assert!(signs == "-" && words.contains("the shop bolt, too"), "{words}");
        // An account of another's has its own numbers.
        let mut elsewhere = with("bolt", Mode::Correct, Some(8));
        elsewhere.warehouse = lane::id::AccountId::at("shipstation", "spare");
        let found = judge(&shop, &[shop.clone(), elsewhere], &[store(8, "Shopify")]);
        assert!(matches!(found[..], [Finding::Good(_)]), "{found:?}");
    }

    #[test]
    fn correcting_needs_a_store_that_imports() {
        let shop = with("acme", Mode::Correct, Some(7));
        let shopify = store(7, "Shopify");
        assert_eq!(judged(&shop, std::slice::from_ref(&shopify)).0, "+");
        assert_eq!(judged(&shop, &[store(1, "ShipStation")]).0, "-");
        assert_eq!(judged(&shop, &[store(7, "ShipStation")]).0, "-");
        assert_eq!(judged(&shop, &[store(7, "WooCommerce")]).0, "-");
        assert_eq!(judged(&shop, &[Store { active: false, ..shopify.clone() }]).0, "-");
        assert_eq!(judged(&shop, &[Store { refreshes: false, ..shopify }]).0, "+!");
        assert_eq!(judged(&with("acme", Mode::Correct, None), &[]).0, "");
    }
}
