//! Failure on demand: which calls fail, how many of them, and in which of the ways a network or a provider fails.
//!
//! Faults are tried in the order they were pushed. The first that matches, has let its share of calls pass and is not
//! used up strikes; the others are left as they were.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::locked;

/// A fault and the calls it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The calls it is meant for.
    #[serde(default)]
    pub when: Matching,
    /// How many of them it strikes; `u32::MAX` is for ever.
    #[serde(default = "once")]
    pub times: u32,
    /// How many of them it lets pass first.
    #[serde(default)]
    pub skip: u32,
    /// What happens to a call it strikes.
    pub effect: Effect,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that strikes the next call, whichever it is.
    pub fn next(effect: Effect) -> Self {
        Self { when: Matching::default(), times: 1, skip: 0, effect }
    }

    /// Restricts it to one operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.when.operation = Some(operation.to_owned());
        self
    }

    /// Restricts it to one account.
    #[must_use]
    pub fn of(mut self, account: &str) -> Self {
        self.when.account = Some(account.to_owned());
        self
    }

    /// Restricts it to calls whose body or query contains `text`.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.when.contains = Some(text.to_owned());
        self
    }

    /// Strikes `times` calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Strikes until it is cleared.
    #[must_use]
    pub fn forever(self) -> Self {
        self.times(u32::MAX)
    }

    /// Lets `skip` matching calls pass first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// Which calls; what is left out matches every call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matching {
    /// The `ShipStation` key or the shop's domain.
    pub account: Option<String>,
    /// The operation, as the journal names it.
    pub operation: Option<String>,
    /// A text in the body or in the query.
    pub contains: Option<String>,
}

impl Matching {
    fn matches(&self, account: &str, operation: &str, body: &str, query: &str) -> bool {
        self.account.as_deref().is_none_or(|wanted| wanted == account)
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.contains.as_deref().is_none_or(|text| body.contains(text) || query.contains(text))
    }
}

/// What a fault does to a call. In JSON, times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// This answer instead of the provider's own.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// Further headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Whether the call is carried out all the same.
        #[serde(default)]
        commit: bool,
    },
    /// The answer comes, but late: by real time, whatever clock the simulator was given.
    Delay(#[serde(with = "milliseconds")] Duration),
    /// Nothing is done and the connection is closed without an answer.
    CutBeforeCommit,
    /// The call is carried out and the connection is closed without an answer.
    CutAfterCommit,
    /// The call is carried out; half of the answer's bytes arrive, then the connection is closed.
    HalfBody,
    /// Nothing is done and nothing is said for this long; then the connection is closed.
    Hang(#[serde(with = "milliseconds")] Duration),
    /// Status 200 with a web page for a body, as a maintenance proxy answers. Nothing is done.
    Html200,
    /// The provider says too many requests. Nothing is done.
    Throttle {
        /// When it says it may be asked again.
        retry_after_seconds: u64,
    },
    /// The provider refuses the credentials. Nothing is done.
    Unauthorized,
}

/// The faults of one simulator. Clones push to the same list.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Adds a fault behind the others.
    pub fn push(&self, fault: Fault) {
        locked(&self.0).push(fault);
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        locked(&self.0).clear();
    }

    /// What is still to strike, with what is left of its counts.
    pub fn pending(&self) -> Vec<Fault> {
        locked(&self.0).clone()
    }

    /// Uses up one strike of the first fault that is due for this call.
    pub(crate) fn strike(&self, account: &str, operation: &str, body: &str, query: &str) -> Option<Effect> {
        let mut faults = locked(&self.0);
        let mut due = None;
        for (index, fault) in faults.iter_mut().enumerate() {
            if fault.times == 0 || !fault.when.matches(account, operation, body, query) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.times != u32::MAX {
                fault.times -= 1;
            }
            due = Some((index, fault.effect.clone(), fault.times == 0));
            break;
        }
        let (index, effect, used_up) = due?;
        if used_up {
            faults.remove(index);
        }
        Some(effect)
    }
}

/// Durations travel as whole milliseconds, which a person can type.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_after_its_skip_and_as_often_as_told() {
        let faults = Faults::default();
        faults.push(Fault::next(Effect::CutAfterCommit).on("createorder").containing("#1001").after(1).times(2));
        let strike = |operation: &str, body: &str| faults.strike("key", operation, body, "");
        assert_eq!(strike("createorder", "#1002"), None);
        assert_eq!(strike("stores", "#1001"), None);
        assert_eq!(strike("createorder", "#1001"), None);
        assert_eq!(strike("createorder", "#1001"), Some(Effect::CutAfterCommit));
        assert_eq!(strike("createorder", "#1001"), Some(Effect::CutAfterCommit));
        assert_eq!(strike("createorder", "#1001"), None);
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn reads_what_a_person_would_type() {
        let fault: Fault = serde_json::from_str(r#"{"effect":{"hang":1500},"times":3}"#).unwrap();
        assert_eq!(fault, Fault::next(Effect::Hang(Duration::from_millis(1500))).times(3));
        let cut: Fault =
            serde_json::from_str(r#"{"when":{"operation":"createorder"},"effect":"cut_after_commit"}"#).unwrap();
        assert_eq!(cut, Fault::next(Effect::CutAfterCommit).on("createorder"));
    }
}
