//! The words of a refusal, fit for people and without personal data: `ShipStation`'s messages may repeat what was sent.
//!
//! ASP.NET's form is `{"Message": …, "ModelState": {field: [message]}}` (400) or `{"Message", "ExceptionMessage"}`
//! (500), other answers have `message`. The field names say what to mend, so they are kept.

use serde_json::Value;

/// Words are shown up to here.
const LENGTH_MAX: usize = 400;
/// Shorter values (`US`, `1`) are kept: they are no one's, and cutting them out would ruin every sentence.
const PERSONAL_LENGTH_MIN: usize = 3;
/// What in an order is about a person.
const PERSONAL: [&str; 8] = [
    "billTo",
    "shipTo",
    "customerEmail",
    "customerUsername",
    "customerNotes",
    "giftMessage",
    "internalNotes",
    "advancedOptions",
];

/// What a refusal says of what was sent: an order, or several.
pub(super) fn of_refusal(body: &[u8], sent: &Value) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return "no reason given".to_owned();
    };
    let mut parts: Vec<String> = ["Message", "message", "ExceptionMessage"]
        .iter()
        .filter_map(|name| body[*name].as_str())
        .map(str::to_owned)
        .collect();
    for (field, messages) in body["ModelState"].as_object().into_iter().flatten() {
        let messages: Vec<&str> = messages.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(format!("{field}: {}", messages.join(" ")));
    }
    if parts.is_empty() {
        return "no reason given".to_owned();
    }
    let mut personal = Vec::new();
    for order in sent.as_array().map_or(std::slice::from_ref(sent), Vec::as_slice) {
        let options = order["items"].as_array().into_iter().flatten().map(|item| &item["options"]);
        for value in PERSONAL.iter().map(|name| &order[*name]).chain(options) {
            gather(value, &mut personal);
        }
    }
    // The longest first, or a first name would be cut out of a full name and leave the rest standing.
    personal.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let words = personal.iter().fold(parts.join("; "), |words, text| without(&words, text));
    let plain = without_quoted(&words);
    plain.chars().filter(|sign| !sign.is_control()).take(LENGTH_MAX).collect()
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let whole = text.trim();
            let parts = whole.split_whitespace().chain([whole]);
            texts.extend(parts.filter(|part| part.chars().count() >= PERSONAL_LENGTH_MIN).map(str::to_owned));
        }
        Value::Object(fields) => fields.values().for_each(|value| gather(value, texts)),
        Value::Array(values) => values.iter().for_each(|value| gather(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `words` without `text`, in whichever case it stands there as words of its own.
fn without(words: &str, text: &str) -> String {
    let (lower, wanted) = (words.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut kept = String::with_capacity(words.len());
    let mut from = 0;
    while let Some(found) = lower[from..].find(&wanted) {
        let (start, end) = (from + found, from + found + wanted.len());
        let inside = |sign: Option<char>| sign.is_some_and(char::is_alphanumeric);
        let in_a_word = inside(words[..start].chars().next_back()) || inside(words[end..].chars().next());
        kept.push_str(&words[from..start]);
        kept.push_str(if in_a_word { &words[start..end] } else { "…" });
        from = end;
    }
    kept.push_str(&words[from..]);
    kept
}

/// Quoted parts are values.
fn without_quoted(words: &str) -> String {
    let mut kept = String::with_capacity(words.len());
    let mut parts = words.split(['\'', '"']);
    kept.push_str(parts.next().unwrap_or_default());
    let rest: Vec<&str> = parts.collect();
    // An odd number of quotes has an apostrophe among them; then nothing can be told apart and all quotes stay.
    if rest.len() % 2 == 1 {
        return words.to_owned();
    }
    for pair in rest.chunks(2) {
        kept.push('…');
        kept.push_str(pair.get(1).copied().unwrap_or_default());
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_field_stays_and_the_person_goes() {
        let sent = json!({
            "shipTo": {"name": "Jane Doe", "street1": "12 Elm Street", "country": "US"},
            "customerEmail": "jane@example.com",
            "giftMessage": "Love, Ann",
            "items": [{"options": [{"name": "Engraving", "value": "Beth"}]}],
            "advancedOptions": {"customField1": "Door: purple"},
        });
        let body = json!({"Message": "The request is invalid.", "ModelState": {
            "apiOrder.shipTo.country": ["The country of Jane Doe at 12 elm street is wrong for jane@example.com."],
            "apiOrder.giftMessage": ["Love, Ann is too long, so are Beth and purple."],
            "apiOrder.items[0].quantity": ["Error converting value \"Jane\" to type Int32."],
        }});
        let words = of_refusal(body.to_string().as_bytes(), &sent);
        assert!(words.contains("apiOrder.shipTo.country"), "{words}");
        assert!(words.contains("apiOrder.items[0].quantity"), "{words}");
        let lower = words.to_lowercase();
        for personal in ["jane", "doe", "elm", "example.com", "ann ", "beth", "purple"] {
            assert!(!lower.contains(personal), "{personal} in {words}");
        }
    }

    #[test]
    fn any_body_gives_words() {
        for body in ["", "<html>", "[]", "{}", "null", r#"{"ModelState":"x"}"#] {
            assert_eq!(of_refusal(body.as_bytes(), &Value::Null), "no reason given", "{body}");
        }
        let exception = br#"{"Message":"An error has occurred.","ExceptionMessage":"It's null"}"#;
        assert_eq!(of_refusal(exception, &Value::Null), "An error has occurred.; It's null");
    }

    #[test]
    fn a_text_inside_a_word_is_no_find() {
        assert_eq!(without("The order of Ord is orderly", "ord"), "The order of … is orderly");
    }
}
