//! Privacy requests in words. Who is meant is known as marks only, so there is no name to show.

use lane::privacy::{Ask, Kept};

/// A line for each.
pub(super) fn requests(open: bool, requests: &[Kept]) -> String {
    match (requests, open) {
        ([], true) => "No privacy request is waiting; --all lists those that are done.".to_owned(),
        ([], false) => "There was no privacy request yet.".to_owned(),
        (requests, _) => requests.iter().map(request).collect::<Vec<_>>().join("\n"),
    }
}

fn request(kept: &Kept) -> String {
    let asks = match kept.request.ask {
        Ask::Export => "wants a customer's data",
        Ask::RedactCustomer => "wants a customer forgotten",
        Ask::RedactShop => "wants its shop forgotten",
    };
    let who = kept.shop.as_ref().map_or_else(|| kept.merchant.clone(), ToString::to_string);
    let who = if who.is_empty() { "a shop that is forgotten".to_owned() } else { who };
    let reference = kept.request.reference.as_ref().map(|number| format!("  Shopify's number {number}"));
    let stands = match (kept.done_at, kept.request.ask) {
        (Some(done), _) if kept.dismissed => format!("dismissed {done}"),
        (Some(done), _) => format!("done {done}"),
        (None, Ask::Export) => format!("waits: lanekeeper privacy export --request {} --to FILE.json", kept.id),
        (None, Ask::RedactCustomer) => "is being carried out".to_owned(),
        (None, Ask::RedactShop) => format!(
            "is carried out if the shop had left a day before; else: lanekeeper privacy redact --request {0}, or dismiss \
             --request {0}",
            kept.id
        ),
    };
    format!("{}  {who} {asks}  asked {}{}  {stands}", kept.id, kept.received_at, reference.unwrap_or_default())
}
