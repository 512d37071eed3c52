//! Every alerting rule of `deploy/` has a runbook in `docs/operate/runbooks/`, and every runbook a rule.

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The alerting rules, each with the lines that follow its name.
fn rules() -> Vec<(String, String)> {
    let text = read("deploy/prometheus/rules.yml");
    let rules = text.split("- alert: ").skip(1).filter_map(|rule| rule.split_once('\n'));
    rules.map(|(name, rest)| (name.trim().to_owned(), rest.to_owned())).collect()
}

#[test]
fn every_alerting_rule_has_a_runbook_and_every_runbook_a_rule() {
    const FOLDER: &str = "docs/operate/runbooks";
    let entries = std::fs::read_dir(root().join(FOLDER)).expect("there are runbooks");
    let mut pages: BTreeSet<String> =
        entries.map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert!(pages.remove("README"), "{FOLDER}/README.md lists them");
    let (index, rules) = (read(&format!("{FOLDER}/README.md")), rules());
    assert!(rules.len() > 10, "rules were found");
    let mut wrong = Vec::new();
    for (name, rule) in &rules {
        if !pages.remove(name) {
            wrong.push(format!("{name}: no page {FOLDER}/{name}.md"));
        }
        if !rule.contains(&format!("runbook_url: {FOLDER}/{name}.md\n")) {
            wrong.push(format!("{name}: its annotation runbook_url must be {FOLDER}/{name}.md"));
        }
        if !index.contains(&format!("[{name}]({name}.md)")) {
            wrong.push(format!("{name}: {FOLDER}/README.md does not list it"));
        }
    }
    wrong.extend(pages.into_iter().map(|name| format!("{FOLDER}/{name}.md: the page of no rule")));
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_runbook_says_what_to_do() {
    let sections = ["## What it means", "## How urgent", "## First look", "## Causes", "## What to do", "## When to silence it"];
    for (name, _) in rules() {
        let page = std::fs::read_to_string(root().join(format!("docs/operate/runbooks/{name}.md"))).unwrap_or_default();
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, sections, "{name}");
    }
}
