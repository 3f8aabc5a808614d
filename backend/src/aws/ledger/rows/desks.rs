//! What people decided and asked for.

use lane::clock::Timestamp;
use lane::id::OperatorId;
use lane::ports::RequestKey;
use lane::view::Recorded;

use super::super::item::Item;
use super::super::key::Key;
use super::super::unit::TableUnit;
use super::number_at;
use crate::ledger::fault::Fault;
use crate::ledger::row::JobRow;
use crate::ledger::unit::Desks;

const REQUEST: &str = "request";
const ANSWER: &str = "answer";

/// A change that was asked for under a key, and its answer.
pub(in super::super) fn asked_item(request: &[u8], answer: &str) -> Item {
    Item::default().with(REQUEST, request).with(ANSWER, answer)
}

/// What an operator did.
pub(in super::super) fn audit_item(at: Timestamp, by: &str, what: &str, on: &str) -> Item {
    Item::default().with("at", at).with("by", by).with("what", what).with("on", on)
}

impl Desks for TableUnit {
    async fn decision(&mut self, row: &JobRow, hold: u32) -> Result<Option<Recorded>, Fault> {
        let item = self.read(&Key::decision(&row.job.lane, &row.job.id, hold)).await?;
        item.map(|item| item.doc()).transpose()
    }

    async fn put_decision(&mut self, row: &JobRow, hold: u32, decision: &Recorded) -> Result<(), Fault> {
        self.put_new(Key::decision(&row.job.lane, &row.job.id, hold), Item::of(decision)?);
        Ok(())
    }

    async fn answered(&mut self, by: &OperatorId, key: &str) -> Result<Option<(Vec<u8>, String)>, Fault> {
        let known_by = Key::request(by, key);
        let Some(item) = self.read(&known_by).await? else {
            self.new_request = Some(Box::new(known_by));
            return Ok(None);
        };
        let request = item.bytes(REQUEST).unwrap_or_default().to_vec();
        Ok(Some((request, item.known(ANSWER)?.to_owned())))
    }

    async fn put_answer(&mut self, key: &RequestKey, answer: &str) -> Result<(), Fault> {
        self.put_new(Key::request(&key.by, &key.key), asked_item(&key.request, answer));
        Ok(())
    }

    async fn audit(&mut self, at: Timestamp, by: &str, what: &str, on: &str) -> Result<(), Fault> {
        self.put_new(Key::audit(at, number_at(at)), audit_item(at, by, what, on));
        Ok(())
    }
}
