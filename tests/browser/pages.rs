//! The pages: what is on each, and how a person gets at it. Whoever changes a page changes one file here.

pub(crate) mod sign_in;
pub(crate) mod desk;

/// Every page that somebody sees who has signed in: its name, and its address.
pub(crate) const SIGNED_IN: [(&str, &str); 3] =
    [("desk", desk::ADDRESS), ("told", "/?done=approved"), ("problem", "/nothing-is-here")];
