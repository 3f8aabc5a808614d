//! Calls about many items, which are not one write, or not one look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use futures::future::try_join_all;
use lane::ports::LedgerError;
use rand::Rng as _;
use tokio::time::Instant;

use super::super::item::{Item, REV};
use super::super::key::Key;
use super::{Table, named, unavailable, wrong};
use crate::ledger::fault::Fault;

/// Before what was too much at once is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// Items that one call may read (`DynamoDB`: *`BatchGetItem`*).
const READ_AT_ONCE: usize = 100;

/// Items that one call may write (`DynamoDB`: *`BatchWriteItem`*).
const PUT_AT_ONCE: usize = 25;

/// One try to write some: they may be megabytes, over a slow line.
const PUT_TRY: Duration = Duration::from_secs(30);

/// How long it is tried to write some. A table that is new takes more after some minutes (*Best practices for designing and
/// using partition keys effectively*).
const PUT_PATIENCE: Duration = Duration::from_mins(5);

/// The longest wait before what was refused is written again.
const PUT_WAIT_MAX: Duration = Duration::from_secs(5);

impl Table {
    /// Many items as they are now, in any order. `strongly`, or a moment ago.
    pub(in super::super) async fn get_all(&self, keys: &[Key], strongly: bool) -> Result<Vec<Item>, Fault> {
        // The service refuses a call that names an item twice.
        let keys: Vec<Key> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let pages = keys.chunks(READ_AT_ONCE).map(|page| self.get_page(page, strongly));
        Ok(try_join_all(pages).await?.concat())
    }

    async fn get_page(&self, keys: &[Key], strongly: bool) -> Result<Vec<Item>, Fault> {
        let mut left: Vec<_> = keys.iter().map(named).collect();
        let mut found = Vec::with_capacity(keys.len());
        while !left.is_empty() {
            let asked = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(strongly).build();
            let asked = asked.map_err(|error| wrong(&error))?;
            let call = self.client.batch_get_item().request_items(&self.name, asked);
            let answer = call.send().await.map_err(|error| unavailable(&error))?;
            for items in answer.responses.unwrap_or_default().into_values() {
                found.extend(items.into_iter().map(Item::from_attributes));
            }
            // What was too much at once is asked for again.
            let unread = answer.unprocessed_keys.unwrap_or_default().into_values().next();
            left = unread.map(|keys| keys.keys).unwrap_or_default();
            if !left.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(found)
    }

    /// Whether nothing but this item is in it.
    pub(in super::super) async fn holds_only(&self, key: &Key) -> Result<bool, Fault> {
        let call = self.client.scan().table_name(&self.name).consistent_read(true).limit(2);
        let answer = call.send().await.map_err(|error| unavailable(&error))?;
        let found = answer.items.unwrap_or_default().into_iter().map(|item| Item::from_attributes(item).key());
        Ok(found.collect::<Result<Vec<_>, _>>()?.iter().all(|other| other == key))
    }

    /// Writes items, whatever is there, several calls at a time. All of them are durable when this returns.
    pub(in super::super) async fn put_all(&self, items: Vec<(Key, Item)>) -> Result<(), Fault> {
        // The service refuses a call that names an item twice.
        let items: BTreeMap<Key, Item> = items.into_iter().collect();
        let mut puts = Vec::new();
        for (key, item) in items {
            let mut item = item.with(REV, 1_i64).into_attributes();
            item.extend(named(&key));
            let put = PutRequest::builder().set_item(Some(item)).build().map_err(|error| wrong(&error))?;
            puts.push(WriteRequest::builder().put_request(put).build());
        }
        try_join_all(puts.chunks(PUT_AT_ONCE).map(|page| self.put_page(page.to_vec()))).await.map(drop)
    }

    /// What is too much at once, or lost on the way, is written again: that changes nothing.
    async fn put_page(&self, mut left: Vec<WriteRequest>) -> Result<(), Fault> {
        let (until, mut wait) = (Instant::now() + PUT_PATIENCE, PAUSE);
        loop {
            let timeouts =
                TimeoutConfig::builder().operation_attempt_timeout(PUT_TRY).operation_timeout(PUT_TRY * 3).build();
            let call = self.client.batch_write_item().request_items(&self.name, left.clone());
            let call = call.customize().config_override(Builder::new().timeout_config(timeouts));
            match call.send().await {
                Ok(answer) => {
                    let unwritten = answer.unprocessed_items.unwrap_or_default().into_values().next();
                    left = unwritten.unwrap_or_default();
                }
                Err(error) if Instant::now() > until || is_for_good(&error) => return Err(unavailable(&error)),
                Err(_) => {}
            }
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                let words = "the table took too little for minutes; it may be asked again".to_owned();
                return Err(Fault::Ledger(LedgerError::Unavailable(words)));
            }
            let jitter = rand::rng().random_range(PAUSE..=wait);
            tokio::time::sleep(jitter).await;
            wait = (wait * 2).min(PUT_WAIT_MAX);
        }
    }
}

/// Whether the same call would be refused again.
fn is_for_good(error: &SdkError<BatchWriteItemError>) -> bool {
    let SdkError::ServiceError(answer) = error else { return matches!(error, SdkError::ConstructionFailure(_)) };
    let refusal = answer.err();
    let passes = refusal.is_provisioned_throughput_exceeded_exception()
        || refusal.is_request_limit_exceeded()
        || refusal.is_internal_server_error()
        || refusal.code() == Some("ThrottlingException");
    !passes && !answer.raw().status().is_server_error()
}
