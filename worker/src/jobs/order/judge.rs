//! Whether the fetched order may go on: does it qualify, and must a person look first. The rules are the domain's
//! ([`lane::rules`]); here the order is put into their words.

use ::lane::id::{Fingerprint, JobId};
use ::lane::marks::{Mark, Marks};
use ::lane::outcome::Learnt;
use ::lane::rules::{Company, Completeness, CustomsSeen, Seen};
use ::lane::webhook::OrderNews;
use serde_json::json;

use super::Attempt;
use super::customs::Declaration;
use super::load::Load;
use crate::providers::shopify::order::{Address, Customer, Order};

pub(super) use ::lane::rules::{Question, Verdict};

/// The fetched order in the words of the shop's qualification.
pub(super) fn facts(id: &JobId, order: &Order) -> OrderNews {
    OrderNews {
        id: id.clone(),
        number: order.name.clone(),
        updated_at: Some(order.updated_at),
        fingerprint: order.fingerprint(),
        cancelled: order.cancelled,
        test: order.test,
        financial_status: order.financial_status.clone(),
        ships_something: order.shipped_lines().next().is_some(),
        marks: marks(order),
    }
}

/// What the ledger remembers of an order, whatever becomes of the attempt.
pub(super) fn learnt(order: &Order) -> Learnt {
    let parts = order.parts.iter().map(|part| part.id.clone()).collect();
    Learnt { marks: marks(order), parts, ..Learnt::default() }
}

fn marks(order: &Order) -> Marks {
    let address = order.ship_to.as_ref().and_then(|address| {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let street = [part(&address.street1), part(&address.street2)];
        let street: Vec<&str> = street.iter().map(String::as_str).collect();
        Mark::address(&street, &part(&address.postal_code), &part(&address.country))
    });
    Marks {
        customer: order.customer.as_ref().map(|customer| Mark::customer(&customer.id)),
        email: order.email.as_deref().and_then(Mark::email),
        address,
        card: order.cards.first().map(|card| Mark::card(card)),
    }
}

/// What the rules look at.
pub(super) fn seen(order: &Order, load: &Load, customs: CustomsSeen) -> Seen {
    let country = |address: &Option<Address>| address.as_ref().and_then(|address| address.country.clone());
    Seen {
        total: order.total,
        ships_to: country(&order.ship_to),
        billed_to: country(&order.bill_to),
        address: completeness(order.ship_to.as_ref()),
        risk: order.risk,
        most_units: order.shipped_lines().map(|line| line.current_quantity).max().unwrap_or_default(),
        lines: u32::try_from(order.shipped_lines().count()).unwrap_or(u32::MAX),
        tags: order.tags.clone(),
        customer_orders: order.customer.as_ref().and_then(orders_up_to),
        customs,
        parts: load.asks.clone(),
    }
}

/// A customer of whom the shop knows no more orders than this may have placed all of them since: the order counts as
/// their first one while the platform has not said which of them it is.
const ORDERS_SINCE_MAX: u64 = 5;

/// How many orders the customer had placed with this one. The platform's count of today has those in it that came after
/// this one, so it counts only where they make no difference.
fn orders_up_to(customer: &Customer) -> Option<u64> {
    customer.index.or(customer.orders.filter(|orders| *orders == 1 || *orders > ORDERS_SINCE_MAX))
}

/// What every parcel needs: somebody, a street, a city and a country; a postal code where the country has them
/// everywhere. Everything else differs from country to country.
fn completeness(address: Option<&Address>) -> Completeness {
    let Some(address) = address else { return Completeness::Absent };
    let lacks = |part: &Option<String>| part.as_deref().is_none_or(|part| part.trim().is_empty());
    let country = address.country.as_deref().unwrap_or_default().to_uppercase();
    let postal = POSTAL_CODES.contains(&country.as_str());
    let state = STATES.contains(&country.as_str());
    let parts = [
        ("name", lacks(&address.name) && lacks(&address.company)),
        ("street", lacks(&address.street1)),
        ("city", lacks(&address.city)),
        ("state", state && lacks(&address.state)),
        ("postal code", postal && lacks(&address.postal_code)),
        ("country", lacks(&address.country)),
    ];
    let lacking: Vec<String> = parts.iter().filter(|(_, lacks)| *lacks).map(|(name, _)| (*name).to_owned()).collect();
    if lacking.is_empty() { Completeness::Complete } else { Completeness::Lacks(lacking) }
}

/// Countries whose carriers take no parcel without a state or province.
const STATES: [&str; 3] = ["US", "CA", "AU"];
/// Large countries whose addresses all have a postal code.
const POSTAL_CODES: [&str; 28] = [
    "US", "CA", "AU", "GB", "DE", "FR", "IT", "ES", "PT", "NL", "BE", "LU", "AT", "CH", "DK", "SE", "NO", "FI", "PL",
    "CZ", "JP", "KR", "CN", "IN", "BR", "MX", "NZ", "SG",
];

impl Attempt<'_> {
    /// What an approval of the order covers, and what passes the rules once: everything that the judgement rests on and
    /// that does not change by our own work.
    ///
    /// | of | counts | counts not |
    /// |---|---|---|
    /// | the order | what is bought, by whom and where to, and a risk warning ([`Order::fingerprint`]) | times, other orders |
    /// | its parts | which lines are ours, and parts that are asked about | units, and how far they are fulfilled |
    /// | customs | if it crosses a border: where it leaves from, what is missing, two figures that differ | |
    /// | its tags | those that the shop's rules name | all others |
    ///
    /// What was fulfilled before the warehouse got the order is remembered, so that none of it moves while it ships. Which
    /// other orders are in line counts not: they change by the minute.
    pub(super) fn covered(&self, order: &Order) -> Fingerprint {
        let before = self.others_work(None);
        let customs = match self.declared(order, &before) {
            Ok(None) => json!(null),
            Ok(Some(Declaration { seen, .. })) => json!([self.load.from(&before), seen.missing, seen.difference]),
            Err(_) => json!("cannot be declared"),
        };
        let tags = self.shop.rules.named_tags(&order.tags);
        let rests_on = json!([order.fingerprint(), self.load.lines(), self.load.asks, customs, tags]);
        Fingerprint::of(rests_on.to_string().as_bytes())
    }

    /// Judges an order that nobody has accepted as it is.
    pub(super) fn judge(&mut self, order: &Order, load: &Load, customs: CustomsSeen, company: &Company) -> Verdict {
        let seen = seen(order, load, customs);
        let verdict = self.shop.rules.judge(&seen, company, self.job.heard_at, self.calls.now());
        self.learnt.seen = Some(seen);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::order;
    use super::*;

    #[test]
    fn an_address_lacks_what_its_country_needs() {
        let lacks = |change: fn(&mut Address)| {
            let mut order = order();
            change(order.ship_to.as_mut().unwrap());
            completeness(order.ship_to.as_ref())
        };
        let parts = |parts: &[&str]| Completeness::Lacks(parts.iter().map(|&part| part.to_owned()).collect());
        assert_eq!(lacks(|_| {}), Completeness::Complete);
        assert_eq!(lacks(|to| to.street1 = Some(" ".into())), parts(&["street"]));
        assert_eq!(lacks(|to| to.state = None), parts(&["state"]));
        assert_eq!(lacks(|to| (to.country, to.state) = (Some("DE".into()), None)), Completeness::Complete);
        assert_eq!(lacks(|to| (to.country, to.postal_code) = (Some("ie".into()), None)), Completeness::Complete);
        assert_eq!(lacks(|to| to.name = None), parts(&["name"]));
        assert_eq!(lacks(|to| (to.name, to.company) = (None, Some("Doe Ltd".into()))), Completeness::Complete);
        assert_eq!(completeness(None), Completeness::Absent);
    }

    #[test]
    fn a_fetched_order_and_its_webhook_have_the_same_marks() {
        let marks = marks(&order());
        assert_eq!(marks.customer, Some(Mark::customer("7")));
        assert_eq!(marks.address, Mark::address(&["12 Elm Street", ""], "97205", "US"));
        assert_eq!(marks.email, Mark::email("JANE@example.com"));
    }
}
