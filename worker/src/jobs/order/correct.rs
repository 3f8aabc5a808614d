//! Mode `correct`: the warehouse imports the shop's orders by itself. An order is waited for until it is there; then what
//! customs is told about it is corrected, and nothing else. Nothing is ever made, cancelled or carried over: that is the
//! import's doing.
//!
//! ```text
//! imported? ─▶ not yet ─▶ wait ─▶ (four hours) hold
//!    └──▶ unclear which ─▶ hold
//!    └──▶ this ─▶ right already, or nothing to declare ─▶ done
//!           └──▶ closed ─▶ hold, with the figures
//!           └──▶ write whole, read back: nothing else may have changed ─▶ done | hold
//! ```
//!
//! Units that were fulfilled before the order was first seen here are not declared; which units the import took is not
//! told apart.
//!
//! | theirs | ours is what we wrote before | stays |
//! |---|---|---|
//! | what we wrote, or what the import made | | ours |
//! | something else | yes | theirs: somebody at the warehouse changed it |
//! | something else | no | ours: the shop changed it, and perhaps the import once more |

use std::time::Duration;

use ::lane::attempt::AttemptKind;
use ::lane::carriage::Mode;
use ::lane::clock::{Timestamp, after, until};
use ::lane::hold::{Fact, HoldReason};
use ::lane::outcome::{Outcome, Proof, Reach};
use serde_json::{Value, json};

use super::Attempt;
use super::compare::{Difference, Look};
use super::compose::TO_SHIP;
use super::field::{GOODS, STATUS, hash, shown};
use super::goods;
use super::imported::{HELD_FROM, IMPORTED, Imported, not_our_hold};
use super::judge::Question;
use super::late::{Found, ON_HOLD, may_ship};
use super::merge::{Written, is_base, with_base};
use super::put::declarations_setting;
use super::untouched::untouched;
use crate::providers::error::CallError;
use crate::providers::shopify::order::Order;

/// How soon an order is looked for again, at first and at most; in between, after twice the time that it has been waited
/// for. Every look takes of the 40 calls a minute that all orders share.
const LOOK_MIN: Duration = Duration::from_mins(2);
const LOOK_MAX: Duration = Duration::from_mins(30);
/// For so long the import is waited for. It runs every few hours at the latest where nobody has switched it off.
const IMPORT_TIME: Duration = Duration::from_hours(4);
/// In these statuses the warehouse takes a write (*Create/Update Order*).
const OPEN: [&str; 3] = ["awaiting_payment", "awaiting_shipment", ON_HOLD];

/// What is to be written, and what is known of the order then.
struct Correction {
    whole: Value,
    /// Remembered until the write is confirmed.
    unconfirmed: Written,
    /// Remembered once it is.
    confirmed: Written,
}

impl Attempt<'_> {
    /// Brings what customs is told to what the order says.
    pub(super) async fn correct(&mut self, order: &Order) -> Result<Outcome, CallError> {
        let theirs = match self.imported(&order.name).await? {
            Imported::This(theirs) => theirs,
            Imported::Nothing => return Ok(self.not_imported(None)),
            Imported::Unclear(why) => return Ok(self.unclear(None, why)),
        };
        if let Some(found) = self.to_ask() {
            return self.stop_and_ask(&theirs, found).await;
        }
        let ours = match self.goods(order, &theirs) {
            Ok(ours) => ours,
            Err(question) => return self.hold_imported(order, &theirs, question).await,
        };
        let mut written = self.written();
        if let Some((difference, asked)) = self.whose_hold(&theirs, &written) {
            if !self.accepted(&difference) {
                return Ok(asked);
            }
            written.insert(STATUS.to_owned(), hash(ON_HOLD));
        }
        let correction = correction(ours.as_ref(), &theirs, &written);
        let changes = untouched(&correction.whole, &theirs, Look::Ahead);
        let order_id = shown(&theirs["orderId"]);
        if changes.is_none() {
            self.there(&order_id, correction.confirmed);
            return Ok(self.corrected(ours.as_ref(), &theirs, None));
        }
        if !OPEN.iter().any(|status| theirs[STATUS] == *status) {
            let difference = changes.fingerprint();
            if self.accepted(&difference) {
                return Ok(self.corrected(ours.as_ref(), &theirs, Some(&changes)));
            }
            let mut evidence = vec![Fact::new("at the warehouse", shown(&theirs[STATUS]))];
            evidence.extend(changes.evidence());
            evidence.push(Fact::new("if approved", "the warehouse's order stays as it is"));
            return Ok(self.held(HoldReason::AlreadyShipped, evidence, Some(difference)));
        }
        self.write_correction(ours.as_ref(), &theirs, correction).await
    }

    async fn write_correction(
        &mut self,
        ours: Option<&Value>,
        theirs: &Value,
        correction: Correction,
    ) -> Result<Outcome, CallError> {
        let Correction { whole, unconfirmed, mut confirmed } = correction;
        let landed = match self.write_whole(&whole, unconfirmed).await {
            Err(CallError::DataRefused { at, words }) => return self.refused_there(theirs, at, &words).await,
            landed => landed?,
        };
        let look = if whole[STATUS] == theirs[STATUS] { Look::Back } else { Look::BackFromHold };
        let difference = untouched(&whole, &landed.stands, look);
        if difference.is_none() || self.accepted(&difference.fingerprint()) {
            self.there(&landed.order_id, confirmed);
            let accepted = Some(&difference).filter(|difference| !difference.is_none());
            return Ok(self.corrected(ours, &landed.stands, accepted));
        }
        let mut evidence = difference.evidence();
        if difference.is_about_goods() {
            // What came out differently is not taken for the warehouse's own change later.
            confirmed.remove(GOODS.path);
            evidence.push(declarations_setting());
        }
        self.there(&landed.order_id, confirmed);
        self.stop_and_ask(&landed.stands, Found { difference: difference.fingerprint(), evidence }).await
    }

    /// The customs items for the order; nothing if it crosses no border.
    pub(super) fn goods(&mut self, order: &Order, theirs: &Value) -> Result<Option<Value>, Question> {
        self.before = self.others_work(Some(theirs));
        self.declared(order, &self.before)?.map(|declaration| goods::items(&declaration)).transpose()
    }

    /// What the order that stands there lacks of what customs should be told.
    pub(super) fn lacks(&mut self, order: &Order, theirs: &Value) -> Result<Difference, Question> {
        let ours = self.goods(order, theirs)?;
        let correction = correction(ours.as_ref(), theirs, &self.written());
        Ok(untouched(&correction.whole, theirs, Look::Ahead))
    }

    /// Done: what stands there is what customs should be told, or what a person accepted.
    pub(super) fn corrected(&self, ours: Option<&Value>, stands: &Value, accepted: Option<&Difference>) -> Outcome {
        let compared = if ours.is_some() { vec![GOODS.path.to_owned()] } else { vec![] };
        Outcome::Done(Proof {
            account: self.account.id.clone(),
            reference: shown(&stands["orderId"]),
            key: shown(&stands["orderKey"]),
            fingerprint: self.fetched.clone(),
            compared,
            accepted: accepted.map(Difference::fingerprint),
            read_back_at: self.calls.now(),
        })
    }

    /// It is not there. A question about it waits too: held now, it would be imported later, and ship while somebody
    /// thinks about it.
    pub(super) fn not_imported(&self, question: Option<Question>) -> Outcome {
        if let Some(until) = self.next_look() {
            let why = match &question {
                Some(question) => format!(
                    "a question waits until the warehouse has imported the order, to put it on hold there: {}",
                    question.reason.words()
                ),
                None => "the warehouse has not imported it yet".to_owned(),
            };
            return Outcome::Wait { until, why, stops: false };
        }
        let words = self.missing();
        let there = Fact::new("at the warehouse", format!("{words}; if it is imported later, it may ship uncorrected"));
        let store = self.shop.carriage.store.map(|store| Fact::new("store", store));
        if let Some(Question { reason, mut evidence }) = question {
            evidence.push(there);
            return self.held(reason, evidence, None);
        }
        let mut evidence: Vec<Fact> = [there].into_iter().chain(store).collect();
        evidence.push(Fact::new(
            "if approved",
            "it is looked for once more, and asked about again if it is still not there; it is never made here",
        ));
        self.held(HoldReason::NotImported, evidence, None)
    }

    /// When it is looked for again; never, if it was there already or has been waited for long enough.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        let now = self.calls.now();
        let waited = until(self.job.heard_at, now);
        let seen = matches!(self.reach, Reach::There(_));
        (waited < IMPORT_TIME && !seen).then(|| after(now, (waited * 2).clamp(LOOK_MIN, LOOK_MAX)))
    }

    /// In what way it is not there.
    pub(super) fn missing(&self) -> String {
        match &self.reach {
            Reach::There(_) => "it was there, and is not any more: deleted, or merged into another order".to_owned(),
            Reach::Untouched | Reach::Unresolved => {
                let waited = until(self.job.heard_at, self.calls.now());
                format!("not there {} minutes after it was last heard of", waited.as_secs() / 60)
            }
        }
    }

    /// An order that was looked for before is waited for without asking the shop again: what the shop says of it counts
    /// once it is there, or was waited for long enough. What is newly heard of is fetched.
    pub(super) async fn waits_on(&mut self) -> Result<Option<Outcome>, CallError> {
        let again = self.kind == AttemptKind::Full && self.job.reach == Reach::Unresolved;
        let newly_heard = until(self.job.heard_at, self.calls.now()) < LOOK_MIN;
        if self.mode() != Mode::Correct || !again || newly_heard || self.next_look().is_none() {
            return Ok(None);
        }
        match self.glance().await? {
            Imported::Nothing => Ok(Some(self.not_imported(None))),
            found @ (Imported::This(_) | Imported::Unclear(_)) => {
                self.glanced = Some(found);
                Ok(None)
            }
        }
    }

    /// Nobody can tell which of them it is, so nothing of it is touched.
    pub(super) fn unclear(&self, question: Option<Question>, why: Vec<Fact>) -> Outcome {
        let Question { reason, mut evidence } =
            question.unwrap_or(Question { reason: HoldReason::NotImported, evidence: vec![] });
        evidence.extend(why);
        evidence.push(Fact::new("at the warehouse", "nothing of it was touched; it may ship meanwhile"));
        evidence.push(Fact::new("if approved", "it is looked for once more; leave one order of this number there"));
        self.held(reason, evidence, None)
    }

    /// A question about an order: it waits until it is there, and is put on hold there.
    pub(super) async fn hold_once_imported(&mut self, order: &Order, question: Question) -> Result<Outcome, CallError> {
        match self.imported(&order.name).await? {
            Imported::This(theirs) => self.hold_imported(order, &theirs, question).await,
            Imported::Nothing => Ok(self.not_imported(Some(question))),
            Imported::Unclear(why) => Ok(self.unclear(Some(question), why)),
        }
    }

    async fn hold_imported(&mut self, order: &Order, theirs: &Value, question: Question) -> Result<Outcome, CallError> {
        let Question { mut reason, mut evidence } = question;
        let mut difference = None;
        if OPEN.iter().any(|status| theirs[STATUS] == *status) {
            evidence.push(self.stop_there(theirs).await?);
        } else {
            evidence.push(may_ship(theirs));
            if theirs[STATUS] == "shipped" {
                reason = HoldReason::AlreadyShipped;
                // One approval answers both questions.
                let lacks = self.lacks(order, theirs).ok().filter(|lacks| !lacks.is_none());
                evidence.extend(lacks.iter().flat_map(Difference::evidence));
                difference = lacks.map(|lacks| lacks.fingerprint());
            }
        }
        Ok(self.held(reason, evidence, difference))
    }
}

/// Theirs with our customs items, and without a hold of ours.
fn correction(ours: Option<&Value>, theirs: &Value, written: &Written) -> Correction {
    let (mut whole, mut unconfirmed) = (theirs.clone(), written.clone());
    if let Some(ours) = ours {
        let (our, their) = (GOODS.normal(ours), GOODS.normal(GOODS.of(theirs)));
        if our != their && !stays(&our, &their, written) {
            GOODS.put(&mut whole, goods::renewed(ours, GOODS.of(theirs)));
            // What is replaced counts as the import's from now on, also if no answer comes.
            let replaced = with_base(written.get(IMPORTED).filter(|known| !known.is_empty()), &hash(&their));
            unconfirmed.insert(IMPORTED.to_owned(), replaced);
        }
        unconfirmed.insert(GOODS.path.to_owned(), hash(&our));
    }
    let mut confirmed = unconfirmed.clone();
    if theirs[STATUS] == ON_HOLD && written.get(STATUS) == Some(&hash(ON_HOLD)) {
        whole[STATUS] = json!(written.get(HELD_FROM).map_or(TO_SHIP, String::as_str));
        confirmed.remove(HELD_FROM);
        confirmed.insert(STATUS.to_owned(), not_our_hold());
    }
    Correction { whole, unconfirmed, confirmed }
}

/// Whether somebody at the warehouse changed what customs is told after we had corrected it.
fn stays(our: &str, their: &str, written: &Written) -> bool {
    let base = written.get(GOODS.path);
    let known = is_base(their, base) || is_base(their, written.get(IMPORTED));
    base.is_some_and(|base| *base == hash(our)) && !known
}
