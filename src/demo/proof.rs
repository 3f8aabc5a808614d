//! Compares what was accepted with what the ledger says and what the simulated warehouse holds. The warehouse's
//! journal is the witness: what is not in it did not happen.

use std::collections::{BTreeMap, BTreeSet};

use lane::clock::Timestamp;
use lane::job::Job;
use lane::outcome::Reach;
use lane::policy::Standing;
use lane::ports::Desk as _;
use lane::state::{State, StateKind};
use lane::view::{JobFilter, Page};
use serde_json::Value;
use simulators::journal::{Commit, Kind};

use super::Settled;
use super::cast::SHOPS;
use super::packing::{self, Heard};
use super::stage::Stage;
use super::traffic::{Accepted, Street};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How it went.
    pub(super) lines: Vec<String>,
    /// Promises that were not kept.
    pub(super) wrong: Vec<String>,
}

/// Judges the orders since `began`.
pub(super) async fn judge(
    stage: &Stage,
    street: &Street,
    began: Timestamp,
    settled: Settled,
) -> anyhow::Result<Findings> {
    let jobs: BTreeMap<String, Job> =
        all_jobs(stage, began).await?.into_iter().map(|job| (job.id.to_string(), job)).collect();
    let accepted = street.accepted();
    let orders = stage.shipstation.orders();
    let commits = stage.shipstation.journal().commits();
    let mut findings = Findings::default();
    findings.lines.push(counted(&accepted, &jobs, &orders));
    findings.wrong.extend(lost(&accepted, &jobs, &orders));
    findings.wrong.extend(doubled(&jobs, &orders, &commits));
    let webhooks = stage.ledger.figures(stage.clock.now()).await?.webhooks;
    findings.lines.push(conserved(&webhooks));
    findings.wrong.extend(unrecorded(street.answered(), &webhooks));
    for (at, part) in SHOPS.iter().enumerate().filter(|(_, part)| part.tracking) {
        let parcels = packing::parcels(street, at);
        let told = parcels.iter().filter(|(_, heard)| *heard != Heard::Nothing).count();
        findings.lines.push(format!("{}: {} parcels shipped, and the shop knows of {told}.", part.id, parcels.len()));
        findings.wrong.extend(untold(part.id, &parcels, settled));
    }
    for at in 0..SHOPS.len() {
        findings.wrong.extend(out_of_order(at, &accepted, &jobs, &commits));
    }
    Ok(findings)
}

async fn all_jobs(stage: &Stage, began: Timestamp) -> anyhow::Result<Vec<Job>> {
    let (mut jobs, mut page) = (Vec::new(), Page::default());
    loop {
        let rows = stage.ledger.jobs(&JobFilter::default(), &page).await?;
        jobs.extend(rows.rows.into_iter().filter(|job| job.accepted_at >= began));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(jobs),
        }
    }
}

fn counted(accepted: &[Accepted], jobs: &BTreeMap<String, Job>, orders: &[Value]) -> String {
    let of = |state| jobs.values().filter(|job| job.state.kind() == state).count();
    let counts = StateKind::ALL
        .into_iter()
        .filter(|state| of(*state) > 0)
        .map(|state| format!("{} {}", of(state), state.as_str()));
    let cancelled = orders.iter().filter(|order| order["orderStatus"] == "cancelled").count();
    let remark = match cancelled {
        0 => String::new(),
        some => format!(
            ", {some} of them cancelled: an order that was cancelled or rejected after it had reached ShipStation stays \
             there as cancelled"
        ),
    };
    format!(
        "{} orders accepted: {}. ShipStation has {} orders{remark}.",
        accepted.len(),
        counts.collect::<Vec<_>>().join(", "),
        orders.len()
    )
}

/// What became of every webhook that was recorded.
fn conserved(webhooks: &[(String, u64)]) -> String {
    let total: u64 = webhooks.iter().map(|(_, count)| count).sum();
    let counts = webhooks.iter().filter(|(_, count)| *count > 0).map(|(outcome, count)| format!("{count} {outcome}"));
    format!("{total} webhooks recorded: {}.", counts.collect::<Vec<_>>().join(", "))
}

/// Every delivery that was answered is in the ledger under one of the words for what became of it.
fn unrecorded(answered: u64, webhooks: &[(String, u64)]) -> Option<String> {
    let recorded: u64 = webhooks.iter().map(|(_, count)| count).sum();
    (recorded < answered)
        .then(|| format!("{answered} webhooks were answered, and the ledger knows what became of {recorded} of them"))
}

/// Parcels of which the shop knows more than once; or does not know, although all is settled.
fn untold(shop: &str, parcels: &[(String, Heard)], settled: Settled) -> Vec<String> {
    let wrong = parcels.iter().filter_map(|(number, heard)| match heard {
        Heard::Once => None,
        Heard::Nothing if settled != Settled::Yes => None,
        Heard::Nothing => Some(format!("{shop}: the parcel {number} was shipped, and the shop does not know")),
        Heard::TooOften => Some(format!("{shop}: the parcel {number} was told to the shop more than once")),
    });
    wrong.collect()
}

/// Accepted, but not in the ledger; or done, but not at the warehouse.
fn lost(accepted: &[Accepted], jobs: &BTreeMap<String, Job>, orders: &[Value]) -> Vec<String> {
    let keys: BTreeSet<_> = orders.iter().filter_map(|order| order["orderKey"].as_str()).collect();
    let unknown = accepted
        .iter()
        .filter(|order| !jobs.contains_key(&order.id.to_string()))
        .map(|order| format!("{}: the order {} was accepted and is not in the ledger", SHOPS[order.at].id, order.id));
    let missing = jobs.values().filter_map(|job| {
        let State::Done { proof } = &job.state else { return None };
        let missing = !keys.contains(proof.key.as_str());
        missing.then(|| format!("{}: {} is done and not at the warehouse", job.shop, job.number))
    });
    unknown.chain(missing).collect()
}

/// At the warehouse twice, or there without a job.
fn doubled(jobs: &BTreeMap<String, Job>, orders: &[Value], commits: &[Commit]) -> Vec<String> {
    let mut created: BTreeMap<&str, u32> = BTreeMap::new();
    for commit in commits.iter().filter(|commit| commit.kind == Kind::Created) {
        *created.entry(&commit.order_key).or_default() += 1;
    }
    let twice = created
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(key, times)| format!("the order {key} was created {times} times at the warehouse"));
    let known: BTreeSet<_> = jobs.values().filter_map(warehouse_id).collect();
    let nobodys: Vec<_> = orders
        .iter()
        .filter(|order| !known.contains(&order["orderId"].to_string()))
        .map(|order| order["orderKey"].to_string())
        .collect();
    // An attempt that has not ended may have written what the ledger does not know yet.
    let under_way = jobs.values().filter(|job| warehouse_id(job).is_none() && may_have_written(job)).count();
    let strays = (nobodys.len() > under_way)
        .then(|| format!("the warehouse has orders that no job accounts for: {}", nobodys.join(", ")));
    twice.chain(strays).collect()
}

fn warehouse_id(job: &Job) -> Option<String> {
    match (&job.state, &job.reach) {
        (State::Done { proof }, _) => Some(proof.reference.clone()),
        (_, Reach::There(copy)) => Some(copy.order_id.clone()),
        (_, Reach::Untouched | Reach::Unresolved) => None,
    }
}

fn may_have_written(job: &Job) -> bool {
    job.state.kind() == StateKind::Attempting || job.reach == Reach::Unresolved
}

/// A shop's orders that nothing set aside were created in the order in which they were accepted.
fn out_of_order(at: usize, accepted: &[Accepted], jobs: &BTreeMap<String, Job>, commits: &[Commit]) -> Option<String> {
    if SHOPS[at].on_retry == Standing::StepAside {
        return None;
    }
    let created: BTreeMap<&str, u64> = commits
        .iter()
        .filter(|commit| commit.kind == Kind::Created)
        .map(|commit| (commit.order_key.as_str(), commit.number))
        .collect();
    let moments: Vec<_> = accepted
        .iter()
        .filter(|order| order.at == at && !order.altered)
        .filter_map(|order| jobs.get(&order.id.to_string()))
        .filter(|job| job.questions == 0 && job.version == 1)
        .filter_map(|job| match &job.state {
            State::Done { proof } => created.get(proof.key.as_str()).map(|number| (*number, &job.number)),
            State::Waiting { .. }
            | State::Attempting { .. }
            | State::Retrying { .. }
            | State::Held(_)
            | State::Failed { .. }
            | State::Skipped { .. }
            | State::Rejected { .. } => None,
        })
        .collect();
    let swapped = moments.windows(2).find(|pair| pair[0].0 > pair[1].0)?;
    Some(format!("{}: {} was created before {}", SHOPS[at].id, swapped[1].1, swapped[0].1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::id::{CorrelationId, Fingerprint, JobId, LaneKey, Place, ShopId};
    use lane::marks::Marks;
    use lane::webhook::OrderNews;
    use serde_json::json;

    fn waiting(id: u64) -> Job {
        let shop = ShopId::parse(SHOPS[0].id).unwrap();
        let news = OrderNews {
            id: JobId::from(id),
            number: format!("#{id}"),
            updated_at: None,
            fingerprint: Fingerprint::of(b""),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        let (now, correlation) = (Timestamp::UNIX_EPOCH, CorrelationId::of(&[0; 32], Timestamp::UNIX_EPOCH));
        Job::accept(LaneKey::orders(&shop), shop, &news, Ok(()), Place(id), correlation, now)
    }

    fn done(id: u64) -> Job {
        let proof = lane::outcome::Proof {
            account: lane::id::AccountId::at("shipstation", "shared"),
            reference: format!("{id}00"),
            key: format!("key-{id}"),
            fingerprint: Fingerprint::of(b""),
            compared: Vec::new(),
            accepted: None,
            read_back_at: Timestamp::UNIX_EPOCH,
        };
        Job { state: State::Done { proof }, ..waiting(id) }
    }

    fn by_id(jobs: impl IntoIterator<Item = Job>) -> BTreeMap<String, Job> {
        jobs.into_iter().map(|job| (job.id.to_string(), job)).collect()
    }

    fn accepted(id: u64) -> Accepted {
        Accepted { at: 0, id, altered: false }
    }

    fn order(id: u64) -> Value {
        json!({"orderKey": format!("key-{id}"), "orderId": id * 100})
    }

    fn created(id: u64, number: u64) -> Commit {
        Commit {
            number,
            call: number,
            at: Timestamp::UNIX_EPOCH,
            account: "shared".into(),
            order_key: format!("key-{id}"),
            order_id: id * 100,
            order_number: format!("#{id}"),
            kind: Kind::Created,
            order_status: "awaiting_shipment".into(),
            digest: String::new(),
        }
    }

    #[test]
    fn what_is_accepted_and_unknown_or_done_and_not_there_is_lost() {
        let both = [accepted(1), accepted(2)];
        assert!(lost(&both, &by_id([waiting(1), done(2)]), &[order(2)]).is_empty());
        assert_eq!(lost(&both, &by_id([waiting(1)]), &[]).len(), 1);
        assert_eq!(lost(&both, &by_id([done(1), done(2)]), &[order(2)]).len(), 1);
    }

    #[test]
    fn what_was_created_twice_or_is_nobodys_is_doubled() {
        let jobs = by_id([done(1), waiting(2)]);
        assert!(doubled(&jobs, &[order(1)], &[created(1, 1)]).is_empty());
        assert_eq!(doubled(&jobs, &[order(1)], &[created(1, 1), created(1, 2)]).len(), 1);
        assert_eq!(doubled(&jobs, &[order(1), order(2)], &[created(1, 1), created(2, 2)]).len(), 1);
    }

    #[test]
    fn every_word_for_what_became_of_a_webhook_counts() {
        let words = ["new", "newer", "closed", "asked", "forgotten"].map(|word| (word.to_owned(), 2));
        assert_eq!(conserved(&words), "10 webhooks recorded: 2 new, 2 newer, 2 closed, 2 asked, 2 forgotten.");
        assert_eq!(unrecorded(10, &words), None);
        assert!(unrecorded(11, &words).is_some());
    }

    #[test]
    fn a_parcel_is_told_once() {
        let parcels = [Heard::Once, Heard::Nothing, Heard::TooOften].map(|heard| ("1Z".to_owned(), heard));
        assert_eq!(untold("ivy", &parcels, Settled::Yes).len(), 2);
        assert_eq!(untold("ivy", &parcels, Settled::Stopped).len(), 1);
    }

    #[test]
    fn what_overtook_is_named() {
        let jobs = by_id([done(1), done(2)]);
        let both = [accepted(1), accepted(2)];
        assert_eq!(out_of_order(0, &both, &jobs, &[created(1, 1), created(2, 2)]), None);
        let swapped = out_of_order(0, &both, &jobs, &[created(2, 1), created(1, 2)]);
        assert_eq!(swapped.unwrap(), "alder-outdoor: #2 was created before #1");
    }
}
