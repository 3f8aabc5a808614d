//! Customers are forgotten, in whatever state their orders are and whatever comes again; nobody else is touched.

use bytes::Bytes;
use lane::decision::Verdict;
use lane::history::Happened;
use lane::id::{AccountId, JobId, OperatorId};
use lane::marks::Marks;
use lane::outcome::{CallRecord, Learnt, Outcome, Reach, Report, Shipped, Trouble};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Complete, Once, Recorded};
use lane::privacy::{Ask, Subject};
use lane::shop::SkipReason;
use lane::state::State;
use lane::state::StateKind::{Attempting, Done, Failed, Held, Rejected, Retrying, Skipped, Waiting};
use lane::view::Page;
use lane::webhook::{Content, Named};

use super::super::Case;
use super::super::endings::{done, fail};
use super::super::news::{News, sold_to, told};
use super::super::scene::{Scene, lane};
use super::{asks, bob, carries_out, evidence, forgets, jane, passing, shown, subject, unclear};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a customer is forgotten in whatever state the orders are", |scene| Box::pin(every_state(scene))),
        ("a forgotten order stays forgotten whatever comes again", |scene| Box::pin(comes_again(scene))),
        ("what an attempt says of a job forgotten meanwhile is not kept", |scene| Box::pin(forgotten_meanwhile(scene))),
        ("nobody looks at a forgotten order for a dead worker", |scene| Box::pin(dead_worker(scene))),
        ("a lane goes on without the forgotten job that stopped it", |scene| Box::pin(lane_goes_on(scene))),
        ("nobody else is touched by a redaction", |scene| Box::pin(nobody_else(scene))),
        ("orders without a customer are forgotten by mail and by list", |scene| Box::pin(by_mail_and_list(scene))),
        ("what is bought afterwards, or by others, is not forgotten", |scene| Box::pin(only_theirs(scene))),
        ("a refused order that is forgotten is still taken back", |scene| Box::pin(taken_back(scene))),
        ("an order that was never heard of stays unheard", |scene| Box::pin(never_heard_of(scene))),
    ]
}

async fn every_state(scene: Scene) {
    scene.shop_with("acme", passing()).await;
    for order in 1..=7 {
        sold_to(&scene, "acme", order, jane()).await;
    }
    let lease = scene.lease("acme").await;
    for order in 1..=3 {
        scene.begins(&lease, order).await;
        let report = evidence("12 Elm St, Jane");
        scene.completes_with(&lease, order, report, Reach::Untouched, passing()).await;
    }
    for (order, verdict) in [(2, Verdict::Reject), (3, Verdict::Approve)] {
        let mut decision = scene.decision("acme", order, verdict, "kim").await;
        "Jane rang".clone_into(&mut decision.note);
        scene.decides(&decision).await;
    }
    scene.begins(&lease, 3).await;
    let (outcome, reach) = done();
    scene.completes(&lease, 3, outcome, reach).await;
    scene.begins(&lease, 4).await;
    scene.completes_with(&lease, 4, fail().0, Reach::Untouched, passing()).await;
    scene.begins(&lease, 5).await;
    let error = Trouble::new("shipstation", "Jane is unknown");
    scene.completes_with(&lease, 5, Outcome::Retry { after: None, error }, Reach::Untouched, passing()).await;
    scene.begins(&lease, 6).await;
    let before = [Held, Rejected, Done, Failed, Retrying, Attempting, Waiting];
    for (order, state) in (1..).zip(before) {
        assert_eq!(scene.state("acme", order).await, state);
    }

    forgets(&scene, "acme", subject(jane())).await;
    let after = [Skipped, Rejected, Done, Skipped, Skipped, Attempting, Skipped];
    for (order, state) in (1..).zip(after) {
        let job = scene.job("acme", order).await;
        assert_eq!(job.state.kind(), state, "order {order}");
        assert!(job.redacted && job.marks == Marks::default() && job.seen.is_none(), "order {order}");
        let shown = shown(&scene, "acme", order).await;
        assert!(!shown.contains("Jane") && !shown.contains("Elm"), "{shown}");
        assert!(shown.contains("Redacted"), "{shown}");
    }
    let timeline = scene.ports.desk.timeline(&lane("acme"), &JobId::from(2)).await.expect("a timeline");
    let decided = timeline.iter().find_map(|entry| {
        let Happened::Decided { verdict, by, note, .. } = &entry.what else { return None };
        Some((*verdict, by.to_string(), note.clone()))
    });
    assert_eq!(decided, Some((Verdict::Reject, "kim".to_owned(), String::new())), "who decided what stays");
    scene.conserves().await;
}

async fn comes_again(scene: Scene) {
    scene.shop("acme").await;
    let first = News::of(1).ids(Some("delivery"), Some("event"));
    let mut webhook = scene.webhook("acme", &first);
    if let Content::Order(news) = &mut webhook.content {
        news.marks = jane();
    }
    let (again, mut other_id) = (webhook.clone(), webhook.clone());
    scene.ports.intake.record(webhook).await.expect("recorded");
    forgets(&scene, "acme", subject(jane())).await;
    assert_eq!(scene.ports.intake.record(again).await.expect("recorded"), Recorded::Duplicate);
    (other_id.webhook_id, other_id.event_id) = (Some("other".to_owned()), None);
    assert_eq!(scene.ports.intake.record(other_id).await.expect("recorded"), Recorded::Duplicate);
    let newer = News::of(1).updated(9, "another street");
    assert_eq!(scene.hears("acme", &newer).await, Recorded::Forgotten);
    assert_eq!(scene.hears("acme", &newer).await, Recorded::Forgotten, "nothing was kept that would know it again");
    let touched = Content::Touched(Named::Order(JobId::from(1)));
    assert_eq!(told(&scene, "acme", "orders/edited", touched).await, Recorded::Forgotten);
    let mut unclear = scene.webhook("acme", &News::of(1).updated(10, "x"));
    unclear.body = Bytes::from(r#"{"id":1,"customer":"Jane"}"#);
    unclear.content = Content::Unreadable { why: "no lines".to_owned() };
    assert_eq!(scene.ports.intake.record(unclear).await.expect("recorded"), Recorded::Forgotten);
    let job = scene.job("acme", 1).await;
    assert_eq!(
        (job.version, job.marks, job.state),
        (1, Marks::default(), State::Skipped { why: SkipReason::Redacted })
    );
    assert_eq!(scene.webhooks("forgotten").await, 4);
    let kept = scene.ports.desk.quarantined(&Page::default()).await.expect("kept webhooks");
    assert!(kept.rows.is_empty());
    assert!(scene.sweeps().await.is_empty(), "there is nothing to do");
}

async fn forgotten_meanwhile(scene: Scene) {
    scene.shop("acme").await;
    for order in 1..=3 {
        sold_to(&scene, "acme", order, jane()).await;
    }
    sold_to(&scene, "acme", 4, bob()).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let request = asks(&scene, "acme", Ask::RedactCustomer, subject(jane())).await;
    carries_out(&scene, request).await;
    assert_eq!(scene.state("acme", 1).await, Attempting, "its worker is at it");
    let call = CallRecord {
        at: scene.now(),
        account: AccountId::at("shipstation", "main"),
        call: "GET /orders?name=Jane".to_owned(),
        ended: "no Jane".to_owned(),
        took_ms: 5,
    };
    let tracking = Shipped {
        shipment: "s1".to_owned(),
        fulfilment: "f1".to_owned(),
        carrier: None,
        tracking: Some("1Z Jane".to_owned()),
        units: 1,
    };
    let learnt = Learnt { marks: jane(), shipped: vec![tracking], parts: vec!["gid://shopify/X/1".into()], seen: None };
    let report = Report { outcome: evidence("Jane"), reach: Reach::Untouched, calls: vec![call], learnt };
    let completed =
        scene.ports.work.complete(&lease, &JobId::from(1), report, Policy::default(), 0.5, scene.now()).await;
    let state = Skipped;
    assert_eq!(completed.expect("an answer"), Complete::Recorded { state, reopened: false });
    let shown = shown(&scene, "acme", 1).await;
    assert!(!shown.contains("Jane") && shown.contains("Ended"), "{shown}");
    assert_eq!(scene.job("acme", 1).await.marks, Marks::default());
    assert_eq!(scene.head(&lease).await, Some("4".to_owned()), "those behind it go on");

    // A webhook that may have named the wrong shop is put before people, unless its order is forgotten.
    let quarantined = async || scene.ports.desk.quarantined(&Page::default()).await.expect("kept webhooks").rows;
    let unknown = Outcome::Skip(SkipReason::UnknownToShop);
    scene.attempts(&lease, 4, unknown.clone(), Reach::Untouched).await;
    let kept = quarantined().await;
    assert_eq!(kept.len(), 1);
    sold_to(&scene, "acme", 5, bob()).await;
    scene.begins(&lease, 5).await;
    forgets(&scene, "acme", subject(bob())).await;
    scene.completes(&lease, 5, unknown, Reach::Untouched).await;
    assert!(quarantined().await.is_empty());
    let kim = OperatorId::parse("kim").expect("an operator");
    let released = scene.ports.desk.release_quarantined(kept[0].id, &kim, scene.now(), None).await;
    assert_eq!(released.expect("an answer"), Once::Answer(None), "nobody brings it back");
    scene.conserves().await;
}

async fn dead_worker(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, jane()).await;
    sold_to(&scene, "acme", 2, jane()).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    let only_first = Subject { orders: vec![JobId::from(1)], ..Subject::default() };
    forgets(&scene, "acme", only_first).await;
    scene.pass(200);
    let next = scene.lease("acme").await;
    assert_eq!(scene.begins(&next, 1).await, Begin::NotReady, "nobody fetches it again");
    assert_eq!(scene.job("acme", 1).await.state, State::Skipped { why: SkipReason::Redacted });

    scene.begins(&next, 2).await;
    scene.pass(200);
    forgets(&scene, "acme", subject(jane())).await;
    assert_eq!(scene.job("acme", 2).await.state, State::Skipped { why: SkipReason::Redacted }, "nobody is at it");
    scene.conserves().await;
}

async fn lane_goes_on(scene: Scene) {
    let stopping = Policy { hold: Standing::StopLane, ..Policy::default() };
    scene.shop_with("acme", stopping).await;
    sold_to(&scene, "acme", 1, jane()).await;
    sold_to(&scene, "acme", 2, bob()).await;
    let lease = scene.lease("acme").await;
    scene.begins(&lease, 1).await;
    scene.completes_with(&lease, 1, evidence("Jane"), Reach::Untouched, stopping).await;
    scene.releases(&lease).await;
    assert!(scene.sweeps().await.is_empty(), "a person must decide");
    forgets(&scene, "acme", subject(jane())).await;
    assert_eq!(scene.sweeps().await, ["2-retry"]);
}

async fn nobody_else(scene: Scene) {
    for shop in ["acme", "bolt"] {
        scene.shop_with(shop, passing()).await;
        sold_to(&scene, shop, 1, jane()).await;
        sold_to(&scene, shop, 2, bob()).await;
        let lease = scene.lease(shop).await;
        for order in [1, 2] {
            scene.begins(&lease, order).await;
            scene.completes_with(&lease, order, evidence("words"), Reach::Untouched, passing()).await;
        }
        scene.releases(&lease).await;
    }
    let others = [("acme", 2), ("bolt", 1), ("bolt", 2)];
    let mut before = Vec::new();
    for (shop, order) in others {
        before.push(shown(&scene, shop, order).await);
    }
    forgets(&scene, "acme", subject(jane())).await;
    for ((shop, order), before) in others.into_iter().zip(before) {
        assert_eq!(shown(&scene, shop, order).await, before);
        assert!(before.contains("words"));
    }
    assert!(scene.job("acme", 1).await.redacted);
}

async fn by_mail_and_list(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, Marks { customer: None, ..jane() }).await;
    sold_to(&scene, "acme", 2, Marks::default()).await;
    sold_to(&scene, "acme", 3, Marks::default()).await;
    let orders = vec![JobId::from(2), JobId::from(77)];
    forgets(&scene, "acme", Subject { orders, ..subject(jane()) }).await;
    let mut redacted = Vec::new();
    for order in 1..=3 {
        redacted.push(scene.job("acme", order).await.redacted);
    }
    assert_eq!(redacted, [true, true, false]);
    // Whoever buys again is a customer again.
    sold_to(&scene, "acme", 4, jane()).await;
    assert_eq!(scene.state("acme", 4).await, Waiting);
}

async fn only_theirs(scene: Scene) {
    scene.shop("acme").await;
    sold_to(&scene, "acme", 1, jane()).await;
    sold_to(&scene, "acme", 2, Marks { customer: bob().customer, ..jane() }).await;
    sold_to(&scene, "acme", 3, Marks { customer: bob().customer, ..jane() }).await;
    let subject = Subject { orders: vec![JobId::from(3)], ..subject(jane()) };
    let request = asks(&scene, "acme", Ask::RedactCustomer, subject).await;
    scene.pass(60);
    sold_to(&scene, "acme", 4, jane()).await;
    unclear(&scene, "acme", r#"{"customer":{"id":207119551}}"#).await;
    carries_out(&scene, request).await;
    let mut redacted = Vec::new();
    for order in 1..=4 {
        redacted.push(scene.job("acme", order).await.redacted);
    }
    assert_eq!(redacted, [true, false, true, false], "hers, bob's, a listed one, and a new one of hers");
    let bobs = Marks { customer: bob().customer, ..Marks::default() };
    assert_eq!(scene.job("acme", 2).await.marks, bobs, "her address is gone");
    assert_eq!(scene.job("acme", 4).await.marks, jane());
    assert_eq!(scene.webhooks("quarantined").await, 1, "it came afterwards");
    scene.conserves().await;
}

async fn taken_back(scene: Scene) {
    scene.shop("acme").await;
    for order in [1, 2] {
        sold_to(&scene, "acme", order, jane()).await;
    }
    let lease = scene.lease("acme").await;
    let there = done().1;
    for order in [1, 2] {
        scene.begins(&lease, order).await;
        scene.completes_with(&lease, order, evidence("Jane"), there.clone(), passing()).await;
    }
    for order in [1, 2] {
        let mut decision = scene.decision("acme", order, Verdict::Reject, "kim").await;
        "Jane rang".clone_into(&mut decision.note);
        scene.decides(&decision).await;
    }
    scene.begins(&lease, 1).await;
    forgets(&scene, "acme", subject(jane())).await;
    for (order, state) in [(1, Attempting), (2, Waiting)] {
        let job = scene.job("acme", order).await;
        assert_eq!((job.state.kind(), job.redacted), (state, true), "the warehouse would ship it");
        assert!(!shown(&scene, "acme", order).await.contains("Jane"));
    }
    let error = Trouble::new("shipstation", "Jane is unknown");
    let retry = Outcome::Retry { after: Some(std::time::Duration::from_secs(5)), error };
    scene.completes_with(&lease, 1, retry, there.clone(), passing()).await;
    assert_eq!(scene.state("acme", 1).await, Waiting);
    scene.pass(5);
    for order in [1, 2] {
        scene.begins(&lease, order).await;
        scene.completes_with(&lease, order, Outcome::Withdrawn, there.clone(), passing()).await;
        let job = scene.job("acme", order).await;
        assert!(matches!(&job.state, State::Rejected { by, why } if by.as_str() == "kim" && why.is_empty()), "{job:?}");
        assert!(!shown(&scene, "acme", order).await.contains("Jane"));
    }
    scene.conserves().await;
}

async fn never_heard_of(scene: Scene) {
    scene.shop("acme").await;
    forgets(&scene, "acme", Subject { orders: vec![JobId::from(5)], ..Subject::default() }).await;
    assert_eq!(scene.hears("acme", &News::of(5)).await, Recorded::Forgotten);
    assert!(scene.ports.desk.job(&lane("acme"), &JobId::from(5)).await.expect("an answer").is_none());
    scene.shop("bolt").await;
    assert!(matches!(scene.hears("bolt", &News::of(5)).await, Recorded::New { .. }), "another shop's order 5");
}
