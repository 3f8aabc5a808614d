//! The ports, drawn by who uses them. Every verb is one atomic write or one read; each says what is true once it
//! returns. A crash at any moment leaves either nothing or all of it.

mod intake;
mod work;
mod limits;
mod desk;
mod registry;
mod shipping;
mod privacy;
mod queue;
mod secrets;

use crate::state::ImpossibleMove;

pub use desk::{Decided, Desk, Once, RequestKey, Undone};
pub use intake::{Intake, Notice, Recorded, WAKE_UPS_PER_LANE_MAX};
pub use limits::{Agreed, Limit, Limits};
pub use privacy::{Privacy, Redacted};
pub use queue::{QueueError, QueueReceiver, QueueSender, Receipt, Received, Settled};
pub use registry::{Registry, RegistryError};
pub use secrets::{SecretError, Secrets};
pub use shipping::{OpenNotice, ShippedOrder, Shipping};
pub use work::{Begin, Burst, Complete, Head, Release, Swept, Work};

/// Why the ledger did not do what it was asked. Unless it says otherwise, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot commit now (disk full, busy, over its bound); it may be asked again.
    #[error("the ledger cannot commit now: {0}")]
    Unavailable(String),
    /// It has stopped for good: a sync failed, and what is on the disk is unknown until it is opened again.
    #[error("the ledger has stopped: {0}")]
    Stopped(String),
    /// A row could not be read; a newer version of the program may have written it.
    #[error("the ledger holds a row that this version cannot read: {0}")]
    Unreadable(String),
    /// The rules of the domain forbid the move.
    #[error(transparent)]
    Impossible(#[from] ImpossibleMove),
}
