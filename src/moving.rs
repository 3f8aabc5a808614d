//! `lanekeeper export`, `import` and `restored`: a ledger moves from its file into a table, and a table that is a backup is
//! told so.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use backend::aws::ledger::Import;
use backend::embedded::ledger;
use backend::moving::{Kind, Record, Sums};
use clap::Args;
use lane::clock::Clock;
use lane::id::ShopId;
use rand::RngCore as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::config::{Config, Home};
use crate::shop::Settings;
use crate::{aws, say};

/// Records between two words about how far an import came.
const TOLD_EACH: u64 = 50_000;

/// Longer than anything takes that began to write to the table before it was marked.
const QUIET: Duration = Duration::from_secs(25);

/// How an export is made.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Give the ledger back to the file, if it was exported and nothing else has begun to work with it.
    #[arg(long)]
    call_off: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Writes the ledger of a file to standard output. From then on the file is used for nothing else.
pub(crate) fn export(export: &Export, config: &Config, clock: &dyn Clock, chance: &mut StdRng) -> anyhow::Result<()> {
    let path = &config.machine()?.path;
    if export.call_off {
        match ledger::call_off(path, clock)? {
            Some(since) => say::line(format_args!(
                "the ledger, which was exported at {since}, is {}'s again. Delete what was exported: whoever imports it later \
                 has old orders carried out once more",
                path.display()
            )),
            None => say::line("the ledger was not exported; nothing has changed"),
        };
        return Ok(());
    }
    let out = std::io::stdout();
    if out.is_terminal() {
        bail!(
            "the export holds customers' names and addresses, hashes of operators' tokens and the warehouse's secret \
             addresses: write it to a file that only you can read (umask 077; lanekeeper export > moved.jsonl), or straight \
             to `lanekeeper import`"
        );
    }
    let mut out = BufWriter::new(out.lock());
    let id = format!("{:016x}", chance.next_u64());
    let sums = ledger::export(path, &id, clock, &mut |record| {
        serde_json::to_writer(&mut out, record)?;
        out.write_all(b"\n")
    })?;
    out.flush().context("the export cannot be written to its end; export again")?;
    say::aside(format_args!(
        "exported: {}. {} is used for nothing else from now on. Only if `lanekeeper import` never ended well, and never will: \
         lanekeeper export --call-off",
        words(&sums),
        path.display()
    ));
    Ok(())
}

/// Takes the ledger on standard input into the table.
pub(crate) async fn import(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<()> {
    let Home::Aws(settings) = &config.home else {
        bail!(
            "these settings keep the ledger in a file ([ledger]); an export is imported into a table ([aws]). A file moves \
             by being copied"
        );
    };
    let ledger = aws::ledger(settings).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut import: Option<Import> = None;
    while let Some(line) = lines.next_line().await.context("the export cannot be read")? {
        // What cannot be read is not quoted: it is somebody's address.
        let record: Record = serde_json::from_str(&line).map_err(|_| match &import {
            None => anyhow::anyhow!("standard input is no export; give it what `lanekeeper export` wrote"),
            Some(import) => import.cut_off().into(),
        })?;
        match &mut import {
            None => import = Some(ledger.import(&record, QUIET, clock.now()).await?),
            Some(import) => {
                if let Some(sums) = import.take(record).await? {
                    tell_end(&sums, import.without_token());
                    return Ok(());
                }
                if import.records() % TOLD_EACH == 0 {
                    say::aside(format_args!("{} records are there", import.records()));
                }
            }
        }
    }
    match import {
        Some(import) => Err(import.cut_off().into()),
        None => bail!("standard input is empty; give it what `lanekeeper export` wrote"),
    }
}

fn tell_end(sums: &Sums, without_token: &[ShopId]) {
    say::line(format_args!("imported: {}. Orders go on from there within a minute", words(sums)));
    for shop in without_token {
        say::line(format_args!(
            "{shop}: its token is in an environment variable or a file of the old machine, and its lane pauses where the \
             worker cannot read it. Say where it is now with `lanekeeper shop add --id {shop} --replace --token ssm:…` and \
             all its other terms as they were (--terms, --hold-…): what is left out is as if it had never been said"
        ));
    }
}

/// Says that the table is a backup.
pub(crate) async fn restored(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<()> {
    let Home::Aws(settings) = &config.home else {
        bail!(
            "these settings keep the ledger in a file ([ledger]); start once with `lanekeeper up --restored` instead"
        );
    };
    let jobs = aws::ledger(settings).await?.restored(clock.now()).await?;
    say::line(format_args!(
        "{jobs} orders are looked up at the warehouse before anything is written there, and so is whatever is new to the \
         table in the next thirty days"
    ));
    Ok(())
}

/// What there was of the kinds that people know.
fn words(sums: &Sums) -> String {
    let kinds =
        [(Kind::Shop, "shops"), (Kind::Operator, "operators"), (Kind::Job, "orders"), (Kind::Webhook, "webhooks")];
    let counted = kinds.map(|(kind, word)| format!("{} {word}", sums.get(&kind).copied().unwrap_or_default()));
    counted.join(", ")
}
