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
        ("POST", ["acts", account]) => {
            let read = serde_json::from_slice::<Value>(&request.body).map_err(|error| error.to_string());
            match read.and_then(|act| front.provider.act(account, act)) {
                Ok(result) => Reply::json(200, &json!({"done": true, "webhooks": result})),
                Err(error) => done(Err(error)),
            }
        }
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
        (method, page) => match front.provider.own_page(method, page, &request.body) {
            Some(Ok(answer)) => Reply::json(200, &answer),
            Some(Err(error)) => done(Err(error)),
            None => Reply::json(404, &json!({"error": "the simulator has no such page"})),
        },
    })
}

fn done(result: Result<(), String>) -> Reply {
    match result {
        Ok(()) => Reply::json(200, &json!({"done": true})),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}
