//! The sweep: wakes lanes that have work due and that nobody works on.

use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::id::LaneKey;
use lane::line::Pick;
use lane::wake_up::{Envelope, SendKind};

use super::{Answer, World, in_order};

/// Minutes that a lane is put off whose wake-ups nobody answers.
const PUT_OFF: [u64; 5] = [1, 2, 4, 8, 15];

impl World {
    /// Those that are due longest come first; of those due at the same time, any.
    pub(super) fn sweep(&self, now: Timestamp, limit: u32) -> Vec<(Self, Answer)> {
        let limit = limit as usize;
        let free = self.lanes.iter().filter(|(_, lane)| !lane.state.is_leased(now));
        let mut due: Vec<(Timestamp, LaneKey)> =
            free.filter_map(|(key, lane)| Some((lane.wake?, key.clone()))).filter(|(wake, _)| *wake <= now).collect();
        due.sort();
        let full = due.len() >= limit;
        let mut worlds = Vec::new();
        for swept in choices(&due, limit) {
            let mut world = self.clone();
            let sends = swept.iter().filter_map(|lane| world.sweep_lane(lane, now)).collect();
            let later = world.lanes.values().filter_map(|lane| lane.wake).filter(|wake| *wake > now).min();
            let next = if full { Some(now) } else { later };
            worlds.push((world, Answer::Swept { sends: in_order(sends), next }));
        }
        worlds
    }

    fn sweep_lane(&mut self, key: &LaneKey, now: Timestamp) -> Option<Envelope> {
        let state = &self.lane(key).state;
        if state.is_paused(now) {
            let end = state.paused.as_ref().and_then(|pause| pause.until);
            self.set_wake(key, end);
            return None;
        }
        match self.pick(key, now) {
            Pick::Ready(job) => {
                let lane = self.lane(key);
                let minutes = PUT_OFF[(lane.put_off as usize).min(PUT_OFF.len() - 1)];
                lane.wake = Some(after(now, Duration::from_mins(minutes)));
                lane.put_off += 1;
                Some(self.row(&(key.clone(), job)).job.send(SendKind::Again, now))
            }
            Pick::NotUntil { at, .. } => {
                self.set_wake(key, Some(at));
                None
            }
            Pick::Blocked { next, .. } | Pick::Nothing { next } => {
                self.set_wake(key, next);
                None
            }
        }
    }
}

/// Every choice of so many lanes that passes over none that is due longer than one it takes.
fn choices(due: &[(Timestamp, LaneKey)], limit: usize) -> Vec<Vec<LaneKey>> {
    if due.len() <= limit {
        return vec![due.iter().map(|(_, lane)| lane.clone()).collect()];
    }
    if limit == 0 {
        return vec![Vec::new()];
    }
    let last = due[limit - 1].0;
    let surely: Vec<LaneKey> = due.iter().filter(|(wake, _)| *wake < last).map(|(_, lane)| lane.clone()).collect();
    let tied: Vec<&LaneKey> = due.iter().filter(|(wake, _)| *wake == last).map(|(_, lane)| lane).collect();
    let room = limit - surely.len();
    let sets = (0..1_u32 << tied.len()).filter(|set| set.count_ones() as usize == room);
    let chosen = |set: u32| {
        let of_tied = tied.iter().enumerate().filter(move |(at, _)| set & (1 << at) != 0).map(|(_, lane)| *lane);
        surely.iter().chain(of_tied).cloned().collect()
    };
    sets.map(chosen).collect()
}
