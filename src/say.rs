//! What the command line prints. Whoever reads may leave at any time (`lanekeeper check | head -1`): that is no failure,
//! so the rest goes unread and the command ends with the exit code it would have had.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Whether somebody still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    Left,
}

/// Prints a line.
pub(crate) fn line(text: impl Display) -> Reader {
    match write(&mut io::stdout().lock(), &text) {
        Ok(reader) => reader,
        Err(error) => {
            trouble(format_args!("the output cannot be written: {error}"));
            Reader::Left
        }
    }
}

/// Prints a line beside what others read.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints why the command fails, in one line that names the program. If even that cannot be written, the exit code
/// has to do.
pub(crate) fn trouble(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "lanekeeper: {text}");
}

fn write(to: &mut dyn Write, text: &dyn Display) -> io::Result<Reader> {
    match writeln!(to, "{text}").and_then(|()| to.flush()) {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_leaves_is_no_failure_and_a_full_disk_is_one() {
        let mut kept = Vec::new();
        assert_eq!(write(&mut kept, &"a line").unwrap(), Reader::Listens);
        assert_eq!(kept, b"a line\n");
        assert_eq!(write(&mut Broken(ErrorKind::BrokenPipe), &"x").unwrap(), Reader::Left);
        let full = write(&mut Broken(ErrorKind::StorageFull), &"x").unwrap_err();
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }
}
