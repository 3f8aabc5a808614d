//! The envelope of a webhook: its signature and its headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The version that webhooks say they were written with.
const API_VERSION: &str = "2026-10";

/// Shopify's signature of a body: HMAC-SHA256 under the app's secret, in Base64.
pub fn sign(body: &[u8], secret: &str) -> String {
    // HMAC takes a key of any length, so the empty signature, which nobody accepts, is never given.
    let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    keyed.map_or_else(|_| String::new(), |mac| BASE64.encode(mac.chain_update(body).finalize().into_bytes()))
}

/// The headers of a delivery.
pub fn headers(
    topic: &str,
    domain: &str,
    webhook_id: &str,
    event_id: &str,
    signature: String,
) -> Vec<(&'static str, String)> {
    vec![
        ("Content-Type", "application/json".to_owned()),
        ("X-Shopify-Topic", topic.to_owned()),
        ("X-Shopify-Hmac-Sha256", signature),
        ("X-Shopify-Shop-Domain", domain.to_owned()),
        ("X-Shopify-API-Version", API_VERSION.to_owned()),
        ("X-Shopify-Webhook-Id", webhook_id.to_owned()),
        ("X-Shopify-Event-Id", event_id.to_owned()),
    ]
}
