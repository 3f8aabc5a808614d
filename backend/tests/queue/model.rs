//! The reference: a queue that is slow and obvious. Groups are lists, oldest message first; every question is answered
//! by looking through them from the beginning.
//!
//! It does not say which answer a queue gives but whether an answer is allowed ([`Model::absorb`]): which group a receive
//! serves first is the queue's business, everything else follows from the rules. A queue that is known to keep some rule
//! otherwise has a [`Departure`], and then the model expects exactly what that queue does instead.

use std::collections::BTreeMap;

use backend::embedded::queue::Stats;
use lane::ports::{Receipt, Settled};

/// Times are milliseconds since the beginning.
pub(crate) const SECOND: u64 = 1_000;

/// How long an id is remembered, from the first send with it.
pub(crate) const WINDOW: u64 = 5 * 60 * SECOND;

/// How long a message may be hidden, from its receive.
pub(crate) const HIDDEN_MAX: u64 = 12 * 60 * 60 * SECOND;

/// A rule that a queue under test is known to keep otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Departure {
    /// A receive takes messages in the order of their sending, without packing groups.
    DoesNotPack,
    /// While anything of a group is held, all of it is hidden, also what stands before.
    BlocksWholeGroup,
    /// A receipt whose time is over works until its message is received again.
    TrustsExpiredReceipts,
    /// The receipt of a deleted message is no receipt.
    ForgetsDeletedReceipts,
    /// Characters and length of ids are not looked at; only the empty one is refused.
    TakesAnyId,
}

/// What a queue is asked.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Send { group: u8, id: String, job: u64 },
    Receive { max: usize },
    Delete { receipt: Receipt },
    Defer { receipt: Receipt, after: u64 },
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Sent,
    Received(Vec<Got>),
    Settled(Settled),
    Refused,
}

/// A message in the answer to a receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) group: u8,
    pub(crate) job: u64,
    pub(crate) receipt: Receipt,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Names it; every send has its own.
    pub(crate) job: u64,
    /// How often it was received: the generation of its receipts.
    pub(crate) receives: u32,
    pub(crate) received: u64,
    /// Hidden before this time.
    pub(crate) shows: u64,
    /// How often it was deferred in this receive.
    pub(crate) defers: u32,
    /// Whether an earlier receive of it was extended.
    pub(crate) extended_before: bool,
    /// Whether its group was empty when it came, and had not always been.
    pub(crate) revives: bool,
}

/// A receipt that was given out.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) receipt: Receipt,
    pub(crate) group: u8,
    pub(crate) job: u64,
    pub(crate) generation: u32,
}

/// What a receipt can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    /// Its message is hidden because of it.
    Held,
    /// Its time is over, and the message was not received again.
    Over,
    /// The message was received again.
    Stale,
    /// The message was deleted.
    Gone,
    /// It was never given out.
    Unknown,
}

/// The sends of one id to one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sends {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The job of the first.
    pub(crate) job: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) departures: Vec<Departure>,
    pub(crate) visibility: u64,
    pub(crate) now: u64,
    pub(crate) groups: BTreeMap<u8, Vec<Message>>,
    pub(crate) sends: BTreeMap<(u8, String), Sends>,
    pub(crate) given: Vec<Given>,
}

impl Model {
    pub(crate) fn new(visibility: u64, departures: &[Departure]) -> Self {
        let (groups, sends, given) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { departures: departures.to_vec(), visibility, now: 0, groups, sends, given }
    }

    /// Takes over what a queue has answered, if the rules allow it.
    pub(crate) fn absorb(&mut self, call: &Call, answer: &Answer) -> Result<(), String> {
        let wanted = match (call, answer) {
            (Call::Receive { max }, Answer::Received(got)) => return self.receive(*max, got),
            (Call::Receive { .. }, _) => return Err(format!("a receive was answered {answer:?}")),
            (Call::Send { group, id, job }, _) => self.send(*group, id, *job),
            (Call::Delete { receipt }, _) => self.delete(receipt),
            (Call::Defer { receipt, after }, _) => self.defer(receipt, *after),
        };
        if wanted == *answer { Ok(()) } else { Err(format!("it was answered {answer:?} instead of {wanted:?}")) }
    }

    fn send(&mut self, group: u8, id: &str, job: u64) -> Answer {
        if !self.takes(id) {
            return Answer::Refused;
        }
        let key = (group, id.to_owned());
        let now = self.now;
        if let Some(sends) = self.sends.get_mut(&key).filter(|sends| now < sends.first + WINDOW) {
            sends.last = now;
            return Answer::Sent;
        }
        self.sends.insert(key, Sends { first: now, last: now, job });
        let revives = self.groups.get(&group).is_some_and(Vec::is_empty);
        let message = Message { job, receives: 0, received: 0, shows: 0, defers: 0, extended_before: false, revives };
        self.groups.entry(group).or_default().push(message);
        Answer::Sent
    }

    fn takes(&self, id: &str) -> bool {
        let fits = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        fits || (self.departs(Departure::TakesAnyId) && !id.is_empty())
    }

    /// The jobs of a group that may be received, in order: those before its first hidden one.
    pub(crate) fn offers(&self, group: u8) -> Vec<u64> {
        let messages = self.groups.get(&group).map(Vec::as_slice).unwrap_or_default();
        let shows = |message: &Message| message.shows <= self.now;
        if self.departs(Departure::BlocksWholeGroup) && !messages.iter().all(shows) {
            return Vec::new();
        }
        messages.iter().take_while(|message| shows(message)).map(|message| message.job).collect()
    }

    /// How many messages may be received.
    pub(crate) fn offered(&self) -> usize {
        self.groups.keys().map(|group| self.offers(*group).len()).sum()
    }

    fn receive(&mut self, max: usize, got: &[Got]) -> Result<(), String> {
        let due = self.offered().min(max);
        if got.len() != due {
            return Err(format!("{} messages came, {due} are due", got.len()));
        }
        for (group, offers) in self.groups.keys().map(|group| (*group, self.offers(*group))) {
            let of_group = |got: &&Got| got.group == group;
            let jobs: Vec<u64> = got.iter().filter(of_group).map(|got| got.job).collect();
            if !offers.starts_with(&jobs) {
                return Err(format!("of group {group} came {jobs:?}, it offers {offers:?}"));
            }
        }
        if !self.departs(Departure::DoesNotPack) {
            self.is_packed(got)?;
        }
        for Got { group, job, receipt } in got {
            if self.given.iter().any(|given| given.receipt == *receipt) {
                return Err(format!("{receipt:?} was given out before"));
            }
            let (now, shows) = (self.now, self.now + self.visibility);
            let message = self.find(*group, *job).ok_or("a message came that is not there")?;
            message.extended_before |= message.defers > 0;
            (message.defers, message.received, message.shows) = (0, now, shows);
            message.receives += 1;
            let generation = message.receives;
            self.given.push(Given { receipt: receipt.clone(), group: *group, job: *job, generation });
        }
        Ok(())
    }

    /// As many of one group as there are, then of the next.
    fn is_packed(&self, got: &[Got]) -> Result<(), String> {
        let runs: Vec<&[Got]> = got.chunk_by(|one, next| one.group == next.group).collect();
        for (place, run) in runs.iter().enumerate() {
            let group = run[0].group;
            if runs[..place].iter().any(|earlier| earlier[0].group == group) {
                return Err(format!("group {group} does not stand together"));
            }
            if place + 1 < runs.len() && run.len() < self.offers(group).len() {
                return Err(format!("group {group} was not taken whole before the next"));
            }
        }
        Ok(())
    }

    fn delete(&mut self, receipt: &Receipt) -> Answer {
        let power = self.power(receipt);
        let Some(given) = self.known(receipt).cloned() else { return Answer::Settled(Settled::Expired) };
        let settled = match power {
            Power::Gone if self.departs(Departure::ForgetsDeletedReceipts) => Settled::Expired,
            Power::Gone => Settled::Done,
            Power::Held | Power::Over if self.works(power) => {
                self.groups.entry(given.group).or_default().retain(|message| message.job != given.job);
                Settled::Done
            }
            Power::Held | Power::Over | Power::Stale | Power::Unknown => Settled::Expired,
        };
        Answer::Settled(settled)
    }

    fn defer(&mut self, receipt: &Receipt, after: u64) -> Answer {
        let (now, works) = (self.now, self.works(self.power(receipt)));
        let given = self.known(receipt).cloned();
        let message = given.filter(|_| works).and_then(|given| self.find(given.group, given.job));
        let Some(message) = message else { return Answer::Settled(Settled::Expired) };
        if now + after > message.received + HIDDEN_MAX {
            return Answer::Refused;
        }
        message.shows = now + after;
        message.defers += 1;
        Answer::Settled(Settled::Done)
    }

    fn works(&self, power: Power) -> bool {
        match power {
            Power::Held => true,
            Power::Over => self.departs(Departure::TrustsExpiredReceipts),
            Power::Stale | Power::Gone | Power::Unknown => false,
        }
    }

    pub(crate) fn power(&self, receipt: &Receipt) -> Power {
        let Some(given) = self.known(receipt) else { return Power::Unknown };
        let messages = self.groups.get(&given.group).map(Vec::as_slice).unwrap_or_default();
        match messages.iter().find(|message| message.job == given.job) {
            None => Power::Gone,
            Some(message) if message.receives != given.generation => Power::Stale,
            Some(message) if message.shows <= self.now => Power::Over,
            Some(_) => Power::Held,
        }
    }

    pub(crate) fn known(&self, receipt: &Receipt) -> Option<&Given> {
        self.given.iter().find(|given| given.receipt == *receipt)
    }

    fn find(&mut self, group: u8, job: u64) -> Option<&mut Message> {
        self.groups.get_mut(&group)?.iter_mut().find(|message| message.job == job)
    }

    pub(crate) fn message(&self, given: &Given) -> Option<&Message> {
        self.groups.get(&given.group)?.iter().find(|message| message.job == given.job)
    }

    fn departs(&self, departure: Departure) -> bool {
        self.departures.contains(&departure)
    }

    /// The same without one of its departures.
    pub(crate) fn without(&self, departure: Departure) -> Self {
        let mut strict = self.clone();
        strict.departures.retain(|other| *other != departure);
        strict
    }

    /// When the next hidden message shows.
    pub(crate) fn next_reveal(&self) -> Option<u64> {
        self.reveals().min()
    }

    /// When hidden messages show.
    pub(crate) fn reveals(&self) -> impl Iterator<Item = u64> {
        self.groups.values().flatten().map(|message| message.shows).filter(|shows| *shows > self.now)
    }

    pub(crate) fn stats(&self) -> Stats {
        let messages = self.groups.values().map(Vec::len).sum::<usize>();
        let in_flight = self.reveals().count();
        let groups = self.groups.values().filter(|messages| !messages.is_empty()).count();
        Stats { visible: messages - in_flight, in_flight, groups }
    }
}
