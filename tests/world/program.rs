//! The program under test: a process of its own, started, killed and asked like any other.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::PATIENCE;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lanekeeper");

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    webhooks: String,
    review: String,
    folder: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts `up` in `folder` and waits until it listens.
    pub(crate) async fn start(folder: &Path, env: &[(&str, &str)]) -> Self {
        let mut child = command(folder)
            .args(["up", "--config"])
            .arg(folder.join("lanekeeper.toml"))
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (up, is_up) = oneshot::channel();
        let stderr = child.stderr.take().unwrap();
        tokio::spawn(listen(BufReader::new(stderr), Arc::clone(&lines), up));
        let addresses = tokio::time::timeout(PATIENCE, is_up).await;
        let Ok(Ok((webhooks, review))) = addresses else {
            panic!("the program did not start:\n{}", lines.lock().unwrap().join("\n"));
        };
        Self { child, webhooks, review, folder: folder.to_owned(), lines }
    }

    /// Where webhooks go.
    pub(crate) fn webhooks(&self) -> String {
        format!("http://{}/webhooks/shopify", self.webhooks)
    }

    /// A page or a resource of the review side.
    pub(crate) fn review(&self, path: &str) -> String {
        format!("http://{}{path}", self.review)
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Kills it without warning, if it still runs.
    pub(crate) async fn kill(&mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    /// Asks it to stop in good order and waits until it has. Whether it ended well.
    pub(crate) async fn terminate(&mut self) -> bool {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends in time");
        ended.unwrap().success()
    }

    /// Waits until it has died by itself.
    pub(crate) async fn dies(&mut self) {
        let died = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(died.is_ok_and(|status| !status.unwrap().success()), "it should have died; log:\n{}", self.log());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Runs another command of the program with the same settings, and gives its output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let output = command(&self.folder)
            .args(arguments)
            .arg("--config")
            .arg(self.folder.join("lanekeeper.toml"))
            .output()
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear();
    for (name, value) in [
        ("SECRET", super::SECRET),
        ("PREVIOUS_SECRET", "an older secret"),
        ("TOKEN", "a token"),
        ("SS_KEY", "ss-key"),
        ("SS_SECRET", "ss-secret"),
        ("NOTIFY_SECRET", super::NOTICE_SECRET),
    ] {
        command.env(name, value);
    }
    command
}

async fn listen(
    stderr: BufReader<tokio::process::ChildStderr>,
    lines: Arc<Mutex<Vec<String>>>,
    up: oneshot::Sender<(String, String)>,
) {
    let mut up = Some(up);
    let mut stderr = stderr.lines();
    while let Ok(Some(line)) = stderr.next_line().await {
        let json: Value = serde_json::from_str(&line).unwrap_or_default();
        let fields = if json["fields"].is_object() { &json["fields"] } else { &json };
        if let (Some(webhooks), Some(review)) = (fields["webhooks"].as_str(), fields["review"].as_str())
            && let Some(up) = up.take()
        {
            let _ = up.send((webhooks.to_owned(), review.to_owned()));
        }
        lines.lock().unwrap().push(line);
    }
}
