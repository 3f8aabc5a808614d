//! What must be true at the end, with the simulators' journals as the witness, and the trace that two runs of one seed have
//! in common.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use backend::embedded::ledger::Ledger;
use futures::FutureExt as _;
use lane::clock::Clock as _;
use lane::job::Job;
use lane::ports::Desk as _;
use lane::state::StateKind;
use lane::view::{Figures, JobFilter, Page};
use serde_json::Value;
use simulators::journal::{Commit, Journal, Kind};

use super::hosts::{Delivery, World};
use super::plan::DeedKind;
use super::run::Ran;

/// How a run went.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) seed: u64,
    /// Promises that were not kept.
    pub(crate) wrong: Vec<String>,
    /// Everything that happened.
    pub(crate) trace: Vec<String>,
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
    pub(crate) decisions: u64,
    pub(crate) crashes: u64,
    pub(crate) redelivered: u64,
    pub(crate) rewritten: u64,
    pub(crate) pairs: u64,
    pub(crate) throttled: u64,
}

/// The end of a run.
struct End<'r> {
    world: &'r World,
    jobs: BTreeMap<String, Job>,
    figures: Figures,
    deliveries: Vec<Delivery>,
    commits: Vec<Commit>,
    orders: Vec<Value>,
    wrong: Vec<String>,
}

/// An order as its merchant knows it.
struct Sold {
    shop: usize,
    id: u64,
    key: String,
    order: Value,
    cancelled: bool,
}

/// Judges a run.
pub(crate) fn judge(ran: &Ran) -> Verdict {
    let world = ran.world.as_ref();
    let ledger = Ledger::open_in_line(&world.file(), world.clock.as_ref()).unwrap();
    let jobs = jobs(&ledger).into_iter().map(|job| (job.id.to_string(), job)).collect();
    let figures = ledger.figures(world.clock.now()).now_or_never().unwrap().unwrap();
    let mut end = End {
        world,
        jobs,
        figures,
        deliveries: world.deliveries.lock().unwrap().clone(),
        commits: world.shipstation.journal().commits(),
        orders: world.shipstation.orders(),
        wrong: ran.wrong.clone(),
    };
    let sold = end.sold();
    for sold in &sold {
        end.arrived(sold);
    }
    let pairs = end.in_sequence(&sold);
    end.conserved(sold.len());
    let throttled = end.within_the_limit(ran.throttles);
    let decisions = world.decisions.lock().unwrap().len() as u64;
    let count = |state| end.jobs.values().filter(|job| job.state.kind() == state).count() as u64;
    Verdict {
        seed: world.plan.seed,
        done: count(StateKind::Done),
        skipped: count(StateKind::Skipped),
        rejected: count(StateKind::Rejected),
        decisions,
        crashes: u64::from(ran.crashes),
        redelivered: end.deliveries.iter().filter(|delivery| delivery.tries.len() > 1).count() as u64,
        rewritten: end.commits.iter().filter(|commit| commit.kind != Kind::Created).count() as u64,
        pairs,
        throttled,
        trace: end.trace(),
        wrong: end.wrong,
    }
}

fn jobs(ledger: &Ledger) -> Vec<Job> {
    let (mut jobs, mut page) = (Vec::new(), Page::default());
    loop {
        let rows = ledger.jobs(&JobFilter::default(), &page).now_or_never().unwrap().unwrap();
        jobs.extend(rows.rows);
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return jobs,
        }
    }
}

impl End<'_> {
    fn sold(&self) -> Vec<Sold> {
        let sales = self.world.plan.deeds.iter().filter(|(_, deed)| deed.kind == DeedKind::Sell);
        let sold = sales.map(|(_, deed)| {
            let merchant = &self.world.plan.shops[deed.shop];
            let id = super::hosts::maker(self.world, deed.shop).order_id(deed.number);
            let order = self.world.shopify.order(&merchant.domain(), id).unwrap();
            let cancelled = !order["cancelled_at"].is_null();
            Sold { shop: deed.shop, id, key: format!("{}-{id}", merchant.id), order, cancelled }
        });
        sold.collect()
    }

    /// Every order is once in the warehouse as it is now, or is not to be shipped, or a person refused it.
    fn arrived(&mut self, sold: &Sold) {
        let name = format!("{} {}", self.world.plan.shops[sold.shop].id, sold.order["name"]);
        let Some(job) = self.jobs.get(&sold.id.to_string()) else {
            return self.wrong.push(format!("{name} was accepted and is not in the ledger"));
        };
        let state = job.state.kind();
        let created = self.commits.iter().filter(|c| c.order_key == sold.key && c.kind == Kind::Created).count();
        let there: Vec<&Value> = self.orders.iter().filter(|order| order["orderKey"] == *sold.key).collect();
        let status = there.first().map_or("absent", |there| there["orderStatus"].as_str().unwrap());
        let mut wrong = Vec::new();
        if created > 1 || there.len() > 1 {
            wrong.push(format!("it was created {created} times"));
        }
        match (sold.cancelled, state) {
            (false, StateKind::Done) if status != "awaiting_shipment" => wrong.push(format!("it is done and {status}")),
            (false, StateKind::Done) => wrong.extend(differences(&sold.order, there[0])),
            (true, StateKind::Skipped) if !["absent", "cancelled"].contains(&status) => {
                wrong.push(format!("it was cancelled and is {status}"));
            }
            (_, StateKind::Rejected) if !["absent", "cancelled", "on_hold"].contains(&status) => {
                wrong.push(format!("it was rejected and is {status}"));
            }
            (true, StateKind::Skipped) | (_, StateKind::Rejected) => {}
            (cancelled, state) => wrong.push(format!("it ended as {state:?}, cancelled: {cancelled}, and is {status}")),
        }
        self.wrong.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
    }

    /// An order whose webhook was answered before another's was first sent is created first, unless something set one of
    /// them aside. How many pairs were compared.
    fn in_sequence(&mut self, sold: &[Sold]) -> u64 {
        let mut pairs = 0;
        let undisturbed: Vec<_> = sold
            .iter()
            .filter(|sold| !self.world.plan.shops[sold.shop].steps_aside)
            .filter(|sold| {
                let job = self.jobs.get(&sold.id.to_string());
                job.is_some_and(|job| job.version == 1 && job.questions == 0)
            })
            .filter_map(|sold| {
                let created = self.commits.iter().find(|c| c.order_key == sold.key && c.kind == Kind::Created)?;
                let of_it =
                    || self.deliveries.iter().filter(|delivery| delivery.order == sold.id && delivery.carries_it());
                let sent = of_it().filter_map(|delivery| delivery.tries.first()).map(|(at, _)| *at).min()?;
                let accepted = of_it().filter_map(|delivery| delivery.accepted).min()?;
                Some((sold, created.number, sent, accepted))
            })
            .collect();
        for (one, created, _, accepted) in &undisturbed {
            for (other, later, sent, _) in &undisturbed {
                if one.shop == other.shop && accepted < sent {
                    pairs += 1;
                    if created > later {
                        self.wrong.push(format!("{} was overtaken by {}", one.key, other.key));
                    }
                }
            }
        }
        pairs
    }

    /// Nothing is lost on the way in: every webhook was answered well, and the ledger knows what became of each.
    fn conserved(&mut self, sold: usize) {
        let unheard: Vec<_> = self.deliveries.iter().filter(|delivery| delivery.accepted.is_none()).collect();
        if !unheard.is_empty() {
            self.wrong.push(format!("webhooks were never answered 2xx: {unheard:?}"));
        }
        let recorded: u64 = self.figures.webhooks.iter().map(|(_, count)| count).sum();
        let of = |word: &str| self.figures.webhooks.iter().find(|(w, _)| w == word).map_or(0, |(_, count)| *count);
        let tries: usize = self.deliveries.iter().map(|delivery| delivery.tries.len()).sum();
        if recorded < self.deliveries.len() as u64 || recorded > tries as u64 {
            let count = self.deliveries.len();
            self.wrong.push(format!("of {count} webhooks, sent {tries} times, {recorded} are in the ledger"));
        }
        let jobs: u64 = self.figures.jobs.iter().map(|(_, count)| count).sum();
        if of("new") != jobs || jobs != sold as u64 || self.jobs.len() != sold {
            self.wrong.push(format!("{sold} orders are {jobs} jobs, of {} new webhooks", of("new")));
        }
    }

    /// No call was refused for the rate, except those that the fault script had refused. How many those were.
    fn within_the_limit(&mut self, throttles: u32) -> u64 {
        let refused = self.world.shipstation.journal().answered(429) as u64;
        if refused > u64::from(throttles) {
            self.wrong.push(format!("{refused} calls were answered 429, and only {throttles} of them were made to"));
        }
        refused
    }

    fn trace(&self) -> Vec<String> {
        let mut trace = Vec::new();
        for (name, journal) in
            [("shopify", self.world.shopify.journal()), ("shipstation", self.world.shipstation.journal())]
        {
            trace.extend(calls(name, &journal));
        }
        for commit in &self.commits {
            trace.push(format!("commit {commit:?}"));
        }
        for delivery in &self.deliveries {
            trace.push(format!("webhook {} {delivery:?}", delivery.topic));
        }
        trace.extend(self.world.decisions.lock().unwrap().iter().cloned());
        for job in self.jobs.values() {
            let mut line = format!("job {} {} {:?} v{}", job.shop, job.number, job.state.kind(), job.version);
            write!(line, " begun {} questions {} at {}", job.begun, job.questions, job.changed_at).unwrap();
            trace.push(line);
        }
        trace.push(format!("{:?}", self.figures));
        trace.push(format!("ends {}", self.world.clock.now()));
        trace
    }
}

fn calls(name: &str, journal: &Journal) -> Vec<String> {
    let line = |call: &simulators::journal::Call| {
        let took = call.answered_at.map(|at| at.duration_since(call.at));
        format!("{} {name} {} {} {} {took:?} {}", call.at, call.operation, call.query, call.status, call.request)
    };
    journal.calls().iter().map(line).collect()
}

/// What the warehouse has that the shop has not.
fn differences(order: &Value, there: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let (street, known) = (&order["shipping_address"]["address1"], &there["shipTo"]["street1"]);
    if street != known {
        wrong.push(format!("it ships to {known} instead of {street}"));
    }
    let sum = |lines: &Value, name: &str, other: &str| -> u64 {
        let lines = lines.as_array().into_iter().flatten();
        lines.map(|line| line[name].as_u64().or_else(|| line[other].as_u64()).unwrap_or(0)).sum()
    };
    let units = sum(&order["line_items"], "current_quantity", "quantity");
    let packed = sum(&there["items"], "quantity", "quantity");
    if units != packed {
        wrong.push(format!("it has {packed} units instead of {units}"));
    }
    wrong
}
