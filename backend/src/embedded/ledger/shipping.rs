//! What a warehouse says it has shipped: hints that nobody signed, and how far shipments were looked through.

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::ports::{LedgerError, OpenNotice, ShippedOrder, Shipping};
use lane::wake_up::Envelope;
use rusqlite::Connection;

use super::Ledger;
use super::rows::{from_micros, one};
use super::writer::done;
use crate::ledger::fault::Fault;
use crate::ledger::shipping::{Look, shipped};

#[async_trait]
impl Shipping for Ledger {
    async fn notices(&self, account: &AccountId, limit: u32) -> Result<Vec<OpenNotice>, LedgerError> {
        let account = account.clone();
        self.work_readers.read(move |conn| notices(conn, &account, limit)).await
    }

    async fn looked_until(&self, account: &AccountId) -> Result<Option<Timestamp>, LedgerError> {
        let account = account.clone();
        self.work_readers.read(move |conn| looked_until(conn, &account)).await
    }

    async fn shipped(
        &self,
        account: &AccountId,
        orders: &[ShippedOrder],
        notices: &[u64],
        looked_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<Envelope>, LedgerError> {
        let (account, orders, notices) = (account.clone(), orders.to_vec(), notices.to_vec());
        let look = Look { account, orders, notices, looked_until, now };
        self.writer.write(move |unit| done(shipped(unit, &look))).await
    }
}

fn notices(conn: &Connection, account: &AccountId, limit: u32) -> Result<Vec<OpenNotice>, Fault> {
    let sql = "SELECT seq, url, received_at FROM notice WHERE account = ?1 ORDER BY seq LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let open = statement.query_map((account.as_str(), limit), |row| {
        Ok(OpenNotice { id: row.get(0)?, url: row.get(1)?, received_at: from_micros(row.get(2)?) })
    })?;
    Ok(open.collect::<Result<_, _>>()?)
}

fn looked_until(conn: &Connection, account: &AccountId) -> Result<Option<Timestamp>, Fault> {
    let sql = "SELECT looked_until FROM account WHERE id = ?1 AND looked_until IS NOT NULL";
    Ok(one::<i64>(conn, sql, [account.as_str()])?.map(from_micros))
}
