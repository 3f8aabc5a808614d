//! What an answer of Shopify's means. GraphQL answers 200 to nearly everything, so the body decides: a throttle, a
//! refused field and an order all come with the same status.

use std::time::Duration;

use ::lane::clock::after;
use ::lane::id::AccountId;
use serde_json::Value;

use super::SHOPIFY;
use super::operation::Operation;
use crate::limiter::Lesson;
use crate::providers::answer::{Answer, Reading, WAIT_MAX, WAIT_MIN};
use crate::providers::call::Intent;
use crate::providers::error::CallError;

/// The wait when Shopify's edge answers 429 without saying how long.
const PAUSE_UNSAID: Duration = Duration::from_secs(2);
/// The wait when a throttle comes without the figures to compute it: a standard bucket restores the dearest query in
/// ten seconds.
const RESTORE_UNSAID: Duration = Duration::from_secs(10);
/// Rounding must not make the wait nothing.
const RESTORE_MIN: Duration = Duration::from_millis(100);
/// Error messages are shown up to here.
const WORDS_MAX: usize = 300;

/// Reads the answer to an operation. The content is what was asked for, or null if it does not exist.
pub(super) fn read(answer: &Answer, account: &AccountId, operation: Operation) -> Reading {
    match answer.status {
        200 => graphql(answer, operation),
        401 | 403 => known(vec![Lesson::Answered], CallError::TokenRefused { account: account.clone() }),
        429 => {
            let wait = answer.wait("retry-after").unwrap_or(PAUSE_UNSAID).max(WAIT_MIN);
            let until = after(answer.at, wait);
            known(vec![Lesson::Answered, Lesson::StopUntil(until)], CallError::ThrottledUntil { at: SHOPIFY, until })
        }
        500.. => {
            let words = format!("it answered {}", answer.status);
            known(vec![Lesson::Unreachable], answer.intent.unusable(SHOPIFY, words))
        }
        status => known(vec![Lesson::Answered], of_shop(status, account)),
    }
}

/// Statuses that are about the shop, whichever order was asked for, and what to do about them.
fn of_shop(status: u16, account: &AccountId) -> CallError {
    let mend = match status {
        301..=303 | 307 | 308 => "the shop has moved; give it the domain that ends in .myshopify.com",
        402 => "the shop is frozen; its owner has to pay for its plan",
        404 => "there is no such shop, or no such version of the API; check its domain and the API version",
        423 => "the shop is locked; its owner has to ask Shopify why",
        _ => {
            let words = format!("it answers {status} to the query; see the shop's plan and state");
            return CallError::Refused { at: SHOPIFY, words };
        }
    };
    CallError::ProviderRefuses { account: account.clone(), words: format!("it answers {status}: {mend}") }
}

fn known(lessons: Vec<Lesson>, error: CallError) -> Reading {
    Reading { lessons, unused: 0, content: Err(error) }
}

fn graphql(answer: &Answer, operation: Operation) -> Reading {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        let words = "its answer is not JSON";
        return known(vec![Lesson::Unreachable], answer.intent.unusable(SHOPIFY, words));
    };
    let mut lessons = vec![Lesson::Answered];
    lessons.extend(level(&body));
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    if errors.iter().any(|error| error["extensions"]["code"] == "THROTTLED") {
        let until = after(answer.at, restore_time(&body));
        lessons.push(Lesson::StopUntil(until));
        return known(lessons, CallError::ThrottledUntil { at: SHOPIFY, until });
    }
    let content = body["data"].get(operation.answers);
    if !body["errors"].is_null() {
        // A write that has a result in spite of the errors did something.
        let did_something = content.is_some_and(|content| !content.is_null());
        return known(lessons, refused(answer.intent, errors, &body["errors"], did_something));
    }
    match content {
        Some(content) => Reading { lessons, unused: unused(&body, operation), content: Ok(content.clone()) },
        None => known(lessons, answer.intent.unusable(SHOPIFY, "its answer has no data")),
    }
}

/// Shopify's own trouble passes; everything else (a field that is not there, protected data that was not approved)
/// does not pass by itself. Part of an order is not carried out.
fn refused(intent: Intent, errors: &[Value], given: &Value, did_something: bool) -> CallError {
    let passing =
        |error: &Value| matches!(error["extensions"]["code"].as_str(), Some("INTERNAL_SERVER_ERROR" | "TIMEOUT"));
    let messages: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
    let said = if messages.is_empty() { given.to_string() } else { messages.join("; ") };
    let words: String = said.chars().filter(|sign| !sign.is_control()).take(WORDS_MAX).collect();
    let passes = !errors.is_empty() && errors.iter().all(passing);
    let done = match intent {
        Intent::Read => false,
        // One of several errors is enough for the write to have begun.
        Intent::Write => did_something || errors.iter().any(passing),
    };
    if passes || done { intent.unusable(SHOPIFY, words) } else { CallError::Refused { at: SHOPIFY, words } }
}

/// Shopify reserves what a query may cost and gives back what it did not. It mostly reserves less than its rules say,
/// so what came back is counted from what was taken here.
fn unused(body: &Value, operation: Operation) -> u32 {
    let actual = body["extensions"]["cost"]["actualQueryCost"].as_u64();
    actual.map_or(0, |actual| operation.cost.saturating_sub(u32::try_from(actual).unwrap_or(u32::MAX)))
}

fn level(body: &Value) -> Option<Lesson> {
    let status = &body["extensions"]["cost"]["throttleStatus"];
    Some(Lesson::Level {
        available: status["currentlyAvailable"].as_f64()?,
        restored_per_second: status["restoreRate"].as_f64()?,
        capacity: status["maximumAvailable"].as_f64()?,
    })
}

/// How long the bucket takes to hold what the throttled query asks for.
fn restore_time(body: &Value) -> Duration {
    let wanted = body["extensions"]["cost"]["requestedQueryCost"].as_f64();
    let time = level(body).zip(wanted).and_then(|(level, wanted)| time_to(&level, |_| wanted));
    time.map_or(RESTORE_UNSAID, |wait| wait.clamp(RESTORE_MIN, WAIT_MAX))
}

/// How long the bucket takes to be full, if the lesson is about a bucket.
pub(super) fn time_to_full(lesson: &Lesson) -> Option<Duration> {
    time_to(lesson, |capacity| capacity)
}

fn time_to(lesson: &Lesson, wanted: impl FnOnce(f64) -> f64) -> Option<Duration> {
    match *lesson {
        Lesson::Level { available, restored_per_second, capacity } => {
            let seconds = (wanted(capacity) - available).max(0.0) / restored_per_second;
            Duration::try_from_secs_f64(seconds).ok()
        }
        Lesson::Answered | Lesson::Unreachable | Lesson::StopUntil(_) | Lesson::Remaining { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use ::lane::clock::Timestamp;
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::providers::shopify::operation::{FULFIL, ORDER};

    fn reading(status: u16, body: &str) -> Reading {
        reading_of(ORDER, status, body)
    }

    fn reading_of(operation: Operation, status: u16, body: &str) -> Reading {
        let (at, body) = (Timestamp::UNIX_EPOCH, Bytes::from(body.to_owned()));
        let answer = Answer { status, headers: HeaderMap::new(), body, at, intent: operation.intent };
        read(&answer, &AccountId::at("shopify", "acme"), operation)
    }

    #[test]
    fn a_write_that_left_traces_may_have_happened_and_a_refused_one_did_not() {
        let error = |code: &str| json!({"message": "no", "extensions": {"code": code}});
        let errors = |codes: &[&str]| codes.iter().map(|code| error(code)).collect::<Vec<_>>();
        let made = json!({"fulfillmentCreate": {"fulfillment": null, "userErrors": []}});
        for (data, codes, happened) in [
            (json!(null), errors(&["INTERNAL_SERVER_ERROR"]), true),
            (json!(null), errors(&["ACCESS_DENIED", "TIMEOUT"]), true),
            (made, errors(&["ACCESS_DENIED"]), true),
            (json!({"fulfillmentCreate": null}), errors(&["ACCESS_DENIED"]), false),
            (json!(null), errors(&["THROTTLED"]), false),
        ] {
            let body = json!({"data": data, "errors": codes}).to_string();
            let error = reading_of(FULFIL, 200, &body).content.unwrap_err();
            assert_eq!(error.may_have_happened(), happened, "{body}");
        }
        for (status, body) in [(200, "<html>"), (200, r#"{"data":{}}"#), (502, "")] {
            assert!(reading_of(FULFIL, status, body).content.unwrap_err().may_have_happened(), "{status} {body}");
        }
    }

    #[test]
    fn what_was_taken_and_not_used_comes_back_whatever_was_reserved() {
        let cost = json!({"requestedQueryCost": 60, "actualQueryCost": 40});
        let body = json!({"data": {"order": null}, "extensions": {"cost": cost}}).to_string();
        assert_eq!(reading(200, &body).unused, ORDER.cost - 40);
        assert_eq!(reading(200, r#"{"data":{"order":null}}"#).unused, 0);
    }

    #[test]
    fn a_throttle_waits_until_the_query_fits() {
        let status = json!({"maximumAvailable": 2000.0, "currentlyAvailable": 69.0, "restoreRate": 50.0});
        let cost = json!({"requestedQueryCost": 169, "actualQueryCost": null, "throttleStatus": status});
        let throttled = json!({"message": "Throttled", "extensions": {"code": "THROTTLED"}});
        let body = json!({"errors": [throttled], "extensions": {"cost": cost}}).to_string();
        let until = after(Timestamp::UNIX_EPOCH, Duration::from_secs(2));
        let reading = reading(200, &body);
        assert_eq!(reading.content, Err(CallError::ThrottledUntil { at: SHOPIFY, until }));
        assert!(reading.lessons.contains(&Lesson::StopUntil(until)));
        let full = reading.lessons.iter().find_map(time_to_full);
        assert_eq!(full, Some(Duration::from_secs_f64(38.62)));
    }

    #[test]
    fn figures_that_would_take_years_silence_a_shop_for_a_day() {
        let status = json!({"maximumAvailable": 2000.0, "currentlyAvailable": 0.0, "restoreRate": 1.0});
        let cost = json!({"requestedQueryCost": 1e9, "throttleStatus": status});
        let throttled = json!({"message": "Throttled", "extensions": {"code": "THROTTLED"}});
        let body = json!({"errors": [throttled], "extensions": {"cost": cost}}).to_string();
        let until = after(Timestamp::UNIX_EPOCH, WAIT_MAX);
        assert_eq!(reading(200, &body).content, Err(CallError::ThrottledUntil { at: SHOPIFY, until }));
    }

    #[test]
    fn a_wait_with_a_decimal_point_is_rounded_up() {
        for (asked, seconds) in [("2.0", 2), ("0.3", 1), ("0", 1), ("7", 7), ("soon", 2), ("-1", 2), ("1e300", 86_400)]
        {
            let headers = [("retry-after".parse().unwrap(), asked.parse().unwrap())].into_iter().collect();
            let (at, body) = (Timestamp::UNIX_EPOCH, Bytes::new());
            let answer = Answer { status: 429, headers, body, at, intent: ORDER.intent };
            let until = after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
            let content = read(&answer, &AccountId::at("shopify", "acme"), ORDER).content;
            assert_eq!(content, Err(CallError::ThrottledUntil { at: SHOPIFY, until }), "{asked}");
        }
    }

    #[test]
    fn part_of_an_order_is_refused_with_shopifys_words() {
        let denied = json!({"message": "This app is not approved to access the shippingAddress field",
            "path": ["order", "shippingAddress"], "extensions": {"code": "ACCESS_DENIED"}});
        let body = json!({"data": {"order": {"id": "gid://shopify/Order/1"}}, "errors": [denied]});
        let Err(CallError::Refused { words, .. }) = reading(200, &body.to_string()).content else {
            panic!("a partial order was taken")
        };
        assert!(words.contains("not approved"), "{words}");
    }

    #[test]
    fn what_is_no_answer_passes_and_what_is_one_does_not() {
        for (status, body) in [(200, "<html>"), (200, "{"), (502, ""), (200, r#"{"data":{}}"#)] {
            let content = reading(status, body).content;
            assert!(matches!(content, Err(CallError::Unanswered { .. })), "{status} {body}");
        }
        for status in [401, 403] {
            let content = reading(status, "{}").content;
            assert!(matches!(content, Err(CallError::TokenRefused { .. })), "{status}");
        }
        assert!(matches!(reading(400, "{}").content, Err(CallError::Refused { .. })));
        for status in [301, 302, 308, 402, 404, 423] {
            let content = reading(status, "").content;
            assert!(matches!(content, Err(CallError::ProviderRefuses { .. })), "{status}");
        }
        assert_eq!(reading(200, r#"{"data":{"order":null}}"#).content, Ok(Value::Null));
    }
}
