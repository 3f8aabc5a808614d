//! Files of older programs, as they wrote them.

use std::sync::Arc;

use lane::clock::{ManualClock, Timestamp};
use lane::id::{AccountId, Fingerprint, JobId, ShopId};
use lane::outcome::{Outcome, Proof, Reach, WarehouseCopy};
use lane::ports::{Recorded, ShippedOrder, Work as _};
use lane::rules::Rule;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use serde_json::{Value, json};

use super::super::Ledger;
use super::super::open::open;
use super::*;
use crate::contract::ledger::{News, Ports, Scene};

const ADDED: &str = "2026-11-01T08:00:00.25Z";

/// An empty file as the program of that version left it.
pub(in super::super) fn earlier_version(path: &Path, version: usize) -> Connection {
    let conn = Connection::open(path).unwrap();
    for migration in &MIGRATIONS[..version] {
        conn.execute_batch(migration).unwrap();
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", version).unwrap();
    conn
}

/// A file as the first version left it: one shop with its two rules, an order that waits, one that is at the warehouse,
/// one that is held, an account that wants no calls for now, and a webhook of a shop that is not known yet.
fn first_version(path: &Path) -> Connection {
    let conn = earlier_version(path, 1);
    let shop = json!({
        "id": "acme", "source": "shopify", "domains": ["acme.myshopify.com"], "token": "env:TOKEN",
        "warehouse": "shipstation/main",
        "policy": {"retry": "stop-lane", "hold": "step-aside", "fail": "step-aside"},
        "rules": {
            "total_above": {"amount": "500.00", "currency": "USD"}, "country_differs": true, "risk_pending": "hold",
        },
        "qualifies": {"financial_statuses": ["paid", "partially_refunded"], "test_orders": false},
        "added_at": ADDED,
    });
    conn.execute("INSERT INTO shop (id, doc) VALUES ('acme', ?1)", [shop.to_string()]).unwrap();
    conn.execute_batch(
        "INSERT INTO domain VALUES ('shopify', 'acme.myshopify.com', 'acme');
         INSERT INTO lane (seq, key, shop, places, depth, wake, fence, owner, lease_until)
             VALUES (1, 'orders/acme', 'acme', 3, 1, 1793520000000000, 4, 'last boot', 1793520130000000);
         INSERT INTO account VALUES ('shipstation/main', 4000000000000000);
         INSERT INTO tally VALUES ('job/waiting', 1), ('job/done', 1), ('job/held', 1), ('webhook/new', 3),
                                  ('webhook/quarantined', 1);",
    )
    .unwrap();
    let waits = json!({"state": "waiting", "not_before": null, "stops": true});
    put_job(&conn, 1, &waits, &json!("untouched"), true);
    let proof = json!({
        "account": "shipstation/main", "reference": "77", "key": "acme-2", "fingerprint": "fetched",
        "compared": ["items"], "accepted": null, "read_back_at": ADDED,
    });
    let there = json!({"there": {"account": "shipstation/main", "order_id": "77", "written": {"items": "ab12"}}});
    put_job(&conn, 2, &json!({"state": "done", "proof": proof}), &there, false);
    let hold = json!({
        "state": "held", "number": 1, "reason": "total_above",
        "evidence": [{"name": "total", "value": "600.00 USD"}], "fingerprint": "fetched", "difference": null,
        "stops": false, "since": ADDED,
    });
    put_job(&conn, 3, &hold, &json!("untouched"), false);
    let kept = json!({"order": {
        "id": "9", "number": "#9", "updated_at": ADDED, "fingerprint": "webhook", "cancelled": false, "test": false,
        "financial_status": "paid", "ships_something": true,
    }});
    conn.execute(
        "INSERT INTO webhook (source, merchant, topic, body_hash, received_at, correlation, outcome, quarantine,
                              content, bytes)
         VALUES ('shopify', 'bolt.myshopify.com', 'orders/create', zeroblob(32), 1793520000000000, 'c9',
                 'quarantined', 'unknown_shop', ?1, 2)",
        [kept.to_string()],
    )
    .unwrap();
    conn
}

fn put_job(conn: &Connection, order: u64, state: &Value, reach: &Value, in_line: bool) {
    let approved = in_line.then(|| json!({"hold": 1, "fingerprint": "fetched", "difference": null}));
    let doc = json!({
        "lane": "orders/acme", "id": order.to_string(), "shop": "acme", "number": format!("#{order}"), "place": order,
        "state": state, "version": 1, "newest": ADDED, "fingerprint": "webhook", "reach": reach, "begun_version": 1,
        "attempts": 0, "begun": 1, "questions": u64::from(state["state"] == "held"), "approved": approved,
        "disturbed": false, "rejecting": null, "sends": {"approved": 0, "retry": 0}, "correlation": "c1",
        "accepted_at": ADDED, "heard_at": ADDED, "changed_at": ADDED,
    });
    conn.execute(
        "INSERT INTO job (lane, id, shop, state, changed_at, place, in_line, ready_at, stops, format, doc)
         VALUES (1, ?1, 'acme', ?2, 1793520000000000, ?3, ?4, 0, ?4, 1, ?5)",
        (order.to_string(), state["state"].as_str(), order, in_line, doc.to_string()),
    )
    .unwrap();
    let accepted = json!({"at": ADDED, "what": {
        "kind": "accepted", "topic": "orders/create", "correlation": "c1", "state": "waiting", "why": null,
    }});
    conn.execute("INSERT INTO history (job, format, doc) VALUES (last_insert_rowid(), 1, ?1)", [accepted.to_string()])
        .unwrap();
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting("2026-11-20T10:00:00Z".parse().unwrap()))
}

fn open_today(path: &Path) -> (Scene, Arc<Ledger>) {
    let clock = clock();
    let ledger = Arc::new(Ledger::open(path, clock.as_ref()).unwrap());
    (Scene { ports: Ports::of(&ledger), clock }, ledger)
}

#[tokio::test]
async fn a_file_of_the_first_version_is_opened_and_worked_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(first_version(&path));
    let (scene, ledger) = open_today(&path);

    let shop = ledger.shop(&ShopId::parse("acme").unwrap()).await.unwrap().unwrap();
    let limit = "500.00 USD".parse().unwrap();
    assert_eq!(shop.rules.rules, [Rule::TotalAbove { limit }, Rule::CountryDiffers {}]);
    let silent = ledger.stopped_accounts(scene.now()).await.unwrap();
    assert_eq!(silent.len(), 1, "what an account asked for is kept");
    assert_eq!((scene.state("acme", 2).await, scene.state("acme", 3).await), (StateKind::Done, StateKind::Held));
    scene.conserves().await;

    let lease = scene.lease("acme").await;
    assert_eq!(scene.head(&lease).await.as_deref(), Some("1"));
    let (outcome, reach) = done("78");
    scene.attempts(&lease, 1, outcome, reach).await;
    assert_eq!(scene.state("acme", 1).await, StateKind::Done);
    assert_eq!(scene.ports.desk.timeline(&lease.lane, &JobId::from(1)).await.unwrap().len(), 3);
    assert!(matches!(scene.hears("acme", &News::of(4)).await, Recorded::New { .. }));
    scene.conserves().await;
}

#[tokio::test]
async fn what_the_first_version_carried_is_found_when_it_ships_and_what_it_kept_becomes_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(first_version(&path));
    let (scene, ledger) = open_today(&path);

    let mut shop = (*ledger.shop(&ShopId::parse("acme").unwrap()).await.unwrap().unwrap()).clone();
    shop.carriage.tracking.back = true;
    scene.ports.registry.put_shop(&shop, scene.now()).await.unwrap();
    let ships = [ShippedOrder { order_id: "77".into(), shipment: "1".into() }];
    let sends = scene.ports.shipping.shipped(&shop.warehouse, &ships, &[], Some(scene.now()), scene.now()).await;
    assert_eq!((sends.unwrap().len(), scene.state("acme", 2).await), (1, StateKind::Waiting));

    scene.shop("bolt").await;
    assert_eq!(scene.state("bolt", 9).await, StateKind::Waiting);
    scene.conserves().await;
}

#[test]
fn a_shop_of_the_first_version_counts_as_added_when_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    drop(first_version(&path));
    let (conn, _lock) = open(&path, Timestamp::UNIX_EPOCH).unwrap();
    let put_at: i64 = conn.query_row("SELECT put_at FROM shop", [], |row| row.get(0)).unwrap();
    assert_eq!(put_at, "2026-11-01T08:00:00Z".parse::<Timestamp>().unwrap().as_microsecond());
    let warehouses: Vec<Option<String>> = conn
        .prepare("SELECT warehouse FROM job ORDER BY place")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(warehouses, [None, Some("shipstation/main/77".to_owned()), None]);
}

#[tokio::test]
async fn a_later_migration_that_breaks_off_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let conn = first_version(&path);
    // The last thing that the second migration makes is in its way.
    conn.execute_batch("CREATE TABLE forgotten (x)").unwrap();
    let before = schema(&conn);
    drop(conn);
    assert!(matches!(open(&path, Timestamp::UNIX_EPOCH), Err(OpenError::Sqlite { .. })));
    let conn = Connection::open(&path).unwrap();
    assert_eq!(schema(&conn), before);
    conn.execute_batch("DROP TABLE forgotten").unwrap();
    drop(conn);
    let (scene, _) = open_today(&path);
    assert_eq!(scene.state("acme", 1).await, StateKind::Waiting);
}

/// An old file and a new one have the same columns, so that what works on one works on the other.
#[test]
fn a_file_that_grew_has_the_tables_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let opened = |name: &str| open(&folder.path().join(name), Timestamp::UNIX_EPOCH).unwrap();
    let (new, _new_lock) = opened("new.db");
    assert!(!schema(&new).1.iter().any(|sql| sql.contains("account_before")));
    drop(first_version(&folder.path().join("first.db")));
    let (first, _first_lock) = opened("first.db");
    assert_eq!(schema(&first), schema(&new));
    for version in 1..MIGRATIONS.len() {
        let name = format!("{version}.db");
        drop(earlier_version(&folder.path().join(&name), version));
        let (grown, _lock) = opened(&name);
        assert_eq!(schema(&grown), schema(&new), "from version {version}");
    }
}

#[tokio::test]
async fn a_file_of_the_fourth_version_lists_a_shop_whichever_indexes_it_has() {
    // There were two programs of that version; the later one made its indexes otherwise.
    let later = "DROP INDEX job_shop; DROP INDEX job_customer; DROP INDEX job_email;
                 CREATE INDEX job_customer ON job (lane, customer, state, id);
                 CREATE INDEX job_email ON job (lane, email) WHERE email IS NOT NULL AND customer IS NULL;
                 CREATE INDEX domain_shop ON domain (shop);";
    for changed in ["", later] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let conn = earlier_version(&path, 4);
        conn.execute_batch(changed).unwrap();
        drop(conn);
        let (scene, _ledger) = open_today(&path);
        scene.shop("acme").await;
        for order in 1..=3 {
            scene.hears("acme", &News::of(order)).await;
        }
        let filter = JobFilter { shop: Some(ShopId::parse("acme").unwrap()), state: None };
        let page = Page { limit: 2, after: None };
        let listed = scene.ports.desk.jobs(&filter, &page).await.unwrap();
        assert_eq!((listed.rows.len(), listed.next.is_some()), (2, true));
        scene.conserves().await;
    }
}

/// The version, and everything that was made.
fn schema(conn: &Connection) -> (i64, Vec<String>) {
    let version = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let mut statement = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let made = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    (version, made)
}

fn done(order_id: &str) -> (Outcome, Reach) {
    let account = AccountId::at("shipstation", "main");
    let proof = Proof {
        account: account.clone(),
        reference: order_id.to_owned(),
        key: "key".to_owned(),
        fingerprint: Fingerprint::given("fetched"),
        compared: Vec::new(),
        accepted: None,
        read_back_at: Timestamp::UNIX_EPOCH,
    };
    let copy = WarehouseCopy { account, order_id: order_id.to_owned(), written: [].into(), told: [].into() };
    (Outcome::Done(proof), Reach::There(copy))
}
