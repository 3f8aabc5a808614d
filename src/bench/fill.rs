//! Ledgers as a measurement needs them: shops, lanes and waiting jobs, recorded through the ports by many callers at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::body::Bytes;
use backend::embedded::ledger::Ledger;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lane::carriage::Carriage;
use lane::clock::{Clock, Timestamp};
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::line::Pause;
use lane::marks::Marks;
use lane::outcome::PauseReason;
use lane::policy::Policy;
use lane::ports::{Desk as _, Intake as _, Recorded, Registry as _};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use lane::webhook::{Content, OrderNews, Webhook};

use super::orders::{FIRST, domain, id_of};

/// Callers at the same time: enough for whole commits.
const AT_ONCE: usize = 512;
/// How long a ledger may take to move its log into the file when it is closed.
const CLOSING: Duration = Duration::from_mins(1);
/// The variable of the server's environment that holds the shops' token.
pub(super) const TOKEN: &str = "LANEKEEPER_BENCH_TOKEN";

/// The name of the account of a shop.
pub(super) fn account(shop: u64) -> String {
    format!("account-{shop}")
}

pub(super) fn lane_of(shop: u64) -> anyhow::Result<LaneKey> {
    Ok(LaneKey::orders(&ShopId::parse(&format!("shop-{shop}"))?))
}

/// A shop with an account of its own. At most so many of its orders go together.
pub(super) fn shop(at: u64, together: u32, now: Timestamp) -> anyhow::Result<Shop> {
    let mut carriage = Carriage::default();
    carriage.burst.orders = together;
    Ok(Shop {
        id: ShopId::parse(&format!("shop-{at}"))?,
        source: Source::Shopify,
        domains: vec![domain(at)],
        token: SecretRef::Env(TOKEN.to_owned()),
        warehouse: AccountId::at("shipstation", &account(at)),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage,
        added_at: now,
    })
}

/// A webhook as the handler makes it, with this body, or a small one.
pub(super) fn webhook(shop: u64, number: u64, body: Option<Bytes>, now: Timestamp) -> Webhook {
    let mut body_hash = [0; 32];
    body_hash[..8].copy_from_slice(&number.to_be_bytes());
    let news = OrderNews {
        id: JobId::from(id_of(number)),
        number: format!("#{number}"),
        updated_at: None,
        fingerprint: Fingerprint::of(&body_hash),
        cancelled: false,
        test: false,
        financial_status: "paid".into(),
        ships_something: true,
        marks: Marks::default(),
    };
    Webhook {
        source: Source::Shopify,
        merchant: domain(shop),
        topic: "orders/create".into(),
        webhook_id: Some(format!("w{number}")),
        event_id: Some(format!("e{number}")),
        body_hash,
        body: body.unwrap_or_else(|| Bytes::from(format!("{{\"id\":{}}}", id_of(number)))),
        received_at: now,
        correlation: CorrelationId::of(&body_hash, now),
        content: Content::Order(news),
    }
}

/// A ledger that is being filled. Numbers are given out one after the other.
pub(super) struct Filling {
    pub(super) ledger: Ledger,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) next: u64,
}

impl Filling {
    pub(super) fn open(path: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        Ok(Self { ledger: Ledger::open(path, clock.as_ref())?, clock: Arc::clone(clock), next: FIRST })
    }

    /// Adds shops `0..count`.
    pub(super) async fn shops(&self, count: u64, together: u32) -> anyhow::Result<()> {
        stream::iter(0..count)
            .map(|at| async move {
                let now = self.clock.now();
                self.ledger.put_shop(&shop(at, together, now)?, now).await?;
                anyhow::Ok(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Records so many small webhooks of new orders over shops `0..shops`, in turn.
    pub(super) async fn jobs(&mut self, count: u64, shops: u64) -> anyhow::Result<()> {
        let first = self.next;
        self.next += count;
        let (ledger, clock) = (&self.ledger, &self.clock);
        let accepted = stream::iter(first..first + count)
            .map(|number| async move {
                let webhook = webhook(number % shops, number, None, clock.now());
                anyhow::Ok(u64::from(matches!(ledger.record(webhook).await?, Recorded::New { .. })))
            })
            .buffer_unordered(AT_ONCE)
            .try_fold(0, |sum, one| async move { Ok(sum + one) })
            .await?;
        ensure!(accepted == count, "{accepted} of {count} webhooks became jobs");
        Ok(())
    }

    /// Pauses the lanes of shops `0..count`; they have to have a job.
    pub(super) async fn pause(&self, count: u64) -> anyhow::Result<()> {
        stream::iter(0..count)
            .map(|at| async move {
                let pause = Pause {
                    why: PauseReason::Operator { why: "it is measured without".to_owned() },
                    until: None,
                    by: Some(OperatorId::parse("bench")?),
                    since: self.clock.now(),
                };
                self.ledger.pause(&lane_of(at)?, &pause, None).await?;
                anyhow::Ok(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Closes the file and waits until no thread has it open any more.
    pub(super) async fn close(self, path: &Path) -> anyhow::Result<()> {
        drop(self.ledger);
        let closed = async {
            while is_open(path) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(CLOSING, closed).await.context("a ledger that was filled does not close")
    }
}

/// Whether this process has the file open.
fn is_open(path: &Path) -> bool {
    let handles = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    handles.filter_map(|handle| std::fs::read_link(handle.path()).ok()).any(|file| file == path)
}
