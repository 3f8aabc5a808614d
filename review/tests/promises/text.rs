//! Text that merchants, customers and operators wrote is text, wherever it is shown.

use crate::office::{Office, card};

const CANARIES: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea></table><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }} &lt;b&gt; <!--",
];

/// Nothing that a canary brought is a tag or an attribute.
fn inert(html: &str) {
    // Our own two stand in the head, with an address and nothing in them.
    let (own, rest) = (html.matches("<script src=\"/assets/").count(), html.replace("<script src=\"/assets/", ""));
    assert_eq!(own, 2);
    let html = rest.as_str();
    for live in ["<script", "<img", "<svg", "onerror=alert(1)>", "' onmouseover='", "href=\"javascript", "<!--"] {
        assert!(!html.contains(live), "{live} in {html}");
    }
    assert!(html.contains("&#60;script&#62;alert(1)"), "the canary is shown as text");
}

#[tokio::test]
async fn script_in_a_number_or_in_evidence_is_inert() {
    let office = Office::open().await;
    for (n, canary) in (0_u64..).zip(CANARIES) {
        office.held("acme", 2 * n + 1, canary, &[(canary, canary)]).await;
        office.failed("bolt", 2 * n + 2, canary, canary).await;
    }
    let (mut held, mut failed) = (String::new(), office.page("rob", "/failed").await.text);
    for n in (0_u64..).take(CANARIES.len()) {
        for place in ["held", "orders"] {
            let page = office.page("rob", &format!("/{place}/orders/acme/{}", 2 * n + 1)).await;
            assert_eq!(page.status, 200);
            held.push_str(page.main());
        }
        failed.push_str(office.page("rob", &format!("/orders/orders/bolt/{}", 2 * n + 2)).await.main());
    }
    let first = office.page("rob", "/").await.text;
    inert(&(first + &held));
    inert(&failed);
    assert!(held.contains("{{ 7 * 7 }}") && failed.contains("{{ 7 * 7 }}"));
    assert_eq!(failed.matches("<article").count(), 2 * CANARIES.len());
}

#[tokio::test]
async fn script_in_a_note_or_a_reason_is_inert() {
    let office = Office::open().await;
    let all = CANARIES.join("\n");
    office.held("acme", 1, CANARIES[0], &[]).await;
    let (hold, fingerprint) = office.question("acme", 1).await;
    office.press("ada", "reject", "acme", 1, &all).await;
    let late = card("acme", 1, hold, &fingerprint, "approve", &all);
    let page = office.form("rob", "/decide", &late).await;
    assert_eq!(page.status, 409);
    inert(&page.text);

    office.accepted("bolt", 1, "#1").await;
    let why = serde_json::json!({ "why": all }).to_string();
    assert_eq!(office.post("rob", "/lanes/orders/bolt/pause", None, &why).await.status, 200);
    inert(&office.page("rob", "/lanes").await.text);
    inert(&office.page("rob", "/lanes/orders/bolt").await.text);
    inert(&office.page("rob", "/orders/orders/acme/1").await.text);
}

#[tokio::test]
async fn a_word_in_the_address_is_never_shown() {
    let office = Office::open().await;
    let page = office.page("rob", "/?done=approved").await;
    assert!(page.main().contains("Approved. It is carried out as it was shown;"));
    for address in ["/?done=pay%20me", "/?note=pay%20me", "/?after=%3Cscript%3E", "/failed?after=pay"] {
        let page = office.page("rob", address).await;
        assert!(page.status.is_client_error(), "{address}");
        assert!(!page.text.contains("pay") && !page.text.contains("<script"), "{address}");
    }
}

#[tokio::test]
async fn text_that_turns_the_direction_of_writing_is_made_visible() {
    let office = Office::open().await;
    office.held("acme", 1, "#1001\u{202e}", &[("total", "\u{202e}00.1 RUE")]).await;
    let page = office.page("rob", "/").await;
    assert!(!page.text.contains('\u{202e}'));
    assert!(page.text.contains("\u{fffd}00.1 RUE"));
}
