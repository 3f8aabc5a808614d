//! Shops as their rows say, read from JSON once: a shop's row changes rarely and is asked for with every webhook.

use std::collections::HashMap;
use std::sync::Arc;

use lane::shop::Shop;

use crate::ledger::fault::Fault;

/// Shops that are kept at the most, some KiB each.
const SHOPS_MAX: usize = 1000;

/// The shops that came last, by the text of their rows: whoever changes a row finds another.
#[derive(Default)]
pub(super) struct Shops(HashMap<String, Arc<Shop>>);

impl Shops {
    /// The shop that a row's text says.
    pub(super) fn read(&mut self, doc: &str) -> Result<Arc<Shop>, Fault> {
        if let Some(shop) = self.0.get(doc) {
            return Ok(Arc::clone(shop));
        }
        let shop = Arc::new(serde_json::from_str::<Shop>(doc)?);
        if self.0.len() >= SHOPS_MAX {
            self.0.clear();
        }
        self.0.insert(doc.to_owned(), Arc::clone(&shop));
        Ok(shop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_says_is_read_again_when_it_says_something_else_and_so_many_are_kept() {
        let mut shops = Shops::default();
        let doc = |name: usize, token: &str| {
            format!(
                r#"{{"id":"shop-{name}","source":"shopify","domains":["a.myshopify.com"],"token":"env:{token}",
                    "warehouse":"shipstation/main","policy":{{"retry":"stop-lane","hold":"step-aside","fail":"step-aside"}},
                    "rules":{{"total_above":null,"country_differs":false,"risk_pending":"hold"}},
                    "qualifies":{{"financial_statuses":["paid"],"test_orders":false}},"added_at":"2026-11-01T08:00:00Z"}}"#
            )
        };
        let first = shops.read(&doc(1, "A")).unwrap();
        assert!(Arc::ptr_eq(&first, &shops.read(&doc(1, "A")).unwrap()));
        assert_ne!(first.token, shops.read(&doc(1, "B")).unwrap().token);
        assert!(shops.read("{}").is_err());
        for name in 0..2 * SHOPS_MAX {
            assert_eq!(shops.read(&doc(name, "A")).unwrap().id.as_str(), format!("shop-{name}"));
            assert!(shops.0.len() <= SHOPS_MAX);
        }
    }
}
