//! Repeated requests: the same key with the same request repeats the answer; with another request it is refused.

use axum::http::HeaderMap;
use lane::decision::Verdict;
use lane::id::{Fingerprint, JobId, LaneKey};
use lane::ports::RequestKey;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::access::Reviewer;
use crate::refusal::Refusal;

/// Room for a UUID with a prefix, and short enough to index.
const KEY_LENGTH_MAX: usize = 200;

/// The `Idempotency-Key` header, if there is one.
pub(crate) fn key_header(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(key) = given.next() else { return Ok(None) };
    let bytes = key.as_bytes();
    let fits =
        given.next().is_none() && (1..=KEY_LENGTH_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(text) if fits => Ok(Some(text.to_owned())),
        Ok(_) | Err(_) => {
            let words = "one Idempotency-Key of 1 to 200 visible ASCII characters, please";
            Err(Refusal::Malformed(words.into()))
        }
    }
}

/// The request as the ledger remembers it. `body` is the parsed body, so that spaces and the order of fields in what
/// was sent do not make it another request.
pub(crate) fn request_key(
    by: &Reviewer<'_>,
    key: Option<String>,
    path: &str,
    body: &impl Serialize,
) -> Option<RequestKey> {
    let key = key?;
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [b"POST", path.as_bytes(), &body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Some(RequestKey { by: by.id().clone(), key, request: hash.finalize().into() })
}

/// The key of a decision made on a page. It says what is decided and nothing else: a double click is one decision with
/// one answer. The numbers of questions never return, so neither does a key.
pub(crate) fn page_key(lane: &LaneKey, job: &JobId, hold: u32, shown: &Fingerprint, verdict: Verdict) -> String {
    let what = format!("{lane}\n{job}\n{hold}\n{shown}\n{}", verdict.as_str());
    format!("page-{}", hex::encode(Sha256::digest(what.as_bytes())))
}

/// The key of taking back a decision that was made on a page.
pub(crate) fn undo_key(lane: &LaneKey, job: &JobId, hold: u32) -> String {
    let what = format!("{lane}\n{job}\n{hold}\nundo");
    format!("page-{}", hex::encode(Sha256::digest(what.as_bytes())))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn header(values: &[&[u8]]) -> Result<Option<String>, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        }
        key_header(&headers)
    }

    #[test]
    fn a_key_is_visible_ascii_and_comes_once() {
        assert_eq!(header(&[]).unwrap(), None);
        assert_eq!(header(&[b"a-1"]).unwrap().as_deref(), Some("a-1"));
        assert_eq!(header(&[&[b'~'; 200]]).unwrap().unwrap().len(), 200);
        for bad in [&b""[..], b"a b", b"\xe4", &[b'a'; 201]] {
            assert!(header(&[bad]).is_err(), "{bad:?}");
        }
        assert!(header(&[b"a", b"a"]).is_err());
    }

    #[test]
    fn a_page_key_differs_with_everything_it_is_made_of() {
        let lane: LaneKey = "orders/acme".parse().unwrap();
        let (one, two) = (JobId::from(1), JobId::from(2));
        let shown = Fingerprint::of(b"shown");
        let key = page_key(&lane, &one, 1, &shown, Verdict::Approve);
        assert_eq!(key, page_key(&lane, &one, 1, &shown, Verdict::Approve));
        assert_ne!(key, page_key(&lane, &two, 1, &shown, Verdict::Approve));
        assert_ne!(key, page_key(&lane, &one, 2, &shown, Verdict::Approve));
        assert_ne!(key, page_key(&lane, &one, 1, &Fingerprint::of(b"other"), Verdict::Approve));
        assert_ne!(key, page_key(&lane, &one, 1, &shown, Verdict::Reject));
    }
}
