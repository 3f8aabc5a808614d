//! Nothing that comes in is without a bound: not its length, not its time, not how much of it there is at once.

use super::harness::*;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

const KIB: usize = 1024;

fn endless(counted: &Arc<AtomicUsize>) -> Body {
    let counted = Arc::clone(counted);
    Body::from_stream(stream::repeat_with(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; KIB]))
    }))
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_refused_before_it_is_read() {
    let world = World::new();
    let read = Arc::new(AtomicUsize::new(0));
    let sent = request(&[("Content-Length", "5242881")]).body(endless(&read)).unwrap();
    let answer = world.post(sent).await;
    assert_eq!((answer.status, read.load(Ordering::Relaxed)), (413, 0));
    assert!(answer.body.starts_with("The body is too long: "));
    assert!(world.nothing_was_asked());
}

#[tokio::test]
async fn a_body_without_a_length_is_read_to_the_limit_and_no_further() {
    let world = World::with(|settings| settings.body_bytes_max = 100 * KIB);
    let read = Arc::new(AtomicUsize::new(0));
    let answer = world.post(request(&[]).body(endless(&read)).unwrap()).await;
    assert_eq!((answer.status, read.load(Ordering::Relaxed)), (413, 101));
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    for length in [40, 16 * KIB, 16 * KIB + 1, 100 * KIB] {
        let world = World::with(|settings| settings.body_bytes_max = length);
        let mut body = br#"{"id":7}"#.to_vec();
        body.resize(length, b' ');
        assert_eq!(world.post(signed(&body)).await.status, 200, "{length}");
        assert_eq!(world.recorded()[0].body, body, "{length}");
        body.push(b' ');
        assert_eq!(world.post(signed(&body)).await.status, 413, "{length} and one more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up() {
    let world = World::new();
    let begun = tokio::time::Instant::now();
    let stalled = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"id\""))]);
    let body = Body::from_stream(stalled.chain(stream::pending()));
    let answer = world.post(request(&[]).body(body).unwrap()).await;
    assert_eq!((answer.status, begun.elapsed().as_secs()), (408, 3));
    assert!(answer.body.starts_with("The body did not arrive in time"));
    assert!(world.nothing_was_asked());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_given_up_too() {
    let trickle = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b" "))
    });
    let sent = request(&[]).body(Body::from_stream(trickle)).unwrap();
    assert_eq!(World::new().post(sent).await.status, 408);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_webhook() {
    let world = World::new();
    let parts = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))];
    let sent = request(&[]).body(Body::from_stream(stream::iter(parts))).unwrap();
    assert_eq!(world.post(sent).await.status, 400);
    assert!(world.nothing_was_asked());
}

#[tokio::test]
async fn more_webhooks_at_once_than_allowed_are_told_to_come_later() {
    let world = Arc::new(World::with(|settings| settings.in_flight_max = 2));
    world.ledger_is(Mood::Hangs);
    let two: Vec<_> = [1, 2]
        .map(|id| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.post(signed(order(id))).await.status })
        })
        .into();
    while world.recorded().len() < 2 {
        tokio::task::yield_now().await;
    }
    let third = world.post(signed(order(3))).await;
    assert!(third.says_later(), "{}", third.status);
    assert_eq!((world.recorded().len(), world.sent().len()), (2, 0), "the third was not recorded");

    world.ledger.go_on.notify_waiters();
    for one in two {
        assert_eq!(one.await.unwrap(), 200);
    }
    world.ledger_is(Mood::Well);
    assert_eq!(world.post(signed(order(3))).await.status, 200);
}

#[tokio::test]
async fn bytes_are_counted_for_as_long_as_the_ledger_holds_them() {
    let world = World::with(|settings| {
        settings.body_bytes_max = 64 * KIB;
        settings.in_flight_bytes_max = 64 * KIB;
    });
    let mut body = order(1).into_bytes();
    body.resize(40 * KIB, b' ');
    assert_eq!(world.post(signed(&body)).await.status, 200);
    let full = world.post(signed(&body)).await;
    assert!(full.says_later(), "the ledger still holds the first: {}", full.status);

    drop(world.take_recorded());
    assert_eq!(world.post(signed(&body)).await.status, 200);
    drop(world.take_recorded());
    for _ in 0..50 {
        let unsigned = request(&[]).body(Body::from(body.clone())).unwrap();
        assert_eq!(world.post(unsigned).await.status, 401, "what is refused is let go");
    }
}

#[tokio::test]
async fn a_pool_that_is_too_small_still_lets_one_longest_body_in() {
    let world = World::with(|settings| {
        settings.body_bytes_max = 64 * KIB;
        settings.in_flight_bytes_max = 1;
    });
    let mut body = order(1).into_bytes();
    body.resize(64 * KIB, b' ');
    let (head, _) = signed(&body).into_parts();
    let pieces: Vec<_> = body.chunks(KIB).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let sent = Request::from_parts(head, Body::from_stream(stream::iter(pieces)));
    assert_eq!(world.post(sent).await.status, 200, "each byte is counted once, however often the buffer grew");
}

#[tokio::test]
async fn on_a_real_connection_a_stalled_body_is_cut_and_others_are_served() {
    let world = World::with(|settings| settings.read_deadline = Duration::from_millis(100));
    let address = world.listen().await;
    let head = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"id\"";
    let stalled = tokio::spawn(async move { talk(address, head.as_bytes()).await.1 });
    let body = order(5);
    let whole = format!(
        "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-SHOPIFY-TOPIC: orders/create\r\nX-SHOPIFY-SHOP-DOMAIN: acme.myshopify.com\r\n\
         X-SHOPIFY-HMAC-SHA256: {}\r\n\r\n{body}",
        body.len(),
        sign(SECRET, body.as_bytes()),
    );
    let (_, served) = talk(address, whole.as_bytes()).await;
    assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
    assert!(stalled.await.unwrap().starts_with("HTTP/1.1 408 "));
    assert_eq!(world.recorded().len(), 1);
}

#[tokio::test]
async fn on_a_real_connection_a_long_chunked_body_is_cut() {
    let world = World::with(|settings| settings.body_bytes_max = 4 * KIB);
    let address = world.listen().await;
    let head = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("400\r\n{}\r\n", " ".repeat(KIB));
    let (_, said) = talk(address, format!("{head}{}", chunk.repeat(5)).as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let announced = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n";
    let (_, said) = talk(address, announced.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(world.nothing_was_asked());
}
