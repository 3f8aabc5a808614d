//! The sweep wakes lanes that have work due and that nobody works on: at the earliest time it knows of, and every 30 s
//! in any case. The ledger puts the next sweep of a lane off in the same write that names it, each time for longer. So while
//! the queue takes nothing, wake-ups are kept until it does, and the ledger is asked for no others: their lanes stay due.

use futures::{StreamExt, stream};
use lane::clock::{Clock, Timestamp, after, until};
use lane::ports::{LedgerError, QueueError, QueueSender, Work};
use lane::wake_up::Envelope;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::outage::Outage;

/// The longest time between two sweeps: what nobody told the sweep of is found within this.
const PERIOD: Duration = Duration::from_secs(30);

/// The shortest, however much is due.
const GAP: Duration = Duration::from_millis(20);

/// How long after a lane's time the sweep looks. A message that was made visible again at that time comes first, and
/// the lane is leased by then: no second wake-up is sent.
const GRACE: Duration = Duration::from_millis(250);

/// Lanes of one sweep; the rest follow in the next one at once.
const PAGE: u32 = 500;

/// Wake-ups that are sent at the same time.
const SENDS_AT_ONCE: usize = 16;

/// Wake-ups that are handed to the queue together.
const SENT_TOGETHER: usize = 10;

/// The earliest time at which some lane has work, as lane runs find out.
#[derive(Debug, Clone)]
pub(crate) struct Alarm(watch::Sender<Option<Timestamp>>);

impl Alarm {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// A lane has work then.
    pub(crate) fn ring_at(&self, at: Timestamp) {
        self.0.send_if_modified(|known| {
            let sooner = known.is_none_or(|known| at < known);
            if sooner {
                *known = Some(at);
            }
            sooner
        });
    }

    /// Forgets the time: the sweep that begins now finds everything that it was about.
    fn take(&self) {
        self.0.send_if_modified(|known| {
            *known = None;
            false
        });
    }
}

/// Sweeps.
pub(crate) struct Sweep {
    ledger: Arc<dyn Work>,
    sender: Arc<dyn QueueSender>,
    clock: Arc<dyn Clock>,
    alarm: Alarm,
    ledger_outage: Outage,
    queue_outage: Outage,
    /// Wake-ups that the queue does not have yet. One that was taken before this was told is sent again, which is harmless.
    unsent: Mutex<Vec<Envelope>>,
}

impl Sweep {
    pub(crate) fn new(
        ledger: Arc<dyn Work>,
        sender: Arc<dyn QueueSender>,
        clock: Arc<dyn Clock>,
        alarm: Alarm,
    ) -> Self {
        let (ledger_outage, queue_outage) = (Outage::of("ledger"), Outage::of("queue"));
        Self { ledger, sender, clock, alarm, ledger_outage, queue_outage, unsent: Mutex::default() }
    }

    /// Sweeps until `stop`.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            let wait = tokio::select! {
                wait = self.sweep() => wait,
                () = &mut stopped => return,
            };
            tokio::select! {
                () = self.rest(wait) => {}
                () = &mut stopped => return,
            }
        }
    }

    /// One page. How long until the next one.
    async fn sweep(&self) -> Duration {
        self.page().await.unwrap_or_else(|error| self.ledger_outage.met(&error))
    }

    async fn page(&self) -> Result<Duration, LedgerError> {
        if let Some(wait) = self.send_all().await {
            return Ok(wait);
        }
        self.alarm.take();
        let now = self.clock.now();
        let swept = self.ledger.lanes_to_wake(now, PAGE).await?;
        self.ledger_outage.over();
        metrics::counter!("lanekeeper_sweeps_total").increment(1);
        if !swept.sends.is_empty() {
            tracing::debug!(lanes = swept.sends.len(), "the sweep wakes lanes");
            self.keep(swept.sends);
            fail::fail_point!("sweep.before_send");
            if let Some(wait) = self.send_all().await {
                return Ok(wait);
            }
        }
        let now = self.clock.now();
        Ok(swept.next.map_or(PERIOD, |next| wait_for(next, now)))
    }

    /// Page after page, until nothing is due.
    pub(crate) async fn until_nothing_is_due(&self) -> Result<(), LedgerError> {
        while self.page().await? <= GAP {}
        Ok(())
    }

    /// Waits, or less if a lane turns out to have work sooner.
    async fn rest(&self, wait: Duration) {
        let end = after(self.clock.now(), wait);
        let mut alarm = self.alarm.0.subscribe();
        loop {
            let now = self.clock.now();
            let known = *alarm.borrow_and_update();
            let wait = known.map_or(until(now, end), |at| wait_for(at, now).min(until(now, end)));
            let rung = tokio::select! {
                () = tokio::time::sleep(wait.max(GAP)) => false,
                rung = alarm.changed() => rung.is_ok(),
            };
            if !rung {
                return;
            }
        }
    }

    /// Sends what is unsent. How long to leave the queue alone if it does not take all of it.
    async fn send_all(&self) -> Option<Duration> {
        let unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if unsent.is_empty() {
            return None;
        }
        let some: Vec<Vec<Envelope>> = unsent.chunks(SENT_TOGETHER).map(<[Envelope]>::to_vec).collect();
        let tried: Vec<Vec<(Envelope, QueueError)>> = stream::iter(some)
            .map(|some| async move {
                let sent = self.sender.send_all(&some).await;
                some.into_iter().zip(sent).filter_map(|(send, sent)| Some((send, sent.err()?))).collect()
            })
            .buffer_unordered(SENDS_AT_ONCE)
            .collect()
            .await;
        let (mut wait, mut left) = (None, Vec::new());
        for (send, error) in tried.into_iter().flatten() {
            match error {
                QueueError::Unavailable(_) => {
                    wait.get_or_insert_with(|| self.queue_outage.met(&error));
                    left.push(send);
                }
                QueueError::Refused(_) => {
                    let lane = &send.wake_up.lane;
                    tracing::error!(lane = %lane, error = %error, "the queue refuses a wake-up");
                }
            }
        }
        self.keep(left);
        if wait.is_none() {
            self.queue_outage.over();
        }
        wait
    }

    fn keep(&self, unsent: Vec<Envelope>) {
        *self.unsent.lock().unwrap_or_else(PoisonError::into_inner) = unsent;
    }
}

/// How long to wait for what is due at `at`.
fn wait_for(at: Timestamp, now: Timestamp) -> Duration {
    if at <= now { GAP } else { (until(now, at) + GRACE).min(PERIOD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_alarm_keeps_the_earliest_time_and_wakes_only_for_a_sooner_one() {
        let alarm = Alarm::new();
        let mut rung = alarm.0.subscribe();
        for (time, known, wakes) in [(10, 10, true), (20, 10, false), (10, 10, false), (5, 5, true)] {
            alarm.ring_at(at(time));
            assert_eq!(rung.has_changed().unwrap(), wakes, "at {time}");
            assert_eq!(*rung.borrow_and_update(), Some(at(known)));
        }
        alarm.take();
        assert!(!rung.has_changed().unwrap(), "forgetting wakes nobody");
        alarm.ring_at(at(20));
        assert!(rung.has_changed().unwrap(), "a later time counts once the sooner one has passed");
    }

    #[test]
    fn a_sweep_looks_shortly_after_a_lanes_time_and_at_least_every_half_minute() {
        assert_eq!(wait_for(at(5), at(0)), Duration::from_secs(5) + GRACE);
        assert_eq!([wait_for(at(0), at(0)), wait_for(at(0), at(5))], [GAP; 2]);
        assert_eq!([wait_for(at(30), at(0)), wait_for(at(3600), at(0))], [PERIOD; 2]);
    }
}
