//! The pages: what is on each, and how a person gets at it. Whoever changes a page changes one file here.

pub(crate) mod sign_in;
pub(crate) mod held;
pub(crate) mod merchant;

/// Every page that somebody sees who has signed in: its name, and its address.
pub(crate) const SIGNED_IN: [(&str, &str); 9] = [
    ("held", held::ADDRESS),
    ("held-one", "/held/orders/acme/1006"),
    ("failed", "/failed"),
    ("lanes", "/lanes"),
    ("lane", "/lanes/orders/acme"),
    ("aside", "/aside"),
    ("order", "/orders/orders/acme/1001"),
    ("told", "/?done=approved"),
    ("problem", "/nothing-is-here"),
];
