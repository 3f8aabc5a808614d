//! Plays a history: turns its steps into calls, asks the ledger, and keeps the worlds that may be the truth.

mod tally;
mod learn;
mod acts;
mod hands;
mod desk;
mod run;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use lane::clock::{Clock, ManualClock, Timestamp};
use lane::decision::Decision;
use lane::id::JobId;
use lane::line::Lease;

use super::call::{Answer, Call, Letter, make};
use super::laws::Laws;
use super::reference::World;
use super::resolve::{accounts, shop};
use super::step::{Act, Step};
use super::told::{Told, after};
use super::view::{Numbers, View, differences};
use super::{Left, Moment, Subject};
pub use tally::Tally;

/// When every history begins.
pub const BEGINS: i64 = 1_800_000_000;

/// Steps between two looks at everything.
const LOOK_EVERY: usize = 8;

/// Worlds that are kept without looking which of them it is: each is tried at every call.
const WORLDS_MAX: usize = 8;

/// A history under way.
pub struct Player<S> {
    subject: S,
    clock: Arc<ManualClock>,
    worlds: Vec<World>,
    laws: Laws,
    /// All leases that were ever given, the youngest last.
    leases: Vec<Lease>,
    /// All attempts that were ever begun.
    begun: Vec<(Lease, JobId)>,
    /// All webhooks that were ever sent.
    sent: Vec<Letter>,
    /// All decisions that were ever made.
    decisions: Vec<Decision>,
    numbers: Numbers,
    /// So many calls from now the process dies.
    dies: Option<(u8, Moment)>,
    /// Makes ids that no other webhook has.
    fresh: u64,
    /// Counts the steps.
    turn: u64,
    tally: Tally,
}

/// The process died; whoever was in the middle of something is gone.
#[derive(Debug)]
pub(super) enum Stop {
    Died,
    Wrong(String),
}

impl From<String> for Stop {
    fn from(wrong: String) -> Self {
        Self::Wrong(wrong)
    }
}

/// Plays a whole history. `Err` says what the ledger did wrong.
pub async fn play<S: Subject>(subject: S, clock: Arc<ManualClock>, steps: &[Step]) -> Result<Tally, String> {
    let numbers = Numbers { quarantined: Vec::new(), notices: vec![Vec::new(); accounts().len()] };
    let mut player = Player {
        subject,
        clock,
        worlds: vec![World::default()],
        laws: Laws::default(),
        leases: Vec::new(),
        begun: Vec::new(),
        sent: Vec::new(),
        decisions: Vec::new(),
        numbers,
        dies: None,
        fresh: 0,
        turn: 0,
        tally: Tally::default(),
    };
    let at = |step: usize, act: &dyn std::fmt::Debug, wrong: String| format!("step {step}, {act:?}: {wrong}");
    for known in 0..3 {
        let added = Call::PutShop { shop: Box::new(shop(known, player.now())), now: player.now() };
        if let Err(Stop::Wrong(wrong)) = player.call(added).await {
            return Err(at(0, &"the shops are added", wrong));
        }
    }
    for (number, step) in steps.iter().enumerate() {
        player.dies = step.dies;
        player.turn += 1;
        match player.act(&step.act).await {
            Ok(()) => {}
            Err(Stop::Died) => player.look().await.map_err(|wrong| at(number, step, wrong))?,
            Err(Stop::Wrong(wrong)) => return Err(at(number, step, wrong)),
        }
        player.dies = None;
        let is_vague = player.worlds.len() > WORLDS_MAX;
        if is_vague || number % LOOK_EVERY == LOOK_EVERY - 1 || number + 1 == steps.len() {
            player.look().await.map_err(|wrong| at(number, step, wrong))?;
        }
    }
    Ok(player.tally)
}

impl<S: Subject> Player<S> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, seconds: u16) {
        self.clock.advance(Duration::from_secs(seconds.into()));
    }

    /// Makes a call and judges its answer.
    async fn call(&mut self, call: Call) -> Result<Answer, Stop> {
        let mut answers = self.calls(vec![call]).await?;
        Ok(answers.remove(0))
    }

    /// Makes several calls at once and judges their answers.
    async fn calls(&mut self, calls: Vec<Call>) -> Result<Vec<Answer>, Stop> {
        self.tally.calls += calls.len() as u64;
        match self.dies {
            Some((0, moment)) => return Err(self.crash(moment, calls).await),
            Some((later, moment)) => self.dies = Some((later - 1, moment)),
            None => {}
        }
        let ports = self.subject.ports();
        let mut answers = Vec::new();
        for answer in join_all(calls.iter().map(|call| make(&ports, call))).await {
            answers.push(answer.map_err(|error| format!("it answered {error}"))?);
        }
        let told: Vec<(Call, Told)> =
            calls.into_iter().zip(answers.iter().map(|answer| Told::Answered(Box::new(answer.clone())))).collect();
        self.judge(&told)?;
        for (call, answer) in told.iter().map(|(call, _)| call).zip(&answers) {
            self.learn(call, answer)?;
        }
        Ok(answers)
    }

    /// The process dies during the calls, and what is left is opened.
    async fn crash(&mut self, moment: Moment, calls: Vec<Call>) -> Stop {
        let webhooks = calls.iter().filter(|call| matches!(call, Call::Record(_))).count() as u64;
        let left = self.subject.crash(moment, calls.clone(), self.clock.now()).await;
        self.tally.crashes += 1;
        self.dies = None;
        match left {
            Left::Nothing => self.tally.undone += 1,
            Left::All => {
                self.tally.kept += 1;
                self.laws.answered += webhooks;
            }
            Left::Unknown => {
                self.tally.in_doubt += 1;
                self.laws.unanswered += webhooks;
            }
        }
        let told = |told: Told| calls.into_iter().map(|call| (call, told.clone())).collect::<Vec<_>>();
        self.worlds = match left {
            Left::Nothing => std::mem::take(&mut self.worlds),
            Left::All => after(&self.worlds, &told(Told::Happened)),
            Left::Unknown => after(&self.worlds, &told(Told::Perhaps)),
        };
        self.reopened();
        Stop::Died
    }

    fn reopened(&mut self) {
        if S::VOIDS_LEASES {
            let now = self.now();
            self.worlds.iter_mut().for_each(|world| world.void_leases(now));
        }
        if S::RENUMBERS {
            self.worlds.iter_mut().for_each(World::forget_numbers);
        }
    }

    /// Keeps the worlds in which these calls may have come to this.
    fn judge(&mut self, told: &[(Call, Told)]) -> Result<(), String> {
        let worlds = after(&self.worlds, told);
        self.tally.worlds_max = self.tally.worlds_max.max(worlds.len() as u64);
        if worlds.is_empty() {
            let mut lines = vec!["no order of what was called comes to what was answered".to_owned()];
            for (call, said) in told {
                lines.push(format!("  called {call:?}\n  answered {said:?}"));
                let expected = self.worlds.iter().flat_map(|world| world.apply(call));
                lines.extend(expected.map(|(_, answer)| format!("  expected {answer:?}")));
            }
            return Err(lines.join("\n"));
        }
        if told.len() > 1 {
            self.tally.together += 1;
            self.tally.reordered += u64::from(!in_order(&self.worlds, told));
        }
        self.worlds = worlds;
        Ok(())
    }

    /// Looks at everything: which worlds may be the truth, and do the laws hold?
    async fn look(&mut self) -> Result<(), String> {
        self.tally.looks += 1;
        let (now, accounts) = (self.now(), accounts());
        let seen = View::of(&self.subject.ports(), &accounts, now).await;
        let (view, numbers) = seen.map_err(|error| format!("it cannot be looked at: {error}"))?;
        let (mut views, ranked) = (Vec::new(), view.ranked());
        let mut worlds = std::mem::take(&mut self.worlds);
        worlds.retain_mut(|world| {
            let expected = world.view(&accounts, now).ranked();
            let may_be = expected == ranked && world.number(&accounts, &numbers);
            views.push(expected);
            may_be
        });
        if worlds.is_empty() {
            let ways = views.iter().map(|expected| differences(expected, &ranked));
            return Err(format!("it looks like no possible ledger\n{}", ways.collect::<Vec<_>>().join("\nor:\n")));
        }
        (self.worlds, self.numbers) = (worlds, numbers);
        self.laws.seen(&view)
    }
}

/// Whether the calls may have happened in the order they were written.
fn in_order(worlds: &[World], told: &[(Call, Told)]) -> bool {
    let one_by_one = |worlds: Vec<World>, call| after(&worlds, std::slice::from_ref(call));
    !told.iter().fold(worlds.to_vec(), one_by_one).is_empty()
}
