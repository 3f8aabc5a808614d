//! One attempt at an order: fetch, judge, put, read back.
//!
//! ```text
//! fetch ─▶ does not qualify ─▶ withdraw: cancel what the warehouse has, or put it on hold ─▶ skip
//!   └────▶ judge ─▶ wait | question ─▶ late: put on hold what the warehouse has ─▶ hold
//!             └───▶ put: (find, merge) write, read back ─▶ done | hold
//!             └───▶ correct, where the warehouse imports orders by itself: wait, correct what customs is told
//! ```
//! A job whose attempts are used up is only looked up (`look_up`), one that a person refused only taken back
//! (`withdraw`), and what others fulfilled first is left out (`fulfilled`). Whatever ends an attempt, `reach` tells what may
//! exist at the warehouse afterwards; it is set to the worst before a write leaves and to the truth once it is known.

mod form;
mod field;
mod customs;
mod load;
mod address;
mod notes;
mod goods;
mod compose;
mod course;
mod judge;
mod home;
mod merge;
mod compare;
mod imported;
mod find;
mod fulfilled;
mod restored;
mod put;
mod closed;
mod untouched;
mod correct;
mod withdraw;
mod late;
mod look_up;
pub(crate) mod tracking;
mod burst;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::clock::{Clock, Timestamp};
use ::lane::id::Fingerprint;
use ::lane::job::Job;
use ::lane::outcome::{Learnt, Outcome, Reach, Report};
use ::lane::ports::{Secrets, Work};
use ::lane::shop::Shop;
use ::lane::state::StateKind;
use async_trait::async_trait;

use crate::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use crate::attempt::{CallsLeft, Carry};
use crate::limiter::{Limiter, Need, Quota};
use crate::providers::call::{Calls, Wire};
use crate::providers::error::CallError;
use crate::providers::shipstation::pacific::Pacific;
use crate::providers::shopify::order::Order;
use crate::providers::shopify::{Fetched, Shopify};
use crate::providers::transport::Transport;
use fulfilled::Before;
use home::{account_of, home, units};
use imported::{Forms, Imported, reach_of};
use load::Load;

/// Points a second and points in the bucket on the smallest plan. Which plan a shop has, and how full its bucket is, is
/// learnt from every answer.
const SHOPIFY_QUOTA: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };
/// Carries orders from Shopify to `ShipStation`.
pub struct Orders {
    accounts: Accounts,
    shopify: Shopify,
    wire: Wire,
    pacific: Pacific,
    ledger: Arc<dyn Work>,
    forms: Forms,
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
    /// What of it is this warehouse's.
    load: Load,
    /// Whether the warehouse shows it as shipped, as far as it was looked at.
    has_left: bool,
    /// What is learnt about it on the way.
    learnt: Learnt,
    /// The ledger, for rules that look at other orders.
    ledger: &'a dyn Work,
    /// What an approval of the order as it was fetched covers; until then the order as its webhook told it.
    fetched: Fingerprint,
    /// Whether the rules were asked about it, or need not be.
    judged: bool,
    /// In which form the stores tell their numbers.
    forms: &'a Forms,
    /// What the import was found to have before the order was fetched.
    glanced: Option<Imported>,
}

impl Orders {
    /// Carries with these accounts, whose credentials `secrets` reads, under the limits of `limiter`.
    pub fn new(
        accounts: Accounts,
        shopify: ShopifySettings,
        secrets: Arc<dyn Secrets>,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Work>,
    ) -> Result<Self, StartError> {
        for account in accounts.all_shipstation() {
            limiter.set(&account.id, Quota::per_minute(account.per_minute));
        }
        let wire = Wire::new(secrets, limiter, clock)?;
        Ok(Self {
            accounts,
            shopify: Shopify::new(shopify),
            wire,
            pacific: Pacific::load()?,
            ledger,
            forms: Forms::default(),
        })
    }

    /// Calls over another transport than this machine's network.
    #[must_use]
    pub fn over(mut self, transport: Arc<dyn Transport>) -> Self {
        self.wire.transport = transport;
        self
    }

    fn begun<'a>(
        &'a self,
        shop: &'a Shop,
        job: &'a Job,
        kind: AttemptKind,
        calls: &'a Calls<'a>,
    ) -> Result<Attempt<'a>, CallError> {
        let reach = reach_of(shop, job);
        Ok(Attempt {
            shop,
            job,
            kind,
            accounts: &self.accounts,
            account: account_of(&self.accounts, home(shop, &job.reach))?,
            calls,
            pacific: &self.pacific,
            before: fulfilled::remembered(&reach).unwrap_or_default(),
            reach,
            load: Load::default(),
            has_left: false,
            learnt: Learnt::default(),
            ledger: self.ledger.as_ref(),
            fetched: job.fingerprint.clone(),
            judged: false,
            forms: &self.forms,
            glanced: None,
        })
    }

    async fn run(&self, attempt: &mut Attempt<'_>) -> Result<Outcome, CallError> {
        if let Some(rejection) = &attempt.job.rejecting {
            let name = self.number(attempt).await?;
            return attempt.take_back(&name, rejection).await;
        }
        if let Some(outcome) = attempt.waits_on().await? {
            return Ok(outcome);
        }
        let order = match self.look(attempt).await? {
            ControlFlow::Continue(order) => order,
            ControlFlow::Break(outcome) => return Ok(outcome),
        };
        let outcome = match attempt.kind {
            AttemptKind::Full => attempt.carry_out(&order).await?,
            AttemptKind::LookUp => attempt.look_up(&order).await?,
        };
        self.tell_shop(attempt, &order, outcome).await
    }

    /// Fetches the order, if it can be worked with as it is.
    async fn look(&self, attempt: &mut Attempt<'_>) -> Result<ControlFlow<Outcome, Box<Order>>, CallError> {
        let order = match self.fetch(attempt).await? {
            Fetched::Order(order) => order,
            Fetched::Unknown => return Ok(ControlFlow::Break(attempt.unknown())),
        };
        attempt.learnt = judge::learnt(&order);
        attempt.load = Load::of(&order, &attempt.shop.carriage.share);
        attempt.fetched = attempt.covered(&order);
        Ok(attempt.older(&order).map_or(ControlFlow::Continue(order), ControlFlow::Break))
    }

    async fn fetch(&self, attempt: &Attempt<'_>) -> Result<Fetched, CallError> {
        let token = attempt.calls.secret(&attempt.shop.token).await?;
        self.shopify.order(attempt.calls, attempt.shop, &token, &attempt.job.id).await
    }

    /// The number under which an order is searched at the warehouse. One whose id there is known needs no shop.
    async fn number(&self, attempt: &Attempt<'_>) -> Result<String, CallError> {
        let told = attempt.job.number.clone();
        match &attempt.reach {
            Reach::There(_) | Reach::Untouched => Ok(told),
            Reach::Unresolved if attempt.mode() == Mode::Correct => Ok(told),
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
        self.wire.limiter.set_alone(&shop.platform_account(), SHOPIFY_QUOTA);
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
        let mut attempt = match self.begun(shop, job, kind, &calls) {
            Ok(attempt) => attempt,
            Err(error) => {
                let (outcome, reach) = (error.outcome(&job.fingerprint), reach_of(shop, job));
                return Report { outcome, reach, calls: calls.end(), learnt: Learnt::default() };
            }
        };
        let ended = self.run(&mut attempt).await;
        let outcome = attempt.ended(ended);
        let (reach, learnt) = (attempt.reach, attempt.learnt);
        Report { outcome, reach, calls: calls.end(), learnt }
    }

    fn together(&self, shop: &Shop) -> u32 {
        burst::together(shop, &self.wire.limiter)
    }

    async fn attempt_together(&self, shop: &Shop, jobs: &[Job], deadline: Timestamp, left: &CallsLeft) -> Vec<Report> {
        self.burst(shop, jobs, deadline, left).await
    }
}
