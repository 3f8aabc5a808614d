//! What the calls of an attempt prove themselves with, kept to be cut out of the answers: a provider may repeat it in the
//! words of a refusal, and those go to the ledger, to pages and to the log.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use memchr::memmem::Finder;
use secrecy::{ExposeSecret as _, SecretString};

/// What stands where a credential was. Without signs that JSON would escape, so that the answer can still be read.
const INSTEAD: &[u8] = b"(credential)";
/// Shorter ones are looked for no more: no provider issues them (`ShipStation`'s keys have 32 characters, Shopify's tokens
/// 38), and to cut words like `secret` out would ruin answers.
const LENGTH_MIN: usize = 16;

/// The credentials that were read so far.
#[derive(Default)]
pub(super) struct Credentials(Vec<SecretString>);

impl Credentials {
    pub(super) fn add(&mut self, secret: &SecretString) {
        let known = self.0.iter().any(|known| known.expose_secret() == secret.expose_secret());
        if !known && secret.expose_secret().len() >= LENGTH_MIN {
            self.0.push(secret.clone());
        }
    }

    /// The body without them, whole or as the last two stand together in a header of basic authentication.
    pub(super) fn cut_out(&self, body: Bytes) -> Bytes {
        let cut = |body: Bytes, text: &str| without(body, text.as_bytes());
        let basic = self.0.iter().flat_map(|user| {
            let both = |word: &SecretString| format!("{}:{}", user.expose_secret(), word.expose_secret());
            self.0.iter().map(move |word| BASE64_STANDARD.encode(both(word)))
        });
        let body = basic.fold(body, |body, text| cut(body, &text));
        self.0.iter().fold(body, |body, secret| cut(body, secret.expose_secret()))
    }
}

fn without(body: Bytes, text: &[u8]) -> Bytes {
    let finder = Finder::new(text);
    let mut found = finder.find_iter(&body).peekable();
    if found.peek().is_none() {
        return body;
    }
    let mut kept = Vec::with_capacity(body.len());
    let mut from = 0;
    for start in found {
        kept.extend_from_slice(&body[from..start]);
        kept.extend_from_slice(INSTEAD);
        from = start + text.len();
    }
    kept.extend_from_slice(&body[from..]);
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(texts: &[&str]) -> Credentials {
        let mut credentials = Credentials::default();
        for text in texts {
            credentials.add(&SecretString::from(*text));
        }
        credentials
    }

    #[test]
    fn an_answer_loses_every_credential_and_nothing_else() {
        let credentials = credentials(&["0123456789abcdef", "fedcba9876543210", "secret"]);
        let basic = BASE64_STANDARD.encode("0123456789abcdef:fedcba9876543210");
        let body = format!("key 0123456789abcdef0123456789abcdef, fedcba9876543210; Basic {basic}; secret");
        let cut = credentials.cut_out(body.into());
        let expected = "key (credential)(credential), (credential); Basic (credential); secret";
        assert_eq!(cut, expected);
    }

    #[test]
    fn an_answer_without_credentials_stays_as_it_is() {
        let body = Bytes::from_static(b"{\"orderId\":1}");
        let cut = credentials(&["0123456789abcdef"]).cut_out(body.clone());
        assert_eq!(cut.as_ptr(), body.as_ptr());
    }
}
