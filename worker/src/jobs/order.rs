//! One attempt at an order: fetch, judge, put, read back.
//!
//! ```text
//! fetch ─▶ does not qualify ─▶ withdraw: cancel what the warehouse has ─▶ skip
//!   └────▶ judge ─▶ wait | question ─▶ late: put on hold what the warehouse has ─▶ hold
//!             └───▶ put: (find, merge) write, read back ─▶ done | hold
//! ```
//! A job whose attempts are used up is only looked up (`look_up`). Whatever ends an attempt, `reach` tells what may
//! exist at the warehouse afterwards; it is set to the worst before a write leaves and to the truth once it is known.

mod field;
mod compose;
mod judge;
mod merge;
mod compare;
mod find;
mod put;
mod withdraw;
mod late;
mod look_up;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::clock::{Clock, Timestamp};
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::job::Job;
use ::lane::outcome::{Outcome, Reach, Report, Trouble};
use ::lane::shop::{Shop, SkipReason};
use ::lane::state::StateKind;
use async_trait::async_trait;

use crate::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use crate::attempt::{CallsLeft, Carry};
use crate::limiter::{Limiter, Need, Quota};
use crate::providers::call::{Calls, Wire};
use crate::providers::error::CallError;
use crate::providers::shipstation::ShipStation;
use crate::providers::shipstation::pacific::Pacific;
use crate::providers::shopify::order::Order;
use crate::providers::shopify::{Fetched, ORDER_COST, SHOPIFY, Shopify};
use crate::secrets;
use judge::{Question, Verdict};

/// Points a second and points in the bucket on the smallest plan. A larger plan is held to this pace too: some 30
/// points an order are three orders a second, far more than a warehouse account takes. What is in the bucket is learnt
/// from every answer.
const SHOPIFY_QUOTA: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };
/// An order that the shop does not show yet is asked for once more: its webhook can be faster than its API.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(10);

/// Carries orders from Shopify to `ShipStation`.
pub struct Orders {
    accounts: Accounts,
    shopify: Shopify,
    wire: Wire,
    pacific: Pacific,
}

/// Why orders cannot be carried at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Http(#[from] reqwest::Error),
    /// The time zone of `ShipStation`'s times is not known.
    #[error("the Pacific time zone cannot be loaded")]
    TimeZone(#[from] jiff::Error),
}

/// One attempt under way.
struct Attempt<'a> {
    shop: &'a Shop,
    job: &'a Job,
    account: &'a ShipStationAccount,
    calls: &'a Calls<'a>,
    pacific: &'a Pacific,
    /// What may exist at the warehouse as of now.
    reach: Reach,
    /// The order as it was fetched; until then as its webhook told it.
    fetched: Fingerprint,
}

impl Orders {
    /// Carries with these accounts, under the limits of `limiter`.
    pub fn new(
        accounts: Accounts,
        shopify: ShopifySettings,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        for account in accounts.all_shipstation() {
            limiter.set(&account.id, Quota::per_minute(account.per_minute));
        }
        let wire = Wire::new(limiter, clock)?;
        Ok(Self { accounts, shopify: Shopify::new(shopify), wire, pacific: Pacific::load()? })
    }

    async fn run(&self, attempt: &mut Attempt<'_>, kind: AttemptKind) -> Result<Outcome, CallError> {
        let token = secrets::read(&attempt.shop.token)?;
        let (shop, job) = (attempt.shop, attempt.job);
        let order = match self.shopify.order(attempt.calls, shop, &token, &job.id).await? {
            Fetched::Order(order) => order,
            Fetched::Unknown => return Ok(attempt.unknown()),
        };
        attempt.fetched = order.fingerprint();
        match kind {
            AttemptKind::Full => attempt.carry_out(&order).await,
            AttemptKind::LookUp => attempt.look_up(&order).await,
        }
    }
}

/// What an attempt takes of both accounts.
fn units(shop: &Shop, kind: AttemptKind, may_be_there: bool) -> Vec<Need> {
    let units = match (kind, may_be_there) {
        (AttemptKind::Full, false) => 2,
        (AttemptKind::Full, true) => 3,
        (AttemptKind::LookUp, _) => 1,
    };
    vec![Need { account: shop.platform_account(), units: ORDER_COST }, Need { account: shop.warehouse.clone(), units }]
}

#[async_trait]
impl Carry for Orders {
    /// One query at Shopify; at `ShipStation` a write and its reading back, and a read before if it may be there.
    fn needs(&self, shop: &Shop, job: &Job, kind: AttemptKind) -> Vec<Need> {
        self.wire.limiter.set(&shop.platform_account(), SHOPIFY_QUOTA);
        // An attempt that is found under way belongs to a worker that died, perhaps after its write.
        let died = job.state.kind() == StateKind::Attempting;
        units(shop, kind, died || job.reach != Reach::Untouched)
    }

    async fn attempt(
        &self,
        shop: &Shop,
        job: &Job,
        kind: AttemptKind,
        deadline: Timestamp,
        left: &CallsLeft,
    ) -> Report {
        let given = units(shop, kind, job.reach != Reach::Untouched);
        let calls = Calls::new(&self.wire, given, deadline, left);
        let (fetched, reach) = (job.fingerprint.clone(), job.reach.clone());
        let Some(account) = self.accounts.shipstation(&shop.warehouse) else {
            let error = CallError::NotConfigured { account: shop.warehouse.clone() };
            return Report { outcome: error.outcome(&fetched), reach, calls: calls.end() };
        };
        let pacific = &self.pacific;
        let mut attempt = Attempt { shop, job, account, calls: &calls, pacific, reach, fetched };
        let ended = self.run(&mut attempt, kind).await;
        let (outcome, reach) = (attempt.ended(ended, kind), attempt.reach);
        Report { outcome, reach, calls: calls.end() }
    }
}

impl Attempt<'_> {
    /// An order that qualifies is judged and put; one that does not is withdrawn.
    async fn carry_out(&mut self, order: &Order) -> Result<Outcome, CallError> {
        if let Err(why) = self.shop.qualifies.judge(&judge::facts(&self.job.id, order)) {
            return self.withdraw(order, why).await;
        }
        let verdict = if self.job.accepts(&self.fetched).is_some() {
            Verdict::Go
        } else {
            judge::judge(&self.shop.rules, order, self.job.accepted_at, self.calls.now())
        };
        match verdict {
            Verdict::Go => self.put(order).await,
            Verdict::Wait { until, why } => Ok(Outcome::Wait { until, why, stops: false }),
            Verdict::Hold(question) => self.hold_wherever_it_is(order, question).await,
        }
    }

    /// The shop's token cannot see the order. What the warehouse has because of it is a person's business: the order
    /// may have been deleted, or have become too old for the token.
    fn unknown(&self) -> Outcome {
        let why = SkipReason::UnknownToShop;
        if self.reach != Reach::Untouched {
            let gone = Fingerprint::of(b"unknown to the shop");
            if self.accepted(&gone) {
                return Outcome::Skip(why);
            }
            let evidence = vec![
                Fact::new("at the shop", why.words()),
                Fact::new("at the warehouse", "it was written, and stays as it is"),
            ];
            return self.held(HoldReason::InDoubt, evidence, Some(gone));
        }
        if self.job.attempts > 1 {
            return Outcome::Skip(why);
        }
        let error = Trouble::new(SHOPIFY, "the shop does not show the order yet");
        Outcome::Retry { after: Some(UNKNOWN_AGAIN), error }
    }

    /// Errors become outcomes here. A look-up that finds nothing out leaves the order in doubt.
    fn ended(&self, ended: Result<Outcome, CallError>, kind: AttemptKind) -> Outcome {
        let outcome = ended.unwrap_or_else(|error| error.outcome(&self.fetched));
        match (kind, outcome) {
            (AttemptKind::LookUp, Outcome::Retry { error, .. }) => {
                let evidence = vec![Fact::new("last trouble", format!("{}: {}", error.at, error.words))];
                self.held(HoldReason::InDoubt, evidence, None)
            }
            (AttemptKind::Full | AttemptKind::LookUp, outcome) => outcome,
        }
    }

    /// A hold on the order as it was fetched.
    fn held(&self, reason: HoldReason, evidence: Vec<Fact>, difference: Option<Fingerprint>) -> Outcome {
        Outcome::Hold { reason, evidence, fingerprint: self.fetched.clone(), difference }
    }

    fn asked(&self, question: Question) -> Outcome {
        self.held(question.reason, question.evidence, None)
    }

    /// Whether a person accepted exactly this difference of exactly this order.
    fn accepted(&self, difference: &Fingerprint) -> bool {
        let approval = self.job.approved.as_ref();
        approval.is_some_and(|approval| {
            approval.fingerprint == self.fetched && approval.difference.as_ref() == Some(difference)
        })
    }

    fn warehouse(&self) -> Result<ShipStation<'_>, CallError> {
        ShipStation::open(self.account, self.calls)
    }

    fn key(&self) -> String {
        compose::order_key(&self.shop.id, &self.job.id)
    }
}
