//! What the warehouse has of this order now.

use std::collections::BTreeMap;

use ::lane::carriage::Mode;
use ::lane::id::Fingerprint;
use ::lane::outcome::{Reach, WarehouseCopy};
use serde_json::Value;

use super::Attempt;
use super::compose::order_number;
use super::field::{STATUS, shown};
use super::fulfilled;
use super::imported::Imported;
use super::merge::Written;
use crate::providers::error::CallError;

/// Whether an order at the warehouse can still be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Shipped,
    Cancelled,
}

/// How an order stands at the warehouse.
pub(super) fn standing(theirs: &Value) -> Standing {
    match theirs[STATUS].as_str() {
        Some("shipped") => Standing::Shipped,
        Some("cancelled") => Standing::Cancelled,
        Some(_) | None => Standing::Open,
    }
}

/// What a person accepts about an order that was written and is not there any more.
pub(super) fn gone() -> Fingerprint {
    Fingerprint::of(b"gone from the warehouse")
}

impl Attempt<'_> {
    /// Reads the order at the warehouse; nothing if it is not there, or nobody can tell which it is. Of the orders that we
    /// make, what cannot have been written is not asked for.
    pub(super) async fn find(&mut self, name: &str) -> Result<Option<Value>, CallError> {
        match self.mode() {
            Mode::Create => self.find_made(name).await,
            Mode::Correct => Ok(match self.imported(name).await? {
                Imported::This(theirs) => Some(theirs),
                Imported::Nothing | Imported::Unclear(_) => None,
            }),
        }
    }

    async fn find_made(&mut self, name: &str) -> Result<Option<Value>, CallError> {
        let known = match &self.reach {
            Reach::Untouched => return Ok(None),
            Reach::There(copy) => self.warehouse()?.get(&copy.order_id).await?,
            Reach::Unresolved => None,
        };
        let found = match known {
            Some(order) => Some(order),
            None => self.warehouse()?.find(&self.key(), &order_number(name)).await?,
        };
        if let Some(order) = &found {
            self.saw(order);
            self.there(&shown(&order["orderId"]), self.written());
        }
        Ok(found)
    }

    /// What we know to have written.
    pub(super) fn written(&self) -> Written {
        match &self.reach {
            Reach::There(copy) => fulfilled::without(copy.written.clone()),
            Reach::Untouched | Reach::Unresolved => Written::new(),
        }
    }

    /// It is there, with this of it from us.
    pub(super) fn there(&mut self, order_id: &str, written: Written) {
        let written = fulfilled::with(written, &self.before, fulfilled::remembered(&self.reach).is_some());
        let (account, order_id) = (self.account.id.clone(), order_id.to_owned());
        let told = match &self.reach {
            Reach::There(copy) if copy.order_id == order_id => copy.told.clone(),
            Reach::There(_) | Reach::Untouched | Reach::Unresolved => BTreeMap::new(),
        };
        self.reach = Reach::There(WarehouseCopy { account, order_id, written, told });
    }
}
