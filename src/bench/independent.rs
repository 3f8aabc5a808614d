//! A reading that is not ours: `wrk` writes the same signed webhooks to the same server (Debian's package `wrk`).

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::Bed;
use super::intake::{paused, shops};
use super::orders::Orders;
use super::server::{COMMITS, NEW, Providers, SECRET, Server, ledger};
use super::table::{Table, as_f64, count, number, ratio, us_each};

const SCRIPT: &str = include_str!("wrk.lua");
/// Enough for the time below; beyond them wrk sends duplicates, which are not counted.
const WEBHOOKS: u64 = 60_000;
const SECONDS: u64 = 5;
const CONNECTIONS: [u64; 2] = [16, 64];

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = ["connections", "seconds", "new in the ledger", "accepted/s", "webhooks/commit", "CPU µs each"];
    let mut table =
        Table::new("wrk", "wrk: webhooks accepted, by another's clock; the worker has nothing to do", &columns);
    let place = bed.place()?;
    let mut first = paused(bed, &ledger(place.path())).await?;
    let (script, requests) = (place.path().join("wrk.lua"), place.path().join("requests"));
    fs::write(&script, SCRIPT)?;
    let server = Server::start(place.path(), shops(bed), &Providers::none()).await?;
    for connections in CONNECTIONS {
        let (webhooks, seconds) = (bed.amount(bed.size(500, WEBHOOKS)), bed.size(1, SECONDS));
        write(&requests, &bed.orders, first, webhooks, shops(bed))?;
        first += webhooks;
        let (before, used) = (server.figures().await?, server.used()?);
        let output = Command::new("wrk")
            .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency", "-s"])
            .arg(&script)
            .arg(format!("http://{}", server.webhooks))
            .arg("--")
            .arg(&requests)
            .stdin(Stdio::null())
            .output()
            .await
            .context("wrk cannot be run; it is in Debian's package wrk")?;
        let (used, after) = (server.used()?.since(used), server.figures().await?);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success() && !said.contains("Non-2xx"), "wrk: {said}");
        let new = after.since(&before, NEW);
        ensure!(new > 0, "no webhook came: {said}");
        table.row(vec![
            count(connections),
            count(seconds),
            count(new),
            number(ratio(as_f64(new), as_f64(seconds)), 0),
            number(ratio(as_f64(new), as_f64(after.since(&before, COMMITS))), 1),
            number(us_each(used.cpu(), new), 1),
        ]);
        for line in said.lines().map(str::trim).filter(|line| !line.is_empty()) {
            table.note(format!("{connections}: {line}"));
        }
        if new == webhooks {
            table.note(format!(
                "{connections}: all {webhooks} webhooks were sent before the time was over; the rest were duplicates"
            ));
        }
    }
    server.stop().await?;
    Ok(table)
}

fn write(path: &Path, orders: &Orders, first: u64, webhooks: u64, shops: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in first..first + webhooks {
        let request = orders.request(number % shops, number, SECRET);
        write!(file, "{:08}", request.len())?;
        file.write_all(&request)?;
    }
    Ok(file.flush()?)
}
