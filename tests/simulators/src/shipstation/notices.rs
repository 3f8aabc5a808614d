//! The webhooks on their way: sent once each, in the background, with what became of them; or lost, doubled, late or
//! bent on demand.
//!
//! No public page says whether `ShipStation` repeats a webhook that was not answered well. This one does not, which is
//! the harder case for whoever waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use lane::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::webhooks::Announcement;
use crate::locked;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to one webhook that was to be sent. In JSON, times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Double,
    /// It arrives late, by real time.
    Delay(u64),
    /// It is kept back until it is released.
    Withhold,
    /// It names this address instead of the shipments'.
    Foreign(String),
}

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// On its way.
    Sent,
    /// Never sent.
    Dropped,
    /// Kept back.
    Withheld,
    /// Answered with this status.
    Answered(u16),
    /// Not answered, and why.
    Unanswered(String),
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its place among all webhooks.
    pub number: u64,
    /// When it was due.
    pub at: Timestamp,
    /// The subscription it is for.
    pub subscription: u64,
    /// Where it goes.
    pub target_url: String,
    /// What it says.
    pub body: Value,
    /// What became of it.
    pub fate: Fate,
}

#[derive(Debug, Default)]
struct Desk {
    notices: Vec<Notice>,
    troubles: VecDeque<Trouble>,
    made: u64,
}

/// Sends webhooks and remembers them. Clones send from the same desk.
#[derive(Clone)]
pub(super) struct Notices {
    desk: Arc<Mutex<Desk>>,
    client: reqwest::Client,
    on_their_way: TaskTracker,
    runtime: Handle,
    clock: Arc<dyn Clock>,
}

impl Notices {
    /// Must be called within a runtime, which then carries the webhooks.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let client =
            reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        let on_their_way = TaskTracker::new();
        // A closed tracker takes tasks all the same; only so can one wait until there are none.
        on_their_way.close();
        Ok(Self { desk: Arc::default(), client, on_their_way, runtime: Handle::current(), clock })
    }

    /// Sends a webhook, or does to it what the next trouble says.
    pub(super) fn send(&self, announcement: Announcement) {
        let trouble = locked(&self.desk).troubles.pop_front();
        let mut notice = Notice {
            number: 0,
            at: self.clock.now(),
            subscription: announcement.subscription,
            target_url: announcement.target_url,
            body: announcement.body,
            fate: Fate::Sent,
        };
        match trouble {
            None => self.post(notice, Duration::ZERO),
            Some(Trouble::Drop) => {
                self.keep(Notice { fate: Fate::Dropped, ..notice });
            }
            Some(Trouble::Withhold) => {
                self.keep(Notice { fate: Fate::Withheld, ..notice });
            }
            Some(Trouble::Double) => {
                self.post(notice.clone(), Duration::ZERO);
                self.post(notice, Duration::ZERO);
            }
            Some(Trouble::Delay(milliseconds)) => self.post(notice, Duration::from_millis(milliseconds)),
            Some(Trouble::Foreign(url)) => {
                notice.body["resource_url"] = json!(url);
                self.post(notice, Duration::ZERO);
            }
        }
    }

    pub(super) fn trouble(&self, trouble: Trouble) {
        locked(&self.desk).troubles.push_back(trouble);
    }

    /// Sends what was kept back; returns how many there were.
    pub(super) fn release(&self) -> usize {
        let mut released = Vec::new();
        locked(&self.desk).notices.retain(|notice| {
            let withheld = notice.fate == Fate::Withheld;
            if withheld {
                released.push(Notice { fate: Fate::Sent, ..notice.clone() });
            }
            !withheld
        });
        let count = released.len();
        for notice in released {
            self.post(notice, Duration::ZERO);
        }
        count
    }

    pub(super) fn all(&self) -> Vec<Notice> {
        locked(&self.desk).notices.clone()
    }

    /// Returns once no webhook is on its way.
    pub(super) async fn settled(&self) {
        self.on_their_way.wait().await;
    }

    fn keep(&self, mut notice: Notice) -> u64 {
        let mut desk = locked(&self.desk);
        desk.made += 1;
        notice.number = desk.made;
        desk.notices.push(notice);
        desk.made
    }

    fn post(&self, notice: Notice, wait: Duration) {
        let request = self.client.post(&notice.target_url).json(&notice.body);
        let number = self.keep(notice);
        let desk = Arc::clone(&self.desk);
        let sending = async move {
            tokio::time::sleep(wait).await;
            let fate = match request.send().await {
                Ok(answer) => Fate::Answered(answer.status().as_u16()),
                Err(error) => Fate::Unanswered(error.without_url().to_string()),
            };
            let mut desk = locked(&desk);
            if let Some(sent) = desk.notices.iter_mut().find(|notice| notice.number == number) {
                sent.fate = fate;
            }
        };
        self.on_their_way.spawn_on(sending, &self.runtime);
    }
}
