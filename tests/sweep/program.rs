//! One life of the program: started in a folder, perhaps under the tracer, until it dies or is killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::stage::SECRET;
use crate::tracer::{self, Fault};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lanekeeper");

/// How long anything may take that is waited for. Two cores run everything at once; a good run never waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked again.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// A running program, killed when dropped.
pub(crate) struct Program {
    child: Child,
    number: u32,
    record: Option<PathBuf>,
    lines: Arc<Mutex<Vec<String>>>,
    /// Where it listens: for webhooks, and for people.
    pub(crate) addresses: Option<(String, String)>,
}

impl Program {
    /// Starts `up` and waits until it listens or has died.
    pub(crate) async fn start(folder: &Path, traced: Option<(&Path, Option<Fault>)>) -> Self {
        let mut command = match traced {
            None => Command::new(PROGRAM),
            Some((record, fault)) => {
                let mut command = Command::new("strace");
                command.args(tracer::before(folder, record, fault)).arg(PROGRAM);
                command
            }
        };
        settle(&mut command, folder);
        command.args(["up", "--config", "lanekeeper.toml"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("it can be started");
        let number = child.id().expect("it runs");
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (up, is_up) = oneshot::channel();
        tokio::spawn(listen(BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines), up));
        let said = tokio::time::timeout(PATIENCE, is_up).await;
        let addresses =
            said.unwrap_or_else(|_| panic!("it neither listens nor dies: {:?}", lines.lock().unwrap())).ok();
        Self { child, number, record: traced.map(|(record, _)| record.to_owned()), lines, addresses }
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Where what it logs is kept, after its end, too.
    pub(crate) fn lines(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.lines)
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself; the number it ended with, none if it was killed.
    pub(crate) async fn ends(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("it should have ended:\n{}", self.log())).unwrap().code()
    }

    /// Kills it, if it still runs, and waits until the tracer has written everything down. The record, if there is one.
    pub(crate) async fn kill(mut self) -> Option<String> {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
        let record = self.record.take()?;
        // The tracer has no parent that could wait for it; the end of the first thread is the last it writes.
        let last = format!("{}<", self.number);
        let waiting = async {
            loop {
                let text = String::from_utf8_lossy(&std::fs::read(&record).unwrap_or_default()).into_owned();
                if text.lines().rev().take(64).any(|line| squeezed(line).starts_with(&last) && line.contains("> +++ "))
                {
                    return text;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        Some(tokio::time::timeout(PATIENCE, waiting).await.expect("the tracer finishes its record"))
    }

    /// Asks it to stop in good order and waits until it has.
    pub(crate) async fn stop(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.number.to_string()]).status().await.unwrap().success());
        assert_eq!(self.ends().await, Some(0), "{}", self.log());
    }
}

/// Runs a command of the program to its end, and gives what it printed.
pub(crate) async fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(PROGRAM);
    settle(&mut command, folder);
    let output = command.args(arguments).args(["--config", "lanekeeper.toml"]).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn settle(command: &mut Command, folder: &Path) {
    command.current_dir(folder).env_clear();
    // The tracer is looked for on the path.
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs([("SECRET", SECRET), ("TOKEN", "a token"), ("SS_KEY", "ss-key"), ("SS_SECRET", "ss-secret")]);
}

/// The tracer pads numbers with spaces.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn listen(
    stderr: BufReader<tokio::process::ChildStderr>,
    lines: Arc<Mutex<Vec<String>>>,
    up: oneshot::Sender<(String, String)>,
) {
    let mut up = Some(up);
    let mut stderr = stderr.lines();
    while let Ok(Some(line)) = stderr.next_line().await {
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        if let (Some(webhooks), Some(review)) = (told["webhooks"].as_str(), told["review"].as_str())
            && let Some(up) = up.take()
        {
            let _ = up.send((webhooks.to_owned(), review.to_owned()));
        }
        lines.lock().unwrap().push(line);
    }
}
