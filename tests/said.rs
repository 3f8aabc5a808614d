//! What the program says, everywhere it says something: no line that somebody else wrote, no secret, nobody's data.

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};

use crate::world::{ALONE, Delivery, LINK_SECRET, NOTICE_SECRET, SECRET, World, a_sale, eventually};

/// Ends the line, forges another, talks to the terminal, turns the writing round.
const HOSTILE: &str = "forged\r\n2026-11-21T00:00:00Z ERROR forged\n{\"level\":\"ERROR\"}\u{1b}[31m\u{9b}2J\u{2028}x\u{2029}\u{202e}y\u{85}\u{7}\u{0}";

/// Appends to every text in a value that is words and not a figure, a time, a code or an id.
fn scrawl(value: &mut Value, scrawled: &str) {
    match value {
        Value::String(text) => {
            let is_word = text.len() > 3 && !text.starts_with("gid:") && text.parse::<f64>().is_err();
            let is_time = text.len() > 18 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
            let is_word = is_word && !is_time && !KEPT_WORDS.contains(&text.as_str());
            if is_word {
                text.push_str(scrawled);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| scrawl(value, scrawled)),
        Value::Object(fields) => fields.values_mut().for_each(|value| scrawl(value, scrawled)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Words that mean something to a program.
const KEPT_WORDS: [&str; 12] = [
    "paid",
    "authorized",
    "partially_refunded",
    "refunded",
    "pending",
    "voided",
    "manual",
    "fulfilled",
    "partial",
    "open",
    "closed",
    "submitted",
];

/// An order whose every field that a person filled in says something it must not.
fn scrawled(number: u64, words: &str) -> Value {
    let mut order = a_sale(number);
    for field in ["note", "email", "contact_email", "phone", "tags", "source_name", "customer", "billing_address"] {
        if order[field].is_string() || order[field].is_null() {
            order[field] = json!(format!("x{words}"));
        }
    }
    order["note_attributes"] = json!([{"name": format!("gift{words}"), "value": format!("for{words}")}]);
    for address in ["shipping_address", "billing_address"] {
        for part in ["name", "first_name", "last_name", "company", "address1", "address2", "city", "phone", "zip"] {
            order[address][part] = json!(format!("Ann{words}"));
        }
    }
    if order["customer"].is_object() {
        scrawl(&mut order["customer"], words);
    }
    for line in order["line_items"].as_array_mut().unwrap() {
        for part in ["title", "name", "vendor", "variant_title"] {
            line[part] = json!(format!("mug{words}"));
        }
        line["properties"] = json!([{"name": format!("engraving{words}"), "value": format!("love{words}")}]);
    }
    order
}

/// Goes through everything that can happen with such words in it: accepted, held, decided, refused by a provider, kept
/// aside, unknown, forged.
async fn everything_happens(world: &World, words: &str) {
    world.on_terms("acme", &format!("{ALONE}[[hold.rules]]\nwhen = \"total-above\"\nlimit = \"1.00 USD\"\n")).await;
    let desk = world.desk().await;
    let (held, refused, broken) = (scrawled(1001, words), scrawled(1002, words), scrawled(1003, words));
    for order in [&held, &refused, &broken] {
        assert_eq!(world.sells("acme", order).await, 200);
        desk.sees("acme", order, "held").await;
    }
    let note = json!(format!("checked{words}"));
    let decide = async |order: &Value| {
        let shown = desk.job("acme", order).await;
        let question = &shown["question"];
        let body = json!({"hold": question["number"], "fingerprint": question["fingerprint"], "note": note});
        let (status, told) = desk.post(&format!("{}/approve", crate::world::path("acme", order)), None, &body).await;
        // Signs that obey no line are refused in a note.
        assert!(status == 200 || status == 422, "{status} {told}");
        if status != 200 {
            desk.decides("approve", "acme", order).await;
        }
    };
    let reply = json!({"message": words, "errors": words, "ExceptionMessage": words}).to_string();
    let says = |status| Effect::Status { status, body: reply.clone(), headers: vec![], commit: false };
    // What becomes of it depends on the words: some cannot be carried to the warehouse and are asked about once more.
    let tried = async |order: &Value| {
        let line = format!("attempt 2 of job {} ended", order["id"]);
        eventually(&line, async || world.program.log().contains(&line)).await;
    };
    decide(&held).await;
    tried(&held).await;
    world.shipstation.faults().push(Fault::next(says(405)).on("createorder"));
    decide(&refused).await;
    tried(&refused).await;
    world.shopify.faults().push(Fault::next(says(500)));
    decide(&broken).await;
    tried(&broken).await;
    let pause = json!({"why": format!("stocktaking{words}")});
    desk.post("/api/v1/lanes/orders/acme/pause", None, &pause).await;

    // Kept aside, unknown, forged, and under headers that say it all once more.
    for (shop, topic, body) in [
        ("acme", "orders/create", json!({"id": words, "name": words}).to_string().into_bytes()),
        ("acme", "orders/create", format!("{{\"id\":1,\"name\":\"{words}").into_bytes()),
        ("stranger", "orders/create", scrawled(1004, words).to_string().into_bytes()),
        ("acme", "customers/redact", json!({"shop_domain": words, "customer": {"email": words}}).to_string().into()),
        ("acme", "app/uninstalled", json!({"id": 1, "domain": words, "name": words}).to_string().into_bytes()),
    ] {
        assert_eq!(world.post(&Delivery::raw(shop, topic, body)).await.unwrap(), 200, "{shop} {topic}");
    }
    // Signed, and under names that the platform would never give.
    for name in ["x forged ERROR it is", "x\tforged\tERROR"] {
        let mut named = Delivery::of("acme", "orders/create", &a_sale(1006));
        let domain = named.headers.iter_mut().find(|(header, _)| header.ends_with("Shop-Domain"));
        name.clone_into(&mut domain.expect("it has one").1);
        assert_eq!(world.post(&named).await.unwrap(), 200);
    }
    let mut forged = Delivery::of("acme", "orders/create", &scrawled(1005, words));
    let visible: String = words.chars().filter(char::is_ascii_graphic).collect();
    for (name, value) in &mut forged.headers {
        *value =
            if name.contains("Topic") || name.contains("Domain") { format!("a/{visible}") } else { visible.clone() };
    }
    assert_eq!(world.post(&forged).await.unwrap(), 401);
}

/// What is asked without having signed in.
const STRANGERS_MAY_ASK: [&str; 14] = [
    "/",
    "/sign-in",
    "/held/orders/acme/1001",
    "/failed",
    "/lanes",
    "/lanes/orders/acme",
    "/aside",
    "/shop/acme",
    "/orders/orders/acme/1001",
    "/orders/orders/acme/1001/timeline.json",
    "/api/v1/jobs",
    "/api/v1/lanes",
    "/api/v1/quarantine",
    "/metrics",
];

/// Everything that leaves the program without somebody having signed in, and what its commands print.
async fn answers_to_strangers(world: &World, canary: &str) -> String {
    let mut said = String::new();
    let token = format!("lk_{canary}");
    for path in STRANGERS_MAY_ASK {
        for url in [world.program.review(path), world.program.review(&format!("{path}?token={canary}&next={canary}"))] {
            let asked = world.http.get(url).bearer_auth(&token).header("Cookie", format!("session={canary}"));
            let answer = asked.send().await.unwrap();
            said.extend([format!("{:?}", answer.headers())]);
            said.push_str(&answer.text().await.unwrap());
        }
    }
    let webhooks = format!("http://{}", world.program.address());
    for path in [format!("/webhooks/shipstation/main/{canary}"), format!("/webhooks/shipstation/{canary}/{canary}")] {
        let body = json!({"resource_type": "SHIP_NOTIFY", "resource_url": format!("https://{canary}.example/")});
        let answer = world.http.post(format!("{webhooks}{path}")).json(&body).send().await.unwrap();
        said.push_str(&answer.text().await.unwrap());
    }
    for command in [&["shop", "list"][..], &["operator", "list"], &["privacy", "list"], &["check"]] {
        said.push_str(&world.program.command(command).await);
    }
    said
}

/// A merchant opens their link and others that are none. What they are told, and the token that nobody else may read.
async fn merchants_look(world: &World) -> (String, String) {
    let printed = world.program.command(&["shop", "link", "--id", "acme", "--days", "1"]).await;
    let link = printed.split_whitespace().find(|word| word.starts_with("http")).expect("it is printed").to_owned();
    let token = link.rsplit('/').next().unwrap().to_owned();
    let altered = format!("{}AAAA", &link[..link.len() - 4]);
    let mut told = String::new();
    for (url, status) in [
        (link.clone(), 200),
        (format!("{link}?list=line"), 200),
        (format!("{link}?after={token}"), 404),
        (altered, 403),
        (format!("{link}{token}"), 403),
    ] {
        let answer = world.http.get(&url).header("Referer", &link).send().await.unwrap();
        assert_eq!(answer.status(), status, "{url}");
        told.extend([format!("{:?}", answer.headers())]);
        told.push_str(&answer.text().await.unwrap());
    }
    let posted =
        world.http.post(&link).header("Sec-Fetch-Site", "cross-site").body(token.clone()).send().await.unwrap();
    assert_eq!(posted.status(), 403);
    (told, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_and_nothing_of_a_person_is_said_anywhere() {
    let mut world = World::start_with(2400, &[]).await;
    world.settings(|text| text.replace("[review]\n", "[review]\nlink_secrets = [\"env:LINK_SECRET\"]\n"));
    world.restart_with(&[("RUST_LOG", "debug")]).await;
    let canary = "kanarienvogel";
    everything_happens(&world, &format!(" {canary}")).await;
    let (merchants, link_token) = merchants_look(&world).await;
    assert!(merchants.contains("Orders of <bdi>acme.myshopify.com"), "{merchants}");
    let told = answers_to_strangers(&world, canary).await + &merchants;
    let log = world.program.log();
    assert!(log.contains("webhook recorded") && log.len() > 5_000, "{log}");
    assert!(log.contains("it answered 405") && log.contains("it answered 500"), "what a provider said was met: {log}");
    assert!(told.contains("lanekeeper_jobs") && told.contains("acme.myshopify.com"), "{told}");
    let basic = base64(b"ss-key:ss-secret");
    let notices = NOTICE_SECRET;
    for (what, said) in [("log", &log), ("answer", &told)] {
        for never in [
            canary,
            SECRET,
            "an older secret",
            "a token",
            "ss-secret",
            notices,
            &basic,
            LINK_SECRET,
            &link_token,
            "lk_",
        ] {
            let line = said.lines().find(|line| line.contains(never) && !(what == "answer" && never == "lk_"));
            assert!(line.is_none(), "{never} is in the {what}: {line:?}");
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Whether a character ends a line, talks to the terminal or turns the writing round.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_strangers_write_each_record_is_one_line_in_both_forms() {
    for form in ["json", "human"] {
        let mut world = World::start_with(2400, &[]).await;
        if form == "human" {
            world.settings(|settings| settings.replace("format = \"json\"", "format = \"human\""));
        }
        world.restart_with(&[("RUST_LOG", "debug")]).await;
        everything_happens(&world, HOSTILE).await;
        let log = world.program.log();
        assert!(log.lines().count() > 20 && log.contains("webhook recorded"), "{log}");
        for line in log.lines() {
            assert!(!line.contains(is_dangerous), "{line:?}");
            if form == "json" {
                let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert!(record["timestamp"].is_string() && record["level"].is_string(), "{line}");
            } else {
                let stamp = line.split_whitespace().next().unwrap_or_default();
                assert!(stamp.starts_with("20") && stamp.ends_with('Z') && stamp.contains('T'), "{line:?}");
                let level = line.split_whitespace().nth(1).unwrap_or_default();
                assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&level), "{line:?}");
            }
        }
        assert_eq!(log.matches("the program is up").count(), 1);
        assert!(log.contains("forged"), "something that a stranger wrote is there: {log}");
    }
}

#[test]
fn an_order_can_say_it_everywhere() {
    let order = scrawled(1001, " canary").to_string();
    assert!(order.matches("canary").count() > 30, "{order}");
}
