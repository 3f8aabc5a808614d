//! Addresses of providers. Credentials travel there, so plain `http` is for this machine only: the simulators.

use serde::Deserialize;

/// Why a text is no address of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    #[error("this is no address; write it as https://host")]
    NoUrl,
    #[error("http would show the credentials to the network; use https (http is for this machine only)")]
    PlainHttp,
    #[error("an address is the scheme, the host and perhaps a path; leave out user, query and fragment")]
    TooMuch,
    #[error("{{domain}} has to stand in it, where the shop's domain goes")]
    NoDomain,
}

/// The base address of a provider's API, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderAddress(String);

impl ProviderAddress {
    /// Accepts `https` anywhere and `http` on loopback.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        judge(text)?;
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host alone.
    pub fn host(&self) -> Option<String> {
        url::Url::parse(&self.0).ok()?.host_str().map(str::to_owned)
    }
}

impl TryFrom<String> for ProviderAddress {
    type Error = InvalidAddress;
    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        Self::parse(&text)
    }
}

/// Shopify's base address with `{domain}` where the shop's domain goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ShopifyAddress(String);

impl ShopifyAddress {
    /// Accepts what is an address once a domain stands in it.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        if !text.contains("{domain}") {
            return Err(InvalidAddress::NoDomain);
        }
        judge(&text.replace("{domain}", "shop.myshopify.com"))?;
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ShopifyAddress {
    type Error = InvalidAddress;
    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        Self::parse(&text)
    }
}

fn judge(text: &str) -> Result<(), InvalidAddress> {
    let url = url::Url::parse(text).map_err(|_| InvalidAddress::NoUrl)?;
    let host = url.host_str().ok_or(InvalidAddress::NoUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(InvalidAddress::PlainHttp),
        _ => return Err(InvalidAddress::NoUrl),
    }
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if bare { Ok(()) } else { Err(InvalidAddress::TooMuch) }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for fine in ["https://ssapi.shipstation.com", "http://127.0.0.1:9/x", "http://[::1]:9", "http://localhost"] {
            assert!(ProviderAddress::parse(fine).is_ok(), "{fine}");
        }
        for (bad, why) in [
            ("http://ssapi.shipstation.com", InvalidAddress::PlainHttp),
            ("http://127.0.0.1.example.com", InvalidAddress::PlainHttp),
            ("http://10.0.0.1", InvalidAddress::PlainHttp),
            ("https://key:secret@host", InvalidAddress::TooMuch),
            ("https://host/?key=1", InvalidAddress::TooMuch),
            ("ftp://host", InvalidAddress::NoUrl),
            ("host", InvalidAddress::NoUrl),
        ] {
            assert_eq!(ProviderAddress::parse(bad).unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn a_shopify_address_has_a_place_for_the_domain() {
        assert!(ShopifyAddress::parse("https://{domain}").is_ok());
        assert!(ShopifyAddress::parse("http://127.0.0.1:8/{domain}/").is_ok());
        assert_eq!(ShopifyAddress::parse("https://host").unwrap_err(), InvalidAddress::NoDomain);
        assert_eq!(ShopifyAddress::parse("http://{domain}").unwrap_err(), InvalidAddress::PlainHttp);
    }
}
