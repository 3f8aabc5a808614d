//! From the settings of the program to the handler's own.

use std::collections::BTreeMap;

use lane::ports::Secrets;
use lane::shop::SecretRef;
use secrecy::SecretString;
use service::config::{Config, Problems};

use crate::settings::{InvalidSettings, Settings, Warehouse};

/// Why the handler cannot be what the settings say.
#[derive(Debug, thiserror::Error)]
pub enum NotConfigured {
    /// Secrets are missing; all that are.
    #[error(transparent)]
    Secrets(#[from] Problems),
    /// One cannot be used.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
}

/// Secrets on their way in, and those that did not come.
struct Reading<'a> {
    secrets: &'a dyn Secrets,
    problems: Vec<String>,
}

impl Reading<'_> {
    async fn read(&mut self, place: &str, reference: &SecretRef) -> Option<SecretString> {
        match self.secrets.read(reference).await {
            Ok(secret) => Some(secret),
            Err(error) => {
                self.problems.push(format!("{place}: {error}"));
                None
            }
        }
    }
}

impl Settings {
    /// Reads the handler's secrets, and looks whether the accounts' are there, although the worker reads those anew with
    /// each call: a start with a missing secret would only pause lanes. All that are missing are told at once.
    pub async fn configured(config: &Config, secrets: &dyn Secrets) -> Result<Self, NotConfigured> {
        let mut reading = Reading { secrets, problems: Vec::new() };
        let mut shopify = Vec::new();
        for reference in &config.webhooks.shopify_secrets {
            shopify.extend(reading.read("[webhooks] shopify_secrets", reference).await);
        }
        let mut warehouses = BTreeMap::new();
        for (name, account) in &config.accounts {
            let place = |key: &str| format!("[accounts.{}] {key}", name.as_str());
            reading.read(&place("key"), &account.key).await;
            reading.read(&place("secret"), &account.secret).await;
            let Some(reference) = &account.notify_secret else { continue };
            if let Some(secret) = reading.read(&place("notify_secret"), reference).await {
                let warehouse = Warehouse { account: account.id(name), secret, host: account.base_url.host() };
                warehouses.insert(name.as_str().to_owned(), warehouse);
            }
        }
        if !reading.problems.is_empty() {
            return Err(Problems(reading.problems).into());
        }
        Ok(Self::new(shopify)?.with_warehouses(warehouses)?)
    }
}
