//! What stands around every page: where one is, what waits elsewhere, and what came of the last click.

use lane::clock::Timestamp;
use lane::state::StateKind;
use lane::view::{Figures, Page};

use crate::access::Caller;
use crate::pages::aside::COUNTED;
use crate::pages::banner::Banner;
use crate::refusal::{Refusal, unanswered};
use crate::{Review, words};

/// The page one is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Held,
    Failed,
    Lanes,
    Aside,
    /// One order, wherever it stands.
    Order,
}

/// What stands around every page.
#[derive(Debug)]
pub(super) struct Shell {
    pub(super) who: String,
    pub(super) role: &'static str,
    pub(super) decides: bool,
    /// When the counts were taken.
    pub(super) as_of: String,
    pub(super) tab: Tab,
    pub(super) counts: Counts,
    pub(super) banner: Option<Banner>,
    /// The address that a page is fetched from again.
    pub(super) again: String,
}

/// What waits, and where.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) held: u64,
    pub(super) failed: u64,
    pub(super) stalled: u64,
    pub(super) aside: usize,
    /// There are more aside than were counted.
    pub(super) aside_more: bool,
    pub(super) open: u64,
    pub(super) oldest_ready: Option<String>,
}

impl Shell {
    /// Around the page `again` for this person.
    pub(super) async fn of(
        review: &Review,
        caller: &Caller,
        tab: Tab,
        again: String,
        banner: Option<Banner>,
    ) -> Result<Self, Refusal> {
        let now = review.clock.now();
        let (as_of, figures) = review.overview.figures(review.desk.as_ref(), now).await.map_err(unanswered)?;
        let aside = review.desk.quarantined(&Page { after: None, limit: COUNTED }).await.map_err(unanswered)?;
        let counts = Counts { aside: aside.rows.len(), aside_more: aside.next.is_some(), ..Counts::of(&figures, now) };
        Ok(Self {
            who: words::shown(caller.id().as_str()),
            role: caller.role().as_str(),
            decides: caller.may_decide(),
            as_of: words::moment(as_of),
            tab,
            counts,
            banner,
            again,
        })
    }
}

impl Counts {
    fn of(figures: &Figures, now: Timestamp) -> Self {
        let sum = |wanted: &[StateKind]| -> u64 {
            figures.jobs.iter().filter(|(kind, _)| wanted.contains(kind)).map(|(_, n)| n).sum()
        };
        Self {
            held: sum(&[StateKind::Held]),
            failed: sum(&[StateKind::Failed]),
            stalled: figures.stalled.iter().map(|(_, lanes)| lanes).sum(),
            open: sum(&[StateKind::Waiting, StateKind::Attempting, StateKind::Retrying]),
            oldest_ready: figures.oldest_ready.map(|at| words::lasted(at, now)),
            ..Self::default()
        }
    }
}
