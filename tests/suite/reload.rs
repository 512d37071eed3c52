//! The service takes up a changed configuration while it runs: all of it or nothing, and never by a restart.

use crate::common::line::{Line, access, on};
use crate::common::play::Play;
use crate::common::service::{Service, append};
use crate::common::world::{CATALOG, World, load_from};
use leakwarden::engine::context::Context;
use leakwarden::model::typology::Typology;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Reads of ten thousand people whose ids do not follow one another: enough to be grave.
fn extract(who: &str, table: &str, day: i64, hour: i64) -> Vec<Line> {
    let read = |n: i64| {
        let from = (day * 24 + hour) as u64 * 10_000 + n as u64 * 1_000;
        access(who).at(on(day, &format!("{hour:02}:{n:02}"))).reads_all(table).of((from..from + 1_000).map(|id| id * 13))
    };
    (0..10).map(read).collect()
}

const NEW_TABLE: &str = "\n[[table]]\ntable = \"loan.scores\"\nsubject = \"id\"\n[table.columns]\nscore = \"credit_report\"\n";

fn config(floor: u64, watch: bool, more: &str) -> String {
    let directory = "[directory]\nemployees = \"employees.csv\"\nexplanations = \"explanations.jsonl\"\n";
    let source = "[[source]]\nname = \"access\"\npath = \"access.jsonl\"\nformat = \"canonical\"\n";
    let sink = "[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n";
    let detector = format!("[detectors.bulk_extract]\nfloor = {floor}\n[reload]\nwatch = {watch}\n");
    format!("[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n{directory}{source}{sink}{detector}{more}")
}

/// A service that raises no bulk_extract, knows no reason and not the table of scores.
fn service(dir: &Path, watch: bool) -> Service {
    fs::write(dir.join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
    fs::write(dir.join("catalog.toml"), CATALOG).expect("written");
    fs::write(dir.join("employees.csv"), "employee,unit,role\ne1,U,teller\ne2,U,teller\ne3,U,teller\ne4,U,teller\n").expect("written");
    fs::write(dir.join("explanations.jsonl"), "").expect("written");
    fs::write(dir.join("access.jsonl"), "").expect("written");
    fs::write(dir.join("config.toml"), config(1_000_000, watch, "")).expect("written");
    Service::start(dir)
}

const TICKET: &str = r#"{"employee":"e2","from":"2026-03-01T00:00:00Z","reason":"ticket","ref":"INC-1"}"#;

fn reloads(service: &Service, outcome: &str) -> f64 {
    service.metric(&format!("leakwarden_config_reloads_total{{outcome=\"{outcome}\"}}"))
}

fn accepted(service: &Service) -> f64 {
    service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"access\"}")
}

fn later_alerts_follow(watch: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let service = service(dir, watch);
    append(&dir.join("access.jsonl"), &extract("e1", "crm.customers", 0, 9));
    service.wait("the first extract is read", |service| accepted(service) == 10.0);
    let before = service.get("/metrics").expect("answers");
    assert!(!service.alerted("e1", "bulk_extract"), "the floor is the former one");

    fs::write(dir.join("catalog.toml"), format!("{CATALOG}{NEW_TABLE}")).expect("written");
    fs::write(dir.join("explanations.jsonl"), format!("{TICKET}\n")).expect("written");
    fs::write(dir.join("config.toml"), config(100, watch, "")).expect("written");
    if !watch {
        service.signal("HUP");
    }
    service.wait("it is applied", |service| reloads(service, "applied") == 1.0);
    assert!(service.get("/readyz").is_some_and(|answer| answer.ends_with("ok\n")));
    let later =
        [extract("e2", "crm.customers", 0, 10), extract("e3", "crm.customers", 0, 11), extract("e4", "loan.scores", 0, 12)].concat();
    append(&dir.join("access.jsonl"), &later);
    service.wait("e4 is alerted", |service| service.alerted("e4", "bulk_extract") && accepted(service) == 40.0);
    assert!(service.alerted("e3", "bulk_extract"), "the floor is the new one");
    assert!(!service.alerted("e2", "bulk_extract"), "the reason is known");
    service.wait("what waited settles under the new floor", |service| service.alerted("e1", "bulk_extract"));
    let alerts = service.alerts();
    let of = |who: &str| alerts.iter().find(|alert| alert["employee"] == who && alert["typology"] == "bulk_extract").expect("is there");
    assert!(of("e4")["observed"]["kinds"]["credit_report"].is_object(), "the catalog is the new one: {}", of("e4"));
    let hash = of("e3")["made_by"]["config"].as_str().expect("a hash");
    assert!(!before.contains(hash), "alerts name the new configuration");
    assert_eq!(service.metric(&format!("leakwarden_config_info{{config=\"{hash}\"}}")), 1.0);
    assert_eq!(service.metric("leakwarden_config_last_reload_successful"), 1.0);

    service.signal("HUP");
    service.wait("nothing has changed", |service| reloads(service, "unchanged") == 1.0);
    assert_eq!(reloads(&service, "applied"), 1.0);
    let log = service.stop();
    assert_eq!(log.matches("metrics and probes are served").count(), 1, "it never restarted: {log}");
}

#[test]
fn later_alerts_follow_what_a_signal_makes_known() {
    later_alerts_follow(false);
}

#[test]
fn later_alerts_follow_files_that_change() {
    later_alerts_follow(true);
}

#[test]
fn of_two_changed_files_neither_applies_where_one_is_wrong() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let service = service(dir, true);
    fs::write(dir.join("config.toml"), config(100, true, "")).expect("written");
    service.wait("the floor is applied", |service| reloads(service, "applied") == 1.0);

    fs::write(dir.join("catalog.toml"), format!("{CATALOG}{}", NEW_TABLE.replace("credit_report", "credit"))).expect("written");
    fs::write(dir.join("explanations.jsonl"), format!("{TICKET}\n")).expect("written");
    service.wait("it is refused", |service| reloads(service, "refused") == 1.0);
    let log = service.log();
    let mistake = log.lines().find(|line| line.contains("columns.score")).unwrap_or_else(|| panic!("{log}"));
    assert!(mistake.contains("catalog.toml: table[") && mistake.contains("must be a kind") && mistake.contains("got credit"), "{mistake}");
    assert_eq!(service.metric("leakwarden_config_last_reload_successful"), 0.0);
    assert!(service.get("/healthz").is_some_and(|answer| answer.ends_with("ok\n")));

    append(&dir.join("access.jsonl"), &[extract("e2", "crm.customers", 0, 9), extract("e3", "crm.customers", 0, 10)].concat());
    service.wait("the reason is not known", |service| service.alerted("e2", "bulk_extract") && service.alerted("e3", "bulk_extract"));
    // Put right, both apply.
    fs::write(dir.join("catalog.toml"), format!("{CATALOG}{NEW_TABLE}")).expect("written");
    service.wait("it is applied", |service| reloads(service, "applied") == 2.0);
    assert_eq!(service.metric("leakwarden_config_last_reload_successful"), 1.0);
    service.stop();
}

#[test]
fn what_needs_a_restart_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let service = service(dir, false);
    let more = "[[source]]\nname = \"other\"\npath = \"other.jsonl\"\n[dead_letters]\npath = \"elsewhere.jsonl\"\n";
    fs::write(dir.join("config.toml"), config(100, false, more)).expect("written");
    fs::write(dir.join("subject.key"), "another secret of thirty-two bytes").expect("written");
    service.signal("HUP");
    service.wait("it is refused", |service| reloads(service, "refused") == 1.0);
    let log = service.log();
    for setting in ["source[1].name", "dead_letters.path", "subjects.key_file"] {
        assert!(log.contains(&format!("config.toml: {setting} cannot change while the service runs: a restart is needed")), "{log}");
    }
    assert!(!log.contains("another secret of"), "{log}");
    service.stop();
}

/// A bank with these reasons, whose names of partitions are not known yet.
fn bank(reasons: &[&str]) -> Arc<Context> {
    let employees = "employee,unit,role\n".to_owned() + &(0..40).map(|n| format!("p{n},U,teller\n")).collect::<String>();
    let reasons: Vec<String> = reasons.iter().map(|reason| (*reason).to_owned()).collect();
    World::bank().with("employees.csv", employees).reasons(&reasons).context()
}

const OWN: &str = r#"{"employee":"p1","from":"2026-03-01T00:00:00Z","reason":"ticket","ref":"A","max_persons":5}"#;
const SHARED: &str = r#"{"unit":"U","from":"2026-03-01T00:00:00Z","reason":"campaign","ref":"B","max_persons":1}"#;

/// Forty employees look at three people each, with ids.
fn looks(minute: i64) -> Vec<Line> {
    let look = |n: u64| {
        let at = on(0, &format!("{:02}:{:02}", 9 + minute / 60, minute % 60));
        access(&format!("p{n}")).at(at).reads("crm.customers", &["name"]).of(n * 10..n * 10 + 3).set("id", format!("{minute}-{n}"))
    };
    (0..40).map(look).collect()
}

#[test]
fn employees_that_a_new_reason_brings_together_keep_what_they_did_and_what_waits() {
    let mut play = Play::new(&bank(&[OWN]));
    play.take(&looks(0));
    // Settles the first looks; the second ones wait.
    play.take(&looks(60));
    let context = bank(&[OWN, SHARED]);
    play.engine.set_context(context.clone());
    assert_eq!(play.engine.profiles().len(), 40);
    let shards: Vec<usize> =
        (0..40).map(|n| context.key(&leakwarden::model::access::Actor::Employee(format!("p{n}").into())).shard()).collect();
    assert!(shards.iter().all(|shard| *shard == shards[0]), "a shared reason brings the unit together");
    // Repeats of both are known, wherever they were counted.
    play.take(&[looks(0), looks(60)].concat());
    play.take(&looks(120));
    // And apart again.
    play.engine.set_context(bank(&[OWN]));
    play.take(&[looks(60), looks(120), looks(180)].concat());
    play.finish();
    assert_eq!((play.counts.accepted, play.counts.duplicate + play.counts.late), (160, 160));
    assert_eq!(play.engine.profiles().len(), 40);
    let image = play.engine.snapshot();
    play.restart(&bank(&[OWN, SHARED]));
    play.restart(&bank(&[OWN]));
    assert_eq!(play.engine.snapshot().head, image.head);
}

#[test]
fn an_engine_that_is_told_the_same_set_up_again_goes_on_as_if_nothing_had_been() {
    let lines: Vec<Line> = (0..6).flat_map(|hour| looks(hour * 30)).chain(extract("p3", "crm.customers", 0, 13)).collect();
    let (mut told, mut untold) = (Play::new(&bank(&[OWN, SHARED])), Play::new(&bank(&[OWN, SHARED])));
    for part in lines.chunks(7) {
        told.take(part);
        told.engine.set_context(bank(&[OWN, SHARED]));
        untold.take(part);
    }
    told.finish();
    untold.finish();
    assert_eq!(told.written(), untold.written());
    assert!(untold.typologies().contains(&("p3".to_owned(), Typology::BulkExtract)));
    assert!(told.engine.snapshot() == untold.engine.snapshot());
}

/// Twelve employees keep to three tables; on the last days one of them turns to a fourth.
fn rounds(day: i64) -> Vec<Line> {
    let tables = ["crm.customers", "hotel.stays", "loan.credit"];
    let look = |n: i64, table: &str, person: i64| {
        access(&format!("p{n}"))
            .at(on(day, &format!("09:{:02}", n % 60)))
            .reads_all(table)
            .of([person as u64])
            .id(format!("{day}-{n}-{person}"))
    };
    let usual = (0..12).map(|n| look(n, tables[((n + day) % 3) as usize], n * 100 + day));
    let strange = (0..20).filter(|_| day >= 26).map(|n| look(3, "telco.cells", 50_000 + day * 100 + n));
    usual.chain(strange).collect()
}

#[test]
fn where_somebody_looked_means_the_same_under_a_catalog_of_another_order() {
    let employees = "employee,unit,role\n".to_owned() + &(0..12).map(|n| format!("p{n},U,teller\n")).collect::<String>();
    let load = |catalog: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        let path = World::bank().section("alerts", "open_at = \"low\"").with("employees.csv", employees.clone()).write(dir.path());
        fs::write(dir.path().join("catalog.toml"), catalog).expect("written");
        load_from(&path)
    };
    let mut tables: Vec<&str> = CATALOG.trim().split("\n\n").collect();
    tables.reverse();
    let others = [format!("{NEW_TABLE}{CATALOG}"), format!("{}\n{NEW_TABLE}", tables.join("\n\n"))].map(|text| load(&text));
    let (mut told, mut untold) = (Play::new(&load(CATALOG)), Play::new(&load(CATALOG)));
    for day in 0..29 {
        told.take(&rounds(day));
        untold.take(&rounds(day));
        match day {
            13 => told.engine.set_context(others[0].clone()),
            20 => told.restart(&others[1]),
            _ => {}
        }
    }
    assert!(told.engine.snapshot().shards == untold.engine.snapshot().shards, "what is remembered");
    told.finish();
    untold.finish();
    assert_eq!(told.typologies(), untold.typologies());
    let strange = ("p3".to_owned(), Typology::RoleWithoutNeed);
    assert!(untold.typologies().iter().all(|found| found.1 != Typology::RoleWithoutNeed || *found == strange), "{:?}", untold.typologies());
    assert!(untold.typologies().contains(&strange), "{:?}", untold.typologies());
}
