//! An order goes through the deployed stack: webhook → handler → table and queue → worker → ShipStation. Functions have their
//! roles' rights and no others, so that one that is missing stops it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lane::clock::{Clock, SystemClock};
use rand::Rng as _;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use simulators::orders::{Maker, headers, sign};
use simulators::{ShipStation, Shopify, shipstation, shopify};

use super::stack::{STAGE, Stack};
use crate::tools::{infra, said};

const DOMAIN: &str = "acme.myshopify.com";
const SECRET: &str = "the app's secret of this test";
const TOKEN: &str = "ssm:/lanekeeper/trial/acme-token";

/// Generous, because two cores run everything at once; a test that passes never waits this long.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often is looked whether it is so by now.
const LOOK: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_through_with_the_rights_of_the_roles_alone() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let here = (Ipv4Addr::LOCALHOST, 0).into();
    let shopify = Shopify::start(here, shopify::Settings::default(), Arc::clone(&clock)).await.unwrap();
    let shipstation = ShipStation::start(here, shipstation::Settings::default(), Arc::clone(&clock)).await.unwrap();
    shipstation.add_account("ss-key", "ss-secret", 600);
    shopify.add_shop(DOMAIN, "a token");
    let mut stack = deploy(&shopify, &shipstation);
    // The stand-in speaks no TLS, and keeps to the policy.
    let bucket = json!({"Bucket": stack.output("BucketName")});
    stack.ask("s3", "delete_bucket_policy", &bucket);
    for (name, value) in
        [("shopify-secret", SECRET), ("key", "ss-key"), ("secret", "ss-secret"), ("acme-token", "a token")]
    {
        let secret = json!({"Name": format!("/lanekeeper/{STAGE}/{name}"), "Value": value, "Type": "SecureString"});
        stack.ask("ssm", "put_parameter", &secret);
    }
    command(&stack, &["shop", "add", "--id", "acme", "--domain", DOMAIN, "--warehouse", "main", "--token", TOKEN]);
    let ann = command(&stack, &["operator", "add", "ann", "--role", "reviewer"]);

    let url = stack.output("WebhooksUrl");
    answers(&url);
    let http = client(&url);
    let maker = Maker::new(1, "USD").ship_country("US").total_about(8_000);
    for number in 1001..1004 {
        let order = maker.order(number, clock.now());
        shopify.put_order(DOMAIN, order.clone()).unwrap();
        assert_eq!(post(&http, &url, &order).await, 200);
        arrives(&mut stack, &shipstation, &format!("acme-{}", order["id"])).await;
    }

    // One whose body is no item of the table.
    let mut order = maker.order(1004, clock.now());
    let note: String = rand::rng().sample_iter(rand::distr::Alphanumeric).take(900_000).map(char::from).collect();
    order["note"] = note.into();
    shopify.put_order(DOMAIN, order.clone()).unwrap();
    assert_eq!(post(&http, &url, &order).await, 200);
    arrives(&mut stack, &shipstation, &format!("acme-{}", order["id"])).await;
    let objects = stack.ask("s3", "list_objects_v2", &bucket)["Contents"].take();
    assert_eq!(objects.as_array().map(Vec::len), Some(1), "{objects}");
    assert_eq!(shipstation.orders().len(), 4);

    serves_people(&stack, &ann).await;
    tells_its_figures(&mut stack).await;
    let dead = json!({"QueueUrl": stack.output("DeadLettersUrl"), "AttributeNames": ["ApproximateNumberOfMessages"]});
    let dead = stack.ask("sqs", "get_queue_attributes", &dead);
    assert_eq!(dead["Attributes"]["ApproximateNumberOfMessages"], "0");
    nothing_was_denied(&mut stack);

    takes_rights_away(&mut stack);
    let order = maker.order(1005, clock.now());
    assert_eq!(post(&http, &url, &order).await, 503, "who may not write the ledger accepts nothing");
}

fn deploy(shopify: &Shopify, shipstation: &ShipStation) -> Stack {
    let accounts = format!(
        "[accounts.main]\nprovider = \"shipstation\"\nbase_url = \"{}\"\nkey = \"ssm:/lanekeeper/{STAGE}/key\"\n\
         secret = \"ssm:/lanekeeper/{STAGE}/secret\"\nper_minute = 600\n",
        shipstation.base_url()
    );
    let given = [("Architecture", "x86_64"), ("ShopifyAddress", &shopify.base_url()), ("Accounts", &accounts)];
    Stack::deploy(&given, program)
}

/// A program as it was built for the tests, without what debuggers need: it is packed, sent and unpacked.
fn program(name: &str) -> Vec<u8> {
    let built = Path::new(env!("CARGO_BIN_EXE_lanekeeper")).with_file_name(name);
    assert!(built.exists(), "{} is not built: cargo build --workspace --bins", built.display());
    let folder = tempfile::tempdir().unwrap();
    let small: PathBuf = folder.path().join(name);
    let (done, words) = said(Command::new("strip").arg("-o").args([&small, &built]));
    assert!(done, "{words}");
    std::fs::read(small).unwrap()
}

/// The command line on the deployed table, as the page about deploying says. What it prints.
fn command(stack: &Stack, arguments: &[&str]) -> String {
    let (done, words) = said(
        Command::new(env!("CARGO_BIN_EXE_lanekeeper"))
            .args(arguments)
            .args(["--config", &format!("ssm:/lanekeeper/{STAGE}/settings")])
            .env("AWS_ENDPOINT_URL", stack.account.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test"),
    );
    assert!(done, "{arguments:?}: {words}");
    words
}

/// As the page about deploying says, and the release workflow does.
fn answers(url: &str) {
    let (content, words) = said(Command::new(infra().join("smoke")).arg(url));
    assert!(content, "{words}");
    let (content, words) = said(Command::new(infra().join("smoke")).arg(url.replace("execute-api", "nobody")));
    assert!(!content, "somebody else answers, too: {words}");
}

/// Names below `localhost` are this machine.
fn client(url: &str) -> reqwest::Client {
    let url = Url::parse(url).unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, url.port().unwrap()));
    let builder = reqwest::Client::builder().resolve(url.host_str().unwrap(), address);
    builder.timeout(Duration::from_secs(30)).build().unwrap()
}

async fn post(http: &reqwest::Client, url: &str, order: &Value) -> StatusCode {
    let body = serde_json::to_vec(order).unwrap();
    let (delivery, event) = (format!("delivery-{}", order["id"]), format!("event-{}", order["id"]));
    let mut request = http.post(format!("{url}/webhooks/shopify"));
    for (name, value) in headers("orders/create", DOMAIN, &delivery, &event, sign(&body, SECRET)) {
        request = request.header(name, value);
    }
    request.body(body).send().await.unwrap().status()
}

/// Waits until the warehouse has it. What the functions said explains why it has not.
async fn arrives(stack: &mut Stack, shipstation: &ShipStation, key: &str) {
    let arrived = async {
        while shipstation.order_by_key(key).is_none() {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
        let logs = ["handler", "worker"].map(|name| log(stack, name).join("\n"));
        panic!("{key} is not at ShipStation after {PATIENCE:?}:\n{}", logs.join("\n"));
    }
}

/// A right that is missing is a line in the log where it is not an answer.
fn nothing_was_denied(stack: &mut Stack) {
    let mut lines = Vec::new();
    for function in ["handler", "worker", "sweep", "review"] {
        let said = log(stack, function);
        assert!(said.iter().any(|line| line.starts_with("REPORT")), "{function} did not run: {said:?}");
        lines.extend(said.into_iter().filter(|line| line.contains("AccessDenied")));
    }
    assert_eq!(lines, Vec::<String>::new());
}

/// What a function wrote.
fn log(stack: &mut Stack, function: &str) -> Vec<String> {
    let asked = json!({"logGroupName": format!("/aws/lambda/lanekeeper-{STAGE}-{function}")});
    let found = stack.ask("logs", "filter_log_events", &asked);
    let events = found["events"].as_array().unwrap().iter();
    events.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

/// From now on the handler may not use the ledger. Without this nothing would show that rights are looked at.
fn takes_rights_away(stack: &mut Stack) {
    let function = json!({"FunctionName": format!("lanekeeper-{STAGE}-handler")});
    let function = stack.ask("lambda", "get_function_configuration", &function);
    let role = function["Role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let attached = stack.ask("iam", "list_attached_role_policies", &json!({"RoleName": role}));
    let policies = attached["AttachedPolicies"].as_array().unwrap();
    let ledger = policies.iter().find(|policy| policy["PolicyName"].as_str().unwrap().contains("UsesLedger")).unwrap();
    stack.ask("iam", "detach_role_policy", &json!({"RoleName": role, "PolicyArn": ledger["PolicyArn"]}));
}

async fn serves_people(stack: &Stack, told: &str) {
    let url = stack.output("ReviewUrl");
    let http = client(&url);
    let page = http.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200, "the page to sign in");
    let refused = http.get(format!("{url}/api/v1/lanes")).send().await.unwrap();
    assert_eq!(refused.status(), 401, "nobody is signed in");
    let token = told.split_whitespace().find(|word| word.starts_with("lk_")).unwrap();
    let all_done = async {
        loop {
            let asked = http.get(format!("{url}/api/v1/jobs?state=done")).bearer_auth(token).send().await.unwrap();
            let done: Value = serde_json::from_slice(&asked.bytes().await.unwrap()).unwrap();
            if done["rows"].as_array().unwrap().len() == 4 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_done).await.expect("all four are read back, and people see it");
}

/// The schedule's own call, and the metrics that alarms and dashboard are about.
async fn tells_its_figures(stack: &mut Stack) {
    let rules = stack.ask("events", "list_rules", &json!({}));
    let targets = stack.ask("events", "list_targets_by_rule", &json!({"Rule": rules["Rules"][0]["Name"]}));
    let target = &targets["Targets"][0];
    let swept = stack.ask("lambda", "invoke", &json!({"FunctionName": target["Arn"], "Payload": target["Input"]}));
    assert_eq!((&swept["StatusCode"], swept.get("FunctionError")), (&json!(200), None), "{swept}");
    let told = async {
        loop {
            let lines = log(stack, "sweep");
            let of = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(figures) = of.into_iter().find(|line| line["_aws"].is_object()) {
                return figures;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let figures = tokio::time::timeout(PATIENCE, told).await.expect("the sweep tells its figures");
    let declared = &figures["_aws"]["CloudWatchMetrics"][0];
    assert_eq!((&declared["Namespace"], &declared["Dimensions"]), (&json!("Lanekeeper"), &json!([["Stage"]])));
    assert_eq!(figures["Stage"], STAGE);
    let declared: Vec<_> = declared["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"]).collect();
    for name in crate::rules::OF_THE_SWEEP {
        assert!(declared.contains(&&json!(name)) && figures[name].is_number(), "{name} is not told: {figures}");
    }
}
