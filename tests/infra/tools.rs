//! The Python tools that judge and deploy the template, installed below the target directory like the stand-in for AWS.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use backend::contract::stand_in::environment;
use serde_json::{Value, json};

/// The versions our expectations were written against.
const SAM: &str = "1.170.0";
const CFN_LINT: &str = "1.58.0";

/// The folder with the template.
pub(crate) fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infra")
}

/// A program of the tools' environment, such as `sam`. It asks nobody outside of this machine.
pub(crate) fn tool(name: &str) -> Command {
    let (sam, cfn_lint) = (format!("aws-sam-cli=={SAM}"), format!("cfn-lint=={CFN_LINT}"));
    let python = environment(&format!("sam-{SAM}-cfn-lint-{CFN_LINT}"), &[&sam, &cfn_lint]).unwrap();
    let mut command = Command::new(python.with_file_name(name));
    command
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

/// What a tool says, and whether it is content.
pub(crate) fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

/// A client of everything at an address, in another process: the SDK's crates for each service would take minutes to
/// compile.
pub(crate) struct Client {
    child: Child,
    answers: BufReader<ChildStdout>,
}

const CLIENT: &str = "\
import boto3, json, sys
for line in sys.stdin:
    service, operation, given = json.loads(line)
    try:
        answer = getattr(boto3.client(service), operation)(**given)
    except Exception as error:
        answer = {'error': str(error)}
    print(json.dumps(answer, default=str), flush=True)
";

impl Client {
    /// Starts it.
    pub(crate) fn of(endpoint: &str) -> Self {
        let mut command = tool("python");
        let command = command.args(["-c", CLIENT]).env("AWS_ENDPOINT_URL", endpoint);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    /// The answer to a call, named as Python's SDK names it.
    pub(crate) fn ask(&mut self, service: &str, operation: &str, given: &Value) -> Value {
        let question = json!([service, operation, given]).to_string();
        let mut line = String::new();
        writeln!(self.child.stdin.as_mut().unwrap(), "{question}").unwrap();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer.get("error").is_none(), "{question}: {answer}");
        answer
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends with its input");
    }
}
