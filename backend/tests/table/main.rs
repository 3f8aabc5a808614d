//! The ledger in `DynamoDB`, at a stand-in that answers one call at a time and has the service's words.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod lost;
mod cost;
mod between;
mod crowd;
mod hot;
mod large;
mod names;
mod moved;
mod arriving;

use std::sync::Arc;
use std::time::Duration;

use backend::aws::SdkConfig;
use backend::aws::ledger::{Patience, create};
use backend::contract::ledger::{Ports, Scene};
use backend::contract::stand_in;
use lane::clock::{ManualClock, Timestamp};

/// The stand-in shares the machine with other tests.
const PATIENCE: Patience =
    Patience { one_try: Duration::from_secs(20), webhook: Duration::from_mins(1), others: Duration::from_mins(1) };

/// Another process at the same table.
async fn another(config: &SdkConfig, scene: &Scene, table: &str, patience: Patience) -> Scene {
    let ledger = Arc::new(stand_in::ledger(config, table, patience).await.unwrap());
    Scene { ports: Ports::of(&ledger), clock: Arc::clone(&scene.clock) }
}

/// A ledger on a table of its own.
async fn scene(config: &SdkConfig, table: &str) -> Scene {
    create(config, table, PATIENCE).await.unwrap();
    let ledger = Arc::new(stand_in::ledger(config, table, PATIENCE).await.unwrap());
    let clock = Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()));
    Scene { ports: Ports::of(&ledger), clock }
}
