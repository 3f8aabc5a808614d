//! What was sent in the last five minutes. A send with an id that its group has seen in that time succeeds and adds
//! nothing, whatever became of the first message.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::id::LaneKey;
use lane::wake_up::DedupId;
use sha2::{Digest, Sha256};

/// How long an id is remembered, counted from the first send. A later duplicate does not renew it.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Half a SHA-256 of group and id, so that an entry is small and of one size whatever the ids are.
type Print = u128;

#[derive(Default)]
pub(super) struct Window {
    first_sent: HashMap<Print, Timestamp>,
    /// Oldest first, as long as the clock runs forward; a clock that was set back only keeps entries longer.
    order: VecDeque<(Timestamp, Print)>,
}

impl Window {
    /// Whether this send is the first of its id in the window; if so it opens one.
    pub(super) fn admits(&mut self, lane: &LaneKey, dedup: &DedupId, now: Timestamp) -> bool {
        self.forget(now);
        let print = print(lane, dedup);
        if self.first_sent.get(&print).is_some_and(|first| now < after(*first, REMEMBERED)) {
            return false;
        }
        self.first_sent.insert(print, now);
        self.order.push_back((now, print));
        true
    }

    /// Drops what is over. It stops at the first younger entry, so a send pays only for entries that it removes.
    fn forget(&mut self, now: Timestamp) {
        while let Some((first, print)) = self.order.front().copied() {
            if now < after(first, REMEMBERED) {
                return;
            }
            self.order.pop_front();
            if self.first_sent.get(&print) == Some(&first) {
                self.first_sent.remove(&print);
            }
        }
    }
}

/// Neither part can contain the byte between them, so no two pairs are hashed alike.
fn print(lane: &LaneKey, dedup: &DedupId) -> Print {
    let mut hash = Sha256::new();
    hash.update(lane.group());
    hash.update([0]);
    hash.update(dedup.as_str());
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    Print::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::id::Queue;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn admits(window: &mut Window, group: &str, id: &str, second: i64) -> bool {
        let lane = LaneKey::in_queue(Queue::Orders, group).unwrap();
        window.admits(&lane, &DedupId::given(id), at(second))
    }

    #[test]
    fn the_window_counts_from_the_first_send_and_belongs_to_the_group() {
        let mut window = Window::default();
        assert!(admits(&mut window, "a", "1", 0));
        assert!(!admits(&mut window, "a", "1", 299), "a duplicate must not renew the window");
        assert!(admits(&mut window, "b", "1", 299));
        assert!(admits(&mut window, "a", "1", 300));
        assert!(!admits(&mut window, "b", "1", 598));
    }

    #[test]
    fn forgets_what_is_over() {
        let mut window = Window::default();
        for second in 0..1_000 {
            assert!(admits(&mut window, "a", &second.to_string(), second));
        }
        assert_eq!((window.first_sent.len(), window.order.len()), (300, 300));
    }

    #[test]
    fn a_clock_that_is_set_back_admits_no_duplicate_and_loses_no_entry_for_ever() {
        let mut window = Window::default();
        assert!(admits(&mut window, "a", "1", 1_000));
        assert!(!admits(&mut window, "a", "1", 500));
        assert!(admits(&mut window, "a", "2", 500));
        assert!(admits(&mut window, "a", "2", 900), "its own five minutes are over");
        assert!(!admits(&mut window, "a", "2", 1_199));
        assert!(admits(&mut window, "a", "3", 2_000));
        assert_eq!((window.first_sent.len(), window.order.len()), (1, 1));
    }
}
