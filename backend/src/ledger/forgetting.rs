//! What forgetting does, wherever it lies: to a job, to what operators said, to requests; and whether a shop may be erased.

use std::time::Duration;

use lane::clock::Timestamp;
use lane::history::Happened;
use lane::id::{LaneKey, ShopId};
use lane::job::Job;
use lane::marks::Mark;
use lane::outcome::PauseReason;
use lane::privacy::Subject;
use lane::state::StateKind;

use super::ending;
use super::fault::Fault;
use super::row::JobRow;
use super::timeline::note;
use super::tombs;
use super::unit::Unit;

/// Stands where an operator's words were.
const WORDS_GONE: &str = "(the words went with a redaction)";

/// Stands where it was said what is wrong with a webhook that may have been anybody's.
pub(crate) const BODY_GONE: &str = "its body went with a redaction; look at the shop's orders around this time";

/// How long a shop must have been away when it was asked. The platform waits 48 hours (*shopify.dev: Privacy law
/// compliance*); half of that leaves room for clocks and late webhooks.
const AWAY: Duration = Duration::from_hours(24);

/// Forgets a job's people and whatever was to be done for them; its order stays forgotten. `false` if that was done before.
/// What was written about the job is the store's to silence.
pub(crate) async fn job<U: Unit>(
    unit: &mut U,
    row: &mut JobRow,
    owners: &[String],
    now: Timestamp,
) -> Result<bool, Fault> {
    tombs::bury_order(unit, owners, &row.job.id, now).await?;
    if row.job.redacted {
        return Ok(false);
    }
    let was = row.job.state.kind();
    row.job.redact(now)?;
    end_abandoned(unit, row, now).await?;
    unit.save(row).await?;
    if was.is_open() {
        unit.ended(&row.job);
    }
    note(unit, row, now, Happened::Redacted).await?;
    // It may have stopped its lane: those behind it are due.
    unit.wake_by(row.lane(), now).await?;
    Ok(true)
}

/// An attempt that nobody is at any more ends here: the next worker must not fetch the order again to find out.
async fn end_abandoned<U: Unit>(unit: &mut U, row: &mut JobRow, now: Timestamp) -> Result<(), Fault> {
    if row.job.state.kind() != StateKind::Attempting || row.job.only_takes_back() {
        return Ok(());
    }
    if let Some(lane) = unit.lane(&row.job.lane).await? {
        if lane.state.is_leased(now) {
            return Ok(());
        }
        unit.guard(&lane).await?;
    }
    ending::end(&mut row.job, now)
}

/// Whether a job that bears the customer's mail address is another customer's: it loses that alone, because people share
/// addresses, and mistype them.
pub(crate) fn is_anothers(job: &Job, subject: &Subject) -> bool {
    let customer = &job.marks.customer;
    let differs = customer.is_some() && subject.customer.is_some() && *customer != subject.customer;
    differs && !subject.orders.contains(&job.id)
}

/// Why an operator paused the shop's lane may speak of anybody; that it is paused stays. Whether there were words.
pub(crate) async fn pause_words<U: Unit>(unit: &mut U, shop: &ShopId) -> Result<bool, Fault> {
    let Some(mut lane) = unit.lane(&LaneKey::orders(shop)).await? else { return Ok(false) };
    let Some(pause) = &mut lane.state.paused else { return Ok(false) };
    match &mut pause.why {
        PauseReason::Operator { why } => WORDS_GONE.clone_into(why),
        PauseReason::ProviderRefuses { words, .. } => WORDS_GONE.clone_into(words),
        PauseReason::TokenRefused { .. }
        | PauseReason::SecretMissing { .. }
        | PauseReason::NoProgress
        | PauseReason::ShopRemoved
        | PauseReason::Uninstalled => return Ok(false),
    }
    unit.save_lane(&mut lane).await?;
    Ok(true)
}

/// Takes the marks of who is forgotten out of another request. Whether it bore one.
pub(crate) fn marks(of: &mut Subject, who: &Subject) -> bool {
    let same = |mark: &mut Option<Mark>, forgotten: &Option<Mark>| {
        mark.is_some() && mark == forgotten && mark.take().is_some()
    };
    let customer = same(&mut of.customer, &who.customer);
    let email = same(&mut of.email, &who.email);
    customer || email
}

/// What is known of a shop's end.
pub(crate) struct Known {
    pub(crate) removed: bool,
    pub(crate) left_at: Option<Timestamp>,
    pub(crate) removed_at: Option<Timestamp>,
}

/// Whether a shop is away.
pub(crate) enum Away {
    /// It is not.
    Not,
    /// It is, and nobody wrote down since when.
    SinceNobodyKnows,
    /// It is, and it had been for a day or not when it was asked to be forgotten.
    Since { left: Timestamp, for_a_day: bool },
}

/// Whether a shop that is to be forgotten is away. One that was never added has nothing but what was kept, and says nothing of
/// when it left.
pub(crate) fn away(known: Option<&Known>, asked: Timestamp) -> Away {
    let a_day_before = asked.checked_sub(AWAY).unwrap_or(Timestamp::MIN);
    let since = |left: Timestamp| Away::Since { left, for_a_day: left <= a_day_before };
    match known {
        None => since(a_day_before),
        Some(Known { removed: false, left_at: None, .. }) => Away::Not,
        Some(Known { left_at, removed_at, .. }) => {
            left_at.iter().chain(removed_at).min().map_or(Away::SinceNobodyKnows, |left| since(*left))
        }
    }
}
