//! The suite that every backend passes.

use backend::contract::ledger::cases;
use backend::contract::stand_in::Ministack;
use futures::StreamExt as _;

use super::scene;

/// Cases that are tried side by side.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_every_promise_of_the_contract() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let cases = cases();
    assert!(cases.len() >= 88, "the suite must not shrink unnoticed: {}", cases.len());
    let tried = cases.into_iter().enumerate().map(|(nth, (name, case))| {
        let config = config.clone();
        async move {
            let scene = scene(&config, &format!("case-{nth}")).await;
            tokio::spawn(case(scene)).await.is_err().then_some(name)
        }
    });
    let failed: Vec<&str> =
        futures::stream::iter(tried).buffer_unordered(AT_ONCE).filter_map(async |name| name).collect().await;
    assert!(failed.is_empty(), "broken promises: {failed:#?}");
}
