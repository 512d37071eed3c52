//! One test for every sink: what leaves holds no secret, no subject and, unless configured, no employee; hostile names do nothing; and what is
//! said of failures holds neither.

use crate::databases::Place;
use crate::harness::{Harness, alert, closed, configured};
use crate::receiver::{Answer, Catcher, MailServer, Receiver};
use leakwarden::model::severity::Severity;
use leakwarden::notify::NOTIFIERS;
use sqlx::{Connection, Row};
use std::collections::BTreeSet;
use std::path::Path;

/// A token in addresses and files.
const TOKEN: &str = "t0ken-5ecret";
/// A secret that messages are signed by.
const SECRET: &str = "s1gning-5ecret";
/// Markup, directions, CEF, headers, templates, mentions.
const HOSTILE: &str = "E0042-named\u{202e}|x=1 <script>alert(1)</script><!channel><at user_id=\"all\">\r\nBcc: thief@evil.example\r\n{{ 7*7 }}{% for x in y %}${jndi:x}\\|";

/// A sink and what reached it.
struct Station {
    kind: &'static str,
    text: String,
    left: Box<dyn Fn(&Harness) -> String>,
    receiver: Option<Receiver>,
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    format!("{path:?}")
}

/// Every header but that which carries the token by design, and every body.
fn requests(receiver: &Receiver) -> String {
    let of = |request: &crate::receiver::Request| {
        let headers: Vec<String> =
            request.headers.iter().filter(|(name, _)| *name != "authorization").map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{}\n{}\n", headers.join("\n"), request.body)
    };
    receiver.seen().iter().map(of).collect()
}

fn stations(folder: &Path, names: bool) -> Vec<Station> {
    let employee = if names { "employee = true\n" } else { "" };
    let http = |kind: &'static str, answer: &str, more: &dyn Fn(u16) -> String| {
        let receiver = Receiver::start(Answer::Says(200, answer.to_owned()));
        let text = format!("name = \"{kind}\"\nkind = \"{kind}\"\n{employee}{}", more(receiver.port()));
        let own = receiver.clone();
        Station { kind, text, left: Box::new(move |_| requests(&own)), receiver: Some(receiver) }
    };
    let secret = file(folder, "secret", SECRET);
    let token = file(folder, "token", TOKEN);
    let url = |kind: &'static str| {
        move |port: u16| format!("url_file = {}\n", file(folder, kind, &format!("http://127.0.0.1:{port}/{TOKEN}?key={TOKEN}")))
    };
    let template = file(folder, "template", r#"{"case": {{ case }}, "who": {{ concerns }}, "text": {{ text }}}"#);
    let mut stations = vec![
        http("alertmanager", "{}", &|port| format!("url = \"http://127.0.0.1:{port}\"\ntoken_file = {token}\n")),
        http("webhook", "", &|port| {
            format!("{}secret_file = {secret}\ntoken_file = {token}\ntemplate_file = {template}\n", url("webhook")(port))
        }),
        http("slack", "ok", &url("slack")),
        http("teams", "", &url("teams")),
        http("dingtalk", "{\"errcode\":0}", &|port| format!("{}secret_file = {secret}\n", url("dingtalk")(port))),
        http("wecom", "{\"errcode\":0}", &url("wecom")),
        http("feishu", "{\"code\":0}", &|port| format!("{}secret_file = {secret}\n", url("feishu")(port))),
        http("ocsf", "", &|port| format!("{}token_file = {token}\n", url("ocsf")(port))),
    ];
    let catcher = Catcher::start();
    let own = catcher.clone();
    stations.push(Station {
        kind: "syslog",
        text: format!(
            "name = \"syslog\"\nkind = \"syslog\"\n{employee}address = \"127.0.0.1:{}\"\ntls = false\nframing = \"lines\"\n",
            catcher.port()
        ),
        left: Box::new(move |_| own.text()),
        receiver: None,
    });
    let mail = MailServer::start();
    let text = format!(
        "name = \"email\"\nkind = \"email\"\n{employee}server = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"leakwarden@bank.example\"\nto = \"desk@bank.example\"\n",
        mail.port()
    );
    stations.push(Station { kind: "email", text, left: Box::new(move |_| decoded(&mail.mails().join("\n"))), receiver: None });
    let journal = folder.join("cases.jsonl");
    let text = format!("name = \"jsonl\"\nkind = \"jsonl\"\n{employee}path = {journal:?}\n");
    stations.push(Station {
        kind: "jsonl",
        text,
        left: Box::new(move |_| std::fs::read_to_string(&journal).unwrap_or_default()),
        receiver: None,
    });
    if let Some(place) = Place::postgres() {
        let address = place.address();
        let file = file(folder, "pg", &address);
        let text = format!("name = \"postgresql\"\nkind = \"postgresql\"\n{employee}url_file = {file}\n");
        let left = move |harness: &Harness| {
            let _kept = &place;
            harness.runtime.block_on(rows(&address))
        };
        stations.push(Station { kind: "postgresql", text, left: Box::new(left), receiver: None });
    }
    stations
}

async fn rows(address: &str) -> String {
    let mut connection = sqlx::PgConnection::connect(address).await.expect("connected");
    let rows = sqlx::query("select row_to_json(c)::text from leakwarden_cases c").fetch_all(&mut connection).await.expect("rows");
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

/// Quoted-printable undone, as far as it hides words.
fn decoded(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=3D", "=")
}

fn hostile(case: &str, id: &str, revision: u32, severity: Severity) -> leakwarden::model::alert::Alert {
    leakwarden::model::alert::Alert {
        employee: Some(HOSTILE.to_owned()),
        unit: Some(HOSTILE.replace("E0042-named", "Hangzhou-unit")),
        ..alert(case, id, revision, severity)
    }
}

/// What nobody may be told by any sink.
const NEVER: &[&str] =
    &["13900000000", "free-text", "detail", "E0777", "related", "teller-role", "core.log", "crm.customers", "root-hash", TOKEN, SECRET];

#[test]
fn no_sink_leaks_a_secret_a_subject_or_unless_configured_an_employee() {
    let mut tried = BTreeSet::new();
    for names in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        for station in stations(folder.path(), names) {
            let kind = station.kind;
            tried.insert(kind);
            let mut harness = Harness::new(&[&station.text]);
            harness.take(&hostile("c0ffee00c0ffee00c0ffee00", "a1", 1, Severity::High));
            harness.tell();
            harness.take(&hostile("c0ffee00c0ffee00c0ffee00", "a1", 2, Severity::Critical));
            harness.tell();
            harness.take(&closed("c0ffee00c0ffee00c0ffee00", "a1", 3, Severity::Critical));
            harness.tell();
            assert_eq!((harness.depth(kind).waiting, harness.counted(kind, "delivered")), (0, 3), "{kind}: {:?}", harness.reasons(kind));
            let left = (station.left)(&harness);
            assert!(left.contains("c0ffee00"), "{kind}: something left: {left}");
            for never in NEVER {
                assert!(!left.contains(never), "{kind} told {never}: {left}");
            }
            assert_eq!(left.contains("E0042-named"), names, "{kind}: {left}");
            assert_eq!(left.contains("Hangzhou-unit"), names, "{kind}: {left}");
            assert!(!left.contains('\u{202e}') && !left.contains("\r\nBcc: thief") && !left.contains("\nBcc: thief"), "{kind}: {left}");
            assert!(!left.contains("49{%") && !left.contains("E0042-named49"), "{kind}: no template was run");
            if kind == "slack" {
                assert!(!left.contains("<!channel>"), "{left}");
            }
            if kind == "syslog" {
                assert_eq!(left.lines().count(), 3, "a line each: {left}");
            }
        }
    }
    let kinds: BTreeSet<&str> = NOTIFIERS.iter().map(|kind| kind.name).collect();
    let missing: Vec<&&str> = kinds.difference(&tried).collect();
    assert!(missing.is_empty() || missing == [&"postgresql"], "not tried: {missing:?}");
}

/// A receiver that repeats address and token in its error, and every other trouble: reasons, metrics and descriptions know nothing of them.
#[test]
fn what_is_said_of_failures_holds_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    for station in stations(folder.path(), true) {
        let kind = station.kind;
        let notify = configured(&station.text);
        let mut said = vec![format!("{notify:?}"), notify.describe(), format!("{:?}", notify.own.check())];
        for entry in notify.entries() {
            for other in configured(&station.text).entries() {
                said.extend(entry.changes(&other).into_iter().map(|(_, value)| value));
            }
        }
        let mut harness = Harness::new(&[&station.text]);
        if let Some(receiver) = &station.receiver {
            let echo = format!("{{\"errcode\":40001,\"code\":40001,\"errmsg\":\"invalid {TOKEN} {SECRET} /{TOKEN}\"}}");
            let troubles = [
                Answer::Says(401, echo.clone()),
                Answer::Says(500, echo.clone()),
                Answer::Elsewhere(format!("http://127.0.0.1:1/{TOKEN}")),
                Answer::Says(200, echo),
                Answer::BreaksOff,
            ];
            for (nth, answer) in troubles.into_iter().enumerate() {
                receiver.always(answer);
                harness.take(&hostile(&format!("c{nth}"), &format!("a{nth}"), 1, Severity::High));
                harness.tell_for(leakwarden::model::time::Span::minutes(3));
            }
            harness.tell_for(leakwarden::model::time::Span::days(4));
            let reasons = harness.reasons(kind);
            assert!(!reasons.is_empty(), "{kind}: something was refused");
            said.extend(reasons);
            let mut notifier = notify.build(harness.runtime.handle().clone()).expect("built");
            said.extend(notifier.connect(leakwarden::model::time::Timestamp(0)).map_err(|error| error.message));
        }
        said.push(harness.metrics.render());
        for text in said {
            for never in [TOKEN, SECRET, "E0042", "Hangzhou", "13900000000"] {
                assert!(!text.contains(never), "{kind} says {never}: {text}");
            }
        }
    }
}
