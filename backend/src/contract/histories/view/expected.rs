//! What is to be seen of a ledger if a [`World`] is the truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey, ShopId};
use lane::line::{Pick, Ready};
use lane::state::{State, StateKind};
use lane::view::{Figures, LaneStatus, LaneView, QuarantineReason};
use lane::webhook::Content;

use super::{Numbers, View, Waiting};
use crate::contract::histories::reference::{Kept, World};

impl World {
    /// What is to be seen if this is the truth.
    pub(in crate::contract::histories) fn view(&self, accounts: &[AccountId], now: Timestamp) -> View {
        let jobs = self.jobs.iter().map(|(key, row)| (key.clone(), (row.job.clone(), row.timeline.clone()))).collect();
        let listed = StateKind::ALL.map(|state| {
            let of_state = self.jobs.values().filter(|row| row.job.state.kind() == state);
            let mut times: Vec<Timestamp> = of_state.map(|row| row.job.changed_at).collect();
            times.sort();
            (state, times)
        });
        let lanes: BTreeMap<_, _> = self.lanes.keys().map(|key| (key.clone(), self.lane_view(key, now))).collect();
        let stalled = lanes.values().filter(|view| view.status.is_stalled()).map(|view| view.lane.clone()).collect();
        let mut quarantined: Vec<_> = self.kept.iter().map(|kept| shown_as(kept)).collect();
        quarantined.sort_by_key(|row| row.3);
        View {
            jobs,
            listed: listed.to_vec(),
            lanes,
            stalled,
            figures: self.figures(now),
            stops: self.stops.iter().filter(|(_, end)| **end > now).map(|(id, end)| (id.clone(), *end)).collect(),
            looked: accounts.iter().map(|account| self.looked.get(account).copied()).collect(),
            quarantined,
        }
    }

    fn lane_view(&self, key: &LaneKey, now: Timestamp) -> LaneView {
        let state = &self.lanes[key].state;
        let line = self.line(key);
        let first = line.first().map(|entry| &self.jobs[&(key.clone(), entry.job.clone())].job);
        let status = match (&state.paused, &state.lease, self.pick(key, now)) {
            (Some(pause), _, _) if state.is_paused(now) => LaneStatus::Paused(pause.clone()),
            (_, Some((_, until)), _) if *until > now => LaneStatus::Running { until: *until },
            (_, _, Pick::Ready(_)) => match &state.rest {
                Some(rest) if rest.until > now => LaneStatus::Throttled(rest.clone()),
                Some(_) | None => LaneStatus::Waiting,
            },
            (_, _, Pick::NotUntil { job, at }) => LaneStatus::Retrying { job, until: at },
            (_, _, Pick::Blocked { job, .. }) => LaneStatus::Blocked { job },
            (_, _, Pick::Nothing { .. }) => LaneStatus::Idle,
        };
        LaneView {
            lane: key.clone(),
            shop: ShopId::parse(key.group()).expect("a lane is a shop's"),
            status,
            head: first.map(|job| (job.id.clone(), job.number.clone())),
            depth: line.len() as u64,
            oldest: first.map(|job| job.heard_at),
        }
    }

    fn figures(&self, now: Timestamp) -> Figures {
        let count = |state| self.jobs.values().filter(|row| row.job.state.kind() == state).count() as u64;
        let jobs = StateKind::ALL.map(|state| (state, count(state))).to_vec();
        let mut words: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut oldest_ready, mut waits) = (None, Vec::new());
        for (key, lane) in &self.lanes {
            if let Some(pause) = &lane.state.paused {
                *words.entry(pause.why.label()).or_default() += 1;
            } else {
                waits.extend(self.ready_since(key, now));
            }
            for word in self.stops_at(key, now) {
                *words.entry(word).or_default() += 1;
            }
            let rests = lane.state.rest.is_some() && lane.state.lease.is_none() && lane.state.paused.is_none();
            if rests && lane.wake.is_some_and(|wake| wake > now) {
                *words.entry("throttled").or_default() += 1;
            }
        }
        for at in waits {
            oldest_ready = Some(oldest_ready.map_or(at, |known: Timestamp| known.min(at)));
        }
        let webhooks = self.counted.iter().filter(|(_, n)| **n > 0).map(|(word, n)| ((*word).to_owned(), *n)).collect();
        let stalled = words.into_iter().map(|(word, n)| (word.to_owned(), n)).collect();
        Figures { jobs, oldest_ready, stalled, webhooks }
    }

    /// Since when jobs wait that a worker may take up now: those that nothing before them stops.
    fn ready_since(&self, lane: &LaneKey, now: Timestamp) -> Vec<Timestamp> {
        let mut since = Vec::new();
        for entry in self.line(lane) {
            let ready = is_ready(entry.ready, now);
            let job = &self.jobs[&(lane.clone(), entry.job)].job;
            if ready && matches!(job.state, State::Waiting { .. }) {
                since.push(job.changed_at);
            }
            if entry.stops && !ready {
                break;
            }
        }
        since
    }

    /// What makes a lane stand still: each word for which it has a job that stops it with nothing before that is ready
    /// without a time.
    fn stops_at(&self, lane: &LaneKey, now: Timestamp) -> Vec<&'static str> {
        let before = self.line(lane).into_iter().take_while(|entry| entry.ready != Ready::Now);
        let mut words: Vec<&'static str> = before
            .filter(|entry| entry.stops)
            .filter_map(|entry| match entry.ready {
                Ready::Never => Some("blocked"),
                Ready::At(at) if at > now => Some("retrying"),
                Ready::At(_) | Ready::Now => None,
            })
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Takes over the ledger's own numbers. `false` if they contradict those seen before, or the order webhooks came in.
    pub(in crate::contract::histories) fn number(&mut self, accounts: &[AccountId], numbers: &Numbers) -> bool {
        if !numbers.quarantined.is_sorted() {
            return false;
        }
        let mut last = 0;
        for kept in &mut self.kept {
            let found = numbers.quarantined.iter().find(|(_, at)| *at == kept.letter.webhook.received_at);
            let Some((id, _)) = found else { return false };
            let came_in_order = kept.why == QuarantineReason::UnknownToShop || *id > last;
            if kept.id.is_some_and(|known| known != *id) || !came_in_order {
                return false;
            }
            last = last.max(*id);
            if kept.id.is_none() {
                Arc::make_mut(kept).id = Some(*id);
            }
        }
        accounts.iter().zip(&numbers.notices).all(|(account, told)| self.number_notices(account, told))
    }
}

fn shown_as(kept: &Kept) -> Waiting {
    let webhook = &kept.letter.webhook;
    let words = match &webhook.content {
        Content::Unreadable { why } => why.clone(),
        Content::Order(_) | Content::Touched(_) | Content::Uninstalled { .. } | Content::Privacy(_) => String::new(),
    };
    (webhook.merchant.clone(), kept.shop.clone(), webhook.topic.clone(), webhook.received_at, kept.why, words)
}

fn is_ready(ready: Ready, now: Timestamp) -> bool {
    match ready {
        Ready::Now => true,
        Ready::At(at) => at <= now,
        Ready::Never => false,
    }
}
