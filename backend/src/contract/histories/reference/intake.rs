//! Webhooks, and what they cause.

use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::history::Happened;
use lane::id::{CorrelationId, LaneKey, ShopId};
use lane::job::{Heard, Job};
use lane::line::{LineEntry, Pause, Ready};
use lane::outcome::PauseReason;
use lane::ports::{Recorded, WAKE_UPS_PER_LANE_MAX};
use lane::shop::Shop;
use lane::state::{Placing, StateKind};
use lane::view::QuarantineReason;
use lane::wake_up::{Envelope, SendKind};
use lane::webhook::{Content, Named, OrderNews, Webhook};

use super::{JobKey, Kept, Letter, Part, Row, World};

/// How long a wake-up may take to be heard before the sweep sends another.
pub(super) const SEND_GRACE: Duration = Duration::from_secs(30);

/// What a webhook came to, and the job that it is about.
type Caused = (Recorded, Option<JobKey>);

/// A newer version of a known job.
pub(super) struct Newer<'a> {
    pub(super) placing: Placing,
    /// Jobs in line before it.
    pub(super) depth: u64,
    pub(super) topic: &'a str,
    pub(super) correlation: &'a CorrelationId,
    pub(super) at: Timestamp,
}

impl World {
    pub(super) fn record(&mut self, letter: &Letter) -> Recorded {
        let webhook = &letter.webhook;
        let shop = self.shop_of(&webhook.merchant);
        let unknown = format!("merchant:{}", webhook.merchant);
        let owner = shop.as_ref().map_or(unknown.as_str(), |shop| shop.id.as_str());
        if !self.claim(&webhook.identity_keys(owner)) {
            self.count("duplicate");
            return Recorded::Duplicate;
        }
        let (recorded, quarantine) = match (&shop, &webhook.content) {
            (_, Content::Unreadable { .. }) => {
                let why = QuarantineReason::Unreadable;
                (Recorded::Quarantined(why), Some(why))
            }
            (None, _) => {
                let why = QuarantineReason::UnknownShop;
                (Recorded::Quarantined(why), Some(why))
            }
            (Some(shop), _) => {
                let (recorded, job) = self.cause(shop, webhook);
                self.leads(job, letter, None);
                (recorded, None)
            }
        };
        let shop = shop.map(|shop| shop.id);
        if let Some(why) = quarantine {
            self.kept.push(Arc::new(Kept { letter: letter.clone(), shop, why, job: None, id: None }));
        }
        self.count(recorded.label());
        recorded
    }

    /// Remembers which of the webhooks that led to a job is the newest.
    pub(super) fn leads(&mut self, job: Option<JobKey>, letter: &Letter, id: Option<u64>) {
        if let Some(key) = job {
            let row = self.row(&key);
            if row.led.as_ref().is_none_or(|(newest, _)| newest.turn <= letter.turn) {
                row.led = Some((letter.clone(), id));
            }
        }
    }

    /// All keys or none.
    pub(super) fn claim(&mut self, keys: &[[u8; 32]]) -> bool {
        let new = keys.iter().all(|key| !self.keys.contains(key));
        if new {
            Arc::make_mut(&mut self.keys).extend(keys);
        }
        new
    }

    pub(super) fn cause(&mut self, shop: &Shop, webhook: &Webhook) -> Caused {
        match &webhook.content {
            Content::Order(news) => self.take_in(shop, news, webhook),
            Content::Touched(named) => self.touched(shop, named, webhook),
            Content::Uninstalled { at } => (self.close(&shop.id, *at), None),
            Content::Privacy(_) | Content::Unreadable { .. } => unreachable!("not of the histories"),
        }
    }

    fn take_in(&mut self, shop: &Shop, news: &OrderNews, webhook: &Webhook) -> Caused {
        let lane = LaneKey::orders(&shop.id);
        self.lanes.entry(lane.clone()).or_default();
        let (judged, at) = (shop.qualifies.judge(news), webhook.received_at);
        let key = (lane.clone(), news.id.clone());
        // Those in line as the webhook came.
        let depth = self.depth(&lane);
        if let Some(row) = self.known(&key) {
            return match row.job.hear(news, judged, at).expect("every state hears news") {
                Heard::Unchanged => (Recorded::Unchanged, Some(key)),
                Heard::Newer(placing) => {
                    let news = Newer { placing, depth, topic: &webhook.topic, correlation: &webhook.correlation, at };
                    (self.newer(&key, &news), Some(key))
                }
            };
        }
        let why = judged.as_ref().err().map(lane::shop::SkipReason::words);
        let correlation = webhook.correlation.clone();
        let place = self.next_place(&lane);
        let job = Job::accept(lane.clone(), shop.id.clone(), news, judged, place, correlation.clone(), at);
        let state = job.state.kind();
        let mut row = Row { job, timeline: Vec::new(), decisions: [].into(), led: None };
        row.note(at, Happened::Accepted { topic: webhook.topic.clone(), correlation, state, why });
        self.jobs.insert(key.clone(), Arc::new(row));
        let send = self.wake_unless_deep(&key, depth, SendKind::First, at);
        (Recorded::New { lane, state, send }, Some(key))
    }

    /// A lane with many jobs in line gets no further wake-ups; the sweep knows of it all the same.
    fn wake_unless_deep(&mut self, key: &JobKey, depth: u64, kind: SendKind, now: Timestamp) -> Option<Envelope> {
        if self.row(key).job.state.kind() != StateKind::Waiting {
            return None;
        }
        self.wake_by(&key.0, after(now, SEND_GRACE));
        (depth < WAKE_UPS_PER_LANE_MAX).then(|| self.row(key).job.send(kind, now))
    }

    pub(super) fn newer(&mut self, key: &JobKey, news: &Newer<'_>) -> Recorded {
        let Newer { placing, depth, topic, correlation, at } = *news;
        self.place(key, placing);
        let row = self.row(key);
        let (state, version) = (row.job.state.kind(), row.job.version);
        row.note(at, Happened::Newer { topic: topic.to_owned(), correlation: correlation.clone(), version, state });
        let send = self.wake_unless_deep(key, depth, SendKind::Again, at);
        if self.row(key).job.in_line().is_none() {
            // It may have stopped the lane.
            self.wake_by(&key.0, at);
        }
        Recorded::Newer { lane: key.0.clone(), state, send }
    }

    pub(super) fn depth(&self, lane: &LaneKey) -> u64 {
        self.line(lane).len() as u64
    }

    fn touched(&mut self, shop: &Shop, named: &Named, webhook: &Webhook) -> Caused {
        let at = webhook.received_at;
        let is_first = webhook.repeat_key(shop.id.as_str()).is_none_or(|key| self.claim(&[key]));
        let lane = LaneKey::orders(&shop.id);
        if !self.lanes.contains_key(&lane) {
            return (Recorded::Unchanged, None);
        }
        let known = match named {
            Named::Order(id) => Some((lane.clone(), id.clone())).filter(|key| self.jobs.contains_key(key)),
            Named::Part(part) => {
                let part = self.parts.entry((shop.id.clone(), part.clone()));
                let part = part.or_insert(Part { job: None, touched_at: None });
                if part.job.is_none() {
                    part.touched_at = Some(at);
                }
                part.job.clone()
            }
        };
        let Some(key) = known else { return (Recorded::Unchanged, None) };
        let depth = self.depth(&lane);
        let job = &mut self.row(&key).job;
        let heard = if is_first { job.touch(at) } else { job.touch_again(at) };
        match heard.expect("every state may be touched") {
            Heard::Newer(placing) => {
                let news = Newer { placing, depth, topic: &webhook.topic, correlation: &webhook.correlation, at };
                (self.newer(&key, &news), Some(key))
            }
            Heard::Unchanged => {
                if let Some(LineEntry { ready: Ready::At(at), .. }) = self.row(&key).job.in_line() {
                    self.wake_by(&lane, at);
                }
                (Recorded::Unchanged, Some(key))
            }
        }
    }

    /// The app was taken away, unless the shop was added again since.
    fn close(&mut self, shop: &ShopId, at: Timestamp) -> Recorded {
        if self.shops.get(shop).is_some_and(|row| row.put_at > at) {
            return Recorded::Unchanged;
        }
        let lane = self.lanes.entry(LaneKey::orders(shop)).or_default();
        let by_a_person = lane.state.paused.as_ref().is_some_and(|pause| pause.by.is_some() && pause.until.is_none());
        if !by_a_person {
            lane.state.paused = Some(Pause { why: PauseReason::Uninstalled, until: None, by: None, since: at });
        }
        Recorded::Closed
    }

    /// Takes in the parts that an attempt learnt; whether one of them was touched since it began.
    pub(super) fn learn(&mut self, key: &JobKey, shop: &ShopId, parts: &[String], began: Timestamp) -> bool {
        let mut touched = false;
        for part in parts {
            let owned = Part { job: Some(key.clone()), touched_at: None };
            let was = self.parts.insert((shop.clone(), part.clone()), owned);
            touched |= was.is_some_and(|was| was.job.is_none() && was.touched_at.is_some_and(|at| at >= began));
        }
        touched
    }
}
