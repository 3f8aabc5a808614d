//! The same news again: at once, a hundred times, under another name of the shop, with the old secret and the new one.

use futures::future::join_all;

use crate::world::{Delivery, SECRET, World, a_sale, an_order, domain, key, orders};

/// A figure of `/metrics`; nothing if it is not there.
fn figure(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_in_parallel_are_one_order() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    let same = Delivery::of("acme", "orders/create", &order);
    // Half of them as Shopify repeats itself, half as a second subscription tells the same.
    let copies: Vec<Delivery> = (0..100)
        .map(|nth| if nth % 2 == 0 { same.clone() } else { Delivery::of("acme", "orders/create", &order) })
        .collect();
    let mut became = join_all(copies.iter().map(|copy| world.outcome(copy))).await;
    became.sort();
    assert_eq!((became[98].as_str(), became[99].as_str()), ("duplicate", "new"), "{became:?}");
    assert!(became[..99].iter().all(|word| word == "duplicate"), "{became:?}");
    world.arrives("acme", &order, "awaiting_shipment").await;
    world.desk().await.sees("acme", &order, "done").await;
    assert_eq!(world.shipstation.journal().commit_count(), 1);
    let metrics = world.metrics().await;
    assert_eq!(figure(&metrics, "lanekeeper_webhooks_recorded{outcome=\"duplicate\"}"), 99, "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_under_any_spelling_and_either_of_its_domains_is_one_lane() {
    let world = World::start().await;
    world.shopify.add_shop("acme.myshopify.com", "a token");
    let add = ["shop", "add", "--id", "acme", "--domain", "Acme.MyShopify.com", "--token", "env:TOKEN"];
    let more = ["--warehouse", "main", "--also-domain", "Old-Name.myshopify.com"];
    world.program.command(&[&add[..], &more[..]].concat()).await;
    let sold = orders(1, 4);
    let names = ["acme.myshopify.com", "ACME.MYSHOPIFY.COM", "old-name.myshopify.com", "Old-Name.MyShopify.COM"];
    for (order, name) in sold.iter().zip(names) {
        world.shopify.put_order("acme.myshopify.com", order.clone());
        let mut delivery = Delivery::of("acme", "orders/create", order);
        for (header, value) in &mut delivery.headers {
            if header.ends_with("Shop-Domain") {
                name.clone_into(value);
            }
        }
        assert_eq!(world.outcome(&delivery).await, "new", "{name}");
        // What was told under one name is known under the other.
        assert_eq!(world.outcome(&Delivery::of("acme", "orders/create", order)).await, "duplicate", "{name}");
    }
    world.arrives("acme", &sold[3], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
    let lanes = world.desk().await.get("/api/v1/lanes").await.1;
    assert_eq!(lanes["rows"].as_array().map(Vec::len), Some(1), "{lanes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_comes_in_the_wrong_order_ends_as_the_newest_says() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let desk = world.desk().await;
    // Of the first, the cancellation comes before the update and the update before the order itself; of the second, an
    // old state comes after a newer one.
    let (first, second) = (a_sale(1001), a_sale(1002));
    world.shopify.put_order(&domain("acme"), first.clone());
    let id = first["id"].as_u64().unwrap();
    let updated = world.shopify.change_order(&domain("acme"), id, |order| {
        order["note"] = "leave it at the door".into();
        order["updated_at"] = "2027-01-01T00:00:00Z".into();
    });
    let cancelled = world.shopify.change_order(&domain("acme"), id, |order| {
        order["cancelled_at"] = "2027-01-01T00:00:01Z".into();
        order["cancel_reason"] = "customer".into();
        order["updated_at"] = "2027-01-01T00:00:01Z".into();
    });
    assert_eq!(world.delivers("acme", "orders/cancelled", &cancelled.unwrap()).await, 200);
    assert_eq!(world.delivers("acme", "orders/updated", &updated.unwrap()).await, 200);
    assert_eq!(world.delivers("acme", "orders/create", &first).await, 200);
    desk.sees("acme", &first, "skipped").await;

    world.shopify.put_order(&domain("acme"), second.clone());
    let moved = world.shopify.change_order(&domain("acme"), second["id"].as_u64().unwrap(), |order| {
        order["shipping_address"]["address1"] = "9 Later Street".into();
        order["updated_at"] = "2027-01-01T00:00:00Z".into();
    });
    assert_eq!(world.delivers("acme", "orders/updated", &moved.unwrap()).await, 200);
    assert_eq!(world.delivers("acme", "orders/create", &second).await, 200);
    desk.sees("acme", &second, "done").await;
    let there = world.at_shipstation("acme", &second).unwrap();
    assert_eq!(there["shipTo"]["street1"], "9 Later Street");
    let created = world.shipstation.journal().commits();
    assert!(created.iter().all(|commit| commit.order_key == key("acme", &second)), "the cancelled one never went");
}

/// Merchants sell while the app's secret is changed: first with the old one alone, then with both, then with the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_changed_under_traffic_and_nothing_is_refused() {
    let mut world = World::start_with(2400, &[]).await;
    world.shop("acme", &[]).await;
    let only = |env: &'static str| {
        move |settings: String| {
            let lines = settings.lines().map(|line| {
                let is_it = line.starts_with("shopify_secrets");
                if is_it { format!("shopify_secrets = [{env}]") } else { line.to_owned() }
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    let (old, both, new) = ("\"env:PREVIOUS_SECRET\"", "\"env:SECRET\", \"env:PREVIOUS_SECRET\"", "\"env:SECRET\"");
    let sold = orders(1, 12);
    let (mut sold_so_far, mut refused) = (0, 0);
    // Shopify signs with the old secret until it is revoked, and may take an hour to change: both come meanwhile.
    for (phase, secrets) in [(old, ["an older secret"; 2]), (both, ["an older secret", SECRET]), (new, [SECRET; 2])] {
        world.settings(only(phase));
        world.restart().await;
        for order in &sold[sold_so_far..sold_so_far + 4] {
            world.shopify.put_order(&domain("acme"), order.clone());
            let secret = secrets[sold_so_far % 2];
            let body = serde_json::to_vec(order).unwrap();
            let delivery = Delivery::signed_with(secret, "acme", "orders/create", body);
            refused += usize::from(world.post(&delivery).await.unwrap() != 200);
            sold_so_far += 1;
        }
    }
    assert_eq!((sold_so_far, refused), (12, 0));
    let body = serde_json::to_vec(&a_sale(2001)).unwrap();
    let late = Delivery::signed_with("an older secret", "acme", "orders/create", body);
    assert_eq!(world.post(&late).await.unwrap(), 401, "the old secret is worth nothing any more");
    world.arrives("acme", &sold[11], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
}
