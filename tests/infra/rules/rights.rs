//! Each function may do what its code does, on what belongs to this stage, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{FUNCTIONS, Faults, expect};
use crate::template::{Template, each, refers_to, text};

/// What whoever uses the ledger does with its items. A transaction needs the rights of the writes in it.
const ITEMS: [&str; 8] = [
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
];

/// Asking whether the bucket is there.
const BUCKET: &str = "s3:ListBucket";
const LOG: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
const SECRETS: [&str; 2] = ["kms:Decrypt", "secretsmanager:GetSecretValue"];
const SEND: [&str; 2] = ["sqs:GetQueueAttributes", "sqs:SendMessage"];
/// The first two are the mapping's, which acts in the function's name.
const RECEIVE: [&str; 3] = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"];

fn expected(function: &str) -> BTreeSet<&'static str> {
    let own: &[&str] = match function {
        "Worker" => &[SECRETS[0], SECRETS[1], RECEIVE[0], RECEIVE[1], RECEIVE[2]],
        "Review" => &[],
        "Handler" => &[SECRETS[0], SECRETS[1], "s3:PutObject"],
        // Redactions are carried out by it.
        "Sweep" => &[SECRETS[0], SECRETS[1], "s3:GetObject", "s3:DeleteObject"],
        _ => &SECRETS,
    };
    [&ITEMS, &LOG[..], &SEND[..], &["ssm:GetParameter", BUCKET], own].concat().into_iter().collect()
}

/// The indexes that each function asks (docs/table.md, "Access patterns").
fn indexes(function: &str) -> &'static [&'static str] {
    match function {
        "Worker" => &["list"],
        "Sweep" => &["due", "list", "other_list"],
        "Review" => &["list", "other_list"],
        _ => &[],
    }
}

/// The only resources that are more than one thing; the last under two conditions.
const WIDE: [&str; 6] = [
    ":parameter/lanekeeper/${Stage}/*",
    ":parameter/aws/reference/secretsmanager/lanekeeper/${Stage}/*",
    ":secret:lanekeeper/${Stage}/*",
    ":log-group:/aws/lambda/lanekeeper-${Stage}-NAME:*",
    "/bodies/*",
    ":key/*",
];

const ROLE: &str = "AWS::IAM::Role";

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut roles = BTreeMap::new();
    for id in FUNCTIONS {
        let role = refers_to(template.property(id, "Role")).unwrap_or_default();
        if let Some(other) = roles.insert(role, id) {
            faults.push(format!("{id} and {other} share a role"));
        }
        let statements = statements(template, role, &mut faults);
        let may: BTreeSet<&str> =
            statements.iter().flat_map(|it| each(&it["Action"])).filter_map(Value::as_str).collect();
        let expected = expected(id);
        for more in may.difference(&expected) {
            faults.push(format!("{id} may {more} and never does"));
        }
        for less in expected.difference(&may) {
            faults.push(format!("{id} may not {less} and has to"));
        }
        let reaches =
            |at: &str| statements.iter().flat_map(|it| each(&it["Resource"])).any(|it| text(it).ends_with(at));
        for index in ["due", "list", "other_list"] {
            let (asks, may) = (indexes(id).contains(&index), reaches(&format!("/index/{index}")));
            expect(&mut faults, asks == may, || format!("{id}: asks the index {index}: {asks}, may: {may}"));
        }
        for statement in statements {
            judge(id, statement, &mut faults);
        }
    }
    for (role, _) in template.of(ROLE) {
        expect(&mut faults, roles.contains_key(role), || format!("{role} is the role of no function of ours"));
    }
    faults
}

/// All that a role is allowed, in its own policies and in those it shares.
fn statements<'a>(template: &'a Template, role: &str, faults: &mut Faults) -> Vec<&'a Value> {
    let trusted = &template.property(role, "AssumeRolePolicyDocument")["Statement"];
    let lambda = each(trusted).all(|it| it["Principal"] == serde_json::json!({"Service": "lambda.amazonaws.com"}));
    expect(faults, lambda, || format!("{role} can be taken by others than functions"));
    let own = each(template.property(role, "Policies")).map(|policy| &policy["PolicyDocument"]);
    let shared = each(template.property(role, "ManagedPolicyArns")).filter_map(|policy| {
        let ours = refers_to(policy).map(|id| template.property(id, "PolicyDocument"));
        expect(faults, ours.is_some(), || format!("{role} has a policy of AWS: {policy}"));
        ours
    });
    let shared: Vec<_> = shared.collect();
    own.chain(shared).flat_map(|document| each(&document["Statement"])).collect()
}

fn judge(function: &str, statement: &Value, faults: &mut Faults) {
    let name = statement["Sid"].as_str().unwrap_or("a statement");
    let mut needs = |fine: bool, what: String| expect(faults, fine, || format!("{function}, {name}: {what}"));
    needs(statement["Effect"] == "Allow", "it does not allow".to_owned());
    for turned in ["NotAction", "NotResource", "Principal"] {
        needs(statement[turned].is_null(), format!("{turned} says what is not meant"));
    }
    for action in each(&statement["Action"]) {
        let plain = action.as_str().is_some_and(|action| !action.contains('*'));
        needs(plain, format!("the action {action} is more than one"));
    }
    needs(each(&statement["Resource"]).count() > 0, "it names no resource".to_owned());
    for resource in each(&statement["Resource"]) {
        let written = text(resource);
        let log = written.replace(&format!("-{}:", function.to_lowercase()), "-NAME:");
        let known = WIDE.iter().any(|wide| log.ends_with(wide));
        needs(known || !written.contains('*'), format!("the resource {resource} is more than one"));
        needs(known || refers_to(resource).is_some() || written.starts_with("arn:"), format!("{resource} is no ARN"));
        if written.ends_with(WIDE[5]) {
            let context = statement["Condition"]["StringLike"].as_object().is_some_and(|like| {
                like.keys().any(|key| key.starts_with("kms:EncryptionContext:"))
                    && like.values().all(|arn| WIDE.iter().any(|wide| text(arn).ends_with(wide)))
            });
            let via = !statement["Condition"]["StringEquals"]["kms:ViaService"].is_null();
            needs(context && via, "any key of the account decrypts anything".to_owned());
        }
    }
}
