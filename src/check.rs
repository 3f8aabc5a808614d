//! `lanekeeper check`: tells everything that is wrong with an installation and how to mend it, not only the first
//! thing. It does no more to the ledger than a start would, and makes a few calls to each account, none of which changes
//! anything.

mod machine;
mod providers;
mod stores;
mod locations;
mod terms;
mod notices;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use backend::secrets::Local;
use lane::clock::Clock;
use lane::id::{AccountId, ShopId};
use lane::ports::Secrets;
use lane::shop::{SecretRef, Shop};
use secrecy::SecretString;
use service::{aws, settings};

use crate::config::{Config, Home, Problems, process_env};
use crate::{logs, program, say, shop};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found so far. Lines are printed as they come, because some take seconds.
struct Findings {
    good: u32,
    warnings: u32,
    wrong: u32,
    /// Where secrets are read.
    secrets: Arc<dyn Secrets>,
}

impl Default for Findings {
    fn default() -> Self {
        Self { good: 0, warnings: 0, wrong: 0, secrets: Arc::new(Local) }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// It is as it should be.
    Good(String),
    /// It works, and somebody should know.
    Warning(String),
    /// It has to be mended.
    Wrong(String),
}

impl Finding {
    /// The same, said of a shop.
    fn of(self, shop: &ShopId) -> Self {
        let said = |words: String| format!("the shop {shop}: {words}");
        match self {
            Self::Good(words) => Self::Good(said(words)),
            Self::Warning(words) => Self::Warning(said(words)),
            Self::Wrong(words) => Self::Wrong(said(words)),
        }
    }
}

impl Findings {
    fn take(&mut self, finding: Finding) {
        match finding {
            Finding::Good(words) => self.good(words),
            Finding::Warning(words) => {
                self.warnings += 1;
                say::line(format_args!("! {}", plain(&words)));
            }
            Finding::Wrong(words) => self.wrong(words),
        }
    }

    fn good(&mut self, line: impl AsRef<str>) {
        self.good += 1;
        say::line(format_args!("✔ {}", plain(line.as_ref())));
    }

    fn wrong(&mut self, line: impl AsRef<str>) {
        self.wrong += 1;
        say::line(format_args!("✘ {}", plain(line.as_ref())));
    }

    /// The secret, if it can be read; a line if it cannot.
    async fn secret(&mut self, place: &str, reference: &SecretRef) -> Option<SecretString> {
        match self.secrets.read(reference).await {
            Ok(secret) => Some(secret),
            Err(error) => {
                self.wrong(format!("{place}: {error}; set it where the program runs"));
                None
            }
        }
    }
}

/// Providers' words may hold anything; a line of ours stays one line.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Checks; an error if anything is wrong.
pub(crate) async fn run(settings: &shop::Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    if let Some(config) = settings_file(&settings.config, clock, &mut findings).await {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            // Credentials go where the settings say, and nowhere a provider sends us.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client can be made")?;
        let ledger = machine::ledger(&config, clock, &mut findings).await;
        machine::listeners(&config, ledger.running, &client, &mut findings).await;
        let said = providers::accounts(&config, &client, &mut findings).await;
        warehouses(&config, &ledger.shops, &mut findings);
        for shop in &ledger.shops {
            let judged = said.stores.get(&shop.warehouse).map(|known| stores::judge(shop, &ledger.shops, known));
            for finding in terms::of(shop).into_iter().chain(judged.unwrap_or_default()) {
                findings.take(finding);
            }
        }
        customs(&config, &ledger.shops, &mut findings);
        notices::look(&config, &ledger.shops, &client, &mut findings).await;
        let mut dates = said.dates;
        dates.extend(providers::shops(&config, &ledger.shops, &client, &mut findings).await);
        machine::time(clock.now(), &dates, &mut findings);
    }
    match findings.wrong {
        0 => {
            let known = match findings.warnings {
                0 => String::new(),
                1 => " One thing above is good to know.".to_owned(),
                many => format!(" {many} things above are good to know."),
            };
            say::line(format_args!("Everything is in order: {} things were looked at.{known}", findings.good));
            Ok(())
        }
        1 => bail!("one thing is wrong"),
        many => bail!("{many} things are wrong"),
    }
}

async fn settings_file(path: &Path, clock: &Arc<dyn Clock>, findings: &mut Findings) -> Option<Config> {
    let config = match settings::load(path, &process_env, clock).await {
        Ok(config) => config,
        Err(error) => {
            match error.downcast::<Problems>() {
                Ok(problems) => problems.0.into_iter().for_each(|problem| findings.wrong(problem)),
                Err(error) => findings.wrong(format!("{error:#}")),
            }
            return None;
        }
    };
    if let Home::Aws(settings) = &config.home {
        findings.secrets = Arc::new(aws::secrets(settings, clock).await);
    }
    findings.good(format!("the settings in {} can be read", path.display()));
    if let Err(error) = logs::filter(&config.log, &process_env) {
        findings.wrong(format!("{error:#}"));
    }
    for reference in &config.webhooks.shopify_secrets {
        if findings.secret("[webhooks] shopify_secrets", reference).await.is_some() {
            findings.good(format!("[webhooks] shopify_secrets: {reference} can be read"));
        }
    }
    links(&config, findings).await;
    if config.accounts.is_empty() {
        findings.wrong("there is no warehouse account; add a section such as [accounts.main]");
    }
    Some(config)
}

/// What signs merchants' links; there need not be any.
async fn links(config: &Config, findings: &mut Findings) {
    for reference in &config.review.link_secrets {
        let Some(secret) = findings.secret("[review] link_secrets", reference).await else { continue };
        match review::Links::new(vec![secret]) {
            Ok(_) => findings.good(format!("[review] link_secrets: {reference} can be read")),
            Err(_) => findings.wrong(format!(
                "[review] link_secrets: {reference} is too short and could be guessed; make one with `openssl rand -hex 32`"
            )),
        }
    }
}

fn warehouses(config: &Config, shops: &[Shop], findings: &mut Findings) {
    let known = program::warehouses(config);
    for shop in shops.iter().filter(|shop| !known.contains(&shop.warehouse)) {
        findings.wrong(format!(
            "the shop {} sends its orders to {}, which is not in the settings; add the account, or add the shop again \
             with another --warehouse",
            shop.id, shop.warehouse
        ));
    }
}

/// What no call can tell (*ShipStation v1: International Options*). Only accounts that have a shop are named.
fn customs(config: &Config, shops: &[Shop], findings: &mut Findings) {
    let has_shop = |id: &AccountId| shops.iter().any(|shop| shop.warehouse == *id);
    let accounts = config.accounts.iter().filter(|(name, account)| has_shop(&account.id(name)));
    let places: Vec<String> = accounts.map(|(name, _)| format!("[accounts.{}]", name.as_str())).collect();
    if !places.is_empty() {
        findings.take(Finding::Warning(format!(
            "{}: see that ShipStation's International Settings > Customs Declarations is \"Leave blank (Enter \
             Manually)\": otherwise it overwrites what is declared, and no call can tell. Its customs values bear no \
             currency of their own",
            places.join(", ")
        )));
    }
}

#[cfg(test)]
mod tests;
