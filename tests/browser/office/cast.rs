//! Who trades and what waits: as in a real morning, long words and short ones.

use lane::hold::HoldReason;
use lane::operator::Role;

/// A line of evidence: what was looked at, and what it said.
pub(crate) type Told<'a> = (&'a str, &'a str);

/// One of each role.
pub(crate) const OPERATORS: [(&str, Role); 3] = [("ada", Role::Admin), ("rob", Role::Reviewer), ("vic", Role::Viewer)];

pub(crate) const SHOPS: [&str; 3] = ["acme", "bolt", "cork-and-cotton"];

/// The shop whose lane somebody has paused.
pub(super) const PAUSED: &str = SHOPS[2];

/// An order that waits for nobody.
pub(super) const IN_LINE: (u64, &str) = (4001, "B4001");

/// An order that waits for a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) shop: &'static str,
    pub(crate) id: u64,
    pub(crate) number: &'static str,
    pub(crate) reason: HoldReason,
    pub(crate) evidence: &'static [Told<'static>],
}

const fn held(
    shop: &'static str,
    id: u64,
    number: &'static str,
    reason: HoldReason,
    evidence: &'static [Told<'static>],
) -> Held {
    Held { shop, id, number, reason, evidence }
}

/// Oldest first, as pages show them.
pub(crate) const HELD: [Held; 12] = [
    held("acme", 1001, "#1001", HoldReason::TotalAbove, &[("total", "1,249.00 USD"), ("limit", "500.00 USD")]),
    held("acme", 1002, "#1002", HoldReason::CountryDiffers, &[("ships to", "Portugal"), ("billed to", "Canada")]),
    held("bolt", 3001, "B3001", HoldReason::AddressIncomplete, &[("ship to, street", "there is none")]),
    held("acme", 1003, "#1003", HoldReason::RiskWarns, &[("recommendation", "cancel"), ("risk level", "high")]),
    held("acme", 1004, "#1004", HoldReason::QuantityAbove, &[("line", "Enamel mug, blue"), ("units", "240")]),
    held("bolt", 3002, "B3002", HoldReason::Tagged, &[("tag", "call-before-shipping")]),
    held(PAUSED, 5001, "C-5001/2026", HoldReason::CustomsIncomplete, &[("line", "Linen apron"), ("code", "none")]),
    held("bolt", 3003, "B3003", HoldReason::FirstOrderAbove, &[("total", "420.00 EUR"), ("limit", "300.00 EUR")]),
    held("acme", 1005, "#1005", HoldReason::SameAddress, &[("held order", "#1002"), ("ships to", "the same address")]),
    held(
        "acme",
        1006,
        "#1006",
        HoldReason::ReadBackDiffers,
        &[
            ("ship to, name", "written: Maria-Magdalena Außerlechner-Oberhofer; read back: Maria-Magdalena"),
            ("items, quantity", "written: 3; read back: 2"),
            ("if approved", "the order stays as the warehouse has it, and counts as carried out"),
        ],
    ),
    held("bolt", 3004, "B3004", HoldReason::Everything, &[]),
    held(PAUSED, 5002, "C-5002/2026", HoldReason::PartNotOurs, &[("elsewhere", "1 of 3 parts, at Lisbon")]),
];

/// Orders that were refused for good: shop, id, number, what the warehouse said.
pub(super) const FAILED: [(&str, u64, &str, &str); 3] = [
    ("acme", 1101, "#1101", "the postal code does not belong to the country; correct the address at the shop"),
    ("bolt", 3101, "B3101", "the order has no lines that can be shipped"),
    ("acme", 1102, "#1102", "twelve attempts failed; the last answer was 500 Internal Server Error"),
];

/// An order that the shop does not show.
pub(super) const UNKNOWN_TO_SHOP: (&str, u64, &str) = ("bolt", 3201, "B3201");
