//! Answers that are lost on the way: what was written is neither written twice nor told as if it had not been.

use backend::contract::ledger::News;
use backend::contract::stand_in::Ministack;
use lane::id::AccountId;
use lane::outcome::{Outcome, Reach};
use lane::ports::{Agreed, Complete, Recorded};
use lane::shop::SkipReason;
use lane::state::StateKind;

use super::scene;
use backend::contract::wire::{Fault, Wire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_was_lost_is_told_as_it_came_out() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let scene = scene(&config, "lost").await;
    wire.fails(Fault::LosesEvery(2));
    scene.shop("acme").await;
    let orders = 1..=20;
    for order in orders.clone() {
        let recorded = scene.hears("acme", &News::of(order)).await;
        assert!(matches!(recorded, Recorded::New { .. }), "order {order}: {recorded:?}");
        assert_eq!(scene.hears("acme", &News::of(order)).await, Recorded::Duplicate);
    }
    let lease = scene.lease("acme").await;
    for order in orders {
        assert_eq!(scene.head(&lease).await, Some(order.to_string()));
        let done = Outcome::Skip(SkipReason::TestOrder);
        let completed = scene.attempts(&lease, order, done, Reach::Untouched).await;
        assert_eq!(completed, Complete::Recorded { state: StateKind::Skipped, reopened: false });
        assert_eq!(scene.job("acme", order).await.begun, 1, "one attempt");
    }
    assert_eq!((scene.webhooks("new").await, scene.webhooks("duplicate").await), (20, 20));
    scene.conserves().await;
    assert!(wire.lost() >= 40, "{} answers were lost", wire.lost());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_whose_answer_was_lost_is_told_as_it_came_out() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    let scene = scene(&config, "lost-limits").await;
    let (limits, account) = (&scene.ports.limits, AccountId::at("shipstation", "main"));
    wire.fails(Fault::LosesEvery(2));
    for read in 0..20 {
        assert_eq!(limits.agree(&account, &read.to_string(), read).await.unwrap(), Agreed::Yes, "{read}");
        assert_eq!(limits.agree(&account, "late", read).await.unwrap(), Agreed::Overtaken, "{read}");
    }
    let stands = limits.limit(&account).await.unwrap().unwrap();
    assert_eq!((stands.words.as_str(), stands.rev), ("19", 20));
    assert!(wire.lost() >= 15, "{} answers were lost", wire.lost());
}
