//! How attempts end in the cases: what was reported, and what may be at the warehouse afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use lane::clock::Timestamp;
use lane::hold::HoldReason;
use lane::id::{AccountId, Fingerprint, JobId};
use lane::line::Lease;
use lane::outcome::{Learnt, Outcome, Proof, Reach, Report, Trouble, WarehouseCopy};
use lane::policy::Policy;
use lane::ports::Complete;

use super::scene::Scene;

pub(super) fn done() -> (Outcome, Reach) {
    let proof = Proof {
        account: AccountId::at("shipstation", "main"),
        reference: "77".to_owned(),
        key: "key".to_owned(),
        fingerprint: Fingerprint::given("fetched"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    };
    let copy = WarehouseCopy {
        account: AccountId::at("shipstation", "main"),
        order_id: "77".to_owned(),
        written: BTreeMap::new(),
        told: BTreeMap::new(),
    };
    (Outcome::Done(proof), Reach::There(copy))
}

/// Done, as an order that the warehouse calls so, and whose shop was told of these shipments.
pub(super) fn done_as(order_id: &str, told: &[&str]) -> (Outcome, Reach) {
    let (outcome, mut reach) = done();
    if let Reach::There(copy) = &mut reach {
        order_id.clone_into(&mut copy.order_id);
        copy.told = told.iter().map(|shipment| ((*shipment).to_owned(), format!("fulfilment of {shipment}"))).collect();
    }
    (outcome, reach)
}

/// Completes the running attempt, which learnt something on the way.
pub(super) async fn completes_knowing(
    scene: &Scene,
    lease: &Lease,
    order: u64,
    (outcome, reach): (Outcome, Reach),
    learnt: Learnt,
) -> Complete {
    let report = Report { outcome, reach, calls: Vec::new(), learnt };
    let (id, policy) = (JobId::from(order), Policy::default());
    let completed = scene.ports.work.complete(lease, &id, report, policy, 0.5, scene.now()).await;
    completed.expect("an answer to complete")
}

pub(super) fn retry_in(seconds: u64) -> (Outcome, Reach) {
    let error = Trouble::new("shipstation", "answered 503");
    (Outcome::Retry { after: Some(Duration::from_secs(seconds)), error }, Reach::Untouched)
}

pub(super) fn hold() -> (Outcome, Reach) {
    let fingerprint = Fingerprint::given("fetched");
    let reason = HoldReason::TotalAbove;
    (Outcome::Hold { reason, evidence: Vec::new(), fingerprint, difference: None }, Reach::Untouched)
}

pub(super) fn fail() -> (Outcome, Reach) {
    (Outcome::Fail(Trouble::new("shipstation", "refused for good")), Reach::Untouched)
}
