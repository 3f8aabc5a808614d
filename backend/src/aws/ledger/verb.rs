//! Runs a verb of the ledger as units of writing, again and again until one is written whole.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;
use lane::ports::LedgerError;
use rand::Rng as _;
use tokio::time::Instant;

use super::Ledger;
use super::key::Key;
use super::table::Written;
use super::unit::{TableUnit, new_token};
use crate::ledger::ending::tell;
use crate::ledger::fault::Fault;

/// The first wait after a conflict is at most so long, and each later one at most twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest wait after a conflict.
const WAIT_MAX: Duration = Duration::from_millis(320);

impl Ledger {
    /// Writes in one unit: all of it is durable when this returns, or none of it ever is. Whoever writes the same at once
    /// makes it run again.
    pub(super) async fn write<T, F>(&self, verb: impl Fn(TableUnit) -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = (Result<T, Fault>, TableUnit)>,
    {
        self.write_within(self.patience.others, verb).await
    }

    /// The same for whatever does not have a lease already: nothing is changed while the ledger is only partly here.
    pub(super) async fn change<T, F>(&self, verb: impl Fn(TableUnit) -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = (Result<T, Fault>, TableUnit)>,
    {
        self.is_all_here().await?;
        self.write(verb).await
    }

    pub(super) async fn write_within<T, F>(
        &self,
        patience: Duration,
        verb: impl Fn(TableUnit) -> F,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = (Result<T, Fault>, TableUnit)>,
    {
        let mut tries = Tries::within(patience);
        loop {
            let (answer, unit) = Box::pin(verb(TableUnit::new(self.table.clone()))).await;
            let answer = match answer {
                Err(Fault::Again) => {
                    tries.again(|| Fault::Again.into()).await?;
                    continue;
                }
                answer => answer?,
            };
            let (token, new_request, dropped) = (new_token(), unit.new_request.clone(), unit.dropped.clone());
            let (writes, ended) = unit.end(&token)?;
            let stands = if writes.is_empty() {
                self.is_still_new(new_request).await?
            } else {
                self.is_written(&writes, &token, &mut tries).await?
            };
            if stands {
                ended.iter().for_each(tell);
                self.take_away(dropped).await;
                return Ok(answer);
            }
            metrics::counter!(CONFLICTS).increment(1);
            tries.again(|| Fault::Again.into()).await?;
        }
    }

    /// Whether a request that had no effect is still unknown: sent twice at once, the one may have seen what the other
    /// did, and not yet that it did it.
    async fn is_still_new(&self, request: Option<Box<Key>>) -> Result<bool, LedgerError> {
        match request {
            Some(request) => Ok(self.table.get(&request).await.map_err(LedgerError::from)?.is_none()),
            None => Ok(true),
        }
    }

    /// Writes, and asks again when the answer was lost. `false` if nothing was written and the unit has to run again.
    async fn is_written(
        &self,
        writes: &[TransactWriteItem],
        token: &str,
        tries: &mut Tries,
    ) -> Result<bool, LedgerError> {
        loop {
            match self.table.write(writes.to_vec(), token).await? {
                Written::Yes => return Ok(true),
                Written::Conflict => return Ok(false),
                Written::Unknown(fault) => tries.again(|| fault.into()).await?,
            }
        }
    }

    /// Reads as a unit would, and writes nothing.
    pub(super) async fn read<T, F>(&self, look: impl Fn(TableUnit) -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = (Result<T, Fault>, TableUnit)>,
    {
        let mut tries = Tries::within(self.patience.others);
        loop {
            match look(TableUnit::new(self.table.clone())).await.0 {
                Err(Fault::Again) => tries.again(|| Fault::Again.into()).await?,
                answer => return Ok(answer?),
            }
        }
    }
}

/// How long it may go on, and how long it waits before the next try.
struct Tries {
    left_until: Instant,
    wait: Duration,
}

impl Tries {
    fn within(patience: Duration) -> Self {
        Self { left_until: Instant::now() + patience, wait: FIRST_WAIT }
    }

    /// Waits, or says why it is over.
    async fn again(&mut self, why: impl FnOnce() -> LedgerError) -> Result<(), LedgerError> {
        if Instant::now() + self.wait > self.left_until {
            return Err(why());
        }
        // Full jitter: those who met once do not meet again.
        let jitter = rand::rng().random_range(Duration::ZERO..self.wait);
        tokio::time::sleep(jitter).await;
        self.wait = (self.wait * 2).min(WAIT_MAX);
        Ok(())
    }
}

/// Counts units that ran again because others wrote the same.
const CONFLICTS: &str = "lanekeeper_ledger_conflicts_total";
