//! Tokens: `lk_` and 256 random bits. The ledger keeps only the hash, so a stolen ledger opens no door.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Lets people and secret scanners tell what it is.
const PREFIX: &str = "lk_";

/// Longer texts are no token, and are not worth hashing.
const LENGTH_MAX: usize = 200;

/// A new token and the hash that the ledger keeps. The token is shown once and stored nowhere.
pub fn new_token(random: &mut dyn RngCore) -> (SecretString, String) {
    let mut bits = [0_u8; 32];
    random.fill_bytes(&mut bits);
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits));
    let hash = token_hash(&token);
    (SecretString::from(token), hash)
}

/// What the ledger knows a token by. The token is as random as a key, so a plain hash cannot be guessed back.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A text that may be a token: nothing that could break out of a header or a cookie.
pub(crate) fn presented(text: &str) -> Option<SecretString> {
    let text = text.trim();
    let fits = (1..=LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    fits.then(|| SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_has_its_prefix_and_256_bits_and_the_hash_is_of_the_whole() {
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let (token, hash) = new_token(&mut random);
        let (other, _) = new_token(&mut random);
        let bits = URL_SAFE_NO_PAD.decode(token.expose_secret().strip_prefix("lk_").unwrap());
        assert_eq!(token.expose_secret().len(), 3 + 43);
        assert_eq!(bits.unwrap().len(), 32);
        assert_ne!(token.expose_secret(), other.expose_secret());
        assert_eq!(hash, token_hash(token.expose_secret()));
        assert_eq!(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn what_could_break_out_of_a_cookie_is_no_token() {
        assert!(presented(" lk_abc-DEF_123\n").is_some());
        for bad in ["", " ", "a b", "a;b", "a,b", "a\"b", "a\r\nb", "ä", &"a".repeat(201)] {
            assert!(presented(bad).is_none(), "{bad:?}");
        }
    }
}
