//! The office under test: the review application over a real ledger on a free port, with work that waits in it.

mod cast;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Html;
use axum::routing::get;
use backend::contract::ledger::{News, Ports, Scene};
use backend::embedded::ledger::Ledger;
use lane::clock::ManualClock;
use lane::hold::{Fact, HoldReason};
use lane::id::{Fingerprint, LaneKey, OperatorId, ShopId};
use lane::line::Pause;
use lane::operator::Operator;
use lane::outcome::{Outcome, PauseReason, Reach, Trouble};
use lane::ports::{QueueError, QueueSender, Release};
use lane::shop::SkipReason;
use lane::state::StateKind;
use lane::view::{JobFilter, Page};
use lane::wake_up::Envelope;
use lane::webhook::Content;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

pub(crate) use cast::{HELD, Held};
use cast::{OPERATORS, SHOPS, Told};

/// What a stranger writes who wants it to run in a reviewer's browser.
pub(crate) const SCRIPT: &str = "<script>window.__canary=1</script>";
pub(crate) const IMAGE: &str = "\"><img src=x onerror=\"window.__canary=2\">";

/// An order whose every text a stranger wrote.
pub(crate) const STRANGERS: u64 = 666;

/// A queue that counts what it is told.
#[derive(Default)]
struct Bell(AtomicUsize);

#[async_trait]
impl QueueSender for Bell {
    async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The application, and the ledger behind it.
pub(crate) struct Office {
    pub(crate) scene: Scene,
    address: String,
    bell: Arc<Bell>,
    _folder: tempfile::TempDir,
}

impl Office {
    /// Opens with everything in it that [`cast`] names: held and failed orders, a paused lane, webhooks kept aside.
    pub(crate) async fn open() -> Self {
        let clock = Arc::new(ManualClock::starting("2026-11-23T06:00:00Z".parse().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(&folder.path().join("ledger.db"), clock.as_ref()).unwrap());
        let scene = Scene { ports: Ports::of(&ledger), clock: clock.clone() };
        let bell = Arc::new(Bell::default());
        let settings = review::Settings { links: links(), ..review::Settings::default() };
        let review = review::router(ledger, bell.clone(), clock, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, review.merge(careless())).await });
        let office = Self { scene, address, bell, _folder: folder };
        office.fills().await;
        office
    }

    /// The address of one of its pages.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The address of a link to a shop's page.
    pub(crate) async fn link(&self, shop: &str) -> String {
        let shop = self.scene.ports.desk.merchant(&ShopId::parse(shop).unwrap()).await.unwrap().unwrap();
        let (path, _) = links().make(&shop, 30, self.scene.now()).unwrap();
        self.at(path.expose_secret())
    }

    /// How many wake-ups were sent.
    pub(crate) fn wake_ups(&self) -> usize {
        self.bell.0.load(Ordering::Relaxed)
    }

    async fn fills(&self) {
        for (name, role) in OPERATORS {
            let (id, token_hash) = (OperatorId::parse(name).unwrap(), review::token_hash(&token(name)));
            let operator = Operator { id, role, token_hash, disabled: false };
            self.scene.ports.registry.put_operator(&operator).await.unwrap();
        }
        for shop in SHOPS {
            self.scene.shop(shop).await;
        }
        for held in HELD {
            self.ends(held.shop, held.id, held.number, holds(held.reason, held.evidence)).await;
        }
        for (shop, id, number, words) in cast::FAILED {
            self.ends(shop, id, number, Outcome::Fail(Trouble::new("shipstation", words))).await;
        }
        let (shop, id, number) = cast::UNKNOWN_TO_SHOP;
        self.ends(shop, id, number, Outcome::Skip(SkipReason::UnknownToShop)).await;
        self.comes("newcomer", 9001, "#1").await;
        self.comes("bolt", cast::IN_LINE.0, cast::IN_LINE.1).await;
        self.comes(cast::PAUSED, 7001, "C-7001").await;
        self.pauses(cast::PAUSED, "the warehouse takes stock until noon").await;
        self.scene.pass(47 * 60);
    }

    /// More orders are held, for the limit of their shop.
    pub(crate) async fn many_are_held(&self, many: u64) {
        for nth in 0..many {
            let evidence = [("total", "310.00 EUR"), ("limit", "300.00 EUR")];
            self.ends("acme", 5000 + nth, &format!("N-{nth:03}"), holds(HoldReason::TotalAbove, &evidence)).await;
        }
    }

    /// How many orders are in a state.
    pub(crate) async fn count(&self, state: StateKind) -> usize {
        let filter = JobFilter { state: Some(state), shop: None };
        let page = Page { after: None, limit: 100 };
        self.scene.ports.desk.jobs(&filter, &page).await.unwrap().rows.len()
    }

    /// An order comes; nobody has looked at it yet.
    async fn comes(&self, shop: &str, id: u64, number: &str) {
        self.scene.pass(19 * 60);
        let mut webhook = self.scene.webhook(shop, &News::of(id));
        if let Content::Order(news) = &mut webhook.content {
            number.clone_into(&mut news.number);
        }
        self.scene.ports.intake.record(webhook).await.unwrap();
    }

    /// An order comes, and its first attempt ends so.
    async fn ends(&self, shop: &str, id: u64, number: &str, outcome: Outcome) {
        self.comes(shop, id, number).await;
        let lease = self.scene.lease(shop).await;
        self.scene.attempts(&lease, id, outcome, Reach::Untouched).await;
        let released = self.scene.releases(&lease).await;
        assert!(matches!(released, Release::Released { .. }), "{released:?}");
    }

    async fn pauses(&self, shop: &str, why: &str) {
        let lane = LaneKey::orders(&ShopId::parse(shop).unwrap());
        let by = Some(OperatorId::parse("ada").unwrap());
        let why = PauseReason::Operator { why: why.to_owned() };
        let pause = Pause { why, until: None, by, since: self.scene.now() };
        self.scene.ports.desk.pause(&lane, &pause, None).await.unwrap();
    }

    /// Orders come of which each waits for a person.
    pub(crate) async fn holds_many(&self, shop: &str, orders: std::ops::Range<u64>) {
        for id in orders {
            self.ends(shop, id, &format!("#{id}"), holds(HoldReason::Everything, &[])).await;
        }
    }

    /// Somebody writes what would run if it were taken for anything but text: as an order's number, in its evidence, as
    /// the name of a merchant, and as what a provider said.
    pub(crate) async fn strangers_write(&self) {
        let unbroken = "x".repeat(300);
        let evidence = [(SCRIPT, IMAGE), ("ships to", SCRIPT), ("line", unbroken.as_str())];
        self.ends("acme", STRANGERS, SCRIPT, holds(HoldReason::Tagged, &evidence)).await;
        self.ends("acme", STRANGERS + 1, IMAGE, Outcome::Fail(Trouble::new("shipstation", SCRIPT))).await;
        self.comes(IMAGE, STRANGERS + 2, SCRIPT).await;
        self.pauses("bolt", IMAGE).await;
        self.scene.pass(60);
    }
}

fn links() -> review::Links {
    review::Links::new(vec!["what signs the links of this office".into()]).unwrap()
}

/// What an operator signs in with.
pub(crate) fn token(operator: &str) -> String {
    format!("lk_{operator}-0123456789")
}

fn holds(reason: HoldReason, evidence: &[Told]) -> Outcome {
    let evidence = evidence.iter().map(|(name, value)| Fact::new(name, value)).collect();
    Outcome::Hold { reason, evidence, fingerprint: Fingerprint::given("as fetched"), difference: None }
}

/// A page that does everything wrong, so that what finds nothing wrong elsewhere is seen to find it here: it is too wide,
/// it cannot be read, and text is not text in it. `/careless` has no policy, `/forbidden` has one.
fn careless() -> Router {
    let page = || {
        let wide = "<p style=\"width:2000px;color:#ccc;background:#fff\">hardly there</p><img src=/careless.png>";
        Html(format!("<!doctype html><title>careless</title>{wide}{SCRIPT}"))
    };
    Router::new()
        .route("/careless", get(async move || page()))
        .route("/forbidden", get(async move || ([(CONTENT_SECURITY_POLICY, "default-src 'none'")], page())))
}
