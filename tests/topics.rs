//! Every topic means what it says, each by itself: what carries no order always makes a new version, an app that is taken
//! away closes its lane, and nobody is believed without a signature.

use serde_json::{Value, json};
use simulators::shopify::{Act, Change, Refund};

use crate::world::{Delivery, Desk, World, a_sale, domain, eventually, orders};

const RISK: &str = "[[hold.rules]]\nwhen = \"risk\"\n";

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

/// How many units of a SKU the warehouse packs.
fn packs(world: &World, order: &Value, sku: &str) -> u64 {
    let there = world.at_shipstation("acme", order).unwrap_or_default();
    let items = there["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter(|item| item["sku"] == sku).map(|item| item["quantity"].as_u64().unwrap()).sum()
}

async fn version(desk: &Desk, order: &Value) -> u64 {
    desk.job("acme", order).await["version"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_a_refund_reach_the_warehouse_by_their_own_webhooks_alone() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let (edited, refunded) = (a_sale(1001), a_sale(1002));
    for order in [&edited, &refunded] {
        world.sells("acme", order).await;
        world.arrives("acme", order, "awaiting_shipment").await;
    }
    let desk = world.desk().await;
    desk.sees("acme", &refunded, "done").await;
    let before = version(&desk, &edited).await;

    let changes = vec![Change::Quantity { line: "MUG".into(), to: 1 }];
    world.does_telling("acme", "orders/edited", Act::Edit { order: id(&edited), changes }).await;
    eventually("two mugs are gone", async || packs(&world, &edited, "MUG") == 1).await;
    assert!(version(&desk, &edited).await > before);

    let refund = Refund { units: vec![("SOCKS".into(), 1)], ..Refund::default() };
    world.does_telling("acme", "refunds/create", Act::Refund { order: id(&refunded), refund }).await;
    eventually("one pair is gone", async || packs(&world, &refunded, "SOCKS") == 1).await;
    assert_eq!((packs(&world, &edited, "SOCKS"), packs(&world, &refunded, "MUG")), (2, 3));
    assert_eq!(world.shipstation.orders().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_without_an_order_makes_a_new_version_and_what_is_repeated_word_for_word_does_so_seldom() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = a_sale(1001);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let before = version(&desk, &order).await;
    let assess = |level: &str| Act::Assess { order: id(&order), recommendation: "NONE".into(), level: level.into() };
    // Three that differ; then one of them once more, which may be meant; then again and again, which nobody means.
    for (level, versions) in [("LOW", 1), ("MEDIUM", 2), ("NONE", 3), ("LOW", 4), ("LOW", 4), ("MEDIUM", 4)] {
        world.does("acme", assess(level)).await;
        desk.sees("acme", &order, "done").await;
        assert_eq!(version(&desk, &order).await - before, versions, "{level}");
    }
    // A delivery that is repeated has the ids it had, and changes nothing.
    let told = world.shopify.act(&domain("acme"), assess("HIGH")).unwrap().remove(0);
    let delivery = Delivery::of("acme", &told.topic, &told.body);
    for _ in 0..3 {
        assert_eq!(world.post(&delivery).await.unwrap(), 200);
    }
    desk.sees("acme", &order, "done").await;
    assert_eq!(version(&desk, &order).await - before, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_risk_check_that_ends_is_heard_of_before_and_after_the_order_went() {
    let world = World::start().await;
    world.on_terms("acme", RISK).await;
    let (pending, warned) = (a_sale(1001), a_sale(1002));
    world.shopify.set_risk(&domain("acme"), id(&pending), "PENDING", "PENDING");
    world.sells("acme", &pending).await;
    let desk = world.desk().await;
    let timeline = format!("{}/timeline", crate::world::path("acme", &pending));
    eventually("it waits for the check", async || {
        desk.get(&timeline).await.1.to_string().contains("risk check has not finished")
    })
    .await;
    assert!(world.at_shipstation("acme", &pending).is_none());
    let accepted = Act::Assess { order: id(&pending), recommendation: "ACCEPT".into(), level: "LOW".into() };
    world.does("acme", accepted).await;
    // The webhook is what makes it go on: it would be asked again after a minute only.
    world.arrives("acme", &pending, "awaiting_shipment").await;

    world.sells("acme", &warned).await;
    desk.sees("acme", &warned, "done").await;
    let cancel = Act::Assess { order: id(&warned), recommendation: "CANCEL".into(), level: "HIGH".into() };
    world.does("acme", cancel).await;
    let held = desk.sees("acme", &warned, "held").await;
    assert_eq!(held["hold"]["reason"], "risk_warns");
    assert_eq!(world.at_shipstation("acme", &warned).unwrap()["orderStatus"], "on_hold");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_of_the_shop_stops_the_order_at_the_warehouse_until_it_is_released() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = a_sale(1001);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    // Twice: the second release says word for word what the first one said.
    for _ in 0..2 {
        let hold = Act::Hold { order: id(&order), part: 0, reason: "OTHER".into(), notes: None, handle: None };
        world.does_telling("acme", "fulfillment_orders/placed_on_hold", hold).await;
        world.arrives("acme", &order, "on_hold").await;
        let release = Act::Release { order: id(&order), part: 0, handle: None };
        world.does_telling("acme", "fulfillment_orders/hold_released", release).await;
        world.arrives("acme", &order, "awaiting_shipment").await;
    }
    desk.sees("acme", &order, "done").await;
    assert_eq!(world.shipstation.orders().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_order_goes_when_the_shop_says_it_is_ready() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut order = a_sale(1001);
    order["simulator"]["fulfillment_orders"] = json!([{
        "status": "SCHEDULED", "fulfill_at": "2031-05-01T00:00:00Z",
        "lines": [{"line": "MUG", "quantity": 3}, {"line": "SOCKS", "quantity": 2}],
    }]);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    let timeline = format!("{}/timeline", crate::world::path("acme", &order));
    eventually("it waits", async || desk.get(&timeline).await.1.to_string().contains("scheduled for")).await;
    assert!(world.at_shipstation("acme", &order).is_none());
    world.does("acme", Act::Ready { order: id(&order), part: 0 }).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_taken_away_closes_its_lane_with_the_reason_until_it_returns() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    world.shop("bolt", &[]).await;
    let sold = orders(1, 2);
    world.sells("acme", &sold[0]).await;
    world.arrives("acme", &sold[0], "awaiting_shipment").await;
    world.does("acme", Act::Uninstall).await;
    let desk = world.desk().await;
    let lanes = desk.get("/api/v1/lanes").await.1;
    let lane = lanes["rows"].as_array().unwrap().iter().find(|lane| lane["lane"] == "orders/acme").unwrap();
    assert!(lane.to_string().contains("took the app away"), "{lane}");

    // What still comes is kept, in line, and nothing is asked of the shop meanwhile.
    let asked = world.shopify.journal().calls().iter().filter(|call| call.account == domain("acme")).count();
    assert_eq!(world.sells("acme", &sold[1]).await, 200);
    let other = orders(2, 1).remove(0);
    world.sells("bolt", &other).await;
    world.arrives("bolt", &other, "awaiting_shipment").await;
    assert_eq!(desk.job("acme", &sold[1]).await["state"], "waiting");
    let calls = world.shopify.journal().calls().iter().filter(|call| call.account == domain("acme")).count();
    assert_eq!(calls, asked);

    world.shop("acme", &["--replace"]).await;
    world.arrives("acme", &sold[1], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privacy_requests_and_uninstalls_with_a_bad_signature_are_401_and_change_nothing() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = a_sale(1001);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let acts = [
        Act::AskForData { order: id(&order) },
        Act::RedactCustomer { order: id(&order) },
        Act::RedactShop,
        Act::Uninstall,
    ];
    for act in acts {
        let webhook = world.shopify.act(&domain("acme"), act).unwrap().remove(0);
        let mut forged = Delivery::of("acme", &webhook.topic, &webhook.body);
        for (name, value) in &mut forged.headers {
            if name.contains("Hmac") {
                *value = simulators::orders::sign(&forged.body, "somebody else's secret");
            }
        }
        assert_eq!(world.post(&forged).await.unwrap(), 401, "{}", webhook.topic);
        forged.headers.retain(|(name, _)| !name.contains("Hmac"));
        assert_eq!(world.post(&forged).await.unwrap(), 401, "{} without any", webhook.topic);
    }
    assert_eq!(desk.job("acme", &order).await["state"], "done");
    let listed = world.program.command(&["privacy", "list", "--all"]).await;
    assert!(!listed.contains("acme"), "{listed}");
    assert!(!desk.get("/api/v1/lanes").await.1.to_string().contains("took the app away"));
}
