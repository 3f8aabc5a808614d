//! `app/uninstalled`: the body is the shop itself, and it must be the shop that the header names.
//!
//! That proves that the platform said it of this shop, not that the app was taken away: `shop/update` carries the same
//! resource, so whoever has got hold of such a body could send it again as this topic. What it causes is on the safe side
//! for that reason: the shop's lanes are paused, nothing is lost, and a person or `shop add` lifts the pause. Whatever
//! cannot be taken back must not rest on it alone.

use std::time::Duration;

use lane::clock::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::NotUnderstood;
use super::value::{id, read};

/// How long a webhook may have been under way. Shopify delivers up to a day late and repeats for four hours
/// (*shopify.dev: About webhooks; Updates to webhook retry mechanism*).
const UNDER_WAY_MAX: Duration = Duration::from_hours(48);

/// A shop, and what no shop has.
#[derive(Deserialize)]
struct Shop {
    id: Option<Value>,
    myshopify_domain: Option<String>,
    #[serde(rename = "shop_domain")]
    passed_on_by: Option<Value>,
    order_id: Option<Value>,
    line_items: Option<Value>,
}

/// Whether the body is the shop whose domain the header names.
pub(super) fn check(body: &[u8], shop: &str) -> Result<(), NotUnderstood> {
    let body: Shop = read(body)?;
    let domain = body.myshopify_domain.ok_or(NotUnderstood::NotOfTopic("it is no shop"))?;
    let foreign = body.passed_on_by.is_some() || body.order_id.is_some() || body.line_items.is_some();
    if foreign || body.id.as_ref().and_then(|value| id(value, "Shop")).is_none() {
        return Err(NotUnderstood::NotOfTopic("it is no shop"));
    }
    if domain.eq_ignore_ascii_case(shop) { Ok(()) } else { Err(NotUnderstood::OtherShop) }
}

/// When it happened. The header that says so is not signed: it counts as long as it could be true.
pub(super) fn when(triggered_at: Option<Timestamp>, received_at: Timestamp) -> Timestamp {
    let oldest = received_at.checked_sub(UNDER_WAY_MAX).unwrap_or(Timestamp::MIN);
    triggered_at.filter(|at| (oldest..=received_at).contains(at)).unwrap_or(received_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_counts_that_could_be_true() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let received = at("2026-11-21T12:00:00Z");
        let sane = at("2026-11-21T11:59:58.123Z");
        assert_eq!(when(Some(sane), received), sane);
        assert_eq!(when(Some(at("2026-11-19T12:00:00Z")), received), at("2026-11-19T12:00:00Z"));
        for odd in [None, Some(at("2026-11-19T11:59:59Z")), Some(at("2026-11-21T12:00:01Z")), Some(Timestamp::MIN)] {
            assert_eq!(when(odd, received), received, "{odd:?}");
        }
    }
}
