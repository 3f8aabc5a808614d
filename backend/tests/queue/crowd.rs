//! The embedded queue in a crowd: several threads send, receive, delete, defer and abandon at the same time, while
//! another moves the clock. Nobody can say what each receive should have brought, but these hold whatever happens:
//! of a group, two receives never both hold something; nothing is deleted before what was sent before it; everything
//! arrives; and a receipt that could no longer hold anything does not disturb who does.
//!
//! Every event takes a ticket from one counter. A hold certainly lasts from the ticket after its receive returned to the
//! ticket before its end begins: its own delete or defer, or the first move of the clock that reaches its time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use backend::embedded::queue::{Queue, Settings, Stats};
use lane::clock::{Clock, ManualClock, Timestamp, after};
use lane::id;
use lane::ports::{QueueReceiver, QueueSender, Settled};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use tokio::runtime::Builder;

use super::model::{Answer, Got};
use super::walk::{self, received};

const VISIBILITY: Duration = Duration::from_secs(30);

/// A look of a long poll that finds nothing, in real time: the clock that is moved by hand does not end it.
const WAIT: Duration = Duration::from_millis(20);

/// Receives after which a crowd that is not done never will be.
const RECEIVES_MAX: u64 = 200_000;

#[derive(Debug, Clone)]
struct Crowd {
    receivers: u64,
    groups: u8,
    messages: u64,
    /// Of a hundred receives, how many are forgotten until their time is over.
    abandons: u64,
    seed: u64,
}

fn crowd() -> impl Strategy<Value = Crowd> {
    (2..=5_u64, 1..=4_u8, 20..200_u64, 0..=30_u64, any::<u64>())
        .prop_map(|(receivers, groups, messages, abandons, seed)| Crowd { receivers, groups, messages, abandons, seed })
}

/// Chance from a seed; xorshift is enough to choose between a handful of deeds.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// One group's part of one receive.
#[derive(Debug, Clone)]
struct Hold {
    group: u8,
    from: u64,
    /// The ticket before its first delete or defer.
    until: u64,
    /// When its time is over at the earliest: a visibility time after the clock before the receive.
    over: Timestamp,
}

/// A delete that was done.
#[derive(Debug)]
struct Deletion {
    group: u8,
    job: u64,
    began: u64,
    ended: u64,
    /// The receipt's time was certainly over, so somebody else must have deleted the message.
    late: bool,
}

/// What one thread has to tell.
#[derive(Debug, Default)]
struct Diary {
    holds: Vec<Hold>,
    deletions: Vec<Deletion>,
    /// Deletes and defers whose receipt could do nothing.
    powerless: u64,
    /// Moves of the clock: the ticket before, and the time after.
    moves: Vec<(u64, Timestamp)>,
}

struct Place {
    crowd: Crowd,
    queue: Queue,
    clock: Arc<ManualClock>,
    tickets: AtomicU64,
    receives: AtomicU64,
    deleted: Mutex<BTreeSet<u64>>,
}

impl Place {
    fn of(crowd: &Crowd) -> Self {
        let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
        let settings = Settings { visibility: VISIBILITY };
        let queue = Queue::new(id::Queue::Orders, clock.clone() as Arc<dyn Clock>, settings);
        let (tickets, receives, deleted) = Default::default();
        Self { crowd: crowd.clone(), queue, clock, tickets, receives, deleted }
    }

    fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::SeqCst)
    }

    fn is_over(&self) -> bool {
        let all = usize::try_from(self.crowd.messages).unwrap();
        self.deleted.lock().unwrap().len() == all || self.receives.load(Ordering::SeqCst) > RECEIVES_MAX
    }

    async fn send(&self) {
        for job in 1..=self.crowd.messages {
            let group = u8::try_from(job % u64::from(self.crowd.groups)).unwrap();
            self.queue.send(&walk::envelope(group, &job.to_string(), job)).await.unwrap();
            if job % 8 == 0 {
                thread::yield_now();
            }
        }
    }

    async fn tick(&self) -> Diary {
        let mut diary = Diary::default();
        while !self.is_over() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let ticket = self.ticket();
            self.clock.advance(VISIBILITY / 4);
            diary.moves.push((ticket, self.clock.now()));
            self.queue.clock_moved();
        }
        diary
    }

    async fn work(&self, worker: u64) -> Diary {
        let mut chance = Chance((self.crowd.seed ^ worker.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        let (mut diary, mut abandoned) = (Diary::default(), VecDeque::new());
        while !self.is_over() {
            self.receives.fetch_add(1, Ordering::SeqCst);
            let over = after(self.clock.now(), VISIBILITY);
            let max = usize::try_from(1 + chance.below(10)).unwrap();
            let answer = received(self.queue.receive(max, WAIT).await);
            let Answer::Received(got) = answer else { unreachable!() };
            let from = self.ticket();
            for _ in 0..chance.below(3) {
                thread::yield_now();
            }
            let mut until = u64::MAX;
            if chance.below(100) < self.crowd.abandons {
                let surely = after(self.clock.now(), VISIBILITY);
                abandoned.extend(got.iter().map(|got| (surely, got.clone())));
            } else {
                until = self.ticket();
                self.settle(&got, &mut chance, &mut diary).await;
            }
            let groups: BTreeSet<u8> = got.iter().map(|got| got.group).collect();
            diary.holds.extend(groups.into_iter().map(|group| Hold { group, from, until, over }));
            while abandoned.front().is_some_and(|(surely, _)| *surely <= self.clock.now()) {
                let Some((_, got)) = abandoned.pop_front() else { break };
                self.delete(&got, true, &mut diary).await;
            }
        }
        diary
    }

    /// Deletes from the beginning, and sometimes gives some of the rest back.
    async fn settle(&self, got: &[Got], chance: &mut Chance, diary: &mut Diary) {
        let back = if chance.below(4) == 0 { usize::try_from(chance.below(3)).unwrap() } else { 0 };
        for (place, got_) in got.iter().enumerate() {
            if place + back < got.len() {
                self.delete(got_, false, diary).await;
            } else {
                let given_back = self.queue.defer(&got_.receipt, Duration::ZERO).await.unwrap();
                diary.powerless += u64::from(given_back == Settled::Expired);
            }
        }
    }

    async fn delete(&self, got: &Got, late: bool, diary: &mut Diary) {
        let began = self.ticket();
        match self.queue.delete(&got.receipt).await.unwrap() {
            Settled::Expired => diary.powerless += 1,
            Settled::Done => {
                let (group, job, ended) = (got.group, got.job, self.ticket());
                diary.deletions.push(Deletion { group, job, began, ended, late });
                self.deleted.lock().unwrap().insert(job);
            }
        }
    }
}

/// Threads of their own, each with a runtime for its waits. Tells their diaries as one.
fn gather(crowd: &Crowd) -> Diary {
    let place = Place::of(crowd);
    let runtime = || Builder::new_current_thread().enable_time().build().unwrap();
    let mut all = Diary::default();
    thread::scope(|scope| {
        let place = &place;
        let work = |worker| scope.spawn(move || runtime().block_on(place.work(worker)));
        let mut threads: Vec<_> = (0..crowd.receivers).map(work).collect();
        threads.push(scope.spawn(move || runtime().block_on(place.tick())));
        runtime().block_on(place.send());
        for thread in threads {
            let diary = thread.join().unwrap();
            all.holds.extend(diary.holds);
            all.deletions.extend(diary.deletions);
            all.moves.extend(diary.moves);
            all.powerless += diary.powerless;
        }
    });
    let deleted = place.deleted.into_inner().unwrap();
    assert_eq!(deleted, (1..=crowd.messages).collect(), "everything arrives and is deleted");
    assert_eq!(place.queue.stats(), Stats { visible: 0, in_flight: 0, groups: 0 });
    all
}

impl Diary {
    /// Where a hold certainly ends no later than.
    fn end(&self, hold: &Hold) -> u64 {
        let over = self.moves.iter().find(|(_, time)| *time >= hold.over).map_or(u64::MAX, |(ticket, _)| *ticket);
        over.min(hold.until)
    }

    /// The pairs of holds of one group that were compared; panics if two overlap.
    fn exclusive(&self) -> usize {
        let mut of_group: BTreeMap<u8, Vec<(u64, u64, &Hold)>> = BTreeMap::new();
        for hold in &self.holds {
            let end = self.end(hold);
            if hold.from < end {
                of_group.entry(hold.group).or_default().push((hold.from, end, hold));
            }
        }
        let mut compared = 0;
        for holds in of_group.values_mut() {
            holds.sort_by_key(|(from, ..)| *from);
            for two in holds.windows(2) {
                assert!(two[0].1 <= two[1].0, "held by two at the same time: {:?} and {:?}", two[0].2, two[1].2);
                compared += 1;
            }
        }
        compared
    }

    fn in_order(&self) {
        let in_time = || self.deletions.iter().filter(|deletion| !deletion.late);
        // A second delete of what is gone is done, too. So the first beginning and the last end count.
        let mut of_group: BTreeMap<u8, BTreeMap<u64, (u64, u64)>> = BTreeMap::new();
        for Deletion { group, job, began, ended, .. } in in_time() {
            let whole = of_group.entry(*group).or_default().entry(*job).or_insert((*began, *ended));
            *whole = (whole.0.min(*began), whole.1.max(*ended));
        }
        for deletions in of_group.values() {
            let deletions: Vec<_> = deletions.iter().collect();
            for two in deletions.windows(2) {
                assert!(two[0].1.0 < two[1].1.1, "{} was deleted before {}", two[1].0, two[0].0);
            }
        }
        for late in self.deletions.iter().filter(|deletion| deletion.late) {
            let other = in_time().any(|other| other.job == late.job && other.began < late.ended);
            assert!(other, "a receipt whose time was over deleted: {late:?}");
        }
    }
}

#[test]
fn in_a_crowd_a_group_belongs_to_one_receive_at_a_time_and_goes_in_order() {
    let given = ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { given.cases } else { 40 };
    let rng_seed = if given.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { given.rng_seed };
    let (mut holds, mut compared, mut deleted, mut powerless, mut expired) = (0, 0, 0, 0, 0);
    let mut runner = TestRunner::new(ProptestConfig { cases, rng_seed, ..given });
    let seen = Mutex::new((&mut holds, &mut compared, &mut deleted, &mut powerless, &mut expired));
    let told = runner.run(&crowd(), |crowd| {
        let diary = gather(&crowd);
        diary.in_order();
        let compared = diary.exclusive();
        let mut seen = seen.lock().unwrap();
        *seen.0 += diary.holds.len();
        *seen.1 += compared;
        *seen.2 += diary.deletions.len();
        *seen.3 += diary.powerless;
        *seen.4 += diary.holds.iter().filter(|hold| diary.end(hold) < hold.until).count();
        Ok(())
    });
    if let Err(failure) = told {
        panic!("{rng_seed:?}, though threads do not repeat themselves: {failure}");
    }
    let seen = format!("{holds} holds, {compared} compared, {deleted} deleted, {powerless} powerless, {expired} over");
    let enough = holds >= 600 && compared >= 300 && deleted >= 2_000 && powerless >= 10 && expired >= 20;
    assert!(enough, "too little happened: {seen}");
}
