//! Many decisions at once: people who disagree, and a program that dies in the middle of five hundred approvals.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::StatusCode;
use serde_json::{Value, json};
use simulators::journal::Kind;
use tokio::task::JoinSet;

use crate::world::{Desk, World, domain, eventually, key, orders, path};

const ASKS: &str = "[[hold.rules]]\nwhen = \"everything\"\n";

/// Requests under way at once, as a browser or a script would.
const AT_ONCE: usize = 8;

const OK: StatusCode = StatusCode::OK;

/// One approval as a client keeps it to repeat it.
struct Approval {
    path: String,
    key: String,
    body: Value,
}

/// Posts all of them; what was answered, by place. Those that get no answer are left out.
fn approve(
    world: &World,
    desk: &Desk,
    all: &Arc<Vec<Approval>>,
    done: &Arc<AtomicUsize>,
) -> JoinSet<BTreeMap<usize, (u16, Value)>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (all, next, done) = (Arc::clone(all), Arc::clone(&next), Arc::clone(done));
        let (http, token, base) = (world.http.clone(), desk.token().to_owned(), world.program.review(""));
        clients.spawn(async move {
            let mut answers = BTreeMap::new();
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(approval) = all.get(at) else { return answers };
                let request = http.post(format!("{base}{}", approval.path)).bearer_auth(&token).json(&approval.body);
                let Ok(answer) = request.header("Idempotency-Key", &approval.key).send().await else { continue };
                let status = answer.status().as_u16();
                let Ok(body) = answer.json().await else { continue };
                answers.insert(at, (status, body));
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_approvals_that_a_crash_cuts_in_two_are_each_made_once() {
    let mut world = World::start_with(2400, &[]).await;
    let shops = ["acme", "bolt", "cork", "dune", "elms"];
    let mut sold = Vec::new();
    for (seed, shop) in (1..).zip(shops) {
        world.on_terms(shop, ASKS).await;
        world.shopify.set_plan(&domain(shop), 1000);
        sold.push((shop, orders(seed, 100)));
    }
    for at in 0..100 {
        let [one, two, three, four, five] = [0, 1, 2, 3, 4].map(|nth| world.sells(sold[nth].0, &sold[nth].1[at]));
        let answers = tokio::join!(one, two, three, four, five);
        assert_eq!(answers, (OK, OK, OK, OK, OK));
    }
    let mut desk = world.desk().await;
    let mut all = Vec::new();
    for (shop, orders) in &sold {
        let last = orders.last().expect("a hundred orders");
        desk.sees(shop, last, "held").await;
        eventually("all are held", async || desk.jobs("held", shop).await.len() == orders.len()).await;
        let held = desk.jobs("held", shop).await;
        for order in orders {
            let id = order["id"].to_string();
            let job = held.iter().find(|job| job["id"] == *id).expect("it is held");
            let question = &job["question"];
            let body = json!({"hold": question["number"], "fingerprint": question["fingerprint"]});
            let (path, key) = (format!("{}/approve", path(shop, order)), format!("bulk-{shop}-{}", order["id"]));
            all.push(Approval { path, key, body });
        }
    }
    let (all, answered) = (Arc::new(all), Arc::new(AtomicUsize::new(0)));
    let clients = approve(&world, &desk, &all, &answered);
    eventually("half of them are answered", async || answered.load(Ordering::SeqCst) >= 250).await;
    world.program.kill().await;
    let first: BTreeMap<usize, (u16, Value)> = clients.join_all().await.into_iter().flatten().collect();
    assert!((250..500).contains(&first.len()), "it was cut in two: {} answers", first.len());
    assert!(first.values().all(|(status, _)| *status == 200));

    // The client repeats everything, with the keys it had.
    world.restart().await;
    desk.moved(&world);
    let again = approve(&world, &desk, &all, &answered);
    let second: BTreeMap<usize, (u16, Value)> = again.join_all().await.into_iter().flatten().collect();
    assert_eq!(second.len(), 500);
    for (at, answer) in &second {
        assert_eq!(answer.0, 200, "{}: {}", all[*at].path, answer.1);
        assert!(first.get(at).is_none_or(|before| before == answer), "{}: the same answer", all[*at].path);
    }
    for (shop, orders) in &sold {
        let done = async || desk.jobs("done", shop).await.len() == orders.len();
        eventually("all are done", done).await;
        for order in orders {
            assert_eq!(world.shipstation.journal().count_of(&key(shop, order), Kind::Created), 1);
        }
    }
    // Around the cut nobody knows whether an unanswered one had counted.
    let cut = all.iter().enumerate().filter(|(at, _)| !first.contains_key(at)).take(50);
    for (_, Approval { path, .. }) in cut {
        let timeline = desk.get(&path.replace("/approve", "/timeline")).await.1.to_string();
        assert_eq!(timeline.matches("\"decided\"").count(), 1, "{timeline}");
    }
    assert_eq!(world.shipstation.orders().len(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_people_who_decide_differently_at_the_same_time_one_wins_and_the_others_learn_who() {
    let world = World::start_with(1200, &[]).await;
    world.on_terms("acme", ASKS).await;
    let sold = orders(1, 12);
    for order in &sold {
        world.sells("acme", order).await;
    }
    let (ann, bob) = (world.desk().await, Desk::sign_on_as(&world, "bob", "reviewer").await);
    let mut approved = 0;
    for order in &sold {
        let shown = ann.sees("acme", order, "held").await;
        let (yes, no) = tokio::join!(
            ann.decides_on("approve", "acme", order, &shown),
            bob.decides_on("reject", "acme", order, &shown)
        );
        let (loser, winner, verdict) = match (yes.0.as_u16(), no.0.as_u16()) {
            (200, 409) => (no.1, "ann", "approve"),
            (409, 200) => (yes.1, "bob", "reject"),
            other => panic!("{other:?}: {} {}", yes.1, no.1),
        };
        assert_eq!((&loser["decided"]["by"], &loser["decided"]["verdict"]), (&json!(winner), &json!(verdict)));
        let state = if verdict == "approve" { "done" } else { "rejected" };
        approved += usize::from(verdict == "approve");
        ann.sees("acme", order, state).await;
        assert_eq!(world.at_shipstation("acme", order).is_some(), verdict == "approve");
    }
    assert_eq!(world.shipstation.orders().len(), approved);
}
