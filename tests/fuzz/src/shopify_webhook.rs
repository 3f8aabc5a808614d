//! An authentic webhook, whatever it says and whatever its other headers say. A refusal would be repeated and then cost the
//! subscription: so it is answered 200 and recorded once, or it is of a topic that is no work of ours.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use lane::webhook::{Content, Named, OrderNews, Webhook};
use sha2::{Digest as _, Sha256};

use crate::letter::Letter;
use crate::reception::{self, Answer, PREVIOUS, SECRET, now, sign};
use crate::spelling;

/// The topics that are work.
const TOPICS: [&str; 25] = [
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/edited",
    "orders/risk_assessment_changed",
    "refunds/create",
    "orders/delete",
    "fulfillment_holds/added",
    "fulfillment_holds/released",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/moved",
    "fulfillment_orders/split",
    "fulfillment_orders/merged",
    "fulfillment_orders/cancelled",
    "app/uninstalled",
    "customers/data_request",
    "customers/redact",
    "shop/redact",
];

/// The longest text that the handler takes from a header or from an order's name.
const TEXT_CHARS_MAX: usize = 255;

type Headers = Vec<(HeaderName, HeaderValue)>;

/// Posts the letter with a right signature. A header `signed-by: previous` has the previous secret sign it; a header of
/// the newer family has that family's name for the signature.
pub fn check(bytes: &[u8]) -> &'static str {
    let letter = Letter::read(bytes);
    let mut headers = letter.headers(<[u8]>::to_vec);
    headers.retain(|(name, _)| !name.as_str().ends_with("hmac-sha256") && name != "content-length");
    let answer = post(&headers, letter.body);
    assert_eq!(answer.status, 200, "an authentic webhook is never refused");
    assert!(answer.noticed.is_empty());
    let topic = said(&headers, "topic");
    let is_work = topic.as_deref().is_none_or(|topic| TOPICS.contains(&topic));
    if !is_work {
        assert!(answer.left_no_trace() && answer.outcome() == Some("ignored"), "{topic:?}");
        return "ignored";
    }
    let [webhook] = answer.recorded.as_slice() else { panic!("recorded {} times", answer.recorded.len()) };
    judge(webhook, letter.body, topic.as_deref(), &headers);
    let names_a_job = matches!(webhook.content, Content::Order(_) | Content::Touched(Named::Order(_)));
    assert_eq!(answer.sent, usize::from(names_a_job));
    if !matches!(webhook.content, Content::Unreadable { .. }) {
        spelt_differently_it_says_the_same(webhook, letter.body, &headers);
    }
    let (word, outcome) = words(&webhook.content);
    assert_eq!(answer.outcome(), Some(outcome));
    word
}

fn post(headers: &Headers, body: &[u8]) -> Answer {
    let secret =
        if headers.iter().any(|(name, by)| name == "signed-by" && by == "previous") { PREVIOUS } else { SECRET };
    let mut request = Request::post("/webhooks/shopify");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.header(format!("{}hmac-sha256", family(headers)), sign(secret, body));
    reception::post(request.body(Body::from(body.to_vec())).unwrap())
}

fn family(headers: &Headers) -> &'static str {
    let newer = headers.iter().any(|(name, _)| name.as_str().starts_with("shopify-"));
    if newer { "shopify-" } else { "x-shopify-" }
}

/// What a header of the family says, if it stands there once and is plain.
fn said(headers: &Headers, what: &str) -> Option<String> {
    let name = format!("{}{what}", family(headers));
    let mut values = headers.iter().filter(|(header, _)| header.as_str() == name);
    let (Some((_, value)), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?.trim();
    (1..=TEXT_CHARS_MAX).contains(&text.len()).then(|| text.to_ascii_lowercase())
}

/// What is recorded says what came, and can be written to a row and read back.
fn judge(webhook: &Webhook, body: &[u8], topic: Option<&str>, headers: &Headers) {
    let hash: [u8; 32] = Sha256::digest(body).into();
    assert_eq!(webhook.body_hash, hash);
    assert_eq!(webhook.received_at, now());
    assert_eq!(webhook.topic, topic.unwrap_or_default());
    assert_eq!(webhook.merchant, said(headers, "shop-domain").unwrap_or_default());
    let keys = webhook.identity_keys("acme");
    assert!(
        (1..=3).contains(&keys.len()) && keys.iter().all(|key| keys.iter().filter(|other| *other == key).count() == 1)
    );
    let row = serde_json::to_string(&webhook.content).unwrap();
    assert_eq!(serde_json::from_str::<Content>(&row).unwrap(), webhook.content, "{row}");
    let about_somebody = topic.is_some_and(|topic| topic.starts_with("customers/") || topic == "shop/redact");
    let keeps = match &webhook.content {
        Content::Order(_) => true,
        Content::Unreadable { .. } => !about_somebody,
        Content::Touched(_) | Content::Uninstalled { .. } | Content::Privacy(_) => false,
    };
    assert_eq!(webhook.body, if keeps { body } else { b"" }, "kept byte for byte, or not at all");
    match &webhook.content {
        Content::Order(news) => can_be_shown(news),
        Content::Uninstalled { at } => assert!(*at <= now()),
        Content::Privacy(_) => assert!(about_somebody),
        Content::Unreadable { why } => {
            assert!(!why.is_empty() && why.is_ascii() && why.len() <= TEXT_CHARS_MAX, "{why}");
        }
        Content::Touched(_) => {}
    }
}

fn can_be_shown(news: &OrderNews) {
    for text in [&news.number, &news.financial_status] {
        assert!(text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control), "{text:?}");
    }
    assert!(news.id.as_str().parse::<u64>().is_ok(), "{}", news.id);
}

/// The same document with other spaces, escapes and order of keys is the same news: an order does not look newer because
/// the platform wrote it differently.
fn spelt_differently_it_says_the_same(webhook: &Webhook, body: &[u8], headers: &Headers) {
    let Some(spelt) = spelling::another_way(body) else { return };
    let again = post(headers, spelt.as_bytes());
    assert_eq!(again.status, 200);
    let [again] = again.recorded.as_slice() else { panic!("not recorded: {spelt}") };
    assert_eq!(again.content, webhook.content, "{spelt}");
}

/// The word for the corpus, and the one in the answer.
fn words(content: &Content) -> (&'static str, &'static str) {
    match content {
        Content::Order(news) if news.cancelled => ("cancelled", "new"),
        Content::Order(_) => ("order", "new"),
        Content::Touched(Named::Order(_)) => ("touched", "newer"),
        Content::Touched(Named::Part(_)) => ("part", "unchanged"),
        Content::Uninstalled { .. } => ("closed", "closed"),
        Content::Privacy(_) => ("asked", "asked"),
        Content::Unreadable { .. } => ("unreadable", "quarantined"),
    }
}
