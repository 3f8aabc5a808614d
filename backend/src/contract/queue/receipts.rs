//! What a receipt can do, and when it can no more.

use std::time::Duration;

use lane::ports::{QueueError, Receipt, Settled};

use super::bench::{Bench, Failure, LONG, OVER, Outcome, SHORT, Told};

const HOURS_12: Duration = Duration::from_hours(12);

pub(super) const CASES: &[Told] = &[
    ("C37 a receipt whose time is over deletes nothing", |b| Box::pin(too_late(b))),
    ("C37b a receipt whose time is over defers nothing", |b| Box::pin(too_late_to_defer(b))),
    ("C38 a receipt that was extended in time still deletes", |b| Box::pin(extended(b))),
    ("C40 deleting twice with one receipt is no error", |b| Box::pin(twice(b))),
    ("C41 a text that is no receipt does nothing", |b| Box::pin(garbage(b))),
    ("C42 a deleted message cannot be deferred", |b| Box::pin(deleted(b))),
    ("C43 every receive gives a new receipt", |b| Box::pin(new_receipt(b))),
    ("C44 an extension is for one receive only", |b| Box::pin(for_one_receive(b))),
    ("C45 repeated extensions keep a message hidden beyond the queue's time", |b| Box::pin(again_and_again(b))),
    ("C46 nothing is hidden for more than twelve hours", |b| Box::pin(twelve_hours(b))),
    ("C46b the twelve hours count from the receive", |b| Box::pin(from_the_receive(b))),
    ("C49 a receipt of an earlier receive does not delete what another holds", |b| Box::pin(stale_delete(b))),
    ("C49b a receipt of an earlier receive does not defer what another holds", |b| Box::pin(stale_defer(b))),
];

async fn too_late(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1", "a2"]).await?;
    let held = line.gets_one("a1").await?;
    bench.pass(OVER).await;
    line.delete_is_powerless(&held).await?;
    line.gets(10, &["a1", "a2"]).await?;
    Ok(())
}

async fn too_late_to_defer(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    bench.pass(OVER).await;
    line.defer_is_powerless(&held, LONG).await?;
    line.gets_one("a1").await?;
    Ok(())
}

async fn extended(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1", "a2"]).await?;
    let held = line.gets_one("a1").await?;
    line.defer(&held, LONG).await?;
    bench.pass(OVER).await;
    line.delete(&held).await?;
    line.gets_one("a2").await?;
    Ok(())
}

async fn twice(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2"]).await?;
    let held = line.gets_one("a1").await?;
    line.delete(&held).await?;
    line.delete(&held).await?;
    let next = line.gets_one("a2").await?;
    line.delete(&held).await?;
    line.gets_nothing().await?;
    line.delete(&next).await
}

async fn garbage(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    let nonsense = Receipt("not-a-receipt".to_owned());
    let deleted = line.deleting(&nonsense).await?;
    let deferred = line.deferring(&nonsense, Duration::ZERO).await?;
    if (deleted, deferred) != (Settled::Expired, Settled::Expired) {
        return Err(Failure::new(format!("delete was {deleted:?} and defer {deferred:?}")));
    }
    line.gets_nothing().await?;
    line.delete(&held).await
}

async fn deleted(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    line.delete(&held).await?;
    line.defer_is_powerless(&held, Duration::ZERO).await?;
    line.gets_nothing().await
}

async fn new_receipt(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let mut receipts = Vec::new();
    for _ in 0..3 {
        let held = line.gets_one("a1").await?;
        if receipts.contains(&held.receipt) {
            return Err(Failure::new("a receive gave an old receipt"));
        }
        line.defer(&held, Duration::ZERO).await?;
        receipts.push(held.receipt);
    }
    Ok(())
}

async fn for_one_receive(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    line.defer(&held, LONG).await?;
    line.defer(&held, Duration::ZERO).await?;
    line.gets_one("a1").await?;
    line.gets_nothing().await?;
    bench.pass(OVER).await;
    line.gets_one("a1").await?;
    Ok(())
}

async fn again_and_again(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    for _ in 0..4 {
        bench.pass(SHORT / 2).await;
        line.defer(&held, SHORT).await?;
    }
    line.gets_nothing().await?;
    line.delete(&held).await
}

async fn twelve_hours(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    match line.deferring(&held.receipt, HOURS_12 + Duration::from_secs(1)).await {
        Err(QueueError::Refused(_)) => {}
        other => return Err(Failure::new(format!("more than 12 h was not refused but {other:?}"))),
    }
    // Refused means that nothing was done, so the receipt is as good as before.
    line.gets_nothing().await?;
    line.delete(&held).await
}

async fn from_the_receive(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    bench.pass(Duration::from_secs(3)).await;
    match line.deferring(&held.receipt, HOURS_12).await {
        Err(QueueError::Refused(_)) => line.delete(&held).await,
        other => Err(Failure::new(format!("12 h from now were not refused but {other:?}"))),
    }
}

async fn stale_delete(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    let stale = line.gets_one("a1").await?;
    bench.pass(OVER).await;
    let holder = line.gets_one("a1").await?;
    line.delete_is_powerless(&stale).await?;
    line.defer(&holder, Duration::ZERO).await?;
    let holder = line.gets_one("a1").await?;
    line.delete_is_powerless(&stale).await?;
    line.delete(&holder).await
}

async fn stale_defer(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    let stale = line.gets_one("a1").await?;
    bench.pass(OVER).await;
    let holder = line.gets_one("a1").await?;
    line.defer_is_powerless(&stale, Duration::ZERO).await?;
    line.gets_nothing().await?;
    line.delete(&holder).await
}
