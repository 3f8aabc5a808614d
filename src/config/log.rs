//! How the log looks and how much it says.

use serde::Deserialize;

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// For people or for machines.
    pub(crate) format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,worker=debug`. `RUST_LOG` overrides it.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Human, level: "info".to_owned() }
    }
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Text.
    Human,
    /// One JSON object each.
    Json,
}

impl Format {
    /// The format a word names.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
