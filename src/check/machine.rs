//! What can be wrong on this machine: the ledger's file, the ports, the clock.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use backend::embedded::ledger::Ledger;
use jiff::SignedDuration;
use lane::clock::{Clock, Timestamp};
use lane::ports::Registry;
use lane::shop::Shop;
use reqwest::Client;
use service::aws;
use tokio::net::TcpListener;

use super::Findings;
use crate::config::{self, Aws, Config, Home};
use crate::control::{self, Answer, Command, Reply};

/// How far the clock may be off. Signatures and limits do not depend on it, but leases and the times people see do.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(30);

/// This program was not written before; a clock that says so was never set.
const WRITTEN: &str = "2026-01-01T00:00:00Z";

/// What is known of the ledger.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The program runs and answers.
    pub(super) running: bool,
    /// Its shops.
    pub(super) shops: Vec<Shop>,
}

/// Asks the running program, or looks into the file if none runs.
pub(super) async fn ledger(config: &Config, clock: &Arc<dyn Clock>, findings: &mut Findings) -> Known {
    match &config.home {
        Home::Machine(ledger) => on_machine(ledger, clock.as_ref(), findings).await,
        Home::Aws(settings) => Known { running: true, shops: on_aws(settings, clock, findings).await },
    }
}

/// Table and queue are there and as they have to be, or it is told what is wrong with them.
async fn on_aws(settings: &Aws, clock: &Arc<dyn Clock>, findings: &mut Findings) -> Vec<Shop> {
    let Aws { table, bucket, orders_queue, .. } = settings;
    let whole = async {
        let ledger = aws::open(settings, clock).await?.ledger;
        ledger.is_all_here().await.with_context(|| format!("table {table}"))?;
        anyhow::Ok(ledger)
    };
    match whole.await {
        Ok(ledger) => {
            findings.good(format!("the table {table}, the bucket {bucket} and the queue {orders_queue} can be used"));
            shops(ledger.as_ref(), &format!("table {table}"), findings).await
        }
        Err(error) => {
            findings.wrong(format!("{error:#}"));
            Vec::new()
        }
    }
}

async fn on_machine(settings: &config::Ledger, clock: &dyn Clock, findings: &mut Findings) -> Known {
    let path = &settings.path;
    match control::ask(&settings.socket(), &Command::ShopList).await {
        Ok(Answer::Reply(Reply::Shops(shops))) => {
            findings.good(format!("the program runs, and its ledger {} answers", path.display()));
            Known { running: true, shops }
        }
        Ok(Answer::Reply(other)) => {
            findings.wrong(format!("the program runs, but: {}", control::words(&other)));
            Known { running: true, ..Known::default() }
        }
        Ok(Answer::NobodyListens) => {
            findings.good("the program does not run now");
            Known { running: false, shops: file(path, clock, findings).await }
        }
        Err(error) => {
            findings.wrong(format!("{error:#}"));
            Known::default()
        }
    }
}

async fn file(path: &Path, clock: &dyn Clock, findings: &mut Findings) -> Vec<Shop> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = tempfile::tempfile_in(folder) {
        findings.wrong(format!(
            "the folder {} cannot be written to ({error}); make it, or give the program's user the right to",
            folder.display()
        ));
        return Vec::new();
    }
    if !path.exists() {
        findings.good(format!("there is no ledger at {} yet; the first start makes it", path.display()));
        return Vec::new();
    }
    let ledger = match Ledger::open(path, clock) {
        Ok(ledger) => ledger,
        Err(error) => {
            findings.wrong(format!("{:#}", anyhow::Error::from(error)));
            return Vec::new();
        }
    };
    shops(&ledger, &format!("ledger {}", path.display()), findings).await
}

async fn shops(ledger: &dyn Registry, name: &str, findings: &mut Findings) -> Vec<Shop> {
    match ledger.shops().await {
        Ok(shops) => {
            findings.good(format!("the {name} is sound"));
            shops.iter().map(|shop| Shop::clone(shop)).collect()
        }
        Err(error) => {
            findings.wrong(format!("the {name} cannot be read: {error}"));
            Vec::new()
        }
    }
}

/// Whether the ports are free, or ours. The services on AWS are elsewhere.
pub(super) async fn listeners(config: &Config, running: bool, client: &Client, findings: &mut Findings) {
    if matches!(config.home, Home::Aws(_)) {
        return;
    }
    for (setting, variable, address) in [
        ("[webhooks] listen", config::WEBHOOKS_LISTEN, config.webhooks.listen),
        ("[review] listen", config::REVIEW_LISTEN, config.review.listen),
    ] {
        match TcpListener::bind(address).await {
            Ok(_) => findings.good(format!("{setting} {address} is free")),
            Err(_) if running && is_ours(client, address).await => {
                findings.good(format!("{setting} {address} is served by the running program"));
            }
            Err(error) => findings.wrong(format!(
                "{setting} {address} cannot be opened ({error}); choose another there or in {variable}"
            )),
        }
    }
}

async fn is_ours(client: &Client, address: SocketAddr) -> bool {
    let Ok(answer) = client.get(format!("http://{address}/health/live")).send().await else { return false };
    answer.text().await.is_ok_and(|text| text == "alive\n")
}

/// Compares this clock with those of the providers.
pub(super) fn time(now: Timestamp, dates: &[(String, Timestamp)], findings: &mut Findings) {
    if WRITTEN.parse().is_ok_and(|written: Timestamp| now < written) {
        findings.wrong(format!("this machine's clock says {now}; set it, and keep it set with NTP"));
        return;
    }
    let off = dates.iter().find(|(_, date)| now.duration_since(*date).abs() > SKEW_MAX);
    match (off, dates.first()) {
        (Some((who, date)), _) => findings
            .wrong(format!("this machine's clock says {now}, that of {who} {date}; set it, and keep it set with NTP")),
        (None, Some((who, _))) => findings.good(format!("this machine's clock agrees with that of {who}")),
        (None, None) => findings
            .good(format!("this machine's clock says {now}; no provider answered that it could be compared with")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(now: &str, date: Option<&str>) -> u32 {
        let mut findings = Findings::default();
        let dates: Vec<_> = date.map(|date| ("a provider".to_owned(), date.parse().unwrap())).into_iter().collect();
        time(now.parse().unwrap(), &dates, &mut findings);
        findings.wrong
    }

    #[test]
    fn a_clock_that_was_never_set_or_is_off_is_wrong() {
        assert_eq!(wrong("1970-01-01T00:05:00Z", None), 1);
        assert_eq!(wrong("2026-11-21T10:00:00Z", Some("2026-11-21T10:01:00Z")), 1);
        assert_eq!(wrong("2026-11-21T10:00:00Z", Some("2026-11-21T09:59:40Z")), 0);
        assert_eq!(wrong("2026-11-21T10:00:00Z", None), 0);
    }
}
