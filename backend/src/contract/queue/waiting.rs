//! Long polls: they come back at once when there is something, and wait when there is not.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::bench::{Bench, Failure, Held, LONG, Line, Outcome, SHORT, Told};

pub(super) const CASES: &[Told] = &[
    ("C48 a long poll comes back at once when there is something", |b| Box::pin(at_once(b))),
    ("C48b a long poll wakes when a message is sent", |b| Box::pin(wakes_on_send(b))),
    ("C48c a long poll wakes when what it waits for is given back", |b| Box::pin(wakes_on_give_back(b))),
    ("C48d a long poll wakes when the visibility time of a message is over", |b| Box::pin(wakes_on_expiry(b))),
    ("C48e a long poll that finds nothing waits its time", |b| Box::pin(waits_its_time(b))),
    ("C48f a receive brings at most what it asks for", |b| Box::pin(at_most(b))),
    ("C48g a receive of more than ten is refused", |b| Box::pin(not_eleven(b))),
];

/// Longer than any case here needs, so that what comes back earlier was woken.
const PATIENT: Duration = Duration::from_secs(18);

/// What counts as at once, on a slow machine.
const AT_ONCE: Duration = Duration::from_secs(3);

fn poll(line: &Line) -> JoinHandle<Result<Vec<Held>, Failure>> {
    let line = line.clone();
    tokio::spawn(async move { line.receive(10, PATIENT).await })
}

async fn brings(polling: JoinHandle<Result<Vec<Held>, Failure>>, within: Duration) -> Outcome {
    let late = || Failure::new(format!("the long poll did not wake within {within:?}"));
    let done = timeout(within, polling).await.map_err(|_| late())?;
    let held = done.map_err(|panic| Failure::new(panic.to_string()))??;
    match held.as_slice() {
        [one] if one.label == "a1" => Ok(()),
        other => Err(Failure::new(format!("{other:?} came instead of a1"))),
    }
}

async fn at_once(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    brings(poll(&line), AT_ONCE).await
}

async fn wakes_on_send(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    let polling = poll(&line);
    bench.pass(Duration::from_secs(1)).await;
    line.send(&["a1"]).await?;
    brings(polling, AT_ONCE).await
}

async fn wakes_on_give_back(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1"]).await?;
    let held = line.gets_one("a1").await?;
    let polling = poll(&line);
    bench.pass(Duration::from_secs(1)).await;
    line.defer(&held, Duration::ZERO).await?;
    brings(polling, AT_ONCE).await
}

async fn wakes_on_expiry(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1"]).await?;
    line.gets_one("a1").await?;
    brings(poll(&line), SHORT + AT_ONCE).await
}

async fn waits_its_time(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    let began = Instant::now();
    if !line.receive(1, Duration::from_secs(2)).await?.is_empty() {
        return Err(Failure::new("an empty queue gave a message"));
    }
    // A little less, because the service's clock is not ours.
    if began.elapsed() < Duration::from_millis(1_900) {
        return Err(Failure::new(format!("it came back after {:?}", began.elapsed())));
    }
    Ok(())
}

async fn at_most(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2", "a3", "b1"]).await?;
    let held = line.receive(2, PATIENT).await?;
    if held.len() > 2 {
        return Err(Failure::new(format!("{} came, 2 were asked for", held.len())));
    }
    line.delete_all(&held).await
}

async fn not_eleven(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    match line.receive(11, Duration::ZERO).await {
        Err(_) => Ok(()),
        Ok(held) => Err(Failure::new(format!("it brought {held:?}"))),
    }
}
