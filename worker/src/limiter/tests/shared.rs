//! Several processes at one account, under a clock that is moved by hand: every process has a limiter of its own, and all
//! of them one board, where the ledger would be.

mod life;
mod race;

use lane::ports::{Agreed, Limit};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Where the processes agree, with the ledger's manners. Some writes are overtaken, and of some nobody hears.
pub(super) struct Board {
    limits: Mutex<HashMap<AccountId, Limit>>,
    chance: Mutex<StdRng>,
    /// Of so many writes one is overtaken, of so many one is not made, and of so many one is made and not answered.
    overtakes: u32,
    loses: u32,
    /// After the next write it does not answer at all.
    breaks: AtomicBool,
    broken: AtomicBool,
    pub(super) counted: Mutex<Counted>,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counted {
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) overtaken: usize,
    pub(super) lost: usize,
    pub(super) longest: usize,
}

impl Board {
    pub(super) fn new(seed: u64, overtakes: u32, loses: u32) -> Arc<Self> {
        Arc::new(Self {
            limits: Mutex::default(),
            chance: Mutex::new(StdRng::seed_from_u64(seed)),
            overtakes,
            loses,
            breaks: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            counted: Mutex::default(),
        })
    }

    fn happens(&self, one_in: u32) -> bool {
        one_in > 0 && self.chance.lock().unwrap().random_ratio(1, one_in)
    }

    pub(super) fn process(self: &Arc<Self>, clock: &Arc<ManualClock>, name: &str, calls: u32) -> Limiter {
        let limiter = Limiter::shared(clock.clone(), self.clone(), name.to_owned(), 7);
        limiter.set(&warehouse(), Quota::per_minute(calls));
        limiter
    }

    fn count(&self, count: impl FnOnce(&mut Counted)) {
        count(&mut self.counted.lock().unwrap());
    }
}

#[async_trait::async_trait]
impl Limits for Board {
    async fn limit(&self, account: &AccountId) -> Result<Option<Limit>, LedgerError> {
        self.count(|counted| counted.reads += 1);
        if self.broken.load(Ordering::Relaxed) {
            return Err(LedgerError::Unavailable("it does not answer".to_owned()));
        }
        Ok(self.limits.lock().unwrap().get(account).cloned())
    }

    async fn agree(&self, account: &AccountId, words: &str, read: u64) -> Result<Agreed, LedgerError> {
        let mut limits = self.limits.lock().unwrap();
        let lost = Err(LedgerError::Unavailable("no answer came".to_owned()));
        if self.happens(self.loses) {
            self.count(|counted| counted.lost += 1);
            return lost;
        }
        if self.happens(self.overtakes)
            && let Some(known) = limits.get_mut(account)
        {
            known.rev += 1;
        }
        if limits.get(account).map_or(0, |known| known.rev) != read {
            self.count(|counted| counted.overtaken += 1);
            return Ok(Agreed::Overtaken);
        }
        limits.insert(account.clone(), Limit { words: words.to_owned(), rev: read + 1 });
        self.count(|counted| {
            counted.writes += 1;
            counted.longest = counted.longest.max(words.len());
        });
        if self.happens(self.loses) || self.breaks.load(Ordering::Relaxed) {
            self.count(|counted| counted.lost += 1);
            self.broken.store(self.breaks.load(Ordering::Relaxed), Ordering::Relaxed);
            return lost;
        }
        Ok(Agreed::Yes)
    }
}

async fn asks(limiter: &Limiter, n: usize, units: u32) -> Slot {
    limiter.reserve(&lane(n), &need(units)).await.unwrap()
}

/// Waits for the lane's turn.
async fn takes(limiter: &Limiter, clock: &ManualClock, n: usize, units: u32) {
    for _ in 0..3 {
        match asks(limiter, n, units).await {
            Slot::Now => return,
            Slot::At { at, .. } => move_to(clock, at),
        }
    }
    panic!("it was told to come back three times");
}

/// Two processes at an account of 40 calls a minute.
fn two() -> (Limiter, Limiter, Arc<Board>, Arc<ManualClock>) {
    let (clock, board) = (Arc::new(ManualClock::starting(start())), Board::new(1, 0, 0));
    (board.process(&clock, "one", 40), board.process(&clock, "two", 40), board, clock)
}

#[tokio::test]
async fn a_ticket_taken_by_one_process_is_the_lanes_at_another() {
    let (one, two, board, clock) = two();
    takes(&one, &clock, 0, 4).await;
    let first = at(&asks(&one, 1, 4).await);
    let second = at(&asks(&two, 2, 4).await);
    assert!(first < second);
    let writes = board.counted.lock().unwrap().writes;
    assert!(about(at(&asks(&two, 1, 4).await), first), "asking elsewhere changes nothing");
    assert_eq!(board.counted.lock().unwrap().writes, writes, "and writes nothing");
    move_to(&clock, after(second, Duration::from_millis(1)));
    assert_eq!(asks(&one, 2, 4).await, Slot::Now, "a late lane holds nobody up");
    assert_eq!(asks(&two, 1, 4).await, Slot::Now, "and loses nothing");
}

#[tokio::test]
async fn what_one_process_was_granted_is_in_the_others_window_until_it_says_when_it_left() {
    let (one, two, _, clock) = two();
    takes(&one, &clock, 0, 36).await;
    clock.advance(seconds(30));
    two.look(&warehouse()).await;
    assert_eq!(two.affords(&warehouse(), 1, 99), 4, "36 may leave at any moment");
    for _ in 0..30 {
        one.permit(&warehouse()).unwrap();
    }
    one.refund(&warehouse(), 6);
    one.finish(&lane(0));
    one.settle().await;
    two.look(&warehouse()).await;
    assert_eq!(two.affords(&warehouse(), 1, 99), 10, "6 came back");
    clock.advance(seconds(61));
    assert_eq!(two.affords(&warehouse(), 1, 99), 10, "30 left 61 s ago");
    clock.advance(seconds(1));
    assert_eq!(two.affords(&warehouse(), 1, 99), 40);
}

#[tokio::test]
async fn a_process_that_dies_takes_nobodys_share_for_longer_than_a_lease() {
    let (one, two, _, clock) = two();
    takes(&one, &clock, 0, 36).await;
    let granted = clock.now();
    let until = one.calls_until(&lane(0)).unwrap();
    // A call of it may leave in the last moment.
    move_to(&clock, until);
    one.permit(&warehouse()).unwrap();
    drop(one);
    clock.advance(seconds(60));
    two.look(&warehouse()).await;
    assert_eq!(two.affords(&warehouse(), 1, 99), 4, "within a minute of it");
    assert!(at(&asks(&two, 1, 5).await) <= after(granted, crate::lane::LEASE));
    clock.advance(seconds(9));
    assert!(clock.now() < after(granted, crate::lane::LEASE));
    assert_eq!(two.affords(&warehouse(), 1, 99), 40);
    assert_eq!(asks(&two, 1, 5).await, Slot::Now);
}

#[tokio::test]
async fn a_429_that_one_process_meets_silences_all() {
    let (one, two, board, clock) = two();
    assert_eq!(asks(&one, 0, 1).await, Slot::Now);
    let until = after(start(), seconds(47));
    one.learn(&warehouse(), Lesson::StopUntil(until));
    one.warn_others().await;
    assert_eq!(one.take_new_stops(), [], "it is kept where all agree");
    assert!(at(&asks(&two, 1, 1).await) >= until);
    assert_eq!(two.permit(&warehouse()).unwrap_err().until, until);
    assert_eq!(two.spend(&warehouse(), 1).await.unwrap_err().until, until);
    assert!(at(&asks(&board.process(&clock, "three", 40), 2, 1).await) >= until, "one that starts now, too");
    move_to(&clock, after(until, seconds(2)));
    assert_eq!(asks(&two, 1, 1).await, Slot::Now);
}

#[tokio::test]
async fn an_account_that_does_not_answer_is_probed_by_one_lane_of_all_processes() {
    let (clock, board) = (Arc::new(ManualClock::starting(start())), Board::new(1, 0, 0));
    let limiters: Vec<Limiter> = (0..4).map(|n| board.process(&clock, &format!("p{n}"), 200)).collect();
    // No process has met more than two failures by itself.
    for nth in 0..5 {
        limiters[nth % 4].learn(&warehouse(), Lesson::Unreachable);
        limiters[nth % 4].warn_others().await;
    }
    let mut told = Vec::new();
    for n in 0..8 {
        told.push(at(&asks(&limiters[n % 4], n, 1).await));
    }
    assert_eq!(told[0], after(start(), seconds(5)));
    assert!(told[1..].iter().all(|at| *at > told[0]));
    move_to(&clock, told[0]);
    // Its message went to another process.
    assert_eq!(asks(&limiters[3], 0, 1).await, Slot::Now);
    limiters[3].permit(&warehouse()).unwrap();
    for n in 1..8 {
        assert!(at(&asks(&limiters[n % 4], n, 1).await) > told[0], "one probes");
    }
    limiters[3].learn(&warehouse(), Lesson::Answered);
    limiters[3].warn_others().await;
    limiters[3].finish(&lane(0));
    clock.advance(seconds(1));
    for n in 1..3 {
        assert!(at_or_now(&asks(&limiters[n % 4], n, 1).await, &clock) < after(clock.now(), seconds(5)), "it is back");
    }
}

/// Times are written down in whole milliseconds.
fn about(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).unsigned_abs() <= Duration::from_millis(2)
}

fn at_or_now(slot: &Slot, clock: &ManualClock) -> Timestamp {
    match slot {
        Slot::At { at, .. } => *at,
        Slot::Now => clock.now(),
    }
}

#[tokio::test]
async fn a_call_beyond_the_ticket_is_taken_from_what_all_have_left() {
    let (one, two, _, clock) = two();
    assert_eq!(asks(&one, 0, 1).await, Slot::Now);
    one.permit(&warehouse()).unwrap();
    let mut spent = 0;
    while [&one, &two][spent % 2].spend(&warehouse(), 1).await.is_ok() {
        [&one, &two][spent % 2].permit(&warehouse()).unwrap();
        spent += 1;
        assert!(spent < 50);
    }
    assert_eq!(spent, 39, "40 leave in the minute, one has left");
    assert!(one.permit(&warehouse()).is_err(), "nothing leaves that nobody granted");
    move_to(&clock, after(start(), seconds(62)));
    two.spend(&warehouse(), 1).await.unwrap();
}

#[tokio::test]
async fn two_accounts_are_granted_together_or_not_at_all_and_the_place_is_kept() {
    let (one, two, board, clock) = two();
    let other = AccountId::at("shipstation", "other");
    for limiter in [&one, &two] {
        limiter.set(&other, Quota::per_minute(40));
    }
    one.learn(&other, Lesson::StopUntil(after(start(), seconds(30))));
    one.warn_others().await;
    let both = [need(3).remove(0), Need { account: other.clone(), units: 1 }];
    let until = after(start(), seconds(30));
    for _ in 0..2 {
        match two.reserve(&lane(0), &both).await.unwrap() {
            Slot::At { at, account, .. } if account == warehouse() => move_to(&clock, at),
            Slot::At { at, account, .. } => assert_eq!((at, account), (until, other.clone())),
            Slot::Now => panic!("the other asked for silence"),
        }
    }
    assert_eq!(two.calls_until(&lane(0)), None);
    let third = board.process(&clock, "three", 40);
    third.look(&warehouse()).await;
    assert_eq!(third.affords(&warehouse(), 1, 99), 40, "nothing is held at the first");
    let behind = at(&asks(&one, 1, 37).await);
    move_to(&clock, until);
    assert!(about(at(&asks(&one, 1, 37).await), behind), "but its place is");
    assert_eq!(one.reserve(&lane(0), &both).await.unwrap(), Slot::Now);
    one.permit(&warehouse()).unwrap();
    one.permit(&other).unwrap();
}

#[tokio::test]
async fn a_shops_own_account_is_not_agreed_on() {
    let (one, _, board, _) = two();
    let shop = AccountId::at("shopify", "acme");
    one.set_alone(&shop, SMALLEST);
    let needs = [Need { account: shop.clone(), units: 252 }];
    assert_eq!(one.reserve(&lane(0), &needs).await.unwrap(), Slot::Now);
    one.permit(&shop).unwrap();
    one.learn(&shop, Lesson::StopUntil(after(start(), seconds(9))));
    one.warn_others().await;
    one.finish(&lane(0));
    one.settle().await;
    let counted = *board.counted.lock().unwrap();
    assert_eq!((counted.reads, counted.writes), (0, 0));
    assert_eq!(one.take_new_stops().len(), 1, "a stop of it is kept for the next start, as ever");
    // While it has to wait for its shop, a lane takes no place at the warehouse, which others could use.
    let both = [need(1).remove(0), needs[0].clone()];
    assert!(at(&one.reserve(&lane(0), &both).await.unwrap()) >= after(start(), seconds(9)));
    assert_eq!(board.counted.lock().unwrap().reads, 0);
}

#[tokio::test]
async fn a_failing_ledger_grants_nothing_and_what_it_did_not_tell_comes_back() {
    let (one, two, board, clock) = two();
    takes(&one, &clock, 0, 3).await;
    board.breaks.store(true, Ordering::Relaxed);
    clock.advance(seconds(10));
    assert!(matches!(one.reserve(&lane(1), &need(1)).await, Err(LedgerError::Unavailable(_))));
    assert_eq!(one.calls_until(&lane(1)), None);
    assert!(one.spend(&warehouse(), 1).await.is_err());
    for _ in 0..3 {
        one.permit(&warehouse()).unwrap();
    }
    assert!(one.permit(&warehouse()).is_err(), "what it was granted before may leave, and no more");
    one.finish(&lane(0));
    one.settle().await;
    // It was written all the same: for others it is held until this process says what it has.
    board.breaks.store(false, Ordering::Relaxed);
    board.broken.store(false, Ordering::Relaxed);
    two.look(&warehouse()).await;
    assert_eq!(two.affords(&warehouse(), 1, 99), 36);
    one.settle().await;
    two.look(&warehouse()).await;
    assert_eq!(two.affords(&warehouse(), 1, 99), 37);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_again() {
    let clock = Arc::new(ManualClock::starting(start()));
    let (mut lost, mut failed) = (0, 0);
    for seed in 0..20 {
        let board = Board::new(seed, 0, 2);
        let one = board.process(&clock, "one", 40);
        let granted = one.reserve(&lane(0), &need(1)).await;
        let written = board.limits.lock().unwrap().contains_key(&warehouse());
        assert_eq!(granted.is_ok(), written);
        lost += board.counted.lock().unwrap().lost;
        failed += usize::from(granted.is_err());
    }
    assert!(failed > 0 && lost > failed, "{failed} of {lost} were not made");
}

#[tokio::test]
async fn a_board_that_is_always_overtaken_ends_in_an_error() {
    let clock = Arc::new(ManualClock::starting(start()));
    let board = Board::new(1, 1, 0);
    let one = board.process(&clock, "one", 40);
    assert_eq!(asks(&one, 0, 1).await, Slot::Now, "there was nobody yet");
    assert!(matches!(one.reserve(&lane(1), &need(1)).await, Err(LedgerError::Unavailable(_))));
}

#[tokio::test]
async fn a_newer_format_is_not_read() {
    let (one, _, board, _) = two();
    board.agree(&warehouse(), r#"{"v":2,"something":"else"}"#, 0).await.unwrap();
    assert!(matches!(one.reserve(&lane(0), &need(1)).await, Err(LedgerError::Unreadable(_))));
}
