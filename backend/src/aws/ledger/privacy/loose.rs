//! What forgetting does to webhooks that were kept and belong to no job: some items a step, each judged by whom it names.

use lane::privacy::Subject;

use super::super::bodies::{drop_body, has_body};
use super::super::key::{Key, number_of};
use super::super::rows::webhooks::{CONTENT, MERCHANT, OUTCOME, QUARANTINE, RECEIVED_AT, WORDS, drop_all};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use crate::bodies::raw;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::BODY_GONE;
use crate::ledger::names::{Names, says_any};
use crate::ledger::tombs;
use crate::ledger::unit::Unit as _;

/// Webhooks that one step looks at: each may be a dozen items of the hundred that a write may touch.
pub(super) const WEBHOOKS_AT_ONCE: usize = 5;

/// Whose webhooks are looked for.
pub(super) struct Whose<'a> {
    pub(super) owners: &'a [String],
    pub(super) subject: &'a Subject,
    /// What else a body of theirs may say: the domains of a shop that is to be forgotten itself.
    pub(super) names: &'a [String],
    /// Only what came by then.
    pub(super) came_by: lane::clock::Timestamp,
}

/// The numbers of some webhooks of a list, and where it goes on.
pub(super) async fn some_of(
    unit: &TableUnit,
    list: &str,
    after: Option<&str>,
) -> Result<(Vec<u64>, Option<String>), Fault> {
    let among = Among::after("", after);
    let found = unit.table.query(&Range::new(list, among, WEBHOOKS_AT_ONCE)).await?;
    let mut numbers = Vec::new();
    for item in &found {
        numbers.push(number_of(&item.key()?)?);
    }
    let end = numbers.last().filter(|_| numbers.len() == WEBHOOKS_AT_ONCE).map(|end| format!("{end:020}"));
    Ok((numbers, end))
}

/// Drops what is the subject's; of what cannot be read or names nobody, and so may be theirs, the body, while it stays
/// known that it came.
pub(super) async fn judge(unit: &mut TableUnit, whose: &Whose<'_>, number: u64) -> Result<(), Fault> {
    let Some(item) = unit.read(&Key::webhook(number)).await? else { return Ok(()) };
    let says_nothing = !has_body(&item) && item.text(CONTENT).is_none();
    if says_nothing || item.time(RECEIVED_AT)?.is_none_or(|at| at > whose.came_by) {
        return Ok(());
    }
    let body = unit.body_of(&item).await?.map(raw);
    let names = Names::of_kept(body.as_deref(), item.text(CONTENT));
    let mut theirs = names.name(whose.subject) || body.as_deref().is_some_and(|body| says_any(body, whose.names));
    for id in &names.orders {
        theirs = theirs || tombs::order_lies(unit, whose.owners, id).await?;
    }
    if theirs {
        forget(unit, number, false).await?;
    } else if names.nobody() && body.is_some() {
        unit.change_webhook(number, |item| {
            drop_body(item);
            if item.text(QUARANTINE).is_some() {
                item.set(WORDS, BODY_GONE);
            }
        })
        .await?;
    }
    Ok(())
}

/// Drops everything of a webhook but that it came; of a forgotten shop's the name as well.
pub(in super::super) async fn forget(unit: &mut TableUnit, number: u64, with_name: bool) -> Result<(), Fault> {
    let Some(item) = unit.read(&Key::webhook(number)).await? else { return Ok(()) };
    let was_aside = item.text(OUTCOME) == Some("quarantined");
    if was_aside {
        unit.count("webhook/quarantined".to_owned(), -1);
        unit.count("webhook/forgotten".to_owned(), 1);
    }
    unit.change_webhook(number, |item| {
        drop_all(item);
        if was_aside {
            item.set(OUTCOME, "forgotten");
        }
        if with_name {
            item.set(MERCHANT, "");
        }
    })
    .await
}
