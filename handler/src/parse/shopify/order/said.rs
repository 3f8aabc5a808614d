//! Any JSON, as the body says it: its text stays where it is, in the body, unless it was written with escapes.
//!
//! It takes what [`serde_json::Value`] takes, and of two fields of one name the later one. Many bodies come in at once, and
//! to copy every name and word of them would be most of what reading them costs.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::value::{id_of_number, id_of_text};

/// What stands in a field.
pub(super) enum Said<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Said<'a>>),
    /// Sorted by name, each of which is there once.
    Fields(Vec<(Name<'a>, Said<'a>)>),
}

/// What a field is called.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> Said<'a> {
    /// The text; nothing if it is none.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Fields(_) => "",
        }
    }

    /// The number of a resource of this kind, in any of the ways of writing it.
    pub(super) fn id(&self, kind: &str) -> Option<u64> {
        match self {
            Self::Number(number) => id_of_number(number),
            Self::Text(text) => id_of_text(text, kind),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Fields(_) => None,
        }
    }

    /// What the field of this name says.
    pub(super) fn field(&self, name: &str) -> Option<&Said<'a>> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(called, _)| called.0 == name).map(|(_, said)| said),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsSaid)
    }
}

struct AsSaid;

impl<'de> Visitor<'de> for AsSaid {
    type Value = Said<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Said::Null)
    }

    fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
        Ok(Said::Bool(on))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Said::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Said::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(number).map_or(Said::Null, Said::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Said::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Said::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Said::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<(Name<'de>, Said<'de>)> = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        // Those of one name stay in the order in which they came.
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields.dedup_by(|later, kept| {
            let again = later.0 == kept.0;
            if again {
                std::mem::swap(later, kept);
            }
            again
        });
        Ok(Said::Fields(fields))
    }
}
