//! The stage: a folder with settings and secrets, the simulators, the program, the shops and the operators.

mod settings;

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use backend::embedded::ledger::{Ledger, Origin};
use backend::secrets::Local;
use lane::clock::Clock;
use lane::id::{OperatorId, ShopId};
use lane::operator::Role;
use lane::ports::Secrets as _;
use lane::shop::SecretRef;
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use simulators::orders::Maker;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tempfile::TempDir;
use tokio::net::TcpListener;
use worker::setup::SHIP_NOTIFY;

use super::cast::{self, Part};
use super::{Demo, Pace};
use crate::config::{Account, AccountName, process_env};
use crate::control::{Command, Office, Reply, is_refusal, words};
use crate::program::{Addresses, Program};
use crate::{figures, kill_points, logs};
use settings::{LINK_SECRET, notice_secret, settings};

/// Where the review page listens if that is free.
const PAGE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);
/// Where webhooks go if that is free.
const WEBHOOKS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The ledger in the folder.
const LEDGER: &str = "lanekeeper.db";
/// Loopback, whichever port is free.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The shop whose page the person in front of the demonstration is shown: some of its orders are held.
const SHOWN: &Part = &cast::SHOPS[0];

/// Everything the actors need.
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    pub(super) addresses: Addresses,
    pub(super) shopify: Shopify,
    pub(super) shipstation: ShipStation,
    pub(super) ledger: Ledger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) webhook_secret: SecretString,
    /// The token of the operator who watches.
    pub(super) guest: String,
    /// The token of the operator who is part of the play.
    pub(super) robin: String,
    /// What the merchant of one shop opens.
    pub(super) link: String,
    /// Tells the orders of this run from those of others, whose pages may still be open.
    pub(super) run: u64,
    /// Keeps a temporary folder until the end.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Sets it up and opens the program, which the caller runs.
    pub(super) async fn set(
        demo: &Demo,
        pace: Pace,
        clock: Arc<dyn Clock>,
        mut chance: StdRng,
    ) -> anyhow::Result<(Self, Program)> {
        let (folder, temporary) = folder(demo)?;
        let shopify = Shopify::start(ANY, shopify::Settings::default(), Arc::clone(&clock)).await?;
        let shipstation = ShipStation::start(ANY, shipstation::Settings::default(), Arc::clone(&clock)).await?;
        let webhook_secret = Secrets::new(&folder)?.write("shopify", &mut chance)?;
        Secrets::new(&folder)?.write(LINK_SECRET, &mut chance)?;
        open_accounts(&folder, &shipstation, pace, &mut chance)?;
        let to_webhooks = free(WEBHOOKS).await?;
        subscribe(&folder, &shipstation, to_webhooks, &mut chance).await?;
        let review = match demo.listen {
            Some(address) => address,
            None => free(PAGE).await?,
        };
        let config = settings(&folder, (to_webhooks, review), &shopify, &shipstation, pace)?;
        let log = Arc::new(File::options().create(true).append(true).open(folder.join("lanekeeper.log"))?);
        logs::start(&config.log, logs::Destination::File(log), &process_env)?;
        kill_points::arm(&process_env)?;
        crate::handles::raise();
        let run = chance.random_range(0..10_000_u64);
        sample(&folder, run, clock.as_ref())?;
        let tokens = Secrets::new(&folder)?;
        let mut shops = Vec::new();
        for part in &cast::SHOPS {
            let token = tokens.write(part.id, &mut chance)?;
            shopify.add_shop(&part.domain(), token.expose_secret());
            shops.push(part.shop(tokens.reference(part.id))?);
        }
        let program = Program::start(&config, Origin::LastRun, figures::start()?, Arc::clone(&clock), chance).await?;
        let office = program.office();
        for shop in shops {
            let reply = office.carry_out(Command::ShopAdd { shop: Box::new(shop), replace: false }).await.reply;
            if is_refusal(&reply) {
                bail!("a made-up shop was not added: {}", words(&reply));
            }
        }
        let guest = operator(&office, "You", Role::Admin).await?;
        let robin = operator(&office, "Robin (made up)", Role::Reviewer).await?;
        let link = link(&office, SHOWN).await?;
        let stage = Self {
            folder,
            addresses: program.addresses(),
            shopify,
            shipstation,
            ledger: program.ledger(),
            clock,
            webhook_secret,
            guest,
            robin,
            link,
            run,
            _temporary: temporary,
        };
        Ok((stage, program))
    }

    /// Where webhooks go.
    pub(super) fn webhooks(&self) -> String {
        format!("http://{}/webhooks/shopify", self.addresses.webhooks)
    }

    /// The token of a shop, for giving it back after it was revoked.
    pub(super) async fn token(&self, part: &Part) -> anyhow::Result<SecretString> {
        Ok(Local.read(&Secrets { folder: self.folder.join("secrets") }.reference(part.id)).await?)
    }

    /// The maker of a shop's orders in this run.
    pub(super) fn seed(&self, at: usize) -> u64 {
        self.run * 100 + at as u64
    }

    /// Ends the simulators.
    pub(super) async fn close(&self) {
        self.shopify.stop().await;
        self.shipstation.stop().await;
    }
}

/// The simulators forget everything when they end, so orders of an earlier demonstration could never be settled.
fn folder(demo: &Demo) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if let Some(folder) = &demo.data {
        if folder.join(LEDGER).exists() {
            bail!(
                "{} holds the ledger of an earlier demonstration, whose simulators are gone; name another folder with \
                 --data, or remove this one",
                folder.display()
            );
        }
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        return Ok((folder.canonicalize()?, None));
    }
    let temporary = tempfile::Builder::new().prefix("lanekeeper-").tempdir()?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// This address if it is free, else another port of this machine. The settings name it, so it is chosen before the
/// program opens it.
async fn free(wanted: SocketAddr) -> anyhow::Result<SocketAddr> {
    match TcpListener::bind(wanted).await {
        Ok(_) => Ok(wanted),
        Err(_) => Ok(TcpListener::bind(ANY).await?.local_addr()?),
    }
}

/// A folder of secrets that only this user can read.
struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    fn new(data: &Path) -> anyhow::Result<Self> {
        let folder = data.join("secrets");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn write(&self, name: &str, chance: &mut StdRng) -> anyhow::Result<SecretString> {
        let mut bits = [0_u8; 24];
        chance.fill_bytes(&mut bits);
        let secret = hex::encode(bits);
        let path = self.folder.join(name);
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(secret.as_bytes())?;
        Ok(secret.into())
    }

    fn reference(&self, name: &str) -> SecretRef {
        SecretRef::File(self.folder.join(name).display().to_string())
    }
}

fn open_accounts(folder: &Path, shipstation: &ShipStation, pace: Pace, chance: &mut StdRng) -> anyhow::Result<()> {
    let secrets = Secrets::new(folder)?;
    for (name, store) in cast::accounts().into_iter().zip(1_u64..) {
        let key = secrets.write(&format!("{name}-key"), chance)?;
        let secret = secrets.write(&format!("{name}-secret"), chance)?;
        let (key, secret) = (key.expose_secret(), secret.expose_secret());
        shipstation.add_account(key, secret, pace.per_minute);
        shipstation.add_store(key, store, name, "Manual Orders");
    }
    Ok(())
}

/// Has the warehouse tell of parcels, as a person would in its settings: where shops hear of them.
async fn subscribe(
    folder: &Path,
    shipstation: &ShipStation,
    webhooks: SocketAddr,
    chance: &mut StdRng,
) -> anyhow::Result<()> {
    let (secrets, client) = (Secrets::new(folder)?, reqwest::Client::builder().no_proxy().build()?);
    for account in cast::accounts().into_iter().filter(|account| cast::tells(account)) {
        let secret = secrets.write(&notice_secret(account), chance)?;
        let path = Account::notice_path(&AccountName::parse(account)?, secret.expose_secret());
        let key = Local.read(&secrets.reference(&format!("{account}-key"))).await?;
        let own = Local.read(&secrets.reference(&format!("{account}-secret"))).await?;
        let answer = client
            .post(format!("{}/webhooks/subscribe", shipstation.base_url()))
            .basic_auth(key.expose_secret(), Some(own.expose_secret()))
            .json(&json!({"target_url": format!("http://{webhooks}{path}"), "event": SHIP_NOTIFY}))
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("the simulated warehouse took no subscription: {}", answer.status());
        }
    }
    Ok(())
}

/// An order to try `lanekeeper send` with.
fn sample(folder: &Path, run: u64, clock: &dyn Clock) -> anyhow::Result<()> {
    let order = Maker::new(run * 100 + 99, "USD").order(1001, clock.now());
    Ok(fs::write(folder.join("order.json"), serde_json::to_vec_pretty(&order)?)?)
}

async fn link(office: &Office, shop: &Part) -> anyhow::Result<String> {
    let id = ShopId::parse(shop.id)?;
    let reply = office.carry_out(Command::ShopLink { id, days: 1 }).await.reply;
    let Reply::ShopLinked { url, .. } = reply else { bail!("no link was made for a merchant: {}", words(&reply)) };
    Ok(url.0)
}

async fn operator(office: &Office, name: &str, role: Role) -> anyhow::Result<String> {
    let name = OperatorId::parse(name)?;
    let reply = office.carry_out(Command::OperatorAdd { name, role }).await.reply;
    let Reply::OperatorAdded { token, .. } = reply else {
        bail!("a made-up operator was not added: {}", words(&reply))
    };
    Ok(token.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_ledger_is_not_used_again() {
        let data = tempfile::tempdir().unwrap();
        let demo = Demo { fast: true, listen: None, data: Some(data.path().to_owned()), orders: None };
        assert!(folder(&demo).is_ok());
        fs::write(data.path().join(LEDGER), "").unwrap();
        let refused = folder(&demo).unwrap_err().to_string();
        assert!(refused.contains("name another folder"), "{refused}");
    }
}
