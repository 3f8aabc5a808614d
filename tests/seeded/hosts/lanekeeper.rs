//! The program: ledger, queue, daemon, handler and review, put together as the real one does it, on simulated sockets.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use backend::embedded::ledger::Ledger;
use backend::embedded::queue::{self, Queue};
use backend::secrets::Local;
use lane::clock::Clock;
use lane::id::{OperatorId, ShopId};
use lane::operator::{Operator, Role};
use lane::policy::{Policy, Standing};
use lane::ports::{QueueSender, Registry as _};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use worker::accounts::{Accounts, ShipStationAccount, ShopifySettings};
use worker::daemon::{CONCURRENCY, DRAIN_TIMEOUT, Daemon, Parts};
use worker::jobs::order::Orders;
use worker::limiter::Limiter;

use super::{KEY, REVIEW_PORT, SECRET, World};
use crate::late::{Chance, Late, Leaky};
use crate::plan::{Merchant, Rule};
use crate::wire::{Simulated, serve};

pub(super) const TOKEN: &str = "lk_operator";

pub(super) async fn run(world: Arc<World>) -> turmoil::Result {
    let boot = world.boots.fetch_add(1, Ordering::Relaxed);
    let seed = world.plan.seed.wrapping_mul(1_000_003).wrapping_add(boot);
    let clock: Arc<dyn Clock> = world.clock.clone();
    let ledger = Ledger::open_in_line(&world.file(), clock.as_ref())?;
    *world.ledger.lock().unwrap() = Some(ledger.clone());
    let stop = CancellationToken::new();
    *world.stop.lock().unwrap() = stop.clone();
    if boot == 0 {
        set_up(&world, &ledger).await;
    }
    let queue = Queue::new(lane::id::Queue::Orders, Arc::clone(&clock), queue::Settings::default());
    let sender: Arc<dyn QueueSender> =
        Arc::new(Leaky { queue: queue.clone(), chance: Chance::of(seed ^ 1), lost: world.plan.lost });
    let late = Arc::new(Late {
        ledger: ledger.clone(),
        chance: Chance::of(seed ^ 2),
        sick: Arc::clone(&world.sick),
        without: world.plan.without,
    });
    let limiter = Limiter::new(Arc::clone(&clock));
    let shopify = ShopifySettings { base_url: "http://shopify/{domain}".into(), ..ShopifySettings::default() };
    let orders = Orders::new(
        Accounts::of([account(&world)]),
        shopify,
        Arc::new(Local),
        limiter.clone(),
        Arc::clone(&clock),
        late.clone(),
    )?
    .over(Arc::new(Simulated));
    let daemon = Daemon::new(Parts {
        ledger: late.clone(),
        sender: Arc::clone(&sender),
        receiver: Arc::new(queue),
        carry: Arc::new(orders),
        limiter,
        clock: Arc::clone(&clock),
        owner: format!("boot-{boot}"),
        concurrency: CONCURRENCY,
        drain_timeout: DRAIN_TIMEOUT,
        seed,
    });
    let settings = handler::Settings::new(vec![SECRET.to_owned().into()])?;
    let webhooks = handler::router(settings, late, Arc::clone(&sender), Arc::clone(&clock));
    let review = review::router(Arc::new(ledger), sender, clock, review::Settings::default());
    tokio::spawn(async move { serve(80, webhooks).await.unwrap() });
    tokio::spawn(async move { serve(REVIEW_PORT, review).await.unwrap() });
    daemon.run(stop).await;
    Ok(())
}

fn secret(world: &World, name: &str) -> SecretRef {
    SecretRef::File(world.folder.path().join(name).to_str().unwrap().to_owned())
}

fn account(world: &World) -> ShipStationAccount {
    ShipStationAccount {
        base_url: "http://shipstation".into(),
        per_minute: if world.plan.without == Some(Rule::Limit) { 10_000 } else { world.plan.per_minute },
        ..ShipStationAccount::named("main", secret(world, KEY), secret(world, "secret"))
    }
}

/// What people do once, with commands.
async fn set_up(world: &World, ledger: &Ledger) {
    let now = world.clock.now();
    for merchant in &world.plan.shops {
        ledger.put_shop(&shop(world, merchant), now).await.unwrap();
    }
    let operator = Operator {
        id: OperatorId::parse("ann").unwrap(),
        role: Role::Reviewer,
        token_hash: review::token_hash(TOKEN),
        disabled: false,
    };
    ledger.put_operator(&operator).await.unwrap();
}

fn shop(world: &World, merchant: &Merchant) -> Shop {
    let mut shop = Shop {
        id: ShopId::parse(&merchant.id).unwrap(),
        source: Source::Shopify,
        domains: vec![merchant.domain()],
        token: secret(world, "token"),
        warehouse: account(world).id,
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: lane::carriage::Carriage::default(),
        added_at: world.clock.now(),
    };
    if let Some(above) = merchant.holds_above {
        let rule = json!({"rules": [{"when": "total-above", "limit": format!("{above}.00 USD")}]});
        shop.rules = serde_json::from_value(rule).unwrap();
    }
    if merchant.steps_aside || world.plan.without == Some(Rule::StandStill) {
        shop.policy.retry = Standing::StepAside;
    }
    shop.carriage.burst.orders = merchant.together;
    shop
}
