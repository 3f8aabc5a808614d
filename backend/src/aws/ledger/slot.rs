//! One item in a unit of writing: as what it was read, and as what it is written.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem};
use lane::ports::LedgerError;

use super::item::{Item, PK, REV, SK};
use super::key::Key;
use super::table::Table;
use crate::ledger::fault::Fault;

/// What was read of an item, and what is to be written.
pub(super) struct Slot {
    pub(super) was: Was,
    pub(super) is: Option<Item>,
    pub(super) changed: bool,
    /// The unit counts only while the item is as it was read.
    pub(super) relied_on: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Was {
    /// It is written whatever it was.
    Anything,
    Nothing,
    Revision(i64),
}

impl Slot {
    pub(super) fn anything() -> Self {
        Self { was: Was::Anything, is: None, changed: false, relied_on: false }
    }

    pub(super) fn write(self, table: &Table, key: Key) -> Result<Option<TransactWriteItem>, Fault> {
        let condition = match self.was {
            Was::Anything => None,
            Was::Nothing => Some(format!("attribute_not_exists({PK})")),
            // Only places were given in it by now.
            Was::Revision(0) => Some(format!("attribute_not_exists({REV})")),
            Was::Revision(_) => Some(format!("{REV} = :was")),
        };
        let was = match self.was {
            Was::Revision(was) if was > 0 => Some(Item::default().with(":was", was).into_attributes()),
            Was::Revision(_) | Was::Anything | Was::Nothing => None,
        };
        let rev = match self.was {
            Was::Revision(was) => was + 1,
            Was::Anything | Was::Nothing => 1,
        };
        let place = Item::default().with(PK, key.pk).with(SK, key.sk);
        let write = TransactWriteItem::builder();
        let write = match (self.changed, self.is) {
            (true, Some(item)) => {
                let mut item = item.with(REV, rev).into_attributes();
                item.extend(place.into_attributes());
                let put = Put::builder().table_name(table.name()).set_item(Some(item));
                write.put(
                    put.set_condition_expression(condition)
                        .set_expression_attribute_values(was)
                        .build()
                        .map_err(|error| unbuilt(&error))?,
                )
            }
            // What was never there need not go.
            (true, None) if self.was == Was::Nothing => return Ok(None),
            (true, None) => {
                let erase = Delete::builder().table_name(table.name()).set_key(Some(place.into_attributes()));
                write.delete(
                    erase
                        .set_condition_expression(condition)
                        .set_expression_attribute_values(was)
                        .build()
                        .map_err(|error| unbuilt(&error))?,
                )
            }
            (false, _) if self.relied_on && condition.is_some() => {
                let check = ConditionCheck::builder().table_name(table.name()).set_key(Some(place.into_attributes()));
                write.condition_check(
                    check
                        .set_condition_expression(condition)
                        .set_expression_attribute_values(was)
                        .build()
                        .map_err(|error| unbuilt(&error))?,
                )
            }
            (false, _) => return Ok(None),
        };
        Ok(Some(write.build()))
    }
}

/// A request that the SDK would not make.
pub(super) fn unbuilt(error: &BuildError) -> Fault {
    Fault::Ledger(LedgerError::Unavailable(format!("a call to the table could not be made: {error}")))
}
