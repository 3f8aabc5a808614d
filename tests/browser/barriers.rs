//! What keeps people out who do not see, hear or point well: axe-core's rules, asked on the page.

use serde_json::Value;

use crate::browser::Browser;

/// Where it comes from stands beside it.
const AXE: &str = include_str!("axe/axe.min.js");

/// Style sheets are not fetched once more: the page's policy would forbid it, and the browser would complain.
const ASK: &str = "
    const answer = arguments[arguments.length - 1];
    axe.run(document, { preload: false }).then(answer, error => answer({ error: String(error) }));
";

/// What axe-core found on a page.
#[derive(Debug)]
pub(crate) struct Barriers {
    /// Rules that had something to look at, and found nothing wrong.
    pub(crate) kept: usize,
    /// What is wrong, in words, if it keeps people out (serious or critical).
    pub(crate) severe: Vec<String>,
    /// What else is wrong.
    pub(crate) minor: Vec<String>,
}

impl Barriers {
    /// Looks at the page as it is now.
    pub(crate) async fn of(browser: &Browser) -> Self {
        let found = browser.asks_and_waits(&format!("{AXE}\n{ASK}")).await;
        assert_eq!(found["error"], Value::Null, "axe-core could not look");
        let (severe, minor) = rows(&found["violations"])
            .iter()
            .partition::<Vec<&Value>, _>(|rule| matches!(rule["impact"].as_str(), Some("serious" | "critical")));
        let in_words = |rules: Vec<&Value>| rules.into_iter().map(in_words).collect();
        Self { kept: rows(&found["passes"]).len(), severe: in_words(severe), minor: in_words(minor) }
    }
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn in_words(rule: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let places: Vec<String> = rows(&rule["nodes"])
        .iter()
        .map(|node| format!("\n    {}: {}", node["target"], text(&node["failureSummary"]).replace('\n', " ")))
        .collect();
    format!("{} ({}, {}){}", text(&rule["help"]), text(&rule["id"]), text(&rule["impact"]), places.concat())
}
