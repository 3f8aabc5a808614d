//! What the buttons do. A decision opens the next order; a change that was not made shows the page as it is now, with the
//! reason at its top.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use lane::decision::Verdict;
use lane::id::{JobId, LaneKey};
use lane::state::StateKind;
use serde::{Deserialize, Serialize};

use crate::Review;
use crate::access::{Caller, Reviewer};
use crate::decide::{self, Ask};
use crate::pages::banner::{Banner, Done};
use crate::pages::problem::Problem;
use crate::pages::sign_in::SignedIn;
use crate::pages::{address, failed, held};
use crate::refusal::Refusal;
use crate::undo::{self, UNDO_TIME};
use crate::{lanes, quarantine, repeat, words};

/// A card's form as it was rendered, the button that was pressed, and what was typed.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    lane: LaneKey,
    job: JobId,
    hold: u32,
    fingerprint: String,
    verdict: Verdict,
    #[serde(default)]
    note: String,
    /// The order that opens next, `orders/acme/2`. No part of the decision: the list may have moved on between two clicks.
    #[serde(default, skip_serializing)]
    then: Option<String>,
}

/// Approve, reject, retry.
pub(super) async fn decide(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Decided>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/decide")?;
    let mut asked = filled_in(form)?;
    asked.note = decide::note(&asked.note)?;
    let done = match asked.verdict {
        Verdict::Approve => Done::Approved,
        Verdict::Reject => Done::Rejected,
        Verdict::Retry => Done::Retried,
    };
    match decide_once(&review, &reviewer, &asked).await {
        Ok(()) => Ok(back_to(&onwards(&asked), done, Some((&asked.lane, Some(&asked.job))))),
        Err(refusal) => not_decided(&review, &caller, &asked, refusal).await,
    }
}

/// Where a decision leads: to the next order, or to the list it was in. What names no order is as good as nothing.
fn onwards(asked: &Decided) -> String {
    if asked.verdict == Verdict::Retry {
        return "/failed".to_owned();
    }
    let named = asked.then.as_deref().and_then(|then| then.rsplit_once('/'));
    let next = named.and_then(|(lane, id)| Some(address::open("held", &lane.parse().ok()?, &JobId::parse(id).ok()?)));
    next.unwrap_or_else(|| "/".to_owned())
}

/// The key says what is decided, so a double click is one decision with one answer. The same click with another note
/// is no repetition: it learns what was decided before.
async fn decide_once(review: &Review, by: &Reviewer<'_>, asked: &Decided) -> Result<(), Refusal> {
    let fingerprint = decide::fingerprint(&asked.fingerprint)?;
    let key = repeat::page_key(&asked.lane, &asked.job, asked.hold, &fingerprint, asked.verdict);
    let key = repeat::request_key(by, Some(key), "/decide", asked);
    let ask = Ask {
        lane: asked.lane.clone(),
        job: asked.job.clone(),
        verdict: asked.verdict,
        hold: asked.hold,
        fingerprint,
        note: asked.note.clone(),
        delay: UNDO_TIME,
    };
    match decide::decide(review, by, ask.clone(), key.as_ref()).await {
        Err(Refusal::KeyReused) => decide::decide(review, by, ask, None).await,
        answer => answer,
    }
    .map(|_| ())
}

/// The order as it is now. Who decided, or what changed, stands above it; a fault of the ledger gets a page of its own.
async fn not_decided(review: &Review, caller: &Caller, asked: &Decided, refusal: Refusal) -> Result<Response, Problem> {
    let job = review.desk.job(&asked.lane, &asked.job).await.ok().flatten();
    let hint = match &refusal {
        Refusal::AlreadyDecided(_) if job.as_ref().is_some_and(|job| job.question().is_some()) => {
            " Since then it is asked again; it is shown below as it is now."
        }
        Refusal::AlreadyDecided(_) | Refusal::NoSuchJob => "",
        Refusal::Changed(_) => " If it still needs a person, it is shown below as it is now.",
        Refusal::Unauthorised
        | Refusal::Forbidden { .. }
        | Refusal::CrossSite
        | Refusal::TooManyFailures
        | Refusal::NoSuchLane
        | Refusal::NotInQuarantine
        | Refusal::NothingHere
        | Refusal::WrongMethod
        | Refusal::Malformed(_)
        | Refusal::TooLarge
        | Refusal::KeyReused
        | Refusal::TooLate(_)
        | Refusal::LedgerBusy
        | Refusal::LedgerStopped
        | Refusal::LedgerUnreadable => return Err(refusal.into()),
    };
    let number = job.as_ref().map_or_else(|| asked.job.to_string(), |job| job.number.clone());
    let banner = Banner::problem(
        format!(
            "{} of {} was not {}. {}{hint}",
            words::shown(&number),
            asked.lane.group(),
            words::past(asked.verdict),
            refusal.words()
        ),
        words::shown(&asked.note),
    );
    let (status, _) = refusal.kind();
    let shown = if asked.verdict == Verdict::Retry {
        failed::render(review, caller, failed::Asked::default(), Some(banner)).await?
    } else {
        let open = job.map(|job| (job.lane, job.id));
        held::render(review, caller, held::Asked::default(), open, Some(banner)).await?
    };
    Ok((status, shown).into_response())
}

/// The decision that is taken back.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TakenBack {
    lane: LaneKey,
    job: JobId,
    hold: u32,
}

/// Take a decision back. The order that is asked about again is open then; if it is too late, the page says so.
pub(super) async fn undo(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<TakenBack>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/undo")?;
    let asked = filled_in(form)?;
    let TakenBack { lane, job, hold } = &asked;
    let key = repeat::undo_key(lane, job, *hold);
    let key = repeat::request_key(&reviewer, Some(key), "/undo", &asked);
    let state = undo::undo(&review, &reviewer, (lane.clone(), job.clone()), *hold, key.as_ref()).await?;
    let page = match state {
        StateKind::Held => address::open("held", lane, job),
        StateKind::Failed => "/failed".to_owned(),
        StateKind::Waiting
        | StateKind::Attempting
        | StateKind::Retrying
        | StateKind::Done
        | StateKind::Skipped
        | StateKind::Rejected => "/".to_owned(),
    };
    Ok(back_to(&page, Done::Undone, Some((lane, Some(job)))))
}

/// The pause that is ended.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resumed {
    lane: LaneKey,
    paused_since: String,
}

/// Resume a lane. The key names the pause, so that a double click cannot end the next one.
pub(super) async fn resume(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Resumed>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/resume")?;
    let asked = filled_in(form)?;
    let key = format!("page-resume-{}-{}", asked.lane, asked.paused_since);
    let key = Some(key).filter(|key| key.len() <= 200);
    let key = repeat::request_key(&reviewer, key, "/resume", &asked);
    lanes::resume(&review, &reviewer, &asked.lane, key.as_ref()).await?;
    Ok(back_to(&lane_page(&asked.lane), Done::Resumed, Some((&asked.lane, None))))
}

/// The lane that is paused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paused {
    lane: LaneKey,
    why: String,
}

/// Pause a lane. There is no key: a second click pauses what is paused.
pub(super) async fn pause(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Paused>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/pause")?;
    let asked = filled_in(form)?;
    let why = decide::note(&asked.why)?;
    if why.is_empty() {
        return Err(Refusal::Malformed("say why the lane is paused; the others read it".into()).into());
    }
    lanes::pause(&review, &reviewer, &asked.lane, why, None, None).await?;
    Ok(back_to(&lane_page(&asked.lane), Done::Paused, Some((&asked.lane, None))))
}

fn lane_page(lane: &LaneKey) -> String {
    format!("/lanes/{}", address::encoded(&lane.to_string()))
}

/// The webhook that is released.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Released {
    id: u64,
}

/// Release a webhook from quarantine. There is no key: the same webhook may come to be kept aside again, and a second
/// click finds nothing to release.
pub(super) async fn release(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Released>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/release")?;
    let asked = filled_in(form)?;
    quarantine::release(&review, &reviewer, asked.id, None).await?;
    Ok(back_to("/aside", Done::Released, None))
}

fn filled_in<T>(form: Result<Form<T>, FormRejection>) -> Result<T, Refusal> {
    let words = "this is not the form as it was shown; go back, reload the page and try again";
    form.map(|Form(form)| form).map_err(|rejection| Refusal::unread(rejection.status(), words))
}

/// Ids alone get into the address, which browsers and proxies remember.
fn back_to(page: &str, done: Done, about: Option<(&LaneKey, Option<&JobId>)>) -> Response {
    let mut address = format!("{page}?done={}", done.as_str());
    if let Some((lane, job)) = about {
        address += "&lane=";
        address += &address::encoded(&lane.to_string());
        if let Some(job) = job {
            address += "&job=";
            address += &address::encoded(job.as_ref());
        }
    }
    Redirect::to(&address).into_response()
}
