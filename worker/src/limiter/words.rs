//! What all processes agree on about an account, as it is written down: short, because it is written with every order, and
//! a write of the table costs by its length. Times are milliseconds after one of them, rounded up, so that nobody reads an
//! earlier one than was meant.

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::ports::LedgerError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

use super::Quota;
use super::account::Account;
use super::belief::Belief;
use super::line::{Line, Ticket};
use super::pace::Pace;
use crate::circuit::Circuit;

/// The format that is written today. Another one is not read: its lanes wait until a program that can works them.
const FORMAT: u32 = 1;

/// Milliseconds after [`Words::at`].
type Millis = i64;

#[derive(Serialize, Deserialize)]
struct Words {
    v: u32,
    /// Milliseconds since 1970.
    at: i64,
    /// For which limit the slots were made: units, their time in milliseconds, burst.
    quota: (u32, u64, u32),
    /// When calls left, and how many.
    left: Vec<(Millis, u32)>,
    /// What processes hold, and when they must have ended.
    held: BTreeMap<String, (u32, Millis)>,
    /// The last ticket's number.
    last: u64,
    /// Number, lane, units, and the time it was told.
    line: Vec<(u64, LaneKey, u32, Millis)>,
    /// When the bucket is full again.
    full: Option<Millis>,
    /// How long each slot is after the one before.
    slots: Vec<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    belief: Option<Said>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    circuit: Option<Answers>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Window(u32, Millis),
    Level(f64, Millis, f64, f64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answers {
    Failures(u32),
    Open(Millis, u64),
    Probing(LaneKey, Millis, u64),
}

/// Writes an account down, with what this process holds.
pub(super) fn write(account: &Account, process: &str, now: Timestamp) -> Result<String, LedgerError> {
    let base = now.as_millisecond();
    let ms = |at: Timestamp| millis(at) - base;
    let Some((pace, window)) = &account.limit else { return Err(unreadable("an account without a limit")) };
    let quota = pace.quota();
    let mut held: BTreeMap<String, (u32, Millis)> =
        window.others.iter().map(|(process, (units, until))| (process.clone(), (*units, ms(*until)))).collect();
    if window.own.pending > 0 {
        held.insert(process.to_owned(), (window.own.pending, ms(window.own.until)));
    }
    let mut before = base;
    let mut since_last = |slot: &Timestamp| {
        let slot = millis(*slot);
        slot - std::mem::replace(&mut before, slot)
    };
    let words = Words {
        v: FORMAT,
        at: base,
        quota: (quota.units, whole(quota.per), quota.burst),
        left: window.left.iter().map(|(at, units)| (ms(*at), *units)).collect(),
        held,
        last: account.line.last(),
        line: account.line.tickets().map(|(n, it)| (n, it.lane.clone(), it.units, ms(it.told))).collect(),
        full: pace.full_at.filter(|at| *at > now).map(ms),
        slots: pace.slots.iter().map(&mut since_last).collect(),
        belief: match account.belief {
            Belief::Nothing => None,
            Belief::Window { left, resets } => Some(Said::Window(left, ms(resets))),
            Belief::Level { left, at, restored_per_second, capacity } => {
                Some(Said::Level(left, ms(at), restored_per_second, capacity))
            }
        },
        stop: Some(account.stop_until).filter(|until| *until > now).map(ms),
        circuit: match &account.circuit {
            Circuit::Closed { failures: 0 } => None,
            Circuit::Closed { failures } => Some(Answers::Failures(*failures)),
            Circuit::Open { until, wait } => Some(Answers::Open(ms(*until), whole(*wait))),
            Circuit::Probing { lane, since, wait } => Some(Answers::Probing(lane.clone(), ms(*since), whole(*wait))),
        },
    };
    serde_json::to_string(&words).map_err(unreadable)
}

/// An account as all have agreed on it, under the limit as it is set here.
pub(super) fn read(text: &str, quota: Option<Quota>, process: &str) -> Result<Account, LedgerError> {
    let format: Format = serde_json::from_str(text).map_err(unreadable)?;
    if format.v != FORMAT {
        return Err(unreadable(format_args!("the limit of an account in format {}", format.v)));
    }
    let words: Words = serde_json::from_str(text).map_err(unreadable)?;
    let time = |after: Millis| timestamp(words.at.saturating_add(after));
    let mut account = Account::with_limit(quota);
    account.share();
    if let Some((pace, window)) = &mut account.limit {
        window.left = words.left.iter().map(|(at, units)| (time(*at), *units)).collect();
        let others = words.held.iter().filter(|(name, _)| *name != process);
        window.others = others.map(|(name, (units, until))| (name.clone(), (*units, time(*until)))).collect();
        let (units, per, burst) = words.quota;
        let made_for = Quota { units, per: Duration::from_millis(per), burst };
        // While processes with another limit stop, the slots are made anew each time; the window holds for each.
        *pace = Pace::new(pace.quota());
        if pace.quota() == made_for {
            pace.full_at = words.full.map(time);
            let slots = words.slots.iter().scan(words.at, |at, since| {
                *at = at.saturating_add(*since);
                Some(timestamp(*at))
            });
            pace.slots = slots.collect();
        }
    }
    account.line = Line::of(
        words.last,
        words.line.into_iter().map(|(number, lane, units, told)| (number, Ticket { lane, units, told: time(told) })),
    );
    account.belief = match words.belief {
        None => Belief::Nothing,
        Some(Said::Window(left, resets)) => Belief::Window { left, resets: time(resets) },
        Some(Said::Level(left, at, restored_per_second, capacity)) => {
            Belief::Level { left, at: time(at), restored_per_second, capacity }
        }
    };
    account.stop_until = words.stop.map_or(Timestamp::MIN, time);
    account.circuit = match words.circuit {
        None => Circuit::default(),
        Some(Answers::Failures(failures)) => Circuit::Closed { failures },
        Some(Answers::Open(until, wait)) => Circuit::Open { until: time(until), wait: Duration::from_millis(wait) },
        Some(Answers::Probing(lane, since, wait)) => {
            Circuit::Probing { lane, since: time(since), wait: Duration::from_millis(wait) }
        }
    };
    Ok(account)
}

#[derive(Deserialize)]
struct Format {
    v: u32,
}

/// A time as it is written down.
pub(super) fn rounded(at: Timestamp) -> Timestamp {
    timestamp(millis(at))
}

/// Rounded up.
fn millis(at: Timestamp) -> i64 {
    let whole = at.as_millisecond();
    if timestamp(whole) < at { whole + 1 } else { whole }
}

fn timestamp(millis: i64) -> Timestamp {
    let end = if millis < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(millis).unwrap_or(end)
}

fn whole(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn unreadable(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Unreadable(error.to_string())
}
