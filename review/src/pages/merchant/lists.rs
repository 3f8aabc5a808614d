//! The lists of a merchant's page. Each is a page of one of the ledger's indexes, however much the shop has behind it; in
//! front of the line stands one page each of what is being tried and of what is tried again.

use lane::id::ShopId;
use lane::job::Job;
use lane::ports::LedgerError;
use lane::state::{State, StateKind};
use lane::view::{Ended, JobFilter, PAGE_ROWS_MAX, Page, Paged};
use serde::Deserialize;

use super::NotShown;
use crate::refusal::unanswered;
use crate::{Review, cursor, words};

/// Rows of a list at once: what one reads on a phone.
const ROWS: u32 = 20;

/// A list, by the word that stands in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum List {
    Line,
    OnHold,
    Failed,
    Sent,
    NotSent,
    TurnedDown,
}

/// One list as the page shows it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    pub(super) nothing: &'static str,
    pub(super) rows: Vec<Row>,
    /// What of the list is on no page.
    pub(super) missing: Option<&'static str>,
    /// Where the list goes on.
    pub(super) more: Option<String>,
}

/// One order.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: String,
    /// `next`, `2nd`; `now` while it is being passed on.
    pub(super) position: Option<String>,
    pub(super) words: String,
    pub(super) advice: Option<&'static str>,
    pub(super) total: Option<String>,
    pub(super) when: String,
}

/// Every list from its beginning; those that say nothing if they are empty are left out then.
pub(super) async fn all(review: &Review, shop: &ShopId) -> Result<Vec<Section>, NotShown> {
    let mut sections = Vec::new();
    for list in [List::Line, List::OnHold, List::Failed, List::Sent, List::NotSent, List::TurnedDown] {
        let section = read(review, shop, list, None).await?;
        if !section.rows.is_empty() || matches!(list, List::Line | List::Sent) {
            sections.push(section);
        }
    }
    Ok(sections)
}

/// A page of one list.
pub(super) async fn read(
    review: &Review,
    shop: &ShopId,
    list: List,
    after: Option<String>,
) -> Result<Section, NotShown> {
    let name = format!("merchant {shop} {}", list.word());
    let after = cursor::unwrap(&name, after).map_err(|_| NotShown::NoSuchPart)?;
    let found = match list {
        List::Line => line(review, shop, after).await?,
        List::OnHold => others(review, shop, StateKind::Held, after).await?,
        List::Failed => others(review, shop, StateKind::Failed, after).await?,
        List::Sent => ended(review, shop, Ended::Done, after).await?,
        List::NotSent => ended(review, shop, Ended::Skipped, after).await?,
        List::TurnedDown => ended(review, shop, Ended::Rejected, after).await?,
    };
    Ok(Section {
        id: list.word(),
        title: list.title(),
        hint: list.hint(),
        nothing: list.nothing(),
        rows: found.rows,
        missing: found.missing,
        more: cursor::wrap(&name, found.next),
    })
}

/// The rows of one page, and the cursor of the next.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    next: Option<String>,
    /// What of the list is on no page.
    missing: Option<&'static str>,
}

/// What waits, by place. In front is what is being tried, or was and comes again; it is part of the first page only.
async fn line(review: &Review, shop: &ShopId, after: Option<String>) -> Result<Found, NotShown> {
    let mut found = Found::default();
    let (mut jobs, mut before, mut cursor) = (Vec::new(), 0, None);
    if let Some(after) = after {
        // A cursor of this list says how many stand before the page, too.
        let (count, behind) = after.split_once(' ').ok_or(NotShown::NoSuchPart)?;
        before = count.parse::<u32>().map_err(|_| NotShown::NoSuchPart)?.into();
        cursor = Some(behind.to_owned());
    } else {
        for state in [StateKind::Attempting, StateKind::Retrying] {
            let tried = jobs_in(review, shop, state, Page { after: None, limit: PAGE_ROWS_MAX }).await?;
            found.missing =
                found.missing.or(tried.next.map(|_| "Some orders that are tried again later are not shown."));
            jobs.extend(tried.rows);
        }
    }
    let waiting = jobs_in(review, shop, StateKind::Waiting, Page { after: cursor, limit: ROWS }).await?;
    jobs.extend(waiting.rows);
    jobs.sort_by_key(|job| job.place);
    for job in &jobs {
        let position = match standing(job) {
            Standing::Now => Some("now".to_owned()),
            Standing::InLine => {
                before += 1;
                Some(words::merchant::position(before))
            }
            Standing::Passable => None,
        };
        found.rows.push(Row { position, ..row(job) });
    }
    found.next = waiting.next.map(|cursor| format!("{before} {cursor}"));
    Ok(found)
}

/// What numbers an order in line.
enum Standing {
    Now,
    InLine,
    /// Others go before it, because it has to wait for a time.
    Passable,
}

fn standing(job: &Job) -> Standing {
    match &job.state {
        State::Attempting { .. } => Standing::Now,
        State::Waiting { not_before: Some(_), stops: false } | State::Retrying { stops: false, .. } => {
            Standing::Passable
        }
        State::Waiting { .. }
        | State::Retrying { .. }
        | State::Held(_)
        | State::Done { .. }
        | State::Failed { .. }
        | State::Skipped { .. }
        | State::Rejected { .. } => Standing::InLine,
    }
}

async fn others(review: &Review, shop: &ShopId, state: StateKind, after: Option<String>) -> Result<Found, NotShown> {
    let found = jobs_in(review, shop, state, Page { after, limit: ROWS }).await?;
    Ok(Found { rows: found.rows.iter().map(row).collect(), next: found.next, missing: None })
}

async fn ended(review: &Review, shop: &ShopId, ended: Ended, after: Option<String>) -> Result<Found, NotShown> {
    let page = Page { after, limit: ROWS };
    let found = review.desk.latest(shop, ended, &page).await.map_err(|error| unread(error, &page))?;
    let found = own(found, shop, ended.state());
    Ok(Found { rows: found.rows.iter().map(row).collect(), next: found.next, missing: None })
}

async fn jobs_in(review: &Review, shop: &ShopId, state: StateKind, page: Page) -> Result<Paged<Job>, NotShown> {
    let filter = JobFilter { state: Some(state), shop: Some(shop.clone()) };
    let found = review.desk.jobs(&filter, &page).await.map_err(|error| unread(error, &page))?;
    Ok(own(found, shop, state))
}

/// An index may be a moment behind its table, so that a row has moved on; it is in another list then. Whose it is is looked
/// at once more, where it leaves.
fn own(mut found: Paged<Job>, shop: &ShopId, state: StateKind) -> Paged<Job> {
    found.rows.retain(|job| job.shop == *shop && job.state.kind() == state);
    found
}

/// A cursor that was made up is nothing that the log has to be told.
fn unread(error: LedgerError, page: &Page) -> NotShown {
    if page.after.is_some() && matches!(error, LedgerError::Unreadable(_)) {
        return NotShown::NoSuchPart;
    }
    unanswered(error).into()
}

fn row(job: &Job) -> Row {
    let told = words::merchant::order(job);
    let since = match job.state.kind() {
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying => String::new(),
        StateKind::Held | StateKind::Failed => format!(", waits since {}", words::moment(job.changed_at)),
        StateKind::Done | StateKind::Skipped | StateKind::Rejected => {
            format!(", settled {}", words::moment(job.changed_at))
        }
    };
    Row {
        number: words::shown(&job.number),
        position: None,
        words: told.words,
        advice: told.advice,
        total: job.seen.as_ref().map(|seen| seen.total.to_string()),
        when: format!("received {}{since}", words::moment(job.accepted_at)),
    }
}

impl List {
    fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::OnHold => "on-hold",
            Self::Failed => "failed",
            Self::Sent => "sent",
            Self::NotSent => "not-sent",
            Self::TurnedDown => "turned-down",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Line => "In line",
            Self::OnHold => "On hold",
            Self::Failed => "Did not get through",
            Self::Sent => "Passed to the warehouse",
            Self::NotSent => "Not sent",
            Self::TurnedDown => "Turned down",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Line => "one after the other, in this sequence",
            Self::OnHold => "somebody has to look at these first",
            Self::Failed => "these need somebody's help",
            Self::Sent | Self::NotSent | Self::TurnedDown => "newest first",
        }
    }

    fn nothing(self) -> &'static str {
        match self {
            Self::Line => "No order waits.",
            Self::OnHold => "No order is on hold.",
            Self::Failed => "Every order got through.",
            Self::Sent => "No order was passed to the warehouse yet.",
            Self::NotSent | Self::TurnedDown => "There is none.",
        }
    }
}
