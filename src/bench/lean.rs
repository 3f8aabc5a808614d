//! Providers that answer at once and check nothing, so that what is measured is the server: Shopify with an order made from
//! one answer of the simulator's, ShipStation with what it was sent.
//!
//! The first fetch goes to the simulator, as it came; its answer is the pattern of all others. ShipStation's headers name no
//! limits, and each account has a path of its own.

mod http;
mod shipstation;
mod taker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use lane::clock::Clock;
use simulators::{Shopify, shopify};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::orders::{FIRST, Orders, Pattern, domain, id_of};
use super::server::Providers;
use http::{Request, read_request, respond, serve};
use shipstation::Warehouse;

pub(super) use taker::Taker;

/// The order's id as the query names it.
const GID: &str = "gid://shopify/Order/";
/// Digits of an order's number, which its id ends with.
const DIGITS: usize = 7;

/// Both providers on one port.
pub(super) struct Lean {
    address: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
}

struct State {
    /// Asked once; it knows one shop with one order.
    simulator: Shopify,
    pattern: OnceCell<Pattern>,
    warehouse: Warehouse,
    calls: AtomicU64,
}

impl Lean {
    /// Serves on a thread of its own.
    pub(super) async fn start(orders: &Orders, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let limits =
            shopify::Settings { maximum_available: 1_000_000, restore_rate: 1_000_000, ..shopify::Settings::default() };
        let simulator = Shopify::start(([127, 0, 0, 1], 0).into(), limits, Arc::clone(clock)).await?;
        simulator.add_shop(&domain(0), "a token");
        simulator.load_order(&domain(0), orders.first().clone())?;
        let (pattern, warehouse, calls) = (OnceCell::new(), Warehouse::default(), AtomicU64::new(0));
        let state = Arc::new(State { simulator, pattern, warehouse, calls });
        let stop = CancellationToken::new();
        let serving = Arc::clone(&state);
        let address = serve(stop.clone(), move |stream| converse(stream, Arc::clone(&serving)))?;
        Ok(Self { address, state, stop })
    }

    pub(super) fn providers(&self) -> Providers {
        Providers {
            shopify: format!("http://{}/{{domain}}", self.address),
            shipstation: format!("http://{}/{{account}}", self.address),
        }
    }

    /// Calls that came.
    pub(super) fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::Relaxed)
    }

    /// Orders that were created; an error if one was created twice.
    pub(super) fn created(&self) -> anyhow::Result<u64> {
        let (created, keys) = self.state.warehouse.created();
        ensure!(created == keys, "{created} orders were created under {keys} keys");
        Ok(created)
    }
}

impl Drop for Lean {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A caller that goes away, or sends what is no HTTP, ends its connection and nothing else.
async fn converse(mut stream: TcpStream, state: Arc<State>) -> anyhow::Result<()> {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        state.calls.fetch_add(1, Ordering::Relaxed);
        let answer = match &request {
            Request { path, body, .. } if path.ends_with("/graphql.json") => state.order(path, body).await?,
            request => state.warehouse.answer(request)?,
        };
        respond(&mut stream, &answer).await?;
    }
    Ok(())
}

impl State {
    async fn order(&self, path: &str, query: &str) -> anyhow::Result<String> {
        let id = query.find(GID).map(|at| &query[at + GID.len()..]).context("the query names no order")?;
        let id = id.split_once('"').context("the query names no order")?.0;
        let number = id.get(id.len().saturating_sub(DIGITS)..).unwrap_or_default().parse()?;
        let pattern =
            self.pattern.get_or_try_init(|| self.ask(path, query.replace(id, &id_of(FIRST).to_string()))).await?;
        Ok(pattern.with(number))
    }

    /// What the simulator answers, with numbers of their own also for the parts, which it counts.
    async fn ask(&self, path: &str, query: String) -> anyhow::Result<Pattern> {
        let version = path.split_once("/admin/").context("the path is none of Shopify's")?.1;
        let url = format!("{}/{}/admin/{version}", self.simulator.origin(), domain(0));
        let client = reqwest::Client::builder().no_proxy().build()?;
        let request =
            client.post(url).header("X-Shopify-Access-Token", "a token").header("content-type", "application/json");
        let text = request.body(query).send().await?.error_for_status()?.text().await?;
        ensure!(text.contains("\"lineItems\""), "the simulator did not answer with the order: {text}");
        let parts = ["FulfillmentOrder/", "FulfillmentOrderLineItem/"];
        Ok(Pattern::of(&parts.iter().fold(text, |text, part| text.replace(part, &format!("{part}{FIRST}")))))
    }
}
