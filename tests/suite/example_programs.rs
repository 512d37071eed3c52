//! The programs in `examples/` run on the sample in `config/`, and say what they promise.

#[allow(dead_code, reason = "an example is a program of its own; its `main` only reads the arguments")]
#[path = "../../examples/compare_settings.rs"]
mod compare_settings;
#[allow(dead_code, reason = "an example is a program of its own; its `main` only reads the arguments")]
#[path = "../../examples/count_persons.rs"]
mod count_persons;
#[allow(dead_code, reason = "an example is a program of its own; its `main` only reads the arguments")]
#[path = "../../examples/decode_file.rs"]
mod decode_file;
#[allow(dead_code, reason = "an example is a program of its own; its `main` only reads the arguments")]
#[path = "../../examples/replay_alerts.rs"]
mod replay_alerts;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/leakwarden.toml");
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/sample.jsonl");

fn printed(run: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>) -> String {
    let mut out = Vec::new();
    run(&mut out).expect("it runs");
    String::from_utf8(out).expect("it prints text")
}

#[test]
fn decode_file_prints_accesses() {
    let text = printed(|out| decode_file::run(CONFIG, SAMPLE, out));
    assert!(text.contains("2026-03-02T01:00:05Z E1001 read crm.customers: 1 people\n"), "{text}");
    assert_eq!(text.lines().count(), 34, "{text}");
}

#[test]
fn replay_alerts_prints_a_card_for_each_alert() {
    let text = printed(|out| replay_alerts::run(CONFIG, SAMPLE, out));
    assert!(text.contains("bulk_extract\n│ E1003, raised at ") && text.contains("ghost_leaver\n│ E1007, raised at "), "{text}");
}

#[test]
fn compare_settings_names_the_alert_that_a_higher_floor_costs() {
    assert!(printed(|out| compare_settings::run(CONFIG, SAMPLE, 100, out)).contains(" 0 changed, 0 new, 0 lost"));
    let text = printed(|out| compare_settings::run(CONFIG, SAMPLE, 1_000_000, out));
    assert!(text.contains("lost: E1003 bulk_extract"), "{text}");
}

#[test]
fn count_persons_says_how_certain_it_is() {
    let count = |statement, rows| printed(|out| count_persons::run(CONFIG, "crm", statement, rows, out));
    let one = count("SELECT name, phone FROM crm.customers WHERE id = 'C10001'", Some(1));
    assert!(one.contains("crm.customers: name, phone_number\nexactly 1 people"), "{one}");
    assert!(count("SELECT name FROM crm.customers", None).contains("an unknown number"));
    assert!(count("SELECT name FROM crm.customers LIMIT 50", None).contains("at most 50 people"));
}

/// An example that is not run here may be broken.
#[test]
fn every_example_is_run_and_short() {
    let here = include_str!("example_programs.rs");
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).expect("the folder is there");
    for entry in folder {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).expect("it has a name").to_owned();
        assert!(here.contains(&format!("{name}::run(")), "{name} is not run in tests/suite/example_programs.rs");
        let lines = std::fs::read_to_string(&path).expect("it is text").lines().count();
        assert!(lines <= 60, "{name} has {lines} lines");
    }
}
