//! Silences: what is written and not shown for a while, by matchers. An investigator proposes, a lead puts into force; one that names a person
//! needs two people whoever begins. What would have been hidden is counted before, and no silence is for ever or for what is grave.
//!
//! The engine applies them (and leaves what is critical, planted or about the log itself to be shown); here is who wanted what, why, and
//! until when.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::people::People;
use crate::desk::pseudonym::Pseudonyms;
use crate::desk::rights::{Action, Caller, Grant, Reach, reach};
use crate::desk::{DeskError, LIVE, account, checked_text, feedback};
use crate::model::alert::Alert;
use crate::model::decision::parse;
use crate::model::decision::{self, Decision, DecisionKind, MatchedField, Matcher, NEVER_SILENCED, SilenceReason};
use crate::model::severity::Severity;
use crate::model::time::{DAY_MS, Timestamp};
use globset::GlobMatcher;
use serde_json::{Map, Value};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Days that a preview looks back.
pub const PREVIEW_DAYS: i64 = 30;
/// Alerts that a preview looks at, at the most.
const PREVIEWED: i64 = 20_000;

/// A silence as it is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// All of these must match.
    pub matchers: Vec<Matcher>,
    /// Until when.
    pub to: Timestamp,
    /// Why, as a code.
    pub reason: SilenceReason,
    /// Why, in words.
    pub text: String,
}

/// Where a silence stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SilenceState {
    /// It waits for somebody who may put it into force.
    Proposed,
    /// It is in force, until its end.
    InForce,
    /// It was ended, or not agreed to.
    Ended,
}

impl SilenceState {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            SilenceState::Proposed => "proposed",
            SilenceState::InForce => "in_force",
            SilenceState::Ended => "ended",
        }
    }

    /// Counts them: what stands in the next one has changed.
    pub fn version(self) -> i64 {
        match self {
            SilenceState::Proposed => 1,
            SilenceState::InForce => 2,
            SilenceState::Ended => 3,
        }
    }
}

/// A silence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// Its number.
    pub id: i64,
    /// What was asked for.
    pub wanted: Wanted,
    /// Where it stands.
    pub state: SilenceState,
    /// Who asked for it, and when.
    pub by: (String, Timestamp),
    /// Who put it into force, where that was somebody else.
    pub second: Option<String>,
    /// Who ended it, and when.
    pub ended: Option<(String, Timestamp)>,
    decision: Option<String>,
}

impl Silence {
    /// What a matcher of it says to whoever asks. Whom it names is for who asked for it and who decides, where employees have pseudonyms.
    pub fn said<'a>(&self, matcher: &'a Matcher, caller: &Caller, pseudonyms: Pseudonyms) -> &'a str {
        let decides = caller.account == self.by.0 || caller.may_ever(Action::DecideSilence);
        let covered = pseudonyms.are_used() && matcher.field == MatchedField::Employee;
        if covered && !decides { "(…)" } else { &matcher.glob }
    }

    /// Whether it hides anything at that time.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.state == SilenceState::InForce && self.wanted.to > now
    }
}

/// What a silence would have hidden.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preview {
    /// Alerts of the last [`PREVIEW_DAYS`] by severity; the critical ones would be shown all the same.
    pub alerts: [u64; 4],
    /// There were more alerts than were looked at.
    pub is_cut: bool,
}

fn names_a_person(matchers: &[Matcher]) -> bool {
    matchers.iter().any(|matcher| matcher.field == MatchedField::Employee)
}

/// Whether a grant reaches what the matchers can match: a role for a unit only what is matched by that unit.
fn covers(grant: &Grant, action: Action, matchers: &[Matcher]) -> bool {
    let in_unit = |unit: &String| matchers.iter().any(|matcher| matcher.field == MatchedField::Unit && matcher.glob == *unit);
    reach(grant.role, action) > Reach::None && grant.unit.as_ref().is_none_or(in_unit)
}

fn may(caller: &Caller, action: Action, matchers: &[Matcher]) -> bool {
    // One about oneself or a manager is no more there than a case would be.
    let hides = |matcher: &Matcher| {
        let glob = globset::Glob::new(&matcher.glob).ok().map(|glob| glob.compile_matcher());
        matcher.field == MatchedField::Employee && caller.hidden.iter().any(|name| glob.as_ref().is_none_or(|glob| glob.is_match(name)))
    };
    !matchers.iter().any(hides) && caller.grants.iter().any(|grant| covers(grant, action, matchers))
}

/// Reads it as the engine will: what that refuses is refused here, with the same words.
fn checked(wanted: &Wanted, by: &str, now: Timestamp) -> Result<(), DeskError> {
    let what = decision::Silence { matchers: wanted.matchers.clone(), to: wanted.to, reason: wanted.reason };
    let line = Decision { id: "0".repeat(32), at: now, by: by.to_owned(), what: DecisionKind::Silence(what) }.to_line();
    let refused = |problem: crate::model::problem::Problem| {
        let place = problem.place.trim_start_matches([':', ' ']).to_owned();
        DeskError::refused("silence", format!("{place} {}", problem.rule).trim().to_owned(), problem.value.unwrap_or_default())
    };
    parse::line(&line).map(|_| ()).map_err(refused)
}

/// Asks for a silence. A lead's is in force at once, unless it names a person.
pub async fn add(database: &Database, caller: &Caller, wanted: &Wanted, now: Timestamp) -> Result<Silence, DeskError> {
    let wanted = Wanted { text: checked_text("text", &wanted.text)?, ..wanted.clone() };
    checked(&wanted, &caller.account, now)?;
    if !may(caller, Action::ProposeSilence, &wanted.matchers) {
        return Err(DeskError::NotAllowed("silences are proposed by investigators and leads, for their units, and never about oneself"));
    }
    let mut write = database.write().await?;
    let id = write.next("silence").await?;
    let insert = "insert into silence (id, matchers, to_at, reason, text, state, by_account, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let insert = sqlx::query(insert).bind(id).bind(written(&wanted.matchers)).bind(wanted.to.0).bind(wanted.reason.name());
    let insert = insert.bind(&wanted.text).bind(SilenceState::Proposed.name()).bind(&caller.account).bind(now.0);
    insert.execute(&mut *write).await?;
    if may(caller, Action::DecideSilence, &wanted.matchers) && !names_a_person(&wanted.matchers) {
        enforce(&mut write, caller, id, &wanted, None, now).await?;
    }
    end_write(write, id, now).await
}

/// Agrees to a silence that waits, or does not.
pub async fn decide(
    database: &Database,
    people: &People,
    caller: &Caller,
    id: i64,
    agrees: bool,
    now: Timestamp,
) -> Result<Silence, DeskError> {
    let mut write = database.write().await?;
    let silence = found(&mut write, caller, id).await?;
    if silence.state != SilenceState::Proposed {
        return Err(DeskError::State { state: silence.state.name(), what: "decided" });
    }
    if !may(caller, Action::DecideSilence, &silence.wanted.matchers) {
        return Err(DeskError::NotAllowed("silences are put into force by a lead of the unit"));
    }
    let first = account::employee(&mut write, &silence.by.0).await?.unwrap_or_default();
    if silence.by.0 == caller.account || people.is_line(&first, &caller.employee) {
        return Err(DeskError::NotAllowed("a second person is needed, who neither manages the first nor is managed by them"));
    }
    if agrees {
        checked(&silence.wanted, &caller.account, now)?;
        enforce(&mut write, caller, id, &silence.wanted, Some(&caller.account), now).await?;
    } else {
        stop(&mut write, caller, id, now).await?;
    }
    end_write(write, id, now).await
}

/// Ends a silence. Whoever may propose may end: to show more needs no second person.
pub async fn end(database: &Database, caller: &Caller, id: i64, now: Timestamp) -> Result<Silence, DeskError> {
    let mut write = database.write().await?;
    let silence = found(&mut write, caller, id).await?;
    if silence.state == SilenceState::Ended {
        return Err(DeskError::State { state: silence.state.name(), what: "ended" });
    }
    if !may(caller, Action::ProposeSilence, &silence.wanted.matchers) {
        return Err(DeskError::NotAllowed("silences are ended by investigators and leads of the unit"));
    }
    stop(&mut write, caller, id, now).await?;
    if let Some(of) = silence.decision {
        feedback::put(&mut write, &caller.account, DecisionKind::End { of }, now).await?;
    }
    end_write(write, id, now).await
}

/// All that whoever asks may see: those in force that end first on top, then those that wait, then what is over.
pub async fn list(connection: &mut AnyConnection, caller: &Caller) -> Result<Vec<Silence>, DeskError> {
    let order = "case state when 'in_force' then 0 when 'proposed' then 1 else 2 end, to_at, id";
    let text = format!("select {COLUMNS} from silence order by {order} limit 2000");
    let mut all = Vec::new();
    for row in sqlx::query(&text).fetch_all(connection).await? {
        all.extend(Some(of(&row)?).filter(|silence| may(caller, Action::SeeSilences, &silence.wanted.matchers)));
    }
    Ok(all)
}

/// What it would have hidden of the last days, counted whatever the caller may see: a number names nobody.
pub async fn preview(connection: &mut AnyConnection, matchers: &[Matcher], now: Timestamp) -> Result<Preview, DeskError> {
    let globs = globs(matchers)?;
    let rows = sqlx::query("select body from alert where stream = $1 and raised_at >= $2 order by raised_at desc limit $3");
    let rows = rows.bind(LIVE).bind(now.0 - PREVIEW_DAYS * DAY_MS).bind(PREVIEWED + 1).fetch_all(connection).await?;
    let mut preview = Preview { is_cut: rows.len() as i64 > PREVIEWED, ..Preview::default() };
    for row in rows.iter().take(PREVIEWED as usize) {
        let alert: Result<Alert, _> = serde_json::from_str(&row.try_get::<String, _>(0)?);
        let Ok(alert) = alert else { continue };
        if !NEVER_SILENCED.contains(&alert.typology) && globs.iter().all(|(field, glob)| matches(&alert, *field, glob)) {
            preview.alerts[alert.severity as usize] += 1;
        }
    }
    Ok(preview)
}

/// What they match by; the first that is no glob is refused by its field.
pub fn globs(matchers: &[Matcher]) -> Result<Vec<(MatchedField, GlobMatcher)>, DeskError> {
    let compiled = matchers.iter().map(|matcher| match globset::Glob::new(&matcher.glob) {
        Ok(glob) => Ok((matcher.field, glob.compile_matcher())),
        Err(_) => Err(DeskError::refused(matcher.field.name(), "must be a glob", &matcher.glob)),
    });
    compiled.collect()
}

fn matches(alert: &Alert, field: MatchedField, glob: &GlobMatcher) -> bool {
    match field {
        MatchedField::Typology => glob.is_match(alert.typology.name()),
        MatchedField::Unit => alert.unit.as_ref().is_some_and(|unit| glob.is_match(unit)),
        MatchedField::Role => alert.role.as_ref().is_some_and(|role| glob.is_match(role)),
        MatchedField::Employee => alert.employee.as_ref().or(alert.account.as_ref()).is_some_and(|name| glob.is_match(name)),
        MatchedField::Source => {
            alert.source.iter().any(|source| glob.is_match(source))
                || alert.evidence.sources.iter().any(|range| glob.is_match(&range.source))
        }
    }
}

impl Preview {
    /// How many it would have hidden: of the critical ones none.
    pub fn hidden(&self) -> u64 {
        Severity::ALL.into_iter().filter(|severity| *severity != Severity::Critical).map(|severity| self.alerts[severity as usize]).sum()
    }
}

async fn enforce(
    write: &mut Write,
    caller: &Caller,
    id: i64,
    wanted: &Wanted,
    second: Option<&str>,
    now: Timestamp,
) -> Result<(), DeskError> {
    let what = decision::Silence { matchers: wanted.matchers.clone(), to: wanted.to, reason: wanted.reason };
    let decision = feedback::put(write, &caller.account, DecisionKind::Silence(what), now).await?;
    let update = sqlx::query("update silence set state = $2, second = $3, decision = $4 where id = $1").bind(id);
    update.bind(SilenceState::InForce.name()).bind(second).bind(decision).execute(&mut **write).await?;
    Ok(())
}

async fn stop(write: &mut Write, caller: &Caller, id: i64, now: Timestamp) -> Result<(), DatabaseError> {
    let update = sqlx::query("update silence set state = $2, ended_by = $3, ended_at = $4 where id = $1").bind(id);
    update.bind(SilenceState::Ended.name()).bind(&caller.account).bind(now.0).execute(&mut **write).await?;
    Ok(())
}

async fn end_write(mut write: Write, id: i64, now: Timestamp) -> Result<Silence, DeskError> {
    let after = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    crate::desk::case::tell(&mut write, now, "silence", &id.to_string(), 0).await?;
    write.commit().await?;
    Ok(after)
}

async fn found(write: &mut Write, caller: &Caller, id: i64) -> Result<Silence, DeskError> {
    read(write, id).await?.filter(|silence| may(caller, Action::SeeSilences, &silence.wanted.matchers)).ok_or(DeskError::NotFound)
}

const COLUMNS: &str = "id, matchers, to_at, reason, text, state, by_account, at, second, ended_by, ended_at, decision";

async fn read(connection: &mut AnyConnection, id: i64) -> Result<Option<Silence>, DatabaseError> {
    let text = format!("select {COLUMNS} from silence where id = $1");
    sqlx::query(&text).bind(id).fetch_optional(connection).await?.map(|row| of(&row)).transpose()
}

fn of(row: &AnyRow) -> Result<Silence, DatabaseError> {
    let unknown = || DatabaseError::plain("read a silence", "it was written by another version", false);
    let (matchers, reason, state): (String, String, String) = (row.try_get(1)?, row.try_get(3)?, row.try_get(5)?);
    let state = [SilenceState::Proposed, SilenceState::InForce, SilenceState::Ended].into_iter().find(|one| one.name() == state);
    let ended: (Option<String>, Option<i64>) = (row.try_get(9)?, row.try_get(10)?);
    Ok(Silence {
        id: row.try_get(0)?,
        wanted: Wanted {
            matchers: read_matchers(&matchers).ok_or_else(unknown)?,
            to: Timestamp(row.try_get(2)?),
            reason: self::reason(&reason).ok_or_else(unknown)?,
            text: row.try_get(4)?,
        },
        state: state.ok_or_else(unknown)?,
        by: (row.try_get(6)?, Timestamp(row.try_get(7)?)),
        second: row.try_get(8)?,
        ended: ended.0.zip(ended.1.map(Timestamp)),
        decision: row.try_get(11)?,
    })
}

/// The reason of a name.
pub fn reason(name: &str) -> Option<SilenceReason> {
    SilenceReason::ALL.iter().copied().find(|reason| reason.name() == name)
}

/// A matcher of `FIELD=GLOB`.
pub fn matcher(text: &str) -> Option<Matcher> {
    let (field, glob) = text.split_once('=')?;
    let field = MatchedField::ALL.iter().copied().find(|one| one.name() == field.trim())?;
    Some(Matcher { field, glob: glob.trim().to_owned() })
}

fn written(matchers: &[Matcher]) -> String {
    let all: Map<String, Value> = matchers.iter().map(|matcher| (matcher.field.name().to_owned(), matcher.glob.clone().into())).collect();
    Value::Object(all).to_string()
}

fn read_matchers(text: &str) -> Option<Vec<Matcher>> {
    let Value::Object(all) = serde_json::from_str(text).ok()? else { return None };
    all.iter().map(|(field, glob)| matcher(&format!("{field}={}", glob.as_str()?))).collect()
}
