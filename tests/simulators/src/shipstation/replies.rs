//! The API's standing answers, in the words and shapes of ASP.NET where the documentation gives none.

use bytes::Bytes;
use serde_json::{Value, json};

use super::account::Standing;
use super::book::Refusal;
use super::validate::Invalid;
use crate::front::Allowance;
use crate::server::Reply;

pub(super) fn allowance(standing: Standing) -> Allowance {
    Allowance { headers: standing.headers(), remaining: Some(i64::from(standing.remaining)) }
}

pub(super) fn success(message: &str) -> Value {
    json!({"success": true, "message": message})
}

pub(super) fn too_many() -> Reply {
    Reply::json(429, &json!({"message": "Too Many Requests"}))
}

/// A status and nothing else.
pub(super) fn empty(status: u16) -> Reply {
    Reply { body: Bytes::new(), ..Reply::json(status, &Value::Null) }
}

pub(super) fn not_found(message: &str) -> Reply {
    Reply::json(404, &json!({"Message": message}))
}

pub(super) fn invalid(invalid: &Invalid) -> Reply {
    Reply::json(400, &invalid.to_json())
}

pub(super) fn refused_write(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Invalid(fields) => invalid(fields),
        Refusal::Unknown(_) => not_found(&in_words(refusal)),
        Refusal::Status(_) => Reply::json(400, &json!({"Message": in_words(refusal)})),
    }
}

pub(super) fn in_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(fields) => fields.in_words(),
        Refusal::Unknown(id) => format!("The order {id} was not found."),
        Refusal::Status(status) => format!("An order that is {status} cannot be updated."),
    }
}
