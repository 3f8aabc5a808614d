//! A shop's ledger moves from one machine to AWS, with an order in every state: nothing is lost, doubled or reordered, and
//! people go on where they were.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use simulators::faults::{Effect, Fault};
use tokio::io::AsyncWriteExt as _;

use crate::world::{Delivery, Desk, Home, Program, World, a_sale, eventually, orders};

/// What is held, what fails and what is refused at the warehouse.
const TERMS: &str = "[[hold.rules]]\nwhen = \"tagged\"\ntags = [\"look\"]\n[carriage.burst]\norders = 1\n";

/// Orders named for their states when the ledger moves.
struct Orders {
    done: Value,
    held: Value,
    rejected: Value,
    failed: Value,
    skipped: Value,
    retrying: Value,
    waiting: Value,
    attempting: Value,
}

impl Orders {
    fn new() -> Self {
        let mut sold: Vec<Value> = (1001..1009).map(a_sale).collect();
        for held in [1, 2] {
            sold[held]["tags"] = "look".into();
        }
        sold[4]["financial_status"] = "pending".into();
        let mut next = sold.into_iter();
        let mut order = || next.next().expect("eight orders");
        Self {
            done: order(),
            held: order(),
            rejected: order(),
            failed: order(),
            skipped: order(),
            retrying: order(),
            waiting: order(),
            attempting: order(),
        }
    }

    /// Everything that happens on the machine. The program dies in the middle of a call.
    async fn happen(&self, world: &mut World, desk: &Desk) {
        for order in [&self.done, &self.held, &self.rejected, &self.failed, &self.skipped] {
            if order == &self.failed {
                world.shipstation.faults().push(refusal(405, order));
            }
            assert_eq!(world.sells("acme", order).await, 200);
        }
        desk.sees("acme", &self.failed, "failed").await;
        desk.sees("acme", &self.skipped, "skipped").await;
        for order in [&self.held, &self.rejected] {
            desk.sees("acme", order, "held").await;
        }
        assert_eq!(desk.decides("reject", "acme", &self.rejected).await.0, 200);
        world.shipstation.faults().push(refusal(500, &self.retrying).forever());
        for order in [&self.retrying, &self.waiting] {
            assert_eq!(world.sells("bolt", order).await, 200);
        }
        eventually("the warehouse failed twice, and the next try is some time away", async || {
            let job = desk.job("bolt", &self.retrying).await;
            job["state"] == "retrying" && job["attempts"] == 2
        })
        .await;
        // It is there, and the program never learns of it.
        world.shipstation.faults().push(Fault::next(Effect::Hang(Duration::from_mins(1))).on("orders/get"));
        assert_eq!(world.sells("crux", &self.attempting).await, 200);
        world.arrives("crux", &self.attempting, "awaiting_shipment").await;
        world.program.kill().await;
        world.shipstation.faults().clear();
    }

    /// Everybody goes on, on AWS.
    async fn go_on(&self, world: &World, desk: &Desk) {
        let later = orders(9, 3);
        for order in &later {
            assert_eq!(world.sells("bolt", order).await, 200);
        }
        assert_eq!(desk.decides("approve", "acme", &self.held).await.0, 200);
        assert_eq!(desk.decides("retry", "acme", &self.failed).await.0, 200);
        for (shop, order) in [
            ("acme", &self.done),
            ("acme", &self.held),
            ("acme", &self.failed),
            ("bolt", &self.retrying),
            ("bolt", &self.waiting),
            ("crux", &self.attempting),
        ] {
            desk.sees(shop, order, "done").await;
        }
        desk.sees("acme", &self.rejected, "rejected").await;
        desk.sees("acme", &self.skipped, "skipped").await;
        desk.sees("bolt", &later[2], "done").await;
        world.one_each_in_sequence("bolt", &[vec![self.retrying.clone(), self.waiting.clone()], later].concat());
        world.one_each_in_sequence("crux", std::slice::from_ref(&self.attempting));
        assert_eq!(world.shipstation.orders().len(), 9, "and nothing else");
    }
}

fn refusal(status: u16, order: &Value) -> Fault {
    let effect = Effect::Status { status, body: "{\"message\":\"no\"}".into(), headers: vec![], commit: false };
    Fault::next(effect).on("createorder").containing(order["name"].as_str().expect("a name"))
}

/// What the export says, a line for each record.
async fn exported(world: &World) -> String {
    let output = world.program.to_run(&["export"]).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("exported: 3 shops"), "{told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Imports it by the settings as they are now. What was said.
async fn imported(world: &World, export: &str) -> Result<String, String> {
    let mut run = world.program.to_run(&["import"]);
    let mut import = run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = import.stdin.take().unwrap();
    // It may refuse before it has read everything.
    let _ = stdin.write_all(export.as_bytes()).await;
    drop(stdin);
    let output = import.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn states(export: &str) -> BTreeSet<String> {
    let records = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let jobs = records.filter(|record| record["kind"] == "job");
    jobs.map(|job| job["job"]["state"]["state"].as_str().expect("a state").to_owned()).collect()
}

/// The settings name a table from now on.
async fn settle_on_aws(world: &mut World) {
    let place = Home::Aws.make(world.folder()).await;
    world.settings(|before| {
        let rest = before.split_once("[webhooks]").expect("what comes behind the ledger").1;
        format!("{place}\n[webhooks]{rest}")
    });
    world.home = Home::Aws;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_in_every_state_go_on_where_they_were() {
    let mut world = World::start_in(Home::Machine, 600, &[]).await;
    for shop in ["acme", "bolt", "crux"] {
        world.on_terms(shop, TERMS).await;
    }
    let (sold, mut desk) = (Orders::new(), world.desk().await);
    sold.happen(&mut world, &desk).await;
    let export = exported(&world).await;
    let every = ["attempting", "done", "failed", "held", "rejected", "retrying", "skipped", "waiting"];
    assert_eq!(states(&export), every.map(str::to_owned).into());
    let said = Program::ends_at_once(world.folder(), &[]).await;
    assert!(said.contains("was exported at") && said.contains("lanekeeper export --call-off"), "{said}");

    settle_on_aws(&mut world).await;
    let cut = &export[..export.len() / 2];
    let said = imported(&world, cut).await.unwrap_err();
    assert!(said.contains("the export is cut off or damaged"), "{said}");
    let check = world.program.to_run(&["check"]).output().await.unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
    assert!(!check.status.success() && told.contains("a ledger is being imported into the table"), "{told}");
    assert!(!told.contains("is sound"), "{told}");
    let said = imported(&world, &export).await.unwrap();
    assert!(said.contains("imported: 3 shops, 1 operators, 8 orders"), "{said}");
    let said = imported(&world, &export).await.unwrap_err();
    assert!(said.contains("was imported into the table at"), "{said}");

    world.program = Program::start_in(Home::Aws, world.folder(), &[]).await;
    desk.moved(&world);
    let repeated = Delivery::of("acme", "orders/create", &sold.done);
    assert_eq!(world.outcome(&repeated).await, "duplicate", "what came before is known");
    sold.go_on(&world, &desk).await;
}
