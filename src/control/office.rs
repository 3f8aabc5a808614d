//! Carries commands out, one at a time, wherever the ledger is open: in the running program or in the command line.

use std::collections::BTreeSet;
use std::sync::Arc;

use lane::clock::Clock;
use lane::id::{AccountId, OperatorId, ShopId};
use lane::operator::{Operator, Role};
use lane::ports::{Desk, LedgerError, Privacy, QueueSender, Redacted, Registry, RegistryError, Secrets};
use lane::rules::HoldRules;
use lane::shop::Shop;
use lane::view::{Page, QuarantineReason};
use lane::wake_up::Envelope;
use rand::rngs::StdRng;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::{Command, Exported, LinkMaker, OperatorLine, Reply, ShownOnce, Trial, domain};

/// The ledger as commands use it.
#[derive(Clone)]
pub(crate) struct Ports {
    registry: Arc<dyn Registry>,
    desk: Arc<dyn Desk>,
    privacy: Arc<dyn Privacy>,
}

impl Ports {
    /// All of them are this ledger.
    pub(crate) fn of<L: Registry + Desk + Privacy + 'static>(ledger: &Arc<L>) -> Self {
        Self { registry: ledger.clone(), desk: ledger.clone(), privacy: ledger.clone() }
    }
}

/// Where commands are carried out.
pub(crate) struct Office {
    ledger: Ports,
    warehouses: BTreeSet<AccountId>,
    secrets: Arc<dyn Secrets>,
    links: LinkMaker,
    clock: Arc<dyn Clock>,
    /// Whoever has it carries a change out; other changes wait, so that no two read and write across each other.
    chance: Mutex<StdRng>,
}

/// Stands in the audit for whoever gave a command: the command line knows nobody by name.
const PERSON: &str = "command line";

/// A command that was carried out, and the wake-ups to send if there is a queue. Without one the sweep of the next
/// start finds the lanes.
pub(crate) struct CarriedOut {
    pub(crate) reply: Reply,
    pub(crate) sends: Vec<Envelope>,
}

impl From<Reply> for CarriedOut {
    fn from(reply: Reply) -> Self {
        Self { reply, sends: Vec::new() }
    }
}

impl Office {
    /// `warehouses` are the accounts of the settings.
    pub(crate) fn new(
        ledger: Ports,
        warehouses: BTreeSet<AccountId>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        chance: StdRng,
    ) -> Self {
        Self { ledger, warehouses, secrets, links: LinkMaker::default(), clock, chance: Mutex::new(chance) }
    }

    /// Makes merchants' links with this; without it, there are none.
    pub(crate) fn with_links(self, links: LinkMaker) -> Self {
        Self { links, ..self }
    }

    /// Carries a command out. What goes wrong is told in the reply.
    pub(crate) async fn carry_out(&self, command: Command) -> CarriedOut {
        let done = match command {
            // These change nothing that another command reads, and may take long: they wait for nobody.
            Command::RulesTry { id, rules } => self.try_rules(id, rules).await.map(CarriedOut::from),
            Command::ShopLink { id, days } => {
                let made = self.links.link(self.ledger.desk.as_ref(), id, days, self.clock.now()).await;
                made.map(CarriedOut::from).map_err(RegistryError::from)
            }
            Command::PrivacyList { open } => self.list_requests(open).await.map(CarriedOut::from),
            Command::PrivacyExport(request) => self.export(request).await.map(CarriedOut::from),
            Command::PrivacyRedact(request) => self.redact(request).await.map(CarriedOut::from),
            Command::PrivacyAnswered(request) => self.answered(request).await.map(CarriedOut::from),
            Command::PrivacyDismiss(request) => self.dismiss(request).await.map(CarriedOut::from),
            Command::ShopAdd { shop, replace } => {
                let _turn = self.chance.lock().await;
                self.add_shop(*shop, replace).await
            }
            Command::ShopList => self.list_shops().await.map(CarriedOut::from),
            Command::ShopRemove(id) => {
                let _turn = self.chance.lock().await;
                self.remove_shop(id).await.map(CarriedOut::from)
            }
            Command::OperatorAdd { name, role } => {
                let mut chance = self.chance.lock().await;
                self.add_operator(name, role, &mut chance).await.map(CarriedOut::from)
            }
            Command::OperatorList => self.list_operators().await.map(CarriedOut::from),
            Command::OperatorDisable(name) => {
                let _turn = self.chance.lock().await;
                self.disable_operator(name).await.map(CarriedOut::from)
            }
        };
        done.unwrap_or_else(|error| Reply::Refused(error.to_string()).into())
    }

    /// Carries a command out and wakes the lanes that have work because of it.
    pub(crate) async fn answer(&self, command: Command, sender: &dyn QueueSender) -> Reply {
        let done = self.carry_out(command).await;
        for send in &done.sends {
            // The sweep finds the lane all the same.
            if let Err(error) = sender.send(send).await {
                let lane = &send.wake_up.lane;
                tracing::warn!(%error, lane = %lane, "a wake-up could not be sent; the sweep makes up for it");
            }
        }
        done.reply
    }

    async fn add_shop(&self, mut shop: Shop, replace: bool) -> Result<CarriedOut, RegistryError> {
        if let Some(refusal) = self.normalise(&mut shop) {
            return Ok(Reply::Refused(refusal).into());
        }
        let now = self.clock.now();
        let before = self.ledger.registry.shops().await?.into_iter().find(|known| known.id == shop.id);
        if let Some(known) = &before
            && !replace
        {
            return Ok(Reply::ShopKnown(Box::new(Shop::clone(known))).into());
        }
        shop.added_at = before.as_ref().map_or(now, |known| known.added_at);
        let kept = self.kept_webhooks(&shop).await?;
        let sends = self.ledger.registry.put_shop(&shop, now).await?;
        let became_work = kept.saturating_sub(self.kept_webhooks(&shop).await?);
        let notes = self.secret_note(&shop).await.into_iter().collect();
        let replaced = before.map(|known| Box::new(Shop::clone(&known)));
        let reply = Reply::ShopAdded { shop: Box::new(shop), replaced, became_work, notes };
        Ok(CarriedOut { reply, sends })
    }

    /// Brings domains into the form webhooks are matched by; says why not if the shop cannot be as it is.
    fn normalise(&self, shop: &mut Shop) -> Option<String> {
        let mut domains = Vec::new();
        for text in &shop.domains {
            match domain(text) {
                Ok(domain) if domains.contains(&domain) => {}
                Ok(domain) => domains.push(domain),
                Err(error) => return Some(error.to_string()),
            }
        }
        if domains.is_empty() {
            return Some("a shop needs the domain that its webhooks name".to_owned());
        }
        shop.domains = domains;
        let problems = [shop.rules.problems(), shop.carriage.problems()].concat();
        if !problems.is_empty() {
            return Some(problems.join("; "));
        }
        if self.warehouses.contains(&shop.warehouse) {
            return None;
        }
        let known: Vec<_> = self.warehouses.iter().map(AccountId::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Some(format!(
            "there is no warehouse account {}; the settings of the program that keeps the ledger have: {known}",
            shop.warehouse
        ))
    }

    /// Webhooks that wait for this shop to be known.
    async fn kept_webhooks(&self, shop: &Shop) -> Result<u64, LedgerError> {
        let mut count = 0;
        let mut page = Page::default();
        loop {
            let rows = self.ledger.desk.quarantined(&page).await?;
            let waiting = rows
                .rows
                .iter()
                .filter(|kept| kept.why == QuarantineReason::UnknownShop && shop.domains.contains(&kept.merchant));
            count += waiting.count() as u64;
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok(count),
            }
        }
    }

    async fn list_shops(&self) -> Result<Reply, RegistryError> {
        let shops = self.ledger.registry.shops().await?;
        Ok(Reply::Shops(shops.iter().map(|shop| Shop::clone(shop)).collect()))
    }

    async fn remove_shop(&self, id: ShopId) -> Result<Reply, RegistryError> {
        let removed = self.ledger.registry.remove_shop(&id, self.clock.now()).await?;
        Ok(if removed { Reply::ShopRemoved(id) } else { Reply::NoSuchShop(id) })
    }

    async fn try_rules(&self, id: ShopId, rules: Option<HoldRules>) -> Result<Reply, RegistryError> {
        let Some(shop) = self.ledger.registry.shops().await?.into_iter().find(|known| known.id == id) else {
            return Ok(Reply::NoSuchShop(id));
        };
        let rules = rules.unwrap_or_else(|| shop.rules.clone());
        let problems = rules.problems();
        if !problems.is_empty() {
            return Ok(Reply::Refused(problems.join("; ")));
        }
        let trial = Trial::over(self.ledger.desk.as_ref(), id, &rules, self.clock.now()).await?;
        Ok(Reply::RulesTried(Box::new(trial)))
    }

    async fn list_requests(&self, open: bool) -> Result<Reply, RegistryError> {
        let (mut requests, mut page) = (Vec::new(), Page::default());
        loop {
            let rows = self.ledger.privacy.requests(open, &page).await?;
            requests.extend(rows.rows);
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return Ok(Reply::PrivacyRequests { open, requests }),
            }
        }
    }

    async fn export(&self, request: u64) -> Result<Reply, RegistryError> {
        let data = self.ledger.privacy.export(request, self.clock.now()).await?;
        Ok(data.map_or(Reply::NoSuchRequest(request), |data| Reply::PrivacyExported { request, data: Exported(data) }))
    }

    async fn answered(&self, request: u64) -> Result<Reply, RegistryError> {
        let answered = self.ledger.privacy.answered(request, self.clock.now()).await?;
        Ok(if answered { Reply::PrivacyAnswered(request) } else { Reply::NoSuchRequest(request) })
    }

    async fn dismiss(&self, request: u64) -> Result<Reply, RegistryError> {
        let dismissed = self.ledger.privacy.dismiss(request, PERSON, self.clock.now()).await?;
        Ok(if dismissed { Reply::PrivacyDismissed(request) } else { Reply::NoSuchRequest(request) })
    }

    async fn redact(&self, request: u64) -> Result<Reply, RegistryError> {
        loop {
            match self.ledger.privacy.redact(request, Some(PERSON), self.clock.now()).await? {
                Redacted::More => {}
                Redacted::Done => return Ok(Reply::PrivacyRedacted(request)),
                Redacted::NoSuchRequest => return Ok(Reply::NoSuchRequest(request)),
                Redacted::ShopIsOpen => {
                    let words = "nothing was erased: the shop has the app. If it is to be forgotten all the same, remove it \
                                 first (lanekeeper shop remove), then ask again; if not, dismiss the request \
                                 (lanekeeper privacy dismiss)";
                    return Ok(Reply::Refused(words.to_owned()));
                }
            }
        }
    }

    async fn add_operator(&self, name: OperatorId, role: Role, chance: &mut StdRng) -> Result<Reply, RegistryError> {
        let replaced = self.ledger.registry.operators().await?.iter().any(|known| known.id == name);
        let (token, token_hash) = review::new_token(chance);
        let operator = Operator { id: name.clone(), role, token_hash, disabled: false };
        self.ledger.registry.put_operator(&operator).await?;
        let token = ShownOnce(token.expose_secret().to_owned());
        Ok(Reply::OperatorAdded { name, role, token, replaced })
    }

    async fn list_operators(&self) -> Result<Reply, RegistryError> {
        let operators = self.ledger.registry.operators().await?;
        let line = |known: Operator| OperatorLine { name: known.id, role: known.role, disabled: known.disabled };
        Ok(Reply::Operators(operators.into_iter().map(line).collect()))
    }

    async fn disable_operator(&self, name: OperatorId) -> Result<Reply, RegistryError> {
        let known = self.ledger.registry.operators().await?.into_iter().find(|known| known.id == name);
        let Some(known) = known else { return Ok(Reply::NoSuchOperator(name)) };
        self.ledger.registry.put_operator(&Operator { disabled: true, ..known }).await?;
        Ok(Reply::OperatorDisabled(name))
    }

    /// A token that this process cannot read is not refused: it may be there when the program starts next.
    async fn secret_note(&self, shop: &Shop) -> Option<String> {
        let error = self.secrets.read(&shop.token).await.err()?;
        Some(format!(
            "{error}; until the running program can read it, the shop's lane pauses at its first job (a variable takes a \
             restart, a file does not)"
        ))
    }
}
