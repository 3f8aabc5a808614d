//! What an authentic webhook says, in the domain's words. Each source has its own file.

pub(crate) mod shopify;
pub(crate) mod shipstation;

use bytes::Bytes;
use lane::clock::Timestamp;
use lane::id::CorrelationId;
use sha2::{Digest, Sha256};

/// What is known of a webhook before it is read.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) received_at: Timestamp,
    pub(crate) body_hash: [u8; 32],
    pub(crate) correlation: CorrelationId,
}

impl Arrival {
    pub(crate) fn of(body: &Bytes, received_at: Timestamp) -> Self {
        let body_hash: [u8; 32] = Sha256::digest(body).into();
        let correlation = CorrelationId::of(&body_hash, received_at);
        Self { received_at, body_hash, correlation }
    }
}
