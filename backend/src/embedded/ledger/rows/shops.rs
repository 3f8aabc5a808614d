//! Shops with their domains, operators, and what is remembered of provider accounts.

use std::sync::Arc;

use lane::clock::Timestamp;
use lane::id::{AccountId, ShopId};
use lane::operator::Operator;
use lane::ports::Notice;
use lane::shop::{Shop, Source};

use super::super::look;
use super::super::writer::SqlUnit;
use super::{from_micros, micros, one};
use crate::ledger::fault::Fault;
use crate::ledger::unit::Shops;

impl Shops for SqlUnit<'_> {
    async fn shop_with(&mut self, source: Source, domain: &str) -> Result<Option<Arc<Shop>>, Fault> {
        let sql = "SELECT shop.doc FROM domain JOIN shop ON shop.id = domain.shop
                   WHERE domain.source = ?1 AND domain.name = ?2 AND shop.removed = 0";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query((source.as_str(), domain))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let doc = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        self.shops.read(doc).map(Some)
    }

    async fn shop(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault> {
        look::shop(self.conn, id)
    }

    async fn shop_as_written(&mut self, id: &ShopId) -> Result<Option<Shop>, Fault> {
        let known: Option<String> = one(self.conn, "SELECT doc FROM shop WHERE id = ?1", [id.as_str()])?;
        Ok(known.as_deref().map(serde_json::from_str).transpose()?)
    }

    async fn other_with(&mut self, shop: &Shop, domain: &str) -> Result<Option<ShopId>, Fault> {
        let sql = "SELECT domain.shop FROM domain JOIN shop ON shop.id = domain.shop
                   WHERE domain.source = ?1 AND domain.name = ?2 AND domain.shop <> ?3 AND shop.removed = 0";
        let other: Option<String> = one(self.conn, sql, (shop.source.as_str(), domain, shop.id.as_str()))?;
        Ok(other.as_deref().map(ShopId::parse).transpose()?)
    }

    async fn put_shop(&mut self, shop: &Shop, now: Timestamp) -> Result<(), Fault> {
        self.conn.execute(
            "INSERT INTO shop (id, doc, put_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, put_at = excluded.put_at",
            (shop.id.as_str(), serde_json::to_string(shop)?, micros(now)),
        )?;
        Ok(())
    }

    async fn put_domains(&mut self, shop: &Shop) -> Result<(), Fault> {
        self.conn.execute(
            "UPDATE shop SET left_at = NULL, removed_at = NULL, removed = 0 WHERE id = ?1",
            [shop.id.as_str()],
        )?;
        self.conn.execute("DELETE FROM domain WHERE shop = ?1", [shop.id.as_str()])?;
        for domain in &shop.domains {
            self.conn.execute(
                "INSERT INTO domain (source, name, shop) VALUES (?1, ?2, ?3)
                 ON CONFLICT (source, name) DO UPDATE SET shop = excluded.shop",
                (shop.source.as_str(), domain, shop.id.as_str()),
            )?;
        }
        Ok(())
    }

    async fn put_at(&mut self, id: &ShopId) -> Result<Option<Timestamp>, Fault> {
        Ok(one(self.conn, "SELECT put_at FROM shop WHERE id = ?1", [id.as_str()])?.map(from_micros))
    }

    async fn left(&mut self, id: &ShopId, at: Timestamp) -> Result<(), Fault> {
        self.conn.prepare_cached("UPDATE shop SET left_at = ?2 WHERE id = ?1")?.execute((id.as_str(), micros(at)))?;
        Ok(())
    }

    async fn remove_shop(&mut self, id: &ShopId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE shop SET removed = 1, removed_at = ?2 WHERE id = ?1 AND removed = 0";
        Ok(self.conn.execute(sql, (id.as_str(), micros(now)))? > 0)
    }

    async fn unresolved(&mut self, shop: &ShopId) -> Result<Option<String>, Fault> {
        // The last condition on the state is the index's own, word for word: without it SQLite reads all jobs of the shop.
        let sql = "SELECT json_extract(doc, '$.number') FROM job
                   WHERE lane IN (SELECT seq FROM lane WHERE shop = ?1) AND in_line = 1
                     AND (state = 'attempting' OR json_extract(doc, '$.reach') = 'unresolved')
                   UNION ALL
                   SELECT json_extract(doc, '$.number') FROM job
                   WHERE shop = ?1 AND state IN ('held', 'failed') AND state NOT IN ('waiting', 'attempting')
                     AND json_extract(doc, '$.reach') = 'unresolved' LIMIT 1";
        one(self.conn, sql, [shop.as_str()])
    }

    async fn put_operator(&mut self, operator: &Operator) -> Result<(), Fault> {
        self.conn.execute(
            "INSERT INTO operator (id, token_hash, doc) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, doc = excluded.doc",
            (operator.id.as_str(), &operator.token_hash, serde_json::to_string(operator)?),
        )?;
        Ok(())
    }

    async fn stop_account(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "INSERT INTO account (id, stop_until) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET stop_until = MAX(stop_until, excluded.stop_until)",
            )?
            .execute((account.as_str(), micros(until)))?;
        Ok(())
    }

    async fn looked(&mut self, account: &AccountId, until: Timestamp) -> Result<(), Fault> {
        self.conn
            .prepare_cached(
                "INSERT INTO account (id, looked_until) VALUES (?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET looked_until = MAX(COALESCE(looked_until, ?2), ?2)",
            )?
            .execute((account.as_str(), micros(until)))?;
        Ok(())
    }

    async fn drop_notice(&mut self, account: &AccountId, url: &str) -> Result<(), Fault> {
        self.conn
            .prepare_cached("DELETE FROM notice WHERE account = ?1 AND url = ?2")?
            .execute((account.as_str(), url))?;
        Ok(())
    }

    async fn has_notices(&mut self, account: &AccountId, many: u32) -> Result<bool, Fault> {
        let full = "SELECT 1 FROM notice WHERE account = ?1 LIMIT 1 OFFSET ?2";
        Ok(one::<i64>(self.conn, full, (account.as_str(), many.saturating_sub(1)))?.is_some())
    }

    async fn put_notice(&mut self, notice: &Notice) -> Result<(), Fault> {
        self.conn.prepare_cached("INSERT INTO notice (account, url, received_at) VALUES (?1, ?2, ?3)")?.execute((
            notice.account.as_str(),
            &notice.url,
            micros(notice.received_at),
        ))?;
        Ok(())
    }

    async fn settle_notice(&mut self, account: &AccountId, id: u64) -> Result<(), Fault> {
        self.conn
            .prepare_cached("DELETE FROM notice WHERE seq = ?1 AND account = ?2")?
            .execute((id, account.as_str()))?;
        Ok(())
    }
}
