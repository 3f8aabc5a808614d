//! Whom a kept webhook's body names, as far as a body that nobody understood can be asked.

use lane::id::JobId;
use lane::marks::Mark;
use lane::privacy::Subject;
use lane::webhook::Content;
use serde_json::Value;

/// What a body names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) customers: Vec<Mark>,
    pub(crate) emails: Vec<Mark>,
    pub(crate) orders: Vec<JobId>,
}

impl Names {
    /// Reads a raw body. Nothing if it is no JSON.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let mut names = Self::default();
        if let Some(id) = body.get("id").and_then(id_text) {
            names.order(&id);
        }
        names.look(&body);
        Some(names)
    }

    /// Whom a kept webhook names: by its body, and by what it was read as.
    pub(crate) fn of_kept(body: Option<&[u8]>, content: Option<&str>) -> Self {
        let mut names = body.and_then(Self::of).unwrap_or_default();
        // A content of a newer program says nothing here.
        if let Some(Content::Order(news)) = content.and_then(|content| serde_json::from_str(content).ok()) {
            names.customers.extend(news.marks.customer);
            names.emails.extend(news.marks.email);
            names.orders.push(news.id);
        }
        names
    }

    /// Whether it names nobody: then it can be anybody's.
    pub(crate) fn nobody(&self) -> bool {
        self.customers.is_empty() && self.emails.is_empty() && self.orders.is_empty()
    }

    /// Whether it names the customer by id or mail address, or an order that the request lists.
    pub(crate) fn name(&self, subject: &Subject) -> bool {
        subject.customer.as_ref().is_some_and(|mark| self.customers.contains(mark))
            || subject.email.as_ref().is_some_and(|mark| self.emails.contains(mark))
            || self.orders.iter().any(|id| subject.orders.contains(id))
    }

    fn look(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.field(key, value);
                    self.look(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn field(&mut self, key: &str, value: &Value) {
        let id = match key {
            "customer" | "order" => value.get("id").and_then(id_text),
            "customer_id" | "order_id" => id_text(value),
            _ => None,
        };
        let Some(id) = id else { return };
        if key.starts_with("customer") { self.customers.push(Mark::customer(&id)) } else { self.order(&id) }
    }

    /// Mail addresses and global ids say themselves what they are, wherever they stand.
    fn text(&mut self, text: &str) {
        if let Some(id) = text.strip_prefix("gid://shopify/Customer/") {
            self.customers.push(Mark::customer(id));
        } else if let Some(id) = text.strip_prefix("gid://shopify/Order/") {
            self.order(id);
        } else if text.contains('@') {
            self.emails.extend(Mark::email(text));
        }
    }

    fn order(&mut self, id: &str) {
        self.orders.extend(JobId::parse(id));
    }
}

/// Whether a body says any of these words.
pub(crate) fn says_any(body: &[u8], words: &[String]) -> bool {
    words.iter().any(|word| body.windows(word.len()).any(|part| part == word.as_bytes()))
}

fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.rsplit('/').next().unwrap_or(text).to_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Names {
        Names::of(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_person_is_found_by_id_by_mail_and_by_order_wherever_they_stand() {
        let jane = Subject {
            customer: Some(Mark::customer("207119551")),
            email: Mark::email("jane@example.com"),
            orders: vec![JobId::from(820_982_911_946_154_508)],
        };
        for body in [
            r#"{"order":{"customer":{"id":207119551}}}"#,
            r#"{"customer":{"id":"gid://shopify/Customer/207119551"}}"#,
            r#"{"customer_id":"207119551"}"#,
            r#"{"a":[{"b":"gid://shopify/Customer/207119551"}]}"#,
            r#"{"contact_email":"Jane@Example.com"}"#,
            r#"{"id":820982911946154508}"#,
            r#"{"refund":{"order_id":820982911946154508}}"#,
            r#"{"order":{"id":"820982911946154508"}}"#,
            r#"["gid://shopify/Order/820982911946154508"]"#,
        ] {
            assert!(names(body).name(&jane), "{body}");
        }
        let others = [
            r#"{"id":820982911946154509,"customer":{"id":1,"email":"bob@example.com"},"quantity":207119551}"#,
            r#"{"line_items":[{"id":207119551}],"id":5}"#,
        ];
        for body in others {
            let named = names(body);
            assert!(!named.name(&jane) && !named.nobody(), "{body}");
        }
        assert!(names(r#"{"name":"Jane","line_items":[{"id":3}]}"#).nobody());
        assert!(Names::of(b"{\"id\":1").is_none());
    }
}
