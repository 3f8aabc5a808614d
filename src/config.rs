//! The settings: one TOML file, a file here per concern, and a short list of environment variables that override it.
//!
//! Nothing is guessed: an unknown key, a missing section and a secret written out are problems that name the place.
//! Each section is read by itself, so that all problems are told at once. Secrets are only ever named in the file
//! (`env:NAME`, `file:PATH`); they are read by whoever starts the services.

mod count;
mod ledger;
mod listeners;
mod address;
mod shopify;
mod account;
mod worker;
mod log;
mod secret;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

pub(crate) use account::{Account, AccountName, Provider};
pub(crate) use ledger::Ledger;
pub(crate) use listeners::{Review, Webhooks};
pub(crate) use log::{Format, Log, judge_level};
pub(crate) use shopify::Shopify;
pub(crate) use worker::Worker;

/// Overrides `[ledger] path`.
pub(crate) const LEDGER: &str = "LANEKEEPER_LEDGER";
/// Overrides `[webhooks] listen`.
pub(crate) const WEBHOOKS_LISTEN: &str = "LANEKEEPER_WEBHOOKS_LISTEN";
/// Overrides `[review] listen`.
pub(crate) const REVIEW_LISTEN: &str = "LANEKEEPER_REVIEW_LISTEN";
/// Overrides `[log] format`.
pub(crate) const LOG_FORMAT: &str = "LANEKEEPER_LOG_FORMAT";

/// The sections a file may have.
const SECTIONS: [&str; 7] = ["ledger", "webhooks", "review", "shopify", "accounts", "worker", "log"];

/// Looks up an environment variable. An argument, so that tests need not change the process.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub(crate) fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// All settings.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) ledger: Ledger,
    pub(crate) webhooks: Webhooks,
    pub(crate) review: Review,
    pub(crate) shopify: Shopify,
    pub(crate) accounts: BTreeMap<AccountName, Account>,
    pub(crate) worker: Worker,
    pub(crate) log: Log,
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Reads the file at `path` and the overrides.
    pub(crate) fn load(path: &Path, env: Env<'_>) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problems(vec![format!(
                "{name} cannot be read: {error}; copy lanekeeper.example.toml, or name the file with --config"
            )])
        })?;
        Self::read(&text, &name, env)
    }

    /// Reads settings from `text`, which is called `name` in problems.
    pub(crate) fn read(text: &str, name: &str, env: Env<'_>) -> Result<Self, Problems> {
        let mut reading = Reading { text, name, sections: BTreeMap::new(), problems: Vec::new() };
        reading.split();
        let ledger = reading.section::<Ledger>("ledger");
        let webhooks = reading.section::<Webhooks>("webhooks");
        let review = reading.section::<Review>("review");
        let shopify = reading.section::<Shopify>("shopify");
        let accounts = reading.accounts();
        let worker = reading.section::<Worker>("worker");
        let log = reading.section::<Log>("log");
        let mut problems = reading.problems;
        if let (Some(ledger), Some(webhooks), Some(review), Some(shopify), Some(worker), Some(log)) =
            (ledger, webhooks, review, shopify, worker, log)
        {
            let mut config = Self { ledger, webhooks, review, shopify, accounts, worker, log };
            config.override_from(env, &mut problems);
            if problems.is_empty() {
                return Ok(config);
            }
        }
        Err(Problems(problems))
    }

    fn override_from(&mut self, env: Env<'_>, problems: &mut Vec<String>) {
        if let Some(path) = env(LEDGER) {
            self.ledger.path = path.into();
        }
        for (variable, listen) in
            [(WEBHOOKS_LISTEN, &mut self.webhooks.listen), (REVIEW_LISTEN, &mut self.review.listen)]
        {
            match env(variable).map(|text| text.parse()) {
                Some(Ok(address)) => *listen = address,
                Some(Err(_)) => {
                    problems.push(format!("{variable} is not an address and a port, such as 127.0.0.1:8080"));
                }
                None => {}
            }
        }
        match env(LOG_FORMAT).as_deref().map(Format::parse) {
            Some(Some(format)) => self.log.format = format,
            Some(None) => problems.push(format!("{LOG_FORMAT} is neither human nor json")),
            None => {}
        }
    }
}

/// A file while it is being read.
struct Reading<'a> {
    text: &'a str,
    name: &'a str,
    sections: BTreeMap<String, Spanned<DeValue<'a>>>,
    problems: Vec<String>,
}

impl<'a> Reading<'a> {
    /// Splits the file into sections; those that nobody knows are problems.
    fn split(&mut self) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let place = self.place(error.span(), "");
            self.problems.push(format!("{place}: {}", error.message()));
        }
        for (key, value) in table.into_inner() {
            if SECTIONS.contains(&key.get_ref().as_ref()) {
                self.sections.insert(key.into_inner().into_owned(), value);
            } else {
                let place = self.place(Some(key.span()), "");
                self.problems.push(format!(
                    "{place}: there is no section or setting {}; the sections are {}",
                    key.get_ref(),
                    SECTIONS.join(", ")
                ));
            }
        }
    }

    /// Reads one section. A section that is not there is an empty one: its defaults stand, its required settings are
    /// missing.
    fn section<T: DeserializeOwned>(&mut self, section: &str) -> Option<T> {
        let value = self.sections.remove(section);
        let value = value.unwrap_or_else(|| Spanned::new(0..0, DeValue::Table(DeTable::new())));
        self.value(value, &format!("[{section}]"))
    }

    fn accounts(&mut self) -> BTreeMap<AccountName, Account> {
        let mut accounts = BTreeMap::new();
        let Some(value) = self.sections.remove("accounts") else { return accounts };
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            let place = self.place(Some(span), "[accounts]");
            self.problems.push(format!("{place}: write a section for each, such as [accounts.main]"));
            return accounts;
        };
        for (key, value) in table {
            let section = format!("[accounts.{}]", key.get_ref());
            match AccountName::parse(key.get_ref()) {
                Ok(name) => {
                    if let Some(account) = self.value(value, &section) {
                        accounts.insert(name, account);
                    }
                }
                Err(error) => {
                    let place = self.place(Some(key.span()), &section);
                    self.problems.push(format!("{place}: {error}"));
                }
            }
        }
        accounts
    }

    fn value<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'a>>, section: &str) -> Option<T> {
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => Some(read),
            Err(error) => {
                let place = self.place(error.span(), section);
                self.problems.push(format!("{place}: {}", error.message()));
                None
            }
        }
    }

    /// Names the line and its key, never its value: that could be a secret.
    fn place(&self, span: Option<std::ops::Range<usize>>, section: &str) -> String {
        let mut place = self.name.to_owned();
        let mut key = "";
        if let Some(before) = span.filter(|span| span.end > 0).and_then(|span| self.text.get(..span.start)) {
            let line = before.matches('\n').count();
            place = format!("{place}:{}", line + 1);
            let line = self.text.lines().nth(line).unwrap_or_default();
            key = line.split_once('=').map_or("", |(key, _)| key.trim());
        }
        for part in [section, key] {
            if !part.is_empty() {
                place = format!("{place} {part}");
            }
        }
        place
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
