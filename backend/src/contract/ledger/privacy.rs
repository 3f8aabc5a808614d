//! Requests about somebody's data: forgotten is forgotten, whatever state it was in and whatever comes again; nothing of
//! anybody else is touched; an export says what is known.

mod forgetting;
mod aside;
mod shops;
mod asking;

use bytes::Bytes;
use lane::hold::{Fact, HoldReason};
use lane::id::{Fingerprint, JobId};
use lane::marks::{Mark, Marks};
use lane::outcome::Outcome;
use lane::policy::{Policy, Standing};
use lane::ports::{Recorded, Redacted};
use lane::privacy::{Ask, PrivacyRequest, Subject};
use lane::view::Page;
use lane::webhook::Content;

use super::Case;
use super::news::{News, told};
use super::scene::{Scene, hash, lane};

pub(super) fn cases() -> Vec<(&'static str, Case)> {
    [forgetting::cases(), aside::cases(), shops::cases(), asking::cases()].concat()
}

fn jane() -> Marks {
    Marks { customer: Some(Mark::customer("207119551")), email: Mark::email("jane@example.com"), ..Marks::default() }
}

fn bob() -> Marks {
    Marks { customer: Some(Mark::customer("1")), email: Mark::email("bob@example.com"), ..Marks::default() }
}

fn subject(marks: Marks) -> Subject {
    Subject { customer: marks.customer, email: marks.email, orders: Vec::new() }
}

/// A request comes in. Its number.
async fn asks(scene: &Scene, shop: &str, ask: Ask, subject: Subject) -> u64 {
    scene.pass(1);
    let request = PrivacyRequest { ask, subject, reference: Some("9999".to_owned()) };
    let recorded = told(scene, shop, &format!("privacy {}", ask.as_str()), Content::Privacy(request)).await;
    assert_eq!(recorded, Recorded::Asked);
    let kept = scene.ports.privacy.requests(false, &Page::default()).await.expect("requests");
    kept.rows.last().expect("the request").id
}

/// The merchant takes the app away, and the platform waits before it asks for more.
async fn has_left(scene: &Scene, shop: &str) {
    leaves(scene, shop).await;
    scene.pass(48 * 3600);
}

/// The merchant takes the app away.
async fn leaves(scene: &Scene, shop: &str) {
    let gone = Content::Uninstalled { at: scene.now() };
    assert_eq!(told(scene, shop, "app/uninstalled", gone).await, Recorded::Closed);
}

/// A redaction is carried out to its end.
async fn carries_out(scene: &Scene, request: u64) {
    for _ in 0..1000 {
        match scene.ports.privacy.redact(request, None, scene.now()).await.expect("a page of the redaction") {
            Redacted::More => {}
            Redacted::Done => return,
            Redacted::NoSuchRequest => panic!("no such request"),
            Redacted::ShopIsOpen => panic!("the shop is open"),
        }
    }
    panic!("a redaction never ends");
}

/// A customer of a shop asks to be forgotten, and is.
async fn forgets(scene: &Scene, shop: &str, subject: Subject) {
    let request = asks(scene, shop, Ask::RedactCustomer, subject).await;
    carries_out(scene, request).await;
}

fn evidence(words: &str) -> Outcome {
    Outcome::Hold {
        reason: HoldReason::TotalAbove,
        evidence: vec![Fact::new("ships to", words)],
        fingerprint: Fingerprint::given("fetched"),
        difference: None,
    }
}

/// Everything the ledger tells people of a job.
async fn shown(scene: &Scene, shop: &str, order: u64) -> String {
    let timeline = scene.ports.desk.timeline(&lane(shop), &JobId::from(order)).await.expect("a timeline");
    format!("{:?} {timeline:?}", scene.job(shop, order).await)
}

/// A webhook that nobody understands arrives.
async fn unclear(scene: &Scene, shop: &str, body: &str) {
    let mut webhook = scene.webhook(shop, &News::of(0));
    webhook.body = Bytes::copy_from_slice(body.as_bytes());
    webhook.body_hash = hash(body.as_bytes());
    webhook.content = Content::Unreadable { why: "odd".to_owned() };
    let recorded = scene.ports.intake.record(webhook).await.expect("the webhook is recorded");
    assert!(matches!(recorded, Recorded::Quarantined(_)), "{recorded:?}");
}

fn passing() -> Policy {
    Policy { hold: Standing::StepAside, fail: Standing::StepAside, retry: Standing::StepAside }
}
