//! The machines of a run: the program under test, both providers, the merchants' webhooks, and an operator.

mod lanekeeper;
mod merchants;
mod operator;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use backend::embedded::ledger::Ledger;
use lane::clock::Clock;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use turmoil::Sim;

use super::clock::Virtual;
use super::plan::Plan;
use super::wire;

pub(crate) use merchants::{Delivery, maker};

pub(crate) const LANEKEEPER: &str = "lanekeeper";
pub(crate) const SHOPIFY: &str = "shopify";
pub(crate) const SHIPSTATION: &str = "shipstation";
const OPERATOR: &str = "operator";

/// Where people decide.
const REVIEW_PORT: u16 = 8080;

/// The secret that webhooks are signed with.
const SECRET: &str = "the app's secret of this run";

const KEY: &str = "key";

/// What the hosts of a run share with whoever watches it.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<Virtual>,
    pub(crate) shopify: Shopify,
    pub(crate) shipstation: ShipStation,
    /// How often the program was started.
    pub(crate) boots: AtomicU64,
    /// The ledger of the running program.
    pub(crate) ledger: Mutex<Option<Ledger>>,
    /// Asks the running program to stop.
    pub(crate) stop: Mutex<CancellationToken>,
    /// Whether the ledger refuses everything.
    pub(crate) sick: Arc<AtomicBool>,
    /// What merchants have not done yet.
    pub(crate) deeds_left: AtomicU64,
    /// Every webhook, and what became of it.
    pub(crate) deliveries: Mutex<Vec<Delivery>>,
    /// What the operator decided, for the trace.
    pub(crate) decisions: Mutex<Vec<String>>,
    folder: TempDir,
}

impl World {
    /// Everything that is there before the program is started for the first time.
    pub(crate) fn of(plan: Plan) -> Arc<Self> {
        let clock = Arc::new(Virtual::default());
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let at = |host| SocketAddr::from(([192, 168, 0, host], 80));
        let shopify = Shopify::unconnected(at(2), shopify::Settings::default(), time()).unwrap();
        let shipstation = ShipStation::unconnected(at(3), shipstation::Settings::default(), time()).unwrap();
        shipstation.add_account(KEY, "secret", plan.per_minute);
        for merchant in &plan.shops {
            shopify.add_shop(&merchant.domain(), "token");
        }
        let folder = tempfile::tempdir().unwrap();
        for secret in [KEY, "secret", "token"] {
            std::fs::write(folder.path().join(secret), secret).unwrap();
        }
        let deeds_left = AtomicU64::new(plan.deeds.len() as u64);
        Arc::new(Self {
            plan,
            clock,
            shopify,
            shipstation,
            boots: AtomicU64::default(),
            ledger: Mutex::default(),
            stop: Mutex::default(),
            sick: Arc::default(),
            deeds_left,
            deliveries: Mutex::default(),
            decisions: Mutex::default(),
            folder,
        })
    }

    /// The ledger's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// Sets the hosts up.
    pub(crate) fn populate(self: &Arc<Self>, sim: &mut Sim<'_>) {
        let world = Arc::clone(self);
        sim.host(LANEKEEPER, move || lanekeeper::run(Arc::clone(&world)));
        let world = Arc::clone(self);
        sim.host(SHOPIFY, move || merchants::run(Arc::clone(&world)));
        let shipstation = self.shipstation.clone();
        sim.host(SHIPSTATION, move || {
            let shipstation = shipstation.clone();
            async move {
                let converse = move |stream| {
                    let shipstation = shipstation.clone();
                    async move { shipstation.converse(stream).await }
                };
                Ok(wire::accept(80, converse).await?)
            }
        });
        let world = Arc::clone(self);
        sim.host(OPERATOR, move || operator::run(Arc::clone(&world)));
    }
}
