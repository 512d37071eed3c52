//! Dead letters come back: what could not be decoded is read again after a fix and counts once, whatever happens on the way.

use crate::common::line::on;
use crate::common::program::{Ran, leakwarden};
use crate::common::service::{Service, append};
use crate::common::world::CATALOG;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Records of a log of one's own: e1 reads ten thousand people in ten.
pub(super) fn records() -> Vec<String> {
    let record = |n: u64| {
        let people: Vec<String> = (n * 1_000..(n + 1) * 1_000).map(|id| format!("{{\"c\":\"{}\"}}", id * 13)).collect();
        let time = on(0, &format!("09:{n:02}"));
        format!(r#"{{"ts":"{time}","who":{{"nr":"e1"}},"table":"crm.customers","items":[{}]}}"#, people.join(","))
    };
    (0..10).map(record).collect()
}

/// A configuration in which the employee stands at that pointer.
pub(super) fn config(dir: &Path, employee: &str, source: &str, more: &str) {
    let format = format!(
        "[format.core]\nkind = \"json\"\ntime = \"/ts\"\ntable = \"/table\"\nsubjects = \"/items/*/c\"\nemployee = \"{employee}\"\n"
    );
    let parts = [
        "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[reload]\nwatch = false\n",
        "[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[state]\ndir = \"state\"\n",
        &format!("[[source]]\nname = \"core\"\nformat = \"core\"\n{source}"),
        &format,
        more,
    ];
    fs::write(dir.join("config.toml"), parts.concat()).expect("written");
    fs::write(dir.join("catalog.toml"), CATALOG).expect("written");
    fs::write(dir.join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
}

pub(super) const FILE: &str = "path = \"core.log\"\n";
pub(super) const WRONG: &str = "/user/nr";
pub(super) const RIGHT: &str = "/who/nr";

fn of_core(service: &Service, outcome: &str) -> f64 {
    service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"core\"}}"))
}

fn counted(service: &Service) -> f64 {
    ["accepted", "late", "duplicate"].iter().map(|outcome| of_core(service, outcome)).sum()
}

fn redriven(service: &Service) -> f64 {
    service.metric("leakwarden_redriven_records_total{source=\"core\"}")
}

pub(super) fn redrive(dir: &Path, more: &[&str]) -> Ran {
    leakwarden(dir, &[&["redrive", "--config", "config.toml"], more].concat())
}

/// The count before such a line of the report.
pub(super) fn told(ran: &Ran, what: &str) -> u64 {
    let text = String::from_utf8(ran.out.clone()).expect("UTF-8");
    let line = text.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {text}"));
    line.split_whitespace().next().and_then(|count| count.parse().ok()).expect("a count")
}

/// A service that has buried all ten.
fn buried(dir: &Path, more: &str) -> Service {
    config(dir, WRONG, FILE, more);
    fs::write(dir.join("core.log"), "").expect("written");
    let service = Service::start(dir);
    append(&dir.join("core.log"), &records());
    service.wait("all are buried", |service| of_core(service, "dead_letter") == 10.0);
    service
}

/// Lets two days begin: what e1 did is settled, and told as it stands.
fn settle(dir: &Path) {
    let later = |day: i64| records()[9].replace("2026-03-02T09:09", &format!("2026-03-{:02}T12:00", 2 + day)).replace("e1", "e2");
    append(&dir.join("core.log"), &[later(1), later(2), later(3)]);
}

/// What the newest revision of e1's alert has counted.
fn accesses(service: &Service) -> Option<u64> {
    let alerts = service.alerts();
    let alert = alerts.iter().rev().find(|alert| alert["employee"] == "e1" && alert["typology"] == "bulk_extract")?;
    alert["observed"]["accesses"].as_u64()
}

#[test]
fn lines_that_are_no_decisions_are_kept_once_whatever_restarts_and_nobody_decodes_them() {
    const NAME: &str = "Zhang San 13800000000";
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    config(dir, RIGHT, FILE, "[decisions]\nfile = \"decisions.jsonl\"\n");
    fs::write(dir.join("core.log"), "").expect("written");
    let end = |id: &str, rest: &str| format!("{{\"id\":\"{id}\",\"at\":\"2026-03-02T10:00:00Z\",\"by\":\"li\",\"kind\":{rest}}}");
    let good = end("D-1", "\"end\",\"of\":\"D-0\"");
    fs::write(dir.join("decisions.jsonl"), format!("{good}\n{}\n", end("D-2", &format!("\"{NAME}\"")))).expect("written");
    let letters = || -> Vec<serde_json::Value> {
        let text = fs::read_to_string(dir.join("state/dead-letters.jsonl")).unwrap_or_default();
        assert!(!text.contains("Zhang"), "{text}");
        text.lines().map(|line| serde_json::from_str(line).expect("a letter")).collect()
    };
    let counted = |service: &Service, outcome: &str| {
        service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"[decisions]\"}}"))
    };
    let service = Service::start(dir);
    service.wait("what stood there is kept", |_| letters().len() == 1);
    append(
        &dir.join("decisions.jsonl"),
        &[format!("{{\"id\":\"D-3\",{NAME}"), end("D-4", &format!("\"end\",\"of\":\"D-0\",\"{NAME}\":1"))],
    );
    service.wait("what comes is kept", |_| letters().len() == 3);
    let kept: Vec<_> =
        letters().iter().map(|letter| (letter["source"].clone(), letter["position"].clone(), letter["reason"].clone())).collect();
    let at = |line: u64| (serde_json::json!("[decisions]"), serde_json::json!(line));
    assert_eq!(kept.iter().map(|(source, line, _)| (source.clone(), line.clone())).collect::<Vec<_>>(), [at(2), at(3), at(4)]);
    for ((.., reason), rule) in kept.iter().zip([": kind must be one of", ": must be one JSON object", ": a field is no field"]) {
        assert!(reason.as_str().is_some_and(|reason| reason.starts_with(rule)), "{reason}");
    }
    service.wait("they are counted", |service| counted(service, "dead_letter") == 3.0 && counted(service, "accepted") == 1.0);
    // Read from its beginning again, orderly or not, it brings nothing that is kept already, and is no news to whoever counts.
    service.crash();
    let service = Service::start(dir);
    append(&dir.join("decisions.jsonl"), &["nonsense"]);
    service.wait("the new one is kept", |_| letters().len() == 4);
    service.wait("and it alone is counted", |service| counted(service, "dead_letter") == 1.0);
    let log = service.stop();
    assert!(!log.contains("Zhang"), "{log}");
    let ran = redrive(dir, &["--dry-run"]).well();
    assert_eq!((told(&ran, "are no decisions"), told(&ran, "gone from their source")), (4, 0));
}

#[test]
fn after_a_fix_each_counts_once_also_when_the_command_is_run_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let service = buried(dir, "");
    let before = redrive(dir, &["--dry-run"]).well();
    assert_eq!((told(&before, "recovered"), told(&before, "still undecodable")), (0, 10));
    config(dir, RIGHT, FILE, "");
    let dry = redrive(dir, &["--dry-run"]).well();
    assert_eq!((told(&dry, "dead letters read"), told(&dry, "recovered, and not handed over")), (10, 10));
    assert_eq!(told(&redrive(dir, &["--reason", "no such*"]).well(), "recovered"), 0);
    assert_eq!(told(&redrive(dir, &["--since", "2100-01-01"]).well(), "recovered"), 0);

    service.signal("HUP");
    service.wait("the fix is applied", |service| service.metric("leakwarden_config_reloads_total{outcome=\"applied\"}") == 1.0);
    assert_eq!(told(&redrive(dir, &[]).well(), "recovered, and handed over"), 10);
    service.wait("they count", |service| counted(service) == 10.0 && redriven(service) == 10.0);
    service.wait("they are alerted", |service| service.alerted("e1", "bulk_extract"));
    assert_eq!(told(&redrive(dir, &[]).well(), "already re-driven"), 10);
    // The service itself knows as well, whatever the command does.
    let spool = dir.join("state/redrive");
    let file = fs::read_dir(&spool).expect("is there").flatten().find(|entry| entry.path().extension().is_some_and(|end| end == "spool"));
    let file = file.expect("is there until the next checkpoint").path();
    fs::copy(&file, spool.join("again.spool")).expect("copied");
    // What comes after goes the usual way.
    settle(dir);
    service.wait("they are settled", |service| accesses(service) == Some(10));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!((counted(&service), redriven(&service), of_core(&service, "dead_letter")), (13.0, 10.0, 10.0));
    service.stop();
    assert!(!file.exists() && fs::read_to_string(spool.join("done")).expect("is there").lines().count() >= 10);

    let service = Service::start(dir);
    assert_eq!(told(&redrive(dir, &[]).well(), "already re-driven"), 10);
    fs::remove_file(spool.join("done")).expect("removed");
    assert_eq!(told(&redrive(dir, &[]).well(), "recovered, and handed over"), 10);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!((counted(&service), redriven(&service)), (0.0, 0.0), "the state knows them");
    service.stop();
}

#[test]
fn a_crash_between_taking_them_up_and_saving_counts_them_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    buried(dir, "").stop();
    config(dir, RIGHT, FILE, "");
    assert_eq!(told(&redrive(dir, &[]).well(), "recovered, and handed over"), 10);
    let service = Service::start(dir);
    service.wait("they count", |service| counted(service) == 10.0);
    service.crash();
    let service = Service::start(dir);
    service.wait("they count from the older state", |service| counted(service) == 10.0);
    service.stop();
    let service = Service::start(dir);
    settle(dir);
    service.wait("each is in the alert, once", |service| accesses(service) == Some(10));
    assert_eq!(counted(&service), 3.0);
    service.stop();
}

#[test]
fn a_record_that_was_read_again_after_a_crash_is_not_re_driven() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let service = buried(dir, "");
    // A letter counts before it is kept.
    let kept = dir.join("state/dead-letters.jsonl");
    service.wait("all are kept", |_| fs::read_to_string(&kept).is_ok_and(|text| text.lines().count() == 10));
    service.crash();
    config(dir, RIGHT, FILE, "");
    let service = Service::start(dir);
    service.wait("they are read again and count", |service| counted(service) == 10.0);
    assert_eq!(told(&redrive(dir, &[]).well(), "recovered, and handed over"), 10);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!((counted(&service), redriven(&service)), (10.0, 0.0));
    service.stop();
}

#[test]
fn what_is_gone_or_changed_is_told_and_not_guessed() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    buried(dir, "").stop();
    config(dir, RIGHT, FILE, "");
    let mut lines = records();
    lines[3] = lines[3].replace("crm.customers", "loan.credit");
    lines.truncate(8);
    fs::write(dir.join("core.log"), lines.join("\n") + "\n").expect("written");
    let ran = redrive(dir, &[]).well();
    assert_eq!((told(&ran, "recovered"), told(&ran, "gone"), told(&ran, "changed")), (7, 2, 1));
    // Rotation takes nothing away.
    fs::write(dir.join("core.log.1"), records().join("\n") + "\n").expect("written");
    let ran = redrive(dir, &[]).well();
    assert_eq!((told(&ran, "recovered"), told(&ran, "already re-driven"), told(&ran, "gone")), (3, 7, 0));
    assert_eq!(redrive(dir, &["--dead-letters", "nowhere.jsonl"]).status, 1);
    assert_eq!(redrive(dir, &["--reason", "["]).status, 2);
}

#[test]
fn content_is_kept_only_encrypted_and_stands_in_for_a_source_that_has_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    fs::write(dir.join("letters.key"), "another secret of thirty-two bytes").expect("written");
    let more = "[dead_letters]\nkey_file = \"letters.key\"\n";
    buried(dir, more).stop();
    let kept = fs::read_to_string(dir.join("state/dead-letters.jsonl")).expect("is there");
    assert!(kept.contains("\"payload\":\"") && !kept.contains("\"nr\"") && !kept.contains("customers"), "encrypted");
    fs::remove_file(dir.join("core.log")).expect("removed");
    config(dir, RIGHT, FILE, more);
    assert_eq!(told(&redrive(dir, &["--dry-run"]).well(), "recovered"), 10);
    fs::write(dir.join("letters.key"), "too short").expect("written");
    let refused = redrive(dir, &[]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.err.contains("letters.key: must hold at least 32 bytes of secret") && !refused.err.contains("too short"),
        "{}",
        refused.err
    );
    config(dir, RIGHT, FILE, "");
    assert_eq!(told(&redrive(dir, &["--dry-run"]).well(), "gone"), 10);
}

#[test]
fn dead_letters_of_a_topic_go_to_a_topic_and_come_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let mock = MockCluster::new(1).expect("a cluster");
    mock.create_topic("db.access", 2, 1).expect("a topic");
    mock.create_topic("leakwarden.dead-letters", 1, 1).expect("a topic");
    let source = format!("kind = \"kafka\"\nbrokers = \"{}\"\ntopics = [\"db.access\"]\n", mock.bootstrap_servers());
    let more = "[dead_letters]\ntopic = \"leakwarden.dead-letters\"\n";
    config(dir, WRONG, &source, more);
    let mut client = rdkafka::ClientConfig::new();
    let producer: BaseProducer = client.set("bootstrap.servers", mock.bootstrap_servers()).create().expect("a producer");
    for (n, record) in records().iter().enumerate() {
        let record = BaseRecord::<(), _>::to("db.access").payload(record).partition((n % 2) as i32);
        producer.send(record).expect("is queued");
    }
    producer.flush(Duration::from_secs(10)).expect("acknowledged");
    let service = Service::start(dir);
    service.wait("all are buried", |service| of_core(service, "dead_letter") == 10.0);
    assert!(!dir.join("state/dead-letters.jsonl").exists());
    config(dir, RIGHT, &source, more);
    service.signal("HUP");
    service.wait("the fix is applied", |service| service.metric("leakwarden_config_reloads_total{outcome=\"applied\"}") == 1.0);
    assert_eq!(told(&redrive(dir, &[]).well(), "recovered, and handed over"), 10);
    service.wait("they count", |service| counted(service) == 10.0 && redriven(service) == 10.0);
    assert_eq!(told(&redrive(dir, &["--dead-letters", "topic:leakwarden.dead-letters"]).well(), "already re-driven"), 10);
    service.stop();
}

/// Dead letters of a replay with one configuration, re-driven with another.
fn replayed(dir: &Path, log: &str, wrong: &str, right: &str) -> Ran {
    let config = |format: &str| {
        config(dir, WRONG, FILE, "");
        let text = fs::read_to_string(dir.join("config.toml")).expect("read");
        let text = text.split("[format.core]").next().expect("a part").to_owned();
        fs::write(dir.join("config.toml"), format!("{text}[format.core]\n{format}")).expect("written");
    };
    fs::write(dir.join("core.log"), log).expect("written");
    config(wrong);
    // Nothing decodes, and it says so.
    let ran = leakwarden(dir, &["replay", "--config", "config.toml", "--dead-letters", "letters.jsonl", "core.log"]);
    assert!(ran.status == 1 && ran.err.contains("none of its"), "{}", ran.err);
    config(right);
    redrive(dir, &["--dead-letters", "letters.jsonl", "--dry-run"]).well()
}

#[test]
fn records_over_several_lines_are_put_together_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let pretty = |record: &String| {
        let value: serde_json::Value = serde_json::from_str(record).expect("JSON");
        serde_json::to_string_pretty(&value).expect("writes") + "\n"
    };
    let log: String = records().iter().take(3).map(pretty).collect();
    let format = |pointer: &str| {
        format!("kind = \"json\"\ntime = \"/ts\"\ntable = \"/table\"\nsubjects = \"/items/*/c\"\nemployee = \"{pointer}\"\n")
    };
    let ran = replayed(dir.path(), &log, &format(WRONG), &format(RIGHT));
    assert_eq!((told(&ran, "dead letters read"), told(&ran, "recovered")), (3, 3));
}

#[test]
fn a_server_log_whose_prefix_was_wrong_comes_back_statement_by_statement() {
    let dir = tempfile::tempdir().expect("a directory");
    let line = |minute: u64| {
        let head = format!("2026-03-02 09:{minute:02}:00.000 UTC|100|alice|crm|psql|");
        let audit =
            format!("AUDIT: SESSION,{minute},1,READ,SELECT,TABLE,crm.customers,select name from crm.customers where id = {minute},<none>");
        format!("{head}LOG:  {audit}\n")
    };
    let log: String = (0..20).map(line).collect();
    let format = |prefix: &str| format!("kind = \"postgresql-stderr\"\nlog_line_prefix = \"{prefix}\"\n");
    let ran = replayed(dir.path(), &log, &format("%m [%p] %q%u@%d app=%a "), &format("%m|%p|%u|%d|%a|"));
    assert_eq!(told(&ran, "dead letters read"), 20);
    assert_eq!((told(&ran, "recovered"), told(&ran, "only by a replay")), (20, 0));
}

#[test]
fn a_line_that_belongs_to_a_statement_that_was_counted_is_left_to_a_replay() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    config(dir, WRONG, "path = \"core.log\"\n", "");
    let text = fs::read_to_string(dir.join("config.toml")).expect("read").replace("format = \"core\"", "format = \"postgresql-jsonlog\"");
    fs::write(dir.join("config.toml"), text).expect("written");
    let line = |n: u64, second: u64, message: &str| {
        format!(
            r#"{{"timestamp":"2026-03-02 09:00:{second:02}.000 UTC","user":"alice","dbname":"crm","pid":100,"remote_host":"10.0.0.1","session_id":"65.64","line_num":{n},"ps":"SELECT","session_start":"2026-03-02 08:00:00 UTC","vxid":"3/{second}","error_severity":"LOG","message":"{message}","application_name":"psql","backend_type":"client backend"}}"#
        )
    };
    let statement = "select name from crm.customers where id = 5";
    let lines = [
        line(1, 1, &format!("AUDIT: SESSION,1,1,READ,SELECT,TABLE,crm.customers,{statement},<none>")),
        line(2, 1, &format!("statement: {statement}")),
        line(3, 9, "AUDIT: SESSION,2,1,READ,SELECT,TABLE,crm.customers,select name from crm.customers where id = 6,<none>"),
    ];
    fs::write(dir.join("core.log"), lines.join("\n") + "\n").expect("written");
    let keys = leakwarden::model::keys::Keys::from_secret(b"a secret of thirty-two bytes, or more");
    let letter = |n: usize| {
        let hash = leakwarden::model::keys::hex(&keys.record(lines[n - 1].as_bytes()));
        format!("{{\"source\":\"core\",\"position\":{n},\"length\":{},\"hash\":\"{hash}\",\"reason\":\"a bug\"}}\n", lines[n - 1].len())
    };
    let of = |n: usize| {
        fs::write(dir.join("letters.jsonl"), letter(n)).expect("written");
        let ran = redrive(dir, &["--dead-letters", "letters.jsonl", "--dry-run"]).well();
        (told(&ran, "recovered"), told(&ran, "only by a replay"))
    };
    assert_eq!(of(1), (0, 1), "its statement was counted from the line after it");
    assert_eq!(of(3), (1, 0), "it stands for itself");
}
