//! Many who come and say nothing, or say it slowly: they are shown out, and whoever has something to say is served.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{PATIENCE, World, domain, orders};

/// Writes a beginning and then a byte now and then. What the program said before it hung up.
async fn drips(address: String, beginning: &'static str) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reads, mut writes) = stream.into_split();
    let writing = tokio::spawn(async move {
        let mut well = writes.write_all(beginning.as_bytes()).await;
        while well.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
            well = writes.write_all(b"x").await;
        }
    });
    let mut said = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, reads.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "it was never shown out");
    writing.abort();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_slowly_is_shown_out_and_others_are_served_meanwhile() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let head = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nX-Slow: ";
    let body = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{";
    let slow: Vec<_> = (0..200)
        .map(|n| tokio::spawn(drips(world.program.address().to_owned(), if n % 2 == 0 { head } else { body })))
        .collect();
    let sold = orders(1, 10);
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(slow.iter().all(|one| !one.is_finished()), "they were there all the time");
    for (n, one) in slow.into_iter().enumerate() {
        let said = one.await.unwrap();
        if n % 2 == 1 {
            assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        } else {
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
        }
    }
    world.arrives("acme", &sold[9], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
}

/// As many handles as this process may have, less what it needs itself.
fn handles() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(1000)
}

/// It takes the first webhook three to five seconds, on two cores that do nothing else: too near to the five that the platform
/// waits to promise that no delivery has to be repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_ten_thousand_who_say_nothing_a_webhook_waits_and_is_served_and_people_do_not_wait() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let crowd = handles().min(10_000);
    assert!(crowd >= 2_000, "too few handles for a crowd: {crowd}");
    let connecting = (0..crowd).map(|_| {
        let address = world.program.address().to_owned();
        tokio::spawn(async move { TcpStream::connect(address).await })
    });
    let connecting: Vec<_> = connecting.collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // People's side has places of its own.
    assert_eq!(world.http.get(world.program.review("/health/ready")).send().await.unwrap().status(), 200);
    let sold = orders(1, 3);
    for order in &sold {
        world.shopify.put_order(&domain("acme"), order.clone());
        world.redelivers(&crate::world::Delivery::of("acme", "orders/create", order)).await;
    }
    let mut there = 0;
    for one in &connecting {
        there += usize::from(one.is_finished());
    }
    assert!(there > 1024, "more than have a place came: {there}");
    world.arrives("acme", &sold[2], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
    for one in connecting {
        one.abort();
    }
}
