//! Many orders decided with one button: first a plan that says how many, whose and of what value, then each order by
//! itself, with what came of it. What is grave is left out and decided one by one.

pub(super) mod choice;
mod plan;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::response::Response;
use lane::decision::Verdict;
use lane::id::{JobId, LaneKey};

use crate::Review;
use crate::access::{Caller, Reviewer};
use crate::decide::{self, Ask};
use crate::pages::address;
use crate::pages::problem::{self, Problem};
use crate::pages::shell::{Shell, Tab};
use crate::pages::sign_in::SignedIn;
use crate::refusal::{Refusal, unanswered};
use crate::undo::{self, UNDO_TIME};
use crate::{repeat, words};
use choice::{Choice, Decided, Many};
use plan::Plan;

/// What became of each.
#[derive(Debug, Template)]
#[template(path = "many.html")]
struct ManyPage {
    shell: Shell,
    /// What was done, for the heading.
    done: &'static str,
    lines: Vec<Line>,
    /// Where it began.
    back: &'static str,
}

impl ManyPage {
    /// How many it worked for.
    fn worked(&self) -> usize {
        self.lines.iter().filter(|line| line.problem.is_none()).count()
    }

    fn can_be_undone(&self) -> bool {
        self.lines.iter().any(|line| line.undo.is_some())
    }
}

/// One order.
#[derive(Debug)]
struct Line {
    href: String,
    number: String,
    shop: String,
    /// Why it did not work.
    problem: Option<String>,
    /// How its decision is taken back.
    undo: Option<String>,
}

/// Says what would be done; does nothing.
pub(super) async fn plan(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Problem> {
    caller.reviewer("/plan")?;
    let Many { verdict, choices, .. } = Many::read(form)?;
    let plan = Plan::of(&review, verdict, choices).await?;
    let shell = Shell::of(&review, &caller, tab(verdict), back(verdict).to_owned(), None).await?;
    Ok(problem::page(&plan.page(shell)))
}

/// Decides each that was planned. A repetition of it is answered the same.
pub(super) async fn decide(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/decide-many")?;
    let Many { verdict, note, choices } = Many::read(form)?;
    let note = decide::note(&note)?;
    let mut lines = Vec::new();
    for choice in choices {
        let done = decide_one(&review, &reviewer, verdict, &note, &choice).await;
        let undo = done.is_ok().then(|| choice.undo());
        lines.push(Line::of(&review, &choice.lane, &choice.job, done.err(), undo).await?);
    }
    render(&review, &caller, verdict, words::past(verdict), lines).await
}

/// Takes each back that can be.
pub(super) async fn undo(
    State(review): State<Arc<Review>>,
    SignedIn(caller): SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Problem> {
    let reviewer = caller.reviewer("/undo-many")?;
    let (verdict, decided) = choice::decided(form)?;
    let mut lines = Vec::new();
    for Decided { lane, job, hold } in decided {
        let key = format!("{}-many", repeat::undo_key(&lane, &job, hold));
        let key = repeat::request_key(&reviewer, Some(key), "/undo-many", &(&lane, &job, hold));
        let undone = undo::undo(&review, &reviewer, (lane.clone(), job.clone()), hold, key.as_ref()).await;
        lines.push(Line::of(&review, &lane, &job, undone.err(), None).await?);
    }
    render(&review, &caller, verdict, "taken back", lines).await
}

/// The same key as that of the order's own buttons: whichever way it is decided, it is decided once.
async fn decide_one(
    review: &Review,
    by: &Reviewer<'_>,
    verdict: Verdict,
    note: &str,
    choice: &Choice,
) -> Result<(), Refusal> {
    let Choice { lane, job, hold, fingerprint } = choice.clone();
    let key = repeat::page_key(&lane, &job, hold, &fingerprint, verdict);
    let key = repeat::request_key(by, Some(key), "/decide-many", &(&lane, &job, hold, &fingerprint, note));
    let ask = Ask { lane, job, verdict, hold, fingerprint, note: note.to_owned(), delay: UNDO_TIME };
    match decide::decide(review, by, ask.clone(), key.as_ref()).await {
        // Its own buttons were pressed before: that decision is told.
        Err(Refusal::KeyReused) => decide::decide(review, by, ask, None).await,
        answer => answer,
    }
    .map(drop)
}

async fn render(
    review: &Review,
    caller: &Caller,
    verdict: Verdict,
    done: &'static str,
    lines: Vec<Line>,
) -> Result<Response, Problem> {
    let shell = Shell::of(review, caller, tab(verdict), back(verdict).to_owned(), None).await?;
    Ok(problem::page(&ManyPage { shell, done, lines, back: back(verdict) }))
}

fn tab(verdict: Verdict) -> Tab {
    match verdict {
        Verdict::Approve | Verdict::Reject => Tab::Held,
        Verdict::Retry => Tab::Failed,
    }
}

fn back(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve | Verdict::Reject => "/",
        Verdict::Retry => "/failed",
    }
}

impl Line {
    /// What the order is called comes from the ledger. A ledger that does not answer ends everything: what it did not
    /// decide was not decided.
    async fn of(
        review: &Review,
        lane: &LaneKey,
        id: &JobId,
        refusal: Option<Refusal>,
        undo: Option<String>,
    ) -> Result<Self, Refusal> {
        let job = review.desk.job(lane, id).await.map_err(unanswered)?;
        Ok(Self {
            href: address::open("orders", lane, id),
            number: job.map_or_else(|| id.to_string(), |job| words::shown(&job.number)),
            shop: lane.group().to_string(),
            problem: refusal.map(|refusal| refusal.words()),
            undo,
        })
    }
}
