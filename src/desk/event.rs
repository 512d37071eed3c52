//! What happened, for whoever follows: number, kind, object and version, and nothing of what it says. Cases that somebody must not see do not
//! happen for them.

use crate::database::DatabaseError;
use crate::desk::case;
use crate::desk::rights::{Action, Caller};
use sqlx::{AnyConnection, Row};

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its number, without gaps.
    pub number: i64,
    /// `case`, `silence` and so on.
    pub kind: String,
    /// Its number or name.
    pub object: String,
    /// The version that it has since.
    pub version: i64,
}

/// The number of the newest.
pub async fn newest(connection: &mut AnyConnection) -> Result<i64, DatabaseError> {
    let row = sqlx::query("select coalesce(max(number), 0) from event").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}

/// Those after a number that whoever asks may hear of, of the first `limit`; and the last number that was looked at.
pub async fn after(connection: &mut AnyConnection, caller: &Caller, number: i64, limit: i64) -> Result<(Vec<Event>, i64), DatabaseError> {
    let rows = sqlx::query("select number, kind, object, version from event where number > $1 order by number limit $2");
    let rows = rows.bind(number).bind(limit).fetch_all(&mut *connection).await?;
    let (mut events, mut last) = (Vec::new(), number);
    for row in rows {
        let event = Event { number: row.try_get(0)?, kind: row.try_get(1)?, object: row.try_get(2)?, version: row.try_get(3)? };
        last = event.number;
        if may_hear(connection, caller, &event).await? {
            events.push(event);
        }
    }
    Ok((events, last))
}

async fn may_hear(connection: &mut AnyConnection, caller: &Caller, event: &Event) -> Result<bool, DatabaseError> {
    match event.kind.as_str() {
        "case" => {
            let Ok(id) = event.object.parse() else { return Ok(false) };
            Ok(case::read(connection, id).await?.is_some_and(|case| caller.may(Action::Read, &case.subject())))
        }
        "silence" | "explanation" => Ok(caller.may_ever(Action::SeeSilences)),
        _ => Ok(false),
    }
}
