//! What hold rules would have held, in words.

use crate::control::Trial;

/// A line for each rule, then all of them together, then what was left out.
pub(super) fn trial(trial: &Trial) -> String {
    let Trial { shop, seen, unseen, held, always, rules, untried } = trial;
    let mut lines = vec![format!("Tried on the past orders of {shop}; nothing was changed.")];
    for tried in rules {
        lines.push(format!("    {}: would have held {} of {seen}", tried.rule, tried.held));
    }
    if rules.is_empty() {
        lines.push("    there is no rule that can be tried on the past".to_owned());
    }
    lines.push(format!("In total {held} of {seen} would have been held."));
    if *always > 0 {
        lines.push(format!(
            "{always} of them are held under any rules: no shipping address, customs, or a part left to a person."
        ));
    }
    for rule in untried {
        lines.push(format!("Not tried, for it looks at other orders of its day: {rule}."));
    }
    if *unseen > 0 {
        lines.push(format!(
            "{unseen} past orders were not tried: no attempt has seen them (set aside before one, still in line, or \
             forgotten)."
        ));
    }
    lines.join("\n")
}
