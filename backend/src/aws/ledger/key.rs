//! The names under which items lie. `docs/table.md` describes each kind of item and who reads it; this module is the only
//! place where names are made.

use lane::clock::Timestamp;
use lane::id::{AccountId, JobId, LaneKey, OperatorId, Place, ShopId};
use lane::marks::Mark;
use lane::shop::Source;
use sha2::{Digest as _, Sha256};

use crate::ledger::fault::Fault;
use crate::ledger::tombs::Tomb;

/// Where an item lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// Who may work on a lane, and whether it is paused.
    pub(super) fn lane(lane: &LaneKey) -> Self {
        Self::new(of_lane(lane), LANE)
    }

    /// What everybody adds to a lane: places, depth, when the sweep looks.
    pub(super) fn line(lane: &LaneKey) -> Self {
        Self::new(of_lane(lane), LINE)
    }

    /// An entry of a lane's line.
    pub(super) fn entry(lane: &LaneKey, place: Place) -> Self {
        Self::new(of_lane(lane), format!("{ENTRY}{:020}", place.0))
    }

    pub(super) fn job(lane: &LaneKey, id: &JobId) -> Self {
        Self::new(of_job(lane, id), "job")
    }

    pub(super) fn history(lane: &LaneKey, id: &JobId, number: i64) -> Self {
        Self::new(of_job(lane, id), format!("{HISTORY}{number:010}"))
    }

    pub(super) fn decision(lane: &LaneKey, id: &JobId, hold: u32) -> Self {
        Self::new(of_job(lane, id), format!("{DECISION}{hold:010}"))
    }

    /// Leads from a mark to the jobs of a lane that bear it.
    pub(super) fn marked(lane: &LaneKey, kind: &str, mark: &Mark, id: &JobId) -> Self {
        Self::new(of_mark(lane, kind, mark), id.as_str())
    }

    /// Leads from an order of the warehouse's to its job.
    pub(super) fn there(order: &str, lane: &LaneKey, id: &JobId) -> Self {
        Self::new(of_there(order), job_name(lane, id))
    }

    /// Leads to a job of which nobody knows whether the warehouse has it.
    pub(super) fn unresolved(shop: &ShopId, lane: &LaneKey, id: &JobId) -> Self {
        Self::new(of_unresolved(shop), job_name(lane, id))
    }

    pub(super) fn part(shop: &ShopId, part: &str) -> Self {
        Self::new(format!("part#{shop}"), part)
    }

    /// One of a webhook's permanent keys.
    pub(super) fn seen(key: &[u8; 32]) -> Self {
        Self::seen_half(&hex(&key[..16]))
    }

    /// The same by half of it in hex digits, which is beyond any chance of meeting another.
    pub(super) fn seen_half(half: &str) -> Self {
        Self::new(format!("seen#{half}"), "seen")
    }

    pub(super) fn webhook(id: u64) -> Self {
        Self::new(format!("webhook#{id:020}"), "webhook")
    }

    /// An object of the bucket that no webhook names, and from when on it is nobody's.
    pub(super) fn object(from: Timestamp, object: &str) -> Self {
        Self::new(OBJECTS.to_owned(), format!("{}#{object}", sortable(from)))
    }

    /// Leads to a webhook that is no job's.
    pub(super) fn loose(list: &str, id: u64) -> Self {
        Self::new(list.to_owned(), format!("{id:020}"))
    }

    pub(super) fn shop(id: &ShopId) -> Self {
        Self::new(format!("shop#{id}"), "shop")
    }

    pub(super) fn domain(source: Source, domain: &str) -> Self {
        Self::new(format!("domain#{}#{domain}", source.as_str()), "domain")
    }

    pub(super) fn operator(id: &OperatorId) -> Self {
        Self::new(format!("operator#{}", id.as_str()), "operator")
    }

    /// Leads from the hash of an operator's token to the operator.
    pub(super) fn token(hash: &str) -> Self {
        Self::new(format!("token#{hash}"), "token")
    }

    pub(super) fn account(id: &AccountId) -> Self {
        Self::new(of_account(id), "account")
    }

    pub(super) fn limits(account: &AccountId) -> Self {
        Self::new(of_account(account), "limits")
    }

    pub(super) fn notice(account: &AccountId, id: u64) -> Self {
        Self::new(of_account(account), format!("{NOTICE}{id:020}"))
    }

    /// Leads from what a notice says, which may be long, to the notice.
    pub(super) fn notice_of(account: &AccountId, url: &str) -> Self {
        Self::new(of_account(account), format!("url#{}", hex(&Sha256::digest(url))))
    }

    /// A change that was asked for under an idempotency key.
    pub(super) fn request(by: &OperatorId, key: &str) -> Self {
        Self::new(format!("request#{}", by.as_str()), hex(&Sha256::digest(key)))
    }

    /// What operators did, a partition for each month.
    pub(super) fn audit(at: Timestamp, number: u64) -> Self {
        Self::new(format!("audit#{}", at.strftime("%Y-%m")), format!("{number:020}"))
    }

    /// What is to stay forgotten.
    pub(super) fn gone(tomb: &Tomb) -> Self {
        Self::gone_half(&hex(tomb))
    }

    /// The same in hex digits.
    pub(super) fn gone_half(half: &str) -> Self {
        Self::new(format!("gone#{half}"), "gone")
    }

    /// How the table itself stands.
    pub(super) fn standing() -> Self {
        Self::new("table".to_owned(), "standing")
    }

    /// A request about somebody's data.
    pub(super) fn privacy(id: u64) -> Self {
        Self::new(REQUESTS.to_owned(), format!("{id:020}"))
    }

    /// The last number that was given to a request about somebody's data.
    pub(super) fn privacy_numbers() -> Self {
        Self::new("numbers#privacy".to_owned(), "numbers")
    }

    /// Counts of what belongs to no lane.
    pub(super) fn counts(shard: u64) -> Self {
        Self::new(format!("counts#{shard}"), "counts")
    }
}

/// Both stand side by side, so that one query reads them.
pub(super) const LANE: &str = "lane";
pub(super) const LINE: &str = "line";
pub(super) const ENTRY: &str = "r#";
pub(super) const HISTORY: &str = "h#";
pub(super) const DECISION: &str = "d#";
pub(super) const NOTICE: &str = "n#";

pub(super) fn of_lane(lane: &LaneKey) -> String {
    format!("lane#{lane}")
}

/// The lane of an item that [`of_lane`] named.
pub(super) fn read_lane(key: &Key) -> Result<LaneKey, Fault> {
    let lane = key.pk.strip_prefix("lane#").ok_or_else(|| Fault::unreadable("the name of a lane's item"))?;
    Ok(lane.parse()?)
}

pub(super) fn of_job(lane: &LaneKey, id: &JobId) -> String {
    format!("job#{}", job_name(lane, id))
}

pub(super) fn of_mark(lane: &LaneKey, kind: &str, mark: &Mark) -> String {
    format!("mark#{lane}#{kind}#{}", mark.as_str())
}

pub(super) fn of_there(order: &str) -> String {
    format!("there#{order}")
}

pub(super) fn of_unresolved(shop: &ShopId) -> String {
    format!("unresolved#{shop}")
}

pub(super) fn is_tomb(key: &Key) -> bool {
    key.sk == "gone"
}

/// Where webhooks stand that are no job's: their shop's, or those of a name whose shop is not known.
pub(super) fn of_loose(source: Source, name: &str, shop: Option<&ShopId>) -> String {
    match shop {
        Some(shop) => format!("loose##{shop}"),
        None => format!("loose#{}#{name}", source.as_str()),
    }
}

/// Objects that no webhook names are few, and stand together.
pub(super) const OBJECTS: &str = "objects";

/// The object of an item that stands there.
pub(super) fn object_of(key: &Key) -> Result<&str, Fault> {
    let name = key.sk.split_once('#').map(|(_, object)| object);
    name.ok_or_else(|| Fault::unreadable(format_args!("the name of an object: {}", key.sk)))
}

/// Requests about somebody's data are few, and stand together.
pub(super) const REQUESTS: &str = "privacy";

/// The number in the sort key of an item that stands in a row of others.
pub(super) fn number_of(key: &Key) -> Result<u64, Fault> {
    key.sk.parse().map_err(|_| Fault::unreadable(format_args!("the number of {}", key.sk)))
}

pub(super) fn of_account(id: &AccountId) -> String {
    format!("account#{}", id.as_str())
}

/// A job in one word. Job ids have no `#`.
pub(super) fn job_name(lane: &LaneKey, id: &JobId) -> String {
    format!("{lane}#{id}")
}

pub(super) fn read_job_name(name: &str) -> Result<(LaneKey, JobId), Fault> {
    let (lane, id) =
        name.rsplit_once('#').ok_or_else(|| Fault::unreadable(format_args!("the name of a job: {name}")))?;
    Ok((lane.parse()?, JobId::parse(id)?))
}

/// A time as text that sorts like the time.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{:020}", at.as_microsecond().max(0))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
