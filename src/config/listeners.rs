//! Where webhooks and people come in.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use lane::shop::SecretRef;
use serde::Deserialize;

use super::secret;

/// Loopback unless told otherwise: a TLS proxy stands in front of both listeners.
const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

fn webhooks_listen() -> SocketAddr {
    loopback(8080)
}

fn review_listen() -> SocketAddr {
    loopback(8090)
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    /// The address and port.
    #[serde(default = "webhooks_listen")]
    pub(crate) listen: SocketAddr,
    /// The app's secrets: the current one, and the previous one while it is being rotated.
    #[serde(deserialize_with = "secret::references")]
    pub(crate) shopify_secrets: Vec<SecretRef>,
}

/// `[review]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    /// The address and port.
    #[serde(default = "review_listen")]
    pub(crate) listen: SocketAddr,
}
