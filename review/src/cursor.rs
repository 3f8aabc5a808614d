//! Cursors of lists. The ledger's own are wrapped with the list they belong to, so that one of another list, or a
//! mistyped one, is told from a ledger that cannot read its rows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::refusal::Refusal;

/// Cursors are far shorter.
const LENGTH_MAX: usize = 500;

/// A cursor of the ledger as it goes out.
pub(crate) fn wrap(list: &str, cursor: Option<String>) -> Option<String> {
    cursor.map(|cursor| URL_SAFE_NO_PAD.encode(format!("{list}\n{cursor}")))
}

/// A cursor of the ledger from what came back.
pub(crate) fn unwrap(list: &str, given: Option<String>) -> Result<Option<String>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let bytes = (given.len() <= LENGTH_MAX).then(|| URL_SAFE_NO_PAD.decode(given).ok()).flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let cursor = text.as_deref().and_then(|text| text.strip_prefix(list)?.strip_prefix('\n'));
    let words = "this is not where a page of this list begins; use the cursor that came with the page before";
    cursor.map(|cursor| Some(cursor.to_owned())).ok_or_else(|| Refusal::Malformed(words.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let sent = wrap("jobs held acme", Some("17.4".into()));
        assert_eq!(unwrap("jobs held acme", sent.clone()).unwrap().as_deref(), Some("17.4"));
        assert!(unwrap("jobs held bolt", sent.clone()).is_err());
        assert!(unwrap("jobs held", sent).is_err());
        assert!(unwrap("lanes", Some("17.4".into())).is_err());
        assert!(unwrap("lanes", Some("A".repeat(501))).is_err());
        assert_eq!(unwrap("lanes", None).unwrap(), None);
    }
}
