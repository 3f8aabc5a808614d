//! A file of the first version is brought up to date by a program that is killed while it does so.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::process::Command;

use crate::world::command_under;

const FIRST: &str = include_str!("../backend/src/embedded/ledger/0001_first.sql");

/// Marks a file as a ledger.
const APPLICATION_ID: i32 = 0x4C41_4E45;

/// A file as the first version left it, with so many orders that they fill many pages.
fn first_version(folder: &Path) {
    let conn = rusqlite::Connection::open(folder.join("ledger.db")).unwrap();
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    conn.execute_batch(FIRST).unwrap();
    conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.execute_batch(
        r#"INSERT INTO shop (id, doc) VALUES ('acme', '{"id":"acme","source":"shopify","domains":["acme.myshopify.com"],
             "token":"env:TOKEN","warehouse":"shipstation/main",
             "policy":{"retry":"stop-lane","hold":"step-aside","fail":"step-aside"},
             "rules":{"total_above":null,"country_differs":false,"risk_pending":"hold"},
             "qualifies":{"financial_statuses":["paid"],"test_orders":false},"added_at":"2026-11-01T08:00:00Z"}');
           INSERT INTO domain VALUES ('shopify', 'acme.myshopify.com', 'acme');
           INSERT INTO account VALUES ('shipstation/main', 1793520000000000);
           INSERT INTO lane (seq, key, shop, places, depth) VALUES (1, 'orders/acme', 'acme', 400, 0);
           WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400)
           INSERT INTO job (lane, id, shop, state, changed_at, place, in_line, ready_at, stops, format, doc)
             SELECT 1, n, 'acme', 'done', 1793520000000000, n, 0, 0, 0, 1,
                    json_object('accepted_at', '2026-11-01T08:00:00Z', 'padding', hex(zeroblob(200))) FROM n;"#,
    )
    .unwrap();
    let settings = r#"
[ledger]
path = "ledger.db"
[webhooks]
listen = "127.0.0.1:0"
shopify_secrets = ["env:SECRET"]
[review]
listen = "127.0.0.1:0"
[accounts.main]
provider = "shipstation"
key = "env:SS_KEY"
secret = "env:SS_SECRET"
"#;
    std::fs::write(folder.join("lanekeeper.toml"), settings).unwrap();
}

/// What became of the file: its version, its orders, the columns of its tables, and whether SQLite finds it whole.
fn seen(folder: &Path) -> (i64, i64, Vec<String>, String) {
    let conn = rusqlite::Connection::open(folder.join("ledger.db")).unwrap();
    let one = |sql: &str| conn.query_row(sql, [], |row| row.get(0)).unwrap();
    let mut tables = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let tables = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let whole = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    (one("PRAGMA user_version"), one("SELECT count(*) FROM job"), tables, whole)
}

async fn lists_shops(mut command: Command) -> (bool, String) {
    let output = command.args(["shop", "list"]).output().await.unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The kernel kills the program where it writes past a length: so each run dies at one page later than the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_page_that_a_migration_writes_it_is_done_whole_or_not_at_all() {
    let template = tempfile::tempdir().unwrap();
    first_version(template.path());
    let copy = |to: &Path| {
        for name in ["ledger.db", "lanekeeper.toml"] {
            std::fs::copy(template.path().join(name), to.join(name)).unwrap();
        }
    };
    let before = seen(template.path());
    let whole = tempfile::tempdir().unwrap();
    copy(whole.path());
    assert!(lists_shops(command_under("true", whole.path())).await.0);
    let after = seen(whole.path());
    assert!(before.0 == 1 && after.0 > 1 && before.1 == 400 && after.1 == 400, "{before:?} {after:?}");

    // One migration may be done and the next not: then the file is what a program between the two would have left.
    let mut known = BTreeMap::from([(before.0, before.clone()), (after.0, after.clone())]);
    let (mut killed, mut was_old, mut ended) = (0, 0, 0);
    // The shell counts in half a KiB or in one; either way the steps are smaller than two pages.
    for limit in (0..4000).step_by(16) {
        let folder = tempfile::tempdir().unwrap();
        copy(folder.path());
        let (well, _) = lists_shops(command_under(&format!("ulimit -c 0; ulimit -f {limit}"), folder.path())).await;
        if well {
            ended += 1;
            break;
        }
        killed += 1;
        let left = {
            // What a start would find, looked at in a copy: looking recovers, too.
            let copy = tempfile::tempdir().unwrap();
            for name in ["ledger.db", "ledger.db-wal"] {
                if folder.path().join(name).exists() {
                    std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
                }
            }
            seen(copy.path())
        };
        let steps = before.0..=after.0;
        assert!(steps.contains(&left.0) && left.1 == 400 && left.3 == "ok", "killed at {limit}: {left:?}");
        assert_eq!(&left, known.entry(left.0).or_insert_with(|| left.clone()), "killed at {limit}: half a migration");
        was_old += usize::from(left == before);
        let (well, told) = lists_shops(command_under("true", folder.path())).await;
        assert!(well && told.contains("acme.myshopify.com"), "killed at {limit}: {told}");
        assert_eq!(seen(folder.path()), after, "killed at {limit}: the next start finishes it");
    }
    assert_eq!(ended, 1, "in the end the limit is no limit");
    assert!(killed >= 20 && was_old >= 10, "{killed} deaths, {was_old} of them before the commit");
}
