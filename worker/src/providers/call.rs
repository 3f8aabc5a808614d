//! The one way to make a call: ask the limiter, mark a write as leaving, send within the lease, read a bounded answer,
//! teach the limiter, write it down.
//!
//! A provider brings the request and a function that reads the answer; everything that could be forgotten is here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::lane::clock::{Clock, Timestamp, until};
use ::lane::id::AccountId;
use ::lane::outcome::CallRecord;
use ::lane::ports::Secrets;
use ::lane::shop::SecretRef;
use bytes::BytesMut;
use reqwest::{Client, RequestBuilder, Response};
use secrecy::SecretString;
use serde_json::Value;

use super::answer::{Answer, Reading};
use super::credentials::Credentials;
use super::error::CallError;
use super::transport::{Lost, Transport, network};
use crate::attempt::CallsLeft;
use crate::limiter::{Lesson, Limiter, Need, Stopped};

/// The longest a call takes, answer included. Both providers answer within seconds; a lease has room for several.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// With less of the lease left than this a call is not begun: it would only be cut off.
const CALL_TIME_MIN: Duration = Duration::from_secs(1);
/// The longest answer that is read. An order of 500 lines has about 0.5 MB, a page of 500 small orders about 2 MB.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// What every call needs, shared by all attempts.
#[derive(Clone)]
pub(crate) struct Wire {
    /// Makes requests.
    pub(crate) http: Client,
    /// Sends them.
    pub(crate) transport: Arc<dyn Transport>,
    /// Where credentials are read.
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) limiter: Limiter,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Wire {
    pub(crate) fn new(
        secrets: Arc<dyn Secrets>,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        let http = network(CALL_TIMEOUT)?;
        let transport = Arc::new(http.clone());
        Ok(Self { http, transport, secrets, limiter, clock })
    }
}

/// Whether a call can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
}

/// A call that is about to be made.
pub(crate) struct Call<'c> {
    /// The provider's name, for people.
    pub(crate) at: &'static str,
    pub(crate) account: &'c AccountId,
    /// What is called, for the timeline.
    pub(crate) name: String,
    pub(crate) intent: Intent,
    /// What it takes of the account's limit.
    pub(crate) units: u32,
    pub(crate) request: RequestBuilder,
}

impl Intent {
    /// A call that left without a usable answer.
    pub(crate) fn unusable(self, at: &'static str, words: impl Into<String>) -> CallError {
        let words = words.into();
        match self {
            Self::Read => CallError::Unanswered { at, words },
            Self::Write => CallError::MayHaveHappened { at, words },
        }
    }
}

/// The calls of one attempt.
pub(crate) struct Calls<'a> {
    wire: &'a Wire,
    deadline: Timestamp,
    left: &'a CallsLeft,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// What is left of the units the attempt was given.
    given: BTreeMap<AccountId, u32>,
    credentials: Credentials,
    records: Vec<CallRecord>,
}

/// What became of a request on its way.
enum Trip {
    Answered(Answer),
    NeverLeft,
    Cut(&'static str),
}

impl<'a> Calls<'a> {
    pub(crate) fn new(wire: &'a Wire, given: Vec<Need>, deadline: Timestamp, left: &'a CallsLeft) -> Self {
        let given = given.into_iter().map(|need| (need.account, need.units)).collect();
        let notes = Mutex::new(Notes { given, ..Notes::default() });
        Self { wire, deadline, left, notes }
    }

    pub(crate) fn http(&self) -> &Client {
        &self.wire.http
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.wire.clock.now()
    }

    /// A credential as it is now. No answer of this attempt repeats it from here on.
    pub(crate) async fn secret(&self, reference: &SecretRef) -> Result<SecretString, CallError> {
        let secret = self.wire.secrets.read(reference).await?;
        self.notes().credentials.add(&secret);
        Ok(secret)
    }

    /// Makes a call and lets `read` say what the answer means.
    pub(crate) async fn make(&self, call: Call<'_>, read: impl FnOnce(&Answer) -> Reading) -> Result<Value, CallError> {
        let Call { at, account, name, intent, units, request } = call;
        let began = self.now();
        let time = CALL_TIMEOUT.min(until(began, self.deadline));
        if time < CALL_TIME_MIN {
            return Err(CallError::OutOfTime { at });
        }
        self.take(account, units).await.map_err(stopped)?;
        self.wire.limiter.permit(account).map_err(|stop| {
            self.give_back(account, units);
            stopped(stop)
        })?;
        if intent == Intent::Write {
            self.left.mark();
        }
        let trip = self.travel(request.timeout(time), intent).await;
        let (lessons, content) = match &trip {
            Trip::Answered(answer) => {
                let reading = read(answer);
                // Before the lessons, which count what is still pending.
                self.wire.limiter.refund(account, reading.unused);
                (reading.lessons, reading.content)
            }
            Trip::NeverLeft => {
                let words = "it could not be reached".to_owned();
                (vec![Lesson::Unreachable], Err(CallError::NeverLeft { at, words }))
            }
            Trip::Cut(how) => (vec![Lesson::Unreachable], Err(intent.unusable(at, *how))),
        };
        for lesson in lessons {
            self.wire.limiter.learn(account, lesson);
        }
        self.wire.limiter.warn_others().await;
        let ended = told(&trip, content.as_ref().err());
        let took = until(began, self.now());
        metrics::counter!("lanekeeper_provider_calls_total", "provider" => at, "result" => result(&trip)).increment(1);
        metrics::histogram!("lanekeeper_provider_call_seconds", "provider" => at).record(took.as_secs_f64());
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let record = CallRecord { at: began, account: account.clone(), call: name, ended, took_ms };
        self.notes().records.push(record);
        content
    }

    /// Ends the attempt: units that were not needed go back, the records come out.
    pub(crate) fn end(self) -> Vec<CallRecord> {
        let notes = self.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (account, units) in &notes.given {
            self.wire.limiter.refund(account, *units);
        }
        notes.records
    }

    /// Takes units from what the attempt was given, and what that does not cover from the account itself.
    async fn take(&self, account: &AccountId, units: u32) -> Result<(), Stopped> {
        let beyond = {
            let mut notes = self.notes();
            let given = notes.given.entry(account.clone()).or_default();
            let covered = units.min(*given);
            *given -= covered;
            units - covered
        };
        if beyond == 0 { Ok(()) } else { self.wire.limiter.spend(account, beyond).await }
    }

    /// Units that did not leave go back when the attempt ends.
    fn give_back(&self, account: &AccountId, units: u32) {
        *self.notes().given.entry(account.clone()).or_default() += units;
    }

    async fn travel(&self, request: RequestBuilder, intent: Intent) -> Trip {
        // What cannot be built does not leave.
        let sent = match request.build() {
            Ok(request) => self.wire.transport.send(request).await,
            Err(_) => Err(Lost::NeverLeft),
        };
        let received = match sent {
            Ok(response) => self.receive(response, intent).await,
            Err(lost) => Err(lost),
        };
        match received {
            Ok(Some(answer)) => Trip::Answered(answer),
            Ok(None) => Trip::Cut("its answer is too long"),
            Err(Lost::NeverLeft) => Trip::NeverLeft,
            Err(Lost::TimedOut) => Trip::Cut("it did not answer in time"),
            Err(Lost::Cut) => Trip::Cut("the connection was cut"),
        }
    }

    async fn receive(&self, mut response: Response, intent: Intent) -> Result<Option<Answer>, Lost> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Lost::from(&error))? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = self.notes().credentials.cut_out(body.freeze());
        Ok(Some(Answer { status, headers, body, at: self.now(), intent }))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopped(Stopped { until, why }: Stopped) -> CallError {
    CallError::Stopped { until, why }
}

/// How a call ended, for metrics: the status, or why there was none.
fn result(trip: &Trip) -> String {
    match trip {
        Trip::Answered(answer) => answer.status.to_string(),
        Trip::NeverLeft => "never left".to_owned(),
        Trip::Cut(_) => "cut".to_owned(),
    }
}

/// How a call ended, for the timeline.
fn told(trip: &Trip, error: Option<&CallError>) -> String {
    match (trip, error) {
        (Trip::Answered(answer), None) => answer.status.to_string(),
        (Trip::Answered(answer), Some(error)) => format!("{}, {error}", answer.status),
        (Trip::NeverLeft | Trip::Cut(_), Some(error)) => error.to_string(),
        (Trip::NeverLeft | Trip::Cut(_), None) => String::new(),
    }
}
