//! Packs what has come to the warehouse of a shop that hears of its parcels: buys a label for each order, after which the
//! simulated warehouse sends its notice and the program tells the shop.

use std::collections::BTreeSet;
use std::sync::Arc;

use lane::id::ShopId;
use lane::job::Job;
use lane::ports::Desk as _;
use lane::state::{State, StateKind};
use lane::view::{JobFilter, Page};
use serde_json::Value;
use simulators::shipstation::Label;
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::cast::{SHOPS, store_of};
use super::stage::Stage;
use super::traffic::Street;

/// What the shop hears of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing yet.
    Nothing,
    /// Its number, once.
    Once,
    /// Its number, more than once.
    TooOften,
}

/// Packs until `stop`; or, if so many orders are sold, until all of them are packed and the shop knows.
pub(super) async fn pack(street: Arc<Street>, at: usize, pace: Pace, stop: CancellationToken) {
    let stage = street.stage();
    let Ok(id) = ShopId::parse(SHOPS[at].id) else { return };
    let mut packed = BTreeSet::new();
    while stop.run_until_cancelled(tokio::time::sleep(pace.order)).await.is_some() {
        let sold_out = street.is_sold_out();
        let Some(jobs) = jobs(stage, &id).await else { continue };
        for order in jobs.iter().filter_map(at_warehouse) {
            if packed.insert(order) && stage.shipstation.label(order, &Label::default()).is_err() {
                tracing::debug!(order, "the made-up packer found nothing to pack");
            }
        }
        let settled = jobs.iter().all(|job| at_warehouse(job).is_some() || is_aside(job.state.kind()));
        let known = parcels(&street, at).iter().all(|(_, heard)| *heard != Heard::Nothing);
        if sold_out && settled && known {
            return;
        }
    }
}

async fn jobs(stage: &Stage, shop: &ShopId) -> Option<Vec<Job>> {
    let filter = JobFilter { state: None, shop: Some(shop.clone()) };
    let (mut jobs, mut page) = (Vec::new(), Page::default());
    loop {
        let rows = stage.ledger.jobs(&filter, &page).await.ok()?;
        jobs.extend(rows.rows);
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Some(jobs),
        }
    }
}

/// The order's number at the warehouse, once the program is done with it.
fn at_warehouse(job: &Job) -> Option<u64> {
    let State::Done { proof } = &job.state else { return None };
    proof.reference.parse().ok()
}

fn is_aside(state: StateKind) -> bool {
    match state {
        StateKind::Failed | StateKind::Skipped | StateKind::Rejected => true,
        StateKind::Waiting | StateKind::Attempting | StateKind::Retrying | StateKind::Held | StateKind::Done => false,
    }
}

/// Every parcel of a shop by its tracking number, and what the simulated Shopify was told of it.
pub(super) fn parcels(street: &Street, at: usize) -> Vec<(String, Heard)> {
    let (stage, part) = (street.stage(), &SHOPS[at]);
    let sold = street.accepted().into_iter().filter(|order| order.at == at);
    let orders = sold.filter_map(|order| stage.shopify.order(&part.domain(), order.id));
    let told: Vec<String> = orders.flat_map(|order| numbers(&order["fulfillments"])).collect();
    let shipments = stage.shipstation.shipments();
    let own = shipments.iter().filter(|shipment| shipment["advancedOptions"]["storeId"].as_u64() == store_of(part));
    own.filter_map(|shipment| shipment["trackingNumber"].as_str())
        .map(|number| (number.to_owned(), heard(number, &told)))
        .collect()
}

fn numbers(fulfilments: &Value) -> Vec<String> {
    let all = fulfilments.as_array().into_iter().flatten();
    all.filter_map(|fulfilment| fulfilment["tracking_number"].as_str().map(str::to_owned)).collect()
}

fn heard(number: &str, told: &[String]) -> Heard {
    match told.iter().filter(|known| *known == number).count() {
        0 => Heard::Nothing,
        1 => Heard::Once,
        _ => Heard::TooOften,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parcel_that_is_told_twice_is_told_too_often() {
        let told = numbers(&json!([{"tracking_number": "A"}, {"tracking_number": "B"}, {"tracking_number": "A"}, {}]));
        assert_eq!(["A", "B", "C"].map(|number| heard(number, &told)), [Heard::TooOften, Heard::Once, Heard::Nothing]);
    }
}
