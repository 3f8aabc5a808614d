//! What the linters say: nothing.

use crate::tools::{infra, said, tool};

#[test]
fn linters_accept_the_template() {
    let template = infra().join("template.yaml");
    let (content, words) = said(tool("cfn-lint").args(["--include-checks", "I", "--template"]).arg(&template));
    assert!(content, "cfn-lint:\n{words}");
    let (content, words) = said(tool("sam").args(["validate", "--lint", "--template"]).arg(&template));
    assert!(content && words.contains("is a valid SAM Template"), "sam:\n{words}");
}

#[test]
fn a_template_with_a_mistake_is_refused_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("template.yaml");
    let text = std::fs::read_to_string(infra().join("template.yaml")).unwrap();
    let with = text.replace("KEYS_ONLY", "KEYS");
    assert_ne!(with, text);
    std::fs::write(&broken, with).unwrap();
    let (content, words) = said(tool("cfn-lint").arg(&broken));
    assert!(!content && words.contains("KEYS_ONLY"), "cfn-lint:\n{words}");
    let (content, words) = said(tool("sam").args(["validate", "--lint", "--template"]).arg(&broken));
    assert!(!content, "sam:\n{words}");
}
