//! Accounts: credentials, stores, tags, the country they ship from, and the limit of calls a minute.
//!
//! The window is fixed: it opens with the first call after the last one closed and lasts 60 s. A refused call counts
//! as little as an unmade one. Calls with wrong credentials belong to no account and count for none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use lane::clock::{after, until};
use serde_json::{Value, json};
use std::time::Duration;

use super::stores::Store;

/// `ShipStation`'s window.
const WINDOW: Duration = Duration::from_mins(1);

/// How an account makes customs declarations: its setting "Customs Declarations".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declarations {
    /// "Leave blank (Enter Manually)": what a caller declares stands.
    #[default]
    Manual,
    /// They are made from the order's items, at full price; what a caller declares is overwritten, without a word.
    FromItems,
}

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    /// Nothing once it was revoked.
    secret: Option<String>,
    per_minute: u32,
    pub(super) stores: Vec<Store>,
    pub(super) tags: Vec<Value>,
    pub(super) home: String,
    pub(super) declarations: Declarations,
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
    pub(super) fn new(secret: &str, per_minute: u32) -> Self {
        Self {
            secret: Some(secret.to_owned()),
            per_minute,
            stores: vec![Store::built_in()],
            tags: Vec::new(),
            home: "US".to_owned(),
            declarations: Declarations::default(),
            opened: None,
            used: 0,
        }
    }

    /// Changes secret and limit; the window starts anew, all else stays.
    pub(super) fn reopen(&mut self, secret: &str, per_minute: u32) {
        self.secret = Some(secret.to_owned());
        self.per_minute = per_minute;
        self.opened = None;
    }

    /// Changes the limit. What was used of the running window stays used.
    pub(super) fn limit(&mut self, per_minute: u32) {
        self.per_minute = per_minute;
    }

    /// Adds a store; the first one that is made by hand takes the place of the built-in one.
    pub(super) fn add(&mut self, store: Store) {
        if store.importing.is_none() {
            self.stores.retain(|known| !known.built_in);
        }
        self.stores.push(store);
    }

    pub(super) fn add_tag(&mut self, id: u64, name: &str, color: &str) {
        self.tags.push(json!({"tagId": id, "name": name, "color": color}));
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
        let standing =
            Standing { limit: self.per_minute, remaining: self.per_minute.saturating_sub(self.used), reset_seconds };
        if admitted { Ok(standing) } else { Err(standing) }
    }

    /// Where an order without a store goes.
    pub(super) fn default_store(&self) -> Option<u64> {
        let manual = self.stores.iter().find(|store| store.is_manual());
        manual.or_else(|| self.stores.first()).map(|store| store.id)
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
        let mut account = Account::new("secret", 2);
        assert_eq!(account.take(at(10)).unwrap().reset_seconds, 60);
        assert_eq!(account.take(at(69)).unwrap().reset_seconds, 1);
        assert_eq!(account.take(at(69)).unwrap_err().remaining, 0);
        assert_eq!(account.take(at(70)).unwrap().remaining, 1);
    }
}
