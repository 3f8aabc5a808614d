//! The socket beside the ledger's file. Only the user the program runs as may open it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use lane::ports::QueueSender;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{Command, Office, Reply};

/// The version stands in the path: another version of the command line gets a 404 instead of a misunderstanding.
const PATH: &str = "/v1/command";

/// How long the command line waits. A shop with many kept webhooks takes seconds; rules tried on a million past orders, or
/// a redaction of a shop that had them, take minutes.
const PATIENCE: Duration = Duration::from_mins(10);

/// An open socket; its file goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the control socket could not be removed");
        }
    }
}

impl Socket {
    /// Opens the socket with mode 0600. The caller holds the ledger's lock, so what lies there is of a program that
    /// ended without tidying up, and is replaced.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let listener =
            bind(&path).with_context(|| format!("the control socket {} cannot be opened", path.display()))?;
        Ok(Self { listener, file: SocketFile(path) })
    }

    /// Answers commands until `stop`.
    pub(crate) async fn serve(self, office: Arc<Office>, sender: Arc<dyn QueueSender>, stop: CancellationToken) {
        let router = Router::new().route(PATH, post(answer)).with_state((office, sender));
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the control socket ended");
        }
        drop(self.file);
    }
}

/// Binds in a folder that nobody else can enter, and moves the socket to its place once its mode is set. So there is
/// no moment at which another user could connect.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private =
        tempfile::Builder::new().prefix(".lk").permissions(Permissions::from_mode(0o700)).tempdir_in(folder)?;
    let first = private.path().join("s");
    let listener = UnixListener::bind(&first)?;
    fs::set_permissions(&first, Permissions::from_mode(0o600))?;
    fs::rename(&first, path)?;
    Ok(listener)
}

async fn answer(
    State((office, sender)): State<(Arc<Office>, Arc<dyn QueueSender>)>,
    Json(command): Json<Command>,
) -> Json<Reply> {
    Json(office.answer(command, sender.as_ref()).await)
}

/// What came of asking the running program.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// It carried the command out.
    Reply(Reply),
    /// No program listens there.
    NobodyListens,
}

/// Asks the program that listens at `socket`.
pub(crate) async fn ask(socket: &Path, command: &Command) -> anyhow::Result<Answer> {
    match UnixStream::connect(socket).await {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(Answer::NobodyListens);
        }
        Err(error) => {
            return Err(error).with_context(|| {
                format!("the running program cannot be asked at {}; are you its user?", socket.display())
            });
        }
    }
    let client = reqwest::Client::builder().unix_socket(socket).no_proxy().timeout(PATIENCE).build()?;
    let answer = client
        .post(format!("http://lanekeeper{PATH}"))
        .json(command)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .context("the running program did not answer the command; is it another version?")?;
    Ok(Answer::Reply(answer.json().await.context("the running program's answer could not be read")?))
}
