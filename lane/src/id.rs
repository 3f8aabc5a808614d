//! Names of things. Ids are text everywhere outside this process: Shopify's order ids pass 2^53, where JSON tools of
//! other languages silently round them.

use std::fmt;
use std::str::FromStr;

use derive_more::{AsRef, Display};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that cannot be the id it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {rule}")]
pub struct InvalidId {
    what: &'static str,
    text: String,
    rule: &'static str,
}

/// One merchant connection. Internal and immutable; the platform's domain is only an attribute of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Display, AsRef, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[as_ref(str)]
pub struct ShopId(String);

impl ShopId {
    /// Longest shop id; it becomes part of order keys, lane keys and message groups.
    pub const LENGTH_MAX: usize = 32;

    /// Accepts 1 to 32 characters of `a-z`, `0-9` and `-`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let rule = "use 1 to 32 characters of a-z, 0-9 and -";
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId { what: "shop id", text: text.to_owned(), rule }) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ShopId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<ShopId> for String {
    fn from(id: ShopId) -> Self {
        id.0
    }
}

/// One entry of a lane. In `orders` the platform's order id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Display, AsRef, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[as_ref(str)]
pub struct JobId(String);

impl JobId {
    /// Leaves room for `-approved-` and an ordinal inside the 128 characters of a deduplication id.
    pub const LENGTH_MAX: usize = 100;

    /// Accepts 1 to 100 characters of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let rule = "use 1 to 100 characters of A-Z, a-z, 0-9, _, ., : and -";
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId { what: "job id", text: text.to_owned(), rule }) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for JobId {
    fn from(id: u64) -> Self {
        Self(id.to_string())
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

/// A named kind of work. Each has its own FIFO queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Orders to fulfil, one lane per shop.
    Orders,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 1] = [Self::Orders];

    /// The word that names the queue in keys, messages and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Queue {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let unknown = InvalidId { what: "queue", text: text.to_owned(), rule: "use one of: orders" };
        Self::ALL.into_iter().find(|queue| queue.as_str() == text).ok_or(unknown)
    }
}

/// One line of a queue, worked one job at a time. Written `orders/acme`; `acme` is the message group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LaneKey {
    /// The queue the lane belongs to.
    pub queue: Queue,
    group: String,
}

impl LaneKey {
    /// The lane of a shop's orders.
    pub fn orders(shop: &ShopId) -> Self {
        Self { queue: Queue::Orders, group: shop.as_str().to_owned() }
    }

    /// The lane that a message group of a queue names; 1 to 128 printable ASCII characters.
    pub fn in_queue(queue: Queue, group: &str) -> Result<Self, InvalidId> {
        let rule = "a message group has 1 to 128 printable ASCII characters and no space";
        let fits = (1..=128).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(Self { queue, group: group.to_owned() })
        } else {
            Err(InvalidId { what: "message group", text: group.to_owned(), rule })
        }
    }

    /// The message group, the part of the key behind the queue's name.
    pub fn group(&self) -> &str {
        &self.group
    }
}

impl fmt::Display for LaneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.queue, self.group)
    }
}

impl FromStr for LaneKey {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let rule = "write it as queue/group, for example orders/acme";
        let missing = || InvalidId { what: "lane", text: text.to_owned(), rule };
        let (queue, group) = text.split_once('/').ok_or_else(missing)?;
        Self::in_queue(queue.parse()?, group)
    }
}

impl TryFrom<String> for LaneKey {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<LaneKey> for String {
    fn from(lane: LaneKey) -> Self {
        lane.to_string()
    }
}

/// One set of credentials at a provider, the owner of a rate limit: `shipstation/main`, `shopify/acme`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Display, AsRef, Serialize, Deserialize)]
#[serde(transparent)]
#[as_ref(str)]
pub struct AccountId(String);

impl AccountId {
    /// Names the account `name` at `provider`.
    pub fn at(provider: &str, name: &str) -> Self {
        Self(format!("{provider}/{name}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person who decides. Shown in timelines and to whoever decides second.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Display, AsRef, Serialize, Deserialize)]
#[serde(transparent)]
#[as_ref(str)]
pub struct OperatorId(String);

impl OperatorId {
    /// Accepts 1 to 60 characters without control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let rule = "use 1 to 60 characters, none of them a control character";
        let fits = (1..=60).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId { what: "operator", text: text.to_owned(), rule }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Follows one webhook through every log line up to the completion of its job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Display, AsRef, Serialize, Deserialize)]
#[serde(transparent)]
#[as_ref(str)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// Made from the hash of the webhook's body and the moment it came, so that no secret or personal datum shows.
    pub fn of(body_hash: &[u8; 32], received_at: jiff::Timestamp) -> Self {
        let mut hash = Sha256::new();
        hash.update(body_hash);
        hash.update(received_at.as_nanosecond().to_be_bytes());
        Self(hex::encode(&hash.finalize()[..8]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hash of what matters in an order (or in a difference): equal fingerprints need no second look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Display, AsRef, Serialize, Deserialize)]
#[serde(transparent)]
#[as_ref(str)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// SHA-256 of canonical bytes, the first 16 bytes in hex.
    pub fn of(canonical: &[u8]) -> Self {
        Self(hex::encode(&Sha256::digest(canonical)[..16]))
    }

    /// A fingerprint that a person or a row gave back; only ever compared.
    pub fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job's position in its lane; the lowest ready place goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Display, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub u64);

/// Rises with every lease of a lane; a write that bears an old fence changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Display, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_a_message_group_or_a_key_could_not_carry() {
        for bad in ["", "Acme", "a b", "ä", "a/b", &"a".repeat(33)] {
            assert!(ShopId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "1 2", "1/2", &"1".repeat(101)] {
            assert!(JobId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["orders", "nope/acme", "orders/", "orders/a b"] {
            assert!(bad.parse::<LaneKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_beyond_2_53_survives_json_as_text() {
        let id = JobId::from(820_982_911_946_154_508);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"820982911946154508\"");
        assert_eq!(serde_json::from_str::<JobId>(&json).unwrap(), id);
    }

    #[test]
    fn a_lane_is_written_as_queue_and_group() {
        let lane = LaneKey::orders(&ShopId::parse("acme").unwrap());
        assert_eq!(lane.to_string(), "orders/acme");
        assert_eq!("orders/acme".parse::<LaneKey>().unwrap(), lane);
    }
}
