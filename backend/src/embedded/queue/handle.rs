//! What a receipt says: which message, and which of its receives.

use lane::ports::Receipt;

/// Numbers the groups; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Group(pub(super) u64);

/// A message's place in the queue. The order of a group's messages is the order of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) group: Group,
    pub(super) sequence: u64,
}

/// One receive of one message. It is powerless once the message is received again, because the generation has risen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) key: Key,
    pub(super) generation: u32,
}

impl Handle {
    pub(super) fn receipt(self) -> Receipt {
        let Self { key, generation } = self;
        Receipt(format!("{}.{}.{generation}", key.group.0, key.sequence))
    }

    /// `None` for a text that no queue of this kind has given out.
    pub(super) fn read(receipt: &Receipt) -> Option<Self> {
        let mut parts = receipt.0.split('.');
        let group = Group(parts.next()?.parse().ok()?);
        let sequence = parts.next()?.parse().ok()?;
        let generation = parts.next()?.parse().ok()?;
        let whole = parts.next().is_none();
        whole.then_some(Self { key: Key { group, sequence }, generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_back_and_nothing_else_is() {
        let handle = Handle { key: Key { group: Group(7), sequence: 12 }, generation: 3 };
        assert_eq!(Handle::read(&handle.receipt()), Some(handle));
        for garbage in ["", "7", "7.12", "7.12.x", "7.12.3.4", "-1.2.3", "7.12.99999999999"] {
            assert_eq!(Handle::read(&Receipt(garbage.into())), None, "{garbage:?}");
        }
    }
}
