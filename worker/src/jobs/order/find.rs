//! What the warehouse has of this order now.

use std::collections::BTreeMap;

use ::lane::id::Fingerprint;
use ::lane::outcome::{Reach, WarehouseCopy};
use serde_json::Value;

use super::Attempt;
use super::compose::order_number;
use super::field::{STATUS, shown};
use super::fulfilled;
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

/// Whether it was split there, or merged with another order: parts of it are in orders that we do not see.
pub(super) fn is_divided(theirs: &Value) -> bool {
    let options = &theirs["advancedOptions"];
    options["mergedOrSplit"] == true || !shown(&options["parentId"]).is_empty()
}

/// What a person accepts about an order that was written and is not there any more.
pub(super) fn gone() -> Fingerprint {
    Fingerprint::of(b"gone from the warehouse")
}

impl Attempt<'_> {
    /// Reads an order that we make; nothing if it is not there. What cannot have been written is not asked for.
    pub(super) async fn find(&mut self, name: &str) -> Result<Option<Value>, CallError> {
        let known = match &self.reach {
            Reach::Untouched => return Ok(None),
            Reach::There(copy) => self.warehouse().await?.get(&copy.order_id).await?,
            Reach::Unresolved => None,
        };
        let found = match known {
            Some(order) => Some(order),
            None => self.warehouse().await?.find(&self.key(), &order_number(name)).await?,
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
