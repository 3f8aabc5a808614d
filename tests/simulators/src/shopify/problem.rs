//! What is wrong with a query, in Shopify's words: status 200 and a list of errors, each with a code.

use serde_json::{Map, Value, json};

/// One entry of `errors`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    message: String,
    code: Option<&'static str>,
    details: Map<String, Value>,
    path: Option<Vec<Value>>,
}

impl Problem {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code: Some(code), details: Map::new(), path: None }
    }

    /// A problem without a code, as Shopify reports what it cannot parse.
    pub(super) fn bare(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, details: Map::new(), path: None }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Where in the answer it arose.
    #[must_use]
    pub(super) fn at(mut self, path: Vec<Value>) -> Self {
        self.path = Some(path);
        self
    }

    pub(super) fn to_json(&self) -> Value {
        let mut extensions = self.details.clone();
        if let Some(code) = self.code {
            extensions.insert("code".to_owned(), json!(code));
        }
        let mut written = json!({"message": self.message});
        if let Some(path) = &self.path {
            written["path"] = json!(path);
        }
        if !extensions.is_empty() {
            written["extensions"] = Value::Object(extensions);
        }
        written
    }
}
