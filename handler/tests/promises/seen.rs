//! What operators see of a webhook: one line, one count, and never a secret, a signature or anything of the body.

use super::harness::*;
use super::topics::EVERY;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Everything this thread logs from now on, as JSON lines.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber =
            tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The fields of each line of the handler.
    fn lines(&self) -> Vec<serde_json::Value> {
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| {
                line["target"].as_str().is_some_and(|target| target.starts_with("handler"))
            })
            .collect()
    }
}

#[tokio::test]
async fn each_webhook_is_one_line_that_can_be_searched_for() {
    let (log, _guard) = Log::listen();
    let world = World::new();
    let answer = world.post(signed(order(7))).await;
    let lines = log.lines();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let fields = &line["fields"];
    assert_eq!(line["level"], "INFO");
    assert_eq!(fields["message"], "webhook recorded");
    assert_eq!(fields["correlation.id"], answer.header("x-correlation-id").unwrap());
    assert_eq!(line["span"]["correlation.id"], fields["correlation.id"]);
    assert_eq!((&fields["topic"], &fields["outcome"]), (&"orders/create".into(), &"new".into()));
    assert_eq!((&fields["merchant"], &fields["job.id"]), (&"acme.myshopify.com".into(), &"7".into()));
    assert_eq!(fields["wake_up"], "sent");
    assert!(fields["took_ms"].is_u64());
}

#[tokio::test]
async fn why_a_webhook_is_refused_is_only_in_the_log() {
    let (log, _guard) = Log::listen();
    let world = World::new();
    let mut bodies = Vec::new();
    for signature in [None, Some("bm9wZQ=="), Some(sign("guess", b"{}").as_str())] {
        let mut sent = request(&[]);
        if let Some(signature) = signature {
            sent = sent.header("X-Shopify-Hmac-Sha256", signature);
        }
        bodies.push(world.post(sent.body(Body::from("{}")).unwrap()).await.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let causes: Vec<_> = log.lines().iter().map(|line| line["fields"]["cause"].clone()).collect();
    assert_eq!(
        causes,
        [
            "the signature header is missing",
            "the signature is not 32 bytes in standard base64",
            "no secret matches the signature"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_queue_is_one_warning_and_one_notice_of_its_end() {
    let (log, _guard) = Log::listen();
    let world = World::new();
    for mood in [Mood::Well, Mood::Unavailable, Mood::Hangs, Mood::Well, Mood::Well] {
        world.queue_is(mood);
        world.post(signed(order(7))).await;
    }
    let messages: Vec<_> = log
        .lines()
        .iter()
        .map(|line| line["fields"]["message"].as_str().unwrap().to_owned())
        .filter(|message| message != "webhook recorded")
        .collect();
    assert_eq!(
        messages,
        ["the queue does not take wake-ups; the sweep wakes the lanes until it does", "the queue takes wake-ups again"]
    );
}

#[tokio::test]
async fn nothing_secret_and_nothing_of_the_body_is_ever_said() {
    let (log, _guard) = Log::listen();
    let world = World::new();
    let canary = "CANARY";
    let bodies = [
        ORDER.replace("Ada", canary).replace("Ring twice.", canary),
        format!(r#"{{"id":"{canary}"}}"#),
        format!(r#"{{"id":1,"name":"{canary}","note":["{canary}","#),
    ];
    let mut said = String::new();
    for mood in [Mood::Well, Mood::Unavailable, Mood::Panics] {
        world.ledger_is(mood);
        for body in &bodies {
            for secret in [SECRET, "guess"] {
                let signature = sign(secret, body.as_bytes());
                let sent = request(&[
                    ("X-Shopify-Hmac-Sha256", signature.as_str()),
                    ("X-Shopify-Topic", "orders/create"),
                    ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
                    ("Authorization", canary),
                ]);
                let answer = world.post(sent.body(Body::from(body.clone())).unwrap()).await;
                said.extend([format!("{:?}", answer.headers), answer.body]);
                said.push_str(&log.text());
                assert!(!said.contains(&signature));
            }
        }
    }
    assert!(said.contains("webhook not recorded") && said.contains("not authentic"));
    for never in [canary, SECRET, PREVIOUS, "guess"] {
        assert!(!said.contains(never), "{never}");
    }
}

#[tokio::test]
async fn no_topic_says_anything_of_whom_it_is_about() {
    let (log, _guard) = Log::listen();
    let world = World::new();
    let mut said = String::new();
    for mood in [Mood::Well, Mood::Unavailable] {
        world.ledger_is(mood);
        // Each body under each topic: understood and not understood.
        for (topic, _) in EVERY {
            for (_, body) in &EVERY[5..] {
                let answer = world.post(about(topic, body)).await;
                said.extend([format!("{:?}", answer.headers), answer.body]);
            }
        }
    }
    said.push_str(&log.text());
    assert!(said.contains("asked") && said.contains("closed") && said.contains("quarantined"));
    for never in ["ane@", "xample.com", "555-01", "owner", "broken", "191167", "Ada", SECRET] {
        assert!(!said.contains(never), "{never}");
    }
}

#[tokio::test]
async fn the_address_of_a_notice_is_never_said() {
    let (log, _guard) = Log::listen();
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _metrics = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    let (canary, own) = ("canary-canary-canary", NOTICE_SECRET);
    let mut said = String::new();
    for mood in [Mood::Well, Mood::Unavailable, Mood::Panics] {
        world.ledger_is(mood);
        for path in
            [format!("main/{own}"), format!("main/{canary}"), format!("{canary}/{own}"), format!("%ff{canary}/{own}")]
        {
            for (event, url) in [
                ("SHIP_NOTIFY", format!("https://ssapi.shipstation.com/{canary}")),
                ("SHIP_NOTIFY", format!("https://{canary}.example/")),
                (canary, String::new()),
            ] {
                let body = serde_json::json!({"resource_type": event, "resource_url": url}).to_string();
                let sent = Request::post(format!("/webhooks/shipstation/{path}")).body(Body::from(body)).unwrap();
                let answer = world.post(sent).await;
                said.extend([format!("{:?}", answer.headers), answer.body]);
            }
        }
    }
    said.extend([log.text(), handle.render()]);
    for word in ["noticed", "not_understood", "refused", "ignored", "not_recorded", "panicked", "shipstation/main"] {
        assert!(said.contains(word), "{word}");
    }
    for never in [canary, own] {
        assert!(!said.contains(never), "{never}");
    }
}

#[tokio::test]
async fn counts_have_few_labels_whatever_comes() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    world.post(signed(order(1))).await;
    world.post(signed("nonsense")).await;
    for n in 0..20 {
        world.post(about(&format!("made/up-{n}"), order(1))).await;
        let forged = request(&[("X-Shopify-Topic", &format!("forged/{n}"))]);
        world.post(forged.body(Body::empty()).unwrap()).await;
    }
    let text = handle.render();
    let mut counts: Vec<_> = text.lines().filter(|line| line.starts_with("lanekeeper_webhooks_total{")).collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            r#"lanekeeper_webhooks_total{topic="orders/create",outcome="new"} 1"#,
            r#"lanekeeper_webhooks_total{topic="orders/create",outcome="quarantined"} 1"#,
            r#"lanekeeper_webhooks_total{topic="other",outcome="ignored"} 20"#,
            r#"lanekeeper_webhooks_total{topic="unverified",outcome="refused"} 20"#,
        ]
    );
    assert!(text.contains("lanekeeper_webhook_seconds_count 42"), "{text}");
    assert!(text.contains(r#"lanekeeper_webhook_wake_ups_total{outcome="sent"} 1"#), "{text}");
}
