//! Where the program under test keeps its ledger, and of how many processes it is made.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backend::aws::bucket;
use backend::aws::ledger::{Patience, create};
use backend::contract::stand_in::{BUCKET, Ministack};
use tokio::sync::OnceCell;

/// As queues on AWS have to be: longer than a lane's lease.
const VISIBILITY: Duration = Duration::from_secs(140);

/// One stand-in serves all tests of a run; it ends with the run.
static STAND_IN: OnceCell<Ministack> = OnceCell::const_new();

/// Tables and queues have names that no other test of this run has.
static MADE: AtomicU64 = AtomicU64::new(1);

/// Where a test binary's programs have their ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// One program over one file.
    Machine,
    /// Handler, worker and review over a table and a queue, as a server, a daemon and a server.
    Aws,
    /// The same as functions of Lambda.
    Lambda,
}

impl Home {
    /// Makes one, and says what stands in the settings about it.
    pub(crate) async fn make(self, folder: &Path) -> String {
        match self {
            Self::Machine => format!("[ledger]\npath = \"{}\"", folder.join("ledger.db").display()),
            Self::Aws | Self::Lambda => {
                let stand_in = stand_in().await;
                let name = format!("lanekeeper-{}", MADE.fetch_add(1, Ordering::Relaxed));
                let account = stand_in.config().await;
                create(&account, &name, Patience::default()).await.unwrap();
                bucket::create(&account, BUCKET).await.unwrap();
                let queue = stand_in.queue(&format!("{name}-orders"), VISIBILITY).await.unwrap();
                let endpoint = stand_in.endpoint();
                format!(
                    "[aws]\ntable = \"{name}\"\nbucket = \"{BUCKET}\"\norders_queue = \"{queue}\"\n\
                     endpoint = \"{endpoint}\""
                )
            }
        }
    }
}

/// The stand-in for AWS.
pub(crate) async fn stand_in() -> &'static Ministack {
    STAND_IN.get_or_init(async || tokio::task::spawn_blocking(Ministack::start).await.unwrap().unwrap()).await
}
