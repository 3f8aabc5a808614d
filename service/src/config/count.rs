//! A number of something there must be at least one of.

use serde::Deserialize;

/// 1 to 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Count(u16);

/// A number out of bounds.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("choose 1 to 1024")]
pub(super) struct OutOfBounds;

impl Count {
    pub(super) const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Count {
    type Error = OutOfBounds;
    fn try_from(number: u16) -> Result<Self, OutOfBounds> {
        if (1..=1024).contains(&number) { Ok(Self(number)) } else { Err(OutOfBounds) }
    }
}
