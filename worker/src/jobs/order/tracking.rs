//! Tracking comes back: what the warehouse shipped of an order becomes fulfilments at the shop, one per parcel and
//! location, with carrier and tracking number.
//!
//! ```text
//! carried out ─▶ something shipped that the shop may not know of? ─▶ no ─▶ done
//!    └──▶ the order's parcels ─▶ each: told before, known to the shop, to tell, or in doubt (`stock`)
//!            └──▶ tell, remember at once ─▶ done | hold, with every parcel that the shop does not take
//! ```
//!
//! A warehouse's notice changes nothing by itself; it only brings the job back in line, and what shipped is asked of the
//! warehouse here. Shopify has no key that would make a fulfilment happen only once, so what was not answered is looked for
//! among the order's fulfilments, which the next attempt fetches anew.

mod carrier;
mod stock;
mod asked;

use std::collections::{BTreeMap, BTreeSet};

use ::lane::attempt::AttemptKind;
use ::lane::outcome::{Outcome, Reach, Shipped};
use ::lane::shop::SkipReason;
use secrecy::SecretString;
use serde_json::Value;

use super::find::{Standing, standing};
use super::{Attempt, Orders};
use crate::providers::error::CallError;
use crate::providers::shipstation::shipments::Parcel;
use crate::providers::shopify::fulfil::Fulfil;
use crate::providers::shopify::order::Order;
pub(crate) use asked::voided;
use asked::{Asked, stands};
use carrier::company;
use stock::{Portion, Step, Stock, Units, units_of};

/// What is remembered of a parcel that nobody had to tell the shop of.
const BY_HAND: &str = "fulfilled already";

impl Orders {
    /// Ends an attempt that carried its order out: the shop is told of what shipped, if it wants to be.
    pub(super) async fn tell_shop(
        &self,
        attempt: &mut Attempt<'_>,
        order: &Order,
        outcome: Outcome,
    ) -> Result<Outcome, CallError> {
        // What is left as it stands may have shipped in part.
        let stays = matches!(outcome, Outcome::Done(_) | Outcome::Skip(SkipReason::LeftAsItStands));
        if !attempt.shop.carriage.tracking.back || !stays {
            return Ok(outcome);
        }
        let mut stock = attempt.stock(order);
        if !attempt.may_be_untold(&stock) {
            return Ok(outcome);
        }
        match attempt.kind {
            AttemptKind::Full => {}
            AttemptKind::LookUp => return Ok(attempt.untold()),
        }
        let mut parcels = attempt.parcels(&stock).await?;
        // What names no items is whatever the others leave.
        parcels.sort_by_key(|parcel| parcel.goods.is_none());
        let token = attempt.calls.secret(&attempt.shop.token).await?;
        let mut asked = attempt.voided(order, &parcels);
        attempt.account_for_told(order, &parcels, &mut stock);
        for parcel in attempt.news(&parcels) {
            let units = match attempt.units_of(parcel, &parcels, &stock, &asked) {
                Ok(units) => units,
                Err(why) => {
                    asked.about(parcel, why, parcel.id.clone());
                    continue;
                }
            };
            match stock.step(&units, parcel.tracking.as_deref()) {
                Step::Known(ids) => {
                    stock.claim(&ids);
                    stock.account_for(&units);
                    attempt.told(parcel, &ids.join(" "), units.values().sum());
                }
                // Its units may come free again, once a person has cancelled what a voided label brought.
                Step::ByHand if !asked.is_nothing() => {}
                Step::ByHand => attempt.told(parcel, BY_HAND, units.values().sum()),
                Step::Doubt(why) => asked.about(parcel, why, parcel.id.clone()),
                Step::Tell(portions) => {
                    let told = self.tell(attempt, &token, parcel, &portions, &mut stock).await?;
                    if let Err(words) = told {
                        asked.about(parcel, format!("Shopify: {words}"), parcel.id.clone());
                    }
                }
            }
        }
        Ok(attempt.after_telling(asked, outcome))
    }

    /// Makes a parcel's fulfilments, one per location. The shop's words if it does not take one.
    async fn tell(
        &self,
        attempt: &mut Attempt<'_>,
        token: &SecretString,
        parcel: &Parcel,
        portions: &[Portion],
        stock: &mut Stock,
    ) -> Result<Result<(), String>, CallError> {
        let mut ids: Vec<String> = Vec::new();
        for portion in portions {
            let fulfil = Fulfil {
                lines_by_part: portion.clone(),
                tracking_number: parcel.tracking.clone(),
                carrier: parcel.carrier.as_deref().map(|code| company(code).to_owned()),
                url: None,
                notify_customer: attempt.shop.carriage.tracking.notify_customer,
            };
            fail::fail_point!("order.before_fulfil");
            let id = match self.shopify.fulfil(attempt.calls, attempt.shop, token, &fulfil).await {
                Ok(id) => id,
                Err(CallError::DataRefused { words, .. } | CallError::Refused { words, .. }) => return Ok(Err(words)),
                Err(error) => return Err(error),
            };
            fail::fail_point!("order.after_fulfil");
            stock.take(portion);
            ids.push(id.clone());
            attempt.learnt.shipped.push(shipped(parcel, id, units_of(portion)));
        }
        attempt.remember(parcel.id.clone(), ids.join(" "));
        Ok(Ok(()))
    }
}

impl Attempt<'_> {
    /// Takes in how the order stands at the warehouse.
    pub(super) fn saw(&mut self, theirs: &Value) {
        self.has_left = standing(theirs) == Standing::Shipped;
    }

    fn stock(&self, order: &Order) -> Stock {
        let told = self.told_of();
        let claimed: BTreeSet<&str> = told.values().flat_map(|ids| ids.split(' ')).collect();
        Stock::of(order, &self.shop.carriage.share, &self.before, &claimed)
    }

    /// Whether something may have shipped that the shop does not know of. An order that the warehouse shows as shipped is
    /// asked about without any news, too: those may have come before it was known that the order is there.
    fn may_be_untold(&self, stock: &Stock) -> bool {
        self.job.shipped_untold || (self.has_left && !stock.is_empty())
    }

    /// The order's parcels. Whoever marks an order as shipped marks all that is left of it, so that is asked for only if
    /// the labels do not account for everything.
    async fn parcels(&self, stock: &Stock) -> Result<Vec<Parcel>, CallError> {
        let Reach::There(copy) = &self.reach else { return Ok(Vec::new()) };
        let mut parcels = self.warehouse().await?.shipments_of(&copy.order_id).await?;
        parcels.retain(|parcel| !parcel.comes_back);
        let standing = parcels.iter().filter(|parcel| !parcel.voided);
        let mut rest = stock.rest();
        let mut labels = false;
        for parcel in standing.clone() {
            labels = true;
            for goods in parcel.goods.iter().flatten().filter(|_| !copy.told.contains_key(&parcel.id)) {
                if let Some(left) = goods.line.as_ref().and_then(|line| rest.get_mut(line)) {
                    *left = left.saturating_sub(goods.units);
                }
            }
        }
        if self.has_left && (!labels || rest.values().any(|left| *left > 0)) {
            parcels.extend(self.warehouse().await?.fulfillments_of(&copy.order_id).await?);
        }
        Ok(parcels)
    }

    /// The parcels that are still to be dealt with.
    fn news<'p>(&self, parcels: &'p [Parcel]) -> Vec<&'p Parcel> {
        let told = self.told_of();
        parcels.iter().filter(|parcel| !parcel.voided && !told.contains_key(&parcel.id)).collect()
    }

    /// What of the order is in a parcel. One whose goods cannot be told is the whole rest of an order that shipped, if no
    /// other parcel could be it.
    fn units_of(&self, parcel: &Parcel, parcels: &[Parcel], stock: &Stock, asked: &Asked) -> Result<Units, String> {
        if let Some(units) = known_goods(parcel, stock) {
            return Ok(units);
        }
        if !asked.is_nothing() {
            return Err("it does not say which of the order's lines it holds, and others are unclear".to_owned());
        }
        let others = parcels.iter().filter(|other| other.id != parcel.id && !other.voided);
        let alone = others.into_iter().all(|other| known_goods(other, stock).is_some());
        match (self.has_left, alone) {
            (true, true) => Ok(stock.rest()),
            (true, false) => Err("several parcels do not say which of the order's lines they hold".to_owned()),
            (false, _) => Err("it does not say which of the order's lines it holds, and more is to ship".to_owned()),
        }
    }

    /// What earlier attempts told the shop is fulfilled because of it, unless somebody cancelled it there.
    fn account_for_told(&self, order: &Order, parcels: &[Parcel], stock: &mut Stock) {
        for parcel in parcels {
            let Some(ids) = self.told_of().get(&parcel.id) else { continue };
            if (ids == BY_HAND || stands(order, ids))
                && let Some(units) = known_goods(parcel, stock)
            {
                stock.account_for(&units);
            }
        }
    }

    /// The shop knows of a parcel.
    fn told(&mut self, parcel: &Parcel, how: &str, units: u32) {
        self.learnt.shipped.push(shipped(parcel, how.to_owned(), units));
        self.remember(parcel.id.clone(), how.to_owned());
    }

    fn remember(&mut self, name: String, told: String) {
        if let Reach::There(copy) = &mut self.reach {
            copy.told.insert(name, told);
        }
    }

    fn told_of(&self) -> &BTreeMap<String, String> {
        static NOTHING: BTreeMap<String, String> = BTreeMap::new();
        match &self.reach {
            Reach::There(copy) => &copy.told,
            Reach::Untouched | Reach::Unresolved => &NOTHING,
        }
    }
}

/// A parcel as the timeline tells of it.
fn shipped(parcel: &Parcel, fulfilment: String, units: u32) -> Shipped {
    let carrier = parcel.carrier.as_deref().map(|code| company(code).to_owned());
    Shipped { shipment: parcel.id.clone(), fulfilment, carrier, tracking: parcel.tracking.clone(), units }
}

/// The order's lines in a parcel; nothing if that cannot be told. Lines that the warehouse added are not the shop's.
fn known_goods(parcel: &Parcel, stock: &Stock) -> Option<Units> {
    let mut units = Units::new();
    for goods in parcel.goods.as_ref()? {
        let Some(line) = &goods.line else { continue };
        if !stock.has(line) {
            return None;
        }
        *units.entry(line.clone()).or_default() += goods.units;
    }
    (!units.is_empty()).then_some(units)
}
