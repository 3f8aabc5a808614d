//! Serves a router over HTTP/1, with limits that a stranger meets before any of our code does: so many connections,
//! so long for the head of a request. Requests in progress are finished when the program stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::start::Start;

/// Connections open at the same time. Shopify reuses a few dozen; each costs some 20 KiB, so this is 20 MiB. Those
/// above it wait in the backlog of the operating system until one closes.
pub const CONNECTIONS_MAX: usize = 1024;

/// How long the head of a request may take, and how long a kept connection may stay silent. Shopify gives a whole
/// delivery 5 s.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// The same for who comes while fewer than half of the places are free: a webhook that stands behind thousands who say
/// nothing gets its turn after seconds, not after a quarter of a minute.
const HEAD_TIME_IN_A_CROWD: Duration = Duration::from_secs(1);

/// How long accepting rests when the process has no file handles left.
const BREATH: Duration = Duration::from_millis(100);

/// Limits of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: usize,
    pub head_time: Duration,
    pub head_time_in_a_crowd: Duration,
}

impl Limits {
    /// What the program serves with.
    pub const USUAL: Self =
        Self { connections: CONNECTIONS_MAX, head_time: HEAD_TIME, head_time_in_a_crowd: HEAD_TIME_IN_A_CROWD };

    fn head_time(&self, free: usize) -> Duration {
        if free < self.connections / 2 { self.head_time_in_a_crowd } else { self.head_time }
    }
}

/// Opens a port; `setting` names where the address comes from.
pub async fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{setting} {address} cannot be opened; choose another, or end what listens there"))
}

/// Accepts until `stop`, then closes the port and returns once every request in progress is answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some(place) = or_stop(&stop, Arc::clone(&places).acquire_owned()).await {
        let Some(accepted) = or_stop(&stop, listener.accept()).await else { break };
        match accepted {
            Ok((stream, _)) => {
                let head_time = limits.head_time(places.available_permits());
                let conversation = converse(stream, router.clone(), head_time, stop.clone());
                connections.spawn(async move {
                    conversation.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Answers requests until the end: as a Lambda function behind an HTTP API or a function URL, or on a port of its own.
pub async fn answer(start: &Start, setting: &str, address: SocketAddr, router: Router) -> anyhow::Result<()> {
    if start.on_lambda {
        return lambda_http::run(router).await.map_err(|error| anyhow::anyhow!("the runtime of Lambda: {error}"));
    }
    let listener = listen(setting, address).await?;
    tracing::info!(setting, listen = %listener.local_addr()?, "the service is up");
    serve(listener, router, Limits::USUAL, start.stop.clone()).await;
    Ok(())
}

async fn or_stop<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    stop.run_until_cancelled(work).await
}

async fn converse(stream: TcpStream, router: Router, head_time: Duration, stop: CancellationToken) {
    // Without it every small answer waits some 40 ms for the caller's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // The caller went away or sent no HTTP; both are the caller's affair.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn served(limits: Limits, router: Router) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = listen("test", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        (address, stop.clone(), tokio::spawn(serve(listener, router, limits, stop)))
    }

    fn hello() -> Router {
        Router::new().route("/", get(|| async { "hello" }))
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_closes_the_connection() {
        let limits = Limits { head_time: Duration::from_millis(50), ..Limits::USUAL };
        let (address, ..) = served(limits, hello()).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("hello"));
    }

    #[tokio::test]
    async fn a_connection_above_the_limit_waits_for_a_place() {
        let (address, ..) = served(Limits { connections: 1, ..Limits::USUAL }, hello()).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut first).await.ends_with("hello"));
        let mut second = TcpStream::connect(address).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(100), ask(&mut second)).await;
        assert!(waiting.is_err());
        drop(first);
        let mut answer = [0; 1024];
        let length = second.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..length]).ends_with("hello"));
    }

    #[tokio::test]
    async fn in_a_crowd_who_says_nothing_is_shown_out_sooner() {
        let soon = Duration::from_millis(50);
        let limits = Limits { connections: 3, head_time: Duration::from_mins(10), head_time_in_a_crowd: soon };
        let (address, ..) = served(limits, hello()).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let mut third = TcpStream::connect(address).await.unwrap();
        // The third takes the last place; it and nobody else is hurried.
        assert_eq!(third.read(&mut [0]).await.unwrap(), 0);
        for early in [&mut first, &mut second] {
            assert!(ask(early).await.ends_with("hello"));
        }
    }

    #[tokio::test]
    async fn stopping_closes_the_port_and_finishes_what_was_begun() {
        let (begins, has_begun) = tokio::sync::oneshot::channel();
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let gates = Arc::new(tokio::sync::Mutex::new(Some((begins, finished))));
        let router = Router::new().route(
            "/",
            get(move || async move {
                let (begins, finished) = gates.lock().await.take().unwrap();
                begins.send(()).unwrap();
                finished.await.unwrap();
                "finished"
            }),
        );
        let (address, stop, serving) = served(Limits::USUAL, router).await;
        let asking = tokio::spawn(async move { ask(&mut TcpStream::connect(address).await.unwrap()).await });
        has_begun.await.unwrap();
        stop.cancel();
        finish.send(()).unwrap();
        assert!(asking.await.unwrap().ends_with("finished"));
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_port_in_use_is_told_with_the_setting() {
        let first = listen("[review] listen", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let error = listen("[review] listen", first.local_addr().unwrap()).await.unwrap_err();
        assert!(error.to_string().starts_with("[review] listen 127.0.0.1:"), "{error}");
    }
}
