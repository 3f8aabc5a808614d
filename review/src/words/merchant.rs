//! The same as a shop owner says it: what stands, why, and what they can do about it. Never who decided and what they
//! wrote, never what a provider answered, and none of our own words.

use lane::hold::HoldReason;
use lane::job::Job;
use lane::outcome::{PauseReason, Reach, Trouble, WarehouseCopy};
use lane::shop::SkipReason;
use lane::state::State;
use lane::view::{LaneStatus, LaneView};

use super::{moment, shown};

/// Whoever decides is a team to the shop, and has no names.
const ASK: &str = "If you know that it is fine, tell your fulfilment team. If something is wrong with it, correct or cancel \
                   it in Shopify, and it is looked at again by itself.";

/// How one order stands, and what is to be done about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) words: String,
    pub(crate) advice: Option<&'static str>,
}

impl Told {
    fn of(words: impl Into<String>) -> Self {
        Self { words: words.into(), advice: None }
    }

    fn with(words: impl Into<String>, advice: &'static str) -> Self {
        Self { words: words.into(), advice: Some(advice) }
    }
}

/// How an order stands.
pub(crate) fn order(job: &Job) -> Told {
    let taken_back = job.rejecting.is_some();
    match &job.state {
        // It may be taken back for some seconds; what was decided is told when it stands.
        State::Waiting { not_before: Some(_), .. } if job.undo.is_some() => {
            Told::of("Your fulfilment team has just decided about it.")
        }
        State::Waiting { .. } | State::Attempting { .. } | State::Retrying { .. } if taken_back => {
            Told::of("Your fulfilment team decided not to send it. It is being taken back from the warehouse.")
        }
        State::Attempting { .. } => Told::of("It is being passed to the warehouse now."),
        State::Waiting { not_before: Some(at), .. } => {
            Told::of(format!("Something about it is still being found out. It is looked at again {}.", moment(*at)))
        }
        State::Waiting { not_before: None, .. } => Told::of("It waits for its turn."),
        State::Retrying { due, stops, .. } => {
            let behind = if *stops { " The orders behind it wait, so that the sequence stays as it is." } else { "" };
            Told::of(format!("It did not get through. It is tried again {}.{behind}", moment(*due)))
        }
        State::Held(hold) => held(hold.reason, hold.stops),
        State::Failed { error, stops, .. } => failed(error, *stops),
        State::Done { .. } => Told::of(if was_told(&job.reach) {
            "It has shipped, and Shopify has its tracking number."
        } else {
            "The warehouse has it."
        }),
        State::Skipped { why } => skipped(why, &job.reach),
        State::Rejected { .. } => {
            let back = if is_there(&job.reach) { " It was taken back from the warehouse." } else { "" };
            let words = format!("Your fulfilment team decided not to send it.{back}");
            Told::with(words, "Ask them if you do not know why.")
        }
    }
}

fn is_there(reach: &Reach) -> bool {
    matches!(reach, Reach::There(_))
}

fn was_told(reach: &Reach) -> bool {
    matches!(reach, Reach::There(WarehouseCopy { told, .. }) if !told.is_empty())
}

fn held(reason: HoldReason, stops: bool) -> Told {
    let (words, advice) = reason_of(reason);
    let behind = if stops { " The orders behind it wait until it is decided." } else { "" };
    Told::with(format!("{words}{behind}"), advice)
}

/// Why an order waits for a decision, and what the shop can do.
fn reason_of(reason: HoldReason) -> (&'static str, &'static str) {
    match reason {
        HoldReason::TotalAbove => ("Its total is above the limit that was set for your shop.", ASK),
        HoldReason::FirstOrderAbove => ("It is a customer's first order, and above the limit for these.", ASK),
        HoldReason::QuantityAbove => ("Somebody ordered more of one product than the limit for your shop.", ASK),
        HoldReason::CountryDiffers => ("It ships to another country than it is billed to.", ASK),
        HoldReason::Tagged => ("It has a tag that stands for orders to be looked at first.", ASK),
        HoldReason::CustomerWaiting => ("The same customer has many open orders.", ASK),
        HoldReason::SameAddress => ("It ships to the address of another order that is on hold.", ASK),
        HoldReason::SameCard => ("It was paid with the card of another order that is on hold.", ASK),
        HoldReason::Everything => ("Every order of your shop is looked at before it is sent.", ASK),
        HoldReason::RiskPending => ("Shopify has not finished its fraud check of it.", ASK),
        HoldReason::RiskWarns => (
            "Shopify's fraud check warns of it.",
            "Look at the fraud analysis of the order in Shopify. If it is genuine, tell your fulfilment team; if not, \
             cancel it in Shopify.",
        ),
        HoldReason::NoShippingAddress | HoldReason::AddressIncomplete => (
            "Its shipping address is missing or incomplete.",
            "Complete and confirm the address in Shopify, then it is looked at again by itself.",
        ),
        HoldReason::NotCarriable => (
            "Something in it cannot be passed to the warehouse as it is.",
            "Check its address and products in Shopify, and correct what is unusual; then it is looked at again by itself.",
        ),
        HoldReason::PartNotOurs => (
            "A part of it is at another location, on hold or scheduled for later.",
            "Release or move that part in Shopify, then it is looked at again by itself. If the rest may go without it, tell \
             your fulfilment team.",
        ),
        HoldReason::CustomsDiffers => (
            "What customs would be told does not match what the goods cost.",
            "See whether prices and discounts of the order are right in Shopify, and tell your fulfilment team.",
        ),
        HoldReason::CustomsIncomplete => (
            "Customs needs to know more about its products, such as the HS code or the country of origin.",
            "Add these to the products in Shopify, then tell your fulfilment team.",
        ),
        HoldReason::AlreadyShipped => (
            "It was changed after the warehouse had closed it.",
            "The change may not be in the parcel. Ask your fulfilment team what can still be done.",
        ),
        HoldReason::ReadBackDiffers | HoldReason::InDoubt | HoldReason::NotImported => (
            "It is not certain that the warehouse has it as it is in your shop.",
            "You need not do anything: your fulfilment team compares the two, so that nothing is sent wrong or twice.",
        ),
        HoldReason::TrackingRefused => (
            "It has shipped, but Shopify did not take its tracking number.",
            "See whether the order is marked as fulfilled in Shopify already, and tell your fulfilment team.",
        ),
    }
}

/// What a provider answered may name people, so only where it happened is told.
fn failed(error: &Trouble, stops: bool) -> Told {
    let words = match error.at.to_ascii_lowercase().as_str() {
        "shipstation" => "The warehouse's system did not take it.",
        "shopify" => "It could not be read from Shopify.",
        _ => "It was tried several times and did not get through.",
    };
    let behind = if stops { " The orders behind it wait." } else { "" };
    Told::with(
        format!("{words}{behind}"),
        "Your fulfilment team sees it and sends it again once the cause is put right. If you change the order in Shopify, it \
         is looked at again by itself.",
    )
}

fn skipped(why: &SkipReason, reach: &Reach) -> Told {
    let words = match why {
        SkipReason::Cancelled => "It was cancelled in Shopify.".to_owned(),
        SkipReason::TestOrder => "It is a test order.".to_owned(),
        SkipReason::FinancialStatus(status) => format!("Its payment is “{}” in Shopify.", shown(status)),
        SkipReason::NothingToShip => "Nothing in it has to be shipped.".to_owned(),
        SkipReason::ShipsElsewhere => "No part of it ships from this warehouse.".to_owned(),
        SkipReason::AlreadyFulfilled => return Told::of("Everything in it was fulfilled already."),
        SkipReason::Redacted => return Told::of("Its data was erased, as was asked for."),
        SkipReason::UnknownToShop => return Told::of("It could not be found in your shop."),
        SkipReason::LeftAsItStands => {
            return Told::with(
                "The warehouse's order stays as it is.",
                "What it lacks has to be sent by hand. Ask your fulfilment team.",
            );
        }
    };
    if is_there(reach) {
        return Told::of(format!("{words} It was taken back from the warehouse."));
    }
    Told::of(words)
}

/// One sentence if the shop's orders do not go on by themselves right now, and when they do.
pub(crate) fn stands_still(view: &LaneView) -> Option<String> {
    let order = |id: &lane::id::JobId| match &view.head {
        Some((head, number)) if head == id => shown(number),
        Some(_) | None => "An order".to_owned(),
    };
    match &view.status {
        LaneStatus::Idle | LaneStatus::Running { .. } | LaneStatus::Waiting => None,
        LaneStatus::Throttled(rest) => Some(format!(
            "The warehouse or Shopify is busy or cannot be reached right now. Your orders go on by themselves, the next try \
             is {}.",
            moment(rest.until)
        )),
        LaneStatus::Retrying { job, until } => Some(format!(
            "{} did not get through and is tried again {}. The orders behind it wait, so that the sequence stays as it is.",
            order(job),
            moment(*until)
        )),
        LaneStatus::Blocked { job } => {
            Some(format!("{} has to be decided first. The orders behind it wait until then.", order(job)))
        }
        LaneStatus::Paused(pause) => {
            let end = pause.until.map(|at| format!(" They go on by themselves {}.", moment(at)));
            Some(format!("Your orders are paused: {}{}", paused(&pause.why), end.unwrap_or_default()))
        }
    }
}

/// Why, without what an operator wrote, what a provider said, and how an account or a secret is called.
fn paused(why: &PauseReason) -> &'static str {
    match why {
        PauseReason::Uninstalled => {
            "the app was removed from your shop. Install it again and tell your fulfilment team; nothing is lost meanwhile."
        }
        PauseReason::TokenRefused { .. } | PauseReason::ProviderRefuses { .. } => {
            "Shopify or the warehouse refuses access. Your fulfilment team has to put that right; nothing is lost meanwhile."
        }
        PauseReason::Operator { .. } => "your fulfilment team stopped them for now. Nothing is lost meanwhile.",
        PauseReason::SecretMissing { .. } | PauseReason::NoProgress | PauseReason::ShopRemoved => {
            "something has to be put right on our side first. Nothing is lost meanwhile."
        }
    }
}

/// Where an order stands in line: `next`, `2nd`, `3rd`.
pub(crate) fn position(number: u64) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        (_, _) => "th",
    };
    if number == 1 { "next".to_owned() } else { format!("{number}{end}") }
}

#[cfg(test)]
#[path = "merchant/tests.rs"]
mod tests;
