//! What the simulator was asked and what it did: the oracle for every promise about effects.
//!
//! Calls and commits share one counter, so any two entries can be put in order. A call is entered when it arrives and
//! completed when it is answered; a commit is entered at the moment the provider's state changes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::locked;

/// How many calls, and how many commits, are kept unless told otherwise. At about 2 KiB a call a full journal of a
/// long load test takes 2 GB; the demonstration never comes near.
pub const KEPT: usize = 1_000_000;

/// One request that reached the simulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its place among all calls and commits.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// When it was answered or cut; nothing while it is being served.
    pub answered_at: Option<Timestamp>,
    /// The `ShipStation` key or the shop's domain; empty if the request named none.
    pub account: String,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, as it stood in the URL.
    pub query: String,
    /// What was asked for: `order`, `shop`; `createorder`, `orders/get`, `orders/list`, `stores` and so on.
    pub operation: String,
    /// The body: JSON, or its text if it is not JSON, or null if there was none.
    pub request: Value,
    /// The answer's status; 0 while there is none and when the connection was cut instead.
    pub status: u16,
    /// What the answer said was left of the rate limit: calls at `ShipStation`, points at Shopify.
    pub remaining: Option<i64>,
}

/// How a commit changed an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It did not exist before.
    Created,
    /// It was written whole over what stood there.
    Replaced,
    /// One of the small calls changed it: hold, restore, mark as shipped, tag, delete.
    Changed,
    /// At Shopify: a fulfilment was made for it. The key is the order's global id, the digest is the input's.
    Fulfilled,
}

/// One effect: an order written at the provider through its API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its place among all calls and commits.
    pub number: u64,
    /// The call that caused it.
    pub call: u64,
    /// When.
    pub at: Timestamp,
    /// Whose order it is.
    pub account: String,
    /// The caller's name for the order.
    pub order_key: String,
    /// The provider's id of the order.
    pub order_id: u64,
    /// The number people see.
    pub order_number: String,
    /// What happened to it.
    pub kind: Kind,
    /// Its status afterwards.
    pub order_status: String,
    /// SHA-256, in hex, of the order as it was sent: equal bytes, equal digests.
    pub digest: String,
}

#[derive(Debug)]
struct Entries {
    next: u64,
    kept: usize,
    calls: VecDeque<Call>,
    commits: VecDeque<Commit>,
}

/// The record of one simulator. Clones read and write the same record.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Mutex<Entries>>);

impl Default for Journal {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl Journal {
    /// Starts empty and keeps the newest `kept` calls and as many commits.
    pub fn keeping(kept: usize) -> Self {
        Self(Arc::new(Mutex::new(Entries { next: 1, kept, calls: VecDeque::new(), commits: VecDeque::new() })))
    }

    /// Every call kept, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        locked(&self.0).calls.iter().cloned().collect()
    }

    /// Every commit kept, oldest first.
    pub fn commits(&self) -> Vec<Commit> {
        locked(&self.0).commits.iter().cloned().collect()
    }

    /// The calls of one operation, oldest first.
    pub fn calls_to(&self, operation: &str) -> Vec<Call> {
        locked(&self.0).calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// The commits of one order, oldest first.
    pub fn commits_of(&self, order_key: &str) -> Vec<Commit> {
        locked(&self.0).commits.iter().filter(|commit| commit.order_key == order_key).cloned().collect()
    }

    /// How many commits of this kind an order has had.
    pub fn count_of(&self, order_key: &str, kind: Kind) -> usize {
        let entries = locked(&self.0);
        entries.commits.iter().filter(|commit| commit.order_key == order_key && commit.kind == kind).count()
    }

    /// The order as it was sent for this commit: the call's body, or the entry of its list that has the commit's
    /// digest. Nothing if the call was forgotten.
    pub fn written(&self, commit: &Commit) -> Option<Value> {
        let entries = locked(&self.0);
        let index = entries.calls.binary_search_by_key(&commit.call, |call| call.number).ok()?;
        let body = &entries.calls.get(index)?.request;
        match body.as_array() {
            Some(orders) => orders.iter().find(|order| digest(order) == commit.digest).cloned(),
            None => Some(body.clone()),
        }
    }

    /// How many calls were answered with `status`.
    pub fn answered(&self, status: u16) -> usize {
        locked(&self.0).calls.iter().filter(|call| call.status == status).count()
    }

    /// How many calls are kept, without copying them.
    pub fn call_count(&self) -> usize {
        locked(&self.0).calls.len()
    }

    /// How many commits are kept, without copying them.
    pub fn commit_count(&self) -> usize {
        locked(&self.0).commits.len()
    }

    /// Forgets all entries; the counter goes on.
    pub fn clear(&self) {
        let mut entries = locked(&self.0);
        entries.calls.clear();
        entries.commits.clear();
    }

    /// Enters a call as it arrives and gives it its number.
    pub(crate) fn open(&self, mut call: Call) -> u64 {
        let mut entries = locked(&self.0);
        let number = entries.take_number();
        call.number = number;
        let kept = entries.kept;
        push_bounded(&mut entries.calls, call, kept);
        number
    }

    /// Completes a call; one that was already forgotten stays so.
    pub(crate) fn close(&self, number: u64, at: Timestamp, status: u16, remaining: Option<i64>) {
        let mut entries = locked(&self.0);
        if let Ok(index) = entries.calls.binary_search_by_key(&number, |call| call.number)
            && let Some(call) = entries.calls.get_mut(index)
        {
            call.answered_at = Some(at);
            call.status = status;
            call.remaining = remaining;
        }
    }

    /// Enters an effect and gives it its number.
    pub(crate) fn commit(&self, mut commit: Commit) {
        let mut entries = locked(&self.0);
        commit.number = entries.take_number();
        let kept = entries.kept;
        push_bounded(&mut entries.commits, commit, kept);
    }
}

impl Entries {
    fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

/// SHA-256, in hex, of a body.
pub(crate) fn digest(body: &Value) -> String {
    hex::encode(Sha256::digest(body.to_string()))
}

fn push_bounded<T>(entries: &mut VecDeque<T>, entry: T, kept: usize) {
    entries.push_back(entry);
    while entries.len() > kept {
        entries.pop_front();
    }
}
