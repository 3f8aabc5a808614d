//! Housekeeping: what was kept for a while is dropped when the while is over.

use std::time::Duration;

use ::lane::clock::{Clock, Timestamp};
use ::lane::ports::Registry;
use tokio_util::sync::CancellationToken;

/// How often it is done.
pub(crate) const EVERY: Duration = Duration::from_hours(1);

/// How long bodies of webhooks of unknown shops are kept.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Keeps house until `stop`.
pub async fn run(ledger: &dyn Registry, clock: &dyn Clock, stop: &CancellationToken) {
    loop {
        once(ledger, clock).await;
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

/// Once. What fails is tried again the next time.
pub(crate) async fn once(ledger: &dyn Registry, clock: &dyn Clock) {
    let before = clock.now().checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    match ledger.expire(before).await {
        Ok(0) => {}
        Ok(dropped) => tracing::info!(dropped, "bodies of webhooks of unknown shops were dropped after 30 days"),
        Err(error) => tracing::warn!(%error, "old webhooks could not be dropped; the next hour tries again"),
    }
}
