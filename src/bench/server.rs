//! The server under test: the real program in a process of its own, started by its `up` command with a file of settings.
//!
//! It logs as in production (`info`, for people), into a file beside the ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::fill::{TOKEN, account};
use super::machine::{Used, memory};
use crate::config::{LEDGER, LOG_FORMAT, REVIEW_LISTEN, WEBHOOKS_LISTEN};

/// How long a start may take; with a million jobs the file is checked first.
const START: Duration = Duration::from_mins(10);
/// How long stopping may take: more than the program gives itself.
const STOP: Duration = Duration::from_mins(1);
/// Between two looks whether the server listens.
const LOOK: Duration = Duration::from_millis(2);
/// Between two looks at its figures: they cost the server a millisecond or two.
const ASK: Duration = Duration::from_millis(100);
/// So many calls a minute that the limit never binds.
const UNLIMITED: u32 = 1_000_000;
/// What would change the settings behind the measurement's back.
const OVERRIDES: [&str; 5] = ["RUST_LOG", LEDGER, WEBHOOKS_LISTEN, REVIEW_LISTEN, LOG_FORMAT];
/// This very program, even if its file was replaced since it began.
const OURSELVES: &str = "/proc/self/exe";
/// The app's secret.
pub(super) const SECRET: &str = "the secret of this benchmark";
const SECRET_NAME: &str = "LANEKEEPER_BENCH_SECRET";

/// Where the providers are.
#[derive(Debug, Clone)]
pub(super) struct Providers {
    /// With `{domain}`.
    pub(super) shopify: String,
    /// With or without `{account}`.
    pub(super) shipstation: String,
}

impl Providers {
    /// Nobody listens there: for measurements in which no attempt begins.
    pub(super) fn none() -> Self {
        Self { shopify: "http://127.0.0.1:9/{domain}".to_owned(), shipstation: "http://127.0.0.1:9".to_owned() }
    }
}

/// The ledger in a folder.
pub(super) fn ledger(folder: &Path) -> PathBuf {
    folder.join("lanekeeper.db")
}

/// A running server.
pub(super) struct Server {
    child: Child,
    process: u32,
    pub(super) webhooks: SocketAddr,
    review: SocketAddr,
    http: reqwest::Client,
    /// From the start of the process until it answered.
    pub(super) started_in: Duration,
}

impl Server {
    /// Starts it over the ledger in `folder`, with accounts for so many shops, and waits until it answers.
    pub(super) async fn start(folder: &Path, shops: u64, providers: &Providers) -> anyhow::Result<Self> {
        let (webhooks, review) = (free().await?, free().await?);
        let settings = folder.join("lanekeeper.toml");
        fs::write(&settings, text(folder, (webhooks, review), shops, providers))?;
        let log = File::create(folder.join("lanekeeper.log"))?;
        let began = Instant::now();
        let mut command = Command::new(OURSELVES);
        for variable in OVERRIDES {
            command.env_remove(variable);
        }
        let child = command
            .arg0("lanekeeper")
            .args(["up", "--config"])
            .arg(&settings)
            .env(SECRET_NAME, SECRET)
            .env(TOKEN, "a token")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        let process = child.id().context("the server has ended")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut server = Self { child, process, webhooks, review, http, started_in: Duration::ZERO };
        while server.http.get(format!("http://{webhooks}/health/live")).send().await.is_err() {
            if server.child.try_wait()?.is_some() || began.elapsed() > START {
                let log = fs::read_to_string(folder.join("lanekeeper.log")).unwrap_or_default();
                bail!("the server did not start: {log}");
            }
            tokio::time::sleep(LOOK).await;
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    /// What it has used so far.
    pub(super) fn used(&self) -> anyhow::Result<Used> {
        Used::of(self.process)
    }

    /// Memory in MiB: `VmHWM`, `VmRSS`.
    pub(super) fn memory(&self, line: &str) -> anyhow::Result<f64> {
        memory(self.process, line)
    }

    /// Its `/metrics`.
    pub(super) async fn figures(&self) -> anyhow::Result<Figures> {
        let text = self.http.get(format!("http://{}/metrics", self.review)).send().await?.error_for_status()?.text();
        Ok(Figures::read(&text.await?))
    }

    /// Waits until so many jobs are done; the time this took.
    pub(super) async fn done(&self, jobs: u64, patience: Duration) -> anyhow::Result<Duration> {
        let began = Instant::now();
        loop {
            let figures = self.figures().await?;
            if figures.of(DONE) >= jobs {
                return Ok(began.elapsed());
            }
            if began.elapsed() > patience {
                bail!("{} of {jobs} jobs are done after {} s: {figures:?}", figures.of(DONE), patience.as_secs());
            }
            tokio::time::sleep(ASK).await;
        }
    }

    /// Asks it to stop in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let process = i32::try_from(self.process).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(process.context("no such process")?, rustix::process::Signal::TERM)?;
        let ended = tokio::time::timeout(STOP, self.child.wait()).await.context("the server does not stop")??;
        if ended.success() { Ok(()) } else { bail!("the server ended with {ended}") }
    }
}

/// Jobs that are done.
pub(super) const DONE: &str = "lanekeeper_jobs{state=\"done\"}";
/// Webhooks that became a job.
pub(super) const NEW: &str = "lanekeeper_webhooks_recorded{outcome=\"new\"}";
/// Commits of the ledger.
pub(super) const COMMITS: &str = "lanekeeper_ledger_commits_total";
/// Writes in them.
pub(super) const WRITES: &str = "lanekeeper_ledger_writes_total";
/// Wake-ups that were received.
pub(super) const WAKE_UPS: &str = "lanekeeper_wake_ups_received_total";

/// What a program counts, by the names of its `/metrics`.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub(super) fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(
            lines
                .filter_map(|line| line.rsplit_once(' ').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?))))
                .collect(),
        )
    }

    /// One of them; nothing that was not counted yet.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are counts")]
    pub(super) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default().max(0.0) as u64
    }

    /// How many more there are than before.
    pub(super) fn since(&self, before: &Self, name: &str) -> u64 {
        self.of(name).saturating_sub(before.of(name))
    }
}

/// A port that nobody has now.
async fn free() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?)
}

fn text(folder: &Path, (webhooks, review): (SocketAddr, SocketAddr), shops: u64, providers: &Providers) -> String {
    let quoted = |text: String| toml::Value::String(text).to_string();
    let mut text = format!(
        "[ledger]\npath = {}\n\n[webhooks]\nlisten = \"{webhooks}\"\nshopify_secrets = [\"env:{SECRET_NAME}\"]\n\n\
         [review]\nlisten = \"{review}\"\n\n[shopify]\nbase_url = {}\n\n[log]\nlevel = \"info\"\n",
        quoted(ledger(folder).display().to_string()),
        quoted(providers.shopify.clone()),
    );
    for shop in 0..shops {
        let _ = write!(
            text,
            "\n[accounts.{}]\nprovider = \"shipstation\"\nbase_url = {}\nkey = \"env:{TOKEN}\"\n\
             secret = \"env:{TOKEN}\"\nper_minute = {UNLIMITED}\n",
            account(shop),
            quoted(providers.shipstation.replace("{account}", &account(shop))),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_text_that_prometheus_reads() {
        let before = Figures::read("# HELP a b\nlanekeeper_jobs{state=\"done\"} 3\n");
        let after = Figures::read("lanekeeper_jobs{state=\"done\"} 10\nodd\n");
        assert_eq!((after.of(DONE), after.since(&before, DONE), after.of("none")), (10, 7, 0));
    }

    #[test]
    fn the_settings_are_read_by_the_program() {
        let here = "127.0.0.1:0".parse().unwrap();
        let text = text(Path::new("/tmp"), (here, here), 2, &Providers::none());
        let config = crate::config::Config::read(&text, "bench", &|_| None).unwrap();
        assert_eq!(config.accounts.len(), 2);
    }
}
