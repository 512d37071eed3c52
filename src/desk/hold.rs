//! Holds: what keeps a case from being erased. A lead or a data protection officer sets one, and the latter alone lifts it.

use crate::database::{Database, DatabaseError};
use crate::desk::case;
use crate::desk::rights::{Action, Caller};
use crate::desk::{DeskError, checked_text};
use crate::model::time::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// A hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The case.
    pub case_id: i64,
    /// Who set it, and when.
    pub set: (String, Timestamp),
    /// Why.
    pub reason: String,
    /// Who lifted it, and when.
    pub lifted: Option<(String, Timestamp)>,
}

impl Hold {
    /// Counts its states: 1 set, 2 lifted.
    pub fn version(&self) -> i64 {
        1 + i64::from(self.lifted.is_some())
    }
}

/// A case for somebody who may set or lift holds on it: a data protection officer does so without reading it.
async fn case_for(connection: &mut AnyConnection, caller: &Caller, id: i64, action: Action) -> Result<case::CaseFile, DeskError> {
    let case = case::read(connection, id).await?.filter(|case| caller.may(action, &case.subject()));
    case.ok_or(DeskError::NotFound)
}

/// Sets a hold.
pub async fn set(database: &Database, caller: &Caller, case_id: i64, reason: &str, now: Timestamp) -> Result<Hold, DeskError> {
    let reason = checked_text("reason", reason)?;
    let mut write = database.write().await?;
    case_for(&mut write, caller, case_id, Action::Hold).await?;
    let id = write.next("hold").await?;
    let insert = sqlx::query("insert into hold (id, case_id, set_by, set_at, reason) values ($1, $2, $3, $4, $5)").bind(id).bind(case_id);
    insert.bind(&caller.account).bind(now.0).bind(&reason).execute(&mut *write).await?;
    case::enter(&mut write, case_id, now, Some(&caller.account), "hold_set", &json!({ "hold": id, "why": reason })).await?;
    end(write, case_id, id, now).await
}

/// Lifts a hold.
pub async fn lift(database: &Database, caller: &Caller, id: i64, expected: i64, now: Timestamp) -> Result<Hold, DeskError> {
    let mut write = database.write().await?;
    let hold = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    case_for(&mut write, caller, hold.case_id, Action::LiftHold).await?;
    if hold.version() != expected {
        return Err(DeskError::Changed { now: hold.version() });
    }
    if hold.lifted.is_some() {
        return Err(DeskError::State { state: "lifted", what: "lifted" });
    }
    let update = sqlx::query("update hold set lifted_by = $2, lifted_at = $3 where id = $1").bind(id).bind(&caller.account).bind(now.0);
    update.execute(&mut *write).await?;
    case::enter(&mut write, hold.case_id, now, Some(&caller.account), "hold_lifted", &json!({ "hold": id })).await?;
    end(write, hold.case_id, id, now).await
}

/// The holds of a case, for whoever may see them.
pub async fn of_case(connection: &mut AnyConnection, caller: &Caller, case_id: i64) -> Result<Vec<Hold>, DeskError> {
    let case = case::read(connection, case_id).await?.ok_or(DeskError::NotFound)?;
    if ![Action::Read, Action::Hold].into_iter().any(|action| caller.may(action, &case.subject())) {
        return Err(DeskError::NotFound);
    }
    let text = format!("select {COLUMNS} from hold where case_id = $1 order by id limit 200");
    let rows = sqlx::query(&text).bind(case_id).fetch_all(connection).await?;
    Ok(rows.iter().map(of).collect::<Result<_, _>>()?)
}

async fn end(mut write: crate::database::Write, case_id: i64, id: i64, now: Timestamp) -> Result<Hold, DeskError> {
    let version = case::touch(&mut write, case_id).await?;
    case::tell(&mut write, now, "case", &case_id.to_string(), version).await?;
    let after = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    write.commit().await?;
    Ok(after)
}

const COLUMNS: &str = "id, case_id, set_by, set_at, reason, lifted_by, lifted_at";

async fn read(connection: &mut AnyConnection, id: i64) -> Result<Option<Hold>, DatabaseError> {
    let text = format!("select {COLUMNS} from hold where id = $1");
    sqlx::query(&text).bind(id).fetch_optional(connection).await?.map(|row| of(&row)).transpose()
}

fn of(row: &AnyRow) -> Result<Hold, DatabaseError> {
    let lifted: (Option<String>, Option<i64>) = (row.try_get(5)?, row.try_get(6)?);
    Ok(Hold {
        id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        set: (row.try_get(2)?, Timestamp(row.try_get(3)?)),
        reason: row.try_get(4)?,
        lifted: lifted.0.zip(lifted.1.map(Timestamp)),
    })
}
