//! One call of a port, and its answer in a form that can be compared.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::decision::{Decision, Undo};
use lane::id::{AccountId, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::{Lease, Leased, Pause, Rest};
use lane::outcome::Report;
use lane::policy::Policy;
use lane::ports::{
    Begin, Burst, Complete, Decided, Head, LedgerError, Notice, Once, Recorded, RegistryError, Release, RequestKey,
    ShippedOrder, Undone,
};
use lane::shop::Shop;
use lane::wake_up::Envelope;
use lane::webhook::Webhook;

use crate::contract::ledger::Ports;

/// A webhook as it is handed over, and in which turn of the player. Each is only ever handed over as itself.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The webhook; no other was received at the same time.
    pub webhook: Arc<Webhook>,
    /// Of two in one turn, either may come first.
    pub turn: u64,
}

impl Eq for Letter {}

impl PartialEq for Letter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.webhook, &other.webhook)
    }
}

/// One call of a port.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the ports say what each call is")]
pub enum Call {
    Record(Letter),
    Notice(Notice),
    Lease {
        lane: LaneKey,
        owner: String,
        now: Timestamp,
        until: Timestamp,
    },
    Head {
        lease: Lease,
        now: Timestamp,
    },
    Begin {
        lease: Lease,
        job: JobId,
        policy: Policy,
        now: Timestamp,
    },
    Burst {
        lease: Lease,
        max: u32,
        policy: Policy,
        now: Timestamp,
    },
    Complete {
        lease: Lease,
        job: JobId,
        report: Box<Report>,
        policy: Policy,
        chance: f64,
        now: Timestamp,
    },
    Disturb {
        lane: LaneKey,
        job: JobId,
        now: Timestamp,
    },
    Release {
        lease: Lease,
        rest: Option<Rest>,
        now: Timestamp,
    },
    HandBack {
        lease: Lease,
        now: Timestamp,
    },
    Sweep {
        now: Timestamp,
        limit: u32,
    },
    StopAccount {
        account: AccountId,
        until: Timestamp,
    },
    Job {
        lane: LaneKey,
        job: JobId,
    },
    Decide {
        decision: Decision,
        key: Option<RequestKey>,
    },
    Undo {
        undo: Undo,
        key: Option<RequestKey>,
    },
    Pause {
        lane: LaneKey,
        pause: Pause,
        key: Option<RequestKey>,
    },
    Resume {
        lane: LaneKey,
        by: OperatorId,
        now: Timestamp,
        key: Option<RequestKey>,
    },
    ReleaseQuarantined {
        id: u64,
        by: OperatorId,
        now: Timestamp,
        key: Option<RequestKey>,
    },
    PutShop {
        shop: Box<Shop>,
        now: Timestamp,
    },
    RemoveShop {
        shop: ShopId,
        now: Timestamp,
    },
    Shipped {
        account: AccountId,
        orders: Vec<ShippedOrder>,
        notices: Vec<u64>,
        looked_until: Option<Timestamp>,
        now: Timestamp,
    },
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the ports say what each answer is")]
pub enum Answer {
    Recorded(Recorded),
    Leased(Leased),
    Head(Head),
    Begin(Begin),
    Burst(Burst),
    Complete(Complete),
    Release(Release),
    Swept { sends: Vec<Envelope>, next: Option<Timestamp> },
    Job(Option<Box<Job>>),
    Decided(Once<Decided>),
    Undone(Once<Undone>),
    Paused(Once<bool>),
    Sends(Once<Option<Vec<Envelope>>>),
    Removed(bool),
    Done,
}

/// Wake-ups of different lanes have no order among each other.
pub(super) fn in_order(mut sends: Vec<Envelope>) -> Vec<Envelope> {
    sends.sort_by(|a, b| (&a.wake_up.lane, a.dedup.as_str()).cmp(&(&b.wake_up.lane, b.dedup.as_str())));
    sends
}

fn unordered(once: Once<Option<Vec<Envelope>>>) -> Once<Option<Vec<Envelope>>> {
    match once {
        Once::Answer(sends) => Once::Answer(sends.map(in_order)),
        Once::KeyReused => Once::KeyReused,
    }
}

/// Makes a call.
pub async fn make(ports: &Ports, call: &Call) -> Result<Answer, LedgerError> {
    match call {
        Call::Record(_) | Call::Notice(_) | Call::Shipped { .. } => arrives(ports, call).await,
        Call::Lease { .. }
        | Call::Head { .. }
        | Call::Begin { .. }
        | Call::Burst { .. }
        | Call::Complete { .. }
        | Call::Disturb { .. }
        | Call::Release { .. }
        | Call::HandBack { .. }
        | Call::Sweep { .. }
        | Call::StopAccount { .. } => works(ports, call).await,
        Call::Job { .. }
        | Call::Decide { .. }
        | Call::Undo { .. }
        | Call::Pause { .. }
        | Call::Resume { .. }
        | Call::ReleaseQuarantined { .. }
        | Call::PutShop { .. }
        | Call::RemoveShop { .. } => decides(ports, call).await,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other calls are made beside")]
async fn arrives(ports: &Ports, call: &Call) -> Result<Answer, LedgerError> {
    Ok(match call {
        Call::Record(webhook) => Answer::Recorded(ports.intake.record(Webhook::clone(&webhook.webhook)).await?),
        Call::Notice(notice) => {
            ports.intake.notice(notice).await?;
            Answer::Done
        }
        Call::Shipped { account, orders, notices, looked_until, now } => {
            let sends = ports.shipping.shipped(account, orders, notices, *looked_until, *now).await?;
            Answer::Sends(Once::Answer(Some(in_order(sends))))
        }
        _ => unreachable!("made beside"),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other calls are made beside")]
async fn works(ports: &Ports, call: &Call) -> Result<Answer, LedgerError> {
    let work = &ports.work;
    Ok(match call {
        Call::Lease { lane, owner, now, until } => Answer::Leased(work.lease(lane, owner, *now, *until).await?),
        Call::Head { lease, now } => Answer::Head(work.head(lease, *now).await?),
        Call::Begin { lease, job, policy, now } => Answer::Begin(work.begin(lease, job, *policy, *now).await?),
        Call::Burst { lease, max, policy, now } => Answer::Burst(work.begin_burst(lease, *max, *policy, *now).await?),
        Call::Complete { lease, job, report, policy, chance, now } => {
            Answer::Complete(work.complete(lease, job, Report::clone(report), *policy, *chance, *now).await?)
        }
        Call::Disturb { lane, job, now } => {
            work.disturb(lane, job, *now).await?;
            Answer::Done
        }
        Call::Release { lease, rest, now } => Answer::Release(work.release(lease, rest.clone(), *now).await?),
        Call::HandBack { lease, now } => {
            work.hand_back(lease, *now).await?;
            Answer::Done
        }
        Call::Sweep { now, limit } => {
            let swept = work.lanes_to_wake(*now, *limit).await?;
            Answer::Swept { sends: in_order(swept.sends), next: swept.next }
        }
        Call::StopAccount { account, until } => {
            work.stop_account(account, *until).await?;
            Answer::Done
        }
        _ => unreachable!("made beside"),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other calls are made beside")]
async fn decides(ports: &Ports, call: &Call) -> Result<Answer, LedgerError> {
    let (desk, registry) = (&ports.desk, &ports.registry);
    Ok(match call {
        Call::Job { lane, job } => Answer::Job(desk.job(lane, job).await?.map(Box::new)),
        Call::Decide { decision, key } => Answer::Decided(desk.decide(decision, key.as_ref()).await?),
        Call::Undo { undo, key } => Answer::Undone(desk.undo(undo, key.as_ref()).await?),
        Call::Pause { lane, pause, key } => Answer::Paused(desk.pause(lane, pause, key.as_ref()).await?),
        Call::Resume { lane, by, now, key } => {
            Answer::Sends(unordered(desk.resume(lane, by, *now, key.as_ref()).await?))
        }
        Call::ReleaseQuarantined { id, by, now, key } => {
            Answer::Sends(unordered(desk.release_quarantined(*id, by, *now, key.as_ref()).await?))
        }
        Call::PutShop { shop, now } => match registry.put_shop(shop, *now).await {
            Ok(sends) => Answer::Sends(Once::Answer(Some(in_order(sends)))),
            Err(RegistryError::Ledger(error)) => return Err(error),
            Err(error @ (RegistryError::Taken { .. } | RegistryError::InDoubt { .. })) => {
                return Err(LedgerError::Unreadable(error.to_string()));
            }
        },
        Call::RemoveShop { shop, now } => Answer::Removed(registry.remove_shop(shop, *now).await?),
        _ => unreachable!("made beside"),
    })
}
