//! From the settings of the program to the worker's parts, over whichever ledger and queue.

use std::sync::Arc;
use std::time::Duration;

use ::lane::clock::Clock;
use ::lane::ports::{Desk, Privacy, QueueReceiver, QueueSender, Registry, Secrets, Shipping, Work};
use service::config::Config;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Accounts, ShopifySettings};
use crate::chores::Chores;
use crate::daemon::{Daemon, Parts};
use crate::jobs::order::{Orders, StartError};
use crate::lambda::Function;
use crate::lane::Lanes;
use crate::limiter::Limiter;
use crate::shipments::Shipments;

/// How long attempts under way are given at the end. The daemon's last receive may come before, 2 s at most, and all of
/// it has to fit into the 25 s that a program has to end.
const ATTEMPTS_TIME: Duration = Duration::from_secs(20);

/// What the worker needs of its backend.
#[derive(Clone)]
pub struct Ports {
    pub(crate) work: Arc<dyn Work>,
    pub(crate) shipping: Arc<dyn Shipping>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) privacy: Arc<dyn Privacy>,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) sender: Arc<dyn QueueSender>,
    pub(crate) receiver: Arc<dyn QueueReceiver>,
    pub(crate) secrets: Arc<dyn Secrets>,
}

impl Ports {
    /// All of them are this ledger and this queue.
    pub fn of<L, Q>(ledger: &Arc<L>, queue: &Arc<Q>, secrets: Arc<dyn Secrets>) -> Self
    where
        L: Work + Shipping + Registry + Privacy + Desk + 'static,
        Q: QueueSender + QueueReceiver + 'static,
    {
        Self {
            work: ledger.clone(),
            shipping: ledger.clone(),
            registry: ledger.clone(),
            privacy: ledger.clone(),
            desk: ledger.clone(),
            sender: queue.clone(),
            receiver: queue.clone(),
            secrets,
        }
    }

    /// For shops.
    pub fn registry(&self) -> Arc<dyn Registry> {
        Arc::clone(&self.registry)
    }

    /// For what people ask about their data.
    pub fn privacy(&self) -> Arc<dyn Privacy> {
        Arc::clone(&self.privacy)
    }

    /// For reads.
    pub fn desk(&self) -> Arc<dyn Desk> {
        Arc::clone(&self.desk)
    }
}

/// What works on its own while the program runs.
pub struct Workers {
    /// Works lanes.
    pub daemon: Daemon,
    /// Follows shipments.
    pub shipments: Shipments,
}

impl Workers {
    /// The workers with everything they work with. They share one limiter: both call the same accounts.
    pub fn configured(
        config: &Config,
        ports: Ports,
        limiter: Limiter,
        clock: &Arc<dyn Clock>,
        seed: u64,
    ) -> Result<Self, StartError> {
        let carry = Arc::new(orders(config, &ports, &limiter, clock)?);
        let shipments = shipments(config, &ports, &limiter, clock)?;
        let daemon = Daemon::new(Parts {
            ledger: ports.work,
            sender: ports.sender,
            receiver: ports.receiver,
            carry,
            limiter,
            clock: Arc::clone(clock),
            owner: owner(seed),
            concurrency: config.worker.concurrency(),
            drain_timeout: ATTEMPTS_TIME,
            seed,
        });
        Ok(Self { daemon, shipments })
    }
}

/// The worker as a Lambda function. Which accounts asked an earlier worker for silence is taken in first.
pub async fn function(
    config: &Config,
    ports: Ports,
    limiter: Limiter,
    clock: &Arc<dyn Clock>,
    seed: u64,
) -> Result<Function, StartError> {
    let carry = Arc::new(orders(config, &ports, &limiter, clock)?);
    let shipments = shipments(config, &ports, &limiter, clock)?;
    let lanes = Lanes::new(Arc::clone(&ports.work), carry, limiter, Arc::clone(clock), owner(seed), seed);
    lanes.recall_stops(&CancellationToken::new()).await;
    let chores = Chores::new(shipments, ports.clone(), Arc::clone(clock));
    Ok(Function::new(lanes, ports, chores, Arc::clone(clock)))
}

/// Names this worker in leases and before other workers.
pub fn owner(seed: u64) -> String {
    format!("{}-{seed:016x}", std::process::id())
}

fn orders(config: &Config, ports: &Ports, limiter: &Limiter, clock: &Arc<dyn Clock>) -> Result<Orders, StartError> {
    let (secrets, ledger) = (Arc::clone(&ports.secrets), Arc::clone(&ports.work));
    let (accounts, shopify) = (Accounts::configured(config), ShopifySettings::configured(config));
    Orders::new(accounts, shopify, secrets, limiter.clone(), Arc::clone(clock), ledger)
}

fn shipments(
    config: &Config,
    ports: &Ports,
    limiter: &Limiter,
    clock: &Arc<dyn Clock>,
) -> Result<Shipments, StartError> {
    let Ports { shipping, registry, sender, secrets, .. } = ports.clone();
    let accounts = Accounts::configured(config);
    Shipments::new(accounts, secrets, limiter.clone(), Arc::clone(clock), shipping, registry, sender)
}
