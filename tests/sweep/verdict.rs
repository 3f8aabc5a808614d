//! What has to be true when a run is over, whatever went wrong in it: asked of the warehouse and of the file.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;
use simulators::journal::Kind;

use crate::stage::Stage;
use crate::story::{HELD, Told, changes_arrived, key};

/// Everything, once the program is dead.
pub(crate) fn everything_once(stage: &Stage, told: &Told) {
    at_the_warehouse(stage, told);
    in_the_file(&stage.ledger(), told);
}

fn at_the_warehouse(stage: &Stage, told: &Told) {
    let warehouse = &stage.providers.shipstation;
    let there = warehouse.orders();
    assert_eq!(there.len(), told.sold.len(), "each order once and nothing else");
    for order in &told.sold {
        let same: Vec<&Value> = there.iter().filter(|it| it["orderKey"] == key(order)).collect();
        assert_eq!(same.len(), 1, "{}", order["name"]);
        assert_eq!(goods(&same[0]["items"]), goods(&order["line_items"]), "{}", order["name"]);
    }
    assert!(changes_arrived(stage, &told.sold), "the newer version is what stands there");
    let created: Vec<String> = warehouse
        .journal()
        .commits()
        .into_iter()
        .filter(|commit| commit.kind == Kind::Created)
        .map(|commit| commit.order_key)
        .collect();
    assert_eq!(created.len(), told.sold.len(), "each was created once: {created:?}");
    in_sequence(&created, told);
}

/// Orders one to three, each answered before the next came, began in this order and before four to six, which came
/// together; those before the eighth. The seventh had stepped aside.
fn in_sequence(created: &[String], told: &Told) {
    let place = |at: usize| created.iter().position(|created| *created == key(&told.sold[at])).expect("created");
    let waves: &[&[usize]] = if told.sold.len() > HELD { &[&[0], &[1], &[2], &[3, 4, 5], &[7]] } else { &[&[0]] };
    for pair in waves.windows(2) {
        for (before, after) in pair[0].iter().flat_map(|before| pair[1].iter().map(move |after| (before, after))) {
            assert!(place(*before) < place(*after), "order {after} overtook order {before}: {created:?}");
        }
    }
}

fn goods(lines: &Value) -> BTreeMap<String, u64> {
    let mut goods = BTreeMap::new();
    for line in lines.as_array().unwrap() {
        *goods.entry(line["sku"].as_str().unwrap().to_owned()).or_default() += line["quantity"].as_u64().unwrap();
    }
    goods
}

fn in_the_file(path: &Path, told: &Told) {
    let conn = whole(path);
    for delivery in &told.accepted {
        assert_eq!(rows_of(&conn, delivery), 1, "{delivery} was answered 2xx and has one row");
    }
    let done: usize = conn.query_row("SELECT count(*) FROM job WHERE state = 'done'", [], |row| row.get(0)).unwrap();
    assert_eq!(done, told.sold.len());
    conserves(&conn);
    let decisions: usize = conn.query_row("SELECT count(*) FROM decision", [], |row| row.get(0)).unwrap();
    assert_eq!(decisions, usize::from(told.sold.len() > HELD), "one decision per question");
}

/// Opens the file and checks every page of it.
pub(crate) fn whole(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    conn
}

/// How many webhooks were kept under this id.
pub(crate) fn rows_of(conn: &Connection, delivery: &str) -> usize {
    conn.query_row("SELECT count(*) FROM webhook WHERE webhook_id = ?1", [delivery], |row| row.get(0)).unwrap()
}

/// What is counted while it is written agrees with what is there.
pub(crate) fn conserves(conn: &Connection) {
    let mut counted = conn
        .prepare(
            "SELECT name, n, (SELECT count(*) FROM job WHERE 'job/' || state = name) FROM tally
             WHERE name LIKE 'job/%'",
        )
        .unwrap();
    let rows: Vec<(String, i64, i64)> =
        counted.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect();
    for (name, told, there) in rows {
        assert_eq!(told, there, "{name}");
    }
    let unlisted: i64 = conn
        .query_row("SELECT count(*) FROM job WHERE 'job/' || state NOT IN (SELECT name FROM tally)", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(unlisted, 0, "every state that occurs is counted");
}
