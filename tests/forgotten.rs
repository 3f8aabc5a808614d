//! Being forgotten: after a redaction no datum of the customer, or of the shop, lies in any file of the ledger's folder,
//! and nothing that comes again brings one back. A request for data becomes a file.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use simulators::shopify::Act;

use crate::world::{Delivery, Desk, World, domain, eventually, key, orders};

/// Words that stand nowhere but in this customer's data.
const CANARIES: [&str; 6] =
    ["canary-name", "canary-street", "canary@example.com", "canary-note", "canary-phone", "canary-gift"];

/// An order full of canaries.
fn of_canary(number: u64) -> Value {
    let mut order = orders(21, number - 1000).pop().unwrap();
    for address in ["shipping_address", "billing_address"] {
        order[address]["name"] = json!("canary-name");
        order[address]["first_name"] = json!("canary-name");
        order[address]["last_name"] = json!("canary-name");
        order[address]["address1"] = json!("canary-street 1");
        order[address]["phone"] = json!("canary-phone");
    }
    order["note"] = json!("canary-note");
    order["note_attributes"] = json!([{"name": "gift note", "value": "canary-gift"}]);
    for field in ["email", "contact_email"] {
        order[field] = json!("canary@example.com");
    }
    order["customer"] = json!({
        "id": 990_000_000_000_000_001_u64, "email": "canary@example.com", "first_name": "canary-name",
        "last_name": "canary-name", "phone": "canary-phone", "orders_count": 2,
    });
    order
}

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

/// Which of the words stand in which file of the folder, whatever it is called; as they are, or compressed as bodies are.
fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(self::found(&path, words));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let texts = [vec![bytes.clone()], unpacked(&bytes)].concat();
            let holds =
                |word: &str| texts.iter().any(|text| text.windows(word.len()).any(|part| part == word.as_bytes()));
            let these = words.iter().filter(|word| holds(word));
            found.extend(these.map(|word| format!("{word} in {}", path.display())));
        }
    }
    found
}

/// What bodies are compressed against.
const AGAINST: &[u8] = include_bytes!("../backend/src/bodies/orders.1.json");

/// Whatever begins like something compressed, as far as it can be read.
fn unpacked(bytes: &[u8]) -> Vec<Vec<u8>> {
    const BEGINS: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let places = bytes.windows(BEGINS.len()).enumerate().filter(|(_, part)| *part == BEGINS).map(|(at, _)| at);
    let unpack = |at: usize| {
        let mut text = Vec::new();
        // What is cut off gives what came before the cut.
        let frame = zstd::Decoder::with_dictionary(&bytes[at..], AGAINST).unwrap();
        let _ = frame.single_frame().read_to_end(&mut text);
        text
    };
    places.map(unpack).collect()
}

/// The number of the newest request, as the command line lists it.
async fn newest_request(world: &World) -> String {
    let listed = world.program.command(&["privacy", "list"]).await;
    let number =
        |line: &str| line.split(|sign: char| !sign.is_ascii_digit()).find(|word| !word.is_empty()).map(str::to_owned);
    listed.lines().rev().find_map(number).unwrap_or_else(|| panic!("no request is listed:\n{listed}"))
}

/// One order that was carried out, one that is held, one that is quarantined: everywhere where data may lie.
async fn spread(world: &World) -> (Desk, Value, Value) {
    world
        .on_terms(
            "acme",
            "[[hold.rules]]\nwhen = \"tagged\"\ntags = [\"look\"]\n[carriage.notes]\ntags = \"internal-notes\"\n",
        )
        .await;
    let (carried, mut held) = (of_canary(1001), of_canary(1002));
    held["tags"] = json!("look");
    world.sells("acme", &carried).await;
    world.sells("acme", &held).await;
    let desk = world.desk().await;
    desk.sees("acme", &carried, "done").await;
    desk.sees("acme", &held, "held").await;
    // What it was before lies in free pages and in the log.
    world.updates("acme", id(&carried), "orders/updated", |order| order["note"] = json!("canary-note, again")).await;
    eventually("it was carried over", async || {
        world.at_shipstation("acme", &carried).is_some_and(|there| there["customerNotes"] == "canary-note, again")
    })
    .await;
    desk.sees("acme", &carried, "done").await;
    let unreadable = concat!(
        r#"{"id": "no number", "note": "canary-note", "customer": {"id": 990000000000000001, "#,
        r#""email": "canary@example.com"}, "email": "canary@example.com""#
    );
    assert_eq!(world.post(&Delivery::raw("acme", "orders/create", unreadable.into())).await.unwrap(), 200);
    // Else the search would prove nothing: it finds them, in the ledger and in its log.
    let before = found(world.folder(), &CANARIES).join("\n");
    for word in CANARIES {
        assert!(before.contains(&format!("{word} in ")), "{word} is not found:\n{before}");
    }
    assert!(before.contains("ledger.db-wal"), "{before}");
    (desk, carried, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redacted_customer_is_in_no_file_and_does_not_come_back() {
    let world = World::start().await;
    let (desk, carried, held) = spread(&world).await;
    let somebody = orders(22, 1).remove(0);
    world.sells("acme", &somebody).await;
    desk.sees("acme", &somebody, "done").await;
    let told = world.shopify.order(&domain("acme"), id(&held)).unwrap();
    let (once, again) = (Delivery::of("acme", "orders/updated", &told), Delivery::of("acme", "orders/updated", &told));
    assert_eq!(world.post(&once).await.unwrap(), 200);

    world.does("acme", Act::RedactCustomer { order: id(&held) }).await;
    world.does("acme", Act::RedactCustomer { order: id(&carried) }).await;
    while world.program.command(&["privacy", "list"]).await.contains("acme") {
        let request = newest_request(&world).await;
        world.program.command(&["privacy", "redact", "--request", &request]).await;
    }
    assert_eq!(found(world.folder(), &CANARIES), Vec::<String>::new());

    // Redeliveries of the old webhook, with the ids it had and with others.
    for delivery in [&once, &again, &Delivery::of("acme", "orders/create", &told)] {
        assert_eq!(world.post(delivery).await.unwrap(), 200);
    }
    let next = orders(22, 2).remove(1);
    world.sells("acme", &next).await;
    desk.sees("acme", &next, "done").await;
    assert_eq!(found(world.folder(), &CANARIES), Vec::<String>::new(), "it came back");
    assert!(world.at_shipstation("acme", &held).is_none(), "and nothing was sent");
    // Somebody else's history stays.
    assert_eq!(desk.job("acme", &somebody).await["state"], "done");
    assert!(world.at_shipstation("acme", &somebody).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redacted_shop_is_in_no_file() {
    let mut world = World::start().await;
    world.shop("bolt", &[]).await;
    let (mut desk, carried, _) = spread(&world).await;
    let told = world.shopify.order(&domain("acme"), id(&carried)).unwrap();
    let other = orders(23, 1).remove(0);
    world.sells("bolt", &other).await;
    desk.sees("bolt", &other, "done").await;
    world.does("acme", Act::Uninstall).await;
    world.does("acme", Act::RedactShop).await;
    // It left only now, so a person has to say so; the program carries on what was begun.
    let request = newest_request(&world).await;
    world.program.command(&["privacy", "redact", "--request", &request]).await;
    // It looks once a minute, and at every start.
    world.restart().await;
    desk.moved(&world);
    eventually("everything of the shop is gone", async || {
        !world.program.command(&["privacy", "list"]).await.contains("acme")
            && found(world.folder(), &CANARIES).is_empty()
    })
    .await;
    // A redelivery does not bring anything back.
    assert_eq!(world.delivers("acme", "orders/updated", &told).await, 200);
    assert_eq!(found(world.folder(), &CANARIES), Vec::<String>::new(), "it came back");
    assert_eq!(desk.job("bolt", &other).await["state"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_data_becomes_a_file_for_the_merchant() {
    let world = World::start().await;
    let (_, carried, _) = spread(&world).await;
    world.does("acme", Act::AskForData { order: id(&carried) }).await;
    let request = newest_request(&world).await;
    let file = world.folder().join("export.json");
    world.program.command(&["privacy", "export", "--request", &request, "--to", file.to_str().unwrap()]).await;
    let export: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let text = export.to_string();
    assert!(text.contains(&carried["id"].to_string()), "{export:#}");
    let there = world.shipstation.order_by_key(&key("acme", &carried)).unwrap();
    assert!(text.contains(&there["orderId"].to_string()), "it says where the warehouse has it: {export:#}");
    assert!(!world.program.command(&["privacy", "list"]).await.contains("acme"), "it is done");
}
