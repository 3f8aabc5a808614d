//! The machine has no more to give: no file handle, no memory.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Delivery, World, domain, eventually, orders};

/// A figure of `/proc/ID/status`, in KiB.
pub(crate) fn memory_kib(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux tells it");
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Posts each until the platform would be content, and says how many were accepted at the first try.
async fn accepted_at_once(world: &World, sold: &[Value]) -> Vec<bool> {
    let posted = sold.iter().map(|order| {
        let delivery = Delivery::of("acme", "orders/create", order);
        async move { world.post(&delivery).await.is_ok_and(|status| status == 200) }
    });
    join_all(posted).await
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shells_low_limit_of_file_handles_is_raised() {
    let mut world = World::start_with(2400, &[]).await;
    world.restart_under("ulimit -Sn 256").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", world.program.id())).unwrap();
    let handles = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(handles.split_whitespace().nth(3), Some("4096"), "{handles}");
    assert!(!world.program.log().contains("few file handles"), "{}", world.program.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_file_handles_new_connections_wait_and_nothing_accepted_is_lost() {
    let mut world = World::start_with(2400, &[]).await;
    world.shop("acme", &[]).await;
    world.restart_under("ulimit -n 64").await;
    assert!(world.program.log().contains("few file handles"), "{}", world.program.log());
    let sold = orders(1, 20);
    for order in &sold {
        world.shopify.put_order(&domain("acme"), order.clone());
    }
    assert_eq!(world.post(&Delivery::of("acme", "orders/create", &sold[0])).await.unwrap(), 200);
    world.arrives("acme", &sold[0], "awaiting_shipment").await;

    // Strangers take every handle that there is and say nothing.
    let mut strangers = Vec::new();
    for _ in 0..60 {
        let connecting = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(world.program.address()));
        strangers.extend(connecting.await.ok().and_then(Result::ok));
    }
    eventually("the program has no handle left", async || {
        world.program.log().contains("a connection could not be accepted")
    })
    .await;
    let accepted = accepted_at_once(&world, &sold[1..10]).await;
    drop(strangers);
    // Those that were not accepted come again, as Shopify repeats them; those that were must be there by themselves.
    for (order, accepted) in sold[1..10].iter().zip(accepted) {
        if !accepted {
            world.redelivers(&Delivery::of("acme", "orders/create", order)).await;
        }
    }
    for order in &sold[10..] {
        world.redelivers(&Delivery::of("acme", "orders/create", order)).await;
    }
    for order in &sold {
        world.arrives("acme", order, "awaiting_shipment").await;
    }
    assert!(!world.program.has_ended(), "it lives; log:\n{}", world.program.log());
    assert_eq!(world.shipstation.orders().len(), 20);
    assert_eq!(world.shipstation.journal().commit_count(), 20);
}

/// What a process may have at most from now on, in KiB of its address space.
fn limit_memory(process: u32, kib: u64) {
    let limit = format!("--as={}", kib * 1024);
    let set = std::process::Command::new("prlimit").args(["--pid", &process.to_string(), &limit]).status();
    assert!(set.expect("prlimit (util-linux) runs").success(), "the limit is set");
}

/// Posts a body of spaces and keeps its last bytes back until all others of `together` have sent as much.
async fn post_large(address: &str, together: &tokio::sync::Barrier) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let body = vec![b' '; 4_000_000];
    let head = format!(
        "POST /webhooks/shopify/shop HTTP/1.1\r\nhost: lanekeeper\r\ncontent-length: {}\r\n\r\n",
        body.len() + 1
    );
    // A server that stops reading must not keep the others from going on.
    let sent = tokio::time::timeout(Duration::from_secs(5), async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await
    });
    let sent = sent.await;
    together.wait().await;
    sent??;
    stream.write_all(b" ").await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 4"))
}

/// Memory that is refused ends the process at once: nothing half-done can be written, and the next start goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_memory_it_refuses_or_ends_and_nothing_accepted_is_lost() {
    let mut world = World::start_with(2400, &[]).await;
    world.shop("acme", &[]).await;
    let sold = orders(1, 12);
    for order in &sold {
        world.shopify.put_order(&domain("acme"), order.clone());
    }
    let mut accepted = accepted_at_once(&world, &sold[..4]).await;
    // What it has when it has worked a little, and too little for ten large bodies at once.
    limit_memory(world.program.id(), memory_kib(world.program.id(), "VmSize:") + 24 * 1024);
    accepted.extend(accepted_at_once(&world, &sold[4..8]).await);
    assert!(accepted[4..].iter().any(|accepted| *accepted), "some were accepted under the limit");
    let together = tokio::sync::Barrier::new(10);
    let address = world.program.address();
    let answered = join_all((0..10).map(|_| post_large(address, &together))).await;
    assert!(!answered.iter().all(|answer| matches!(answer, Ok(true))), "the limit was felt");
    accepted.extend(accepted_at_once(&world, &sold[8..]).await);
    world.restart().await;
    for (order, accepted) in sold.iter().zip(&accepted) {
        if !accepted {
            world.redelivers(&Delivery::of("acme", "orders/create", order)).await;
        }
    }
    for order in &sold {
        world.arrives("acme", order, "awaiting_shipment").await;
    }
    assert_eq!(world.shipstation.orders().len(), 12);
}
