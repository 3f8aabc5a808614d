//! The made-up shops: their warehouses, their rules, and what is odd about their orders.

use std::str::FromStr as _;

use lane::carriage::{Carriage, Tracking};
use lane::clock::Timestamp;
use lane::id::{AccountId, ShopId};
use lane::money::Money;
use lane::policy::{Policy, Standing};
use lane::rules::HoldRules;
use lane::shop::{Qualification, RiskPending, SecretRef, Shop, Source};

/// A made-up shop.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) currency: &'static str,
    /// The warehouse account it ships through.
    pub(super) account: &'static str,
    pub(super) rule: Rule,
    /// Where all of its orders go, if it only sells abroad.
    pub(super) ships_to: Option<&'static str>,
    /// Whether its warehouse's tracking numbers come back to it.
    pub(super) tracking: bool,
    pub(super) on_retry: Standing,
    pub(super) on_hold: Standing,
}

/// What the shop holds for a person, and so what some of its orders are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Nothing.
    None,
    /// Orders above so much.
    Above(&'static str),
    /// Orders that ship to another country than they are billed to.
    CountryDiffers,
    /// Both.
    AboveAndCountry(&'static str),
}

use Rule::{Above, AboveAndCountry, CountryDiffers};
use Standing::{StepAside, StopLane};

const fn part(id: &'static str, account: &'static str, currency: &'static str, rule: Rule) -> Part {
    Part { id, currency, account, rule, ships_to: None, tracking: false, on_retry: StopLane, on_hold: StepAside }
}

/// A dozen. `alder` and `birch` share one account and so its limit; `hazel` stands still behind a held order; `ivy` hears
/// of its parcels; `juniper` lets orders pass one that waits for its next attempt; every order of `larch` goes through
/// customs.
pub(super) const SHOPS: [Part; 12] = [
    part("alder-outdoor", "shared", "USD", Above("500.00 USD")),
    part("birch-and-bean", "shared", "USD", Rule::None),
    part("cedar-cycles", "cedar", "EUR", Above("900.00 EUR")),
    part("dogwood-toys", "dogwood", "GBP", CountryDiffers),
    part("elm-street-books", "elm", "USD", Rule::None),
    part("fir-flooring", "fir", "CAD", AboveAndCountry("800.00 CAD")),
    part("ginkgo-tea", "ginkgo", "JPY", Above("60000 JPY")),
    Part { on_hold: StopLane, ..part("hazel-jewellery", "hazel", "USD", Above("400.00 USD")) },
    Part { tracking: true, ..part("ivy-garden", "ivy", "EUR", Rule::None) },
    Part { on_retry: StepAside, ..part("juniper-spirits", "juniper", "GBP", Rule::None) },
    part("kauri-surf", "kauri", "AUD", CountryDiffers),
    Part { ships_to: Some("JP"), ..part("larch-lighting", "larch", "DKK", Rule::None) },
];

/// The warehouse accounts, each once.
pub(super) fn accounts() -> Vec<&'static str> {
    let mut accounts: Vec<_> = SHOPS.iter().map(|part| part.account).collect();
    accounts.dedup();
    accounts
}

/// The manual store of a shop's account.
pub(super) fn store_of(part: &Part) -> Option<u64> {
    accounts().into_iter().zip(1_u64..).find(|(account, _)| *account == part.account).map(|(_, store)| store)
}

/// Whether an account's shop hears of its parcels.
pub(super) fn tells(account: &str) -> bool {
    SHOPS.iter().any(|part| part.account == account && part.tracking)
}

impl Part {
    /// Its domain at Shopify.
    pub(super) fn domain(&self) -> String {
        format!("{}.myshopify.com", self.id)
    }

    /// The shop as `shop add` would make it.
    pub(super) fn shop(&self, token: SecretRef) -> anyhow::Result<Shop> {
        let (above, country_differs) = match self.rule {
            Rule::None => (None, false),
            Above(limit) => (Some(limit), false),
            CountryDiffers => (None, true),
            AboveAndCountry(limit) => (Some(limit), true),
        };
        let mut rules = Vec::new();
        if let Some(limit) = above {
            rules.push(lane::rules::Rule::TotalAbove { limit: Money::from_str(limit)? });
        }
        if country_differs {
            rules.push(lane::rules::Rule::CountryDiffers {});
        }
        Ok(Shop {
            id: ShopId::parse(self.id)?,
            source: Source::Shopify,
            domains: vec![self.domain()],
            token,
            warehouse: AccountId::at("shipstation", self.account),
            policy: Policy { retry: self.on_retry, hold: self.on_hold, ..Policy::default() },
            rules: HoldRules { risk_pending: RiskPending::Hold, rules },
            qualifies: Qualification::default(),
            carriage: Carriage {
                tracking: Tracking { back: self.tracking, notify_customer: false },
                ..Carriage::default()
            },
            added_at: Timestamp::UNIX_EPOCH,
        })
    }

    /// What the shop's limit is in minor units, if it has one.
    pub(super) fn limit_minor(&self) -> Option<u64> {
        let (Above(limit) | AboveAndCountry(limit)) = self.rule else { return None };
        limit.parse::<Money>().ok()?.minor_units()?.try_into().ok()
    }

    /// Whether it holds orders that ship abroad.
    pub(super) fn holds_abroad(&self) -> bool {
        match self.rule {
            Rule::None | Above(_) => false,
            CountryDiffers | AboveAndCountry(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_makes_a_shop_and_two_share_an_account() {
        for part in &SHOPS {
            let shop = part.shop("file:/token".parse().unwrap()).unwrap();
            assert_eq!(crate::control::domain(shop.domain()).unwrap(), shop.domain());
        }
        assert_eq!(accounts().len(), SHOPS.len() - 1);
        assert_eq!(SHOPS[0].limit_minor(), Some(50_000));
        assert_eq!((store_of(&SHOPS[0]), store_of(&SHOPS[1]), store_of(&SHOPS[2])), (Some(1), Some(1), Some(2)));
        assert!(SHOPS.iter().filter(|part| part.tracking).all(|part| tells(part.account)));
    }
}
