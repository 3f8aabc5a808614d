//! Sends that are repeated. Queues are of the kind whose deduplication is per group.

use std::time::Duration;

use super::bench::{Bench, LONG, Outcome, Told};

pub(super) const CASES: &[Told] = &[
    ("C16 the same id twice arrives once", |b| Box::pin(arrives_once(b))),
    ("C17 an id is remembered after its message was deleted", |b| Box::pin(outlives_delete(b))),
    ("C19 the same id in two groups is two messages", |b| Box::pin(per_group(b))),
    ("C24 after five minutes an id is new again", |b| Box::pin(new_after_five_minutes(b))),
    ("C27 an id may have 128 characters, letters, digits and punctuation", |b| Box::pin(long_id(b))),
    ("C28 an id that is empty, too long or has other characters is refused", |b| Box::pin(wrong_ids(b))),
    ("C31 equal bodies with different ids are two messages", |b| Box::pin(equal_bodies(b))),
    ("C33 ten repetitions of a send are one message, and none is an error", |b| Box::pin(ten_times(b))),
    ("C35 a repetition does not renew the five minutes", |b| Box::pin(not_renewed(b))),
];

async fn arrives_once(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a1"]).await?;
    let held = line.gets(10, &["a1"]).await?;
    line.delete_all(&held).await?;
    line.gets_nothing().await
}

async fn outlives_delete(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    line.delete(&held).await?;
    line.send(&["a1"]).await?;
    line.gets_nothing().await
}

async fn per_group(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send_as("a1", "same").await?;
    line.send_as("b1", "same").await?;
    line.send_as("a2", "same").await?;
    line.gets(10, &["a1", "b1"]).await?;
    Ok(())
}

async fn new_after_five_minutes(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    line.delete(&held).await?;
    bench.pass(Duration::from_secs(2)).await;
    line.send(&["a1"]).await?;
    line.gets_nothing().await?;
    bench.pass(Duration::from_mins(6)).await;
    line.send(&["a1"]).await?;
    line.gets_one("a1").await?;
    Ok(())
}

async fn long_id(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send_as("a1", &"x".repeat(128)).await?;
    line.send_as("a2", r##"aZ09!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##).await?;
    line.gets(10, &["a1", "a2"]).await?;
    Ok(())
}

async fn wrong_ids(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    for wrong in ["", "a b", "a\u{1}b", "ä", &"x".repeat(129)] {
        line.refuses_as("a1", wrong).await?;
    }
    line.gets_nothing().await
}

async fn equal_bodies(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send_as("a1", "one").await?;
    line.send_as("a1", "two").await?;
    line.gets(10, &["a1", "a1"]).await?;
    Ok(())
}

async fn ten_times(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"; 10]).await?;
    let held = line.gets(10, &["a1"]).await?;
    line.send(&["a1"; 10]).await?;
    line.delete_all(&held).await?;
    line.gets_nothing().await
}

async fn not_renewed(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    line.delete(&held).await?;
    bench.pass(Duration::from_mins(4)).await;
    line.send(&["a1"]).await?;
    line.gets_nothing().await?;
    bench.pass(Duration::from_secs(70)).await;
    line.send(&["a1"]).await?;
    line.gets_one("a1").await?;
    Ok(())
}
