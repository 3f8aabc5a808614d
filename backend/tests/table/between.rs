//! Two writes that meet: one waits on the wire, made of what was read before, while the other is done. What comes of the
//! first must be true after the second.

use backend::contract::ledger::{News, Scene};
use backend::contract::stand_in::Ministack;
use backend::contract::wire::{Fault, Wire};
use lane::decision::Verdict;
use lane::hold::HoldReason;
use lane::id::{Fingerprint, LaneKey, OperatorId, ShopId};
use lane::line::{Lease, Leased, Pause};
use lane::outcome::{Outcome, PauseReason, Reach};
use lane::policy::Policy;
use lane::ports::{Begin, Complete, Decided, Once, Recorded, Redacted, Release, RequestKey};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::shop::SkipReason;
use lane::state::StateKind;
use lane::view::{Page, QuarantineReason};
use lane::webhook::Content;

use super::{PATIENCE, another, scene};

/// Two processes at one table: what the first writes can be held up.
struct Two {
    _stand_in: Ministack,
    wire: Wire,
    first: Scene,
    second: Scene,
}

impl Two {
    async fn new(table: &str) -> Self {
        let stand_in = Ministack::start().unwrap();
        let config = stand_in.config().await;
        let second = scene(&config, table).await;
        let (wire, held) = Wire::tap(&config);
        let first = another(&held, &second, table, PATIENCE).await;
        second.shop("acme").await;
        Self { _stand_in: stand_in, wire, first, second }
    }

    /// The first's write is made of what it has read, then the second does something, then the write goes on.
    async fn meets<T: Send + 'static>(
        &self,
        first: impl Future<Output = T> + Send + 'static,
        second: impl Future<Output = ()>,
    ) -> T {
        self.wire.fails(Fault::HoldsNext);
        let first = tokio::spawn(first);
        self.wire.holds().await;
        second.await;
        self.wire.lets_go();
        first.await.unwrap()
    }
}

fn acme() -> LaneKey {
    LaneKey::orders(&ShopId::parse("acme").unwrap())
}

fn skipped() -> (Outcome, Reach) {
    (Outcome::Skip(SkipReason::TestOrder), Reach::Untouched)
}

fn paused(scene: &Scene) -> Pause {
    let why = PauseReason::Operator { why: "a look".to_owned() };
    Pause { why, until: None, by: Some(OperatorId::parse("kim").unwrap()), since: scene.now() }
}

async fn released(scene: Scene, lease: Lease) -> Release {
    scene.releases(&lease).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_meet_handlers() {
    let two = Two::new("workers").await;
    let Two { first, second, .. } = &two;
    second.hears("acme", &News::of(1)).await;

    // A lease is one worker's.
    let (one, other) = (first.clone(), second.clone());
    let lost = two.meets(async move { one.lease_as("acme", "first").await }, async {
        assert!(matches!(other.lease_as("acme", "second").await, Leased::Yes(_)));
    });
    assert!(matches!(lost.await, Leased::Busy { .. }));
    second.pass(131);
    let lease = first.lease("acme").await;

    // What comes while an attempt is completed brings the order back.
    assert!(matches!(first.begins(&lease, 1).await, Begin::Attempt { .. }));
    let (one, held) = (first.clone(), lease.clone());
    let completed = two.meets(async move { one.completes(&held, 1, skipped().0, skipped().1).await }, async {
        assert!(matches!(second.hears("acme", &News::of(1).updated(9, "new")).await, Recorded::Newer { .. }));
    });
    assert_eq!(completed.await, Complete::Recorded { state: StateKind::Waiting, reopened: true });
    first.attempts(&lease, 1, skipped().0, skipped().1).await;

    // A lane is not left alone with an order that came in the last moment.
    let given_back = two.meets(released(first.clone(), lease.clone()), async {
        assert!(matches!(second.hears("acme", &News::of(2)).await, Recorded::New { .. }));
    });
    assert_eq!(given_back.await, Release::MoreWork);

    // Nothing begins in a lane that is paused by then.
    let (one, held) = (first.clone(), lease.clone());
    let begun = two.meets(async move { one.begins(&held, 2).await }, async {
        second.ports.desk.pause(&acme(), &paused(second), None).await.unwrap();
    });
    assert_eq!(begun.await, Begin::NotReady);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_meet_each_other_and_people() {
    let two = Two::new("handlers").await;
    let Two { first, second, .. } = &two;

    // One webhook, delivered twice at once.
    let one = first.clone();
    let twice = two.meets(async move { one.hears("acme", &News::of(1)).await }, async {
        assert!(matches!(second.hears("acme", &News::of(1)).await, Recorded::New { .. }));
    });
    assert_eq!(twice.await, Recorded::Duplicate);

    // A shop is added while its first webhook is kept aside.
    let one = first.clone();
    let added = two.meets(async move { one.hears("bolt", &News::of(1)).await }, second.shop("bolt"));
    assert!(matches!(added.await, Recorded::New { .. }));

    // And once more: removed, it is kept for; added again in the same moment, it is heard.
    assert!(second.ports.registry.remove_shop(&ShopId::parse("bolt").unwrap(), second.now()).await.unwrap());
    assert_eq!(
        second.hears("bolt", &News::of(2)).await,
        Recorded::Quarantined(QuarantineReason::UnknownShop),
        "it waits for the shop"
    );
    let one = first.clone();
    let back = two.meets(async move { one.hears("bolt", &News::of(3)).await }, second.shop("bolt"));
    assert!(matches!(back.await, Recorded::New { .. }));
    let places = [second.job("bolt", 1).await, second.job("bolt", 2).await, second.job("bolt", 3).await];
    assert!(places.is_sorted_by_key(|job| job.place), "in the order they came");

    // A customer is forgotten while an order that the request lists arrives.
    let subject = Subject { orders: vec![lane::id::JobId::from(7)], ..Subject::default() };
    let request = PrivacyRequest { ask: Ask::RedactCustomer, subject, reference: None };
    let mut asks = second.webhook("acme", &News::of(0));
    asks.content = Content::Privacy(request);
    assert_eq!(second.ports.intake.record(asks).await.unwrap(), Recorded::Asked);
    let id = second.ports.privacy.requests(true, &Page::default()).await.unwrap().rows[0].id;
    let one = first.clone();
    let forgotten = two.meets(async move { one.hears("acme", &News::of(7)).await }, async {
        while second.ports.privacy.redact(id, None, second.now()).await.unwrap() != Redacted::Done {}
    });
    assert_eq!(forgotten.await, Recorded::Forgotten);
    second.conserves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_meet_the_sweep_and_each_other() {
    let two = Two::new("people").await;
    let Two { first, second, .. } = &two;
    second.hears("acme", &News::of(1)).await;
    let kim = OperatorId::parse("kim").unwrap();

    // A sweep that found the lane paused does not put to sleep what is resumed.
    second.ports.desk.pause(&acme(), &paused(second), None).await.unwrap();
    second.pass(60);
    let one = first.clone();
    let swept = two.meets(async move { one.sweeps().await }, async {
        second.ports.desk.resume(&acme(), &kim, second.now(), None).await.unwrap();
    });
    let woken = swept.await;
    assert!(!woken.is_empty() || !second.sweeps().await.is_empty(), "the lane is woken");

    // A question is answered once.
    let lease = second.lease("acme").await;
    let hold = Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: Vec::new(),
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    assert!(matches!(second.begins(&lease, 1).await, Begin::Attempt { .. }));
    second.completes_with(&lease, 1, hold, Reach::Untouched, Policy::default()).await;
    let approves = first.decision("acme", 1, Verdict::Approve, "kim").await;
    let rejects = second.decision("acme", 1, Verdict::Reject, "lea").await;
    let one = first.clone();
    let late = two.meets(async move { one.decides(&approves).await }, async {
        assert!(matches!(second.decides(&rejects).await, Decided::Done { .. }));
    });
    assert!(matches!(late.await, Decided::AlreadyDecided(before) if before.by.as_str() == "lea"));
    assert_eq!(second.state("acme", 1).await, StateKind::Rejected);
    second.conserves().await;
}

/// A double click: the second asks for the request before the first is written, and for the decision after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_that_is_sent_twice_at_once_has_one_answer() {
    let two = Two::new("clicks").await;
    let Two { first, second, .. } = &two;
    second.hears("acme", &News::of(1)).await;
    let lease = second.lease("acme").await;
    let hold = Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: Vec::new(),
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    };
    assert!(matches!(second.begins(&lease, 1).await, Begin::Attempt { .. }));
    second.completes_with(&lease, 1, hold, Reach::Untouched, Policy::default()).await;
    let rejects = first.decision("acme", 1, Verdict::Reject, "kim").await;
    let key = RequestKey { by: rejects.by.clone(), key: "click".to_owned(), request: [1; 32] };
    two.wire.fails(Fault::HoldsReadOf("d#"));
    let late = {
        let (desk, decision, key) = (first.ports.desk.clone(), rejects.clone(), key.clone());
        tokio::spawn(async move { desk.decide(&decision, Some(&key)).await.unwrap() })
    };
    two.wire.holds().await;
    let answer = second.ports.desk.decide(&rejects, Some(&key)).await.unwrap();
    assert!(matches!(answer, Once::Answer(Decided::Done { .. })), "{answer:?}");
    two.wire.lets_go();
    let again = late.await.unwrap();
    assert!(matches!(again, Once::Answer(Decided::Done { state: StateKind::Rejected, .. })), "{again:?}");
}
