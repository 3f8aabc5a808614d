//! The command line, as a person at a terminal uses it.

use std::process::Output;

use tokio::process::Command;

use crate::world::{World, an_order, domain, orders};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lanekeeper");

async fn run(world: &World, arguments: &[&str]) -> Output {
    let config = world.folder().join("lanekeeper.toml");
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--config").arg(config).current_dir(world.folder()).env_clear();
    command.envs([("SECRET", crate::world::SECRET), ("PREVIOUS_SECRET", "an older secret"), ("TOKEN", "a token")]);
    command.envs([("SS_KEY", "ss-key"), ("SS_SECRET", "ss-secret"), ("NOTIFY_SECRET", crate::world::NOTICE_SECRET)]);
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_on_the_same_file_is_refused() {
    let world = World::start().await;
    let second = run(&world, &["up"]).await;
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("in use by another lanekeeper process"), "{}", text(&second.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_is_content_with_what_works_and_names_what_does_not() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let good = run(&world, &["check"]).await;
    assert!(good.status.success(), "{}{}", text(&good.stdout), text(&good.stderr));
    world.shopify.revoke(&domain("acme"));
    world.shipstation.revoke("ss-key");
    let bad = run(&world, &["check"]).await;
    let said = text(&bad.stdout) + &text(&bad.stderr);
    assert!(!bad.status.success(), "{said}");
    assert!(said.contains("acme") && said.contains("main"), "it names both: {said}");
    for secret in ["a token", "ss-secret"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn send_signs_and_posts_a_file() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    let file = world.folder().join("order.json");
    std::fs::write(&file, order.to_string()).unwrap();
    let send = |secret: &'static str| {
        let mut command = Command::new(PROGRAM);
        command.arg("send").arg(&file).args(["--topic", "orders/create", "--shop", "acme.myshopify.com"]);
        command.args(["--to", &world.program.webhooks(), "--secret", "env:SENDS_WITH"]);
        command.env_clear().env("SENDS_WITH", secret).output()
    };
    let accepted = send(crate::world::SECRET).await.unwrap();
    assert!(accepted.status.success(), "{}", text(&accepted.stderr));
    assert!(text(&accepted.stdout).contains("200"), "{}", text(&accepted.stdout));
    world.arrives("acme", &order, "awaiting_shipment").await;
    let refused = send("another secret").await.unwrap();
    let said = text(&refused.stdout) + &text(&refused.stderr);
    assert!(said.contains("401"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shops_are_listed_and_a_removed_shops_lane_stands_still_until_it_returns() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    assert!(world.program.command(&["shop", "list"]).await.contains("acme.myshopify.com"));
    world.program.command(&["shop", "remove", "acme"]).await;
    let sold = orders(1, 2);
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200, "kept, so that the platform is content");
    }
    assert!(world.shipstation.orders().is_empty());
    world.shop("acme", &[]).await;
    world.arrives("acme", &sold[1], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secret_and_an_unknown_setting_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("lanekeeper.toml");
    let settings = "[ledger]\npath = \"ledger.db\"\ncolour = 1\n[webhooks]\nshopify_secrets = [\"env:NOT_SET\"]\n";
    std::fs::write(&config, settings).unwrap();
    let mut command = Command::new(PROGRAM);
    let output = command.args(["up", "--config"]).arg(&config).current_dir(folder.path()).env_clear().output();
    let said = text(&output.await.unwrap().stderr);
    assert!(said.contains("colour"), "{said}");
    std::fs::write(&config, settings.replace("colour = 1\n", "")).unwrap();
    let mut command = Command::new(PROGRAM);
    let output = command.args(["up", "--config"]).arg(&config).current_dir(folder.path()).env_clear().output();
    let said = text(&output.await.unwrap().stderr);
    assert!(said.contains("NOT_SET"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_proves_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["demo", "--fast", "--orders", "40", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = command.env_remove("RUST_LOG").output().await.unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
}
