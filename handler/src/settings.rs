//! What the handler must be told, and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use lane::id::AccountId;
use secrecy::{ExposeSecret, SecretString};

/// The shortest notice secret. Of 64 signs each, 20 are 120 bits: nobody finds them by asking.
const NOTICE_SECRET_CHARS_MIN: usize = 20;

/// The longest notice secret; more says nothing more, and addresses have limits.
const NOTICE_SECRET_CHARS_MAX: usize = 200;

/// The handler's settings. They can only be made with [`Settings::new`], so that there is always a secret to check
/// signatures with.
#[derive(Debug, Clone)]
pub struct Settings {
    shopify_secrets: Vec<SecretString>,
    warehouses: BTreeMap<String, Warehouse>,
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

/// A warehouse account that may send notices.
#[derive(Debug, Clone)]
pub struct Warehouse {
    /// The account they are about.
    pub account: AccountId,
    /// The random text that ends the address of its notices: 20 to 200 of `A-Z`, `a-z`, `0-9`, `-`, `.`, `_` and `~`. It
    /// is all that proves a notice.
    pub secret: SecretString,
    /// The host of its API (`ssapi.shipstation.com`), without a port. A notice that points neither there nor at another of
    /// `ShipStation`'s own hosts (`ssapi6.shipstation.com`) is refused. If it is not given, only the worker looks.
    pub host: Option<String>,
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// No secret was given.
    #[error("no Shopify secret is set: give the app's client secret, and the previous one during a rotation")]
    NoSecret,
    /// A secret is empty; anybody could sign with it.
    #[error("a Shopify secret is empty: give the app's client secret as shown in its settings")]
    EmptySecret,
    /// A notice secret could be guessed, or cannot stand in an address.
    #[error(
        "the notice secret of account {account} cannot be used: give 20 to 200 random signs of A-Z, a-z, 0-9, -, ., _ \
         and ~"
    )]
    NoticeSecret {
        /// The account's name.
        account: String,
    },
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
            warehouses: BTreeMap::new(),
            body_bytes_max: 5 * 1024 * 1024,
            read_deadline: Duration::from_secs(3),
            answer_deadline: Duration::from_secs(4),
            in_flight_max: 512,
            in_flight_bytes_max: 64 * 1024 * 1024,
        })
    }

    /// Takes notices of these accounts, by the name that stands in the address:
    /// `/webhooks/shipstation/{name}/{secret}`. All others are refused.
    pub fn with_warehouses(mut self, warehouses: BTreeMap<String, Warehouse>) -> Result<Self, InvalidSettings> {
        for (account, warehouse) in &warehouses {
            if !is_notice_secret(warehouse.secret.expose_secret()) {
                return Err(InvalidSettings::NoticeSecret { account: account.clone() });
            }
        }
        self.warehouses = warehouses;
        Ok(self)
    }

    /// The account that takes notices under this name.
    pub(crate) fn warehouse(&self, name: &str) -> Option<&Warehouse> {
        self.warehouses.get(name)
    }

    /// The secrets that may have signed a webhook; never empty.
    pub fn shopify_secrets(&self) -> &[SecretString] {
        &self.shopify_secrets
    }
}

/// Signs that an address needs no escape for, so that there is one way to write it.
fn is_notice_secret(text: &str) -> bool {
    (NOTICE_SECRET_CHARS_MIN..=NOTICE_SECRET_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"-._~".contains(&sign))
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
        let settings = settings.with_warehouses(warehouses("canary-canary-canary")).unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
    }

    fn warehouses(secret: &str) -> BTreeMap<String, Warehouse> {
        let warehouse =
            Warehouse { account: AccountId::at("shipstation", "main"), secret: SecretString::from(secret), host: None };
        BTreeMap::from([("main".to_owned(), warehouse)])
    }

    #[test]
    fn a_notice_secret_is_long_and_stands_in_an_address_as_it_is() {
        let settings = Settings::new(vec![SecretString::from("secret")]).unwrap();
        let with = |secret: &str| settings.clone().with_warehouses(warehouses(secret));
        assert!(with(&"a".repeat(20)).is_ok() && with(&"~._-09azAZ".repeat(20)).is_ok());
        for bad in [
            "",
            &"a".repeat(19),
            &"a".repeat(201),
            "/aaaaaaaaaaaaaaaaaaaa",
            "%2Faaaaaaaaaaaaaaaaaa",
            "ä".repeat(20).as_str(),
        ] {
            let refused = with(bad).unwrap_err();
            assert_eq!(refused, InvalidSettings::NoticeSecret { account: "main".to_owned() }, "{bad:?}");
            assert!(bad.is_empty() || !refused.to_string().contains(bad));
        }
    }
}
