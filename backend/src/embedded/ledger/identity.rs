//! What makes a webhook a repetition: keys that are taken once and for ever.
//!
//! Keys are hashes, so each would lie on a page of its own, and every commit would write them all. They are kept by what
//! the webhook is about instead: those of one order lie side by side, and those of new orders at the end, because platforms
//! count their orders upwards. A delivery that is repeated says the same, so it is about the same; whoever gives another
//! order's webhook the ids of one before is heard.

use lane::webhook::{Content, Named, Webhook};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::rows::one;
use crate::ledger::fault::Fault;

/// Half of a SHA-256 is beyond any chance of meeting another, and halves the index.
const HALF: usize = 16;

/// Some of a webhook's permanent keys, where they lie.
pub(super) struct Keys(Vec<[u8; 8 + HALF]>);

impl Keys {
    pub(super) fn of(webhook: &Webhook, keys: &[[u8; 32]]) -> Self {
        let near = near(webhook);
        Self(keys.iter().map(|key| placed(near, key)).collect())
    }

    /// Whether any was taken before.
    pub(super) fn are_known(&self, conn: &Connection) -> Result<bool, Fault> {
        for key in &self.0 {
            let before = "SELECT 1 FROM identity WHERE key = ?1";
            if one::<i64>(conn, "SELECT 1 FROM seen WHERE key = ?1", [key.as_slice()])?.is_some()
                || one::<i64>(conn, before, [&key[8..]])?.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn take(&self, conn: &Connection) -> Result<(), Fault> {
        for key in &self.0 {
            conn.prepare_cached("INSERT INTO seen (key) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([key])?;
        }
        Ok(())
    }
}

fn placed(near: [u8; 8], key: &[u8; 32]) -> [u8; 8 + HALF] {
    let mut placed = [0; 8 + HALF];
    placed[..8].copy_from_slice(&near);
    placed[8..].copy_from_slice(&key[..HALF]);
    placed
}

/// Where the keys of a webhook lie. Files are full of them: this must never change.
fn near(webhook: &Webhook) -> [u8; 8] {
    let about = match &webhook.content {
        Content::Order(news) => news.id.as_str(),
        Content::Touched(Named::Order(id)) => id.as_str(),
        Content::Touched(Named::Part(part)) => part.rsplit('/').next().unwrap_or(part),
        Content::Uninstalled { .. } | Content::Privacy(_) | Content::Unreadable { .. } => &webhook.merchant,
    };
    let number = about.parse::<u64>().map(u64::to_be_bytes);
    number.unwrap_or_else(|_| {
        let mut near = [0; 8];
        near.copy_from_slice(&Sha256::digest(about.as_bytes())[..8]);
        near
    })
}
