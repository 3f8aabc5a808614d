//! The timeline of a job, told.

use lane::decision::Verdict;
use lane::history::{Entry, Happened};
use lane::hold::Fact;
use lane::id::OperatorId;
use lane::outcome::{CallRecord, Shipped};

/// One thing that happened, told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told<'a> {
    /// One word for programs.
    pub(crate) kind: &'static str,
    /// For people.
    pub(crate) words: String,
    /// The operator, if one did it.
    pub(crate) by: Option<&'a OperatorId>,
    /// What the operator wrote.
    pub(crate) note: Option<&'a str>,
    /// The calls that were made.
    pub(crate) calls: &'a [CallRecord],
}

impl<'a> Told<'a> {
    fn plainly(kind: &'static str, words: String) -> Self {
        Self { kind, words, by: None, note: None, calls: &[] }
    }

    fn by(kind: &'static str, words: String, by: &'a OperatorId, note: Option<&'a str>) -> Self {
        Self { kind, words, by: Some(by), note, calls: &[] }
    }
}

/// Tells an entry.
pub(crate) fn tell(entry: &Entry) -> Told<'_> {
    match &entry.what {
        Happened::Accepted { topic, why: None, .. } => {
            Told::plainly("accepted", format!("accepted from {topic}, in line"))
        }
        Happened::Accepted { topic, why: Some(why), .. } => {
            Told::plainly("accepted", format!("accepted from {topic}, not carried out: {why}"))
        }
        Happened::Newer { topic, version, state, .. } => {
            Told::plainly("newer", format!("{topic} said something new: version {version}, {} now", state.as_str()))
        }
        Happened::Began { attempt, look_up: false, .. } => Told::plainly("began", format!("attempt {attempt} began")),
        Happened::Began { attempt, look_up: true, .. } => {
            Told::plainly("began", format!("attempt {attempt} began, only to look up what became of the earlier ones"))
        }
        Happened::Ended { attempt, words, calls, .. } => {
            Told { calls, ..Told::plainly("ended", format!("attempt {attempt} ended: {words}")) }
        }
        Happened::Held { number, reason, evidence } => {
            let facts = evidence.iter().map(|Fact { name, value }| format!("{name}: {value}"));
            let said: Vec<String> = std::iter::once(reason.words().to_owned()).chain(facts).collect();
            let words = format!("held for a person (question {number}): {}", said.join("; "));
            Told::plainly("held", words)
        }
        Happened::Reopened { why } => Told::plainly("reopened", format!("back in line: {why}")),
        Happened::Disturbed => Told::plainly(
            "disturbed",
            "a worker that had lost its lease may have written, so it is checked again".to_owned(),
        ),
        Happened::Decided { verdict, hold, by, note } => {
            let what = match verdict {
                Verdict::Approve => "approved",
                Verdict::Reject => "rejected it for good",
                Verdict::Retry => "asked for another try",
            };
            Told::by("decided", format!("{by} {what} (question {hold})"), by, Some(note))
        }
        Happened::Undone { hold, by } => Told::by(
            "undone",
            format!("{by} took that decision back before it took effect (question {hold})"),
            by,
            None,
        ),
        Happened::Shipped(shipped) => Told::plainly("shipped", told_of(shipped)),
        Happened::Redacted => Told::plainly(
            "redacted",
            "its customer or its shop asked to be forgotten; what was kept about people is gone".to_owned(),
        ),
        Happened::Released { by } => Told::by("released", format!("{by} released it from quarantine"), by, None),
    }
}

/// What stands for a fulfilment that was not made here.
const ALREADY: &str = "fulfilled already";

fn told_of(shipped: &Shipped) -> String {
    let Shipped { shipment, fulfilment, carrier, tracking, units } = shipped;
    let how = match (carrier, tracking) {
        (Some(carrier), Some(tracking)) => format!("by {carrier}, tracking number {tracking}"),
        (None, Some(tracking)) => format!("tracking number {tracking}"),
        (Some(carrier), None) => format!("by {carrier}, without a tracking number"),
        (None, None) => "without a tracking number".to_owned(),
    };
    if fulfilment == ALREADY {
        return format!("shipped {how}; the shop had been told of it by somebody else (shipment {shipment})");
    }
    let units = if *units == 1 { "1 unit".to_owned() } else { format!("{units} units") };
    format!("shipped, and the shop was told: {units} {how} (shipment {shipment}, fulfilment {fulfilment})")
}
