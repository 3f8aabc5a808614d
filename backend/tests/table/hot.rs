//! A hundred webhooks a second of one shop, at a table that refuses writes that meet: each is a transaction that changes the
//! lane's line, and while one has an item no other gets it.

use std::sync::Arc;
use std::time::Duration;

use backend::aws::ledger::{Patience, create};
use backend::contract::ledger::{News, Ports, Scene};
use backend::contract::stand_in::{self, Ministack};
use backend::contract::wire::{Fault, Wire};
use futures::stream::{self, StreamExt as _};
use lane::clock::{ManualClock, Timestamp};
use lane::ports::Recorded;
use tokio::time::{Instant, interval};

use super::PATIENCE;

/// How long a transaction has its items.
const HELD: Duration = Duration::from_millis(4);

/// A hundred in a second.
const PACE: Duration = Duration::from_millis(10);

const WEBHOOKS: u64 = 300;

/// Where the stand-in is slow they wait for each other.
const AT_ONCE: usize = 16;

/// Writes that meet have to be a good part of all, or nothing was shown.
const MET_MIN: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_webhooks_a_second_of_one_shop_are_recorded_although_their_writes_meet() {
    let stand_in = Ministack::start().unwrap();
    let (wire, config) = Wire::tap(&stand_in.config().await);
    create(&config, "hot", PATIENCE).await.unwrap();
    // For a webhook as patient as the handler is.
    let patience = Patience { webhook: Patience::default().webhook, ..PATIENCE };
    let ledger = Arc::new(stand_in::ledger(&config, "hot", patience).await.unwrap());
    let clock = Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()));
    let scene = &Scene { ports: Ports::of(&ledger), clock };
    scene.shop("acme").await;
    wire.fails(Fault::Meets(HELD));
    let began = Instant::now();
    let paced = stream::unfold((interval(PACE), 1), async |(mut pace, order)| {
        pace.tick().await;
        (order <= WEBHOOKS).then_some((order, (pace, order + 1)))
    });
    let recorded: Vec<_> = paced
        .map(async |order| {
            let webhook = scene.webhook("acme", &News::of(order));
            scene.ports.intake.record(webhook).await
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    eprintln!("{WEBHOOKS} webhooks in {:?}; {} writes met another", began.elapsed(), wire.lost());
    let refused: Vec<_> = recorded.iter().filter(|told| !matches!(told, Ok(Recorded::New { .. }))).collect();
    assert!(refused.is_empty(), "the platform would be told to come again: {refused:?}");
    assert_eq!(recorded.len() as u64, WEBHOOKS);
    assert!(wire.lost() >= MET_MIN, "{} writes met another", wire.lost());
    scene.conserves().await;
}
