//! The settings: one TOML file, a file here per concern, and a short list of environment variables that override it.
//!
//! Nothing is guessed: an unknown key, a missing section and a secret written out are problems that name the place.
//! Each section is read by itself, so that all problems are told at once. Secrets are only ever named in the file
//! (`env:NAME`, `file:PATH`, `ssm:NAME`); they are read by whoever starts the services.

mod count;
mod ledger;
mod aws;
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

pub use account::{Account, AccountName, Provider};
pub use address::ProviderAddress as Address;
pub use aws::Aws;
pub use ledger::Ledger;
pub use listeners::{Review, Webhooks};
pub use log::{Format, Log, judge_level};
pub use shopify::Shopify;
pub use worker::Worker;

/// Overrides `[ledger] path`.
pub const LEDGER: &str = "LANEKEEPER_LEDGER";
/// Overrides `[webhooks] listen`.
pub const WEBHOOKS_LISTEN: &str = "LANEKEEPER_WEBHOOKS_LISTEN";
/// Overrides `[review] listen`.
pub const REVIEW_LISTEN: &str = "LANEKEEPER_REVIEW_LISTEN";
/// Overrides `[log] format`.
pub const LOG_FORMAT: &str = "LANEKEEPER_LOG_FORMAT";

/// The sections a file may have.
const SECTIONS: [&str; 8] = ["ledger", "aws", "webhooks", "review", "shopify", "accounts", "worker", "log"];

/// Looks up an environment variable. An argument, so that tests need not change the process.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    pub home: Home,
    pub webhooks: Webhooks,
    pub review: Review,
    pub shopify: Shopify,
    pub accounts: BTreeMap<AccountName, Account>,
    pub worker: Worker,
    pub log: Log,
}

/// Where the ledger lies and the queue with it.
#[derive(Debug, Clone)]
pub enum Home {
    /// In a file of this machine; the queue is in memory.
    Machine(Ledger),
    /// In a table; the queue is SQS.
    Aws(Aws),
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// The ledger's file, for what can be done on one machine only.
    pub fn machine(&self) -> Result<&Ledger, Problems> {
        match &self.home {
            Home::Machine(ledger) => Ok(ledger),
            Home::Aws(_) => Err(Problems(vec![
                "these settings keep the ledger in a table ([aws]); the program of one machine needs [ledger] path \
                 instead. On AWS run `handler`, `worker` and `review`"
                    .to_owned(),
            ])),
        }
    }

    /// Table and queue, for services that work on AWS only.
    pub fn on_aws(&self) -> Result<&Aws, Problems> {
        match &self.home {
            Home::Aws(aws) => Ok(aws),
            Home::Machine(_) => Err(Problems(vec![
                "these settings keep the ledger in a file ([ledger]), which one program has to itself: run `lanekeeper up`, \
                 or give the table and the queue in [aws] instead"
                    .to_owned(),
            ])),
        }
    }

    /// Reads the file at `path` and the overrides.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problems(vec![format!(
                "{name} cannot be read: {error}; copy lanekeeper.example.toml, or name the file with --config"
            )])
        })?;
        Self::read(&text, &name, env)
    }

    /// Reads settings from `text`, which is called `name` in problems.
    pub fn read(text: &str, name: &str, env: Env<'_>) -> Result<Self, Problems> {
        let mut reading = Reading { text, name, sections: BTreeMap::new(), problems: Vec::new() };
        reading.split();
        let home = reading.home();
        let webhooks = reading.section::<Webhooks>("webhooks");
        let review = reading.section::<Review>("review");
        let shopify = reading.section::<Shopify>("shopify");
        let accounts = reading.accounts();
        let worker = reading.section::<Worker>("worker");
        let log = reading.section::<Log>("log");
        let mut problems = reading.problems;
        if let (Some(home), Some(webhooks), Some(review), Some(shopify), Some(worker), Some(log)) =
            (home, webhooks, review, shopify, worker, log)
        {
            let mut config = Self { home, webhooks, review, shopify, accounts, worker, log };
            config.override_from(env, &mut problems);
            if problems.is_empty() {
                return Ok(config);
            }
        }
        Err(Problems(problems))
    }

    fn override_from(&mut self, env: Env<'_>, problems: &mut Vec<String>) {
        match (env(LEDGER), &mut self.home) {
            (Some(path), Home::Machine(ledger)) => ledger.path = path.into(),
            (Some(_), Home::Aws(_)) => {
                problems.push(format!("{LEDGER} names a file, but [aws] keeps the ledger in a table; unset one"));
            }
            (None, _) => {}
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

    /// Where the ledger lies: one of two sections.
    fn home(&mut self) -> Option<Home> {
        let (on_machine, on_aws) = (self.sections.contains_key("ledger"), self.sections.contains_key("aws"));
        if !on_aws {
            return self.section("ledger").map(Home::Machine);
        }
        if on_machine {
            let name = self.name;
            self.problems.push(format!("{name}: the ledger lies in one place; keep [ledger] (one machine) or [aws]"));
            self.sections.remove("ledger");
        }
        self.section("aws").map(Home::Aws)
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
