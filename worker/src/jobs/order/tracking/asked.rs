//! Parcels that are for a person: labels that were taken back too late, and what the shop does not take.

use std::collections::BTreeMap;

use ::lane::hold::{Fact, HoldReason};
use ::lane::id::Fingerprint;
use ::lane::outcome::Outcome;

use super::super::Attempt;
use crate::providers::shipstation::shipments::Parcel;
use crate::providers::shopify::order::Order;

/// What is remembered of one that a person agreed not to tell of.
const NOT_TOLD: &str = "not told";
/// Before a parcel's id: its label was taken back, and that is dealt with.
const VOIDED: &str = "voided/";

/// Under which name it is remembered that a label was taken back.
pub(crate) fn voided(parcel: &str) -> String {
    format!("{VOIDED}{parcel}")
}

/// What a person must see to before the order is done with.
#[derive(Debug, Default)]
pub(super) struct Asked {
    evidence: Vec<Fact>,
    /// What is remembered once a person has accepted it.
    settled: BTreeMap<String, String>,
}

impl Asked {
    pub(super) fn is_nothing(&self) -> bool {
        self.evidence.is_empty()
    }

    pub(super) fn about(&mut self, parcel: &Parcel, words: impl std::fmt::Display, remembered: String) {
        self.evidence.push(Fact::new(&format!("shipment {}", parcel.id), words));
        self.settled.insert(remembered, NOT_TOLD.to_owned());
    }
}

impl Attempt<'_> {
    /// Labels that were taken back. If the shop was told of one, a person has to cancel that there: a buyer's parcel is
    /// not called off by a machine.
    pub(super) fn voided(&mut self, order: &Order, parcels: &[Parcel]) -> Asked {
        let mut asked = Asked::default();
        for parcel in parcels.iter().filter(|parcel| parcel.voided) {
            let name = voided(&parcel.id);
            if self.told_of().contains_key(&name) {
                continue;
            }
            match self.told_of().get(&parcel.id).filter(|ids| stands(order, ids)) {
                Some(ids) => {
                    let words = format!(
                        "its label was taken back after the shop had been told of it; cancel the fulfilment {ids} in \
                         Shopify if the parcel does not leave"
                    );
                    asked.about(parcel, words, name);
                }
                None => self.remember(name, NOT_TOLD.to_owned()),
            }
        }
        asked
    }

    /// Every parcel is dealt with, or a person is asked about those that are not.
    pub(super) fn after_telling(&mut self, asked: Asked, outcome: Outcome) -> Outcome {
        if asked.evidence.is_empty() {
            return outcome;
        }
        let said: Vec<String> = asked.evidence.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
        let difference = Fingerprint::of(said.join("\u{1f}").as_bytes());
        if self.accepted(&difference) {
            for (name, told) in asked.settled {
                self.remember(name, told);
            }
            return outcome;
        }
        let mut evidence = asked.evidence;
        let words = "it is tried once more; what still does not go is left as it is, and the buyer is not told of it";
        evidence.push(Fact::new("if approved", words));
        self.held(HoldReason::TrackingRefused, evidence, Some(difference))
    }

    /// Attempts are used up, and the shop was perhaps not told of everything.
    pub(super) fn untold(&self) -> Outcome {
        let evidence = vec![
            Fact::new("at the warehouse", "the order is there as it should be, and something of it shipped"),
            Fact::new(
                "at the shop",
                "all attempts are used up, and it may not know; see the timeline for what went wrong",
            ),
            Fact::new("if approved", "it is tried again"),
        ];
        self.held(HoldReason::TrackingRefused, evidence, None)
    }
}

/// Whether any of these fulfilments is there and not cancelled.
pub(super) fn stands(order: &Order, ids: &str) -> bool {
    let named = |id: &str| ids.split(' ').any(|known| known == id);
    order.fulfilments.iter().any(|known| !known.cancelled && named(&known.id))
}
