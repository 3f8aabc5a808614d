//! The embedded queue: the manners of an SQS FIFO queue, in memory.
//!
//! It may be in memory because the ledger is durable: a wake-up that dies with the process is made again by the sweep.
//! A send passes the window, which swallows what it has seen in the last five minutes, and joins its group. A receive
//! takes from the groups what may be worked now and hides it for the visibility time; delete and defer settle it with
//! the receipt of that receive. All decisions take their time from the clock; only the waiting is the runtime's.

mod handle;
mod window;
mod groups;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lane::clock::{Clock, Timestamp, after, until};
use lane::id;
use lane::ports::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
use lane::wake_up::{Envelope, WakeUp};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use groups::Groups;
use handle::Handle;
use window::Window;

/// The most messages one receive hands out, as SQS has it.
const BATCH_MAX: usize = 10;

/// The longest one receive waits, as SQS has it; a daemon asks again anyway.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// The longest a message may stay hidden, counted from its receive, as SQS has it.
const HIDDEN_MAX: Duration = Duration::from_hours(12);

/// While something is hidden, a waiting receive looks again at least this often: the machine's clock may be set, a test
/// may move its own, and a message may be deferred to an earlier time than it was hidden until.
const CLOCK_LOOK: Duration = Duration::from_millis(250);

/// More waiting messages than this are refused. At about 300 bytes each that is 150 MB; a lane has some hundred
/// wake-ups at most, so it takes thousands of shops that nobody works for, and their lanes are in the ledger anyway.
const MESSAGES_MAX: usize = 500_000;

/// How an embedded queue behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a received message stays hidden unless it is deleted or deferred.
    pub visibility: Duration,
}

impl Default for Settings {
    /// A little longer than a lane's lease, so that whoever hears a wake-up again finds the lease over.
    fn default() -> Self {
        Self { visibility: Duration::from_secs(140) }
    }
}

/// How much a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Messages nobody holds, also those whose group somebody holds.
    pub visible: usize,
    /// Messages somebody holds.
    pub in_flight: usize,
    /// Groups with at least one message.
    pub groups: usize,
}

/// A FIFO queue in memory. Clones are the same queue.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    queue: id::Queue,
    clock: Arc<dyn Clock>,
    settings: Settings,
    capacity: usize,
    /// The standard library's mutex and not tokio's: it is held for microseconds and never across an await, so there
    /// is nothing to gain from a lock that can yield, and an uncontended one costs a few nanoseconds.
    state: Mutex<State>,
    /// Told whenever a waiting receive might find something. No permit is ever left in it: all who wait are told, and a
    /// future of it hears what is told after its making, also before it is first polled.
    changed: Notify,
}

#[derive(Default)]
struct State {
    window: Window,
    groups: Groups,
}

impl Queue {
    /// An empty queue.
    pub fn new(queue: id::Queue, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self::holding(MESSAGES_MAX, queue, clock, settings)
    }

    fn holding(capacity: usize, queue: id::Queue, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let (state, changed) = (Mutex::default(), Notify::new());
        Self { shared: Arc::new(Shared { queue, clock, settings, capacity, state, changed }) }
    }

    /// How much the queue holds now.
    pub fn stats(&self) -> Stats {
        self.act(|state, _| state.groups.stats())
    }

    /// Tells waiting receives that the clock was moved. They notice by themselves, but a test need not wait for that.
    pub fn clock_moved(&self) {
        self.shared.changed.notify_waiters();
    }

    /// Does one thing to the queue as it is now, then wakes the waiting receives if that made something ready. Every
    /// one of them asks to be woken before it looks, so nothing that happens after its look is missed.
    fn act<T>(&self, deed: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.shared.clock.now();
        let mut guard = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        let before = state.groups.ready();
        state.groups.reveal(now);
        let done = deed(state, now);
        let more = state.groups.ready() > before;
        drop(guard);
        if more {
            self.shared.changed.notify_waiters();
        }
        done
    }

    /// Takes what there is, or tells how long it is until a hidden message shows.
    fn take(&self, max: usize) -> Result<Vec<Received>, Option<Duration>> {
        let visibility = self.shared.settings.visibility.min(HIDDEN_MAX);
        let taken = self.act(|state, now| {
            let taken = state.groups.take(max, now, after(now, visibility));
            if taken.is_empty() {
                return Err(state.groups.next_reveal().map(|at| until(now, at)));
            }
            Ok(taken)
        })?;
        let read = |message: groups::Taken| Received {
            wake_up: WakeUp::decode(&message.body, &message.lane),
            lane: message.lane,
            receipt: message.handle.receipt(),
        };
        Ok(taken.into_iter().map(read).collect())
    }

    fn check(&self, send: &Envelope) -> Result<(), QueueError> {
        let (queue, dedup) = (send.wake_up.lane.queue, send.dedup.as_str());
        if queue != self.shared.queue {
            let mine = self.shared.queue;
            return Err(QueueError::Refused(format!("a wake-up of {queue} was sent to {mine}")));
        }
        let fits = (1..=128).contains(&dedup.len()) && dedup.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let rule = "a deduplication id has 1 to 128 letters, digits and punctuation marks";
            return Err(QueueError::Refused(rule.to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl QueueSender for Queue {
    async fn send(&self, send: &Envelope) -> Result<(), QueueError> {
        self.check(send)?;
        let body = send.wake_up.encode();
        let lane = &send.wake_up.lane;
        self.act(|state, now| {
            if state.groups.messages() >= self.shared.capacity {
                return Err(QueueError::Unavailable("too many messages wait in it".to_owned()));
            }
            if state.window.admits(lane, &send.dedup, now) {
                state.groups.push(lane, body.into_boxed_str());
            }
            Ok(())
        })
    }
}

#[async_trait]
impl QueueReceiver for Queue {
    /// Safe to cancel while it waits: a message is handed over in the same step in which it is hidden.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Received>, QueueError> {
        if !(1..=BATCH_MAX).contains(&max) {
            let why = format!("a receive asks for 1 to {BATCH_MAX} messages, not {max}");
            return Err(QueueError::Refused(why));
        }
        let end = Instant::now() + wait.min(WAIT_MAX);
        loop {
            let changed = self.shared.changed.notified();
            let reveal = match self.take(max) {
                Ok(received) => return Ok(received),
                Err(reveal) => reveal,
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            let nap = reveal.map_or(left, |reveal| left.min(reveal).min(CLOCK_LOOK));
            // Woken or not, the next look decides.
            timeout(nap, changed).await.unwrap_or_default();
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<Settled, QueueError> {
        fail::fail_point!("queue.before_delete");
        let Some(handle) = Handle::read(receipt) else {
            return Ok(Settled::Expired);
        };
        Ok(self.act(|state, _| state.groups.delete(handle)))
    }

    async fn defer(&self, receipt: &Receipt, after_: Duration) -> Result<Settled, QueueError> {
        let Some(handle) = Handle::read(receipt) else {
            return Ok(Settled::Expired);
        };
        self.act(|state, now| {
            let Some(received) = state.groups.received_at(handle) else {
                return Ok(Settled::Expired);
            };
            let shows = after(now, after_);
            if shows > after(received, HIDDEN_MAX) {
                let why = "a message may stay hidden for 12 h from its receive at most";
                return Err(QueueError::Refused(why.to_owned()));
            }
            state.groups.defer(handle, now, shows);
            Ok(Settled::Done)
        })
    }
}

#[cfg(test)]
mod tests;
