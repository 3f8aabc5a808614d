//! What a walk has seen, so that it can be asked whether it saw enough. Each [`Seen`] is a behaviour of the page
//! `contract/queue/rows.md`, noticed when a queue showed it and the model agreed.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Answer, Call, Departure, Given, Got, HIDDEN_MAX, Message, Model, Power, WINDOW};

/// Something a queue did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    /// A message was handed out.
    Delivered,
    /// A held message was deleted.
    Deleted,
    /// A repeated send added nothing.
    Swallowed,
    /// The same when the first message was already deleted.
    SwallowedAfterDelete,
    /// A send was new although another group remembered its id.
    SameIdInAnotherGroup,
    /// An id was new again after five minutes.
    NewAfterTheWindow,
    /// The same although the id was repeated less than five minutes ago.
    WindowNotRenewed,
    /// A send with an id that may not be.
    WrongIdRefused,
    /// A message came again, with a new receipt.
    Redelivered,
    /// Messages that were received together came again together.
    BatchCameBack,
    /// Several of one group and some of another in one receive.
    Packed,
    /// A receive passed over visible messages behind a hidden one.
    HidGroup,
    /// The same, and brought something of other groups.
    OthersWentOn,
    /// A message was handed out that a visibility time of zero left visible.
    ShownAtOnce,
    /// A message came again while a later one of its group was held.
    GivenBackAlone,
    /// A message was only hidden by its extension, and hid what stands behind.
    ExtensionHidesTheRest,
    /// Deleting what was held let the rest of the group go on.
    FreedByDelete,
    /// Deleting some of what was held did not.
    StillBlocked,
    /// A group that had been emptied handed out a new message.
    EmptyGroupWorked,
    /// A message that was extended in an earlier receive came back at the queue's own time.
    ExtendedOnlyOnce,
    /// A receipt that was extended deleted its message after the queue's own time.
    DeletedAfterExtension,
    /// A receipt whose time was over deleted nothing.
    ExpiredDelete,
    /// A receipt whose time was over deferred nothing.
    ExpiredDefer,
    /// A receipt of an earlier receive did not delete what another held.
    StaleDelete,
    /// A receipt of an earlier receive did not defer what another held.
    StaleDefer,
    /// Deleting a deleted message was no error.
    DeletedTwice,
    /// A deleted message was not deferred.
    DeferredDeleted,
    /// A text that is no receipt did nothing.
    Garbage,
    /// A message was deferred.
    Deferred,
    /// A message was given back at once.
    GivenBack,
    /// A message was extended again and again, beyond the queue's time.
    ExtendedAgain,
    /// More than twelve hours were refused.
    OverTwelveHours,
    /// Twelve hours and less were refused because they count from the receive.
    TwelveHoursFromReceive,
    /// A long poll came back at once.
    PollAtOnce,
    /// A waiting poll was woken by a send.
    WokenBySend,
    /// A waiting poll was woken by a delete.
    WokenByDelete,
    /// A waiting poll was woken by a message that was given back.
    WokenByDefer,
    /// A waiting poll was woken by the end of a visibility time.
    WokenByTime,
    /// A poll waited its time and brought nothing.
    WaitedInVain,
}

/// How often what was seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seen: BTreeMap<Seen, u64>,
    /// Answers that would have been wrong had the queue not been known to depart.
    pub(crate) departed: BTreeMap<Departure, u64>,
    /// Histories that were walked to their end.
    pub(crate) finished: u64,
    /// Histories that ended early because the machine was too slow to tell what came first.
    pub(crate) too_slow: u64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { seen: BTreeMap::new(), departed: BTreeMap::new(), finished: 0, too_slow: 0 }
    }

    pub(crate) fn saw(&mut self, what: Seen) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, times) in other.seen {
            *self.seen.entry(what).or_default() += times;
        }
        for (departure, times) in other.departed {
            *self.departed.entry(departure).or_default() += times;
        }
        self.finished += other.finished;
        self.too_slow += other.too_slow;
    }

    /// What was seen less often than it should have been.
    pub(crate) fn missing(&self, least: &[(Seen, u64)]) -> Vec<(Seen, u64)> {
        let times = |what: Seen| self.seen.get(&what).copied().unwrap_or_default();
        least.iter().filter(|(what, least)| times(*what) < *least).map(|(what, _)| (*what, times(*what))).collect()
    }

    /// Notes what an answer shows that the model has agreed to.
    pub(crate) fn note(&mut self, before: &Model, call: &Call, answer: &Answer, after: &Model) {
        match (call, answer) {
            (Call::Send { group, id, .. }, Answer::Sent) => self.note_send(before, *group, id, after),
            (Call::Send { .. }, _) => self.saw(Seen::WrongIdRefused),
            (Call::Receive { .. }, Answer::Received(got)) => self.note_receive(before, got),
            (Call::Receive { .. }, _) => {}
            (Call::Delete { receipt }, _) => match before.known(receipt) {
                None => self.saw(Seen::Garbage),
                Some(given) => self.note_delete(before, given, after),
            },
            (Call::Defer { receipt, after: by }, _) => match before.known(receipt) {
                None => self.saw(Seen::Garbage),
                Some(given) => self.note_defer(before, given, *by, answer),
            },
        }
    }

    fn note_send(&mut self, before: &Model, group: u8, id: &str, after: &Model) {
        let (now, key) = (before.now, (group, id.to_owned()));
        let known = before.sends.get(&key);
        let is_new = after.groups[&group].len() > before.groups.get(&group).map_or(0, Vec::len);
        if !is_new {
            self.saw(Seen::Swallowed);
            let first = known.map(|sends| sends.job);
            if !before.groups[&group].iter().any(|message| Some(message.job) == first) {
                self.saw(Seen::SwallowedAfterDelete);
            }
            return;
        }
        if let Some(sends) = known {
            self.saw(Seen::NewAfterTheWindow);
            if now < sends.last + WINDOW {
                self.saw(Seen::WindowNotRenewed);
            }
        }
        let remembers = |((other, other_id), sends): (&(u8, String), &super::model::Sends)| {
            *other != group && other_id == id && now < sends.first + WINDOW
        };
        if before.sends.iter().any(remembers) {
            self.saw(Seen::SameIdInAnotherGroup);
        }
    }

    fn note_receive(&mut self, before: &Model, got: &[Got]) {
        let groups: BTreeSet<u8> = got.iter().map(|got| got.group).collect();
        if groups.len() > 1 && groups.len() < got.len() {
            self.saw(Seen::Packed);
        }
        for (group, messages) in &before.groups {
            let of_group: Vec<u64> = got.iter().filter(|got| got.group == *group).map(|got| got.job).collect();
            let delivered = |message: &&Message| of_group.contains(&message.job);
            messages.iter().filter(delivered).for_each(|message| self.note_delivery(before, message));
            let again = |message: &&Message| delivered(message) && message.receives > 0;
            let again: Vec<u64> = messages.iter().filter(again).map(|message| message.received).collect();
            if again.windows(2).any(|two| two[0] == two[1]) {
                self.saw(Seen::BatchCameBack);
            }
            self.note_hidden(before, messages, &of_group, got.len());
        }
    }

    fn note_delivery(&mut self, before: &Model, message: &Message) {
        self.saw(Seen::Delivered);
        if message.receives == 0 {
            if message.revives {
                self.saw(Seen::EmptyGroupWorked);
            }
            return;
        }
        self.saw(Seen::Redelivered);
        if before.visibility == 0 {
            self.saw(Seen::ShownAtOnce);
        }
        if message.extended_before && message.defers == 0 {
            self.saw(Seen::ExtendedOnlyOnce);
        }
    }

    /// What the first hidden message of a group hides.
    fn note_hidden(&mut self, before: &Model, messages: &[Message], of_group: &[u64], came: usize) {
        let now = before.now;
        let Some(first) = messages.iter().position(|message| message.shows > now) else { return };
        if !of_group.is_empty() {
            self.saw(Seen::GivenBackAlone);
        }
        if !messages[first..].iter().any(|message| message.shows <= now) {
            return;
        }
        self.saw(Seen::HidGroup);
        if came > of_group.len() {
            self.saw(Seen::OthersWentOn);
        }
        if messages[first].defers > 0 && now >= messages[first].received + before.visibility {
            self.saw(Seen::ExtensionHidesTheRest);
        }
    }

    fn note_delete(&mut self, before: &Model, given: &Given, after: &Model) {
        match before.power(&given.receipt) {
            Power::Held => {
                self.saw(Seen::Deleted);
                if before.message(given).is_some_and(|held| before.now >= held.received + before.visibility) {
                    self.saw(Seen::DeletedAfterExtension);
                }
                let rest = after.groups[&given.group].iter().any(|message| message.shows <= after.now);
                match (before.offers(given.group).is_empty(), after.offers(given.group).is_empty()) {
                    (true, false) => self.saw(Seen::FreedByDelete),
                    (true, true) if rest => self.saw(Seen::StillBlocked),
                    (true, true) | (false, true | false) => {}
                }
            }
            Power::Over => self.saw(Seen::ExpiredDelete),
            Power::Stale if is_held(before, given) => self.saw(Seen::StaleDelete),
            Power::Gone => self.saw(Seen::DeletedTwice),
            Power::Stale | Power::Unknown => {}
        }
    }

    fn note_defer(&mut self, before: &Model, given: &Given, by: u64, answer: &Answer) {
        match before.power(&given.receipt) {
            Power::Held if *answer == Answer::Refused && by > HIDDEN_MAX => self.saw(Seen::OverTwelveHours),
            Power::Held if *answer == Answer::Refused => self.saw(Seen::TwelveHoursFromReceive),
            Power::Held => {
                self.saw(if by == 0 { Seen::GivenBack } else { Seen::Deferred });
                let again = |held: &Message| held.defers > 0 && before.now + by > held.received + before.visibility;
                if before.message(given).is_some_and(again) {
                    self.saw(Seen::ExtendedAgain);
                }
            }
            Power::Over => self.saw(Seen::ExpiredDefer),
            Power::Stale if is_held(before, given) => self.saw(Seen::StaleDefer),
            Power::Gone => self.saw(Seen::DeferredDeleted),
            Power::Stale | Power::Unknown => {}
        }
    }
}

fn is_held(model: &Model, given: &Given) -> bool {
    model.message(given).is_some_and(|message| message.shows > model.now)
}
