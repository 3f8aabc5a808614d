//! A wall clock that is wrong, that is set while the program runs, and a program that was frozen for longer than its
//! lease. A few lines of C, preloaded, move the program's wall clock and nothing else; the simulators keep the true one.

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use simulators::faults::{Effect, Fault};
use simulators::journal::Kind;

use crate::world::{ALONE, World, eventually, key, orders, path};

const TEN_MINUTES: i64 = 600;

/// Longer than a lane is leased.
const BEYOND_THE_LEASE: i64 = 200;

/// The wall clock of a program.
struct WallClock {
    ahead: std::fs::File,
    env: [(&'static str, String); 2],
    _folder: tempfile::TempDir,
}

impl WallClock {
    fn ahead_by(seconds: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/wall_clock.c");
        let (library, file) = (folder.path().join("wall_clock.so"), folder.path().join("ahead"));
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status().unwrap();
        assert!(built.success(), "a C compiler is needed");
        let ahead = std::fs::File::create(&file).unwrap();
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        let env = [("LD_PRELOAD", text(library)), ("WALL_CLOCK_AHEAD", text(file))];
        let clock = Self { ahead, env, _folder: folder };
        clock.set(seconds);
        clock
    }

    /// Somebody sets the clock.
    fn set(&self, seconds: i64) {
        self.ahead.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    fn env(&self) -> [(&str, &str); 2] {
        [0, 1].map(|at| (self.env[at].0, self.env[at].1.as_str()))
    }
}

/// By how much the times in an order's timeline are ahead of ours, at the least.
async fn ahead(world: &World, desk: &crate::world::Desk, order: &serde_json::Value) -> i64 {
    let timeline = desk.get(&format!("{}/timeline", path("acme", order))).await.1;
    let _ = world;
    let text = timeline.to_string();
    let last = text.rsplit("\"at\":\"").next().and_then(|rest| rest.split('"').next()).expect("a time");
    let at: jiff::Timestamp = last.parse().unwrap();
    at.duration_since(now()).as_secs()
}

fn now() -> jiff::Timestamp {
    use lane::clock::Clock as _;
    lane::clock::SystemClock::start().now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_ten_minutes_wrong_or_is_set_by_as_much_holds_nothing_up() {
    for (start, then) in [(TEN_MINUTES, 0), (-TEN_MINUTES, TEN_MINUTES)] {
        let clock = WallClock::ahead_by(start);
        let world = World::start_with(240, &clock.env()).await;
        world.on_terms("acme", ALONE).await;
        let desk = world.desk().await;
        let sold = orders(1, 9);
        for (at, order) in sold.iter().enumerate() {
            if at == 3 {
                clock.set(then);
            }
            if at == 6 {
                clock.set(start);
            }
            assert_eq!(world.sells("acme", order).await, 200);
            desk.sees("acme", order, "done").await;
            if at == 0 {
                let ahead = ahead(&world, &desk, order).await;
                assert!((ahead - start).abs() <= 60, "its clock shows another time: {ahead}");
            }
        }
        world.one_each_in_sequence("acme", &sold);
        assert_eq!((world.shipstation.orders().len(), world.shipstation.journal().commit_count()), (9, 9));
        world.kept_the_limit();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_forward_lets_no_call_beyond_the_limit_leave() {
    let clock = WallClock::ahead_by(0);
    let world = World::start_with(20, &clock.env()).await;
    world.on_terms("acme", ALONE).await;
    let desk = world.desk().await;
    let sold = orders(1, 12);
    for order in &sold[..6] {
        assert_eq!(world.sells("acme", order).await, 200);
        desk.sees("acme", order, "done").await;
    }
    clock.set(TEN_MINUTES);
    for order in &sold[6..] {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    // Nine orders take eighteen of the twenty calls; the next one is not begun before the window ends.
    desk.sees("acme", &sold[8], "done").await;
    eventually("the next one waits", async || {
        let lane = desk.get("/api/v1/lanes?stalled=true").await.1.to_string();
        lane.contains("throttled") || world.shipstation.journal().answered(429) > 0
    })
    .await;
    world.kept_the_limit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_was_frozen_for_longer_than_its_lease_makes_one_order_of_each() {
    let clock = WallClock::ahead_by(0);
    let world = World::start_with(1200, &clock.env()).await;
    world.on_terms("acme", ALONE).await;
    let desk = world.desk().await;
    let sold = orders(1, 4);
    // What was written before the freeze lands after it, when the lane is somebody else's.
    world.shipstation.faults().push(Fault::next(Effect::Delay(Duration::from_secs(8))).on("createorder"));
    for order in &sold[..3] {
        assert_eq!(world.sells("acme", order).await, 200);
    }
    eventually("the write has left", async || !world.shipstation.journal().calls_to("createorder").is_empty()).await;
    world.program.signal("STOP").await;
    clock.set(BEYOND_THE_LEASE);
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.program.signal("CONT").await;
    // This wakes the lane; its lease has run out.
    assert_eq!(world.sells("acme", &sold[3]).await, 200);
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    eventually("the late write has landed", async || {
        world.shipstation.journal().calls_to("createorder").iter().all(|call| call.answered_at.is_some())
    })
    .await;
    eventually("who came late said so", async || {
        let timeline = desk.get(&format!("{}/timeline", path("acme", &sold[0]))).await.1.to_string();
        timeline.contains("disturbed") && desk.job("acme", &sold[0]).await["state"] == "done"
    })
    .await;
    world.one_each_in_sequence("acme", &sold);
    assert_eq!(world.shipstation.orders().len(), 4);
    let commits = world.shipstation.journal().commits_of(&key("acme", &sold[0]));
    assert!(commits.iter().all(|commit| commit.digest == commits[0].digest), "the same key and the same bytes");
    let kinds: Vec<Kind> = commits.iter().map(|commit| commit.kind).collect();
    assert_eq!(kinds, [Kind::Created, Kind::Replaced], "both writes landed, on one order");
}
