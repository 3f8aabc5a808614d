//! A shop's terms: when a person must look first (`[hold]`), and how its orders are carried (`[carriage]`). A TOML file
//! that the merchant and whoever runs this program agree on; `shop.example.toml` explains every key.

use std::path::Path;

use anyhow::{Context as _, bail};
use lane::carriage::Carriage;
use lane::money::Money;
use lane::rules::{HoldRules, Rule};
use lane::shop::RiskPending;
use serde::Deserialize;

/// The file. Both sections may be missing; a key that nobody knows is an error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Terms {
    hold: Hold,
    carriage: Carriage,
}

/// `[hold]`, with the difference between what is said and what is not: the command line may add to the first and may
/// not contradict it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Hold {
    risk_pending: Option<RiskPending>,
    rules: Vec<Rule>,
}

/// What the command line says besides the file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shortcuts {
    pub(super) total_above: Option<Money>,
    pub(super) country_differs: bool,
    pub(super) risk_pending: Option<RiskPending>,
}

impl Terms {
    /// Reads the file at `path`.
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{name} cannot be read; copy shop.example.toml, which explains every key"))?;
        Self::read(&text, &name.to_string())
    }

    /// Reads terms from `text`, which is called `name` in problems.
    pub(super) fn read(text: &str, name: &str) -> anyhow::Result<Self> {
        let terms: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
            anyhow::anyhow!("{place}: {}; shop.example.toml explains every key", error.message())
        })?;
        let problems = terms.problems();
        if problems.is_empty() { Ok(terms) } else { bail!("{name}: {}", problems.join("\n")) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.clone().rules().problems();
        problems.extend(self.carriage.problems());
        problems
    }

    /// Adds what the command line says.
    pub(super) fn with(mut self, shortcuts: Shortcuts) -> anyhow::Result<Self> {
        let Shortcuts { total_above, country_differs, risk_pending } = shortcuts;
        if let Some(limit) = total_above {
            self.add_limit(limit)?;
        }
        if country_differs {
            self.add(Rule::CountryDiffers {});
        }
        match (self.hold.risk_pending, risk_pending) {
            (Some(written), Some(said)) if written != said => {
                bail!("--risk-pending and the file's hold.risk_pending say different things; give one of them")
            }
            (Some(_), Some(_)) | (_, None) => {}
            (None, Some(said)) => self.hold.risk_pending = Some(said),
        }
        Ok(self)
    }

    fn add_limit(&mut self, limit: Money) -> anyhow::Result<()> {
        for rule in &self.hold.rules {
            if let Rule::TotalAbove { limit: written } = rule
                && written.currency == limit.currency
                && written.amount != limit.amount
            {
                bail!("--hold-total-above {limit} and the file's limit {written} differ; give one of them");
            }
        }
        let known = self
            .hold
            .rules
            .iter()
            .any(|rule| matches!(rule, Rule::TotalAbove { limit: written } if written.currency == limit.currency));
        if !known {
            self.add(Rule::TotalAbove { limit });
        }
        Ok(())
    }

    fn add(&mut self, rule: Rule) {
        if !self.hold.rules.contains(&rule) {
            self.hold.rules.push(rule);
        }
    }

    /// The hold rules.
    pub(super) fn rules(self) -> HoldRules {
        self.split().0
    }

    /// The hold rules and the carriage.
    pub(super) fn split(self) -> (HoldRules, Carriage) {
        let Hold { risk_pending, rules } = self.hold;
        (HoldRules { risk_pending: risk_pending.unwrap_or_default(), rules }, self.carriage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane::carriage::{Mode, NoteField};
    use toml::Table;

    const EXAMPLE: &str = include_str!("../../shop.example.toml");

    fn read(text: &str) -> Result<Terms, String> {
        Terms::read(text, "acme.toml").map_err(|error| format!("{error:#}"))
    }

    /// The example with every line that is only commented out (`#key`, without a space) as if it were not.
    fn whole_example() -> String {
        let shown = |line: &str| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|sign: char| sign.is_ascii_lowercase() || sign == '[') => rest.to_owned(),
            Some(_) | None => line.to_owned(),
        };
        EXAMPLE.lines().map(shown).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_as_it_stands_holds_every_key_that_has_a_default_at_that_default() {
        let written: Table = toml::from_str(EXAMPLE).unwrap();
        let mut defaults = Table::new();
        defaults.insert("hold".into(), toml::Value::try_from(HoldRules::default()).unwrap());
        defaults.insert("carriage".into(), toml::Value::try_from(Carriage::default()).unwrap());
        // A list of sections cannot be written down empty; the example shows their items commented out.
        for (section, list) in [("hold", "rules"), ("carriage", "services")] {
            assert_eq!(defaults[section].as_table_mut().unwrap().remove(list), Some(toml::Value::Array(Vec::new())));
        }
        assert_eq!(written, defaults);
        assert_eq!(read(EXAMPLE).unwrap().split(), Terms::default().split());
    }

    #[test]
    fn the_whole_example_can_be_used_and_shows_every_rule_and_every_key() {
        let (rules, carriage) = read(&whole_example()).unwrap().split();
        let all = read("[[hold.rules]]\nwhen = \"?\"").unwrap_err();
        let kinds: Vec<&str> = all.split('`').skip(1).step_by(2).filter(|word| *word != "?").collect();
        assert!(kinds.len() >= 11, "{all}");
        for kind in kinds {
            assert!(whole_example().contains(&format!("when = \"{kind}\"")), "{kind}");
        }
        assert!(rules.problems().is_empty() && rules.ask_for_company());
        assert!(carriage.store.is_some() && carriage.mode == Mode::Create);
        assert_eq!(carriage.notes.tags, Some(NoteField::InternalNotes));
        assert!(carriage.notes.attributes.is_some());
        let service = &carriage.services[0];
        assert!(!service.countries.is_empty() && service.package.is_some() && service.confirmation.is_some());
    }

    #[test]
    fn nothing_is_terms_and_means_the_defaults() {
        assert_eq!(read("").unwrap().split(), (HoldRules::default(), Carriage::default()));
    }

    #[test]
    fn an_unknown_key_is_named_wherever_it_stands() {
        for text in [
            "[holds]\n",
            "[hold]\ncolour = 1\n",
            "[carriage]\ncolour = 1\n",
            "[carriage.customs]\ncolour = 1\n",
            "[[carriage.services]]\nmethod = \"x\"\ncarrier = \"a\"\nservice = \"b\"\ncolour = 1\n",
            "[[hold.rules]]\nwhen = \"total-above\"\nlimit = \"1.00 USD\"\ncolour = 1\n",
            "[[hold.rules]]\nwhen = \"same-card\"\ncolour = 1\n",
            "[[hold.rules]]\nwhen = \"colour\"\n",
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with("acme.toml:"), "{problem}");
            assert!(problem.contains("`colour`") || problem.contains("`holds`"), "{problem}");
        }
        assert!(read("[carriage]\nmode = \"creat\"\n").unwrap_err().starts_with("acme.toml:2: "));
    }

    #[test]
    fn settings_that_cannot_be_used_are_refused_with_their_sentences() {
        let text = "[carriage]\nmode = \"correct\"\n[[hold.rules]]\nwhen = \"tagged\"\ntags = []\n";
        let problem = read(text).unwrap_err();
        assert!(problem.contains("needs store") && problem.contains("tags that are not empty"), "{problem}");
    }

    #[test]
    fn the_command_line_adds_to_the_file_and_does_not_contradict_it() {
        let terms = read(
            "[hold]\nrisk_pending = \"proceed\"\n[[hold.rules]]\nwhen = \"total-above\"\nlimit = \"500.00 USD\"\n",
        )
        .unwrap();
        let limit = |text: &str| Shortcuts { total_above: Some(text.parse().unwrap()), ..Shortcuts::default() };
        assert_eq!(terms.clone().with(limit("500 USD")).unwrap(), terms);
        assert_eq!(terms.clone().with(limit("450 EUR")).unwrap().rules().rules.len(), 2);
        let problem = terms.clone().with(limit("400 USD")).unwrap_err().to_string();
        assert!(problem.contains("400.00 USD") && problem.contains("500.00 USD"), "{problem}");
        let country = Shortcuts { country_differs: true, ..Shortcuts::default() };
        let once = terms.clone().with(country).unwrap();
        assert_eq!(once.clone().with(country).unwrap(), once);
        let risk = |said| Shortcuts { risk_pending: Some(said), ..Shortcuts::default() };
        assert!(terms.clone().with(risk(RiskPending::Hold)).is_err());
        assert!(terms.with(risk(RiskPending::Proceed)).is_ok());
        let said = Terms::default().with(risk(RiskPending::Proceed)).unwrap();
        assert_eq!(said.rules().risk_pending, RiskPending::Proceed);
    }
}
