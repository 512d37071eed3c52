//! The console over HTTP: signing in, the matrix of routes, roles and relations, the record of views, hostile names, a verdict.

use crate::common::databases::{Place, on_each};
use crate::company::{ACCOUNTS, MORNING, PASSWORD, alert, caller, people, staffed, take};
use leakwarden::console::routes::{Policy, ROUTES};
use leakwarden::console::settings::{KeyHolder, PROXY_SECRET, Settings, SignIn};
use leakwarden::console::writers::{self, DecisionsTo, Files};
use leakwarden::console::{Console, SharedPeople};
use leakwarden::database::Database;
use leakwarden::desk::people::People;
use leakwarden::desk::rights::{Action, Grant, Role, Subject};
use leakwarden::desk::unmask::Finder;
use leakwarden::desk::{account, view_log, work};
use leakwarden::http::server::Server;
use leakwarden::model::alert::Alert;
use leakwarden::model::severity::Severity;
use leakwarden::model::zone::Zone;
use leakwarden::telemetry::metrics::Metrics;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use totp_rs::{Builder, Secret};

pub const PROXY_SECRET_OF_TESTS: &str = "the proxy and the console know it";

/// A console on loopback.
pub struct Running {
    pub address: SocketAddr,
    pub console: Console,
}

/// What came back.
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().find_map(|line| line.split_once(": ").filter(|(other, _)| other.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value)
    }
}

impl Running {
    pub async fn start(database: Database, sign_in: SignIn) -> Running {
        Running::set_up(database, sign_in, KeyHolder::default(), people()).await
    }

    /// One that finds identities again.
    pub async fn with_finder(database: Database, finder: Arc<dyn Finder>) -> Running {
        let sign_in = SignIn::Proxy { header: "x-user".to_owned(), secret: blake3::hash(PROXY_SECRET_OF_TESTS.as_bytes()) };
        Running::set_up(database, sign_in, KeyHolder::new(finder), people()).await
    }

    /// One of another company.
    pub async fn with_people(database: Database, finder: Arc<dyn Finder>, people: People) -> Running {
        let sign_in = SignIn::Proxy { header: "x-user".to_owned(), secret: blake3::hash(PROXY_SECRET_OF_TESTS.as_bytes()) };
        Running::set_up(database, sign_in, KeyHolder::new(finder), people).await
    }

    async fn set_up(database: Database, sign_in: SignIn, finder: KeyHolder, people: People) -> Running {
        let settings = Settings {
            hosts: vec!["desk.bank.example".to_owned()],
            sign_in,
            finder,
            proxies: vec![],
            budget_per_day: 3,
            zone: Zone::named("Asia/Shanghai").expect("a zone"),
            tls: false,
        };
        let metrics = Metrics::new();
        let console = Console::new(database, SharedPeople::new(people), settings, &metrics);
        let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
        let address = server.address();
        tokio::spawn(server.serve_router(console.router(), metrics, std::future::pending()));
        Running { address, console }
    }

    pub async fn behind_a_proxy(database: Database) -> Running {
        Running::start(database, SignIn::Proxy { header: "x-user".to_owned(), secret: blake3::hash(PROXY_SECRET_OF_TESTS.as_bytes()) })
            .await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.expect("read");
        let got = String::from_utf8(got).expect("text");
        let (head, body) = got.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Got { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// As an account whom the proxy has signed in. What the API writes is sent once, and cites a version that no case has.
    pub async fn as_user(&self, user: &str, method: &str, path: &str, body: &str) -> Got {
        self.once(user, method, path, body, 999_999, &format!("k-{}", NUMBER.fetch_add(1, Ordering::Relaxed))).await
    }

    /// The same of what was read at a version, under a key.
    pub async fn once(&self, user: &str, method: &str, path: &str, body: &str, version: i64, key: &str) -> Got {
        let origin = format!("http://{}", self.address);
        let csrf = blake3::keyed_hash(blake3::hash(PROXY_SECRET_OF_TESTS.as_bytes()).as_bytes(), user.as_bytes()).to_hex().to_string();
        let api = path.starts_with("/api/");
        let kind = if api { "application/json" } else { "application/x-www-form-urlencoded" };
        let body = if api || method == "GET" { body.to_owned() } else { format!("csrf={csrf}&{body}") };
        let version = format!("\"{version}\"");
        let mut headers = vec![
            (PROXY_SECRET, PROXY_SECRET_OF_TESTS),
            ("X-User", user),
            ("Origin", origin.as_str()),
            ("Content-Type", kind),
            ("X-CSRF-Token", csrf.as_str()),
        ];
        if api && method != "GET" {
            headers.extend([("If-Match", version.as_str()), ("Idempotency-Key", key)]);
        }
        self.send(method, path, &headers, &body).await
    }
}

impl Running {
    /// The same, of a page, with a cookie.
    pub async fn with_cookie(&self, user: &str, path: &str, cookie: &str) -> Got {
        self.send("GET", path, &[(PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", user), ("Cookie", cookie)], "").await
    }
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub fn on_sqlite<F: Future<Output = ()>>(test: impl Fn(Place) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(test(Place::sqlite()));
}

async fn views(database: &Database) -> Vec<view_log::ViewRecord> {
    let mut read = database.read().await.expect("a connection");
    view_log::newest(&mut read, None, i64::MAX, 1000).await.expect("read")
}

#[test]
fn every_route_asks_every_role_and_shows_nobody_what_is_not_theirs() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        // Cases: 1 about a teller of the north, 2 of the south, 3 about E1 (Li Na, above Wang), 4 about E90 (above Li Na).
        let of = |id: &str, employee: &str, unit: &str| Alert { unit: Some(unit.to_owned()), ..alert(id, employee, 1, Severity::Medium) };
        take(&database, &[of("n1", "E20", "north"), of("s1", "E8", "south"), of("m1", "E1", "north"), of("m2", "E90", "south")]).await;
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given");
        let (alerts, persons) = (["n1", "s1", "m1", "m2"], ["E20", "E8", "E1", "E90"]);
        let running = Running::behind_a_proxy(database.clone()).await;
        let mut walked = 0;
        for route in ROUTES {
            for (user, ..) in ACCOUNTS {
                let who = caller(&database, user).await;
                for (at, alert_id) in alerts.iter().enumerate() {
                    let id = at as i64 + 1;
                    let path =
                        route.path.replace("/cases/{id}", &format!("/cases/{id}")).replace("/alerts/{id}", &format!("/alerts/{alert_id}"));
                    let path = path
                        .replace("/silences/{id}", "/silences/99")
                        .replace("/explanations/{id}", "/explanations/99")
                        .replace("/tokens/{id}", "/tokens/99");
                    let path = path.replace("/unmaskings/{id}", "/unmaskings/99").replace("/holds/{id}", "/holds/99");
                    let path = path.replace("/people/{name}", &format!("/people/{}", persons[at]));
                    // Nothing that would change a case: the bodies break a rule of their fields.
                    let body = if path.starts_with("/api/") { "{}" } else { "" };
                    let got = running.as_user(user, route.method.as_str(), &path, body).await;
                    let place =
                        format!("{} {path} by {user}: {} {}", route.method, got.status, got.body.lines().last().unwrap_or_default());
                    walked += 1;
                    if route.path.ends_with("/assignment") {
                        // Without an owner in it the request gives the case back.
                        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given again");
                    }
                    let mut read = database.read().await.expect("a connection");
                    let case = leakwarden::desk::case::read(&mut read, id).await.expect("read").expect("a case");
                    drop(read);
                    // None of these is there.
                    let of_nothing = ["/silences/{id}", "/explanations/{id}", "/tokens/{id}", "/unmaskings/{id}", "/holds/{id}"];
                    let about_one = ["/cases/{id}", "/alerts/{id}", "/people/{name}"].iter().any(|one| route.path.contains(one));
                    // Who may set a hold sees the holds of a case, and their form.
                    let holds = route.path.ends_with("/holds") && who.may(Action::Hold, &case.subject());
                    let visible = holds || who.may(Action::Read, &case.subject());
                    match route.policy {
                        Policy::May(action) if !who.may_ever(action) => assert_eq!(got.status, 404, "{place}"),
                        Policy::May(_) if about_one && !visible => {
                            // Whatever is asked of what is not theirs is answered as of what is not there, unless the fields are wrong already.
                            let there = got.status;
                            let missing = running
                                .as_user(
                                    user,
                                    route.method.as_str(),
                                    &path
                                        .replace(&format!("/cases/{id}"), "/cases/99")
                                        .replace(&format!("/alerts/{alert_id}"), "/alerts/none")
                                        .replace(&format!("/people/{}", persons[at]), "/people/none"),
                                    body,
                                )
                                .await;
                            assert_eq!((there, &got.body), (missing.status, &missing.body), "{place}");
                            assert!([404, 422, 428].contains(&there), "{place}");
                        }
                        Policy::May(_) | Policy::SignedIn if of_nothing.iter().any(|one| route.path.contains(one)) => {
                            assert!([404, 422].contains(&got.status), "{place}")
                        }
                        Policy::May(Action::Read) if route.path.ends_with("/dossier") => {
                            assert_eq!(got.status, 404, "{place}: it came without one")
                        }
                        Policy::May(Action::Read) => assert_eq!(got.status, 200, "{place}"),
                        Policy::May(_) => assert!([200, 303, 403, 409, 412, 422, 428].contains(&got.status), "{place}"),
                        Policy::SignedIn if route.path.ends_with("/holds") => {
                            assert_eq!(got.status, if visible { 200 } else { 404 }, "{place}");
                        }
                        Policy::SignedIn => assert!([200, 303, 422].contains(&got.status), "{place}"),
                        Policy::Open => assert!([200, 303, 404].contains(&got.status), "{place}"),
                    }
                    for (other, name) in persons.iter().enumerate() {
                        if about_one && other != at {
                            assert!(!got.body.contains(&format!("{name} looked")), "{place}: names somebody of another case");
                        }
                    }
                    // Without anybody, and with a forged header: nothing but the sign-in.
                    if !matches!(route.policy, Policy::Open) {
                        let origin = format!("http://{}", running.address);
                        let forged = [
                            ("X-User", *user),
                            (PROXY_SECRET, "guessed"),
                            ("Origin", origin.as_str()),
                            ("Content-Type", "application/json"),
                        ];
                        assert_eq!(running.send(route.method.as_str(), &path, &forged, body).await.status, 401, "{place}");
                    }
                }
            }
        }
        assert_eq!(walked, ROUTES.len() * ACCOUNTS.len() * alerts.len());
        // The table itself, as it was reviewed: who may do what with which of the four cases.
        let reviewed = [
            ("li.na", Action::Read, [true, true, false, false]),
            ("li.na", Action::Judge, [true, false, false, false]),
            ("chen.lei", Action::Read, [true, true, true, true]),
            ("chen.lei", Action::Judge, [false, false, false, false]),
            ("chen.lei", Action::Countersign, [true, true, true, true]),
            ("wang.lead", Action::Read, [true, true, false, false]),
            ("north.lead", Action::Read, [true, false, true, false]),
            ("north.lead", Action::Assign, [true, false, true, false]),
            ("south.lead", Action::Read, [false, true, false, true]),
            ("zhao", Action::Read, [true, true, true, true]),
            ("zhao", Action::Note, [false, false, false, false]),
            ("qian", Action::Read, [false, false, false, false]),
            ("sun", Action::Read, [false, false, false, false]),
        ];
        for (user, action, wanted) in reviewed {
            let who = caller(&database, user).await;
            for (at, wanted) in wanted.into_iter().enumerate() {
                let mut read = database.read().await.expect("a connection");
                let case = leakwarden::desk::case::read(&mut read, at as i64 + 1).await.expect("read").expect("a case");
                assert_eq!(
                    who.may(action, &Subject { owner: case.owner.as_deref(), parties: &case.parties, reviewers: case.reviewers }),
                    wanted,
                    "{user} {action:?} case {}",
                    at + 1
                );
            }
        }
    });
}

#[test]
fn a_case_is_found_by_the_name_that_alerts_and_notifications_have_of_it() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        assert!(running.as_user("li.na", "GET", "/cases/case-E7", "").await.body.contains("Case 1"));
        assert_eq!(running.as_user("li.na", "GET", "/api/v1/cases/case-E7", "").await.status, 200);
        assert_eq!(running.as_user("li.na", "GET", "/cases/case-E8", "").await.status, 404);
    });
}

#[test]
fn no_page_goes_out_without_its_record_and_the_chain_tells_a_change() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("b1", "E8", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        assert_eq!(running.as_user("li.na", "GET", "/", "").await.status, 200);
        assert_eq!(running.as_user("li.na", "GET", "/cases/1", "").await.status, 200);
        assert_eq!(running.as_user("li.na", "GET", "/alerts/b1", "").await.status, 200);
        assert_eq!(running.as_user("li.na", "GET", "/cases/77", "").await.status, 404);
        let seen: Vec<(String, String, Vec<String>, i64)> =
            views(&database).await.into_iter().rev().map(|view| (view.viewer, view.page, view.persons, view.rows)).collect();
        let li = || "li.na".to_owned();
        assert_eq!(
            seen,
            [
                (li(), "today".to_owned(), vec![], 2),
                (li(), "case".to_owned(), vec!["E7".to_owned()], 1),
                (li(), "alert".to_owned(), vec!["E8".to_owned()], 1)
            ]
        );
        // They become access records that the service reads like any others.
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { decisions: None, views: Some(folder.path().join("views.jsonl")) };
        writers::step(&running.console, &files).await.expect("written");
        writers::step(&running.console, &files).await.expect("nothing is left");
        let text = std::fs::read_to_string(folder.path().join("views.jsonl")).expect("there");
        assert_eq!(text.lines().count(), 3, "{text}");
        let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).expect("a line")).expect("JSON");
        assert_eq!(
            (second["employee"].as_str(), second["system"].as_str(), second["subjects"][0].as_str()),
            (Some("E1"), Some("leakwarden"), Some("E7"))
        );
        // Somebody takes a name out of a record.
        let mut read = database.read().await.expect("a connection");
        assert_eq!(view_log::first_broken(&mut read).await.expect("read"), None);
        drop(read);
        let mut write = database.write().await.expect("its turn");
        sqlx::query("update view set persons = '[]' where number = 2").execute(&mut *write).await.expect("changed");
        write.commit().await.expect("kept");
        let mut read = database.read().await.expect("a connection");
        assert_eq!(view_log::first_broken(&mut read).await.expect("read"), Some(2), "{}", place.name);
        drop(read);
        assert!(running.as_user("zhao", "GET", "/views", "").await.body.contains("broken at record 2"));
        // Where it cannot be written down, nothing is shown.
        let mut write = database.write().await.expect("its turn");
        sqlx::query("alter table view rename to view_away").execute(&mut *write).await.expect("gone");
        write.commit().await.expect("kept");
        let got = running.as_user("li.na", "GET", "/cases/1", "").await;
        assert!(got.status == 503 && !got.body.contains("E7"), "{} {}", got.status, got.body);
    });
}

#[test]
fn hostile_names_act_on_no_page() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let evil = "<script>alert(1)</script>\u{202e}\"'><img src=x onerror=y>\n=HYPERLINK(1)";
        let mut hostile = Alert { unit: Some(evil.to_owned()), role: Some(evil.to_owned()), ..alert("a1", evil, 1, Severity::High) };
        hostile.related = vec![format!("{evil}2")];
        hostile.explanation = evil.to_owned();
        hostile.made_by.version = evil.to_owned();
        hostile.window = evil.to_owned();
        take(&database, &[hostile]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let chen = caller(&database, "chen.lei").await;
        work::note(&database, &chen, 1, evil, MORNING).await.expect("noted");
        let about = format!("/cases?state=any&about={}", leakwarden::console::form::encoded(evil));
        let person = format!("/people/{}", leakwarden::console::form::encoded(evil));
        for path in [
            "/",
            "/cases",
            about.as_str(),
            "/cases/1",
            "/alerts/a1",
            person.as_str(),
            "/coverage",
            "/quality",
            "/silences",
            "/deliveries",
            "/views",
            "/views?before=5",
        ] {
            let got = running.as_user("zhao", "GET", path, "").await;
            assert_eq!(got.status, 200, "{path}");
            // What one has asked for oneself stands in its field as it was typed.
            let typed = evil.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            let body = got
                .body
                .replace(&format!("value=\"{typed}\""), "")
                .replace("<script src=\"/keys.js\" defer></script>", "")
                .replace("<script src=\"/follow.js\" defer></script>", "");
            assert!(!body.contains("<script") && !body.contains("<img") && !body.contains('\u{202e}'), "{path}: {body}");
            let policy = got.header("content-security-policy").expect("a policy");
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && got.header("cache-control") == Some("no-store"),
                "{policy}"
            );
            assert!(!got.body.contains(" style=") && !got.body.contains(" onclick"), "{path} keeps to the policy");
        }
        let refused = running.as_user("zhao", "GET", "/cases?state=%3Cscript%3E", "").await;
        assert!(refused.status == 422 && !refused.body.contains("<script>"), "{}", refused.body);
    });
}

#[test]
fn a_request_of_another_page_or_host_changes_nothing() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let csrf = blake3::keyed_hash(blake3::hash(PROXY_SECRET_OF_TESTS.as_bytes()).as_bytes(), b"chen.lei").to_hex().to_string();
        let form = format!("csrf={csrf}&note=x");
        let own = format!("http://{}", running.address);
        let user = [(PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", "chen.lei"), ("Content-Type", "application/x-www-form-urlencoded")];
        let with = |more: &[(&'static str, &str)]| {
            user.iter().copied().chain(more.iter().copied()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect::<Vec<_>>()
        };
        for (more, body, status) in [
            (with(&[("Origin", "http://evil.example")]), form.as_str(), 403),
            (with(&[("Origin", "null")]), form.as_str(), 403),
            (with(&[("Sec-Fetch-Site", "cross-site")]), form.as_str(), 403),
            (with(&[("Origin", &own)]), "csrf=guessed&note=x", 403),
            (with(&[("Origin", &own)]), "note=x", 403),
            (with(&[("Host", "evil.example"), ("Origin", "http://evil.example")]), form.as_str(), 421),
            (with(&[("Origin", &own)]), form.as_str(), 303),
        ] {
            let headers: Vec<(&str, &str)> = more.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let got = running.send("POST", "/cases/1/notes", &headers, body).await;
            assert_eq!(got.status, status, "{headers:?} {body}: {}", got.body);
        }
        let mut read = database.read().await.expect("a connection");
        let notes =
            leakwarden::desk::case::entries(&mut read, 1).await.expect("read").into_iter().filter(|entry| entry.kind == "note").count();
        assert_eq!(notes, 1);
        // A name of the configuration is a host, with its own pages.
        let named = [(PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", "chen.lei"), ("Host", "desk.bank.example")];
        assert_eq!(running.send("GET", "/", &named, "").await.status, 200);
        // Two names of two proxies are nobody.
        let twice = [(PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", "chen.lei"), ("X-User", "li.na")];
        assert_eq!(running.send("GET", "/", &twice, "").await.status, 401);
    });
}

fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn people_sign_in_by_password_and_a_code_that_counts_once() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        let lead = [Grant { role: Role::Lead, unit: None }];
        let enrolment =
            account::add(&database, "chen.lei", "E2", Some(PASSWORD), &lead, MORNING).await.expect("added").expect("a second factor");
        let totp = Builder::new().with_secret(Secret::try_from_base32(&enrolment.secret).expect("Base32")).build().expect("a TOTP");
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::start(database.clone(), SignIn::Local).await;
        let own = format!("http://{}", running.address);
        let form = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let to_sign_in = running.send("GET", "/cases/1?x=y", &[], "").await;
        assert_eq!((to_sign_in.status, to_sign_in.header("location")), (303, Some("/sign-in?next=%2Fcases%2F1%3Fx%3Dy")));
        let code = totp.generate(unix()).to_string();
        let body = |password: &str, code: &str, next: &str| {
            format!("account=chen.lei&password={}&code={code}&next={next}", password.replace(' ', "+"))
        };
        for (password, code) in [("wrong password 1", code.as_str()), (PASSWORD, "000000"), (PASSWORD, "")] {
            let got = running.send("POST", "/sign-in", &form, &body(password, code, "")).await;
            assert!(got.status == 401 && got.header("set-cookie").is_none(), "{}", got.status);
        }
        let other = [("Origin", "http://evil.example"), form[1]];
        assert_eq!(running.send("POST", "/sign-in", &other, &body(PASSWORD, &code, "")).await.status, 403, "signed in by another site");
        let got = running.send("POST", "/sign-in", &form, &body(PASSWORD, &code, "%2F%2Fevil.example")).await;
        assert_eq!((got.status, got.header("location")), (303, Some("/")));
        let cookie = got.header("set-cookie").expect("a cookie").to_owned();
        for part in ["__Host-leakwarden=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(part) && !cookie.contains("Domain"), "{cookie}");
        }
        let cookie = cookie.split(';').next().expect("its value").to_owned();
        let again = running.send("POST", "/sign-in", &form, &body(PASSWORD, &code, "")).await;
        assert_eq!(again.status, 401, "the code was used");
        let page = running.send("GET", "/cases/1", &[("Cookie", &cookie)], "").await;
        assert!(page.status == 200 && page.body.contains("E7"));
        // What is stored is no cookie.
        let secret = cookie.split_once('=').expect("a value").1;
        let mut read = database.read().await.expect("a connection");
        let stored: String = sqlx::Row::get(&sqlx::query("select hash from session").fetch_one(&mut *read).await.expect("one"), 0);
        drop(read);
        assert_ne!(stored, secret);
        assert_eq!(running.send("GET", "/cases/1", &[("Cookie", &format!("__Host-leakwarden={stored}"))], "").await.status, 303);
        let both = format!("{cookie}; {cookie}");
        assert_eq!(running.send("GET", "/cases/1", &[("Cookie", &both)], "").await.status, 303, "which of two?");
        // Signing out ends it, for that cookie too.
        let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
        let signed = [form[0], form[1], ("Cookie", cookie.as_str())];
        assert_eq!(running.send("POST", "/sign-out", &signed, &format!("csrf={csrf}")).await.status, 303);
        assert_eq!(running.send("GET", "/cases/1", &[("Cookie", &cookie)], "").await.status, 303);
        // What somebody wrote for longer than the session lasted is shown to them beside the form to sign in, and to no page of another site.
        let wrote = "text=asked+the+branch+%3Cb%3E+twice&verdict=unclear";
        let late = running.send("POST", "/cases/1/verdicts", &signed, wrote).await;
        let signs_in_again = late.body.contains("name=\"next\" value=\"/cases/1\"") && late.body.contains("name=\"password\"");
        assert!(late.status == 401 && signs_in_again && late.body.contains("asked the branch &lt;b&gt; twice"), "{}", late.body);
        assert_eq!(running.send("POST", "/cases/1/verdicts", &form, wrote).await.status, 303, "nobody was signed in");
        let elsewhere = [("Origin", "http://evil.example"), form[1], ("Cookie", cookie.as_str())];
        assert_eq!(running.send("POST", "/cases/1/verdicts", &elsewhere, wrote).await.status, 303);
        // Whoever guesses waits, and keeps nobody out who comes from elsewhere: the proxy on this machine says from where.
        let from = |address: &'static str| [form[0], form[1], ("X-Forwarded-For", address)];
        for _ in 0..9 {
            running.send("POST", "/sign-in", &from("203.0.113.9"), &body("wrong password 1", "000000", "")).await;
        }
        let next = totp.generate(unix() + 30).to_string();
        let guessed = running.send("POST", "/sign-in", &from("203.0.113.9"), &body(PASSWORD, &next, "")).await;
        assert_eq!(guessed.status, 401, "it waits, right or not");
        let spoofed = running.send("POST", "/sign-in", &from("198.51.100.1, 203.0.113.9"), &body(PASSWORD, &next, "")).await;
        assert_eq!(spoofed.status, 401, "what stands before the proxy's word is the sender's own");
        assert_eq!(running.send("POST", "/sign-in", &from("198.51.100.1"), &body(PASSWORD, &next, "")).await.status, 303);
    });
}

#[test]
fn sessions_end_by_silence_by_age_and_with_their_account() {
    use leakwarden::desk::session::{self, Use};
    use leakwarden::model::time::{MINUTE_MS, Timestamp};
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let found = async |secret: &str, by: Use, at: i64| {
            session::find(&database, &people(), secret, by, Timestamp(MORNING.0 + at * MINUTE_MS)).await.expect("read").is_some()
        };
        let find = async |secret: &str, at: i64| found(secret, Use::ByPerson, at).await;
        let secret = session::begin(&database, "li.na", MORNING).await.expect("begun");
        assert!(found(&secret, Use::ByItself, 7).await && found(&secret, Use::ByItself, 14).await);
        assert!(!found(&secret, Use::ByItself, 15).await && !find(&secret, 15).await, "a page that is left open keeps nobody signed in");
        let secret = session::begin(&database, "li.na", MORNING).await.expect("begun");
        assert!(find(&secret, 14).await && find(&secret, 28).await && !find(&secret, 43).await, "{}", place.name);
        let secret = session::begin(&database, "li.na", MORNING).await.expect("begun");
        let mut at = 0;
        while at < 479 {
            assert!(find(&secret, at).await, "{at}");
            at += 10;
        }
        assert!(!find(&secret, 480).await, "eight hours are over");
        let secret = session::begin(&database, "li.na", MORNING).await.expect("begun");
        account::disable(&database, "li.na", true).await.expect("disabled");
        account::disable(&database, "li.na", false).await.expect("enabled");
        assert!(!find(&secret, 0).await, "whoever was signed in is signed out");
    });
}

#[test]
fn a_case_is_taken_judged_and_countersigned_over_http() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::Critical)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let today = running.as_user("li.na", "GET", "/", "").await;
        assert!(today.body.contains("/cases/1") && today.body.contains("Budget 3 a day"), "{}", today.body);
        assert_eq!(running.as_user("li.na", "POST", "/cases/1/assignment", "owner=li.na").await.status, 303);
        // A revision settles while the page is open.
        take(&database, &[alert("a1", "E7", 2, Severity::Critical)]).await;
        let stale = running.as_user("li.na", "POST", "/cases/1/verdicts", "verdict=innocent&reason=batch&text=asked&cite=a1%3A1").await;
        assert!(stale.status == 409 && stale.body.contains("a1: revision 2"), "{}", stale.body);
        let page = running.as_user("li.na", "GET", "/cases/1", "").await;
        assert!(page.body.contains("value=\"a1:2\""), "{}", page.body);
        assert_eq!(
            running.as_user("li.na", "POST", "/cases/1/verdicts", "verdict=innocent&reason=batch&text=asked&cite=a1%3A2").await.status,
            303
        );
        let read = running.as_user("chen.lei", "GET", "/api/v1/cases/1", "").await;
        let case: serde_json::Value = serde_json::from_str(&read.body).expect("JSON");
        assert_eq!((case["state"].as_str(), case["cites"]["a1"].as_i64()), (Some("proposed"), Some(2)));
        assert_eq!(read.header("etag"), Some(format!("\"{}\"", case["version"]).as_str()));
        let own = running.as_user("li.na", "POST", "/cases/1/countersignature", &format!("agrees=yes&entry={}", case["proposal"])).await;
        assert_eq!(own.status, 404, "an investigator countersigns nothing");
        let body = format!("{{\"agrees\":true,\"entry\":{}}}", case["proposal"]);
        let version = case["version"].as_i64().expect("a version");
        let stale = running.once("chen.lei", "POST", "/api/v1/cases/1/countersignature", &body, version - 1, "k").await;
        assert_eq!(stale.status, 412, "{}", stale.body);
        let closed = running.once("chen.lei", "POST", "/api/v1/cases/1/countersignature", &body, version, "k").await;
        let case: serde_json::Value = serde_json::from_str(&closed.body).expect("JSON");
        assert_eq!(
            (closed.status, case["state"].as_str(), case["verdict"].as_str()),
            (200, Some("closed"), Some("innocent")),
            "{}",
            closed.body
        );
        // And the decision is in the file for the engine.
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { decisions: Some(DecisionsTo::File(folder.path().join("decisions.jsonl"))), views: None };
        writers::step(&running.console, &files).await.expect("written");
        let text = std::fs::read_to_string(folder.path().join("decisions.jsonl")).expect("there");
        let kinds: Vec<String> =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["kind"].to_string()).collect();
        assert_eq!(kinds, ["\"assignment\"", "\"verdict\"", "\"end\""], "{text}");
        assert!(!text.contains("asked"), "words stay in the database");
        // Errors of the API name place, rule and value.
        let wrong = running.as_user("chen.lei", "GET", "/api/v1/cases?state=lost", "").await;
        let wrong_body: serde_json::Value = serde_json::from_str(&wrong.body).expect("JSON");
        assert_eq!((wrong.status, wrong_body["place"].as_str(), wrong_body["value"].as_str()), (422, Some("state"), Some("lost")));
        assert_eq!(wrong.header("content-type"), Some("application/problem+json"));
    });
}
