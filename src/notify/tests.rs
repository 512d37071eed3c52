//! What holds for all sinks.

use super::*;
use crate::notify::event::What;
use crate::settings::Findings;

/// A message about nobody.
pub(crate) fn message(case: &str, number: u32) -> Message {
    let event = event::tests::event(case, number, What::Shown);
    Teller { link: Some("https://desk.example/cases/{case}".to_owned()), ..Teller::default() }.message(event, false)
}

/// The sink that a text configures, and what is wrong with it.
pub(crate) fn parsed(text: &str) -> (Option<Notify>, Vec<String>) {
    let mut findings = Findings::default();
    let table = toml::from_str(text).expect("is TOML");
    let notify = read(Section::new(table, "c.toml: notify[0]", Path::new(""), &mut findings));
    (notify, findings.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_kind_is_found_by_its_name_and_refuses_to_do_without_what_it_needs() {
    for row in NOTIFIERS {
        assert!(kind(row.name).is_some_and(|found| found.name == row.name));
        let (notify, problems) = parsed(&format!("name = \"x\"\nkind = \"{}\"\n", row.name));
        assert!(
            notify.is_none() && !problems.is_empty() && problems.iter().all(|problem| problem.contains(" must be given")),
            "{}: {problems:?}",
            row.name
        );
    }
    let (_, problems) = parsed("name = \"x\"\nkind = \"carrier_pigeon\"\n");
    assert!(problems[0].starts_with("c.toml: notify[0].kind must be one of alertmanager, webhook,"), "{problems:?}");
    let (_, problems) = parsed("name = \"a b\"\nkind = \"jsonl\"\npath = \"x\"\nwings = 2\n");
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn every_file_that_declares_a_sink_has_its_row_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/notify");
    let table = std::fs::read_to_string(folder.join("mod.rs")).expect("the table is there");
    let (_, rows) = table.split_once("pub const NOTIFIERS").expect("it has the table");
    let (rows, _) = rows.split_once("];").expect("it ends");
    let mut declared = 0;
    for file in std::fs::read_dir(folder.join("sinks")).expect("can be listed") {
        let path = file.expect("can be listed").path();
        let text = std::fs::read_to_string(&path).expect("read");
        if text.lines().any(|line| line.starts_with("pub const KIND: NotifierKind")) {
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(rows.contains(&format!("sinks::{name}::KIND,")), "{name} has no row");
            declared += 1;
        }
    }
    assert_eq!(declared, NOTIFIERS.len(), "a row without a file of its own");
}

/// An address with a token that somebody wrote wrongly is in no message.
#[test]
fn a_mistaken_address_is_not_repeated() {
    for text in [
        "name = \"x\"\nkind = \"webhook\"\nurl = \"htps://hooks.example/t0ken\"\n",
        "name = \"x\"\nkind = \"ocsf\"\nurl = \"hooks.example/t0ken\"\n",
        "name = \"x\"\nkind = \"slack\"\nurl = \"https://hooks.example/t0ken\"\n",
        "name = \"x\"\nkind = \"alertmanager\"\nurl = \"http://u:t0ken@host\"\n",
    ] {
        let (_, problems) = parsed(text);
        assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.contains("t0ken")), "{problems:?}");
    }
}

#[test]
fn names_are_only_in_messages_of_sinks_that_give_them_and_a_contact_needs_none() {
    let keys = contacts::ContactKeys {
        units: std::collections::BTreeMap::from([("Hangzhou".to_owned(), "east".to_owned())]),
        typologies: std::collections::BTreeMap::new(),
        default: None,
    };
    let teller = Teller { link: None, contacts: contacts::Contacts::new(&keys).expect("valid") };
    let event = event::tests::event("c", 1, What::Shown);
    let (nameless, named) = (teller.message(event.clone(), false), teller.message(event, true));
    assert_eq!((nameless.event.whom, nameless.event.unit, nameless.contact.as_deref()), (None, None, Some("east")));
    assert_eq!((named.event.whom.as_deref(), named.event.unit.as_deref()), (Some("E0042"), Some("Hangzhou")));
}
