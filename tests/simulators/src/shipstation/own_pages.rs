//! `ShipStation`'s part of the `/__simulator` pages: what people do in the application, for the demonstration and for
//! a person with curl.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::api::Api;
use super::label::Label;
use super::notices::Trouble;
use super::stores::{Importing, Store};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ship {
    order_id: u64,
    #[serde(default)]
    label: Label,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Void {
    shipment_id: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    order_id: u64,
    change: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewStore {
    account: String,
    store_id: u64,
    store_name: String,
    shop_domain: String,
    #[serde(default)]
    after_milliseconds: u64,
    #[serde(default)]
    without_hash: bool,
    #[serde(default)]
    opaque_keys: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limit {
    account: String,
    per_minute: u32,
}

/// Answers one page; nothing if there is no such page.
pub(super) fn answer(api: &Api, method: &str, page: &[&str], body: &[u8]) -> Option<Result<Value, String>> {
    let now = api.now();
    Some(match (method, page) {
        ("GET", ["shipments"]) => Ok(api.state().parcels.shipments().cloned().collect()),
        ("GET", ["webhooks"]) => Ok(json!(api.notices.all())),
        ("POST", ["webhooks", "trouble"]) => read::<Trouble>(body).map(|trouble| {
            api.notices.trouble(trouble);
            json!({"done": true})
        }),
        ("POST", ["webhooks", "release"]) => Ok(json!({"released": api.notices.release()})),
        ("POST", ["ship"]) => read::<Ship>(body).and_then(|ship| {
            let bought = api.ship(&[(ship.order_id, ship.label)]).map_err(|error| error.to_string())?;
            Ok(json!(bought))
        }),
        ("POST", ["void"]) => read::<Void>(body).and_then(|void| found(api.state().void(void.shipment_id, now))),
        ("POST", ["markasshipped"]) => {
            read::<Ship>(body).and_then(|mark| found(api.state().mark_as_shipped(mark.order_id, &mark.label, now)))
        }
        ("POST", ["change"]) => read::<Change>(body).and_then(|change| {
            found(api.state().book.change(change.order_id, now, |order| merge(order, change.change)))
        }),
        ("DELETE", ["orders", id]) => found(delete(api, id)),
        ("POST", ["stores"]) => read::<NewStore>(body).and_then(|store| add_store(api, &store)),
        ("POST", ["limit"]) => read::<Limit>(body).and_then(|limit| {
            let mut state = api.state();
            let account = state.accounts.get_mut(&limit.account).ok_or("there is no such account")?;
            account.limit(limit.per_minute);
            Ok(json!({"done": true}))
        }),
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn found(value: Option<Value>) -> Result<Value, String> {
    value.ok_or_else(|| "there is no such order or shipment".to_owned())
}

fn delete(api: &Api, id: &str) -> Option<Value> {
    let id = id.parse().ok()?;
    let mut state = api.state();
    let account = state.book.owned(id)?.0.to_owned();
    state.book.delete(&account, id)
}

fn add_store(api: &Api, store: &NewStore) -> Result<Value, String> {
    let mut state = api.state();
    let account = state.accounts.get_mut(&store.account).ok_or("there is no such account")?;
    let importing = Importing {
        keeps_hash: !store.without_hash,
        opaque_keys: store.opaque_keys,
        ..Importing::from_shop(&store.shop_domain).after(std::time::Duration::from_millis(store.after_milliseconds))
    };
    account.add(Store::importing(store.store_id, &store.store_name, importing));
    Ok(json!({"done": true}))
}

/// Objects are merged field by field, everything else replaces what stood there.
fn merge(stands: &mut Value, change: Value) {
    match (stands, change) {
        (Value::Object(stands), Value::Object(change)) => {
            for (name, value) in change {
                merge(stands.entry(name).or_insert(Value::Null), value);
            }
        }
        (stands, change) => *stands = change,
    }
}
