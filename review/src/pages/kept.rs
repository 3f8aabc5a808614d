//! What was kept aside: authentic webhooks that did not become work, why, and what mends it.

use lane::clock::Timestamp;
use lane::view::{Paged, QuarantineReason, Quarantined};

use crate::words;

/// As many as are read to be counted; beyond it the figure says so.
pub(super) const KEPT_COUNTED: u32 = 200;

/// As many as tell what is wrong; the rest usually has the same cause.
const KEPT_SHOWN: usize = 20;

/// What was kept aside.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) count: usize,
    /// There are more than were counted.
    pub(super) more: bool,
    pub(super) rows: Vec<Row>,
}

/// One webhook that was kept aside.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) merchant: String,
    pub(super) topic: String,
    pub(super) since: String,
    pub(super) age: String,
    pub(super) why: String,
    /// The command that mends it.
    pub(super) command: Option<String>,
    pub(super) release: bool,
}

impl Kept {
    /// With buttons if `decides`.
    pub(super) fn of(found: &Paged<Quarantined>, decides: bool, now: Timestamp) -> Self {
        let rows = found.rows.iter().take(KEPT_SHOWN).map(|kept| Row::of(kept, decides, now)).collect();
        Self { count: found.rows.len(), more: found.next.is_some(), rows }
    }
}

impl Row {
    fn of(kept: &Quarantined, decides: bool, now: Timestamp) -> Self {
        let said = words::sentence(&words::shown(&kept.words));
        let (why, command, release) = match kept.why {
            QuarantineReason::UnknownShop => (
                "No shop has this domain. Add it, and what was kept becomes work in its order.".to_owned(),
                true,
                false,
            ),
            QuarantineReason::Unreadable => (format!("It could not be understood: {said}"), false, false),
            QuarantineReason::UnknownToShop => (said, false, decides),
        };
        Self {
            id: kept.id,
            merchant: words::shown(&kept.merchant),
            topic: words::shown(&kept.topic),
            since: words::moment(kept.received_at),
            age: words::lasted(kept.received_at, now),
            why,
            command: command.then(|| command_for(&kept.merchant)),
            release,
        }
    }
}

/// The platform does not sign the merchant's name: only what is surely a domain gets into a line that people copy.
fn command_for(merchant: &str) -> String {
    let plain = merchant.starts_with(|c: char| c.is_ascii_alphanumeric())
        && merchant.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let domain = if plain { merchant } else { "…" };
    format!("lanekeeper shop add --id … --domain {domain} --token … --warehouse …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_to_copy_holds_a_domain_or_nothing_of_what_was_sent() {
        assert!(command_for("new.myshopify.com").contains("--domain new.myshopify.com --token"));
        for bad in ["x; rm -rf ~", "$(id)", "--config", "", "a b"] {
            assert!(command_for(bad).contains("--domain … --token"), "{bad}");
        }
    }
}
