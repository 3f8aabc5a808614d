//! The program: ledger, queue, daemon, handler, review and socket in one process, and what goes on beside them: following
//! shipments, carrying redactions out, housekeeping.
//!
//! [`Program::start`] refuses before it serves: what is missing, damaged or taken is told in words, and nothing is
//! half up. [`Program::run`] serves until it is asked to stop, then drains; or until a part ends that must not.

mod log_length;
mod boots;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use backend::embedded::ledger::{Boot, LOG_PAGES, Ledger, Origin};
use backend::embedded::queue::{self, Queue};
use backend::secrets::Local;
use lane::clock::Clock;
use lane::id::AccountId;
use metrics_exporter_prometheus::PrometheusHandle;
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::configured::Workers;
use worker::housekeeping;
use worker::limiter::Limiter;
use worker::redactions::Redactions;

use crate::config::Config;
use crate::control::{LinkMaker, Office, Ports, Socket};
use crate::figures::{self, LogBytes};
use crate::health::{self, Health};
use crate::serve::{Limits, listen, serve};
use log_length::log_bytes;

/// How long requests and attempts in progress are given at the end. Orchestrators kill after 30 s; the longest
/// provider call takes less than this.
const DRAIN: Duration = Duration::from_secs(25);

/// How long answers in progress get once the ledger has stopped: none of them can succeed any more.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// The ids of the warehouse accounts that shops may choose.
pub(crate) fn warehouses(config: &Config) -> BTreeSet<AccountId> {
    config.accounts.iter().map(|(name, account)| account.id(name)).collect()
}

/// Where the program listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) webhooks: SocketAddr,
    pub(crate) review: SocketAddr,
}

/// Everything open, nothing served yet.
pub(crate) struct Program {
    ledger: Ledger,
    file: PathBuf,
    log_pages: u32,
    queue: Queue,
    workers: Workers,
    office: Arc<Office>,
    socket: Socket,
    handler: handler::Settings,
    pages: review::Settings,
    webhooks: TcpListener,
    review: TcpListener,
    addresses: Addresses,
    counts: PrometheusHandle,
    clock: Arc<dyn Clock>,
    chance: StdRng,
}

/// What a part of the program was, when it ended.
type Ended = &'static str;

impl Program {
    /// Opens everything. The ledger comes before the ports, so that a second start says that there is a first one.
    pub(crate) async fn start(
        config: &Config,
        origin: Origin,
        counts: PrometheusHandle,
        clock: Arc<dyn Clock>,
        mut chance: StdRng,
    ) -> anyhow::Result<Self> {
        let place = config.machine()?;
        let log_pages = place.log_pages().unwrap_or(LOG_PAGES);
        let handler = handler::Settings::configured(config, &Local).await?;
        let links = LinkMaker::configured(config, &Local).await?;
        let pages = review::Settings { links: links.links(), ..review::Settings::default() };
        let boot = Boot { id: boots::fresh(&mut chance), origin };
        let ledger = Ledger::boot(&place.path, &boot, log_pages, clock.as_ref())?;
        let webhooks = listen("[webhooks] listen", config.webhooks.listen).await?;
        let review = listen("[review] listen", config.review.listen).await?;
        let addresses = Addresses { webhooks: webhooks.local_addr()?, review: review.local_addr()? };
        let socket = Socket::open(place.socket())?;
        let queue = Queue::new(lane::id::Queue::Orders, Arc::clone(&clock), queue::Settings::default());
        let (shared, message_queue) = (Arc::new(ledger.clone()), Arc::new(queue.clone()));
        let ports = worker::configured::Ports::of(&shared, &message_queue, Arc::new(Local));
        let workers = Workers::configured(config, ports, Limiter::new(Arc::clone(&clock)), &clock, chance.next_u64())?;
        let (ports, chance_of_office) = (Ports::of(&shared), StdRng::from_rng(&mut chance));
        let office = Office::new(ports, warehouses(config), Arc::new(Local), Arc::clone(&clock), chance_of_office);
        let office = Arc::new(office.with_links(links.listening_at(addresses.review)));
        let file = place.path.clone();
        Ok(Self {
            ledger,
            file,
            log_pages,
            queue,
            workers,
            office,
            socket,
            handler,
            pages,
            webhooks,
            review,
            addresses,
            counts,
            clock,
            chance,
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The ledger, for whoever shares the process.
    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// Where commands are carried out, for whoever shares the process.
    pub(crate) fn office(&self) -> Arc<Office> {
        Arc::clone(&self.office)
    }

    /// Serves until `stop`, then drains. An error if a part ended that must not.
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let ledger = self.ledger.clone();
        let stopping = stop.child_token();
        let mut parts = self.spawn(&stopping);
        let fault = tokio::select! {
            // Being asked to stop ends the parts, too; it has to be looked at first.
            biased;
            () = stop.cancelled() => None,
            words = ledger.stopped() => Some(format!(
                "the ledger has stopped ({words}); nothing that was answered is lost, start the program again"
            )),
            ended = parts.join_next() => Some(match ended {
                Some(Ok(part)) => format!("{part} ended, although nobody asked it to"),
                Some(Err(error)) => format!("a part of the program failed: {error}"),
                None => "the program has no parts".to_owned(),
            }),
        };
        stopping.cancel();
        let time = if fault.is_some() { LAST_ANSWERS } else { DRAIN };
        let drained = tokio::time::timeout(time, async { while parts.join_next().await.is_some() {} }).await;
        match (fault, drained) {
            (Some(fault), _) => bail!(fault),
            (None, Ok(())) => tracing::info!("everything that was begun is finished; the program ends"),
            (None, Err(_)) => tracing::warn!(
                drain_s = DRAIN.as_secs(),
                "not everything was finished in time; the next start goes on from the ledger"
            ),
        }
        Ok(())
    }

    fn spawn(self, stop: &CancellationToken) -> JoinSet<Ended> {
        let ledger = Arc::new(self.ledger);
        let receiver_ended = CancellationToken::new();
        let health = health::router(Health {
            desk: ledger.clone(),
            stopping: stop.clone(),
            receiver_ended: receiver_ended.clone(),
        });
        let sender = Arc::new(self.queue);
        let handler = handler::router(self.handler, ledger.clone(), sender.clone(), Arc::clone(&self.clock))
            .merge(health.clone());
        let file = self.file.clone();
        let of_log: LogBytes = Box::new(move || log_bytes(&file));
        let review = review::router(ledger.clone(), sender.clone(), Arc::clone(&self.clock), self.pages)
            .merge(health)
            .merge(figures::router(self.counts.clone(), &ledger, Some(of_log), Arc::clone(&self.clock)));
        let mut parts = JoinSet::new();
        let (webhooks, people, socket) = (self.webhooks, self.review, self.socket);
        let token = || stop.clone();
        let (at_webhooks, at_review, at_socket, at_daemon) = (token(), token(), token(), token());
        parts.spawn(async move {
            serve(webhooks, handler, Limits::USUAL, at_webhooks).await;
            "the listener of webhooks"
        });
        parts.spawn(async move {
            serve(people, review, Limits::USUAL, at_review).await;
            "the listener of the review page"
        });
        let office = self.office;
        parts.spawn(async move {
            socket.serve(office, sender, at_socket).await;
            "the control socket"
        });
        let (daemon, shipments, at_shipments) = (self.workers.daemon, self.workers.shipments, token());
        parts.spawn(async move {
            shipments.run(&at_shipments).await;
            "the following of shipments"
        });
        parts.spawn(async move {
            let _guard = receiver_ended.drop_guard();
            daemon.run(at_daemon).await;
            "the worker's daemon"
        });
        let (counts, at_folding) = (self.counts, token());
        parts.spawn(async move {
            figures::fold(&counts, &at_folding).await;
            "the folding of figures"
        });
        parts.spawn(log_length::watch(self.file, self.log_pages, token()));
        let (redactions, at_redactions) = (Redactions::new(ledger.clone(), Arc::clone(&self.clock)), token());
        parts.spawn(async move {
            redactions.run(&at_redactions).await;
            "the carrying out of privacy requests"
        });
        parts.spawn(boots::renew(ledger.clone(), Arc::clone(&self.clock), self.chance, token()));
        let (clock, at_housekeeping) = (self.clock, token());
        parts.spawn(async move {
            housekeeping::run(ledger.as_ref(), clock.as_ref(), &at_housekeeping).await;
            "the housekeeping"
        });
        parts
    }
}
