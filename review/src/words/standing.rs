//! How a job stands, in words, and what changed about it when a decision comes too late.

use lane::decision::{Decision, Question, Refused};
use lane::job::Job;
use lane::outcome::{Reach, WarehouseCopy};
use lane::shop::SkipReason;
use lane::state::{State, StateKind};
use lane::view::{LaneStatus, LaneView};

use super::{moment, past, shown, trouble};

/// How a job stands.
pub(crate) fn job(job: &Job) -> String {
    let refused = job.rejecting.as_ref().map(|refused| refused.by.to_string());
    match &job.state {
        State::Waiting { not_before, .. } => {
            let since = not_before.map(|at| format!(", not before {}", moment(at))).unwrap_or_default();
            match refused {
                Some(by) => format!("refused by {by}; being taken back from the warehouse{since}"),
                None => format!("in line{since}"),
            }
        }
        State::Attempting { attempt, .. } => match refused {
            Some(by) => format!("refused by {by}; being taken back from the warehouse, attempt {attempt} is under way"),
            None => format!("attempt {attempt} is under way"),
        },
        State::Retrying { attempt, due, error, .. } => {
            let before = refused.map(|by| format!("refused by {by}; being taken back from the warehouse: "));
            let failed = format!("attempt {attempt} failed, the next is due {}; {}", moment(*due), trouble(error));
            before.unwrap_or_default() + &failed
        }
        State::Held(hold) => format!("held for a person: {}", hold.reason.words()),
        State::Done { proof } => {
            format!("carried out and read back from {} as {}", proof.account, proof.reference)
        }
        State::Failed { error, .. } => format!("failed; {}", trouble(error)),
        State::Skipped { why } => match &job.reach {
            Reach::There(copy) => skipped_after(why, copy),
            Reach::Untouched | Reach::Unresolved => format!("not carried out: {}", why.words()),
        },
        State::Rejected { by, why } => match &job.reach {
            Reach::There(_) => format!("refused by {by}, and taken back from the warehouse{}", noted(why)),
            Reach::Untouched | Reach::Unresolved => format!("rejected by {by}{}", noted(why)),
        },
    }
}

/// Where a held order goes if it is approved: it kept its place. `head` is the first in its lane now.
pub(crate) fn goes(job: &Job, lane: &LaneView, head: Option<&Job>) -> String {
    let first = head.filter(|head| head.place < job.place);
    let others = if lane.depth == 1 { "1 other".to_owned() } else { format!("{} others", lane.depth) };
    let place = match (first, lane.depth) {
        (Some(head), _) => format!("it keeps its place in the lane of {}, behind {}", lane.shop, shown(&head.number)),
        (None, 0) => format!("it is next in the lane of {}, which is empty", lane.shop),
        (None, _) if head.is_some_and(|head| head.id == job.id) => {
            format!("it is next in the lane of {}, which waits for it", lane.shop)
        }
        (None, _) => format!("it is next in the lane of {}, before {others} in line", lane.shop),
    };
    match &lane.status {
        LaneStatus::Paused(_) => format!("{place}; the lane is paused, and goes on when it is resumed"),
        LaneStatus::Throttled(rest) => format!("{place}; {} until {}", shown(&rest.why), moment(rest.until)),
        LaneStatus::Idle
        | LaneStatus::Running { .. }
        | LaneStatus::Waiting
        | LaneStatus::Retrying { .. }
        | LaneStatus::Blocked { .. } => place,
    }
}

/// A decision that is to be taken back, and stands. How the order is now tells why.
pub(crate) fn too_late(now: Option<&Job>) -> String {
    let now = now.map(|now| format!("; the order is {} now", shown(&job(now)))).unwrap_or_default();
    format!("this decision can no longer be taken back: it has taken effect, or somebody took it back before{now}")
}

fn noted(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// It was carried out before. What no longer qualifies was cancelled there, or put on hold if it may qualify again; what
/// can no longer be seen, was fulfilled, or was left by a person, was left alone.
fn skipped_after(why: &SkipReason, copy: &WarehouseCopy) -> String {
    let order = &copy.order_id;
    match why {
        SkipReason::Cancelled
        | SkipReason::TestOrder
        | SkipReason::FinancialStatus(_)
        | SkipReason::NothingToShip
        | SkipReason::ShipsElsewhere => {
            let stands = if why.is_final() { "cancelled" } else { "not to ship" };
            format!("carried out, then taken back: {}, and {stands} at the warehouse (order {order})", why.words())
        }
        SkipReason::LeftAsItStands => format!("not carried out as it is now: {} (order {order})", why.words()),
        SkipReason::AlreadyFulfilled | SkipReason::UnknownToShop | SkipReason::Redacted => {
            format!("carried out, and it stays at the warehouse as it is (order {order}): {}", why.words())
        }
    }
}

/// What is different from what a decision was about, as far as `now` tells.
pub(crate) fn changed(why: &Refused, decision: &Decision, now: Option<&Question>) -> String {
    match (why, now) {
        (Refused::NoSuchQuestion { .. }, Some(question)) if question.number != decision.hold => {
            format!("this is hold {} now, you decided on hold {}; look at it again", question.number, decision.hold)
        }
        (Refused::NoSuchQuestion { now }, _) => {
            format!("it is {} now and asks for no decision; look at it again", standing(*now))
        }
        (Refused::Changed, _) => "what you were shown is not what it is now; look at it again".to_owned(),
        (Refused::Impossible(refused), _) => match possible(refused.from) {
            Some(possible) => {
                format!("{} order can be {possible}, not {}", an(refused.from), past(decision.verdict))
            }
            None => impossible(refused.from),
        },
    }
}

/// A change that its state does not allow.
pub(crate) fn impossible(from: StateKind) -> String {
    format!("it is {} now, which does not go together with that; look at it again", standing(from))
}

/// What a person may do, by state.
fn possible(from: StateKind) -> Option<&'static str> {
    match from {
        StateKind::Held => Some("approved or rejected"),
        StateKind::Failed => Some("retried or rejected"),
        StateKind::Retrying => Some("rejected"),
        StateKind::Waiting | StateKind::Attempting | StateKind::Done | StateKind::Skipped | StateKind::Rejected => None,
    }
}

fn an(kind: StateKind) -> String {
    let article = if kind == StateKind::Attempting { "an" } else { "a" };
    format!("{article} {}", kind.as_str())
}

fn standing(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Waiting => "in line",
        StateKind::Attempting => "being carried out",
        StateKind::Retrying => "waiting for its next attempt",
        StateKind::Held => "held",
        StateKind::Done => "done",
        StateKind::Failed => "failed",
        StateKind::Skipped => "skipped",
        StateKind::Rejected => "rejected",
    }
}

#[cfg(test)]
mod tests {
    use lane::marks::Marks;
    use std::collections::BTreeMap;

    use lane::clock::Timestamp;
    use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, Place, ShopId};
    use lane::job::Rejection;
    use lane::webhook::OrderNews;

    use super::*;

    fn sample(state: State, reach: Reach) -> Job {
        let (shop, now) = (ShopId::parse("acme").unwrap(), Timestamp::UNIX_EPOCH);
        let news = OrderNews {
            id: JobId::from(1),
            number: "#1".into(),
            updated_at: None,
            fingerprint: Fingerprint::of(b"1"),
            cancelled: false,
            test: false,
            financial_status: "paid".into(),
            ships_something: true,
            marks: Marks::default(),
        };
        let correlation = CorrelationId::of(&[1; 32], now);
        let lane = LaneKey::orders(&shop);
        let job = Job::accept(lane, shop, &news, Ok(()), Place(1), correlation, now);
        Job { state, reach, ..job }
    }

    fn there() -> Reach {
        let account = AccountId::at("shipstation", "main");
        Reach::There(WarehouseCopy { account, order_id: "77".into(), written: BTreeMap::new(), told: BTreeMap::new() })
    }

    #[test]
    fn an_order_that_was_carried_out_and_taken_back_is_not_said_to_be_not_carried_out() {
        let skipped = |why, reach| job(&sample(State::Skipped { why }, reach));
        assert_eq!(skipped(SkipReason::Cancelled, Reach::Untouched), "not carried out: cancelled at the platform");
        assert_eq!(
            skipped(SkipReason::Cancelled, there()),
            "carried out, then taken back: cancelled at the platform, and cancelled at the warehouse (order 77)"
        );
        let pending = skipped(SkipReason::FinancialStatus("pending".into()), there());
        assert!(pending.ends_with(", and not to ship at the warehouse (order 77)"), "{pending}");
        let left = skipped(SkipReason::LeftAsItStands, there());
        assert!(left.starts_with("not carried out as it is now: ") && left.contains("by hand"), "{left}");
        let unknown = skipped(SkipReason::UnknownToShop, there());
        assert!(unknown.starts_with("carried out, and it stays at the warehouse as it is (order 77): "), "{unknown}");
    }

    #[test]
    fn a_refusal_says_whether_the_warehouse_still_has_it() {
        let by = OperatorId::parse("rob").unwrap();
        let mut waiting = sample(State::READY, there());
        waiting.rejecting = Some(Rejection { by: by.clone(), why: String::new() });
        assert_eq!(job(&waiting), "refused by rob; being taken back from the warehouse");
        let rejected = |reach| job(&sample(State::Rejected { by: by.clone(), why: String::new() }, reach));
        assert_eq!(rejected(there()), "refused by rob, and taken back from the warehouse");
        assert_eq!(rejected(Reach::Untouched), "rejected by rob");
    }
}
