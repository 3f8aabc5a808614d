//! `lanekeeper bench`: how fast this machine is with this program, and where the time goes.
//!
//! The server under test is the real program in a process of its own; the load and the providers share the machine with it.
//! Figures that can do without HTTP are taken in this process. Nothing is asserted about time; what must hold whatever the
//! time is checked everywhere: every webhook that was answered 200 is in the ledger, every job is done once.

mod table;
mod machine;
mod orders;
mod fill;
mod server;
mod load;
mod lean;
mod protocol;
mod one_call;
mod stages;
mod intake;
mod independent;
mod jobs;
mod scale;
mod fairness;
mod limiting;
mod size;
mod pages;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use lane::clock::Clock;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::{figures, say};
use orders::Orders;
use server::Figures;
use table::Table;

/// Measures speed. Takes some minutes; with --quick some seconds, and its figures mean little then.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What is measured.
    #[arg(value_enum, default_value = "all")]
    part: Part,
    /// Everything small: for trying whether it works.
    #[arg(long)]
    quick: bool,
    /// So many percent of the usual webhooks and jobs: for a machine that is busy with something else.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100))]
    percent: u64,
    /// Where the ledgers lie; a temporary folder unless named. The disk below it is what commits wait for.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Writes the figures as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Webhooks accepted a second.
    Intake,
    /// Webhooks accepted a second as `wrk` counts them, which has to be installed; only if asked for.
    Wrk,
    /// Where a webhook's time goes.
    Stages,
    /// Jobs carried out a second.
    Jobs,
    /// Cost in ledgers of different sizes.
    Scale,
    /// Whether a shop with very many orders keeps the others waiting.
    Fairness,
    /// Whether a limit is kept and used.
    Limiter,
    /// Memory, file and start.
    Size,
    /// How long the review desk's pages take.
    Pages,
    /// All of them.
    All,
}

/// What the parts share.
struct Bed {
    quick: bool,
    percent: u64,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    orders: Orders,
    /// Counts what happens in this process.
    counts: PrometheusHandle,
}

impl Bed {
    /// One of two sizes.
    fn size<T>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// So many webhooks or jobs, or the share that was asked for.
    fn amount(&self, usual: u64) -> u64 {
        if self.quick { usual } else { (usual * self.percent / 100).max(1) }
    }

    /// An empty folder for one measurement, gone when dropped.
    fn place(&self) -> anyhow::Result<tempfile::TempDir> {
        Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(&self.folder)?)
    }

    /// What this process has counted.
    fn counted(&self) -> Figures {
        Figures::read(&self.counts.render())
    }
}

/// Measures, and prints each table as soon as it is there.
pub(crate) async fn run(bench: Bench, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new().prefix("lanekeeper-bench-").tempdir()?;
    let folder = bench.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let orders = Orders::placed(clock.now());
    let (folder, counts) = (folder.canonicalize()?, figures::start()?);
    let bed = Bed { quick: bench.quick, percent: bench.percent, folder, clock, orders, counts };
    let mut tables = Vec::new();
    let mut tell = |table: Table| {
        say::line(table.shown());
        tables.push(table.data());
    };
    let wanted = |part| bench.part == part || bench.part == Part::All;
    tell(machine::look(&bed.folder, bed.size(50, 2000))?);
    if wanted(Part::Intake) {
        intake::measure(&bed, &mut tell).await?;
    }
    if bench.part == Part::Wrk {
        tell(independent::measure(&bed).await?);
    }
    if wanted(Part::Stages) {
        tell(stages::measure(&bed).await?);
    }
    if wanted(Part::Jobs) {
        jobs::measure(&bed, &mut tell).await?;
    }
    if wanted(Part::Scale) {
        tell(scale::measure(&bed).await?);
    }
    if wanted(Part::Fairness) {
        tell(fairness::measure(&bed).await?);
    }
    if wanted(Part::Limiter) {
        tell(limiting::measure(&bed).await?);
    }
    if wanted(Part::Size) {
        tell(size::measure(&bed).await?);
    }
    if wanted(Part::Pages) {
        tell(pages::measure(&bed).await?);
    }
    if let Some(path) = &bench.json {
        write(
            path,
            &json!({"version": env!("CARGO_PKG_VERSION"), "quick": bench.quick, "percent": bench.percent, "tables": tables}),
        )?;
    }
    Ok(())
}

fn write(path: &Path, data: &serde_json::Value) -> anyhow::Result<()> {
    Ok(std::fs::write(path, serde_json::to_vec_pretty(data)?)?)
}
