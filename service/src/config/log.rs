//! How the log looks and how much it says.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,worker=debug`. `RUST_LOG` overrides it.
    #[serde(deserialize_with = "level")]
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Human, level: "info".to_owned() }
    }
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text.
    Human,
    /// One JSON object each.
    Json,
}

impl Format {
    /// The format a word names.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The words for how much is said, the quietest first.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Why a text does not say how much is logged. To the filter behind it, a word it does not know is the name of a part
/// of the program, and everything else falls silent; so the words are looked at here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLevel {
    #[error("write error, warn, info, debug or trace, or a list of them such as info,worker=debug")]
    UnknownWord,
    #[error("off would hide what has to be mended; write error, warn, info, debug or trace")]
    Off,
    #[error("it names parts of the program only; begin with a level for all others, such as info,worker=debug")]
    NothingForTheRest,
}

/// Accepts a level for everything, and levels of parts besides.
pub fn judge_level(list: &str) -> Result<(), InvalidLevel> {
    let mut rest_has_one = false;
    for item in list.split(',') {
        match item.split_once('=') {
            None if LEVELS.contains(&item) => rest_has_one = true,
            None if item == "off" => return Err(InvalidLevel::Off),
            // A single part may be silenced.
            Some((part, word)) if is_name(part) && (LEVELS.contains(&word) || word == "off") => {}
            None | Some(_) => return Err(InvalidLevel::UnknownWord),
        }
    }
    if rest_has_one { Ok(()) } else { Err(InvalidLevel::NothingForTheRest) }
}

/// The filter takes a space for a part of a name.
fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.contains(char::is_whitespace)
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let list = String::deserialize(deserializer)?;
    judge_level(&list).map_err(Error::custom)?;
    Ok(list)
}
