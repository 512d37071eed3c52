//! Verdicts: proposed by whoever has the case, citing the revisions they saw; some need a second person. A verdict in force closes the
//! case, and goes to the engine.

use crate::database::{Database, DatabaseError};
use crate::desk::case::{self, CaseFile, CaseState};
use crate::desk::explanation::{self, Explanation};
use crate::desk::people::People;
use crate::desk::rights::{Action, Caller};
use crate::desk::work::{at_version, end};
use crate::desk::{DeskError, account, checked_text, feedback};
use crate::model::decision::{self, CitedAlert, VerdictOutcome, VerdictReason};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Row};
use std::collections::BTreeMap;

/// A verdict as it is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What was found.
    pub outcome: VerdictOutcome,
    /// Why, as a code that goes with it.
    pub reason: VerdictReason,
    /// In words: what was looked at, or what is missing.
    pub text: String,
    /// Each alert of the case with the revision that was read.
    pub cites: BTreeMap<String, i64>,
}

impl Verdict {
    /// Whether a second person is needed in a case of this severity.
    pub fn needs_second(&self, severity: Severity) -> bool {
        match self.outcome {
            VerdictOutcome::Confirmed => true,
            VerdictOutcome::Innocent => severity == Severity::Critical,
            VerdictOutcome::Unclear => false,
        }
    }

    /// As the engine hears of it: in as many decisions as one takes alerts.
    fn decisions(&self) -> Vec<decision::Verdict> {
        let cited = self.cites.iter().map(|(id, revision)| CitedAlert { id: id.clone(), revision: u32::try_from(*revision).unwrap_or(0) });
        let cited: Vec<CitedAlert> = cited.collect();
        let of = |alerts: &[CitedAlert]| decision::Verdict {
            outcome: self.outcome,
            reason: self.reason,
            alerts: alerts.to_vec(),
            explanation: None,
        };
        cited.chunks(decision::MOST_ALERTS).map(of).collect()
    }

    /// As it is entered.
    fn body(&self) -> Value {
        json!({ "verdict": self.outcome.name(), "reason": self.reason.name(), "text": self.text, "cites": self.cites })
    }

    /// From an entry.
    pub fn of(body: &Value) -> Option<Verdict> {
        let cites = body.get("cites")?.as_object()?.iter().map(|(id, revision)| Some((id.clone(), revision.as_i64()?)));
        Some(Verdict {
            outcome: outcome(body.get("verdict")?.as_str()?)?,
            reason: reason(body.get("reason")?.as_str()?)?,
            text: body.get("text")?.as_str()?.to_owned(),
            cites: cites.collect::<Option<_>>()?,
        })
    }
}

/// The outcome of a name.
pub fn outcome(name: &str) -> Option<VerdictOutcome> {
    VerdictOutcome::ALL.into_iter().find(|outcome| outcome.name() == name)
}

/// The reason of a name.
pub fn reason(name: &str) -> Option<VerdictReason> {
    VerdictReason::ALL.iter().copied().find(|reason| reason.name() == name)
}

/// The reasons that go with an outcome.
pub fn reasons(outcome: VerdictOutcome) -> impl Iterator<Item = VerdictReason> {
    VerdictReason::ALL.iter().copied().filter(move |reason| reason.outcome() == outcome)
}

/// The alerts of a case with their newest settled revisions.
pub async fn revisions(connection: &mut AnyConnection, case_id: i64) -> Result<BTreeMap<String, i64>, DatabaseError> {
    let rows = sqlx::query("select id, revision from alert where case_id = $1").bind(case_id).fetch_all(connection).await?;
    let mut revisions = BTreeMap::new();
    for row in rows {
        revisions.insert(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(revisions)
}

/// Whether it cites what there is.
fn is_current(cites: &BTreeMap<String, i64>, there: &BTreeMap<String, i64>) -> Result<(), DeskError> {
    if let Some(unknown) = cites.keys().find(|id| !there.contains_key(*id)) {
        return Err(DeskError::refused("cites", "must name alerts of this case", unknown));
    }
    let ahead = cites.iter().find(|(id, revision)| there.get(*id).is_some_and(|newest| *revision > newest));
    if let Some((id, revision)) = ahead {
        return Err(DeskError::refused("cites", "must name revisions that are there", format!("{id}: {revision}")));
    }
    let newer = there.iter().filter(|(id, newest)| cites.get(*id) != Some(newest));
    let newer: Vec<String> = newer.map(|(id, newest)| format!("{id}: revision {newest}")).collect();
    if newer.is_empty() { Ok(()) } else { Err(DeskError::Stale(newer)) }
}

/// Gives a verdict. It is in force at once, or waits for a second person.
pub async fn give(
    database: &Database,
    caller: &Caller,
    id: i64,
    verdict: &Verdict,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<CaseFile, DeskError> {
    give_with(database, caller, id, verdict, None, expected, now).await
}

/// The same, and proposes an explanation beside it: both or neither.
pub async fn give_with(
    database: &Database,
    caller: &Caller,
    id: i64,
    verdict: &Verdict,
    proposed: Option<&Explanation>,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<CaseFile, DeskError> {
    let verdict = Verdict { text: checked_text("text", &verdict.text)?, ..verdict.clone() };
    if verdict.reason.outcome() != verdict.outcome {
        let fitting: Vec<&str> = reasons(verdict.outcome).map(VerdictReason::name).collect();
        let rule = format!("must go with the verdict {}: {}", verdict.outcome.name(), fitting.join(", "));
        return Err(DeskError::refused("reason", rule, verdict.reason.name()));
    }
    let mut write = database.write().await?;
    let case = case::read_for(&mut write, caller, id, Action::Judge).await?;
    at_version(&case, expected)?;
    if case.state == CaseState::Closed {
        return Err(DeskError::State { state: case.state.name(), what: "judged: open it again first" });
    }
    is_current(&verdict.cites, &revisions(&mut write, id).await?)?;
    let needs_second = verdict.needs_second(case.severity);
    let kind = if needs_second { "proposed" } else { "verdict" };
    let entry = case::enter(&mut write, id, now, Some(&caller.account), kind, &verdict.body()).await?;
    if needs_second {
        let update = "update case_file set state = $2, verdict = $3, proposed_by = $4, proposed_entry = $5 where id = $1";
        let update = sqlx::query(update).bind(id).bind(CaseState::Proposed.name()).bind(verdict.outcome.name());
        update.bind(&caller.account).bind(entry).execute(&mut *write).await?;
    } else {
        close(&mut write, id, &verdict, entry, now).await?;
        feedback::verdict(&mut write, caller, &case, verdict.decisions(), now).await?;
    }
    if let Some(proposed) = proposed {
        explanation::put(&mut write, proposed).await?;
    }
    end(write, id, now).await
}

/// The second person: puts the verdict that waits into force, or sends it back with a reason. It must be the very one that they read,
/// and still cite what there is.
pub async fn countersign(
    database: &Database,
    people: &People,
    caller: &Caller,
    id: i64,
    entry: i64,
    agrees: Result<(), &str>,
    now: Timestamp,
) -> Result<CaseFile, DeskError> {
    let mut write = database.write().await?;
    let case = case::read_for(&mut write, caller, id, Action::Countersign).await?;
    let (CaseState::Proposed, Some(proposer), Some(waiting)) = (case.state, case.proposed_by.clone(), case.proposed_entry) else {
        return Err(DeskError::State { state: case.state.name(), what: "countersigned" });
    };
    if waiting != entry {
        return Err(DeskError::Changed { now: case.version });
    }
    let employee = account::employee(&mut write, &proposer).await?.unwrap_or_default();
    if proposer == caller.account || employee == caller.employee {
        return Err(DeskError::NotAllowed("a second person is needed: this verdict is yours"));
    }
    if people.is_line(&employee, &caller.employee) {
        return Err(DeskError::NotAllowed("a second person is needed who neither manages the first nor is managed by them"));
    }
    let row = sqlx::query("select body from entry where id = $1 and case_id = $2").bind(entry).bind(id).fetch_one(&mut *write).await?;
    let body: Value = serde_json::from_str(&row.try_get::<String, _>(0)?).unwrap_or(Value::Null);
    let verdict = Verdict::of(&body).ok_or(DeskError::NotFound)?;
    match agrees {
        Ok(()) => {
            is_current(&verdict.cites, &revisions(&mut write, id).await?)?;
            case::enter(&mut write, id, now, Some(&caller.account), "countersigned", &json!({ "entry": entry })).await?;
            close(&mut write, id, &verdict, entry, now).await?;
            feedback::verdict(&mut write, caller, &case, verdict.decisions(), now).await?;
        }
        Err(why) => {
            let why = checked_text("why", why)?;
            case::enter(&mut write, id, now, Some(&caller.account), "sent_back", &json!({ "entry": entry, "why": why })).await?;
            let update = "update case_file set state = $2, verdict = null, proposed_by = null, proposed_entry = null where id = $1";
            sqlx::query(update).bind(id).bind(CaseState::Working.name()).execute(&mut *write).await?;
        }
    }
    end(write, id, now).await
}

async fn close(write: &mut crate::database::Write, id: i64, verdict: &Verdict, entry: i64, now: Timestamp) -> Result<(), DatabaseError> {
    let update = "update case_file set state = $2, verdict = $3, proposed_by = null, proposed_entry = $4, closed_at = $5 where id = $1";
    let update = sqlx::query(update).bind(id).bind(CaseState::Closed.name()).bind(verdict.outcome.name()).bind(entry).bind(now.0);
    update.execute(&mut **write).await?;
    Ok(())
}
