//! A merchant's page: the orders of one shop, for whoever has its link. Nobody signs in and nothing can be changed here;
//! the shop is the one that the link names, and nothing else in a request chooses one.

mod lists;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use lane::id::{LaneKey, ShopId};
use lane::shop::Shop;
use lane::view::{LaneFilter, Page};
use serde::Deserialize;

use crate::Review;
use crate::links::{Link, NoLink};
use crate::pages::problem;
use crate::refusal::{Refusal, unanswered};
use crate::words;
use lists::{List, Section};

/// Search engines and archives that come by an address must not keep what is there.
const ROBOTS: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow, noarchive"));

/// What the address may say besides the link.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    list: Option<List>,
    after: Option<String>,
}

/// One shop's orders. Its links name no path, so that the token stands nowhere in it.
#[derive(Debug, Template)]
#[template(path = "merchant.html")]
struct MerchantPage {
    domain: String,
    now: String,
    ends: String,
    stands_still: Option<String>,
    sections: Vec<Section>,
    /// Only one list is shown.
    alone: bool,
}

/// Why nothing is shown.
#[derive(Debug, Clone, Copy)]
enum NotShown {
    /// No secret signs links here.
    NotSetUp,
    /// It is no link, or its shop is not (any more) there.
    Invalid,
    Ended,
    /// The link is good, and there is no such part of a list.
    NoSuchPart,
    /// The ledger does not answer; after so many seconds it may.
    Unanswered(u32),
}

/// Shows the shop that the link names.
pub(super) async fn show(
    State(review): State<Arc<Review>>,
    token: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    match shown(&review, token.ok(), asked.ok()).await {
        Ok(page) => with_robots(problem::page(&page)),
        Err(why) => why.into_response(),
    }
}

async fn shown(
    review: &Review,
    token: Option<Path<String>>,
    asked: Option<Query<Asked>>,
) -> Result<MerchantPage, NotShown> {
    let (link, shop) = open(review, token).await?;
    let Query(asked) = asked.ok_or(NotShown::NoSuchPart)?;
    let now = review.clock.now();
    let alone = asked.list.is_some();
    let sections = match asked.list {
        Some(list) => vec![lists::read(review, &link.shop, list, asked.after).await?],
        None if asked.after.is_some() => return Err(NotShown::NoSuchPart),
        None => lists::all(review, &link.shop).await?,
    };
    Ok(MerchantPage {
        domain: words::shown(shop.domain()),
        now: words::moment(now),
        ends: words::moment(link.until),
        stands_still: stands_still(review, &link.shop).await?,
        sections,
        alone,
    })
}

/// The shop whose link this is. A shop that is not there and a link that is none are told apart in the log alone.
async fn open(review: &Review, token: Option<Path<String>>) -> Result<(Link, Arc<Shop>), NotShown> {
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let link = review.settings.links.read(&token, review.clock.now()).map_err(|why| {
        tracing::warn!(%why, "refused a merchant's link");
        match why {
            NoLink::NoSecret => NotShown::NotSetUp,
            NoLink::Malformed | NoLink::NoSecretMatches => NotShown::Invalid,
            NoLink::Ended => NotShown::Ended,
        }
    })?;
    let shop = review.desk.merchant(&link.shop).await.map_err(unanswered)?;
    let Some(shop) = shop.filter(|shop| link.is_of(shop)) else {
        tracing::warn!(shop.id = %link.shop, "refused a merchant's link whose shop is not there, or was added anew");
        return Err(NotShown::Invalid);
    };
    Ok((link, shop))
}

async fn stands_still(review: &Review, shop: &ShopId) -> Result<Option<String>, NotShown> {
    let filter = LaneFilter { shop: Some(shop.clone()), stalled: false };
    let lanes = review.desk.lanes(&filter, &Page::default(), review.clock.now()).await.map_err(unanswered)?;
    let own = LaneKey::orders(shop);
    let view = lanes.rows.iter().find(|view| view.lane == own && view.shop == *shop);
    Ok(view.and_then(words::merchant::stands_still))
}

impl From<Refusal> for NotShown {
    fn from(refusal: Refusal) -> Self {
        refusal.retry_after().map_or(Self::NoSuchPart, Self::Unanswered)
    }
}

#[derive(Debug, Template)]
#[template(path = "merchant_problem.html")]
struct NotShownPage {
    title: &'static str,
    words: &'static str,
    /// The link is good, so there is a page to go to.
    goes_back: bool,
}

impl NotShown {
    fn status(self) -> StatusCode {
        match self {
            Self::NotSetUp | Self::NoSuchPart => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::FORBIDDEN,
            Self::Ended => StatusCode::GONE,
            Self::Unanswered(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotSetUp => (
                "Not set up",
                "There are no links for shops here yet. Whoever runs this site names a secret for them in the settings, as \
                 link_secrets in [review], and starts the program again.",
            ),
            Self::Invalid => (
                "Not valid",
                "This link is not valid. See that it is complete, or ask whoever gave it to you for a new one.",
            ),
            Self::Ended => ("Ended", "This link has ended. Ask whoever gave it to you for a new one."),
            Self::NoSuchPart => ("Not found", "There is no such part of your orders."),
            Self::Unanswered(_) => {
                ("Not now", "Your orders cannot be shown right now. Nothing is lost; try again in a minute.")
            }
        }
    }
}

impl IntoResponse for NotShown {
    fn into_response(self) -> Response {
        let (title, words) = self.words();
        let page = NotShownPage { title, words, goes_back: matches!(self, Self::NoSuchPart) };
        let mut response = (self.status(), problem::page(&page)).into_response();
        if let Self::Unanswered(seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        with_robots(response)
    }
}

fn with_robots(mut response: Response) -> Response {
    let (name, value) = ROBOTS;
    response.headers_mut().insert(name, value);
    response
}
