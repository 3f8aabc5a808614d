//! The simulator's own pages under `/__simulator`, for the demonstration and for a person with curl. They are not
//! the provider's, so they need no credentials, count against no limit and are not in the journal.

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::front::{Front, Provider};
use crate::server::{Arrived, Reply};

/// Answers a request to the simulator itself; nothing for a request to the provider.
pub(crate) fn answer<P: Provider>(front: &Front<P>, request: &Arrived) -> Option<Reply> {
    let segments = request.segments();
    let (&"__simulator", page) = segments.split_first()? else { return None };
    Some(match (request.method.as_str(), page) {
        ("GET", ["journal"]) => {
            Reply::json(200, &json!({"calls": front.journal.calls(), "commits": front.journal.commits()}))
        }
        ("GET", ["orders"]) => Reply::json(200, &front.provider.all_orders()),
        ("GET", ["faults"]) => Reply::json(200, &json!(front.faults.pending())),
        ("POST", ["orders", account]) => match serde_json::from_slice::<Value>(&request.body) {
            Ok(order) => done(front.provider.give_order(account, order)),
            Err(error) => done(Err(error.to_string())),
        },
        ("POST", ["faults"]) => match serde_json::from_slice::<Fault>(&request.body) {
            Ok(fault) => {
                front.faults.push(fault);
                done(Ok(()))
            }
            Err(error) => done(Err(error.to_string())),
        },
        ("DELETE", ["faults"]) => {
            front.faults.clear();
            done(Ok(()))
        }
        _ => Reply::json(404, &json!({"error": "the simulator has no such page"})),
    })
}

fn done(result: Result<(), String>) -> Reply {
    match result {
        Ok(()) => Reply::json(200, &json!({"done": true})),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}
