//! A warehouse's notice. Nobody signs it and credentials will be sent where it points: so only the account's own address
//! lets it in, and what is recorded points at the warehouse, however the worker's client reads it.

use axum::body::Body;
use axum::http::Request;
use lane::ports::Notice;
use url::Url;

use crate::UNSENDABLE;
use crate::letter::Letter;
use crate::reception::{self, NOTICE_HOST, NOTICE_SECRET, SPARE_NOTICE_SECRET, now};

/// The longest body of a notice.
const NOTICE_BYTES_MAX: usize = 64 * 1024;
/// The longest address that a notice may name.
const URL_CHARS_MAX: usize = 200;

/// Posts the body to the address that the first line ends. `{main}` and `{spare}` stand for the accounts' secrets.
pub fn check(bytes: &[u8]) -> &'static str {
    let letter = Letter::read(bytes);
    let Ok(line) = std::str::from_utf8(letter.first_line()) else { return UNSENDABLE };
    let path = line.replace("{main}", NOTICE_SECRET).replace("{spare}", SPARE_NOTICE_SECRET);
    let request = Request::post(format!("/webhooks/shipstation/{path}")).body(Body::from(letter.body.to_vec()));
    let Ok(request) = request else { return UNSENDABLE };
    let account = account(request.uri().path());
    let answer = reception::post(request);
    assert!(answer.recorded.is_empty() && answer.sent == 0, "a hint is no job");

    let Some(account) = account else {
        assert!(matches!(answer.status, 401 | 404), "{}", answer.status);
        assert!(answer.left_no_trace());
        return "refused";
    };
    match answer.noticed.as_slice() {
        [notice] => {
            assert_eq!((answer.status, answer.outcome()), (200, Some("noticed")));
            judge(notice, account);
            "noticed"
        }
        [] if answer.status == 200 => {
            assert_eq!(answer.outcome(), Some("ignored"));
            "ignored"
        }
        [] => {
            let status = if letter.body.len() > NOTICE_BYTES_MAX { 413 } else { 400 };
            assert_eq!(answer.status, status);
            "no_notice"
        }
        [_, _, ..] => panic!("recorded more than once"),
    }
}

/// The account whose address it is, if it is one.
fn account(path: &str) -> Option<&'static str> {
    let (account, secret) = path.strip_prefix("/webhooks/shipstation/")?.split_once('/')?;
    let told = (unescaped(account)?, unescaped(secret)?);
    match (told.0.as_slice(), told.1.as_slice()) {
        (b"main", secret) if secret == NOTICE_SECRET.as_bytes() => Some("main"),
        (b"spare", secret) if secret == SPARE_NOTICE_SECRET.as_bytes() => Some("spare"),
        (_, _) => None,
    }
}

/// A part of an address without its escapes. Nothing if there is a slash in it, which would be two parts.
fn unescaped(part: &str) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((sign, after)) = rest.split_first() {
        let escape = after.first_chunk::<2>().and_then(|two| std::str::from_utf8(two).ok());
        let escaped = escape.filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (sign, escaped.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'/', _) => return None,
            (b'%', Some(byte)) => {
                plain.push(byte);
                rest = &after[2..];
            }
            (sign, _) => {
                plain.push(*sign);
                rest = after;
            }
        }
    }
    Some(plain)
}

fn judge(notice: &Notice, account: &str) {
    let Notice { account: noted, url, received_at } = notice;
    assert_eq!((noted.as_str(), *received_at), (format!("shipstation/{account}").as_str(), now()));
    assert!(url.len() <= URL_CHARS_MAX && url.bytes().all(|sign| sign.is_ascii_graphic()), "{url}");
    if account == "spare" {
        return;
    }
    // This is how the worker's HTTP client reads it. What it cannot read, it cannot follow.
    let Ok(read) = Url::parse(url) else { return };
    assert!(matches!(read.scheme(), "http" | "https"), "{url}");
    assert!(read.username().is_empty() && read.password().is_none(), "{url}");
    let host = read.host_str().unwrap_or_default();
    let number = host.strip_prefix("ssapi").and_then(|rest| rest.strip_suffix(".shipstation.com"));
    let own = number.is_some_and(|number| number.len() <= 3 && number.bytes().all(|digit| digit.is_ascii_digit()));
    assert!(own || host == NOTICE_HOST, "{url} leads to {host}");
}
