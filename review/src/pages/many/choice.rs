//! Which orders a form names, as they were shown when somebody chose them.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use lane::decision::Verdict;
use lane::id::{Fingerprint, JobId, LaneKey};
use lane::view::PAGE_ROWS_MAX;

use crate::decide;
use crate::refusal::Refusal;

/// As many as a page shows.
const MANY_MAX: usize = PAGE_ROWS_MAX as usize;

const NOT_OURS: &str = "this is not the form as it was shown; go back, reload the page and choose again";

/// An order and the question about it: `orders/acme 1001 2 3ea6fe14a9e8f782`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Choice {
    pub(super) lane: LaneKey,
    pub(super) job: JobId,
    pub(super) hold: u32,
    pub(super) fingerprint: Fingerprint,
}

/// An order whose question was decided.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) lane: LaneKey,
    pub(super) job: JobId,
    pub(super) hold: u32,
}

/// Many orders, and what is to be done with all of them.
#[derive(Debug)]
pub(super) struct Many {
    pub(super) verdict: Verdict,
    pub(super) note: String,
    pub(super) choices: Vec<Choice>,
}

type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// How a form names an order.
pub(in crate::pages) fn named(lane: &str, job: &str, hold: u32, fingerprint: &str) -> String {
    format!("{lane} {job} {hold} {fingerprint}")
}

impl Choice {
    fn read(text: &str) -> Option<Self> {
        // A fingerprint is whatever was shown.
        let mut parts = text.splitn(4, ' ');
        let (lane, job) = (parts.next()?.parse().ok()?, JobId::parse(parts.next()?).ok()?);
        let hold = parts.next()?.parse().ok()?;
        let fingerprint = decide::fingerprint(parts.next()?).ok()?;
        Some(Self { lane, job, hold, fingerprint })
    }

    pub(super) fn value(&self) -> String {
        named(&self.lane.to_string(), self.job.as_str(), self.hold, self.fingerprint.as_str())
    }

    /// How the decision about it is named.
    pub(super) fn undo(&self) -> String {
        format!("{} {} {}", self.lane, self.job, self.hold)
    }
}

impl Many {
    pub(super) fn read(form: Fields) -> Result<Self, Refusal> {
        let fields = fields(form)?;
        let verdict = verdict(&fields)?;
        let note = fields.iter().find(|(name, _)| name == "note").map(|(_, note)| note.clone()).unwrap_or_default();
        let mut choices = Vec::new();
        for (_, order) in fields.iter().filter(|(name, _)| name == "order") {
            let choice = Choice::read(order).ok_or_else(not_ours)?;
            // A box that is checked twice is one order.
            if !choices.contains(&choice) {
                choices.push(choice);
            }
        }
        few(choices.len())?;
        Ok(Self { verdict, note, choices })
    }
}

/// The decisions that are to be taken back.
pub(super) fn decided(form: Fields) -> Result<(Verdict, Vec<Decided>), Refusal> {
    let fields = fields(form)?;
    let read = |text: &str| {
        let mut parts = text.split(' ');
        let (lane, job) = (parts.next()?.parse().ok()?, JobId::parse(parts.next()?).ok()?);
        let hold = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Decided { lane, job, hold })
    };
    let named = fields.iter().filter(|(name, _)| name == "decided");
    let decided = named.map(|(_, text)| read(text).ok_or_else(not_ours)).collect::<Result<Vec<_>, _>>()?;
    few(decided.len())?;
    Ok((verdict(&fields)?, decided))
}

fn fields(form: Fields) -> Result<Vec<(String, String)>, Refusal> {
    let Form(fields) = form.map_err(|rejection| Refusal::unread(rejection.status(), NOT_OURS))?;
    let known = |name: &str| ["verdict", "note", "order", "decided"].contains(&name);
    if fields.iter().all(|(name, _)| known(name)) { Ok(fields) } else { Err(not_ours()) }
}

fn verdict(fields: &[(String, String)]) -> Result<Verdict, Refusal> {
    let word = fields.iter().find(|(name, _)| name == "verdict").map(|(_, word)| word.as_str());
    word.and_then(decide::verdict).ok_or_else(not_ours)
}

fn few(many: usize) -> Result<(), Refusal> {
    match many {
        0 => Err(Refusal::Malformed("no order was chosen; go back and check the boxes before them".to_owned())),
        1..=MANY_MAX => Ok(()),
        _ => Err(Refusal::Malformed(format!("at most {MANY_MAX} orders are decided at once"))),
    }
}

fn not_ours() -> Refusal {
    Refusal::Malformed(NOT_OURS.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_was_written_and_nothing_else_is() {
        for fingerprint in ["3ea6", "as fetched"] {
            let text = named("orders/acme", "1001", 2, fingerprint);
            assert_eq!(Choice::read(&text).unwrap().value(), text);
        }
        for other in ["", "orders/acme 1001 2", "orders/acme 1001 2 ", "orders/acme 1001 two 3ea6", "acme 1001 2 3ea6"]
        {
            assert_eq!(Choice::read(other), None, "{other}");
        }
    }
}
