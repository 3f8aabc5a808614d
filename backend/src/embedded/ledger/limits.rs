//! What the limiters of several processes agree on, each account by itself.

use async_trait::async_trait;
use lane::id::AccountId;
use lane::ports::{Agreed, LedgerError, Limit, Limits};
use rusqlite::{Connection, OptionalExtension as _};

use super::Ledger;
use crate::ledger::fault::Fault;

#[async_trait]
impl Limits for Ledger {
    async fn limit(&self, account: &AccountId) -> Result<Option<Limit>, LedgerError> {
        let account = account.clone();
        self.work_readers.read(move |conn| limit(conn, &account)).await
    }

    async fn agree(&self, account: &AccountId, words: &str, read: u64) -> Result<Agreed, LedgerError> {
        let (account, words) = (account.clone(), words.to_owned());
        self.writer.write(move |unit| agree(unit.conn, &account, &words, read)).await
    }
}

fn limit(conn: &Connection, account: &AccountId) -> Result<Option<Limit>, Fault> {
    let found = conn
        .prepare_cached("SELECT words, rev FROM limits WHERE account = ?1")?
        .query_row([account.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let limit = |(words, rev): (String, i64)| Ok(Limit { words, rev: u64::try_from(rev).map_err(Fault::unreadable)? });
    found.map(limit).transpose()
}

fn agree(conn: &Connection, account: &AccountId, words: &str, read: u64) -> Result<Agreed, Fault> {
    let read = i64::try_from(read).map_err(Fault::unreadable)?;
    let written = if read == 0 {
        conn.prepare_cached("INSERT INTO limits (account, rev, words) VALUES (?1, 1, ?2) ON CONFLICT DO NOTHING")?
            .execute((account.as_str(), words))?
    } else {
        conn.prepare_cached("UPDATE limits SET rev = rev + 1, words = ?2 WHERE account = ?1 AND rev = ?3")?
            .execute((account.as_str(), words, read))?
    };
    Ok(if written == 1 { Agreed::Yes } else { Agreed::Overtaken })
}
