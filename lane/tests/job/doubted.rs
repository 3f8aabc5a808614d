//! A job whose ledger was put back from a backup.

use lane::decision::Verdict;
use lane::outcome::Reach;
use lane::state::StateKind;

use crate::{begin, complete, decision, done, hold, job, there};

#[test]
fn what_may_have_been_written_since_the_backup_is_looked_up_first() {
    let mut waiting = job();
    waiting.doubt();
    assert_eq!((waiting.reach.clone(), waiting.restored), (Reach::Unresolved, true));
    assert!(!waiting.may_burst(), "it goes by itself");
    begin(&mut waiting, 1);
    complete(&mut waiting, done(), there());
    assert!(!waiting.restored, "once it was carried out, nothing is in doubt");
}

#[test]
fn what_is_known_is_not_doubted() {
    for reach in [Reach::Unresolved, there()] {
        let mut job = job();
        begin(&mut job, 1);
        complete(&mut job, hold(), reach.clone());
        job.doubt();
        assert_eq!((job.reach, job.restored), (reach, false));
    }
}

#[test]
fn nothing_can_have_been_written_of_what_a_person_had_refused() {
    let mut job = job();
    begin(&mut job, 1);
    complete(&mut job, hold(), Reach::Untouched);
    job.decide(&decision(&job.clone(), Verdict::Reject)).unwrap();
    assert_eq!(job.state.kind(), StateKind::Rejected);
    job.doubt();
    assert_eq!((job.reach, job.restored), (Reach::Untouched, false));
}
