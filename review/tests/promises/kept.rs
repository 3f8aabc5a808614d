//! What was kept aside is in front of people, with what mends it.

use lane::outcome::Outcome;
use lane::shop::SkipReason;

use crate::office::Office;

#[tokio::test]
async fn nothing_kept_aside_is_a_figure_and_a_page_that_says_so() {
    let office = Office::open().await;
    let page = office.page("rob", "/aside").await;
    assert!(page.text.contains("Kept aside <strong>0</strong>"));
    assert!(page.main().contains("Every webhook became work, or was known already."));
}

#[tokio::test]
async fn a_webhook_of_an_unknown_shop_says_how_to_add_it() {
    let office = Office::open().await;
    for id in 1..=51 {
        office.accepted("stranger", id, "#1").await;
    }
    let page = office.page("rob", "/aside").await;
    let main = page.main();
    assert!(page.text.contains("Kept aside <strong class=\"asks\">51</strong>"));
    assert_eq!(main.matches("<article").count(), 50);
    assert!(main.contains("lanekeeper shop add --id … --domain stranger.myshopify.com"));
    assert!(main.contains("It is kept 30 days."));
    let next = main.split("href=\"").find(|part| part.starts_with("/aside?after=")).unwrap();
    let next = office.page("rob", next.split('"').next().unwrap()).await;
    assert_eq!(next.main().matches("<article").count(), 1);
    assert!(!main.contains("action=\"/release\""));
}

#[tokio::test]
async fn a_webhook_whose_order_the_shop_does_not_show_is_released_by_a_reviewer() {
    let office = Office::open().await;
    office.accepted("acme", 1, "#1").await;
    office.attempted("acme", 1, Outcome::Skip(SkipReason::UnknownToShop)).await;
    assert!(!office.page("vic", "/aside").await.main().contains("action=\"/release\""));
    let page = office.page("rob", "/aside").await;
    let id = page.main().split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(office.form("vic", "/release", &[("id", id)]).await.status, 403);
    let released = office.form("rob", "/release", &[("id", id)]).await;
    assert_eq!((released.status.as_u16(), released.header("location")), (303, "/aside?done=released"));
    assert_eq!(office.job("acme", 1).await.state.kind().as_str(), "waiting");
    assert_eq!(office.sent().len(), 1);
    assert!(office.page("rob", "/aside?done=released").await.text.contains("Kept aside <strong>0</strong>"));
    assert_eq!(office.form("rob", "/release", &[("id", id)]).await.status, 404);
}
