//! An item that is changed without being read: numbers are added to, whatever else is written to it at the same time.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::item::{Item, PK, REV, SK, Value};
use super::key::Key;
use super::line::Since;
use super::slot::unbuilt;
use super::table::Table;
use crate::ledger::fault::Fault;

/// An update in the making.
#[derive(Default)]
pub(super) struct Told {
    add: BTreeMap<String, i64>,
    set: Vec<String>,
    pub(super) remove: Vec<String>,
    names: BTreeMap<String, String>,
    pub(super) values: Item,
    pub(super) condition: Option<String>,
}

impl Told {
    pub(super) fn add(&mut self, name: &str, by: i64) {
        *self.add.entry(name.to_owned()).or_default() += by;
    }

    /// What is added to a number by now.
    pub(super) fn added(&self, name: &str) -> i64 {
        self.add.get(name).copied().unwrap_or_default()
    }

    /// Only as long as the item is as it was read.
    pub(super) fn only_if(&mut self, since: Since) {
        self.condition = match since {
            Since::Ever => None,
            Since::New => Some(format!("attribute_not_exists({REV})")),
            Since::Revision(rev) => {
                self.values.set(":since", rev);
                Some(format!("{REV} = :since"))
            }
        };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.add.values().all(|by| *by == 0) && self.set.is_empty() && self.remove.is_empty()
    }

    pub(super) fn set(&mut self, name: &str, to: impl Into<Value>) {
        let (name, value) = self.name(name);
        self.values.set(&value, to);
        self.set.push(format!("{name} = {value}"));
    }

    /// Stands for an attribute's name, and for the value it gets: names may be words of the language.
    fn name(&mut self, name: &str) -> (String, String) {
        let number = self.names.len();
        let stands = format!("#n{number}");
        self.names.insert(stands.clone(), name.to_owned());
        (stands, format!(":n{number}"))
    }

    pub(super) fn build(mut self, table: &Table, key: Key) -> Result<TransactWriteItem, Fault> {
        // Whoever has read the item learns that it is another one now.
        self.add(REV, 1);
        let mut adds = Vec::new();
        for (name, by) in std::mem::take(&mut self.add) {
            let (name, value) = self.name(&name);
            self.values.set(&value, by);
            adds.push(format!("{name} {value}"));
        }
        let mut parts = vec![format!("ADD {}", adds.join(", "))];
        if !self.set.is_empty() {
            parts.push(format!("SET {}", self.set.join(", ")));
        }
        if !self.remove.is_empty() {
            parts.push(format!("REMOVE {}", self.remove.join(", ")));
        }
        let place = Item::default().with(PK, key.pk).with(SK, key.sk).into_attributes();
        let update = Update::builder()
            .table_name(table.name())
            .set_key(Some(place))
            .update_expression(parts.join(" "))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names.into_iter().collect()))
            .set_expression_attribute_values(Some(self.values.into_attributes()))
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
