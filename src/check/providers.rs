//! Whether the providers answer with the credentials they are given: one harmless call to each account.

use lane::clock::Timestamp;
use lane::shop::Shop;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::json;

use super::Findings;
use crate::config::Config;

/// Asks Shopify for nothing but the shop's own name.
const QUERY: &str = "{ shop { name myshopifyDomain } }";

/// Whose clock says what.
type Dates = Vec<(String, Timestamp)>;

/// Each warehouse account of the settings.
pub(super) async fn accounts(config: &Config, client: &Client, findings: &mut Findings) -> Dates {
    let mut dates = Dates::new();
    for (name, account) in &config.accounts {
        let place = format!("[accounts.{}]", name.as_str());
        let key = findings.secret(&format!("{place} key"), &account.key);
        let secret = findings.secret(&format!("{place} secret"), &account.secret);
        let (Some(key), Some(secret)) = (key, secret) else { continue };
        let request = client
            .get(format!("{}/orders?pageSize=1", account.base_url.as_str()))
            .basic_auth(key.expose_secret(), Some(secret.expose_secret()));
        let Some(answer) = ask(&place, request, &mut dates, findings).await else { continue };
        match answer.status() {
            status if status.is_success() => findings.good(format!("{place} answers and takes its credentials")),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => findings.wrong(format!(
                "{place} refuses its credentials; compare {} and {} with the account's API settings",
                account.key, account.secret
            )),
            StatusCode::TOO_MANY_REQUESTS => {
                findings.good(format!("{place} answers; its limit is used up for this minute"));
            }
            status => {
                findings.wrong(format!("{place} answers {status}; is base_url {} right?", account.base_url.as_str()));
            }
        }
    }
    dates
}

/// Each shop of the ledger.
pub(super) async fn shops(config: &Config, shops: &[Shop], client: &Client, findings: &mut Findings) -> Dates {
    let mut dates = Dates::new();
    for shop in shops {
        let place = format!("the shop {}", shop.id);
        let Some(token) = findings.secret(&place, &shop.token) else { continue };
        let base = config.shopify.base_url.as_str().replace("{domain}", shop.domain());
        let request = client
            .post(format!("{base}/admin/api/{}/graphql.json", config.shopify.api_version.as_str()))
            .header("X-Shopify-Access-Token", token.expose_secret())
            .json(&json!({ "query": QUERY }));
        let Some(answer) = ask(&place, request, &mut dates, findings).await else { continue };
        match answer.status() {
            StatusCode::OK => told(&place, shop, answer, findings).await,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => findings
                .wrong(format!("{place}: Shopify refuses the token {}; make a new one and put it there", shop.token)),
            StatusCode::NOT_FOUND => findings.wrong(format!(
                "{place}: Shopify knows no {}, or not the version {}",
                shop.domain(),
                config.shopify.api_version.as_str()
            )),
            status => findings.wrong(format!("{place}: Shopify answers {status}")),
        }
    }
    dates
}

#[derive(Deserialize)]
struct Told {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    shop: Named,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    myshopify_domain: String,
}

async fn told(place: &str, shop: &Shop, answer: Response, findings: &mut Findings) {
    match answer.json::<Told>().await {
        Ok(Told { data: Some(Data { shop: named }) }) if shop.domains.contains(&named.myshopify_domain) => {
            findings.good(format!("{place} answers at {} and takes its token", shop.domain()));
        }
        Ok(Told { data: Some(Data { shop: named }) }) => findings.wrong(format!(
            "{place}: the token belongs to {}; add the shop again with that as --domain or --also-domain",
            named.myshopify_domain
        )),
        Ok(Told { data: None }) => findings
            .wrong(format!("{place}: Shopify takes the token, but not the question; is the API version supported?")),
        Err(_) => findings.wrong(format!("{place}: what answers at {} is not Shopify", shop.domain())),
    }
}

/// Sends it and notes what time the other side says it is.
async fn ask(place: &str, request: RequestBuilder, dates: &mut Dates, findings: &mut Findings) -> Option<Response> {
    match request.send().await {
        Ok(answer) => {
            let date = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
            if let Some(zoned) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
                dates.push((place.to_owned(), zoned.timestamp()));
            }
            Some(answer)
        }
        Err(error) => {
            let why = if error.is_timeout() { "took too long" } else { "cannot be reached" };
            findings.wrong(format!("{place} {why} ({:#})", anyhow::Error::from(error.without_url())));
            None
        }
    }
}
