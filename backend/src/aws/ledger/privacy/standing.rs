//! Whether a shop may be erased. The platform asks to forget a shop two days after it took the app away, and nobody signs
//! which webhook a body belongs to: an old request, posted once more, must not erase a shop that is there or came back.

use lane::clock::Timestamp;
use lane::id::LaneKey;

use super::super::bodies::has_body;
use super::super::key::{Key, number_of};
use super::super::line::HEARD;
use super::super::rows::kept::lists_of_loose;
use super::super::rows::shops::{LEFT_AT, REMOVED_AT, is_removed};
use super::super::rows::webhooks::{CONTENT, QUARANTINE, RECEIVED_AT, TOPIC};
use super::super::table::{Among, Range};
use super::super::unit::TableUnit;
use super::asked::Request;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::{Away, Known, away};

/// The newest kept webhooks of a name that are looked at.
const KEPT_MAX: usize = 200;

pub(super) async fn may_be_erased(unit: &mut TableUnit, request: &Request, by_a_person: bool) -> Result<bool, Fault> {
    let shop = match &request.kept.shop {
        Some(shop) => unit.read(&Key::shop(shop)).await?,
        None => None,
    };
    let known = match &shop {
        Some(item) => {
            Some(Known { removed: is_removed(item), left_at: item.time(LEFT_AT)?, removed_at: item.time(REMOVED_AT)? })
        }
        None => None,
    };
    match away(known.as_ref(), request.kept.received_at) {
        Away::Not => Ok(false),
        Away::SinceNobodyKnows => Ok(by_a_person),
        Away::Since { left, for_a_day } => {
            Ok(by_a_person || (for_a_day && !is_heard_after(unit, request, left).await?))
        }
    }
}

/// Whether the shop has heard of orders since, or something was kept in its name.
async fn is_heard_after(unit: &mut TableUnit, request: &Request, left: Timestamp) -> Result<bool, Fault> {
    if let Some(shop) = &request.kept.shop
        && let Some(line) = unit.read(&Key::line(&LaneKey::orders(shop))).await?
        && line.time(HEARD)?.is_some_and(|heard| heard > left)
    {
        return Ok(true);
    }
    let domains = request.domains(unit).await?;
    for list in lists_of_loose(request.source, &domains, request.kept.shop.as_ref()) {
        let range = Range { backwards: true, ..Range::new(&list, Among::All, KEPT_MAX) };
        for found in unit.table.query(&range).await? {
            let Some(item) = unit.read(&Key::webhook(number_of(&found.key()?)?)).await? else { continue };
            let is_kept = has_body(&item) || item.text(CONTENT).is_some();
            let later = item.time(RECEIVED_AT)?.is_some_and(|at| at > left);
            let leaves = item.text(TOPIC) == Some("app/uninstalled");
            if item.text(QUARANTINE).is_some() && is_kept && later && !leaves {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
