//! What people do in the application, behind the API's back: it needs no credentials, counts against no limit, and
//! the journal has no entry of it. Labels tell the webhooks.

use serde_json::Value;

use super::ShipStation;
use super::api::Api;
use super::label::{Label, ShippingError};
use super::notices::{Notice, Trouble};
use super::state::State;

impl Api {
    /// Buys labels, in the order given, up to the first that cannot be bought; one webhook tells of those that were.
    pub(super) fn ship(&self, labels: &[(u64, Label)]) -> Result<Vec<Value>, ShippingError> {
        let now = self.now();
        let mut state = self.state();
        let batch = state.parcels.open_batch();
        let mut bought = Vec::new();
        let mut outcome = Ok(());
        for (order_id, label) in labels {
            match state.ship(batch, *order_id, label, now) {
                Ok(shipment) => bought.push(shipment),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.announce(&state, batch, &bought);
        outcome.map(|()| bought.into_iter().map(|(_, shipment)| shipment).collect())
    }

    fn announce(&self, state: &State, batch: u64, bought: &[(String, Value)]) {
        let mut accounts: Vec<&String> = bought.iter().map(|(account, _)| account).collect();
        accounts.sort();
        accounts.dedup();
        for account in accounts {
            let own = bought.iter().filter(|(owner, _)| owner == account);
            let stores: Vec<u64> =
                own.filter_map(|(_, shipment)| shipment["advancedOptions"]["storeId"].as_u64()).collect();
            for announcement in state.webhooks.of_batch(account, batch, &stores, &self.origin()) {
                self.notices.send(announcement);
            }
        }
    }
}

impl ShipStation {
    /// The warehouse ships all that is left of the order, whatever its status was. Returns the order.
    pub fn ship(&self, order_id: u64) -> Option<Value> {
        match self.label(order_id, &Label::default()) {
            Ok(_) | Err(ShippingError::NothingLeft) => self.order(order_id),
            Err(_) => None,
        }
    }

    /// The warehouse buys a label for some or all of an order. Returns the shipment, with its items.
    pub fn label(&self, order_id: u64, label: &Label) -> Result<Value, ShippingError> {
        let bought = self.front.provider.ship(&[(order_id, label.clone())])?;
        bought.into_iter().next().ok_or(ShippingError::NothingLeft)
    }

    /// Buys several labels as one batch, which one webhook tells of. What was bought before an error stays bought.
    pub fn label_together(&self, labels: &[(u64, Label)]) -> Result<Vec<Value>, ShippingError> {
        self.front.provider.ship(labels)
    }

    /// Takes a label back. Returns the shipment; nothing if there is none that stands.
    pub fn void(&self, shipment_id: u64) -> Option<Value> {
        let now = self.front.provider.now();
        self.front.provider.state().void(shipment_id, now)
    }

    /// Marks the whole order as shipped by other means: a fulfillment, no shipment and no webhook.
    pub fn mark_as_shipped(&self, order_id: u64, carrier_code: &str, tracking_number: Option<&str>) -> Option<Value> {
        let label = Label { tracking_number: tracking_number.map(str::to_owned), ..Label::of(carrier_code, "") };
        let now = self.front.provider.now();
        self.front.provider.state().mark_as_shipped(order_id, &label, now)
    }

    /// Changes an order as the warehouse does in the application. Returns the new resource; nothing if there is no
    /// such order.
    pub fn change_order(&self, order_id: u64, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let now = self.front.provider.now();
        self.front.provider.state().book.change(order_id, now, change)
    }

    /// Deletes an order; no call finds it any more. Returns it as it was.
    pub fn delete_order(&self, order_id: u64) -> Option<Value> {
        let mut state = self.front.provider.state();
        let account = state.book.owned(order_id)?.0.to_owned();
        state.book.delete(&account, order_id)
    }

    /// Hands a Shopify order, in its REST shape, to the store that imports its shop's orders. It appears when the
    /// store's wait is over; a second order with the same id changes nothing. The error says why it never will.
    pub fn import_order(&self, shop_domain: &str, order: &Value) -> Result<(), String> {
        let now = self.front.provider.now();
        self.front.provider.state().import(shop_domain, order, now)
    }

    /// Every shipment of every account, with its items, in order of creation; voided ones too.
    pub fn shipments(&self) -> Vec<Value> {
        self.front.provider.state().parcels.shipments().cloned().collect()
    }

    /// Does something to the next webhook that no earlier trouble is meant for.
    pub fn trouble_webhook(&self, trouble: Trouble) {
        self.front.provider.notices.trouble(trouble);
    }

    /// Sends the webhooks that were withheld; returns how many there were.
    pub fn release_webhooks(&self) -> usize {
        self.front.provider.notices.release()
    }

    /// Every webhook there was, and what became of it.
    pub fn webhooks_sent(&self) -> Vec<Notice> {
        self.front.provider.notices.all()
    }

    /// Returns once no webhook is on its way.
    pub async fn webhooks_settled(&self) {
        self.front.provider.notices.settled().await;
    }
}
