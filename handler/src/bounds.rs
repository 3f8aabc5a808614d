//! The bounds of intake: how many webhooks at once, how long a body, how slow a sender, how many bytes in memory.
//!
//! A body's bytes are counted while they arrive and stay counted for as long as anybody holds the body, the ledger
//! included: the permit lives inside the [`Bytes`] that is handed on. So a ledger that hangs on to bodies cannot make
//! the memory grow past the bound; intake answers "later" instead.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::settings::Settings;

/// Memory is counted in these steps, so that the largest pool still fits into a semaphore's 32-bit requests.
const UNIT_BYTES: usize = 1024;

/// The first buffer of a body. It holds most orders; longer bodies double it, so a sender that announces a long body
/// and sends nothing holds next to nothing.
const FIRST_BYTES: usize = 16 * 1024;

/// Why a webhook was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTakenIn {
    /// The body is, or says it is, longer than allowed.
    #[error("the body is too long")]
    TooLong,
    /// The body did not arrive in time.
    #[error("the body arrived too slowly")]
    TooSlow,
    /// The connection broke in the middle of the body.
    #[error("the body did not arrive whole")]
    Broken(#[source] axum::Error),
    /// As many webhooks as allowed are being worked on.
    #[error("too many webhooks at once")]
    TooMany,
    /// As many bytes as allowed are being held.
    #[error("too many bytes at once")]
    TooManyBytes,
}

/// Lets webhooks in.
pub(crate) struct Bounds {
    body_bytes_max: usize,
    slots: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// The right to be worked on; ends when dropped.
pub(crate) struct Slot(#[expect(dead_code, reason = "held, never read")] OwnedSemaphorePermit);

impl Bounds {
    pub(crate) fn new(settings: &Settings) -> Self {
        let units = settings.in_flight_bytes_max.max(settings.body_bytes_max).div_ceil(UNIT_BYTES);
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(u32::MAX as usize)));
        Self {
            body_bytes_max: settings.body_bytes_max,
            slots: semaphore(settings.in_flight_max),
            memory: semaphore(units),
        }
    }

    /// Takes a slot. Nobody queues for one: the platform sends again, and a queue here would only make answers late.
    pub(crate) fn enter(&self) -> Result<Slot, NotTakenIn> {
        let permit = Arc::clone(&self.slots).try_acquire_owned();
        permit.map(Slot).map_err(|_| NotTakenIn::TooMany)
    }

    /// Reads a whole body of at most `bytes_max` (never more than the settings allow) until `until`. What it announces
    /// decides only about refusing it early; what is kept and counted are the bytes that really came.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        bytes_max: usize,
        until: Instant,
    ) -> Result<Bytes, NotTakenIn> {
        let bytes_max = bytes_max.min(self.body_bytes_max);
        if announced(headers).is_some_and(|bytes| bytes > bytes_max as u64) {
            return Err(NotTakenIn::TooLong);
        }
        let whole = timeout_at(until, self.collect(body, bytes_max)).await;
        whole.map_err(|_| NotTakenIn::TooSlow)?
    }

    async fn collect(&self, mut body: Body, bytes_max: usize) -> Result<Bytes, NotTakenIn> {
        let mut held = Held { bytes: Vec::new(), permit: None };
        while let Some(frame) = body.frame().await {
            // Trailers are passed over; nothing in them is signed or needed.
            let Ok(data) = frame.map_err(NotTakenIn::Broken)?.into_data() else { continue };
            let length = held.bytes.len() + data.len();
            if length > bytes_max {
                return Err(NotTakenIn::TooLong);
            }
            self.make_room(&mut held, length, bytes_max)?;
            held.bytes.extend_from_slice(&data);
        }
        Ok(Bytes::from_owner(held))
    }

    /// Grows the buffer to hold `length` bytes, after the growth was counted.
    fn make_room(&self, held: &mut Held, length: usize, bytes_max: usize) -> Result<(), NotTakenIn> {
        let capacity = held.bytes.capacity();
        if length <= capacity {
            return Ok(());
        }
        let wanted = length.max(capacity * 2).max(FIRST_BYTES).min(bytes_max);
        let counted = held.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let units = wanted.div_ceil(UNIT_BYTES).saturating_sub(counted);
        let units = u32::try_from(units).map_err(|_| NotTakenIn::TooLong)?;
        let more = Arc::clone(&self.memory).try_acquire_many_owned(units);
        let more = more.map_err(|_| NotTakenIn::TooManyBytes)?;
        match &mut held.permit {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        held.bytes.reserve_exact(wanted - held.bytes.len());
        Ok(())
    }
}

/// A body and the permit for the memory it takes.
struct Held {
    bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// How long the body says it is. A length that is no number is the server's business; here the bytes are counted.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
