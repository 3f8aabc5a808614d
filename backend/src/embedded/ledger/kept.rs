//! A webhook's row: what came, and what became of it.

use lane::id::ShopId;
use lane::view::QuarantineReason;
use lane::webhook::{Content, Webhook};

use super::rows::micros;
use super::writer::{Fault, Unit};

/// What a webhook's row says became of it.
pub(super) enum Became<'a> {
    /// It caused something, or was no news.
    Settled { outcome: &'static str, job: Option<i64> },
    /// It waits for people, or for its shop; with its content, if it may still become work.
    Aside { why: QuarantineReason, words: &'a str, content: Option<&'a Content> },
}

impl<'a> Became<'a> {
    pub(super) fn unreadable(words: &'a str) -> Self {
        Self::Aside { why: QuarantineReason::Unreadable, words, content: None }
    }
}

/// Keeps a webhook's row; without a body if nothing of what it says may be written down.
pub(super) fn keep(
    unit: &Unit<'_>,
    webhook: &Webhook,
    body: Option<&[u8]>,
    shop: Option<&ShopId>,
    became: &Became<'_>,
) -> Result<(), Fault> {
    let (outcome, job, aside, content) = match became {
        Became::Settled { outcome, job } => (*outcome, *job, None, None),
        Became::Aside { why, words, content } => ("quarantined", None, Some((why.as_str(), *words)), *content),
    };
    let (quarantine, words) = aside.unzip();
    let content = content.map(serde_json::to_string).transpose()?;
    unit.conn
        .prepare_cached(
            "INSERT INTO webhook (source, merchant, shop, topic, webhook_id, event_id, body_hash, received_at,
                                  correlation, outcome, quarantine, words, job, content, bytes, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute((
            webhook.source.as_str(),
            &webhook.merchant,
            shop.map(ShopId::as_str),
            &webhook.topic,
            &webhook.webhook_id,
            &webhook.event_id,
            webhook.body_hash.as_slice(),
            micros(webhook.received_at),
            webhook.correlation.as_str(),
            outcome,
            quarantine,
            words,
            job,
            content,
            i64::try_from(webhook.body.len()).unwrap_or(i64::MAX),
            body,
        ))?;
    Ok(())
}

pub(super) fn quarantine(
    unit: &Unit<'_>,
    row: i64,
    why: QuarantineReason,
    words: &str,
    content: Option<&Content>,
) -> Result<(), Fault> {
    let content = content.map(serde_json::to_string).transpose()?;
    unit.conn
        .prepare_cached("UPDATE webhook SET quarantine = ?2, words = ?3, content = ?4 WHERE seq = ?1")?
        .execute((row, why.as_str(), words, content))?;
    Ok(())
}

/// Says what became of a webhook.
pub(super) fn settle(unit: &Unit<'_>, row: i64, outcome: &str, job: Option<i64>) -> Result<(), Fault> {
    unit.conn
        .prepare_cached(
            "UPDATE webhook SET outcome = ?2, job = ?3, quarantine = NULL, words = NULL, content = NULL WHERE seq = ?1",
        )?
        .execute((row, outcome, job))?;
    Ok(())
}
