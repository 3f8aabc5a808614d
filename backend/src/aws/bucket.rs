//! A bucket of S3, for bodies that are too long for an item of the table.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use lane::ports::LedgerError;

use super::SdkConfig;
use crate::ledger::fault::Fault;

/// How long a try of a call may take, and a call with its repetitions: a webhook is answered within five seconds.
const TRY: Duration = Duration::from_millis(1500);
const CALL: Duration = Duration::from_secs(3);

/// Why a bucket is not used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no such bucket.
    #[error("there is no bucket {0}; check its name and the account")]
    NoSuchBucket(String),
    /// It is somebody else's, or the role has no right to it.
    #[error(
        "the bucket {0} is not ours to use; give the role s3:ListBucket on it, and s3:GetObject, s3:PutObject and \
         s3:DeleteObject on what lies in it, or name another"
    )]
    Forbidden(String),
    /// It would not be made.
    #[error("the bucket {name} cannot be made: {why}")]
    NotMade {
        /// The bucket.
        name: String,
        /// What happened.
        why: String,
    },
}

/// A bucket. Clones are the same.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// Finds the bucket. One that does not answer is not refused: it is needed for the few webhooks that are long, and
    /// work goes on without it.
    pub async fn connect(config: &SdkConfig, name: &str) -> Result<Self, BucketError> {
        let bucket = Self::named(config, name);
        let asked = bucket.client.head_bucket().bucket(name).send().await;
        let Err(error) = asked else { return Ok(bucket) };
        match error.raw_response().map(|answer| answer.status().as_u16()) {
            Some(404) => Err(BucketError::NoSuchBucket(name.to_owned())),
            // In another region than ours it answers with a redirection.
            Some(301 | 400 | 403) => Err(BucketError::Forbidden(name.to_owned())),
            _ => {
                let why = DisplayErrorContext(&error);
                tracing::warn!(bucket = name, %why, "the bucket does not answer; long webhooks are refused until it does");
                Ok(bucket)
            }
        }
    }

    fn named(config: &SdkConfig, name: &str) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY).operation_timeout(CALL).build();
        let config = aws_sdk_s3::config::Builder::from(config)
            .timeout_config(timeouts)
            // Stand-ins and private endpoints have no names for their buckets.
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self { client: Client::from_conf(config), name: name.to_owned() }
    }

    /// Puts an object there; it is durable when this returns.
    pub(super) async fn put(&self, key: &str, content: &[u8]) -> Result<(), Fault> {
        let content = ByteStream::from(content.to_vec());
        let call = self.client.put_object().bucket(&self.name).key(key).body(content);
        call.send().await.map(|_| ()).map_err(|error| self.unavailable(&error))
    }

    /// Nothing if there is no such object.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let found = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(found) => found,
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => return Ok(None),
            Err(error) => return Err(self.unavailable(&error)),
        };
        let content = found.body.collect().await;
        let content = content.map_err(|error| self.silent(&DisplayErrorContext(&error)))?;
        Ok(Some(content.to_vec()))
    }

    /// Takes an object away, or nothing if there is none.
    pub(super) async fn delete(&self, key: &str) -> Result<(), Fault> {
        let call = self.client.delete_object().bucket(&self.name).key(key);
        call.send().await.map(|_| ()).map_err(|error| self.unavailable(&error))
    }

    fn unavailable<E>(&self, error: &SdkError<E>) -> Fault
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let SdkError::ServiceError(answer) = error else { return self.silent(&DisplayErrorContext(error)) };
        let (code, words) = (error.code().unwrap_or("an error"), error.message().unwrap_or_default());
        let status = answer.raw().status().as_u16();
        Fault::Ledger(LedgerError::Unavailable(format!("the bucket {} answered {status} {code}: {words}", self.name)))
    }

    fn silent(&self, why: &dyn std::fmt::Display) -> Fault {
        Fault::Ledger(LedgerError::Unavailable(format!("the bucket {} did not answer: {why}", self.name)))
    }
}

/// Makes a bucket, without any rules. It may be there already.
pub async fn create(config: &SdkConfig, name: &str) -> Result<(), BucketError> {
    let made = Bucket::named(config, name).client.create_bucket().bucket(name).send().await;
    match made {
        Err(error) if error.code() != Some("BucketAlreadyOwnedByYou") => {
            Err(BucketError::NotMade { name: name.to_owned(), why: DisplayErrorContext(&error).to_string() })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
