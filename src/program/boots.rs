//! The ids under which the program runs: a new one every minute, so that the next start can tell a backup of the ledger
//! from what last ran.

use std::sync::Arc;
use std::time::Duration;

use backend::embedded::ledger::{BootId, Ledger};
use lane::clock::Clock;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;

use super::Ended;

/// How often there is a new one, besides one at the end. What ran for less than this after a backup was made, and was
/// killed, is not noticed to be missing; each costs one commit and two syncs.
const RENEWED: Duration = Duration::from_mins(1);

/// An id that nobody had.
pub(super) fn fresh(chance: &mut StdRng) -> BootId {
    BootId::of(chance.random())
}

pub(super) async fn renew(
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    mut chance: StdRng,
    stop: CancellationToken,
) -> Ended {
    let mut goes_on = true;
    while goes_on {
        goes_on = stop.run_until_cancelled(tokio::time::sleep(RENEWED)).await.is_some();
        if let Err(error) = ledger.still_runs(&fresh(&mut chance), clock.now()).await {
            tracing::warn!(%error, "it could not be written down that the program runs; it is tried again while it runs");
        }
    }
    "the renewing of its id"
}
