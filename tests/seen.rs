//! What an operator sees from outside: metrics, health, and one thread through the log.

use serde_json::Value;

use crate::world::{ALONE, Delivery, World, an_order, domain, orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_tell_what_happened() {
    let world = World::start().await;
    world.on_terms("acme", &format!("{ALONE}[[hold.rules]]\nwhen = \"country-differs\"\n")).await;
    let mut sold = orders(1, 3);
    crate::world::bill_elsewhere(&mut sold[1]);
    for order in &sold {
        world.sells("acme", order).await;
    }
    let desk = world.desk().await;
    desk.sees("acme", &sold[1], "held").await;
    desk.sees("acme", &sold[2], "done").await;
    let metrics = world.http.get(world.program.review("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "lanekeeper_jobs{state=\"done\"} 2",
        "lanekeeper_jobs{state=\"held\"} 1",
        "lanekeeper_webhooks_total{topic=\"orders/create\",outcome=\"new\"} 3",
        "lanekeeper_provider_calls_total{provider=\"ShipStation\",result=\"200\"} 4",
        "lanekeeper_provider_calls_total{provider=\"Shopify\",result=\"200\"} 3",
        "lanekeeper_attempts_total{outcome=\"done\"} 2",
        "lanekeeper_lanes_stalled{reason=\"blocked\"} 0",
        "lanekeeper_webhook_seconds_count 3",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    for name in ["lanekeeper_provider_call_seconds_count", "lanekeeper_oldest_ready_seconds"] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_correlation_id_leads_from_the_webhook_to_the_completion() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    let delivery = Delivery::of("acme", "orders/create", &order);
    let mut request = world.http.post(world.program.webhooks()).body(delivery.body);
    for (name, value) in delivery.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    let correlation = answer.headers()["x-correlation-id"].to_str().unwrap().to_owned();
    let desk = world.desk().await;
    desk.sees("acme", &order, "done").await;
    let log = world.program.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&correlation)).collect();
    assert!(lines.iter().any(|line| line.contains("webhook")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("attempt") && line.contains("done")), "{lines:#?}");
    assert_eq!(desk.job("acme", &order).await["correlation"], correlation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_answers_on_both_listeners() {
    let world = World::start().await;
    for path in ["/health/live", "/health/ready"] {
        let webhooks = world.program.webhooks().replace("/webhooks/shopify", path);
        for url in [webhooks, world.program.review(path)] {
            assert_eq!(world.http.get(&url).send().await.unwrap().status(), 200, "{url}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_tells_the_whole_story() {
    let world = World::start().await;
    world.shop("acme", &["--hold-country-differs"]).await;
    let mut order = an_order(1);
    crate::world::bill_elsewhere(&mut order);
    world.sells("acme", &order).await;
    let desk = world.desk().await;
    desk.sees("acme", &order, "held").await;
    desk.decides("approve", "acme", &order).await;
    desk.sees("acme", &order, "done").await;
    let timeline = desk.get(&format!("{}/timeline", crate::world::path("acme", &order))).await.1;
    let text = timeline.to_string();
    let mut from = 0;
    for what in ["accepted", "began", "held", "decided", "began", "ended"] {
        let at = text[from..].find(&format!("\"{what}\"")).unwrap_or_else(|| panic!("{what} after {from} in {text}"));
        from += at + 1;
    }
    assert!(text.contains("/orders/createorder"), "the calls are shown: {text}");
    let street: &Value = &order["shipping_address"]["address1"];
    assert!(!text.contains(street.as_str().unwrap()), "and no personal data: {text}");
}
