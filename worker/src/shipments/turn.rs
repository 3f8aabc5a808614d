//! One call, when the account's limit lets it leave: it waits in the same line as the lanes' attempts.

use std::time::Duration;

use ::lane::clock::{after, until};
use ::lane::id::{AccountId, LaneKey, Queue};

use super::Shipments;
use crate::accounts::ShipStationAccount;
use crate::attempt::CallsLeft;
use crate::limiter::{Limiter, Need, Slot};
use crate::providers::call::Calls;
use crate::providers::error::CallError;
use crate::providers::shipstation::ShipStation;
use crate::providers::shipstation::shipments::Page;

/// A call is given this long.
const CALL_TIME: Duration = Duration::from_secs(30);
/// How long a call waits for a ledger that failed.
const LEDGER_WAIT: Duration = Duration::from_secs(5);
/// The shortest wait for a slot: time that stands still must not keep a processor busy.
const WAIT_MIN: Duration = Duration::from_millis(5);

impl Shipments {
    /// Makes one call when the account's limit lets it leave.
    pub(super) async fn call(
        &self,
        account: &ShipStationAccount,
        make: impl AsyncFnOnce(&ShipStation<'_>) -> Result<Page, CallError>,
    ) -> Result<Page, CallError> {
        let need = vec![Need { account: account.id.clone(), units: 1 }];
        let Some(lane) = ticket_of(&account.id) else {
            return Err(CallError::NotConfigured { account: account.id.clone() });
        };
        let mut ticket = Ticket { limiter: &self.wire.limiter, lane: &lane, granted: false };
        while let Slot::At { at, .. } = self.slot(&ticket, &need).await? {
            tokio::time::sleep(until(self.now(), at).max(WAIT_MIN)).await;
        }
        ticket.granted = true;
        let left = CallsLeft::default();
        let calls = Calls::new(&self.wire, need, after(self.now(), CALL_TIME), &left);
        let page = match ShipStation::open(account, &calls).await {
            Ok(warehouse) => make(&warehouse).await,
            Err(error) => Err(error),
        };
        calls.end();
        drop(ticket);
        self.wire.limiter.settle().await;
        page
    }

    async fn slot(&self, ticket: &Ticket<'_>, need: &[Need]) -> Result<Slot, CallError> {
        ticket.limiter.reserve(ticket.lane, need).await.map_err(|error| {
            let why = format!("the ledger does not say whether it may leave: {error}");
            CallError::Stopped { until: after(self.now(), LEDGER_WAIT), why }
        })
    }
}

/// A place in the limiter's line, given up however the call ends.
struct Ticket<'l> {
    limiter: &'l Limiter,
    lane: &'l LaneKey,
    granted: bool,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.granted {
            self.limiter.finish(self.lane);
        } else {
            self.limiter.abandon(self.lane);
        }
    }
}

/// The name under which an account's shipments wait for its limit. No shop's id has a slash in it.
fn ticket_of(account: &AccountId) -> Option<LaneKey> {
    LaneKey::in_queue(Queue::Orders, account.as_str()).ok()
}
