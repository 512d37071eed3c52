//! Whose identities somebody may be shown, for a while: asked for with a case, a purpose and a few pseudonyms, agreed to by a data protection
//! officer, over after a day. What is kept is who asked and who agreed; the identities are found again at the source by whoever holds the key
//! ([`Finder`]), shown, and never stored.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::case::{self, CaseFile};
use crate::desk::people::People;
use crate::desk::rights::{Action, Caller};
use crate::desk::{DeskError, LIVE, account, checked_text};
use crate::model::dossier::Dossier;
use crate::model::time::{DAY_MS, Timestamp};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::{BTreeMap, BTreeSet};

/// Pseudonyms of one request at the most.
pub const MOST: usize = 50;
/// How long identities are shown after somebody agreed.
pub const SHOWN_MS: i64 = DAY_MS;
/// Requests of a list.
const LISTED: i64 = 500;

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnmaskState {
    /// It waits for a data protection officer.
    Asked,
    /// They agreed.
    Approved,
    /// They did not.
    Declined,
}

impl UnmaskState {
    /// Every state.
    pub const ALL: [UnmaskState; 3] = [UnmaskState::Asked, UnmaskState::Approved, UnmaskState::Declined];

    /// The name in the database and the API.
    pub fn name(self) -> &'static str {
        match self {
            UnmaskState::Asked => "asked",
            UnmaskState::Approved => "approved",
            UnmaskState::Declined => "declined",
        }
    }
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmasking {
    /// Its number.
    pub id: i64,
    /// The case that it is for.
    pub case_id: i64,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// For what.
    pub purpose: String,
    /// Whose identities, by published pseudonyms.
    pub pseudonyms: Vec<String>,
    /// Where it stands.
    pub state: UnmaskState,
    /// Who agreed, or did not.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Until when identities are shown.
    pub expires_at: Option<Timestamp>,
}

impl Unmasking {
    /// Counts its states: 1 asked, 2 decided.
    pub fn version(&self) -> i64 {
        1 + i64::from(self.state != UnmaskState::Asked)
    }

    /// Whether identities are shown at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == UnmaskState::Approved && self.expires_at.is_some_and(|end| now < end)
    }
}

/// Where to look: lines or offsets by the name of the source partition or file.
pub type Places = BTreeMap<String, BTreeSet<u64>>;

/// What was found at the source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// The ids that stand behind a pseudonym, as the log writes them.
    pub identities: BTreeMap<String, BTreeSet<String>>,
    /// How many of the places are still there.
    pub places_there: u64,
}

/// Whoever holds the key, and can read the sources again.
pub trait Finder: Send + Sync {
    /// Looks for the identities of pseudonyms at these places. It blocks, and keeps nothing.
    fn find(&self, places: &Places, pseudonyms: &BTreeSet<String>) -> Result<Found, String>;
}

/// Asks for identities; each pseudonym must be one that the case's alerts name.
pub async fn ask(
    database: &Database,
    caller: &Caller,
    case_id: i64,
    purpose: &str,
    pseudonyms: &[String],
    expected: Option<i64>,
    now: Timestamp,
) -> Result<Unmasking, DeskError> {
    let purpose = checked_text("purpose", purpose)?;
    let wanted: BTreeSet<&String> = pseudonyms.iter().collect();
    if wanted.is_empty() || wanted.len() > MOST {
        return Err(DeskError::refused("pseudonyms", format!("must be 1 to {MOST}"), wanted.len().to_string()));
    }
    let mut write = database.write().await?;
    let case = case::read_for(&mut write, caller, case_id, Action::AskUnmask).await?;
    if expected.is_some_and(|expected| expected != case.version) {
        return Err(DeskError::Changed { now: case.version });
    }
    let known = seen(&mut write, case_id, None).await?;
    if let Some(unknown) = wanted.iter().find(|pseudonym| !known.contains_key(**pseudonym)) {
        return Err(DeskError::refused("pseudonyms", "must be named by accesses of this case's alerts", unknown.as_str()));
    }
    let id = write.next("unmasking").await?;
    let insert = "insert into unmasking (id, case_id, asked_by, asked_at, purpose, pseudonyms, state) values ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(insert).bind(id).bind(case_id).bind(&caller.account).bind(now.0).bind(&purpose);
    insert.bind(json!(wanted).to_string()).bind(UnmaskState::Asked.name()).execute(&mut *write).await?;
    let body = json!({ "unmasking": id, "purpose": purpose, "pseudonyms": wanted.len() });
    case::enter(&mut write, case_id, now, Some(&caller.account), "unmasking_asked", &body).await?;
    end(write, case_id, id, now).await
}

/// Agrees, or does not: a data protection officer who neither asked, nor manages whoever asked, nor is managed by them.
pub async fn decide(
    database: &Database,
    people: &People,
    caller: &Caller,
    id: i64,
    agrees: bool,
    now: Timestamp,
) -> Result<Unmasking, DeskError> {
    let mut write = database.write().await?;
    let (unmasking, case) = found(&mut write, caller, id).await?;
    if !caller.may_ever(Action::ApproveUnmask) || hides(caller, &case) {
        return Err(DeskError::NotFound);
    }
    if unmasking.state != UnmaskState::Asked {
        return Err(DeskError::State { state: unmasking.state.name(), what: "decided" });
    }
    let asker = account::employee(&mut write, &unmasking.asked_by).await?.unwrap_or_default();
    if unmasking.asked_by == caller.account || asker == caller.employee || people.is_line(&asker, &caller.employee) {
        return Err(DeskError::NotAllowed("a second person is needed, who neither manages the first nor is managed by them"));
    }
    let state = if agrees { UnmaskState::Approved } else { UnmaskState::Declined };
    let expires = agrees.then_some(now.0 + SHOWN_MS);
    let update = sqlx::query("update unmasking set state = $2, decided_by = $3, decided_at = $4, expires_at = $5 where id = $1").bind(id);
    update.bind(state.name()).bind(&caller.account).bind(now.0).bind(expires).execute(&mut *write).await?;
    let body = json!({ "unmasking": id, "state": state.name() });
    case::enter(&mut write, case.id, now, Some(&caller.account), "unmasking_decided", &body).await?;
    end(write, case.id, id, now).await
}

/// Whom the alerts of a case name, for somebody who may ask whose pseudonyms they are: with how many of their accesses are cited, most first.
pub async fn named(connection: &mut AnyConnection, caller: &Caller, case_id: i64) -> Result<(CaseFile, Vec<(String, u64)>), DeskError> {
    let case = case::read_for(connection, caller, case_id, Action::AskUnmask).await?;
    let seen = seen(connection, case_id, None).await?;
    let mut named: Vec<(String, u64)> = seen.into_iter().map(|(name, places)| (name, cited(&places))).collect();
    named.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    Ok((case, named))
}

/// The requests of a case that whoever asks may see, newest first.
pub async fn of_case(connection: &mut AnyConnection, caller: &Caller, case_id: i64) -> Result<Vec<Unmasking>, DeskError> {
    Ok(list(connection, caller).await?.into_iter().filter(|one| one.case_id == case_id).collect())
}

/// How many places these are.
pub fn cited(places: &Places) -> u64 {
    places.values().map(|positions| positions.len() as u64).sum()
}

/// Those that whoever asks may see, newest first: one's own; all for data protection officers and auditors.
pub async fn list(connection: &mut AnyConnection, caller: &Caller) -> Result<Vec<Unmasking>, DeskError> {
    let all = caller.may_ever(Action::SeeUnmask);
    let text = format!("select {COLUMNS} from unmasking where asked_by = $1 or $2 = 1 order by id desc limit {LISTED}");
    let rows = sqlx::query(&text).bind(&caller.account).bind(i64::from(all)).fetch_all(&mut *connection).await?;
    let mut listed = Vec::new();
    for row in &rows {
        let unmasking = of(row)?;
        let case = case::read(connection, unmasking.case_id).await?;
        listed.extend(case.filter(|case| !hides(caller, case)).map(|_| unmasking));
    }
    Ok(listed)
}

/// One of them.
pub async fn one(connection: &mut AnyConnection, caller: &Caller, id: i64) -> Result<Unmasking, DeskError> {
    Ok(found(connection, caller, id).await?.0)
}

/// What whoever asked may be shown now: the request, and where to look. Somebody else's is not there.
pub async fn live(connection: &mut AnyConnection, caller: &Caller, id: i64, now: Timestamp) -> Result<(Unmasking, Places), DeskError> {
    let (unmasking, case) = found(connection, caller, id).await?;
    // The case may have been given away since.
    if unmasking.asked_by != caller.account || !caller.may(Action::AskUnmask, &case.subject()) {
        return Err(DeskError::NotFound);
    }
    if !unmasking.is_live(now) {
        let state = if unmasking.state == UnmaskState::Approved { "over" } else { unmasking.state.name() };
        return Err(DeskError::State { state, what: "shown" });
    }
    let wanted = unmasking.pseudonyms.iter().cloned().collect();
    let mut places = Places::new();
    for (source, positions) in seen(connection, unmasking.case_id, Some(&wanted)).await?.into_values().flatten() {
        places.entry(source).or_default().extend(positions);
    }
    Ok((unmasking, places))
}

/// Where the alerts of a case saw whom: of these pseudonyms, or of all.
async fn seen(
    connection: &mut AnyConnection,
    case_id: i64,
    of: Option<&BTreeSet<String>>,
) -> Result<BTreeMap<String, Places>, DatabaseError> {
    let rows = sqlx::query(
        "select r.dossier from alert a join alert_revision r on r.stream = a.stream and r.id = a.id
         where a.stream = $1 and a.case_id = $2 and r.dossier is not null order by r.id, r.revision limit 2000",
    );
    let mut places = BTreeMap::<String, Places>::new();
    for row in rows.bind(LIVE).bind(case_id).fetch_all(connection).await? {
        let Ok(dossier) = serde_json::from_str::<Dossier>(&row.try_get::<String, _>(0)?) else { continue };
        let accesses = &dossier.accesses;
        for access in &accesses.list {
            let Some(source) = accesses.sources.get(usize::from(access.source)) else { continue };
            let seen = access.subjects.iter().filter_map(|at| accesses.subjects.get(usize::from(*at)));
            for name in seen.filter(|name| of.is_none_or(|of| of.contains(*name))) {
                places.entry(name.clone()).or_default().entry(source.clone()).or_default().insert(access.position);
            }
        }
    }
    Ok(places)
}

/// Whether a case does not exist for somebody: it is about them or their line of managers.
fn hides(caller: &Caller, case: &CaseFile) -> bool {
    case.parties.iter().any(|(name, _)| caller.hidden.contains(name))
}

async fn found(connection: &mut AnyConnection, caller: &Caller, id: i64) -> Result<(Unmasking, CaseFile), DeskError> {
    let text = format!("select {COLUMNS} from unmasking where id = $1");
    let row = sqlx::query(&text).bind(id).fetch_optional(&mut *connection).await?.ok_or(DeskError::NotFound)?;
    let unmasking = of(&row)?;
    let case = case::read(connection, unmasking.case_id).await?.ok_or(DeskError::NotFound)?;
    let may = unmasking.asked_by == caller.account || caller.may_ever(Action::SeeUnmask);
    if may && !hides(caller, &case) { Ok((unmasking, case)) } else { Err(DeskError::NotFound) }
}

async fn end(mut write: Write, case_id: i64, id: i64, now: Timestamp) -> Result<Unmasking, DeskError> {
    let version = case::touch(&mut write, case_id).await?;
    case::tell(&mut write, now, "case", &case_id.to_string(), version).await?;
    let text = format!("select {COLUMNS} from unmasking where id = $1");
    let after = of(&sqlx::query(&text).bind(id).fetch_one(&mut *write).await?)?;
    case::tell(&mut write, now, "unmasking", &id.to_string(), after.version()).await?;
    write.commit().await?;
    Ok(after)
}

const COLUMNS: &str = "id, case_id, asked_by, asked_at, purpose, pseudonyms, state, decided_by, decided_at, expires_at";

fn of(row: &AnyRow) -> Result<Unmasking, DatabaseError> {
    let state: String = row.try_get(6)?;
    let state = UnmaskState::ALL.into_iter().find(|one| one.name() == state);
    Ok(Unmasking {
        id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        asked_by: row.try_get(2)?,
        asked_at: Timestamp(row.try_get(3)?),
        purpose: row.try_get(4)?,
        pseudonyms: serde_json::from_str(&row.try_get::<String, _>(5)?).unwrap_or_default(),
        state: state.ok_or_else(|| DatabaseError::plain("read a request", "it was written by another version", false))?,
        decided_by: row.try_get(7)?,
        decided_at: row.try_get::<Option<i64>, _>(8)?.map(Timestamp),
        expires_at: row.try_get::<Option<i64>, _>(9)?.map(Timestamp),
    })
}
