//! Connections: hyper served by hand, because a simulator must be able to close a connection without a word or in
//! the middle of an answer, and a web framework always answers.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::locked;

/// The largest body read: a hundred orders of 500 lines at `ShipStation` are about 15 MB.
const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// How long half an answer is given to leave before the connection is closed behind it.
const HALF_BODY_LEAD: Duration = Duration::from_millis(30);

/// A request with its whole body.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The path's parts, without the empty ones.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }
}

/// An answer of the provider.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// What is left of the rate limit, for the journal.
    pub(crate) remaining: Option<i64>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { status, content_type: "application/json; charset=utf-8", headers: Vec::new(), body, remaining: None }
    }
}

/// What becomes of the connection.
#[derive(Debug)]
pub(crate) enum Answer {
    Whole(Reply),
    Half(Reply),
    Cut,
}

/// Whoever answers the requests of one server.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(&self, request: Arrived) -> impl Future<Output = Answer> + Send;
}

/// hyper closes a connection whose service fails, and this is the failure we hand it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the simulator cuts the connection")]
struct Cut;

/// A server that accepts until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Running {
    pub(crate) async fn start<A: Answers>(listen: SocketAddr, answers: Arc<A>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let accepting = tokio::spawn(accept(listener, answers, stop.clone()));
        Ok(Self { address, stop, accepting: Mutex::new(Some(accepting)) })
    }

    /// Accepts nothing by itself, and only has an address to name.
    pub(crate) fn unconnected(address: SocketAddr) -> Self {
        Self { address, stop: CancellationToken::new(), accepting: Mutex::default() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and all connections, and returns once that has happened.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let accepting = locked(&self.accepting).take();
        if let Some(accepting) = accepting
            && let Err(error) = accepting.await
        {
            tracing::warn!(%error, "the simulator did not stop cleanly");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept<A: Answers>(listener: TcpListener, answers: Arc<A>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Without it every small answer waits some 40 ms for the caller's delayed acknowledgement.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "TCP_NODELAY could not be set");
                    }
                    connections.spawn(converse(stream, Arc::clone(&answers)));
                }
                Err(error) => tracing::warn!(%error, "a connection to the simulator could not be accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection until it ends.
pub(crate) async fn converse<A: Answers>(stream: impl AsyncRead + AsyncWrite + Unpin, answers: Arc<A>) {
    let service = service_fn(move |request| {
        let answers = Arc::clone(&answers);
        async move { serve(request, answers.as_ref()).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the simulator ended early");
    }
}

async fn serve<A: Answers>(request: Request<Incoming>, answers: &A) -> Result<Response<BoxBody<Bytes, Cut>>, Cut> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Ok(response(
            &Reply::json(413, &serde_json::json!({"message": "the body is too large"})),
            whole(Bytes::new()),
        ));
    };
    let arrived = Arrived {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    match answers.answer(arrived).await {
        Answer::Whole(reply) => Ok(response(&reply, whole(reply.body.clone()))),
        Answer::Half(reply) => Ok(response(&reply, half(&reply.body))),
        Answer::Cut => Err(Cut),
    }
}

fn response(reply: &Reply, body: BoxBody<Bytes, Cut>) -> Response<BoxBody<Bytes, Cut>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    response
}

fn whole(body: Bytes) -> BoxBody<Bytes, Cut> {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed()
}

fn half(body: &Bytes) -> BoxBody<Bytes, Cut> {
    let first = body.slice(..body.len() / 2);
    let sent = futures::stream::once(async move { Ok(Frame::data(first)) });
    // The pause lets hyper flush the first half; an error right behind it would swallow both.
    let cut = futures::stream::once(async {
        tokio::time::sleep(HALF_BODY_LEAD).await;
        Err(Cut)
    });
    http_body_util::BodyExt::boxed(StreamBody::new(sent.chain(cut)))
}
