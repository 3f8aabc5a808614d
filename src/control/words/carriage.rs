//! How a shop's orders are carried, in words: who makes them, and everything that is not as it is by default.

use lane::carriage::{Burst, Carriage, Customs, CustomsCurrency, MissingCode, Mode, NotOurs, Notes, Share, Tracking};

/// One line.
pub(super) fn carriage(carriage: &Carriage) -> String {
    let Carriage { mode, store, share, customs, services, notes, tracking, burst } = carriage;
    let mut parts = vec![made(*mode, *store)];
    parts.extend(shared(share));
    parts.extend(declared(customs));
    parts.extend(match services.len() {
        0 => None,
        1 => Some("one shipping method has a service".to_owned()),
        many => Some(format!("{many} shipping methods have a service")),
    });
    parts.extend(noted(notes));
    parts.extend(told(*tracking));
    parts.extend((*burst != Burst::default()).then(|| format!("at most {} orders in a call", burst.orders)));
    parts.join("; ")
}

fn made(mode: Mode, store: Option<u64>) -> String {
    match (mode, store) {
        (Mode::Create, None) => "creates orders in the account's first manual store".to_owned(),
        (Mode::Create, Some(store)) => format!("creates orders in store {store}"),
        (Mode::Correct, Some(store)) => format!("corrects the customs values of orders that store {store} imports"),
        (Mode::Correct, None) => {
            "corrects the customs values of orders that a store imports, but names none".to_owned()
        }
    }
}

fn shared(share: &Share) -> Option<String> {
    let Share { locations, elsewhere, third_party, pickup, on_hold, scheduled } = share;
    let mut words = Vec::new();
    if !locations.is_empty() {
        words.push(format!("serves {} only", locations.join(", ")));
    }
    let parts = [
        (elsewhere, "at another location"),
        (third_party, "with another company"),
        (pickup, "picked up"),
        (on_hold, "on hold"),
        (scheduled, "scheduled"),
    ];
    let held: Vec<&str> = parts.into_iter().filter(|(what, _)| **what == NotOurs::Hold).map(|(_, part)| part).collect();
    if !held.is_empty() {
        words.push(format!("holds orders with a part that is {}", held.join(" or ")));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn declared(customs: &Customs) -> Option<String> {
    let Customs { currency, missing_hs_code, missing_origin, contents, non_delivery } = customs;
    let usual = Customs::default();
    let mut words = Vec::new();
    match currency {
        CustomsCurrency::Shop => {}
        CustomsCurrency::Presentment => words.push("declares values in the buyer's currency".to_owned()),
    }
    words.extend(missing("without an HS code", missing_hs_code));
    words.extend(missing("without an origin", missing_origin));
    if *contents != usual.contents || *non_delivery != usual.non_delivery {
        words.push("has its own words for what a parcel contains or what becomes of it".to_owned());
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn missing(which: &str, rule: &MissingCode) -> Option<String> {
    match rule {
        MissingCode::Hold => None,
        MissingCode::Use(code) => Some(format!("declares lines {which} with {code}")),
        MissingCode::LeaveEmpty => Some(format!("leaves lines {which} to the warehouse")),
    }
}

fn noted(notes: &Notes) -> Option<String> {
    let carried = [(notes.tags.is_some(), "tags"), (notes.attributes.is_some(), "attributes")];
    let carried: Vec<&str> = carried.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
    (!carried.is_empty()).then(|| format!("carries {}", carried.join(" and ")))
}

fn told(tracking: Tracking) -> Option<String> {
    let mails = if tracking.notify_customer { ", and the buyer is mailed" } else { "" };
    tracking.back.then(|| format!("tracking comes back{mails}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::carriage::{NonDelivery, NoteField, Service};

    #[test]
    fn by_default_it_is_told_who_makes_the_order_and_nothing_else() {
        assert_eq!(carriage(&Carriage::default()), "creates orders in the account's first manual store");
    }

    #[test]
    fn everything_that_is_not_usual_is_told() {
        let service = Service {
            method: "express*".into(),
            countries: Vec::new(),
            carrier: "ups".into(),
            service: "ups_next_day_air".into(),
            package: None,
            confirmation: None,
        };
        let told = carriage(&Carriage {
            mode: Mode::Correct,
            store: Some(7),
            share: Share { locations: vec!["Berlin".into()], on_hold: NotOurs::Hold, ..Share::default() },
            customs: Customs {
                currency: CustomsCurrency::Presentment,
                missing_hs_code: MissingCode::Use("6109.10".into()),
                missing_origin: MissingCode::LeaveEmpty,
                non_delivery: NonDelivery::TreatAsAbandoned,
                ..Customs::default()
            },
            services: vec![service],
            notes: Notes { tags: Some(NoteField::InternalNotes), ..Notes::default() },
            tracking: Tracking { back: true, notify_customer: true },
            burst: Burst { orders: 5 },
        });
        for part in [
            "store 7 imports",
            "serves Berlin only",
            "part that is on hold",
            "buyer's currency",
            "HS code with 6109.10",
            "without an origin to the warehouse",
            "what becomes of it",
            "one shipping method",
            "carries tags",
            "the buyer is mailed",
            "at most 5 orders",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
