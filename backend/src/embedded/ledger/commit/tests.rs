//! Of what is committed together, one that fails takes nobody along.

use super::*;
use crate::ledger::fault::Fault;
use crate::ledger::unit::Unit as _;

/// Writes a row and counts it; then it goes as its kind goes.
struct Scripted {
    number: i64,
    ends: Ends,
    runs: u32,
    told: Arc<std::sync::Mutex<Vec<(i64, u32, bool)>>>,
    failed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Well,
    Failing,
    Panicking,
    WithTheDisk,
    /// It does not notice that SQLite has ended the transaction.
    WithTheTransaction,
}

impl Task for Scripted {
    fn run(&mut self, unit: &mut SqlUnit<'_>) -> Result<(), Fault> {
        self.runs += 1;
        unit.conn.execute("INSERT INTO written VALUES (?1)", [self.number])?;
        unit.count("written".to_owned(), 1);
        match self.ends {
            Ends::Well => Ok(()),
            Ends::Failing => Err(LedgerError::Unreadable("a row".to_owned()).into()),
            Ends::Panicking => panic!("as scripted"),
            Ends::WithTheTransaction => Ok(unit.conn.execute_batch("ROLLBACK")?),
            Ends::WithTheDisk => Err(LedgerError::Stopped("a disk".to_owned()).into()),
        }
    }

    fn fail(&mut self, _: LedgerError) {
        self.failed = true;
    }

    fn answer(self: Box<Self>) {
        self.told.lock().unwrap().push((self.number, self.runs, !self.failed));
    }
}

/// What was written, what was counted, and what each task was told: its number, how often it ran, and whether it is written.
fn committed(script: &[Ends]) -> (Vec<i64>, i64, Vec<(i64, u32, bool)>) {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch("CREATE TABLE written (n INTEGER); CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER)")
        .unwrap();
    let (stop, _stopped) = watch::channel(None);
    let mut pen = Pen { mover: None, conn, shops: Shops::default(), stop: Stop(stop), _open: None };
    let told = Arc::default();
    let mut batch = Batch::default();
    for (number, ends) in (0..).zip(script) {
        let told = Arc::clone(&told);
        batch.add(Errand::Write(Box::new(Scripted { number, ends: *ends, runs: 0, told, failed: false })));
    }
    pen.run(batch);
    let read = |sql: &str| -> Vec<i64> {
        let mut statement = pen.conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let told = told.lock().unwrap().clone();
    (read("SELECT n FROM written ORDER BY n"), read("SELECT n FROM tally").first().copied().unwrap_or(0), told)
}

#[test]
fn what_fails_by_itself_is_rolled_back_alone_and_the_others_are_written_and_counted_once() {
    let (written, counted, told) = committed(&[Ends::Well, Ends::Failing, Ends::Well, Ends::Panicking, Ends::Well]);
    assert_eq!((written, counted), (vec![0, 2, 4], 3));
    assert_eq!(told, [(0, 2, true), (1, 2, false), (2, 1, true), (3, 1, false), (4, 1, true)]);
}

#[test]
fn where_nothing_fails_each_runs_once() {
    let (written, counted, told) = committed(&[Ends::Well; 3]);
    assert_eq!((written, counted), (vec![0, 1, 2], 3));
    assert_eq!(told, [(0, 1, true), (1, 1, true), (2, 1, true)]);
    assert_eq!(committed(&[Ends::Panicking]), (vec![], 0, vec![(0, 1, false)]), "nobody is with it");
}

#[test]
fn what_ends_the_transaction_takes_all_of_the_commit() {
    for script in [
        [Ends::Well, Ends::WithTheDisk, Ends::Well].as_slice(),
        &[Ends::Failing, Ends::WithTheDisk],
        &[Ends::Well, Ends::WithTheTransaction, Ends::Well],
    ] {
        let (written, counted, told) = committed(script);
        assert_eq!((written, counted), (vec![], 0));
        assert!(told.iter().all(|(.., is_written)| !is_written), "{told:?}");
    }
}
