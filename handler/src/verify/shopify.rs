//! Shopify's signature: base64 of HMAC-SHA256 over the raw body, keyed with the app's client secret as text.
//!
//! Only the body is signed. What the other headers say (topic, shop, ids) comes along as [`Told`] and is believed no
//! further than the ledger and the worker check it: a body is known by its hash, and an order is fetched with the
//! token of the shop that the webhook named.

use axum::http::HeaderMap;
use bytes::Bytes;
use lane::clock::Timestamp;
use secrecy::SecretString;

use crate::verify::{Refused, check, decode};

/// The longest header value that is taken in. Domain names end at 253 characters, ids are UUIDs.
const VALUE_BYTES_MAX: usize = 255;

/// An authentic webhook. Nobody else can make one.
#[derive(Debug)]
pub(crate) struct Verified {
    body: Bytes,
    told: Told,
}

/// What the headers beside the signature say. Not signed. A header that comes twice, is not plain text or is overlong
/// says nothing.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) topic: Option<String>,
    pub(crate) shop_domain: Option<String>,
    pub(crate) webhook_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) triggered_at: Option<Timestamp>,
}

impl Verified {
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn told(&self) -> &Told {
        &self.told
    }
}

/// The names of one family of headers. Names are compared in any case.
struct Family {
    signature: &'static str,
    topic: &'static str,
    shop_domain: &'static str,
    webhook_id: &'static str,
    event_id: &'static str,
    triggered_at: &'static str,
}

/// Webhooks as they always were.
const WEBHOOKS: Family = Family {
    signature: "x-shopify-hmac-sha256",
    topic: "x-shopify-topic",
    shop_domain: "x-shopify-shop-domain",
    webhook_id: "x-shopify-webhook-id",
    event_id: "x-shopify-event-id",
    triggered_at: "x-shopify-triggered-at",
};

/// The newer family, the same names without the prefix.
const EVENTS: Family = Family {
    signature: "shopify-hmac-sha256",
    topic: "shopify-topic",
    shop_domain: "shopify-shop-domain",
    webhook_id: "shopify-webhook-id",
    event_id: "shopify-event-id",
    triggered_at: "shopify-triggered-at",
};

impl Family {
    /// The family whose signature is there, the newer one first. All headers are then read from that family, so that
    /// two answers to one question never mix.
    fn of(headers: &HeaderMap) -> &'static Self {
        if headers.contains_key(EVENTS.signature) { &EVENTS } else { &WEBHOOKS }
    }

    fn told(&self, headers: &HeaderMap) -> Told {
        Told {
            topic: said(headers, self.topic).map(str::to_ascii_lowercase),
            shop_domain: said(headers, self.shop_domain).map(str::to_ascii_lowercase),
            webhook_id: said(headers, self.webhook_id).map(str::to_owned),
            event_id: said(headers, self.event_id).map(str::to_owned),
            triggered_at: said(headers, self.triggered_at).and_then(|text| text.parse().ok()),
        }
    }
}

/// Checks the signature over the raw body.
pub(crate) fn verify(headers: &HeaderMap, body: &Bytes, secrets: &[SecretString]) -> Result<Verified, Refused> {
    let family = Family::of(headers);
    let mut signatures = headers.get_all(family.signature).iter();
    let signature = signatures.next().ok_or(Refused::Missing)?;
    if signatures.next().is_some() {
        return Err(Refused::Doubled);
    }
    check(&decode(signature.as_bytes())?, body, secrets)?;
    Ok(Verified { body: body.clone(), told: family.told(headers) })
}

/// The one value of a header, trimmed.
fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?.trim();
    (1..=VALUE_BYTES_MAX).contains(&text.len()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Bytes = Bytes::from_static(br#"{"foo": "bar"}"#);
    const SIGNATURE: &str = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_published_vector_is_authentic() {
        let signed = headers(&[(WEBHOOKS.signature, SIGNATURE)]);
        let verified = verify(&signed, &BODY, &secrets(&["test_secret_key"])).unwrap();
        assert_eq!(verified.body(), &BODY);
    }

    #[test]
    fn any_secret_of_a_rotation_may_have_signed_and_no_other() {
        let signed = headers(&[(EVENTS.signature, SIGNATURE)]);
        for order in [["test_secret_key", "new"], ["new", "test_secret_key"]] {
            assert!(verify(&signed, &BODY, &secrets(&order)).is_ok(), "{order:?}");
        }
        let revoked = verify(&signed, &BODY, &secrets(&["new", "newer"]));
        assert_eq!(revoked.unwrap_err(), Refused::NoSecretMatches);
    }

    #[test]
    fn every_flaw_has_its_name() {
        let long = format!("{SIGNATURE}{SIGNATURE}");
        let url_safe = SIGNATURE.replace('=', "-=");
        let bits = SIGNATURE.replace("7g=", "7h=");
        let unpadded = SIGNATURE.trim_end_matches('=');
        let hex = "076ded5cdebcd60674a8858d46b82dcc113d5d20e8e72694bbac1f9a1bb76bb8";
        let listed = format!("{SIGNATURE},{SIGNATURE}");
        let malformed = ["", "B23tXN68", hex, &long, &url_safe, &bits, unpadded, &listed, "%%%"];
        for text in malformed {
            let flawed = verify(&headers(&[(WEBHOOKS.signature, text)]), &BODY, &secrets(&["test_secret_key"]));
            assert_eq!(flawed.unwrap_err(), Refused::Malformed, "{text:?}");
        }
        let judge = |pairs| verify(&headers(pairs), &BODY, &secrets(&["test_secret_key"])).unwrap_err();
        assert_eq!(judge(&[]), Refused::Missing);
        let doubled = [(WEBHOOKS.signature, SIGNATURE), (WEBHOOKS.signature, SIGNATURE)];
        assert_eq!(judge(&doubled), Refused::Doubled);
        assert_eq!(
            verify(
                &headers(&[(WEBHOOKS.signature, SIGNATURE)]),
                &Bytes::from_static(br#"{"foo":"bar"}"#),
                &secrets(&["test_secret_key"])
            )
            .unwrap_err(),
            Refused::NoSecretMatches
        );
    }

    #[test]
    fn the_newer_family_speaks_alone_when_both_are_there() {
        let both = headers(&[
            (WEBHOOKS.signature, "nonsense"),
            (WEBHOOKS.topic, "orders/paid"),
            (WEBHOOKS.webhook_id, "old"),
            (EVENTS.signature, SIGNATURE),
            (EVENTS.topic, "Orders/Create"),
            (EVENTS.shop_domain, " Acme.MyShopify.com "),
        ]);
        let verified = verify(&both, &BODY, &secrets(&["test_secret_key"])).unwrap();
        assert_eq!(verified.told().topic.as_deref(), Some("orders/create"));
        assert_eq!(verified.told().shop_domain.as_deref(), Some("acme.myshopify.com"));
        assert_eq!(verified.told().webhook_id, None);
    }

    #[test]
    fn a_header_that_cannot_be_believed_says_nothing() {
        let long = "a".repeat(VALUE_BYTES_MAX + 1);
        let odd = headers(&[
            (WEBHOOKS.signature, SIGNATURE),
            (WEBHOOKS.topic, "orders/create"),
            (WEBHOOKS.topic, "orders/paid"),
            (WEBHOOKS.shop_domain, "ä.myshopify.com"),
            (WEBHOOKS.webhook_id, &long),
            (WEBHOOKS.event_id, "  "),
            (WEBHOOKS.triggered_at, "yesterday"),
        ]);
        let verified = verify(&odd, &BODY, &secrets(&["test_secret_key"])).unwrap();
        let told = verified.told();
        assert!(told.topic.is_none() && told.shop_domain.is_none());
        assert!(told.webhook_id.is_none() && told.event_id.is_none() && told.triggered_at.is_none());
    }
}
