//! What forgetting does to webhooks that were kept and belong to no job: some items a step, each judged by whom it names.

use lane::id::JobId;
use lane::privacy::Subject;
use lane::webhook::Content;

use super::super::item::Item;
use super::super::key::{Key, number_of};
use super::super::rows::webhooks::{BODY, CONTENT, MERCHANT, OUTCOME, QUARANTINE, RECEIVED_AT, WORDS, drop_all};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use crate::bodies::raw;
use crate::ledger::fault::Fault;
use crate::ledger::names::Names;
use crate::ledger::tombs;
use crate::ledger::unit::Unit as _;

/// Webhooks that one step looks at: each may be a dozen items of the hundred that a write may touch.
pub(super) const WEBHOOKS_AT_ONCE: usize = 5;

/// Stands where it was said what is wrong with a webhook that may have been anybody's.
const BODY_GONE: &str = "its body went with a redaction; look at the shop's orders around this time";

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
    let among = after.map_or(Among::All, |after| Among::Behind { begins: "", after });
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
    let says_nothing = item.bytes(BODY).is_none() && item.text(CONTENT).is_none();
    if says_nothing || item.time(RECEIVED_AT)?.is_none_or(|at| at > whose.came_by) {
        return Ok(());
    }
    let body = unit.body_of(number, &item).await?.map(raw);
    let names = named(&item, body.as_deref());
    let mut theirs = names.name(whose.subject) || body.as_deref().is_some_and(|body| whose.is_named_in(body));
    for id in &names.orders {
        theirs = theirs || tombs::order_lies(unit, whose.owners, id).await?;
    }
    if theirs {
        forget(unit, number, false).await?;
    } else if names.nobody() && body.is_some() {
        unit.change_webhook(number, |item| {
            item.set(BODY, None::<i64>);
            if item.text(QUARANTINE).is_some() {
                item.set(WORDS, BODY_GONE);
            }
        })
        .await?;
    }
    Ok(())
}

/// Whom a kept webhook names.
pub(super) fn named(item: &Item, body: Option<&[u8]>) -> Names {
    let mut names = body.and_then(Names::of).unwrap_or_default();
    // A content of a newer program says nothing here.
    if let Some(Content::Order(news)) = item.text(CONTENT).and_then(|content| serde_json::from_str(content).ok()) {
        names.customers.extend(news.marks.customer);
        names.emails.extend(news.marks.email);
        let id: JobId = news.id;
        names.orders.push(id);
    }
    names
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

impl Whose<'_> {
    /// Whether a body names the shop that is to be forgotten.
    fn is_named_in(&self, body: &[u8]) -> bool {
        let names = |domain: &String| body.windows(domain.len()).any(|part| part == domain.as_bytes());
        self.names.iter().any(names)
    }
}
