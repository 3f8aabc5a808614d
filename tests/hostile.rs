//! What a stranger may put on the wire: more than he may, two requests in one, and signed nonsense.

use serde_json::json;
use simulators::orders::sign;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::machine::memory_kib;
use crate::world::{Delivery, SECRET, World, an_order, domain, eventually};

const MIB: usize = 1024 * 1024;

/// Writes bytes to a new connection and reads until the program closes it.
async fn talk(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.program.address()).await.unwrap();
    // It may answer, and close, before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let mut chunk = [0; 4096];
    let reading = async {
        while let Ok(read) = stream.read(&mut chunk).await
            && read > 0
        {
            said.extend_from_slice(&chunk[..read]);
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, reading).await.expect("the program closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

/// A signed webhook as bytes, with more lines in its head.
fn whole(order: &serde_json::Value, host: &str, more: &str) -> String {
    let body = order.to_string();
    format!(
        "POST /webhooks/shopify HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nX-Shopify-Topic: orders/create\r\n\
         X-Shopify-Shop-Domain: acme.myshopify.com\r\nX-Shopify-Hmac-Sha256: {}\r\n{more}\r\n{body}",
        body.len(),
        sign(body.as_bytes(), SECRET),
    )
}

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_of_a_signature_asks_nothing_of_the_proxy() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let hosts = ["localhost", "evil.example", "acme.myshopify.com:443", "[::1]", "127.0.0.1:1"];
    let forwarded = [
        "",
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n",
        "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4;host=evil.example;proto=http\r\n",
        "X-Original-URL: /elsewhere\r\nX-Rewrite-URL: /elsewhere\r\n",
        "X-Forwarded-Prefix: /app\r\nX-Forwarded-Port: 80\r\nVia: 1.0 evil\r\n",
    ];
    for (n, host) in hosts.into_iter().enumerate() {
        for more in forwarded {
            let more = format!("{more}Connection: close\r\n");
            let good = talk(&world, whole(&json!({"id": n + 1}), host, &more).as_bytes()).await;
            assert!(good.starts_with("HTTP/1.1 200 "), "{host} {more}: {good}");
            let forged = whole(&json!({"id": n + 1}), host, &more).replace("{\"id\":", "{\"id\": ");
            let forged = forged.replace("Content-Length: 8", "Content-Length: 9");
            let bad = talk(&world, forged.as_bytes()).await;
            assert!(bad.starts_with("HTTP/1.1 401 "), "{host} {more}: {bad}");
        }
    }
}

/// Two requests in one: whatever stands behind the end that the program sees is never taken for a request of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_second_request_hides_behind_a_first() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let hidden = whole(&an_order(7), "a", "Connection: close\r\n");
    let post = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let refused: [(&str, String); 12] = [
        ("two lengths", format!("{post}Content-Length: 0\r\nContent-Length: 5\r\n\r\n{hidden}")),
        ("two lengths in one", format!("{post}Content-Length: 0, 5\r\n\r\n{hidden}")),
        ("a length with a sign", format!("{post}Content-Length: +0\r\n\r\n{hidden}")),
        ("a length in hex", format!("{post}Content-Length: 0x0\r\n\r\n{hidden}")),
        ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{hidden}")),
        ("a coding that is not the last", format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{hidden}")),
        ("an unknown coding", format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a coding in HTTP/1.0", format!("{}{chunked}\r\n0\r\n\r\n{hidden}", post.replace("1.1", "1.0"))),
        ("a space before the colon", format!("{post}Content-Length : 0\r\n\r\n{hidden}")),
        ("a folded line", format!("{post}X-A: b\r\n Content-Length: 0\r\n\r\n{hidden}")),
        ("a return inside a value", format!("{post}X-A: b\rContent-Length: 0\r\n\r\n{hidden}")),
        ("a chunk without a length", format!("{post}{chunked}\r\nzz\r\n\r\n{hidden}")),
    ];
    for (what, bytes) in refused {
        let said = talk(&world, bytes.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400 ") && answers(&said) == 1, "{what}: {said}");
    }
    // With both a coding and a length the coding counts, as the standard has it, and the connection ends.
    for head in [format!("Content-Length: 5\r\n{chunked}"), format!("{chunked}Content-Length: 5\r\n")] {
        let said = talk(&world, format!("{post}{head}\r\n0\r\n\r\n{hidden}").as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 401 ") && answers(&said) == 1, "{head}: {said}");
    }
    let log = world.program.log();
    assert!(!log.contains("webhook recorded"), "nothing hidden came through:\n{log}");
    // The same bytes by themselves are a good webhook, so each of the above could have been one.
    assert!(talk(&world, hidden.as_bytes()).await.starts_with("HTTP/1.1 200 "));
}

/// Deflated text that becomes 160 times as long: one byte once, and then a copy of 258 bytes again and again.
fn gzip_bomb(bytes: usize) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let (mut held, mut count) = (0u64, 0u32);
    // Codes are written from their highest bit, all else from its lowest.
    let mut put = |bits: u64, length: u32| {
        held |= bits << count;
        count += length;
        while count >= 8 {
            out.push(held.to_le_bytes()[0]);
            held >>= 8;
            count -= 8;
        }
    };
    put(0b011, 3);
    put(u64::from((0x30_u8 + b' ').reverse_bits()), 8);
    for _ in 0..bytes * 8 / 13 {
        put(u64::from(0b1100_0101_u8.reverse_bits()), 8);
        put(0, 5);
    }
    put(0, 16);
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_end_costs_no_memory_and_is_refused_early() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let order = an_order(1);
    assert_eq!(world.sells("acme", &order).await, 200);
    world.arrives("acme", &order, "awaiting_shipment").await;
    let before = memory_kib(world.program.id(), "VmHWM:");
    let announced = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n";
    let said = talk(&world, announced.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "before a byte of it came: {said}");

    // A hundred MiB, in pieces, from twenty senders at once: each is cut where the limit is.
    let endless = (0..20).map(|_| async {
        let mut stream = TcpStream::connect(world.program.address()).await.unwrap();
        let head = "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let mut sent = 0;
        while sent < 100 * MIB && stream.write_all(piece.as_bytes()).await.is_ok() {
            sent += 0x10000;
        }
        sent
    });
    for sent in futures::future::join_all(endless).await {
        assert!(sent < 30 * MIB, "{sent} bytes were taken");
    }

    // Signed, and it would be 800 MiB if anybody unpacked it. Nobody does: it is kept as the bytes that came.
    let bomb = gzip_bomb(5 * MIB - 64);
    assert!(bomb.len() < 5 * MIB && bomb.len() > 4 * MIB);
    let mut delivery = Delivery::raw("acme", "orders/create", bomb);
    delivery.headers.push(("Content-Encoding", "gzip".to_owned()));
    assert_eq!(world.outcome(&delivery).await, "quarantined");
    let grown = memory_kib(world.program.id(), "VmHWM:") - before;
    assert!(grown < 200 * 1024, "at its highest it took {grown} KiB more");
    assert_eq!(world.outcome(&Delivery::of("acme", "orders/paid", &order)).await, "unchanged", "others are served");
}

/// Bodies that the platform signed and nobody can read, and such as look like orders but are none of this world.
fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let order = |fields: &str| format!("{{\"id\":7,{fields}}}").into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("invalid UTF-8", b"{\"id\":7,\"note\":\"\xff\xfe\xc0\xaf\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"id\":7,\"note\":\"\xed\xa0\x80\"}".to_vec()),
        ("a lone surrogate", order(r#""note":"\ud800""#)),
        ("surrogates the wrong way round", order(r#""note":"\udc00\ud800""#)),
        ("NUL bytes", b"{\"id\":7,\"name\":\"\0\0\"}".to_vec()),
        ("nothing but NUL", vec![0; 4096]),
        ("10,000 lists", [b"[".repeat(10_000), b"]".repeat(10_000)].concat()),
        ("10,000 objects", [br#"{"id":"#.repeat(10_000), b"}".repeat(10_000)].concat()),
        ("two ids", br#"{"id":7,"id":8}"#.to_vec()),
        ("two lists of lines", order(r#""line_items":[],"line_items":[]"#)),
        ("1e400", order(r#""total_price":1e400"#)),
        ("an id of 1e400", br#"{"id":1e400}"#.to_vec()),
        ("an id of 2^64", br#"{"id":18446744073709551616}"#.to_vec()),
        ("an id below nothing", br#"{"id":-9223372036854775808}"#.to_vec()),
        ("a number of 100,000 digits", order(&format!("\"total_price\":{}", "9".repeat(100_000)))),
        ("not a number", order(r#""total_price":NaN"#)),
        ("a comment", order(r#"/* x */"a":1"#)),
        ("half of it", br#"{"id":7,"name":"#.to_vec()),
        ("a page", b"<html><body>429</body></html>".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_nonsense_is_kept_once_and_never_asked_for_again() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let corpus = corpus();
    let mut kept = 0;
    for (what, body) in &corpus {
        for topic in ["orders/create", "orders/edited", "refunds/create"] {
            let delivery = Delivery::raw("acme", topic, body.clone());
            let became = world.outcome(&delivery).await;
            assert!(["quarantined", "duplicate", "unchanged"].contains(&became.as_str()), "{what}: {became}");
            kept += usize::from(became == "quarantined");
            // The platform is content with the first answer, and with the second if it repeats itself.
            assert_eq!(world.outcome(&delivery).await, "duplicate", "{what}");
        }
    }
    assert!(kept >= corpus.len(), "{kept}");
    // Ids at the edges of 2^63 are ids; the shop does not know such orders, so they end before a person.
    for id in ["9223372036854775807", "9223372036854775808", "18446744073709551615"] {
        let body = format!(
            r#"{{"id":{id},"financial_status":"paid","line_items":[{{"id":1,"quantity":1,"requires_shipping":true}}]}}"#
        );
        assert_eq!(world.outcome(&Delivery::raw("acme", "orders/create", body.into())).await, "new", "{id}");
    }
    let desk = world.desk().await;
    eventually("everything that is no order of the shop is kept aside", async || {
        let mut rows = 0;
        let mut after = String::new();
        loop {
            let page = desk.get(&format!("/api/v1/quarantine?limit=50{after}")).await.1;
            rows += page["rows"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return rows == kept + 3,
            }
        }
    })
    .await;
    assert!(!world.program.log().contains("panicked"), "{}", world.program.log());
    let order = an_order(1);
    world.shopify.put_order(&domain("acme"), order.clone());
    world.redelivers(&Delivery::of("acme", "orders/create", &order)).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
}
