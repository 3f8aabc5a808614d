//! The access scopes that the documents need, and the question which of them a token has.
//!
//! The published schema says of every type and field which scopes open it. Without one of them Shopify answers with
//! errors, or leaves out parts of the order without a word: a token without `read_third_party_fulfillment_orders` does
//! not see the parts at third parties.

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::operation::SCOPES;

/// An access scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Its handle (`read_orders`).
    pub handle: &'static str,
    /// What it is for, for people.
    pub purpose: &'static str,
}

/// What carrying orders needs.
pub const SCOPES_TO_READ: [Scope; 7] = [
    Scope { handle: "read_orders", purpose: "orders, their lines, addresses, payments and risk checks" },
    Scope { handle: "read_products", purpose: "customs data of the products" },
    Scope { handle: "read_customers", purpose: "who ordered, and how often before" },
    Scope { handle: "read_locations", purpose: "the places that fulfil" },
    Scope { handle: "read_merchant_managed_fulfillment_orders", purpose: "what the shop's own places fulfil" },
    Scope { handle: "read_assigned_fulfillment_orders", purpose: "what places of this app fulfil" },
    Scope { handle: "read_third_party_fulfillment_orders", purpose: "what other companies fulfil" },
];

/// What a shop needs besides if tracking numbers go back to it. What other companies fulfil is theirs to tell.
pub const SCOPES_TO_FULFIL: [Scope; 2] = [
    Scope { handle: "write_merchant_managed_fulfillment_orders", purpose: "tracking of the shop's own places" },
    Scope { handle: "write_assigned_fulfillment_orders", purpose: "tracking of places of this app" },
];

/// The request that asks for a token's scopes, to the shop's `graphql.json`. [`granted`] reads the answer.
pub fn ask(client: &Client, url: &str, token: &SecretString) -> RequestBuilder {
    client
        .post(url)
        .header("X-Shopify-Access-Token", token.expose_secret())
        .json(&json!({ "query": SCOPES.document, "operationName": SCOPES.name }))
}

/// The handles of the granted scopes, or nothing if the answer does not have them.
pub fn granted(answer: &Value) -> Option<Vec<String>> {
    let scopes = answer["data"][SCOPES.answers]["accessScopes"].as_array()?;
    scopes.iter().map(|scope| scope["handle"].as_str().map(str::to_owned)).collect()
}

/// Those of `needed` that the token does not have. A scope to write lets read too.
pub fn missing<'n>(needed: impl IntoIterator<Item = &'n Scope>, granted: &[String]) -> Vec<&'n Scope> {
    let has = |handle: &str| granted.iter().any(|granted| granted == handle);
    let covered = |scope: &Scope| {
        let writes = scope.handle.strip_prefix("read_").map(|rest| format!("write_{rest}"));
        has(scope.handle) || writes.is_some_and(|writes| has(&writes))
    };
    needed.into_iter().filter(|scope| !covered(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granted_scopes_are_read_and_compared() {
        let handles = ["read_orders", "write_products", "read_customers", "read_locations"];
        let scopes: Vec<Value> = handles.iter().map(|handle| json!({"handle": handle})).collect();
        let answer = json!({"data": {"currentAppInstallation": {"accessScopes": scopes}}});
        let granted = granted(&answer).unwrap();
        assert_eq!(granted, handles);
        let missing: Vec<&str> = missing(&SCOPES_TO_READ, &granted).iter().map(|scope| scope.handle).collect();
        assert_eq!(
            missing,
            [
                "read_merchant_managed_fulfillment_orders",
                "read_assigned_fulfillment_orders",
                "read_third_party_fulfillment_orders"
            ]
        );
    }

    #[test]
    fn an_answer_without_scopes_grants_nothing_to_compare() {
        for answer in [json!({}), json!({"data": null, "errors": [{}]}), json!({"data": {"currentAppInstallation": 1}})]
        {
            assert_eq!(granted(&answer), None);
        }
    }
}
