//! What the providers' 429s asked for, kept beyond the end of this process: a stop that was learnt is written to the
//! ledger when its attempt ends, and what an earlier process wrote is read before the first lane is worked.

use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::ports::LedgerError;
use tokio_util::sync::CancellationToken;

use super::Lanes;

impl Lanes {
    /// Writes new stops down. Nothing is written unless a provider asked for silence. What cannot be written is tried
    /// again when the next attempt has ended: this process knows it in any case.
    pub(super) async fn keep_stops(&self) {
        let mut stops = self.limiter.take_new_stops();
        while let Some((account, until)) = stops.pop() {
            match self.ledger.stop_account(&account, until).await {
                Ok(()) => {}
                Err(error @ (LedgerError::Unavailable(_) | LedgerError::Stopped(_))) => {
                    // Only told here; whatever the ledger is asked next waits for it.
                    self.outage.met(&error);
                    stops.push((account, until));
                    self.limiter.put_new_stops_back(stops);
                    return;
                }
                Err(error @ (LedgerError::Unreadable(_) | LedgerError::Impossible(_))) => {
                    tracing::error!(account.id = %account, error = %error, "a stop of {account} cannot be kept");
                }
            }
        }
    }

    /// Takes in the stops that an earlier process wrote down. Waits for the ledger, because no call may leave before;
    /// not beyond `stop`.
    pub(crate) async fn recall_stops(&self, stop: &CancellationToken) {
        loop {
            let stopped = self.ledger.stopped_accounts(self.clock.now()).await;
            let Some(error) = self.recalled(stopped) else { return };
            let wait = self.outage.met(&error);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// The error that may pass, if there was one.
    fn recalled(&self, stopped: Result<Vec<(AccountId, Timestamp)>, LedgerError>) -> Option<LedgerError> {
        match stopped {
            Ok(stops) => {
                self.outage.over();
                for (account, until) in stops {
                    self.limiter.recall_stop(&account, until);
                }
                None
            }
            Err(error @ (LedgerError::Unavailable(_) | LedgerError::Stopped(_))) => Some(error),
            // Waiting would not make it readable, and all shops would stand still because of it.
            Err(error @ (LedgerError::Unreadable(_) | LedgerError::Impossible(_))) => {
                tracing::error!(error = %error, "which accounts asked for silence cannot be read; work begins without");
                None
            }
        }
    }
}
