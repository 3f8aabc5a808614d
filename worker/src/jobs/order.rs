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
mod judge;
mod home;
mod merge;
mod compare;
mod imported;
mod find;
mod fulfilled;
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
use ::lane::clock::{Clock, Timestamp, after, until};
use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::job::Job;
use ::lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use ::lane::ports::Work;
use ::lane::rules::Company;
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
use imported::{Forms, Imported, reach_of};
use judge::{Question, Verdict};
use load::Load;

/// Points a second and points in the bucket on the smallest plan. Which plan a shop has, and how full its bucket is, is
/// learnt from every answer.
const SHOPIFY_QUOTA: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };
/// An order that the shop does not show yet is asked for once more: its webhook can be faster than its API.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(10);
/// For so long after it was heard of, an order that the shop does not show may be new to its API.
const UNKNOWN_TIME: Duration = Duration::from_secs(10);
/// How soon rules are asked again that the ledger could not answer.
const LEDGER_AGAIN: Duration = Duration::from_secs(5);
/// The API can be behind its own webhooks, mostly by less than this.
const OLDER_AGAIN: Duration = Duration::from_secs(5);

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
    /// Carries with these accounts, under the limits of `limiter`.
    pub fn new(
        accounts: Accounts,
        shopify: ShopifySettings,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Work>,
    ) -> Result<Self, StartError> {
        for account in accounts.all_shipstation() {
            limiter.set(&account.id, Quota::per_minute(account.per_minute));
        }
        let wire = Wire::new(limiter, clock)?;
        Ok(Self {
            accounts,
            shopify: Shopify::new(shopify),
            wire,
            pacific: Pacific::load()?,
            ledger,
            forms: Forms::default(),
        })
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
        let token = secrets::read(&attempt.shop.token)?;
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

impl Attempt<'_> {
    /// An order that qualifies is judged and put; one that does not is withdrawn.
    async fn carry_out(&mut self, order: &Order) -> Result<Outcome, CallError> {
        match self.may_go(order).await? {
            ControlFlow::Continue(()) => match self.mode() {
                Mode::Create => self.put(order).await,
                Mode::Correct => self.correct(order).await,
            },
            ControlFlow::Break(outcome) => Ok(outcome),
        }
    }

    /// Whether the order goes to the warehouse now, or how the attempt ends otherwise.
    async fn may_go(&mut self, order: &Order) -> Result<ControlFlow<Outcome>, CallError> {
        if let Err(why) = self.shop.qualifies.judge(&judge::facts(&self.job.id, order)) {
            return self.withdraw(order, why).await.map(ControlFlow::Break);
        }
        if order.parts.is_empty() && order.shipped_lines().next().is_some() {
            return Ok(ControlFlow::Break(not_routed()));
        }
        if self.load.asks.is_empty()
            && let Some(outcome) = self.nothing_to_ship(order).await?
        {
            return Ok(ControlFlow::Break(outcome));
        }
        match self.verdict(order).await {
            Verdict::Go => {
                let outcome = self.nothing_to_ship(order).await?;
                Ok(outcome.map_or(ControlFlow::Continue(()), ControlFlow::Break))
            }
            Verdict::Wait { until, why } => Ok(ControlFlow::Break(Outcome::Wait { until, why, stops: false })),
            Verdict::Hold(question) => self.hold_wherever_it_is(order, question).await.map(ControlFlow::Break),
        }
    }

    /// What a person accepted, or what was carried out before, is not judged again.
    async fn verdict(&mut self, order: &Order) -> Verdict {
        if self.job.accepts(&self.fetched).is_some() || self.job.passed.as_ref() == Some(&self.fetched) {
            self.judged = true;
            return Verdict::Go;
        }
        let before = self.others_work(None);
        let declared = self.declared(order, &before);
        let customs = match declared {
            Ok(declaration) => declaration.map(|declaration| declaration.seen).unwrap_or_default(),
            Err(question) => return Verdict::Hold(question),
        };
        let company = if self.shop.rules.ask_for_company() {
            let company = self.ledger.company(&self.job.lane, &self.job.id, &self.learnt.marks).await;
            match company {
                Ok(company) => company,
                Err(error) => {
                    // The order must not pass a rule that could not be asked.
                    let until = after(self.calls.now(), LEDGER_AGAIN);
                    return Verdict::Wait { until, why: format!("its rules could not be asked: {error}") };
                }
            }
        } else {
            Company::default()
        };
        self.judged = true;
        self.judge(order, &self.load.clone(), customs, &company)
    }

    /// An order of which nothing is for this warehouse, or not yet.
    async fn nothing_to_ship(&mut self, order: &Order) -> Result<Option<Outcome>, CallError> {
        let untouched = self.is_untouched();
        let nothing = if untouched {
            !self.load.anything_left()
        } else {
            self.load.shipped(order, &self.others_work(None)).is_empty()
        };
        if !nothing {
            return Ok(None);
        }
        if let Some((until, why)) = self.load.later(self.calls.now()) {
            return self.wait_for_the_shop(order, until, why).await.map(Some);
        }
        let fulfilled = order.shipped_lines().all(|line| line.unfulfilled_quantity == 0);
        if !untouched {
            // What was refunded after others had fulfilled the rest does not come back.
            let why = if fulfilled { SkipReason::NothingToShip } else { SkipReason::ShipsElsewhere };
            return self.withdraw(order, why).await.map(Some);
        }
        let why = if fulfilled { SkipReason::AlreadyFulfilled } else { SkipReason::ShipsElsewhere };
        Ok(Some(Outcome::Skip(why)))
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
        if !self.is_untouched() {
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

    /// What an approval of this attempt's hold accepts. A hold that came before the rules were asked must not bring an
    /// order past them: it is about something that is never fetched, so that the next attempt judges afresh.
    fn shown(&self) -> Fingerprint {
        if self.judged { self.fetched.clone() } else { self.not_judged() }
    }

    fn not_judged(&self) -> Fingerprint {
        Fingerprint::of(format!("not judged, {}", self.fetched).as_bytes())
    }

    fn asked(&self, question: Question) -> Outcome {
        self.held(question.reason, question.evidence, None)
    }

    /// Whether a person accepted exactly this difference of exactly this order, whether or not it was judged when they did.
    fn accepted(&self, difference: &Fingerprint) -> bool {
        let approval = self.job.approved.as_ref();
        approval.is_some_and(|approval| {
            let of_this = approval.fingerprint == self.fetched || approval.fingerprint == self.not_judged();
            of_this && approval.difference.as_ref() == Some(difference)
        })
    }

    fn warehouse(&self) -> Result<ShipStation<'_>, CallError> {
        ShipStation::open(self.account, self.calls)
    }

    fn key(&self) -> String {
        compose::order_key(&self.shop.id, &self.job.id)
    }
}

/// The platform splits an order by location some moments after it was placed.
fn not_routed() -> Outcome {
    let error = Trouble::new(SHOPIFY, "the shop has not yet said which location fulfils the order");
    Outcome::Retry { after: Some(UNKNOWN_AGAIN), error }
}
