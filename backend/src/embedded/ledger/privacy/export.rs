//! Everything that is known of a customer, for the merchant to hand on: their orders with timelines, decisions and the
//! webhooks as they came, and kept webhooks that name them. Read in many short reads, so that no long one keeps the
//! write-ahead log from shrinking. Bodies stand as text: nothing of their money and ids is rounded on the way.

use lane::clock::Timestamp;
use lane::id::{JobId, LaneKey, ShopId};
use lane::ports::LedgerError;
use lane::privacy::{Ask, Subject};
use lane::view::Recorded;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};

use super::super::bodies::raw;
use super::super::look;
use super::super::readers::Readers;
use super::super::rows::{JobRow, LaneRow, from_micros};
use super::super::writer::Fault;
use super::Request;
use super::names::Names;

/// Webhooks that one read passes by.
const WEBHOOKS_AT_ONCE: usize = 5000;

/// Collects the answer to an export request.
pub(in super::super) async fn export(readers: &Readers, id: u64, now: Timestamp) -> Result<Option<Value>, LedgerError> {
    let Some(asked) = readers.read(move |conn| asked(conn, id)).await? else { return Ok(None) };
    let mut orders = Vec::new();
    for seq in asked.jobs.clone() {
        orders.extend(readers.read(move |conn| order(conn, seq)).await?);
    }
    let (mut kept, mut unreadable, mut passed) = (Vec::new(), 0, 0);
    loop {
        let about = asked.clone();
        let (found, unclear, until) = readers.read(move |conn| kept_aside(conn, &about, passed)).await?;
        kept.extend(found);
        unreadable += unclear;
        match until {
            Some(until) => passed = until,
            None => break,
        }
    }
    Ok(Some(json!({
        "request": {
            "id": id.to_string(),
            "reference": asked.reference,
            "merchant": asked.merchant,
            "shop": asked.shop,
            "received_at": asked.received_at,
            "exported_at": now,
        },
        "orders": orders,
        "kept_aside": kept,
        "not_known": {
            "orders": asked.unknown,
            "webhooks_that_name_nobody": unreadable.to_string(),
            "words": "orders listed here were asked for, and this ledger holds nothing of them; webhooks that name \
                      nobody were kept aside because they could not be read, and can be of any of this shop's customers",
        },
    })))
}

/// A request, and the jobs it is about.
#[derive(Clone)]
struct Asked {
    reference: Option<String>,
    merchant: String,
    shop: Option<ShopId>,
    received_at: Timestamp,
    subject: Subject,
    domains: Vec<String>,
    jobs: Vec<i64>,
    own: Vec<JobId>,
    unknown: Vec<JobId>,
}

fn asked(conn: &Connection, id: u64) -> Result<Option<Asked>, Fault> {
    let Some(request) = Request::find(conn, id)? else { return Ok(None) };
    let domains = request.domains(conn)?;
    let kept = request.kept;
    match kept.request.ask {
        Ask::Export => {}
        Ask::RedactCustomer | Ask::RedactShop => return Ok(None),
    }
    let lane = match &kept.shop {
        Some(shop) => LaneRow::find(conn, &LaneKey::orders(shop))?,
        None => None,
    };
    let subject = kept.request.subject;
    let (mut jobs, mut unknown) = (Vec::new(), Vec::new());
    if let Some(lane) = &lane {
        // Every job of the shop is looked at for the mail address: only this asks for it.
        let sql = "SELECT seq FROM job
                   WHERE seq IN (SELECT seq FROM job INDEXED BY job_line WHERE lane = ?1 AND in_line = 1
                                 UNION
                                 SELECT seq FROM job INDEXED BY job_shop_state
                                 WHERE shop = ?4 AND state NOT IN ('waiting', 'attempting'))
                     AND +lane = ?1 AND (customer = ?2 OR +email = ?3)";
        let marks = (subject.customer.as_ref(), subject.email.as_ref());
        let marks = (marks.0.map(lane::marks::Mark::as_str), marks.1.map(lane::marks::Mark::as_str));
        let mut statement = conn.prepare_cached(sql)?;
        let found = statement.query_map((lane.seq, marks.0, marks.1, lane.shop.as_str()), |row| row.get(0))?;
        jobs = found.collect::<Result<Vec<i64>, _>>()?;
    }
    for id in &subject.orders {
        let row = lane.as_ref().map(|lane| JobRow::find(conn, lane.seq, id)).transpose()?.flatten();
        match row {
            Some(row) => jobs.push(row.seq),
            None => unknown.push(id.clone()),
        }
    }
    jobs.sort_unstable();
    jobs.dedup();
    let mut own = Vec::new();
    for seq in &jobs {
        own.extend(JobRow::find_seq(conn, *seq)?.map(|row| row.job.id));
    }
    let (reference, received_at) = (kept.request.reference, kept.received_at);
    let (merchant, shop) = (kept.merchant, kept.shop);
    Ok(Some(Asked { reference, merchant, shop, received_at, subject, domains, jobs, own, unknown }))
}

fn order(conn: &Connection, seq: i64) -> Result<Option<Value>, Fault> {
    let Some(JobRow { job, .. }) = JobRow::find_seq(conn, seq)? else { return Ok(None) };
    let timeline = look::timeline(conn, &job.lane, &job.id)?;
    let mut read = conn.prepare_cached("SELECT number, doc FROM decision WHERE job = ?1 ORDER BY number")?;
    let made = read.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut decisions = Vec::new();
    for decision in made {
        let (number, doc): (u32, String) = decision?;
        let decision: Recorded = serde_json::from_str(&doc)?;
        decisions.push(json!({ "question": number, "decision": decision }));
    }
    let sql = format!("SELECT {WEBHOOK} FROM webhook WHERE job = ?1 ORDER BY seq");
    let mut read = conn.prepare_cached(&sql)?;
    let webhooks: Vec<KeptWebhook> = read.query_map([seq], KeptWebhook::read)?.collect::<Result<_, _>>()?;
    let webhooks: Vec<Value> = webhooks.into_iter().map(|webhook| webhook.shown().0).collect();
    Ok(Some(json!({
        "id": job.id,
        "number": job.number,
        "state": job.state,
        "accepted_at": job.accepted_at,
        "heard_at": job.heard_at,
        "changed_at": job.changed_at,
        "redacted": job.redacted,
        "at_the_warehouse": job.reach,
        "looked_at": job.seen,
        "hashes_of_its_people": job.marks,
        "timeline": timeline,
        "decisions": decisions,
        "webhooks": webhooks,
    })))
}

const WEBHOOK: &str = "topic, webhook_id, event_id, received_at, outcome, body";

struct KeptWebhook {
    topic: String,
    webhook_id: Option<String>,
    event_id: Option<String>,
    received_at: i64,
    outcome: String,
    body: Option<Vec<u8>>,
}

impl KeptWebhook {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            topic: row.get(0)?,
            webhook_id: row.get(1)?,
            event_id: row.get(2)?,
            received_at: row.get(3)?,
            outcome: row.get(4)?,
            body: row.get(5)?,
        })
    }

    /// As the merchant sees it, and the raw body.
    fn shown(self) -> (Value, Option<Vec<u8>>) {
        let body = self.body.map(raw);
        let text = body.as_deref().map(String::from_utf8_lossy);
        let shown = json!({
            "topic": self.topic,
            "webhook_id": self.webhook_id,
            "event_id": self.event_id,
            "received_at": from_micros(self.received_at),
            "became": self.outcome,
            "body": text,
        });
        (shown, body)
    }
}

/// Kept webhooks of no job that name the customer, how many name nobody, and how far it was looked; nothing at the end.
fn kept_aside(conn: &Connection, asked: &Asked, passed: i64) -> Result<(Vec<Value>, u64, Option<i64>), Fault> {
    let stretch = "SELECT MAX(seq) FROM (SELECT seq FROM webhook WHERE seq > ?1 ORDER BY seq LIMIT ?2)";
    let until: Option<i64> = conn.prepare_cached(stretch)?.query_row((passed, WEBHOOKS_AT_ONCE), |row| row.get(0))?;
    let Some(until) = until else { return Ok((Vec::new(), 0, None)) };
    let sql = format!(
        "SELECT {WEBHOOK} FROM webhook
         WHERE seq > ?1 AND seq <= ?2 AND job IS NULL AND body IS NOT NULL
           AND (shop = ?3 OR merchant IN (SELECT value FROM json_each(?4))) ORDER BY seq"
    );
    let mut read = conn.prepare_cached(&sql)?;
    let shop = asked.shop.as_ref().map(ShopId::as_str);
    let rows = read.query_map((passed, until, shop, serde_json::to_string(&asked.domains)?), KeptWebhook::read)?;
    let (mut found, mut unreadable) = (Vec::new(), 0);
    for row in rows {
        let (shown, body) = row?.shown();
        match body.as_deref().and_then(Names::of).filter(|names| !names.nobody()) {
            None => unreadable += 1,
            Some(names) => {
                let of_an_order = names.orders.iter().any(|id| asked.own.contains(id));
                if of_an_order || names.name(&asked.subject) {
                    found.push(shown);
                }
            }
        }
    }
    Ok((found, unreadable, Some(until)))
}
