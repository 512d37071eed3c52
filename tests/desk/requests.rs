//! Identities and holds on pages, without script: asked for, agreed to by somebody else, shown after signing in anew, over after a day.

use crate::common::databases::on_each;
use crate::company::{MORNING, PASSWORD, alert, caller, later, people, staffed, take};
use crate::console::{Got, Running, on_sqlite};
use crate::unmasking::{AtTheSource, keys, pseudonym, seen, stands_in};
use leakwarden::console::settings::SignIn;
use leakwarden::database::Database;
use leakwarden::desk::rights::{Grant, Role};
use leakwarden::desk::unmask::{self, SHOWN_MS};
use leakwarden::desk::{account, session, view_log, work};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use leakwarden::pipeline::identities::Sources;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A console that finds identities in a log of four lines.
pub async fn finding(database: &Database, folder: &std::path::Path) -> Running {
    let line = |id: &str| format!("{{\"time\":\"2026-03-02T08:34:05Z\",\"subjects\":[\"{id}\"]}}\n");
    std::fs::write(folder.join("crm.log"), [line("C-9"), line("C-1"), line("C-8"), line("C-2")].concat()).expect("written");
    let sources = Sources { globs: vec![format!("{}/crm.log", folder.display())], keys: keys(), spaces: vec![] };
    Running::with_finder(database.clone(), Arc::new(AtTheSource(sources))).await
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64)
}

#[test]
fn two_people_agree_on_pages_and_what_is_shown_is_kept_nowhere() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        let logs = tempfile::tempdir().expect("a folder");
        let running = finding(&database, logs.path()).await;
        let get = async |user: &str, path: &str| running.as_user(user, "GET", path, "").await;
        let post = async |user: &str, path: &str, body: &str| running.as_user(user, "POST", path, body).await;
        // Whoever does not work on it cannot ask, and the case says where one does.
        assert_eq!(get("li.na", "/cases/1/unmaskings").await.status, 403);
        assert_eq!(post("li.na", "/cases/1/assignment", "owner=li.na").await.status, 303);
        assert!(get("li.na", "/cases/1").await.body.contains("href=\"/cases/1/unmaskings\""));
        let form = get("li.na", "/cases/1/unmaskings").await.body;
        let names = [pseudonym("C-1"), pseudonym("C-2")];
        assert!(names.iter().all(|name| form.contains(&format!("value=\"{name}\""))) && form.contains("name=\"version\""), "{form}");
        let version = form.split("name=\"version\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
        let ask = |purpose: &str| format!("version={version}&purpose={purpose}&pseudonym={}&pseudonym={}", names[0], names[1]);
        assert_eq!(post("li.na", "/cases/1/unmaskings", &ask("")).await.status, 422);
        assert_eq!(post("li.na", "/cases/1/unmaskings", &format!("purpose=x&pseudonym={}", pseudonym("C-3"))).await.status, 422);
        let asked = post("li.na", "/cases/1/unmaskings", &ask("whom+to+warn")).await;
        assert_eq!((asked.status, asked.header("location")), (303, Some("/unmaskings/1")), "{}", asked.body);
        // Nobody sees it but who asked, data protection officers and auditors; nobody agrees but a second person.
        for (user, status) in [("li.na", 200), ("qian", 200), ("zhao", 200), ("chen.lei", 404), ("sun", 404)] {
            assert_eq!(get(user, "/unmaskings/1").await.status, status, "{user}");
            assert_eq!(get(user, "/unmaskings").await.body.contains("href=\"/unmaskings/1\""), status == 200, "{user}");
        }
        for user in ["li.na", "chen.lei", "zhao", "sun"] {
            assert!(!get(user, "/unmaskings/1").await.body.contains("/approval"), "{user}");
            assert_eq!(post(user, "/unmaskings/1/approval", "agrees=yes").await.status, 404, "{user}");
        }
        assert_eq!(get("li.na", "/unmaskings/1/identities").await.status, 409, "nobody has agreed");
        assert!(get("qian", "/unmaskings/1").await.body.contains("action=\"/unmaskings/1/approval\""));
        assert_eq!(post("qian", "/unmaskings/1/approval", "").await.status, 422);
        assert_eq!(post("qian", "/unmaskings/1/approval", "agrees=yes").await.status, 303);
        assert_eq!(post("qian", "/unmaskings/1/approval", "agrees=no").await.status, 409, "once");
        assert!(get("li.na", "/unmaskings/1").await.body.contains("href=\"/unmaskings/1/identities\""));
        let shown = get("li.na", "/unmaskings/1/identities").await;
        assert!(shown.status == 200 && shown.body.contains("<bdi>C-1</bdi>") && shown.body.contains("<bdi>C-2</bdi>"), "{}", shown.body);
        assert!(shown.body.contains("2 of the 2 lines") && shown.header("cache-control") == Some("no-store"), "{}", shown.body);
        for user in ["chen.lei", "qian", "zhao", "sun"] {
            let got = get(user, "/unmaskings/1/identities").await;
            assert!(got.status == 404 && !got.body.contains("C-1"), "{user}");
        }
        // Each of these was written down, by pseudonym; the identity stands nowhere.
        let mut read = database.read().await.expect("a connection");
        let views = view_log::newest(&mut read, Some("li.na"), i64::MAX, 100).await.expect("read");
        drop(read);
        let told = views.iter().find(|view| view.page == "identities").expect("a record");
        assert!(told.object == "1" && told.persons.len() == 2 && names.iter().all(|name| told.persons.contains(name)), "{told:?}");
        assert!(views.iter().any(|view| view.page == "pseudonyms" && view.object == "1" && view.persons == ["E7"]), "{views:?}");
        let file = place.location.file().expect("SQLite").to_owned();
        assert!(stands_in(file.parent().expect("a folder"), &names[0]), "the search finds what is stored");
        for id in [">C-1<", "\"C-1\"", "\"C-2\""] {
            assert!(!stands_in(file.parent().expect("a folder"), id), "{id} is stored");
        }
        // The case says what was done, in both languages.
        let case = get("li.na", "/cases/1").await.body;
        assert!(case.contains("asked for identities") && case.contains("whom to warn") && case.contains("agreed to"), "{case}");
        // A day later it is over.
        let mut write = database.write().await.expect("its turn");
        let past = now().0 - SHOWN_MS - MINUTE_MS;
        sqlx::query("update unmasking set decided_at = $1, expires_at = $2")
            .bind(past)
            .bind(past + SHOWN_MS)
            .execute(&mut *write)
            .await
            .expect("set");
        write.commit().await.expect("kept");
        let over = get("li.na", "/unmaskings/1/identities").await;
        assert!(over.status == 409 && !over.body.contains("C-1"), "{}", over.body);
        let page = get("li.na", "/unmaskings/1").await.body;
        assert!(page.contains("agreed to, and over") && !page.contains("/identities\""), "{page}");
    });
}

#[test]
fn identities_ask_for_a_fresh_sign_in() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        account::add(&database, "wu", "E12", Some(PASSWORD), &[Grant { role: Role::Investigator, unit: None }], MORNING)
            .await
            .expect("added");
        let (chen, qian) = (caller(&database, "chen.lei").await, caller(&database, "qian").await);
        work::assign(&database, &people(), &chen, 1, Some("wu"), None, MORNING).await.expect("given");
        let wu = caller(&database, "wu").await;
        let asked = unmask::ask(&database, &wu, 1, "whom to warn", &[pseudonym("C-1")], None, now()).await.expect("asked");
        unmask::decide(&database, &people(), &qian, asked.id, true, now()).await.expect("agreed");
        let running = Running::start(database.clone(), SignIn::PasswordAlone).await;
        let with = async |secret: &str, method: &str, path: &str, body: &str| -> Got {
            let (cookie, origin) = (format!("__Host-leakwarden={secret}"), format!("http://{}", running.address));
            let headers = [("Cookie", cookie.as_str()), ("Origin", origin.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
            running.send(method, path, &headers, body).await
        };
        let begun = session::begin(&database, "wu", Timestamp(now().0 - 14 * MINUTE_MS)).await.expect("begun");
        assert_eq!(with(&begun, "GET", "/unmaskings/1", "").await.status, 200, "it is used, and does not end by silence");
        let mut write = database.write().await.expect("its turn");
        sqlx::query("update session set created_at = created_at - 60001").execute(&mut *write).await.expect("older");
        write.commit().await.expect("kept");
        let again = with(&begun, "GET", "/unmaskings/1/identities", "").await;
        let link = "/sign-in?again=yes&amp;next=%2Funmaskings%2F1%2Fidentities";
        assert!(again.status == 403 && again.body.contains(link), "{} {}", again.status, again.body);
        let form = with(&begun, "GET", "/sign-in?again=yes&next=%2Funmaskings%2F1%2Fidentities", "").await.body;
        let csrf = form.split("action=\"/sign-in\"").nth(1).and_then(|rest| rest.split("name=\"csrf\" value=\"").nth(1));
        let csrf = csrf.and_then(|rest| rest.split('"').next()).expect("the form's token");
        let body =
            |password: &str| format!("csrf={csrf}&account=wu&password={}&next=%2Funmaskings%2F1%2Fidentities", password.replace(' ', "+"));
        assert_eq!(with(&begun, "POST", "/sign-in", &body("not it at all")).await.status, 401);
        let entered = with(&begun, "POST", "/sign-in", &body(PASSWORD)).await;
        assert_eq!((entered.status, entered.header("location")), (303, Some("/unmaskings/1/identities")), "{}", entered.body);
        assert_eq!(with(&begun, "GET", "/unmaskings/1", "").await.status, 303, "the session of before is over");
        let secret = entered.header("set-cookie").and_then(|cookie| cookie.split(['=', ';']).nth(1)).expect("a cookie").to_owned();
        // This console has no sources: that is what it says now, and no longer that one must sign in.
        let shown = with(&secret, "GET", "/unmaskings/1/identities", "").await;
        assert!(shown.status == 403 && shown.body.contains("neither the key nor the sources"), "{}", shown.body);
    });
}

#[test]
fn a_hold_is_asked_for_set_and_lifted_on_pages() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("b1", "E1", 1, Severity::High)]).await;
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, later(1)).await.expect("given");
        let running = Running::behind_a_proxy(database.clone()).await;
        let get = async |user: &str, path: &str| running.as_user(user, "GET", path, "").await;
        let post = async |user: &str, path: &str, body: &str| running.as_user(user, "POST", path, body).await;
        assert_eq!(post("li.na", "/cases/1/holds", "reason=").await.status, 422);
        let asked = post("li.na", "/cases/1/holds", "reason=a+court+asked").await;
        assert_eq!((asked.status, asked.header("location")), (303, Some("/cases/1/holds")), "{}", asked.body);
        let page = get("li.na", "/cases/1/holds").await.body;
        assert!(
            page.contains("a court asked") && page.contains("asked for: keeps") && !page.contains("/decision"),
            "{}: {page}",
            place.name
        );
        assert!(get("li.na", "/cases/1").await.body.contains("A hold keeps this case"), "{}", place.name);
        // It is for a lead or a data protection officer, who need not read the case.
        for (user, status) in [("li.na", 404), ("zhao", 404), ("sun", 404), ("south.lead", 404)] {
            assert_eq!(post(user, "/holds/1/decision", "version=1&agrees=yes").await.status, status, "{user}");
        }
        assert!(get("qian", "/unmaskings").await.body.contains("action=\"/holds/1/decision\""));
        assert_eq!(post("qian", "/holds/1/lifting", "version=1").await.status, 409, "it is not set yet");
        assert_eq!(post("qian", "/holds/1/decision", "version=2&agrees=yes").await.status, 412);
        assert_eq!(post("qian", "/holds/1/decision", "version=1&agrees=yes").await.status, 303);
        assert_eq!(post("chen.lei", "/holds/1/lifting", "version=2").await.status, 404, "a lead lifts none");
        assert_eq!(post("qian", "/holds/1/lifting", "version=2").await.status, 303);
        assert!(get("zhao", "/cases/1/holds").await.body.contains("lifted: <bdi>qian</bdi>"), "auditors see it");
        assert!(!get("li.na", "/cases/1").await.body.contains("A hold keeps this case"));
        // A lead's is set at once; one that was asked for may be declined.
        assert_eq!(post("chen.lei", "/cases/1/holds", "reason=lawyers").await.status, 303);
        assert!(get("chen.lei", "/cases/1/holds").await.body.contains("keeps the case"));
        assert_eq!(post("li.na", "/cases/1/holds", "reason=me+too").await.status, 303);
        assert_eq!(post("chen.lei", "/holds/3/decision", "version=1&agrees=no").await.status, 303);
        assert!(get("li.na", "/cases/1/holds").await.body.contains("not set"));
        // Case 2 is about E1, who is Li Na: neither she nor whom she manages knows of it.
        assert_eq!(post("chen.lei", "/cases/2/holds", "reason=lawyers").await.status, 303);
        for user in ["li.na", "wang.lead"] {
            assert_eq!(get(user, "/cases/2/holds").await.status, 404, "{user}");
            assert!(!get(user, "/unmaskings").await.body.contains("/cases/2/holds"), "{user}");
        }
        let did = get("li.na", "/cases/1").await.body;
        for words in ["asked for a hold", "set a hold", "lifted the hold", "did not set the hold"] {
            assert!(did.contains(words), "{words}: {did}");
        }
        // A list and the page of a case are views with records.
        let mut read = database.read().await.expect("a connection");
        let views = view_log::newest(&mut read, None, i64::MAX, 100).await.expect("read");
        for page in ["unmaskings", "holds"] {
            assert!(views.iter().any(|view| view.page == page), "{page}");
        }
    });
}
