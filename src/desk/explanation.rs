//! Explanations: reasons for accesses from now on, proposed with an innocent verdict that has a business reason, and put into force by
//! somebody else, a lead. They name tables and at most how many people, for at most 90 days: so they explain the cause, and never the person.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::case::{self, CaseFile};
use crate::desk::people::People;
use crate::desk::rights::{Action, Caller, Reach, reach, reach_on_reviewers};
use crate::desk::silence::SilenceState;
use crate::desk::{DeskError, account, feedback};
use crate::model::decision::parse;
use crate::model::decision::{self, Decision, DecisionKind, ExplanationReason, Grantee, LONGEST_EXPLANATION, VerdictReason};
use crate::model::time::{DAY_MS, Span, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// An explanation as it is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Whether for each employee of the unit, or for the one that the case is about.
    pub for_unit: bool,
    /// Glob of the tables.
    pub objects: String,
    /// For how many days.
    pub days: i64,
    /// It covers so many distinct people of each employee.
    pub max_persons: u64,
    /// Which sort of reason.
    pub reason: ExplanationReason,
    /// In words.
    pub text: String,
}

/// An explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Its number.
    pub id: i64,
    /// The case that it came out of.
    pub case_id: i64,
    /// Whose accesses.
    pub whom: Grantee,
    /// The unit of whom it is about.
    pub unit: Option<String>,
    /// Glob of the tables.
    pub objects: String,
    /// Until when.
    pub to: Timestamp,
    /// Which sort of reason.
    pub reason: ExplanationReason,
    /// It covers so many distinct people of each employee.
    pub max_persons: u64,
    /// Why, in words.
    pub text: String,
    /// Where it stands.
    pub state: SilenceState,
    /// Who asked for it, and when.
    pub by: (String, Timestamp),
    /// Who put it into force.
    pub second: Option<String>,
    /// Who ended it, and when.
    pub ended: Option<(String, Timestamp)>,
    decision: Option<String>,
    /// Whether its case is about what a reviewer looked at.
    reviewers: bool,
}

impl Explanation {
    /// Whether it explains anything at that time.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.state == SilenceState::InForce && self.to >= now
    }

    /// As the engine takes it.
    fn decided(&self, now: Timestamp) -> decision::Explanation {
        decision::Explanation {
            whom: self.whom.clone(),
            objects: self.objects.clone(),
            from: now,
            to: self.to,
            reason: self.reason,
            reference: None,
            max_persons: self.max_persons,
        }
    }
}

/// The sort of explanation that a verdict's reason gives, if it gives one: "detector wrong" explains nothing.
pub fn of_verdict(reason: VerdictReason) -> Option<ExplanationReason> {
    ExplanationReason::ALL.iter().copied().find(|one| one.name() == reason.name())
}

/// What would be asked for of a case, checked as the engine will read it; nothing is written.
pub fn checked(caller: &Caller, case: &CaseFile, wanted: &Wanted, now: Timestamp) -> Result<Explanation, DeskError> {
    let longest = LONGEST_EXPLANATION.0 / DAY_MS;
    if !(1..=longest).contains(&wanted.days) {
        return Err(DeskError::refused("days", format!("must be from 1 to {longest}"), wanted.days.to_string()));
    }
    let unit = case.parties.iter().find(|(name, _)| *name == case.about).and_then(|(_, unit)| unit.clone());
    let whom = match (wanted.for_unit, &unit) {
        (false, _) => Grantee::Employee(case.about.clone()),
        (true, Some(unit)) => Grantee::Unit(unit.clone()),
        (true, None) => return Err(DeskError::refused("whom", "must be the employee: no unit is known", "unit")),
    };
    let explanation = Explanation {
        id: 0,
        case_id: case.id,
        whom,
        unit,
        objects: wanted.objects.trim().to_owned(),
        to: now + Span::days(wanted.days),
        reason: wanted.reason,
        max_persons: wanted.max_persons,
        text: wanted.text.clone(),
        state: SilenceState::Proposed,
        by: (caller.account.clone(), now),
        second: None,
        ended: None,
        decision: None,
        reviewers: case.reviewers,
    };
    understood(&explanation, &caller.account, now)?;
    Ok(explanation)
}

/// Reads it as the engine will: what that refuses is refused here, with the same words.
fn understood(explanation: &Explanation, by: &str, now: Timestamp) -> Result<(), DeskError> {
    let what = DecisionKind::Explanation(explanation.decided(now));
    let line = Decision { id: "0".repeat(32), at: now, by: by.to_owned(), what }.to_line();
    let refused = |problem: crate::model::problem::Problem| {
        let place = problem.place.trim_start_matches([':', ' ']).to_owned();
        DeskError::refused("explanation", format!("{place} {}", problem.rule).trim().to_owned(), problem.value.unwrap_or_default())
    };
    parse::line(&line).map(|_| ()).map_err(refused)
}

/// Proposes one: it waits for a lead.
pub async fn propose(database: &Database, explanation: &Explanation) -> Result<i64, DeskError> {
    let mut write = database.write().await?;
    let id = put(&mut write, explanation).await?;
    write.commit().await?;
    Ok(id)
}

/// The same within what is written already.
pub(super) async fn put(write: &mut Write, explanation: &Explanation) -> Result<i64, DatabaseError> {
    let id = write.next("explanation").await?;
    let insert =
        "insert into explanation (id, case_id, whom_kind, whom, unit, objects, to_at, reason, max_persons, text, state, by_account, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let (kind, whom) = match &explanation.whom {
        Grantee::Employee(name) => ("employee", name),
        Grantee::Unit(name) => ("unit", name),
    };
    let insert = sqlx::query(insert).bind(id).bind(explanation.case_id).bind(kind).bind(whom).bind(explanation.unit.as_deref());
    let insert = insert.bind(&explanation.objects).bind(explanation.to.0).bind(explanation.reason.name());
    let insert = insert.bind(i64::try_from(explanation.max_persons).unwrap_or(i64::MAX)).bind(&explanation.text);
    let insert = insert.bind(SilenceState::Proposed.name()).bind(&explanation.by.0).bind(explanation.by.1.0);
    insert.execute(&mut **write).await?;
    case::tell(write, explanation.by.1, "explanation", &id.to_string(), 0).await?;
    Ok(id)
}

fn may(caller: &Caller, action: Action, explanation: &Explanation) -> bool {
    let hides = matches!(&explanation.whom, Grantee::Employee(name) if caller.hidden.contains(name));
    let covers = |unit: &Option<String>| unit.is_none() || *unit == explanation.unit;
    // One that came out of a case that must not be seen is no more there than the case.
    let reach = |role| match (explanation.reviewers, action) {
        (false, _) => reach(role, action),
        (true, Action::SeeSilences) => reach_on_reviewers(role, Action::Read),
        (true, _) => Reach::None,
    };
    !hides && caller.grants.iter().any(|grant| reach(grant.role) > Reach::None && covers(&grant.unit))
}

/// Agrees to one that waits, or does not.
pub async fn decide(database: &Database, people: &People, caller: &Caller, id: i64, agrees: bool, now: Timestamp) -> Result<(), DeskError> {
    let mut write = database.write().await?;
    let explanation = found(&mut write, caller, id).await?;
    if explanation.state != SilenceState::Proposed {
        return Err(DeskError::State { state: explanation.state.name(), what: "decided" });
    }
    if !may(caller, Action::DecideSilence, &explanation) {
        return Err(DeskError::NotAllowed("explanations are put into force by a lead of the unit"));
    }
    let first = account::employee(&mut write, &explanation.by.0).await?.unwrap_or_default();
    if explanation.by.0 == caller.account || people.is_line(&first, &caller.employee) {
        return Err(DeskError::NotAllowed("a second person is needed, who neither manages the first nor is managed by them"));
    }
    if !agrees {
        stop(&mut write, caller, &explanation, now).await?;
        return Ok(write.commit().await?);
    }
    understood(&explanation, &caller.account, now)?;
    let decision = feedback::put(&mut write, &caller.account, DecisionKind::Explanation(explanation.decided(now)), now).await?;
    let update = sqlx::query("update explanation set state = $2, second = $3, decision = $4 where id = $1").bind(id);
    update.bind(SilenceState::InForce.name()).bind(&caller.account).bind(decision).execute(&mut *write).await?;
    case::tell(&mut write, now, "explanation", &id.to_string(), 0).await?;
    Ok(write.commit().await?)
}

/// Ends one. Whoever may propose may end: to show more needs no second person.
pub async fn end(database: &Database, caller: &Caller, id: i64, now: Timestamp) -> Result<(), DeskError> {
    let mut write = database.write().await?;
    let explanation = found(&mut write, caller, id).await?;
    if explanation.state == SilenceState::Ended {
        return Err(DeskError::State { state: explanation.state.name(), what: "ended" });
    }
    if !may(caller, Action::ProposeSilence, &explanation) {
        return Err(DeskError::NotAllowed("explanations are ended by investigators and leads of the unit"));
    }
    stop(&mut write, caller, &explanation, now).await?;
    Ok(write.commit().await?)
}

async fn stop(write: &mut Write, caller: &Caller, explanation: &Explanation, now: Timestamp) -> Result<(), DeskError> {
    let update = sqlx::query("update explanation set state = $2, ended_by = $3, ended_at = $4 where id = $1").bind(explanation.id);
    update.bind(SilenceState::Ended.name()).bind(&caller.account).bind(now.0).execute(&mut **write).await?;
    if let Some(of) = explanation.decision.clone() {
        feedback::put(write, &caller.account, DecisionKind::End { of }, now).await?;
    }
    case::tell(write, now, "explanation", &explanation.id.to_string(), 0).await?;
    Ok(())
}

async fn found(write: &mut Write, caller: &Caller, id: i64) -> Result<Explanation, DeskError> {
    let text = format!("select {COLUMNS} from explanation where id = $1");
    let row = sqlx::query(&text).bind(id).fetch_optional(&mut **write).await?;
    let explanation = row.map(|row| of(&row)).transpose()?;
    explanation.filter(|one| may(caller, Action::SeeSilences, one)).ok_or(DeskError::NotFound)
}

/// All that whoever asks may see: those in force that end first on top, then those that wait, then what is over.
pub async fn list(connection: &mut AnyConnection, caller: &Caller) -> Result<Vec<Explanation>, DeskError> {
    let order = "case state when 'in_force' then 0 when 'proposed' then 1 else 2 end, to_at, id";
    let text = format!("select {COLUMNS} from explanation order by {order} limit 2000");
    let mut all = Vec::new();
    for row in sqlx::query(&text).fetch_all(connection).await? {
        all.extend(Some(of(&row)?).filter(|one| may(caller, Action::SeeSilences, one)));
    }
    Ok(all)
}

const COLUMNS: &str = "id, case_id, whom_kind, whom, unit, objects, to_at, reason, max_persons, text, state, by_account, at, second, ended_by, ended_at, decision,
    (select c.reviewers from case_file c where c.id = explanation.case_id)";

fn of(row: &AnyRow) -> Result<Explanation, DatabaseError> {
    let unknown = || DatabaseError::plain("read an explanation", "it was written by another version", false);
    let (kind, whom, reason, state): (String, String, String, String) =
        (row.try_get(2)?, row.try_get(3)?, row.try_get(7)?, row.try_get(10)?);
    let state = [SilenceState::Proposed, SilenceState::InForce, SilenceState::Ended].into_iter().find(|one| one.name() == state);
    let ended: (Option<String>, Option<i64>) = (row.try_get(14)?, row.try_get(15)?);
    Ok(Explanation {
        id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        whom: if kind == "unit" { Grantee::Unit(whom) } else { Grantee::Employee(whom) },
        unit: row.try_get(4)?,
        objects: row.try_get(5)?,
        to: Timestamp(row.try_get(6)?),
        reason: ExplanationReason::ALL.iter().copied().find(|one| one.name() == reason).ok_or_else(unknown)?,
        max_persons: row.try_get::<i64, _>(8)?.unsigned_abs(),
        text: row.try_get(9)?,
        state: state.ok_or_else(unknown)?,
        by: (row.try_get(11)?, Timestamp(row.try_get(12)?)),
        second: row.try_get(13)?,
        ended: ended.0.zip(ended.1.map(Timestamp)),
        decision: row.try_get(16)?,
        reviewers: row.try_get::<Option<i64>, _>(17)?.is_some_and(|flag| flag != 0),
    })
}
