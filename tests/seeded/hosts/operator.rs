//! Somebody who looks every few seconds and decides whatever waits, over the review API.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::http::{Request, StatusCode};
use lane::clock::Clock as _;
use serde_json::{Value, json};

use super::lanekeeper::TOKEN;
use super::{REVIEW_PORT, World};
use crate::late::Chance;
use crate::wire::exchange;

pub(super) async fn run(world: Arc<World>) -> turmoil::Result {
    let chance = Chance::of(world.plan.seed ^ 0x00de_c1de);
    loop {
        tokio::time::sleep(chance.ms(2_000, 15_000)).await;
        for (state, usual) in [("held", "approve"), ("failed", "retry")] {
            let Some((_, page)) = ask("GET", &format!("/api/v1/jobs?state={state}"), Value::Null).await else { break };
            for job in page["rows"].as_array().into_iter().flatten() {
                let verdict = if chance.strikes(0.15) { "reject" } else { usual };
                let question = &job["question"];
                let body = json!({"hold": question["number"], "fingerprint": question["fingerprint"], "note": ""});
                let path =
                    format!("/api/v1/jobs/{}/{}/{verdict}", job["lane"].as_str().unwrap(), job["id"].as_str().unwrap());
                let answer = ask("POST", &path, body).await;
                let status = answer.map_or(0, |(status, _)| status.as_u16());
                let line = format!("{} {verdict} {} {}: {status}", world.clock.now(), job["shop"], job["number"]);
                world.decisions.lock().unwrap().push(line);
            }
        }
    }
}

async fn ask(method: &str, path: &str, body: Value) -> Option<(StatusCode, Value)> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder()
        .method(method)
        .uri(format!("http://lanekeeper:{REVIEW_PORT}{path}"))
        .header("Authorization", format!("Bearer {TOKEN}"))
        .header("Content-Type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(10), exchange(request)).await.ok()?.ok()?;
    Some((answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default()))
}
