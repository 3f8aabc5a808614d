//! Secrets that lie with AWS Systems Manager, and, through it, with Secrets Manager (*AWS Systems Manager User Guide:
//! Referencing AWS Secrets Manager secrets from Parameter Store parameters*). Standard parameters cost nothing, which
//! counts where every merchant's token is one.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::timeout::TimeoutConfig;
use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use lane::clock::{Clock, Timestamp, after};
use lane::ports::{SecretError, Secrets};
use lane::shop::SecretRef;
use secrecy::SecretString;

use super::SdkConfig;
use crate::secrets::{Local, secret};

/// How long a secret is used before it is read anew. The service grants 40 reads a second to a whole account (*AWS
/// General Reference: Systems Manager endpoints and quotas*), and a renewed token should count within a minute.
const FRESH: Duration = Duration::from_mins(1);

/// How long a known secret is used while the service does not answer: longer than its outages last.
const STALE: Duration = Duration::from_hours(12);

/// One try, and a read with its repetitions: a webhook may wait for it.
const TRY_MAX: Duration = Duration::from_secs(1);
const READ_MAX: Duration = Duration::from_secs(3);

/// Reads parameters, and what [`Local`] reads. Clones share what they know.
#[derive(Clone)]
pub struct Parameters {
    client: Client,
    clock: Arc<dyn Clock>,
    // A std mutex: nothing inside waits.
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    secret: SecretString,
    read_at: Timestamp,
}

/// Why a parameter was not read.
enum Unread {
    /// It is not there, may not be read, or is empty.
    Missing,
    /// The service could not be asked.
    NotNow(String),
}

impl Parameters {
    /// Asks nothing yet.
    pub fn new(config: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).operation_timeout(READ_MAX).build();
        let client = Client::from_conf(aws_sdk_ssm::config::Builder::from(config).timeout_config(timeouts).build());
        Self { client, clock, known: Arc::default() }
    }

    async fn parameter(&self, name: &str) -> Result<SecretString, SecretError> {
        if let Some(fresh) = self.known(name, FRESH) {
            return Ok(fresh);
        }
        let reference = || SecretRef::Parameter(name.to_owned()).to_string();
        match self.ask(name).await {
            Ok(secret) => {
                let known = Known { secret: secret.clone(), read_at: self.clock.now() };
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), known);
                Ok(secret)
            }
            Err(Unread::Missing) => Err(SecretError::Missing { reference: reference() }),
            Err(Unread::NotNow(words)) => {
                self.known(name, STALE).ok_or_else(|| SecretError::Unavailable { reference: reference(), words })
            }
        }
    }

    fn known(&self, name: &str, age: Duration) -> Option<SecretString> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|known| after(known.read_at, age) > self.clock.now()).map(|known| known.secret.clone())
    }

    async fn ask(&self, name: &str) -> Result<SecretString, Unread> {
        let asked = self.client.get_parameter().name(name).with_decryption(true).send().await;
        let answer = asked.map_err(|error| match error.as_service_error() {
            Some(said) if said.is_parameter_not_found() || said.is_parameter_version_not_found() => Unread::Missing,
            Some(said) => match said.code().unwrap_or_default() {
                "AccessDeniedException" | "ValidationException" => Unread::Missing,
                code => Unread::NotNow(code.to_owned()),
            },
            None => {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                Unread::NotNow(why)
            }
        })?;
        answer.parameter.and_then(|parameter| parameter.value).and_then(|text| secret(&text)).ok_or(Unread::Missing)
    }
}

#[async_trait]
impl Secrets for Parameters {
    async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        match reference {
            SecretRef::Parameter(name) => self.parameter(name).await,
            SecretRef::Env(_) | SecretRef::File(_) => Local.read(reference).await,
        }
    }
}
