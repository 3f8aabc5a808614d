//! What the limiters of several processes agree on: one writes at a time, and on what it has read.

use futures::future::join_all;
use lane::id::AccountId;
use lane::ports::{Agreed, Limit};

use super::Case;
use super::scene::Scene;

/// Writers at once, and what each adds.
const WRITERS: u64 = 6;
const EACH: u64 = 5;

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("a limit is what was last agreed on", |scene| Box::pin(last_agreed(scene))),
        ("a limit is written on what was read alone", |scene| Box::pin(on_what_was_read(scene))),
        ("limiters that write at once lose nothing", |scene| Box::pin(at_once(scene))),
        ("a limit stands beside what else is known of its account", |scene| Box::pin(beside(scene))),
    ]
}

fn main() -> AccountId {
    AccountId::at("shipstation", "main")
}

fn limit(words: &str, rev: u64) -> Limit {
    Limit { words: words.to_owned(), rev }
}

async fn read(scene: &Scene, account: &AccountId) -> Option<Limit> {
    scene.ports.limits.limit(account).await.expect("an answer")
}

async fn agree(scene: &Scene, account: &AccountId, words: &str, read: u64) -> Agreed {
    scene.ports.limits.agree(account, words, read).await.expect("an answer")
}

async fn last_agreed(scene: Scene) {
    let other = AccountId::at("shipstation", "other");
    assert_eq!(read(&scene, &main()).await, None);
    assert_eq!(agree(&scene, &main(), "one", 0).await, Agreed::Yes);
    assert_eq!(read(&scene, &main()).await, Some(limit("one", 1)));
    // The words are the limiters' own: any text, and as long as forty waiting lanes make it.
    let long = "\"{}\n… 運 ".repeat(1_000);
    assert_eq!(agree(&scene, &main(), &long, 1).await, Agreed::Yes);
    assert_eq!(read(&scene, &main()).await, Some(limit(&long, 2)));
    assert_eq!(read(&scene, &other).await, None);
}

async fn on_what_was_read(scene: Scene) {
    assert_eq!(agree(&scene, &main(), "early", 3).await, Agreed::Overtaken, "there is none yet");
    assert_eq!(read(&scene, &main()).await, None);
    assert_eq!(agree(&scene, &main(), "one", 0).await, Agreed::Yes);
    assert_eq!(agree(&scene, &main(), "one again", 0).await, Agreed::Overtaken);
    assert_eq!(agree(&scene, &main(), "two", 1).await, Agreed::Yes);
    for stale in [0, 1, 3] {
        assert_eq!(agree(&scene, &main(), "stale", stale).await, Agreed::Overtaken, "{stale}");
    }
    assert_eq!(read(&scene, &main()).await, Some(limit("two", 2)));
}

async fn at_once(scene: Scene) {
    let writers = (0..WRITERS).map(|_| async {
        for _ in 0..EACH {
            loop {
                let known = read(&scene, &main()).await;
                let (sum, rev) = known.map_or((0, 0), |known| (known.words.parse().expect("a sum"), known.rev));
                assert_eq!(sum, rev, "each write is on top of the one before");
                if agree(&scene, &main(), &(sum + 1).to_string(), rev).await == Agreed::Yes {
                    break;
                }
            }
        }
    });
    join_all(writers).await;
    assert_eq!(read(&scene, &main()).await, Some(limit("30", WRITERS * EACH)));
}

async fn beside(scene: Scene) {
    let until = lane::clock::after(scene.now(), std::time::Duration::from_mins(1));
    assert_eq!(agree(&scene, &main(), "one", 0).await, Agreed::Yes);
    scene.ports.work.stop_account(&main(), until).await.expect("remembered");
    assert_eq!(agree(&scene, &main(), "two", 1).await, Agreed::Yes);
    assert_eq!(scene.ports.work.stopped_accounts(scene.now()).await.expect("an answer"), [(main(), until)]);
    assert_eq!(read(&scene, &main()).await, Some(limit("two", 2)));
    assert!(scene.ports.shipping.notices(&main(), 10).await.expect("an answer").is_empty());
}
