//! Which accounts an attempt calls, and how often.

use ::lane::attempt::AttemptKind;
use ::lane::id::AccountId;
use ::lane::job::Job;
use ::lane::outcome::Reach;
use ::lane::shop::Shop;

use crate::accounts::{Accounts, ShipStationAccount};
use crate::limiter::Need;
use crate::providers::error::CallError;
use crate::providers::shopify::ORDER_COST;

/// The warehouse account that has the order or gets it. An order that is there stays there when the shop moves.
pub(super) fn home<'j>(shop: &'j Shop, reach: &'j Reach) -> &'j AccountId {
    match reach {
        Reach::There(copy) => &copy.account,
        Reach::Untouched | Reach::Unresolved => &shop.warehouse,
    }
}

/// An account of the configuration.
pub(super) fn account_of<'c>(accounts: &'c Accounts, id: &AccountId) -> Result<&'c ShipStationAccount, CallError> {
    accounts.shipstation(id).ok_or_else(|| CallError::NotConfigured { account: id.clone() })
}

/// What an attempt takes of both accounts.
pub(super) fn units(shop: &Shop, job: &Job, kind: AttemptKind, may_be_there: bool) -> Vec<Need> {
    let units = match (kind, may_be_there) {
        (AttemptKind::Full | AttemptKind::LookUp, true) if job.rejecting.is_some() => 3,
        (AttemptKind::Full, false) => 2,
        (AttemptKind::Full, true) => 3,
        (AttemptKind::LookUp, _) => 1,
    };
    let warehouse = home(shop, &job.reach).clone();
    vec![Need { account: shop.platform_account(), units: ORDER_COST }, Need { account: warehouse, units }]
}
