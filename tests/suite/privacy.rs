//! No raw personal information leaves the decoder: not in alerts, dead letters, messages, metrics or the state on disk.

use crate::common::line::{access, on};
use crate::common::play::Play;
use crate::common::program::leakwarden;
use crate::common::world::World;
use leakwarden::model::typology::Typology;
use leakwarden::telemetry::metrics::{Metrics, Outcome};
use serde_json::json;

const PHONE: &str = "13800138000";
const ID_CARD: &str = "11010519491231002X";
const ADDRESS: &str = "Wensan Road 138";
const SUBJECT: &str = "CUST-778899";

const RAW: [&str; 4] = [PHONE, ID_CARD, ADDRESS, SUBJECT];

/// Records that are full of other people's data, readable and not.
fn lines() -> Vec<String> {
    let read = |minute: i64| access("e1").at(on(0, &format!("09:{minute:02}")));
    let mut people: Vec<String> = (0..900).map(|n| format!("{SUBJECT}{n}")).collect();
    people.push(ID_CARD.to_owned());
    let extract = read(0).reads("crm.customers", &["name", "phone"]).set("subjects", json!(people));
    let by = |minute, statement: String| read(minute).set("statement", statement).to_string();
    vec![
        extract.clone().to_string(),
        by(1, format!("SELECT name, phone FROM crm.customers WHERE phone = '{PHONE}' AND id = '{ID_CARD}'")),
        by(2, format!("SELECT name FROM crm.customers WHERE address LIKE '%{ADDRESS}%'")),
        by(3, format!("SELECT '{PHONE}' || name AS \"{ADDRESS}\" FROM crm.customers")),
        by(4, format!("SELECT name FROM crm.customers WHERE phone = '{PHONE}")),
        by(5, format!("/* {PHONE} */ this is no SQL {ID_CARD}")),
        read(6).reads("crm.customers", &["name"]).set("subjects", json!([SUBJECT])).set("session", PHONE).to_string(),
        read(7).reads("crm.customers", &["name"]).set("subjects", json!([format!("{SUBJECT}-planted")])).to_string(),
        read(7).reads("crm.customers", &["name"]).set("subjects", PHONE).to_string(),
        read(8).set("rows", PHONE).to_string(),
        read(9).set("operation", ID_CARD).to_string(),
        read(10).set("time", PHONE).to_string(),
        by(11, format!("SELECT * FROM '{PHONE}' JOIN '{ADDRESS}' ON true")),
        format!("{{\"{PHONE}\":1,\"employee\":[\"{ID_CARD}\"]}}"),
        format!("{{\"employee\":\"e1\",\"employee\":\"{PHONE}\"}}"),
        format!("{ADDRESS}, {PHONE}, {ID_CARD}"),
        extract.to_string()[..5_000].to_owned(),
    ]
}

#[track_caller]
fn holds_nothing_raw(what: &str, bytes: &[u8]) {
    for raw in RAW {
        let found = bytes.windows(raw.len()).any(|window| window.eq_ignore_ascii_case(raw.as_bytes()));
        assert!(!found, "{what} holds {raw}");
    }
}

fn world() -> World {
    let reason = json!({"employee": "e1", "subjects": [SUBJECT], "from": on(0, "00:00").0, "reason": "ticket", "ref": "T-1"});
    World::bank()
        .with("employees.csv", "employee,unit,role\ne1,U,teller\n")
        .with("subjects.csv", format!("subject,tag,owner\n{SUBJECT}-planted,canary,\n{ID_CARD},vip,U\n"))
        .reasons(&[reason.to_string()])
}

#[test]
fn alerts_dead_letters_and_messages_hold_nothing_raw() {
    let dir = tempfile::tempdir().expect("a directory");
    world().write(dir.path());
    std::fs::write(dir.path().join("log"), lines().join("\n")).expect("written");
    let arguments = ["replay", "--config", "config.toml", "--alerts", "alerts", "--dead-letters", "dead", "log"];
    let ran = leakwarden(dir.path(), &arguments).well();
    let (alerts, dead) = (std::fs::read(dir.path().join("alerts")), std::fs::read(dir.path().join("dead")));
    let (alerts, dead) = (alerts.expect("written"), dead.expect("written"));
    assert!(alerts.windows(6).any(|window| window == b"canary") && dead.split(|byte| *byte == b'\n').count() > 5);
    holds_nothing_raw("alerts", &alerts);
    holds_nothing_raw("dead letters", &dead);
    holds_nothing_raw("standard error", ran.err.as_bytes());
    holds_nothing_raw("standard output", &ran.out);
    let decoded = leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well();
    holds_nothing_raw("what decode prints on standard error", decoded.err.as_bytes());
    holds_nothing_raw("what decode prints", &decoded.out);
}

#[test]
fn the_state_on_disk_holds_nothing_raw_whether_records_have_settled_or_wait() {
    let context = world().context();
    let mut play = Play::new(&context);
    // The first records of a log do not wait for one another.
    play.believe_all = true;
    play.take(&lines());
    // Another day: what came before has settled, and the last records wait.
    let later = access("e2").at(on(1, "09:00")).reads("crm.customers", &["name"]).set("subjects", json!([SUBJECT, PHONE]));
    for settled in [false, true] {
        if settled {
            play.take(&[later.clone(), later.clone(), later.clone(), later.clone()]);
        }
        let image = play.engine.snapshot();
        holds_nothing_raw("the head", &image.head);
        let shards: Vec<u8> = image.shards.concat();
        assert!(shards.windows(2).any(|window| window == b"e1"), "the employee is there");
        holds_nothing_raw("a shard", &shards);
    }
    play.finish();
    assert!(play.typologies().contains(&("e1".to_owned(), Typology::Canary)), "{:?}", play.typologies());
    holds_nothing_raw("alerts", play.written().as_bytes());
}

#[test]
fn an_access_holds_nothing_raw_but_the_names_of_tables() {
    let context = world().context();
    let mut play = Play::new(&context);
    play.take(&lines()[..8]);
    let shown: String = play.engine.profiles().iter().map(|tracked| format!("{:?}", tracked.value().profile)).collect();
    holds_nothing_raw("a profile", shown.as_bytes());
}

#[test]
fn metrics_hold_neither_people_nor_employees() {
    let context = world().context();
    let play = crate::common::play::play(&context, &lines());
    let metrics = Metrics::new();
    metrics.source("access").records(Outcome::DeadLetter, play.dead_letters.len() as u64);
    metrics.source("access").records(Outcome::Accepted, play.counts.accepted);
    for alert in play.alerts() {
        metrics.alert(alert.typology, alert.severity);
        alert.observed.kinds.iter().for_each(|(kind, people)| metrics.personal_records(*kind, people.figure().unwrap_or(0)));
    }
    let text = metrics.render();
    assert!(text.contains("leakwarden_alerts_total{severity=") && text.contains("dead_letter"), "{text}");
    holds_nothing_raw("metrics", text.as_bytes());
    assert!(!text.contains("\"e1\"") && !text.contains("teller"), "{text}");
}

#[test]
fn pseudonyms_in_the_state_are_not_those_that_are_published() {
    let keys = &world().context().classifier.keys;
    let inside = keys.subject("", SUBJECT);
    assert_ne!(keys.published(inside), format!("{:016x}", inside.0));
    assert_ne!(keys.subject("", SUBJECT), keys.subject("other", SUBJECT), "spaces keep people apart");
    assert_eq!(keys.subject("", SUBJECT), keys.subject("", &format!(" {SUBJECT} ")));
}
