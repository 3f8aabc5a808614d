//! The words in which the cases are told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lane::carriage::Carriage;
use lane::clock::{Clock, ManualClock, Timestamp, after};
use lane::decision::{Decision, Verdict};
use lane::id::{AccountId, CorrelationId, Fingerprint, JobId, LaneKey, OperatorId, ShopId};
use lane::job::Job;
use lane::line::{Lease, Leased};
use lane::marks::Marks;
use lane::outcome::{Learnt, Outcome, Reach, Report};
use lane::policy::Policy;
use lane::ports::{
    Begin, Complete, Decided, Desk, Head, Intake, Limits, Once, Privacy, Recorded, Registry, Release, Shipping, Work,
};
use lane::rules::HoldRules;
use lane::shop::{Qualification, SecretRef, Shop, Source};
use lane::state::StateKind;
use lane::view::Page;
use lane::webhook::{Content, OrderNews, Webhook};

use super::news::News;

/// One backend's ledger behind every port.
#[derive(Clone)]
pub struct Ports {
    /// As the handler uses it.
    pub intake: Arc<dyn Intake>,
    /// As the worker uses it.
    pub work: Arc<dyn Work>,
    /// As the limiters of several processes use it.
    pub limits: Arc<dyn Limits>,
    /// As people use it.
    pub desk: Arc<dyn Desk>,
    /// As the command line uses it.
    pub registry: Arc<dyn Registry>,
    /// As whoever fetches shipments uses it.
    pub shipping: Arc<dyn Shipping>,
    /// As whoever answers privacy requests uses it.
    pub privacy: Arc<dyn Privacy>,
}

impl Ports {
    /// The ports of a ledger that has all of them.
    pub fn of<L: Intake + Work + Limits + Desk + Registry + Shipping + Privacy + 'static>(ledger: &Arc<L>) -> Self {
        Self {
            intake: ledger.clone(),
            work: ledger.clone(),
            limits: ledger.clone(),
            desk: ledger.clone(),
            registry: ledger.clone(),
            shipping: ledger.clone(),
            privacy: ledger.clone(),
        }
    }
}

/// A fresh ledger and a clock that only the case moves.
#[derive(Clone)]
pub struct Scene {
    /// The ledger.
    pub ports: Ports,
    /// The time.
    pub clock: Arc<ManualClock>,
}

impl Scene {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Adds a shop whose domain is `<id>.myshopify.com`.
    pub async fn shop(&self, id: &str) {
        self.shop_with(id, Policy::default()).await;
    }

    /// Adds a shop with a policy.
    pub async fn shop_with(&self, id: &str, policy: Policy) {
        self.ports.registry.put_shop(&self.shop_value(id, policy), self.now()).await.expect("the shop is added");
    }

    /// The shop that [`Scene::shop`] adds.
    pub fn shop_value(&self, id: &str, policy: Policy) -> Shop {
        Shop {
            id: ShopId::parse(id).expect("a shop id"),
            source: Source::Shopify,
            domains: vec![format!("{id}.myshopify.com")],
            token: SecretRef::Env("TOKEN".to_owned()),
            warehouse: AccountId::at("shipstation", "main"),
            policy,
            rules: HoldRules::default(),
            qualifies: Qualification::default(),
            carriage: Carriage::default(),
            added_at: self.now(),
        }
    }

    /// A webhook as the handler would hand it over.
    pub fn webhook(&self, shop: &str, news: &News) -> Webhook {
        let body = format!("{}{}{}{}", news.order, news.version, news.says, news.qualifies);
        let body_hash = hash(body.as_bytes());
        let received_at = self.now();
        let updated_at = Timestamp::from_second(1_700_000_000 + news.version).expect("a time");
        Webhook {
            source: Source::Shopify,
            merchant: format!("{shop}.myshopify.com"),
            topic: news.topic.to_owned(),
            webhook_id: news.delivery.clone(),
            event_id: news.event.clone(),
            body_hash,
            body: Bytes::from(body),
            received_at,
            correlation: CorrelationId::of(&body_hash, received_at),
            content: Content::Order(OrderNews {
                id: JobId::from(news.order),
                number: format!("#{}", news.order),
                updated_at: Some(updated_at),
                fingerprint: Fingerprint::of(news.says.as_bytes()),
                cancelled: !news.qualifies,
                test: false,
                financial_status: "paid".to_owned(),
                ships_something: true,
                marks: Marks::default(),
            }),
        }
    }

    /// A webhook arrives.
    pub async fn hears(&self, shop: &str, news: &News) -> Recorded {
        self.ports.intake.record(self.webhook(shop, news)).await.expect("the webhook is recorded")
    }

    /// Asks for the lane's lease for 130 s.
    pub async fn lease_as(&self, shop: &str, owner: &str) -> Leased {
        let until = after(self.now(), Duration::from_secs(130));
        self.ports.work.lease(&lane(shop), owner, self.now(), until).await.expect("an answer about the lease")
    }

    /// Takes the lane's lease.
    pub async fn lease(&self, shop: &str) -> Lease {
        match self.lease_as(shop, "worker").await {
            Leased::Yes(lease) => lease,
            other @ (Leased::Busy { .. } | Leased::Paused { .. }) => panic!("no lease: {other:?}"),
        }
    }

    /// The id at the head, if it is ready.
    pub async fn head(&self, lease: &Lease) -> Option<String> {
        match self.ports.work.head(lease, self.now()).await.expect("a head") {
            Head::Ready(job) => Some(job.id.to_string()),
            Head::NotReady(_) | Head::Lost => None,
        }
    }

    /// Begins an attempt.
    pub async fn begins(&self, lease: &Lease, order: u64) -> Begin {
        let begun = self.ports.work.begin(lease, &JobId::from(order), Policy::default(), self.now()).await;
        begun.expect("an answer to begin")
    }

    /// Completes the running attempt.
    pub async fn completes(&self, lease: &Lease, order: u64, outcome: Outcome, reach: Reach) -> Complete {
        self.completes_with(lease, order, outcome, reach, Policy::default()).await
    }

    /// Completes the running attempt under a policy.
    pub async fn completes_with(
        &self,
        lease: &Lease,
        order: u64,
        outcome: Outcome,
        reach: Reach,
        policy: Policy,
    ) -> Complete {
        let report = Report { outcome, reach, calls: Vec::new(), learnt: Learnt::default() };
        let completed = self.ports.work.complete(lease, &JobId::from(order), report, policy, 0.5, self.now()).await;
        completed.expect("an answer to complete")
    }

    /// Begins and completes.
    pub async fn attempts(&self, lease: &Lease, order: u64, outcome: Outcome, reach: Reach) -> Complete {
        assert!(matches!(self.begins(lease, order).await, Begin::Attempt { .. }), "order {order} begins");
        self.completes(lease, order, outcome, reach).await
    }

    /// Gives the lease back.
    pub async fn releases(&self, lease: &Lease) -> Release {
        self.ports.work.release(lease, None, self.now()).await.expect("an answer to release")
    }

    /// What the sweep finds: the jobs it would wake lanes for.
    pub async fn sweeps(&self) -> Vec<String> {
        let swept = self.ports.work.lanes_to_wake(self.now(), 100).await.expect("a sweep");
        swept.sends.into_iter().map(|send| send.dedup.to_string()).collect()
    }

    /// The job as it is now.
    pub async fn job(&self, shop: &str, order: u64) -> Job {
        let job = self.ports.desk.job(&lane(shop), &JobId::from(order)).await.expect("an answer about the job");
        job.expect("a job")
    }

    /// The state of a job.
    pub async fn state(&self, shop: &str, order: u64) -> StateKind {
        self.job(shop, order).await.state.kind()
    }

    /// The decision that the job's question asks for.
    pub async fn decision(&self, shop: &str, order: u64, verdict: Verdict, by: &str) -> Decision {
        let job = self.job(shop, order).await;
        let question = job.question().expect("a question");
        Decision {
            lane: job.lane,
            job: job.id,
            verdict,
            hold: question.number,
            fingerprint: question.fingerprint,
            by: OperatorId::parse(by).expect("an operator"),
            note: "checked".to_owned(),
            at: self.now(),
            takes_effect: self.now(),
        }
    }

    /// Decides.
    pub async fn decides(&self, decision: &Decision) -> Decided {
        match self.ports.desk.decide(decision, None).await.expect("an answer to the decision") {
            Once::Answer(decided) => decided,
            Once::KeyReused => panic!("no key was given"),
        }
    }

    /// Every job is in exactly one state, and the counts say so.
    pub async fn conserves(&self) {
        let figures = self.ports.desk.figures(self.now()).await.expect("figures");
        let counted: u64 = figures.jobs.iter().map(|(_, n)| n).sum();
        let mut listed = 0;
        for (state, n) in &figures.jobs {
            let mut page = Page { after: None, limit: 2 };
            let filter = lane::view::JobFilter { state: Some(*state), shop: None };
            let mut of_state = 0;
            loop {
                let jobs = self.ports.desk.jobs(&filter, &page).await.expect("jobs");
                of_state += jobs.rows.len() as u64;
                match jobs.next {
                    Some(next) => page.after = Some(next),
                    None => break,
                }
            }
            assert_eq!(of_state, *n, "jobs that are {}", state.as_str());
            listed += of_state;
        }
        assert_eq!(listed, counted);
    }

    /// How many webhooks came to this.
    pub async fn webhooks(&self, word: &str) -> u64 {
        let figures = self.ports.desk.figures(self.now()).await.expect("figures");
        let counted = figures.webhooks.iter().find(|(known, _)| known == word);
        counted.map(|(_, n)| *n).expect("every word is counted")
    }
}

pub(super) fn lane(shop: &str) -> LaneKey {
    LaneKey::orders(&ShopId::parse(shop).expect("a shop id"))
}

pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

/// Orders are sold, one after another.
pub(super) async fn orders(scene: &Scene, shop: &str, orders: impl IntoIterator<Item = u64>) {
    for order in orders {
        scene.hears(shop, &News::of(order)).await;
    }
}
