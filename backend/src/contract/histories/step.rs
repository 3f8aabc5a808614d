//! The words that a history is written in: small numbers, which mean whatever they can mean when their turn comes. So
//! every history makes sense, also when parts of it are taken away.

use super::Moment;

/// One step, and where in it the process dies, if it does.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// So many calls into the step.
    pub dies: Option<(u8, Moment)>,
}

/// What is done. Shops, orders and leases are small numbers; leases count from the youngest.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the words say it; the numbers only choose")]
pub enum Act {
    /// The state of an order arrives.
    Hear {
        shop: u8,
        order: u8,
        version: u8,
        says: u8,
        status: u8,
        ids: u8,
    },
    /// A webhook that was sent before arrives again, in some way the same.
    HearAgain {
        which: u8,
        as_what: Again,
    },
    /// Many orders are sold at once.
    Flood {
        shop: u8,
        orders: u8,
    },
    /// Something about an order changed, or about one of its parts.
    Touch {
        shop: u8,
        order: u8,
        part: bool,
        body: u8,
        event: bool,
    },
    Unreadable {
        shop: u8,
        body: u8,
    },
    /// The merchant took the app away so many seconds ago.
    Uninstalled {
        shop: u8,
        ago: u8,
    },
    PutShop {
        shop: u8,
    },
    RemoveShop {
        shop: u8,
    },
    Lease {
        shop: u8,
        owner: u8,
        seconds: u8,
    },
    Head {
        lease: u8,
    },
    /// Begins the head, or an order whose turn it may not be.
    Begin {
        lease: u8,
        order: Option<u8>,
    },
    Burst {
        lease: u8,
        max: u8,
    },
    /// Completes an attempt that was begun, counted from the youngest; or an order whose turn it may not be.
    Complete {
        which: u8,
        order: Option<u8>,
        ending: Ending,
    },
    Disturb {
        shop: u8,
        order: u8,
    },
    Release {
        lease: u8,
        rest: Option<u8>,
    },
    HandBack {
        lease: u8,
    },
    /// A worker takes a lane, works on it, and leaves it.
    Run {
        shop: u8,
        /// Begins as many as may go together first.
        burst: Option<u8>,
        endings: Vec<Ending>,
        leaves: Leaves,
    },
    Sweep {
        limit: u8,
    },
    StopAccount {
        account: u8,
        seconds: u16,
    },
    /// Decides what somebody is asked; or an order about which nobody may be asked.
    Decide {
        shop: u8,
        order: u8,
        verdict: u8,
        flaw: Flaw,
        /// Seconds until it takes effect.
        later: u8,
        by: u8,
        key: Option<u8>,
    },
    /// Somebody decides what was decided before, with what was shown then.
    DecideAgain {
        which: u8,
        verdict: u8,
        by: u8,
        key: Option<u8>,
    },
    /// Somebody takes back what was decided before.
    Undo {
        which: u8,
        by: u8,
        key: Option<u8>,
    },
    Pause {
        shop: u8,
        seconds: Option<u8>,
        key: Option<u8>,
    },
    Resume {
        shop: u8,
        key: Option<u8>,
    },
    ReleaseQuarantined {
        which: u8,
        key: Option<u8>,
    },
    Notice {
        account: u8,
        url: u8,
    },
    /// A look at the warehouse finds that orders have shipped.
    Shipped {
        account: u8,
        orders: Vec<u8>,
        notices: bool,
    },
    Pass {
        seconds: u16,
    },
    /// Workers take the lane one after another and die, before or after they have begun.
    Deaths {
        shop: u8,
        workers: u8,
        at_work: bool,
    },
    /// The process ends in good order and starts again.
    Restart,
    /// Several calls at once: the first of each step.
    Together(Vec<Act>),
}

/// In what a webhook is the same as one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// In everything.
    Everything,
    /// Its delivery.
    Delivery,
    /// Its event.
    Event,
    /// Its body.
    Body,
    /// Its body and event, under another topic.
    OtherTopic,
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Its outcome.
    pub outcome: Way,
    /// Seconds, where the outcome names a time.
    pub seconds: u16,
    /// What is at the warehouse: nothing, something in doubt, the order.
    pub reach: u8,
    /// The part that it learnt, if any.
    pub part: Option<u8>,
    /// Quarters of chance.
    pub chance: u8,
    /// What comes while the attempt is under way.
    pub meanwhile: Meanwhile,
}

/// What comes while an attempt is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing.
    Nothing,
    /// A newer version of its order.
    Newer,
    /// News of the part that the attempt learns.
    Part,
    /// A worker that had lost its lease.
    Disturbance,
    /// An operator who pauses the lane.
    Pause,
}

/// An outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "see the domain's outcomes")]
pub enum Way {
    Done,
    Retry { asked: bool },
    Hold { differs: bool },
    Fail,
    Skip { unknown: bool },
    Withdrawn,
    Wait { stops: bool },
    Pause { ends: bool },
}

/// How a worker leaves its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// It gives the lease back when nothing is ready.
    Releases,
    /// It gives it back for a while although something is ready.
    Rests,
    /// It gives it back at once.
    HandsBack,
    /// It does not.
    Dies,
    /// It dies after it has begun another attempt.
    DiesAtWork,
}

/// What is wrong with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It is about an earlier question.
    Earlier,
    /// It is about a question that nobody asked.
    Later,
    /// Something else was shown.
    Shown,
    /// There is no such order.
    Order,
}
