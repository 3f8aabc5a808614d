//! chromedriver, a process of its own for each test, which ends with the test and takes its browsers along.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// What has to be there, and how it comes there.
const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const INSTALL: &str = "apt-get install chromium chromium-driver";

/// chromedriver leaves its browsers behind when it is killed, so a shell holds the whole group: it reads from a pipe that
/// nobody writes to, and ends all of them once the test process is gone, be it that it was killed.
const UNTIL_THE_TEST_ENDS: &str = r#"chromedriver --port=0 --log-path="$TMPDIR/log" & read -r nothing; kill -KILL 0"#;

/// What chromedriver says once it listens.
const LISTENS: &str = "was started successfully on port ";

/// It takes some 20 ms, and longer where everything starts at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Killed browsers take a moment to let go of their files.
const LETTING_GO: Duration = Duration::from_millis(10);
const LOOKS_MAX: u32 = 100;

/// A chromedriver that listens on a port of this machine.
pub(crate) struct Driver {
    address: String,
    group: Child,
    /// Profiles, logs and everything temporary.
    folder: TempDir,
    /// Kept open: it could not say anything more otherwise.
    _says: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts one. Without the programs the test fails, and says how they are installed.
    pub(crate) async fn start() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        assert_eq!(missing_on(&path), None);
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_THE_TEST_ENDS]).env("TMPDIR", folder.path()).process_group(0).kill_on_drop(true);
        let mut group = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut says = BufReader::new(group.stdout.take().unwrap()).lines();
        let port = async {
            while let Some(line) = says.next_line().await.unwrap() {
                if let Some((_, port)) = line.split_once(LISTENS) {
                    return port.trim_end_matches('.').parse::<u16>().ok();
                }
            }
            None
        };
        let port = tokio::time::timeout(PATIENCE, port).await.ok().flatten();
        let Some(port) = port else {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("chromedriver did not start:\n{log}");
        };
        Self { address: format!("http://127.0.0.1:{port}"), group, folder, _says: says }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A folder of its own for a browser's profile.
    pub(crate) fn profile(&self) -> String {
        self.folder.path().join("profile").display().to_string()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = self.group.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        for _ in 0..LOOKS_MAX {
            if std::fs::remove_dir_all(self.folder.path()).is_ok() {
                break;
            }
            std::thread::sleep(LETTING_GO);
        }
    }
}

/// What is not there, in words that say how it comes there.
fn missing_on(path: &OsStr) -> Option<String> {
    let is_there = |name: &&str| std::env::split_paths(path).any(|folder| folder.join(name).is_file());
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|name| !is_there(name)).collect();
    (!missing.is_empty()).then(|| format!("there is no {} here; install it: {INSTALL}", missing.join(" and no ")))
}

#[test]
fn what_is_missing_is_named_with_how_to_install_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = || missing_on(folder.path().as_os_str());
    let words = "there is no chromium and no chromedriver here; install it: apt-get install chromium chromium-driver";
    assert_eq!(missing().as_deref(), Some(words));
    std::fs::write(folder.path().join("chromium"), "").unwrap();
    assert!(missing().is_some_and(|words| words.starts_with("there is no chromedriver here; ")));
    std::fs::write(folder.path().join("chromedriver"), "").unwrap();
    assert_eq!(missing(), None);
}
