//! What a warehouse says it has shipped, told to the jobs that have shipped.

use std::collections::HashSet;

use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::job::Heard;
use lane::outcome::Reach;
use lane::ports::{LedgerError, Notice, Recorded, ShippedOrder};
use lane::wake_up::Envelope;

use super::fault::Fault;
use super::intake::{Arrival, newer};
use super::row::JobRef;
use super::unit::Unit;

/// What the timeline calls the news that something shipped.
const SHIPPED: &str = "shipped";

/// Hints that an account may have open. Whoever follows them looks through the account anyway, so that more would say
/// nothing new; and anybody who learnt the address can send them.
const OPEN_NOTICES_MAX: u32 = 1000;

/// Keeps a hint. The same hint twice is one; it gets a new number, so that whoever is following the older one right now
/// does not settle what came after.
pub(crate) async fn notice<U: Unit>(unit: &mut U, notice: &Notice) -> Result<(), Fault> {
    unit.drop_notice(&notice.account, &notice.url).await?;
    if unit.has_notices(&notice.account, OPEN_NOTICES_MAX).await? {
        return Ok(());
    }
    unit.put_notice(notice).await
}

/// What a look found.
pub(crate) struct Look {
    pub(crate) account: AccountId,
    pub(crate) orders: Vec<ShippedOrder>,
    pub(crate) notices: Vec<u64>,
    pub(crate) looked_until: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

pub(crate) async fn shipped<U: Unit>(unit: &mut U, look: &Look) -> Result<Vec<Envelope>, Fault> {
    let mut sends = Vec::new();
    let mut told = HashSet::new();
    for order in &look.orders {
        for job in unit.jobs_there(&look.account, &order.order_id).await? {
            // Two shipments of one order are one reason to look at it.
            if !told.contains(&job) && ships(unit, &job, look, order, &mut sends).await? {
                told.insert(job);
            }
        }
    }
    for id in &look.notices {
        unit.settle_notice(&look.account, *id).await?;
    }
    if let Some(until) = look.looked_until {
        unit.looked(&look.account, until).await?;
    }
    Ok(sends)
}

/// Tells one job; `true` if that made it a newer version.
async fn ships<U: Unit>(
    unit: &mut U,
    job: &JobRef,
    look: &Look,
    order: &ShippedOrder,
    sends: &mut Vec<Envelope>,
) -> Result<bool, Fault> {
    let row = match unit.job_at(job).await {
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
    if !news || !unit.shop(&row.job.shop).await?.is_some_and(|shop| shop.carriage.tracking.back) {
        return Ok(false);
    }
    let Heard::Newer(placing) = row.job.has_shipped(look.now)? else {
        unit.save(&mut row).await?;
        return Ok(false);
    };
    let Some(lane) = unit.lane(&row.job.lane).await? else { return Ok(false) };
    let correlation = row.job.correlation.clone();
    let arrival = Arrival { topic: SHIPPED, correlation: &correlation, at: look.now };
    if let (Recorded::Newer { send: Some(send), .. }, _) = newer(unit, &lane, row, placing, &arrival).await? {
        sends.push(send);
    }
    Ok(true)
}
