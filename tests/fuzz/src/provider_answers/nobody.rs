//! A ledger that an attempt asks nothing of: the shop's rules look at no other orders.

use std::sync::Arc;

use async_trait::async_trait;
use lane::clock::Timestamp;
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::line::{Lease, Leased, Rest};
use lane::marks::Marks;
use lane::outcome::Report;
use lane::policy::Policy;
use lane::ports::{Begin, Burst, Complete, Head, LedgerError, Release, SecretError, Secrets, Swept, Work};
use lane::rules::Company;
use lane::shop::{SecretRef, Shop};
use secrecy::SecretString;

/// Says nothing.
pub(super) struct Nobody;

fn nothing<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Unavailable("nobody is here".to_owned()))
}

#[async_trait]
impl Work for Nobody {
    async fn lease(&self, _: &LaneKey, _: &str, _: Timestamp, _: Timestamp) -> Result<Leased, LedgerError> {
        nothing()
    }
    async fn head(&self, _: &Lease, _: Timestamp) -> Result<Head, LedgerError> {
        nothing()
    }
    async fn begin(&self, _: &Lease, _: &JobId, _: Policy, _: Timestamp) -> Result<Begin, LedgerError> {
        nothing()
    }
    async fn begin_burst(&self, _: &Lease, _: u32, _: Policy, _: Timestamp) -> Result<Burst, LedgerError> {
        nothing()
    }
    async fn complete(
        &self,
        _: &Lease,
        _: &JobId,
        _: Report,
        _: Policy,
        _: f64,
        _: Timestamp,
    ) -> Result<Complete, LedgerError> {
        nothing()
    }
    async fn disturb(&self, _: &LaneKey, _: &JobId, _: Timestamp) -> Result<(), LedgerError> {
        nothing()
    }
    async fn release(&self, _: &Lease, _: Option<Rest>, _: Timestamp) -> Result<Release, LedgerError> {
        nothing()
    }
    async fn hand_back(&self, _: &Lease, _: Timestamp) -> Result<(), LedgerError> {
        nothing()
    }
    async fn lanes_to_wake(&self, _: Timestamp, _: u32) -> Result<Swept, LedgerError> {
        nothing()
    }
    async fn stop_account(&self, _: &AccountId, _: Timestamp) -> Result<(), LedgerError> {
        nothing()
    }
    async fn stopped_accounts(&self, _: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, LedgerError> {
        nothing()
    }
    async fn company(&self, _: &LaneKey, _: &JobId, _: &Marks) -> Result<Company, LedgerError> {
        nothing()
    }
    async fn shop(&self, _: &ShopId) -> Result<Option<Arc<Shop>>, LedgerError> {
        nothing()
    }
}

#[async_trait]
impl Secrets for Nobody {
    async fn read(&self, _: &SecretRef) -> Result<SecretString, SecretError> {
        Ok(SecretString::from(super::CREDENTIAL))
    }
}
