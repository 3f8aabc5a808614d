//! Raw bodies as they are kept: compressed, against what every order of the platform says anyway. That takes two fifths off
//! a frame by itself, and two bodies share a page.
//!
//! A kept body is a byte that says against what, then a zstd frame. Those of the first versions are the frame alone, and what
//! could not be compressed stands as it came.

use std::cell::RefCell;
use std::io::Read as _;
use std::sync::LazyLock;

use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::read::Decoder;

/// The compression level: the fastest that still finds what an order has in common with others. What the levels below it save
/// in time is less than the larger rows cost in pages.
const LEVEL: i32 = 1;

/// The longest body that is read back; the handler takes none that is longer.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An order in the platform's shape that says nothing of anybody. Files are full of bodies that are read by it: another one
/// would be a second file, with a byte of its own.
static ORDERS: &[u8] = include_bytes!("bodies/orders.1.json");

/// Stands before a frame that was compressed against [`ORDERS`]. No frame begins with it, and no text.
const AGAINST_ORDERS: u8 = 1;

static TO_COMPRESS: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(ORDERS, LEVEL));
static TO_READ: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(ORDERS));

thread_local! {
    /// Making a compressor costs as much as compressing a body; each thread keeps its own.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::with_prepared_dictionary(&TO_COMPRESS).ok());
}

/// A raw body as it is kept. Done outside the writer.
pub fn compress(body: &[u8]) -> Vec<u8> {
    let frame = COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(body).ok());
    let Some(frame) = frame else { return body.to_vec() };
    let mut kept = Vec::with_capacity(1 + frame.len());
    kept.push(AGAINST_ORDERS);
    kept.extend(frame);
    kept
}

/// The raw body of a kept one.
pub(crate) fn raw(kept: Vec<u8>) -> Vec<u8> {
    let decoder = match kept.split_first() {
        Some((&AGAINST_ORDERS, frame)) => Decoder::with_prepared_dictionary(frame, &TO_READ),
        Some(_) | None => Decoder::with_buffer(kept.as_slice()),
    };
    let mut raw = Vec::new();
    match decoder.and_then(|decoder| decoder.take(BYTES_MAX).read_to_end(&mut raw)) {
        Ok(_) => raw,
        Err(_) => kept,
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn a_kept_body_is_read_back_however_it_was_kept() {
        for body in [br#"{"id":1}"#.repeat(50), b"no order".to_vec(), Vec::new(), ORDERS.to_vec()] {
            assert_eq!(raw(compress(&body)), body);
            assert_eq!(raw(zstd::bulk::compress(&body, LEVEL).unwrap()), body, "as the first versions kept it");
        }
        let body = br#"{"id":1}"#.to_vec();
        assert_eq!(raw(body.clone()), body, "as it came");
    }

    #[test]
    fn what_kept_bodies_are_read_by_never_changes() {
        let hash = Sha256::digest(ORDERS);
        assert_eq!(hash[..8], 0xe853_a855_87f5_fce1_u64.to_be_bytes());
        let kept = compress(ORDERS);
        assert!(kept.len() < 64 && kept[0] == AGAINST_ORDERS, "{} bytes", kept.len());
    }
}
