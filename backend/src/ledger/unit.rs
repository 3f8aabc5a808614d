//! What a store lets a unit of writing do.
//!
//! All that a unit reads is as of one moment, its own writes included, and all that it writes becomes durable together or
//! never. A store that learns while it writes that something was read too early runs the unit once more.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::history::Entry;
use lane::id::{AccountId, JobId, LaneKey, OperatorId, Place, ShopId};
use lane::job::Job;
use lane::line::Pick;
use lane::operator::Operator;
use lane::ports::{Notice, RequestKey};
use lane::privacy::PrivacyRequest;
use lane::shop::{Shop, Source};
use lane::state::Placing;
use lane::view::{QuarantineReason, Recorded as DecisionRecord};
use lane::webhook::Webhook;

use super::fault::Fault;
use super::row::{JobRef, JobRow, Lane, LaneRef};
use super::tombs::Tomb;

/// One unit of writing.
pub(crate) trait Unit: Lanes + Jobs + Webhooks + Shops + Desks + People {
    /// Counts, for people's figures.
    fn count(&mut self, name: String, by: i64);

    /// A job may have ended because it was forgotten; that is told once the unit is durable.
    fn ended(&mut self, job: &Job);

    /// Whether an order that is new to the ledger may have been at the warehouse already: the ledger was a backup a while
    /// before.
    async fn doubts(&mut self, at: Timestamp) -> Result<bool, Fault>;
}

/// Lanes and their lines.
pub(crate) trait Lanes {
    async fn lane(&mut self, key: &LaneKey) -> Result<Option<Lane>, Fault>;

    /// The lane of a shop, made when its first job comes.
    async fn lane_or_new(&mut self, key: &LaneKey, shop: &ShopId) -> Result<Lane, Fault>;

    /// What the unit writes counts only as long as lease and pause are as it read them.
    async fn guard(&mut self, lane: &Lane) -> Result<(), Fault>;

    /// Writes lease, pause and rest back, if anything changed.
    async fn save_lane(&mut self, lane: &mut Lane) -> Result<(), Fault>;

    /// Gives a job that was accepted at `heard` the next place at the end of the lane. One that is in line there counts in
    /// the lane's depth, and the sweep looks at the lane at `wake` or before.
    async fn append(&mut self, lane: &mut Lane, heard: Timestamp, wake: Option<Timestamp>) -> Result<Place, Fault>;

    /// Makes sure that the sweep looks at the lane at `at` or before.
    async fn wake_by(&mut self, lane: LaneRef<'_>, at: Timestamp) -> Result<(), Fault>;

    /// Sets when the sweep looks at the lane next, or that it need not, as long as nothing has come to it since the unit read
    /// it.
    async fn set_wake(&mut self, lane: &Lane, at: Option<Timestamp>, put_off: u32) -> Result<(), Fault>;

    /// Sets when the sweep looks at the lane next, whatever has come to it meanwhile: whoever does this looks for it, or lets
    /// others look at once.
    async fn overrule_wake(&mut self, lane: &Lane, at: Timestamp) -> Result<(), Fault>;

    /// Who goes next.
    async fn pick_next(&mut self, lane: &Lane, now: Timestamp) -> Result<Pick, Fault>;

    /// The ids right behind a place in the line, at most so many.
    async fn behind(&mut self, lane: &Lane, place: Place, most: u32) -> Result<Vec<JobId>, Fault>;
}

/// Jobs, their timelines and what leads to them.
pub(crate) trait Jobs {
    async fn job(&mut self, lane: &Lane, id: &JobId) -> Result<Option<JobRow>, Fault>;

    async fn job_at(&mut self, job: &JobRef) -> Result<Option<JobRow>, Fault>;

    /// A job that is accepted now, at the place that [`Lanes::append`] gave it.
    async fn insert(&mut self, lane: &Lane, job: Job) -> Result<JobRow, Fault>;

    /// Writes the job, its entry in the line, and the counts.
    async fn save(&mut self, row: &mut JobRow) -> Result<(), Fault>;

    /// Applies where a move placed the job.
    async fn place(&mut self, row: &mut JobRow, placing: Placing) -> Result<(), Fault>;

    /// Adds to the job's timeline.
    async fn put_entry(&mut self, row: &JobRow, entry: &Entry) -> Result<(), Fault>;

    /// Jobs that are an order of the warehouse's.
    async fn jobs_there(&mut self, account: &AccountId, order: &str) -> Result<Vec<JobRef>, Fault>;

    /// The job that has a part.
    async fn owner_of(&mut self, shop: &ShopId, part: &str) -> Result<Option<JobRef>, Fault>;

    /// When a part was last named while nobody knew whose it is.
    async fn nobodys_part(&mut self, shop: &ShopId, part: &str) -> Result<Option<Timestamp>, Fault>;

    /// A part was named, and nobody knows whose it is.
    async fn remember_part(&mut self, shop: &ShopId, part: &str, at: Timestamp) -> Result<(), Fault>;

    async fn own_part(&mut self, part: &str, row: &JobRow) -> Result<(), Fault>;
}

/// Webhooks and what became of them.
pub(crate) trait Webhooks {
    /// A webhook of this shop is recorded next, under these keys: what is asked because of it may be read together.
    async fn expect(&mut self, webhook: &Webhook, shop: Option<&Shop>, keys: &[[u8; 32]]) -> Result<(), Fault>;

    /// Whether any of these permanent keys of a webhook was taken before.
    async fn are_known(&mut self, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<bool, Fault>;

    /// Takes them, for ever.
    async fn take(&mut self, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<(), Fault>;

    /// Keeps what came; without a body if nothing of what it says may be written down.
    async fn keep(
        &mut self,
        webhook: &Webhook,
        body: Option<&[u8]>,
        shop: Option<&ShopId>,
        became: &Became<'_>,
    ) -> Result<(), Fault>;

    /// Webhooks that were kept for a shop's domains, in the order they came; at most so many.
    async fn kept_for(&mut self, shop: &Shop, most: usize) -> Result<Vec<u64>, Fault>;

    /// The name under which a webhook came.
    async fn merchant_of(&mut self, id: u64) -> Result<Option<String>, Fault>;

    /// A kept webhook, without its body. `None` if its content was dropped.
    async fn kept(&mut self, id: u64) -> Result<Option<Webhook>, Fault>;

    /// Says what became of a kept webhook in its shop.
    async fn settle(&mut self, id: u64, shop: &ShopId, outcome: &str, job: Option<&JobRef>) -> Result<(), Fault>;

    /// A kept webhook of a shop can only be looked at by people.
    async fn put_before_people(&mut self, id: u64, shop: &ShopId, words: &str) -> Result<(), Fault>;

    /// Puts the last webhook of a job before people.
    async fn doubt_last_of(&mut self, row: &JobRow, why: QuarantineReason, words: &str) -> Result<(), Fault>;

    /// Why a webhook is before people, and its job.
    async fn quarantined(&mut self, id: u64) -> Result<Option<(QuarantineReason, Option<JobRef>)>, Fault>;

    /// People have looked at it.
    async fn looked_at(&mut self, id: u64) -> Result<(), Fault>;

    /// Drops everything of a webhook but that it came.
    async fn drop_webhook(&mut self, id: u64) -> Result<(), Fault>;
}

/// What became of a webhook.
pub(crate) enum Became<'a> {
    /// It caused something, or was no news.
    Settled { outcome: &'static str, job: Option<JobRef> },
    /// It waits for people, or for its shop; with its content, if it may still become work.
    Aside { why: QuarantineReason, words: &'a str, content: Option<&'a lane::webhook::Content> },
}

impl<'a> Became<'a> {
    pub(crate) fn unreadable(words: &'a str) -> Self {
        Self::Aside { why: QuarantineReason::Unreadable, words, content: None }
    }
}

/// Shops, operators, and what is remembered of provider accounts.
pub(crate) trait Shops {
    /// The shop that has this domain.
    async fn shop_with(&mut self, source: Source, domain: &str) -> Result<Option<Arc<Shop>>, Fault>;

    /// A shop that is not removed.
    async fn shop(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault>;

    /// The shop as it was last written, removed or not.
    async fn shop_as_written(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault>;

    /// Another shop, not removed, that has the domain.
    async fn other_with(&mut self, shop: &Shop, domain: &str) -> Result<Option<ShopId>, Fault>;

    /// Writes a shop's terms. One that is removed, or has left, still is.
    async fn put_shop(&mut self, shop: &Shop, now: Timestamp) -> Result<(), Fault>;

    /// Lets the shop's domains lead to it, and no others: from then on it is there, whether it was removed or had left.
    async fn put_domains(&mut self, shop: &Shop) -> Result<(), Fault>;

    /// When a shop was last added.
    async fn put_at(&mut self, id: &ShopId) -> Result<Option<Timestamp>, Fault>;

    /// The merchant took the app away.
    async fn left(&mut self, id: &ShopId, at: Timestamp) -> Result<(), Fault>;

    /// `false` if there is no such shop.
    async fn remove_shop(&mut self, id: &ShopId, now: Timestamp) -> Result<bool, Fault>;

    /// The number of an order of which nobody knows whether the warehouse has it.
    async fn unresolved(&mut self, shop: &ShopId) -> Result<Option<String>, Fault>;

    async fn put_operator(&mut self, operator: &Operator) -> Result<(), Fault>;

    /// An earlier end never replaces a later one.
    async fn stop_account(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault>;

    /// An earlier look never replaces a later one.
    async fn looked(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault>;

    /// Forgets a hint, if it is there.
    async fn drop_notice(&mut self, account: &AccountId, url: &str) -> Result<(), Fault>;

    /// Whether an account has so many open hints.
    async fn has_notices(&mut self, account: &AccountId, many: u32) -> Result<bool, Fault>;

    /// Keeps a hint, under a new number.
    async fn put_notice(&mut self, notice: &Notice) -> Result<(), Fault>;

    /// A hint was followed.
    async fn settle_notice(&mut self, account: &AccountId, id: u64) -> Result<(), Fault>;
}

/// What people decided and asked for.
pub(crate) trait Desks {
    /// How a job's question was decided.
    async fn decision(&mut self, row: &JobRow, hold: u32) -> Result<Option<DecisionRecord>, Fault>;

    async fn put_decision(&mut self, row: &JobRow, hold: u32, decision: &DecisionRecord) -> Result<(), Fault>;

    /// The request that was made under this key before, and its answer.
    async fn answered(&mut self, by: &OperatorId, key: &str) -> Result<Option<(Vec<u8>, String)>, Fault>;

    async fn put_answer(&mut self, key: &RequestKey, answer: &str) -> Result<(), Fault>;

    /// Writes down what an operator did.
    async fn audit(&mut self, at: Timestamp, by: &str, what: &str, on: &str) -> Result<(), Fault>;
}

/// People's data: what is to stay forgotten, and what is asked about it.
pub(crate) trait People {
    /// Whether anything is to stay forgotten.
    async fn has_tombs(&mut self) -> Result<bool, Fault>;

    /// These tombstones are asked about next.
    async fn look_ahead(&mut self, tombs: &[Tomb]) -> Result<(), Fault>;

    /// Since when what lies under a tombstone is to stay forgotten.
    async fn gone_since(&mut self, tomb: &Tomb) -> Result<Option<Timestamp>, Fault>;

    /// An earlier time never replaces a later one.
    async fn bury(&mut self, tomb: &Tomb, at: Timestamp) -> Result<(), Fault>;

    async fn raise(&mut self, tomb: &Tomb) -> Result<(), Fault>;

    /// The shop a domain leads to, removed or not.
    async fn led_to(&mut self, source: Source, domain: &str) -> Result<Option<ShopId>, Fault>;

    /// Whether anything is kept of what came in the name of a domain while its shop was not known.
    async fn is_kept_for(&mut self, source: Source, domain: &str) -> Result<bool, Fault>;

    /// Takes in a request about somebody's data.
    async fn put_request(&mut self, asked: &Asked<'_>) -> Result<(), Fault>;
}

/// A request about somebody's data as it is taken in.
pub(crate) struct Asked<'a> {
    pub(crate) source: Source,
    /// The domain in whose name it came; empty if nothing is left of its shop.
    pub(crate) merchant: &'a str,
    pub(crate) shop: Option<&'a ShopId>,
    pub(crate) request: &'a PrivacyRequest,
    pub(crate) received_at: Timestamp,
    /// There is nothing to do.
    pub(crate) done: bool,
}
