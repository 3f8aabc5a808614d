//! `lanekeeper up`: settings, log, killing points, program; then until a signal or the ledger ends it.

use std::sync::Arc;

use backend::embedded::ledger::Origin;
use clap::Args;
use lane::clock::Clock;
use rand::rngs::StdRng;

use crate::config::process_env;
use crate::program::Program;
use crate::{figures, handles, kill_points, logs, settings, shop, signals};

/// How the program is started.
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    settings: shop::Settings,
    /// The ledger is a backup that was put in place: look every order up at the warehouse before anything is written
    /// there. Needed once.
    #[arg(long)]
    restored: bool,
}

/// Runs the program.
pub(crate) async fn run(up: &Up, clock: Arc<dyn Clock>, chance: StdRng) -> anyhow::Result<()> {
    let config = settings::load(&up.settings.config, &process_env, &clock).await?;
    logs::start(&config.log, logs::Destination::Stderr, &process_env)?;
    kill_points::arm(&process_env)?;
    handles::raise();
    // Signals are heard before anything is opened: a start that takes long can be ended in good order, too.
    let stop = signals::asked_to_stop()?;
    let counts = figures::start()?;
    let origin = if up.restored { Origin::Backup } else { Origin::LastRun };
    let program = Program::start(&config, origin, counts, clock, chance).await?;
    let addresses = program.addresses();
    tracing::info!(
        webhooks = %addresses.webhooks,
        review = %addresses.review,
        ledger = %config.machine()?.path.display(),
        "the program is up"
    );
    program.run(stop).await
}
