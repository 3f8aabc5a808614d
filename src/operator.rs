//! `lanekeeper operator`: who may look and who may decide.

use clap::{Subcommand, ValueEnum};
use lane::id::OperatorId;
use lane::operator::Role;

use crate::control::Command;
use crate::shop::Settings;

/// What to do with operators.
#[derive(Debug, Subcommand)]
pub(crate) enum Operators {
    /// Add an operator, or give one a new token and role. Prints the token, this once.
    Add {
        /// The name shown beside decisions.
        #[arg(value_parser = OperatorId::parse)]
        name: OperatorId,
        /// What they may do; each role includes the ones before it.
        #[arg(long, value_enum)]
        role: RoleWord,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the operators.
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Refuse an operator from now on.
    Disable {
        /// The operator's name.
        #[arg(value_parser = OperatorId::parse)]
        name: OperatorId,
        #[command(flatten)]
        settings: Settings,
    },
}

/// A role on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleWord {
    /// Look.
    Viewer,
    /// Decide, too.
    Reviewer,
    /// Everything.
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Viewer => Self::Viewer,
            RoleWord::Reviewer => Self::Reviewer,
            RoleWord::Admin => Self::Admin,
        }
    }
}

impl Operators {
    /// The settings this command names.
    pub(crate) fn settings(&self) -> &Settings {
        match self {
            Self::Add { settings, .. } | Self::List { settings } | Self::Disable { settings, .. } => settings,
        }
    }

    /// The command for whoever has the ledger.
    pub(crate) fn command(self) -> Command {
        match self {
            Self::Add { name, role, .. } => Command::OperatorAdd { name, role: role.into() },
            Self::List { .. } => Command::OperatorList,
            Self::Disable { name, .. } => Command::OperatorDisable(name),
        }
    }
}
