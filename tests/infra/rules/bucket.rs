//! What lies in the bucket is people's data: nobody else's to read, gone when it is deleted, and there as long as the table.

use serde_json::{Value, json};

use super::{Faults, expect};
use crate::template::{Template, each};

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut needs = |fine: bool, what: &str| expect(&mut faults, fine, || format!("Bodies: {what}"));
    let is = |name: &str| template.property("Bodies", name);
    let kinds = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    let closed = kinds.iter().all(|kind| is("PublicAccessBlockConfiguration")[kind] == true);
    needs(closed, "it can be opened to everybody");
    needs(is("OwnershipControls")["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced", "objects have other owners");
    needs(!is("BucketEncryption").is_null(), "it is not encrypted");
    needs(is("VersioningConfiguration").is_null(), "what is deleted stays as a version");
    needs(is("BucketName").is_null(), "its name may be taken by anybody in the world");
    let resource = &template.0["Resources"]["Bodies"];
    for what in ["DeletionPolicy", "UpdateReplacePolicy"] {
        needs(resource[what] == "Retain", &format!("{what} is not Retain"));
    }
    let refused = |statement: &Value| {
        statement["Effect"] == "Deny" && statement["Condition"] == json!({"Bool": {"aws:SecureTransport": "false"}})
    };
    let policy = template.property("BodiesPolicy", "PolicyDocument");
    needs(each(&policy["Statement"]).any(refused), "it answers without TLS");
    faults
}
