//! Whether a limit is kept and used: eight shops on one ShipStation account with its real limit, more orders than it lets
//! through, one at a time. Worker, limiter and simulator share a clock that jumps over the waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::ensure;
use backend::secrets::Local;
use futures::stream::{FuturesUnordered, StreamExt as _};
use lane::clock::{Clock, SystemClock, Timestamp, after, until};
use lane::id::LaneKey;
use lane::shop::SecretRef;
use simulators::shipstation::CALLS_PER_MINUTE;
use simulators::{ShipStation, Shopify, shipstation, shopify};
use tokio_util::sync::CancellationToken;
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::jobs::order::Orders;
use worker::lane::{Lanes, Ran};
use worker::limiter::Limiter;

use super::Bed;
use super::fill::{Filling, lane_of, shop};
use super::orders::{FIRST, domain};
use super::server::ledger;
use super::table::{Table, as_f64, count, number, ratio};

const SHOPS: u64 = 8;
/// Points a second of the largest plan: Shopify is not what is measured.
const POINTS: u32 = 2_000;
/// What of the permitted calls has to be used at least, in percent: a call that is not made is an order that waits.
const USED_MIN: f64 = 95.0;
/// Of fewer permitted calls a handful more or less says nothing.
const JUDGED_FROM: f64 = 100.0;

/// A clock that goes like the machine's and can be set forward.
struct Jumping {
    system: SystemClock,
    ahead: Mutex<Duration>,
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        after(self.system.now(), *self.ahead.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Jumping {
    fn jump_to(&self, at: Timestamp) {
        let wait = until(self.now(), at);
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += wait;
    }
}

pub(super) async fn measure(bed: &Bed) -> anyhow::Result<Table> {
    let columns = ["shops", "orders", "calls", "answered 429", "minutes", "permitted", "used %"];
    let heading = "Limiter: shops that share one ShipStation account with 40 calls a minute, while there is work";
    let mut table = Table::new("limiter", heading, &columns);
    let orders = bed.amount(bed.size(80, 800));
    let clock = Arc::new(Jumping { system: SystemClock::start(), ahead: Mutex::default() });
    let place = bed.place()?;
    let market = Market::open(bed, &clock, place.path(), orders).await?;
    let began = clock.now();
    market.work(&clock).await?;
    let journal = market.shipstation.journal();
    let calls = journal.calls();
    let last = calls.last().map_or(began, |call| call.at);
    let minutes = until(began, last).as_secs_f64() / 60.0;
    // The first minute is left out: what a fresh window lets through at once is not the pace that can be kept.
    let fresh = after(began, Duration::from_mins(1));
    let steady = calls.iter().filter(|call| call.at >= fresh).count() as u64;
    let permitted = f64::from(CALLS_PER_MINUTE) * (minutes - 1.0);
    let refused = journal.answered(429);
    let made = market.shipstation.orders().len() as u64;
    ensure!(made == orders, "{made} of {orders} orders are at the warehouse");
    ensure!(refused == 0, "{refused} calls were answered 429");
    let used = 100.0 * ratio(as_f64(steady), permitted);
    let is_judged = !bed.quick && permitted >= JUDGED_FROM;
    ensure!(!is_judged || used >= USED_MIN, "{used:.1} % of the {permitted:.0} permitted calls were used");
    table.row(vec![
        count(SHOPS),
        count(orders),
        count(calls.len() as u64),
        count(refused as u64),
        number(minutes, 1),
        number(permitted, 0),
        number(used, 1),
    ]);
    table.note("orders one by one, two calls each; permitted and used: after the first minute, until the last call");
    market.shopify.stop().await;
    market.shipstation.stop().await;
    Ok(table)
}

struct Market {
    shopify: Shopify,
    shipstation: ShipStation,
    lanes: Lanes,
}

impl Market {
    async fn open(bed: &Bed, clock: &Arc<Jumping>, folder: &std::path::Path, orders: u64) -> anyhow::Result<Self> {
        let time = || -> Arc<dyn Clock> { clock.clone() };
        let here = ([127, 0, 0, 1], 0).into();
        let shopify = Shopify::start(here, shopify::Settings::default(), time()).await?;
        let shipstation = ShipStation::start(here, shipstation::Settings::default(), time()).await?;
        shipstation.add_account("secret", "secret", CALLS_PER_MINUTE);
        let file = folder.join("secret");
        std::fs::write(&file, "secret")?;
        let secret = SecretRef::File(file.display().to_string());
        let account = ShipStationAccount {
            base_url: shipstation.base_url(),
            ..ShipStationAccount::named("main", secret.clone(), secret.clone())
        };
        let mut filling = Filling::open(&ledger(folder), &time())?;
        for at in 0..SHOPS {
            shopify.add_shop(&domain(at), "secret");
            shopify.set_plan(&domain(at), POINTS);
            let shop =
                lane::shop::Shop { warehouse: account.id.clone(), token: secret.clone(), ..shop(at, 1, clock.now())? };
            lane::ports::Registry::put_shop(&filling.ledger, &shop, clock.now()).await?;
        }
        for number in FIRST..FIRST + orders {
            shopify.load_order(&domain(number % SHOPS), bed.orders.order(number)?)?;
        }
        filling.jobs(orders, SHOPS).await?;
        let (limiter, ledger) = (Limiter::new(time()), Arc::new(filling.ledger));
        let settings = ShopifySettings { base_url: shopify.base_url(), ..ShopifySettings::default() };
        let orders =
            Orders::new(Accounts::of([account]), settings, Arc::new(Local), limiter.clone(), time(), ledger.clone())?;
        let lanes = Lanes::new(ledger, Arc::new(orders), limiter, time(), "bench".into(), 7);
        Ok(Self { shopify, shipstation, lanes })
    }

    /// Runs each lane again whenever its message would come back; when all of them wait, the clock jumps to the first.
    async fn work(&self, clock: &Jumping) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let lanes: Vec<LaneKey> = (0..SHOPS).map(lane_of).collect::<anyhow::Result<_>>()?;
        let run = |at: usize| {
            let (lane, stop) = (&lanes[at], &stop);
            async move { (at, self.lanes.run(lane, stop).await) }
        };
        let mut running: FuturesUnordered<_> = (0..lanes.len()).map(run).collect();
        let mut waiting: BTreeSet<(Timestamp, usize)> = BTreeSet::new();
        loop {
            while let Some((at, ran)) = running.next().await {
                match ran {
                    Ran::Visible => running.push(run(at)),
                    Ran::DeferUntil(time) | Ran::Delete { wake: Some(time) } => {
                        waiting.insert((time, at));
                    }
                    Ran::Delete { wake: None } => {}
                }
                let now = clock.now();
                while waiting.first().is_some_and(|(time, _)| *time <= now)
                    && let Some((_, at)) = waiting.pop_first()
                {
                    running.push(run(at));
                }
            }
            let Some((time, at)) = waiting.pop_first() else { return Ok(()) };
            clock.jump_to(time);
            running.push(run(at));
        }
    }
}
