//! A ledger arrives in the table from another store, record by record ([`crate::moving`]).
//!
//! Records are written as they come, whatever is there, so that an import that was cut short is simply made again. That is
//! safe because nobody works meanwhile: the table's own item says that the ledger is only partly here, and until it says
//! otherwise webhooks, people and the sweep are refused. What is known only once all jobs have come (how long each line is,
//! how many are in which state) is written last.

mod items;
mod lines;

use std::collections::BTreeMap;

use lane::clock::Timestamp;
use lane::id::{AccountId, LaneKey};
use lane::ports::LedgerError;

use super::Ledger;
use super::item::Item;
use super::key::Key;
use super::rows::people::numbers_item;
use super::standing::{ARRIVED_AT, ARRIVES, MOVE, restored};
use crate::ledger::fault::Fault;
use crate::moving::{Begin, FORMAT, Kind, Record, Sums};
use items::Account;
use lines::Line;

/// Items that are written in a go: eight calls at once.
const WRITTEN_AT_ONCE: usize = 200;

/// Why a ledger did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table has something already.
    #[error("the table {0} is not empty; a ledger is imported into a new table, which nobody has used yet")]
    NotEmpty(String),
    /// Another ledger began to arrive.
    #[error(
        "another export was begun to be imported into the table {0} and did not end; import that one again, or delete the \
         table and make a new one"
    )]
    Another(String),
    /// It is there.
    #[error(
        "this export was imported into the table at {0}; it is in use since, and importing it again would undo what was done"
    )]
    Arrived(Timestamp),
    /// Not ours, or not from the beginning.
    #[error("this is not the beginning of an export; give the whole of what `lanekeeper export` wrote")]
    NoBeginning,
    /// A newer program wrote it.
    #[error("the export has format {0}, this program knows {FORMAT}; use the program that wrote it, or a newer one")]
    Format(u32),
    /// The end is missing, or something in the middle.
    #[error(
        "the export is cut off or damaged ({0}); nothing of it is in use: export again, and import the whole of it"
    )]
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
    begin: Begin,
    now: Timestamp,
    items: Vec<(Key, Item)>,
    sums: Sums,
    lines: BTreeMap<LaneKey, Line>,
    accounts: BTreeMap<AccountId, Account>,
    /// The last number that was given to a request about somebody's data.
    last_request: u64,
    restored_at: Option<Timestamp>,
}

impl Ledger {
    /// Begins to take in the ledger whose first record this is, or begins again.
    pub async fn import(&self, first: &Record, now: Timestamp) -> Result<Import, ImportError> {
        let Record::Begin(begin) = first else { return Err(ImportError::NoBeginning) };
        if begin.format != FORMAT {
            return Err(ImportError::Format(begin.format));
        }
        let name = || self.table.name().to_owned();
        match self.table.get(&Key::standing()).await? {
            Some(item) if item.text(MOVE) != Some(&begin.id) => {
                let arrives = item.text(ARRIVES).is_some();
                return Err(if arrives { ImportError::Another(name()) } else { ImportError::NotEmpty(name()) });
            }
            Some(item) => {
                if let Some(at) = item.time(ARRIVED_AT)? {
                    return Err(ImportError::Arrived(at));
                }
            }
            None => {
                if !self.table.is_empty().await? {
                    return Err(ImportError::NotEmpty(name()));
                }
                let arrives = Item::default().with(MOVE, begin.id.as_str()).with(ARRIVES, begin.at.to_string());
                self.table.put_all(vec![(Key::standing(), arrives)]).await?;
            }
        }
        Ok(Import {
            ledger: self.clone(),
            begin: begin.clone(),
            now,
            items: Vec::new(),
            sums: Sums::new(),
            lines: BTreeMap::new(),
            accounts: BTreeMap::new(),
            last_request: 0,
            restored_at: None,
        })
    }
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
        if self.items.len() >= WRITTEN_AT_ONCE {
            self.flush().await?;
        }
        Ok(None)
    }

    /// The stream ended before its last record did.
    pub fn cut_off(&self) -> ImportError {
        ImportError::CutOff(format!("{} records came, and no end", self.sums.values().sum::<u64>()))
    }

    async fn flush(&mut self) -> Result<(), ImportError> {
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
        let arrived = Item::default().with(MOVE, self.begin.id.as_str()).with(ARRIVED_AT, self.now);
        self.items.push((Key::standing(), restored(arrived, self.restored_at)));
        self.flush().await?;
        Ok(std::mem::take(&mut self.sums))
    }
}
