//! Which accounts an attempt calls, and how often.

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::id::AccountId;
use ::lane::job::Job;
use ::lane::outcome::Reach;
use ::lane::shop::Shop;

use crate::accounts::{Accounts, ShipStationAccount};
use crate::limiter::Need;
use crate::providers::error::CallError;
use crate::providers::shopify::{FULFIL_COST, ORDER_COST};

/// What it takes to learn what shipped of an order: its shipments and its fulfillments.
const LISTS: u32 = 2;

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
    let imports = shop.carriage.mode == Mode::Correct;
    let known = matches!(job.reach, Reach::There(_));
    let units = match (kind, may_be_there) {
        // A look at the import under both forms of its number, which mostly ends it. What is found is known from then on,
        // so an attempt that is stopped after that goes on with more.
        (AttemptKind::Full | AttemptKind::LookUp, _) if imports && !known => 2,
        (AttemptKind::Full | AttemptKind::LookUp, true) if job.rejecting.is_some() => 3,
        (AttemptKind::Full, false) => 2,
        (AttemptKind::Full, true) => 3,
        (AttemptKind::LookUp, _) => 1,
    };
    let warehouse = home(shop, &job.reach).clone();
    let (units, points) = if shop.carriage.tracking.back && job.shipped_untold && kind == AttemptKind::Full {
        (units + LISTS, ORDER_COST + FULFIL_COST)
    } else {
        (units, ORDER_COST)
    };
    vec![Need { account: shop.platform_account(), units: points }, Need { account: warehouse, units }]
}
