//! What goes on beside the lanes, as one round for a schedule that calls once a minute: lanes whose time has come are
//! woken, shipments are followed, redactions carried out, the house is kept, and the figures told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::lane::clock::{Clock, Timestamp, after};
use ::lane::id::AccountId;
use ::lane::ports::LedgerError;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::configured::Ports;
use crate::redactions::Redactions;
use crate::shipments::Shipments;
use crate::sweep::{Alarm, Sweep};
use crate::{embedded_metrics, housekeeping};

/// How often figures are told: they cost a read of every lane.
const FIGURES_EVERY: Duration = Duration::from_mins(1);

/// The chores, and what a round has to know of the one before. Forgetting that only lets one look more often.
pub struct Chores {
    sweep: Sweep,
    shipments: Shipments,
    ports: Ports,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

struct Memory {
    redactions: Redactions,
    /// When all shipments of an account are looked through the next time.
    look_at: BTreeMap<AccountId, Option<Timestamp>>,
    house_kept: Option<Timestamp>,
}

impl Chores {
    /// Does nothing yet.
    pub fn new(shipments: Shipments, ports: Ports, clock: Arc<dyn Clock>) -> Self {
        let (work, sender) = (Arc::clone(&ports.work), Arc::clone(&ports.sender));
        let sweep = Sweep::new(work, sender, Arc::clone(&clock), Alarm::new());
        let redactions = Redactions::new(Arc::clone(&ports.privacy), Arc::clone(&clock));
        let memory = Mutex::new(Memory { redactions, look_at: BTreeMap::new(), house_kept: None });
        Self { sweep, shipments, ports, clock, memory }
    }

    /// One round of everything, or what of it was done when `stop` came. The sweep comes first and is not held up by the
    /// others; a ledger that does not answer it is an error.
    pub async fn all(&self, stop: &CancellationToken) -> Result<(), LedgerError> {
        let mut memory = self.memory.lock().await;
        let Memory { redactions, look_at, house_kept } = &mut *memory;
        let beside = async {
            redactions.look(stop).await;
            self.keep_house(house_kept).await;
            self.follow(look_at).await;
        };
        let sweep = async {
            self.sweep.until_nothing_is_due().await?;
            // Told by a round that has swept: silence is an alarm.
            figures(&self.ports, self.clock.as_ref()).await;
            Ok(())
        };
        let all = async { tokio::join!(sweep, beside).0 };
        stop.run_until_cancelled(all).await.unwrap_or_else(|| {
            tracing::debug!("the round ended before all was done; the next one goes on");
            Ok(())
        })
    }

    async fn keep_house(&self, kept: &mut Option<Timestamp>) {
        let now = self.clock.now();
        if kept.is_none_or(|kept| after(kept, housekeeping::EVERY) <= now) {
            housekeeping::once(self.ports.registry.as_ref(), self.clock.as_ref()).await;
            *kept = Some(now);
        }
    }

    /// Accounts wait for their limits side by side.
    async fn follow(&self, look_at: &mut BTreeMap<AccountId, Option<Timestamp>>) {
        let accounts: Vec<_> = self.shipments.accounts.all_shipstation().collect();
        for account in &accounts {
            look_at.entry(account.id.clone()).or_default();
        }
        let rounds = look_at.iter_mut().filter_map(|(id, look_at)| {
            let account = accounts.iter().find(|account| account.id == *id)?;
            Some(self.shipments.round(account, look_at))
        });
        futures::future::join_all(rounds).await;
    }
}

/// Tells the figures once a minute until `stop`, where no schedule asks for them.
pub async fn tell_figures(ports: &Ports, clock: &dyn Clock, stop: &CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(FIGURES_EVERY)).await.is_some() {
        figures(ports, clock).await;
    }
}

async fn figures(ports: &Ports, clock: &dyn Clock) {
    let now = clock.now();
    match ports.desk.figures(now).await {
        Ok(figures) => embedded_metrics::tell(&figures, now),
        Err(error) => tracing::warn!(%error, "the ledger did not give its figures"),
    }
}
