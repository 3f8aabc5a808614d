//! What an answer of `ShipStation`'s means.

use std::time::Duration;

use ::lane::clock::{Timestamp, after};
use ::lane::id::AccountId;
use serde_json::Value;

use super::{Made, SHIPSTATION, words};
use crate::limiter::Lesson;
use crate::providers::answer::{Answer, Reading, WAIT_MIN};
use crate::providers::error::CallError;

/// `ShipStation`'s window: the wait when a 429 says nothing about its end.
const WINDOW: Duration = Duration::from_mins(1);
/// How many seconds are left of the window; not a time.
const RESET: &str = "x-rate-limit-reset";

/// Reads the answer to a write. What was sent is needed to keep it out of the words of a refusal.
pub(super) fn read_write(answer: &Answer, account: &AccountId, sent: &Value) -> Reading {
    if answer.status == 400 {
        let words = words::of_refusal(&answer.body, sent);
        let refused = CallError::DataRefused { at: SHIPSTATION, words };
        return Reading { lessons: standing(answer), unused: 0, content: Err(refused) };
    }
    read(answer, account, sent, |content| content["orderId"].is_u64())
}

/// Reads the answer to a write of many.
pub(super) fn read_writes(answer: &Answer, account: &AccountId, sent: &Value) -> Reading {
    read(answer, account, sent, |content| content["results"].is_array())
}

/// Reads what became of one of many; nothing if it cannot be told.
pub(super) fn read_made(result: &Value, sent: &Value) -> Option<Made> {
    match (result["success"].as_bool()?, result["orderId"].as_u64()) {
        (true, Some(order_id)) => Some(Made::There { order_id: order_id.to_string() }),
        (true, None) => None,
        (false, _) => {
            let said = Value::from_iter([("Message".to_owned(), result["errorMessage"].clone())]);
            Some(Made::Refused { words: words::of_refusal(said.to_string().as_bytes(), sent) })
        }
    }
}

/// Reads the answer to a request for one order; null if there is none.
pub(super) fn read_order(answer: &Answer, account: &AccountId) -> Reading {
    if answer.status == 404 {
        return Reading { lessons: standing(answer), unused: 0, content: Ok(Value::Null) };
    }
    read(answer, account, &Value::Null, |content| content["orderId"].is_u64())
}

/// Reads a page of orders.
pub(super) fn read_list(answer: &Answer, account: &AccountId) -> Reading {
    read(answer, account, &Value::Null, |content| content["orders"].is_array())
}

/// Reads a page of shipments or fulfillments.
pub(super) fn read_parcels(answer: &Answer, account: &AccountId) -> Reading {
    let listed = |content: &Value| content["shipments"].is_array() || content["fulfillments"].is_array();
    read(answer, account, &Value::Null, listed)
}

fn read(answer: &Answer, account: &AccountId, sent: &Value, usable: impl Fn(&Value) -> bool) -> Reading {
    let lessons = standing(answer);
    match answer.status {
        200 | 201 => match serde_json::from_slice::<Value>(&answer.body) {
            Ok(content) if usable(&content) => Reading { lessons, unused: 0, content: Ok(content) },
            Ok(_) | Err(_) => {
                let words = "its answer is not what the API documents";
                unreachable(answer.intent.unusable(SHIPSTATION, words))
            }
        },
        401 | 403 => known(lessons, CallError::TokenRefused { account: account.clone() }),
        429 => {
            let until = silence(answer);
            known(
                vec![Lesson::Answered, Lesson::StopUntil(until)],
                CallError::ThrottledUntil { at: SHIPSTATION, until },
            )
        }
        500.. => {
            let words = format!("it answered {}", answer.status);
            unreachable(answer.intent.unusable(SHIPSTATION, words))
        }
        status => {
            let said = words::of_refusal(&answer.body, sent);
            let words = format!("it answered {status}: {said}");
            known(lessons, CallError::Refused { at: SHIPSTATION, words })
        }
    }
}

fn known(lessons: Vec<Lesson>, error: CallError) -> Reading {
    Reading { lessons, unused: 0, content: Err(error) }
}

fn unreachable(error: CallError) -> Reading {
    known(vec![Lesson::Unreachable], error)
}

/// It answered, and most answers say what is left of the window.
fn standing(answer: &Answer) -> Vec<Lesson> {
    let mut lessons = vec![Lesson::Answered];
    let units = answer.number("x-rate-limit-remaining").and_then(|left| u32::try_from(left).ok());
    if let (Some(units), Some(resets)) = (units, reset(answer)) {
        lessons.push(Lesson::Remaining { units, resets });
    }
    lessons
}

fn reset(answer: &Answer) -> Option<Timestamp> {
    answer.wait(RESET).map(|left| after(answer.at, left))
}

fn silence(answer: &Answer) -> Timestamp {
    let asked = answer.wait("retry-after").or_else(|| answer.wait(RESET));
    after(answer.at, asked.unwrap_or(WINDOW).max(WAIT_MIN))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::providers::call::Intent;

    fn answer(intent: Intent, status: u16, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let body = Bytes::from(body.to_owned());
        Answer { status, headers: map, body, at: Timestamp::UNIX_EPOCH, intent }
    }

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn account() -> AccountId {
        AccountId::at("shipstation", "main")
    }

    #[test]
    fn silence_lasts_as_long_as_it_says() {
        let reset = ("X-Rate-Limit-Reset", "17");
        for (headers, seconds) in [
            (vec![("Retry-After", "31"), reset], 31),
            (vec![reset], 17),
            (vec![], 60),
            (vec![("Retry-After", "soon"), reset], 17),
            (vec![("Retry-After", "0")], 1),
            (vec![("X-Rate-Limit-Reset", "0")], 1),
        ] {
            let throttled = answer(Intent::Write, 429, "{}", &headers);
            let reading = read_write(&throttled, &account(), &Value::Null);
            assert!(reading.lessons.contains(&Lesson::StopUntil(at(seconds))), "{headers:?}");
        }
    }

    #[test]
    fn what_is_left_of_the_window_is_learnt_from_every_answer() {
        let headers = [("X-Rate-Limit-Remaining", "12"), ("X-Rate-Limit-Reset", "30")];
        let found = answer(Intent::Read, 200, r#"{"orderId":1}"#, &headers);
        let remaining = Lesson::Remaining { units: 12, resets: at(30) };
        assert_eq!(read_order(&found, &account()).lessons, [Lesson::Answered, remaining]);
    }

    #[test]
    fn a_write_without_a_usable_answer_may_have_happened_and_a_read_has_not() {
        for (status, body) in [(200, "<html>"), (200, r#"{"orderId"#), (200, "{}"), (500, "{}"), (503, "")] {
            let written = read_write(&answer(Intent::Write, status, body, &[]), &account(), &json!({}));
            assert!(written.content.unwrap_err().may_have_happened(), "{status} {body}");
            let read = read_order(&answer(Intent::Read, status, body, &[]), &account());
            assert!(matches!(read.content, Err(CallError::Unanswered { .. })), "{status} {body}");
            assert_eq!(read.lessons, [Lesson::Unreachable], "{status} {body}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let content = |intent, status| {
            let answer = answer(intent, status, "{}", &[]);
            match intent {
                Intent::Read => read_order(&answer, &account()).content,
                Intent::Write => read_write(&answer, &account(), &json!({})).content,
            }
        };
        assert!(matches!(content(Intent::Write, 400), Err(CallError::DataRefused { .. })));
        let sent = json!({"shipTo": {"name": "Canary Person"}});
        let echo = answer(Intent::Write, 409, r#"{"Message":"Canary Person is here already"}"#, &[]);
        let Err(CallError::Refused { words, .. }) = read_write(&echo, &account(), &sent).content else { panic!() };
        assert_eq!(words, "it answered 409: … is here already");
        assert!(matches!(content(Intent::Read, 400), Err(CallError::Refused { .. })));
        assert!(matches!(content(Intent::Write, 404), Err(CallError::Refused { .. })));
        assert_eq!(content(Intent::Read, 404), Ok(Value::Null));
        for status in [401, 403] {
            let refused = content(Intent::Write, status);
            assert!(matches!(refused, Err(CallError::TokenRefused { .. })), "{status}");
        }
    }

    #[test]
    fn of_many_each_is_told_or_unknown() {
        let sent = json!({"shipTo": {"name": "Canary Person"}});
        let made = |result: Value| read_made(&result, &sent);
        let there = Some(Made::There { order_id: "7".into() });
        assert_eq!(made(json!({"orderId": 7, "success": true, "errorMessage": null})), there);
        let refused = Some(Made::Refused { words: "… has no street".into() });
        assert_eq!(
            made(json!({"orderId": null, "success": false, "errorMessage": "Canary Person has no street"})),
            refused
        );
        let refused = Some(Made::Refused { words: "no reason given".into() });
        assert_eq!(made(json!({"orderId": 7, "success": false, "errorMessage": null})), refused);
        for unclear in [json!({"success": true}), json!({"orderId": 7}), json!({"orderId": 7, "success": "yes"})] {
            assert_eq!(made(unclear.clone()), None, "{unclear}");
        }
    }

    #[test]
    fn a_refusal_of_many_repeats_nobody() {
        let sent = json!([{"shipTo": {"name": "Canary Person"}}, {"shipTo": {"name": "Otto Normal"}}]);
        let echo = answer(Intent::Write, 400, r#"{"Message":"Otto Normal and Canary Person are refused"}"#, &[]);
        let Err(CallError::Refused { words, .. }) = read_writes(&echo, &account(), &sent).content else { panic!() };
        assert_eq!(words, "it answered 400: … and … are refused");
    }
}
