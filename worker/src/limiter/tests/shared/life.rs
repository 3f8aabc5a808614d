//! Minutes of eight processes and forty shops at one account, as they are in life: lanes come late and to any process,
//! attempts take seconds, processes die in the middle of them, writes are overtaken, and answers are lost.

use super::*;

/// What a lane's wait up to this long is slept through, as its run does.
const NAP_MAX: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
struct Life {
    seed: u64,
    processes: usize,
    lanes: usize,
    minutes: u32,
    calls: u32,
    /// Calls of one attempt.
    units: fn(usize) -> u32,
    /// How late a message comes, at the most.
    late: Duration,
    /// How long one call takes, at the most.
    slow: Duration,
    /// Of so many attempts one is the last of its process.
    dies: u32,
    overtakes: u32,
    loses: u32,
}

const PLAIN: Life = Life {
    seed: 1,
    processes: 8,
    lanes: 40,
    minutes: 40,
    calls: 40,
    // What an order takes that is new to the warehouse.
    units: |_| 2,
    late: Duration::from_millis(1200),
    slow: Duration::from_millis(800),
    dies: 0,
    overtakes: 0,
    loses: 0,
};

/// What came of it.
struct Lived {
    calls: Vec<Timestamp>,
    /// Orders carried out, by lane.
    orders: Vec<u32>,
    receives: usize,
    /// The longest that a lane waited for its turn.
    longest_wait: Duration,
    /// How many tickets that were taken later were served earlier, of all pairs of neighbours.
    overtook: usize,
    died: usize,
    failed: usize,
    board: Counted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A message of the lane comes to a process.
    Receive,
    /// Its run asks.
    Ask { process: usize },
    /// So many calls of its attempt are still to leave.
    Call { process: usize, left: u32 },
}

struct World {
    life: Life,
    clock: Arc<ManualClock>,
    board: Arc<Board>,
    processes: Vec<(usize, Limiter)>,
    names: usize,
    chance: StdRng,
    events: BinaryHeap<Reverse<(Timestamp, usize, usize, Step)>>,
    turn: usize,
    /// Since when a lane waits for its turn, and which ticket of all it was.
    waits: Vec<Option<(Timestamp, usize)>>,
    tickets: usize,
    served: Vec<usize>,
    lived: Lived,
}

impl World {
    fn new(life: Life) -> Self {
        let clock = Arc::new(ManualClock::starting(start()));
        let board = Board::new(life.seed, life.overtakes, life.loses);
        let mut world = Self {
            life,
            clock,
            board,
            processes: Vec::new(),
            names: 0,
            chance: StdRng::seed_from_u64(life.seed),
            events: BinaryHeap::new(),
            turn: 0,
            waits: vec![None; life.lanes],
            tickets: 0,
            served: Vec::new(),
            lived: Lived {
                calls: Vec::new(),
                orders: vec![0; life.lanes],
                receives: 0,
                longest_wait: Duration::ZERO,
                overtook: 0,
                died: 0,
                failed: 0,
                board: Counted::default(),
            },
        };
        for _ in 0..life.processes {
            let process = world.start_process();
            world.processes.push(process);
        }
        for n in 0..life.lanes {
            world.push(start(), n, Step::Receive);
        }
        world
    }

    fn start_process(&mut self) -> (usize, Limiter) {
        self.names += 1;
        (self.names, self.board.process(&self.clock, &format!("p{}", self.names), self.life.calls))
    }

    fn push(&mut self, at: Timestamp, n: usize, step: Step) {
        self.turn += 1;
        self.events.push(Reverse((at, self.turn, n, step)));
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        self.chance.random_range(Duration::ZERO..=most)
    }

    /// The limiter of a process that may have died since.
    fn limiter(&self, process: usize) -> Option<Limiter> {
        self.processes.iter().find(|(name, _)| *name == process).map(|(_, limiter)| limiter.clone())
    }

    async fn live(mut self) -> Lived {
        let end = after(start(), seconds(u64::from(self.life.minutes) * 60));
        while let Some(Reverse((when, _, n, step))) = self.events.pop() {
            if when >= end {
                break;
            }
            move_to(&self.clock, when);
            match step {
                Step::Receive => {
                    self.lived.receives += 1;
                    let process = self.chance.random_range(0..self.life.processes);
                    let process = self.processes[process].0;
                    self.ask(process, n).await;
                }
                Step::Ask { process } => self.ask(process, n).await,
                Step::Call { process, left } => self.call(process, n, left),
            }
        }
        self.lived.board = *self.board.counted.lock().unwrap();
        let later_first = self.served.windows(2).filter(|two| two[0] > two[1] + self.life.processes);
        self.lived.overtook = later_first.count();
        self.lived
    }

    async fn ask(&mut self, process: usize, n: usize) {
        let now = self.clock.now();
        let Some(limiter) = self.limiter(process) else {
            return self.push(after(now, crate::lane::LEASE), n, Step::Receive);
        };
        let units = (self.life.units)(n);
        if self.waits[n].is_none() {
            self.tickets += 1;
            self.waits[n] = Some((now, self.tickets));
        }
        match limiter.reserve(&lane(n), &need(units)).await {
            Err(_) => {
                self.lived.failed += 1;
                limiter.abandon(&lane(n));
                self.push(after(now, seconds(1)), n, Step::Receive);
            }
            Ok(Slot::At { at, .. }) => {
                assert!(at > now);
                let wait = lane::clock::until(now, at);
                if wait <= NAP_MAX {
                    return self.push(at, n, Step::Ask { process });
                }
                let late = self.up_to(self.life.late);
                self.push(after(at, late), n, Step::Receive);
            }
            Ok(Slot::Now) => {
                let (since, ticket) = self.waits[n].take().unwrap();
                self.lived.longest_wait = self.lived.longest_wait.max(lane::clock::until(since, now));
                self.served.push(ticket);
                let fetch = self.up_to(self.life.slow);
                self.push(after(now, fetch), n, Step::Call { process, left: units });
            }
        }
    }

    fn call(&mut self, process: usize, n: usize, left: u32) {
        let now = self.clock.now();
        let Some(limiter) = self.limiter(process) else {
            return self.push(after(now, crate::lane::LEASE), n, Step::Receive);
        };
        assert!(limiter.calls_until(&lane(n)).unwrap() > now);
        limiter.permit(&warehouse()).unwrap();
        self.lived.calls.push(now);
        if self.life.dies > 0 && self.chance.random_ratio(1, self.life.dies) {
            // All that it has under way ends here; its name is never used again.
            self.lived.died += 1;
            let another = self.start_process();
            let place = self.processes.iter().position(|(name, _)| *name == process).unwrap();
            self.processes[place] = another;
            return self.push(after(now, crate::lane::LEASE), n, Step::Receive);
        }
        let took = self.up_to(self.life.slow);
        if left > 1 {
            return self.push(after(now, took), n, Step::Call { process, left: left - 1 });
        }
        limiter.finish(&lane(n));
        self.lived.orders[n] += 1;
        // The run goes on with the lane's next order.
        self.push(after(now, took), n, Step::Ask { process });
    }
}

impl Lived {
    fn used(&self, life: Life) -> f64 {
        as_f64(self.calls.len()) / (f64::from(life.calls) * f64::from(life.minutes))
    }

    fn each(&self, count: usize) -> f64 {
        as_f64(count) / f64::from(self.orders.iter().sum::<u32>())
    }

    fn tell(&self, name: &str, life: Life) {
        println!(
            "{name}: {:.1} % used, per order {:.2} receives, {:.2} reads, {:.2} writes of at most {} bytes; longest wait {:?}, \
             {} overtaken, {} died, {} failed, orders per lane {:?}..{:?}, {} out of order of {}",
            self.used(life) * 100.0,
            self.each(self.receives),
            self.each(self.board.reads),
            self.each(self.board.writes + self.board.overtaken),
            self.board.longest,
            self.longest_wait,
            self.board.overtaken,
            self.died,
            self.failed,
            self.orders.iter().min(),
            self.orders.iter().max(),
            self.overtook,
            self.orders.iter().sum::<u32>(),
        );
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

async fn live(name: &str, life: Life) -> Lived {
    let lived = World::new(life).live().await;
    lived.tell(name, life);
    assert!(most_in_a_minute(&lived.calls) <= life.calls as usize, "{name}: {}", most_in_a_minute(&lived.calls));
    lived
}

/// Whatever else holds in any life: no lane starves, and tickets are served about in their order.
fn is_fair(lived: &Lived, life: Life) {
    let (least, most) = (lived.orders.iter().min().unwrap(), lived.orders.iter().max().unwrap());
    assert!(*least > 0 && *most <= least + 1 + least / 8, "{least} to {most} orders a lane");
    // All lanes' units at the limit, and as much again for what went wrong.
    let round = (0..life.lanes).map(life.units).sum::<u32>() * 60 / life.calls;
    assert!(lived.longest_wait < seconds(2 * u64::from(round) + 10), "{:?} of {round} s", lived.longest_wait);
    assert!(lived.overtook * 20 <= lived.orders.iter().sum::<u32>() as usize, "{} out of order", lived.overtook);
}

#[tokio::test]
async fn eight_processes_use_an_account_up_and_never_over_its_limit() {
    let few = Life { lanes: 8, ..PLAIN };
    let at_once = Life { units: |_| 3, late: Duration::from_millis(200), slow: Duration::from_millis(300), ..PLAIN };
    let larger = Life { calls: 200, minutes: 20, ..PLAIN };
    let overtaken = Life { overtakes: 3, minutes: 20, ..PLAIN };
    let alone = Life { processes: 1, ..PLAIN };
    for (name, life) in [
        ("eight", PLAIN),
        ("few lanes", few),
        ("three calls", at_once),
        ("200 a minute", larger),
        ("overtaken", overtaken),
        ("one process", alone),
    ] {
        let lived = live(name, life).await;
        assert!(lived.used(life) >= 0.95, "{name}: {:.3}", lived.used(life));
        is_fair(&lived, life);
        assert_eq!(lived.failed, 0);
        assert!(lived.board.overtaken > 0 || life.overtakes == 0, "some have to be");
    }
}

#[tokio::test]
async fn a_lane_that_waits_longer_does_not_ask_more_often() {
    let mut asked = Vec::new();
    for lanes in [20, 60, 180] {
        let life = Life { lanes, units: |_| 3, minutes: 60, ..PLAIN };
        let lived = live(&format!("{lanes} lanes"), life).await;
        is_fair(&lived, life);
        assert!(lived.each(lived.receives) <= 2.5, "{:.2} messages an order", lived.each(lived.receives));
        assert!(lived.each(lived.board.writes) <= 3.5, "{:.2} writes an order", lived.each(lived.board.writes));
        asked.push(lived.longest_wait);
    }
    assert!(asked[2] > asked[0] * 6, "they did wait longer: {asked:?}");
}

#[tokio::test]
async fn whatever_goes_wrong_the_limit_holds_and_nobody_starves() {
    for seed in 0..6 {
        let wrong = Life {
            seed,
            minutes: 30,
            units: |n| [1, 2, 3, 5][n % 4],
            late: seconds(1 + seed * 3),
            slow: seconds(1 + seed),
            dies: 60,
            overtakes: 4,
            loses: 40,
            ..PLAIN
        };
        let lived = live(&format!("seed {seed}"), wrong).await;
        assert!(lived.used(wrong) >= 0.70, "{:.3}", lived.used(wrong));
        let least = lived.orders.iter().min().unwrap();
        assert!(*least >= 3, "{:?}", lived.orders);
        assert!(lived.died > 0 && lived.failed > 0 && lived.board.overtaken > 0);
    }
}
