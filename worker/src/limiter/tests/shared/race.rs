//! Processes that really decide at the same time, each with a connection of its own to a real ledger. Only the clock is
//! moved by hand: all that happens between two moves happens at once.

use backend::aws::ledger::{Patience, create};
use backend::contract::stand_in::{self, Ministack};
use futures::future::join_all;
use std::sync::atomic::AtomicUsize;

use super::*;

const PROCESSES: usize = 8;
const LANES: usize = 24;
const CALLS: u32 = 120;
const MINUTES: u64 = 4;
const STEP: Duration = Duration::from_secs(6);

/// Counts what one process writes.
struct Watched {
    ledger: Arc<dyn Limits>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicUsize,
    written: AtomicUsize,
    overtaken: AtomicUsize,
}

#[async_trait::async_trait]
impl Limits for Watched {
    async fn limit(&self, account: &AccountId) -> Result<Option<Limit>, LedgerError> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.ledger.limit(account).await
    }

    async fn agree(&self, account: &AccountId, words: &str, read: u64) -> Result<Agreed, LedgerError> {
        let agreed = self.ledger.agree(account, words, read).await?;
        let count = if agreed == Agreed::Yes { &self.counts.written } else { &self.counts.overtaken };
        count.fetch_add(1, Ordering::Relaxed);
        Ok(agreed)
    }
}

/// One lane's turn at one process, with two calls if it is its turn. When to come back.
async fn turn(limiter: Limiter, n: usize, says_so: bool, calls: Arc<Mutex<Vec<Timestamp>>>) -> Option<Timestamp> {
    match limiter.reserve(&lane(n), &need(2)).await.unwrap() {
        Slot::At { at, .. } => return Some(at),
        Slot::Now => {}
    }
    for _ in 0..2 {
        tokio::task::yield_now().await;
        limiter.permit(&warehouse()).unwrap();
        let now = limiter.now().1;
        calls.lock().unwrap().push(now);
    }
    limiter.finish(&lane(n));
    if says_so {
        limiter.settle().await;
    }
    None
}

async fn race(ledgers: Vec<Arc<dyn Limits>>) {
    let (clock, counts) = (Arc::new(ManualClock::starting(start())), Arc::new(Counts::default()));
    let limiters: Vec<Limiter> = (0..)
        .zip(ledgers)
        .map(|(seed, ledger)| {
            let ledger = Arc::new(Watched { ledger, counts: counts.clone() });
            let limiter = Limiter::shared(clock.clone(), ledger, format!("p{seed}"), seed);
            limiter.set(&warehouse(), Quota::per_minute(CALLS));
            limiter
        })
        .collect();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let mut back = vec![start(); LANES];
    let mut orders = vec![0_u32; LANES];
    let end = after(start(), seconds(MINUTES * 60));
    let mut nth = 0;
    while clock.now() < end {
        // Those whose turn it was ask again at once, as often as they are let.
        loop {
            let due: Vec<usize> = (0..LANES).filter(|n| back[*n] <= clock.now()).collect();
            if due.is_empty() {
                break;
            }
            let turns = due.iter().map(|n| {
                nth += 1;
                tokio::spawn(turn(limiters[nth % PROCESSES].clone(), *n, nth % 3 == 0, calls.clone()))
            });
            let turns: Vec<_> = turns.collect();
            for (n, told) in due.iter().zip(join_all(turns).await) {
                match told.unwrap() {
                    Some(at) => back[*n] = at,
                    None => orders[*n] += 1,
                }
            }
        }
        clock.advance(STEP);
    }
    let calls = Arc::into_inner(calls).unwrap().into_inner().unwrap();
    let permitted = u64::from(CALLS) * MINUTES;
    println!(
        "{} of {permitted} calls, {counts:?}, orders {:?}..{:?}",
        calls.len(),
        orders.iter().min(),
        orders.iter().max()
    );
    assert!(most_in_a_minute(&calls) <= CALLS as usize, "{} in a minute", most_in_a_minute(&calls));
    assert!(calls.len() as u64 * 100 >= permitted * 85, "{} of {permitted}", calls.len());
    assert!(orders.iter().max().unwrap() - orders.iter().min().unwrap() <= 4, "{orders:?}");
    assert!(counts.overtaken.load(Ordering::Relaxed) > 20, "they have to meet: {counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_race_at_the_table_never_exceed_the_limit() {
    let stand_in = Ministack::start().unwrap();
    let config = stand_in.config().await;
    let minute = Duration::from_mins(1);
    let patience = Patience { one_try: Duration::from_secs(20), webhook: minute, others: minute };
    create(&config, "race", patience).await.unwrap();
    let mut ledgers: Vec<Arc<dyn Limits>> = Vec::new();
    for _ in 0..PROCESSES {
        let ledger = stand_in::ledger(&config, "race", patience).await.unwrap();
        ledgers.push(Arc::new(ledger));
    }
    race(ledgers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limiters_that_race_at_one_file_never_exceed_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::starting(start());
    let ledger = backend::embedded::ledger::Ledger::open(&folder.path().join("ledger.db"), &clock).unwrap();
    race((0..PROCESSES).map(|_| -> Arc<dyn Limits> { Arc::new(ledger.clone()) }).collect()).await;
}
