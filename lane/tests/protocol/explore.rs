//! Runs one exploration and says what it found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread::available_parallelism;

use stateright::{Checker, DiscoveryClassification, HasDiscoveries, Model};

use crate::model::Protocol;
use crate::rules::{Rules, Scenario};

/// A found path, one line per step.
fn told(checker: &impl Checker<Protocol>, name: &'static str) -> String {
    let mut text = format!("{name}:\n");
    let steps = checker.discovery(name).map(stateright::Path::into_vec).unwrap_or_default();
    for (world, action) in steps {
        let _ = match action {
            Some(action) => writeln!(text, "  {world:?}\n    {action:?}"),
            None => writeln!(text, "  {world:?}"),
        };
    }
    text
}

fn start(rules: Rules, scenario: Scenario, until: HasDiscoveries) -> impl Checker<Protocol> {
    let threads = available_parallelism().map_or(2, usize::from);
    Protocol::new(rules, scenario).checker().threads(threads).finish_when(until).spawn_bfs().join()
}

/// What a whole exploration met.
pub(crate) struct Explored {
    pub(crate) late_writes_refused: u64,
    pub(crate) approved_and_done: u64,
}

/// Explores all of a scenario. Every promise holds, everything that must happen at least once does, and no world is stuck.
pub(crate) fn holds(rules: Rules, scenario: Scenario) -> Explored {
    let checker = start(rules, scenario, HasDiscoveries::AnyFailures);
    let mut failures = String::new();
    let mut met = BTreeSet::new();
    for name in checker.discoveries().into_keys() {
        match checker.discovery_classification(name) {
            DiscoveryClassification::Counterexample => failures.push_str(&told(&checker, name)),
            DiscoveryClassification::Example => drop(met.insert(name)),
        }
    }
    assert!(failures.is_empty(), "{}: a promise is broken: {failures}", scenario.name);
    let wanted = checker.model().properties().into_iter().filter(|p| !p.expectation.discovery_is_failure());
    let missing: Vec<_> = wanted.map(|p| p.name).filter(|name| !met.contains(name)).collect();
    assert!(missing.is_empty(), "{}: never met: {missing:?}", scenario.name);
    let (stuck, of) = checker.model().progress.stuck();
    assert_eq!(stuck, 0, "{}: of {of} worlds so many cannot go on to the end by themselves", scenario.name);
    let worlds = checker.unique_state_count();
    println!(
        "{}: {worlds} worlds, {} steps, at most {} deep; nothing broken, nothing stuck",
        scenario.name,
        checker.state_count(),
        checker.max_depth()
    );
    let witness = &checker.model().witness;
    Explored {
        late_writes_refused: witness.late_write_refused.get(),
        approved_and_done: witness.approved_and_done.get(),
    }
}

/// Explores until the promise is broken.
pub(crate) fn breaks(rules: Rules, scenario: Scenario, promise: &'static str) {
    let checker = start(rules, scenario, HasDiscoveries::AnyOf([promise].into()));
    let found = told(&checker, promise);
    assert!(checker.discovery(promise).is_some(), "{}: {promise}: nothing breaks it", scenario.name);
    println!("{}: after {} worlds, {found}", scenario.name, checker.unique_state_count());
}
