//! The HTTP server of a running service: what it takes to be shown employees, and what is refused before it starts.

use crate::common::program::leakwarden;
use crate::common::service::Service;
use std::path::Path;

const TOKEN: &str = "bGVha3dhcmRlbi1sZWFrd2FyZGVuLWxlYWt3YXJkZW4=";

fn configure(dir: &Path, http: &str) {
    std::fs::write(dir.join("catalog.toml"), "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n")
        .expect("written");
    std::fs::write(dir.join("subject.key"), TOKEN).expect("written");
    std::fs::write(dir.join("access.jsonl"), "").expect("written");
    let text = "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[[source]]\nname = \"access\"\nkind = \"file\"\n\
                path = \"access.jsonl\"\nformat = \"canonical\"\n[http]\n";
    std::fs::write(dir.join("config.toml"), format!("{text}{http}")).expect("written");
}

#[test]
fn employees_are_shown_for_the_token_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    configure(dir.path(), "token_file = \"subject.key\"\n");
    let service = Service::start(dir.path());
    let ask = |more: &str| service.ask("/coverage?day=2026-03-02", &format!("host: localhost\r\n{more}")).expect("answers");
    assert!(ask("").starts_with("HTTP/1.1 401 "), "{}", ask(""));
    let shown = ask(&format!("authorization: Bearer {TOKEN}\r\n"));
    assert!(shown.starts_with("HTTP/1.1 200 ") && shown.contains("\"employees\":[]"), "{shown}");
}

#[test]
fn what_would_show_employees_in_the_clear_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    configure(dir.path(), "token_file = \"subject.key\"\n");
    let refused = |arguments: &[&str]| {
        let ended = leakwarden(dir.path(), arguments);
        assert_eq!(ended.status, 2, "{}", ended.err);
        ended.err
    };
    let told = refused(&["run", "--config", "config.toml", "--listen", "0.0.0.0:0"]);
    assert!(told.contains("http.listen must be a loopback address, or "), "{told}");
    configure(dir.path(), "hosts = [\"a.example\", \"b:1\"]\n");
    let told = refused(&["check", "--config", "config.toml"]);
    assert!(told.contains("http.hosts must be names without a port, got \"b:1\""), "{told}");
    configure(dir.path(), "tls_certificate_file = \"subject.key\"\n");
    let told = refused(&["check", "--config", "config.toml"]);
    assert!(told.contains("http.tls_key_file must be given"), "{told}");
    configure(dir.path(), "tls_certificate_file = \"subject.key\"\ntls_key_file = \"subject.key\"\n");
    let told = refused(&["check", "--config", "config.toml"]);
    assert!(told.contains("subject.key: holds no certificate"), "{told}");
}
