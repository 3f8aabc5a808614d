//! Whether the providers answer with the credentials they are given, by a few harmless calls: each account for its stores,
//! each shop for its name, its currency, what its token may do and where it ships from.

use std::collections::BTreeMap;
use std::time::Duration;

use lane::clock::Timestamp;
use lane::id::AccountId;
use lane::money::Currency;
use lane::shop::Shop;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use worker::locations as places;
use worker::scopes::{self, SCOPES_TO_FULFIL, SCOPES_TO_READ, Scope};
use worker::setup::{self, Door, Store};

use super::{Findings, locations, stores, terms};
use crate::config::Config;
use crate::say;

/// Asks Shopify for nothing but the shop's own name and currency.
const QUERY: &str = "{ shop { myshopifyDomain currencyCode } }";

/// The longest wait for an account's limit. Its window is a minute.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Whose clock says what.
type Dates = Vec<(String, Timestamp)>;

/// What the accounts said.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) dates: Dates,
    /// The stores of those that answered.
    pub(super) stores: BTreeMap<AccountId, Vec<Store>>,
}

/// Each warehouse account of the settings.
pub(super) async fn accounts(config: &Config, client: &Client, findings: &mut Findings) -> Said {
    let mut said = Said::default();
    for (name, account) in &config.accounts {
        let place = format!("[accounts.{}]", name.as_str());
        let key = findings.secret(&format!("{place} key"), &account.key).await;
        let secret = findings.secret(&format!("{place} secret"), &account.secret).await;
        let (Some(key), Some(secret)) = (key, secret) else { continue };
        let door = Door { base_url: account.base_url.as_str(), key: &key, secret: &secret };
        let Some(answer) = ask_stores(&place, client, door, &mut said.dates, findings).await else { continue };
        match answer.status() {
            status if status.is_success() => {
                findings.good(format!("{place} answers and takes its credentials"));
                let told = answer.json().await.ok().and_then(|answer| setup::stores(&answer));
                match told {
                    Some(told) => {
                        findings.good(format!("{place}: {}", stores::list(&told)));
                        said.stores.insert(account.id(name), told);
                    }
                    None => findings.wrong(format!(
                        "{place} does not list its stores; is base_url {} right?",
                        account.base_url.as_str()
                    )),
                }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => findings.wrong(format!(
                "{place} refuses its credentials; compare {} and {} with the account's API settings",
                account.key, account.secret
            )),
            // Two parcels of one order may hide behind what was not looked at.
            StatusCode::TOO_MANY_REQUESTS => findings.wrong(format!(
                "{place} answers, but its limit is used up, and its stores were not checked; check again in a minute, or \
                 while the program does not run"
            )),
            status => {
                findings.wrong(format!("{place} answers {status}; is base_url {} right?", account.base_url.as_str()));
            }
        }
    }
    said
}

/// Asks an account for its stores. A running program may have used up the account's limit for this minute: that is waited
/// for once.
async fn ask_stores(
    place: &str,
    client: &Client,
    door: Door<'_>,
    dates: &mut Dates,
    findings: &mut Findings,
) -> Option<Response> {
    let answer = ask(place, setup::ask_stores(client, door), dates, findings).await?;
    let limited = answer.status() == StatusCode::TOO_MANY_REQUESTS;
    let wait = asked_to_wait(answer.headers()).filter(|wait| limited && *wait <= WAIT_MAX);
    let Some(wait) = wait else { return Some(answer) };
    say::line(format_args!("… {place}: its limit is used up; waiting {} s for it", wait.as_secs()));
    tokio::time::sleep(wait).await;
    ask(place, setup::ask_stores(client, door), dates, findings).await
}

/// How long a limited answer asks to wait (*docs.shipstation.com: API Rate Limits*; `Retry-After` is what proxies write).
fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    seconds("retry-after").or_else(|| seconds("x-rate-limit-reset"))
}

/// A shop's door at Shopify.
struct Admin<'a> {
    client: &'a Client,
    url: String,
    token: SecretString,
}

/// Each shop of the ledger.
pub(super) async fn shops(config: &Config, shops: &[Shop], client: &Client, findings: &mut Findings) -> Dates {
    let mut dates = Dates::new();
    for shop in shops {
        let place = format!("the shop {}", shop.id);
        let Some(token) = findings.secret(&place, &shop.token).await else { continue };
        let base = config.shopify.base_url.as_str().replace("{domain}", shop.domain());
        let url = format!("{base}/admin/api/{}/graphql.json", config.shopify.api_version.as_str());
        let admin = Admin { client, url, token };
        let request = client
            .post(&admin.url)
            .header("X-Shopify-Access-Token", admin.token.expose_secret())
            .json(&json!({ "query": QUERY }));
        let Some(answer) = ask(&place, request, &mut dates, findings).await else { continue };
        match answer.status() {
            StatusCode::OK => {
                told(&place, shop, answer, findings).await;
                if may(&place, shop, &admin, findings).await {
                    ships_from(&place, shop, &admin, findings).await;
                }
            }
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

/// Compares what the token may do with what carrying the shop's orders takes. Whether it may read the locations.
async fn may(place: &str, shop: &Shop, admin: &Admin<'_>, findings: &mut Findings) -> bool {
    let answer = match scopes::ask(admin.client, &admin.url, &admin.token).send().await {
        Ok(answer) => answer.json().await.ok(),
        Err(_) => None,
    };
    let Some(granted) = answer.as_ref().and_then(scopes::granted) else {
        findings.wrong(format!("{place}: Shopify does not say what its token may do; check again later"));
        return false;
    };
    let missing = lacking(shop, &granted);
    if missing.is_empty() {
        findings.good(format!("{place}: the token has every access scope that carrying its orders takes"));
    }
    for scope in &missing {
        findings.wrong(format!(
            "{place}: the token lacks the access scope {} ({}); add it to the app, and install the app again",
            scope.handle, scope.purpose
        ));
    }
    missing.iter().all(|scope| scope.handle != "read_locations")
}

/// Compares the locations that the shop's terms name with those that it has.
async fn ships_from(place: &str, shop: &Shop, admin: &Admin<'_>, findings: &mut Findings) {
    if shop.carriage.share.locations.is_empty() {
        return;
    }
    let answer = match places::ask(admin.client, &admin.url, &admin.token).send().await {
        Ok(answer) => answer.json().await.ok(),
        Err(_) => None,
    };
    let Some(known) = answer.as_ref().and_then(places::listed) else {
        findings.wrong(format!("{place}: Shopify does not say which locations it has; check again later"));
        return;
    };
    for finding in locations::judge(shop, &known) {
        findings.take(finding);
    }
}

fn lacking(shop: &Shop, granted: &[String]) -> Vec<&'static Scope> {
    let writes: &[Scope] = if shop.carriage.tracking.back { &SCOPES_TO_FULFIL } else { &[] };
    scopes::missing(SCOPES_TO_READ.iter().chain(writes), granted)
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
    currency_code: Option<String>,
}

async fn told(place: &str, shop: &Shop, answer: Response, findings: &mut Findings) {
    match answer.json::<Told>().await {
        Ok(Told { data: Some(Data { shop: named }) }) if shop.domains.contains(&named.myshopify_domain) => {
            findings.good(format!("{place} answers at {} and takes its token", shop.domain()));
            let currency = named.currency_code.and_then(|code| code.parse::<Currency>().ok());
            let limits = currency.map(|currency| terms::limits(shop, currency)).unwrap_or_default();
            for finding in limits {
                findings.take(finding);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::shop;

    #[test]
    fn a_limited_account_says_how_long_to_wait() {
        let asked = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            asked_to_wait(&headers.collect::<HeaderMap>()).map(|wait| wait.as_secs())
        };
        assert_eq!(asked(&[("X-Rate-Limit-Reset", "17")]), Some(17));
        assert_eq!(asked(&[("X-Rate-Limit-Reset", "17"), ("Retry-After", "31")]), Some(31));
        assert_eq!(asked(&[("X-Rate-Limit-Reset", "17"), ("Retry-After", "soon")]), Some(17));
        assert_eq!((asked(&[]), asked(&[("Retry-After", "-1")])), (None, None));
    }

    #[test]
    fn scopes_to_write_are_only_needed_where_tracking_comes_back() {
        let mut shop = shop("acme");
        let granted: Vec<String> = SCOPES_TO_READ.iter().map(|scope| scope.handle.to_owned()).collect();
        assert_eq!(lacking(&shop, &granted), Vec::<&Scope>::new());
        assert_eq!(lacking(&shop, &granted[1..])[0].handle, SCOPES_TO_READ[0].handle);
        shop.carriage.tracking.back = true;
        assert_eq!(lacking(&shop, &granted), SCOPES_TO_FULFIL.iter().collect::<Vec<_>>());
    }
}
