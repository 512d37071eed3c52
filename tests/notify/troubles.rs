//! Receivers that do not do what they should: each attempt ends in time, and says what it should of trying again.

use crate::harness::{BEGIN, configured};
use crate::receiver::{Answer, Catcher, MailServer, Receiver};
use leakwarden::model::time::Timestamp;
use leakwarden::notify::SendError;
use leakwarden::notify::event::{Event, Message};

use std::path::Path;
use std::time::{Duration, Instant};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn message() -> Message {
    Message { event: Event::test(BEGIN), link: None, contact: None }
}

/// One attempt of a configured sink, and how long it took.
fn tried(text: &str) -> (Result<String, SendError>, Duration) {
    let runtime = runtime();
    let mut notifier = configured(text).build(runtime.handle().clone()).expect("built");
    let began = Instant::now();
    let outcome = notifier.send(&[message()], Timestamp(BEGIN));
    (outcome, began.elapsed())
}

fn slack(folder: &Path, port: u16) -> String {
    std::fs::write(folder.join("url"), format!("http://127.0.0.1:{port}/hook")).expect("written");
    format!("name = \"x\"\nkind = \"slack\"\ntimeout = \"1s\"\nurl_file = {:?}\n", folder.join("url"))
}

#[test]
fn an_attempt_over_http_ends_in_time_and_says_whether_to_try_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(Answer::Says(200, "ok".to_owned()));
    let text = slack(folder.path(), receiver.port());
    assert!(tried(&text).0.is_ok());
    let elsewhere = Receiver::start(Answer::Says(200, "ok".to_owned()));
    let moved = Answer::Elsewhere(format!("http://127.0.0.1:{}/", elsewhere.port()));
    for (answer, lasting, pause) in [
        (Answer::Says(500, String::new()), false, None),
        (Answer::Says(404, String::new()), true, None),
        (Answer::Pause(77), false, Some(77)),
        (moved, true, None),
        (Answer::Hangs, false, None),
        (Answer::BreaksOff, false, None),
        (Answer::Drips, false, None),
    ] {
        receiver.then(answer.clone());
        let (outcome, took) = tried(&text);
        let error = outcome.expect_err("it failed");
        assert_eq!((error.lasting, error.retry_after.map(|pause| pause.as_secs())), (lasting, pause), "{answer:?}: {error}");
        assert!(took < Duration::from_secs(4), "{answer:?} took {took:?}");
    }
    assert!(elsewhere.seen().is_empty(), "redirects are not followed");
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    assert!(tried(&slack(folder.path(), nobody)).0.is_err_and(|error| !error.lasting));
}

#[test]
fn mail_that_is_refused_and_mail_servers_that_drip() {
    let server = MailServer::start();
    let text = format!(
        "name = \"x\"\nkind = \"email\"\ntimeout = \"1s\"\nserver = \"127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n",
        server.port()
    );
    assert!(tried(&text).0.is_ok() && server.mails().len() == 1);
    server.says("550 no");
    assert!(tried(&text).0.is_err_and(|error| error.lasting));
    server.says("451 later");
    assert!(tried(&text).0.is_err_and(|error| !error.lasting));
    // Every single read of it succeeds in time, and it never comes to an end.
    server.says("");
    let (outcome, took) = tried(&text);
    assert!(outcome.is_err_and(|error| !error.lasting) && took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn syslog_is_framed_and_who_is_away_is_tried_again() {
    let catcher = Catcher::start();
    let text = |port: u16, more: &str| format!("name = \"x\"\nkind = \"syslog\"\ntimeout = \"1s\"\naddress = \"127.0.0.1:{port}\"\n{more}");
    assert!(tried(&text(catcher.port(), "tls = false\n")).0.is_ok());
    let deadline = Instant::now() + Duration::from_secs(5);
    while catcher.text().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    let got = catcher.text();
    let (length, rest) = got.split_once(' ').expect("a length");
    assert_eq!(length.parse::<usize>().ok(), Some(rest.len()), "{got}");
    assert!(rest.starts_with("<109>1 2026-03-02T09:14:05Z - leakwarden - - - CEF:0|leakwarden|"), "{rest}");
    // It speaks no TLS and says nothing.
    let (outcome, took) = tried(&text(catcher.port(), ""));
    assert!(outcome.is_err_and(|error| !error.lasting) && took < Duration::from_secs(4), "{took:?}");
    assert!(tried(&text(1, "tls = false\n")).0.is_err_and(|error| !error.lasting));
}

/// A receiver behind TLS that the configured certificate vouches for, and one that it does not.
#[test]
fn syslog_over_tls_asks_who_the_other_is() {
    use std::io::Read;
    use std::sync::{Arc, Mutex};
    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let certificate = folder.join("localhost.pem");
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(&certificate).expect("read").collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).expect("they fit"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let got = Arc::new(Mutex::new(String::new()));
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).expect("a session"), stream);
            let mut bytes = Vec::new();
            // One who does not trust us leaves in the middle.
            let _ = stream.read_to_end(&mut bytes);
            kept.lock().expect("no panic").push_str(&String::from_utf8_lossy(&bytes));
        }
    });
    let text = |more: &str| format!("name = \"x\"\nkind = \"syslog\"\ntimeout = \"3s\"\naddress = \"localhost:{port}\"\n{more}");
    let trusting = tried(&text(&format!("ca_file = {certificate:?}\n"))).0;
    assert!(trusting.is_ok(), "{trusting:?}");
    let distrusting = tried(&text("")).0.expect_err("nobody vouches for it");
    assert!(!distrusting.lasting && distrusting.message.contains("certificate"), "{distrusting}");
    let deadline = Instant::now() + Duration::from_secs(5);
    while got.lock().expect("no panic").is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(got.lock().expect("no panic").contains("CEF:0|leakwarden"));
}
