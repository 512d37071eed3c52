//! From an insider's records in a real Kafka to everybody who is told, and from a verdict in the console back to all of them: with a real
//! PostgreSQL, Prometheus and Alertmanager, each restarted on the way.

use crate::chain::notifications::Receiver as Pager;
use crate::common::daemons::{Alertmanager, Prometheus, free_port};
use crate::common::databases::Place;
use crate::common::kafka::broker::Broker;
use crate::common::kafka::{skipped, until};
use crate::common::line::access;
use crate::common::program::leakwarden;
use crate::common::receiver::{Answer, Receiver};
use crate::common::service::Service;
use crate::common::world::CATALOG;
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PROXY: &str = "a secret that the proxy shares with it";

/// So many minutes from now.
fn minutes(from_now: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    Timestamp(now + from_now * MINUTE_MS)
}

fn colleague(from_now: i64) -> String {
    access("e2").at(minutes(from_now)).reads("crm.customers", &["name"]).of([1]).to_string()
}

/// Everything that there is beside the service.
struct House {
    name: &'static str,
    dir: tempfile::TempDir,
    broker: Broker,
    place: Place,
    pager: Pager,
    webhook: Receiver,
    alertmanager: Alertmanager,
    prometheus: Prometheus,
    port: u16,
}

impl House {
    fn new(name: &'static str, is_cluster: bool) -> Option<House> {
        let (broker, place) = (Broker::start()?, Place::postgres_alone()?);
        let dir = tempfile::tempdir().expect("a directory");
        let (pager, port) = (Pager::start(), free_port());
        let (Some(alertmanager), Some(prometheus)) = (Alertmanager::set_up(dir.path(), pager.port()), Prometheus::set_up(dir.path(), port))
        else {
            skipped("no Prometheus and Alertmanager here (Debian: prometheus, prometheus-alertmanager)");
            return None;
        };
        let prometheus = prometheus.knows(&alertmanager);
        let webhook = Receiver::start(Answer::Says(200, String::new()));
        broker.topics().create(&format!("{name}.in"), 1, &[]);
        broker.topics().create(&format!("{name}.alerts"), 1, &[]);
        broker.topics().create(&format!("{name}.decisions"), 1, &[("cleanup.policy", "compact")]);
        let house = House { name, dir, broker, place, pager, webhook, alertmanager, prometheus, port };
        house.configure(is_cluster);
        Some(house)
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn configure(&self, is_cluster: bool) {
        let (name, brokers, (url, password)) = (self.name, self.broker.brokers(), self.place.credentials());
        let mut config = format!(
            "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[time]\nmax_clock_skew = \"4h\"\n[state]\ndir = \"state\"\ncheckpoint_interval = \"1s\"\n\
             [[source]]\nname = \"core\"\nkind = \"kafka\"\nbrokers = \"{brokers}\"\ntopics = [\"{name}.in\"]\ngroup = \"{name}\"\nformat = \"canonical\"\n\
             [source.client]\n\"session.timeout.ms\" = \"6000\"\n\
             [[sink]]\nkind = \"kafka\"\nbrokers = \"{brokers}\"\ntopic = \"{name}.alerts\"\n\
             [database]\nurl = \"{url}\"\npassword_file = \"database.password\"\n\
             [console]\nlisten = \"127.0.0.1:0\"\nproxy_header = \"X-User\"\nproxy_secret_file = \"proxy.secret\"\n\
             [notifications]\nunsettled = false\nlink = \"https://desk.bank.example/cases/{{case}}\"\n\
             [[notify]]\nname = \"oncall\"\nkind = \"alertmanager\"\nurl = [\"http://127.0.0.1:{}\"]\n\
             [[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n\
             [[notify]]\nname = \"journal\"\nkind = \"jsonl\"\npath = \"told.jsonl\"\n\
             [[notify]]\nname = \"lake\"\nkind = \"ocsf\"\npath = \"findings.jsonl\"\n\
             [[notify]]\nname = \"warehouse\"\nkind = \"postgresql\"\ntable = \"told\"\nurl_file = \"warehouse.url\"\n",
            self.alertmanager.port(),
            self.webhook.port(),
        );
        let _ = match is_cluster {
            true => write!(
                config,
                "[cluster]\ntasks = 2\ntopic_prefix = \"{name}.own\"\nsession_timeout = \"6s\"\n[decisions]\ntopic = \"{name}.decisions\"\n"
            ),
            false => write!(config, "[decisions]\nfile = \"decisions.jsonl\"\n"),
        };
        for (file, text) in [
            ("config.toml", config.as_str()),
            ("catalog.toml", CATALOG),
            ("subject.key", "a secret of thirty-two bytes, or more"),
            ("proxy.secret", PROXY),
            ("database.password", password),
            ("warehouse.url", &self.place.address()),
        ] {
            fs::write(self.path().join(file), text).expect("written");
        }
    }

    fn produce(&self, records: &[String]) {
        self.broker.topics().produce(&format!("{}.in", self.name), 0, records);
    }

    /// Somebody writes what is no decision where decisions stand.
    fn scribble(&self, is_cluster: bool) {
        if is_cluster {
            self.broker.topics().produce_keyed(&format!("{}.decisions", self.name), 0, [(Some("torn"), "{\"id\":\"D-1\"")]);
        } else {
            fs::write(self.path().join("decisions.jsonl"), "{\"id\":\"D-1\"\n").expect("written");
        }
    }

    /// Where dead letters of decisions say that their lines stand.
    fn letters(&self) -> Vec<String> {
        let letters = fs::read(self.path().join("state/dead-letters.jsonl")).unwrap_or_default();
        let letters = crate::common::program::json_lines(&letters);
        letters.iter().map(|letter| format!("{}:{}", letter["source"].as_str().unwrap_or_default(), letter["position"])).collect()
    }

    /// How often each event came, by who was told of it: a case that is shown, and one that is closed.
    fn told(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let lines = |file: &str| crate::common::program::json_lines(&fs::read(self.path().join(file)).unwrap_or_default());
        let count = |events: Vec<String>| {
            let of = |name: &str| events.iter().filter(|event| *event == name).count();
            (of("shown"), of("closed"))
        };
        let event = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let activity = |value: &serde_json::Value| match value.as_str() {
            Some("Create") => "shown".to_owned(),
            Some("Close") => "closed".to_owned(),
            other => other.unwrap_or_default().to_owned(),
        };
        let paged = self.pager.cases();
        BTreeMap::from([
            ("oncall", (paged.iter().filter(|(_, open, _)| *open).count(), paged.iter().filter(|(_, open, _)| !open).count())),
            ("hook", count(self.webhook.seen().iter().map(|request| event(&request.json()["event"])).collect())),
            ("journal", count(lines("told.jsonl").iter().map(|line| event(&line["event"])).collect())),
            ("lake", count(lines("findings.jsonl").iter().map(|line| activity(&line["activity_name"])).collect())),
            ("warehouse", count(self.place.column("select event from told order by revision"))),
        ])
    }

    /// A request to the console of a service by somebody whom the proxy signed in.
    fn ask(&self, service: &Service, who: &str, request: &str, body: &str) -> String {
        let log = service.log();
        let address = log.split("the console is served at http://").nth(1).and_then(|rest| rest.split(['"', ' ', '\n']).next());
        let address = address.expect("an address");
        let mut stream = TcpStream::connect(address).expect("connected");
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nX-User: {who}\r\nX-Leakwarden-Proxy-Secret: {PROXY}\r\n"
        );
        let form = "Content-Type: application/x-www-form-urlencoded";
        write!(stream, "{head}{form}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        answer
    }

    /// What a page's forms hold under a name.
    fn values(page: &str, name: &str) -> Vec<String> {
        let field = format!("name=\"{name}\" value=\"");
        page.split(&field).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    /// Li Na says that it was a batch, Chen Lei agrees.
    fn judge(&self, service: &Service) {
        let list = leakwarden(self.path(), &["case", "list", "--as", "chen.lei", "--config", "config.toml"]).well();
        let list = String::from_utf8(list.out).expect("text");
        let case = list.lines().find(|line| line.ends_with(" of e1")).and_then(|line| line.split(' ').nth(1)).expect("a case").to_owned();
        leakwarden(self.path(), &["case", "assign", &case, "li.na", "--as", "chen.lei", "--config", "config.toml"]).well();
        let page = self.ask(service, "li.na", &format!("GET /cases/{case}"), "");
        let cites: String = House::values(&page, "cite").iter().map(|cite| format!("&cite={}", cite.replace(':', "%3A"))).collect();
        let csrf = House::values(&page, "csrf").remove(0);
        let body = format!("csrf={csrf}&verdict=innocent&reason=batch&text=asked+the+branch{cites}");
        let given = self.ask(service, "li.na", &format!("POST /cases/{case}/verdicts"), &body);
        assert!(given.starts_with("HTTP/1.1 303"), "{given}");
        let page = self.ask(service, "chen.lei", &format!("GET /cases/{case}"), "");
        let (csrf, entry) = (House::values(&page, "csrf").remove(0), House::values(&page, "entry").remove(0));
        let agreed = self.ask(
            service,
            "chen.lei",
            &format!("POST /cases/{case}/countersignature"),
            &format!("csrf={csrf}&entry={entry}&agrees=yes"),
        );
        assert!(agreed.starts_with("HTTP/1.1 303"), "{agreed}");
    }
}

fn from_the_insider_to_everybody_and_back(name: &'static str, is_cluster: bool) {
    let Some(house) = House::new(name, is_cluster) else { return };
    let mut alerting = house.alertmanager.start();
    let mut rules = house.prometheus.start();
    for (account, employee, role) in [("li.na", "E1", "investigator"), ("chen.lei", "E2", "lead")] {
        let add = ["console", "account", "add", account, "--employee", employee, "--role", role, "--by-proxy", "--config", "config.toml"];
        leakwarden(house.path(), &add).well();
    }
    house.scribble(is_cluster);
    let mut service = Service::listening(house.path(), house.port);
    let thousand = |n: u64| {
        access("e1").at(minutes(n as i64 - 180)).reads_all("loan.credit").of(n * 1_000..(n + 1) * 1_000).id(format!("e1-{n}")).to_string()
    };
    house.produce(&(0..10).map(thousand).chain([colleague(-100)]).collect::<Vec<_>>());
    let each = |told: (usize, usize)| house.told().values().all(|of| *of == told);
    until("everybody is told that it is shown", || each((1, 0)), || format!("{:?}\n{}", house.told(), service.log()));

    let letter = if is_cluster { "[decisions]/0:0" } else { "[decisions]:1" };
    until("what is no decision is kept", || house.letters() == [letter], || format!("{:?}\n{}", house.letters(), service.log()));

    // Each part is restarted, and nobody hears of it.
    service.crash();
    service = Service::listening(house.path(), house.port);
    drop(alerting);
    alerting = house.alertmanager.start();
    drop(rules);
    rules = house.prometheus.start();
    house.place.restart();
    house.broker.kill();
    house.broker.restart();
    house.produce(&[colleague(-60)]);
    until(
        "the service reads on",
        || service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"core\"}") > 0.0,
        || service.log(),
    );
    std::thread::sleep(Duration::from_secs(12));
    assert!(each((1, 0)), "after restarts: {:?}\n{}", house.told(), service.log());
    assert_eq!(house.pager.told("LeakwardenCaseShown"), (0, 0), "where each case is told nobody is told of a number");

    house.judge(&service);
    // Whoever was told hears of it now, and not at the hour at which the engine takes it.
    until("everybody is told that it is over", || each((1, 1)), || format!("{:?}\n{}", house.told(), service.log()));
    let written = || match is_cluster {
        true => house.broker.topics().read(&format!("{name}.decisions")).len(),
        false => fs::read_to_string(house.path().join("decisions.jsonl")).map_or(0, |text| text.lines().count()),
    };
    until("the verdict goes to the engine", || written() > 1, || service.log());
    let taken = || service.metric("leakwarden_decisions_total{kind=\"verdict\",outcome=\"taken\"}") > 0.0;
    until("and is taken", taken, || service.log());
    // The next full hour has passed, and what is older than it has settled.
    house.produce(&[colleague(100), colleague(101)]);
    let in_force = || service.metric("leakwarden_decisions_total{kind=\"verdict\",outcome=\"in_force\"}") > 0.0;
    until("and is in force", in_force, || service.log());
    house.place.restart();
    service.stop();
    service = Service::listening(house.path(), house.port);
    std::thread::sleep(Duration::from_secs(5));
    assert!(each((1, 1)), "after another restart: {:?}\n{}", house.told(), service.log());
    assert_eq!(house.letters(), [letter], "once, whatever is read again");
    drop((rules, alerting));
    service.stop();
}

#[test]
fn one_insider_is_told_once_everywhere_and_a_verdict_ends_it_everywhere() {
    from_the_insider_to_everybody_and_back("everywhere", false);
}

#[test]
fn a_cluster_takes_verdicts_from_its_topic() {
    from_the_insider_to_everybody_and_back("everywhere-cluster", true);
}
