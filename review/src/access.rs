//! Who may do what, said once. Looking takes a [`Caller`], changing takes a [`Reviewer`]; neither can be had without
//! the ledger having been asked for this very request, so that a disabled operator or a changed role counts at once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lane::clock::{Timestamp, after};
use lane::id::OperatorId;
use lane::operator::{Operator, Role};
use lane::ports::{Desk, LedgerError};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::refusal::Refusal;
use crate::token::token_hash;

/// Someone who may look.
#[derive(Debug)]
pub(crate) struct Caller(Operator);

/// Someone who may decide: approve, reject, retry, pause, resume, release.
#[derive(Debug)]
pub(crate) struct Reviewer<'a>(&'a Operator);

/// The one rule: a role may do what it needs and all that lesser roles may.
fn allows(has: Role, needs: Role) -> bool {
    has >= needs
}

/// Whose token this is. The ledger finds it by its hash; the comparison here does not depend on how a backend compares.
pub(crate) async fn recognise(desk: &dyn Desk, token: &SecretString) -> Result<Option<Caller>, LedgerError> {
    let hash = token_hash(token.expose_secret());
    let found = desk.operator(&hash).await?;
    Ok(found.filter(|operator| is_enabled_owner(operator, &hash)).map(Caller))
}

fn is_enabled_owner(operator: &Operator, hash: &str) -> bool {
    let same: bool = operator.token_hash.as_bytes().ct_eq(hash.as_bytes()).into();
    same && !operator.disabled && allows(operator.role, Role::Viewer)
}

impl Caller {
    /// The name shown beside what they do.
    pub(crate) fn id(&self) -> &OperatorId {
        &self.0.id
    }

    /// Their role.
    pub(crate) fn role(&self) -> Role {
        self.0.role
    }

    /// Whether they may decide.
    pub(crate) fn may_decide(&self) -> bool {
        allows(self.0.role, Role::Reviewer)
    }

    /// The right to decide, or the reason it is not theirs. `route` is for the log.
    pub(crate) fn reviewer(&self, route: &str) -> Result<Reviewer<'_>, Refusal> {
        if self.may_decide() {
            return Ok(Reviewer(&self.0));
        }
        let (needs, has) = (Role::Reviewer, self.0.role);
        tracing::warn!(
            operator.id = %self.0.id,
            role.has = has.as_str(),
            role.needs = needs.as_str(),
            request.route = route,
            "refused a change to an operator whose role does not allow it"
        );
        Err(Refusal::Forbidden { needs, has })
    }
}

impl Reviewer<'_> {
    /// The name shown beside what they do.
    pub(crate) fn id(&self) -> &OperatorId {
        &self.0.id
    }
}

/// How far back failed sign-ins count.
const WINDOW: Duration = Duration::from_mins(1);

/// Failed sign-ins of the last minute in this process. Tokens cannot be guessed; this keeps guessing from being a load.
#[derive(Debug)]
pub(crate) struct Failures {
    most: usize,
    recent: Mutex<VecDeque<Timestamp>>,
}

impl Failures {
    /// Refuses from the `most`th failure within a minute on.
    pub(crate) fn at_most(most: usize) -> Self {
        Self { most, recent: Mutex::new(VecDeque::new()) }
    }

    /// Whether a sign-in may be looked at now.
    pub(crate) fn allow(&self, now: Timestamp) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|at| after(*at, WINDOW) > now);
        recent.len() < self.most
    }

    /// A sign-in failed.
    pub(crate) fn add(&self, now: Timestamp) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_ones_before_it() {
        use Role::{Admin, Reviewer, Viewer};
        let table = [Viewer, Reviewer, Admin].map(|has| [Viewer, Reviewer, Admin].map(|needs| allows(has, needs)));
        assert_eq!(table, [[true, false, false], [true, true, false], [true, true, true]]);
    }

    #[test]
    fn a_disabled_operator_or_another_hash_is_nobody() {
        let operator = |hash: &str, disabled| Operator {
            id: OperatorId::parse("mia").unwrap(),
            role: Role::Admin,
            token_hash: hash.into(),
            disabled,
        };
        assert!(is_enabled_owner(&operator("ab", false), "ab"));
        assert!(!is_enabled_owner(&operator("ab", true), "ab"));
        assert!(!is_enabled_owner(&operator("AB", false), "ab"));
    }

    #[test]
    fn failures_count_for_a_minute() {
        let start = Timestamp::UNIX_EPOCH;
        let failures = Failures::at_most(2);
        failures.add(start);
        assert!(failures.allow(start));
        failures.add(after(start, Duration::from_secs(30)));
        assert!(!failures.allow(after(start, Duration::from_secs(59))));
        assert!(failures.allow(after(start, Duration::from_mins(1))));
    }
}
