//! From settings to the parts of the program.

use std::sync::Arc;
use std::time::Duration;

use backend::embedded::ledger::Ledger;
use backend::embedded::queue::Queue;
use lane::clock::Clock;
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::daemon::{Daemon, Parts};
use worker::jobs::order::Orders;
use worker::limiter::Limiter;

use crate::config::{Config, Problems, Provider};

/// How long attempts under way are given at the end. The daemon's last receive may come before, 2 s at most, and all of
/// it has to fit into [`super::DRAIN`].
const ATTEMPTS_TIME: Duration = Duration::from_secs(20);

/// Reads the handler's secrets, and looks whether the accounts' are there, although the worker reads those anew with
/// each call: a start with a missing secret would only pause lanes. All that are missing are told at once.
pub(super) fn handler_settings(config: &Config) -> anyhow::Result<handler::Settings> {
    let mut problems = Vec::new();
    let mut secrets = Vec::new();
    for reference in &config.webhooks.shopify_secrets {
        match worker::secrets::read(reference) {
            Ok(secret) => secrets.push(secret),
            Err(error) => problems.push(format!("[webhooks] shopify_secrets: {error}")),
        }
    }
    for (name, account) in &config.accounts {
        for (key, reference) in [("key", &account.key), ("secret", &account.secret)] {
            if let Err(error) = worker::secrets::read(reference) {
                problems.push(format!("[accounts.{}] {key}: {error}", name.as_str()));
            }
        }
    }
    if problems.is_empty() { Ok(handler::Settings::new(secrets)?) } else { Err(Problems(problems).into()) }
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

/// The daemon with everything it works with.
pub(super) fn daemon(
    config: &Config,
    ledger: &Ledger,
    queue: &Queue,
    clock: &Arc<dyn Clock>,
    seed: u64,
) -> anyhow::Result<Daemon> {
    let limiter = Limiter::new(Arc::clone(clock));
    let shopify = ShopifySettings {
        base_url: config.shopify.base_url.as_str().to_owned(),
        api_version: config.shopify.api_version.as_str().to_owned(),
    };
    let orders = Orders::new(accounts(config), shopify, limiter.clone(), Arc::clone(clock))?;
    Ok(Daemon::new(Parts {
        ledger: Arc::new(ledger.clone()),
        sender: Arc::new(queue.clone()),
        receiver: Arc::new(queue.clone()),
        carry: Arc::new(orders),
        limiter,
        clock: Arc::clone(clock),
        owner: format!("{}-{seed:016x}", std::process::id()),
        concurrency: config.worker.concurrency.get(),
        drain_timeout: ATTEMPTS_TIME,
        seed,
    }))
}
