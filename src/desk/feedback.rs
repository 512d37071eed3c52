//! Decisions on their way to the engine: written down in the transaction that makes them, and then appended to the file that the service
//! reads as input. Each has an id of its own, so that one that is appended twice counts once, and one of a restored copy is no other.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::case::CaseFile;
use crate::desk::rights::Caller;
use crate::desk::{DeskError, random};
use crate::model::decision::parse::{self, Line};
use crate::model::decision::{Assignment, Decision, DecisionKind, Verdict};
use crate::model::time::{Span, Timestamp};
use sqlx::Row;

/// Decisions of one step of the writer.
const STEP: i64 = 500;
/// How long an assignment explains that its reviewer looks; it is given again where the work takes longer.
const ASSIGNED: Span = Span::days(30);

/// Writes a decision down; returns its id. What the engine would not understand is refused here, where somebody reads why.
pub(super) async fn put(write: &mut Write, by: &str, what: DecisionKind, now: Timestamp) -> Result<String, DeskError> {
    let id: String = random::bytes::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let line = Decision { id: id.clone(), at: now, by: by.to_owned(), what }.to_line();
    if let Err(problem) = parse::line(&line) {
        let place = problem.place.trim_start_matches([':', ' ']);
        return Err(DeskError::refused(
            "decision",
            format!("{place} {}", problem.rule).trim().to_owned(),
            problem.value.unwrap_or_default(),
        ));
    }
    let number = write.next("feedback").await?;
    let insert = sqlx::query("insert into feedback (number, id, at, body, written) values ($1, $2, $3, $4, 0)");
    insert.bind(number).bind(&id).bind(now.0).bind(line).execute(&mut **write).await?;
    Ok(id)
}

/// A verdict is in force, in as many decisions as one takes alerts. What was said in words stays here. Nobody works on the case any more.
pub async fn verdict(write: &mut Write, by: &Caller, case: &CaseFile, decided: Vec<Verdict>, now: Timestamp) -> Result<(), DeskError> {
    for verdict in decided {
        put(write, &by.account, DecisionKind::Verdict(verdict), now).await?;
    }
    end_assignment(write, by, case, now).await
}

/// A case was given to somebody, by the employee whose account it is, or taken back.
pub async fn assignment(write: &mut Write, by: &Caller, case: &CaseFile, reviewer: Option<&str>, now: Timestamp) -> Result<(), DeskError> {
    end_assignment(write, by, case, now).await?;
    let Some(reviewer) = reviewer else { return Ok(()) };
    let what = Assignment { reviewer: reviewer.to_owned(), case: case.key.clone(), to: now + ASSIGNED };
    let id = put(write, &by.account, DecisionKind::Assignment(what), now).await?;
    let update = sqlx::query("update case_file set assignment = $2 where id = $1").bind(case.id).bind(id);
    update.execute(&mut **write).await?;
    Ok(())
}

async fn end_assignment(write: &mut Write, by: &Caller, case: &CaseFile, now: Timestamp) -> Result<(), DeskError> {
    let row = sqlx::query("select assignment from case_file where id = $1").bind(case.id).fetch_one(&mut **write).await?;
    let Some(of) = row.try_get::<Option<String>, _>(0)? else { return Ok(()) };
    sqlx::query("update case_file set assignment = null where id = $1").bind(case.id).execute(&mut **write).await?;
    put(write, &by.account, DecisionKind::End { of }, now).await?;
    Ok(())
}

/// Decisions that are in no file yet, oldest first, each with its number.
pub async fn unwritten(database: &Database) -> Result<Vec<(i64, Decision)>, DatabaseError> {
    let mut read = database.read().await?;
    let rows = sqlx::query("select number, body from feedback where written = 0 order by number limit $1").bind(STEP);
    let mut decisions = Vec::new();
    for row in rows.fetch_all(&mut *read).await? {
        match parse::line(&row.try_get::<String, _>(1)?) {
            Ok(Line::Decision(decision)) => decisions.push((row.try_get(0)?, decision)),
            Ok(Line::Taken(_)) | Err(_) => return Err(DatabaseError::plain("read a decision", "it was written by another version", false)),
        }
    }
    Ok(decisions)
}

/// They are in the file, up to that number.
pub async fn written(database: &Database, up_to: i64) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("update feedback set written = 1 where written = 0 and number <= $1").bind(up_to).execute(&mut *write).await?;
    write.commit().await
}
