//! Who wants to hear what: the subscriptions of all accounts, and what their webhooks say.
//!
//! From the pages "Subscribe to Webhook" and "Webhook": six events; a delivery is a POST of `resource_url` (at most 200
//! characters, which ours never come near) and `resource_type`, unsigned. From the article "ShipStation Webhooks": a
//! label sends one, a batch of labels sends one for all, what is marked as shipped sends none.

use serde_json::{Value, json};

const EVENTS: [&str; 6] = [
    "ORDER_NOTIFY",
    "ITEM_ORDER_NOTIFY",
    "SHIP_NOTIFY",
    "ITEM_SHIP_NOTIFY",
    "FULFILLMENT_SHIPPED",
    "FULFILLMENT_REJECTED",
];
const FIRST_ID: u64 = 123_456;

#[derive(Debug)]
struct Subscription {
    id: u64,
    account: String,
    event: String,
    target_url: String,
    store_id: Option<u64>,
    name: Option<String>,
}

/// One webhook that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Announcement {
    pub(super) subscription: u64,
    pub(super) target_url: String,
    pub(super) body: Value,
}

/// The subscriptions of all accounts.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    subscriptions: Vec<Subscription>,
    made: u64,
}

impl Webhooks {
    /// `POST /webhooks/subscribe`; the error says what is wrong.
    pub(super) fn subscribe(&mut self, account: &str, body: &Value) -> Result<u64, String> {
        let Some(target_url) = body["target_url"].as_str().filter(|url| url.starts_with("http")) else {
            return Err("The target_url field is required.".to_owned());
        };
        let Some(event) = body["event"].as_str().filter(|event| EVENTS.contains(event)) else {
            return Err("The event is not one of the known events.".to_owned());
        };
        // The reference lists a number, integrations send a text.
        let store_id = body["store_id"].as_u64().or_else(|| body["store_id"].as_str()?.parse().ok());
        self.made += 1;
        let id = FIRST_ID + self.made;
        self.subscriptions.push(Subscription {
            id,
            account: account.to_owned(),
            event: event.to_owned(),
            target_url: target_url.to_owned(),
            store_id,
            name: body["friendly_name"].as_str().map(str::to_owned),
        });
        Ok(id)
    }

    /// `DELETE /webhooks/{id}`; says whether there was one.
    pub(super) fn unsubscribe(&mut self, account: &str, id: u64) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|known| known.id != id || known.account != account);
        self.subscriptions.len() < before
    }

    /// `GET /webhooks`.
    pub(super) fn list(&self, account: &str) -> Value {
        let of_account = self.subscriptions.iter().filter(|known| known.account == account);
        let shown: Value = of_account
            .map(|known| {
                json!({
                    "IsLabelAPIHook": false,
                    "WebHookID": known.id,
                    "SellerID": 1,
                    "StoreID": known.store_id,
                    "HookType": known.event,
                    "MessageFormat": "Json",
                    "Url": known.target_url,
                    "Name": known.name,
                    "BulkCopyBatchID": null,
                    "BulkCopyRecordID": null,
                    "Active": true,
                    "WebhookLogs": [],
                    "Seller": null,
                    "Store": null,
                })
            })
            .collect();
        json!({"webhooks": shown})
    }

    /// The webhooks that tell of a batch of shipments, whose stores are these.
    pub(super) fn of_batch(&self, account: &str, batch: u64, stores: &[u64], origin: &str) -> Vec<Announcement> {
        let wanted = self
            .subscriptions
            .iter()
            .filter(|known| known.account == account && known.store_id.is_none_or(|wanted| stores.contains(&wanted)));
        wanted.filter_map(|known| known.announce(batch, origin)).collect()
    }
}

impl Subscription {
    fn announce(&self, batch: u64, origin: &str) -> Option<Announcement> {
        let items = match self.event.as_str() {
            "SHIP_NOTIFY" => "False",
            "ITEM_SHIP_NOTIFY" => "True",
            _ => return None,
        };
        let store = self.store_id.map(|id| format!("storeID={id}&")).unwrap_or_default();
        let url = format!("{origin}/shipments?{store}batchId={batch}&includeShipmentItems={items}");
        let body = json!({"resource_url": url, "resource_type": self.event});
        Some(Announcement { subscription: self.id, target_url: self.target_url.clone(), body })
    }
}
