//! What the warehouses shipped: notices are followed, and what they missed is looked for.
//!
//! ```text
//! per account, if any shop wants to hear ─▶ notices? ─▶ few: follow each ─▶ settle
//!    │                                              └───▶ many: one look at everything that is new ─▶ settle
//!    └──▶ every 15 minutes: labels bought, labels taken back, orders marked as shipped since the last look
//! ```
//!
//! Nobody signs a notice, so it is never a fact: it only says where to look, and only `ShipStation`'s own host is looked at
//! (`address`). What is found reopens jobs; whether it is true, and telling the shop of it, is their attempts' business.
//! Every call has a ticket of the account's. How far was looked rises only when every page of a look was read.

mod address;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::lane::clock::{Clock, Timestamp, after, until};
use ::lane::ports::{LedgerError, OpenNotice, QueueSender, Registry, Secrets, ShippedOrder, Shipping};
use ::lane::wake_up::Envelope;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Accounts, ShipStationAccount};
use crate::jobs::order::StartError;
use crate::jobs::order::tracking::voided;
use crate::limiter::{Limiter, Quota};
use crate::outage::Outage;
use crate::providers::call::Wire;
use crate::providers::error::CallError;
use crate::providers::shipstation::pacific::Pacific;
use crate::providers::shipstation::shipments::{Parcel, Since};
use address::{Refusal, address};

/// How often notices are looked for. A buyer does not mind ten seconds, and labels that are bought one after the other
/// are then followed together.
const NOTICES_EVERY: Duration = Duration::from_secs(10);
/// How often everything is looked through.
const LOOK_EVERY: Duration = Duration::from_mins(15);
/// How soon a look that failed is made again.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How far looks reach back beyond the last one. What is new may not be listed yet, and when summer time ends one hour
/// is told twice.
const OVERLAP: Duration = Duration::from_mins(90);
/// How far the first look reaches back: what shipped before the shop wanted to hear of it is not told.
const FIRST_LOOK: Duration = Duration::from_hours(24);
/// With more notices than this one look at everything that is new takes fewer calls than following each.
const FOLLOWED_MAX: usize = 2;
/// Pages of a notice that are followed: five thousand labels. Whoever learnt where notices come to can name a list of all
/// that an account ever shipped, and reading it would keep the looks from their turn for hours.
const NOTICE_PAGES_MAX: u64 = 10;
/// Notices taken at a time.
const NOTICES_MAX: u32 = 100;
/// A notice that could not be followed for so long is given up: the looks have seen what it was about.
const NOTICE_AGE_MAX: Duration = Duration::from_hours(1);

/// Follows what warehouses ship.
pub struct Shipments {
    pub(crate) accounts: Accounts,
    wire: Wire,
    pacific: Pacific,
    ledger: Arc<dyn Shipping>,
    registry: Arc<dyn Registry>,
    sender: Arc<dyn QueueSender>,
    outage: Outage,
}

/// Why a round did not come to its end.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Shipments {
    /// Follows the shipments of these accounts, under the limits of `limiter`, which is the one of the lanes. `registry`
    /// says which shops want to hear of them.
    pub fn new(
        accounts: Accounts,
        secrets: Arc<dyn Secrets>,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Shipping>,
        registry: Arc<dyn Registry>,
        sender: Arc<dyn QueueSender>,
    ) -> Result<Self, StartError> {
        for account in accounts.all_shipstation() {
            limiter.set(&account.id, Quota::per_minute(account.per_minute));
        }
        let wire = Wire::new(secrets, limiter, clock)?;
        let outage = Outage::of("following of shipments");
        Ok(Self { accounts, wire, pacific: Pacific::load()?, ledger, registry, sender, outage })
    }

    /// Follows until `stop`. Accounts wait for their limits side by side.
    pub async fn run(&self, stop: &CancellationToken) {
        let each = self.accounts.all_shipstation().map(|account| self.follow(account));
        tokio::select! {
            _ = futures::future::join_all(each) => stop.cancelled().await,
            () = stop.cancelled() => {}
        }
    }

    async fn follow(&self, account: &ShipStationAccount) {
        let mut look_at = None;
        loop {
            tokio::time::sleep(self.round(account, &mut look_at).await).await;
        }
    }

    /// One round of an account; how long until the next. `look_at` is when everything is looked through the next time.
    pub(crate) async fn round(&self, account: &ShipStationAccount, look_at: &mut Option<Timestamp>) -> Duration {
        match self.wanted().await {
            Ok(true) => {}
            Ok(false) => return NOTICES_EVERY,
            Err(error) => return self.outage.met(&error).max(NOTICES_EVERY),
        }
        let now = self.now();
        let ended = if look_at.is_none_or(|at| at <= now) {
            *look_at = Some(after(now, LOOK_AGAIN));
            let looked = self.look(account).await;
            if looked.is_ok() {
                *look_at = Some(after(now, LOOK_EVERY));
            }
            looked
        } else {
            self.notices(account).await
        };
        match ended {
            Ok(()) => self.outage.over(),
            Err(RoundError::Ledger(error)) => return self.outage.met(&error).max(NOTICES_EVERY),
            Err(RoundError::Call(error)) => {
                tracing::warn!(account.id = %account.id, error = %error, "what {} shipped could not be read", account.id);
            }
        }
        NOTICES_EVERY
    }

    /// Whether any shop wants its tracking back. A shop that goes to another account leaves orders at the one before, so
    /// that every account may have something to tell; one without costs a few calls every quarter of an hour.
    async fn wanted(&self) -> Result<bool, LedgerError> {
        let shops = self.registry.shops().await?;
        Ok(shops.iter().any(|shop| shop.carriage.tracking.back))
    }

    /// Looks through everything that is new. It answers every notice that came before.
    async fn look(&self, account: &ShipStationAccount) -> Result<(), RoundError> {
        let began = self.now();
        let open = self.ledger.notices(&account.id, NOTICES_MAX).await?;
        let since = self.since(account, began).await?;
        for list in [Since::Shipped(&since), Since::Marked(&since), Since::Voided(&since)] {
            self.read(account, list).await?;
        }
        let settled = settled_by_looking(account, &open);
        self.take_in(account, &[], &settled, Some(began)).await?;
        metrics::counter!("lanekeeper_shipment_looks_total").increment(1);
        Ok(())
    }

    /// From when to look, Pacific.
    async fn since(&self, account: &ShipStationAccount, now: Timestamp) -> Result<String, LedgerError> {
        let looked = self.ledger.looked_until(&account.id).await?;
        let (from, back) = looked.map_or((now, FIRST_LOOK), |looked| (looked, OVERLAP));
        Ok(self.pacific.write(from.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    async fn read(&self, account: &ShipStationAccount, list: Since<'_>) -> Result<(), RoundError> {
        let mut page = 1;
        loop {
            let read = self.call(account, async |warehouse| warehouse.parcels_since(list, page).await).await?;
            // What is found counts at once, whatever becomes of the other pages.
            self.take_in(account, &shipped(&read.parcels), &[], None).await?;
            if read.pages <= page {
                return Ok(());
            }
            page += 1;
        }
    }

    async fn notices(&self, account: &ShipStationAccount) -> Result<(), RoundError> {
        let open = self.ledger.notices(&account.id, NOTICES_MAX).await?;
        if open.len() > FOLLOWED_MAX {
            let since = self.since(account, self.now()).await?;
            self.read(account, Since::Shipped(&since)).await?;
            let settled = settled_by_looking(account, &open);
            return Ok(self.take_in(account, &[], &settled, None).await?);
        }
        for notice in &open {
            self.follow_one(account, notice).await?;
        }
        Ok(())
    }

    /// Follows a notice to its last page. The rest of one that names more than anybody ships at once is left to the looks.
    async fn follow_one(&self, account: &ShipStationAccount, notice: &OpenNotice) -> Result<(), RoundError> {
        let url = match address(&notice.url, &account.base_url) {
            Ok(url) => url,
            Err(refusal) => {
                refused(account, refusal);
                return Ok(self.take_in(account, &[], &[notice.id], None).await?);
            }
        };
        let mut page = 1;
        loop {
            let read = self.call(account, async |warehouse| warehouse.parcels_at(&url, page).await).await;
            let read = match read {
                Ok(read) => read,
                Err(error) => return self.given_up(account, notice, error).await,
            };
            let too_long = read.pages > NOTICE_PAGES_MAX;
            let last = too_long || read.pages <= page;
            let settled: &[u64] = if last { &[notice.id] } else { &[] };
            self.take_in(account, &shipped(&read.parcels), settled, None).await?;
            if last {
                let result = if too_long { "given up" } else { "followed" };
                metrics::counter!("lanekeeper_notices_total", "result" => result).increment(1);
                return Ok(());
            }
            page += 1;
        }
    }

    /// A notice whose address the warehouse does not know, or that has been tried for long, is left to the looks.
    async fn given_up(
        &self,
        account: &ShipStationAccount,
        notice: &OpenNotice,
        error: CallError,
    ) -> Result<(), RoundError> {
        let old = until(notice.received_at, self.now()) >= NOTICE_AGE_MAX;
        if old || matches!(error, CallError::Refused { .. }) {
            metrics::counter!("lanekeeper_notices_total", "result" => "given up").increment(1);
            self.take_in(account, &[], &[notice.id], None).await?;
        }
        Err(error.into())
    }

    /// Hands what was found to the ledger, and wakes the lanes that have work because of it.
    async fn take_in(
        &self,
        account: &ShipStationAccount,
        orders: &[ShippedOrder],
        notices: &[u64],
        looked_until: Option<Timestamp>,
    ) -> Result<(), LedgerError> {
        if orders.is_empty() && notices.is_empty() && looked_until.is_none() {
            return Ok(());
        }
        let sends = self.ledger.shipped(&account.id, orders, notices, looked_until, self.now()).await?;
        for send in &sends {
            self.send(send).await;
        }
        Ok(())
    }

    async fn send(&self, send: &Envelope) {
        // The sweep wakes the lane of one that is lost.
        if let Err(error) = self.sender.send(send).await {
            tracing::warn!(lane = %send.wake_up.lane, error = %error, "a wake-up could not be sent; the sweep wakes the lane");
        }
    }

    fn now(&self) -> Timestamp {
        self.wire.clock.now()
    }
}

/// Orders of which something shipped, or was taken back. What comes back from a buyer is no news to the shop.
fn shipped(parcels: &[Parcel]) -> Vec<ShippedOrder> {
    let leaving = parcels.iter().filter(|parcel| !parcel.comes_back);
    let orders: BTreeSet<(String, String)> = leaving
        .map(|parcel| {
            let shipment = if parcel.voided { voided(&parcel.id) } else { parcel.id.clone() };
            (parcel.order_id.clone(), shipment)
        })
        .collect();
    orders.into_iter().map(|(order_id, shipment)| ShippedOrder { order_id, shipment }).collect()
}

/// The notices that a look has answered; addresses that nobody should send are told of all the same.
fn settled_by_looking(account: &ShipStationAccount, open: &[OpenNotice]) -> Vec<u64> {
    for notice in open {
        match address(&notice.url, &account.base_url) {
            Ok(_) => metrics::counter!("lanekeeper_notices_total", "result" => "looked").increment(1),
            Err(refusal) => refused(account, refusal),
        }
    }
    open.iter().map(|notice| notice.id).collect()
}

/// Its words come from whoever sent it, so they are not written down.
fn refused(account: &ShipStationAccount, refusal: Refusal) {
    metrics::counter!("lanekeeper_notices_total", "result" => "refused").increment(1);
    tracing::warn!(account.id = %account.id, why = %refusal, "a notice is not followed: it names no list of ShipStation's");
}

#[cfg(test)]
mod tests;
