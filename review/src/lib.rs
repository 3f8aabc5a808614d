//! Ledger → people → queue: what waits for a person, and what the person decides.
//!
//! A request is recognised (`access`), read or decided on (`decide`, `lanes`, `quarantine`), and only then
//! answered, as JSON (`api`) or as a page (`pages`). Both go through the same functions: who may do what is said
//! once, in `access`. The ledger decides which decision counts; the wake-up sent afterwards only makes it quick.

mod token;
mod links;
mod access;
mod refusal;
mod repeat;
mod cursor;
mod wake;
mod overview;
mod decide;
mod undo;
mod lanes;
mod quarantine;
mod words;
mod headers;
mod api;
mod pages;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use lane::clock::Clock;
use lane::ports::{Desk, QueueSender};

pub use links::{LINK_DAYS_MAX, LINK_PATH, Links, NotLinked};
pub use token::{new_token, token_hash};

/// Decisions, notes and pauses fit into one KiB; this leaves room for escaping.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What an installation may choose.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a browser stays signed in. A disabled operator is refused at once whatever this says.
    pub session: Duration,
    /// Failed sign-ins that this process takes in a minute before it refuses to look at any more.
    pub sign_in_failures_per_minute: usize,
    /// How old the figures at the top of a page may be. Nothing where the ledger counts as it goes; in DynamoDB every lane
    /// is read for them.
    pub figures_age: Duration,
    /// What signs and reads merchants' links.
    pub links: Links,
}

impl Default for Settings {
    /// A working day, far more typing errors than a team makes, and no links.
    fn default() -> Self {
        let (session, figures_age, links) = (Duration::from_hours(8), Duration::ZERO, Links::default());
        Self { session, sign_in_failures_per_minute: 10, figures_age, links }
    }
}

/// What every request needs.
pub(crate) struct Review {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) sender: Arc<dyn QueueSender>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) failures: access::Failures,
    pub(crate) overview: overview::Overview,
}

/// The review application: the API under `/api/v1` and the page at `/`.
pub fn router(desk: Arc<dyn Desk>, sender: Arc<dyn QueueSender>, clock: Arc<dyn Clock>, settings: Settings) -> Router {
    let failures = access::Failures::at_most(settings.sign_in_failures_per_minute);
    let overview = overview::Overview::kept_for(settings.figures_age);
    let review = Arc::new(Review { desk, sender, clock, settings, failures, overview });
    Router::new()
        .nest("/api/v1", api::routes())
        .route("/api/v1/", any(api::nothing_here)) // A nested router leaves its bare address with a slash out.
        .merge(pages::routes())
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::map_response(headers::protect))
        .with_state(review)
}
