//! From settings to the parts of the program.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backend::embedded::ledger::Ledger;
use backend::embedded::queue::Queue;
use handler::Warehouse;
use lane::clock::Clock;
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::daemon::{Daemon, Parts};
use worker::jobs::order::Orders;
use worker::limiter::Limiter;
use worker::shipments::Shipments;

use crate::config::{Config, Problems, Provider};

/// How long attempts under way are given at the end. The daemon's last receive may come before, 2 s at most, and all of
/// it has to fit into [`super::DRAIN`].
const ATTEMPTS_TIME: Duration = Duration::from_secs(20);

/// Reads the handler's secrets, and looks whether the accounts' are there, although the worker reads those anew with
/// each call: a start with a missing secret would only pause lanes. All that are missing are told at once.
pub(super) fn handler_settings(config: &Config) -> anyhow::Result<handler::Settings> {
    let mut problems = Vec::new();
    let mut read = |place: &str, reference| match worker::secrets::read(reference) {
        Ok(secret) => Some(secret),
        Err(error) => {
            problems.push(format!("{place}: {error}"));
            None
        }
    };
    let shopify = config.webhooks.shopify_secrets.iter();
    let shopify: Vec<_> = shopify.filter_map(|reference| read("[webhooks] shopify_secrets", reference)).collect();
    let mut warehouses = BTreeMap::new();
    for (name, account) in &config.accounts {
        let place = |key: &str| format!("[accounts.{}] {key}", name.as_str());
        read(&place("key"), &account.key);
        read(&place("secret"), &account.secret);
        let notified = account.notify_secret.as_ref().and_then(|reference| read(&place("notify_secret"), reference));
        if let Some(secret) = notified {
            let warehouse = Warehouse { account: account.id(name), secret, host: account.base_url.host() };
            warehouses.insert(name.as_str().to_owned(), warehouse);
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    Ok(handler::Settings::new(shopify)?.with_warehouses(warehouses)?)
}

/// The warehouse accounts as the worker knows them.
pub(super) fn accounts(config: &Config) -> Accounts {
    Accounts::of(config.accounts.iter().map(|(name, account)| match account.provider {
        Provider::ShipStation => ShipStationAccount {
            id: account.id(name),
            base_url: account.base_url.as_str().to_owned(),
            key: account.key.clone(),
            secret: account.secret.clone(),
            per_minute: account.per_minute.get(),
        },
    }))
}

/// What works on its own while the program runs.
pub(super) struct Workers {
    pub(super) daemon: Daemon,
    pub(super) shipments: Shipments,
}

/// The workers with everything they work with. They share one limiter: both call the same accounts.
pub(super) fn workers(
    config: &Config,
    ledger: &Ledger,
    queue: &Queue,
    clock: &Arc<dyn Clock>,
    seed: u64,
) -> anyhow::Result<Workers> {
    let limiter = Limiter::new(Arc::clone(clock));
    let shared = Arc::new(ledger.clone());
    let shopify = ShopifySettings {
        base_url: config.shopify.base_url.as_str().to_owned(),
        api_version: config.shopify.api_version.as_str().to_owned(),
    };
    let orders = Orders::new(accounts(config), shopify, limiter.clone(), Arc::clone(clock), shared.clone())?;
    let shipments = Shipments::new(
        accounts(config),
        limiter.clone(),
        Arc::clone(clock),
        shared.clone(),
        shared.clone(),
        Arc::new(queue.clone()),
    )?;
    let daemon = Daemon::new(Parts {
        ledger: shared,
        sender: Arc::new(queue.clone()),
        receiver: Arc::new(queue.clone()),
        carry: Arc::new(orders),
        limiter,
        clock: Arc::clone(clock),
        owner: format!("{}-{seed:016x}", std::process::id()),
        concurrency: config.worker.concurrency(),
        drain_timeout: ATTEMPTS_TIME,
        seed,
    });
    Ok(Workers { daemon, shipments })
}
