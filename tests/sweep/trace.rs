//! Reads what `strace` wrote down: system calls with their place, their data, their result, and where in the record each
//! began and ended.
//!
//! A call that another thread's interrupted stands in two lines, the first with its beginning, the second with its end.
//! Lines stand in the order in which the tracer saw beginnings and ends, so a call whose end stands before another's
//! beginning came before it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What outlives a power cut; the shared memory beside it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum File {
    Ledger,
    Log,
    /// What becomes the file that tells an older ledger, until it is renamed.
    Boot,
    /// The folder they lie in.
    Folder,
}

impl File {
    const ALL: [Self; 4] = [Self::Ledger, Self::Log, Self::Boot, Self::Folder];

    /// Where it lies.
    pub(crate) fn path(self, folder: &Path) -> PathBuf {
        match self {
            Self::Ledger => folder.join("ledger.db"),
            Self::Log => folder.join("ledger.db-wal"),
            Self::Boot => folder.join("ledger.db.boot.new"),
            Self::Folder => folder.to_owned(),
        }
    }

    /// Which one this is.
    pub(crate) fn at(path: &str, folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.path(folder) == Path::new(path))
    }
}

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) thread: u32,
    /// The thread's name.
    pub(crate) by: String,
    pub(crate) name: String,
    /// What it was about: a path (of two, the first), or both ends of a connection.
    pub(crate) on: String,
    /// What was written or read, as far as it was recorded.
    pub(crate) data: Vec<u8>,
    /// Length and offset of a write, length of a cut.
    pub(crate) numbers: Vec<u64>,
    /// Nothing if the process died in it.
    pub(crate) result: Option<i64>,
    /// The line it began in.
    pub(crate) begun: usize,
    /// The line it ended in.
    pub(crate) ended: Option<usize>,
}

impl Call {
    pub(crate) fn is_write(&self) -> bool {
        self.name == "pwrite64"
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync")
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.name == "ftruncate"
    }

    pub(crate) fn is_of_log(&self) -> bool {
        self.on.ends_with("ledger.db-wal")
    }

    /// Of a file that outlives a power cut; the shared memory beside them does not.
    pub(crate) fn is_of_ledger(&self) -> bool {
        self.on.ends_with("ledger.db") || self.is_of_log()
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.result.is_some_and(|result| result >= 0)
    }
}

/// Reads a record.
pub(crate) fn read(record: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut begun: HashMap<u32, (usize, String, String)> = HashMap::new();
    for (at, line) in record.lines().enumerate() {
        let Some((thread, text)) = line.split_once(' ') else { continue };
        let Some((thread, by)) = thread.split_once('<') else { continue };
        let (Ok(thread), by, text) = (thread.parse(), by.trim_end_matches('>'), text.trim_start()) else { continue };
        if let Some(rest) = text.strip_prefix("<... ") {
            let Some((_, rest)) = rest.split_once(" resumed>") else { continue };
            if let Some((first, _, beginning)) = begun.remove(&thread) {
                calls.extend(call((thread, by), &format!("{beginning}{rest}"), first, Some(at)));
            }
        } else if let Some(beginning) = text.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, (at, by.to_owned(), beginning.to_owned()));
        } else {
            calls.extend(call((thread, by), text, at, Some(at)));
        }
    }
    // Whatever never ended was under way when the process died.
    calls.extend(begun.into_iter().filter_map(|(thread, (at, by, text))| call((thread, &by), &text, at, None)));
    calls.sort_by_key(|call| call.begun);
    calls
}

fn call((thread, by): (u32, &str), text: &str, begun: usize, ended: Option<usize>) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    if let Some(path) = rest.strip_prefix('"') {
        let (path, rest) = unquote(path);
        let result = rest.rsplit_once(" = ").and_then(|(_, result)| result.split_whitespace().next()?.parse().ok());
        let (on, numbers) = (String::from_utf8(path).ok()?, Vec::new());
        return Some(Call {
            thread,
            by: by.to_owned(),
            name: name.to_owned(),
            on,
            data: Vec::new(),
            numbers,
            result,
            begun,
            ended,
        });
    }
    let end_of_place = rest.find(">,").or_else(|| rest.find(">)")).map_or(rest.len(), |at| at + 1);
    let (place, rest) = rest.split_at(end_of_place);
    let on = place.split_once('<').map_or(place, |(_, on)| on.strip_suffix('>').unwrap_or(on));
    let (data, rest) = rest.split_once('"').map_or((Vec::new(), rest), |(_, quoted)| unquote(quoted));
    let (arguments, result) = match rest.rsplit_once(") = ").or_else(|| rest.rsplit_once(" = ")) {
        Some((arguments, result)) => (arguments, result.split_whitespace().next().and_then(|word| word.parse().ok())),
        None => (rest, None),
    };
    let numbers = arguments.split([',', ')']).filter_map(|word| word.trim().parse().ok()).collect();
    Some(Call {
        thread,
        by: by.to_owned(),
        name: name.to_owned(),
        on: on.to_owned(),
        data,
        numbers,
        result,
        begun,
        ended,
    })
}

/// Takes a string as C writes it, up to its closing quote.
fn unquote(text: &str) -> (Vec<u8>, &str) {
    let bytes = text.as_bytes();
    let mut data = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'"' {
        if bytes[at] != b'\\' {
            data.push(bytes[at]);
            at += 1;
            continue;
        }
        let escaped = bytes.get(at + 1).copied().unwrap_or(b'\\');
        at += 2;
        data.push(match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'0'..=b'7' => {
                let mut value = u32::from(escaped - b'0');
                let mut digits = 1;
                while digits < 3 && at < bytes.len() && (b'0'..=b'7').contains(&bytes[at]) {
                    value = value * 8 + u32::from(bytes[at] - b'0');
                    at += 1;
                    digits += 1;
                }
                u8::try_from(value & 0xff).unwrap()
            }
            other => other,
        });
    }
    (data, text.get(at + 1..).unwrap_or(""))
}

#[test]
fn a_call_in_one_line_and_a_call_in_two_are_read() {
    let record = "7<one>  pwrite64(12</a/ledger.db-wal>, \"a\\0\\12b\\\"c\\3771\"..., 4096, 24) = 4096\n\
                  8<two> fsync(12</a/ledger.db-wal> <unfinished ...>\n\
                  9<one> writev(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"HTTP/1.1 200 OK\\r\\n\", iov_len=17}], 1) = 17\n\
                  8<two> <... fsync resumed>) = -1 EIO (Input/output error) (INJECTED)\n\
                  7<one> pwrite64(12</a/ledger.db-wal>, \"x\", 1, 9 <unfinished ...>\n\
                  6<one> rename(\"/a/ledger.db.boot.new\", \"/a/ledger.db.boot\") = ?\n\
                  7<one> +++ killed by SIGKILL +++\n";
    let calls = read(record);
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert_eq!(calls[0].data, b"a\0\nb\"c\xff1");
    assert_eq!((calls[0].numbers.as_slice(), calls[0].result), ([4096, 24].as_slice(), Some(4096)));
    assert_eq!((calls[1].begun, calls[1].ended, calls[1].result), (1, Some(3), Some(-1)));
    assert_eq!(calls[1].on, "/a/ledger.db-wal");
    assert_eq!((calls[2].on.as_str(), calls[2].result), ("TCP:[127.0.0.1:1->127.0.0.1:2]", Some(17)));
    assert_eq!((calls[3].result, calls[3].ended), (None, None), "it died in this one");
    assert_eq!((calls[1].by.as_str(), calls[4].result), ("two", None));
    assert_eq!(File::at(&calls[4].on, Path::new("/a")), Some(File::Boot));
}
