//! Messages in their groups, and who may have which now.
//!
//! One rule gives a FIFO queue all of its order: *of a group, only what stands before its first hidden message may be
//! received*. So a held message blocks everything after it, a batch of one group is held as a whole, a message that is
//! given back while a later sibling is still held goes out alone, and deleting what is held frees the rest.
//!
//! Groups that have something to give stand in one line, in the order in which they became ready, so that no lane
//! starves. Nothing here looks at all groups or all messages: every step costs the logarithm of their number.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::LaneKey;
use lane::ports::Settled;

use super::Stats;
use super::handle::{Group, Handle, Key};

#[derive(Default)]
pub(super) struct Groups {
    /// All messages; those of a group stand together, oldest first.
    messages: BTreeMap<Key, Message>,
    /// The hidden ones by the time at which they show again.
    hidden: BTreeSet<(Timestamp, Key)>,
    numbers: HashMap<Arc<LaneKey>, Group>,
    /// Groups that have messages.
    members: HashMap<Group, Member>,
    /// Groups whose first message is visible, each once.
    line: VecDeque<Group>,
    numbered_ever: u64,
    sent_ever: u64,
}

struct Member {
    lane: Arc<LaneKey>,
    in_line: bool,
}

struct Message {
    body: Box<str>,
    /// How often it was received.
    generation: u32,
    held: Option<Held>,
}

#[derive(Clone, Copy)]
struct Held {
    received: Timestamp,
    shows: Timestamp,
}

/// A message that was received.
pub(super) struct Taken {
    pub(super) lane: LaneKey,
    pub(super) body: Box<str>,
    pub(super) handle: Handle,
}

impl Groups {
    /// Adds a message at the end of its group.
    pub(super) fn push(&mut self, lane: &LaneKey, body: Box<str>) {
        let group = self.number(lane);
        self.sent_ever += 1;
        let key = Key { group, sequence: self.sent_ever };
        self.messages.insert(key, Message { body, generation: 0, held: None });
        self.line_up(group);
    }

    /// Shows what was hidden until now. Afterwards whatever is hidden is held by the receipt of its last receive.
    pub(super) fn reveal(&mut self, now: Timestamp) {
        while let Some((shows, key)) = self.hidden.first().copied() {
            if now < shows {
                return;
            }
            self.hidden.pop_first();
            if let Some(message) = self.messages.get_mut(&key) {
                message.held = None;
            }
            self.line_up(key.group);
        }
    }

    /// Receives up to `max` messages and hides them until `shows`: as many of the first group in line as there are,
    /// then of the next.
    pub(super) fn take(&mut self, max: usize, now: Timestamp, shows: Timestamp) -> Vec<Taken> {
        let (mut taken, mut served) = (Vec::new(), Vec::new());
        while taken.len() < max {
            let Some(group) = self.line.pop_front() else { break };
            self.take_from(group, max, Held { received: now, shows }, &mut taken);
            served.push(group);
        }
        // Only a visibility time of zero leaves something here, and it must not be served twice in one receive.
        for group in served {
            self.line_up(group);
        }
        taken
    }

    fn take_from(&mut self, group: Group, max: usize, held: Held, taken: &mut Vec<Taken>) {
        let Some(member) = self.members.get_mut(&group) else { return };
        member.in_line = false;
        for (key, message) in self.messages.range_mut(all_of(group)) {
            if taken.len() == max || message.held.is_some() {
                return;
            }
            message.generation = message.generation.saturating_add(1);
            if held.received < held.shows {
                message.held = Some(held);
                self.hidden.insert((held.shows, *key));
            }
            let handle = Handle { key: *key, generation: message.generation };
            let lane = LaneKey::clone(&member.lane);
            taken.push(Taken { lane, body: message.body.clone(), handle });
        }
    }

    /// Deletes a held message. Deleting it twice is no error; a receipt whose time is over deletes nothing.
    pub(super) fn delete(&mut self, handle: Handle) -> Settled {
        let Some(message) = self.messages.get(&handle.key) else {
            let was_sent = (1..=self.sent_ever).contains(&handle.key.sequence);
            return if was_sent { Settled::Done } else { Settled::Expired };
        };
        match message.held {
            Some(held) if message.generation == handle.generation => {
                self.hidden.remove(&(held.shows, handle.key));
                self.messages.remove(&handle.key);
                self.line_up(handle.key.group);
                Settled::Done
            }
            Some(_) | None => Settled::Expired,
        }
    }

    /// When the message was received with this receipt; `None` if the receipt is powerless.
    pub(super) fn received_at(&self, handle: Handle) -> Option<Timestamp> {
        let message = self.messages.get(&handle.key)?;
        let held = message.held?;
        (message.generation == handle.generation).then_some(held.received)
    }

    /// Lets a held message show at another time than it would have.
    pub(super) fn defer(&mut self, handle: Handle, now: Timestamp, shows: Timestamp) {
        let Some(message) = self.messages.get_mut(&handle.key) else { return };
        let Some(held) = message.held else { return };
        self.hidden.remove(&(held.shows, handle.key));
        message.held = Some(Held { shows, ..held });
        self.hidden.insert((shows, handle.key));
        self.reveal(now);
    }

    /// Groups that have something to give.
    pub(super) fn ready(&self) -> usize {
        self.line.len()
    }

    /// When the next hidden message shows.
    pub(super) fn next_reveal(&self) -> Option<Timestamp> {
        self.hidden.first().map(|(shows, _)| *shows)
    }

    pub(super) fn messages(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn stats(&self) -> Stats {
        let in_flight = self.hidden.len();
        let visible = self.messages.len() - in_flight;
        Stats { visible, in_flight, groups: self.members.len() }
    }

    fn number(&mut self, lane: &LaneKey) -> Group {
        if let Some(group) = self.numbers.get(lane) {
            return *group;
        }
        self.numbered_ever += 1;
        let (group, lane) = (Group(self.numbered_ever), Arc::new(lane.clone()));
        self.numbers.insert(Arc::clone(&lane), group);
        self.members.insert(group, Member { lane, in_line: false });
        group
    }

    /// Puts a group at the end of the line if it has something to give, and forgets it if it has no message left.
    fn line_up(&mut self, group: Group) {
        let first = self.messages.range(all_of(group)).next();
        let Some(member) = self.members.get_mut(&group) else { return };
        match first {
            Some((_, message)) if message.held.is_none() && !member.in_line => {
                member.in_line = true;
                self.line.push_back(group);
            }
            Some(_) => {}
            None => {
                self.numbers.remove(&member.lane);
                self.members.remove(&group);
            }
        }
    }
}

fn all_of(group: Group) -> std::ops::RangeInclusive<Key> {
    Key { group, sequence: 0 }..=Key { group, sequence: u64::MAX }
}
