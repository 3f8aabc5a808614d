//! A stand-in for AWS on this machine: [ministack](https://pypi.org/project/ministack/), one process that speaks SQS,
//! `DynamoDB`, `CloudFormation` and Lambda.
//!
//! [`Ministack::start`] installs it under `target/stand-ins` if it is not there, starts it on a free port of the
//! loopback interface, and waits until it answers. It ends with its handle, and also when the test that holds the
//! handle is killed: it reads its standard input and goes when that closes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Credentials;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::aws::SdkConfig;
use crate::aws::bucket::{self, Bucket};
use crate::aws::ledger::{Ledger, Patience};

/// The version our expectations were written against.
const VERSION: &str = "1.5.33";

const REGION: &str = "us-east-1";

/// What tests call their bucket.
pub const BUCKET: &str = "bodies";

/// How long it may take until it answers. It takes 0.2 s, or some seconds on a machine that does other things.
const READY_LOOKS: u32 = 300;
const READY_LOOK: Duration = Duration::from_millis(100);

/// A port that was free a moment ago may be taken; then another is tried.
const TRIES: u32 = 5;

/// What it does faster than by itself.
const NARROW: &str = include_str!("stand_in/narrow.py");

/// Its whole process group ends with the test, also the functions that it runs.
const PROGRAM: &str = "\
import os, signal, sys, threading
def end_with_the_test():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=end_with_the_test, daemon=True).start()
sys.argv = ['ministack']
from ministack.app import main
main()
";

/// Why the stand-in is not there.
#[derive(Debug, thiserror::Error)]
pub enum StandInError {
    /// Python, pip or the disk would not.
    #[error("{what} failed; the stand-in needs python3 with venv, and a package index for the first time: {why}")]
    Install {
        /// What was tried.
        what: String,
        /// What it said.
        why: String,
    },
    /// It ended or never answered.
    #[error("the stand-in did not become ready: {0}")]
    NotReady(String),
    /// It refused a set-up call.
    #[error("the stand-in would not {0}")]
    SetUp(String),
    /// The machine would not.
    #[error("the stand-in could not be started")]
    Io(#[from] io::Error),
}

/// A running stand-in.
#[derive(Debug)]
pub struct Ministack {
    child: Child,
    endpoint: String,
    /// What it leaves behind: its log and the note with its process id.
    traces: [PathBuf; 2],
    programs: PathBuf,
}

impl Ministack {
    /// Starts one. Blocks until it is ready, the first time also while it is installed.
    pub fn start() -> Result<Self, StandInError> {
        Self::start_with(&[])
    }

    /// Starts one that lets nobody do what no policy allows, so that functions have their roles' rights and no more.
    pub fn start_guarded() -> Result<Self, StandInError> {
        Self::start_with(&[("AUTH", "true")])
    }

    fn start_with(settings: &[(&str, &str)]) -> Result<Self, StandInError> {
        let home = home();
        let python = environment(&format!("ministack-{VERSION}"), &[&format!("ministack[full]=={VERSION}")])?;
        let mut last = String::new();
        for _ in 0..TRIES {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let mut started = Self::spawn(&home, &python, port, settings)?;
            if started.is_ready(port)? {
                return Ok(started);
            }
            last = fs::read_to_string(&started.traces[0])?;
        }
        Err(StandInError::NotReady(last))
    }

    /// Where it listens, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The configuration of an account at this stand-in.
    pub async fn config(&self) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(Credentials::new("test", "test", None, None, "stand-in"))
            .load()
            .await
    }

    /// Makes a queue of the kind we use, with its dead-letter queue, and tells its URL. `name` goes without `.fifo`.
    pub async fn queue(&self, name: &str, visibility: Duration) -> Result<String, StandInError> {
        let client = Client::new(&self.config().await);
        let dead_letters = format!("{name}-dlq");
        self.fifo_queue(&client, &dead_letters, &[]).await?;
        let target = format!("arn:aws:sqs:{REGION}:000000000000:{dead_letters}.fifo");
        let policy = format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":"1000"}}"#);
        let attributes = [
            (Attribute::DeduplicationScope, "messageGroup".to_owned()),
            (Attribute::FifoThroughputLimit, "perMessageGroupId".to_owned()),
            (Attribute::VisibilityTimeout, visibility.as_secs().to_string()),
            (Attribute::RedrivePolicy, policy),
        ];
        self.fifo_queue(&client, name, &attributes).await
    }

    async fn fifo_queue(
        &self,
        client: &Client,
        name: &str,
        attributes: &[(Attribute, String)],
    ) -> Result<String, StandInError> {
        let mut call = client.create_queue().queue_name(format!("{name}.fifo"));
        call = call.attributes(Attribute::FifoQueue, "true");
        for (attribute, value) in attributes {
            call = call.attributes(attribute.clone(), value);
        }
        let made = call.send().await;
        let told = |why: &dyn std::fmt::Debug| StandInError::SetUp(format!("make {name}: {why:?}"));
        let made = made.map_err(|error| told(&error))?;
        made.queue_url.ok_or_else(|| told(&"it has no URL"))
    }

    fn spawn(home: &Path, python: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Self, StandInError> {
        let endpoint = format!("http://127.0.0.1:{port}");
        let run = home.join("run");
        let traces = ["log", "pid"].map(|kind| run.join(format!("ministack-{port}.{kind}")));
        let log = File::create(&traces[0])?;
        let child = Command::new(python)
            .args(["-c", &format!("{NARROW}{PROGRAM}")])
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // For the functions that it runs: without it they would call the real AWS.
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .env("LOG_LEVEL", "WARNING")
            .env("TMPDIR", &run)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let programs = run.join(format!("ministack-provided-code-{port}"));
        Ok(Self { child, endpoint, traces, programs })
    }

    /// `false` if it ended instead, which it does when its port is taken.
    fn is_ready(&mut self, port: u16) -> Result<bool, StandInError> {
        for _ in 0..READY_LOOKS {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            if is_healthy(port).unwrap_or(false) {
                return Ok(true);
            }
            thread::sleep(READY_LOOK);
        }
        Ok(false)
    }
}

impl Drop for Ministack {
    /// Its end does not matter, only that it ends: the closing of its input takes its functions along, the kill does
    /// not depend on its reading.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        thread::sleep(READY_LOOK);
        if self.child.kill().and_then(|()| self.child.wait()).is_err() {
            tracing::warn!(endpoint = %self.endpoint, "the stand-in was gone before it was ended");
        }
        // The programs of its functions, unpacked: some hundred megabytes.
        fs::remove_dir_all(&self.programs).unwrap_or_default();
        // After a failure its log is worth reading.
        if !thread::panicking() {
            for trace in &self.traces {
                fs::remove_file(trace).unwrap_or_default();
            }
        }
    }
}

fn is_healthy(port: u16) -> io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let ask = "GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes())?;
    let mut first_line = [0; 12];
    stream.read_exact(&mut first_line)?;
    Ok(first_line == *b"HTTP/1.1 200")
}

/// The ledger in a table that was made, and in the bucket that all ledgers of the account share here: what they put there
/// has names of its own.
pub async fn ledger(config: &SdkConfig, table: &str, patience: Patience) -> Result<Ledger, StandInError> {
    let told = |why: &dyn std::fmt::Display| StandInError::SetUp(format!("open the ledger {table}: {why}"));
    bucket::create(config, BUCKET).await.map_err(|error| told(&error))?;
    let bucket = Bucket::connect(config, BUCKET).await.map_err(|error| told(&error))?;
    Ledger::connect(config, table, bucket, patience).await.map_err(|error| told(&error))
}

/// Below the target directory, so that nothing is left outside the tree and a clean build starts clean.
fn home() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    target.unwrap_or_else(beside).join("stand-ins")
}

/// The interpreter of a Python environment with these packages in it, also for tests of other crates. One test at a time
/// installs, the others wait. Another version needs another name.
pub fn environment(name: &str, packages: &[&str]) -> Result<PathBuf, StandInError> {
    let home = home();
    fs::create_dir_all(home.join("run"))?;
    let lock = File::create(home.join("lock"))?;
    lock.lock()?;
    let environment = home.join(name);
    let python = environment.join("bin").join("python");
    let installed = environment.join("installed");
    if !installed.exists() {
        if environment.exists() {
            // Somebody was interrupted.
            fs::remove_dir_all(&environment)?;
        }
        said_well(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        said_well(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        File::create(&installed)?;
    }
    Ok(python)
}

fn said_well(command: &mut Command) -> Result<(), StandInError> {
    let what = format!("{command:?}");
    let told = |why: String| StandInError::Install { what: what.clone(), why };
    let output = command.output().map_err(|error| told(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(told(String::from_utf8_lossy(&output.stderr).into_owned()))
}
