//! The table outlives mistakes. (Its keys and indexes are compared with those the program makes once it is deployed.)

use serde_json::json;

use super::{Faults, expect};
use crate::template::Template;

pub(super) fn faults(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let is = |name: &str, value: serde_json::Value| *template.property("Ledger", name) == value;
    let mut needs = |fine: bool, what: &str| expect(&mut faults, fine, || format!("Ledger: {what}"));
    needs(is("BillingMode", json!("PAY_PER_REQUEST")), "it is not paid for by request");
    let recovery = json!({"PointInTimeRecoveryEnabled": true});
    needs(is("PointInTimeRecoverySpecification", recovery), "it cannot be restored to a point in time");
    needs(is("SSESpecification", json!({"SSEEnabled": true})), "it is not encrypted under a key of the account");
    needs(is("DeletionProtectionEnabled", json!(true)), "it can be deleted");
    let life = json!({"AttributeName": "expires_at", "Enabled": true});
    needs(is("TimeToLiveSpecification", life), "items that bear expires_at do not go");
    let resource = &template.0["Resources"]["Ledger"];
    for what in ["DeletionPolicy", "UpdateReplacePolicy"] {
        needs(resource[what] == "Retain", &format!("{what} is not Retain"));
    }
    faults
}
