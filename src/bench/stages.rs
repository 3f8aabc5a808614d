//! Where a webhook's time goes: each stage alone in a loop with the same body, and the rest by difference from what the
//! server used.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lane::ports::{Intake, LedgerError, Notice, QueueError, QueueSender, Recorded};
use lane::wake_up::Envelope;
use lane::webhook::Webhook;
use simulators::orders::{headers, sign};

use super::Bed;
use super::fill::{Filling, webhook};
use super::intake::cpu_of_server;
use super::machine::{Used, own_cpu, thread_cpu};
use super::orders::{FIRST, domain};
use super::server::{COMMITS, SECRET, ledger};
use super::table::{Table, as_f64, number, ratio, us_each};

/// Callers of the ledger at the same time.
const AT_ONCE: usize = 64;

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let times = bed.size(50, 5_000);
    let body = Bytes::from(bed.orders.body(FIRST));
    let hmac = each(times, || {
        black_box(sign(black_box(&body), SECRET));
        Ok(())
    })?;
    let compress = each(times, || {
        black_box(backend::bodies::compress(black_box(&body)));
        Ok(())
    })?;
    let handler = handler(bed, times).await?;
    let recorded = record(bed, bed.amount(bed.size(200, 20_000))).await?;
    let server = cpu_of_server(bed).await?;
    let mut table =
        Table::new("stages", "Where a webhook's CPU time goes", &["stage", "CPU µs each", "of the server's %"]);
    let rest = server - handler - recorded.all;
    for (stage, us) in [
        ("HMAC over the body", hmac),
        ("parse: hash, JSON, fingerprint, answer", handler - hmac),
        ("compress", compress),
        ("the writer thread: rows, commit, sync", recorded.writer),
        ("handing to the writer and back", recorded.all - recorded.writer - compress),
        ("HTTP, sockets, log line, scheduling (the rest)", rest),
        ("the server, 64 connections, worker idle", server),
    ] {
        table.row(vec![stage.into(), number(us, 1), number(100.0 * ratio(us, server), 0)]);
    }
    let bytes = backend::bodies::compress(&body).len();
    table.note(format!(
        "a body of {} bytes is {bytes} compressed; {:.1} webhooks a commit in this process",
        body.len(),
        recorded.per_commit
    ));
    Ok(table)
}

/// CPU microseconds of one call on this thread.
fn each(times: u64, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = thread_cpu();
    for _ in 0..times {
        call()?;
    }
    Ok(us_each(thread_cpu().saturating_sub(before), times))
}

/// Forgets everything at once.
struct Oblivion;

#[async_trait]
impl Intake for Oblivion {
    async fn record(&self, _: Webhook) -> Result<Recorded, LedgerError> {
        Ok(Recorded::Unchanged)
    }

    async fn notice(&self, _: &Notice) -> Result<(), LedgerError> {
        Ok(())
    }
}

#[async_trait]
impl QueueSender for Oblivion {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        Ok(())
    }
}

/// The handler without HTTP in front of it and without a ledger behind it.
async fn handler(bed: &Bed, times: u64) -> anyhow::Result<f64> {
    let settings = handler::Settings::new(vec![SECRET.into()])?;
    let router: Router = handler::router(settings, Arc::new(Oblivion), Arc::new(Oblivion), Arc::clone(&bed.clock));
    let service = TowerToHyperService::new(router);
    let requests: Vec<_> = (FIRST..FIRST + times).map(|number| request(bed, number)).collect::<anyhow::Result<_>>()?;
    let before = own_cpu();
    for request in requests {
        let answer = service.call(request).await?;
        ensure!(answer.status() == 200, "the handler answered {}", answer.status());
    }
    Ok(us_each(own_cpu().saturating_sub(before), times))
}

fn request(bed: &Bed, number: u64) -> anyhow::Result<Request<Body>> {
    let body = bed.orders.body(number);
    let id = number.to_string();
    let signed = headers("orders/create", &domain(0), &id, &id, sign(body.as_bytes(), SECRET));
    let request = signed
        .into_iter()
        .fold(Request::post("/webhooks/shopify"), |request, (name, value)| request.header(name, value));
    request.body(Body::from(body)).context("a request cannot be made")
}

/// What recording costs.
struct InLedger {
    all: f64,
    writer: f64,
    per_commit: f64,
}

/// The ledger alone, called by many at once.
async fn record(bed: &Bed, times: u64) -> anyhow::Result<InLedger> {
    let (place, shops) = (bed.place()?, 200);
    let mut filling = Filling::open(&ledger(place.path()), &bed.clock)?;
    filling.shops(shops, 1).await?;
    filling.jobs(2 * shops, shops).await?;
    let first = filling.next;
    let webhooks: Vec<Webhook> = (first..first + times)
        .map(|number| webhook(number % shops, number, Some(Bytes::from(bed.orders.body(number))), bed.clock.now()))
        .collect();
    // The threads of the bodies' making come to rest.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let process = std::process::id();
    let (cpu, used, counted) = (own_cpu(), Used::of(process)?, bed.counted());
    stream::iter(webhooks)
        .map(|webhook| filling.ledger.record(webhook))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let (cpu, writer) = (own_cpu().saturating_sub(cpu), Used::of(process)?.since(used).writer);
    let commits = bed.counted().since(&counted, COMMITS);
    Ok(InLedger {
        all: us_each(cpu, times),
        writer: us_each(writer, times),
        per_commit: ratio(as_f64(times), as_f64(commits)),
    })
}
