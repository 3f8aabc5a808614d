//! Whether a shop may be erased. The platform asks to forget a shop two days after it took the app away, and nobody signs
//! which webhook a body belongs to: an old request, posted once more, must not erase a shop that is there or came back.

use rusqlite::{Connection, OptionalExtension};

use super::super::rows::{from_micros, micros, one};
use super::Request;
use crate::ledger::fault::Fault;
use crate::ledger::forgetting::{Away, Known, away};

/// Whether the shop of a request may be erased: if a person says so, once it has left; else only if it had been away for
/// a day when it was asked, and nothing of it was heard since it left.
pub(super) fn may_be_erased(conn: &Connection, request: &Request, by_a_person: bool) -> Result<bool, Fault> {
    match away(known(conn, request)?.as_ref(), request.kept.received_at) {
        Away::Not => Ok(false),
        Away::SinceNobodyKnows => Ok(by_a_person),
        Away::Since { left, for_a_day } => {
            Ok(by_a_person || (for_a_day && !is_heard_after(conn, request, micros(left))?))
        }
    }
}

fn known(conn: &Connection, request: &Request) -> Result<Option<Known>, Fault> {
    let Some(shop) = &request.kept.shop else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT removed, left_at, removed_at FROM shop WHERE id = ?1")?;
    let found = statement.query_row([shop.as_str()], |row| {
        let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(from_micros));
        Ok(Known { removed: row.get(0)?, left_at: at(1)?, removed_at: at(2)? })
    });
    Ok(found.optional()?)
}

/// Whether an order or a kept webhook came after the shop had left: then its merchant is back, and it is theirs.
fn is_heard_after(conn: &Connection, request: &Request, left: i64) -> Result<bool, Fault> {
    if let Some(shop) = &request.kept.shop {
        let job = "SELECT 1 FROM lane WHERE shop = ?1 AND heard_at > ?2 LIMIT 1";
        if one::<i64>(conn, job, (shop.as_str(), left))?.is_some() {
            return Ok(true);
        }
    }
    let kept = "SELECT 1 FROM webhook
                WHERE quarantine IN ('unknown_shop', 'unreadable', 'unknown_to_shop')
                  AND merchant IN (SELECT value FROM json_each(?1)) AND source = ?2 AND received_at > ?3
                  AND topic <> 'app/uninstalled' AND (body IS NOT NULL OR content IS NOT NULL) LIMIT 1";
    let domains = serde_json::to_string(&request.domains(conn)?)?;
    Ok(one::<i64>(conn, kept, (domains, &request.source, left))?.is_some())
}
