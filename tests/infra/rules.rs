//! What the template has to be, beyond what linters know. A rule tells everything that is wrong, a line each.

mod times;
mod queue;
mod mapping;
mod schedule;
mod table;
mod bucket;
mod front;
mod rights;
mod secrets;
mod logs;
mod alarms;
mod dashboard;
mod tags;
mod programs;
mod pages;

use crate::template::Template;

pub(crate) use alarms::OF_THE_SWEEP;

/// What is wrong with a template.
pub(crate) type Faults = Vec<String>;

type Rule = fn(&Template) -> Faults;

/// All rules by name.
pub(crate) const RULES: [(&str, Rule); 15] = [
    ("times", times::faults),
    ("queue", queue::faults),
    ("mapping", mapping::faults),
    ("schedule", schedule::faults),
    ("table", table::faults),
    ("bucket", bucket::faults),
    ("front", front::faults),
    ("rights", rights::faults),
    ("secrets", secrets::faults),
    ("logs", logs::faults),
    ("alarms", alarms::faults),
    ("dashboard", dashboard::faults),
    ("tags", tags::faults),
    ("programs", programs::faults),
    ("pages", pages::faults),
];

/// The functions.
pub(crate) const FUNCTIONS: [&str; 4] = ["Handler", "Worker", "Sweep", "Review"];

/// Everything that is wrong, with the name of the rule that says so.
pub(crate) fn faults(template: &Template) -> Vec<(&'static str, String)> {
    let told = |(name, rule): (&'static str, Rule)| rule(template).into_iter().map(move |fault| (name, fault));
    RULES.into_iter().flat_map(told).collect()
}

/// Notes a fault unless something is as it has to be.
fn expect(faults: &mut Faults, fine: bool, fault: impl FnOnce() -> String) {
    if !fine {
        faults.push(fault());
    }
}
