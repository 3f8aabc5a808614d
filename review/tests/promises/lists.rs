//! What the API lists, and how it is read page by page.

use serde_json::{Value, json};

use crate::office::Office;

#[tokio::test]
async fn a_held_order_shows_its_question_its_evidence_and_plain_words() {
    let office = Office::open().await;
    office.held("acme", 9_007_199_254_740_993, "#1001", &[("total", "900 EUR"), ("limit", "500 EUR")]).await;
    let shown = office.get("vic", "/jobs?state=held").await.json()["rows"][0].clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r##"
    {
      "accepted_at": "2026-11-21T22:00:00Z",
      "attempts": 1,
      "changed_at": "2026-11-21T22:00:00Z",
      "correlation": "7d4a25f623fd5bb9",
      "error": null,
      "hold": {
        "evidence": [
          {
            "name": "total",
            "value": "900 EUR"
          },
          {
            "name": "limit",
            "value": "500 EUR"
          }
        ],
        "reason": "total_above",
        "since": "2026-11-21T22:00:00Z",
        "stops_lane": false,
        "words": "the total is above this shop's limit"
      },
      "id": "9007199254740993",
      "lane": "orders/acme",
      "number": "#1001",
      "question": {
        "fingerprint": "3ea6fe14a9e8f7820fd4653b7d8257cb",
        "number": 1,
        "verdicts": [
          "approve",
          "reject"
        ]
      },
      "shop": "acme",
      "state": "held",
      "undo": null,
      "version": 1,
      "words": "held for a person: the total is above this shop's limit"
    }
    "##);
}

#[tokio::test]
async fn a_failed_order_shows_what_went_wrong() {
    let office = Office::open().await;
    office.failed("acme", 1, "#1001", "the address has no street").await;
    let shown = office.get("vic", "/jobs/orders/acme/1").await.json();
    assert_eq!(shown["words"], "failed; shipstation: the address has no street");
    assert_eq!(shown["error"], json!({ "at": "shipstation", "words": "the address has no street" }));
    assert_eq!(shown["question"]["verdicts"], json!(["retry", "reject"]));
    assert_eq!(shown["hold"], Value::Null);
}

#[tokio::test]
async fn the_timeline_tells_everything_in_words() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001", &[]).await;
    office.pass(5);
    office.decides("rob", "reject", "acme", 1).await;
    let entries = office.get("vic", "/jobs/orders/acme/1/timeline").await.json();
    let told: Vec<String> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["at"].as_str().unwrap(), entry["words"].as_str().unwrap()))
        .collect();
    insta::assert_debug_snapshot!(told, @r##"
    [
        "2026-11-21T22:00:00Z accepted from orders/create, in line",
        "2026-11-21T22:00:00Z attempt 1 began",
        "2026-11-21T22:00:00Z attempt 1 ended: the total is above this shop's limit",
        "2026-11-21T22:00:00Z held for a person (question 1): the total is above this shop's limit",
        "2026-11-21T22:05:00Z rob rejected it for good (question 1)",
    ]
    "##);
    assert_eq!(entries["entries"].as_array().unwrap().last().unwrap()["by"], "rob");
    assert_eq!(office.get("vic", "/jobs/orders/acme/2/timeline").await.status, 404);
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_every_row_comes_once() {
    let office = Office::open().await;
    for id in 1..=5 {
        office.held(if id == 4 { "bolt" } else { "acme" }, id, &format!("#{id}"), &[]).await;
        office.pass(1);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    for _ in 0..9 {
        let page = office.get("vic", &format!("/jobs?state=held&limit=2{after}")).await.json();
        let rows = page["rows"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
    let bolt = office.get("vic", "/jobs?shop=bolt").await.json();
    assert_eq!(bolt["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_question_that_cannot_be_understood_is_refused_and_not_answered_with_everything() {
    let office = Office::open().await;
    for path in [
        "/jobs?state=on-hold",
        "/jobs?stat=held",
        "/jobs?shop=A%20B",
        "/jobs?limit=many",
        "/jobs?limit=-1",
        "/jobs?after=1.2",
        "/jobs?after=%00",
        "/lanes?stalled=perhaps",
        "/lanes?after=x",
        "/quarantine?after=x",
        "/quarantine?state=held",
    ] {
        let answer = office.get("vic", path).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "malformed", "{path}");
    }
    let answer = office.get("vic", "/nowhere").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!("nothing_here")));
}
