//! The console of a small bank, with people who sign in, cases of which each test has its own, and a case with pictures.

use crate::common::line::{access, on};
use crate::common::play::play;
use crate::common::world::World;
use crate::company::{ACCOUNTS, MORNING, PASSWORD, alert, people};
use crate::driver::{Browser, Setup, driver};
use leakwarden::console::settings::{KeyHolder, Settings, SignIn};
use leakwarden::console::{Console, SharedPeople};
use leakwarden::database::{Database, Location};
use leakwarden::desk::rights::Grant;
use leakwarden::desk::unmask::{self, Finder, Found, Places};
use leakwarden::desk::{LIVE, account, ingest};
use leakwarden::engine::output::Revision;
use leakwarden::http::server::Server;
use leakwarden::model::alert::Alert;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::Timestamp;
use leakwarden::model::zone::Zone;
use leakwarden::telemetry::metrics::Metrics;
use sqlx::Row;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Stands for whoever holds the key and the logs: these are tried in `tests/desk`.
struct Standing;

impl Finder for Standing {
    fn find(&self, places: &Places, pseudonyms: &BTreeSet<String>) -> Result<Found, String> {
        let identity = |name: &String| BTreeSet::from([format!("customer behind {name}")]);
        let identities = pseudonyms.iter().map(|name| (name.clone(), identity(name))).collect();
        Ok(Found { identities, places_there: unmask::cited(places) })
    }
}

/// A name that would act wherever it is not written out.
pub const HOSTILE: &str = "<script>document.title='acted'</script>\"'><img src=x onerror=document.title='acted'>\u{202e}&amp;]]>=cmd";

/// A console and its database.
pub struct Bank {
    database: Database,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"))
}

/// Runs a test at the console of all tests; nothing where there is no browser.
pub fn at_the_bank<F: Future<Output = ()>>(test: impl FnOnce(&'static Bank) -> F) {
    static BANK: OnceLock<Bank> = OnceLock::new();
    if driver().is_none() {
        return;
    }
    let bank = BANK.get_or_init(|| runtime().block_on(Bank::open(folder())));
    runtime().block_on(test(bank));
}

/// Runs a test at a console of its own, whose folder it is given.
pub fn at_a_bank<F: Future<Output = ()>>(test: impl FnOnce(PathBuf) -> F) {
    if driver().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(test(folder.path().to_owned()));
}

/// The folder of all tests: a run begins with an empty one.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser");
    // There may have been none.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("made");
    folder
}

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64)
}

impl Bank {
    /// A console over a new database in that folder, with accounts and a case with pictures.
    pub async fn open(folder: PathBuf) -> Bank {
        let bank = Bank::over(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await;
        for (name, employee, role, unit) in ACCOUNTS {
            let grants = [Grant { role: *role, unit: unit.map(str::to_owned) }];
            account::add(&bank.database, name, employee, Some(PASSWORD), &grants, MORNING).await.expect("added");
        }
        bank.take_with_dossiers(&pictured()).await;
        bank.asks_for_identities().await;
        bank
    }

    /// A request for the first two whom the case with pictures names, which a second person agreed to.
    async fn asks_for_identities(&self) {
        let case = self.case_of("E20").await;
        let mut read = self.database.read().await.expect("a connection");
        let lead = account::caller(&mut read, &people(), "chen.lei").await.expect("read").expect("an account");
        let officer = account::caller(&mut read, &people(), "qian").await.expect("read").expect("an account");
        let (_, named) = unmask::named(&mut read, &lead, case).await.expect("read");
        drop(read);
        let names: Vec<String> = named.into_iter().take(2).map(|(name, _)| name).collect();
        let asked = unmask::ask(&self.database, &lead, case, "whom to warn", &names, None, now()).await.expect("asked");
        unmask::decide(&self.database, &people(), &officer, asked.id, true, now()).await.expect("agreed");
    }

    /// A console over what is in that folder, at that address.
    pub async fn over(folder: PathBuf, address: SocketAddr) -> Bank {
        let location = Location::parse("sqlite://desk.sqlite", &folder).expect("a location");
        let database = Database::open(&location).await.expect("opened");
        let settings = Settings {
            hosts: Vec::new(),
            proxies: Vec::new(),
            finder: KeyHolder::new(Arc::new(Standing)),
            sign_in: SignIn::PasswordAlone,
            budget_per_day: 3,
            zone: Zone::named("Asia/Shanghai").expect("a zone"),
            tls: false,
        };
        let metrics = Metrics::new();
        let console = Console::new(database.clone(), SharedPeople::new(people()), settings, &metrics);
        let server = Server::bind(address).await.expect("bound");
        let address = server.address();
        let serving = tokio::spawn(server.serve_router(console.router(), metrics, std::future::pending()));
        Bank { database, address, serving }
    }

    /// Where it is.
    pub fn socket(&self) -> SocketAddr {
        self.address
    }

    /// It serves no more.
    pub async fn close(self) {
        self.serving.abort();
        // It was told to end.
        let _ = self.serving.await;
    }

    /// Where a page is.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Takes revisions in.
    pub async fn take(&self, alerts: &[Alert]) {
        let told: Vec<AlertWithDossier> =
            alerts.iter().map(|alert| AlertWithDossier { alert: Arc::new(alert.clone()), dossier: None }).collect();
        self.take_with_dossiers(&told).await;
    }

    /// Takes in what an engine told.
    pub async fn take_with_dossiers(&self, told: &[AlertWithDossier]) {
        ingest::take(&self.database, &people(), LIVE, told, now()).await.expect("taken in");
    }

    /// A case about that employee of one alert, and its number.
    pub async fn case(&self, employee: &str, severity: Severity) -> i64 {
        self.take(&[alert(&format!("alert-{employee}"), employee, 1, severity)]).await;
        self.case_of(employee).await
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Where a case stands: its state, and the verdict where there is one.
    pub async fn state(&self, case: i64) -> (String, Option<String>) {
        let mut read = self.database.read().await.expect("a connection");
        let row = sqlx::query("select state, verdict from case_file where id = $1").bind(case).fetch_one(&mut *read).await.expect("a case");
        (row.get(0), row.get(1))
    }

    /// The number of the newest case about somebody.
    pub async fn case_of(&self, employee: &str) -> i64 {
        let mut read = self.database.read().await.expect("a connection");
        let sql = "select id from case_file where about = $1 order by id desc limit 1";
        sqlx::query(sql).bind(employee).fetch_one(&mut *read).await.expect("a case").get(0)
    }

    /// A browser, signed in.
    pub async fn sign_in(&self, account: &str, setup: Setup) -> Browser {
        let browser = driver().expect("was asked before").open(setup).await;
        browser.go(&self.address("/sign-in")).await;
        self.enter(&browser, account).await;
        assert_eq!(browser.count("#password").await, 0, "{account} is not signed in:\n{}", browser.text().await);
        browser
    }

    /// Signs in at the form that is shown.
    pub async fn enter(&self, browser: &Browser, account: &str) {
        browser.until_focused("account").await;
        // A name that was refused stands there still.
        browser.find("#account").await.clear().await.expect("cleared");
        browser.fill("#account", account).await;
        browser.fill("#password", PASSWORD).await;
        browser.click("form button.first").await;
    }
}

/// Weeks of a quiet clerk, and an evening on which they go through the list of customers: as the engine tells it, with its dossier.
fn pictured() -> Vec<AlertWithDossier> {
    let mut lines = Vec::new();
    for day in 0..40 {
        for n in 0..6 {
            let people = (0..3).map(|k| (day * 31 + n * 7 + k) as u64 % 400);
            lines.push(access("E20").at(on(day, &format!("1{n}:20"))).reads("crm.customers", &["name", "phone"]).of(people).to_string());
        }
    }
    for n in 0..60_u64 {
        let people = (0..20).map(|k| 1_000 + n * 20 + k);
        lines.push(access("E20").at(on(39, &format!("19:{n:02}"))).reads("crm.customers", &["name", "phone"]).of(people).to_string());
    }
    let employees = "employee,unit,role,shift_start,shift_end\nE20,north,teller,09:00,18:00\n";
    let mut context = World::bank().with("employees.csv", employees).context();
    Arc::get_mut(&mut context).expect("nobody else has it").dossiers = true;
    let told = told(play(&context, &lines).revisions);
    assert!(told.iter().any(|told| told.dossier.is_some()), "the evening has its pictures");
    told
}

/// What has settled, as it is taken in.
pub fn told(revisions: Vec<Revision>) -> Vec<AlertWithDossier> {
    let told = |revision: Revision| AlertWithDossier { alert: Arc::new(revision.alert), dossier: revision.dossier.map(Arc::from) };
    revisions.into_iter().filter(|revision| revision.alert.settled).map(told).collect()
}
