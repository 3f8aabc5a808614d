//! What was written against what stands there, field by field, as `field` says values are compared.

use ::lane::hold::Fact;
use ::lane::id::Fingerprint;
use serde_json::Value;

use super::compose::TO_SHIP;
use super::field::{self, FIELDS, Field, Form, GOODS, STATUS, line_key, line_name, lines, shown};
use super::goods;

/// Evidence names at most so many differences; with more the order is not the one that was written.
const SHOWN_MAX: usize = 20;
/// Values are shown up to here.
const VALUE_MAX: usize = 160;

/// One field that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    /// The remembered field it belongs to: for a line's parts the line.
    remembered: String,
    personal: bool,
    written: String,
    stands: String,
}

/// Everything that is not as it was written; may be nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Difference(Vec<Entry>);

/// How an order is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What a write would change: everything counts.
    Ahead,
    /// After a write: the warehouse, or a rule of it, may have moved the status on, and filled in what was left to it.
    Back,
    /// The same after a hold was taken back, which must stand; otherwise the warehouse may have gone on already.
    BackFromHold,
}

/// Compares an order as it was (or would be) written with the order that stands there.
pub(super) fn compare(written: &Value, stands: &Value, look: Look) -> Difference {
    let mut difference = Difference::default();
    let counts = |field: &Field, order: &Value| look == Look::Ahead || !field.is_left(order);
    for field in FIELDS.into_iter().filter(|field| counts(field, written)) {
        let free = field.path == STATUS && look == Look::Back;
        if free && moved_on(field.of(written), field.of(stands)) {
            continue;
        }
        difference.look(field, field.path, field.path, written, stands);
    }
    for line in lines(written) {
        let Some(key) = line_key(line) else { continue };
        let name = line_name(key);
        match lines(stands).iter().find(|other| line_key(other) == Some(key)) {
            Some(other) => {
                for field in field::LINE_FIELDS.into_iter().filter(|field| counts(field, line)) {
                    let path = format!("{name}/{}", field.path);
                    difference.look(field, &path, &name, line, other);
                }
            }
            None => difference.note(&name, "a line", "no such line"),
        }
    }
    for line in lines(stands) {
        let Some(key) = line_key(line) else { continue };
        if !lines(written).iter().any(|other| line_key(other) == Some(key)) {
            difference.note(&line_name(key), "no such line", "a line");
        }
    }
    difference
}

pub(super) fn moved_on(written: &Value, stands: &Value) -> bool {
    let later = ["on_hold", "pending_fulfillment", "shipped"];
    written == TO_SHIP && stands.as_str().is_some_and(|status| later.contains(&status))
}

/// The names of what is compared, for the proof.
pub(super) fn compared(order: &Value) -> Vec<String> {
    let fields = FIELDS.into_iter().filter(|field| !field.is_left(order)).map(|field| field.path.to_owned());
    let parts = field::LINE_FIELDS.map(|field| format!("items.{}", field.path));
    fields.chain(parts).collect()
}

impl Difference {
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Hash of the difference; an approval accepts exactly this. Both sides count, so a difference that grows or
    /// changes is a new one.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut text = String::new();
        for entry in &self.0 {
            for part in [&entry.name, &entry.written, &entry.stands] {
                text.push_str(&part.len().to_string());
                text.push(':');
                text.push_str(part);
            }
        }
        Fingerprint::of(text.as_bytes())
    }

    /// The remembered fields that are touched.
    pub(super) fn remembered(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.remembered.as_str())
    }

    /// The difference for people. Personal fields say that they differ, not what they say.
    pub(super) fn evidence(&self) -> Vec<Fact> {
        let mut facts: Vec<Fact> = self.0.iter().take(SHOWN_MAX).map(Entry::fact).collect();
        if self.0.len() > SHOWN_MAX {
            facts.push(Fact::new("further differences", self.0.len() - SHOWN_MAX));
        }
        facts
    }

    /// Whether what customs is told differs.
    pub(super) fn is_about_goods(&self) -> bool {
        self.0.iter().any(|entry| entry.name == GOODS.path)
    }

    pub(super) fn look(&mut self, field: Field, name: &str, remembered: &str, one: &Value, other: &Value) {
        let (written, stands) = (field.of(one), field.of(other));
        if field.same(written, stands) {
            return;
        }
        self.0.push(Entry {
            name: name.to_owned(),
            remembered: remembered.to_owned(),
            personal: field.personal,
            written: words(field, written),
            stands: words(field, stands),
        });
    }

    /// Something that is about a person, or may be.
    pub(super) fn note_personal(&mut self, name: &str, written: &str, stands: &str) {
        self.note(name, written, stands);
        if let Some(entry) = self.0.last_mut() {
            entry.personal = true;
        }
    }

    pub(super) fn note(&mut self, name: &str, written: &str, stands: &str) {
        self.0.push(Entry {
            name: name.to_owned(),
            remembered: name.to_owned(),
            personal: false,
            written: written.to_owned(),
            stands: stands.to_owned(),
        });
    }
}

impl Entry {
    fn fact(&self) -> Fact {
        let value = if self.personal {
            let (written, stands) = (self.written.chars().count(), self.stands.chars().count());
            format!("differs ({written} characters here, {stands} at the warehouse); compare it there")
        } else {
            format!("{} here, {} at the warehouse", quoted(&self.written), quoted(&self.stands))
        };
        Fact::new(&self.name, value)
    }
}

/// A value in words for people.
fn words(field: Field, value: &Value) -> String {
    if field.form == Form::Goods { goods::words(value) } else { shown(value) }
}

fn quoted(value: &str) -> String {
    if value.is_empty() {
        return "nothing".to_owned();
    }
    let cut: String = value.chars().filter(|sign| !sign.is_control()).take(VALUE_MAX).collect();
    format!("“{cut}”")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compose::tests::{composed, order};
    use super::*;

    fn written() -> Value {
        composed(&order())
    }

    fn compare(written: &Value, stands: &Value) -> Difference {
        super::compare(written, stands, Look::Back)
    }

    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut stands = written();
        change(&mut stands);
        stands
    }

    #[test]
    fn what_only_looks_different_is_no_difference() {
        let stands = with(|order| {
            order["shipTo"]["street1"] = json!("12  ELM STREET");
            order["shipTo"]["postalCode"] = json!("97205-1234");
            order["shipTo"]["street2"] = json!("");
            order["orderDate"] = json!("2026-11-20T02:00:00.0000000");
            order["shippingAmount"] = json!(0.10);
            order["internalNotes"] = json!("ours to ignore");
            order["items"].as_array_mut().unwrap().reverse();
        });
        assert!(compare(&written(), &stands).is_none());
    }

    #[test]
    fn every_compared_field_can_differ() {
        for field in FIELDS.into_iter().filter(|field| field.path != STATUS && !field.is_left(&written())) {
            let stands = with(|order| field.put(order, json!("77")));
            assert!(!compare(&written(), &stands).is_none(), "{}", field.path);
        }
        // What is left to the warehouse counts only before a write.
        for field in FIELDS.into_iter().filter(|field| field.is_left(&written())) {
            let there = if field.form == Form::Flag { json!(true) } else { json!("77") };
            let stands = with(|order| field.put(order, there));
            assert!(compare(&written(), &stands).is_none(), "{}", field.path);
            assert!(!super::compare(&written(), &stands, Look::Ahead).is_none(), "{}", field.path);
        }
        for field in field::LINE_FIELDS.into_iter().filter(|field| !field.is_left(&written()["items"][0])) {
            let stands = with(|order| field.put(&mut order["items"][0], json!("77")));
            assert_eq!(compare(&written(), &stands).remembered().collect::<Vec<_>>(), ["items/1"]);
        }
        let shorter = with(|order| drop(order["items"].as_array_mut().unwrap().pop()));
        assert!(!compare(&written(), &shorter).is_none());
        assert!(!compare(&shorter, &written()).is_none());
    }

    #[test]
    fn a_status_that_the_warehouse_moved_on_is_no_difference_and_any_other_is() {
        for (status, none) in [("on_hold", true), ("shipped", true), ("cancelled", false)] {
            let stands = with(|order| order[STATUS] = json!(status));
            assert_eq!(compare(&written(), &stands).is_none(), none, "{status}");
        }
        let cancelled = with(|order| order[STATUS] = json!("cancelled"));
        assert!(!compare(&cancelled, &written()).is_none());
        let held = with(|order| order[STATUS] = json!("on_hold"));
        assert!(!super::compare(&written(), &held, Look::BackFromHold).is_none());
    }

    #[test]
    fn a_fingerprint_names_exactly_one_difference() {
        let city = |city: &str| with(|order| order["shipTo"]["city"] = json!(city));
        let of = |stands: &Value| compare(&written(), stands).fingerprint();
        assert_eq!(of(&city("Salem")), of(&city("Salem")));
        assert_ne!(of(&city("Salem")), of(&city("Eugene")));
    }

    #[test]
    fn evidence_shows_figures_and_hides_people() {
        let stands = with(|order| {
            order["shipTo"]["name"] = json!("Jane D");
            order["items"][0]["quantity"] = json!(1);
        });
        let evidence = compare(&written(), &stands).evidence();
        assert_eq!(evidence[1].value, "“2” here, “1” at the warehouse");
        assert!(evidence.iter().all(|fact| !fact.value.contains("Jane")), "{evidence:?}");
    }
}
