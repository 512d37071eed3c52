//! Whose pseudonyms they are: asked, agreed to by somebody else, found again at the source, shown for a day, in no table. And holds.

use crate::common::databases::on_each;
use crate::common::dossier::dossier_of_looks;
use crate::company::{MORNING, alert, caller, later, people, staffed};
use crate::console::on_sqlite;
use crate::requests::finding;
use leakwarden::database::Database;
use leakwarden::desk::unmask::{self, Finder, Found, Places, UnmaskState};
use leakwarden::desk::{DeskError, LIVE, hold, ingest, work};
use leakwarden::model::alert::Alert;
use leakwarden::model::dossier::{AlertWithDossier, Dossier};
use leakwarden::model::keys::Keys;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::DAY_MS;
use leakwarden::pipeline::identities::{Identified, Sources};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub fn keys() -> Keys {
    Keys::from_secret(b"a secret of the test")
}

pub fn pseudonym(id: &str) -> String {
    let keys = keys();
    keys.published(keys.subject("", id))
}

/// What an alert saw of people: each on a line of its own of a log, the second, the fourth and so on.
pub fn dossier(of: &Alert, pseudonyms: &[String]) -> Dossier {
    let looks: Vec<(String, u64)> = pseudonyms.iter().cloned().zip((2..).step_by(2)).collect();
    dossier_of_looks(of, MORNING, "crm.log", &looks)
}

/// One alert about E7, who looked at two people on lines 2 and 4 of a log.
pub async fn seen(database: &Database) {
    let alert = Arc::new(alert("a1", "E7", 1, Severity::High));
    let dossier = Arc::new(dossier(&alert, &[pseudonym("C-1"), pseudonym("C-2")]));
    let told = AlertWithDossier { alert, dossier: Some(dossier) };
    ingest::take(database, &people(), LIVE, &[told], MORNING).await.expect("taken in");
}

#[test]
fn two_people_and_a_day_stand_between_a_pseudonym_and_a_name() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        let (li, chen, qian) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await, caller(&database, "qian").await);
        let names = [pseudonym("C-1")];
        // A case of one's own, a purpose, pseudonyms that its alerts name, not too many of them.
        let free = unmask::ask(&database, &li, 1, "call back", &names, None, MORNING).await;
        assert!(matches!(free, Err(DeskError::NotAllowed(_))), "{}: {free:?}", place.name);
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given");
        for (purpose, names) in
            [("", names.to_vec()), ("x", vec![]), ("x", vec![pseudonym("C-3")]), ("x", (0..51).map(|n| n.to_string()).collect())]
        {
            let refused = unmask::ask(&database, &li, 1, purpose, &names, None, MORNING).await;
            assert!(matches!(refused, Err(DeskError::Refused { .. })), "{}: {purpose:?} {names:?}", place.name);
        }
        let asked = unmask::ask(&database, &li, 1, "whom to warn", &names, None, MORNING).await.expect("asked");
        let live = async |who: &leakwarden::desk::rights::Caller, at| {
            let mut read = database.read().await.expect("a connection");
            unmask::live(&mut read, who, asked.id, at).await
        };
        assert!(matches!(live(&li, MORNING).await, Err(DeskError::State { .. })), "nobody has agreed yet");
        // Neither who asked, nor a lead, nor somebody without the role agrees.
        for other in [&li, &chen] {
            assert_eq!(
                unmask::decide(&database, &people(), other, asked.id, true, MORNING).await,
                Err(DeskError::NotFound),
                "{}",
                place.name
            );
        }
        let approved = unmask::decide(&database, &people(), &qian, asked.id, true, later(1)).await.expect("agreed");
        assert_eq!((approved.state, approved.expires_at.map(|at| at.0)), (UnmaskState::Approved, Some(later(1).0 + DAY_MS)));
        assert!(unmask::decide(&database, &people(), &qian, asked.id, false, later(2)).await.is_err(), "once");
        let (_, places) = live(&li, later(2)).await.expect("live");
        assert_eq!(places, Places::from([("crm.log".to_owned(), BTreeSet::from([2]))]), "of whom it was asked, and of nobody else");
        for other in [&chen, &qian] {
            assert_eq!(live(other, later(2)).await.err(), Some(DeskError::NotFound), "shown to whoever asked alone");
        }
        assert!(matches!(live(&li, later(24 * 60 + 2)).await, Err(DeskError::State { state: "over", .. })), "{}", place.name);
        // The case is given away: the grant is of no use.
        work::assign(&database, &people(), &chen, 1, None, None, later(3)).await.expect("taken back");
        assert_eq!(live(&li, later(4)).await.err(), Some(DeskError::NotFound));
    });
}

#[test]
fn a_data_protection_officer_decides_nothing_about_themselves_or_their_line() {
    on_each(|place| async move {
        use leakwarden::desk::account;
        use leakwarden::desk::rights::{Grant, Role};
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        // E90 is above Li Na, and E1 above E3; E7 is whom the case is about.
        for (name, employee) in [("boss", "E90"), ("herself", "E7")] {
            account::add(&database, name, employee, None, &[Grant { role: Role::Dpo, unit: None }], MORNING).await.expect("added");
        }
        let (li, chen) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await);
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given");
        let asked = unmask::ask(&database, &li, 1, "whom to warn", &[pseudonym("C-2")], None, MORNING).await.expect("asked");
        let boss = caller(&database, "boss").await;
        let refused = unmask::decide(&database, &people(), &boss, asked.id, true, MORNING).await;
        assert!(matches!(refused, Err(DeskError::NotAllowed(_))), "{}: {refused:?}", place.name);
        let herself = caller(&database, "herself").await;
        assert_eq!(unmask::decide(&database, &people(), &herself, asked.id, true, MORNING).await, Err(DeskError::NotFound));
        let mut read = database.read().await.expect("a connection");
        assert!(unmask::list(&mut read, &herself).await.expect("read").is_empty());
    });
}

pub struct AtTheSource(pub Sources);

impl Finder for AtTheSource {
    fn find(&self, places: &Places, pseudonyms: &BTreeSet<String>) -> Result<Found, String> {
        let Identified { identities, places_there } = self.0.find(places, pseudonyms);
        Ok(Found { identities, places_there })
    }
}

/// Whether a text stands in any column of any table of a SQLite file, or of its journal.
pub fn stands_in(folder: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("listed").flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains(".sqlite"));
    let texts: Vec<Vec<u8>> = files.map(|path| std::fs::read(path).expect("read")).collect();
    assert!(!texts.is_empty(), "no database in {}", folder.display());
    texts.iter().any(|bytes| memchr_of(bytes, text.as_bytes()))
}

fn memchr_of(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn identities_are_found_at_the_source_shown_and_stored_nowhere() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        let logs = tempfile::tempdir().expect("a folder");
        let running = finding(&database, logs.path()).await;
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given");
        let version = |body: &str| serde_json::from_str::<serde_json::Value>(body).expect("JSON")["version"].as_i64().expect("a version");
        let now = version(&running.as_user("li.na", "GET", "/api/v1/cases/1", "").await.body);
        let body = format!("{{\"purpose\":\"whom to warn\",\"pseudonyms\":\"{} {}\"}}", pseudonym("C-1"), pseudonym("C-2"));
        let asked = running.once("li.na", "POST", "/api/v1/cases/1/unmaskings", &body, now, "u1").await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        assert_eq!(running.as_user("li.na", "GET", "/api/v1/unmaskings/1/identities", "").await.status, 409, "nobody has agreed");
        assert_eq!(running.once("chen.lei", "POST", "/api/v1/unmaskings/1/approval", "{\"agrees\":true}", 1, "u2").await.status, 404);
        let agreed = running.once("qian", "POST", "/api/v1/unmaskings/1/approval", "{\"agrees\":true}", 1, "u3").await;
        assert!(agreed.status == 200 && !agreed.body.contains("C-1"), "{}", agreed.body);
        let shown = running.as_user("li.na", "GET", "/api/v1/unmaskings/1/identities", "").await;
        let found: serde_json::Value = serde_json::from_str(&shown.body).expect("JSON");
        assert_eq!(found["identities"][pseudonym("C-1")][0], "C-1", "{}", shown.body);
        assert_eq!((&found["places"], &found["places_there"]), (&2.into(), &2.into()), "{}", shown.body);
        for other in ["chen.lei", "qian", "zhao"] {
            assert_eq!(running.as_user(other, "GET", "/api/v1/unmaskings/1/identities", "").await.status, 404, "{other}");
        }
        // Where the log is gone, it says so.
        std::fs::remove_file(logs.path().join("crm.log")).expect("gone");
        let gone: serde_json::Value =
            serde_json::from_str(&running.as_user("li.na", "GET", "/api/v1/unmaskings/1/identities", "").await.body).expect("JSON");
        assert_eq!((gone["identities"].as_object().map(serde_json::Map::len), &gone["places_there"]), (Some(0), &0.into()));
        let file = place.location.file().expect("SQLite").to_owned();
        assert!(stands_in(file.parent().expect("a folder"), &pseudonym("C-1")), "the search finds what is stored");
        for id in ["\"C-1\"", "C-2\""] {
            assert!(!stands_in(file.parent().expect("a folder"), id), "{id} is stored");
        }
    });
}

#[test]
fn a_hold_is_set_by_a_lead_and_lifted_by_a_data_protection_officer() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        seen(&database).await;
        let (li, chen, qian) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await, caller(&database, "qian").await);
        assert_eq!(hold::set(&database, &li, 1, "court", MORNING).await.err(), Some(DeskError::NotFound), "{}", place.name);
        let set = hold::set(&database, &chen, 1, "court", MORNING).await.expect("set");
        assert_eq!(hold::lift(&database, &chen, set.id, 1, later(1)).await.err(), Some(DeskError::NotFound));
        assert_eq!(hold::lift(&database, &qian, set.id, 2, later(1)).await.err(), Some(DeskError::Changed { now: 1 }));
        assert!(hold::lift(&database, &qian, set.id, 1, later(1)).await.expect("lifted").lifted.is_some());
        assert!(matches!(hold::lift(&database, &qian, set.id, 2, later(1)).await, Err(DeskError::State { .. })));
        let mut read = database.read().await.expect("a connection");
        assert_eq!(hold::of_case(&mut read, &qian, 1).await.expect("read").1.len(), 1, "{}", place.name);
    });
}
