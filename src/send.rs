//! `lanekeeper send`: signs a file as Shopify would and posts exactly its bytes to the handler, as a new delivery of a
//! new event. For trying things out.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use backend::secrets::Local;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lane::ports::Secrets as _;
use lane::shop::SecretRef;
use rand::RngCore;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::control::domain;
use crate::say;

/// Where the handler says under which id its log follows the webhook.
const CORRELATION: &str = "x-correlation-id";

/// Where the handler says what became of the webhook.
const OUTCOME: &str = "x-lanekeeper-outcome";

/// What to send where.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The body: a file with an order, or whatever the topic's webhooks carry, in JSON; sent byte for byte.
    file: PathBuf,
    /// The topic, such as orders/create, refunds/create, app/uninstalled or customers/redact.
    #[arg(long)]
    topic: String,
    /// The shop's domain.
    #[arg(long, value_name = "NAME.myshopify.com", value_parser = domain)]
    shop: String,
    /// The handler.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/webhooks/shopify")]
    to: Url,
    /// The secret to sign with: `env:NAME` or `file:PATH`.
    #[arg(long, value_name = "REF", default_value = "env:SHOPIFY_SECRET")]
    secret: SecretRef,
    /// A Shopify simulator that is given the order first, so that the worker can fetch it.
    #[arg(long, value_name = "URL")]
    simulator: Option<Url>,
}

/// Sends it and says what the answer means.
pub(crate) async fn run(send: Send, chance: &mut (dyn RngCore + std::marker::Send)) -> anyhow::Result<()> {
    let secret = Local.read(&send.secret).await?;
    let body = std::fs::read(&send.file).with_context(|| format!("{} cannot be read", send.file.display()))?;
    let client = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(10)).build()?;
    if let Some(simulator) = &send.simulator {
        give(&client, simulator, &send.shop, &body).await?;
    }
    let delivery =
        Delivery { topic: &send.topic, shop: &send.shop, webhook_id: fresh_id(chance), event_id: fresh_id(chance) };
    let answer = delivery.post(&client, send.to.clone(), &secret, body).await.with_context(|| {
        format!("{} did not answer; is the program running, and is this its [webhooks] listen?", send.to)
    })?;
    let status = answer.status();
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let correlation = header(CORRELATION).unwrap_or("none");
    say::line(format_args!("{status}, correlation {correlation}\n{}", meaning(status, header(OUTCOME))));
    if status.is_success() { Ok(()) } else { bail!("the webhook was not accepted") }
}

/// A delivery with the headers that Shopify sends.
pub(crate) struct Delivery<'a> {
    pub(crate) topic: &'a str,
    pub(crate) shop: &'a str,
    pub(crate) webhook_id: String,
    pub(crate) event_id: String,
}

impl Delivery<'_> {
    /// Posts the body as it is.
    pub(crate) async fn post(
        &self,
        client: &Client,
        to: Url,
        secret: &SecretString,
        body: Vec<u8>,
    ) -> reqwest::Result<reqwest::Response> {
        client
            .post(to)
            .header("content-type", "application/json")
            .header("x-shopify-topic", self.topic)
            .header("x-shopify-shop-domain", self.shop)
            .header("x-shopify-hmac-sha256", signature(secret, &body))
            .header("x-shopify-webhook-id", &self.webhook_id)
            .header("x-shopify-event-id", &self.event_id)
            .header("x-shopify-api-version", "2026-10")
            .body(body)
            .send()
            .await
    }
}

/// Base64 of HMAC-SHA256 over the raw body.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(crate) fn signature(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// 128 random bits in the form of a UUID.
pub(crate) fn fresh_id(chance: &mut dyn RngCore) -> String {
    let mut bits = [0_u8; 16];
    chance.fill_bytes(&mut bits);
    let hex = hex::encode(bits);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

async fn give(client: &Client, simulator: &Url, shop: &str, body: &[u8]) -> anyhow::Result<()> {
    let url = format!("{}/__simulator/orders/{shop}", simulator.as_str().trim_end_matches('/'));
    let answer = client
        .post(&url)
        .header("content-type", "application/json")
        .body(body.to_vec())
        .send()
        .await
        .with_context(|| format!("the simulator {simulator} did not answer"))?;
    let status = answer.status();
    if !status.is_success() {
        bail!("the simulator did not take the order: {status} {}", answer.text().await.unwrap_or_default());
    }
    say::line("The simulator has the order.");
    Ok(())
}

/// What an answer of the handler means to whoever sent the webhook.
fn meaning(status: StatusCode, outcome: Option<&str>) -> &'static str {
    match status.as_u16() {
        200..=299 => became(outcome),
        400 => "A header or the body is not what Shopify sends; nothing was recorded.",
        401 => "The signature does not fit: --secret is none of [webhooks] shopify_secrets. Nothing was recorded.",
        404 => "There is no handler at this address; the path is /webhooks/shopify.",
        408 => "The body took too long to arrive; nothing was recorded.",
        413 => "The body is larger than an order can be; nothing was recorded.",
        500..=599 => "The ledger could not commit it now. Shopify would deliver it again; send it again.",
        _ => "This is no answer of Lanekeeper's handler; something else listens there.",
    }
}

/// What became of a webhook that was answered 2xx.
fn became(outcome: Option<&str>) -> &'static str {
    match outcome {
        Some("new") => "It is recorded as a new job and will not be lost.",
        Some("newer") => "It is recorded: the order was known, and its job follows this newer version.",
        Some("unchanged") => "The order was known and nothing about it is new; its job goes on as it was.",
        Some("closed") => {
            "It is recorded, and the shop's lane is paused: the app was taken away, so nothing of it is carried out until \
             the shop is added again."
        }
        Some("asked") => "It is recorded as a request about somebody's data; see `lanekeeper privacy list`.",
        Some("forgotten") => {
            "It is about somebody, or a shop, that asked to be forgotten: nothing of it was kept and nothing will be done."
        }
        Some("duplicate") => "This webhook was recorded before; the repetition changed nothing.",
        Some("quarantined") => {
            "It is kept aside and is no job: the body is no order that can be read, or no shop with this domain is \
             known (see `lanekeeper shop list`; adding the shop makes it a job). `GET /api/v1/quarantine` \
             says which."
        }
        Some("ignored") => {
            "It was passed over and not kept: the topic is none that Lanekeeper asks Shopify for, such as orders/create, \
             orders/updated or refunds/create."
        }
        Some(_) | None => "It was accepted, but not in words of Lanekeeper's handler; something else may listen there.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    /// RFC 4231, test case 2, in base64.
    #[test]
    fn the_signature_is_base64_of_hmac_sha256_over_the_bytes() {
        let secret = SecretString::from("Jefe");
        assert_eq!(
            signature(&secret, b"what do ya want for nothing?"),
            STANDARD.encode(hex::decode("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").unwrap())
        );
    }

    #[test]
    fn every_id_is_new_and_looks_like_shopifys() {
        let mut chance = rand::rngs::StdRng::seed_from_u64(1);
        let ids = [fresh_id(&mut chance), fresh_id(&mut chance)];
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids[0].split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }

    #[test]
    fn the_words_say_what_became_of_it() {
        for (outcome, part) in [
            ("new", "new job"),
            ("newer", "newer version"),
            ("unchanged", "nothing about it is new"),
            ("duplicate", "recorded before"),
            ("closed", "lane is paused"),
            ("asked", "privacy list"),
            ("forgotten", "nothing of it was kept"),
            ("quarantined", "is no job"),
            ("ignored", "not kept"),
        ] {
            let words = meaning(StatusCode::OK, Some(outcome));
            assert!(words.contains(part), "{outcome}: {words}");
            assert_eq!(words.contains("will not be lost"), outcome == "new", "{outcome}: {words}");
        }
        assert!(meaning(StatusCode::OK, None).contains("something else"));
        assert!(meaning(StatusCode::UNAUTHORIZED, None).contains("signature"));
        assert!(meaning(StatusCode::SERVICE_UNAVAILABLE, None).contains("again"));
    }
}
