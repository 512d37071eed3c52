//! Holds: what keeps a case from being erased. A lead or a data protection officer sets one, and the latter alone lifts it; whoever works on
//! the case asks for one, and it keeps the case while it waits for them.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::case::{self, CaseFile};
use crate::desk::rights::{Action, Caller};
use crate::desk::{DeskError, checked_text};
use crate::model::time::Timestamp;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Holds of a list.
const LISTED: i64 = 200;

/// Where a hold stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldState {
    /// It was asked for, and keeps the case until somebody has decided.
    Asked,
    /// It keeps the case.
    Set,
    /// It was asked for, and not set.
    Declined,
    /// It was set, and keeps the case no more.
    Lifted,
}

impl HoldState {
    /// Every state.
    pub const ALL: [HoldState; 4] = [HoldState::Asked, HoldState::Set, HoldState::Declined, HoldState::Lifted];

    /// The name in the database and the API.
    pub fn name(self) -> &'static str {
        match self {
            HoldState::Asked => "asked",
            HoldState::Set => "set",
            HoldState::Declined => "declined",
            HoldState::Lifted => "lifted",
        }
    }
}

/// A hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The case.
    pub case_id: i64,
    /// Who set it or asked for it, and when.
    pub by: (String, Timestamp),
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: HoldState,
    /// Who decided on what was asked for, and when.
    pub decided: Option<(String, Timestamp)>,
    /// Who lifted it, and when.
    pub lifted: Option<(String, Timestamp)>,
}

impl Hold {
    /// Counts its states, from 1.
    pub fn version(&self) -> i64 {
        1 + i64::from(self.decided.is_some()) + i64::from(self.lifted.is_some())
    }

    /// Whether it keeps the case.
    pub fn keeps(&self) -> bool {
        matches!(self.state, HoldState::Asked | HoldState::Set)
    }
}

/// A case for somebody who may do one of these with its holds: a data protection officer does so without reading it.
async fn case_for(connection: &mut AnyConnection, caller: &Caller, id: i64, actions: &[Action]) -> Result<CaseFile, DeskError> {
    let may = |case: &CaseFile| actions.iter().any(|action| caller.may(*action, &case.subject()));
    case::read(connection, id).await?.filter(may).ok_or(DeskError::NotFound)
}

/// Sets a hold; whoever may only ask for one has it wait for somebody who may set it.
pub async fn set(database: &Database, caller: &Caller, case_id: i64, reason: &str, now: Timestamp) -> Result<Hold, DeskError> {
    let reason = checked_text("reason", reason)?;
    let mut write = database.write().await?;
    let case = case_for(&mut write, caller, case_id, &[Action::Hold, Action::AskHold]).await?;
    let (state, kind) =
        if caller.may(Action::Hold, &case.subject()) { (HoldState::Set, "hold_set") } else { (HoldState::Asked, "hold_asked") };
    let id = write.next("hold").await?;
    let insert = sqlx::query("insert into hold (id, case_id, set_by, set_at, reason, state) values ($1, $2, $3, $4, $5, $6)").bind(id);
    let insert = insert.bind(case_id).bind(&caller.account).bind(now.0).bind(&reason).bind(state.name());
    insert.execute(&mut *write).await?;
    case::enter(&mut write, case_id, now, Some(&caller.account), kind, &json!({ "hold": id, "why": reason })).await?;
    end(write, case_id, id, now).await
}

/// Sets what was asked for, or does not.
pub async fn decide(
    database: &Database,
    caller: &Caller,
    id: i64,
    agrees: bool,
    expected: Option<i64>,
    now: Timestamp,
) -> Result<Hold, DeskError> {
    let mut write = database.write().await?;
    let hold = found(&mut write, caller, id, Action::Hold, expected).await?;
    if hold.state != HoldState::Asked {
        return Err(DeskError::State { state: hold.state.name(), what: "decided" });
    }
    let (state, kind) = if agrees { (HoldState::Set, "hold_set") } else { (HoldState::Declined, "hold_declined") };
    let update = sqlx::query("update hold set state = $2, decided_by = $3, decided_at = $4 where id = $1").bind(id).bind(state.name());
    update.bind(&caller.account).bind(now.0).execute(&mut *write).await?;
    case::enter(&mut write, hold.case_id, now, Some(&caller.account), kind, &json!({ "hold": id })).await?;
    end(write, hold.case_id, id, now).await
}

/// Lifts a hold.
pub async fn lift(database: &Database, caller: &Caller, id: i64, expected: i64, now: Timestamp) -> Result<Hold, DeskError> {
    let mut write = database.write().await?;
    let hold = found(&mut write, caller, id, Action::LiftHold, Some(expected)).await?;
    if hold.state != HoldState::Set {
        return Err(DeskError::State { state: hold.state.name(), what: "lifted" });
    }
    let update = sqlx::query("update hold set state = $2, lifted_by = $3, lifted_at = $4 where id = $1").bind(id);
    let update = update.bind(HoldState::Lifted.name()).bind(&caller.account).bind(now.0);
    update.execute(&mut *write).await?;
    case::enter(&mut write, hold.case_id, now, Some(&caller.account), "hold_lifted", &json!({ "hold": id })).await?;
    end(write, hold.case_id, id, now).await
}

/// What of a case lets one see its holds.
const SEEN_BY: &[Action] = &[Action::Read, Action::Hold, Action::AskHold];

/// A case with its holds, for whoever may see them.
pub async fn of_case(connection: &mut AnyConnection, caller: &Caller, case_id: i64) -> Result<(CaseFile, Vec<Hold>), DeskError> {
    let case = case_for(connection, caller, case_id, SEEN_BY).await?;
    let text = format!("select {COLUMNS} from hold where case_id = $1 order by id limit {LISTED}");
    let rows = sqlx::query(&text).bind(case_id).fetch_all(connection).await?;
    Ok((case, rows.iter().map(of).collect::<Result<_, _>>()?))
}

/// The holds that somebody may see, each with its case: what waits first, then what is set, newest first.
pub async fn list(connection: &mut AnyConnection, caller: &Caller) -> Result<Vec<(Hold, CaseFile)>, DeskError> {
    let text =
        format!("select {COLUMNS} from hold order by case state when 'asked' then 0 when 'set' then 1 else 2 end, id desc limit {LISTED}");
    let mut listed = Vec::new();
    for row in &sqlx::query(&text).fetch_all(&mut *connection).await? {
        let hold = of(row)?;
        match case_for(connection, caller, hold.case_id, SEEN_BY).await {
            Ok(case) => listed.push((hold, case)),
            Err(DeskError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(listed)
}

async fn found(connection: &mut AnyConnection, caller: &Caller, id: i64, action: Action, expected: Option<i64>) -> Result<Hold, DeskError> {
    let hold = read(connection, id).await?.ok_or(DeskError::NotFound)?;
    case_for(connection, caller, hold.case_id, &[action]).await?;
    match expected {
        Some(expected) if expected != hold.version() => Err(DeskError::Changed { now: hold.version() }),
        Some(_) | None => Ok(hold),
    }
}

async fn end(mut write: Write, case_id: i64, id: i64, now: Timestamp) -> Result<Hold, DeskError> {
    let version = case::touch(&mut write, case_id).await?;
    case::tell(&mut write, now, "case", &case_id.to_string(), version).await?;
    let after = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    write.commit().await?;
    Ok(after)
}

const COLUMNS: &str = "id, case_id, set_by, set_at, reason, state, decided_by, decided_at, lifted_by, lifted_at";

async fn read(connection: &mut AnyConnection, id: i64) -> Result<Option<Hold>, DatabaseError> {
    let text = format!("select {COLUMNS} from hold where id = $1");
    sqlx::query(&text).bind(id).fetch_optional(connection).await?.map(|row| of(&row)).transpose()
}

fn of(row: &AnyRow) -> Result<Hold, DatabaseError> {
    let state: String = row.try_get(5)?;
    let state = HoldState::ALL.into_iter().find(|one| one.name() == state);
    let (decided, lifted): ((Option<String>, Option<i64>), _) = ((row.try_get(6)?, row.try_get(7)?), (row.try_get(8)?, row.try_get(9)?));
    let both = |(by, at): (Option<String>, Option<i64>)| by.zip(at.map(Timestamp));
    Ok(Hold {
        id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        by: (row.try_get(2)?, Timestamp(row.try_get(3)?)),
        reason: row.try_get(4)?,
        state: state.ok_or_else(|| DatabaseError::plain("read a hold", "it was written by another version", false))?,
        decided: both(decided),
        lifted: both(lifted),
    })
}
