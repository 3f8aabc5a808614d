//! A request as a corpus writes it: lines of `name: value`, an empty line, and the body as it is. So seeds can be read and
//! written by hand, and a dictionary of headers and keys is of use.

use axum::http::{HeaderName, HeaderValue};

/// The most headers of a letter, as servers bound them.
const HEADERS_MAX: usize = 64;

/// A request.
pub(crate) struct Letter<'a> {
    lines: Vec<&'a [u8]>,
    pub(crate) body: &'a [u8],
}

impl<'a> Letter<'a> {
    /// Reads a letter. One without an empty line is a body alone.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        if let Some(body) = bytes.strip_prefix(b"\n") {
            return Self { lines: Vec::new(), body };
        }
        match bytes.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) => {
                let lines = bytes[..end].split(|sign| *sign == b'\n').take(HEADERS_MAX).collect();
                Self { lines, body: &bytes[end + 2..] }
            }
            None => Self { lines: Vec::new(), body: bytes },
        }
    }

    /// The first line, for letters whose head is no list of headers.
    pub(crate) fn first_line(&self) -> &'a [u8] {
        self.lines.first().copied().unwrap_or_default()
    }

    /// The headers as a connection would let them through. `written` makes a value of what stands there.
    pub(crate) fn headers(&self, written: impl Fn(&[u8]) -> Vec<u8>) -> Vec<(HeaderName, HeaderValue)> {
        let header = |line: &&[u8]| {
            let colon = line.iter().position(|sign| *sign == b':')?;
            let name = HeaderName::from_bytes(line[..colon].trim_ascii()).ok()?;
            let value = HeaderValue::from_bytes(written(line[colon + 1..].trim_ascii()).trim_ascii()).ok()?;
            Some((name, value))
        };
        self.lines.iter().filter_map(header).collect()
    }
}
