//! How much histories have done.

/// How much histories have done; so that they do not pass by doing nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub struct Tally {
    pub calls: u64,
    pub looks: u64,
    pub new: u64,
    pub newer: u64,
    pub duplicates: u64,
    pub quarantined: u64,
    pub begun: u64,
    pub bursts: u64,
    pub completed: u64,
    pub done: u64,
    pub reopened: u64,
    pub lost: u64,
    pub decided: u64,
    pub late: u64,
    pub stale: u64,
    pub taken_back: u64,
    pub stood: u64,
    pub keys_reused: u64,
    pub swept: u64,
    pub released: u64,
    pub closed: u64,
    pub sent: u64,
    pub crashes: u64,
    pub undone: u64,
    pub kept: u64,
    pub in_doubt: u64,
    pub together: u64,
    pub reordered: u64,
    pub worlds_max: u64,
}

impl Tally {
    /// Adds what another history has done.
    pub fn add(&mut self, other: &Self) {
        let Self { calls, looks, new, newer, duplicates, quarantined, begun, bursts, completed, done, .. } = other;
        self.calls += calls;
        self.looks += looks;
        self.new += new;
        self.newer += newer;
        self.duplicates += duplicates;
        self.quarantined += quarantined;
        self.begun += begun;
        self.bursts += bursts;
        self.completed += completed;
        self.done += done;
        let Self { reopened, lost, decided, late, stale, keys_reused, swept, released, closed, sent, .. } = other;
        self.reopened += reopened;
        self.lost += lost;
        self.decided += decided;
        self.late += late;
        self.stale += stale;
        self.keys_reused += keys_reused;
        self.swept += swept;
        self.released += released;
        self.closed += closed;
        self.sent += sent;
        let Self { taken_back, stood, crashes, undone, kept, in_doubt, together, reordered, .. } = other;
        self.taken_back += taken_back;
        self.stood += stood;
        self.crashes += crashes;
        self.undone += undone;
        self.kept += kept;
        self.in_doubt += in_doubt;
        self.together += together;
        self.reordered += reordered;
        self.worlds_max = self.worlds_max.max(other.worlds_max);
    }
}
