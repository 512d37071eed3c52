//! End to end: a followed log, the service with its console, an account, and verdicts on the command line and over HTTP.

use crate::common::line::{access, on};
use crate::common::program::{leakwarden, leakwarden_with};
use crate::common::service::{Service, append};
use crate::common::world::CATALOG;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

pub(crate) fn company(dir: &Path, more: &str) {
    let config = format!(
        "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[reload]\nwatch = false\n[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n\
         [state]\ndir = \"state\"\n[[source]]\nname = \"core\"\nformat = \"canonical\"\npath = \"core.log\"\n{more}"
    );
    std::fs::write(dir.join("config.toml"), config).expect("written");
    std::fs::write(dir.join("catalog.toml"), CATALOG).expect("written");
    std::fs::write(dir.join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
    std::fs::write(dir.join("core.log"), "").expect("written");
}

/// Ten thousand people in ten minutes.
fn export(employee: &str, day: i64) -> Vec<String> {
    let record = |n: u64| {
        let line =
            access(employee).at(on(day, &format!("09:{n:02}"))).reads("crm.customers", &["name", "phone"]).of(n * 1_000..(n + 1) * 1_000);
        line.id(format!("{employee}-{day}-{n}")).to_string()
    };
    (0..10).map(record).collect()
}

fn quiet(day: i64) -> String {
    access("e9").at(on(day, "12:00")).reads("crm.customers", &["name"]).of([7]).id(format!("q{day}")).to_string()
}

/// The answer to a request with these headers.
pub(crate) fn ask(service: &Service, request: &str, headers: &[(&str, &str)], body: &str) -> String {
    let log = service.log();
    let address = log
        .split("the console is served at http://")
        .nth(1)
        .and_then(|rest| rest.split(['"', ' ', '\n']).next())
        .expect("an address")
        .to_owned();
    let mut stream = TcpStream::connect(&address).expect("connected");
    let mut text = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    write!(stream, "{text}\r\n{body}").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    answer
}

#[test]
fn what_the_service_finds_is_judged_on_the_command_line_and_in_the_console() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    std::fs::write(dir.join("proxy.secret"), "a secret that the proxy shares with it").expect("written");
    company(
        dir,
        "[console]\nlisten = \"127.0.0.1:0\"\nproxy_header = \"X-User\"\nproxy_secret_file = \"proxy.secret\"\nviews_file = \"views.jsonl\"\n",
    );
    let run = |arguments: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--config", "config.toml"]).collect();
        leakwarden(dir, &arguments)
    };
    for (name, employee, role) in [("li.na", "E1", "investigator"), ("chen.lei", "E2", "lead")] {
        run(&["console", "account", "add", name, "--employee", employee, "--role", role, "--by-proxy"]).well();
    }
    let twice = run(&["console", "account", "add", "li.na", "--employee", "E3", "--role", "lead", "--by-proxy"]);
    assert!(twice.status == 2 && twice.err.contains("must not have an account yet"), "{}", twice.err);
    let short = leakwarden_with(
        dir,
        &["console", "account", "add", "x", "--employee", "E5", "--role", "lead", "--config", "config.toml"],
        b"short\n",
    );
    assert!(short.status == 2 && short.err.contains("must have 12") && !short.err.contains("short\""), "{}", short.err);
    // The state is where `run` is told to keep it: so is the database.
    let service = Service::start(dir);
    append(&dir.join("core.log"), &export("e1", 0));
    append(&dir.join("core.log"), &(1..4).map(quiet).collect::<Vec<_>>());
    let listed = || String::from_utf8(run(&["case", "list", "--as", "chen.lei"]).well().out).expect("text");
    service.wait("a case is there", |_| listed().contains(" of e1"));
    let list = listed();
    let id: String =
        list.lines().find(|line| line.ends_with(" of e1")).and_then(|line| line.split(' ').nth(1)).expect("its number").to_owned();
    run(&["case", "assign", &id, "li.na", "--as", "chen.lei"]).well();
    // Over HTTP, until nothing more settles: a verdict on what was not read is refused.
    let user = |name: &'static str| {
        [
            ("X-User", name),
            ("X-Leakwarden-Proxy-Secret", "a secret that the proxy shares with it"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
    };
    let mut tries = 0;
    let proposed = loop {
        let page = ask(&service, &format!("GET /cases/{id}"), &user("li.na"), "");
        let value = |name: &str| {
            page.split(&format!("name=\"{name}\" value=\""))
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let cites: String = value("cite").iter().map(|cite| format!("&cite={}", cite.replace(':', "%3A"))).collect();
        let body = format!("csrf={}&verdict=confirmed&reason=no_reason_found&text=asked+the+branch{cites}", value("csrf")[0]);
        let answer = ask(&service, &format!("POST /cases/{id}/verdicts"), &user("li.na"), &body);
        if answer.starts_with("HTTP/1.1 303") {
            break answer;
        }
        assert!(answer.starts_with("HTTP/1.1 409") && tries < 20, "{answer}");
        tries += 1;
    };
    assert!(proposed.contains(&format!("location: /cases/{id}")), "{proposed}");
    let shown = String::from_utf8(run(&["case", "show", &id, "--as", "chen.lei"]).well().out).expect("text");
    let entry =
        shown.lines().rfind(|line| line.contains(" proposed ")).and_then(|line| line.split(' ').nth(1)).expect("a proposal").to_owned();
    let own = run(&["case", "countersign", &id, &entry, "--as", "li.na"]);
    assert_eq!(own.status, 1, "a second person is needed: {}", own.err);
    let closed = run(&["case", "countersign", &id, &entry, "--as", "chen.lei"]);
    assert!(String::from_utf8(closed.well().out).expect("text").contains(" closed:confirmed li.na "));
    assert!(!listed().contains(&format!("case {id} ")), "it is open no more");
    // A restart changes nothing, and takes nothing in twice.
    service.stop();
    let service = Service::start(dir);
    assert!(ask(&service, &format!("GET /cases/{id}"), &user("chen.lei"), "").contains("confirmed"));
    let import = String::from_utf8(run(&["case", "import", "alerts.jsonl"]).well().out).expect("text");
    assert!(!import.contains("new") && !import.contains("alarm") && import.contains("repeat"), "{import}");
    service.wait("the views are written", |_| {
        std::fs::read_to_string(dir.join("views.jsonl")).is_ok_and(|text| text.contains("leakwarden.case"))
    });
    let log = service.stop();
    assert!(!log.contains("a secret that"), "{log}");
}
