//! The embedded ledger keeps the ports' promises, and what only a file can break.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backend::contract::ledger::{News, Ports, Scene, cases};
use backend::embedded::ledger::{Ledger, OpenError};
use lane::clock::{Clock, ManualClock, Timestamp};
use lane::hold::HoldReason;
use lane::id::{AccountId, Fingerprint, JobId, ShopId};
use lane::outcome::{Outcome, Reach, Trouble};
use lane::policy::{Policy, Standing};
use lane::ports::{Begin, Burst, Desk, Intake, Notice, Recorded, Shipping, Work};
use lane::shop::SkipReason;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use lane::webhook::{Content, Named};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting(Timestamp::from_second(1_800_000_000).unwrap()))
}

fn scene(path: &Path, clock: &Arc<ManualClock>) -> (Scene, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::open(path, clock.as_ref()).unwrap());
    (Scene { ports: Ports::of(&ledger), clock: clock.clone() }, ledger)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_every_promise_of_the_contract() {
    let mut failed = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 88, "the suite must not shrink unnoticed: {}", cases.len());
    for (name, case) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (scene, _) = scene(&folder.path().join("ledger.db"), &clock());
        if tokio::spawn(case(scene)).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "broken promises: {failed:#?}");
}

/// Waits until the file of a dropped ledger is free: its writer thread ends on its own.
async fn opened_again(path: &Path, clock: &Arc<ManualClock>) -> Result<Ledger, OpenError> {
    for _ in 0..500 {
        match Ledger::open(path, clock.as_ref()) {
            Err(OpenError::InUse(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened,
        }
    }
    panic!("the file was never free");
}

async fn reopen(path: &Path, clock: &Arc<ManualClock>) -> (Scene, Arc<Ledger>) {
    let ledger = Arc::new(opened_again(path, clock).await.unwrap());
    (Scene { ports: Ports::of(&ledger), clock: clock.clone() }, ledger)
}

#[tokio::test]
async fn a_start_finds_everything_and_voids_the_last_boots_leases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = clock();
    let (before, ledger) = scene(&path, &clock);
    before.shop("acme").await;
    before.hears("acme", &News::of(1)).await;
    let lease = before.lease("acme").await;
    before.begins(&lease, 1).await;
    drop((before, ledger));

    let (now, ledger) = reopen(&path, &clock).await;
    assert_eq!(now.hears("acme", &News::of(1)).await, Recorded::Duplicate);
    assert_eq!(now.state("acme", 1).await, StateKind::Attempting);
    assert_eq!(now.sweeps().await, ["1-retry"], "its lane is due at once");
    let newer = now.lease("acme").await;
    assert!(newer.fence > lease.fence);
    let old = ledger.begin(&lease, &JobId::from(1), Policy::default(), clock.now()).await;
    assert_eq!(old.unwrap(), Begin::Lost);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let _first = Ledger::open(&path, clock().as_ref()).unwrap();
    let second = Ledger::open(&path, clock().as_ref()).map(|_| ());
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = clock();
    let (story, ledger) = scene(&path, &clock);
    story.shop("acme").await;
    for order in 1..200 {
        story.hears("acme", &News::of(order)).await;
    }
    drop((story, ledger));
    // The writer that ends moves everything into the file.
    drop(reopen(&path, &clock).await);
    drop(opened_again(&path, &clock).await.unwrap());
    while path.with_extension("db-wal").exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2048].fill(0xAA);
    std::fs::write(&path, &bytes).unwrap();
    let error = opened_again(&path, &clock).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("restore the last backup"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was changed");
}

#[test]
fn foreign_and_newer_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(Ledger::open(&foreign, clock().as_ref()).map(|_| ()), Err(OpenError::Foreign(_))));

    let newer = folder.path().join("newer.db");
    drop(Ledger::open(&newer, clock().as_ref()).unwrap());
    std::thread::sleep(Duration::from_millis(200));
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Ledger::open(&newer, clock().as_ref()).map(|_| ()), Err(OpenError::Newer { .. })));

    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, only a long enough text file to look at".repeat(50)).unwrap();
    assert!(Ledger::open(&text, clock().as_ref()).is_err());
}

#[tokio::test]
async fn a_migration_that_was_interrupted_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    // What a crash before the first migration's commit leaves: an empty file.
    std::fs::write(&path, b"").unwrap();
    let (story, _) = scene(&path, &clock());
    story.shop("acme").await;
    assert!(matches!(story.hears("acme", &News::of(1)).await, Recorded::New { .. }));
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    // Setting the journal mode writes the first page before the first migration is committed.
    rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
    assert!(Ledger::open(&path, clock().as_ref()).is_ok());
}

#[tokio::test]
async fn a_row_of_a_newer_version_keeps_no_other_lane_asleep_and_costs_no_subscription() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = clock();
    let (story, _ledger) = scene(&path, &clock);
    for shop in ["acme", "bolt"] {
        story.shop(shop).await;
        story.hears(shop, &News::of(1)).await;
    }
    let newer = "UPDATE job SET format = 99 WHERE shop = 'acme'";
    rusqlite::Connection::open(&path).unwrap().execute(newer, []).unwrap();
    story.pass(60);
    assert_eq!(story.sweeps().await, ["1-retry"], "bolt's lane is woken");
    let kept = story.hears("acme", &News::of(1).updated(2, "address")).await;
    assert!(matches!(kept, Recorded::Quarantined(_)), "{kept:?}");
}

#[tokio::test]
async fn lists_of_people_are_read_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (_story, _ledger) = scene(&path, &clock());
    let conn = rusqlite::Connection::open(&path).unwrap();
    for (query, index) in [
        ("SELECT doc FROM job WHERE state = 'held' ORDER BY changed_at, seq LIMIT 9", "job_state"),
        (
            "SELECT doc FROM job WHERE shop = 'a' AND state = 'held' AND state NOT IN ('waiting', 'attempting')
             AND (changed_at, seq) > (1, 2) ORDER BY changed_at, seq LIMIT 9",
            "job_shop_state",
        ),
        (
            "SELECT doc FROM job WHERE shop = 'a' AND state = 'done' AND state NOT IN ('waiting', 'attempting')
             AND (changed_at, seq) < (1, 2) ORDER BY changed_at DESC, seq DESC LIMIT 9",
            "job_shop_state",
        ),
        (
            "SELECT doc FROM job WHERE lane IN (SELECT seq FROM lane WHERE shop = 'a') AND in_line = 1
             AND +state = 'waiting' AND (lane, place) > (1, 2) ORDER BY lane, place LIMIT 9",
            "job_line",
        ),
        (
            "SELECT doc FROM job WHERE +shop = 'a' AND state = 'attempting' ORDER BY changed_at, seq LIMIT 9",
            "job_state",
        ),
        ("SELECT doc FROM job WHERE id = 'a' AND lane = 1", "job_id"),
        ("SELECT id FROM job WHERE lane = 1 AND in_line = 1 ORDER BY place", "job_line"),
        ("SELECT id FROM job WHERE lane = 1 AND in_line = 1 AND place > 2 ORDER BY place LIMIT 9", "job_line"),
        ("SELECT seq FROM job WHERE warehouse = 'a/1'", "job_warehouse"),
        (
            "SELECT seq FROM job INDEXED BY job_customer
             WHERE lane = 1 AND customer = 'a' AND in_line = 0 AND accepted_at <= 7 LIMIT 9",
            "SEARCH job USING INDEX job_customer (lane=? AND customer=?)",
        ),
        (
            "SELECT COUNT(*) FROM job INDEXED BY job_line WHERE lane = 1 AND in_line = 1 AND customer = 'a'
             AND state IN ('waiting', 'retrying') AND id <> 'b'",
            "SEARCH job USING INDEX job_line (lane=?)",
        ),
        (
            "SELECT doc FROM job WHERE lane = 1 AND address = 'a' AND state = 'held' AND id <> 'b' ORDER BY seq LIMIT 5",
            "job_address",
        ),
        ("SELECT doc FROM job WHERE lane = 1 AND card = 'a' AND state = 'held' ORDER BY seq LIMIT 5", "job_card"),
        ("SELECT url FROM notice WHERE account = 'a' ORDER BY seq LIMIT 9", "notice_open"),
        ("SELECT key FROM lane WHERE wake <= 1 ORDER BY wake LIMIT 9", "lane_wake"),
        ("SELECT doc FROM history WHERE job = 1 ORDER BY seq", "history_job"),
    ] {
        let steps = plan(&conn, query).join("; ");
        assert!(steps.contains(index) && !steps.contains("TEMP B-TREE"), "{query}: {steps}");
    }
}

fn passing() -> Policy {
    Policy { retry: Standing::StepAside, ..Policy::default() }
}

/// The second order is to be tried again later, the others wait for a person.
fn outcomes(order: u64) -> Outcome {
    if order == 2 {
        let error = Trouble::new("shipstation", "answered 503");
        return Outcome::Retry { after: Some(Duration::from_mins(10)), error };
    }
    let fingerprint = Fingerprint::given("fetched");
    Outcome::Hold { reason: HoldReason::TotalAbove, evidence: Vec::new(), fingerprint, difference: None }
}

/// The steps in which SQLite would answer a query.
fn plan(conn: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    plan.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect()
}

/// No index has a shop's jobs in their order: their numbers are sorted, not their rows, and a page's rows are read by them.
#[tokio::test]
async fn a_shops_list_reads_the_rows_of_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (_story, _ledger) = scene(&path, &clock());
    let conn = rusqlite::Connection::open(&path).unwrap();
    let query = "SELECT doc FROM job
                 WHERE seq IN (SELECT seq FROM (SELECT seq FROM job INDEXED BY job_line
                                                WHERE lane IN (SELECT seq FROM lane WHERE shop = 'a') AND in_line = 1
                                                  AND seq > 1 ORDER BY seq LIMIT 9)
                               UNION ALL
                               SELECT seq FROM (SELECT seq FROM job INDEXED BY job_shop_state
                                                WHERE shop = 'a' AND state NOT IN ('waiting', 'attempting')
                                                  AND seq > 1 ORDER BY seq LIMIT 9))
                   AND (seq, seq) > (1, 1) ORDER BY seq, seq LIMIT 9";
    let steps = plan(&conn, query);
    assert!(steps.iter().any(|step| step.contains("SEARCH job USING INTEGER PRIMARY KEY")), "{steps:?}");
    for index in ["job_line", "job_shop_state"] {
        assert!(steps.iter().any(|step| step.contains(index)), "{index}: {steps:?}");
    }
    assert!(!steps.iter().any(|step| step == "SCAN job"), "{steps:?}");
}

#[tokio::test]
async fn a_start_in_the_middle_of_a_burst_finds_each_of_it_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = clock();
    let (before, ledger) = scene(&path, &clock);
    before.shop("acme").await;
    for order in 1..=3 {
        before.hears("acme", &News::of(order)).await;
    }
    let lease = before.lease("acme").await;
    let burst = ledger.begin_burst(&lease, 100, Policy::default(), clock.now()).await.unwrap();
    assert!(matches!(burst, Burst::Begun(jobs) if jobs.len() == 3));
    drop((before, ledger));

    let (now, ledger) = reopen(&path, &clock).await;
    let lease = now.lease("acme").await;
    for order in 1..=3 {
        assert_eq!(now.state("acme", order).await, StateKind::Attempting);
        let again = ledger.begin_burst(&lease, 100, Policy::default(), clock.now()).await.unwrap();
        assert_eq!(again, Burst::Alone);
        let begun = now.begins(&lease, order).await;
        assert!(matches!(&begun, Begin::Attempt { job, .. } if job.reach == Reach::Unresolved), "{begun:?}");
        now.completes(&lease, order, Outcome::Skip(SkipReason::Cancelled), Reach::Untouched).await;
    }
}

#[tokio::test]
async fn a_start_forgets_no_hint_and_not_how_far_was_looked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let clock = clock();
    let account = AccountId::at("shipstation", "main");
    let (before, ledger) = scene(&path, &clock);
    let notice = Notice { account: account.clone(), url: "/shipments".to_owned(), received_at: clock.now() };
    ledger.notice(&notice).await.unwrap();
    ledger.shipped(&account, &[], &[], Some(clock.now()), clock.now()).await.unwrap();
    drop((before, ledger));

    let (_now, ledger) = reopen(&path, &clock).await;
    assert_eq!(ledger.notices(&account, 10).await.unwrap()[0].url, "/shipments");
    assert_eq!(ledger.looked_until(&account).await.unwrap(), Some(clock.now()));
}

#[tokio::test]
async fn nothing_that_a_forgotten_orders_webhook_says_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (story, _ledger) = scene(&path, &clock());
    story.shop("acme").await;
    story.hears("acme", &News::of(1)).await;
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("UPDATE job SET doc = json_set(doc, '$.redacted', json('true'))", []).unwrap();
    let newer = News::of(1).updated(2, "12 Elm St");
    assert_eq!(story.hears("acme", &newer).await, Recorded::Forgotten);
    let mut touch = story.webhook("acme", &News::of(1).updated(3, "13 Elm St"));
    touch.content = Content::Touched(Named::Order(JobId::from(1)));
    assert_eq!(story.ports.intake.record(touch).await.unwrap(), Recorded::Forgotten);
    assert_eq!(story.job("acme", 1).await.version, 1);
    assert_eq!(story.hears("acme", &newer).await, Recorded::Duplicate, "its identity is known all the same");
    let kept: u32 =
        conn.query_row("SELECT count(*) FROM webhook WHERE body IS NOT NULL", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "only what came before");
    assert_eq!(story.webhooks("forgotten").await, 2);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let _ledger = Ledger::open(&path, clock().as_ref()).unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[tokio::test]
async fn what_an_earlier_version_knew_as_a_repetition_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (story, _ledger) = scene(&path, &clock());
    story.shop("acme").await;
    for order in 1..=2 {
        assert!(matches!(story.hears("acme", &News::of(order)).await, Recorded::New { .. }));
    }
    // As the versions before kept the keys: without saying what they are about.
    let conn = rusqlite::Connection::open(&path).unwrap();
    let moved = conn.execute("INSERT INTO identity SELECT substr(key, 9) FROM seen", []).unwrap();
    assert_eq!(moved, 2);
    conn.execute("DELETE FROM seen", []).unwrap();
    for order in 1..=2 {
        assert_eq!(story.hears("acme", &News::of(order)).await, Recorded::Duplicate);
    }
    assert!(matches!(story.hears("acme", &News::of(3)).await, Recorded::New { .. }));
}

#[tokio::test]
async fn what_a_shop_has_is_listed_as_it_stands_in_its_line_or_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let (story, ledger) = scene(&folder.path().join("ledger.db"), &clock());
    for shop in ["acme", "bolt"] {
        story.shop(shop).await;
        for order in 1..=5 {
            story.hears(shop, &News::of(order)).await;
        }
    }
    let listed = async |shop: &str, state: Option<StateKind>| {
        let filter = JobFilter { shop: Some(ShopId::parse(shop).unwrap()), state };
        let (mut jobs, mut page) = (Vec::new(), Page { after: None, limit: 2 });
        loop {
            let found = ledger.jobs(&filter, &page).await.unwrap();
            assert!(found.rows.iter().all(|job| job.shop.as_str() == shop));
            jobs.extend(found.rows.iter().map(|job| job.id.to_string()));
            page.after = found.next;
            if page.after.is_none() {
                return jobs;
            }
        }
    };
    assert_eq!(listed("bolt", Some(StateKind::Waiting)).await, ["1", "2", "3", "4", "5"]);
    let lease = story.lease("bolt").await;
    assert_eq!(story.head(&lease).await.as_deref(), Some("1"));
    story.begins(&lease, 1).await;
    assert_eq!(listed("bolt", Some(StateKind::Waiting)).await, ["2", "3", "4", "5"]);
    assert_eq!(listed("bolt", Some(StateKind::Attempting)).await, ["1"]);
    assert_eq!(listed("acme", Some(StateKind::Attempting)).await, [""; 0]);
    assert_eq!(listed("acme", Some(StateKind::Waiting)).await, ["1", "2", "3", "4", "5"]);
    story.completes(&lease, 1, Outcome::Skip(SkipReason::TestOrder), Reach::Untouched).await;
    assert_eq!(listed("bolt", Some(StateKind::Skipped)).await, ["1"]);
    story.hears("acme", &News::of(6)).await;
    assert_eq!(listed("bolt", None).await, ["1", "2", "3", "4", "5"], "whatever their state, as they came");
    assert_eq!(listed("acme", None).await, ["1", "2", "3", "4", "5", "6"]);
    // What people or time have to move on stands in the line or beside it, as the shop's policy has it.
    let ways = [Standing::StepAside, Standing::StepAside, Standing::StopLane].map(|hold| Policy { hold, ..passing() });
    for (order, policy) in (2..).zip(ways) {
        assert!(matches!(story.begins(&lease, order).await, Begin::Attempt { .. }));
        story.completes_with(&lease, order, outcomes(order), Reach::Untouched, policy).await;
        assert_eq!(listed("bolt", None).await, ["1", "2", "3", "4", "5"], "each once, after {order}");
    }
    assert_eq!(listed("bolt", Some(StateKind::Retrying)).await, ["2"]);
    assert_eq!(listed("bolt", Some(StateKind::Held)).await, ["3", "4"]);
}
