//! What a warehouse says it has shipped: hints that nobody signed, how far shipments were looked through, and the jobs
//! that have shipped.

use std::collections::HashSet;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::job::Heard;
use lane::outcome::Reach;
use lane::ports::{LedgerError, Notice, OpenNotice, Recorded, ShippedOrder, Shipping};
use lane::wake_up::Envelope;
use rusqlite::Connection;

use super::Ledger;
use super::intake::{Arrival, newer};
use super::rows::{JobRow, LaneRow, from_micros, micros, one, warehouse_key};
use super::writer::{Fault, Unit};

/// Hints that an account may have open. Whoever follows them looks through the account anyway, so that more would say
/// nothing new; and anybody who learnt the address can send them.
const OPEN_NOTICES_MAX: u32 = 1000;

/// What the timeline calls the news that something shipped.
const SHIPPED: &str = "shipped";

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
        self.writer.write(move |unit| shipped(unit, &look)).await
    }
}

/// Keeps a hint. The same hint twice is one; it gets a new number, so that whoever is following the older one right now
/// does not settle what came after.
pub(super) fn notice(unit: &Unit<'_>, notice: &Notice) -> Result<(), Fault> {
    let account = notice.account.as_str();
    unit.conn.prepare_cached("DELETE FROM notice WHERE account = ?1 AND url = ?2")?.execute((account, &notice.url))?;
    let full = "SELECT 1 FROM notice WHERE account = ?1 LIMIT 1 OFFSET ?2";
    if one::<i64>(unit.conn, full, (account, OPEN_NOTICES_MAX - 1))?.is_some() {
        return Ok(());
    }
    unit.conn.prepare_cached("INSERT INTO notice (account, url, received_at) VALUES (?1, ?2, ?3)")?.execute((
        account,
        &notice.url,
        micros(notice.received_at),
    ))?;
    Ok(())
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

/// What a look found.
struct Look {
    account: AccountId,
    orders: Vec<ShippedOrder>,
    notices: Vec<u64>,
    looked_until: Option<Timestamp>,
    now: Timestamp,
}

fn shipped(unit: &mut Unit<'_>, look: &Look) -> Result<Vec<Envelope>, Fault> {
    let mut sends = Vec::new();
    let mut told = HashSet::new();
    for order in &look.orders {
        for seq in jobs_with(unit, &look.account, order)? {
            // Two shipments of one order are one reason to look at it.
            if !told.contains(&seq) && ships(unit, seq, look, order, &mut sends)? {
                told.insert(seq);
            }
        }
    }
    for id in &look.notices {
        unit.conn
            .prepare_cached("DELETE FROM notice WHERE seq = ?1 AND account = ?2")?
            .execute((id, look.account.as_str()))?;
    }
    if let Some(until) = look.looked_until {
        unit.conn
            .prepare_cached(
                "INSERT INTO account (id, looked_until) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET looked_until = MAX(COALESCE(looked_until, ?2), ?2)",
            )?
            .execute((look.account.as_str(), micros(until)))?;
    }
    Ok(sends)
}

fn jobs_with(unit: &Unit<'_>, account: &AccountId, order: &ShippedOrder) -> Result<Vec<i64>, Fault> {
    let mut statement = unit.conn.prepare_cached("SELECT seq FROM job WHERE warehouse = ?1")?;
    let rows = statement.query_map([warehouse_key(account, &order.order_id)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Tells one job; `true` if that made it a newer version.
fn ships(
    unit: &mut Unit<'_>,
    seq: i64,
    look: &Look,
    order: &ShippedOrder,
    sends: &mut Vec<Envelope>,
) -> Result<bool, Fault> {
    let row = match JobRow::find_seq(unit.conn, seq) {
        Ok(row) => row,
        // A row that a newer program wrote must not keep the other orders' shipments from their shops.
        Err(Fault::Json(_) | Fault::Ledger(LedgerError::Unreadable(_))) => None,
        Err(fault) => return Err(fault),
    };
    let Some(mut row) = row else { return Ok(false) };
    let news = match &row.job.reach {
        Reach::There(copy) => {
            copy.account == look.account && copy.order_id == order.order_id && !copy.told.contains_key(&order.shipment)
        }
        Reach::Untouched | Reach::Unresolved => false,
    };
    let wanted = || -> Result<bool, Fault> {
        Ok(super::look::shop(unit.conn, &row.job.shop)?.is_some_and(|shop| shop.carriage.tracking.back))
    };
    if !news || !wanted()? {
        return Ok(false);
    }
    let Heard::Newer(placing) = row.job.has_shipped(look.now)? else {
        row.save(unit)?;
        return Ok(false);
    };
    let Some(lane) = LaneRow::find(unit.conn, &row.job.lane)? else { return Ok(false) };
    let correlation = row.job.correlation.clone();
    let arrival = Arrival { topic: SHIPPED, correlation: &correlation, at: look.now };
    if let (Recorded::Newer { send: Some(send), .. }, _) = newer(unit, &lane, row, placing, &arrival)? {
        sends.push(send);
    }
    Ok(true)
}
