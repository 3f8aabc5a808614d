//! How attempts end in the cases: what was reported, and what may be at the warehouse afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use lane::clock::Timestamp;
use lane::hold::HoldReason;
use lane::id::{AccountId, Fingerprint};
use lane::outcome::{Outcome, Proof, Reach, Trouble, WarehouseCopy};

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
    };
    (Outcome::Done(proof), Reach::There(copy))
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
