//! Where ledger and queue lie when they lie with AWS.

use serde::Deserialize;

use super::address::ProviderAddress;

/// `[aws]`, in place of `[ledger]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The table that is the ledger.
    #[serde(deserialize_with = "name")]
    pub table: String,
    /// The bucket for bodies that are too long for the table.
    #[serde(deserialize_with = "name")]
    pub bucket: String,
    /// The queue of orders, by its name or its URL.
    #[serde(deserialize_with = "name")]
    pub orders_queue: String,
    /// The region; found as every AWS tool finds it, unless given.
    pub region: Option<String>,
    /// Where all services are reached, for stand-ins.
    pub endpoint: Option<ProviderAddress>,
    /// Where `DynamoDB` is reached, for private networks.
    pub dynamodb_endpoint: Option<ProviderAddress>,
    /// Where S3 is reached.
    pub s3_endpoint: Option<ProviderAddress>,
    /// Where SQS is reached.
    pub sqs_endpoint: Option<ProviderAddress>,
    /// Where Systems Manager is reached.
    pub ssm_endpoint: Option<ProviderAddress>,
}

fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom("write its name"));
    }
    Ok(text)
}
