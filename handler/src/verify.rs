//! Authentic or not: the only way to a verified body, and the parsers take nothing else.
//!
//! Each source has its own file, which knows what proves it: Shopify signs the body, ShipStation signs nothing and proves
//! itself by the address it was given. What signatures share is here: one is 32 bytes in strict base64, and it is
//! compared with what every known secret would have made.

pub(crate) mod shopify;
pub(crate) mod shipstation;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Why a webhook is not authentic. For the logs only: the sender is told one sentence for all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the signature header is missing")]
    Missing,
    #[error("the signature header comes more than once")]
    Doubled,
    #[error("the signature is not 32 bytes in standard base64")]
    Malformed,
    #[error("no secret matches the signature")]
    NoSecretMatches,
    #[error("no account of the name in the address takes notices")]
    NoSuchAccount,
    #[error("the end of the address is not the account's notice secret")]
    WrongAddress,
}

/// An HMAC-SHA256 digest as it came.
type Signature = [u8; 32];

/// Strict standard base64: canonical padding, no whitespace, no stray bits, exactly 32 bytes.
fn decode(header: &[u8]) -> Result<Signature, Refused> {
    let decoded = STANDARD.decode(header).map_err(|_| Refused::Malformed)?;
    decoded.try_into().map_err(|_| Refused::Malformed)
}

/// Whether one of the secrets made the signature over `signed`. Every secret is tried, and each comparison takes the
/// same time wherever the first difference lies, so the time tells nothing.
fn check(signature: &Signature, signed: &[u8], secrets: &[SecretString]) -> Result<(), Refused> {
    let mut matches = Choice::from(0);
    for secret in secrets {
        matches |= digest(secret, signed).map_or(Choice::from(0), |made| made.ct_eq(signature));
    }
    if bool::from(matches) { Ok(()) } else { Err(Refused::NoSecretMatches) }
}

/// HMAC takes keys of any length, so there always is a digest; without one nothing would match.
fn digest(secret: &SecretString, signed: &[u8]) -> Option<Signature> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(signed);
    Some(mac.finalize().into_bytes().into())
}
