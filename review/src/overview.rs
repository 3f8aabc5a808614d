//! The figures at the top of every page. Where a ledger reads every lane for them, pages share what it said last.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lane::clock::{Timestamp, until};
use lane::ports::{Desk, LedgerError};
use lane::view::Figures;

/// Figures, and when the ledger was asked for them.
pub(crate) type AsOf = (Timestamp, Figures);

/// What the ledger said last.
pub(crate) struct Overview {
    /// How old it may be. Nothing: each page asks.
    age: Duration,
    said: Mutex<Option<AsOf>>,
    /// Held by whoever asks.
    asking: tokio::sync::Mutex<()>,
}

impl Overview {
    pub(crate) fn kept_for(age: Duration) -> Self {
        Self { age, said: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// The figures, as they were a while ago at most; while somebody asks for newer ones, the others go on with these.
    pub(crate) async fn figures(&self, desk: &dyn Desk, now: Timestamp) -> Result<AsOf, LedgerError> {
        if self.age.is_zero() {
            return Ok((now, desk.figures(now).await?));
        }
        if let Some(said) = self.fresh(now) {
            return Ok(said);
        }
        let _asking = match (self.asking.try_lock(), self.said()) {
            (Ok(asking), _) => asking,
            (Err(_), Some(said)) => return Ok(said),
            (Err(_), None) => self.asking.lock().await,
        };
        if let Some(said) = self.fresh(now) {
            return Ok(said);
        }
        let said = (now, desk.figures(now).await?);
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(said.clone());
        Ok(said)
    }

    fn said(&self) -> Option<AsOf> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh(&self, now: Timestamp) -> Option<AsOf> {
        self.said().filter(|(at, _)| until(*at, now) < self.age)
    }
}
