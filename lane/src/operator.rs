//! Operators: who may look, who may decide, who may change shops.

use serde::{Deserialize, Serialize};

use crate::id::OperatorId;

/// What an operator may do; each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Decide: approve, reject, retry, pause, resume, release.
    Reviewer,
    /// Everything.
    Admin,
}

impl Role {
    /// The role a word names.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "viewer" => Some(Self::Viewer),
            "reviewer" => Some(Self::Reviewer),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
        }
    }
}

/// Someone with a bearer token. Only the token's hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The name shown beside decisions.
    pub id: OperatorId,
    /// What they may do.
    pub role: Role,
    /// SHA-256 of the token, in hex. The token has 256 random bits, so a plain hash cannot be guessed back.
    pub token_hash: String,
    /// Refused at once when set.
    pub disabled: bool,
}
