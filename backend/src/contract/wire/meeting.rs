//! Transactions that meet: the service refuses one that names an item of another that is under way.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::name_of;

/// Items of transactions under way, and until when.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<String, Instant>);

impl Held {
    /// Whether a transaction meets another one. If not, its items are its own for this time.
    pub(super) fn meets(&mut self, said: &Value, time: Duration) -> bool {
        let now = Instant::now();
        self.0.retain(|_, until| *until > now);
        let writes = said["TransactItems"].as_array().into_iter().flatten();
        let items: Vec<String> = writes.filter_map(item).collect();
        let meets = items.iter().any(|item| self.0.contains_key(item));
        if !meets {
            self.0.extend(items.into_iter().map(|item| (item, now + time)));
        }
        meets
    }
}

/// The item that a write names, whatever it does to it.
fn item(write: &Value) -> Option<String> {
    let write = write.as_object()?.values().next()?;
    Some(name_of(write.get("Item").or_else(|| write.get("Key"))?.as_object()?))
}

/// The service's words for a transaction that met another one.
pub(super) fn met(said: &Value) -> Result<HttpResponse, ConnectorError> {
    let writes = said["TransactItems"].as_array().map_or(0, Vec::len);
    let reason = json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" });
    let words = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": vec![reason; writes],
    });
    let status = StatusCode::try_from(400_u16).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut answer = HttpResponse::new(status, words.to_string().into());
    answer.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(answer)
}
