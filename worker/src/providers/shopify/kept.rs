//! Further pages of long orders, kept from one attempt to the next.
//!
//! By Shopify's published rules an order of some hundred lines costs more points than a full bucket holds. When they
//! run out in the middle, the attempt ends and the order waits; the next attempt asks for the first page anew and, if
//! the order is still the same, goes on where the points ran out. Only this process keeps them, and only for a while:
//! without them the order is fetched from its beginning.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::lane::clock::{Timestamp, after};
use serde_json::Value;

/// Long orders whose pages are kept at the same time. A page has some 100 kB, an order of 500 lines about 2 MB.
const ORDERS_MAX: usize = 8;
/// An order of 500 lines takes less than two minutes on the smallest plan. What others fulfil of it without the order
/// changing is seen at the latest after this.
const KEPT_FOR: Duration = Duration::from_mins(5);

/// The pages of all orders that are under way.
#[derive(Default)]
pub(super) struct Kept(Mutex<VecDeque<Pages>>);

struct Pages {
    /// The shop's account and the order's id.
    order: String,
    /// The state of the order that they belong to.
    updated_at: Timestamp,
    began: Timestamp,
    by_name: HashMap<String, Value>,
}

impl Kept {
    /// The page of this state of the order, if it was kept. Pages of another state are dropped.
    pub(super) fn page(&self, order: &str, updated_at: Timestamp, page: &str, now: Timestamp) -> Option<Value> {
        let mut kept = self.kept();
        kept.retain(|pages| {
            after(pages.began, KEPT_FOR) > now && (pages.order != order || pages.updated_at == updated_at)
        });
        kept.iter().find(|pages| pages.order == order)?.by_name.get(page).cloned()
    }

    /// Keeps a page that was just fetched.
    pub(super) fn keep(&self, order: &str, updated_at: Timestamp, page: String, content: Value, now: Timestamp) {
        let mut kept = self.kept();
        if let Some(pages) = kept.iter_mut().find(|pages| pages.order == order && pages.updated_at == updated_at) {
            pages.by_name.insert(page, content);
            return;
        }
        if kept.len() == ORDERS_MAX {
            kept.pop_front();
        }
        let by_name = HashMap::from([(page, content)]);
        kept.push_back(Pages { order: order.to_owned(), updated_at, began: now, by_name });
    }

    /// The order is fetched, or has changed.
    pub(super) fn drop_pages(&self, order: &str) {
        self.kept().retain(|pages| pages.order != order);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Pages>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: u64) -> Timestamp {
        after(NOW, Duration::from_secs(seconds))
    }

    #[test]
    fn a_page_is_found_again_while_the_order_is_the_same() {
        let kept = Kept::default();
        kept.keep("acme/1", NOW, "lines a".into(), json!(1), NOW);
        kept.keep("acme/2", NOW, "lines a".into(), json!(2), NOW);
        assert_eq!(kept.page("acme/1", NOW, "lines a", later(1)), Some(json!(1)));
        assert_eq!(kept.page("acme/1", NOW, "lines b", later(1)), None);
        assert_eq!(kept.page("acme/1", later(1), "lines a", later(1)), None);
        // The newer state has dropped the older one's pages.
        assert_eq!(kept.page("acme/1", NOW, "lines a", later(1)), None);
        assert_eq!(kept.page("acme/2", NOW, "lines a", later(1)), Some(json!(2)));
        kept.drop_pages("acme/2");
        assert_eq!(kept.page("acme/2", NOW, "lines a", later(1)), None);
    }

    #[test]
    fn pages_are_kept_for_a_while_and_of_a_few_orders() {
        let kept = Kept::default();
        kept.keep("acme/0", NOW, "a".into(), json!(0), NOW);
        assert_eq!(kept.page("acme/0", NOW, "a", later(300)), None);
        for number in 0..=ORDERS_MAX {
            kept.keep(&format!("acme/{number}"), NOW, "a".into(), json!(number), NOW);
        }
        assert_eq!(kept.page("acme/0", NOW, "a", NOW), None);
        assert_eq!(kept.page("acme/1", NOW, "a", NOW), Some(json!(1)));
    }
}
