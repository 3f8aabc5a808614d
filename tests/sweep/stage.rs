//! Where a run takes place: simulated providers, a folder with a copy of a prepared ledger, and the program's lives in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Clock, SystemClock};
use rusqlite::Connection;
use simulators::{ShipStation, Shopify, shipstation, shopify};

use crate::program::{self, PATIENCE, Program};
use crate::tracer::Fault;

/// The secret the program knows.
pub(crate) const SECRET: &str = "the app's secret of this sweep";

/// The shop's domain.
pub(crate) const DOMAIN: &str = "acme.myshopify.com";

/// Orders above it are held.
const HELD_ABOVE: &str = "500.00 USD";

/// Calls a minute: so many that the limit is never in the way.
const CALLS_PER_MINUTE: u32 = 6000;

/// MiB that the log becomes before it is moved into the file: the least that can be set, 256 frames.
const LOG_MIB: u32 = 1;

/// Frames that stand in the log when a run begins: so that it is moved beside the commits, and then starts again at its
/// beginning, in the middle of a run, which writes some three hundred: also where the thread that moves it is slow.
const FRAMES_BEFORE: u64 = 190;

/// A page and its header.
const FRAME: u64 = 4096 + 24;

/// A ledger with one shop and one operator, made once and copied for each run.
pub(crate) struct Prepared {
    folder: tempfile::TempDir,
    token: String,
}

impl Prepared {
    /// Makes it with the program itself, then fills the log.
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = Providers::start().await;
        write_settings(folder.path(), &stage);
        let program = Program::start(folder.path(), None).await;
        let token = add_operator(folder.path()).await;
        add_shop(folder.path()).await;
        program.stop().await;
        fill_log(folder.path());
        Self { folder, token }
    }

    /// The prepared files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes an operator, and gives the token.
pub(crate) async fn add_operator(folder: &Path) -> String {
    let printed = program::run(folder, &["operator", "add", "ann", "--role", "admin"]).await;
    printed.split_whitespace().find(|word| word.starts_with("lk_")).expect("a token is printed").to_owned()
}

/// Makes the shop.
pub(crate) async fn add_shop(folder: &Path) {
    let arguments = ["shop", "add", "--id", "acme", "--domain", DOMAIN, "--token", "env:TOKEN", "--warehouse", "main"];
    program::run(folder, &[&arguments, ["--hold-total-above", HELD_ABOVE].as_slice()].concat()).await;
}

/// Fills the log with marks of webhooks that never came; each is a commit of its own.
fn fill_log(folder: &Path) {
    let path = folder.join("ledger.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0")
        .unwrap();
    let log = folder.join("ledger.db-wal");
    while std::fs::metadata(&log).unwrap().len() < FRAMES_BEFORE * FRAME {
        conn.execute("INSERT INTO seen VALUES (randomblob(32))", []).unwrap();
    }
    // Closing would empty the log again.
    for name in ["ledger.db", "ledger.db-wal"] {
        std::fs::copy(folder.join(name), folder.join(format!("{name}.kept"))).unwrap();
    }
    drop(conn);
    let _ = std::fs::remove_file(folder.join("ledger.db-shm"));
    for name in ["ledger.db", "ledger.db-wal"] {
        std::fs::rename(folder.join(format!("{name}.kept")), folder.join(name)).unwrap();
    }
}

/// The simulated providers.
#[derive(Clone)]
pub(crate) struct Providers {
    pub(crate) shopify: Shopify,
    pub(crate) shipstation: ShipStation,
}

impl Providers {
    /// Starts them with the shop and the account.
    pub(crate) async fn start() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, shopify::Settings::default(), Arc::clone(&clock)).await.unwrap();
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), clock).await.unwrap();
        shopify.add_shop(DOMAIN, "a token");
        shipstation.add_account("ss-key", "ss-secret", CALLS_PER_MINUTE);
        Self { shopify, shipstation }
    }
}

/// One run.
pub(crate) struct Stage {
    pub(crate) providers: Providers,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
    pub(crate) program: Option<Program>,
    /// Whether the first life began at all.
    pub(crate) came_up: bool,
    /// How often the program has died or ended by itself.
    pub(crate) deaths: usize,
    /// What the tracer recorded of the first life, once it is over.
    record: Option<String>,
    /// What the lives before this one logged.
    past: String,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Copies what is prepared and starts the program under the tracer.
    pub(crate) async fn start(prepared: &Prepared, fault: Option<Fault>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ledger.db", "ledger.db-wal"] {
            std::fs::copy(prepared.folder().join(name), folder.path().join(name)).unwrap();
        }
        Self::start_in(folder, prepared.token.clone(), fault).await
    }

    /// Starts in a folder that has nothing.
    pub(crate) async fn start_empty(fault: Option<Fault>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), String::new(), fault).await
    }

    async fn start_in(folder: tempfile::TempDir, token: String, fault: Option<Fault>) -> Self {
        let providers = Providers::start().await;
        write_settings(folder.path(), &providers);
        let record = folder.path().join("record");
        let program = Program::start(folder.path(), Some((&record, fault))).await;
        let came_up = program.addresses.is_some();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build().unwrap();
        Self {
            providers,
            http,
            token,
            program: Some(program),
            came_up,
            deaths: 0,
            record: None,
            past: String::new(),
            folder,
        }
    }

    /// The folder with the ledger.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The ledger's file.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder().join("ledger.db")
    }

    /// If the program has ended, starts its next life, without a fault and without the tracer.
    pub(crate) async fn bury(&mut self) {
        let fell = self.program.as_mut().is_none_or(|program| program.addresses.is_none() || program.has_ended());
        if fell {
            self.deaths += 1;
            self.restart().await;
        }
    }

    /// Kills the program and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.finish().await;
        let next = Program::start(self.folder.path(), None).await;
        assert!(next.addresses.is_some(), "it does not start any more:\n{}", next.log());
        self.program = Some(next);
    }

    /// Gives a program that is about to end the time to do so.
    pub(crate) async fn last_look(&mut self) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(1);
        while self.deaths == 0 && tokio::time::Instant::now() < deadline {
            self.bury().await;
            tokio::time::sleep(program::LOOK).await;
        }
    }

    /// Kills what still runs; the run is over. The record of the first life.
    pub(crate) async fn end(&mut self) -> String {
        self.finish().await;
        self.record.clone().expect("the first life was traced")
    }

    async fn finish(&mut self) {
        let Some(last) = self.program.take() else { return };
        let log = last.lines();
        if let Some(record) = last.kill().await {
            self.record.get_or_insert(record);
        }
        self.past.push_str(&log.lock().unwrap().join("\n"));
    }

    /// What all lives have logged.
    pub(crate) fn log(&self) -> String {
        format!("{}\n{}", self.past, self.program.as_ref().map(Program::log).unwrap_or_default())
    }

    /// Where it listens for webhooks and for people; nothing if it is dead.
    pub(crate) fn addresses(&self) -> Option<(String, String)> {
        self.program.as_ref().and_then(|program| program.addresses.clone())
    }

    /// Waits until `check` holds, through deaths, and no longer than [`PATIENCE`]. A worker that met a failing ledger and
    /// the sweep look again after half a minute at the latest; a lane that stood still until its lease of more than two
    /// minutes has run out would not be in time.
    pub(crate) async fn until(&mut self, what: &str, mut check: impl AsyncFnMut(&mut Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !check(self).await {
            assert!(tokio::time::Instant::now() < deadline, "not in time: {what}\n{}", self.log());
            self.bury().await;
            tokio::time::sleep(program::LOOK).await;
        }
    }
}

fn write_settings(folder: &Path, providers: &Providers) {
    let settings = format!(
        r#"
[ledger]
path = "{ledger}"
log_mib = {LOG_MIB}
[webhooks]
listen = "127.0.0.1:0"
shopify_secrets = ["env:SECRET"]
[review]
listen = "127.0.0.1:0"
[shopify]
base_url = "{shopify}"
[accounts.main]
provider = "shipstation"
base_url = "{shipstation}"
key = "env:SS_KEY"
secret = "env:SS_SECRET"
per_minute = {CALLS_PER_MINUTE}
[log]
format = "json"
level = "info"
"#,
        ledger = folder.join("ledger.db").display(),
        shopify = providers.shopify.base_url(),
        shipstation = providers.shipstation.base_url(),
    );
    std::fs::write(folder.join("lanekeeper.toml"), settings).unwrap();
}
