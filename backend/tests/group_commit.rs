//! Group commit, in a process of its own because killing points are seen by every ledger of a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backend::contract::ledger::{News, Ports, Scene};
use backend::embedded::ledger::Ledger;
use lane::clock::{ManualClock, Timestamp};
use lane::ports::Recorded;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_webhooks_share_one_commit_and_none_is_answered_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()));
    let ledger = Arc::new(Ledger::open(&folder.path().join("ledger.db"), clock.as_ref()).unwrap());
    let story = Scene { ports: Ports::of(&ledger), clock };
    story.shop("acme").await;
    let (commits, committed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (before, after) = (Arc::clone(&commits), Arc::clone(&committed));
    // Slow commits let callers pile up behind the one under way.
    fail::cfg_callback("ledger.before_commit", move || {
        before.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
    })
    .unwrap();
    fail::cfg_callback("ledger.after_commit", move || {
        after.fetch_add(1, Ordering::SeqCst);
    })
    .unwrap();
    let answers = (1..=300).map(|order| {
        let (story, committed) = (story.clone(), Arc::clone(&committed));
        tokio::spawn(async move {
            let before = committed.load(Ordering::SeqCst);
            assert!(matches!(story.hears("acme", &News::of(order)).await, Recorded::New { .. }));
            assert!(committed.load(Ordering::SeqCst) > before, "answered before its commit");
        })
    });
    for answer in futures::future::join_all(answers).await {
        answer.unwrap();
    }
    fail::remove("ledger.before_commit");
    fail::remove("ledger.after_commit");
    let commits = commits.load(Ordering::SeqCst);
    assert!(commits <= 100, "300 webhooks took {commits} commits");
}
