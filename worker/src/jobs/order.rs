//! One attempt at an order: fetch, judge, put, read back.
//!
//! ```text
//! fetch ─▶ does not qualify ─▶ withdraw: cancel what the warehouse has ─▶ skip
//!   └────▶ judge ─▶ wait | question ─▶ late: put on hold what the warehouse has ─▶ hold
//!             └───▶ put: (find, merge) write, read back ─▶ done | hold
//! ```
//! A job whose attempts are used up is only looked up (`look_up`), one that a person refused only taken back
//! (`withdraw`), and what others fulfilled first is left out (`fulfilled`). Whatever ends an attempt, `reach` tells what may
//! exist at the warehouse afterwards; it is set to the worst before a write leaves and to the truth once it is known.

mod field;
mod compose;
mod judge;
mod home;
mod merge;
mod compare;
mod find;
mod fulfilled;
mod put;
mod withdraw;
mod late;
mod look_up;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::clock::{Clock, Timestamp, until};
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
use crate::providers::shopify::{Fetched, SHOPIFY, Shopify};
use crate::secrets;
use fulfilled::Before;
use home::{account_of, home, units};
use judge::{Question, Verdict};

/// Points a second and points in the bucket on the smallest plan. A larger plan is held to this pace too: some 30
/// points an order are three orders a second, far more than a warehouse account takes. What is in the bucket is learnt
/// from every answer.
const SHOPIFY_QUOTA: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };
/// An order that the shop does not show yet is asked for once more: its webhook can be faster than its API.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(10);
/// For so long after it was heard of, an order that the shop does not show may be new to its API.
const UNKNOWN_TIME: Duration = Duration::from_secs(10);
/// The API can be behind its own webhooks, mostly by less than this.
const OLDER_AGAIN: Duration = Duration::from_secs(5);

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
    kind: AttemptKind,
    accounts: &'a Accounts,
    /// Where the order is, or would be written.
    account: &'a ShipStationAccount,
    calls: &'a Calls<'a>,
    pacific: &'a Pacific,
    /// What may exist at the warehouse as of now.
    reach: Reach,
    /// What the warehouse must not ship of it, because others have.
    before: Before,
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

    async fn run(&self, attempt: &mut Attempt<'_>) -> Result<Outcome, CallError> {
        if let Some(rejection) = &attempt.job.rejecting {
            let name = self.number(attempt).await?;
            return attempt.take_back(&name, rejection).await;
        }
        let order = match self.fetch(attempt).await? {
            Fetched::Order(order) => order,
            Fetched::Unknown => return Ok(attempt.unknown()),
        };
        attempt.fetched = order.fingerprint();
        if let Some(outcome) = attempt.older(&order) {
            return Ok(outcome);
        }
        match attempt.kind {
            AttemptKind::Full => attempt.carry_out(&order).await,
            AttemptKind::LookUp => attempt.look_up(&order).await,
        }
    }

    async fn fetch(&self, attempt: &Attempt<'_>) -> Result<Fetched, CallError> {
        let token = secrets::read(&attempt.shop.token)?;
        self.shopify.order(attempt.calls, attempt.shop, &token, &attempt.job.id).await
    }

    /// The number under which an order is searched at the warehouse. One whose id there is known needs no shop.
    async fn number(&self, attempt: &Attempt<'_>) -> Result<String, CallError> {
        let told = attempt.job.number.clone();
        match &attempt.reach {
            Reach::There(_) | Reach::Untouched => Ok(told),
            Reach::Unresolved => match self.fetch(attempt).await? {
                Fetched::Order(order) => Ok(order.name),
                Fetched::Unknown => Ok(told),
            },
        }
    }
}

#[async_trait]
impl Carry for Orders {
    /// One query at Shopify; at `ShipStation` a write and its reading back, and a read before if it may be there.
    fn needs(&self, shop: &Shop, job: &Job, kind: AttemptKind) -> Vec<Need> {
        self.wire.limiter.set(&shop.platform_account(), SHOPIFY_QUOTA);
        // An attempt that is found under way belongs to a worker that died, perhaps after its write.
        let died = job.state.kind() == StateKind::Attempting;
        units(shop, job, kind, died || job.reach != Reach::Untouched)
    }

    async fn attempt(
        &self,
        shop: &Shop,
        job: &Job,
        kind: AttemptKind,
        deadline: Timestamp,
        left: &CallsLeft,
    ) -> Report {
        let given = units(shop, job, kind, job.reach != Reach::Untouched);
        let calls = Calls::new(&self.wire, given, deadline, left);
        let (fetched, reach) = (job.fingerprint.clone(), job.reach.clone());
        let account = match account_of(&self.accounts, home(shop, &reach)) {
            Ok(account) => account,
            Err(error) => return Report { outcome: error.outcome(&fetched), reach, calls: calls.end() },
        };
        let (accounts, pacific) = (&self.accounts, &self.pacific);
        let before = fulfilled::remembered(&reach).unwrap_or_default();
        let mut attempt =
            Attempt { shop, job, kind, accounts, account, calls: &calls, pacific, reach, before, fetched };
        let ended = self.run(&mut attempt).await;
        let (outcome, reach) = (attempt.ended(ended), attempt.reach);
        Report { outcome, reach, calls: calls.end() }
    }
}

impl Attempt<'_> {
    /// An order that qualifies is judged and put; one that does not is withdrawn.
    async fn carry_out(&mut self, order: &Order) -> Result<Outcome, CallError> {
        if let Err(why) = self.shop.qualifies.judge(&judge::facts(&self.job.id, order)) {
            return self.withdraw(order, why).await;
        }
        if self.reach == Reach::Untouched && !fulfilled::anything_left(order) {
            return Ok(Outcome::Skip(SkipReason::AlreadyFulfilled));
        }
        let verdict = if self.job.accepts(&self.fetched).is_some() {
            Verdict::Go
        } else {
            judge::judge(&self.shop.rules, order, self.job.heard_at, self.calls.now())
        };
        match verdict {
            Verdict::Go => self.put(order).await,
            Verdict::Wait { until, why } => Ok(Outcome::Wait { until, why, stops: false }),
            Verdict::Hold(question) => self.hold_wherever_it_is(order, question).await,
        }
    }

    /// What was fetched is older than what a webhook told. To judge it would undo what is known already.
    fn older(&self, order: &Order) -> Option<Outcome> {
        // The platform tells whole seconds.
        let behind = self.job.newest.is_some_and(|newest| order.updated_at.as_second() < newest.as_second());
        let error = || Trouble::new(SHOPIFY, "it still shows an older version than its webhook told");
        behind.then(|| Outcome::Retry { after: (self.job.attempts <= 1).then_some(OLDER_AGAIN), error: error() })
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
                Fact::new(
                    "at the warehouse",
                    "it was or may have been written, stays as it is, and may ship meanwhile",
                ),
            ];
            return self.held(HoldReason::InDoubt, evidence, Some(gone));
        }
        let new = until(self.job.heard_at, self.calls.now()) < UNKNOWN_TIME || self.job.attempts == 1;
        if !new || self.kind == AttemptKind::LookUp {
            return Outcome::Skip(why);
        }
        let error = Trouble::new(SHOPIFY, "the shop does not show the order yet");
        Outcome::Retry { after: Some(UNKNOWN_AGAIN), error }
    }

    /// Errors become outcomes here. A look-up that finds nothing out leaves the order in doubt.
    fn ended(&self, ended: Result<Outcome, CallError>) -> Outcome {
        let outcome = ended.unwrap_or_else(|error| error.outcome(&self.shown()));
        match (self.kind, outcome) {
            (AttemptKind::LookUp, Outcome::Retry { error, .. }) => self.in_doubt(&error),
            (AttemptKind::Full | AttemptKind::LookUp, outcome) => outcome,
        }
    }

    /// A hold on the order as it was fetched.
    fn held(&self, reason: HoldReason, evidence: Vec<Fact>, difference: Option<Fingerprint>) -> Outcome {
        Outcome::Hold { reason, evidence, fingerprint: self.shown(), difference }
    }

    /// What an approval of this attempt's hold accepts. An attempt that does not ask the hold rules must not bring an
    /// order past them: its hold is about something that is never fetched, so that the next attempt judges afresh.
    fn shown(&self) -> Fingerprint {
        match self.kind {
            AttemptKind::Full if self.job.rejecting.is_none() => self.fetched.clone(),
            AttemptKind::Full | AttemptKind::LookUp => {
                Fingerprint::of(format!("not judged, {}", self.fetched).as_bytes())
            }
        }
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
