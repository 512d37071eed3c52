//! People are told by the service itself: once, whatever is restarted, and without anybody else noticing when a receiver hangs.

use crate::chain::{ago, days_since, insider, set_up};
use crate::common::line::access;
use crate::common::receiver::{Answer, Receiver};
use crate::common::service::{Service, append};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The configuration of the chain, with a webhook.
fn with_webhook(dir: &Path, port: u16) {
    set_up(dir);
    let config = fs::read_to_string(dir.join("config.toml")).expect("it was set up");
    let told = format!("[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\ntimeout = \"30s\"\n");
    fs::write(dir.join("config.toml"), config + &told).expect("written");
}

fn events(receiver: &Receiver) -> Vec<String> {
    receiver.seen().iter().map(|request| request.json()["event"].as_str().unwrap_or_default().to_owned()).collect()
}

fn case(receiver: &Receiver, event: &str) -> Option<String> {
    let of = |request: &crate::common::receiver::Request| Some(request.json()).filter(|body| body["event"] == event);
    receiver.seen().iter().find_map(of).and_then(|body| body["case"].as_str().map(str::to_owned))
}

#[test]
fn a_case_is_told_once_whatever_is_restarted() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    with_webhook(dir, receiver.port());
    let service = Service::start(dir);
    append(&dir.join("core.log"), &insider());
    service.wait("it has settled", |service| service.alerts().iter().any(|alert| alert["employee"] == "e1" && alert["settled"] == true));
    service.wait("it is told", |_| case(&receiver, "shown").is_some());
    service.wait("nothing waits", |service| service.metric("leakwarden_notifications_waiting{sink=\"hook\"}") == 0.0);
    let told = events(&receiver);
    assert_eq!(told.iter().filter(|event| *event == "shown").count(), 1, "{told:?}");
    let bodies: String = receiver.seen().iter().map(|request| request.body.clone()).collect();
    assert!(!bodies.contains("\"e1\"") && !bodies.contains("loan.credit"), "{bodies}");

    service.crash();
    let service = Service::start(dir);
    std::thread::sleep(Duration::from_secs(3));
    service.stop();
    let service = Service::start(dir);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(events(&receiver), told, "nothing is told again");

    append(&dir.join("core.log"), &days_since());
    service.wait("it is told that it is over", |_| case(&receiver, "closed").is_some());
    assert_eq!(case(&receiver, "closed"), case(&receiver, "shown"));
    assert_eq!(events(&receiver).iter().filter(|event| *event == "closed").count(), 1);
    service.stop();
}

/// How long it takes from a record to its alert, in the middle of several.
fn latency(dir: &Path, service: &Service) -> Duration {
    let mut took = Vec::new();
    for n in 0..9 {
        let name = format!("taker{n}");
        let thousand =
            |part: u64| access(&name).at(ago(0, -60 + n)).reads_all("loan.credit").of(part * 1_000..(part + 1) * 1_000).to_string();
        let lines: Vec<String> = (0..10).map(thousand).collect();
        let began = Instant::now();
        append(&dir.join("core.log"), &lines);
        while !service.alerts().iter().any(|alert| alert["employee"] == *name) {
            assert!(began.elapsed() < Duration::from_secs(60), "{name} is not alerted: {}", service.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        took.push(began.elapsed());
    }
    took.sort();
    took[took.len() / 2]
}

/// It accepts, and never answers: attempts hang for half a minute each.
#[test]
fn a_receiver_that_hangs_slows_nobody() {
    let run = |answer: Option<Answer>| {
        let dir = tempfile::tempdir().expect("a directory");
        let receiver = answer.map(Receiver::start);
        match &receiver {
            Some(receiver) => with_webhook(dir.path(), receiver.port()),
            None => set_up(dir.path()),
        }
        let service = Service::start(dir.path());
        append(&dir.path().join("core.log"), &insider());
        service
            .wait("it has settled", |service| service.alerts().iter().any(|alert| alert["employee"] == "e1" && alert["settled"] == true));
        if let Some(receiver) = &receiver {
            service.wait("it hangs", |_| !receiver.seen().is_empty());
        }
        let took = latency(dir.path(), &service);
        let began = Instant::now();
        service.stop();
        (took, began.elapsed(), receiver.map_or(0, |receiver| receiver.seen().len()))
    };
    let (alone, left_alone, _) = run(None);
    let (hanging, left_hanging, attempts) = run(Some(Answer::Hangs));
    eprintln!(
        "from a record to its alert: {alone:?} without, {hanging:?} with a receiver that hangs; to the end {left_alone:?} and {left_hanging:?}"
    );
    assert!(attempts >= 1, "it was tried");
    assert!(hanging < alone * 2 + Duration::from_millis(250), "{hanging:?} against {alone:?}");
    assert!(left_hanging < left_alone + Duration::from_secs(10), "who hangs is not waited for: {left_hanging:?}");
}
