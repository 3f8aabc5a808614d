//! A deployed stack.

use std::fs;
use std::path::Path;

use backend::contract::stand_in::Ministack;
use serde_json::{Value, json};

use crate::tools::{Client, infra, said, tool};

pub(super) const STAGE: &str = "trial";

/// The programs of the functions.
const PROGRAMS: [&str; 3] = ["handler", "worker", "review"];

/// A stack in an account of its own. Both end with it.
pub(super) struct Stack {
    pub(super) client: Client,
    pub(super) account: Ministack,
    outputs: Value,
    /// The template, and the programs in `target/lambda`.
    folder: tempfile::TempDir,
}

impl Stack {
    /// Deploys the template with these programs.
    pub(super) fn deploy(parameters: &[(&str, &str)], program: impl Fn(&str) -> Vec<u8>) -> Self {
        let account = Ministack::start_guarded().unwrap();
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path(), program);
        let client = Client::of(account.endpoint());
        let mut stack = Self { client, account, outputs: Value::Null, folder };
        stack.put(parameters, "CREATE_COMPLETE");
        stack
    }

    /// Deploys it once more with other parameters; those that are not given stay as they are.
    pub(super) fn update(&mut self, parameters: &[(&str, &str)]) {
        self.put(parameters, "UPDATE_COMPLETE");
    }

    /// As `infra/README.md` says.
    fn put(&mut self, parameters: &[(&str, &str)], comes_to: &str) {
        // JSON is YAML.
        let given = self.folder.path().join("parameters.yaml");
        let mut all = serde_json::Map::from_iter([("Stage".to_owned(), json!(STAGE))]);
        all.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        fs::write(&given, Value::Object(all).to_string()).unwrap();
        let name = format!("lanekeeper-{STAGE}");
        let (content, words) = said(
            tool("sam")
                .current_dir(self.folder.path())
                .env("AWS_ENDPOINT_URL", self.account.endpoint())
                .args(["deploy", "--template", "infra/template.yaml", "--stack-name", &name])
                .args([
                    "--capabilities",
                    "CAPABILITY_IAM",
                    "--resolve-s3",
                    "--no-confirm-changeset",
                    "--no-progressbar",
                ])
                .args(["--parameter-overrides", &format!("file://{}", given.display())]),
        );
        assert!(content, "{words}");
        let mut stacks = self.ask("cloudformation", "describe_stacks", &json!({"StackName": name}));
        assert_eq!(stacks["Stacks"][0]["StackStatus"], comes_to, "{stacks}");
        self.outputs = stacks["Stacks"][0]["Outputs"].take();
    }

    /// What the stack tells.
    pub(super) fn output(&self, name: &str) -> String {
        let told = self.outputs.as_array().unwrap().iter().find(|output| output["OutputKey"] == name);
        told.unwrap_or_else(|| panic!("{}", self.outputs))["OutputValue"].as_str().unwrap().to_owned()
    }

    /// The answer to a call.
    pub(super) fn ask(&mut self, service: &str, operation: &str, given: &Value) -> Value {
        self.client.ask(service, operation, given)
    }
}

/// The template, and the programs where it looks for them.
fn lay_out(folder: &Path, program: impl Fn(&str) -> Vec<u8>) {
    fs::create_dir(folder.join("infra")).unwrap();
    fs::copy(infra().join("template.yaml"), folder.join("infra/template.yaml")).unwrap();
    for name in PROGRAMS {
        let home = folder.join("target/lambda").join(name);
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("bootstrap"), program(name)).unwrap();
        let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(home.join("bootstrap"), runnable).unwrap();
    }
}
