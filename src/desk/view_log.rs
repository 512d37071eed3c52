//! Who was shown what: a chain of records, each with the hash of the one before, so that none can be taken out or changed unseen. A page is
//! sent after its record is committed.
//!
//! Each record also becomes a canonical access record in a file that an ordinary source reads: reviewers are judged by the same detectors as
//! everybody. Those who were viewed are its subjects.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::rights::Caller;
use crate::model::time::Timestamp;
use serde_json::json;
use sqlx::{AnyConnection, Row};

/// What is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View<'a> {
    /// Which page or resource.
    pub page: &'a str,
    /// Which case or alert, where it is one.
    pub object: String,
    /// The people whom it names, where it is about some; none of lists, which count their rows.
    pub persons: Vec<String>,
    /// Rows of a list.
    pub rows: i64,
}

/// A record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ViewRecord {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// By which account.
    pub viewer: String,
    /// Which page.
    pub page: String,
    /// Which case or alert.
    pub object: String,
    /// The people whom it named.
    pub persons: Vec<String>,
    /// Rows of a list.
    pub rows: i64,
    previous: String,
    hash: String,
}

impl ViewRecord {
    /// One that has no place in the chain yet.
    pub(super) fn new(caller: &Caller, view: &View<'_>, now: Timestamp) -> ViewRecord {
        ViewRecord {
            number: 0,
            at: now,
            viewer: caller.account.clone(),
            page: view.page.to_owned(),
            object: view.object.clone(),
            persons: view.persons.clone(),
            rows: view.rows,
            previous: String::new(),
            hash: String::new(),
        }
    }

    fn computed(&self) -> String {
        let text = json!([self.previous, self.number, self.at.0, self.viewer, self.page, self.object, self.persons, self.rows]).to_string();
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// As a line of the canonical format: an access of the reviewer to those they viewed.
    pub fn canonical(&self, employee: &str) -> String {
        let mut line = json!({
            "time": self.at.to_string(),
            "employee": employee,
            "system": "leakwarden",
            "operation": "read",
            "objects": [{ "table": format!("leakwarden.{}", self.page), "columns": ["person"] }],
            "rows": self.rows.max(self.persons.len() as i64),
            "id": format!("view-{}-{}", self.number, self.hash.get(..12).unwrap_or_default()),
        });
        if !self.persons.is_empty() {
            line["subjects"] = json!(self.persons);
        }
        line.to_string()
    }
}

/// Records that somebody is shown something.
pub async fn record(database: &Database, caller: &Caller, view: &View<'_>, now: Timestamp) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    append(&mut write, vec![ViewRecord::new(caller, view, now)]).await?;
    write.commit().await
}

/// Puts records at the end of the chain, in their order.
pub(super) async fn append(write: &mut Write, records: Vec<ViewRecord>) -> Result<(), DatabaseError> {
    let last = sqlx::query("select hash from view order by number desc limit 1").fetch_optional(&mut **write).await?;
    let mut previous: String = last.map_or(Ok(String::new()), |row| row.try_get(0))?;
    for mut record in records {
        record.number = write.next("view").await?;
        record.previous = previous;
        record.hash = record.computed();
        let insert = "insert into view (number, at, viewer, page, object, persons, row_count, previous, hash, written)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
        let insert = sqlx::query(insert).bind(record.number).bind(record.at.0).bind(&record.viewer).bind(&record.page).bind(&record.object);
        let insert = insert.bind(json!(record.persons).to_string()).bind(record.rows).bind(&record.previous).bind(&record.hash);
        insert.execute(&mut **write).await?;
        previous = record.hash;
    }
    Ok(())
}

const COLUMNS: &str = "number, at, viewer, page, object, persons, row_count, previous, hash";

fn of(row: &sqlx::any::AnyRow) -> Result<ViewRecord, DatabaseError> {
    Ok(ViewRecord {
        number: row.try_get(0)?,
        at: Timestamp(row.try_get(1)?),
        viewer: row.try_get(2)?,
        page: row.try_get(3)?,
        object: row.try_get(4)?,
        persons: serde_json::from_str(&row.try_get::<String, _>(5)?).unwrap_or_default(),
        rows: row.try_get(6)?,
        previous: row.try_get(7)?,
        hash: row.try_get(8)?,
    })
}

/// The newest records before a number, newest first: of one account, or of all.
pub async fn newest(
    connection: &mut AnyConnection,
    viewer: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<ViewRecord>, DatabaseError> {
    let text = format!("select {COLUMNS} from view where number < $1 and (viewer = $2 or $3 = 1) order by number desc limit $4");
    let rows = sqlx::query(&text).bind(before).bind(viewer.unwrap_or_default()).bind(i64::from(viewer.is_none())).bind(limit);
    rows.fetch_all(connection).await?.iter().map(of).collect()
}

/// Follows the chain from its beginning; the number of the first record that is missing or not what it was.
pub async fn first_broken(connection: &mut AnyConnection) -> Result<Option<i64>, DatabaseError> {
    let (mut previous, mut next) = (String::new(), 1);
    loop {
        let text = format!("select {COLUMNS} from view where number >= $1 order by number limit 500");
        let rows = sqlx::query(&text).bind(next).fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in &rows {
            let record = of(row)?;
            if record.number != next || record.previous != previous || record.computed() != record.hash {
                return Ok(Some(next));
            }
            (previous, next) = (record.hash, next + 1);
        }
    }
}

/// Records that are not in the file of access records yet, oldest first, each with the reviewer's employee.
pub async fn unwritten(connection: &mut AnyConnection, limit: i64) -> Result<Vec<(ViewRecord, String)>, DatabaseError> {
    let columns = COLUMNS.split(", ").map(|name| format!("v.{name}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "select {columns}, coalesce(a.employee, v.viewer) from view v left join account a on a.name = v.viewer where v.written = 0 order by v.number limit $1"
    );
    let rows = sqlx::query(&text).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((of(row)?, row.try_get(9)?))).collect()
}

/// They are in the file, up to that number.
pub async fn written(database: &Database, up_to: i64) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("update view set written = 1 where written = 0 and number <= $1").bind(up_to).execute(&mut *write).await?;
    write.commit().await
}
