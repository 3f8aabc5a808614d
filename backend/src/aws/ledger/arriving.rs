//! A ledger arrives in the table from another store, record by record ([`crate::moving`]).
//!
//! Records are written as they come, whatever is there, so that an import that was cut short is simply made again. That is
//! safe because nobody works meanwhile: the table's own item says that the ledger is only partly here, and until it says
//! otherwise webhooks, people and the sweep are refused. It also says which run of an import writes; one that was thought to
//! be dead learns from it that another has begun, and stops. What is known only once all jobs have come (how long each line
//! is, how many are in which state) is written last.

mod begin;
mod items;
mod lines;

use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey, ShopId};
use lane::ports::LedgerError;

use super::Ledger;
use super::item::Item;
use super::key::Key;
use super::rows::people::numbers_item;
use crate::ledger::fault::Fault;
use crate::moving::{FORMAT, Kind, Record, Sums};
use items::Account;
use lines::Line;

/// Items that are written in a go: eight calls at once.
const WRITTEN_AT_ONCE: usize = 200;

/// Long bodies that are put into the bucket in a go.
const OBJECTS_AT_ONCE: usize = 8;

/// Why a ledger did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table has something already.
    #[error("the table {0} is not empty; a ledger is imported into a new table, which nobody has used yet")]
    NotEmpty(String),
    /// Another ledger began to arrive.
    #[error(
        "another export was begun to be imported into the table {0} and did not end. If that one was called off, it must \
         never be used again, and this one needs a new table"
    )]
    Another(String),
    /// It is there.
    #[error(
        "this export was imported into the table at {0}; it is in use since, and importing it again would undo what was done"
    )]
    Arrived(Timestamp),
    /// Another run of an import goes on.
    #[error("another import into the table began after this one, which ends here; what counts is what that one says")]
    Overtaken,
    /// Not ours, or not from the beginning.
    #[error("this is not the beginning of an export; give the whole of what `lanekeeper export` wrote")]
    NoBeginning,
    /// A newer program wrote it.
    #[error("the export has format {0}, this program knows {FORMAT}; use the program that wrote it, or a newer one")]
    Format(u32),
    /// The end is missing, or something in the middle.
    #[error("the export is cut off or damaged ({0}); nothing of it is in use: import the whole of it again")]
    CutOff(String),
    /// The table refuses.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<Fault> for ImportError {
    fn from(fault: Fault) -> Self {
        Self::Ledger(fault.into())
    }
}

/// A ledger that is arriving.
pub struct Import {
    ledger: Ledger,
    /// Tells this run from others.
    run: String,
    now: Timestamp,
    items: Vec<(Key, Item)>,
    /// Bodies that are too long for an item, with their names in the bucket.
    objects: Vec<(String, Vec<u8>)>,
    sums: Sums,
    lines: BTreeMap<LaneKey, Line>,
    accounts: BTreeMap<AccountId, Account>,
    /// The last number that was given to a request about somebody's data.
    last_request: u64,
    restored_at: Option<Timestamp>,
    /// Shops whose token lies where only the old machine finds it.
    without_token: Vec<ShopId>,
}

impl Import {
    /// Takes in the next record. Once it is the last, the ledger is there, and what came is told.
    pub async fn take(&mut self, record: Record) -> Result<Option<Sums>, ImportError> {
        let kind = record.kind();
        if let Record::End { sums } = record {
            return self.end(&sums).await.map(Some);
        }
        if kind == Kind::Begin {
            return Err(ImportError::CutOff("it begins twice".to_owned()));
        }
        *self.sums.entry(kind).or_default() += 1;
        self.add(record)?;
        if self.items.len() >= WRITTEN_AT_ONCE || self.objects.len() >= OBJECTS_AT_ONCE {
            self.flush().await?;
        }
        Ok(None)
    }

    /// The stream ended before its last record did.
    pub fn cut_off(&self) -> ImportError {
        ImportError::CutOff(format!("{} records came, and no end", self.records()))
    }

    /// How many records have come.
    pub fn records(&self) -> u64 {
        self.sums.values().sum()
    }

    /// Shops whose token lies in an environment variable or a file, where no function finds it.
    pub fn without_token(&self) -> &[ShopId] {
        &self.without_token
    }

    async fn flush(&mut self) -> Result<(), ImportError> {
        if !self.is_the_run().await? {
            return Err(ImportError::Overtaken);
        }
        for (object, body) in std::mem::take(&mut self.objects) {
            self.ledger.table.bucket().put(&object, &body).await?;
        }
        Ok(self.ledger.table.put_all(std::mem::take(&mut self.items)).await?)
    }

    async fn end(&mut self, said: &Sums) -> Result<Sums, ImportError> {
        if *said != self.sums {
            let odd = said.keys().chain(self.sums.keys()).find(|kind| said.get(kind) != self.sums.get(kind));
            let word = odd.and_then(|kind| serde_json::to_value(kind).ok()).unwrap_or_default();
            return Err(ImportError::CutOff(format!("not all records of the kind {word} came")));
        }
        for (account, is) in std::mem::take(&mut self.accounts) {
            self.items.push((Key::account(&account), is.item(&account)));
        }
        self.items.push((Key::privacy_numbers(), numbers_item(self.last_request)));
        for (key, line) in std::mem::take(&mut self.lines) {
            self.items.push((Key::line(&key), line.item(&key)?));
            if self.items.len() >= WRITTEN_AT_ONCE {
                self.flush().await?;
            }
        }
        self.flush().await?;
        self.has_arrived().await?;
        Ok(std::mem::take(&mut self.sums))
    }
}
