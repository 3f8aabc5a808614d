//! `lanekeeper up`: settings, log, killing points, program; then until a signal or the ledger ends it.

use std::sync::Arc;

use lane::clock::Clock;
use rand::rngs::StdRng;

use crate::config::{Config, process_env};
use crate::program::Program;
use crate::{figures, kill_points, logs, shop, signals};

/// Runs the program.
pub(crate) async fn run(settings: &shop::Settings, clock: Arc<dyn Clock>, chance: StdRng) -> anyhow::Result<()> {
    let config = Config::load(&settings.config, &process_env)?;
    logs::start(&config.log, logs::Destination::Stderr, &process_env)?;
    kill_points::arm(&process_env)?;
    // Signals are heard before anything is opened: a start that takes long can be ended in good order, too.
    let stop = signals::asked_to_stop()?;
    let counts = figures::start()?;
    let program = Program::start(&config, counts, clock, chance).await?;
    let addresses = program.addresses();
    tracing::info!(
        webhooks = %addresses.webhooks,
        review = %addresses.review,
        ledger = %config.ledger.path.display(),
        "the program is up"
    );
    program.run(stop).await
}
