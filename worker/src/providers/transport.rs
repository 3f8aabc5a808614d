//! How requests reach a provider: over this machine's network, or over whatever a simulation has instead of one.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Request, Response};

/// A provider that does not accept a connection in this time is down; a call takes longer only once it has left.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections kept open to each host: as many as lanes are carried at once by default. A new one costs a handshake.
const IDLE_PER_HOST: usize = 256;
/// How long a connection is kept without a call: file handles are wanted for webhooks, too.
const IDLE_TIME: Duration = Duration::from_secs(15);

/// Sends requests.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request, which says itself how long all of it may take ([`Request::timeout`]), and gives the answer as
    /// soon as its head is there. Its body may still end in an error.
    async fn send(&self, request: Request) -> Result<Response, Lost>;
}

/// How a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// No connection came about, so nothing was sent.
    #[error("it could not be reached")]
    NeverLeft,
    /// It left, and its time was over before the answer was there.
    #[error("it did not answer in time")]
    TimedOut,
    /// It left, and then the connection ended.
    #[error("the connection was cut")]
    Cut,
}

impl From<&reqwest::Error> for Lost {
    fn from(error: &reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::NeverLeft
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Cut
        }
    }
}

/// The machine's network. `time` is the longest that a call may take.
pub fn network(time: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("lanekeeper/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry credentials and orders somewhere else.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(time)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(IDLE_TIME)
        .build()
}

#[async_trait]
impl Transport for Client {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        self.execute(request).await.map_err(|error| Lost::from(&error))
    }
}
