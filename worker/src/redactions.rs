//! Carries redactions out: a look a minute for what is asked, each request page by page until it is done.
//!
//! A request that fails is tried again in the next round and does not hold up the others. Shopify gives 30 days; what is
//! not done five days before that is told as an error, an export that nobody has fetched included. So is at once what came
//! and could not be read: nothing will be done about it unless a person looks it up. Numbers and kinds of requests are
//! logged, never whom they are about.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::lane::clock::{Clock, Timestamp, until};
use ::lane::ports::{LedgerError, Privacy, Redacted};
use ::lane::privacy::{Ask, Kept, UNREAD_TOLD, Unread};
use ::lane::view::Page;
use tokio_util::sync::CancellationToken;

/// How often it is looked for new requests.
const LOOK: Duration = Duration::from_mins(1);

/// Older than this a request is told as an error. Shopify gives 30 days (*shopify.dev: Privacy law compliance*).
const LATE: Duration = Duration::from_hours(25 * 24);

/// How long a pause between two steps of a redaction is: webhooks that wait for the writer come first.
const BREATH: Duration = Duration::from_millis(20);

/// How often it is asked whether a shop may be forgotten that was still open; only a person changes that, so it is told
/// as seldom.
const ASKED_AGAIN: Duration = Duration::from_hours(24);

/// How often what is late is told.
const TOLD_AGAIN: Duration = Duration::from_hours(1);

const REQUESTS: &str = "lanekeeper_privacy_requests_total";

/// Whoever carries redactions out.
pub struct Redactions {
    ledger: Arc<dyn Privacy>,
    clock: Arc<dyn Clock>,
    told: Option<Timestamp>,
    /// Requests of shops that were open, and when that was found.
    open: BTreeMap<u64, Timestamp>,
}

/// How a round went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
    done: u32,
    failed: u32,
    /// Shops that are to be forgotten and still have the app.
    open: u32,
    late: u32,
    /// Requests that came and could not be read.
    unread: u64,
}

impl Redactions {
    /// Does nothing yet.
    pub fn new(ledger: Arc<dyn Privacy>, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, clock, told: None, open: BTreeMap::new() }
    }

    /// Until `stop`. Stopping between two pages loses nothing: the next start goes on.
    pub async fn run(mut self, stop: &CancellationToken) {
        loop {
            self.look(stop).await;
            if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return;
            }
        }
    }

    /// One round, or less if `stop` comes.
    pub(crate) async fn look(&mut self, stop: &CancellationToken) {
        if let Some(Err(error)) = stop.run_until_cancelled(self.round()).await {
            tracing::warn!(%error, "privacy requests could not be listed; the next minute tries again");
        }
    }

    async fn round(&mut self) -> Result<Round, LedgerError> {
        let mut round = Round::default();
        let now = self.clock.now();
        let tells = self.told.is_none_or(|told| until(told, now) >= TOLD_AGAIN);
        let mut page = Page::default();
        loop {
            let rows = self.ledger.requests(true, &page).await?;
            for request in &rows.rows {
                let is_done = match request.request.ask {
                    Ask::Export => false,
                    Ask::RedactCustomer | Ask::RedactShop if self.is_left_to_people(request.id, now) => {
                        round.open += 1;
                        false
                    }
                    Ask::RedactCustomer | Ask::RedactShop => self.carry_out(request, &mut round).await,
                };
                let is_late = !is_done && until(request.received_at, now) > LATE;
                round.late += u32::from(is_late);
                if is_late && tells {
                    tell_late(request);
                }
            }
            match rows.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        let since = now.checked_sub(UNREAD_TOLD).unwrap_or(Timestamp::MIN);
        let unread = self.ledger.unread(since).await?;
        round.unread = unread.count;
        if tells && unread.count > 0 {
            tell_unread(unread);
        }
        if tells && (round.late > 0 || round.unread > 0) {
            self.told = Some(now);
        }
        Ok(round)
    }

    /// Whether the request is a shop's that was found open not long ago.
    fn is_left_to_people(&self, request: u64, now: Timestamp) -> bool {
        self.open.get(&request).is_some_and(|found| until(*found, now) < ASKED_AGAIN)
    }

    /// Whether it is done now.
    async fn carry_out(&mut self, request: &Kept, round: &mut Round) -> bool {
        let (id, ask) = (request.id, request.request.ask.as_str());
        loop {
            match self.ledger.redact(id, None, self.clock.now()).await {
                Ok(Redacted::More) => tokio::time::sleep(BREATH).await,
                // It is gone with what it asked to be forgotten, or somebody else was faster.
                Ok(Redacted::Done | Redacted::NoSuchRequest) => {
                    round.done += 1;
                    self.open.remove(&id);
                    metrics::counter!(REQUESTS, "ask" => ask, "result" => "done").increment(1);
                    tracing::info!(request.id = id, request.ask = ask, "a privacy request is carried out");
                    return true;
                }
                Ok(Redacted::ShopIsOpen) => {
                    round.open += 1;
                    self.open.insert(id, self.clock.now());
                    tell_open(request);
                    return false;
                }
                Err(error) => {
                    round.failed += 1;
                    metrics::counter!(REQUESTS, "ask" => ask, "result" => "failed").increment(1);
                    tracing::warn!(
                        request.id = id, request.ask = ask, %error,
                        "a privacy request could not be carried out; the next minute tries again"
                    );
                    return false;
                }
            }
        }
    }
}

fn tell_open(request: &Kept) {
    tracing::warn!(
        request.id = request.id,
        request.ask = request.request.ask.as_str(),
        "a shop is to be forgotten that was there when it was asked, or has been heard of since; nothing is erased unless \
         a person says so (see `lanekeeper privacy redact` and `lanekeeper privacy dismiss`)"
    );
}

fn tell_late(request: &Kept) {
    let (id, ask) = (request.id, request.request.ask.as_str());
    tracing::error!(
        request.id = id,
        request.ask = ask,
        request.received_at = %request.received_at,
        "a privacy request is older than 25 days and not done; the platform gives 30 (see `lanekeeper privacy list`)"
    );
}

fn tell_unread(unread: Unread) {
    tracing::error!(
        count = unread.count,
        oldest = unread.oldest.map(tracing::field::display),
        "privacy requests came that could not be read, and nothing is done about them: look them up in the Partner \
         dashboard; the platform gives 30 days (see the kept webhooks on the review page)"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use ::lane::clock::ManualClock;
    use ::lane::privacy::{PrivacyRequest, Subject};
    use ::lane::view::Paged;
    use async_trait::async_trait;

    /// How many steps the request of a shop takes that still has the app.
    const OPEN: u32 = u32::MAX;

    /// Requests, and how many more steps each takes; one without any fails.
    #[derive(Default)]
    struct Desk {
        requests: Mutex<Vec<Kept>>,
        steps: Mutex<BTreeMap<u64, u32>>,
        /// When requests came that could not be read.
        unread: Mutex<Vec<Timestamp>>,
        /// How often a step was asked for.
        asked: Mutex<u32>,
    }

    #[async_trait]
    impl Privacy for Desk {
        async fn requests(&self, open: bool, page: &Page) -> Result<Paged<Kept>, LedgerError> {
            assert!(open);
            // A page has one row: everything has to be looked for on all of them.
            let after: u64 = page.after.as_deref().map_or(0, |after| after.parse().unwrap());
            let waiting: Vec<Kept> = self.requests.lock().unwrap().clone();
            let mut rest = waiting.into_iter().filter(|kept| kept.done_at.is_none() && kept.id > after);
            let rows: Vec<Kept> = rest.next().into_iter().collect();
            let next = rest.next().and(rows.first()).map(|kept| kept.id.to_string());
            Ok(Paged { rows, next })
        }

        async fn unread(&self, since: Timestamp) -> Result<Unread, LedgerError> {
            let came = self.unread.lock().unwrap();
            let told: Vec<Timestamp> = came.iter().copied().filter(|at| *at >= since).collect();
            Ok(Unread { count: told.len() as u64, oldest: told.into_iter().min() })
        }

        async fn redact(&self, request: u64, by: Option<&str>, now: Timestamp) -> Result<Redacted, LedgerError> {
            assert_eq!(by, None, "the program speaks for nobody");
            *self.asked.lock().unwrap() += 1;
            let mut steps = self.steps.lock().unwrap();
            let Some(left) = steps.get_mut(&request) else {
                return Err(LedgerError::Unavailable("the disk is full".into()));
            };
            if *left == OPEN {
                return Ok(Redacted::ShopIsOpen);
            }
            if *left > 0 {
                *left -= 1;
                return Ok(Redacted::More);
            }
            let mut requests = self.requests.lock().unwrap();
            requests.iter_mut().filter(|kept| kept.id == request).for_each(|kept| kept.done_at = Some(now));
            Ok(Redacted::Done)
        }

        async fn export(&self, _: u64, _: Timestamp) -> Result<Option<serde_json::Value>, LedgerError> {
            panic!("an export waits for a person")
        }

        async fn answered(&self, _: u64, _: Timestamp) -> Result<bool, LedgerError> {
            panic!("an export waits for a person")
        }

        async fn dismiss(&self, _: u64, _: &str, _: Timestamp) -> Result<bool, LedgerError> {
            panic!("only a person dismisses")
        }
    }

    fn kept(id: u64, ask: Ask) -> Kept {
        Kept {
            id,
            merchant: "acme.myshopify.com".into(),
            shop: None,
            request: PrivacyRequest { ask, subject: Subject::default(), reference: None },
            received_at: Timestamp::UNIX_EPOCH,
            done_at: None,
            dismissed: false,
        }
    }

    fn forgetting(requests: Vec<Kept>, steps: &[(u64, u32)]) -> (Arc<Desk>, Arc<ManualClock>, Redactions) {
        let steps = Mutex::new(steps.iter().copied().collect());
        let desk = Arc::new(Desk { requests: Mutex::new(requests), steps, ..Desk::default() });
        let clock = Arc::new(ManualClock::starting(Timestamp::UNIX_EPOCH));
        (desk.clone(), clock.clone(), Redactions::new(desk, clock))
    }

    #[tokio::test]
    async fn every_redaction_is_carried_out_to_its_end_and_one_that_fails_holds_up_none() {
        let requests = vec![kept(1, Ask::RedactCustomer), kept(2, Ask::Export), kept(3, Ask::RedactShop)];
        let (desk, _, mut forgetting) = forgetting(requests, &[(3, 2)]);
        assert_eq!(forgetting.round().await.unwrap(), Round { done: 1, failed: 1, ..Round::default() });
        desk.steps.lock().unwrap().insert(1, 0);
        assert_eq!(forgetting.round().await.unwrap(), Round { done: 1, ..Round::default() });
        let waiting: Vec<u64> =
            desk.requests.lock().unwrap().iter().filter(|kept| kept.done_at.is_none()).map(|kept| kept.id).collect();
        assert_eq!(waiting, [2]);
    }

    #[tokio::test]
    async fn a_shop_that_was_open_is_left_to_people_and_asked_about_once_a_day() {
        let (desk, clock, mut forgetting) = forgetting(vec![kept(1, Ask::RedactShop)], &[(1, OPEN)]);
        for _ in 0..3 {
            assert_eq!(forgetting.round().await.unwrap(), Round { open: 1, ..Round::default() });
            clock.advance(LOOK);
        }
        assert_eq!(*desk.asked.lock().unwrap(), 1);
        clock.advance(ASKED_AGAIN);
        forgetting.round().await.unwrap();
        assert_eq!(*desk.asked.lock().unwrap(), 2);
    }

    #[tokio::test]
    async fn what_is_older_than_25_days_is_late_and_told_once_an_hour() {
        let (_, clock, mut forgetting) = forgetting(vec![kept(1, Ask::RedactCustomer), kept(2, Ask::Export)], &[]);
        clock.advance(LATE);
        assert_eq!(forgetting.round().await.unwrap().late, 0);
        clock.advance(Duration::from_secs(1));
        assert_eq!(forgetting.round().await.unwrap().late, 2);
        let told = forgetting.told.unwrap();
        clock.advance(LOOK);
        forgetting.round().await.unwrap();
        assert_eq!(forgetting.told, Some(told));
        clock.advance(TOLD_AGAIN);
        forgetting.round().await.unwrap();
        assert!(forgetting.told > Some(told));
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_told_at_once_and_as_long_as_it_can_be_answered_in_time() {
        let (desk, clock, mut forgetting) = forgetting(Vec::new(), &[]);
        assert_eq!((forgetting.round().await.unwrap().unread, forgetting.told), (0, None));
        desk.unread.lock().unwrap().push(clock.now());
        assert_eq!(forgetting.round().await.unwrap().unread, 1);
        let told = forgetting.told.unwrap();
        clock.advance(LOOK);
        forgetting.round().await.unwrap();
        assert_eq!(forgetting.told, Some(told));
        clock.advance(TOLD_AGAIN);
        forgetting.round().await.unwrap();
        assert!(forgetting.told > Some(told));
        clock.advance(UNREAD_TOLD);
        assert_eq!(forgetting.round().await.unwrap(), Round::default());
    }
}
