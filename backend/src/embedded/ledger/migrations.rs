//! Bringing a file of an earlier version up to date.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::open::OpenError;

/// Marks the file as a Lanekeeper ledger (`LANE` in ASCII), so that another program's database is refused.
pub(super) const APPLICATION_ID: i32 = 0x4C41_4E45;

/// The migrations, in order. Each runs in one transaction together with its number, so that an interrupted start
/// either has it or has not.
/// A migration that was released is never edited: files stand that have it.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_order.sql"),
    include_str!("0003_boots.sql"),
    include_str!("0004_near.sql"),
    include_str!("0005_pages.sql"),
    include_str!("0006_line.sql"),
    include_str!("0007_limits.sql"),
    include_str!("0008_moved.sql"),
];

pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let found: usize = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sqlite)?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    // A table that is made anew takes its rows along; meanwhile those of other tables point nowhere.
    conn.pragma_update(None, "foreign_keys", false).map_err(sqlite)?;
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        tx.execute_batch(migration).map_err(sqlite)?;
        let lost = tx.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional().map_err(sqlite)?;
        if let Some(table) = lost {
            return Err(OpenError::Torn { path: path.to_owned(), version: at + 1, table });
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
        tx.pragma_update(None, "user_version", at + 1).map_err(sqlite)?;
        tx.commit().map_err(sqlite)?;
    }
    conn.pragma_update(None, "foreign_keys", true).map_err(sqlite)
}

#[cfg(test)]
pub(super) mod tests;
