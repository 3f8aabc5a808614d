//! Lanekeeper: all services in one process over one file, and the command line.
//!
//! `up` runs the program, `demo` runs it together with simulated providers and made-up merchants. `shop` and
//! `operator` change what the ledger keeps besides jobs, `privacy` answers what people ask about their data, `export` and `import` move the ledger to AWS, `check`
//! tells what is wrong with an installation, `send` plays Shopify, `bench` measures. The modules stand in the order in which a start goes through them.

mod say;
mod control;
mod program;
mod up;
mod demo;
mod shop;
mod operator;
mod privacy;
mod moving;
mod send;
mod check;
mod bench;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use backend::embedded::ledger::Ledger;
use clap::{Parser, Subcommand};
use lane::clock::{Clock, SystemClock};
use lane::ports::Secrets;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use backend::secrets::Local;
use control::{Answer, LinkMaker, Office, Ports};
use service::config::{Config, Home, process_env};
use service::{aws, config, figures, handles, health, kill_points, logs, serve, settings, signals};

/// How long a blocking read that nobody waits for any more may hold up the end of the process.
const LAST_READS: Duration = Duration::from_secs(1);

/// Carries each merchant's orders out one at a time, in order, within the limits of the APIs it calls.
#[derive(Debug, Parser)]
#[command(name = "lanekeeper", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything with simulated providers and made-up merchants. Needs no accounts and no settings.
    Demo(demo::Demo),
    /// Run the program.
    Up(up::Up),
    /// Sign a file as Shopify would and post it to the handler.
    Send(send::Send),
    /// Tell everything that is wrong with an installation, and how to mend it.
    Check(shop::Settings),
    /// Measure how fast the program is on this machine, and where the time goes.
    Bench(bench::Bench),
    /// Add, list or remove shops, make a link for a merchant, or try hold rules on one's past.
    #[command(subcommand)]
    Shop(shop::Shops),
    /// Add, list or disable operators.
    #[command(subcommand)]
    Operator(operator::Operators),
    /// List, export or carry out what people ask about their data.
    #[command(subcommand)]
    Privacy(privacy::Requests),
    /// Write the whole ledger of a file to standard output, for `import`; the file is used for nothing else then.
    Export(moving::Export),
    /// Take the ledger that `export` wrote, on standard input, into the table of settings with [aws].
    Import(shop::Settings),
    /// Say that the table is a backup that was restored: orders are looked up before they are written. To be said before
    /// the services start.
    Restored(shop::Settings),
}

fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            say::trouble(format_args!("the runtime cannot be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(command));
    runtime.shutdown_timeout(LAST_READS);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::trouble(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// One core is the ledger's, whose writer has a thread of its own: with a thread for each core here, the two take turns, and
/// on two cores a sixth fewer webhooks are taken. Whoever sets `TOKIO_WORKER_THREADS` has said how many.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        runtime.worker_threads((cores - 1).max(1));
    }
    runtime.enable_all().build()
}

async fn run(command: Command) -> anyhow::Result<()> {
    // The one place where chance comes from; everything below is handed a generator or a seed.
    let mut chance = StdRng::from_os_rng();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    match command {
        Command::Demo(demo) => demo::run(demo, clock, chance).await,
        Command::Up(up) => up::run(&up, clock, chance).await,
        Command::Send(send) => send::run(send, &mut chance).await,
        Command::Check(settings) => check::run(&settings, &clock).await,
        Command::Bench(bench) => bench::run(bench, clock).await,
        Command::Shop(shops) => {
            let config = load(shops.settings(), &clock).await?;
            let command = shops.command(&config)?;
            tell(&config, command, clock, chance).await
        }
        Command::Operator(operators) => {
            let config = load(operators.settings(), &clock).await?;
            tell(&config, operators.command(), clock, chance).await
        }
        Command::Privacy(requests) => {
            let config = load(requests.settings(), &clock).await?;
            let ask = |command| ask(&config, command, clock.clone(), StdRng::from_rng(&mut chance));
            privacy::run(requests, ask).await
        }
        Command::Export(export) => {
            let config = load(&export.settings, &clock).await?;
            moving::export(&export, &config, clock.as_ref(), &mut chance)
        }
        Command::Import(settings) => moving::import(&load(&settings, &clock).await?, &clock).await,
        Command::Restored(settings) => moving::restored(&load(&settings, &clock).await?, &clock).await,
    }
}

async fn load(settings: &shop::Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Config> {
    settings::load(&settings.config, &process_env, clock).await
}

/// Has a command carried out, and prints what came of it.
async fn tell(config: &Config, command: control::Command, clock: Arc<dyn Clock>, chance: StdRng) -> anyhow::Result<()> {
    say::line(control::words(&ask(config, command, clock, chance).await?));
    Ok(())
}

/// Has a command carried out by the running program, or here if none runs or the ledger is everybody's. A refusal is an
/// error.
async fn ask(
    config: &Config,
    command: control::Command,
    clock: Arc<dyn Clock>,
    chance: StdRng,
) -> anyhow::Result<control::Reply> {
    let reply = match &config.home {
        Home::Machine(ledger) => match control::ask(&ledger.socket(), &command).await? {
            Answer::Reply(reply) => reply,
            Answer::NobodyListens => {
                let ledger = Arc::new(Ledger::open(&ledger.path, clock.as_ref())?);
                let warehouses = program::warehouses(config);
                let links = links(config, &command, &Local).await?;
                let office =
                    Office::new(Ports::of(&ledger), warehouses, Arc::new(Local), clock, chance).with_links(links);
                // Nobody hears a wake-up now; the sweep of the next start finds the lanes.
                office.carry_out(command).await.reply
            }
        },
        Home::Aws(settings) => {
            let backend = aws::open(settings, &clock).await?;
            let (ledger, warehouses) = (Ports::of(&backend.ledger), program::warehouses(config));
            let links = links(config, &command, backend.secrets.as_ref()).await?;
            Office::new(ledger, warehouses, backend.secrets, clock, chance)
                .with_links(links)
                .answer(command, backend.queue.as_ref())
                .await
        }
    };
    if control::is_refusal(&reply) {
        bail!("{}", control::words(&reply));
    }
    Ok(reply)
}

/// What signs links is read where one is wanted: no other command has to do without because it is not here.
async fn links(config: &Config, command: &control::Command, secrets: &dyn Secrets) -> anyhow::Result<LinkMaker> {
    let is_wanted = matches!(command, control::Command::ShopLink { .. });
    if is_wanted { Ok(LinkMaker::configured(config, secrets).await?) } else { Ok(LinkMaker::default()) }
}
