//! The log: a line for each event, for people or as JSON.
//!
//! Names, notes and addresses in fields come from strangers. So every control character of a finished line is
//! escaped on its way out: nothing that is logged can start a line of its own or talk to the terminal.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Env, Format, Log, judge_level};

/// Where the lines go.
#[derive(Debug, Clone)]
pub enum Destination {
    Stderr,
    File(Arc<File>),
}

impl Destination {
    fn open(&self) -> Box<dyn Write> {
        match self {
            Self::Stderr => Box::new(io::stderr()),
            Self::File(file) => Box::new(Arc::clone(file)),
        }
    }
}

/// What is logged. `RUST_LOG` wins over the configured level.
pub fn filter(log: &Log, env: Env<'_>) -> anyhow::Result<EnvFilter> {
    let (directives, place) = match env("RUST_LOG") {
        Some(directives) => (directives, "RUST_LOG"),
        None => (log.level.clone(), "[log] level"),
    };
    judge_level(&directives).with_context(|| format!("{place} does not say how much is logged"))?;
    EnvFilter::try_new(&directives)
        .with_context(|| format!("{place} is not a level or a list of levels, such as info,worker=debug"))
}

/// Starts logging, panics included.
pub fn start(log: &Log, destination: Destination, env: Env<'_>) -> anyhow::Result<()> {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(log, env)?)
        .with_ansi(false)
        .with_writer(Escaping { form: log.format, to: move || destination.open() });
    let started = match log.format {
        Format::Human => subscriber.try_init(),
        Format::Json => subscriber.json().flatten_event(true).with_span_list(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("a panic without words");
        tracing::error!(panic.place = place, panic.what = what, "a part of the program panicked");
    }));
    Ok(())
}

/// Why a program ends, in one line, whether or not there is a log. If even that cannot be written, the exit code has to do.
pub fn last_words(words: &str) {
    let line = escaped(Format::Human, &words.replace('\n', "; "));
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Makes writers that escape what is not text. The layer above writes each event in one go, so the last byte of a
/// write is the only line break that belongs there.
struct Escaping<F> {
    form: Format,
    to: F,
}

impl<'a, W: Write, F: Fn() -> W + 'a> MakeWriter<'a> for Escaping<F> {
    type Writer = EscapingWriter<W>;
    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter { form: self.form, to: (self.to)() }
    }
}

struct EscapingWriter<W> {
    form: Format,
    to: W,
}

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.to.write_all(escaped(self.form, &String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The line without anything that a terminal or a line reader would obey. In JSON control characters stand only
/// inside strings, where `\u` escapes mean the same character.
fn escaped(form: Format, line: &str) -> String {
    let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
    let mut escaped = String::with_capacity(line.len());
    for character in text.chars() {
        match (form, character) {
            (_, character) if !is_dangerous(character) => escaped.push(character),
            (Format::Human, character) => escaped.extend(character.escape_default()),
            (Format::Json, character) => {
                let code = format!("\\u{:04x}", u32::from(character));
                escaped.push_str(&code);
            }
        }
    }
    escaped.push_str(end);
    escaped
}

/// Control characters, line separators, and the marks that turn the direction of text. All lie below U+FFFF.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const HOSTILE: &str = "#1001\r\n2026-11-21 ERROR forged\x1b[31m\u{9b}31m\u{2028}next\u{202e}x\tä";

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(form: Format) -> String {
        let kept = Kept::default();
        let to = kept.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(Escaping { form, to: move || to.clone() });
        let log = || tracing::warn!(order.name = HOSTILE, error = %HOSTILE, "a name arrived: {HOSTILE}");
        match form {
            Format::Human => tracing::subscriber::with_default(subscriber.finish(), log),
            Format::Json => tracing::subscriber::with_default(subscriber.json().flatten_event(true).finish(), log),
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_override_that_would_silence_the_program_is_refused() {
        let told =
            |word: &str| filter(&Log::default(), &|_| Some(word.to_owned())).map_err(|error| format!("{error:#}"));
        for silent in ["loud", "warning", "off", "worker=debug", ""] {
            assert!(told(silent).unwrap_err().starts_with("RUST_LOG"), "{silent}");
        }
        assert!(told("info,worker=debug").is_ok());
    }

    #[test]
    fn nothing_logged_starts_a_line_or_talks_to_the_terminal() {
        for form in [Format::Human, Format::Json] {
            let line = logged(form);
            let text = line.strip_suffix('\n').unwrap();
            assert!(!text.contains(is_dangerous), "{text:?}");
            assert!(text.contains("forged") && text.contains('ä'), "{text:?}");
        }
    }

    #[test]
    fn escaped_json_is_still_json_and_says_the_same() {
        let line: serde_json::Value = serde_json::from_str(&logged(Format::Json)).unwrap();
        assert_eq!(line["order.name"], HOSTILE);
    }
}
