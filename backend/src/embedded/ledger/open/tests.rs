//! What the system says, as an operator is told it.

use super::*;

#[test]
fn a_disk_that_is_full_is_not_called_damage() {
    use rusqlite::ffi::{
        Error, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR_READ, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE,
    };
    let told = |code| {
        let error = rusqlite::Error::SqliteFailure(Error::new(code), None);
        as_damage(Path::new("ledger.db"), error)
    };
    for code in [SQLITE_FULL, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE] {
        let error = told(code);
        assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("has room"), "{error}");
    }
    for code in [SQLITE_CORRUPT, SQLITE_IOERR_READ] {
        assert!(matches!(told(code), OpenError::Damaged { .. }));
    }
}
