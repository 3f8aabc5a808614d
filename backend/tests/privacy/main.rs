//! After a redaction nothing of its subject lies in any file of the ledger: every byte is looked at, for what was said
//! in plain words and for what webhooks' bodies were compressed to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod past;
mod canaries;

use lane::id::{Fence, JobId, LaneKey, ShopId};
use lane::line::Lease;
use lane::outcome::{Learnt, Outcome, Reach, Report, Trouble};
use lane::ports::{Complete, LedgerError, Privacy, Recorded, Redacted, Work};
use lane::privacy::{Ask, Subject};
use lane::state::StateKind;
use lane::view::Page;
use lane::webhook::Content;
use rusqlite::Connection;

use canaries::Canaries;
use past::{BOB, JANE, ORDERS, PASSING, Story, a_past, buyer};

fn jane() -> Subject {
    Subject { customer: JANE.marks().customer, email: JANE.marks().email, orders: vec![JobId::from(900)] }
}

const JANES_BODIES: &str = "webhook.shop = 'acme' AND
    (CAST(job.id AS INTEGER) % 3 = 0 OR webhook.webhook_id LIKE 'acme 900 %')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_holds_anything_of_a_forgotten_customer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = a_past(&path).await;
    let conn = Connection::open(&path).unwrap();
    let answers: u32 = conn
        .query_row("SELECT count(*) FROM request WHERE answer LIKE '%Canary%' OR answer = ''", [], |row| row.get(0))
        .unwrap();
    assert_eq!(answers, 0, "an answer that is kept for a repeated request is one word");
    drop(conn);

    let places = ["a search", "an answer", "a provider", "evidence 0", "an operator", "a carrier", "who pauses acme"];
    let plain = places.iter().map(|place| JANE.said(place)).chain([JANE.name.to_owned()]).collect();
    let marks = JANE.marks();
    let canaries = Canaries::of(&story, plain, JANES_BODIES);
    canaries.assert_all_there(folder.path());
    let others = story.of_others();
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    let pages = story.carries_out(request).await;
    assert!(pages > 4, "webhooks come in between: {pages}");
    canaries.assert_none_there(folder.path());
    for secret in [JANE.mail(), JANE.id.to_string(), JANE.name.to_owned()] {
        Canaries::words(vec![secret]).assert_none_there(folder.path());
    }
    assert_eq!(story.of_others(), others, "nobody else's rows changed");
    // Another shop knows the same customer, and goes on knowing her.
    Canaries::words(vec![marks.customer.unwrap().as_str().to_owned()]).assert_all_there(folder.path());

    everything_comes_again(&story).await;
    the_attempt_ends(&story).await;
    canaries.assert_none_there(folder.path());
    let story = story.again().await;
    canaries.assert_none_there(folder.path());
    story.scene.conserves().await;
}

/// What comes again says nothing, in whatever form.
async fn everything_comes_again(story: &Story) {
    for order in (3..=ORDERS).step_by(3) {
        let first = story.webhook("acme", order, 1, &JANE);
        let mut under_another_id = first.clone();
        under_another_id.webhook_id = Some(format!("other {order}"));
        let newer = story.webhook("acme", order, 3, &JANE);
        let mut odd = story.webhook("acme", order, 4, &JANE);
        odd.content = Content::Unreadable { why: "odd".to_owned() };
        assert_eq!(story.hears(first).await, Recorded::Duplicate);
        assert_eq!(story.hears(under_another_id).await, Recorded::Duplicate);
        assert_eq!(story.hears(newer).await, Recorded::Forgotten);
        assert_eq!(story.hears(odd).await, Recorded::Forgotten);
    }
}

/// The attempt that was under way ends with what it saw.
async fn the_attempt_ends(story: &Story) {
    let lane = LaneKey::orders(&ShopId::parse("acme").unwrap());
    let lease = Lease { lane, owner: "worker".to_owned(), fence: Fence(1), until: story.scene.now() };
    let error = Trouble::new("shipstation", JANE.said("a provider"));
    let learnt = Learnt { marks: JANE.marks(), ..Learnt::default() };
    let report = Report { outcome: Outcome::Fail(error), reach: Reach::Unresolved, calls: Vec::new(), learnt };
    let ended = story.ledger.complete(&lease, &JobId::from(ORDERS), report, PASSING, 0.5, story.scene.now()).await;
    assert!(matches!(ended.unwrap(), Complete::Recorded { state: StateKind::Skipped, .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_holds_anything_of_a_forgotten_shop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = a_past(&path).await;
    let plain = vec!["acme.myshopify.com".to_owned(), JANE.said("who pauses acme")];
    let canaries = Canaries::of(&story, plain, "webhook.shop = 'acme'");
    canaries.assert_all_there(folder.path());
    let request = story.asks("acme", Ask::RedactShop, Subject::default()).await;
    story.carries_out(request).await;
    canaries.assert_none_there(folder.path());
    for order in [1, 2, 3, ORDERS] {
        let newer = story.webhook("acme", order, 3, buyer("acme", order));
        assert_eq!(story.hears(newer).await, Recorded::Forgotten);
    }
    canaries.assert_none_there(folder.path());
    let conn = Connection::open(&path).unwrap();
    let bodies: u64 = conn
        .query_row("SELECT count(*) FROM webhook WHERE shop = 'bolt' AND body IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(bodies, 2 * ORDERS + 2, "the other shop's");
    story.scene.conserves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_about_nobody_known_is_done_without_clearing_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = Story::on(&path, &past::clock());
    story.scene.shop_with("acme", PASSING).await;
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    let log = || std::fs::metadata(folder.path().join("ledger.db-wal")).unwrap().len();
    assert_ne!(log(), 0);
    story.carries_out(request).await;
    assert_ne!(log(), 0, "emptying it takes syncs");
    let conn = Connection::open(&path).unwrap();
    let hashed = "SELECT hex(body_hash) FROM webhook WHERE outcome = 'asked'";
    let hash: String = conn.query_row(hashed, [], |row| row.get(0)).unwrap();
    assert_eq!(hash, "0".repeat(64), "what the request's body hashes to could be guessed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_address_is_found_however_many_orders_lie_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = Story::on(&path, &past::clock());
    for shop in ["acme", "bolt"] {
        story.scene.shop_with(shop, PASSING).await;
    }
    let orders = 1_500;
    for order in 1..=orders {
        let webhook = match order {
            1 | 1_200 => mailed_by(&story, "acme", order, None),
            1_300 => mailed_by(&story, "acme", order, Some(&BOB)),
            1_400 => mailed_by(&story, "bolt", order, None),
            _ => story.webhook("acme", order, 1, &BOB),
        };
        assert!(matches!(story.hears(webhook).await, Recorded::New { .. }));
    }
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    story.carries_out(request).await;
    let conn = Connection::open(&path).unwrap();
    let ids = |wheres: &str| -> Vec<String> {
        let mut ids = conn.prepare(&format!("SELECT id FROM job WHERE {wheres} ORDER BY seq")).unwrap();
        ids.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(ids("state = 'skipped'"), ["1", "900", "1200"], "by the mail address, and the listed");
    let mail = format!("email = '{}'", JANE.marks().email.unwrap().as_str());
    assert_eq!(ids(&mail), ["1400"], "another shop's; another customer's order has lost the address");
    assert_eq!(ids("shop = 'acme' AND state = 'waiting'").len(), 1_496);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_order_that_comes_while_its_customer_is_being_forgotten_is_forgotten_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = Story::on(&path, &past::clock());
    story.scene.shop_with("acme", PASSING).await;
    story.hears(mailed_by(&story, "acme", 1, None)).await;
    story.hears(story.webhook("acme", 2, 1, &BOB)).await;
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    let step = async || story.ledger.redact(request, Some("kim"), story.scene.now()).await.unwrap();
    assert_eq!(step().await, Redacted::More, "it has found the first");
    story.hears(mailed_by(&story, "acme", 3, None)).await;
    story.hears(mailed_by(&story, "acme", 4, Some(&BOB))).await;
    story.carries_out(request).await;
    let conn = Connection::open(&path).unwrap();
    let count = |wheres: &str| -> u32 {
        conn.query_row(&format!("SELECT COUNT(*) FROM job WHERE {wheres}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("id IN ('1', '3') AND state = 'skipped'"), 2);
    assert_eq!(count("state = 'waiting'"), 2, "another customer's");
    assert_eq!(count(&format!("email = '{}'", JANE.marks().email.unwrap().as_str())), 0);
}

/// A webhook with Jane's mail address, of a customer or of nobody.
fn mailed_by(story: &Story, shop: &str, order: u64, customer: Option<&past::Person>) -> lane::webhook::Webhook {
    let mut webhook = story.webhook(shop, order, 1, &JANE);
    if let Content::Order(news) = &mut webhook.content {
        news.marks.customer = customer.and_then(|customer| customer.marks().customer);
    }
    webhook
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_webhook_that_cannot_be_read_keeps_no_shop_from_being_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = Story::on(&path, &past::clock());
    for order in [1, 2] {
        story.hears(story.webhook("acme", order, 1, &BOB)).await;
    }
    let conn = Connection::open(&path).unwrap();
    let newer = "UPDATE webhook SET content = '{\"of_a_newer_program\":1}' WHERE seq = 1";
    assert_eq!(conn.execute(newer, []).unwrap(), 1);
    story.scene.shop_with("acme", PASSING).await;
    assert_eq!(story.scene.state("acme", 2).await, StateKind::Waiting);
    let kept: String = conn.query_row("SELECT quarantine FROM webhook WHERE seq = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "unreadable", "people look at it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redaction_that_was_cut_short_is_carried_on_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut story = a_past(&path).await;
    let canaries = Canaries::of(&story, vec![JANE.said("who pauses acme")], JANES_BODIES);
    canaries.assert_all_there(folder.path());
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    // The machine dies after every single page: what a start finds is the file and the log as they lie there.
    let mut folders = vec![folder];
    for _ in 0..100 {
        let came_to = story.ledger.redact(request, Some("kim"), story.scene.now()).await.unwrap();
        let open = story.ledger.requests(true, &Page::default()).await.unwrap().rows.len();
        assert_eq!(open, usize::from(came_to == Redacted::More), "open until it is done");
        if came_to == Redacted::Done {
            canaries.assert_none_there(folders.last().unwrap().path());
            assert!(folders.len() > 4, "{} pages", folders.len());
            return;
        }
        let next = tempfile::tempdir().unwrap();
        for file in ["ledger.db", "ledger.db-wal"] {
            std::fs::copy(folders.last().unwrap().path().join(file), next.path().join(file)).unwrap();
        }
        story = Story::on(&next.path().join("ledger.db"), &story.scene.clock);
        folders.push(next);
    }
    panic!("a redaction never ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redaction_is_not_done_while_a_reader_holds_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let story = a_past(&path).await;
    let canaries = Canaries::of(&story, vec![JANE.said("who pauses acme")], JANES_BODIES);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM job", [], |row| row.get::<_, u64>(0)).unwrap();
    let request = story.asks("acme", Ask::RedactCustomer, jane()).await;
    let refused = loop {
        match story.ledger.redact(request, Some("kim"), story.scene.now()).await {
            Ok(Redacted::More) => {}
            other => break other,
        }
    };
    assert!(matches!(refused, Err(LedgerError::Unavailable(_))), "{refused:?}");
    assert_ne!(canaries.found(folder.path()), (Vec::new(), 0), "that is why");
    let open = story.ledger.requests(true, &Page::default()).await.unwrap();
    assert_eq!(open.rows[0].done_at, None);
    story.hears(story.webhook("acme", 999, 1, &BOB)).await;

    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(story.ledger.redact(request, Some("kim"), story.scene.now()).await.unwrap(), Redacted::Done);
    canaries.assert_none_there(folder.path());
}
