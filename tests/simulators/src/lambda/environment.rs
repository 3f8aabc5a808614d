//! One execution environment: the process, and the Runtime API that it alone talks to.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use lane::clock::{Timestamp, after};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;

use super::{Deployed, Failed};
use crate::locked;

/// How long a process may take until it asks for its first event (*Lambda execution environment: Init phase*), and more:
/// two cores run everything at once.
const INIT_MAX: Duration = Duration::from_mins(1);

/// An event on its way to the process.
struct Event {
    request: String,
    deadline: Timestamp,
    body: String,
}

/// What the process says.
enum Said {
    /// It asks for an event.
    Asks,
    Answers(String, Value),
    Fails(Value),
}

/// The Runtime API's side of the process.
struct Runtime {
    events: AsyncMutex<mpsc::Receiver<Event>>,
    said: mpsc::Sender<Said>,
}

/// A process that waits, frozen, or works on one event.
pub(super) struct Environment {
    child: Child,
    events: mpsc::Sender<Event>,
    said: mpsc::Receiver<Said>,
    serving: JoinHandle<()>,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.serving.abort();
        // A frozen process dies of SIGKILL, too.
        let _ = self.child.start_kill();
    }
}

impl Environment {
    /// Starts the process and waits until it asks for its first event; then it is frozen.
    pub(super) async fn start(deployed: &Deployed, log: Arc<Mutex<Vec<String>>>) -> Result<Self, String> {
        let words = |error: std::io::Error| error.to_string();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(words)?;
        let address = listener.local_addr().map_err(words)?;
        let (events, waiting) = mpsc::channel(1);
        let (said, hears) = mpsc::channel(8);
        let runtime = Arc::new(Runtime { events: AsyncMutex::new(waiting), said });
        let api = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{request}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{request}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed_at_once))
            .with_state(runtime);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, api).await;
        });
        let mut child = Command::new(&deployed.program)
            .env_clear()
            .envs(deployed.env.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "simulated")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(words)?;
        keep(child.stdout.take(), &log);
        keep(child.stderr.take(), &log);
        let mut environment = Self { child, events, said: hears, serving };
        match tokio::time::timeout(INIT_MAX, environment.hear()).await {
            Ok(Ok(Said::Asks)) => {
                environment.signal("STOP").await;
                Ok(environment)
            }
            Ok(Ok(Said::Answers(..))) => Err("it answered before it was asked".to_owned()),
            Ok(Ok(Said::Fails(why))) => Err(format!("it failed to start: {why}")),
            Ok(Err(why)) => Err(format!("{why}: {}", locked(&log).join("; "))),
            Err(_) => Err("it did not ask for an event in time".to_owned()),
        }
    }

    /// Thaws the process, gives it the event, and freezes it once it has answered and asks for the next one.
    pub(super) async fn invoke(
        &mut self,
        number: u64,
        event: &Value,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Value, Failed> {
        let request = format!("request-{number}");
        let event = Event { request: request.clone(), deadline: after(now, timeout), body: event.to_string() };
        self.signal("CONT").await;
        if self.events.send(event).await.is_err() {
            return Err(Failed::Exited("it asks for nothing any more".to_owned()));
        }
        match tokio::time::timeout(timeout, self.result(&request)).await {
            Ok(result) => result,
            Err(_) => Err(Failed::TimedOut(timeout)),
        }
    }

    async fn result(&mut self, request: &str) -> Result<Value, Failed> {
        let mut result = None;
        loop {
            match (self.hear().await.map_err(Failed::Exited)?, result.take()) {
                (Said::Asks, Some(result)) => {
                    self.signal("STOP").await;
                    return result;
                }
                (Said::Asks, None) => return Err(Failed::Exited("it asked for another event first".to_owned())),
                (Said::Answers(to, answer), _) if to == request => result = Some(Ok(answer)),
                (Said::Answers(to, _), _) => return Err(Failed::Exited(format!("it answered {to}"))),
                (Said::Fails(why), _) => result = Some(Err(Failed::Function(why))),
            }
        }
    }

    /// What the process says next, or how it ended.
    async fn hear(&mut self) -> Result<Said, String> {
        tokio::select! {
            biased;
            Some(said) = self.said.recv() => Ok(said),
            ended = self.child.wait() => Err(ended.map_or_else(|error| error.to_string(), |status| status.to_string())),
        }
    }

    async fn signal(&self, name: &str) {
        if let Some(id) = self.child.id() {
            let sent = Command::new("kill").args([format!("-{name}"), id.to_string()]).status().await;
            if let Err(error) = sent {
                tracing::warn!(%error, "a process could not be told {name}");
            }
        }
    }
}

fn keep(from: Option<impl AsyncRead + Unpin + Send + 'static>, log: &Arc<Mutex<Vec<String>>>) {
    let (Some(from), log) = (from, Arc::clone(log)) else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            locked(&log).push(line);
        }
    });
}

async fn next(State(runtime): State<Arc<Runtime>>) -> impl IntoResponse {
    // One process asks, one question at a time.
    let mut events = runtime.events.lock().await;
    let _ = runtime.said.send(Said::Asks).await;
    let Some(event) = events.recv().await else { return StatusCode::GONE.into_response() };
    let headers = [
        ("lambda-runtime-aws-request-id", event.request),
        ("lambda-runtime-deadline-ms", event.deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:simulated".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.body).into_response()
}

async fn answered(State(runtime): State<Arc<Runtime>>, Path(request): Path<String>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
    say(&runtime, Said::Answers(request, answer)).await
}

async fn failed(State(runtime): State<Arc<Runtime>>, _: HeaderMap, body: Bytes) -> StatusCode {
    say(&runtime, Said::Fails(serde_json::from_slice(&body).unwrap_or(Value::Null))).await
}

async fn failed_at_once(State(runtime): State<Arc<Runtime>>, body: Bytes) -> StatusCode {
    say(&runtime, Said::Fails(serde_json::from_slice(&body).unwrap_or(Value::Null))).await
}

async fn say(runtime: &Runtime, said: Said) -> StatusCode {
    let _ = runtime.said.send(said).await;
    StatusCode::ACCEPTED
}
