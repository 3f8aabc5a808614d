//! The ledger in `DynamoDB` under histories. Its process dies between two calls, before its writes arrive, or before their
//! answers do; another one goes on at the same table, and leases run out.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backend::aws::SdkConfig;
use backend::aws::ledger::{Ledger, Patience, create};
use backend::contract::histories::play::{BEGINS, Tally, play};
use backend::contract::histories::step::Step;
use backend::contract::histories::{Call, Left, Moment, Subject, make};
use backend::contract::ledger::Ports;
use backend::contract::stand_in::{self, Ministack};
use backend::contract::wire::{Fault, Wire};
use futures::future::join_all;
use lane::clock::{ManualClock, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::writing;

/// The stand-in shares the machine with other tests. A write that the wire swallows is given up soon.
pub(super) const PATIENCE: Patience =
    Patience { one_try: Duration::from_secs(20), webhook: Duration::from_mins(1), others: Duration::from_mins(1) };
const GIVES_UP: Patience = Patience {
    one_try: Duration::from_secs(20),
    webhook: Duration::from_millis(60),
    others: Duration::from_millis(60),
};

struct Table {
    config: SdkConfig,
    name: String,
    ledger: Arc<Ledger>,
}

impl Table {
    async fn new(config: SdkConfig) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("history-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        create(&config, &name, PATIENCE).await.unwrap();
        let ledger = Arc::new(stand_in::ledger(&config, &name, PATIENCE).await.unwrap());
        Self { config, name, ledger }
    }
}

impl Subject for Table {
    const VOIDS_LEASES: bool = false;

    fn ports(&self) -> Ports {
        Ports::of(&self.ledger)
    }

    async fn crash(&mut self, moment: Moment, calls: Vec<Call>, now: Timestamp) -> Left {
        let left = match moment {
            Moment::Before => Left::Nothing,
            Moment::Uncommitted => {
                let (wire, config) = Wire::tap(&self.config);
                let dying = Arc::new(stand_in::ledger(&config, &self.name, GIVES_UP).await.unwrap());
                wire.fails(Fault::Cut);
                let ports = Ports::of(&dying);
                // Whoever had nothing to write is answered.
                drop(join_all(calls.iter().map(|call| make(&ports, call))).await);
                Left::Nothing
            }
            Moment::Torn(_) | Moment::Committed => {
                let ports = self.ports();
                for answer in join_all(calls.iter().map(|call| make(&ports, call))).await {
                    answer.unwrap();
                }
                Left::All
            }
        };
        self.reopen(now).await;
        left
    }

    async fn reopen(&mut self, _now: Timestamp) {
        self.ledger = Arc::new(stand_in::ledger(&self.config, &self.name, PATIENCE).await.unwrap());
    }
}

/// Histories of a usual run; `TABLE_HISTORIES` asks for more.
const HISTORIES: u32 = 25;

/// The histories of a usual run begin with it.
const SEED: u64 = 4;

fn plays(histories: impl Strategy<Value = Vec<Step>>) -> (u32, Tally) {
    let asked: Option<u32> = std::env::var("TABLE_HISTORIES").ok().map(|n| n.parse().unwrap());
    let cases = asked.unwrap_or(HISTORIES);
    let given = Config::default();
    let fixed = asked.is_none() && given.rng_seed == RngSeed::Random;
    let rng_seed = if fixed { RngSeed::Fixed(SEED) } else { given.rng_seed };
    let config = Config { cases, max_shrink_time: 60_000, failure_persistence: None, rng_seed, ..given };
    let (stand_in, total) = (Ministack::start().unwrap(), RefCell::new(Tally::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let account = runtime.block_on(stand_in.config());
    let played = TestRunner::new(config).run(&histories, |steps| {
        let clock = Arc::new(ManualClock::starting(Timestamp::from_second(BEGINS).unwrap()));
        let tally = runtime.block_on(async {
            let subject = Table::new(account.clone()).await;
            play(subject, clock, &steps).await
        });
        total.borrow_mut().add(&tally.map_err(TestCaseError::fail)?);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    let total = total.into_inner();
    println!("{cases} histories at a table: {total:#?}");
    (cases, total)
}

#[test]
fn every_history_at_a_table_is_what_the_reference_says() {
    let (cases, done) = plays(writing::history());
    let minimums = [
        ("calls", done.calls, 4000),
        ("orders", done.new, 400),
        ("attempts completed", done.completed, 150),
        ("decisions", done.decided, 15),
        ("crashes", done.crashes, 60),
        ("crashes that undid a call", done.undone, 15),
        ("crashes that lost an answer", done.kept, 15),
    ];
    for (what, done, minimum) in minimums {
        let wanted = minimum * u64::from(cases) / 100;
        assert!(done >= wanted, "{what}: {done} in {cases} histories, less than {wanted}");
    }
}
