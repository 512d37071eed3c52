//! Secured listeners: every mechanism reads and writes, wrong secrets are told clearly, and no secret is ever shown.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use crate::common::program::{command, leakwarden};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WRONG: &str = "WRONG-secret-of-a-test";

fn settings(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Settings of a mechanism, with the password from the environment.
fn mechanism(broker: &Broker, protocol: &str, mechanism: &str) -> BTreeMap<String, String> {
    let mut client = settings(&[("security.protocol", protocol), ("sasl.mechanism", mechanism)]);
    if protocol == "SASL_SSL" {
        client.insert("ssl.ca.location".to_owned(), format!("{}/ca.pem", broker.told("SECRETS")));
    }
    if mechanism == "OAUTHBEARER" {
        // An unsecured token, which the broker's validator for tests takes.
        client.extend(settings(&[("enable.sasl.oauthbearer.unsecure.jwt", "true"), ("sasl.oauthbearer.config", "${KAFKA_TOKEN}")]));
    } else {
        client.extend(settings(&[("sasl.username", broker.told("USERNAME")), ("sasl.password", "${KAFKA_PASSWORD}")]));
    }
    client
}

/// The environment from which secrets come.
fn environment<'a>(command: &'a mut Command, password: &str) -> &'a mut Command {
    command.env("KAFKA_PASSWORD", password).env("KAFKA_TOKEN", "principal=leakwarden scope=token-of-a-test").env("LEAKWARDEN_LOG", "debug")
}

/// The company's log behind a secured listener.
fn configure(run: &Run, brokers: &str, group: &str, client: BTreeMap<String, String>) {
    let mut wiring = run.wiring();
    (wiring.brokers, wiring.group, wiring.client, wiring.more) = (brokers, group, client, "[alerts]\nprovisional = false\n");
    run.company.configure(&wiring);
    // Another group reads all of it anew.
    let _ = std::fs::remove_dir_all(run.company.dir().join("state"));
    let _ = std::fs::remove_file(run.company.dir().join("state.witness"));
}

#[test]
fn every_mechanism_and_client_certificates_read_and_write_and_show_no_secret() {
    let Some(broker) = Broker::secure() else { return };
    let run = Run::new("secure", broker.brokers());
    run.produce(0, 1);
    let mut ways: Vec<(String, String, BTreeMap<String, String>)> = Vec::new();
    for protocol in ["SASL_PLAINTEXT", "SASL_SSL"] {
        for name in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] {
            ways.push((format!("{protocol}-{name}"), broker.told(protocol).to_owned(), mechanism(&broker, protocol, name)));
        }
    }
    let secret = |name: &str| format!("{}/{name}", broker.told("SECRETS"));
    let certificate = [
        ("security.protocol", "SSL".to_owned()),
        ("ssl.ca.location", secret("ca.pem")),
        ("ssl.certificate.location", secret("client.pem")),
        ("ssl.key.pem", format!("file:{}", secret("client.key"))),
    ];
    let certificate = certificate.map(|(name, value)| (name.to_owned(), value)).into();
    ways.push(("SSL".to_owned(), broker.told("SSL").to_owned(), certificate));
    let key = std::fs::read_to_string(secret("client.key")).expect("a key");
    let key = key.lines().nth(1).expect("a line of it");

    let mut alerts = 0;
    for (name, brokers, client) in ways {
        configure(&run, &brokers, &name, client);
        let check = environment(&mut command(run.company.dir(), &["check", "--config", "config.toml"]), broker.told("PASSWORD")).output();
        let check = check.expect("check runs");
        let service = Service::with(run.company.dir(), "service", |command| {
            environment(command, broker.told("PASSWORD"));
        });
        until(&format!("{name}: everything is read"), || run.topics.lag(&name, &run.topic) == 0, || service.log());
        let log = service.log();
        assert!(service.stop().success());
        let now = run.told().len();
        assert!(now > alerts, "{name}: alerts are written");
        alerts = now;
        let shown = log + &String::from_utf8_lossy(&check.stdout) + &String::from_utf8_lossy(&check.stderr);
        for secret in [broker.told("PASSWORD"), "token-of-a-test", key] {
            assert!(!shown.contains(secret), "{name} shows a secret: {shown}");
        }
    }
}

#[test]
fn wrong_secrets_and_strange_certificates_are_told_clearly_and_not_shown() {
    let Some(broker) = Broker::secure() else { return };
    let run = Run::new("refused", broker.brokers());
    let scram = mechanism(&broker, "SASL_SSL", "SCRAM-SHA-512");
    let mut strange = scram.clone();
    strange.remove("ssl.ca.location");
    let ways = [
        ("SASL_PLAINTEXT", mechanism(&broker, "SASL_PLAINTEXT", "PLAIN"), "Invalid username or password"),
        ("SASL_PLAINTEXT", mechanism(&broker, "SASL_PLAINTEXT", "SCRAM-SHA-256"), "invalid credentials"),
        ("SASL_SSL", scram, "invalid credentials"),
        ("SASL_SSL", strange, "certificate verify failed"),
    ];
    for (at, (listener, client, why)) in ways.into_iter().enumerate() {
        configure(&run, broker.told(listener), "refused", client);
        let replay = ["replay", "--config", "config.toml", "--kafka", &run.topic];
        let replay = environment(&mut command(run.company.dir(), &replay), WRONG).output().expect("replay runs");
        let told = String::from_utf8_lossy(&replay.stderr).into_owned();
        assert_eq!(replay.status.code(), Some(1), "{told}");
        assert!(told.contains(why), "{why} is not told: {told}");
        let mut service = Service::with(run.company.dir(), &format!("refused-{at}"), |command| {
            environment(command, WRONG);
        });
        until(&format!("the log tells {why}"), || service.log().contains(why), || service.log());
        assert!(service.is_running(), "somebody may put it right at the broker");
        assert_eq!(service.get("/readyz").map(|(status, _)| status), Some(503));
        let log = service.log();
        assert!(service.stop().success());
        assert!(!log.contains(WRONG) && !told.contains(WRONG), "the secret is shown: {log}{told}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_named_by_its_reference() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("no-secret", broker.brokers());
    let client = settings(&[("sasl.username", "somebody"), ("sasl.password", "${NO_SUCH_VARIABLE}")]);
    configure(&run, broker.brokers(), "no-secret", client);
    for arguments in [["check", "--config", "config.toml"], ["run", "--config", "config.toml"]] {
        let ran = leakwarden(run.company.dir(), &arguments);
        assert_ne!(ran.status, 0);
        assert!(ran.err.contains("${NO_SUCH_VARIABLE}") && ran.err.contains("environment"), "{}", ran.err);
    }
}

/// A token that the broker's validator for tests takes, good for so many seconds.
fn token(name: &str, seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let claims = format!(r#"{{"sub":"leakwarden","jti":"{name}","iat":{},"exp":{}}}"#, now - 60, now + seconds);
    format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims))
}

/// As whoever renews tokens does it: nobody sees half of one.
fn put(path: &Path, token: &str) {
    std::fs::write(path.with_extension("new"), token).expect("written");
    std::fs::rename(path.with_extension("new"), path).expect("renamed");
}

fn shows_token(broker: &Broker, path: &Path) -> BTreeMap<String, String> {
    let reference = format!("file:{}", path.display());
    settings(&[
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.location", &format!("{}/ca.pem", broker.told("SECRETS"))),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.token", &reference),
    ])
}

/// Also where a test fails meanwhile.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The broker ends connections whose token has expired.
#[test]
fn a_token_is_read_anew_before_it_expires() {
    let Some(broker) = Broker::secure() else { return };
    let run = Run::new("renewed", broker.brokers());
    run.produce_half(false);
    let path = run.company.dir().join("token.jwt");
    const LIFE: i64 = 12;
    put(&path, &token("first-secret", LIFE));
    configure(&run, broker.told("SASL_SSL"), "renewed", shows_token(&broker, &path));
    let check = command(run.company.dir(), &["check", "--config", "config.toml"]).output().expect("check runs");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            for renewed in 0.. {
                std::thread::sleep(Duration::from_secs(2));
                if over.load(Ordering::Acquire) {
                    return;
                }
                put(&path, &token(&format!("secret-{renewed}"), LIFE));
            }
        });
        let service = Service::with(run.company.dir(), "service", |command| {
            command.env("LEAKWARDEN_LOG", "debug");
        });
        let read = || run.topics.lag("renewed", &run.topic) == 0;
        until("the first half is read", read, || service.log());
        // Past the life of the tokens that it began with, twice.
        std::thread::sleep(Duration::from_secs(2 * LIFE.unsigned_abs() + 2));
        run.produce_half(true);
        until("the second half is read", read, || service.log());
        assert_eq!(service.get("/readyz").map(|(status, _)| status), Some(200));
        let replay = command(run.company.dir(), &["replay", "--config", "config.toml", "--kafka", &run.topic]).output().expect("it runs");
        assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
        let log = service.log();
        assert!(service.stop().success());
        assert!(!log.contains("SASL authentication error") && !log.contains("Failed to acquire"), "{log}");
        let shown = log + &String::from_utf8_lossy(&check.stdout) + &String::from_utf8_lossy(&check.stderr);
        assert!(!shown.contains(&URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)) && !shown.contains("secret-"), "a token is shown: {shown}");
    });
    run.holds(&run.expected());
}

#[test]
fn a_token_that_is_no_good_is_told_by_its_rule_and_one_that_comes_later_is_taken() {
    let Some(broker) = Broker::secure() else { return };
    let run = Run::new("no-good", broker.brokers());
    run.produce(0, 1);
    let path = run.company.dir().join("token.jwt");
    configure(&run, broker.told("SASL_SSL"), "no-good", shows_token(&broker, &path));
    let ways = [(token("hunter2", -30), "expired "), ("hunter2".to_owned(), "must be a JWT"), (String::new(), "must be a JWT")];
    for (token, rule) in &ways {
        put(&path, token);
        let checked = leakwarden(run.company.dir(), &["check", "--config", "config.toml"]);
        let told = format!("client.sasl.oauthbearer.token = \"file:{}\": {rule}", path.display());
        assert!(checked.status != 0 && checked.err.contains(&told), "{}", checked.err);
        let replayed = leakwarden(run.company.dir(), &["replay", "--config", "config.toml", "--kafka", &run.topic]);
        assert!(replayed.status == 1 && replayed.err.contains(rule), "{}", replayed.err);
        assert!(!(checked.err + &replayed.err).contains("hunter2"));
    }
    put(&path, &ways[0].0);
    let service = Service::start(run.company.dir(), "service");
    until("the log tells why", || service.log().contains("s ago: whoever renews it does not"), || service.log());
    assert_eq!(service.get("/readyz").map(|(status, _)| status), Some(503));
    put(&path, &token("hunter2", 600));
    until("everything is read", || run.topics.lag("no-good", &run.topic) == 0, || service.log());
    let log = service.log();
    assert!(service.stop().success());
    assert!(!log.contains("hunter2") && !log.contains(&ways[0].0), "{log}");
    run.holds(&run.expected());
}
