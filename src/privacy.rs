//! `lanekeeper privacy`: what shops' customers ask about their data. Redactions are carried out by the running program
//! within minutes; an export waits for somebody who hands the file to the merchant.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use crate::control::{Command, Reply, words};
use crate::say;
use crate::shop::Settings;

/// What to do with privacy requests.
#[derive(Debug, Subcommand)]
pub(crate) enum Requests {
    /// List the requests that wait.
    List {
        /// Those that are done, too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write everything that is known of the subject of a request into a file for the merchant.
    Export {
        /// The request's number, as `list` shows it.
        #[arg(long, value_name = "N")]
        request: u64,
        /// The file; it must not be there yet, and only you can read it.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Carry a redaction out now, instead of waiting for the running program to do it; and that of a shop which the
    /// program does not forget by itself, once it has left or was removed.
    Redact {
        /// The request's number, as `list` shows it.
        #[arg(long, value_name = "N")]
        request: u64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Close a request without carrying it out, such as an old one that was posted once more.
    Dismiss {
        /// The request's number, as `list` shows it.
        #[arg(long, value_name = "N")]
        request: u64,
        #[command(flatten)]
        settings: Settings,
    },
}

impl Requests {
    /// The settings this command names.
    pub(crate) fn settings(&self) -> &Settings {
        match self {
            Self::List { settings, .. }
            | Self::Export { settings, .. }
            | Self::Redact { settings, .. }
            | Self::Dismiss { settings, .. } => settings,
        }
    }
}

/// Carries it out; `ask` has a command carried out by whoever has the ledger.
pub(crate) async fn run<A>(requests: Requests, mut ask: impl FnMut(Command) -> A) -> anyhow::Result<()>
where
    A: Future<Output = anyhow::Result<Reply>>,
{
    match requests {
        Requests::List { all, .. } => say::line(words(&ask(Command::PrivacyList { open: !all }).await?)),
        Requests::Dismiss { request, .. } => say::line(words(&ask(Command::PrivacyDismiss(request)).await?)),
        Requests::Redact { request, .. } => say::line(words(&ask(Command::PrivacyRedact(request)).await?)),
        Requests::Export { request, to, .. } => {
            // The file comes first; the request counts as answered only when everything is in it.
            let file = NewFile::create(&to)?;
            let reply = ask(Command::PrivacyExport(request)).await?;
            let Reply::PrivacyExported { data, .. } = reply else { anyhow::bail!("{}", words(&reply)) };
            file.keep(&data.0)?;
            ask(Command::PrivacyAnswered(request)).await?;
            say::line(format_args!(
                "{} holds everything that is known for the request {request}. Hand it to the merchant, then delete it: \
                 nothing here does.",
                to.display()
            ))
        }
    };
    Ok(())
}

/// A file of ours that goes again unless something came into it.
struct NewFile<'p> {
    path: &'p Path,
    file: File,
    kept: bool,
}

impl<'p> NewFile<'p> {
    /// Makes it, readable for this user alone. What is there already is never overwritten.
    fn create(path: &'p Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("{} cannot be made; nothing is overwritten", path.display()))?;
        Ok(Self { path, file, kept: false })
    }

    fn keep(mut self, data: &Value) -> anyhow::Result<()> {
        let write = |file: &mut File| -> io::Result<()> {
            serde_json::to_writer_pretty(&mut *file, data)?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write(&mut self.file).with_context(|| {
            format!("{} cannot be written; the same command may be given again", self.path.display())
        })?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_file(self.path)
        {
            say::trouble(format_args!("{} is empty and could not be removed: {error}", self.path.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Exported;
    use std::os::unix::fs::PermissionsExt as _;

    fn export(to: &Path) -> Requests {
        Requests::Export { request: 7, to: to.to_owned(), settings: Settings { config: "x".into() } }
    }

    #[tokio::test]
    async fn an_export_is_for_its_user_alone_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("jane.json");
        let answered = std::cell::Cell::new(false);
        let answer = async |command| {
            if command == Command::PrivacyAnswered(7) {
                let read: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
                assert_eq!(read["orders"][0], "1001", "all of it lies there");
                answered.set(true);
                return Ok(Reply::PrivacyAnswered(7));
            }
            assert_eq!(command, Command::PrivacyExport(7));
            Ok(Reply::PrivacyExported { request: 7, data: Exported(serde_json::json!({"orders": ["1001"]})) })
        };
        run(export(&to), answer).await.unwrap();
        assert!(answered.get());
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        let read: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
        assert_eq!(read["orders"][0], "1001");

        fs::write(&to, "mine").unwrap();
        let asked = async |_| panic!("it was asked although there is nowhere to write");
        let refused = run(export(&to), asked).await.unwrap_err().to_string();
        assert!(refused.contains("nothing is overwritten"), "{refused}");
        assert_eq!(fs::read_to_string(&to).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_refused_export_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("jane.json");
        assert!(run(export(&to), async |_| Ok(Reply::NoSuchRequest(7))).await.is_err());
        assert!(run(export(&to), async |_| anyhow::bail!("away")).await.is_err());
        assert!(!to.exists());
    }
}
