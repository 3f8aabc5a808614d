//! Hold rules: when a person must look at an order first. Rules are data: a shop's list of them, tried on what an attempt
//! [`Seen`] of the order and on what else its lane holds ([`Company`]). The same function judges an order that is about
//! to be carried out and, in a dry run, orders of the past.
//!
//! Every rule that speaks is in the evidence, in words and figures; the reason of the hold is the first that speaks:
//! first those that no shop can switch off, then the shop's own in the order it wrote them.

mod seen;
mod speak;
pub(crate) mod stored;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Timestamp, after};
use crate::hold::{Fact, HoldReason};
use crate::money::Money;
use crate::shop::RiskPending;

pub use seen::{Company, Completeness, CustomsSeen, RiskSeen, Seen};
use speak::plain_tag;
pub use speak::speak;

/// How long the platform's risk check may take before the shop's policy decides. It mostly ends within a minute.
const RISK_TIME: Duration = Duration::from_mins(10);
/// How often a pending risk check is asked for.
const RISK_LOOK: Duration = Duration::from_mins(1);

/// A shop's hold rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldRules {
    /// What to do when the platform's risk check still says `PENDING` after ten minutes.
    pub risk_pending: RiskPending,
    /// The rules; the first that speaks names the hold.
    pub rules: Vec<Rule>,
}

/// One rule. In TOML: `when = "total-above"` and the rule's own keys beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// The total (shop currency) is above this. With limits in several currencies each order is measured by its own.
    TotalAbove {
        /// The limit, such as `500.00 USD`.
        #[serde(with = "crate::money::text")]
        limit: Money,
    },
    /// The platform's risk check recommends one of these.
    Risk {
        /// `investigate`, `cancel`; both unless said.
        #[serde(default = "Warning::both")]
        recommends: Vec<Warning>,
    },
    /// It ships to another country than it is billed to.
    CountryDiffers {},
    /// Its shipping address lacks a part that every parcel needs.
    AddressIncomplete {},
    /// It has more than so many units of one line.
    QuantityAbove {
        /// The limit.
        units: u32,
    },
    /// It bears one of these tags, in any case.
    Tagged {
        /// The tags.
        tags: Vec<String>,
    },
    /// It is its customer's first order, and its total is above this.
    FirstOrderAbove {
        /// The limit, such as `500.00 USD`.
        #[serde(with = "crate::money::text")]
        limit: Money,
    },
    /// More than so many other orders of its customer are in line.
    CustomerWaiting {
        /// The limit.
        orders: u32,
    },
    /// It ships to the same address as an order that is held.
    SameAddress {},
    /// It was paid with the same card as an order that is held.
    SameCard {},
    /// Every order.
    Everything {},
}

/// What the platform's risk check may warn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// Somebody should look at it.
    Investigate,
    /// It should be cancelled.
    Cancel,
}

impl Warning {
    fn both() -> Vec<Self> {
        vec![Self::Investigate, Self::Cancel]
    }
}

/// What a person must decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The reason that weighs most.
    pub reason: HoldReason,
    /// What it rests on.
    pub evidence: Vec<Fact>,
}

/// What is to be done with an order that qualifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Carry it out.
    Go,
    /// Look again then.
    Wait {
        /// When.
        until: Timestamp,
        /// What it waits for.
        why: String,
    },
    /// A person must decide.
    Hold(Question),
}

impl HoldRules {
    /// Whether any rule asks for [`Company`].
    pub fn ask_for_company(&self) -> bool {
        self.rules.iter().any(Rule::asks_for_company)
    }

    /// Whether any rule asks how many other orders of a customer wait.
    pub fn count_waiting(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::CustomerWaiting { .. }))
    }

    /// Which of an order's tags the rules name, in lower case and in one order, however they stand there.
    pub fn named_tags(&self, tags: &[String]) -> BTreeSet<String> {
        let of_rule = |rule: &Rule| match rule {
            Rule::Tagged { tags } => tags.clone(),
            Rule::TotalAbove { .. }
            | Rule::Risk { .. }
            | Rule::CountryDiffers {}
            | Rule::AddressIncomplete {}
            | Rule::QuantityAbove { .. }
            | Rule::FirstOrderAbove { .. }
            | Rule::CustomerWaiting { .. }
            | Rule::SameAddress {}
            | Rule::SameCard {}
            | Rule::Everything {} => Vec::new(),
        };
        let named: BTreeSet<String> = self.rules.iter().flat_map(of_rule).map(|tag| plain_tag(&tag)).collect();
        tags.iter().map(|tag| plain_tag(tag)).filter(|tag| named.contains(tag)).collect()
    }

    /// Judges an order that nobody has accepted as it is. The risk check has its time from when the newest version was
    /// heard of: a time of the platform's moves whenever anything touches the order, and would begin it anew.
    pub fn judge(&self, seen: &Seen, company: &Company, heard_at: Timestamp, now: Timestamp) -> Verdict {
        let risk_ends = after(heard_at, RISK_TIME);
        let mut spoken = speak(self, seen, company);
        let pending = seen.risk == RiskSeen::Pending;
        if pending && self.risk_pending == RiskPending::Hold && now >= risk_ends {
            let fact = Fact::new("risk check", "still pending after 10 minutes");
            spoken.push((HoldReason::RiskPending, vec![fact]));
        }
        let Some((reason, _)) = spoken.first() else {
            return if pending && now < risk_ends {
                let until = after(now, RISK_LOOK).min(risk_ends);
                Verdict::Wait { until, why: "the platform's risk check has not finished".to_owned() }
            } else {
                Verdict::Go
            };
        };
        let reason = *reason;
        let mut evidence = Vec::new();
        for (rule, facts) in &spoken {
            evidence.push(Fact::new("rule", rule.words()));
            evidence.extend_from_slice(facts);
        }
        evidence.push(Fact::new("risk", seen.risk.words()));
        Verdict::Hold(Question { reason, evidence })
    }

    /// What is wrong with the rules, in sentences that say what to do; nothing if they can be used.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.rules.iter().filter_map(Rule::problem).collect();
        for (nth, rule) in self.rules.iter().enumerate() {
            if self.rules[..nth].iter().any(|earlier| earlier.repeats(rule)) {
                problems.push(format!("the rule {} stands there twice; keep one of them", rule.words()));
            }
        }
        problems
    }
}

impl Rule {
    /// Whether the rule looks at other orders, so that a dry run over the past cannot try it.
    pub fn asks_for_company(&self) -> bool {
        match self {
            Self::CustomerWaiting { .. } | Self::SameAddress {} | Self::SameCard {} => true,
            Self::TotalAbove { .. }
            | Self::Risk { .. }
            | Self::CountryDiffers {}
            | Self::AddressIncomplete {}
            | Self::QuantityAbove { .. }
            | Self::Tagged { .. }
            | Self::FirstOrderAbove { .. }
            | Self::Everything {} => false,
        }
    }

    /// The reason a hold by this rule has.
    pub fn reason(&self) -> HoldReason {
        match self {
            Self::TotalAbove { .. } => HoldReason::TotalAbove,
            Self::Risk { .. } => HoldReason::RiskWarns,
            Self::CountryDiffers {} => HoldReason::CountryDiffers,
            Self::AddressIncomplete {} => HoldReason::AddressIncomplete,
            Self::QuantityAbove { .. } => HoldReason::QuantityAbove,
            Self::Tagged { .. } => HoldReason::Tagged,
            Self::FirstOrderAbove { .. } => HoldReason::FirstOrderAbove,
            Self::CustomerWaiting { .. } => HoldReason::CustomerWaiting,
            Self::SameAddress {} => HoldReason::SameAddress,
            Self::SameCard {} => HoldReason::SameCard,
            Self::Everything {} => HoldReason::Everything,
        }
    }

    /// The rule with its figures, for people (`total above 500.00 USD`).
    pub fn words(&self) -> String {
        match self {
            Self::TotalAbove { limit } => format!("total above {limit}"),
            Self::Risk { recommends } => {
                let words: Vec<&str> = recommends.iter().map(|warning| RiskSeen::from(*warning).words()).collect();
                format!("risk check recommends {}", words.join(" or "))
            }
            Self::CountryDiffers {} => "ships to another country than billed to".to_owned(),
            Self::AddressIncomplete {} => "address incomplete".to_owned(),
            Self::QuantityAbove { units } => format!("more than {units} units of one line"),
            Self::Tagged { tags } => format!("tagged {}", tags.join(" or ")),
            Self::FirstOrderAbove { limit } => format!("a customer's first order above {limit}"),
            Self::CustomerWaiting { orders } => format!("more than {orders} other orders of its customer in line"),
            Self::SameAddress {} => "same address as a held order".to_owned(),
            Self::SameCard {} => "same card as a held order".to_owned(),
            Self::Everything {} => "every order".to_owned(),
        }
    }

    fn problem(&self) -> Option<String> {
        match self {
            Self::TotalAbove { limit } | Self::FirstOrderAbove { limit } if limit.amount.is_sign_negative() => {
                Some(format!("the limit {limit} is below zero, which every order is above; use when = \"everything\""))
            }
            Self::Risk { recommends } if recommends.is_empty() => {
                Some("the risk rule names no recommendation; give investigate, cancel or both".to_owned())
            }
            Self::Tagged { tags } if tags.is_empty() || tags.iter().any(|tag| tag.trim().is_empty()) => {
                Some("the tag rule needs tags that are not empty".to_owned())
            }
            Self::TotalAbove { .. }
            | Self::Risk { .. }
            | Self::CountryDiffers {}
            | Self::AddressIncomplete {}
            | Self::QuantityAbove { .. }
            | Self::Tagged { .. }
            | Self::FirstOrderAbove { .. }
            | Self::CustomerWaiting { .. }
            | Self::SameAddress {}
            | Self::SameCard {}
            | Self::Everything {} => None,
        }
    }

    /// Two limits of one kind in one currency would leave one of them without effect.
    fn repeats(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::TotalAbove { limit: one }, Self::TotalAbove { limit: other })
            | (Self::FirstOrderAbove { limit: one }, Self::FirstOrderAbove { limit: other }) => {
                one.currency == other.currency
            }
            (Self::Tagged { .. }, Self::Tagged { .. }) => self == later,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }
}

impl From<Warning> for RiskSeen {
    fn from(warning: Warning) -> Self {
        match warning {
            Warning::Investigate => Self::Investigate,
            Warning::Cancel => Self::Cancel,
        }
    }
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
