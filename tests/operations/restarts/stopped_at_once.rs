//! A service is stopped when it has hardly been started: a rollout that was called back, a host that goes down while it comes up.
//!
//! <https://github.com/maxmind/geoipupdate/pull/135>: status 143 is a failure to whoever watches services, and somebody is notified.
//! The rule: whoever asks for an end gets one in good order, with status 0, at whatever moment.

use super::bank::{look, write};
use crate::common::early_stop::{ended, hears, moments};
use crate::common::program::command;
use crate::common::service::{Service, append};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn start(dir: &Path, log: &str) -> Child {
    let log = File::create(dir.join(log)).expect("a log");
    let arguments = ["run", "--config", "config.toml", "--state", "state", "--listen", "127.0.0.1:0"];
    command(dir, &arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("it starts")
}

fn tell(child: &Child) {
    let sent = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn at_any_moment_that_is_an_end_in_good_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    append(&dir.join("access.jsonl"), &(0..20).map(|day| look(day, "09:00")).collect::<Vec<_>>());
    let (mut early, mut late) = (0, 0);
    for moment in moments() {
        let mut child = start(dir, "early.log");
        std::thread::sleep(moment);
        let hears = hears(child.id());
        let log = || std::fs::read_to_string(dir.join("early.log")).expect("a log");
        if hears && !log().contains("127.0.0.1:") {
            early += 1
        } else {
            late += usize::from(hears)
        }
        tell(&child);
        let status = ended(&mut child);
        assert!(status.success() || !hears, "after {moment:?}: {status}\n{}", log());
    }
    println!("told before it served anything: {early}, after that: {late}");
    assert!(late > 0, "it served within half a second, once at the least");
    // And nothing is amiss afterwards: all of the log is read, once.
    let service = Service::start(dir);
    let read = |service: &Service| service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"access\"}");
    append(&dir.join("access.jsonl"), &[look(20, "09:00")]);
    service.wait("it reads on", |service| read(service) >= 1.0);
    assert!(!service.stop().contains("is not what had been saved"));
}

/// The configuration lies on a mount that does not answer: whoever ends the process need not wait for it.
#[test]
fn while_its_configuration_is_being_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let config = dir.join("config.toml");
    assert!(Command::new("mkfifo").arg(&config).status().expect("mkfifo runs").success());
    let mut child = start(dir, "reads.log");
    // A pipe opens for writing when somebody has opened it for reading.
    let (opened, is_open) = std::sync::mpsc::channel();
    std::thread::spawn(move || opened.send(File::options().write(true).open(config)));
    let pipe = is_open.recv_timeout(Duration::from_secs(60)).expect("it is read").expect("it opens");
    assert!(hears(child.id()), "it reads its configuration, and has no handler yet");
    tell(&child);
    let status = ended(&mut child);
    assert!(status.success(), "{status}\n{}", std::fs::read_to_string(dir.join("reads.log")).expect("a log"));
    drop(pipe);
}
