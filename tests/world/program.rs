//! The program under test: a process of its own, started, killed and asked like any other.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use futures::future::select_all;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::lambda::Functions;
use super::{Home, PATIENCE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lanekeeper");

/// A running program; killed when dropped.
pub(crate) struct Program {
    /// One on a machine; handler, worker and review on AWS.
    parts: Vec<Child>,
    /// On Lambda.
    functions: Option<Functions>,
    webhooks: String,
    review: String,
    folder: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts `up` in `folder`, or the services on AWS, and waits until all listen.
    pub(crate) async fn start_in(home: Home, folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::launch(home, command(folder), folder, env).await
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
        Self::launch(crate::HOME, command_under(limit, folder), folder, env).await
    }

    async fn launch(home: Home, mut command: Command, folder: &Path, env: &[(&str, &str)]) -> Self {
        match home {
            Home::Machine => {
                command.arg("up");
                Self::launch_as(command, folder, env).await
            }
            Home::Aws => {
                let services = ["handler", "worker", "review"];
                let services = services.map(|name| settled(Command::new(service(name)), folder));
                Self::launch_all(services.into(), Home::Aws, folder, env).await
            }
            Home::Lambda => {
                let env = ENVIRONMENT.iter().chain(env).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                let functions = Functions::deploy(folder, &env.collect::<Vec<_>>()).await;
                let (webhooks, review) = (functions.webhooks().to_string(), functions.review().to_string());
                let (parts, folder, lines) = (Vec::new(), folder.to_owned(), Arc::default());
                Self { parts, functions: Some(functions), webhooks, review, folder, lines }
            }
        }
    }

    async fn launch_as(command: Command, folder: &Path, env: &[(&str, &str)]) -> Self {
        Self::launch_all(vec![command], Home::Machine, folder, env).await
    }

    async fn launch_all(commands: Vec<Command>, home: Home, folder: &Path, env: &[(&str, &str)]) -> Self {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (up, mut told) = mpsc::unbounded_channel();
        let mut parts = Vec::new();
        for command in commands {
            parts.push(begin(command, folder, env, &lines, &up));
        }
        drop(up);
        let both = async {
            let (mut webhooks, mut review, mut works) = (None, None, home == Home::Machine);
            while webhooks.is_none() || review.is_none() || !works {
                match told.recv().await {
                    Some(Told::Works) => works = true,
                    Some(Told::Webhooks(address)) => webhooks = Some(address),
                    Some(Told::Review(address)) => review = Some(address),
                    None => return None,
                }
            }
            webhooks.zip(review)
        };
        let Ok(Some((webhooks, review))) = tokio::time::timeout(PATIENCE, both).await else {
            panic!("the program did not start:\n{}", lines.lock().unwrap().join("\n"));
        };
        Self { parts, functions: None, webhooks, review, folder: folder.to_owned(), lines }
    }

    /// One more worker beside the first, on AWS.
    pub(crate) fn another_worker(&mut self, env: &[(&str, &str)]) {
        let command = settled(Command::new(service("worker")), &self.folder);
        let (nobody_asks, _) = mpsc::unbounded_channel();
        self.parts.push(begin(command, &self.folder, env, &self.lines, &nobody_asks));
    }

    /// Sends the first worker a signal, on AWS.
    pub(crate) async fn signal_worker(&self, name: &str) {
        send(&self.parts[1], name).await;
    }

    /// Its number among the machine's processes.
    pub(crate) fn id(&self) -> u32 {
        self.parts[0].id().expect("it runs")
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
        let functions = self.functions.as_ref().map(Functions::log).unwrap_or_default();
        [self.lines.lock().unwrap().clone(), functions].concat().join("\n")
    }

    /// The functions that it is made of on Lambda.
    pub(crate) fn functions(&self) -> &Functions {
        self.functions.as_ref().expect("it runs on Lambda")
    }

    /// Kills it without warning, if it still runs.
    pub(crate) async fn kill(&mut self) {
        self.functions = None;
        for part in &mut self.parts {
            let _ = part.start_kill();
            let _ = part.wait().await;
        }
    }

    /// Asks it to stop in good order and waits until it has. Whether it ended well.
    pub(crate) async fn terminate(&mut self) -> bool {
        self.signal("TERM").await;
        self.ends_well().await
    }

    /// Waits until it has ended. Whether it ended well.
    pub(crate) async fn ends_well(&mut self) -> bool {
        self.functions = None;
        let mut all_well = true;
        for part in &mut self.parts {
            let ended = tokio::time::timeout(PATIENCE, part.wait()).await.expect("it ends in time");
            all_well &= ended.unwrap().success();
        }
        all_well
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) async fn signal(&self, name: &str) {
        for part in &self.parts {
            send(part, name).await;
        }
    }

    /// Waits until it has died by itself.
    pub(crate) async fn dies(&mut self) {
        let died = async {
            let (died, ..) = select_all(self.parts.iter_mut().map(|part| Box::pin(part.wait()))).await;
            !died.unwrap().success()
        };
        let died = tokio::time::timeout(PATIENCE, died).await;
        assert!(died.is_ok_and(|died| died), "it should have died; log:\n{}", self.log());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.parts.iter_mut().any(|part| part.try_wait().unwrap().is_some())
    }

    /// A command of the program with the same settings.
    pub(crate) fn to_run(&self, arguments: &[&str]) -> Command {
        let mut run = command(&self.folder);
        run.args(arguments).arg("--config").arg(self.folder.join("lanekeeper.toml"));
        run
    }

    /// Runs another command of the program with the same settings, and gives its output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let output = self.to_run(arguments).output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }
}

fn command(folder: &Path) -> Command {
    settled(Command::new(PROGRAM), folder)
}

/// Starts a program with the settings of the folder and keeps what it logs.
fn begin(
    mut command: Command,
    folder: &Path,
    env: &[(&str, &str)],
    lines: &Arc<Mutex<Vec<String>>>,
    up: &mpsc::UnboundedSender<Told>,
) -> Child {
    let mut child = command
        .arg("--config")
        .arg(folder.join("lanekeeper.toml"))
        .envs(env.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    tokio::spawn(listen(BufReader::new(stderr), Arc::clone(lines), up.clone()));
    child
}

/// Sends a process a signal.
async fn send(part: &Child, name: &str) {
    let id = part.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().await.unwrap().success());
}

/// The shell sets the limit and becomes the program.
pub(crate) fn command_under(limit: &str, folder: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{limit}; exec \"$0\" \"$@\"")).arg(PROGRAM);
    settled(command, folder)
}

fn settled(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env_clear().envs(ENVIRONMENT);
    command
}

/// What every program finds in its environment.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("SECRET", super::SECRET),
    ("PREVIOUS_SECRET", "an older secret"),
    ("TOKEN", "a token"),
    ("SS_KEY", "ss-key"),
    ("SS_SECRET", "ss-secret"),
    ("NOTIFY_SECRET", super::NOTICE_SECRET),
    ("LINK_SECRET", super::LINK_SECRET),
    // What the stand-in for AWS takes.
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_REGION", "us-east-1"),
];

/// A service that is a program of its own. Tests of the whole workspace build them all.
pub(super) fn service(name: &str) -> PathBuf {
    let path = Path::new(PROGRAM).with_file_name(name);
    assert!(path.exists(), "{} is not built: cargo build --workspace --bins", path.display());
    path
}

/// What a program says of where it listens.
enum Told {
    Webhooks(String),
    Review(String),
    /// The worker that is a program of its own is up.
    Works,
}

async fn listen(
    stderr: BufReader<tokio::process::ChildStderr>,
    lines: Arc<Mutex<Vec<String>>>,
    up: mpsc::UnboundedSender<Told>,
) {
    let mut stderr = stderr.lines();
    while let Ok(Some(line)) = stderr.next_line().await {
        let json: Value = serde_json::from_str(&line).unwrap_or_default();
        let fields = if json["fields"].is_object() { &json["fields"] } else { &json };
        let told = |name: &str| fields[name].as_str().map(str::to_owned).or_else(|| word_behind(&line, name));
        let (webhooks, review) = match (told("setting").as_deref(), told("listen")) {
            (Some("[webhooks] listen"), Some(listen)) => (Some(listen), None),
            (Some("[review] listen"), Some(listen)) => (None, Some(listen)),
            _ => (told("webhooks"), told("review")),
        };
        // Nobody listens any more once all are up.
        let _ = line.contains("the worker is up").then(|| up.send(Told::Works));
        let _ = webhooks.map(|address| up.send(Told::Webhooks(address)));
        let _ = review.map(|address| up.send(Told::Review(address)));
        lines.lock().unwrap().push(line);
    }
}

/// The value of a field in a line that is written for people.
fn word_behind(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    rest.split_whitespace().next().map(str::to_owned)
}
