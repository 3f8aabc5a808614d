//! What the handler must be told, and its limits.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// The handler's settings. They can only be made with [`Settings::new`], so that there is always a secret to check
/// signatures with.
#[derive(Debug, Clone)]
pub struct Settings {
    shopify_secrets: Vec<SecretString>,
    /// The longest body that is taken. Orders are 10 to 100 KiB; 5 MiB leaves room for the strangest of them.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive. A sender that is slower than this would make the answer late anyway.
    pub read_deadline: Duration,
    /// How long everything may take, measured from the request's head. Shopify waits 5 s for the whole request; one
    /// of them is left to the network.
    pub answer_deadline: Duration,
    /// How many webhooks are worked on at once. With 10 ms for a commit this is far above every real rate, and low
    /// enough that a ledger that hangs cannot pile up work without end.
    pub in_flight_max: usize,
    /// How many bytes of bodies are held at once, by the handler and by the ledger behind it. At least one longest
    /// body is always let in.
    pub in_flight_bytes_max: usize,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// No secret was given.
    #[error("no Shopify secret is set: give the app's client secret, and the previous one during a rotation")]
    NoSecret,
    /// A secret is empty; anybody could sign with it.
    #[error("a Shopify secret is empty: give the app's client secret as shown in its settings")]
    EmptySecret,
}

impl Settings {
    /// The usual limits with these secrets: the current one and, while a rotation is under way, the previous one.
    /// Shopify signs with the oldest secret that is not revoked yet.
    pub fn new(shopify_secrets: Vec<SecretString>) -> Result<Self, InvalidSettings> {
        if shopify_secrets.is_empty() {
            return Err(InvalidSettings::NoSecret);
        }
        if shopify_secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(InvalidSettings::EmptySecret);
        }
        Ok(Self {
            shopify_secrets,
            body_bytes_max: 5 * 1024 * 1024,
            read_deadline: Duration::from_secs(3),
            answer_deadline: Duration::from_secs(4),
            in_flight_max: 512,
            in_flight_bytes_max: 64 * 1024 * 1024,
        })
    }

    /// The secrets that may have signed a webhook; never empty.
    pub fn shopify_secrets(&self) -> &[SecretString] {
        &self.shopify_secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_secret_and_it_is_never_empty() {
        assert_eq!(Settings::new(vec![]).unwrap_err(), InvalidSettings::NoSecret);
        let rotated = vec![SecretString::from("new"), SecretString::from("")];
        assert_eq!(Settings::new(rotated).unwrap_err(), InvalidSettings::EmptySecret);
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = Settings::new(vec![SecretString::from("shpss_canary")]).unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
