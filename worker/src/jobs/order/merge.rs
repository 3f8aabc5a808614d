//! An order that the warehouse has already: what it changed stays, what the shop changed goes there.
//!
//! Three things are known of each field: what the shop says now (ours), what stands there (theirs), and a hash of what
//! we wrote and read back (the base).
//!
//! | theirs is the base | ours is the base | stays |
//! |---|---|---|
//! | yes | no | ours: the shop changed it |
//! | no | yes | theirs: the warehouse changed it |
//! | no | no | ours: the shop's change is the newer word to the buyer |
//! | no base | | ours: what stands there may be an earlier write of ours that nobody confirmed |
//!
//! `shipTo`, `billTo`, and the service with its carrier, package and confirmation, are one field each: if the shop changed
//! any of it, all of ours goes there; if only the warehouse did, all of theirs stays.
//!
//! That is for what the order says. What it leaves empty is only cleared if what stands there is ours, and a note stays
//! unless it is ours (`field`). While a write of these is not confirmed, both what was and what may be there count as
//! ours.
//!
//! A line is one field; lines without our key are the warehouse's own. The status is the warehouse's to move on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compose::TO_SHIP;
use super::field::{self, Claim, FIELDS, Field, Form, STATUS, hash, is_line, line_key, line_name, lines, normal_line};
use super::goods;
use super::late::ON_HOLD;

/// What is remembered of a field whose writes nobody confirms; with more of them the oldest is the least likely to stand.
const BASES_MAX: usize = 4;

/// Hashes of what we wrote, by field.
pub(super) type Written = BTreeMap<String, String>;

/// The whole order to write: theirs with our changes.
pub(super) fn merge(ours: &Value, theirs: &Value, written: &Written) -> Value {
    let mut whole = theirs.clone();
    for field in FIELDS {
        let (our, their) = (field.of(ours), field.of(theirs));
        let stays = match field.unit() {
            Some(unit) if unit_stays(unit, ours, theirs, written) => true,
            Some(unit) if is_said(unit, ours) => false,
            Some(_) | None => stays(&field, our, their, written),
        };
        if !stays {
            let ours = if field.form == Form::Goods { goods::renewed(our, their) } else { our.clone() };
            field.put(&mut whole, ours);
        }
    }
    whole["orderKey"] = ours["orderKey"].clone();
    whole["items"] = Value::Array(merge_lines(ours, theirs, written));
    whole
}

fn members(unit: &str) -> impl Iterator<Item = Field> {
    FIELDS.into_iter().filter(move |field| field.unit() == Some(unit))
}

/// Whether ours says anything about a unit.
fn is_said(unit: &str, ours: &Value) -> bool {
    members(unit).any(|field| !field.is_left(ours))
}

/// Whether all of a unit stays: the shop says of it what it said before, or nothing, and the warehouse changed it.
fn unit_stays(unit: &str, ours: &Value, theirs: &Value, written: &Written) -> bool {
    if !is_said(unit, ours) {
        let changed = |field: Field| {
            written.get(field.path).is_some_and(|base| !is_base(&field.normal(field.of(theirs)), Some(base)))
        };
        return members(unit).any(changed);
    }
    members(unit).all(|field| {
        let (our, their) = (field.normal(field.of(ours)), field.normal(field.of(theirs)));
        our == their || written.get(field.path).map_or(field.is_left(ours), |base| hash(&our) == *base)
    })
}

/// Whether what stands there is right.
fn stays(field: &Field, our: &Value, their: &Value, written: &Written) -> bool {
    if field.path == STATUS {
        return our == their || status_stays(our, their, written);
    }
    let (our, their) = (field.normal(our), field.normal(their));
    let base = written.get(field.path);
    our == their
        || match field.claim {
            Claim::Ours => kept(&our, &their, base),
            Claim::Offered if !our.is_empty() => kept(&our, &their, base),
            Claim::Offered | Claim::Note => !is_base(&their, base),
        }
}

/// Hashes of everything in one of our orders.
pub(super) fn hashes(ours: &Value) -> Written {
    let said = FIELDS.into_iter().filter(|field| !field.is_left(ours));
    let fields = said.map(|field| (field.path.to_owned(), hash(&field.normal(field.of(ours)))));
    let lines =
        lines(ours).iter().filter_map(|line| line_key(line).map(|key| (line_name(key), hash(&normal_line(line)))));
    fields.chain(lines).collect()
}

/// The base that is left while a write of `ours` is not confirmed: only what the write did not change. Of a line that
/// it did change it is still known that it is ours, as an empty hash, and of a hold of ours that we made it.
pub(super) fn doubted(written: &Written, ours: &Value) -> Written {
    let now = hashes(ours);
    let mut left = Written::new();
    for (name, base) in written {
        if now.get(name) == Some(base) || name == STATUS {
            left.insert(name.clone(), base.clone());
        } else if is_line(name) {
            left.insert(name.clone(), String::new());
        }
    }
    for field in FIELDS.iter().filter(|field| field.claim != Claim::Ours) {
        let (was, is) = (written.get(field.path), now.get(field.path));
        if was != is {
            left.insert(field.path.to_owned(), with_base(was, is.map_or(&hash(""), |is| is)));
        }
    }
    if knows_lines(written) {
        for name in now.into_keys().filter(|name| is_line(name)) {
            left.entry(name).or_default();
        }
    }
    left
}

/// What counts as ours, with one more that does; without a base nothing does.
pub(super) fn with_base(base: Option<&String>, hash_of_ours: &str) -> String {
    let nothing = hash("");
    let mut bases: Vec<&str> = base.unwrap_or(&nothing).split(' ').filter(|known| *known != hash_of_ours).collect();
    bases.push(hash_of_ours);
    bases.split_off(bases.len().saturating_sub(BASES_MAX)).join(" ")
}

/// Whether what stands there is ours; without a base, nothing is.
pub(super) fn is_base(their: &str, base: Option<&String>) -> bool {
    let their = hash(their);
    base.map_or_else(|| their == hash(""), |base| base.split(' ').any(|known| known == their))
}

/// Whether it is known which lines are ours. If not, every line with a key may be.
fn knows_lines(written: &Written) -> bool {
    written.keys().any(|name| is_line(name))
}

/// Whether theirs stays.
fn kept(our: &str, their: &str, base: Option<&String>) -> bool {
    base.is_some_and(|known| !is_base(their, base) && hash(our) == *known)
}

/// The warehouse moves the status on, and what has left stays so. Without a base a hold there is taken for the
/// warehouse's own, because an order that ships by mistake is worse than one that waits.
fn status_stays(our: &Value, their: &Value, written: &Written) -> bool {
    let moved_on = their == "shipped" || their == "pending_fulfillment";
    if our == TO_SHIP && moved_on {
        return true;
    }
    match written.get(STATUS) {
        Some(base) => hash(&field::shown(our)) == *base || (their == ON_HOLD && *base != hash(ON_HOLD)),
        None => their == ON_HOLD,
    }
}

fn merge_lines(ours: &Value, theirs: &Value, written: &Written) -> Vec<Value> {
    let mut merged = Vec::new();
    for their in lines(theirs) {
        let Some(key) = line_key(their) else {
            merged.push(their.clone());
            continue;
        };
        let base = written.get(&line_name(key));
        match with_key(ours, key) {
            Some(our) => merged.push(merge_line(our, their, base)),
            // Ours until the shop took it out; without a trace of our lines it cannot be told apart.
            None if base.is_some() || !knows_lines(written) => {}
            None => merged.push(their.clone()),
        }
    }
    for our in lines(ours) {
        let Some(key) = line_key(our) else { continue };
        let taken_out = written.get(&line_name(key)) == Some(&hash(&normal_line(our)));
        if with_key(theirs, key).is_none() && !taken_out {
            merged.push(our.clone());
        }
    }
    merged
}

fn merge_line(our: &Value, their: &Value, base: Option<&String>) -> Value {
    let (our_normal, their_normal) = (normal_line(our), normal_line(their));
    let mut line = their.clone();
    if our_normal != their_normal && !kept(&our_normal, &their_normal, base) {
        for field in field::LINE_FIELDS.into_iter().filter(|field| !field.is_left(our)) {
            field.put(&mut line, field.of(our).clone());
        }
    }
    line
}

fn with_key<'v>(order: &'v Value, key: &str) -> Option<&'v Value> {
    lines(order).iter().find(|line| line_key(line) == Some(key))
}

/// An order of theirs, written whole with only its status changed.
pub(super) fn with_status(theirs: &Value, status: &str) -> Value {
    let mut whole = theirs.clone();
    whole[STATUS] = json!(status);
    whole
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::{composed, line, order};
    use super::*;

    fn ours() -> Value {
        composed(&order())
    }

    /// What the warehouse holds after `ours` was written, with what it adds itself.
    fn stored(ours: &Value) -> Value {
        let mut theirs = ours.clone();
        theirs["orderId"] = json!(7);
        if theirs["internalNotes"].is_null() {
            theirs["internalNotes"] = json!("fragile");
        }
        theirs["advancedOptions"] = json!({"customField1": "shelf 4"});
        theirs["items"][0]["warehouseLocation"] = json!("A1");
        theirs
    }

    #[test]
    fn what_the_warehouse_changed_stays_while_the_shop_says_the_same() {
        let (written, mut theirs) = (hashes(&ours()), stored(&ours()));
        theirs["shipTo"]["street1"] = json!("12 Elm Street, rear");
        theirs["shipTo"]["company"] = json!("Doe Ltd");
        theirs["weight"] = json!({"value": 2, "units": "pounds"});
        theirs["items"][0]["sku"] = json!("SKU-1-NEW");
        assert_eq!(merge(&ours(), &theirs, &written), theirs);
    }

    #[test]
    fn what_the_shop_changed_goes_there_even_over_a_change_of_the_warehouse() {
        let written = hashes(&ours());
        for street_there in ["12 Elm Street", "12 Elm Street, rear"] {
            let mut theirs = stored(&ours());
            theirs["shipTo"]["street1"] = json!(street_there);
            let mut changed = order();
            changed.ship_to.as_mut().unwrap().street1 = Some("1 Oak Road".into());
            let whole = merge(&composed(&changed), &theirs, &written);
            assert_eq!(whole["shipTo"]["street1"], "1 Oak Road");
            assert_eq!(whole["billTo"]["street1"], "12 Elm Street");
        }
    }

    #[test]
    fn an_address_is_never_half_the_shops_and_half_the_warehouses() {
        let written = hashes(&ours());
        let mut theirs = stored(&ours());
        for (part, text) in [("street1", "5 Oak Rd"), ("city", "Boston"), ("state", "MA"), ("postalCode", "02101")] {
            theirs["shipTo"][part] = json!(text);
            theirs["billTo"][part] = json!(text);
        }
        assert_eq!(merge(&ours(), &theirs, &written), theirs, "only the warehouse changed it");
        let mut changed = order();
        changed.ship_to.as_mut().unwrap().street1 = Some("12 Elm Street Apt 4".into());
        let now = composed(&changed);
        let whole = merge(&now, &theirs, &written);
        assert_eq!(whole["shipTo"], now["shipTo"], "the shop's word is the newer one");
        assert_eq!(whole["billTo"], theirs["billTo"]);
        // A write that was not confirmed leaves no mixture either.
        let whole = merge(&ours(), &theirs, &doubted(&written, &now));
        assert_eq!(whole["shipTo"], ours()["shipTo"]);
    }

    #[test]
    fn a_service_goes_with_its_carrier_package_and_confirmation() {
        let choosing = |carrier: &str, service: &str| {
            let mut ours = ours();
            ours["carrierCode"] = json!(carrier);
            ours["serviceCode"] = json!(service);
            ours
        };
        let wrote = choosing("usps", "usps_priority");
        let mut theirs = stored(&wrote);
        theirs["packageCode"] = json!("flat_rate_envelope");
        assert_eq!(merge(&wrote, &theirs, &hashes(&wrote)), theirs, "what was left to the warehouse is filled in");
        assert_eq!(merge(&wrote, &theirs, &Written::new())["packageCode"], "flat_rate_envelope");
        // The warehouse chose another service, and the shop's rule another carrier with a service of the same name.
        theirs["serviceCode"] = json!("usps_first_class");
        let now = choosing("ups", "usps_priority");
        let whole = merge(&now, &theirs, &hashes(&wrote));
        let said = ["carrierCode", "serviceCode", "packageCode"].map(|name| whole[name].as_str());
        assert_eq!(said, [Some("ups"), Some("usps_priority"), None]);
        // No rule fits any more, and what the warehouse made of it stays whole.
        assert_eq!(merge(&ours(), &theirs, &hashes(&wrote)), theirs);
    }

    #[test]
    fn what_is_never_written_is_never_changed() {
        let theirs = stored(&ours());
        for written in [hashes(&ours()), Written::new()] {
            let whole = merge(&ours(), &theirs, &written);
            assert_eq!(whole["internalNotes"], "fragile");
            assert_eq!(whole["advancedOptions"]["customField1"], "shelf 4");
            assert_eq!(whole["items"][0]["warehouseLocation"], "A1");
            assert_eq!(whole["orderId"], 7);
        }
    }

    fn noting(note: &str, service: Option<&str>) -> Value {
        let mut ours = ours();
        ours["internalNotes"] = json!(note);
        ours["serviceCode"] = json!(service);
        ours
    }

    /// Rows: what we wrote, what stands there, what we would write now, what stays.
    #[test]
    fn a_note_of_the_warehouse_is_never_overwritten_and_one_of_ours_follows_the_shop() {
        for (wrote, stands, now, stays) in [
            ("", "", "vip", "vip"),
            ("vip", "vip", "vip, late", "vip, late"),
            ("vip", "vip", "", ""),
            ("vip", "vip. Fragile!", "vip, late", "vip. Fragile!"),
            ("vip", "", "vip, late", ""),
            ("", "Fragile!", "vip", "Fragile!"),
        ] {
            let written = hashes(&noting(wrote, None));
            let whole = merge(&noting(now, None), &stored(&noting(stands, None)), &written);
            let there = whole["internalNotes"].as_str().unwrap_or_default();
            assert_eq!(there, stays, "{wrote:?}, {stands:?}, {now:?}");
        }
        let whole = merge(&noting("vip", None), &stored(&noting("Fragile!", None)), &Written::new());
        assert_eq!(whole["internalNotes"], "Fragile!");
    }

    /// Rows: what we wrote, what stands there, what we would write now, what stays.
    #[test]
    fn a_service_that_no_rule_names_any_more_is_cleared_unless_the_warehouse_chose_another() {
        for (wrote, stands, now, stays) in [
            (None, Some("usps"), None, Some("usps")),
            (Some("ups"), Some("ups"), None, None),
            (Some("ups"), Some("usps"), None, Some("usps")),
            (Some("ups"), Some("usps"), Some("ups"), Some("usps")),
            (Some("ups"), Some("usps"), Some("ups_2"), Some("ups_2")),
        ] {
            let written = hashes(&noting("", wrote));
            let whole = merge(&noting("", now), &stored(&noting("", stands)), &written);
            assert_eq!(whole["serviceCode"].as_str(), stays, "{wrote:?}, {stands:?}, {now:?}");
        }
    }

    #[test]
    fn what_an_unconfirmed_write_may_have_left_counts_as_ours() {
        let (first, second) = (noting("vip", Some("ups")), noting("vip, late", None));
        let left = doubted(&hashes(&first), &second);
        for stands in [&first, &second] {
            let whole = merge(&noting("late", Some("fedex")), &stored(stands), &left);
            assert_eq!((&whole["internalNotes"], &whole["serviceCode"]), (&json!("late"), &json!("fedex")));
            let whole = merge(&noting("late", None), &stored(stands), &left);
            assert_eq!((&whole["internalNotes"], &whole["serviceCode"]), (&json!("late"), &json!(null)));
        }
        let whole = merge(&noting("late", None), &stored(&noting("Fragile!", Some("usps"))), &left);
        assert_eq!((&whole["internalNotes"], &whole["serviceCode"]), (&json!("Fragile!"), &json!("usps")));
    }

    #[test]
    fn what_customs_is_told_is_renewed_line_by_line_unless_the_warehouse_changed_it() {
        let item = |text: &str, value: f64| json!({"description": text, "quantity": 1, "value": value});
        let telling = |items: Value| {
            let mut ours = ours();
            ours["internationalOptions"] = json!({"contents": "merchandise", "customsItems": items});
            ours
        };
        let wrote = telling(json!([item("Mug", 5.0), item("Cup", 2.0)]));
        let mut theirs = stored(&wrote);
        for (nth, id) in [(0, 70), (1, 71)] {
            theirs["internationalOptions"]["customsItems"][nth]["customsItemId"] = json!(id);
        }
        let now = telling(json!([item("Cup", 2.0), item("Mug", 4.0), item("Jug", 9.0)]));
        let whole = merge(&now, &theirs, &hashes(&wrote));
        let ids: Vec<&Value> =
            [0, 1, 2].map(|nth| &whole["internationalOptions"]["customsItems"][nth]["customsItemId"]).into();
        assert_eq!(ids, [&json!(71), &json!(70), &json!(null)]);
        theirs["internationalOptions"]["customsItems"][0]["value"] = json!(4.5);
        assert_eq!(merge(&wrote, &theirs, &hashes(&wrote)), theirs);
        // It stays within the country now, and nothing is declared any more.
        let whole = merge(&ours(), &stored(&wrote), &hashes(&wrote));
        assert!(whole["internationalOptions"]["customsItems"].is_null());
    }

    #[test]
    fn without_a_base_the_shop_is_right() {
        let mut theirs = stored(&ours());
        theirs["shipTo"]["city"] = json!("Salem");
        let whole = merge(&ours(), &theirs, &Written::new());
        assert_eq!(whole["shipTo"]["city"], "Portland");
    }

    #[test]
    fn lines_come_and_go_with_the_shop_and_the_warehouses_own_lines_stay() {
        let (written, mut theirs) = (hashes(&ours()), stored(&ours()));
        let own = [json!({"name": "Gift wrap", "quantity": 1}), json!({"lineItemKey": "own", "name": "Sticker"})];
        theirs["items"].as_array_mut().unwrap().extend(own);
        let mut edited = order();
        edited.lines = vec![line("1", 3, "19.95 USD"), line("3", 1, "5.00 USD")];
        let whole = merge(&composed(&edited), &theirs, &written);
        let names: Vec<&str> = lines(&whole).iter().filter_map(|line| line["name"].as_str()).collect();
        assert_eq!(names, ["Thing 1", "Gift wrap", "Sticker", "Thing 3"]);
        assert_eq!(whole["items"][0]["quantity"], 3);
        assert_eq!(whole["items"][0]["warehouseLocation"], "A1");
    }

    #[test]
    fn a_line_that_the_warehouse_took_out_stays_out_until_the_shop_changes_it() {
        let (written, mut theirs) = (hashes(&ours()), stored(&ours()));
        theirs["items"].as_array_mut().unwrap().remove(1);
        assert_eq!(lines(&merge(&ours(), &theirs, &written)).len(), 1);
        let mut edited = order();
        edited.lines[1] = line("2", 4, "0.00 USD");
        assert_eq!(lines(&merge(&composed(&edited), &theirs, &written)).len(), 2);
    }

    /// Rows: what we wrote, what stands there, what is written now.
    #[test]
    fn the_status_is_the_warehouses_to_move_on_and_ours_to_take_back() {
        for (wrote, stands, becomes) in [
            (Some("awaiting_shipment"), "awaiting_shipment", "awaiting_shipment"),
            (Some("awaiting_shipment"), "on_hold", "on_hold"),
            (Some("awaiting_shipment"), "shipped", "shipped"),
            (Some("awaiting_shipment"), "cancelled", "cancelled"),
            (Some("on_hold"), "on_hold", "awaiting_shipment"),
            (Some("on_hold"), "shipped", "shipped"),
            (Some("cancelled"), "cancelled", "awaiting_shipment"),
            (Some("cancelled"), "on_hold", "on_hold"),
            (None, "on_hold", "on_hold"),
            (None, "shipped", "shipped"),
            (None, "cancelled", "awaiting_shipment"),
            (None, "awaiting_payment", "awaiting_shipment"),
        ] {
            let written = wrote.map(|status| hashes(&with_status(&ours(), status)));
            let theirs = with_status(&stored(&ours()), stands);
            let whole = merge(&ours(), &theirs, &written.unwrap_or_default());
            assert_eq!(whole[STATUS], becomes, "{wrote:?}, {stands}");
        }
    }

    #[test]
    fn a_line_that_the_shop_took_out_goes_whatever_became_of_the_writes_between() {
        let (written, theirs) = (hashes(&ours()), stored(&ours()));
        let mut edited = order();
        edited.lines.pop();
        let without = composed(&edited);
        let left = doubted(&written, &without);
        assert_eq!(lines(&merge(&without, &theirs, &left)).len(), 1);
        // A line that came and went again while no write was confirmed.
        let mut longer = order();
        longer.lines.push(line("3", 1, "5.00 USD"));
        let left = doubted(&written, &composed(&longer));
        let whole = merge(&ours(), &stored(&composed(&longer)), &left);
        assert_eq!(lines(&whole).len(), 2);
        // Nothing of our lines is known, but that we put the order on hold.
        let held = Written::from([(STATUS.to_owned(), hash(ON_HOLD))]);
        assert_eq!(lines(&merge(&without, &theirs, &doubted(&held, &without))).len(), 1);
    }

    #[test]
    fn a_write_in_doubt_leaves_only_what_it_did_not_change() {
        let written = hashes(&ours());
        let mut changed = order();
        changed.note = Some("ring twice".into());
        changed.lines[0] = line("1", 5, "19.95 USD");
        let left = doubted(&written, &composed(&changed));
        assert!(!left.contains_key("customerNotes") && left["items/1"].is_empty());
        assert!(left.contains_key("shipTo.city") && left.contains_key("items/2"));
    }
}
