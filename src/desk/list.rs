//! Lists of cases, each as far as whoever asks may see it: what is not theirs is in no row, no count and no page.

use crate::database::{Database, DatabaseError};
use crate::desk::case::{COLUMNS, CaseFile, CaseState};
use crate::desk::rights::{Action, Caller, Reach, reach, reach_on_reviewers};
use crate::desk::{DeskError, LIVE, random};
use crate::model::alert::Alert;
use crate::model::dossier::Dossier;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row};
use std::collections::BTreeMap;

/// Rows of a page at the most.
pub const LONGEST_PAGE: usize = 200;
/// Counting ends here: more is "more than so many".
pub const COUNTED: i64 = 1_000;

/// Which cases.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// In one of these states; any where there is none.
    pub states: Vec<CaseState>,
    /// Shown within the budget, or not.
    pub shown: Option<bool>,
    /// Assigned to this account.
    pub owner: Option<String>,
    /// Of this severity or a graver one.
    pub at_least: Option<Severity>,
    /// About this person, account or source.
    pub about: Option<String>,
    /// Those alone that somebody has taken: where people are named by pseudonyms until then.
    pub taken: bool,
}

impl Filter {
    /// Those that nobody has closed.
    pub fn open() -> Filter {
        Filter { states: CaseState::ALL.into_iter().filter(|state| *state != CaseState::Closed).collect(), ..Filter::default() }
    }
}

/// A page of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// Its cases, gravest first.
    pub cases: Vec<CaseFile>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

pub(super) enum Argument {
    Number(i64),
    Real(f64),
    Text(String),
}

/// A statement that is put together.
#[derive(Default)]
pub(super) struct Statement {
    pub(super) text: String,
    arguments: Vec<Argument>,
}

impl Statement {
    pub(super) fn bind(&mut self, argument: Argument) -> String {
        self.arguments.push(argument);
        format!("${}", self.arguments.len())
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> String {
        texts.map(|text| self.bind(Argument::Text(text.to_owned()))).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn query(&self) -> Query<'_, Any, AnyArguments<'_>> {
        self.arguments.iter().fold(sqlx::query(&self.text), |query, argument| match argument {
            Argument::Number(number) => query.bind(*number),
            Argument::Real(number) => query.bind(*number),
            Argument::Text(text) => query.bind(text.as_str()),
        })
    }
}

/// What of [`Caller::may`] a database can answer: the same rule, said once more in SQL; a test holds them against each other.
fn within_reach(caller: &Caller, statement: &mut Statement) -> String {
    let hidden = statement.texts(caller.hidden.iter().map(String::as_str));
    let mut ways = Vec::new();
    for grant in &caller.grants {
        let mut within = |reach: Reach, reviewers: i64| match reach {
            Reach::None => None,
            Reach::Own => {
                Some(format!("c.reviewers = {reviewers} and c.owner = {}", statement.bind(Argument::Text(caller.account.clone()))))
            }
            Reach::OwnAndFree => {
                let account = statement.bind(Argument::Text(caller.account.clone()));
                Some(format!("c.reviewers = {reviewers} and (c.owner is null or c.owner = {account})"))
            }
            Reach::All => Some(format!("c.reviewers = {reviewers}")),
        };
        let mine = [within(reach(grant.role, Action::Read), 0), within(reach_on_reviewers(grant.role, Action::Read), 1)];
        let mine: Vec<String> = mine.into_iter().flatten().collect();
        if mine.is_empty() {
            continue;
        }
        let mine = format!("({})", mine.join(" or "));
        ways.push(match &grant.unit {
            None => mine,
            Some(unit) => {
                let unit = statement.bind(Argument::Text(unit.clone()));
                format!("({mine} and not exists (select 1 from case_party u where u.case_id = c.id and coalesce(u.unit, '') <> {unit}))")
            }
        });
    }
    let ways = if ways.is_empty() { "1 = 0".to_owned() } else { ways.join(" or ") };
    format!("({ways}) and not exists (select 1 from case_party h where h.case_id = c.id and h.name in ({hidden}))")
}

/// What cases a filter leaves of those within reach, as a condition on `case_file c`.
pub(super) fn matching(caller: &Caller, filter: &Filter, statement: &mut Statement) -> String {
    let mut rules = vec![format!("c.stream = {}", statement.bind(Argument::Text(LIVE.to_owned()))), within_reach(caller, statement)];
    if !filter.states.is_empty() {
        rules.push(format!("c.state in ({})", statement.texts(filter.states.iter().map(|state| state.name()))));
    }
    match filter.shown {
        Some(true) => rules.push("c.shown_at is not null".to_owned()),
        Some(false) => rules.push("c.shown_at is null".to_owned()),
        None => {}
    }
    if let Some(owner) = &filter.owner {
        rules.push(format!("c.owner = {}", statement.bind(Argument::Text(owner.clone()))));
    }
    if let Some(severity) = filter.at_least {
        rules.push(format!("c.grade >= {}", statement.bind(Argument::Number(severity as i64))));
    }
    if let Some(about) = &filter.about {
        let about = statement.bind(Argument::Text(about.clone()));
        rules.push(format!("exists (select 1 from case_party a where a.case_id = c.id and a.name = {about})"));
    }
    if filter.taken {
        rules.push(format!("c.state <> {}", statement.bind(Argument::Text(CaseState::New.name().to_owned()))));
    }
    rules.join(" and ")
}

/// A page of cases, by score.
pub async fn cases(database: &Database, caller: &Caller, filter: &Filter, after: Option<&str>, limit: usize) -> Result<Page, DeskError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let key = random::kept(database, "cursor_key").await?;
    let mut statement = Statement::default();
    let mut rules = matching(caller, filter, &mut statement);
    if let Some(cursor) = after {
        let (score, id) =
            read_cursor(&key, cursor).ok_or_else(|| DeskError::refused("after", "must be `next` of the page before", cursor))?;
        let (score, again) = (statement.bind(Argument::Real(score)), statement.bind(Argument::Real(score)));
        let id = statement.bind(Argument::Number(id));
        rules += &format!(" and (c.score < {score} or (c.score = {again} and c.id < {id}))");
    }
    statement.text = format!("select {COLUMNS} from case_file c where {rules} order by c.score desc, c.id desc limit {}", limit + 1);
    let mut read = database.read().await?;
    let rows = statement.query().fetch_all(&mut *read).await?;
    let mut cases = rows.iter().map(CaseFile::of).collect::<Result<Vec<_>, _>>()?;
    let more = cases.len() > limit;
    cases.truncate(limit);
    parties(&mut read, &mut cases).await?;
    let next = if more { cases.last().map(|last| write_cursor(&key, last.score, last.id)) } else { None };
    Ok(Page { cases, next })
}

/// Whom they are about.
async fn parties(connection: &mut AnyConnection, cases: &mut [CaseFile]) -> Result<(), DatabaseError> {
    if cases.is_empty() {
        return Ok(());
    }
    let mut statement = Statement::default();
    let ids: Vec<String> = cases.iter().map(|case| statement.bind(Argument::Number(case.id))).collect();
    statement.text = format!("select case_id, name, unit, kind from case_party where case_id in ({}) order by kind, name", ids.join(", "));
    let mut of: BTreeMap<i64, Vec<AnyRow>> = BTreeMap::new();
    for row in statement.query().fetch_all(connection).await? {
        of.entry(row.try_get(0)?).or_default().push(row);
    }
    for case in cases {
        for row in of.remove(&case.id).unwrap_or_default() {
            case.is_about(row.try_get(1)?, row.try_get(2)?, &row.try_get::<String, _>(3)?);
        }
    }
    Ok(())
}

/// How many there are, up to [`COUNTED`].
pub async fn count(database: &Database, caller: &Caller, filter: &Filter) -> Result<i64, DeskError> {
    let mut statement = Statement::default();
    let rules = matching(caller, filter, &mut statement);
    statement.text = format!("select count(*) from (select 1 from case_file c where {rules} limit {COUNTED}) as counted");
    let mut read = database.read().await?;
    Ok(statement.query().fetch_one(&mut *read).await?.try_get(0)?)
}

/// How many cases were shown from then on, within the caller's reach.
pub async fn shown_since(database: &Database, caller: &Caller, since: Timestamp) -> Result<i64, DeskError> {
    let mut statement = Statement::default();
    let mut rules = matching(caller, &Filter::default(), &mut statement);
    rules += &format!(" and c.shown_at >= {}", statement.bind(Argument::Number(since.0)));
    statement.text = format!("select count(*) from (select 1 from case_file c where {rules} limit {COUNTED}) as counted");
    let mut read = database.read().await?;
    Ok(statement.query().fetch_one(&mut *read).await?.try_get(0)?)
}

/// The alert of a row's first column.
pub(super) fn alert_of(row: &AnyRow) -> Result<Alert, DatabaseError> {
    let body: String = row.try_get(0)?;
    serde_json::from_str(&body).map_err(|_| DatabaseError::plain("read an alert", "it was written by another version", false))
}

/// The alerts of a case at their newest settled revisions, gravest first.
pub async fn alerts(connection: &mut AnyConnection, case_id: i64) -> Result<Vec<Alert>, DatabaseError> {
    let rows = sqlx::query("select body from alert where case_id = $1 order by grade desc, score desc, id limit 500").bind(case_id);
    rows.fetch_all(connection).await?.iter().map(alert_of).collect()
}

/// The gravest alert of each of these cases, at its newest settled revision.
pub async fn gravest(connection: &mut AnyConnection, cases: &[CaseFile]) -> Result<BTreeMap<i64, Alert>, DatabaseError> {
    if cases.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut statement = Statement::default();
    let ids: Vec<String> = cases.iter().map(|case| statement.bind(Argument::Number(case.id))).collect();
    statement.text = format!(
        "select a.body, c.id from case_file c join alert a on a.stream = c.stream and a.id =
         (select g.id from alert g where g.case_id = c.id order by g.grade desc, g.score desc, g.id limit 1) where c.id in ({})",
        ids.join(", ")
    );
    let rows = statement.query().fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(1)?, alert_of(row)?))).collect()
}

/// An alert at its newest settled revision, and the case that it belongs to.
pub async fn alert(connection: &mut AnyConnection, id: &str) -> Result<Option<(Alert, i64)>, DatabaseError> {
    let row =
        sqlx::query("select body, case_id from alert where stream = $1 and id = $2").bind(LIVE).bind(id).fetch_optional(connection).await?;
    row.map(|row| Ok((alert_of(&row)?, row.try_get(1)?))).transpose()
}

/// The settled revisions of an alert with when they came, newest first.
pub async fn revisions(connection: &mut AnyConnection, id: &str) -> Result<Vec<(u32, Timestamp)>, DatabaseError> {
    let select = "select revision, taken_at from alert_revision where stream = $1 and id = $2 order by revision desc limit 200";
    let rows = sqlx::query(select).bind(LIVE).bind(id).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0), Timestamp(row.try_get(1)?)))).collect()
}

/// A settled revision of an alert, as it was.
pub async fn revision(connection: &mut AnyConnection, id: &str, revision: i64) -> Result<Option<Alert>, DatabaseError> {
    let select = "select body from alert_revision where stream = $1 and id = $2 and revision = $3";
    let row = sqlx::query(select).bind(LIVE).bind(id).bind(revision).fetch_optional(connection).await?;
    row.map(|row| alert_of(&row)).transpose()
}

/// The dossier of a settled revision, where it came with one.
pub async fn dossier(connection: &mut AnyConnection, id: &str, revision: u32) -> Result<Option<Dossier>, DatabaseError> {
    let row = sqlx::query("select dossier from alert_revision where stream = $1 and id = $2 and revision = $3");
    let row = row.bind(LIVE).bind(id).bind(i64::from(revision)).fetch_optional(connection).await?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    // One of another version is none: the page says so.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// How many alerts are shown early and have not settled.
pub async fn unsettled(connection: &mut AnyConnection) -> Result<i64, DatabaseError> {
    let row = sqlx::query("select count(*) from provisional where stream = $1").bind(LIVE).fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

/// How many revisions came with another content than the one that stands.
pub async fn alarms(connection: &mut AnyConnection) -> Result<i64, DatabaseError> {
    Ok(sqlx::query("select count(*) from ingest_alarm").fetch_one(connection).await?.try_get(0)?)
}

fn write_cursor(key: &[u8; 32], score: f64, id: i64) -> String {
    let text = format!("{:016x}{id:016x}", score.to_bits());
    format!("{text}{}", &blake3::keyed_hash(key, text.as_bytes()).to_hex()[..32])
}

fn read_cursor(key: &[u8; 32], cursor: &str) -> Option<(f64, i64)> {
    let (text, signature) = (cursor.get(..32)?, cursor.get(32..)?);
    if blake3::keyed_hash(key, text.as_bytes()).to_hex().get(..32) != Some(signature) {
        return None;
    }
    let score = f64::from_bits(u64::from_str_radix(text.get(..16)?, 16).ok()?);
    Some((score, i64::from_str_radix(text.get(16..)?, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_was_changed_is_none() {
        let key = [7; 32];
        let cursor = write_cursor(&key, 81.25, 412);
        assert_eq!(read_cursor(&key, &cursor), Some((81.25, 412)));
        assert_eq!(read_cursor(&[8; 32], &cursor), None);
        let changed = cursor.replacen('4', "5", 1);
        assert_eq!(read_cursor(&key, &changed), None);
        for broken in ["", "x", &cursor[..40], "ö".repeat(32).as_str()] {
            assert_eq!(read_cursor(&key, broken), None);
        }
    }
}
