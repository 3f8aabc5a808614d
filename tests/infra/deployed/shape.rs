//! What stands in the account afterwards, attribute by attribute, and that the program itself accepts it.

use std::time::Duration;

use backend::aws::bucket::Bucket;
use backend::aws::ledger::{Ledger, Patience, create};
use backend::aws::queue::{Address, Queue, Settings};
use serde_json::{Value, json};

use super::stack::{STAGE, Stack};

/// The stand-in shares the machine with other tests.
const PATIENCE: Patience =
    Patience { one_try: Duration::from_secs(20), webhook: Duration::from_mins(1), others: Duration::from_mins(1) };

/// Nobody runs it here.
const NO_PROGRAM: &str = "#!/bin/false\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deployed_is_what_the_program_needs() {
    let mut stack = Stack::deploy(&[("Architecture", "x86_64"), ("LanesAtOnce", "7")], |_| NO_PROGRAM.into());
    accepted_by_the_program(&stack).await;
    table(&mut stack).await;
    queue(&mut stack);
    mapping(&mut stack);
    bucket(&mut stack);
    functions(&mut stack);
    around(&mut stack);
    settings(&mut stack, &format!("lanekeeper-{STAGE}"));
    restored(&mut stack);
}

/// The checks that every start of a service makes.
async fn accepted_by_the_program(stack: &Stack) {
    let config = stack.account.config().await;
    let visibility = worker::lane::LEASE + Duration::from_secs(10);
    let address = Address::Name(format!("lanekeeper-{STAGE}-orders.fifo"));
    let orders = Settings { queue: lane::id::Queue::Orders, address, visibility };
    Queue::connect(&config, orders).await.unwrap();
    let bucket = Bucket::connect(&config, &stack.output("BucketName")).await.unwrap();
    Ledger::connect(&config, &stack.output("TableName"), bucket, PATIENCE).await.unwrap();
}

/// Keys and indexes are those of a table that the program makes by itself.
async fn table(stack: &mut Stack) {
    create(&stack.account.config().await, "made-by-the-program", PATIENCE).await.unwrap();
    let deployed = described(stack, &format!("lanekeeper-{STAGE}"));
    let made = described(stack, "made-by-the-program");
    for part in ["KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes"] {
        assert_eq!(sorted(&deployed[part]), sorted(&made[part]), "{part}");
    }
    assert_eq!(sorted(&made["GlobalSecondaryIndexes"]).len(), 3);
    assert_eq!(deployed["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(deployed["DeletionProtectionEnabled"], true);
}

fn described(stack: &mut Stack, table: &str) -> Value {
    stack.ask("dynamodb", "describe_table", &json!({"TableName": table}))["Table"].take()
}

/// What of a list counts, in an order of its own.
fn sorted(list: &Value) -> Vec<String> {
    let counts = |item: &Value| match item["IndexName"].as_str() {
        Some(name) => format!("{name} {} {}", item["KeySchema"], item["Projection"]),
        None => item.to_string(),
    };
    let mut all: Vec<_> = list.as_array().unwrap().iter().map(counts).collect();
    all.sort_unstable();
    all
}

fn queue(stack: &mut Stack) {
    let asked = json!({"QueueUrl": stack.output("OrdersUrl"), "AttributeNames": ["All"]});
    let orders = stack.ask("sqs", "get_queue_attributes", &asked)["Attributes"].take();
    let asked = json!({"QueueUrl": stack.output("DeadLettersUrl"), "AttributeNames": ["All"]});
    let dead = stack.ask("sqs", "get_queue_attributes", &asked)["Attributes"].take();
    for queue in [&orders, &dead] {
        for (name, value) in [
            ("FifoQueue", "true"),
            ("DeduplicationScope", "messageGroup"),
            ("FifoThroughputLimit", "perMessageGroupId"),
            ("SqsManagedSseEnabled", "true"),
            ("MessageRetentionPeriod", "1209600"),
            ("DelaySeconds", "0"),
        ] {
            assert_eq!(queue[name], value, "{name} of {queue}");
        }
    }
    assert_eq!(orders["VisibilityTimeout"], "140");
    let redrive: Value = serde_json::from_str(orders["RedrivePolicy"].as_str().unwrap()).unwrap();
    assert_eq!(redrive, json!({"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 1000}));
}

fn bucket(stack: &mut Stack) {
    let asked = json!({"Bucket": stack.output("BucketName")});
    let closed = stack.ask("s3", "get_public_access_block", &asked)["PublicAccessBlockConfiguration"].take();
    assert_eq!(closed.as_object().unwrap().values().filter(|is| **is == json!(true)).count(), 4, "{closed}");
    let rules = stack.ask("s3", "get_bucket_encryption", &asked)["ServerSideEncryptionConfiguration"]["Rules"].take();
    assert_eq!(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    assert_eq!(stack.ask("s3", "get_bucket_versioning", &asked)["Status"], Value::Null);
    let policy = stack.ask("s3", "get_bucket_policy", &asked)["Policy"].take();
    assert!(policy.as_str().unwrap().contains("aws:SecureTransport"), "{policy}");
}

fn mapping(stack: &mut Stack) {
    let all = stack.ask("lambda", "list_event_source_mappings", &json!({}))["EventSourceMappings"].take();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    let mapping = &all[0];
    let ends = |name: &str, end: String| assert!(mapping[name].as_str().unwrap().ends_with(&end), "{mapping}");
    ends("EventSourceArn", format!(":lanekeeper-{STAGE}-orders.fifo"));
    ends("FunctionArn", format!(":lanekeeper-{STAGE}-worker"));
    assert_eq!(mapping["BatchSize"], 1);
    assert_eq!(mapping["MaximumBatchingWindowInSeconds"], 0);
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["ScalingConfig"], json!({"MaximumConcurrency": 7}));
    assert_eq!(mapping["State"], "Enabled");
}

fn functions(stack: &mut Stack) {
    let all = stack.ask("lambda", "list_functions", &json!({}))["Functions"].take();
    let all = all.as_array().unwrap();
    let mut roles: Vec<_> = all.iter().map(|function| &function["Role"]).map(ToString::to_string).collect();
    roles.sort_unstable();
    roles.dedup();
    assert_eq!((all.len(), roles.len()), (4, 4), "each function has a role of its own: {all:?}");
    for (name, timeout) in [("handler", 10), ("worker", 120), ("sweep", 120), ("review", 29)] {
        let is = |function: &&Value| function["FunctionName"] == format!("lanekeeper-{STAGE}-{name}");
        let function = all.iter().find(is).unwrap();
        assert_eq!(function["Timeout"], timeout, "{function}");
        assert_eq!(function["Runtime"], "provided.al2023");
        assert_eq!(function["Architectures"], json!(["x86_64"]));
        let variables = json!({
            "LANEKEEPER_CONFIG": format!("ssm:/lanekeeper/{STAGE}/settings"),
            "LANEKEEPER_RELEASE": "by-hand",
            "LANEKEEPER_STAGE": STAGE,
        });
        assert_eq!(function["Environment"]["Variables"], variables);
        assert_eq!(function["LoggingConfig"]["LogGroup"], format!("/aws/lambda/lanekeeper-{STAGE}-{name}"));
    }
}

/// The schedule, the alarms, the logs.
fn around(stack: &mut Stack) {
    let rules = stack.ask("events", "list_rules", &json!({}))["Rules"].take();
    assert_eq!(rules.as_array().unwrap().len(), 1, "{rules}");
    assert_eq!(rules[0]["ScheduleExpression"], "rate(1 minute)");
    assert_eq!(rules[0]["State"], "ENABLED");
    let targets = stack.ask("events", "list_targets_by_rule", &json!({"Rule": rules[0]["Name"]}))["Targets"].take();
    assert!(targets[0]["Arn"].as_str().unwrap().ends_with(&format!(":lanekeeper-{STAGE}-sweep")), "{targets}");
    assert_eq!(targets[0]["Input"], r#"{"lanekeeper":"sweep"}"#);
    let alarms = stack.ask("cloudwatch", "describe_alarms", &json!({}))["MetricAlarms"].take();
    assert_eq!(alarms.as_array().unwrap().len(), 19, "{alarms}");
    let logs = stack.ask("logs", "describe_log_groups", &json!({}))["logGroups"].take();
    let days: Vec<_> = logs.as_array().unwrap().iter().map(|group| group["retentionInDays"].clone()).collect();
    assert_eq!(days, [30, 30, 30, 30]);
}

/// They name what was made, and no secret stands in them.
fn settings(stack: &mut Stack, table: &str) {
    let asked = json!({"Name": format!("/lanekeeper/{STAGE}/settings")});
    let found = stack.ask("ssm", "get_parameter", &asked)["Parameter"].take();
    assert_eq!(found["Type"], "String");
    let settings: toml::Table = toml::from_str(found["Value"].as_str().unwrap()).unwrap();
    assert_eq!(settings["aws"]["table"].as_str(), Some(table));
    assert_eq!(settings["aws"]["bucket"].as_str(), Some(stack.output("BucketName").as_str()));
    assert_eq!(settings["aws"]["orders_queue"].as_str(), Some(stack.output("OrdersUrl").as_str()));
    let secret = format!("ssm:/lanekeeper/{STAGE}/shopify-secret");
    assert_eq!(settings["webhooks"]["shopify_secrets"].as_array().unwrap()[0].as_str(), Some(secret.as_str()));
    let key = format!("ssm:/lanekeeper/{STAGE}/shipstation-key");
    assert_eq!(settings["accounts"]["main"]["key"].as_str(), Some(key.as_str()));
    assert_eq!(settings["log"]["format"].as_str(), Some("json"));
}

/// What a person does after the table was restored: everything follows to the other one, and the stack's own stays.
fn restored(stack: &mut Stack) {
    stack.update(&[("RestoredTable", "made-by-the-program"), ("Release", "restored")]);
    assert_eq!(stack.output("TableName"), "made-by-the-program");
    settings(stack, "made-by-the-program");
    let alarms = stack.ask("cloudwatch", "describe_alarms", &json!({}))["MetricAlarms"].take();
    let tables = alarms.as_array().unwrap().iter().flat_map(|alarm| alarm["Dimensions"].as_array().unwrap());
    let tables: Vec<_> =
        tables.filter(|it| it["Name"] == "TableName").map(|it| it["Value"].as_str().unwrap()).collect();
    assert_eq!(tables, ["made-by-the-program"; 6]);
    let function =
        stack.ask("lambda", "get_function_configuration", &json!({"FunctionName": "lanekeeper-trial-worker"}));
    assert_eq!(function["Environment"]["Variables"]["LANEKEEPER_RELEASE"], "restored");
    let arn = function["Role"].as_str().unwrap().rsplit('/').next().unwrap();
    let own = stack.ask("iam", "get_role_policy", &json!({"RoleName": arn, "PolicyName": "worker"}));
    assert!(own.to_string().contains("table/made-by-the-program/index/list"), "{own}");
    // What was not said again is as before.
    mapping(stack);
    described(stack, &format!("lanekeeper-{STAGE}"));
}
