//! Whatever is not the right signature is refused and leaves no trace; the right one is let in.

use axum::body::Body;
use axum::http::Request;

use crate::letter::Letter;
use crate::reception::{self, PREVIOUS, SECRET, sign};

/// What a letter may write instead of a signature that it cannot know: near misses are made of these.
const MARKS: [(&[u8], &str); 3] = [(b"{good}", SECRET), (b"{previous}", PREVIOUS), (b"{revoked}", "shpss_revoked")];

/// Posts the letter with the headers as they stand there.
pub fn check(bytes: &[u8]) -> &'static str {
    let letter = Letter::read(bytes);
    let mut headers = letter.headers(|value| written(value, letter.body));
    headers.retain(|(name, _)| name != "content-length");
    let mut request = Request::post("/webhooks/shopify");
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let answer = reception::post(request.body(Body::from(letter.body.to_vec())).unwrap());

    let all =
        |wanted: &str| headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_bytes()).collect();
    let newer: Vec<&[u8]> = all("shopify-hmac-sha256");
    let signatures: Vec<&[u8]> = if newer.is_empty() { all("x-shopify-hmac-sha256") } else { newer };
    // There is one way to write a signature, so the text itself can be compared.
    let right = [SECRET, PREVIOUS].map(|secret| sign(secret, letter.body));
    let authentic = matches!(signatures.as_slice(), [one] if right.iter().any(|right| right.as_bytes() == *one));
    if authentic {
        assert_eq!(answer.status, 200, "the right signature is let in");
        "authentic"
    } else {
        assert_eq!(answer.status, 401, "{signatures:?}");
        assert!(answer.left_no_trace() && answer.outcome().is_none());
        match signatures.as_slice() {
            [] => "missing",
            [_] => "wrong",
            [_, _, ..] => "doubled",
        }
    }
}

fn written(value: &[u8], body: &[u8]) -> Vec<u8> {
    MARKS.iter().fold(value.to_vec(), |value, (mark, secret)| {
        match value.windows(mark.len()).position(|part| part == *mark) {
            Some(at) => [&value[..at], sign(secret, body).as_bytes(), &value[at + mark.len()..]].concat(),
            None => value,
        }
    })
}
