//! What was kept aside: authentic webhooks that did not become work, why, and what mends it.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use lane::clock::Timestamp;
use lane::view::{Page, QuarantineReason, Quarantined};
use serde::Deserialize;

use crate::Review;
use crate::pages::banner::{Banner, Done};
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, words};

/// As many as are read to be counted; beyond it the figure says so.
pub(super) const COUNTED: u32 = 200;

const ROWS_PER_PAGE: u32 = 50;

/// The list of this page.
const LIST: &str = "aside";

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    after: Option<String>,
    done: Option<Done>,
}

#[derive(Debug, Template)]
#[template(path = "aside.html")]
struct AsidePage {
    shell: Shell,
    rows: Vec<Row>,
    more: Option<String>,
}

/// Shows what was kept aside.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let banner = match asked.done {
        Some(done) => Some(Banner::done(&review, done, None, None).await),
        None => None,
    };
    let page = Page { after: cursor::unwrap(LIST, asked.after)?, limit: ROWS_PER_PAGE };
    let found = review.desk.quarantined(&page).await.map_err(unanswered)?;
    let (now, decides) = (review.clock.now(), caller.may_decide());
    let shell = Shell::of(&review, &caller, Tab::Aside, "/aside".to_owned(), banner).await?;
    Ok(problem::page(&AsidePage {
        shell,
        rows: found.rows.iter().map(|kept| Row::of(kept, decides, now)).collect(),
        more: cursor::wrap(LIST, found.next),
    }))
}

/// One webhook that was kept aside.
#[derive(Debug)]
struct Row {
    id: u64,
    merchant: String,
    topic: String,
    since: String,
    age: String,
    why: String,
    /// The command that mends it.
    command: Option<String>,
    release: bool,
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
