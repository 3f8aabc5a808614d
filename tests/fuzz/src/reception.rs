//! The handler with a ledger and a queue that remember what they were asked, on a runtime of one thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handler::{Settings, Warehouse, router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lane::clock::{ManualClock, Timestamp};
use lane::id::{AccountId, JobId, LaneKey, ShopId};
use lane::ports::{Intake, LedgerError, Notice, QueueError, QueueSender, Recorded};
use lane::state::StateKind;
use lane::view::QuarantineReason;
use lane::wake_up::{DedupId, Envelope, WakeUp};
use lane::webhook::{Content, Named, Webhook};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

pub(crate) const SECRET: &str = "shpss_current";
pub(crate) const PREVIOUS: &str = "shpss_previous";
pub(crate) const NOTICE_SECRET: &str = "notice-secret-of-the-main-account";
pub(crate) const SPARE_NOTICE_SECRET: &str = "notice-secret-of-the-spare-account";
/// The host of the main account; of the spare one none is known.
pub(crate) const NOTICE_HOST: &str = "ssapi.shipstation.com";

/// What came of a request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) recorded: Vec<Webhook>,
    pub(crate) noticed: Vec<Notice>,
    pub(crate) sent: usize,
}

impl Answer {
    /// The word that a 200 carries.
    pub(crate) fn outcome(&self) -> Option<&str> {
        self.headers.get("x-lanekeeper-outcome").map(|value| value.to_str().unwrap())
    }

    pub(crate) fn left_no_trace(&self) -> bool {
        self.recorded.is_empty() && self.noticed.is_empty() && self.sent == 0
    }
}

/// When the clock stands.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// The platform's signature.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Posts a request to the handler. It is made once for each thread and keeps nothing between requests.
pub(crate) fn post(request: Request<Body>) -> Answer {
    thread_local!(static RECEPTION: RefCell<Reception> = RefCell::new(Reception::new()));
    RECEPTION.with_borrow(|reception| reception.post(request))
}

struct Reception {
    runtime: Runtime,
    router: Router,
    desk: Arc<Desk>,
}

impl Reception {
    fn new() -> Self {
        let settings = Settings::new([SECRET, PREVIOUS].map(SecretString::from).to_vec()).unwrap();
        let settings = settings.with_warehouses(warehouses()).unwrap();
        let desk = Arc::new(Desk::default());
        let router = router(settings, desk.clone(), desk.clone(), Arc::new(ManualClock::starting(now())));
        Self { runtime: Builder::new_current_thread().enable_time().build().unwrap(), router, desk }
    }

    fn post(&self, request: Request<Body>) -> Answer {
        let answered = self.runtime.block_on(self.router.clone().oneshot(request)).unwrap();
        let (head, _) = answered.into_parts();
        let Seen { recorded, noticed, sent } = std::mem::take(&mut *self.desk.0.lock().unwrap());
        Answer { status: head.status.as_u16(), headers: head.headers, recorded, noticed, sent }
    }
}

fn warehouses() -> BTreeMap<String, Warehouse> {
    let warehouse = |name: &str, secret: &str, host: Option<&str>| {
        let account = AccountId::at("shipstation", name);
        (name.to_owned(), Warehouse { account, secret: SecretString::from(secret), host: host.map(str::to_owned) })
    };
    BTreeMap::from([warehouse("main", NOTICE_SECRET, Some(NOTICE_HOST)), warehouse("spare", SPARE_NOTICE_SECRET, None)])
}

#[derive(Default)]
struct Seen {
    recorded: Vec<Webhook>,
    noticed: Vec<Notice>,
    sent: usize,
}

/// The ledger and the queue behind the handler.
#[derive(Default)]
struct Desk(Mutex<Seen>);

#[async_trait]
impl Intake for Desk {
    async fn record(&self, webhook: Webhook) -> Result<Recorded, LedgerError> {
        let recorded = answer_to(&webhook);
        self.0.lock().unwrap().recorded.push(webhook);
        Ok(recorded)
    }

    async fn notice(&self, notice: &Notice) -> Result<(), LedgerError> {
        self.0.lock().unwrap().noticed.push(notice.clone());
        Ok(())
    }
}

#[async_trait]
impl QueueSender for Desk {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        self.0.lock().unwrap().sent += 1;
        Ok(())
    }
}

/// What a ledger would say that knows the shop and none of its orders.
fn answer_to(webhook: &Webhook) -> Recorded {
    let shop = ShopId::parse("acme").unwrap();
    let lane = LaneKey::orders(&shop);
    let wake_up = |job: &JobId, number: &str| Envelope {
        wake_up: WakeUp {
            lane: lane.clone(),
            shop: shop.clone(),
            job: job.clone(),
            number: number.to_owned(),
            at: webhook.received_at,
            approved: false,
        },
        dedup: DedupId::first(job),
    };
    match &webhook.content {
        Content::Order(news) => {
            let send = Some(wake_up(&news.id, &news.number));
            Recorded::New { lane: lane.clone(), state: StateKind::Waiting, send }
        }
        Content::Touched(Named::Order(id)) => {
            let send = Some(wake_up(id, "#1"));
            Recorded::Newer { lane: lane.clone(), state: StateKind::Waiting, send }
        }
        Content::Touched(Named::Part(_)) => Recorded::Unchanged,
        Content::Uninstalled { .. } => Recorded::Closed,
        Content::Privacy(_) => Recorded::Asked,
        Content::Unreadable { .. } => Recorded::Quarantined(QuarantineReason::Unreadable),
    }
}
