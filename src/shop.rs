//! `lanekeeper shop`: which merchants there are, what is held for a person, and what happens behind trouble.

mod terms;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lane::clock::Timestamp;
use lane::id::ShopId;
use lane::money::Money;
use lane::policy::{Policy, Standing};
use lane::shop::{Qualification, RiskPending, SecretRef, Shop, Source};

use crate::config::{AccountName, Config};
use crate::control::{Command, domain};
use terms::{Shortcuts, Terms};

/// What to do with shops.
#[derive(Debug, Subcommand)]
pub(crate) enum Shops {
    /// Add a shop, or replace one with --replace. Webhooks that came before it was known become its work.
    Add(Box<Add>),
    /// List the shops.
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove a shop. Its jobs and their history stay.
    Remove {
        /// The shop's id.
        #[arg(value_parser = ShopId::parse)]
        id: ShopId,
        #[command(flatten)]
        settings: Settings,
    },
    /// Make a link that shows a shop's orders to its merchant, who needs no password and can change nothing. Prints the
    /// link and when it ends.
    Link {
        /// The shop's id.
        #[arg(long, value_parser = ShopId::parse)]
        id: ShopId,
        /// How many days it is good for, 90 at the most.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(review::LINK_DAYS_MAX)))]
        days: u16,
        #[command(flatten)]
        settings: Settings,
    },
    /// Try hold rules on a shop's past orders: what they would have held. Changes nothing.
    TryRules {
        /// The shop's id.
        #[arg(long, value_parser = ShopId::parse)]
        id: ShopId,
        /// The file with the rules, as for `add`; the rules that the shop has if none is given.
        #[arg(long, value_name = "FILE")]
        terms: Option<PathBuf>,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Where the settings are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// The file with the settings, or ssm:NAME for a parameter of AWS Systems Manager.
    #[arg(long, value_name = "FILE", default_value = "lanekeeper.toml")]
    pub(crate) config: PathBuf,
}

/// A shop on the command line.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The internal id, fixed for good: 1 to 32 characters of a-z, 0-9 and -.
    #[arg(long, value_parser = ShopId::parse)]
    id: ShopId,
    /// The domain that its webhooks name and that API calls go to.
    #[arg(long, value_name = "NAME.myshopify.com", value_parser = domain)]
    domain: String,
    /// A domain it had before or has besides. May be repeated.
    #[arg(long, value_name = "NAME.myshopify.com", value_parser = domain)]
    also_domain: Vec<String>,
    /// Where its Admin API token lies: `env:NAME`, `file:PATH`, or `ssm:NAME` on AWS.
    #[arg(long, value_name = "REF")]
    token: SecretRef,
    /// The warehouse account its orders go to, by its name in the settings.
    #[arg(long, value_name = "ACCOUNT", value_parser = AccountName::parse)]
    warehouse: AccountName,
    /// The file with its hold rules and how its orders are carried; shop.example.toml explains it. It is read now, and
    /// not again.
    #[arg(long, value_name = "FILE")]
    terms: Option<PathBuf>,
    /// Hold orders whose total is above this, such as "500.00 USD". Added to the rules of --terms, like the next.
    #[arg(long, value_name = "MONEY")]
    hold_total_above: Option<Money>,
    /// Hold orders that ship to another country than they are billed to.
    #[arg(long)]
    hold_country_differs: bool,
    /// What to do while a fault that may pass is waited out.
    #[arg(long, value_enum, default_value = "stop-lane")]
    on_retry: Behind,
    /// What to do while an order waits for a person.
    #[arg(long, value_enum, default_value = "step-aside")]
    on_hold: Behind,
    /// What to do after an order failed for good.
    #[arg(long, value_enum, default_value = "step-aside")]
    on_fail: Behind,
    /// The financial statuses that are carried out. May be repeated.
    #[arg(long, value_name = "STATUS", default_values = ["paid", "partially_refunded"])]
    financial_status: Vec<FinancialStatus>,
    /// Carry out test orders too.
    #[arg(long)]
    test_orders: bool,
    /// What to do with an order whose risk check has not finished after ten minutes; hold unless it is said here or in
    /// the file.
    #[arg(long, value_enum)]
    risk_pending: Option<Risk>,
    /// Replace the shop with this id as a whole: what is not given goes to its default.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What the orders behind one in trouble do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Behind {
    /// They wait.
    StopLane,
    /// They go on.
    StepAside,
}

impl From<Behind> for Standing {
    fn from(behind: Behind) -> Self {
        match behind {
            Behind::StopLane => Self::StopLane,
            Behind::StepAside => Self::StepAside,
        }
    }
}

/// What becomes of an order whose risk check does not finish.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Risk {
    /// A person looks at it.
    Hold,
    /// It is carried out.
    Proceed,
}

impl From<Risk> for RiskPending {
    fn from(risk: Risk) -> Self {
        match risk {
            Risk::Hold => Self::Hold,
            Risk::Proceed => Self::Proceed,
        }
    }
}

/// Shopify's words, as its webhooks write them.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum FinancialStatus {
    Pending,
    Authorized,
    PartiallyPaid,
    Paid,
    PartiallyRefunded,
    Refunded,
    Voided,
}

impl FinancialStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::PartiallyPaid => "partially_paid",
            Self::Paid => "paid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
        }
    }
}

impl Shops {
    /// The settings this command names.
    pub(crate) fn settings(&self) -> &Settings {
        match self {
            Self::Add(add) => &add.settings,
            Self::List { settings }
            | Self::Remove { settings, .. }
            | Self::Link { settings, .. }
            | Self::TryRules { settings, .. } => settings,
        }
    }

    /// The command for whoever has the ledger.
    pub(crate) fn command(self, config: &Config) -> anyhow::Result<Command> {
        match self {
            Self::Add(add) => {
                let replace = add.replace;
                Ok(Command::ShopAdd { shop: Box::new(add.shop(config)?), replace })
            }
            Self::List { .. } => Ok(Command::ShopList),
            Self::Remove { id, .. } => Ok(Command::ShopRemove(id)),
            Self::Link { id, days, .. } => Ok(Command::ShopLink { id, days }),
            Self::TryRules { id, terms, .. } => {
                let rules = terms.map(|path| Terms::load(&path)).transpose()?.map(Terms::rules);
                Ok(Command::RulesTry { id, rules })
            }
        }
    }
}

impl Add {
    fn shop(self, config: &Config) -> anyhow::Result<Shop> {
        let account = config.accounts.get(&self.warehouse).ok_or_else(|| {
            anyhow::anyhow!(
                "there is no [accounts.{}] in {}; add it, or choose another --warehouse",
                self.warehouse.as_str(),
                self.settings.config.display()
            )
        })?;
        let mut financial_statuses: Vec<String> =
            self.financial_status.iter().map(|status| status.word().to_owned()).collect();
        financial_statuses.dedup();
        let terms = self.terms.as_deref().map(Terms::load).transpose()?.unwrap_or_default();
        let shortcuts = Shortcuts {
            total_above: self.hold_total_above,
            country_differs: self.hold_country_differs,
            risk_pending: self.risk_pending.map(RiskPending::from),
        };
        let (rules, carriage) = terms.with(shortcuts)?.split();
        Ok(Shop {
            id: self.id,
            source: Source::Shopify,
            domains: std::iter::once(self.domain).chain(self.also_domain).collect(),
            token: self.token,
            warehouse: account.id(&self.warehouse),
            policy: Policy { retry: self.on_retry.into(), hold: self.on_hold.into(), fail: self.on_fail.into() },
            rules,
            qualifies: Qualification { financial_statuses, test_orders: self.test_orders },
            carriage,
            // Whoever has the ledger sets the time; a replaced shop keeps the one it had.
            added_at: Timestamp::UNIX_EPOCH,
        })
    }
}
