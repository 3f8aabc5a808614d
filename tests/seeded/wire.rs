//! HTTP over the simulated network: hyper on turmoil's streams, a connection for each request, with the time limits that
//! the real client keeps.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt as _;
use hyper::header::{HOST, HeaderValue};
use hyper::http::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use turmoil::net::{TcpListener, TcpStream};
use worker::transport::{CONNECT_TIMEOUT, Lost, Transport};

/// How long the head of a request may take, as the program has it.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// The worker's way to its providers.
pub(crate) struct Simulated;

#[async_trait]
impl Transport for Simulated {
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Lost> {
        let time = request.timeout().copied().unwrap_or(Duration::MAX);
        let request: Request<reqwest::Body> = request.try_into().map_err(|_| Lost::NeverLeft)?;
        let answer = tokio::time::timeout(time, exchange(request)).await.map_err(|_| Lost::TimedOut)??;
        Ok(answer.into())
    }
}

/// Sends a request to the host that its address names, and gives the whole answer.
pub(crate) async fn exchange<B>(mut request: Request<B>) -> Result<Response<Bytes>, Lost>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let host = request.uri().host().ok_or(Lost::NeverLeft)?.to_owned();
    let port = request.uri().port_u16().unwrap_or(80);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Lost::NeverLeft)?;
    request.headers_mut().insert(HOST, HeaderValue::from_str(&host).map_err(|_| Lost::NeverLeft)?);
    let connecting = TcpStream::connect((host.as_str(), port));
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| Lost::NeverLeft)?;
    let stream = TokioIo::new(connected.map_err(|_| Lost::NeverLeft)?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(|_| Lost::Cut)?;
    // It ends with the conversation: a request that is given up must not go on in the background.
    let conversation = async move {
        let answer = sender.send_request(request).await.map_err(|_| Lost::Cut)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Lost::Cut)?.to_bytes();
        Ok(Response::from_parts(head, body))
    };
    let mut connection = std::pin::pin!(connection);
    let mut conversation = std::pin::pin!(conversation);
    let mut connected = true;
    std::future::poll_fn(move |cx| {
        if connected && connection.as_mut().poll(cx).is_ready() {
            connected = false;
        }
        conversation.as_mut().poll(cx)
    })
    .await
}

/// Serves a router on a port of the host that calls.
pub(crate) async fn serve(port: u16, router: Router) -> std::io::Result<()> {
    accept(port, move |stream| {
        let service = TowerToHyperService::new(router.clone());
        async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .serve_connection(TokioIo::new(stream), service);
            // The caller went away; that is its own affair.
            let _ = connection.await;
        }
    })
    .await
}

/// Accepts for ever.
pub(crate) async fn accept<F>(port: u16, converse: impl Fn(TcpStream) -> F) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream));
    }
}
