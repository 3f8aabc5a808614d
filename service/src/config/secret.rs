//! References to secrets. Whatever else is written there is refused without repeating it: it could be the secret.

use lane::shop::{InvalidSecretRef, SecretRef};
use serde::Deserialize as _;
use serde::de::{Deserializer, Error};
use toml::Value;

/// One reference.
pub(super) fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretRef, D::Error> {
    one(&Value::deserialize(deserializer)?).map_err(Error::custom)
}

/// One reference, if there is one.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretRef>, D::Error> {
    reference(deserializer).map(Some)
}

/// A list with at least one reference.
pub(super) fn references<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SecretRef>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let list = value.as_array().ok_or_else(|| Error::custom("write a list of references, such as [\"env:NAME\"]"))?;
    if list.is_empty() {
        return Err(Error::custom("at least one secret is needed, such as [\"env:NAME\"]"));
    }
    list.iter().map(|item| one(item).map_err(Error::custom)).collect()
}

fn one(value: &Value) -> Result<SecretRef, InvalidSecretRef> {
    value.as_str().ok_or(InvalidSecretRef)?.parse()
}
