//! An address as `ShipStation` takes it: trimmed, each run of white space one space, countries and states as codes in upper
//! case.
//!
//! Nothing of an address is cut: a parcel that goes nearly there is lost. What is too long, or a country that is no code,
//! is a question, and is mended at the shop. The bounds are those of the *Custom Store Development Guide* (address fields
//! of `BillTo` and `ShipTo`); the pages of the v1 API name none.

use ::lane::carriage::country_code;
use ::lane::hold::{Fact, HoldReason};
use serde_json::{Map, Value, json};

use super::judge::Question;
use crate::providers::shopify::order::Address;

const NAME_MAX: usize = 100;
const STREET_MAX: usize = 200;
const CITY_MAX: usize = 100;
const CODE_MAX: usize = 50;

/// Writes an address; `whose` is for people.
pub(super) fn address(whose: &str, given: Option<&Address>) -> Result<Value, Question> {
    let Some(given) = given else {
        // ShipStation insists on an address; an empty one can be filled in there.
        return Ok(Value::Object(Map::from_iter([("name".to_owned(), json!(""))])));
    };
    let part = |name: &str, text: &Option<String>, max: usize| fitting(whose, name, text.as_deref(), max);
    Ok(json!({
        "name": part("name", &given.name, NAME_MAX)?,
        "company": part("company", &given.company, NAME_MAX)?,
        "street1": part("street", &given.street1, STREET_MAX)?,
        "street2": part("street, second line", &given.street2, STREET_MAX)?,
        "city": part("city", &given.city, CITY_MAX)?,
        "state": part("state", &given.state, CITY_MAX)?.map(state),
        "postalCode": part("postal code", &given.postal_code, CODE_MAX)?,
        "country": part("country", &given.country, CITY_MAX)?.map(|text| country(whose, &text)).transpose()?,
        "phone": part("phone", &given.phone, CODE_MAX)?,
    }))
}

/// The text with its white space set right; nothing if there is no other. What it says stays out of the question.
fn fitting(whose: &str, name: &str, text: Option<&str>, max: usize) -> Result<Option<String>, Question> {
    let text = text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let length = text.chars().count();
    if length > max {
        let trouble = format!("{length} characters, and the warehouse takes {max}");
        return Err(uncarriable(whose, name, &trouble));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn state(text: String) -> String {
    if text.len() == 2 { text.to_uppercase() } else { text }
}

fn country(whose: &str, text: &str) -> Result<String, Question> {
    country_code(text).ok_or_else(|| uncarriable(whose, "country", &format!("{text:?} is no country's two letters")))
}

fn uncarriable(whose: &str, name: &str, trouble: &str) -> Question {
    let evidence = vec![
        Fact::new(&format!("{whose}, {name}"), trouble),
        Fact::new("what to do", "change it at the shop; nothing of an address is cut off"),
    ];
    Question { reason: HoldReason::NotCarriable, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(change: impl FnOnce(&mut Address)) -> Result<Value, Question> {
        let mut given = Address { name: Some("Jane Doe".into()), ..Address::default() };
        change(&mut given);
        address("ship to", Some(&given))
    }

    #[test]
    fn white_space_and_codes_are_set_right_and_nothing_else_is() {
        let written = written(|to| {
            to.name = Some("  Jane\n Doe ".into());
            to.street1 = Some("12  Elm\tSTREET".into());
            to.street2 = Some("  ".into());
            to.state = Some("or".into());
            to.country = Some(" us".into());
            to.postal_code = Some("97205-1234 ".into());
            to.phone = Some("+1 (555) 010 9999".into());
        })
        .unwrap();
        let expected = json!({
            "name": "Jane Doe", "company": null, "street1": "12 Elm STREET", "street2": null, "city": null,
            "state": "OR", "postalCode": "97205-1234", "country": "US", "phone": "+1 (555) 010 9999",
        });
        assert_eq!(written, expected);
        let named = self::written(|to| to.state = Some("Jiangsu".into())).unwrap();
        assert_eq!(named["state"], "Jiangsu");
    }

    #[test]
    fn a_part_that_is_too_long_is_a_question_which_does_not_repeat_it() {
        assert!(written(|to| to.street1 = Some("é".repeat(200))).is_ok());
        let question = written(|to| to.street1 = Some("é".repeat(201))).unwrap_err();
        assert_eq!(question.reason, HoldReason::NotCarriable);
        assert_eq!(question.evidence[0], Fact::new("ship to, street", "201 characters, and the warehouse takes 200"));
        for change in [
            |to: &mut Address| to.name = Some("x".repeat(101)),
            |to: &mut Address| to.company = Some("x".repeat(101)),
            |to: &mut Address| to.street2 = Some("x".repeat(201)),
            |to: &mut Address| to.city = Some("x".repeat(101)),
            |to: &mut Address| to.state = Some("x".repeat(101)),
            |to: &mut Address| to.postal_code = Some("x".repeat(51)),
            |to: &mut Address| to.phone = Some("1".repeat(51)),
            |to: &mut Address| to.country = Some("Germany".into()),
        ] {
            assert!(written(change).is_err());
        }
    }
}
