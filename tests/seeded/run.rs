//! One run: the plan is carried out on virtual time, then everything is mended and must come to rest.

use std::cell::Cell;
use std::panic;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt as _;
use lane::clock::Clock as _;
use lane::ports::Desk as _;
use lane::state::StateKind;
use simulators::faults::{Effect, Fault, Faults};
use turmoil::Sim;

use super::hosts::{LANEKEEPER, SHIPSTATION, SHOPIFY, World};
use super::plan::{Plan, Trouble};

/// Time goes on in steps of this; within one, timers are exact to a millisecond, and messages come between two.
const STEP: Duration = Duration::from_millis(5);

/// How often it is looked whether everything is at rest.
const LOOK: Duration = Duration::from_secs(2);

/// How long everybody sleeps when nothing was going on for three looks, so that waits of minutes and hours end; the longer
/// nothing goes on, the longer the naps, up to 32 minutes.
const NAP: Duration = Duration::from_mins(2);

/// After so many naps what is not done will never be: they are many times as long as Shopify tries.
const NAPS_MAX: u32 = 60;

thread_local! {
    /// Panics on this thread: a run has one, and all its tasks are on it.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// What a run has left behind, and how it went.
pub(crate) struct Ran {
    pub(crate) world: Arc<World>,
    /// What went wrong on the way; what stands in the journals is judged by [`super::check`].
    pub(crate) wrong: Vec<String>,
    pub(crate) crashes: u32,
    /// How many calls the fault script had the warehouse answer 429.
    pub(crate) throttles: u32,
}

struct Course<'s> {
    sim: Sim<'s>,
    world: Arc<World>,
    wrong: Vec<String>,
    crashes: u32,
    throttles: u32,
}

/// Carries a plan out.
pub(crate) fn run(plan: Plan) -> Ran {
    count_panics();
    // The simulators' tasks run in the simulation; making them only needs some runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = {
        let _inside = runtime.enter();
        World::of(plan)
    };
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(world.plan.seed)
        .simulation_duration(Duration::MAX)
        .tick_duration(STEP)
        .enable_random_order()
        .tcp_capacity(4096)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(world.plan.latency)
        .repair_rate(0.2);
    let mut sim = builder.build();
    world.populate(&mut sim);
    let mut course = Course { sim, world, wrong: Vec::new(), crashes: 0, throttles: 0 };
    course.suffer();
    course.mend();
    course.come_to_rest();
    course.end()
}

impl Course<'_> {
    fn step(&mut self) {
        if let Err(error) = self.sim.step() {
            self.wrong.push(format!("a host failed: {error}"));
        }
        self.world.clock.counted(self.sim.elapsed());
    }

    fn steps(&mut self, time: Duration) {
        let end = self.sim.elapsed() + time;
        while self.sim.elapsed() < end {
            self.step();
        }
    }

    /// Everything that goes wrong.
    fn suffer(&mut self) {
        for (at, trouble) in self.world.plan.troubles.clone() {
            while self.sim.elapsed() < at {
                self.step();
            }
            self.meet(trouble);
        }
        let ends = self.world.plan.ends;
        while self.sim.elapsed() < ends {
            self.step();
        }
    }

    fn meet(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Crash => self.crash(),
            Trouble::Stop => self.world.stop.lock().unwrap().cancel(),
            Trouble::Start => {
                // One that is stopping is killed if it takes too long.
                self.crash();
                self.sim.bounce(LANEKEEPER);
            }
            Trouble::Part(host) => self.sim.partition(LANEKEEPER, host),
            Trouble::Rejoin(host) => self.sim.repair(LANEKEEPER, host),
            Trouble::Keep(host) => self.sim.hold(LANEKEEPER, host),
            Trouble::LetGo(host) => self.sim.release(LANEKEEPER, host),
            Trouble::Lose(host, rate) => self.sim.set_link_fail_rate(LANEKEEPER, host, rate),
            Trouble::Sick(sick) => self.world.sick.store(sick, Ordering::Relaxed),
            Trouble::Strike(host, fault) => {
                self.throttles += throttles(host, &fault);
                self.faults(host).push(fault);
            }
            Trouble::Sleep(time) => self.world.clock.sleeps(time),
        }
    }

    fn crash(&mut self) {
        // The lock on the file goes with the last handle.
        *self.world.ledger.lock().unwrap() = None;
        if self.sim.is_host_running(LANEKEEPER) {
            self.crashes += 1;
        }
        self.sim.crash(LANEKEEPER);
    }

    fn faults(&self, host: &str) -> Faults {
        if host == SHOPIFY { self.world.shopify.faults() } else { self.world.shipstation.faults() }
    }

    /// From here on nothing goes wrong any more.
    fn mend(&mut self) {
        self.world.sick.store(false, Ordering::Relaxed);
        for host in [SHOPIFY, SHIPSTATION] {
            self.sim.set_link_fail_rate(LANEKEEPER, host, 0.0);
            self.sim.repair(LANEKEEPER, host);
            self.sim.release(LANEKEEPER, host);
            for unused in self.faults(host).pending() {
                self.throttles -= throttles(host, &unused);
            }
            self.faults(host).clear();
        }
        if !self.sim.is_host_running(LANEKEEPER) || self.world.stop.lock().unwrap().is_cancelled() {
            self.meet(Trouble::Start);
        }
    }

    fn come_to_rest(&mut self) {
        let mut naps = 0;
        let mut looks_alike = 0;
        let mut seen = self.figure();
        while !self.is_at_rest() {
            if naps == NAPS_MAX {
                self.wrong.push(format!("it does not come to rest: {seen:?}"));
                return;
            }
            self.steps(LOOK);
            let now = self.figure();
            looks_alike = if now == seen { looks_alike + 1 } else { 0 };
            seen = now;
            if looks_alike > 0 && looks_alike % 3 == 0 {
                naps += 1;
                self.world.clock.sleeps(NAP * 2_u32.pow((looks_alike / 3 - 1).min(4)));
            }
        }
        // What was left behind (a lease, a message, a late call) must not do anything any more.
        let writes = self.world.shipstation.journal().commit_count();
        for _ in 0..3 {
            self.steps(Duration::from_secs(35));
            self.world.clock.sleeps(Duration::from_mins(10));
        }
        self.steps(Duration::from_secs(35));
        if self.world.shipstation.journal().commit_count() != writes || !self.is_at_rest() {
            self.wrong.push("something went on after everything was at rest".to_owned());
        }
    }

    /// What changes as long as something is going on.
    fn figure(&self) -> (usize, usize, Option<Vec<(StateKind, u64)>>) {
        let calls = self.world.shipstation.journal().call_count() + self.world.shopify.journal().call_count();
        let open = self.world.deliveries.lock().unwrap().iter().filter(|delivery| delivery.is_open()).count();
        (calls, open, self.jobs())
    }

    /// Jobs by state; nothing as long as the program does not run.
    fn jobs(&self) -> Option<Vec<(StateKind, u64)>> {
        let ledger = self.world.ledger.lock().unwrap().clone()?;
        let figures = ledger.figures(self.world.clock.now()).now_or_never().expect("a ledger in line does not wait");
        Some(figures.unwrap().jobs)
    }

    fn is_at_rest(&self) -> bool {
        let ends = |state: StateKind| matches!(state, StateKind::Done | StateKind::Skipped | StateKind::Rejected);
        self.world.deeds_left.load(Ordering::Relaxed) == 0
            && self.world.deliveries.lock().unwrap().iter().all(|delivery| !delivery.is_open())
            && self.jobs().is_some_and(|jobs| jobs.iter().all(|(state, count)| *count == 0 || ends(*state)))
    }

    fn end(mut self) -> Ran {
        *self.world.ledger.lock().unwrap() = None;
        self.sim.crash(LANEKEEPER);
        let panics = PANICS.take();
        if panics > 0 {
            self.wrong.push(format!("{panics} tasks panicked"));
        }
        Ran { world: self.world, wrong: self.wrong, crashes: self.crashes, throttles: self.throttles }
    }
}

/// How many calls a fault has the warehouse answer 429.
fn throttles(host: &str, fault: &Fault) -> u32 {
    let throttles = host == SHIPSTATION && matches!(fault.effect, Effect::Throttle { .. });
    if throttles { fault.times } else { 0 }
}

/// A task that panics is noticed even if nobody waits for it.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            told(info);
        }));
    });
    PANICS.set(0);
}
