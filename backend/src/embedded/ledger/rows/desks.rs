//! What people decided and asked for.

use lane::clock::Timestamp;
use lane::id::OperatorId;
use lane::ports::RequestKey;
use lane::view::Recorded;
use rusqlite::OptionalExtension as _;

use super::super::writer::SqlUnit;
use super::{micros, one};
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRow;
use crate::ledger::unit::Desks;

impl Desks for SqlUnit<'_> {
    async fn decision(&mut self, row: &JobRow, hold: u32) -> Result<Option<Recorded>, Fault> {
        let sql = "SELECT doc FROM decision WHERE job = ?1 AND number = ?2";
        let doc: Option<String> = one(self.conn, sql, (row.row, hold))?;
        Ok(doc.as_deref().map(serde_json::from_str).transpose()?)
    }

    async fn put_decision(&mut self, row: &JobRow, hold: u32, decision: &Recorded) -> Result<(), Fault> {
        self.conn.prepare_cached("INSERT INTO decision (job, number, doc) VALUES (?1, ?2, ?3)")?.execute((
            row.row,
            hold,
            serde_json::to_string(decision)?,
        ))?;
        Ok(())
    }

    async fn answered(&mut self, by: &OperatorId, key: &str) -> Result<Option<(Vec<u8>, String)>, Fault> {
        let mut statement =
            self.conn.prepare_cached("SELECT request, answer FROM request WHERE by = ?1 AND key = ?2")?;
        let known = statement.query_row((by.as_str(), key), |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(known.optional()?)
    }

    async fn put_answer(&mut self, key: &RequestKey, answer: &str) -> Result<(), Fault> {
        self.conn
            .prepare_cached("INSERT INTO request (by, key, request, answer) VALUES (?1, ?2, ?3, ?4)")?
            .execute((key.by.as_str(), &key.key, key.request.as_slice(), answer))?;
        Ok(())
    }

    async fn audit(&mut self, at: Timestamp, by: &str, what: &str, on: &str) -> Result<(), Fault> {
        self.conn.prepare_cached("INSERT INTO audit (at, by, what, on_) VALUES (?1, ?2, ?3, ?4)")?.execute((
            micros(at),
            by,
            what,
            on,
        ))?;
        Ok(())
    }
}
