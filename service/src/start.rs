//! The start and the end of a service that is a program of its own.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use lane::clock::{Clock, SystemClock};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, process_env};
use crate::{handles, kill_points, logs, settings, signals};

#[cfg(not(panic = "unwind"))]
compile_error!("build with panic = \"unwind\": a panic is to end one attempt or one webhook, never the program");

/// What every service is told at its start.
#[derive(Debug, Parser)]
#[command(version)]
struct CommandLine {
    /// The file with the settings, or ssm:NAME for a parameter of AWS Systems Manager.
    #[arg(long, value_name = "FILE", env = settings::VARIABLE, default_value = "lanekeeper.toml")]
    config: PathBuf,
}

/// What a service begins with.
pub struct Start {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The one place where chance comes from.
    pub chance: StdRng,
    /// Cancelled when the service is to end. Never on Lambda, which freezes instead.
    pub stop: CancellationToken,
    /// Whether this is a Lambda function.
    pub on_lambda: bool,
}

/// Runs a service to its end.
pub fn run<F: Future<Output = anyhow::Result<()>>>(service: impl FnOnce(Start) -> F) -> ExitCode {
    let line = CommandLine::parse();
    let ended = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(async { service(begin(&line).await?).await }),
        Err(error) => Err(anyhow::Error::from(error).context("the runtime cannot be started")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may not have begun, and a function that does not start says why in one line.
            logs::last_words(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn begin(line: &CommandLine) -> anyhow::Result<Start> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let config = settings::load(&line.config, &process_env, &clock).await?;
    logs::start(&config.log, logs::Destination::Stderr, &process_env)?;
    kill_points::arm(&process_env)?;
    handles::raise();
    let on_lambda = process_env("AWS_LAMBDA_RUNTIME_API").is_some();
    let stop = if on_lambda { CancellationToken::new() } else { signals::asked_to_stop()? };
    Ok(Start { config, clock, chance: StdRng::from_os_rng(), stop, on_lambda })
}
