//! Rooms that take twenty messages a minute, and mail that gathers.

use crate::harness::{Harness, alert};
use crate::receiver::{Answer, MailServer, Receiver};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{MINUTE_MS, Span, Timestamp};
use leakwarden::notify::worker::Next;

fn room(kind: &str, folder: &std::path::Path, port: u16) -> String {
    std::fs::write(folder.join("url"), format!("http://127.0.0.1:{port}/hook")).expect("written");
    format!("name = \"room\"\nkind = \"{kind}\"\nurl_file = {:?}\n", folder.join("url"))
}

#[test]
fn a_flood_of_cases_fits_into_twenty_messages_a_minute_and_none_is_left_out() {
    for (kind, most) in [("dingtalk", 20), ("wecom", 20), ("feishu", 100)] {
        let folder = tempfile::tempdir().expect("a folder");
        let receiver = Receiver::start(Answer::Says(200, "{\"errcode\":0,\"code\":0}".to_owned()));
        let mut harness = Harness::new(&[&room(kind, folder.path(), receiver.port())]);
        for n in 0..150 {
            harness.take(&alert(&format!("{n:03}case"), &format!("a{n}"), 1, Severity::High));
        }
        // By the clock of the test, which stands while messages are sent.
        let mut times = Vec::new();
        let begin = harness.now;
        while harness.now < begin + 20 * MINUTE_MS {
            let before = receiver.seen().len();
            while harness.workers[0].step(Timestamp(harness.now)).expect("a step") == Next::Again {}
            times.extend(std::iter::repeat_n(harness.now, receiver.seen().len() - before));
            harness.now += 5_000;
        }
        for (nth, at) in times.iter().enumerate() {
            let within = times[nth..].iter().take_while(|later| **later < at + MINUTE_MS).count();
            assert!(within <= most, "{kind}: {within} in a minute");
        }
        let text: String = receiver.seen().iter().map(|request| request.body.clone()).collect();
        for n in 0..150 {
            assert!(text.contains(&format!("{n:03}case")), "{kind}: case {n} was told");
        }
        assert!(times.len() <= 60, "{kind}: {} messages", times.len());
    }
}

#[test]
fn who_is_too_fast_all_the_same_waits_and_tells_it_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(Answer::Says(200, "{\"errcode\":0}".to_owned()));
    receiver.then(Answer::Says(200, "{\"errcode\":130101}".to_owned()));
    let mut harness = Harness::new(&[&room("dingtalk", folder.path(), receiver.port())]);
    harness.take(&alert("c1", "a1", 1, Severity::High));
    harness.tell();
    harness.tell_for(Span::seconds(50));
    assert_eq!(receiver.seen().len(), 1);
    harness.tell_for(Span::minutes(3));
    assert_eq!((receiver.seen().len(), harness.counted("room", "delivered"), harness.depth("room").dead), (2, 1, 0));
}

#[test]
fn a_digest_gathers_what_is_not_critical() {
    let server = MailServer::start();
    let text = format!(
        "name = \"mail\"\nkind = \"email\"\nserver = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"a@b.example\"\nto = \"c@d.example\"\ndigest = \"30m\"\n",
        server.port()
    );
    let mut harness = Harness::new(&[&text]);
    for n in 0..5 {
        harness.take(&alert(&format!("c{n}"), &format!("a{n}"), 1, Severity::High));
        harness.tell_for(Span::minutes(4));
    }
    assert!(server.mails().is_empty());
    harness.tell_for(Span::minutes(15));
    assert_eq!(server.mails().len(), 1);
    assert!(server.mails()[0].contains("Subject: leakwarden: 5 cases, up to high"), "{}", server.mails()[0]);
    harness.take(&alert("c9", "a9", 1, Severity::Critical));
    harness.tell();
    assert_eq!(server.mails().len(), 2, "what is critical does not wait");
}
