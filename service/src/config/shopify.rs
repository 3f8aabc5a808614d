//! How Shopify is reached.

use serde::Deserialize;

use super::address::ShopifyAddress;

/// `[shopify]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shopify {
    /// `{domain}` is replaced by the shop's domain.
    pub base_url: ShopifyAddress,
    /// The version of the Admin API.
    pub api_version: ApiVersion,
}

/// A version of the Admin API, `2026-10`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiVersion(String);

/// A text that is no version.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("write the version as a year and a month, such as 2026-10")]
pub struct InvalidVersion;

impl ApiVersion {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = InvalidVersion;
    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        match text.split_once('-') {
            Some((year, month)) if digits(year, 4) && digits(month, 2) => Ok(Self(text)),
            Some(_) | None => Err(InvalidVersion),
        }
    }
}

#[expect(clippy::unwrap_used, reason = "both texts are constants, and a test reads the defaults")]
impl Default for Shopify {
    fn default() -> Self {
        Self {
            base_url: ShopifyAddress::parse("https://{domain}").unwrap(),
            // The newest stable version when this was written; Shopify keeps each for at least a year.
            api_version: "2026-10".to_owned().try_into().unwrap(),
        }
    }
}
