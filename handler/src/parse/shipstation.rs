//! ShipStation's notices: that something was shipped, and where to read what.
//!
//! A notice has a `resource_type`, the event, and a `resource_url` of at most 200 characters, to be read with the account's
//! own credentials (*docs.shipstation.com: Webhook Model*). Because credentials will go there, the address is looked at
//! here already; the worker, which follows it, looks again.

use axum::http::Uri;
use serde::Deserialize;

/// The longest address that the platform sends.
const RESOURCE_URL_CHARS_MAX: usize = 200;

/// What stands around the number in the names of the platform's own hosts. Public samples of notices have `ssapi`,
/// `ssapi4`, `ssapi6` and `ssapi11`, whatever host the account's calls go to; the worker follows the same.
const HOST: (&str, &str) = ("ssapi", ".shipstation.com");

/// The most digits of that number.
const HOST_DIGITS_MAX: usize = 3;

/// The events that say that something was shipped, and their words for metrics and logs.
const SHIPPED: [(&str, &str); 3] = [
    ("SHIP_NOTIFY", "ship_notify"),
    ("ITEM_SHIP_NOTIFY", "item_ship_notify"),
    ("FULFILLMENT_SHIPPED", "fulfillment_shipped"),
];

/// The word for an event that is no work of ours.
pub(crate) const OTHER: &str = "other_notice";

/// The word for a notice whose event is not known yet.
pub(crate) const UNREAD: &str = "notice";

#[derive(Deserialize)]
struct Body {
    resource_url: Option<String>,
    resource_type: Option<String>,
}

/// What a notice says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// Something was shipped.
    Shipped(Hint),
    /// Another event.
    OtherType,
}

/// Where to look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The event's word.
    pub(crate) label: &'static str,
    /// The address.
    pub(crate) url: String,
}

/// Why a notice is of no use. For the logs, so nothing of the body is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotUnderstood {
    #[error("the body is not a JSON object of two texts (line {line}, column {column})")]
    NotANotice { line: usize, column: usize },
    #[error("the resource_type is missing")]
    NoType,
    #[error("the resource_url is missing, overlong or no web address")]
    NoAddress,
    #[error("the resource_url is neither at the account's own host nor at one of ShipStation's")]
    ForeignHost,
}

/// Reads a notice. `host` is the account's own, if it is known; the platform's own hosts will do beside it.
pub(crate) fn parse(body: &[u8], host: Option<&str>) -> Result<Parsed, NotUnderstood> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| NotUnderstood::NotANotice { line: error.line(), column: error.column() })?;
    let event = body.resource_type.ok_or(NotUnderstood::NoType)?;
    let Some((_, label)) = SHIPPED.into_iter().find(|(known, _)| *known == event) else {
        return Ok(Parsed::OtherType);
    };
    let url = body.resource_url.ok_or(NotUnderstood::NoAddress)?;
    let names = web_host(&url).ok_or(NotUnderstood::NoAddress)?;
    if host.is_some_and(|host| !host.eq_ignore_ascii_case(&names) && !is_shipstations(&names)) {
        return Err(NotUnderstood::ForeignHost);
    }
    Ok(Parsed::Shipped(Hint { label, url }))
}

/// Whether it is one of the hosts of the platform's own API.
fn is_shipstations(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let number = host.strip_prefix(HOST.0).and_then(|rest| rest.strip_suffix(HOST.1));
    number.is_some_and(|number| number.len() <= HOST_DIGITS_MAX && number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The host of a web address. Anything that two readers could read differently (a user name, a backslash, a sign that
/// would have to be escaped) makes it none.
fn web_host(url: &str) -> Option<String> {
    let plain = |sign: u8| sign.is_ascii_graphic() && sign != b'\\';
    if url.len() > RESOURCE_URL_CHARS_MAX || !url.bytes().all(plain) {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("https" | "http"));
    let authority = uri.authority()?;
    (web && !authority.as_str().contains('@') && !authority.host().is_empty()).then(|| authority.host().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(event: &str, url: &str) -> Vec<u8> {
        serde_json::json!({"resource_type": event, "resource_url": url}).to_string().into_bytes()
    }

    #[test]
    fn what_was_shipped_is_looked_up_where_the_notice_says() {
        let url = "https://ssapi.shipstation.com/shipments?batchId=7&includeShipmentItems=False";
        for (event, label) in SHIPPED {
            let hint = Parsed::Shipped(Hint { label, url: url.to_owned() });
            assert_eq!(parse(&body(event, url), Some("SSAPI.shipstation.com")), Ok(hint));
        }
        for event in ["ORDER_NOTIFY", "ITEM_ORDER_NOTIFY", "FULFILLMENT_REJECTED", "ship_notify", ""] {
            assert_eq!(parse(&body(event, url), None), Ok(Parsed::OtherType), "{event}");
        }
    }

    #[test]
    fn an_address_that_two_readers_could_read_differently_is_none() {
        let long = format!("https://a.example/{}", "a".repeat(183));
        for bad in [
            "",
            "/shipments",
            "shipments",
            "ftp://a.example/",
            "file:///etc/passwd",
            "https://",
            "https:///shipments",
            "https://a@a.example/",
            "https://a:b@a.example/",
            "https://a.example\\@b.example/",
            "https://a.example/ b",
            "https://a.example/\n",
            "https://ä.example/",
            "javascript:alert(1)",
            &long,
        ] {
            assert_eq!(parse(&body("SHIP_NOTIFY", bad), None), Err(NotUnderstood::NoAddress), "{bad}");
        }
        assert!(parse(&body("SHIP_NOTIFY", &long[..200]), None).is_ok());
    }

    #[test]
    fn the_platforms_own_hosts_will_do_whichever_of_them_the_account_calls() {
        for own in ["ssapi.shipstation.com", "ssapi6.shipstation.com", "127.0.0.1"] {
            for host in
                ["ssapi.shipstation.com", "ssapi4.shipstation.com", "SSAPI6.shipstation.com", "ssapi11.shipstation.com"]
            {
                let url = format!("https://{host}/shipments?batchId=7");
                assert!(parse(&body("SHIP_NOTIFY", &url), Some(own)).is_ok(), "{host} for {own}");
            }
            for foreign in [
                "ssapi-1.shipstation.com",
                "ssapi1234.shipstation.com",
                "xssapi.shipstation.com",
                "ssapi.shipstation.com.b.example",
                "shipstation.com",
                "www.shipstation.com",
            ] {
                let url = format!("https://{foreign}/shipments");
                assert_eq!(parse(&body("SHIP_NOTIFY", &url), Some(own)), Err(NotUnderstood::ForeignHost), "{foreign}");
            }
        }
    }

    #[test]
    fn only_the_accounts_own_host_will_do_beside_them() {
        let at = |url: &str| parse(&body("SHIP_NOTIFY", url), Some("a.example"));
        assert!(at("https://a.example/x").is_ok() && at("http://A.Example:8080/x").is_ok());
        for foreign in
            ["https://b.example/", "https://a.example.b.example/", "https://xa.example/", "http://127.0.0.1/"]
        {
            assert_eq!(at(foreign), Err(NotUnderstood::ForeignHost), "{foreign}");
        }
    }

    #[test]
    fn a_body_that_is_no_notice_is_said_without_quoting_it() {
        for bad in
            [&b""[..], b"canary", b"[]", b"null", b"{\"resource_type\":7}", b"{\"resource_url\":\"canary\"}", b"\xff"]
        {
            let why = parse(bad, None).unwrap_err().to_string();
            assert!(!why.contains("canary"), "{why}");
        }
        let missing = parse(b"{\"resource_type\":\"SHIP_NOTIFY\"}", None);
        assert_eq!(missing, Err(NotUnderstood::NoAddress));
    }
}
