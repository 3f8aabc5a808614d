//! Bodies that are too long for an item of the table: each is an object in the bucket, which its webhook's item names.
//!
//! The bucket has no part in the table's writes. So an object that no webhook names stands in a list of the table: from
//! before it is put into the bucket until the write that keeps its webhook, and from the write that drops the body until
//! it is gone from the bucket. Whoever dies in between leaves it in that list, and the sweep takes it away.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::ports::LedgerError;
use sha2::{Digest as _, Sha256};

use super::Ledger;
use super::item::{Item, REV};
use super::key::{Key, OBJECTS, hex, object_of, sortable};
use super::rows::webhooks::BODY;
use super::table::{Among, Range};
use super::unit::TableUnit;
use crate::ledger::fault::Fault;

/// Bytes of a body that its webhook's item holds (*Constraints*: an item may have 400 KB).
const IN_ITEM_MAX: usize = 350 * 1024;

/// The object in the bucket that is the body.
const OBJECT: &str = "object";

/// No write that began to keep a webhook lasts so long. One that was held up for longer is refused.
const UNDER_WAY: Duration = Duration::from_mins(15);

/// Objects that one sweep takes away, so that lanes do not wait for it.
const OBJECTS_AT_ONCE: usize = 20;

/// Gives a webhook's item its body. The name of the object, if it has to be one. Two webhooks never share an object, so
/// that forgetting the one leaves the other.
pub(super) fn give_body(item: &mut Item, id: u64, body: &[u8]) -> Option<String> {
    if body.len() <= IN_ITEM_MAX {
        item.set(BODY, body);
        return None;
    }
    let name = format!("bodies/{id:020}-{}", hex(&Sha256::digest(body)));
    item.set(OBJECT, name.as_str());
    Some(name)
}

pub(super) fn has_body(item: &Item) -> bool {
    item.bytes(BODY).is_some() || named_object(item).is_some()
}

pub(super) fn drop_body(item: &mut Item) {
    item.set(BODY, None::<i64>);
    item.set(OBJECT, None::<i64>);
}

/// The object that is a webhook's body, if it is one.
pub(super) fn named_object(item: &Item) -> Option<&str> {
    item.text(OBJECT)
}

impl TableUnit {
    /// Puts a body into the bucket, for a webhook that this unit keeps.
    pub(super) async fn put_object(&mut self, object: &str, body: &[u8], at: Timestamp) -> Result<(), Fault> {
        let key = Key::object(after(at, UNDER_WAY), object);
        self.put_now(key.clone(), Item::default()).await?;
        self.table.bucket().put(object, body).await?;
        // As it was just made: if the sweep has begun to take the object away, this unit runs again, with another.
        self.remember(&key, Some(&Item::default().with(REV, 1_i64)))?;
        self.erase(key);
        Ok(())
    }

    /// No webhook names the object any more.
    pub(super) fn drop_object(&mut self, object: &str) {
        let key = Key::object(Timestamp::UNIX_EPOCH, object);
        self.put(key.clone(), Item::default());
        self.dropped.push(key);
    }

    /// The body of a webhook, as it was kept.
    pub(super) async fn body_of(&self, item: &Item) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(body) = item.bytes(BODY) {
            return Ok(Some(body.to_vec()));
        }
        let Some(object) = named_object(item) else { return Ok(None) };
        let Some(body) = self.table.bucket().get(object).await? else {
            // A table that was restored names what was dropped since.
            tracing::warn!(object, "a webhook's body is not in the bucket; it counts as dropped");
            return Ok(None);
        };
        if !object.ends_with(&hex(&Sha256::digest(&body))) {
            return Err(Fault::unreadable(format_args!("the object {object}, which is not what was put there")));
        }
        Ok(Some(body))
    }
}

impl Ledger {
    /// Takes objects away that no webhook names. What fails is left to the sweep.
    pub(super) async fn take_away(&self, dropped: Vec<Key>) {
        for key in dropped {
            if let Err(fault) = self.take_one_away(key).await {
                tracing::warn!(%fault, "a body that was dropped is still in the bucket; the sweep tries again");
            }
        }
    }

    async fn take_one_away(&self, key: Key) -> Result<(), Fault> {
        self.table.bucket().delete(object_of(&key)?).await?;
        TableUnit::new(self.table.clone()).erase_now(key).await
    }

    /// Takes away what stands in the list of objects that no webhook names for longer than any write lasts. What fails is
    /// taken away by a later sweep.
    pub(super) async fn clear_bucket(&self, now: Timestamp) {
        if let Err(error) = self.clear_objects(now).await {
            tracing::warn!(%error, "bodies that no webhook names are still in the bucket; the next sweep tries again");
        }
    }

    async fn clear_objects(&self, now: Timestamp) -> Result<(), LedgerError> {
        let until = sortable(now);
        for item in self.table.query(&Range::new(OBJECTS, Among::Between("0", &until), OBJECTS_AT_ONCE)).await? {
            let key = &item.key()?;
            // Whoever began to keep a webhook with it, and was held up, must not do so any more.
            if self.write(|mut unit| async move { (claim(&mut unit, key).await, unit) }).await? {
                self.take_one_away(key.clone()).await?;
            }
        }
        Ok(())
    }
}

async fn claim(unit: &mut TableUnit, key: &Key) -> Result<bool, Fault> {
    let Some(item) = unit.read(key).await? else { return Ok(false) };
    unit.put(key.clone(), item);
    Ok(true)
}
