//! Whether an account tells of its shipments, where tracking numbers are to come back.

use handler::{InvalidSettings, Settings, Warehouse};
use lane::shop::Shop;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};
use worker::setup::{self, Door, SHIP_NOTIFY, Subscription};

use super::{Finding, Findings};
use crate::config::{Account, AccountName, Config};

/// Stands for the secret wherever a path is shown.
const HIDDEN: &str = "<secret>";

/// Each account, as far as it is asked to tell.
pub(super) async fn look(config: &Config, shops: &[Shop], client: &Client, findings: &mut Findings) {
    for (name, account) in &config.accounts {
        let id = account.id(name);
        let wanted = shops.iter().any(|shop| shop.warehouse == id && shop.carriage.tracking.back);
        let place = format!("[accounts.{}]", name.as_str());
        let Some(reference) = &account.notify_secret else {
            if wanted {
                findings.take(Finding::Warning(format!(
                    "{place}: ShipStation does not tell of shipments, they are found when it is looked for them; set \
                     notify_secret to hear of them at once"
                )));
            }
            continue;
        };
        let Some(secret) = findings.secret(&format!("{place} notify_secret"), reference).await else { continue };
        if let Err(error) = usable(name, account, &secret) {
            findings.wrong(format!("{place}: {error}"));
            continue;
        }
        if wanted {
            subscribed(name, account, &secret, client, findings).await;
        }
    }
}

/// The handler says whether an address can end with it.
fn usable(name: &AccountName, account: &Account, secret: &SecretString) -> Result<(), InvalidSettings> {
    let warehouse = Warehouse { account: account.id(name), secret: secret.clone(), host: account.base_url.host() };
    let warehouses = std::iter::once((name.as_str().to_owned(), warehouse)).collect();
    Settings::new(vec![secret.clone()])?.with_warehouses(warehouses).map(drop)
}

async fn subscribed(
    name: &AccountName,
    account: &Account,
    secret: &SecretString,
    client: &Client,
    findings: &mut Findings,
) {
    let place = format!("[accounts.{}]", name.as_str());
    // Missing credentials were told before.
    let (Ok(key), Ok(own)) = (findings.secrets.read(&account.key).await, findings.secrets.read(&account.secret).await)
    else {
        return;
    };
    let door = Door { base_url: account.base_url.as_str(), key: &key, secret: &own };
    let told = match setup::ask_subscriptions(client, door).send().await {
        Ok(answer) if answer.status().is_success() => {
            answer.json().await.ok().and_then(|answer| setup::subscriptions(&answer))
        }
        Ok(_) | Err(_) => None,
    };
    let Some(told) = told else {
        findings.take(Finding::Warning(format!("{place}: ShipStation did not list its webhooks; check again later")));
        return;
    };
    findings.take(judge(&place, name, secret, &told));
}

/// Whether one of the subscriptions is ours. No address is shown: it ends with the secret.
fn judge(place: &str, name: &AccountName, secret: &SecretString, told: &[Subscription]) -> Finding {
    let path = Account::notice_path(name, secret.expose_secret());
    let ours = |known: &&Subscription| Url::parse(&known.url).is_ok_and(|url| url.path() == path);
    let shown = Account::notice_path(name, HIDDEN);
    let shipping: Vec<_> = told.iter().filter(|known| known.event == SHIP_NOTIFY).filter(ours).collect();
    match shipping.iter().find(|known| known.active) {
        Some(Subscription { store: None, .. }) => {
            Finding::Good(format!("{place}: ShipStation tells of shipments at {shown}"))
        }
        Some(Subscription { store: Some(store), .. }) => Finding::Warning(format!(
            "{place}: ShipStation tells of shipments at {shown}, but only of the store {store}; those of others are found \
             when it is looked for them"
        )),
        None if !shipping.is_empty() => Finding::Warning(format!(
            "{place}: ShipStation's webhook to {shown} is not active; activate it there (Settings > Integrations)"
        )),
        None => Finding::Warning(format!(
            "{place}: ShipStation has no webhook {SHIP_NOTIFY} to {shown}; subscribe it to https://YOUR.HOST{shown} with \
             the secret at its end. Until then shipments are found when it is looked for them"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";

    fn judged(event: &str, url: &str, store: Option<u64>, active: bool) -> Finding {
        let told = [Subscription { event: event.into(), url: url.into(), store, active }];
        judge("[accounts.main]", &AccountName::parse("main").unwrap(), &SecretString::from(SECRET), &told)
    }

    #[test]
    fn only_an_active_subscription_to_our_own_address_counts_and_no_secret_is_shown() {
        let ours = format!("https://lanes.example.com/webhooks/shipstation/main/{SECRET}");
        let others = ours.replace("main", "other");
        let good = judged(SHIP_NOTIFY, &ours, None, true);
        assert!(matches!(good, Finding::Good(_)), "{good:?}");
        for (finding, part) in [
            (judged("ORDER_NOTIFY", &ours, None, true), "has no webhook"),
            (judged(SHIP_NOTIFY, &others, None, true), "has no webhook"),
            (judged(SHIP_NOTIFY, "no address", None, true), "has no webhook"),
            (judged(SHIP_NOTIFY, &ours, None, false), "is not active"),
            (judged(SHIP_NOTIFY, &ours, Some(7), true), "only of the store 7"),
            (good, "<secret>"),
        ] {
            let words = format!("{finding:?}");
            assert!(words.contains(part) && words.contains("<secret>") && !words.contains(SECRET), "{words}");
        }
    }
}
