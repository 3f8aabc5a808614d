//! What is asked about somebody's data, taken in with the webhook that asks.

use bytes::Bytes;
use lane::id::ShopId;
use lane::ports::Recorded;
use lane::privacy::{PrivacyRequest, Subject};
use lane::webhook::Webhook;

use super::fault::Fault;
use super::tombs;
use super::unit::{Asked, Became, Unit};

/// Takes a request in. Its webhook is recorded like any other, but its body, which names the person, is never written.
pub(crate) async fn take_in<U: Unit>(
    unit: &mut U,
    webhook: &Webhook,
    shop: Option<&ShopId>,
    request: &PrivacyRequest,
) -> Result<Recorded, Fault> {
    let (source, merchant) = (webhook.source, webhook.merchant.as_str());
    // A removed shop's customers may ask as well.
    let removed = match shop {
        Some(_) => None,
        None => unit.led_to(source, merchant).await?,
    };
    let shop = shop.or(removed.as_ref());
    // A forgotten shop has nothing left, and its name is not written down again for saying so; unless its merchant came
    // back, and orders of theirs wait for the shop to be added.
    let nothing_left = shop.is_none()
        && tombs::shop_since(unit, source.as_str(), merchant).await?.is_some()
        && !unit.is_kept_for(source, merchant).await?;
    if !nothing_left {
        // What such a body hashes to can be guessed from a mail address and a telephone number.
        let silent = Webhook { body_hash: [0; 32], body: Bytes::new(), ..webhook.clone() };
        let became = Became::Settled { outcome: Recorded::Asked.label(), job: None };
        unit.keep(&silent, None, shop, &became).await?;
    }
    let mut request = request.clone();
    if nothing_left {
        request.subject = Subject::default();
    }
    unit.put_request(&Asked {
        source,
        merchant: if nothing_left { "" } else { merchant },
        shop,
        request: &request,
        received_at: webhook.received_at,
        done: nothing_left,
    })
    .await?;
    Ok(Recorded::Asked)
}
