//! The places that fulfil at a shop, and the question whether those that its terms name are among them. A name that no
//! place has any more would leave out every order without a word.

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::operation::LOCATIONS;

/// A place that fulfils.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The number that the shop's admin shows in its address; it stays when the place is renamed.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub active: bool,
}

/// The places of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locations {
    /// They themselves, at most 250.
    pub places: Vec<Location>,
    /// Whether the shop has more.
    pub more: bool,
}

/// The request that asks for a shop's places, to its `graphql.json`. [`listed`] reads the answer.
pub fn ask(client: &Client, url: &str, token: &SecretString) -> RequestBuilder {
    client
        .post(url)
        .header("X-Shopify-Access-Token", token.expose_secret())
        .json(&json!({ "query": LOCATIONS.document, "operationName": LOCATIONS.name }))
}

/// The places, or nothing if the answer does not have them.
pub fn listed(answer: &Value) -> Option<Locations> {
    let list = &answer["data"][LOCATIONS.answers];
    let places = list["nodes"].as_array()?.iter().map(location).collect::<Option<_>>()?;
    Some(Locations { places, more: list["pageInfo"]["hasNextPage"].as_bool()? })
}

fn location(node: &Value) -> Option<Location> {
    let id = node["id"].as_str()?.rsplit('/').next()?.to_owned();
    Some(Location { id, name: node["name"].as_str()?.to_owned(), active: node["isActive"].as_bool()? })
}

impl Locations {
    /// The place that a shop's terms name so; one that is in use before one that is not.
    pub fn named(&self, named: &str) -> Option<&Location> {
        // As orders' parts are compared with the terms.
        let named = named.trim();
        let meant = |place: &&Location| place.name.trim().eq_ignore_ascii_case(named) || place.id == named;
        let mut found: Vec<&Location> = self.places.iter().filter(meant).collect();
        found.sort_by_key(|place| !place.active);
        found.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u64, name: &str, active: bool) -> Value {
        json!({"id": format!("gid://shopify/Location/{id}"), "name": name, "isActive": active})
    }

    #[test]
    fn places_are_read_and_found_by_name_and_by_id() {
        let nodes = [node(7, "Berlin", false), node(8, "Lisbon", true), node(9, "berlin ", true)];
        let answer = json!({"data": {"locations": {"nodes": nodes, "pageInfo": {"hasNextPage": false}}}});
        let listed = listed(&answer).unwrap();
        let found = |named: &str| listed.named(named).map(|place| place.id.as_str());
        assert_eq!((found(" lisbon"), found("8"), found("Lisboa")), (Some("8"), Some("8"), None));
        assert_eq!(found("Berlin"), Some("9"), "the one in use");
        assert!(!listed.more && !listed.named("7").unwrap().active);
    }

    #[test]
    fn an_answer_without_places_has_nothing_to_compare() {
        let refused = json!({"data": {"locations": null}, "errors": [{"message": "Access denied"}]});
        for answer in [json!({}), refused, json!({"data": {"locations": {"nodes": [{"id": 1}]}}})] {
            assert_eq!(listed(&answer), None);
        }
    }
}
