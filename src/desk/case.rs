//! A case: its states, its file, and what is entered in it. Entries are only ever added.

use crate::database::{DatabaseError, Write};
use crate::desk::rights::{Action, Caller, Subject};
use crate::desk::{DeskError, LIVE};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeSet;

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CaseState {
    /// Nobody has it.
    New,
    /// Somebody has it, and has entered nothing yet.
    Assigned,
    /// It is worked on.
    Working,
    /// A verdict waits for a second person.
    Proposed,
    /// A verdict is in force.
    Closed,
    /// It was closed, and is open again.
    Reopened,
}

impl CaseState {
    /// Every state.
    pub const ALL: [CaseState; 6] =
        [CaseState::New, CaseState::Assigned, CaseState::Working, CaseState::Proposed, CaseState::Closed, CaseState::Reopened];

    /// The name in the database and the API.
    pub fn name(self) -> &'static str {
        match self {
            CaseState::New => "new",
            CaseState::Assigned => "assigned",
            CaseState::Working => "working",
            CaseState::Proposed => "proposed",
            CaseState::Closed => "closed",
            CaseState::Reopened => "reopened",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<CaseState> {
        CaseState::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A case as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseFile {
    /// Its number.
    pub id: i64,
    /// The engine's key: the person, account or source, or the group.
    pub key: String,
    /// Where it stands.
    pub state: CaseState,
    /// Whose it is.
    pub owner: Option<String>,
    /// Counts every change.
    pub version: i64,
    /// That of its gravest alert.
    pub typology: String,
    /// That of its gravest alert.
    pub severity: Severity,
    /// 0 to 100, as the engine judged it last.
    pub score: f64,
    /// How many alerts it has.
    pub alerts: i64,
    /// Whom its gravest alert is about.
    pub about: String,
    /// When it came in.
    pub opened_at: Timestamp,
    /// The last access of any of its alerts.
    pub last_at: Timestamp,
    /// When it was shown within the day's budget.
    pub shown_at: Option<Timestamp>,
    /// The verdict in force, or the one that waits.
    pub verdict: Option<String>,
    /// Who proposed the verdict that waits.
    pub proposed_by: Option<String>,
    /// The entry of the proposal that waits, or of the verdict in force.
    pub proposed_entry: Option<i64>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When what names or describes somebody was erased: counts and codes are left.
    pub erased_at: Option<Timestamp>,
    /// Whether it is about what a reviewer looked at.
    pub reviewers: bool,
    /// Whom it is about: names with their units.
    pub parties: Vec<(String, Option<String>)>,
    /// Those of them that are sources of logs, and nobody.
    pub sources: BTreeSet<String>,
}

/// The columns of [`CaseFile::of`], in their order.
pub const COLUMNS: &str = "c.id, c.key, c.state, c.owner, c.version, c.typology, c.grade, c.score, c.alerts, c.about, c.opened_at, c.last_at, c.shown_at, c.verdict, c.proposed_by, c.proposed_entry, c.closed_at, c.reviewers, c.erased_at";

impl CaseFile {
    /// A row of [`COLUMNS`], without its parties.
    pub fn of(row: &AnyRow) -> Result<CaseFile, DatabaseError> {
        let state: String = row.try_get(2)?;
        let state = CaseState::named(&state).ok_or_else(|| DatabaseError::plain("read a case", "its state is not known", false))?;
        Ok(CaseFile {
            id: row.try_get(0)?,
            key: row.try_get(1)?,
            state,
            owner: row.try_get(3)?,
            version: row.try_get(4)?,
            typology: row.try_get(5)?,
            severity: severity(row.try_get(6)?),
            score: row.try_get(7)?,
            alerts: row.try_get(8)?,
            about: row.try_get(9)?,
            opened_at: Timestamp(row.try_get(10)?),
            last_at: Timestamp(row.try_get(11)?),
            shown_at: row.try_get::<Option<i64>, _>(12)?.map(Timestamp),
            verdict: row.try_get(13)?,
            proposed_by: row.try_get(14)?,
            proposed_entry: row.try_get(15)?,
            closed_at: row.try_get::<Option<i64>, _>(16)?.map(Timestamp),
            reviewers: row.try_get::<i64, _>(17)? != 0,
            erased_at: row.try_get::<Option<i64>, _>(18)?.map(Timestamp),
            parties: Vec::new(),
            sources: BTreeSet::new(),
        })
    }

    /// Adds whom it is about.
    pub(super) fn is_about(&mut self, name: String, unit: Option<String>, kind: &str) {
        if kind == "source" {
            self.sources.insert(name.clone());
        }
        self.parties.push((name, unit));
    }

    /// What rights depend on.
    pub fn subject(&self) -> Subject<'_> {
        Subject { owner: self.owner.as_deref(), parties: &self.parties, reviewers: self.reviewers }
    }
}

/// The severity of a grade as it is stored.
pub fn severity(grade: i64) -> Severity {
    Severity::ALL.into_iter().find(|severity| *severity as i64 == grade).unwrap_or(Severity::Critical)
}

/// A case, whoever asks.
pub async fn read(connection: &mut AnyConnection, id: i64) -> Result<Option<CaseFile>, DatabaseError> {
    let row = sqlx::query(&format!("select {COLUMNS} from case_file c where c.id = $1")).bind(id).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let mut case = CaseFile::of(&row)?;
    let rows = sqlx::query("select name, unit, kind from case_party where case_id = $1 order by kind, name").bind(id);
    for row in rows.fetch_all(connection).await? {
        case.is_about(row.try_get(0)?, row.try_get(1)?, &row.try_get::<String, _>(2)?);
    }
    Ok(Some(case))
}

/// The newest case that the engine calls by that name.
pub async fn newest_of(connection: &mut AnyConnection, key: &str) -> Result<Option<i64>, DatabaseError> {
    let row = sqlx::query("select id from case_file where stream = $1 and key = $2 order by id desc limit 1").bind(LIVE).bind(key);
    Ok(row.fetch_optional(connection).await?.map(|row| row.try_get(0)).transpose()?)
}

/// A case for somebody, who may do this with it. One that must not be read is not there.
pub async fn read_for(connection: &mut AnyConnection, caller: &Caller, id: i64, action: Action) -> Result<CaseFile, DeskError> {
    let case = read(connection, id).await?.filter(|case| caller.may(Action::Read, &case.subject())).ok_or(DeskError::NotFound)?;
    if !caller.may(action, &case.subject()) {
        return Err(DeskError::NotAllowed(match action {
            Action::Judge | Action::Note | Action::AskUnmask => "take the case first: this is for whoever it is assigned to",
            Action::Countersign => "a verdict is countersigned by a lead",
            Action::Assign => "cases are given to others by a lead",
            Action::Read
            | Action::Take
            | Action::Reopen
            | Action::Views
            | Action::Deliveries
            | Action::ApproveUnmask
            | Action::SeeUnmask
            | Action::AskHold
            | Action::Hold
            | Action::LiftHold
            | Action::ProposeSilence
            | Action::DecideSilence
            | Action::SeeSilences => "your role does not include this",
        }));
    }
    Ok(case)
}

/// Something that was entered.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// By whom; `None`: by the engine.
    pub by: Option<String>,
    /// What it is.
    pub kind: String,
    /// Its content.
    pub body: Value,
}

/// What was entered in a case, first to last.
pub async fn entries(connection: &mut AnyConnection, case_id: i64) -> Result<Vec<Entry>, DatabaseError> {
    let rows = sqlx::query("select id, at, by_account, kind, body from entry where case_id = $1 order by id limit 2000");
    let mut entries = Vec::new();
    for row in rows.bind(case_id).fetch_all(connection).await? {
        entries.push(Entry {
            id: row.try_get(0)?,
            at: Timestamp(row.try_get(1)?),
            by: row.try_get(2)?,
            kind: row.try_get(3)?,
            body: serde_json::from_str(&row.try_get::<String, _>(4)?).unwrap_or(Value::Null),
        });
    }
    Ok(entries)
}

/// Enters something; returns its number.
pub async fn enter(
    write: &mut Write,
    case_id: i64,
    now: Timestamp,
    by: Option<&str>,
    kind: &str,
    body: &Value,
) -> Result<i64, DatabaseError> {
    let id = write.next("entry").await?;
    let insert = sqlx::query("insert into entry (id, case_id, at, by_account, kind, body) values ($1, $2, $3, $4, $5, $6)");
    insert.bind(id).bind(case_id).bind(now.0).bind(by).bind(kind).bind(body.to_string()).execute(&mut **write).await?;
    Ok(id)
}

/// Counts a change; returns the new version.
pub async fn touch(write: &mut Write, case_id: i64) -> Result<i64, DatabaseError> {
    let row = sqlx::query("update case_file set version = version + 1 where id = $1 returning version").bind(case_id);
    Ok(row.fetch_one(&mut **write).await?.try_get(0)?)
}

/// Tells whoever follows that something has changed, without what.
pub async fn tell(write: &mut Write, now: Timestamp, kind: &str, object: &str, version: i64) -> Result<(), DatabaseError> {
    let number = write.next("event").await?;
    let insert = sqlx::query("insert into event (number, at, kind, object, version) values ($1, $2, $3, $4, $5)");
    insert.bind(number).bind(now.0).bind(kind).bind(object).bind(version).execute(&mut **write).await?;
    Ok(())
}
