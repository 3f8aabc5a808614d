//! Calls to the table, and what its answers mean.

mod many;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};
use lane::ports::LedgerError;

use super::item::{Item, PK, REV, SK};
use super::key::Key;
use crate::aws::SdkConfig;
use crate::aws::bucket::Bucket;
use crate::ledger::fault::Fault;

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// One try of a call: `DynamoDB` answers in some milliseconds.
    pub one_try: Duration,
    /// A webhook with all its tries and runs: it has to be answered within five seconds.
    pub webhook: Duration,
    /// Any other verb.
    pub others: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { one_try: seconds(1), webhook: seconds(4), others: seconds(20) }
    }
}

/// The list in which an item stands for everybody, and its place there; in the other list for its shop or its job.
pub(super) const LIST: Index = Index { name: "list", hash: "l1", range: "l1at" };
pub(super) const OTHER_LIST: Index = Index { name: "other_list", hash: "l2", range: "l2at" };
/// Lanes that the sweep has to look at.
pub(super) const DUE: Index = Index { name: "due", hash: "shard", range: "wake" };

/// An index of the table. It follows the table a moment later, so that it finds things and decides nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) hash: &'static str,
    pub(super) range: &'static str,
}

/// The table. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Table {
    client: Client,
    name: String,
    bucket: Bucket,
}

/// What came of writing.
#[derive(Debug)]
pub(super) enum Written {
    Yes,
    /// Something that it depended on was not so, or others wrote the same at once. Nothing was written.
    Conflict,
    /// It happened, or it did not, or it will: the same writes under the same token tell.
    Unknown(Fault),
}

/// Which items of one partition, or of one list.
#[derive(Debug, Clone)]
pub(super) struct Range<'a> {
    pub(super) of: &'a str,
    pub(super) is: Among<'a>,
    pub(super) most: i32,
    pub(super) backwards: bool,
}

/// Which sort keys.
#[derive(Debug, Clone)]
pub(super) enum Among<'a> {
    All,
    Begins(&'a str),
    Between(&'a str, &'a str),
    /// Those that begin so and come behind.
    Behind {
        begins: &'a str,
        after: &'a str,
    },
    UpTo(i64),
    From(i64),
}

impl<'a> Among<'a> {
    /// Those that begin so; behind one of them, if it is given.
    pub(super) fn after(begins: &'a str, after: Option<&'a str>) -> Self {
        match after {
            Some(after) => Self::Behind { begins, after },
            None if begins.is_empty() => Self::All,
            None => Self::Begins(begins),
        }
    }
}

impl<'a> Range<'a> {
    pub(super) fn new(of: &'a str, is: Among<'a>, most: usize) -> Self {
        Self { of, is, most: i32::try_from(most).unwrap_or(i32::MAX), backwards: false }
    }
}

/// Calls to `DynamoDB`, none of which is waited for longer.
pub(super) fn client(config: &SdkConfig, patience: Patience) -> Client {
    // A write whose answer was lost is asked about once more.
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(patience.one_try)
        .operation_timeout(patience.webhook / 2)
        .build();
    Client::from_conf(aws_sdk_dynamodb::config::Builder::from(config).timeout_config(timeouts).build())
}

impl Table {
    pub(super) fn new(client: Client, name: &str, bucket: Bucket) -> Self {
        Self { client, name: name.to_owned(), bucket }
    }

    /// Where bodies lie that are too long for an item.
    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The item as it is now.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let call = self.client.get_item().table_name(&self.name).set_key(Some(named(key))).consistent_read(true);
        let answer = call.send().await.map_err(|error| unavailable(&error))?;
        Ok(answer.item.map(Item::from_attributes))
    }

    /// Items of one partition as they are now, by their sort key. There may be more if there are `most`.
    pub(super) async fn query(&self, range: &Range<'_>) -> Result<Vec<Item>, Fault> {
        self.ask(None, range).await
    }

    /// Keys from a list, in its order.
    pub(super) async fn list(&self, index: Index, range: &Range<'_>) -> Result<Vec<Item>, Fault> {
        self.ask(Some(index), range).await
    }

    async fn ask(&self, index: Option<Index>, range: &Range<'_>) -> Result<Vec<Item>, Fault> {
        let (hash, sort) = index.map_or((PK, SK), |index| (index.hash, index.range));
        let (condition, values) = among(&range.is);
        let of = (":of".to_owned(), AttributeValue::S(range.of.to_owned()));
        let values: HashMap<String, AttributeValue> = values.into_iter().chain([of]).collect();
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let mut call = self
                .client
                .query()
                .table_name(&self.name)
                .set_index_name(index.map(|index| index.name.to_owned()))
                .consistent_read(index.is_none())
                .key_condition_expression(format!("#hash = :of{condition}"))
                .expression_attribute_names("#hash", hash)
                .set_expression_attribute_values(Some(values.clone()))
                .scan_index_forward(!range.backwards)
                .limit(range.most.saturating_sub(i32::try_from(found.len()).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(from);
            if !condition.is_empty() {
                call = call.expression_attribute_names("#sort", sort);
            }
            let answer = call.send().await.map_err(|error| unavailable(&error))?;
            found.extend(answer.items.unwrap_or_default().into_iter().map(Item::from_attributes));
            from = answer.last_evaluated_key.filter(|_| i32::try_from(found.len()).is_ok_and(|n| n < range.most));
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Adds to a number of an item, which is made if it is not there, whatever else is written to it. What it is then;
    /// nothing while a transaction holds the item.
    pub(super) async fn add(&self, key: &Key, name: &str, by: i64) -> Result<Option<i64>, Fault> {
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(named(key)))
            .update_expression("ADD #name :by")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
            .return_values(ReturnValue::UpdatedNew);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(held)) if held.err().is_transaction_conflict_exception() => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        let is = Item::from_attributes(answer.attributes.unwrap_or_default()).number(name)?;
        is.map(Some).ok_or_else(|| Fault::unreadable("a number that was added to"))
    }

    /// Writes all or nothing. `token` tells the call from others: for ten minutes the same one repeated is one write, and is
    /// answered as the first would have been (*`TransactWriteItems`*, idempotency).
    pub(super) async fn write(&self, writes: Vec<TransactWriteItem>, token: &str) -> Result<Written, Fault> {
        let call = self.client.transact_write_items().set_transact_items(Some(writes)).client_request_token(token);
        let Err(error) = call.send().await else { return Ok(Written::Yes) };
        let SdkError::ServiceError(answer) = &error else {
            let left = !matches!(error, SdkError::ConstructionFailure(_));
            return if left { Ok(Written::Unknown(unavailable(&error))) } else { Err(unavailable(&error)) };
        };
        let refusal = answer.err();
        if answer.raw().status().is_server_error() || refusal.is_transaction_in_progress_exception() {
            return Ok(Written::Unknown(refused(refusal)));
        }
        let TransactWriteItemsError::TransactionCanceledException(cancelled) = refusal else {
            return Err(refused(refusal));
        };
        let why = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
        let passes = why.clone().all(|code| code == "None" || PASSING.contains(&code));
        if passes { Ok(Written::Conflict) } else { Err(refused(refusal)) }
    }
}

/// Why a write was refused that may be made again, on what is there then.
const PASSING: [&str; 4] =
    ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

fn named(key: &Key) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

fn among(is: &Among<'_>) -> (&'static str, Vec<(String, AttributeValue)>) {
    let text = |name: &str, text: &str| (name.to_owned(), AttributeValue::S(text.to_owned()));
    let number = |number: i64| (":a".to_owned(), AttributeValue::N(number.to_string()));
    match is {
        Among::All => ("", Vec::new()),
        Among::Begins(begins) => (" AND begins_with(#sort, :a)", vec![text(":a", begins)]),
        Among::Between(first, last) => (" AND #sort BETWEEN :a AND :b", vec![text(":a", first), text(":b", last)]),
        // The next text after one is itself with the lowest sign behind it; the last that begins so ends in the highest.
        Among::Behind { begins, after } => (
            " AND #sort BETWEEN :a AND :b",
            vec![text(":a", &format!("{after}\u{1}")), text(":b", &format!("{begins}\u{10ffff}"))],
        ),
        Among::UpTo(last) => (" AND #sort <= :a", vec![number(*last)]),
        Among::From(first) => (" AND #sort > :a", vec![number(*first)]),
    }
}

/// Whether the ledger may answer if it is asked again.
pub(super) fn unavailable<E>(error: &SdkError<E>) -> Fault
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    // What the service answers names tables and keys, never what lies in an item.
    if let SdkError::ServiceError(answer) = error {
        return refused(answer.err());
    }
    let why = DisplayErrorContext(error);
    Fault::Ledger(LedgerError::Unavailable(format!("the table did not answer: {why}")))
}

fn refused(error: &impl ProvideErrorMetadata) -> Fault {
    let (code, words) = (error.code().unwrap_or("an unknown error"), error.message().unwrap_or_default());
    Fault::Ledger(LedgerError::Unavailable(format!("the table answered {code}: {words}")))
}

fn wrong(error: &dyn std::error::Error) -> Fault {
    Fault::Ledger(LedgerError::Unavailable(format!("a call to the table could not be made: {error}")))
}

/// Which revision an item has; every write gives it the next.
pub(super) fn revision(item: &Item) -> Result<i64, Fault> {
    Ok(item.number(REV)?.unwrap_or_default())
}
