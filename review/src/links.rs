//! Links for merchants: an address that shows one shop's orders to whoever has it, until it ends.
//!
//! A link's token is the version of its form, when it ends, when its shop was added, and the shop's id, followed by an
//! HMAC-SHA256 over all of that. Nothing is kept about links, so there is nothing to leak and nothing to look up before
//! the signature is known to be right. To end links before their time, take away the secret that signed them; a shop that
//! is removed and added again has none of its earlier links.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use lane::clock::{Timestamp, after};
use lane::id::ShopId;
use lane::ports::Secrets;
use lane::shop::{SecretRef, Shop};
use secrecy::{ExposeSecret, SecretString};
use service::config::Problems;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How long a link may be good for. Whoever has it needs no password, so it ends by itself.
pub const LINK_DAYS_MAX: u16 = 90;

/// The shortest secret: as long as what it makes. `openssl rand -hex 32` makes one of twice that.
const SECRET_BYTES_MIN: usize = 32;

/// The form below. Another form gets another number, which the signature covers.
const VERSION: u8 = 1;

/// Signed in front of everything, so that no other use of the same secret ever signs a link.
const PURPOSE: &[u8] = b"lanekeeper shop link\n";

/// The version and two times in microseconds. The shop's id follows, and then the signature.
const HEAD_BYTES: usize = 1 + 8 + 8;
const SIGNATURE_BYTES: usize = 32;

/// The longest token: with the longest id. Longer texts are not decoded.
const LENGTH_MAX: usize = (HEAD_BYTES + ShopId::LENGTH_MAX + SIGNATURE_BYTES).div_ceil(3) * 4;

/// Where a link leads on the review listener.
pub const LINK_PATH: &str = "/shop/";

/// Signs and reads links. Without secrets there are none.
#[derive(Clone, Default)]
pub struct Links(Vec<SecretString>);

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links({} secrets)", self.0.len())
    }
}

/// What a link says, once its signature was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) shop: ShopId,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// When the shop was added, in microseconds.
    added: i64,
}

impl Link {
    /// Whether it is this shop's, and was made since the shop was added.
    pub(crate) fn is_of(&self, shop: &Shop) -> bool {
        self.shop == shop.id && self.added == shop.added_at.as_microsecond()
    }
}

/// Why no link could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLinked {
    /// There is nothing to sign with.
    #[error(
        "no secret is named that signs links: put link_secrets = [\"env:LINK_SECRET\"] into [review] of the settings, \
         set LINK_SECRET to 32 random bytes or more (openssl rand -hex 32) where the program runs, and start it again"
    )]
    NoSecret,
    /// It would be good for too long, or not at all.
    #[error("a link is good for 1 to {LINK_DAYS_MAX} days")]
    Days,
}

/// Why a token is no link. For the log; the person is told less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoLink {
    #[error("no secret signs links")]
    NoSecret,
    #[error("it has not the form of a link")]
    Malformed,
    #[error("no secret matches its signature")]
    NoSecretMatches,
    #[error("its time is over")]
    Ended,
}

impl Links {
    /// Secrets as they are: the first signs, and every one of them lets in. Short ones are refused by their number.
    pub fn new(secrets: Vec<SecretString>) -> Result<Self, Problems> {
        let short = |secret: &SecretString| secret.expose_secret().len() < SECRET_BYTES_MIN;
        let problems: Vec<String> = (1..)
            .zip(&secrets)
            .filter(|(_, secret)| short(secret))
            .map(|(number, _)| {
                format!(
                    "[review] link_secrets: secret {number} is shorter than {SECRET_BYTES_MIN} bytes and could be \
                     guessed; make one with `openssl rand -hex 32`"
                )
            })
            .collect();
        if problems.is_empty() { Ok(Self(secrets)) } else { Err(Problems(problems)) }
    }

    /// The secrets that the settings name. All that are missing are told at once.
    pub async fn configured(named: &[SecretRef], secrets: &dyn Secrets) -> Result<Self, Problems> {
        let (mut read, mut problems) = (Vec::new(), Vec::new());
        for reference in named {
            match secrets.read(reference).await {
                Ok(secret) => read.push(secret),
                Err(error) => problems.push(format!("[review] link_secrets: {error}")),
            }
        }
        if problems.is_empty() { Self::new(read) } else { Err(Problems(problems)) }
    }

    /// Whether there can be links at all.
    pub(crate) fn are_made(&self) -> bool {
        !self.0.is_empty()
    }

    /// The path of a link to a shop's page for so many days, and when it ends.
    pub fn make(&self, shop: &Shop, days: u16, now: Timestamp) -> Result<(SecretString, Timestamp), NotLinked> {
        if !(1..=LINK_DAYS_MAX).contains(&days) {
            return Err(NotLinked::Days);
        }
        let secret = self.0.first().ok_or(NotLinked::NoSecret)?;
        let until = after(now, Duration::from_hours(24 * u64::from(days)));
        let mut token = vec![VERSION];
        token.extend(until.as_microsecond().to_be_bytes());
        token.extend(shop.added_at.as_microsecond().to_be_bytes());
        token.extend(shop.id.as_str().as_bytes());
        let signature = digest(secret, &token).ok_or(NotLinked::NoSecret)?;
        token.extend(signature);
        Ok((SecretString::from(format!("{LINK_PATH}{}", URL_SAFE_NO_PAD.encode(token))), until))
    }

    /// What a token says. Nothing in it is looked at before its signature was.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Result<Link, NoLink> {
        if !self.are_made() {
            return Err(NoLink::NoSecret);
        }
        let bytes = (token.len() <= LENGTH_MAX).then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten();
        let bytes = bytes.ok_or(NoLink::Malformed)?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(NoLink::Malformed)?;
        self.check(signed, signature)?;
        let link = said(signed).ok_or(NoLink::Malformed)?;
        if link.until <= now { Err(NoLink::Ended) } else { Ok(link) }
    }

    /// Every secret is tried, and each comparison takes the same time wherever the first difference lies.
    fn check(&self, signed: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<(), NoLink> {
        let mut matches = Choice::from(0);
        for secret in &self.0 {
            matches |= digest(secret, signed).map_or(Choice::from(0), |made| made.ct_eq(signature));
        }
        if bool::from(matches) { Ok(()) } else { Err(NoLink::NoSecretMatches) }
    }
}

/// HMAC takes keys of any length, so there always is a digest; without one nothing is signed, and nothing matches.
fn digest(secret: &SecretString, signed: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(signed);
    Some(mac.finalize().into_bytes().into())
}

fn said(signed: &[u8]) -> Option<Link> {
    let (version, rest) = signed.split_first()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    let (added, shop) = rest.split_first_chunk::<8>()?;
    let until = Timestamp::from_microsecond(i64::from_be_bytes(*until)).ok()?;
    let shop = ShopId::parse(std::str::from_utf8(shop).ok()?).ok()?;
    (*version == VERSION).then_some(Link { shop, until, added: i64::from_be_bytes(*added) })
}

#[cfg(test)]
#[path = "links/tests.rs"]
mod tests;
