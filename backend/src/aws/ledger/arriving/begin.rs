//! How an import begins and ends: by the table's own item, on condition of what it was.

use std::collections::BTreeMap;
use std::time::Duration;

use lane::clock::Timestamp;

use super::super::Ledger;
use super::super::item::Item;
use super::super::key::Key;
use super::super::standing::{ARRIVED_AT, ARRIVES, MOVE, RUN, restored};
use super::super::unit::{TableUnit, new_token};
use super::{Import, ImportError};
use crate::ledger::fault::Fault;
use crate::moving::{Begin, FORMAT, Record, Sums};

/// A run has seen that there is nothing else in the table.
const ALONE: &str = "alone";

/// What an import finds when it begins.
enum Found {
    /// A table of which nobody has seen yet that there is nothing else in it.
    New,
    /// What an earlier run of the same left, which saw that.
    Begun,
    Arrived(Timestamp),
    Another,
    /// It says something of itself, and no import began.
    Used,
}

impl Ledger {
    /// Begins to take in the ledger whose first record this is, or begins again. Whoever began to write to an empty table
    /// before it was marked has `quiet` to come to an end, and makes it one that is not empty.
    pub async fn import(&self, first: &Record, quiet: Duration, now: Timestamp) -> Result<Import, ImportError> {
        let Record::Begin(begin) = first else { return Err(ImportError::NoBeginning) };
        if begin.format != FORMAT {
            return Err(ImportError::Format(begin.format));
        }
        let (name, run) = (self.table.name().to_owned(), new_token());
        let run_of_it = run.as_str();
        let found = self.write(|mut unit| async move { (mark(&mut unit, begin, run_of_it).await, unit) }).await?;
        match found {
            Found::Begun => {}
            Found::New => self.is_alone(run_of_it, quiet).await?,
            Found::Arrived(at) => return Err(ImportError::Arrived(at)),
            Found::Another => return Err(ImportError::Another(name)),
            Found::Used => return Err(ImportError::NotEmpty(name)),
        }
        Ok(Import {
            ledger: self.clone(),
            run,
            now,
            items: Vec::new(),
            objects: Vec::new(),
            sums: Sums::new(),
            lines: BTreeMap::new(),
            accounts: BTreeMap::new(),
            last_request: 0,
            restored_at: None,
            without_token: Vec::new(),
        })
    }

    /// Takes the mark off again if there is anything else in the table, but only its own: what is there may be what another
    /// run has written since.
    async fn is_alone(&self, run: &str, quiet: Duration) -> Result<(), ImportError> {
        let mut alone = self.table.holds_only(&Key::standing()).await?;
        if alone {
            tokio::time::sleep(quiet).await;
            alone = self.table.holds_only(&Key::standing()).await?;
        }
        match self.write(|mut unit| async move { (look(&mut unit, run, alone).await, unit) }).await? {
            false => Err(ImportError::Overtaken),
            true if alone => Ok(()),
            true => Err(ImportError::NotEmpty(self.table.name().to_owned())),
        }
    }
}

async fn mark(unit: &mut TableUnit, begin: &Begin, run: &str) -> Result<Found, Fault> {
    let before = unit.read(&Key::standing()).await?;
    let alone = before.as_ref().and_then(|item| item.text(ALONE)).map(str::to_owned);
    let found = match before {
        None => Found::New,
        Some(item) => match (item.text(MOVE), item.time(ARRIVED_AT)?) {
            (Some(id), Some(at)) if id == begin.id => Found::Arrived(at),
            (Some(id), None) if id == begin.id && alone.is_some() => Found::Begun,
            (Some(id), None) if id == begin.id => Found::New,
            (Some(_), None) => Found::Another,
            (Some(_), Some(_)) | (None, _) => Found::Used,
        },
    };
    if matches!(found, Found::New | Found::Begun) {
        let arrives = Item::default().with(MOVE, begin.id.as_str()).with(ARRIVES, begin.at.to_string());
        unit.put(Key::standing(), arrives.with(RUN, run).with(ALONE, alone));
    }
    Ok(found)
}

/// Writes down whether there is nothing else in the table. `false` if another run goes on.
async fn look(unit: &mut TableUnit, run: &str, alone: bool) -> Result<bool, Fault> {
    let Some(item) = unit.read(&Key::standing()).await?.filter(|item| item.text(RUN) == Some(run)) else {
        return Ok(false);
    };
    if alone {
        unit.put(Key::standing(), item.with(ALONE, "yes"));
    } else {
        unit.erase(Key::standing());
    }
    Ok(true)
}

impl Import {
    /// Whether no later run has begun.
    pub(super) async fn is_the_run(&self) -> Result<bool, Fault> {
        let standing = self.ledger.table.get(&Key::standing()).await?;
        Ok(standing.is_some_and(|item| item.text(RUN) == Some(&self.run) && item.text(ARRIVES).is_some()))
    }

    /// All of it is here: from now on it is worked with.
    pub(super) async fn has_arrived(&self) -> Result<(), ImportError> {
        let (run, now, restored_at) = (self.run.as_str(), self.now, self.restored_at);
        let told =
            self.ledger.write(|mut unit| async move { (arrive(&mut unit, run, now, restored_at).await, unit) }).await?;
        if told { Ok(()) } else { Err(ImportError::Overtaken) }
    }
}

/// `false` if another run goes on.
async fn arrive(
    unit: &mut TableUnit,
    run: &str,
    now: Timestamp,
    restored_at: Option<Timestamp>,
) -> Result<bool, Fault> {
    let Some(mut item) = unit.read(&Key::standing()).await?.filter(|item| item.text(RUN) == Some(run)) else {
        return Ok(false);
    };
    // Whoever asks again, because the answer was lost, has it told already.
    item.set(ARRIVES, None::<i64>);
    unit.put(Key::standing(), restored(item, restored_at).with(ARRIVED_AT, now));
    Ok(true)
}
