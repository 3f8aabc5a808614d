//! A warehouse that takes everything and shows it as it was given.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};

use super::http::Request;

/// Orders of an account that its list of what was changed last can show, as many as one page holds.
const CHANGED_MAX: usize = 500;

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct Warehouse(Mutex<Shelves>);

#[derive(Debug, Default)]
struct Shelves {
    created: u64,
    keys: HashSet<String>,
    orders: HashMap<u64, String>,
    /// The newest ids first, by account.
    changed: HashMap<String, VecDeque<u64>>,
}

impl Warehouse {
    pub(super) fn answer(&self, request: &Request) -> anyhow::Result<String> {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (account, path) =
            request.path.trim_start_matches('/').split_once('/').context("a path without an account")?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match (request.get, path) {
            (false, "orders/createorder") => {
                let id = shelves.put(account, &request.body)?;
                Ok(shelves.orders[&id].clone())
            }
            (false, "orders/createorders") => {
                let orders = split(&request.body).into_iter();
                let results: Vec<String> = orders
                    .map(|order| {
                        let (id, key) = (shelves.put(account, order)?, key(order)?);
                        Ok(format!(
                            "{{\"orderId\":{id},\"orderKey\":\"{key}\",\"success\":true,\"errorMessage\":null}}"
                        ))
                    })
                    .collect::<anyhow::Result<_>>()?;
                Ok(format!("{{\"hasErrors\":false,\"results\":[{}]}}", results.join(",")))
            }
            (true, "orders") => Ok(shelves.list(account, query)),
            (true, "shipments") => Ok(EMPTY.replace("KIND", "shipments")),
            (true, "fulfillments") => Ok(EMPTY.replace("KIND", "fulfillments")),
            (true, order) => {
                let id = order.strip_prefix("orders/").and_then(|id| id.parse().ok()).context("an unknown path")?;
                shelves.orders.get(&id).cloned().context("an unknown order")
            }
            (false, path) => bail!("an unknown path: {path}"),
        }
    }

    /// Orders that were created, and their keys.
    pub(super) fn created(&self) -> (u64, u64) {
        let shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (shelves.created, shelves.keys.len() as u64)
    }
}

const EMPTY: &str = "{\"KIND\":[],\"total\":0,\"page\":1,\"pages\":1}";

impl Shelves {
    fn put(&mut self, account: &str, order: &str) -> anyhow::Result<u64> {
        self.created += 1;
        let id = self.created;
        self.keys.insert(key(order)?.to_owned());
        self.orders.insert(id, format!("{{\"orderId\":{id},{}", order.trim_start().trim_start_matches('{')));
        let changed = self.changed.entry(account.to_owned()).or_default();
        changed.push_front(id);
        changed.truncate(CHANGED_MAX);
        Ok(id)
    }

    fn list(&self, account: &str, query: &str) -> String {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        if value("modifyDateStart").is_none() {
            // No order that is looked for by its number was ever doubtful here.
            return EMPTY.replace("KIND", "orders");
        }
        let size = value("pageSize").and_then(|size| size.parse().ok()).unwrap_or(CHANGED_MAX);
        let ids = self.changed.get(account).into_iter().flatten().take(size);
        let orders: Vec<&str> = ids.filter_map(|id| self.orders.get(id)).map(String::as_str).collect();
        format!("{{\"orders\":[{}],\"total\":{},\"page\":1,\"pages\":1}}", orders.join(","), orders.len())
    }
}

fn key(order: &str) -> anyhow::Result<&str> {
    const NAME: &str = "\"orderKey\":\"";
    let at = order.find(NAME).context("an order without a key")? + NAME.len();
    Ok(order[at..].split_once('"').context("an order without a key")?.0)
}

/// The objects of an array, each as it stands.
fn split(array: &str) -> Vec<&str> {
    let (mut objects, mut depth, mut start, mut inside, mut escaped) = (Vec::new(), 0_u32, 0, false, false);
    for (at, byte) in array.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'{' if !inside => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            b'}' if !inside => {
                depth -= 1;
                if depth == 0 {
                    objects.push(&array[start..=at]);
                }
            }
            _ => {}
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(warehouse: &Warehouse, get: bool, path: &str, body: &str) -> serde_json::Value {
        let request = Request { get, path: path.to_owned(), body: body.to_owned() };
        serde_json::from_str(&warehouse.answer(&request).unwrap()).unwrap()
    }

    #[test]
    fn it_shows_what_it_was_given() {
        let warehouse = Warehouse::default();
        let made = ask(&warehouse, false, "/one/orders/createorder", r#"{"orderKey":"a","x":1}"#);
        assert_eq!(made, ask(&warehouse, true, "/one/orders/1", ""));
        let many = r#"[{"orderKey":"b","y":{"z":"}\"{"}},{"orderKey":"c"}]"#;
        assert_eq!(ask(&warehouse, false, "/two/orders/createorders", many)["results"][1]["orderId"], 3);
        let listed = ask(&warehouse, true, "/two/orders?modifyDateStart=x&pageSize=50", "");
        assert_eq!(listed["orders"][1]["y"]["z"], "}\"{");
        assert_eq!(listed["orders"][0]["orderId"], 3, "the newest first");
        assert_eq!(warehouse.created(), (3, 3));
        ask(&warehouse, false, "/one/orders/createorder", r#"{"orderKey":"a"}"#);
        assert_eq!(warehouse.created(), (4, 3), "the same order once more");
    }
}
