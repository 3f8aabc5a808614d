//! Items of the table: their attributes, and the documents in them.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use lane::clock::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::Key;
use crate::ledger::fault::Fault;

/// The format in which documents are written today.
const FORMAT: i64 = 1;

/// The attributes that every item has, and those that the indexes are made of.
pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";
/// Rises with each write of the item: what was read is written back only if it is still so.
pub(super) const REV: &str = "rev";
const DOC: &str = "doc";
const VERSION: &str = "v";

/// The attributes of an item besides its key and its revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Item(HashMap<String, AttributeValue>);

impl Item {
    pub(super) fn from_attributes(attributes: HashMap<String, AttributeValue>) -> Self {
        Self(attributes)
    }

    /// An item that is a document in the domain's own shape.
    pub(super) fn of(doc: &impl Serialize) -> Result<Self, Fault> {
        let mut item = Self::default();
        item.set_doc(doc)?;
        Ok(item)
    }

    pub(super) fn set_doc(&mut self, doc: &impl Serialize) -> Result<(), Fault> {
        self.set(DOC, serde_json::to_string(doc)?);
        self.set(VERSION, FORMAT);
        Ok(())
    }

    /// The document, unless a newer program wrote it.
    pub(super) fn doc<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        match self.number(VERSION)? {
            Some(FORMAT) => Ok(serde_json::from_str(self.known(DOC)?)?),
            other => Err(Fault::unreadable(format_args!("a document of format {other:?}"))),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        match value.into() {
            Value(Some(value)) => self.0.insert(name.to_owned(), value),
            Value(None) => self.0.remove(name),
        };
    }

    /// With one attribute more.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    }

    /// A text that every item of its kind has.
    pub(super) fn known(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::unreadable(format_args!("an item without {name}")))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Fault> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_n().ok().and_then(|number| number.parse().ok());
        number.map(Some).ok_or_else(|| Fault::unreadable(format_args!("the number {name}")))
    }

    pub(super) fn count(&self, name: &str) -> Result<u64, Fault> {
        // What is counted may be below nothing for the moment in which two writers cross.
        Ok(u64::try_from(self.number(name)?.unwrap_or_default()).unwrap_or_default())
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        let at = self.number(name)?.map(Timestamp::from_microsecond).transpose();
        at.map_err(Fault::unreadable)
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref)
    }

    pub(super) fn numbers_below(&self, prefix: &str) -> Vec<(String, i64)> {
        let named = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        named.filter_map(|(name, value)| Some((name.to_owned(), value.as_n().ok()?.parse().ok()?))).collect()
    }

    pub(super) fn key(&self) -> Result<Key, Fault> {
        Ok(Key { pk: self.known(PK)?.to_owned(), sk: self.known(SK)?.to_owned() })
    }

    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        self.0
    }
}

/// The value of an attribute; none removes it.
pub(super) struct Value(Option<AttributeValue>);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Some(AttributeValue::S(text.to_owned())))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Some(AttributeValue::S(text)))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self(Some(AttributeValue::N(number.to_string())))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self(Some(AttributeValue::N(number.to_string())))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::from(at.as_microsecond())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self(Some(AttributeValue::B(Blob::new(bytes))))
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(None), Self::from)
    }
}
