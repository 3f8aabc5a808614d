//! Which lanes the sweep looks at: the index finds those that are due, and each is looked at as it is, in a unit of its
//! own.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::ports::{LedgerError, Swept};
use lane::wake_up::Envelope;

use super::Ledger;
use super::item::Item;
use super::key::read_lane;
use super::line::{SHARDS, WAKE, due_in};
use super::table::{Among, DUE, Range};
use super::unit::TableUnit;
use crate::ledger::fault::Fault;
use crate::ledger::sweep::{sweep_lane, tell_unreadable};
use crate::ledger::unit::Lanes as _;

/// Lanes that the index is asked for, those that are worked on among them.
const DUE_AT_ONCE: usize = 1000;

impl Ledger {
    pub(super) async fn sweep(&self, now: Timestamp, limit: u32) -> Result<Swept, LedgerError> {
        self.is_all_here().await?;
        self.clear_bucket(now).await;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = self.due(Among::UpTo(now.as_microsecond()), DUE_AT_ONCE).await?;
        let (mut looked_at, mut sends) = (0, Vec::new());
        for (_, lane) in &due {
            if looked_at == most {
                break;
            }
            match self.write(|mut unit| async move { (look_at(&mut unit, lane, now).await, unit) }).await {
                Ok(Looked::At(send)) => {
                    looked_at += 1;
                    sends.extend(send);
                }
                Ok(Looked::Away) => {}
                // One lane must not keep the others asleep, and what was written for those before it has to be sent.
                Err(LedgerError::Unreadable(_) | LedgerError::Impossible(_)) => tell_unreadable(lane),
                Err(error) => tracing::warn!(%lane, %error, "the sweep could not look at a lane; it looks again"),
            }
        }
        let full = looked_at == most || due.len() >= DUE_AT_ONCE;
        let next = if full { Some(now) } else { self.next_wake(now).await? };
        Ok(Swept { sends, next })
    }

    async fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let next = self.due(Among::From(now.as_microsecond()), 1).await?;
        Ok(next.first().map(|(at, _)| *at))
    }

    /// Lanes of all parts of the index, the earliest first.
    async fn due(&self, among: Among<'_>, most: usize) -> Result<Vec<(Timestamp, LaneKey)>, Fault> {
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            for item in self.table.list(DUE, &Range::new(&due_in(shard), among.clone(), most)).await? {
                match read(&item) {
                    Ok(lane) => due.push(lane),
                    Err(fault) => tracing::error!(%fault, "a lane that is due has a name that nobody knows"),
                }
            }
        }
        due.sort_unstable();
        Ok(due)
    }
}

/// What came of a lane that the index has as due.
enum Looked {
    At(Option<Envelope>),
    /// Somebody works on it, or it is not due any more.
    Away,
}

/// The index may be late: another sweep may have been here, or a worker.
async fn look_at(unit: &mut TableUnit, lane: &LaneKey, now: Timestamp) -> Result<Looked, Fault> {
    let Some(lane) = unit.lane(lane).await? else { return Ok(Looked::Away) };
    // A pause that ends meanwhile ends what is found here.
    unit.guard(&lane).await?;
    if lane.state.is_leased(now) || !unit.is_due(&lane.key, now).await? {
        return Ok(Looked::Away);
    }
    Ok(Looked::At(sweep_lane(unit, &lane, now).await?))
}

fn read(item: &Item) -> Result<(Timestamp, LaneKey), Fault> {
    let at = item.time(WAKE)?.ok_or_else(|| Fault::unreadable("a lane in the index that is never due"))?;
    Ok((at, read_lane(&item.key()?)?))
}
