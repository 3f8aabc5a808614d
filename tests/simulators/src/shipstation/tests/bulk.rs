//! A hundred orders in one call.

use super::*;

#[tokio::test]
async fn a_hundred_are_taken_and_a_hundred_and_one_refused_whole() {
    let bench = bench(40).await;
    let orders = |count: usize| -> Value {
        (0..count).map(|number| order(&format!("#{number}"), &format!("key-{number}"))).collect()
    };
    let (status, bulk) = bench.post("/orders/createorders", &orders(100)).await;
    assert_eq!((status.as_u16(), &bulk["hasErrors"]), (200, &json!(false)));
    let keys: Vec<String> =
        bulk["results"].as_array().unwrap().iter().map(|result| result["orderKey"].as_str().unwrap().into()).collect();
    assert_eq!(keys, (0..100).map(|number| format!("key-{number}")).collect::<Vec<_>>());
    assert_eq!(bench.ship_station.journal().commit_count(), 100);
    assert_eq!(bench.ship_station.journal().call_count(), 1, "and it was one call of the limit");

    assert_eq!(bench.post("/orders/createorders", &orders(101)).await.0, 400);
    assert_eq!(bench.ship_station.orders().len(), 100);
    assert_eq!(bench.ship_station.journal().commit_count(), 100);
}

#[tokio::test]
async fn a_bad_order_does_not_touch_its_neighbours() {
    let bench = bench(40).await;
    let (_, shipped) = bench.post("/orders/createorder", &order("#1", "shipped")).await;
    bench.ship_station.ship(shipped["orderId"].as_u64().unwrap()).unwrap();
    bench.post("/orders/createorder", &order("#2", "known")).await;
    let mut nameless = order("#4", "nameless");
    nameless["items"][0]["name"] = Value::Null;
    let mut unknown = order("#5", "unknown");
    unknown["orderId"] = json!(7);
    let mut again = order("#2", "known");
    again["customerNotes"] = json!("ring twice");
    let bulk = json!([order("#1", "shipped"), again, order("#3", "new"), nameless, unknown, order("#6", "last")]);
    let (status, answer) = bench.post("/orders/createorders", &bulk).await;
    assert_eq!((status.as_u16(), &answer["hasErrors"]), (200, &json!(true)));
    let results = answer["results"].as_array().unwrap();
    let told: Vec<(&str, bool)> = results
        .iter()
        .map(|result| (result["orderKey"].as_str().unwrap(), result["success"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("shipped", false), ("known", true), ("new", true), ("nameless", false), ("unknown", false), ("last", true)]
    );
    assert_eq!(results[0]["errorMessage"], "An order that is shipped cannot be updated.");
    assert_eq!(results[1]["errorMessage"], Value::Null);

    let journal = bench.ship_station.journal();
    let count = |key: &str| (journal.count_of(key, Kind::Created), journal.count_of(key, Kind::Replaced));
    assert_eq!((count("known"), count("new"), count("shipped"), count("nameless")), ((1, 1), (1, 0), (1, 0), (0, 0)));
    let replaced = journal.commits_of("known").pop().unwrap();
    assert_eq!(journal.written(&replaced).unwrap()["customerNotes"], "ring twice");
    let single = journal.commits_of("shipped").pop().unwrap();
    assert_eq!(journal.written(&single), Some(order("#1", "shipped")));
}

#[tokio::test]
async fn a_bulk_call_without_an_answer_has_committed_each_order() {
    let bench = bench(40).await;
    bench.ship_station.faults().push(Fault::next(Effect::CutAfterCommit).on("createorders"));
    let bulk = json!([order("#1", "a"), order("#2", "b")]);
    assert!(bench.send("POST", "/orders/createorders", Some(&bulk)).await.is_err());
    assert_eq!(bench.ship_station.journal().commit_count(), 2);
    assert_eq!(bench.post("/orders/createorders", &bulk).await.1["hasErrors"], false);
    assert_eq!(bench.ship_station.orders().len(), 2);
}
