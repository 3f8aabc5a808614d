//! Deciding: one decision per question, about what was shown, once per request.

use std::time::Duration;

use lane::carriage::Mode;
use lane::clock::after;
use lane::decision::{Refused, Verdict};
use lane::history::Happened;
use lane::id::{JobId, OperatorId};
use lane::line::{Leased, Pause};
use lane::operator::{Operator, Role};
use lane::outcome::{Outcome, PauseReason, Reach};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Complete, Decided, Once, RegistryError, Release, RequestKey};
use lane::state::StateKind;

use super::Case;
use super::endings::{done, fail, hold};
use super::news::News;
use super::scene::{Scene, hash, lane as lane_of};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("of two decisions one wins and the other sees it", |scene| Box::pin(one_wins(scene))),
        ("approved, held and approved again within five minutes", |scene| Box::pin(approved_twice(scene))),
        ("a decision on what has changed does nothing", |scene| Box::pin(stale(scene))),
        ("a request repeated is answered the same", |scene| Box::pin(repeated_request(scene))),
        ("failed, then retried at its old place", |scene| Box::pin(failed_then_retried(scene))),
        ("rejecting a job that stops the lane frees the lane", |scene| Box::pin(reject_frees(scene))),
        ("an operator pauses and resumes", |scene| Box::pin(pauses_and_resumes(scene))),
        ("a refused job that may be at the warehouse is taken back first", |scene| Box::pin(taken_back(scene))),
        ("removing a shop outweighs what an attempt says", |scene| Box::pin(removal_outweighs(scene))),
        ("a pause during a run stops the lane after the running attempt", |scene| Box::pin(pause_during_run(scene))),
        ("operators are found by their token unless disabled", |scene| Box::pin(operators(scene))),
        ("a warehouse is not changed while an order is in doubt", |scene| Box::pin(warehouse_in_doubt(scene))),
        ("mode and store are not changed while an order is in doubt", |scene| Box::pin(mode_in_doubt(scene))),
        ("a domain belongs to one shop", |scene| Box::pin(domain_taken(scene))),
    ]
}

pub(super) async fn held(scene: &Scene, shop: &str, order: u64) {
    scene.hears(shop, &News::of(order)).await;
    holds(scene, shop, order).await;
}

async fn holds(scene: &Scene, shop: &str, order: u64) {
    let lease = scene.lease(shop).await;
    let (outcome, reach) = hold();
    scene.attempts(&lease, order, outcome, reach).await;
    scene.releases(&lease).await;
}

async fn one_wins(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let approve = scene.decision("acme", 1, Verdict::Approve, "ann").await;
    let reject = scene.decision("acme", 1, Verdict::Reject, "bob").await;
    let (one, other) = tokio::join!(scene.decides(&approve), scene.decides(&reject));
    let answers = [one, other];
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Decided::Done { .. })).count(), 1, "{answers:?}");
    let loser =
        answers.iter().find_map(|answer| if let Decided::AlreadyDecided(by) = answer { Some(by) } else { None });
    let winner = loser.expect("the loser sees the winner");
    let state = scene.state("acme", 1).await;
    match winner.by.as_str() {
        "ann" => assert_eq!((winner.verdict, state), (Verdict::Approve, StateKind::Waiting)),
        _ => assert_eq!((winner.verdict, state), (Verdict::Reject, StateKind::Rejected)),
    }
    let timeline = scene.ports.desk.timeline(&lane_of("acme"), &JobId::from(1)).await.expect("a timeline");
    let decisions = timeline.iter().filter(|entry| matches!(entry.what, Happened::Decided { .. }));
    assert_eq!(decisions.count(), 1);
}

async fn approved_twice(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let mut ids = Vec::new();
    for round in 0..2 {
        if round > 0 {
            holds(&scene, "acme", 1).await;
        }
        let decision = scene.decision("acme", 1, Verdict::Approve, "ann").await;
        let Decided::Done { send: Some(send), .. } = scene.decides(&decision).await else { panic!("it counts") };
        ids.push(send.dedup.to_string());
        scene.pass(60);
    }
    assert_eq!(ids, ["1-approved", "1-approved-2"]);
}

async fn stale(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let decision = scene.decision("acme", 1, Verdict::Approve, "ann").await;
    scene.hears("acme", &News::of(1).updated(2, "address")).await;
    let decided = scene.decides(&decision).await;
    assert_eq!(decided, Decided::Stale(Refused::NoSuchQuestion { now: StateKind::Waiting }));
    holds(&scene, "acme", 1).await;
    assert!(matches!(scene.decides(&decision).await, Decided::Stale(_)), "the second hold is another question");
    assert_eq!(scene.state("acme", 1).await, StateKind::Held);
}

async fn repeated_request(scene: Scene) {
    scene.shop("acme").await;
    held(&scene, "acme", 1).await;
    let decision = scene.decision("acme", 1, Verdict::Approve, "ann").await;
    let key = |request: &str| RequestKey {
        by: decision.by.clone(),
        key: "click-1".to_owned(),
        request: hash(request.as_bytes()),
    };
    let desk = &scene.ports.desk;
    let first = desk.decide(&decision, Some(&key("approve"))).await.expect("an answer");
    assert!(matches!(first, Once::Answer(Decided::Done { state: StateKind::Waiting, send: Some(_) })));
    let again = desk.decide(&decision, Some(&key("approve"))).await.expect("an answer");
    assert!(matches!(again, Once::Answer(Decided::Done { state: StateKind::Waiting, send: None })));
    let other = desk.decide(&decision, Some(&key("reject"))).await.expect("an answer");
    assert_eq!(other, Once::KeyReused);
    let without = desk.decide(&decision, None).await.expect("an answer");
    assert!(matches!(without, Once::Answer(Decided::AlreadyDecided(_))));
}

async fn failed_then_retried(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    scene.hears("acme", &News::of(2)).await;
    let lease = scene.lease("acme").await;
    let (outcome, reach) = fail();
    scene.attempts(&lease, 1, outcome, reach).await;
    let decision = scene.decision("acme", 1, Verdict::Retry, "ann").await;
    let Decided::Done { send: Some(send), .. } = scene.decides(&decision).await else { panic!("it counts") };
    assert_eq!(send.dedup.as_str(), "1-retry");
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"), "it keeps its place");
    scene.conserves().await;
}

async fn reject_frees(scene: Scene) {
    let policy = Policy { hold: Standing::StopLane, ..Policy::default() };
    scene.shop_with("acme", policy).await;
    scene.hears("acme", &News::of(1)).await;
    scene.hears("acme", &News::of(2)).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let (outcome, reach) = hold();
    scene.completes_with(&lease, 1, outcome, reach, policy).await;
    scene.releases(&lease).await;
    let decision = scene.decision("acme", 1, Verdict::Reject, "ann").await;
    scene.decides(&decision).await;
    assert_eq!(scene.sweeps().await, ["2-retry"], "the lane is due at once");
}

async fn pauses_and_resumes(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let by = OperatorId::parse("ann").expect("an operator");
    let why = PauseReason::Operator { why: "stocktaking".to_owned() };
    let pause = Pause { why, until: None, by: Some(by.clone()), since: scene.now() };
    let desk = &scene.ports.desk;
    assert_eq!(desk.pause(&lane_of("acme"), &pause, None).await.expect("paused"), Once::Answer(true));
    assert_eq!(desk.pause(&lane_of("nobody"), &pause, None).await.expect("an answer"), Once::Answer(false));
    assert_eq!(scene.lease_as("acme", "w").await, Leased::Paused { until: None });
    scene.pass(3600);
    assert!(scene.sweeps().await.is_empty(), "a paused lane is left alone");
    let resumed = desk.resume(&lane_of("acme"), &by, scene.now(), None).await.expect("resumed");
    let Once::Answer(Some(sends)) = resumed else { panic!("there is such a lane") };
    assert_eq!(sends.len(), 1);
    scene.lease("acme").await;

    let until = Some(after(scene.now(), Duration::from_mins(1)));
    desk.pause(&lane_of("acme"), &Pause { until, ..pause }, None).await.expect("paused");
    scene.pass(200);
    assert_eq!(scene.sweeps().await.len(), 1, "a pause with an end ends by itself");
}

async fn pause_during_run(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    scene.hears("acme", &News::of(2)).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let by = OperatorId::parse("ann").expect("an operator");
    let why = PauseReason::Operator { why: "stocktaking".to_owned() };
    let pause = Pause { why, until: None, by: Some(by), since: scene.now() };
    scene.ports.desk.pause(&lane_of("acme"), &pause, None).await.expect("paused");
    let (outcome, reach) = done();
    let completed = scene.completes(&lease, 1, outcome, reach).await;
    assert!(matches!(completed, Complete::Recorded { state: StateKind::Done, .. }), "what was begun is recorded");
    assert_eq!(scene.head(&lease).await, None, "and nothing else begins");
    assert_eq!(scene.begins(&lease, 2).await, Begin::NotReady);
    assert_eq!(scene.releases(&lease).await, Release::Released { wake: None });
}

async fn operators(scene: Scene) {
    let operator = Operator {
        id: OperatorId::parse("ann").expect("an operator"),
        role: Role::Reviewer,
        token_hash: "abc".to_owned(),
        disabled: false,
    };
    scene.ports.registry.put_operator(&operator).await.expect("added");
    assert_eq!(scene.ports.desk.operator("abc").await.expect("an answer"), Some(operator.clone()));
    assert_eq!(scene.ports.desk.operator("abd").await.expect("an answer"), None);
    scene.ports.registry.put_operator(&Operator { disabled: true, ..operator }).await.expect("changed");
    assert_eq!(scene.ports.desk.operator("abc").await.expect("an answer"), None);
}

async fn domain_taken(scene: Scene) {
    scene.shop("acme").await;
    let mut other = scene.shop_value("bolt", Policy::default());
    other.domains.push("acme.myshopify.com".to_owned());
    let refused = scene.ports.registry.put_shop(&other, scene.now()).await;
    assert!(matches!(refused, Err(RegistryError::Taken { .. })));
    assert_eq!(scene.ports.registry.shops().await.expect("shops").len(), 1);
}

async fn taken_back(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let lease = scene.lease("acme").await;
    let (_, there) = done();
    let (outcome, _) = hold();
    scene.attempts(&lease, 1, outcome, there.clone()).await;
    scene.releases(&lease).await;
    let reject = scene.decision("acme", 1, Verdict::Reject, "ann").await;
    let decided = scene.decides(&reject).await;
    assert!(matches!(decided, Decided::Done { state: StateKind::Waiting, send: Some(_) }), "{decided:?}");
    let lease = scene.lease("acme").await;
    scene.attempts(&lease, 1, Outcome::Withdrawn, there).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Rejected);
    assert!(matches!(scene.decides(&reject).await, Decided::AlreadyDecided(_)));
}

async fn removal_outweighs(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let id = scene.shop_value("acme", Policy::default()).id;
    scene.ports.registry.remove_shop(&id, scene.now()).await.expect("removed");
    let why = PauseReason::NoProgress;
    scene.completes(&lease, 1, Outcome::Pause { why, until: None }, Reach::Untouched).await;
    scene.releases(&lease).await;
    scene.shop("acme").await;
    scene.lease("acme").await;
}

async fn mode_in_doubt(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let lease = scene.lease("acme").await;
    let (outcome, _) = fail();
    scene.attempts(&lease, 1, outcome, Reach::Unresolved).await;
    let known = scene.shop_value("acme", Policy::default());
    let (mut imports, mut stores) = (known.clone(), known.clone());
    (imports.carriage.mode, imports.carriage.store) = (Mode::Correct, Some(50));
    stores.carriage.store = Some(50);
    for moved in [&imports, &stores] {
        let refused = scene.ports.registry.put_shop(moved, scene.now()).await;
        assert!(matches!(refused, Err(RegistryError::InDoubt { .. })), "{refused:?}");
    }
    scene.ports.registry.put_shop(&known, scene.now()).await.expect("nothing moves");
    let retry = scene.decision("acme", 1, Verdict::Retry, "ann").await;
    scene.decides(&retry).await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    scene.ports.registry.put_shop(&imports, scene.now()).await.expect("nothing is in doubt any more");
    // The warehouse has not imported the next one yet. To look in another store makes nothing; to make orders does.
    scene.hears("acme", &News::of(2)).await;
    let (outcome, _) = fail();
    scene.attempts(&lease, 2, outcome, Reach::Unresolved).await;
    imports.carriage.store = Some(51);
    scene.ports.registry.put_shop(&imports, scene.now()).await.expect("nothing is made in either store");
    let refused = scene.ports.registry.put_shop(&known, scene.now()).await;
    assert!(matches!(refused, Err(RegistryError::InDoubt { .. })), "{refused:?}");
}

async fn warehouse_in_doubt(scene: Scene) {
    scene.shop("acme").await;
    scene.hears("acme", &News::of(1)).await;
    let lease = scene.lease("acme").await;
    let mut moved = scene.shop_value("acme", Policy::default());
    moved.warehouse = lane::id::AccountId::at("shipstation", "other");
    let (outcome, _) = fail();
    scene.attempts(&lease, 1, outcome, Reach::Unresolved).await;
    let refused = scene.ports.registry.put_shop(&moved, scene.now()).await;
    assert!(matches!(refused, Err(RegistryError::InDoubt { .. })), "{refused:?}");
    let retry = scene.decision("acme", 1, Verdict::Retry, "ann").await;
    scene.decides(&retry).await;
    let (outcome, reach) = done();
    scene.attempts(&lease, 1, outcome, reach).await;
    scene.ports.registry.put_shop(&moved, scene.now()).await.expect("nothing is in doubt any more");
}
