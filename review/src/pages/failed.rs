//! What failed, by its cause: what went wrong once at a provider usually went wrong for many.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey};
use lane::job::Job;
use lane::outcome::Trouble;
use lane::state::{State as JobState, StateKind};
use lane::view::{JobFilter, PAGE_ROWS_MAX, Page};
use serde::Deserialize;

use crate::Review;
use crate::access::Caller;
use crate::pages::banner::{Banner, Done};
use crate::pages::card::{Card, card};
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::{cursor, words};

/// The list of this page.
const LIST: &str = "failed";

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    after: Option<String>,
    done: Option<Done>,
    lane: Option<LaneKey>,
    job: Option<JobId>,
}

#[derive(Debug, Template)]
#[template(path = "failed.html")]
struct FailedPage {
    shell: Shell,
    causes: Vec<Cause>,
    more: Option<String>,
}

/// One cause, and whom it hit.
#[derive(Debug)]
struct Cause {
    words: String,
    place: String,
    shops: String,
    cards: Vec<Card>,
}

/// Shows what failed.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Refusal::NothingHere)?;
    let banner = match asked.done {
        Some(done) => Some(Banner::done(&review, done, asked.lane.as_ref(), asked.job.as_ref()).await),
        None => None,
    };
    render(&review, &caller, asked, banner).await
}

/// Renders the page with a line at its top.
pub(super) async fn render(
    review: &Review,
    caller: &Caller,
    asked: Asked,
    banner: Option<Banner>,
) -> Result<Response, Problem> {
    let filter = JobFilter { state: Some(StateKind::Failed), shop: None };
    let page = Page { after: cursor::unwrap(LIST, asked.after)?, limit: PAGE_ROWS_MAX };
    let failed = review.desk.jobs(&filter, &page).await.map_err(unanswered)?;
    let shell = Shell::of(review, caller, Tab::Failed, "/failed".to_owned(), banner).await?;
    Ok(problem::page(&FailedPage {
        shell,
        causes: causes(&failed.rows, caller.may_decide(), review.clock.now()),
        more: cursor::wrap(LIST, failed.next),
    }))
}

/// The most frequent cause first.
fn causes(jobs: &[Job], decides: bool, now: Timestamp) -> Vec<Cause> {
    let mut by_cause: BTreeMap<(String, String), Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        if let JobState::Failed { error, .. } = &job.state {
            by_cause.entry(alike(error)).or_default().push(job);
        }
    }
    let mut causes: Vec<Cause> = by_cause.into_values().filter_map(|jobs| Cause::of(&jobs, decides, now)).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.cards.len()));
    causes
}

/// Errors that differ in figures alone have one cause: an id, an amount, a number of seconds.
fn alike(error: &Trouble) -> (String, String) {
    let mut words = String::new();
    for sign in error.words.chars() {
        match sign {
            '0'..='9' if words.ends_with('#') => {}
            '0'..='9' => words.push('#'),
            other => words.push(other),
        }
    }
    (error.at.clone(), words)
}

impl Cause {
    fn of(jobs: &[&Job], decides: bool, now: Timestamp) -> Option<Self> {
        let JobState::Failed { error, .. } = &jobs.first()?.state else { return None };
        let mut shops: Vec<&str> = jobs.iter().map(|job| job.shop.as_str()).collect();
        shops.sort_unstable();
        shops.dedup();
        let shops = match shops.as_slice() {
            [] => String::new(),
            [shop] => format!("all of {shop}"),
            [one, two] => format!("of {one} and {two}"),
            [one, two, rest @ ..] => format!("of {one}, {two} and {} more shops", rest.len()),
        };
        Some(Self {
            words: words::sentence(&words::shown(&error.words)),
            place: words::shown(&error.at),
            shops,
            cards: jobs.iter().map(|job| card(job, decides, now)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_differ_in_figures_alone_are_alike() {
        let alike = |at, words| alike(&Trouble::new(at, words));
        assert_eq!(alike("shipstation", "order 17 refused"), alike("shipstation", "order 2204 refused"));
        assert_ne!(alike("shipstation", "order 17 refused"), alike("shipstation", "order 17 is locked"));
        assert_ne!(alike("shipstation", "401"), alike("shopify", "401"));
    }
}
