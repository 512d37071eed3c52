//! Routes × roles × relations, all of it: what came of each is held against a table that people have read, `docs/operate/routes.md`. A route
//! that is not in it, or answers otherwise, fails; `LEAKWARDEN_BLESS=1` writes what is, for its lines to be read before they are kept.

use crate::common::databases::Place;
use crate::company::{MORNING, alert};
use crate::console::Running;
use leakwarden::console::routes::{Policy, ROUTES, Route};
use leakwarden::database::{Database, Location};
use leakwarden::desk::ingest::{self, Intake};
use leakwarden::desk::people::People;
use leakwarden::desk::rights::{Caller, Grant, Role};
use leakwarden::desk::token::Scope;
use leakwarden::desk::unmask::{Finder, Found, Places};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{LIVE, account, case, explanation, hold, silence, token};
use leakwarden::model::alert::{Alert, SourceRange};
use leakwarden::model::decision::{ExplanationReason, MatchedField, Matcher, SilenceReason, VerdictOutcome, VerdictReason};
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, Span, Timestamp};
use leakwarden::notify::outbox::Outbox;
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who asks, with the heading of their column: each is an employee whose manager is `boss`.
const STAFF: [(&str, &str, Role, Option<&str>); 6] = [
    ("investigator", "E1", Role::Investigator, None),
    ("lead", "E2", Role::Lead, None),
    ("lead.of.north", "E3", Role::Lead, Some("north")),
    ("DPO", "E4", Role::Dpo, None),
    ("operator", "E5", Role::Operator, None),
    ("auditor", "E6", Role::Auditor, None),
];
const BOSS: &str = "boss-of-all";
/// Whoever else has cases, and set up what is asked about.
const OTHER: &str = "somebody.else";

/// How a case stands to whoever asks, in the order of the table's characters. Its number is the case's.
const RELATIONS: [&str; 8] = [
    "given to whoever asks",
    "given to nobody",
    "given to somebody else",
    "of another unit, given to nobody",
    "about whoever asks",
    "about their manager",
    "about what a reviewer looked at, given to nobody",
    "not there",
];
const NONE: usize = 8;

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64)
}

/// In which state cases must be for the route to do anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    Proposed,
    Closed,
}

fn stage(path: &str) -> Stage {
    match path.rsplit('/').next() {
        Some("countersignature") => Stage::Proposed,
        Some("reopening") => Stage::Closed,
        _ => Stage::Open,
    }
}

fn person(relation: usize, employee: &str) -> String {
    match relation {
        5 => employee.to_owned(),
        6 => BOSS.to_owned(),
        other => format!("teller-{other}"),
    }
}

/// Whoever may set everything up.
fn all_rights() -> Caller {
    let grants = [Role::Lead, Role::Dpo].map(|role| Grant { role, unit: None }).to_vec();
    Caller { account: OTHER.to_owned(), employee: "E99".to_owned(), grants, hidden: BTreeSet::new() }
}

/// The seven cases, with a silence, an explanation, two requests for identities, a hold and a token beside each, of the same number.
async fn world(place: &Location, who: &(&str, &str, Role, Option<&str>), stage: Stage) {
    let (name, employee, role, unit) = *who;
    let database = Database::open(place).await.expect("opened");
    account::add(&database, name, employee, None, &[Grant { role, unit: unit.map(str::to_owned) }], MORNING).await.expect("added");
    let of_other = [Grant { role: Role::Lead, unit: None }];
    account::add(&database, OTHER, "E99", None, &of_other, MORNING).await.expect("added");
    let (other, people, outbox) = (all_rights(), people(), Outbox::default());
    for relation in 1..NONE {
        let whom = person(relation, employee);
        let mut of = alert(&format!("a{relation}"), &whom, 1, Severity::Medium);
        of.unit = Some(if relation == 4 { "south" } else { "north" }.to_owned());
        if relation == 7 {
            of.evidence.sources = vec![SourceRange { source: "views.jsonl".to_owned(), first: 1, last: 9 }];
        }
        let told = Arc::new(Alert { explanation: format!("{whom} looked"), ..of });
        let told = [AlertWithDossier { dossier: Some(Arc::new(crate::unmasking::dossier(&told, &["ab12".to_owned()]))), alert: told }];
        let views = BTreeSet::from(["views.jsonl".to_owned()]);
        let intake = Intake { people: &people, outbox: &outbox, views: &views };
        ingest::take_and_tell(&database, intake, LIVE, &told, MORNING).await.expect("taken in");
        let id = relation as i64;
        let given = |owner: Option<&'static str>| {
            let database = database.clone();
            async move { change(&database, "update case_file set owner = $2 where id = $1", id, owner).await }
        };
        let said = match stage {
            Stage::Open => None,
            Stage::Proposed => Some((VerdictOutcome::Confirmed, VerdictReason::NoReasonFound)),
            Stage::Closed => Some((VerdictOutcome::Unclear, VerdictReason::NobodyToAsk)),
        };
        if let Some((outcome, reason)) = said {
            given(Some(OTHER)).await;
            let cites = BTreeMap::from([(format!("a{relation}"), 1)]);
            let verdict = Verdict { outcome, reason, text: "looked".to_owned(), cites };
            verdict::give(&database, &other, id, &verdict, None, MORNING).await.expect("judged");
        }
        let owner = match relation {
            1 => Some(name),
            3 => Some(OTHER),
            _ => None,
        };
        change(&database, "update case_file set owner = $2 where id = $1", id, owner).await;
        beside(&database, &other, who, relation, &whom).await;
    }
    database.close().await;
}

async fn beside(database: &Database, other: &Caller, who: &(&str, &str, Role, Option<&str>), relation: usize, whom: &str) {
    let id = relation as i64;
    let matcher = |field, glob: &str| Matcher { field, glob: glob.to_owned() };
    let unit = if relation == 4 { "south" } else { "north" };
    let matchers = vec![matcher(MatchedField::Unit, unit), matcher(MatchedField::Employee, whom)];
    let wanted = silence::Wanted { matchers, to: now() + Span::days(9), reason: SilenceReason::Known, text: "known".to_owned() };
    silence::add(database, other, &wanted, now()).await.expect("asked for");
    let mut read = database.read().await.expect("a connection");
    let case = case::read(&mut read, id).await.expect("read").expect("there");
    drop(read);
    let wanted = explanation::Wanted {
        for_unit: false,
        objects: "crm.*".to_owned(),
        days: 9,
        max_persons: 9,
        reason: ExplanationReason::Ticket,
        text: "a ticket".to_owned(),
    };
    let wanted = explanation::checked(other, &case, &wanted, now()).expect("fits");
    explanation::propose(database, &wanted).await.expect("proposed");
    hold::set(database, other, id, "a court asked", MORNING).await.expect("set");
    // One's own stand beside the first case, those of somebody else beside all others.
    let own = Caller { account: who.0.to_owned(), ..other.clone() };
    let by = if relation == 1 { &own } else { other };
    token::add(database, by, "script", &[Scope::ReadCases], 30, now()).await.expect("made");
    let mut write = database.write().await.expect("its turn");
    let taken = "insert into sequence (name, last) values ('unmasking', 20) on conflict (name) do nothing";
    sqlx::query(taken).execute(&mut *write).await.expect("inserted");
    for (number, state) in [(id, "asked"), (10 + id, "approved")] {
        let insert = "insert into unmasking (id, case_id, asked_by, asked_at, purpose, pseudonyms, state, expires_at)
            values ($1, $2, $3, $4, 'to warn them', '[\"ab12\"]', $5, $6)";
        let insert = sqlx::query(insert).bind(number).bind(id).bind(&by.account).bind(now().0).bind(state);
        insert.bind((state == "approved").then(|| now().0 + DAY_MS)).execute(&mut *write).await.expect("inserted");
    }
    // One that somebody asked for, and that nobody has decided.
    let insert = "insert into hold (id, case_id, set_by, set_at, reason, state) values ($1, $2, $3, $4, 'a court asked', 'asked')";
    let insert = sqlx::query(insert).bind(30 + id).bind(id).bind(OTHER).bind(now().0);
    insert.execute(&mut *write).await.expect("inserted");
    write.commit().await.expect("kept");
}

async fn change(database: &Database, update: &str, id: i64, owner: Option<&str>) {
    let mut write = database.write().await.expect("its turn");
    sqlx::query(update).bind(id).bind(owner).execute(&mut *write).await.expect("changed");
    write.commit().await.expect("kept");
}

fn people() -> People {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let under = STAFF.iter().map(|(_, employee, ..)| pair(employee, BOSS));
    let units = (1..NONE).map(|relation| pair(&person(relation, "E0"), if relation == 4 { "south" } else { "north" }));
    People::new(under.collect::<Vec<_>>(), units.collect::<Vec<_>>())
}

/// It finds again whatever it is asked for.
struct Finds;

impl Finder for Finds {
    fn find(&self, _: &Places, pseudonyms: &BTreeSet<String>) -> Result<Found, String> {
        let identities = pseudonyms.iter().map(|pseudonym| (pseudonym.clone(), BTreeSet::from(["C-1".to_owned()]))).collect();
        Ok(Found { identities, places_there: 0 })
    }
}

/// What is sent so that the route does its work, where one may.
fn fields(route: &Route, who: &str, relation: usize, entry: i64) -> Vec<(&'static str, String)> {
    let text = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>();
    let path = route.path.trim_start_matches("/api/v1");
    match path.rsplit('/').next().unwrap_or_default() {
        "assignment" => text(&[("owner", who)]),
        "notes" => text(&[("note", "asked the branch")]),
        "verdicts" => {
            let mut all = text(&[("verdict", "unclear"), ("reason", "nobody_to_ask"), ("text", "on leave")]);
            all.push(("cite", format!("a{relation}:1")));
            all
        }
        "countersignature" => [text(&[("agrees", "yes")]), vec![("entry", entry.to_string())]].concat(),
        "reopening" | "holds" => text(&[("reason", "something came up")]),
        "decision" | "approval" => text(&[("agrees", "yes")]),
        "lifting" if !route.path.starts_with("/api/") => text(&[("version", "1")]),
        "silences" => text(&[("unit", "north"), ("typology", "bulk_extract"), ("days", "3"), ("reason", "known"), ("text", "a campaign")]),
        "tokens" => text(&[("name", "script"), ("scopes", "cases:read"), ("days", "3")]),
        "unmaskings" if !route.path.starts_with("/api/") => text(&[("purpose", "to warn them"), ("pseudonym", "ab12")]),
        "unmaskings" => text(&[("purpose", "to warn them"), ("pseudonyms", "ab12")]),
        _ => Vec::new(),
    }
}

fn body(path: &str, fields: &[(&'static str, String)]) -> String {
    if !path.starts_with("/api/") {
        let encoded = |text: &str| text.replace('%', "%25").replace(' ', "+").replace(':', "%3A").replace('&', "%26");
        return fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    }
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        match (*name, value.rsplit_once(':')) {
            ("cite", Some((id, revision))) => {
                let cites = serde_json::json!({ id: revision.parse::<i64>().expect("a number") });
                object.insert("cites".to_owned(), cites);
            }
            ("entry" | "days", _) => {
                object.insert((*name).to_owned(), value.parse::<i64>().expect("a number").into());
            }
            _ => {
                object.insert((*name).to_owned(), value.as_str().into());
            }
        }
    }
    serde_json::Value::Object(object).to_string()
}

/// The path of a relation; a number of nothing where there is none.
fn path(route: &Route, relation: usize, employee: &str) -> String {
    let id = if relation == NONE { 99 } else { relation };
    let whom = if relation == NONE { "nobody-here".to_owned() } else { person(relation, employee) };
    let number = match route.path.rsplit('/').next() {
        Some("identities") if relation != NONE => id + 10,
        Some("decision") if route.path.contains("/holds/") && relation != NONE => id + 30,
        _ => id,
    };
    let path = route.path.replace("/unmaskings/{id}", &format!("/unmaskings/{number}")).replace("{name}", &whom);
    let path = path.replace("/holds/{id}", &format!("/holds/{number}"));
    let path = path.replace("/alerts/{id}", &format!("/alerts/a{id}")).replace("{id}", &id.to_string());
    // What is followed answers at once where something has happened.
    if path.ends_with("/events") { format!("{path}?after=0") } else { path }
}

fn sign(status: u16) -> Option<char> {
    match status {
        200 | 201 | 303 => Some('x'),
        401 => Some('?'),
        403 => Some('o'),
        404 => Some('-'),
        _ => None,
    }
}

/// A copy of a database with all that is in its journal: its file alone may lack what was written last.
async fn copy(of: &Database, to: &Path) {
    let mut read = of.read().await.expect("a connection");
    sqlx::query("vacuum into $1").bind(to.to_str().expect("a path of text")).execute(&mut *read).await.expect("copied");
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).expect("as private as the first");
}

/// A column: what comes of each route for one of the staff, and what went wrong.
async fn column(folder: &Path, who: (&'static str, &'static str, Role, Option<&'static str>)) -> (Vec<String>, Vec<String>) {
    let file = |name: &str| folder.join(format!("{}-{name}.sqlite", who.1));
    let mut templates = Vec::new();
    for (stage, name) in [(Stage::Open, "open"), (Stage::Proposed, "proposed"), (Stage::Closed, "closed")] {
        let location = Location::sqlite(file(name));
        world(&location, &who, stage).await;
        templates.push(Database::open(&location).await.expect("opened"));
    }
    let (mut cells, mut wrong) = (Vec::new(), Vec::new());
    for route in ROUTES {
        let template = match stage(route.path) {
            Stage::Open => &templates[0],
            Stage::Proposed => &templates[1],
            Stage::Closed => &templates[2],
        };
        // Of its own: what is still being closed of the one before holds on to its file.
        let used = file(&format!("used-{}", cells.len()));
        copy(template, &used).await;
        let database = Database::open(&Location::sqlite(&used)).await.expect("opened");
        let running = Running::with_people(database.clone(), Arc::new(Finds), people()).await;
        let (cell, mut found) = row(&running, &database, route, who).await;
        cells.push(cell);
        wrong.append(&mut found);
        database.close().await;
        let _ = std::fs::remove_file(&used);
    }
    (cells, wrong)
}

async fn row(running: &Running, database: &Database, route: &Route, who: (&str, &str, Role, Option<&str>)) -> (String, Vec<String>) {
    let (name, employee, ..) = who;
    let varies = route.path.contains('{');
    let (mut cell, mut wrong, mut answers) = (String::new(), Vec::new(), Vec::new());
    for relation in if varies { 1..=NONE } else { NONE..=NONE } {
        let mut read = database.read().await.expect("a connection");
        let case = sqlx::query("select version, coalesce(proposed_entry, 1) from case_file where id = $1").bind(relation as i64);
        let case = case.fetch_optional(&mut *read).await.expect("read").map(|row| (row.get::<i64, _>(0), row.get::<i64, _>(1)));
        drop(read);
        let (version, entry) = case.unwrap_or((1, 1));
        let version = if route.path.contains("/cases/{id}") { version } else { 1 };
        let (path, fields) = (path(route, relation, employee), fields(route, name, relation, entry));
        let got = running.once(name, route.method.as_str(), &path, &body(&path, &fields), version, &format!("k{relation}")).await;
        let place = format!("{} {path} by the {name}: {} {}", route.method, got.status, got.body.lines().last().unwrap_or_default());
        match sign(got.status) {
            Some(sign) => cell.push(sign),
            None => {
                cell.push('!');
                wrong.push(place.clone());
            }
        }
        // Their manager is named to nobody, wherever they look.
        if got.body.contains(BOSS) {
            wrong.push(format!("{place}: names their manager"));
        }
        if got.status == 404 {
            answers.push(got.body);
        }
    }
    // Whoever asks cannot tell what is not theirs from what is not there.
    if answers.windows(2).any(|pair| pair[0] != pair[1]) {
        wrong.push(format!("{} {} by the {name}: answers of what is not there differ: {answers:?}", route.method, route.path));
    }
    (cell, wrong)
}

/// Without anybody, and with a header that no proxy has sent.
async fn nobody(running: &Running, route: &Route) -> (String, String) {
    let path = path(route, 1, "E1");
    let origin = format!("http://{}", running.address);
    let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
    let forged = [("X-User", "lead"), ("X-Leakwarden-Proxy-Secret", "guessed"), ("Origin", origin.as_str()), ("Content-Type", kind)];
    let body = if path.starts_with("/api/") { "{}" } else { "" };
    let answers = [
        running.send(route.method.as_str(), &path, &forged, body).await,
        running.send(route.method.as_str(), &path, &forged[2..], body).await,
    ];
    let signs: String = answers.iter().map(|got| sign(got.status).unwrap_or('!')).collect();
    (signs.chars().next().map(String::from).unwrap_or_default(), signs)
}

const HEAD: &str = "<!-- Made by `LEAKWARDEN_BLESS=1 cargo test --test desk matrix::`, which asks each route: read what changed before you keep it. -->

# Who may ask what of the console

Every route, asked by every role, about every sort of case. `x`: it is answered, or done. `o`: refused, to somebody who may see what it is about. `-`: not there, in the very
words that answer what does not exist. `?`: sign in first. Where a path names something, a cell has a character for each of these, in this order:

";

const MIDDLE: &str = "
So `xxx-----` is: of cases of one's own, free ones and those of others, in one's units. For silences, explanations, holds and requests for identities it is the case that they belong to or whom they name; of
requests and tokens the first is one's own, and all others are somebody else's. *Nobody* is a request that no proxy has signed in, or whose header is forged. Everybody here is signed in by a proxy, so that there is no form to sign in by.

What a role may do in general stands in [the console](console.md#who-may-do-what).

";

fn document(columns: &[(Vec<String>, Vec<String>)], nobody: &[String]) -> String {
    let mut text = HEAD.to_owned();
    for (at, relation) in RELATIONS.iter().enumerate() {
        let _ = writeln!(text, "{}. {relation}", at + 1);
    }
    text += MIDDLE;
    text += "|route|";
    STAFF.iter().for_each(|(name, ..)| text += &format!("{}|", name.replace('.', " ")));
    text += "nobody|for what|\n|---|";
    STAFF.iter().for_each(|_| text += "---|");
    text += "---|---|\n";
    for (at, route) in ROUTES.iter().enumerate() {
        let _ = write!(text, "|`{} {}`|", route.method, route.path);
        columns.iter().for_each(|(cells, _)| text += &format!("`{}`|", cells[at]));
        let _ = writeln!(text, "`{}`|{}|", nobody[at], route.what);
    }
    text
}

#[test]
fn every_route_answers_every_role_about_every_sort_of_case_as_was_reviewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    let (columns, alone) = runtime.block_on(async {
        let place = folder.path().to_owned();
        let asked: Vec<_> = STAFF
            .into_iter()
            .map(|who| {
                let place = place.clone();
                tokio::spawn(async move { column(&place, who).await })
            })
            .collect();
        let mut columns = Vec::new();
        for one in asked {
            columns.push(one.await.expect("no panic"));
        }
        let running = Running::with_people(Place::sqlite().open().await, Arc::new(Finds), people()).await;
        let mut alone = Vec::new();
        for route in ROUTES {
            let (cell, signs) = nobody(&running, route).await;
            let wanted = if route.policy == Policy::Open { ["xx", "--"].contains(&signs.as_str()) } else { signs == "??" };
            assert!(wanted, "{} {} by nobody: {signs}", route.method, route.path);
            alone.push(cell);
        }
        (columns, alone)
    });
    let wrong: Vec<String> = columns.iter().flat_map(|(_, wrong)| wrong.clone()).collect();
    assert!(wrong.is_empty(), "a right that is not shown by its status, or more than a right:\n{}", wrong.join("\n"));
    let made = document(&columns, &alone);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operate/routes.md");
    if std::env::var_os("LEAKWARDEN_BLESS").is_some() {
        std::fs::write(&file, &made).expect("written");
    }
    let reviewed = std::fs::read_to_string(&file).unwrap_or_default();
    let lines: BTreeSet<&str> = reviewed.lines().collect();
    let other: Vec<&str> = made.lines().filter(|line| !lines.contains(line)).collect();
    assert!(made == reviewed, "not as was reviewed in docs/operate/routes.md:\n{}", other.join("\n"));
}
