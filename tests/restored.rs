//! Yesterday's backup of the ledger is put in place. It is refused until somebody says that it is one; then every order
//! is looked up before anything is written: nothing is doubled at the warehouse or at the shop, nothing that the
//! warehouse did is undone, and what must not ship is stopped although the ledger has forgotten that it went there.

use serde_json::{Value, json};
use simulators::journal::Kind;
use simulators::shipstation::Label;
use simulators::shopify::Act;

use crate::world::{Delivery, Desk, Program, World, a_sale, domain, eventually, key, orders, path};

const LOOKED_AT: &str = "[[hold.rules]]\nwhen = \"tagged\"\ntags = [\"look\"]\n";

/// A backup of the ledger while the program runs, made as the README says.
fn backup(world: &World) -> Vec<u8> {
    let copy = world.folder().join("backup.db");
    world.file().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    std::fs::remove_file(copy).unwrap();
    bytes
}

/// The disk is lost, but for the file beside the ledger; the backup is all there is.
async fn put_in_place(world: &mut World, backup: &[u8]) {
    world.program.kill().await;
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(world.folder().join(name));
    }
    std::fs::write(world.folder().join("ledger.db"), backup).unwrap();
    let said = Program::ends_at_once(world.folder(), &[]).await;
    assert!(said.contains("is older than what last ran here: a restored backup?"), "{said}");
    assert!(said.contains("lanekeeper up --restored"), "{said}");
    world.restart_restored().await;
}

/// A stop in good order leaves no last minute in which a backup could be taken for what last ran.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_from_just_before_a_stop_in_good_order_is_told_from_what_last_ran() {
    let mut world = World::start().await;
    let backup = backup(&world);
    assert!(world.program.terminate().await);
    put_in_place(&mut world, &backup).await;
}

fn id(order: &Value) -> u64 {
    order["id"].as_u64().unwrap()
}

fn there(world: &World, order: &Value) -> Value {
    world.at_shipstation("acme", order).expect("it is there")
}

fn number_there(world: &World, order: &Value) -> u64 {
    there(world, order)["orderId"].as_u64().unwrap()
}

async fn pauses(desk: &Desk) {
    let why = json!({"why": "stocktaking"});
    assert_eq!(desk.post("/api/v1/lanes/orders/acme/pause", None, &why).await.0, 200);
}

async fn resumes(desk: &Desk) {
    assert_eq!(desk.post("/api/v1/lanes/orders/acme/resume", None, &json!({})).await.0, 200);
}

fn cancel(order: &Value) -> Act {
    Act::Cancel { order: id(order), reason: "customer".into() }
}

/// Orders of one shop, named for what becomes of them between the backup and its being put in place.
struct Story {
    /// Carried out before.
    before: Value,
    /// Waits for a person in the backup, approved and shipped since.
    shipped: Value,
    /// Waits for a person in the backup, approved since, refused afterwards.
    refused: Value,
    /// In line in the backup, carried out since; the warehouse left it as it is.
    same: Value,
    /// The same, but the warehouse changed its address.
    edited: Value,
    /// The same, and the warehouse put it on hold besides.
    kept_back: Value,
    /// The same, and the warehouse only put it on hold.
    on_hold: Value,
    /// In line in the backup, carried out since; cancelled at the shop while nobody heard of it.
    cancelled: Value,
    /// The same; its cancellation is heard before its turn comes.
    cancelled_first: Value,
    /// Sold and carried out after the backup.
    unknown: Value,
    /// The same, but all that comes after is its cancellation.
    unknown_cancelled: Value,
}

impl Story {
    fn new() -> Self {
        let mut sold = orders(1, 11);
        for asked in [1, 2] {
            sold[asked]["tags"] = json!("look");
        }
        let [before, shipped, refused, same, edited, kept_back, on_hold, cancelled, cancelled_first, unknown, last] =
            <[Value; 11]>::try_from(sold).unwrap();
        Self {
            before,
            shipped,
            refused,
            same,
            edited,
            kept_back,
            on_hold,
            cancelled,
            cancelled_first,
            unknown,
            unknown_cancelled: last,
        }
    }

    fn in_line(&self) -> [&Value; 6] {
        [&self.same, &self.edited, &self.kept_back, &self.on_hold, &self.cancelled, &self.cancelled_first]
    }

    fn all(&self) -> Vec<&Value> {
        let others = [&self.before, &self.shipped, &self.refused, &self.unknown, &self.unknown_cancelled].into_iter();
        others.chain(self.in_line()).collect()
    }

    /// Up to the backup, which is made while the program runs.
    async fn before_the_backup(&self, world: &World, desk: &Desk) -> Vec<u8> {
        for order in [&self.before, &self.shipped, &self.refused] {
            world.sells("acme", order).await;
        }
        desk.sees("acme", &self.before, "done").await;
        desk.sees("acme", &self.shipped, "held").await;
        desk.sees("acme", &self.refused, "held").await;
        pauses(desk).await;
        for order in self.in_line() {
            world.sells("acme", order).await;
        }
        backup(world)
    }

    /// What happened that the backup does not know.
    async fn since(&self, world: &World, desk: &Desk) {
        resumes(desk).await;
        for order in [&self.shipped, &self.refused] {
            assert_eq!(desk.decides("approve", "acme", order).await.0, 200);
        }
        for order in [&self.unknown, &self.unknown_cancelled] {
            world.sells("acme", order).await;
        }
        for order in self.all() {
            desk.sees("acme", order, "done").await;
        }
        world.shipstation.ship(number_there(world, &self.shipped)).unwrap();
        for order in [&self.edited, &self.kept_back] {
            world.shipstation.change_order(number_there(world, order), |order| {
                order["shipTo"]["street2"] = json!("2nd floor, corrected by the warehouse");
                order["internalNotes"] = json!("fragile");
            });
        }
        for order in [&self.kept_back, &self.on_hold] {
            world.shipstation.change_order(number_there(world, order), |order| order["orderStatus"] = json!("on_hold"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_backup_every_order_is_looked_up_and_nothing_is_doubled_undone_or_left_to_ship() {
    let mut world = World::start().await;
    world.on_terms("acme", LOOKED_AT).await;
    let story = Story::new();
    let mut desk = world.desk().await;
    let yesterday = story.before_the_backup(&world, &desk).await;
    world.restart().await;
    desk.moved(&world);
    story.since(&world, &desk).await;
    let left = |world: &World| -> Vec<Value> {
        let untouched = [&story.before, &story.shipped, &story.same, &story.kept_back, &story.on_hold, &story.unknown];
        untouched.map(|order| there(world, order)).to_vec()
    };
    let stood = left(&world);
    for order in [&story.cancelled, &story.cancelled_first, &story.unknown_cancelled] {
        world.shopify.act(&domain("acme"), cancel(order)).unwrap();
    }

    put_in_place(&mut world, &yesterday).await;
    desk.moved(&world);
    assert!(world.program.log().contains("a backup that was put in place"), "{}", world.program.log());
    assert_eq!(desk.job("acme", &story.before).await["state"], "done");
    // What comes is heard while the lane is still as the backup has it: paused.
    for order in [&story.cancelled_first, &story.unknown_cancelled] {
        let now = world.shopify.order(&domain("acme"), id(order)).unwrap();
        assert_eq!(world.delivers("acme", "orders/cancelled", &now).await, 200);
        let state = desk.job("acme", order).await["state"].clone();
        assert_eq!(state, "waiting", "it does not end before it was looked for");
    }
    world.redelivers(&Delivery::of("acme", "orders/create", &story.unknown)).await;
    resumes(&desk).await;

    for order in [&story.same, &story.on_hold, &story.unknown] {
        desk.sees("acme", order, "done").await;
    }
    for order in [&story.cancelled, &story.cancelled_first, &story.unknown_cancelled] {
        desk.sees("acme", order, "skipped").await;
        assert_eq!(there(&world, order)["orderStatus"], "cancelled", "{}", order["name"]);
    }
    // Whoever refuses an order does not know that it went there.
    assert_eq!(desk.decides("reject", "acme", &story.refused).await.0, 200);
    desk.sees("acme", &story.refused, "rejected").await;
    assert_eq!(there(&world, &story.refused)["orderStatus"], "cancelled");
    assert_eq!(desk.decides("approve", "acme", &story.shipped).await.0, 200);
    desk.sees("acme", &story.shipped, "done").await;
    let asked = desk.sees("acme", &story.kept_back, "held").await;
    assert!(asked["hold"]["evidence"].to_string().contains("put back from a backup"), "{asked}");
    assert_eq!(left(&world), stood, "what was as it should be, and what the warehouse did, stands as it stood");

    the_warehouses_change_stays(&world, &desk, &story).await;
    for order in story.all() {
        let created = world.shipstation.journal().count_of(&key("acme", order), Kind::Created);
        assert_eq!(created, 1, "{}", order["name"]);
    }
    assert_eq!(world.shipstation.orders().len(), story.all().len(), "nothing is doubled");

    // It is said once; from then on the program starts as always, and work goes on.
    world.restart().await;
    desk.moved(&world);
    let next = orders(2, 1).remove(0);
    world.sells("acme", &next).await;
    desk.sees("acme", &next, "done").await;
}

/// What is not as the shop says it waits for a person, on hold; whoever approves it leaves it as the warehouse has it.
async fn the_warehouses_change_stays(world: &World, desk: &Desk, story: &Story) {
    let street = |order: &Value| there(world, order)["shipTo"]["street2"].clone();
    let corrected = "2nd floor, corrected by the warehouse";
    desk.sees("acme", &story.edited, "held").await;
    assert_eq!(
        (&there(world, &story.edited)["orderStatus"], street(&story.edited)),
        (&json!("on_hold"), json!(corrected))
    );
    assert_eq!(desk.decides("approve", "acme", &story.edited).await.0, 200);
    desk.sees("acme", &story.edited, "done").await;
    world.arrives("acme", &story.edited, "awaiting_shipment").await;
    assert_eq!(street(&story.edited), corrected);
    assert_eq!(there(world, &story.edited)["internalNotes"], "fragile");

    // Here the hold is the warehouse's own, so it is asked about by itself.
    let first = desk.job("acme", &story.kept_back).await["question"]["number"].clone();
    assert_eq!(desk.decides("approve", "acme", &story.kept_back).await.0, 200);
    eventually("it is asked whose hold it is", async || {
        let job = desk.job("acme", &story.kept_back).await;
        job["state"] == "held" && job["question"]["number"] != first
    })
    .await;
    let stands = there(world, &story.kept_back);
    assert_eq!((&stands["orderStatus"], street(&story.kept_back)), (&json!("on_hold"), json!(corrected)));
    assert_eq!(desk.decides("approve", "acme", &story.kept_back).await.0, 200);
    desk.sees("acme", &story.kept_back, "done").await;
    let stands = there(world, &story.kept_back);
    assert_eq!((&stands["orderStatus"], street(&story.kept_back)), (&json!("awaiting_shipment"), json!(corrected)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_shop_was_told_since_the_backup_it_is_not_told_again() {
    let mut world = World::start().await;
    world.on_terms("acme", "[carriage.tracking]\nback = true\n").await;
    let mut desk = world.desk().await;
    let [known, waits] = [1001, 1002].map(a_sale);
    world.sells("acme", &known).await;
    desk.sees("acme", &known, "done").await;
    pauses(&desk).await;
    world.sells("acme", &waits).await;
    let yesterday = backup(&world);
    world.restart().await;
    desk.moved(&world);
    world.hears_of_labels().await;
    resumes(&desk).await;
    desk.sees("acme", &waits, "done").await;
    let fulfilments = |world: &World, order: &Value| {
        let order = world.shopify.order(&domain("acme"), id(order)).unwrap();
        order["fulfillments"].as_array().cloned().unwrap_or_default().len()
    };
    let numbers = ["9400-KNOWN", "9400-WAITS"];
    for (order, number) in [&known, &waits].into_iter().zip(numbers) {
        let label = Label::of("stamps_com", "usps_priority_mail").tracking(number);
        world.shipstation.label(number_there(&world, order), &label).unwrap();
        eventually("the shop is told", async || fulfilments(&world, order) == 1).await;
    }
    let stood = [&known, &waits].map(|order| there(&world, order));

    put_in_place(&mut world, &yesterday).await;
    desk.moved(&world);
    resumes(&desk).await;
    eventually("the shipment that the backup does not know is found, and found to be told", async || {
        let timeline = desk.get(&format!("{}/timeline", path("acme", &known))).await.1;
        timeline.to_string().contains(numbers[0])
    })
    .await;
    for order in [&known, &waits] {
        desk.sees("acme", order, "done").await;
        assert_eq!(fulfilments(&world, order), 1, "{}", order["name"]);
    }
    let told = world.shopify.journal().commits();
    assert_eq!(told.iter().filter(|commit| commit.kind == Kind::Fulfilled).count(), 2, "once each");
    assert_eq!([&known, &waits].map(|order| there(&world, order)), stood);
    assert_eq!(world.shipstation.orders().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_backup_is_never_called_one() {
    let mut world = World::start().await;
    world.shop("acme", &[]).await;
    let sold = orders(1, 4);
    let mut desk = world.desk().await;
    for (nth, order) in sold.iter().enumerate() {
        world.sells("acme", order).await;
        // It dies between the ledger's word and the file's, again and again, and then somewhere.
        world.program.kill().await;
        for _ in 0..=nth {
            let said =
                Program::ends_at_once(world.folder(), &[("LANEKEEPER_KILL_AT", "ledger.before_boot_file")]).await;
            assert!(!said.contains("older"), "{said}");
        }
        world.restart().await;
        assert!(!world.program.log().contains("backup"), "{}", world.program.log());
    }
    desk.moved(&world);
    for order in &sold {
        desk.sees("acme", order, "done").await;
    }
    world.one_each_in_sequence("acme", &sold);
    // On another machine, or with a ledger from before there was such a file, nobody can tell, and nobody is stopped.
    world.program.kill().await;
    std::fs::remove_file(world.folder().join("ledger.db.boot")).unwrap();
    world.restart().await;
    assert!(world.program.log().contains("the file beside the ledger is missing"), "{}", world.program.log());
    world.restart().await;
    assert!(!world.program.log().contains("is missing"), "{}", world.program.log());
}
