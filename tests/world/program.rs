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
        Self::launch(command(folder), folder, env).await
    }

    /// Starts it in the belief that the ledger is a backup.
    pub(crate) async fn start_restored(folder: &Path) -> Self {
        let mut command = command(folder);
        command.args(["up", "--restored"]);
        Self::launch_as(command, folder, &[]).await
    }

    /// Starts `up`, which is not to come up: it refuses, or dies on the way. What it said.
    pub(crate) async fn ends_at_once(folder: &Path, env: &[(&str, &str)]) -> String {
        let mut up = command(folder);
        up.args(["up", "--config"]).arg(folder.join("lanekeeper.toml")).envs(env.iter().copied()).kill_on_drop(true);
        let ended = tokio::time::timeout(PATIENCE, up.output()).await.expect("it ends by itself").unwrap();
        assert!(!ended.status.success());
        String::from_utf8_lossy(&ended.stderr).into_owned()
    }

    /// The same behind a limit of the machine, in the words of the shell: `ulimit -n 64`.
    pub(crate) async fn start_under(limit: &str, folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::launch(command_under(limit, folder), folder, env).await
    }

    async fn launch(mut command: Command, folder: &Path, env: &[(&str, &str)]) -> Self {
        command.arg("up");
        Self::launch_as(command, folder, env).await
    }

    async fn launch_as(mut command: Command, folder: &Path, env: &[(&str, &str)]) -> Self {
        let mut child = command
            .arg("--config")
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

    /// Its number among the machine's processes.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Where connections for webhooks go.
    pub(crate) fn address(&self) -> &str {
        &self.webhooks
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
        self.signal("TERM").await;
        self.ends_well().await
    }

    /// Waits until it has ended. Whether it ended well.
    pub(crate) async fn ends_well(&mut self) -> bool {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends in time");
        ended.unwrap().success()
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().await.unwrap().success());
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
    settled(Command::new(PROGRAM), folder)
}

/// The shell sets the limit and becomes the program.
pub(crate) fn command_under(limit: &str, folder: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{limit}; exec \"$0\" \"$@\"")).arg(PROGRAM);
    settled(command, folder)
}

fn settled(mut command: Command, folder: &Path) -> Command {
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
        let told = |name: &str| fields[name].as_str().map(str::to_owned).or_else(|| word_behind(&line, name));
        if let (Some(webhooks), Some(review)) = (told("webhooks"), told("review"))
            && let Some(up) = up.take()
        {
            let _ = up.send((webhooks, review));
        }
        lines.lock().unwrap().push(line);
    }
}

/// The value of a field in a line that is written for people.
fn word_behind(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    rest.split_whitespace().next().map(str::to_owned)
}
