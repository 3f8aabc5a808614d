//! The rules that can be taken out one at a time, and the bounds within which a run explores.

use crate::world::JOBS;

/// The protocol's rules; all of them hold in the real program. Taking out any one must make the model fail.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is in or out by itself")]
pub(crate) struct Rules {
    /// The sweep wakes lanes that have work due and that nobody works on.
    pub(crate) sweep: bool,
    /// A worker that lost its lease, and from which a call had left, says so.
    pub(crate) disturb: bool,
    /// An approval accepts the order that was fetched and shown, and not merely the job's version.
    pub(crate) approval_binds_what_was_fetched: bool,
    /// What a late hold or cancel finds at the warehouse is put on hold or cancelled there.
    pub(crate) compensation: bool,
    /// The attempt is written down before the order is fetched.
    pub(crate) begin_before_fetch: bool,
    /// Releasing a lane looks once more whether something is ready.
    pub(crate) rescan_at_release: bool,
    /// Completing needs the newest fence.
    pub(crate) fenced_completion: bool,
    /// A wake-up heard while another holds the lease comes again when that lease ends.
    pub(crate) hide_while_busy: bool,
    /// From the second of a kind on, a deduplication id has an ordinal.
    pub(crate) ordinals: bool,
}

impl Rules {
    pub(crate) const ALL: Self = Self {
        sweep: true,
        disturb: true,
        approval_binds_what_was_fetched: true,
        compensation: true,
        begin_before_fetch: true,
        rescan_at_release: true,
        fenced_completion: true,
        hide_while_busy: true,
        ordinals: true,
    };
}

/// How often each thing may still happen. Everything else may happen as often as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    /// A worker dies, after any of its steps.
    pub(crate) crashes: u8,
    /// A lease runs out under a worker that goes on all the same.
    pub(crate) zombies: u8,
    /// A wake-up is not sent although its write is committed.
    pub(crate) losses: u8,
    /// A wake-up is delivered a second time while the first is still held.
    pub(crate) doubles: u8,
    /// The shop changes an order.
    pub(crate) changes: u8,
    /// The shop cancels an order.
    pub(crate) cancels: u8,
    /// The warehouse takes a write, and its answer is lost.
    pub(crate) lost_answers: u8,
    /// The warehouse refuses a write, for now or for good.
    pub(crate) refusals: u8,
    /// A person opens a page about a job; decisions are made from what it showed then.
    pub(crate) looks: u8,
    /// A person takes a decision back. While this may happen, decisions take effect later.
    pub(crate) undos: u8,
    /// A run ends early, or the head has to wait for the limiter.
    pub(crate) breaks: u8,
}

impl Bounds {
    pub(crate) const NONE: Self = Self {
        crashes: 0,
        zombies: 0,
        losses: 0,
        doubles: 0,
        changes: 0,
        cancels: 0,
        lost_answers: 0,
        refusals: 0,
        looks: 0,
        undos: 0,
        breaks: 0,
    };
}

/// One exploration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) jobs: usize,
    pub(crate) bounds: Bounds,
    /// Which versions of each order a person must look at, one bit per version.
    pub(crate) doubtful: [u8; JOBS],
    /// A worker may die between a call that left after its lease was lost and telling the ledger of it.
    pub(crate) zombies_may_die: bool,
}

impl Scenario {
    pub(crate) const fn new(name: &'static str, jobs: usize, bounds: Bounds) -> Self {
        Self { name, jobs, bounds, doubtful: [0; JOBS], zombies_may_die: false }
    }

    pub(crate) const fn doubting(self, doubtful: [u8; JOBS]) -> Self {
        Self { doubtful, ..self }
    }

    pub(crate) fn is_doubtful(&self, job: usize, version: u8) -> bool {
        self.doubtful[job] & (1 << version) != 0
    }
}
