//! Taking a decision back before it takes effect.

use std::time::Duration;

use lane::clock::after;
use lane::decision::{Decision, NotUndone, Undo, Verdict};
use lane::history::Happened;
use lane::id::{JobId, OperatorId};
use lane::ports::{Begin, Decided, Once, RequestKey, Undone};
use lane::state::StateKind;

use super::Case;
use super::deciding::held;
use super::news::News;
use super::scene::{Scene, hash, lane as lane_of};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a decision takes effect later and is taken back until then", |scene| Box::pin(taken_back_in_time(scene))),
        ("a decision that took effect stands", |scene| Box::pin(takes_effect(scene))),
        ("a refusal taken back brings the order back", |scene| Box::pin(refusal_undone(scene))),
    ]
}

/// A decision that takes effect in ten seconds.
async fn slow(scene: &Scene, order: u64, verdict: Verdict) -> Decision {
    let decision = scene.decision("acme", order, verdict, "ann").await;
    Decision { takes_effect: after(decision.at, Duration::from_secs(10)), ..decision }
}

fn back(scene: &Scene, decision: &Decision) -> Undo {
    let Decision { lane, job, hold, .. } = decision.clone();
    Undo { lane, job, hold, by: OperatorId::parse("bob").expect("an operator"), at: scene.now() }
}

async fn taken_back_in_time(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    scene.hears("acme", &News::of(2)).await;
    let before = scene.job("acme", 1).await;
    let approve = slow(&scene, 1, Verdict::Approve).await;
    let decided = scene.decides(&approve).await;
    assert!(matches!(decided, Decided::Done { state: StateKind::Waiting, send: Some(_) }), "{decided:?}");
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("2"), "it is not ready yet, and nobody waits for it");
    assert_eq!(scene.begins(&lease, 1).await, Begin::NotReady);
    scene.ports.work.hand_back(&lease, scene.now()).await.expect("handed back");

    scene.pass(9);
    let undo = back(&scene, &approve);
    let key =
        |request: &str| RequestKey { by: undo.by.clone(), key: "undo-1".to_owned(), request: hash(request.as_bytes()) };
    let desk = &scene.ports.desk;
    let first = desk.undo(&undo, Some(&key("undo"))).await.expect("an answer");
    assert_eq!(first, Once::Answer(Undone::Done { state: StateKind::Held }));
    let again = desk.undo(&undo, Some(&key("undo"))).await.expect("an answer");
    assert_eq!(again, first, "a request repeated is answered the same");
    assert_eq!(desk.undo(&undo, Some(&key("other"))).await.expect("an answer"), Once::KeyReused);
    let twice = desk.undo(&undo, None).await.expect("an answer");
    assert_eq!(twice, Once::Answer(Undone::TooLate(NotUndone::Stands { now: StateKind::Held })));

    let now = scene.job("acme", 1).await;
    assert_eq!((now.place, now.changed_at, now.approved.clone()), (before.place, before.changed_at, None));
    assert_eq!(now.question().map(|question| question.number), Some(2), "it is asked under a new number");
    let told = desk.timeline(&lane_of("acme"), &JobId::from(1)).await.expect("a timeline");
    let last = told.last().map(|entry| entry.what.clone());
    assert_eq!(last, Some(Happened::Undone { hold: 1, by: undo.by.clone() }));
    let decided = scene.decides(&scene.decision("acme", 1, Verdict::Approve, "bob").await).await;
    assert!(matches!(decided, Decided::Done { state: StateKind::Waiting, send: Some(_) }), "{decided:?}");
    scene.conserves().await;
}

async fn takes_effect(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let approve = slow(&scene, 1, Verdict::Approve).await;
    scene.decides(&approve).await;
    scene.pass(9);
    assert!(scene.sweeps().await.is_empty(), "nobody is woken for it yet");
    scene.pass(1);
    assert_eq!(scene.sweeps().await, ["1-retry"], "the lane is woken when it takes effect");
    let late = scene.ports.desk.undo(&back(&scene, &approve), None).await.expect("an answer");
    assert_eq!(late, Once::Answer(Undone::TooLate(NotUndone::Stands { now: StateKind::Waiting })));
    let other = Undo { job: JobId::from(9), ..back(&scene, &approve) };
    assert_eq!(scene.ports.desk.undo(&other, None).await.expect("an answer"), Once::Answer(Undone::NoSuchJob));
    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
}

async fn refusal_undone(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let reject = slow(&scene, 1, Verdict::Reject).await;
    assert_eq!(scene.decides(&reject).await, Decided::Done { state: StateKind::Rejected, send: None });
    scene.hears("acme", &News::of(1).updated(2, "address")).await;
    let undone = scene.ports.desk.undo(&back(&scene, &reject), None).await.expect("an answer");
    assert_eq!(
        undone,
        Once::Answer(Undone::Done { state: StateKind::Waiting }),
        "it changed, so it is looked at again"
    );
    assert_eq!(scene.sweeps().await, ["1-retry"]);
    scene.conserves().await;
}
