//! Order inside a group, and what a held message hides.

use std::time::Duration;

use super::bench::{Bench, Failure, LONG, OVER, Outcome, SHORT, Told};

pub(super) const CASES: &[Told] = &[
    ("C1 one poller gets a message; the next of its group comes when it is deleted", |b| Box::pin(one_poller_each(b))),
    ("C2 a batch that is not deleted comes again whole and in order", |b| Box::pin(a_batch_comes_again(b))),
    ("C3 a receive packs as many of one group as it can", |b| Box::pin(packs_one_group(b))),
    ("C4 receiving some of a group hides all of it, and no other group", |b| Box::pin(hides_the_group(b))),
    ("C5 with a visibility time of zero a receive hides nothing", |b| Box::pin(zero_hides_nothing(b))),
    ("C6 a message given back goes out again while a later one of its group is held", |b| {
        Box::pin(given_back_goes_out(b))
    }),
    ("C7 a message deferred goes out again while a later one of its group is held", |b| Box::pin(deferred_goes_out(b))),
    ("C8a extending the first of a batch hides the whole batch", |b| Box::pin(extends(b, 0))),
    ("C8b extending the second of a batch hides it and the third", |b| Box::pin(extends(b, 1))),
    ("C8c extending the last of a batch hides only that", |b| Box::pin(extends(b, 2))),
    ("C9 deleting all that is held of a group frees the rest at once", |b| Box::pin(deleting_all_frees(b))),
    ("C10 deleting only one of two held keeps the group blocked", |b| Box::pin(deleting_one_blocks(b))),
    ("C11 received and deleted one by one, messages keep their order", |b| Box::pin(one_by_one(b))),
    ("C12 a group that became empty works again", |b| Box::pin(empty_works_again(b))),
    ("C14a the second of a group comes only after the first is deleted", |b| Box::pin(second_after_first(b))),
    ("C14b when the visibility time is over the first comes again", |b| Box::pin(first_comes_again(b))),
    ("C14c a blocked group does not block another", |b| Box::pin(others_go_on(b))),
];

async fn one_poller_each(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    let (heard, mut ears) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..3 {
        let (line, tell) = (line.clone(), heard.clone());
        // Ends when the case does: then nobody hears any more.
        tokio::spawn(async move {
            while !tell.is_closed() {
                let received = line.receive(1, Duration::from_secs(3)).await;
                if received.as_ref().is_ok_and(Vec::is_empty) {
                    continue;
                }
                if tell.send(received).is_err() {
                    break;
                }
            }
        });
    }
    let two_seconds = Duration::from_secs(2);
    let mut next = async move || tokio::time::timeout(two_seconds, ears.recv()).await.ok().flatten();
    line.send(&["a1"]).await?;
    let first = next().await.ok_or_else(|| Failure::new("nobody got the first message"))??;
    line.send(&["a2"]).await?;
    if let Some(early) = next().await {
        return Err(Failure::new(format!("{early:?} came while the first was held")));
    }
    line.delete_all(&first).await?;
    let second = next().await.ok_or_else(|| Failure::new("nobody got the second message"))??;
    match second.as_slice() {
        [held] if held.label == "a2" => Ok(()),
        other => Err(Failure::new(format!("{other:?} came instead of a2"))),
    }
}

async fn a_batch_comes_again(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1", "a2", "a3"]).await?;
    line.gets(3, &["a1", "a2", "a3"]).await?;
    line.gets_nothing().await?;
    bench.pass(OVER).await;
    line.gets(3, &["a1", "a2", "a3"]).await?;
    Ok(())
}

async fn packs_one_group(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "b1", "a2", "a3"]).await?;
    let held = line.gets(10, &["a1", "a2", "a3", "b1"]).await?;
    let apart = held
        .first()
        .zip(held.last())
        .is_some_and(|(first, last)| first.label.starts_with('b') != last.label.starts_with('b'));
    if apart { Ok(()) } else { Err(Failure::new("the groups are mixed")) }
}

async fn hides_the_group(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1", "a2", "a3", "a4"]).await?;
    line.gets(2, &["a1", "a2"]).await?;
    line.send(&["b1"]).await?;
    line.gets(10, &["b1"]).await?;
    bench.pass(OVER).await;
    line.gets(10, &["a1", "a2", "a3", "a4", "b1"]).await?;
    Ok(())
}

async fn zero_hides_nothing(bench: Bench) -> Outcome {
    let line = bench.queue(Duration::ZERO).await?;
    line.send(&["a1", "b1", "a2"]).await?;
    let first = line.gets(10, &["a1", "a2", "b1"]).await?;
    line.send(&["c1"]).await?;
    line.gets(10, &["a1", "a2", "b1", "c1"]).await?;
    for held in &first {
        // Whatever an old receipt does here, it must not delete.
        line.deferring(&held.receipt, Duration::ZERO).await?;
    }
    line.gets(10, &["a1", "a2", "b1", "c1"]).await?;
    Ok(())
}

async fn given_back_goes_out(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2"]).await?;
    let held = line.gets(2, &["a1", "a2"]).await?;
    line.send(&["b1"]).await?;
    line.defer(&held[0], Duration::ZERO).await?;
    line.gets(3, &["a1", "b1"]).await?;
    line.gets_nothing().await
}

async fn deferred_goes_out(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2"]).await?;
    let held = line.gets(2, &["a1", "a2"]).await?;
    line.defer(&held[0], Duration::from_secs(3)).await?;
    line.gets_nothing().await?;
    bench.pass(Duration::from_secs(4)).await;
    line.gets(3, &["a1"]).await?;
    line.gets_nothing().await
}

async fn extends(bench: Bench, which: usize) -> Outcome {
    let line = bench.queue(SHORT).await?;
    let labels = ["a1", "a2", "a3"];
    line.send(&labels).await?;
    let held = line.gets(3, &labels).await?;
    line.defer(&held[which], LONG).await?;
    bench.pass(OVER).await;
    line.gets(3, &labels[..which]).await?;
    line.gets_nothing().await
}

async fn deleting_all_frees(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2", "a3", "a4"]).await?;
    let held = line.gets(2, &["a1", "a2"]).await?;
    line.send(&["b1"]).await?;
    line.gets(10, &["b1"]).await?;
    line.delete_all(&held).await?;
    line.gets(10, &["a3", "a4"]).await?;
    Ok(())
}

async fn deleting_one_blocks(bench: Bench) -> Outcome {
    for which in [0, 1] {
        let line = bench.queue(LONG).await?;
        line.send(&["a1", "a2", "a3"]).await?;
        let held = line.gets(2, &["a1", "a2"]).await?;
        line.delete(&held[which]).await?;
        line.gets_nothing().await?;
        line.delete(&held[1 - which]).await?;
        line.gets(10, &["a3"]).await?;
    }
    Ok(())
}

async fn one_by_one(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    let labels = ["a1", "a2", "a3", "a4"];
    line.send(&labels).await?;
    for label in labels {
        let held = line.gets_one(label).await?;
        line.delete(&held).await?;
    }
    line.gets_nothing().await
}

async fn empty_works_again(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    for label in ["a1", "a2"] {
        line.send(&[label]).await?;
        let held = line.gets_one(label).await?;
        line.delete(&held).await?;
        line.gets_nothing().await?;
    }
    Ok(())
}

async fn second_after_first(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2"]).await?;
    let first = line.gets_one("a1").await?;
    line.gets_nothing().await?;
    line.delete(&first).await?;
    line.gets_one("a2").await?;
    Ok(())
}

async fn first_comes_again(bench: Bench) -> Outcome {
    let line = bench.queue(SHORT).await?;
    line.send(&["a1", "a2"]).await?;
    line.gets_one("a1").await?;
    line.gets_nothing().await?;
    bench.pass(OVER).await;
    line.gets_one("a1").await?;
    Ok(())
}

async fn others_go_on(bench: Bench) -> Outcome {
    let line = bench.queue(LONG).await?;
    line.send(&["a1", "a2"]).await?;
    let first = line.gets_one("a1").await?;
    line.send(&["b1"]).await?;
    line.gets(10, &["b1"]).await?;
    line.defer(&first, Duration::ZERO).await?;
    line.gets(10, &["a1", "a2"]).await?;
    Ok(())
}
