//! The model: everything that may happen in a world, and what it becomes.

use lane::decision::Verdict;
use stateright::{Model, Property};

use crate::attempt::{Aim, Doing};
use crate::progress::{Progress, Witness};
use crate::promises::promises;
use crate::rules::{Rules, Scenario};
use crate::worker::{Luck, Step};
use crate::world::{Holder, Screen, World, now};

pub(crate) struct Protocol {
    pub(crate) rules: Rules,
    pub(crate) scenario: Scenario,
    pub(crate) witness: Witness,
    pub(crate) progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A webhook is recorded, and its wake-up sent or lost.
    Hears {
        job: usize,
        version: u8,
        sent: bool,
    },
    /// The shop changes an order.
    Changes(usize),
    Cancels(usize),
    /// A person opens the page about a job.
    Looks(usize),
    /// A person presses a button on the page they have before them.
    Decides {
        verdict: Verdict,
        sent: bool,
    },
    /// A person takes a decision back.
    Undoes(usize),
    Sweeps {
        sent: bool,
    },
    /// The lease's time is over.
    LeaseEnds,
    /// A held wake-up shows again.
    Shows,
    /// The time comes that a job waited for.
    Comes(usize),
    Receives(usize),
    Steps(usize, Luck),
    Crashes(usize),
}

impl Protocol {
    pub(crate) fn new(rules: Rules, scenario: Scenario) -> Self {
        Self { rules, scenario, witness: Witness::default(), progress: Progress::default() }
    }

    /// Whether it leads on without a fault, a stranger or a person: what the program and time do by themselves.
    pub(crate) fn helps(world: &World, action: Action) -> bool {
        match action {
            Action::Hears { sent, .. } | Action::Sweeps { sent } => sent,
            Action::Comes(_) | Action::Receives(_) => true,
            Action::Steps(_, luck) => luck == Luck::Well,
            Action::LeaseEnds => !world.holder_lives(),
            Action::Shows => !is_doubling(world),
            Action::Changes(_)
            | Action::Cancels(_)
            | Action::Looks(_)
            | Action::Decides { .. }
            | Action::Undoes(_)
            | Action::Crashes(_) => false,
        }
    }

    pub(crate) fn all(&self, world: &World) -> Vec<Action> {
        let mut actions = Vec::new();
        self.of_the_shop(world, &mut actions);
        self.of_people(world, &mut actions);
        self.of_time(world, &mut actions);
        self.of_workers(world, &mut actions);
        actions
    }

    fn of_the_shop(&self, world: &World, actions: &mut Vec<Action>) {
        let known = |job: usize| world.rows[job].is_some();
        for job in 0..self.scenario.jobs {
            let order = world.shop[job];
            for version in (0..=order.version).filter(|version| order.untold & (1 << version) != 0) {
                // Orders that nobody knows yet are alike: the lowest comes first.
                if job == 0 || known(job - 1) {
                    either(world, actions, |sent| Action::Hears { job, version, sent });
                }
            }
            if known(job) && order.cancelled.is_none() {
                push_if(world.left.changes > 0, actions, Action::Changes(job));
                push_if(world.left.cancels > 0, actions, Action::Cancels(job));
            }
        }
    }

    fn of_people(&self, world: &World, actions: &mut Vec<Action>) {
        if world.left.looks > 0 {
            for job in 0..self.scenario.jobs {
                let page = world.page(job);
                push_if(page.is_some() && page != world.screen, actions, Action::Looks(job));
            }
        }
        for job in 0..self.scenario.jobs {
            let undoable = world.rows[job].as_ref().is_some_and(|row| row.job.undoable(now()).is_some());
            push_if(world.left.undos > 0 && undoable, actions, Action::Undoes(job));
        }
        for verdict in world.buttons() {
            either(world, actions, |sent| Action::Decides { verdict, sent });
        }
    }

    fn of_time(&self, world: &World, actions: &mut Vec<Action>) {
        if self.rules.sweep && world.lane.wake && world.lane.lease != Some(false) {
            either(world, actions, |sent| Action::Sweeps { sent });
        }
        if world.lane.lease == Some(false) {
            push_if(!world.holder_lives() || world.left.zombies > 0, actions, Action::LeaseEnds);
        }
        if world.queue.held.is_some() {
            push_if(!is_doubling(world) || world.left.doubles > 0, actions, Action::Shows);
        }
        for job in 0..self.scenario.jobs {
            push_if(world.waits(job), actions, Action::Comes(job));
        }
    }

    fn of_workers(&self, world: &World, actions: &mut Vec<Action>) {
        let idle = world.workers.iter().position(|worker| worker.step == Step::Idle);
        if let Some(worker) = idle.filter(|_| world.queue.waiting > 0 && world.queue.held.is_none()) {
            actions.push(Action::Receives(worker));
        }
        for (at, worker) in world.workers.iter().enumerate().filter(|(_, worker)| worker.step != Step::Idle) {
            actions.push(Action::Steps(at, Luck::Well));
            let late = worker.attempt.as_ref().is_some_and(|attempt| attempt.late);
            push_if(world.left.crashes > 0 && (!late || self.scenario.zombies_may_die), actions, Action::Crashes(at));
            let breaks = world.left.breaks > 0 && world.honoured(at);
            match &worker.step {
                Step::Leased => push_if(breaks, actions, Action::Steps(at, Luck::RunEnds)),
                Step::Headed(_) => push_if(breaks, actions, Action::Steps(at, Luck::LimiterSaysLater)),
                Step::Idle | Step::Woken | Step::Working | Step::Releasing(_) | Step::Settling(_) => {}
            }
            if let Some(Doing::Write(_, aim)) = worker.attempt.as_ref().map(|attempt| attempt.doing) {
                push_if(world.left.lost_answers > 0, actions, Action::Steps(at, Luck::LostAnswer));
                push_if(world.left.refusals > 0, actions, Action::Steps(at, Luck::RefusedForNow));
                let is_new = matches!(aim, Aim::Carry { .. });
                push_if(world.left.refusals > 0 && is_new, actions, Action::Steps(at, Luck::RefusedForGood));
            }
        }
    }

    fn act(&self, world: &mut World, action: Action) {
        match action {
            Action::Hears { job, version, sent } => {
                world.shop[job].untold &= !(1 << version);
                let send = world.record(job, version);
                world.send(&self.rules, send, sent);
            }
            Action::Changes(job) => {
                world.left.changes -= 1;
                change(world, job);
            }
            Action::Cancels(job) => {
                world.left.cancels -= 1;
                world.shop[job].cancelled = Some(change(world, job));
            }
            Action::Looks(job) => {
                world.left.looks -= 1;
                world.screen = world.page(job);
            }
            Action::Decides { verdict, sent } => {
                let screen: Screen = world.screen.clone().expect("a button is on a screen");
                let send = world.decide(&screen, verdict);
                world.send(&self.rules, send, sent);
            }
            Action::Undoes(job) => {
                world.left.undos -= 1;
                world.undo(job);
            }
            Action::Sweeps { sent } => {
                let send = world.sweep();
                world.send(&self.rules, send, sent);
            }
            Action::LeaseEnds => {
                world.left.zombies -= u8::from(world.holder_lives());
                world.lane.lease = Some(true);
            }
            Action::Shows => {
                world.left.doubles -= u8::from(is_doubling(world));
                world.show_again();
            }
            Action::Comes(job) => world.come(job),
            Action::Receives(worker) => world.receive(worker),
            Action::Steps(worker, luck) => {
                spend(world, luck);
                world.step(self, worker, luck);
            }
            Action::Crashes(worker) => {
                world.left.crashes -= 1;
                world.crash(worker);
            }
        }
        match action {
            Action::Hears { sent: false, .. }
            | Action::Decides { sent: false, .. }
            | Action::Sweeps { sent: false } => {
                world.left.losses -= 1;
            }
            Action::Hears { .. }
            | Action::Changes(_)
            | Action::Cancels(_)
            | Action::Looks(_)
            | Action::Decides { .. }
            | Action::Undoes(_)
            | Action::Sweeps { .. }
            | Action::LeaseEnds
            | Action::Shows
            | Action::Comes(_)
            | Action::Receives(_)
            | Action::Steps(..)
            | Action::Crashes(_) => {}
        }
    }
}

/// A wake-up shows again although whoever holds it is in time: it is delivered twice.
fn is_doubling(world: &World) -> bool {
    match world.queue.held {
        // It stays hidden longer than a lease lasts.
        Some(Holder::Worker(at)) => {
            world.workers[at].fence == 0 || (world.honoured(at) && world.lane.lease == Some(false))
        }
        Some(Holder::Time) | None => false,
    }
}

fn change(world: &mut World, job: usize) -> u8 {
    let order = &mut world.shop[job];
    order.version += 1;
    order.untold |= 1 << order.version;
    order.version
}

fn spend(world: &mut World, luck: Luck) {
    match luck {
        Luck::Well => {}
        Luck::LostAnswer => world.left.lost_answers -= 1,
        Luck::RefusedForNow | Luck::RefusedForGood => world.left.refusals -= 1,
        Luck::RunEnds | Luck::LimiterSaysLater => world.left.breaks -= 1,
    }
}

fn push_if(may: bool, actions: &mut Vec<Action>, action: Action) {
    if may {
        actions.push(action);
    }
}

/// With its wake-up sent, or lost.
fn either(world: &World, actions: &mut Vec<Action>, action: impl Fn(bool) -> Action) {
    actions.push(action(true));
    push_if(world.left.losses > 0, actions, action(false));
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::start(self.scenario.jobs, self.scenario.bounds)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // What breaks a promise is not explored any further.
        if world.breach.is_none() {
            *actions = self.all(world);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let helps = Self::helps(world, action);
        let mut next = world.clone();
        self.act(&mut next, action);
        next.seal();
        self.progress.note(world, &next, helps);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises(&self.scenario)
    }
}
