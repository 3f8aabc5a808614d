//! Each rule notices when the template is broken.

use serde_json::{Value, json};

use crate::rules::{RULES, faults};
use crate::template::Template;

/// What a template says in place of what it said (nothing if it is `Null`), and a part of what a rule says then.
struct Break {
    rule: &'static str,
    at: String,
    instead: Value,
    says: &'static str,
}

/// Breaks of one part of the template. `part` goes before each place.
fn in_part<const N: usize>(rule: &'static str, part: &str, breaks: [(&str, Value, &'static str); N]) -> Vec<Break> {
    let broken = |(at, instead, says)| Break { rule, at: format!("/{part}{at}"), instead, says };
    breaks.into_iter().map(broken).collect()
}

#[test]
fn the_template_is_what_it_has_to_be() {
    assert_eq!(faults(&Template::ours()), []);
}

#[test]
fn each_rule_notices_what_is_broken() {
    let all =
        [times(), queues(), mappings(), tables(), buckets(), fronts(), schedules(), shared_rights(), own_rights()];
    let rest = [secrets(), logs(), alarms(), dashboards(), others()];
    let all: Vec<Break> = all.into_iter().chain(rest).flatten().collect();
    for Break { rule, at, instead, says } in &all {
        let mut template = Template::ours();
        put(&mut template.0, at, instead.clone());
        let told = faults(&template);
        let by_rule = told.iter().any(|(name, words)| name == rule && words.contains(says));
        assert!(by_rule, "{at} = {instead}: {rule} does not say {says:?}; all that is said: {told:?}");
    }
    for (rule, _) in RULES {
        assert!(all.iter().any(|one| one.rule == rule), "nothing breaks the rule {rule}");
    }
}

/// Writes a value at a place, which may be new in an object, or takes away what is there.
fn put(template: &mut Value, at: &str, instead: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    let parent = template.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {at}"));
    if let Value::Array(items) = parent {
        items[name.parse::<usize>().unwrap()] = instead;
        return;
    }
    let fields = parent.as_object_mut().unwrap();
    let before = if instead.is_null() { fields.remove(name) } else { fields.insert(name.to_owned(), instead.clone()) };
    assert_ne!(before, Some(instead).filter(|it| !it.is_null()), "{at} was so before");
}

fn times() -> Vec<Break> {
    in_part(
        "times",
        "",
        [
            ("Globals/Function/Timeout", json!(130), "Worker runs 130 s, the lease is 130 s"),
            ("Globals/Function/Timeout", json!(60), "Sweep runs 60 s"),
            ("Resources/Orders/Properties/VisibilityTimeout", json!(130), "the visibility time is 130 s"),
            ("Resources/Orders/Properties/VisibilityTimeout", json!(720), "the visibility time is 720 s"),
            ("Resources/Handler/Properties/Timeout", json!(5), "Handler runs 5 s"),
            ("Resources/Handler/Properties/Timeout", json!(20), "Handler runs 20 s"),
            ("Resources/Review/Properties/Timeout", Value::Null, "Review runs 120 s"),
            ("Resources/PagesToFunction/Properties/TimeoutInMillis", json!(30_000), "its API waits 30000 ms"),
        ],
    )
}

fn queues() -> Vec<Break> {
    in_part(
        "queue",
        "Resources/",
        [
            ("Orders/Properties/DeduplicationScope", json!("queue"), "DeduplicationScope"),
            ("Orders/Properties/FifoThroughputLimit", Value::Null, "FifoThroughputLimit"),
            ("DeadLetters/Properties/FifoQueue", Value::Null, "DeadLetters: it is not a FIFO"),
            ("Orders/Properties/QueueName", json!({"Fn::Sub": "lanekeeper-${Stage}-orders"}), "does not end in .fifo"),
            ("DeadLetters/Properties/SqsManagedSseEnabled", json!(false), "not encrypted"),
            ("DeadLetters/Properties/MessageRetentionPeriod", json!(345_600), "as long as it may"),
            ("Orders/Properties/RedrivePolicy/maxReceiveCount", json!(5), "is not 1000"),
            ("Orders/Properties/RedrivePolicy", Value::Null, "dead letters go to no queue"),
        ],
    )
}

fn mappings() -> Vec<Break> {
    let other = json!({"Fn::GetAtt": ["DeadLetters", "Arn"]});
    let mut all = in_part(
        "mapping",
        "Resources/Worker/Properties/Events/WakeUps/Properties/",
        [
            ("BatchSize", json!(11), "than a FIFO queue gives"),
            ("BatchSize", json!(10), "not one message"),
            ("BatchSize", Value::Null, "not one message"),
            ("FunctionResponseTypes", Value::Null, "does not report"),
            ("ScalingConfig/MaximumConcurrency", json!(1), "at least Some(1)"),
            ("ScalingConfig", Value::Null, "at least None"),
            ("MaximumBatchingWindowInSeconds", json!(5), "no batching window"),
            ("Enabled", json!(false), "switched off"),
            ("Queue", other, "not woken by the queue Orders"),
        ],
    );
    all.extend(in_part(
        "mapping",
        "",
        [
            ("Parameters/LanesAtOnce/MinValue", json!(1), "at least Some(1)"),
            ("Parameters/LanesAtOnce/MaxValue", json!(2000), "than are allowed"),
            ("Resources/Worker/Properties/ReservedConcurrentExecutions", json!(5), "reserved"),
            ("Resources/Worker/Properties/Events", Value::Null, "wakes []"),
        ],
    ));
    all
}

fn tables() -> Vec<Break> {
    in_part(
        "table",
        "Resources/Ledger/",
        [
            ("Properties/BillingMode", json!("PROVISIONED"), "by request"),
            ("Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", json!(false), "point in time"),
            ("Properties/SSESpecification", Value::Null, "not encrypted"),
            ("Properties/DeletionProtectionEnabled", json!(false), "can be deleted"),
            ("Properties/TimeToLiveSpecification/AttributeName", json!("ttl"), "expires_at"),
            ("DeletionPolicy", json!("Delete"), "DeletionPolicy is not Retain"),
            ("UpdateReplacePolicy", Value::Null, "UpdateReplacePolicy is not Retain"),
        ],
    )
}

fn buckets() -> Vec<Break> {
    let kept = json!({"Status": "Enabled"});
    in_part(
        "bucket",
        "Resources/",
        [
            ("Bodies/Properties/PublicAccessBlockConfiguration/RestrictPublicBuckets", json!(false), "opened"),
            ("Bodies/Properties/OwnershipControls", Value::Null, "other owners"),
            ("Bodies/Properties/BucketEncryption", Value::Null, "not encrypted"),
            ("Bodies/Properties/VersioningConfiguration", kept, "stays as a version"),
            ("Bodies/Properties/BucketName", json!("bodies"), "taken by anybody"),
            ("Bodies/DeletionPolicy", json!("Delete"), "DeletionPolicy is not Retain"),
            ("BodiesPolicy/Properties/PolicyDocument/Statement/0/Condition", Value::Null, "without TLS"),
        ],
    )
}

fn fronts() -> Vec<Break> {
    let any = json!({"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*"});
    in_part(
        "front",
        "Resources/",
        [
            ("WebhooksShopify/Properties/RouteKey", json!("ANY /{proxy+}"), "the routes are"),
            ("WebhooksToFunction/Properties/PayloadFormatVersion", json!("1.0"), "the format"),
            ("WebhooksStage/Properties/DefaultRouteSettings", Value::Null, "nothing bounds"),
            ("PagesStage/Properties/StageName", json!("prod"), "part of every path"),
            ("WebhooksMayCall/Properties/SourceArn", any, "more than our API"),
        ],
    )
}

fn schedules() -> Vec<Break> {
    in_part(
        "schedule",
        "Resources/Sweep/Properties/",
        [
            ("Events/EveryMinute/Properties/Schedule", json!("rate(5 minutes)"), "every minute"),
            ("Events/EveryMinute/Properties/Input", json!("{}"), "its input"),
            ("EventInvokeConfig", Value::Null, "repeated"),
            ("Events", Value::Null, "0 schedules"),
        ],
    )
}

fn shared_rights() -> Vec<Break> {
    let any = json!({"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/*"});
    let mut all = in_part(
        "rights",
        "Resources/UsesLedger/Properties/PolicyDocument/Statement/",
        [
            ("0/Action", json!("dynamodb:*"), "more than one"),
            ("0/Resource", json!("*"), "more than one"),
            ("0/Resource", Value::Null, "no resource"),
            ("0/NotAction", json!("dynamodb:DeleteTable"), "NotAction"),
            ("1", json!({}), "may not s3:ListBucket"),
            ("2", json!({}), "may not ssm:GetParameter"),
        ],
    );
    all.extend(in_part(
        "rights",
        "Resources/ReadsSecrets/Properties/PolicyDocument/Statement/",
        [
            ("2/Condition", Value::Null, "any key"),
            ("2/Condition/StringLike", Value::Null, "any key"),
            ("0/Resource/0", any, "more than one"),
        ],
    ));
    all
}

fn own_rights() -> Vec<Break> {
    let aws = json!(["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", {"Ref": "UsesLedger"}]);
    let anybody = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    let more = json!(["sqs:GetQueueAttributes", "sqs:SendMessage", "sqs:PurgeQueue"]);
    let wide = json!({"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:*"});
    let bucket = json!({"Fn::Sub": "${Bodies.Arn}/*"});
    let others = json!({"Fn::GetAtt": ["WorkerRole", "Arn"]});
    in_part(
        "rights",
        "Resources/",
        [
            ("ReviewRole/Properties/Policies/0/PolicyDocument/Statement/1/Action", more, "and never does"),
            ("ReviewRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource", wide, "more than one"),
            ("SweepRole/Properties/Policies/0/PolicyDocument/Statement/3", json!({}), "index due"),
            ("SweepRole/Properties/Policies/0/PolicyDocument/Statement/1", json!({}), "may not s3:GetObject"),
            ("HandlerRole/Properties/Policies/0/PolicyDocument/Statement/1/Resource", bucket, "is more than one"),
            ("ReviewRole/Properties/ManagedPolicyArns", aws, "a policy of AWS"),
            ("WorkerRole/Properties/AssumeRolePolicyDocument", anybody, "by others"),
            ("Sweep/Properties/Role", others, "share a role"),
        ],
    )
}

fn secrets() -> Vec<Break> {
    let given = json!({"Fn::Sub": "[accounts.main]\nkey = \"abc\"\nsecret = \"ssm:/lanekeeper/${Stage}/s\""});
    in_part(
        "secrets",
        "",
        [
            ("Globals/Function/Environment/Variables/SHOPIFY_SECRET", json!("x"), "has SHOPIFY_SECRET"),
            ("Globals/Function/Environment/Variables/LANEKEEPER_CONFIG", json!("a.toml"), "of the stack"),
            ("Resources/Worker/Properties/Environment", json!({"Variables": {"KEY": "x"}}), "has KEY"),
            ("Resources/Handler/Properties/Tracing", json!("Active"), "traces keep addresses"),
            ("Parameters/ShopifySecret", json!({"Type": "String", "NoEcho": true}), "is a secret"),
            ("Resources/Settings/Properties/Value/Fn::Sub/1/Warehouses/Fn::If/2", given, "the secret key itself"),
            ("Resources/Settings/Properties/Value/Fn::Sub/1/Secrets/Fn::If/2", json!("[\"abc\"]"), "Shopify's secret"),
            ("Resources/Settings/Properties/Type", json!("StringList"), "plain parameter"),
        ],
    )
}

fn logs() -> Vec<Break> {
    let access = json!({"DestinationArn": "arn:aws:logs:us-east-1:1:log-group:a", "Format": "$context.path"});
    in_part(
        "logs",
        "Resources/",
        [
            ("HandlerLog/Properties/RetentionInDays", Value::Null, "for ever"),
            ("Handler/Properties/LoggingConfig", Value::Null, "no group of ours"),
            ("Sweep/Properties/LoggingConfig/LogFormat", json!("JSON"), "wrapped"),
            ("SweepLog/Properties/LogGroupName", json!("sweep"), "its name is not"),
            ("WebhooksStage/Properties/AccessLogSettings", access, "it logs addresses"),
        ],
    )
}

fn alarms() -> Vec<Break> {
    let orders = json!({"Fn::GetAtt": ["Orders", "QueueName"]});
    in_part(
        "alarms",
        "Resources/",
        [
            ("OldestReadyAlarm", Value::Null, "1 alarms are about Lanekeeper OldestReadySeconds"),
            ("SweepMissingAlarm", Value::Null, "1 alarms are about Lanekeeper OldestReadySeconds"),
            ("SweepErrorsAlarm", Value::Null, "3 alarms are about AWS/Lambda Errors"),
            ("IndexDueThrottledAlarm", Value::Null, "3 alarms are about AWS/DynamoDB Write"),
            ("LanesStalledAlarm/Properties/MetricName", json!("Stalled"), "no Lanekeeper Stalled"),
            ("LanesStalledAlarm/Properties/Dimensions", json!([]), "of []"),
            ("DeadLettersAlarm/Properties/Dimensions/0/Value", orders, "which is not ours"),
            ("SweepMissingAlarm/Properties/TreatMissingData", json!("missing"), "silence"),
            ("OldestReadyAlarm/Properties/AlarmActions", Value::Null, "nobody hears"),
            ("OldestReadyAlarm/Properties/AlarmDescription", json!("Late."), "the runbook"),
        ],
    )
}

fn dashboards() -> Vec<Break> {
    let one = json!({"widgets": [{"properties": {"metrics": [["AWS/SQS", "Sent", "QueueName", "q"]]}}]}).to_string();
    in_part(
        "dashboard",
        "Resources/Dashboard/Properties/",
        [
            ("DashboardBody", json!({"Fn::Sub": ["{\"widgets\": []}", {}]}), "0 charts"),
            ("DashboardBody", json!({"Fn::Sub": one}), "there is no metric"),
        ],
    )
}

fn others() -> Vec<Break> {
    let mut all = in_part(
        "tags",
        "",
        [("Resources/Orders/Properties/Tags", Value::Null, "Orders"), ("Globals/Function/Tags", Value::Null, "Worker")],
    );
    all.extend(in_part(
        "programs",
        "",
        [
            ("Resources/Sweep/Properties/CodeUri", json!("../target/lambda/sweep/"), "Sweep"),
            ("Globals/Function/Runtime", json!("python3.13"), "Review"),
            ("Globals/Function/Architectures", json!(["arm64"]), "another processor"),
            ("Globals/Function/MemorySize", json!(128), "memory"),
        ],
    ));
    all.extend(in_part(
        "pages",
        "",
        [
            ("Parameters/Unknown", json!({"Type": "String"}), "no row for Unknown"),
            ("Outputs/Unknown", json!({"Value": "x"}), "no row for Unknown"),
        ],
    ));
    all
}
