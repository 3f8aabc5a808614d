//! A shop's terms, before they count: refused where they cannot be used, compared with what the accounts say, and tried on
//! the orders of the past.

use std::process::Output;

use serde_json::json;
use simulators::shipstation::Importing;
use tokio::process::Command;

use crate::world::{World, bill_elsewhere, domain, orders};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lanekeeper");

/// Everything that is asked for, without the right to tell of shipments.
const READS: [&str; 7] = [
    "read_orders",
    "read_products",
    "read_customers",
    "read_locations",
    "read_merchant_managed_fulfillment_orders",
    "read_assigned_fulfillment_orders",
    "read_third_party_fulfillment_orders",
];

async fn run(world: &World, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--config").arg(world.folder().join("lanekeeper.toml"));
    command.current_dir(world.folder()).env_clear();
    command.envs([("SECRET", crate::world::SECRET), ("PREVIOUS_SECRET", "an older secret"), ("TOKEN", "a token")]);
    command.envs([("SS_KEY", "ss-key"), ("SS_SECRET", "ss-secret"), ("NOTIFY_SECRET", crate::world::NOTICE_SECRET)]);
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    (status.success(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

/// Puts terms in the place of those the shop has.
async fn replace(world: &World, terms: &str) {
    let file = world.folder().join("acme.toml");
    std::fs::write(&file, terms).unwrap();
    world.shop("acme", &["--replace", "--terms", file.to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_reads_the_warehouses_stores_and_refuses_to_guess() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let (good, said) = run(&world, &["check"]).await;
    assert!(good, "{said}");

    // Somebody connected ShipStation with a Shopify shop: perhaps this one.
    world.shipstation.add_importing_store("ss-key", 42, "Front door", Importing::from_shop(&domain("acme")));
    let (good, said) = run(&world, &["check"]).await;
    assert!(!good && said.contains("second parcel") && said.contains("Front door"), "{said}");

    for (terms, fits, words) in [
        ("[carriage]\nmode = \"correct\"\nstore = 42\n", true, "imported by the store 42"),
        ("[carriage]\nmode = \"correct\"\nstore = 1\n", false, "is a manual one"),
        ("[carriage]\nmode = \"correct\"\nstore = 43\n", false, "has no store 43"),
        // That the manual store is meant is said, so nothing is guessed.
        ("[carriage]\nstore = 1\n", true, "see that none of these imports this shop"),
        ("[carriage]\nstore = 42\n", false, "gets its orders from elsewhere"),
    ] {
        replace(&world, terms).await;
        let (good, said) = run(&world, &["check"]).await;
        assert_eq!(good, fits, "{terms}{said}");
        assert!(said.contains(words), "{terms}{said}");
    }
    world.shipstation.set_store_active("ss-key", 42, false);
    replace(&world, "[carriage]\nmode = \"correct\"\nstore = 42\n").await;
    let (good, said) = run(&world, &["check"]).await;
    assert!(!good && said.contains("not active"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_names_the_access_scopes_that_the_token_lacks() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    world.shopify.set_scopes(&domain("acme"), &READS);
    let (good, said) = run(&world, &["check"]).await;
    assert!(good, "{said}");
    for missing in READS {
        let rest: Vec<&str> = READS.into_iter().filter(|scope| *scope != missing).collect();
        world.shopify.set_scopes(&domain("acme"), &rest);
        let (good, said) = run(&world, &["check"]).await;
        assert!(!good && said.contains(&format!("lacks the access scope {missing}")), "{missing}: {said}");
    }
    // Only a shop that wants its tracking back needs the right to write it.
    world.shopify.set_scopes(&domain("acme"), &READS);
    replace(&world, "[carriage.tracking]\nback = true\n").await;
    let (good, said) = run(&world, &["check"]).await;
    assert!(!good && said.contains("write_merchant_managed_fulfillment_orders"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_cannot_be_used_are_refused_with_the_place_and_what_to_do() {
    let world = World::start().await;
    let file = world.folder().join("acme.toml");
    let mut add = vec!["shop", "add", "--id", "acme", "--domain", "acme.myshopify.com", "--token", "env:TOKEN"];
    add.extend(["--warehouse", "main", "--terms", file.to_str().unwrap()]);
    for (terms, words) in [
        ("[carriage]\nmode = \"correct\"\n", "needs store"),
        ("[carriage]\ncolour = \"red\"\n", "colour"),
        ("[carriage.burst]\norders = 101\n", "burst.orders"),
        ("[[hold.rules]]\nwhen = \"tagged\"\ntags = []\n", "tags"),
        ("[[hold.rules]]\nwhen = \"moonlight\"\n", "moonlight"),
        ("[[hold.rules]]\nwhen = \"total-above\"\nlimit = \"500\"\n", "acme.toml:"),
        ("[carriage.customs]\nmissing_hs_code = { use = \"soap\" }\n", "Harmonised System"),
    ] {
        std::fs::write(&file, terms).unwrap();
        let (good, said) = run(&world, &add).await;
        assert!(!good && said.contains(words), "{terms}{said}");
    }
    assert!(!world.program.command(&["shop", "list"]).await.contains("acme"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_tried_on_past_orders_and_change_nothing() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let mut sold = orders(5, 6);
    bill_elsewhere(&mut sold[1]);
    bill_elsewhere(&mut sold[4]);
    sold[2]["tags"] = json!("wholesale");
    for order in &sold {
        world.sells("acme", order).await;
    }
    let desk = world.desk().await;
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    let writes = world.shipstation.journal().commits().len();
    let file = world.folder().join("stricter.toml");
    let rules = ["country-differs\"\n", "tagged\"\ntags = [\"wholesale\"]\n", "everything\"\n", "same-card\"\n"];
    let rules: String = rules.map(|rule| format!("[[hold.rules]]\nwhen = \"{rule}")).concat();
    std::fs::write(&file, rules).unwrap();
    let said = world.program.command(&["shop", "try-rules", "--id", "acme", "--terms", file.to_str().unwrap()]).await;
    for words in [
        "billed to: would have held 2 of 6",
        "tagged wholesale: would have held 1 of 6",
        "every order: would have held 6 of 6",
        "In total 6 of 6",
        "Not tried",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(world.shipstation.journal().commits().len(), writes);
    for order in &sold {
        assert_eq!(desk.job("acme", order).await["state"], "done");
    }
}
