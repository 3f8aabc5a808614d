//! An HTTP API in front of a function, with the payload format 2.0 (*Amazon API Gateway Developer Guide: Create AWS Lambda
//! proxy integrations for HTTP APIs*). Every body goes as base64, so that whoever checks signatures has to decode it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Failed, Function};

/// An HTTP API that listens as long as it lives.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Gateway {
    /// Opens one on a free port of this machine.
    pub async fn open(function: Function) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(Arc::new(function));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pass(
    State(function): State<Arc<Function>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match function.invoke(&event(&method, &uri, &headers, &body)).await {
        Ok(answer) => response(&answer).unwrap_or_else(|| plain(StatusCode::INTERNAL_SERVER_ERROR)),
        Err(Failed::Throttled) => plain(StatusCode::SERVICE_UNAVAILABLE),
        Err(Failed::TimedOut(_)) => plain(StatusCode::GATEWAY_TIMEOUT),
        Err(Failed::Exited(_) | Failed::Function(_)) => plain(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let mut told = Map::new();
    let mut cookies = Vec::new();
    for name in headers.keys() {
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        if name == "cookie" {
            cookies.extend(values.iter().flat_map(|value| value.split("; ")).map(str::to_owned));
        } else {
            told.insert(name.as_str().to_owned(), json!(values.join(",")));
        }
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": told,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "api",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {
                "method": method.as_str(),
                "path": uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "simulated",
            },
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:10:00:00 +0000",
            "timeEpoch": 0,
        },
        "isBase64Encoded": !body.is_empty(),
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !body.is_empty() {
        event["body"] = json!(STANDARD.encode(body));
    }
    event
}

fn response(answer: &Value) -> Option<Response<Body>> {
    let status = u16::try_from(answer["statusCode"].as_u64()?).ok()?;
    let mut response = Response::builder().status(status);
    for part in ["headers", "multiValueHeaders"] {
        for (name, value) in answer[part].as_object().into_iter().flatten() {
            for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
                response = response.header(name, value.as_str()?);
            }
        }
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        response = response.header("set-cookie", cookie.as_str()?);
    }
    let text = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true { STANDARD.decode(text).ok()? } else { text.as_bytes().to_vec() };
    response.body(Body::from(body)).ok()
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
