//! The path every call takes before and after the provider itself: journal, fault, rule, answer, journal.

use std::sync::Arc;

use bytes::Bytes;
use lane::clock::Clock;
use serde_json::Value;

use crate::control;
use crate::faults::{Effect, Faults};
use crate::journal::{Call, Journal};
use crate::server::{Answer, Answers, Arrived, Reply};

/// Who calls, and what for.
#[derive(Debug, Clone)]
pub(crate) struct Recognised {
    pub(crate) account: String,
    pub(crate) operation: String,
}

/// A provider's own rules. All of them act on memory under a lock, so none of them waits.
pub(crate) trait Provider: Send + Sync + 'static {
    /// Names the caller and the operation, whether or not the caller is allowed.
    fn recognise(&self, request: &Arrived) -> Recognised;

    /// Checks the credentials and counts the call against the limit. The headers go on every answer.
    fn admit(&self, request: &Arrived, who: &Recognised) -> Result<Allowance, Reply>;

    /// Does what was asked. Commits bear the number of the call.
    fn carry_out(&self, request: &Arrived, who: &Recognised, call: u64) -> Reply;

    /// The provider's words for refused credentials.
    fn refused(&self) -> Reply;

    /// The provider's words for too many requests.
    fn throttled(&self, retry_after_seconds: u64) -> Reply;

    /// Stores an order given over `/__simulator/orders/{account}`; says why not if it cannot.
    fn give_order(&self, account: &str, order: Value) -> Result<(), String>;

    /// Does what people do at the provider, given over `/__simulator/acts/{account}`; says what came of it.
    fn act(&self, account: &str, act: Value) -> Result<Value, String> {
        Err(format!("there is nothing to do at {account}: {act}"))
    }

    /// Every order, for `/__simulator/orders`.
    fn all_orders(&self) -> Value;

    /// A page under `/__simulator` that only this provider has; nothing if it has no such page.
    fn own_page(&self, _method: &str, _page: &[&str], _body: &[u8]) -> Option<Result<Value, String>> {
        None
    }
}

/// What the rate limit says about an admitted call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowance {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) remaining: Option<i64>,
}

impl Allowance {
    pub(crate) fn stamp(self, mut reply: Reply) -> Reply {
        reply.headers.extend(self.headers);
        reply.remaining = reply.remaining.or(self.remaining);
        reply
    }
}

/// A provider with its journal and its faults.
pub(crate) struct Front<P> {
    pub(crate) provider: P,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<P: Provider> Answers for Front<P> {
    async fn answer(&self, request: Arrived) -> Answer {
        if let Some(reply) = control::answer(self, &request) {
            return Answer::Whole(reply);
        }
        let who = self.provider.recognise(&request);
        let call = self.journal.open(self.entry(&request, &who));
        let body = String::from_utf8_lossy(&request.body);
        let answer = match self.faults.strike(&who.account, &who.operation, &body, &request.query) {
            None => Answer::Whole(self.attend(&request, &who, call)),
            Some(effect) => self.fail(effect, &request, &who, call).await,
        };
        let (status, remaining) = match &answer {
            Answer::Whole(reply) | Answer::Half(reply) => (reply.status, reply.remaining),
            Answer::Cut => (0, None),
        };
        self.journal.close(call, self.clock.now(), status, remaining);
        answer
    }
}

impl<P: Provider> Front<P> {
    fn attend(&self, request: &Arrived, who: &Recognised, call: u64) -> Reply {
        match self.provider.admit(request, who) {
            Ok(allowance) => allowance.stamp(self.provider.carry_out(request, who, call)),
            Err(refusal) => refusal,
        }
    }

    /// A fault does not lift the limits: a call that the provider would refuse is refused before it can be answered
    /// with a fault's status, so that a storm of errors still counts against the limit.
    async fn fail(&self, effect: Effect, request: &Arrived, who: &Recognised, call: u64) -> Answer {
        match effect {
            Effect::Status { status, body, headers, commit } => match self.provider.admit(request, who) {
                Ok(allowance) => {
                    if commit {
                        self.provider.carry_out(request, who, call);
                    }
                    Answer::Whole(allowance.stamp(told(status, body, headers)))
                }
                Err(refusal) => Answer::Whole(refusal),
            },
            Effect::Delay(by) => {
                tokio::time::sleep(by).await;
                Answer::Whole(self.attend(request, who, call))
            }
            Effect::CutBeforeCommit => Answer::Cut,
            Effect::CutAfterCommit => {
                self.attend(request, who, call);
                Answer::Cut
            }
            Effect::HalfBody => Answer::Half(self.attend(request, who, call)),
            Effect::Hang(time) => {
                tokio::time::sleep(time).await;
                Answer::Cut
            }
            Effect::Html200 => Answer::Whole(maintenance_page()),
            Effect::Throttle { retry_after_seconds } => Answer::Whole(self.provider.throttled(retry_after_seconds)),
            Effect::Unauthorized => Answer::Whole(self.provider.refused()),
        }
    }

    fn entry(&self, request: &Arrived, who: &Recognised) -> Call {
        Call {
            number: 0,
            at: self.clock.now(),
            answered_at: None,
            account: who.account.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            operation: who.operation.clone(),
            request: body_of(&request.body),
            status: 0,
            remaining: None,
        }
    }
}

fn body_of(body: &Bytes) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn told(status: u16, body: String, headers: Vec<(String, String)>) -> Reply {
    Reply { status, content_type: "application/json", headers, body: Bytes::from(body), remaining: None }
}

fn maintenance_page() -> Reply {
    Reply {
        status: 200,
        content_type: "text/html; charset=utf-8",
        headers: Vec::new(),
        body: Bytes::from_static(
            b"<!DOCTYPE html><html><head><title>We will be right back</title></head><body></body></html>",
        ),
        remaining: None,
    }
}
