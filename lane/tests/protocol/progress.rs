//! Whether work gets stuck: from every world that was reached, steps that need no fault, no stranger and no person must
//! lead to one where nothing is left to do.
//!
//! The checker's own `eventually` is not used: it misses what happens on cycles and where paths meet again, and this
//! protocol is full of cycles (a wake-up shows again, finds the lane busy, and is hidden). Instead every helping step is
//! noted while the checker explores, and afterwards the settled worlds are walked backwards. A world that is not met on
//! that walk is stuck, be it at a dead end or on a cycle that leads nowhere. With fair scheduling, what can always still
//! be reached is reached.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::world::World;

const SHARDS: usize = 64;

/// Counts what happened on the way, over all steps and not only over new worlds.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) late_write_refused: Counter,
    pub(crate) approved_and_done: Counter,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The helping steps that were seen.
pub(crate) struct Progress {
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    /// From where to where.
    steps: Vec<(u64, u64)>,
    settled: HashSet<u64>,
    seen: HashSet<u64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Progress {
    pub(crate) fn note(&self, from: &World, to: &World, helps: bool) {
        let at = usize::try_from(to.print % SHARDS as u64).unwrap();
        let mut shard = self.shards[at].lock().unwrap();
        if to.breach.is_none() && shard.seen.insert(to.print) && to.is_settled() {
            shard.settled.insert(to.print);
        }
        if helps {
            shard.steps.push((to.print, from.print));
        }
    }

    /// How many worlds cannot reach a settled one, and how many there are.
    pub(crate) fn stuck(&self) -> (usize, usize) {
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let mut todo: Vec<u32> = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap();
            for print in &shard.seen {
                let number = u32::try_from(numbers.len()).unwrap();
                numbers.insert(*print, number);
                if shard.settled.contains(print) {
                    todo.push(number);
                }
            }
        }
        let (starts, sources) = self.backwards(&numbers);
        let mut leads = vec![false; numbers.len()];
        for settled in &todo {
            leads[*settled as usize] = true;
        }
        while let Some(at) = todo.pop() {
            for from in &sources[starts[at as usize] as usize..starts[at as usize + 1] as usize] {
                if !std::mem::replace(&mut leads[*from as usize], true) {
                    todo.push(*from);
                }
            }
        }
        (leads.iter().filter(|leads| !**leads).count(), numbers.len())
    }

    /// For each world, where its sources begin in the list of sources.
    fn backwards(&self, numbers: &HashMap<u64, u32>) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0_u32; numbers.len() + 1];
        let mut steps = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap();
            for (to, from) in std::mem::take(&mut shard.steps) {
                // The first world is nobody's next, and leads on if any of those behind it does.
                if let (Some(to), Some(from)) = (numbers.get(&to), numbers.get(&from)) {
                    starts[*to as usize + 1] += 1;
                    steps.push((*to, *from));
                }
            }
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut sources = vec![0_u32; steps.len()];
        for (to, from) in steps {
            sources[next[to as usize] as usize] = from;
            next[to as usize] += 1;
        }
        (starts, sources)
    }
}
