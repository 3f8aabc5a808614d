//! Where webhooks and people come in.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use lane::shop::SecretRef;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Value;

use super::address::ProviderAddress;
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

/// The library's own words do not say how an address is written.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let written = Value::deserialize(deserializer)?;
    let address = written.as_str().and_then(|text| text.parse().ok());
    address.ok_or_else(|| Error::custom("write an address and a port such as 127.0.0.1:8080"))
}

/// An address, if there is one.
pub(super) fn optional_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    address(deserializer).map(Some)
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// The address and port.
    #[serde(default = "webhooks_listen", deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The app's secrets: the current one, and the previous one while it is being rotated.
    #[serde(deserialize_with = "secret::references")]
    pub shopify_secrets: Vec<SecretRef>,
}

/// `[review]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The address and port.
    #[serde(default = "review_listen", deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The secrets that sign merchants' links: the first signs, every one of them lets in. Without any there are no links.
    #[serde(default, deserialize_with = "secret::references")]
    pub link_secrets: Vec<SecretRef>,
    /// The address under which merchants reach it, which stands before their links.
    #[serde(default)]
    pub public_url: Option<ProviderAddress>,
}

impl Review {
    /// What merchants' links begin with: the address that was given, or the listener's own.
    pub fn origin(&self) -> String {
        let given = self.public_url.as_ref().map(|url| url.as_str().to_owned());
        given.unwrap_or_else(|| format!("http://{}", self.listen))
    }
}
