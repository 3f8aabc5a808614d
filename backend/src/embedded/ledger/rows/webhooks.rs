//! A webhook's row: what came, and what became of it.

use lane::id::{CorrelationId, ShopId};
use lane::shop::{Shop, Source};
use lane::view::QuarantineReason;
use lane::webhook::Webhook;
use rusqlite::Row;

use super::super::identity::Keys;
use super::super::privacy;
use super::super::writer::SqlUnit;
use super::{from_micros, micros, number, one, reference};
use crate::ledger::fault::Fault;
use crate::ledger::row::{JobRef, JobRow};
use crate::ledger::unit::{Became, Webhooks};

impl Webhooks for SqlUnit<'_> {
    /// A row that is read by itself costs no more.
    async fn expect(&mut self, _: &Webhook, _: Option<&Shop>, _: &[[u8; 32]]) -> Result<(), Fault> {
        Ok(())
    }

    async fn are_known(&mut self, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<bool, Fault> {
        Keys::of(webhook, keys).are_known(self.conn)
    }

    async fn take(&mut self, webhook: &Webhook, keys: &[[u8; 32]]) -> Result<(), Fault> {
        Keys::of(webhook, keys).take(self.conn)
    }

    async fn keep(
        &mut self,
        webhook: &Webhook,
        body: Option<&[u8]>,
        shop: Option<&ShopId>,
        became: &Became<'_>,
    ) -> Result<(), Fault> {
        let (outcome, job, aside, content) = match became {
            Became::Settled { outcome, job } => (*outcome, job.as_ref().map(|job| job.row), None, None),
            Became::Aside { why, words, content } => ("quarantined", None, Some((why.as_str(), *words)), *content),
        };
        let (quarantine, words) = aside.unzip();
        let content = content.map(serde_json::to_string).transpose()?;
        self.conn
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

    async fn kept_for(&mut self, shop: &Shop, most: usize) -> Result<Vec<u64>, Fault> {
        let sql =
            "SELECT seq FROM webhook WHERE quarantine = ?1 AND merchant = ?2 AND source = ?3 ORDER BY seq LIMIT ?4";
        let mut kept: Vec<u64> = Vec::new();
        for domain in &shop.domains {
            let mut statement = self.conn.prepare_cached(sql)?;
            let why = QuarantineReason::UnknownShop.as_str();
            let rows = statement.query_map((why, domain, shop.source.as_str(), most), |row| row.get(0))?;
            kept.extend(rows.collect::<Result<Vec<u64>, _>>()?);
        }
        kept.sort_unstable();
        kept.truncate(most);
        Ok(kept)
    }

    async fn merchant_of(&mut self, id: u64) -> Result<Option<String>, Fault> {
        one(self.conn, "SELECT merchant FROM webhook WHERE seq = ?1", [number(id)?])
    }

    async fn kept(&mut self, id: u64) -> Result<Option<Webhook>, Fault> {
        let sql = "SELECT source, merchant, topic, webhook_id, event_id, body_hash, received_at, correlation, content
                   FROM webhook WHERE seq = ?1 AND content IS NOT NULL";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([number(id)?])?;
        rows.next()?.map(read_kept).transpose()
    }

    async fn settle(&mut self, id: u64, shop: &ShopId, outcome: &str, job: Option<&JobRef>) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "UPDATE webhook SET shop = ?4, outcome = ?2, job = ?3, quarantine = NULL, words = NULL, content = NULL
                 WHERE seq = ?1",
            )?
            .execute((number(id)?, outcome, job.map(|job| job.row), shop.as_str()))?;
        Ok(())
    }

    async fn put_before_people(&mut self, id: u64, shop: &ShopId, words: &str) -> Result<(), Fault> {
        self.conn
            .prepare_cached("UPDATE webhook SET shop = ?4, quarantine = ?2, words = ?3, content = NULL WHERE seq = ?1")?
            .execute((number(id)?, QuarantineReason::Unreadable.as_str(), words, shop.as_str()))?;
        Ok(())
    }

    async fn doubt_last_of(&mut self, row: &JobRow, why: QuarantineReason, words: &str) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "UPDATE webhook SET quarantine = ?2, words = ?3
                 WHERE seq = (SELECT MAX(seq) FROM webhook WHERE job = ?1)",
            )?
            .execute((row.row, why.as_str(), words))?;
        Ok(())
    }

    async fn quarantined(&mut self, id: u64) -> Result<Option<(QuarantineReason, Option<JobRef>)>, Fault> {
        let Ok(seq) = i64::try_from(id) else { return Ok(None) };
        let sql = "SELECT quarantine FROM webhook WHERE seq = ?1 AND quarantine IS NOT NULL";
        let Some(why) = one::<String>(self.conn, sql, [seq])? else { return Ok(None) };
        let sql = "SELECT job FROM webhook WHERE seq = ?1 AND job IS NOT NULL";
        let job = match one(self.conn, sql, [seq])? {
            Some(job) => reference(self.conn, job)?,
            None => None,
        };
        Ok(Some((QuarantineReason::of_word(&why), job)))
    }

    async fn looked_at(&mut self, id: u64) -> Result<(), Fault> {
        self.conn
            .prepare_cached("UPDATE webhook SET quarantine = NULL, words = NULL WHERE seq = ?1")?
            .execute([number(id)?])?;
        Ok(())
    }

    async fn drop_webhook(&mut self, id: u64) -> Result<(), Fault> {
        let seq = number(id)?;
        privacy::drop_webhook(self, seq)
    }
}

fn read_kept(row: &Row<'_>) -> Result<Webhook, Fault> {
    let source = match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
        "shopify" => Source::Shopify,
        _ => return Err(Fault::unreadable("a webhook's source")),
    };
    let body_hash: Vec<u8> = row.get(5)?;
    let correlation: CorrelationId = serde_json::from_value(row.get::<_, String>(7)?.into())?;
    Ok(Webhook {
        source,
        merchant: row.get(1)?,
        topic: row.get(2)?,
        webhook_id: row.get(3)?,
        event_id: row.get(4)?,
        body_hash: body_hash.try_into().map_err(|_| Fault::unreadable("a webhook's hash"))?,
        body: bytes::Bytes::new(),
        received_at: from_micros(row.get(6)?),
        correlation,
        content: serde_json::from_str(row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}
