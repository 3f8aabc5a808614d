//! The file under the program: held by somebody else, read by somebody who does not stop, damaged, cut off.

use std::path::Path;
use std::time::Duration;

use backend::embedded::ledger::{Ledger, OpenError};
use futures::future::join_all;
use lane::clock::{Clock as _, SystemClock};
use lane::ports::Desk as _;
use lane::view::{JobFilter, Page};
use tokio::process::Command;

use crate::machine::memory_kib;
use crate::world::{Delivery, World, domain, eventually, orders};

/// Text that does not compress: the file grows by what is posted.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(bytes).collect()
}

/// Another process has the file's write lock: no webhook can be made durable, so none is accepted; people still see what
/// there is. When the lock is gone, everything is as if nothing had been.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_holds_the_write_lock_nothing_is_accepted_and_nothing_grows() {
    let world = World::start().await;
    world.shop("acme", &[]).await;
    let sold = orders(1, 4);
    assert_eq!(world.sells("acme", &sold[0]).await, 200);
    let desk = world.desk().await;
    desk.sees("acme", &sold[0], "done").await;
    let sent_before = wake_ups(&world.metrics().await);
    let other = world.file();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = memory_kib(world.program.id(), "VmRSS:");

    let body = |order: &serde_json::Value, nth: usize| {
        let mut order = order.clone();
        order["note"] = hex(&noise(64 * 1024, nth as u64)).into();
        order
    };
    let mut refused = 0;
    for round in 0..4 {
        let many = (0..50).map(|nth| {
            let delivery = Delivery::of("acme", "orders/create", &body(&sold[1 + nth % 3], round * 50 + nth));
            let world = &world;
            async move {
                let asked = tokio::time::Instant::now();
                (world.answer(&delivery).await.unwrap(), asked.elapsed())
            }
        });
        for (answer, took) in join_all(many).await {
            assert_eq!(answer.status(), 503);
            // Four seconds by its own clock; the rest is for a machine with other things to do.
            assert!(took < Duration::from_secs(12), "{took:?}");
            assert!(answer.headers().contains_key("retry-after"));
            refused += 1;
        }
    }
    assert_eq!(refused, 200);
    let grown = memory_kib(world.program.id(), "VmRSS:").saturating_sub(before);
    assert!(grown < 96 * 1024, "200 refused webhooks of 128 KiB left {grown} KiB behind");
    let kept: u64 = other.query_row("SELECT count(*) FROM webhook", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "nothing partial");
    assert_eq!(wake_ups(&world.metrics().await), sent_before, "nobody was woken for what is not there");
    assert_eq!(desk.job("acme", &sold[0]).await["state"], "done", "people still see what there is");

    other.execute_batch("ROLLBACK").unwrap();
    for order in &sold[1..] {
        world.shopify.put_order(&domain("acme"), order.clone());
        world.redelivers(&Delivery::of("acme", "orders/create", order)).await;
    }
    world.arrives("acme", &sold[3], "awaiting_shipment").await;
    world.one_each_in_sequence("acme", &sold);
}

fn wake_ups(metrics: &str) -> String {
    metrics.lines().filter(|line| line.starts_with("lanekeeper_webhook_wake_ups_total{")).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A reader who never stops keeps the write-ahead log from being begun anew. Nothing is refused for that; it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_does_not_stop_is_told_of_and_the_log_stops_growing_when_he_does() {
    const MIB: u64 = 1024 * 1024;
    let mut world = World::start().await;
    world.settings(|settings| settings.replace("[ledger]\n", "[ledger]\nlog_mib = 8\n"));
    world.restart().await;
    world.shop("acme", &[]).await;
    let log_file = world.folder().join("ledger.db-wal");
    let length = || std::fs::metadata(&log_file).map_or(0, |log| log.len());
    let told = async || {
        let metrics = world.metrics().await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("lanekeeper_ledger_log_bytes "));
        line.expect("the figure is there").parse::<f64>().unwrap()
    };
    let seed = std::cell::Cell::new(0);
    let posts = async |count: usize| {
        for _ in 0..count {
            seed.set(seed.get() + 1);
            let body = noise(4 << 20, seed.get());
            assert_eq!(world.outcome(&Delivery::raw("acme", "orders/create", body)).await, "quarantined");
        }
    };
    // Without such a reader the log is begun anew however much is written: at four times its length, where the thread that
    // moves it got no turn, and after the commit that came to it.
    posts(18).await;
    assert!(length() < (4 * 8 + 2 * 4) * MIB, "{}", length());

    let reader = world.file();
    reader.execute_batch("BEGIN; SELECT count(*) FROM webhook").unwrap();
    posts(17).await;
    assert!(length() > 64 * MIB, "{}", length());
    assert!(told().await > 64.0 * 1_048_576.0);
    eventually("a line tells of it", async || world.program.log().contains("the write-ahead log")).await;
    assert_eq!(world.program.log().matches("the write-ahead log").count(), 1, "once");

    reader.execute_batch("COMMIT").unwrap();
    // What has piled up is moved with what others leave of the machine; then the log is begun anew, and gives back its room.
    let (longest, mut webhooks) = (length(), 0);
    while length() >= longest {
        assert!(webhooks < 40, "it is begun anew: {} after {webhooks} webhooks", length());
        posts(1).await;
        webhooks += 1;
    }
    posts(4).await;
    assert!(length() < (4 * 8 + 2 * 4) * MIB, "and stays short: {}", length());
    let order = orders(1, 1).remove(0);
    world.sells("acme", &order).await;
    world.arrives("acme", &order, "awaiting_shipment").await;
}

/// A ledger with many orders, as a program that ended leaves it. Its path.
async fn left_behind(folder: &Path, killed: bool) -> Vec<serde_json::Value> {
    let mut world = World::start_with(2400, &[]).await;
    world.shop("acme", &["--hold-total-above", "1.00 USD"]).await;
    let sold = orders(3, 60);
    for order in &sold {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    if killed {
        world.program.kill().await;
    } else {
        assert!(world.program.terminate().await);
    }
    for name in ["ledger.db", "ledger.db-wal", "lanekeeper.toml"] {
        let from = world.folder().join(name);
        if from.exists() {
            std::fs::copy(from, folder.join(name)).unwrap();
        }
    }
    sold
}

/// Opens the file once nobody else of this process has it.
async fn when_free(file: &Path) -> Result<Ledger, OpenError> {
    loop {
        match Ledger::open(file, &SystemClock::start()) {
            Err(OpenError::InUse(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            opened => return opened,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_no_page_any_more_is_found_at_the_start_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let sold = left_behind(folder.path(), false).await;
    let file = folder.path().join("ledger.db");
    // Everything lies in the file itself, and nothing in the log.
    let emptied = rusqlite::Connection::open(&file).unwrap();
    emptied.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(emptied);
    let whole = std::fs::read(&file).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 40, "{pages}");
    let (mut refused, mut trees, mut damaged) = (0, 0, Vec::new());
    for page in 0..pages {
        // The byte that says what kind of page it is. Pages that continue a long row have none, and look like no tree.
        let at = if page == 0 { 100 } else { page * 4096 };
        if !matches!(whole[at], 2 | 5 | 10 | 13) {
            continue;
        }
        trees += 1;
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        for beside in ["ledger.db-wal", "ledger.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
        std::fs::write(&file, &bytes).unwrap();
        match when_free(&file).await {
            Err(error) => {
                assert_eq!(std::fs::read(&file).unwrap(), bytes, "page {page}: nothing was changed");
                refused += 1;
                if matches!(error, OpenError::Damaged { .. }) {
                    damaged.push(bytes);
                }
            }
            // A page that is in no use: nothing is missed.
            Ok(ledger) => {
                let all = Page { limit: 100, ..Page::default() };
                let jobs = ledger.jobs(&JobFilter::default(), &all).await.unwrap().rows;
                assert_eq!(jobs.len(), sold.len(), "page {page}");
                for job in jobs {
                    assert!(!ledger.timeline(&job.lane, &job.id).await.unwrap().is_empty(), "page {page}");
                }
                drop(ledger);
                // Its writer ends on its own.
                drop(when_free(&file).await);
                drop(when_free(&file).await);
            }
        }
    }
    assert!(trees > 20 && refused * 10 > trees * 9, "{refused} of {trees} were found");
    assert!(damaged.len() * 10 > trees * 9, "{} of {trees} are told as damage", damaged.len());
    std::fs::write(&file, &damaged[damaged.len() / 2]).unwrap();

    // The program itself says what to do, and does not serve.
    let settings = std::fs::read_to_string(folder.path().join("lanekeeper.toml")).unwrap();
    let here = format!("path = \"{}\"", file.display());
    let settings = settings.lines().map(|line| if line.starts_with("path = ") { &here } else { line });
    std::fs::write(folder.path().join("lanekeeper.toml"), settings.collect::<Vec<_>>().join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanekeeper"));
    command.args(["up", "--config"]).arg(folder.path().join("lanekeeper.toml")).env_clear();
    for name in ["SECRET", "PREVIOUS_SECRET", "SS_KEY", "SS_SECRET", "TOKEN"] {
        command.env(name, "a value of this test");
    }
    command.env("NOTIFY_SECRET", crate::world::NOTICE_SECRET);
    let refused = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(said.contains("is damaged") && said.contains("restore the last backup"), "{said}");
}

/// SQLite takes a log up to its last whole commit. What is cut off is gone, and nothing tells; what is left is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_off_or_damaged_leaves_the_first_orders_and_none_by_half() {
    let folder = tempfile::tempdir().unwrap();
    let sold = left_behind(folder.path(), true).await;
    let (file, log) = (folder.path().join("ledger.db"), folder.path().join("ledger.db-wal"));
    let (whole, whole_log) = (std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap());
    assert!(whole_log.len() > 100 * 4096, "{}", whole_log.len());
    let clock = SystemClock::start();
    let mut counts = Vec::new();
    for cut in 0..=12 {
        let mut bytes = whole_log.clone();
        if cut % 2 == 0 {
            bytes.truncate(whole_log.len() * cut / 12);
        } else {
            bytes[whole_log.len() / 12 * cut] ^= 1;
        }
        let copy = tempfile::tempdir().unwrap();
        std::fs::write(copy.path().join("ledger.db"), &whole).unwrap();
        std::fs::write(copy.path().join("ledger.db-wal"), &bytes).unwrap();
        let ledger = match Ledger::open(&copy.path().join("ledger.db"), &clock) {
            Ok(ledger) => ledger,
            Err(error) => panic!("cut {cut}: {error}"),
        };
        let page = Page { limit: 100, ..Page::default() };
        let mut kept = ledger.jobs(&JobFilter::default(), &page).await.unwrap().rows;
        kept.sort_by_key(|job| job.place);
        let ids: Vec<String> = kept.iter().map(|job| job.id.to_string()).collect();
        let first: Vec<String> = sold.iter().take(ids.len()).map(|order| order["id"].to_string()).collect();
        assert_eq!(ids, first, "cut {cut}");
        let figures = ledger.figures(clock.now()).await.unwrap();
        let counted: u64 = figures.jobs.iter().map(|(_, count)| count).sum();
        let told: u64 = figures.webhooks.iter().filter(|(word, _)| word == "new").map(|(_, count)| count).sum();
        assert_eq!((counted, told), (ids.len() as u64, ids.len() as u64), "cut {cut}: what is counted is there");
        counts.push(ids.len());
    }
    assert_eq!(counts.last(), Some(&60), "the whole log holds everything");
    assert!(counts.iter().any(|count| (1..60).contains(count)), "{counts:?}");
}
