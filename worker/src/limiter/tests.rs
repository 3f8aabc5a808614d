//! The limiter under a clock that is moved by hand.

mod shared;

use futures::FutureExt as _;
use lane::clock::ManualClock;
use lane::id::ShopId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// A limiter that keeps to itself answers at once.
trait AtOnce {
    fn asks(&self, lane: &LaneKey, needs: &[Need]) -> Slot;
    fn spends(&self, account: &AccountId, units: u32) -> Result<(), Stopped>;
}

impl AtOnce for Limiter {
    fn asks(&self, lane: &LaneKey, needs: &[Need]) -> Slot {
        self.reserve(lane, needs).now_or_never().unwrap().unwrap()
    }

    fn spends(&self, account: &AccountId, units: u32) -> Result<(), Stopped> {
        self.spend(account, units).now_or_never().unwrap()
    }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn warehouse() -> AccountId {
    AccountId::at("shipstation", "main")
}

fn lane(n: usize) -> LaneKey {
    LaneKey::orders(&ShopId::parse(&format!("shop-{n}")).unwrap())
}

fn need(units: u32) -> Vec<Need> {
    vec![Need { account: warehouse(), units }]
}

fn limiter(calls: u32) -> (Limiter, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::starting(start()));
    let limiter = Limiter::new(clock.clone());
    limiter.set(&warehouse(), Quota::per_minute(calls));
    (limiter, clock)
}

fn at(slot: &Slot) -> Timestamp {
    match slot {
        Slot::At { at, .. } => *at,
        Slot::Now => panic!("it may go now"),
    }
}

fn move_to(clock: &ManualClock, at: Timestamp) {
    clock.advance(lane::clock::until(clock.now(), at));
}

/// What the lanes did in virtual time.
struct Played {
    /// When calls left.
    calls: Vec<Timestamp>,
    /// Lanes in the order in which they took tickets, and in which they were served.
    taken: Vec<usize>,
    served: Vec<usize>,
}

/// `lanes` lanes with endless work return when they are told plus a little, for `minutes` virtual minutes. An attempt
/// makes `calls(n)` calls, the last one `slow` after it began.
fn play(
    lanes: usize,
    minutes: u64,
    calls: impl Fn(usize) -> u32,
    late: impl Fn(usize) -> Duration,
    slow: Duration,
) -> Played {
    let (limiter, clock) = limiter(40);
    let end = after(start(), seconds(minutes * 60));
    let mut played = Played { calls: Vec::new(), taken: Vec::new(), served: Vec::new() };
    // (when, tie-break, lane, attempt under way)
    let mut events: BinaryHeap<Reverse<(Timestamp, usize, usize, bool)>> =
        (0..lanes).map(|n| Reverse((start(), n, n, false))).collect();
    let mut holds = vec![false; lanes];
    let mut turn = lanes;
    while let Some(Reverse((when, _, n, under_way))) = events.pop() {
        if when >= end {
            break;
        }
        move_to(&clock, when);
        turn += 1;
        if under_way {
            limiter.permit(&warehouse()).unwrap();
            played.calls.push(when);
            limiter.finish(&lane(n));
            events.push(Reverse((when, turn, n, false)));
            continue;
        }
        if !holds[n] {
            played.taken.push(n);
            holds[n] = true;
        }
        match limiter.asks(&lane(n), &need(calls(n))) {
            Slot::At { at, .. } => {
                assert!(at > when);
                events.push(Reverse((after(at, late(turn)), turn, n, false)));
            }
            Slot::Now => {
                played.served.push(n);
                holds[n] = false;
                for _ in 1..calls(n) {
                    limiter.permit(&warehouse()).unwrap();
                    played.calls.push(when);
                }
                events.push(Reverse((after(when, slow), turn, n, true)));
            }
        }
    }
    played
}

fn most_in_a_minute(calls: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| calls.iter().filter(|at| *at >= from && **at < after(*from, seconds(60))).count();
    calls.iter().map(within).max().unwrap_or(0)
}

fn assert_served_in_order(played: &Played) {
    for (place, served) in played.served.iter().enumerate() {
        let near = place.saturating_sub(1)..(place + 2).min(played.taken.len());
        assert!(played.taken[near].contains(served), "ticket {place} was not served in its turn");
    }
}

#[test]
fn eight_lanes_use_an_account_up_and_never_over_its_limit() {
    for units in 1..=5 {
        let played = play(8, 30, |_| units, |_| Duration::ZERO, Duration::ZERO);
        assert!(most_in_a_minute(&played.calls) <= 40, "{units} at once");
        let used = played.calls.len();
        assert!(used * 100 >= 40 * 30 * 95, "{units} at once: {used} of 1200 calls");
        assert_served_in_order(&played);
    }
}

#[test]
fn lanes_that_come_late_and_calls_that_leave_late_break_no_window() {
    let late = |turn: usize| Duration::from_millis((turn as u64 * 7919) % 9000);
    let played = play(8, 30, |n| [1, 2, 3, 4, 5][n % 5], late, seconds(7));
    assert!(most_in_a_minute(&played.calls) <= 40);
    assert!(played.calls.len() * 100 >= 40 * 30 * 85, "{} calls", played.calls.len());
}

#[test]
fn lanes_as_they_are_in_life_use_the_limit_up_too() {
    for units in 1..=4 {
        let late = |turn: usize| Duration::from_millis((turn as u64 * 7919) % 200);
        let played = play(8, 30, |_| units, late, Duration::from_millis(800));
        assert!(most_in_a_minute(&played.calls) <= 40, "{units} at once");
        let used = played.calls.len();
        assert!(used * 100 >= 40 * 30 * 95, "{units} at once: {used} of 1200 calls");
    }
}

#[test]
fn a_limit_of_any_size_holds() {
    for limit in [1, 2, 3, 20, 200] {
        let (limiter, clock) = limiter(limit);
        let mut calls = Vec::new();
        while clock.now() < after(start(), seconds(600)) {
            match limiter.asks(&lane(0), &need(1)) {
                Slot::At { at, .. } => move_to(&clock, at),
                Slot::Now => {
                    limiter.permit(&warehouse()).unwrap();
                    calls.push(clock.now());
                }
            }
        }
        assert!(most_in_a_minute(&calls) <= limit as usize, "{limit}");
        assert!(calls.len() >= 5, "{limit}");
    }
}

#[test]
fn a_waiting_lane_keeps_its_place_and_its_time() {
    let (limiter, clock) = limiter(40);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    let first = at(&limiter.asks(&lane(1), &need(1)));
    let second = at(&limiter.asks(&lane(2), &need(1)));
    assert!(first < second);
    assert_eq!(at(&limiter.asks(&lane(1), &need(1))), first, "asking again changes nothing");
    move_to(&clock, second);
    assert_eq!(limiter.asks(&lane(2), &need(1)), Slot::Now, "a late lane holds nobody up");
    assert_eq!(limiter.asks(&lane(1), &need(1)), Slot::Now, "and loses nothing");
}

#[test]
fn a_lane_that_stays_away_loses_its_place_to_those_behind_it() {
    let (limiter, clock) = limiter(3);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    limiter.permit(&warehouse()).unwrap();
    limiter.finish(&lane(0));
    let told = at(&limiter.asks(&lane(1), &need(1)));
    let behind = at(&limiter.asks(&lane(2), &need(3)));
    move_to(&clock, after(told, seconds(61)));
    assert!(clock.now() < behind, "the one behind still waits");
    assert_eq!(at(&limiter.asks(&lane(1), &need(1))), behind, "it is last now");
    assert_eq!(limiter.asks(&lane(2), &need(3)), Slot::Now, "and the other has its slot");
}

#[test]
fn a_ticket_given_back_moves_the_others_up() {
    let (limiter, _clock) = limiter(40);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    let first = at(&limiter.asks(&lane(1), &need(4)));
    let second = at(&limiter.asks(&lane(2), &need(4)));
    limiter.abandon(&lane(1));
    assert_eq!(at(&limiter.asks(&lane(2), &need(4))), first);
    assert!(first < second);
}

#[test]
fn units_that_were_not_needed_go_to_the_next_at_once() {
    let (limiter, clock) = limiter(40);
    let told = at(&limiter.asks(&lane(0), &need(4)));
    move_to(&clock, told);
    assert_eq!(limiter.asks(&lane(0), &need(4)), Slot::Now);
    limiter.permit(&warehouse()).unwrap();
    assert!(at(&limiter.asks(&lane(1), &need(3))) > clock.now());
    limiter.refund(&warehouse(), 3);
    assert_eq!(limiter.asks(&lane(1), &need(3)), Slot::Now);
}

#[test]
fn an_attempt_that_never_began_costs_nothing() {
    let (limiter, _clock) = limiter(40);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    limiter.abandon(&lane(0));
    assert_eq!(limiter.asks(&lane(1), &need(1)), Slot::Now);
}

#[test]
fn after_a_429_nothing_leaves_before_the_time_it_named() {
    let (limiter, clock) = limiter(40);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    let until = after(start(), seconds(47));
    limiter.learn(&warehouse(), Lesson::StopUntil(until));
    limiter.learn(&warehouse(), Lesson::StopUntil(after(start(), seconds(20))));
    assert_eq!(limiter.permit(&warehouse()).unwrap_err().until, until);
    assert_eq!(limiter.spends(&warehouse(), 1).unwrap_err().until, until);
    let told: Vec<Timestamp> = (1..9).map(|n| at(&limiter.asks(&lane(n), &need(2)))).collect();
    assert!(told.iter().all(|at| *at >= until) && told.is_sorted());
    move_to(&clock, until);
    limiter.permit(&warehouse()).unwrap();
}

#[test]
fn other_accounts_do_not_notice() {
    let (limiter, _clock) = limiter(40);
    limiter.learn(&warehouse(), Lesson::StopUntil(after(start(), seconds(47))));
    let other = vec![Need { account: AccountId::at("shipstation", "other"), units: 3 }];
    assert_eq!(limiter.asks(&lane(0), &other), Slot::Now);
}

#[test]
fn a_provider_that_says_less_is_left_is_believed() {
    let (limiter, clock) = limiter(40);
    let resets = after(start(), seconds(40));
    limiter.learn(&warehouse(), Lesson::Remaining { units: 2, resets });
    assert_eq!(at(&limiter.asks(&lane(0), &need(3))), resets);
    limiter.abandon(&lane(0));
    limiter.learn(&warehouse(), Lesson::Remaining { units: 40, resets });
    let told = at(&limiter.asks(&lane(0), &need(3)));
    assert!(told < after(start(), seconds(5)), "more than we think changes nothing");
    move_to(&clock, told);
    assert_eq!(limiter.asks(&lane(0), &need(3)), Slot::Now);
}

#[test]
fn a_bucket_that_is_nearly_empty_is_waited_for() {
    let clock = Arc::new(ManualClock::starting(start()));
    let limiter = Limiter::new(clock.clone());
    let shop = AccountId::at("shopify", "acme");
    limiter.set(&shop, Quota { units: 100, per: seconds(1), burst: 1000 });
    let needs = vec![Need { account: shop.clone(), units: 50 }];
    assert_eq!(limiter.asks(&lane(0), &needs), Slot::Now);
    limiter.permit(&shop).unwrap();
    limiter.finish(&lane(0));
    let level = Lesson::Level { available: 10.0, restored_per_second: 10.0, capacity: 1000.0 };
    limiter.learn(&shop, level);
    assert_eq!(at(&limiter.asks(&lane(0), &needs)), after(start(), seconds(4)));
    clock.advance(seconds(4));
    assert_eq!(limiter.asks(&lane(0), &needs), Slot::Now);
}

/// A shop whose smallest plan is assumed.
fn shop_limiter() -> (AccountId, Limiter, Arc<ManualClock>) {
    let shop = AccountId::at("shopify", "acme");
    let (limiter, clock) = limiter(40);
    limiter.set(&shop, SMALLEST);
    (shop, limiter, clock)
}

const SMALLEST: Quota = Quota { units: 100, per: Duration::from_secs(1), burst: 1900 };

/// Carries orders of `cost` points for `time` seconds against the provider's own bucket, whose level every answer tells.
/// Returns how many were carried and how often the bucket would have run over.
fn play_shop(rate: f64, capacity: f64, cost: u32, time: u64) -> (u32, u32) {
    let (shop, limiter, clock) = shop_limiter();
    let (mut bucket, mut filled_at) = (capacity, start());
    let (mut carried, mut over) = (0, 0);
    let end = after(start(), seconds(time));
    while clock.now() < end {
        // As every attempt does: it must not forget what was learnt.
        limiter.set(&shop, SMALLEST);
        let needs = [Need { account: shop.clone(), units: cost }];
        match limiter.asks(&lane(0), &needs) {
            Slot::At { at, .. } => move_to(&clock, at),
            Slot::Now => {
                limiter.permit(&shop).unwrap();
                let passed = lane::clock::until(filled_at, clock.now()).as_secs_f64();
                (bucket, filled_at) = ((bucket + rate * passed).min(capacity) - f64::from(cost), clock.now());
                over += u32::from(bucket < -0.001);
                carried += 1;
                limiter.learn(&shop, Lesson::Level { available: bucket, restored_per_second: rate, capacity });
                limiter.finish(&lane(0));
            }
        }
    }
    (carried, over)
}

#[test]
fn the_pace_follows_the_plan_that_the_answers_tell_and_never_runs_its_bucket_over() {
    for (rate, capacity) in [(100.0, 2_000.0), (200.0, 4_000.0), (1000.0, 20_000.0), (2000.0, 40_000.0)] {
        let (carried, over) = play_shop(rate, capacity, 250, 120);
        assert_eq!(over, 0, "{rate} a second");
        // What the bucket holds and what comes back in two minutes, in orders of 250 points.
        let most = (capacity + rate * 120.0) / 250.0;
        let share = f64::from(carried) / most;
        assert!(share > 0.93 && share <= 1.0, "{rate} a second: {carried} of {most}");
    }
}

#[test]
fn a_plan_that_shrank_is_followed_too() {
    let (carried, over) = play_shop(50.0, 1_000.0, 250, 120);
    assert_eq!(over, 0);
    assert!(carried <= 28, "{carried}");
}

#[test]
fn a_stop_holds_whatever_plan_is_told() {
    let (shop, limiter, clock) = shop_limiter();
    let until = after(start(), seconds(30));
    limiter.learn(&shop, Lesson::StopUntil(until));
    limiter.learn(&shop, Lesson::Level { available: 20_000.0, restored_per_second: 1000.0, capacity: 20_000.0 });
    let needs = [Need { account: shop.clone(), units: 250 }];
    assert!(at(&limiter.asks(&lane(0), &needs)) >= until);
    assert!(limiter.permit(&shop).is_err());
    clock.advance(seconds(31));
    assert_eq!(limiter.asks(&lane(0), &needs), Slot::Now);
}

#[test]
fn figures_that_describe_no_bucket_change_no_limit() {
    for (rate, capacity) in [(0.0, 0.0), (-5.0, 10.0), (f64::NAN, 2_000.0), (1e18, 1e18), (1000.0, 10.0)] {
        assert_eq!(Quota::of_bucket(rate, capacity), None, "{rate} {capacity}");
    }
    assert_eq!(Quota::of_bucket(100.0, 2_000.0), Some(SMALLEST));
}

#[test]
fn a_call_beyond_the_ticket_goes_first_and_is_paid_for() {
    let (limiter, clock) = limiter(40);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    let told = at(&limiter.asks(&lane(1), &need(1)));
    limiter.permit(&warehouse()).unwrap();
    limiter.spends(&warehouse(), 1).unwrap();
    limiter.permit(&warehouse()).unwrap();
    assert!(at(&limiter.asks(&lane(1), &need(1))) > told);
    let spent = std::iter::from_fn(|| limiter.spends(&warehouse(), 1).ok()).count();
    assert_eq!(spent, 38, "40 leave in the minute, two have left");
    move_to(&clock, after(start(), seconds(62)));
    limiter.spends(&warehouse(), 1).unwrap();
}

#[test]
fn an_account_that_does_not_answer_is_probed_by_one_lane_at_a_time() {
    let (limiter, clock) = limiter(200);
    for _ in 0..5 {
        limiter.learn(&warehouse(), Lesson::Unreachable);
    }
    assert!(limiter.permit(&warehouse()).is_err());
    let told: Vec<Timestamp> = (0..8).map(|n| at(&limiter.asks(&lane(n), &need(1)))).collect();
    assert_eq!(told[0], after(start(), seconds(5)));
    assert!(told[1..].iter().all(|at| *at > told[0]));
    move_to(&clock, told[0]);
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    limiter.permit(&warehouse()).unwrap();
    assert!((1..8).all(|n| at(&limiter.asks(&lane(n), &need(1))) > told[0]));
    limiter.learn(&warehouse(), Lesson::Unreachable);
    limiter.finish(&lane(0));
    assert_eq!(at(&limiter.asks(&lane(1), &need(1))), after(told[0], seconds(10)));
    clock.advance(seconds(10));
    assert_eq!(limiter.asks(&lane(1), &need(1)), Slot::Now);
    limiter.learn(&warehouse(), Lesson::Answered);
    limiter.finish(&lane(1));
    let later = (2..8).map(|n| limiter.asks(&lane(n), &need(1)));
    let soon = after(clock.now(), seconds(5));
    assert!(later.into_iter().all(|slot| slot == Slot::Now || at(&slot) < soon));
}

#[test]
fn a_lane_that_is_away_for_another_account_leaves_the_probe_to_the_next() {
    let (limiter, clock) = limiter(200);
    let shop = AccountId::at("shopify", "acme");
    limiter.learn(&shop, Lesson::StopUntil(after(start(), seconds(300))));
    let both = vec![need(1).remove(0), Need { account: shop, units: 1 }];
    assert_eq!(at(&limiter.asks(&lane(0), &both)), after(start(), seconds(300)));
    for _ in 0..5 {
        limiter.learn(&warehouse(), Lesson::Unreachable);
    }
    let told: Vec<Timestamp> = (1..4).map(|n| at(&limiter.asks(&lane(n), &need(1)))).collect();
    assert_eq!(told[0], after(start(), seconds(5)), "the first one that is there");
    assert!(told[1..].iter().all(|at| *at > told[0]), "and only that one");
    move_to(&clock, told[0]);
    assert_eq!(limiter.asks(&lane(1), &need(1)), Slot::Now);
    limiter.permit(&warehouse()).unwrap();
    limiter.learn(&warehouse(), Lesson::Answered);
}

#[test]
fn only_new_stops_are_handed_out_to_be_kept_and_each_once() {
    let (limiter, clock) = limiter(40);
    let (soon, late) = (after(start(), seconds(20)), after(start(), seconds(47)));
    limiter.learn(&warehouse(), Lesson::Answered);
    limiter.learn(&warehouse(), Lesson::StopUntil(start()));
    assert_eq!(limiter.take_new_stops(), [], "nobody was throttled");
    limiter.learn(&warehouse(), Lesson::StopUntil(late));
    limiter.learn(&warehouse(), Lesson::StopUntil(soon));
    let stops = limiter.take_new_stops();
    assert_eq!(stops, [(warehouse(), late)]);
    assert_eq!(limiter.take_new_stops(), []);
    limiter.put_new_stops_back(stops.clone());
    assert_eq!(limiter.take_new_stops(), stops, "they could not be kept");
    move_to(&clock, late);
    limiter.put_new_stops_back(stops);
    assert_eq!(limiter.take_new_stops(), [], "what is over need not be kept");
}

#[test]
fn a_recalled_stop_counts_and_is_not_new() {
    let (limiter, _clock) = limiter(40);
    let until = after(start(), seconds(47));
    limiter.recall_stop(&warehouse(), until);
    assert_eq!(limiter.permit(&warehouse()).unwrap_err().until, until);
    assert_eq!(at(&limiter.asks(&lane(0), &need(1))), until);
    assert_eq!(limiter.take_new_stops(), []);
}

#[test]
fn a_clock_that_is_set_back_opens_no_window_twice() {
    let (limiter, clock) = limiter(2);
    clock.advance(seconds(600));
    assert_eq!(limiter.asks(&lane(0), &need(1)), Slot::Now);
    limiter.permit(&warehouse()).unwrap();
    let back = Arc::new(ManualClock::starting(start()));
    let turned = Limiter { clock: back, state: Arc::clone(&limiter.state), others: None };
    assert!(at(&turned.asks(&lane(1), &need(1))) > after(start(), seconds(600)));
}

#[test]
fn two_accounts_are_granted_together_or_not_at_all() {
    let (limiter, _clock) = limiter(40);
    let shop = AccountId::at("shopify", "acme");
    limiter.learn(&shop, Lesson::StopUntil(after(start(), seconds(30))));
    let both = vec![need(1).remove(0), Need { account: shop.clone(), units: 1 }];
    match limiter.asks(&lane(0), &both) {
        Slot::At { at, account, .. } => {
            assert_eq!((at, account), (after(start(), seconds(30)), shop));
        }
        Slot::Now => panic!("the shop asked for silence"),
    }
    assert_eq!(limiter.spends(&warehouse(), 1), Ok(()), "nothing was taken at the other");
}

#[test]
fn what_was_spent_beyond_the_ticket_and_not_used_comes_back() {
    let (limiter, _clock) = limiter(40);
    let shop = AccountId::at("shopify", "acme");
    limiter.set(&shop, Quota { units: 100, per: seconds(1), burst: 1900 });
    assert_eq!(limiter.affords(&shop, 252, 99), 7, "no more than the bucket holds");
    assert_eq!(limiter.affords(&shop, 252, 3), 3);
    assert_eq!(limiter.asks(&lane(0), &[Need { account: shop.clone(), units: 252 }]), Slot::Now);
    assert_eq!(limiter.affords(&shop, 252, 99), 6);
    limiter.permit(&shop).unwrap();
    for _ in 0..6 {
        limiter.spends(&shop, 252).unwrap();
        limiter.permit(&shop).unwrap();
    }
    assert_eq!(limiter.affords(&shop, 252, 99), 0);
    assert!(limiter.spends(&shop, 252).is_err());
    for _ in 0..7 {
        limiter.refund(&shop, 222);
    }
    assert_eq!(limiter.affords(&shop, 1, 9999), 2000 - 7 * 30);
    limiter.finish(&lane(0));
    assert_eq!(limiter.affords(&shop, 1, 9999), 2000 - 7 * 30);
    assert_eq!(limiter.asks(&lane(1), &[Need { account: shop.clone(), units: 252 }]), Slot::Now, "at once");
    limiter.learn(&shop, Lesson::StopUntil(after(start(), seconds(30))));
    assert_eq!(limiter.affords(&shop, 1, 9999), 0);
}
