//! Accounts: credentials, stores and the limit of calls a minute.
//!
//! The window is fixed: it opens with the first call after the last one closed and lasts 60 s. A refused call counts
//! as little as an unmade one. Calls with wrong credentials belong to no account and count for none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use lane::clock::{after, until};
use serde_json::{Value, json};
use std::time::Duration;

/// `ShipStation`'s window.
const WINDOW: Duration = Duration::from_mins(1);

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    /// Nothing once it was revoked.
    secret: Option<String>,
    per_minute: u32,
    pub(super) stores: Vec<Store>,
    opened: Option<Timestamp>,
    used: u32,
}

/// Where the account stands in its window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset_seconds: u64,
}

impl Standing {
    pub(super) fn headers(self) -> Vec<(String, String)> {
        vec![
            ("X-Rate-Limit-Limit".to_owned(), self.limit.to_string()),
            ("X-Rate-Limit-Remaining".to_owned(), self.remaining.to_string()),
            ("X-Rate-Limit-Reset".to_owned(), self.reset_seconds.to_string()),
        ]
    }
}

impl Account {
    pub(super) fn new(secret: &str, per_minute: u32, stores: Vec<Store>) -> Self {
        Self { secret: Some(secret.to_owned()), per_minute, stores, opened: None, used: 0 }
    }

    pub(super) fn accepts(&self, secret: &str) -> bool {
        self.secret.as_deref() == Some(secret)
    }

    pub(super) fn revoke(&mut self) {
        self.secret = None;
    }

    /// Takes a call from the window; the error says when to come back.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<Standing, Standing> {
        let opened = match self.opened {
            Some(opened) if now < after(opened, WINDOW) => opened,
            Some(_) | None => {
                self.used = 0;
                now
            }
        };
        self.opened = Some(opened);
        let left = until(now, after(opened, WINDOW));
        let reset_seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let admitted = self.used < self.per_minute;
        self.used += u32::from(admitted);
        let standing = Standing { limit: self.per_minute, remaining: self.per_minute - self.used, reset_seconds };
        if admitted { Ok(standing) } else { Err(standing) }
    }

    /// Where an order without a store goes.
    pub(super) fn default_store(&self) -> Option<u64> {
        let manual = self.stores.iter().find(|store| store.marketplace.to_lowercase().contains("manual"));
        manual.or_else(|| self.stores.first()).map(|store| store.id)
    }
}

/// One store of an account.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) id: u64,
    name: String,
    marketplace: String,
}

impl Store {
    pub(super) fn new(id: u64, name: &str, marketplace: &str) -> Self {
        Self { id, name: name.to_owned(), marketplace: marketplace.to_owned() }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "storeId": self.id,
            "storeName": self.name,
            "marketplaceId": 0,
            "marketplaceName": self.marketplace,
            "accountName": null,
            "email": null,
            "integrationUrl": null,
            "active": true,
            "companyName": "",
            "phone": "",
            "publicEmail": "",
            "website": "",
            "refreshDate": null,
            "lastRefreshAttempt": null,
            "createDate": "2014-07-25T11:05:55.3070000",
            "modifyDate": "2014-11-12T08:45:20.5500000",
            "autoRefresh": false,
            "statusMappings": null,
        })
    }
}

/// Key and secret of an `Authorization` header.
pub(super) fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
    let (key, secret) = decoded.split_once(':')?;
    Some((key.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_credentials() {
        let read = credentials("Basic U2hpcFN0YXRpb246Um9ja3M=");
        assert_eq!(read, Some(("ShipStation".to_owned(), "Rocks".to_owned())));
        assert_eq!(credentials("Bearer U2hpcFN0YXRpb246Um9ja3M="), None);
    }

    #[test]
    fn a_window_opens_with_the_first_call_and_lasts_a_minute() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds: u64| after(start, Duration::from_secs(seconds));
        let mut account = Account::new("secret", 2, Vec::new());
        assert_eq!(account.take(at(10)).unwrap().reset_seconds, 60);
        assert_eq!(account.take(at(69)).unwrap().reset_seconds, 1);
        assert_eq!(account.take(at(69)).unwrap_err().remaining, 0);
        assert_eq!(account.take(at(70)).unwrap().remaining, 1);
    }
}
