//! Who was shown what: a chain of records, each with the hash of the one before, so that none can be taken out or changed unseen. A page is
//! sent after its record is committed. Whom a record names stands in the chain by a salted commitment: it can be erased, salt and all, and the
//! chain holds.
//!
//! Each record also becomes a canonical access record in a file that an ordinary source reads: reviewers are judged by the same detectors as
//! everybody. Those who were viewed are its subjects.

use crate::classify::reviewed::PERSON;
use crate::database::{Database, DatabaseError, Write};
use crate::desk::random;
use crate::desk::rights::Caller;
use crate::model::time::{HOUR_MS, Timestamp};
use serde_json::json;
use sqlx::{AnyConnection, Row};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What stands for what was erased of a record without a commitment: its hash was of the content, and only the links to its neighbours are left.
const OF_BEFORE: &str = "of before";

/// Values of a record, and records of one statement: as many values as either database takes.
const VALUES: usize = 12;
const AT_ONCE: usize = 64;

/// Records about the records themselves, which the service makes: which were erased, and that some are missing.
const ERASED: &str = "erased";
const MISSING: &str = "missing";
/// Who stands in them as the viewer.
const SERVICE: &str = "leakwarden";

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
    /// What the commitment was made with; none once what was shown has been erased.
    salt: Option<String>,
    /// What stands in the chain for object and persons; none in records of before.
    commitment: Option<String>,
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
            salt: None,
            commitment: None,
            previous: String::new(),
            hash: String::new(),
        }
    }

    /// One about records themselves.
    fn of_service(page: &str, object: String, rows: i64, now: Timestamp) -> ViewRecord {
        ViewRecord {
            number: 0,
            at: now,
            viewer: SERVICE.to_owned(),
            page: page.to_owned(),
            object,
            persons: Vec::new(),
            rows,
            salt: None,
            commitment: None,
            previous: String::new(),
            hash: String::new(),
        }
    }

    /// Whether it is about records themselves: nobody was shown anything.
    fn is_of_service(&self) -> bool {
        self.viewer == SERVICE && [ERASED, MISSING].contains(&self.page.as_str())
    }

    /// Whether what it showed has been erased: then only the commitment is left.
    pub fn is_erased(&self) -> bool {
        self.commitment.is_some() && self.salt.is_none()
    }

    /// Whether it was made before records had commitments.
    fn is_of_before(&self) -> bool {
        self.commitment.as_deref().is_none_or(|commitment| commitment == OF_BEFORE)
    }

    /// What stands for object and persons, and tells nothing of them without the salt.
    fn committed(&self, salt: &str) -> String {
        let text = json!([salt, self.object, self.persons]).to_string();
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    fn computed(&self) -> String {
        let (number, at, rows) = (self.number, self.at.0, self.rows);
        let text = match &self.commitment {
            Some(commitment) => json!([self.previous, number, at, self.viewer, self.page, commitment, rows]),
            None => json!([self.previous, number, at, self.viewer, self.page, self.object, self.persons, rows]),
        };
        blake3::hash(text.to_string().as_bytes()).to_hex().to_string()
    }

    /// Whether it is what it was.
    fn holds(&self) -> bool {
        let content = match (&self.commitment, &self.salt) {
            (Some(commitment), Some(salt)) => self.committed(salt) == *commitment,
            (Some(_), None) => self.object.is_empty() && self.persons.is_empty(),
            (None, salt) => salt.is_none(),
        };
        content && (self.commitment.as_deref() == Some(OF_BEFORE) || self.computed() == self.hash)
    }

    /// As a line of the canonical format: an access of the reviewer to those they viewed. A list is no look at anybody, with or without rows:
    /// whoever works sees the same queue all day, and would be louder by it than whoever browses.
    pub fn canonical(&self, employee: &str) -> String {
        let names = !self.persons.is_empty();
        let mut line = json!({
            "time": self.at.to_string(),
            "employee": employee,
            "system": "leakwarden",
            "operation": "read",
            "objects": [{ "table": format!("leakwarden.{}", self.page), "columns": [if names { PERSON } else { "count" }] }],
            "id": format!("view-{}-{}", self.number, self.hash.get(..12).unwrap_or_default()),
        });
        if names {
            line["subjects"] = json!(self.persons);
            line["rows"] = self.persons.len().into();
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
    if records.is_empty() {
        return Ok(());
    }
    let last = sqlx::query("select hash from view order by number desc limit 1").fetch_optional(&mut **write).await?;
    let mut previous: String = match last {
        Some(row) => row.try_get(0)?,
        None => anchor(write).await?.1,
    };
    let mut first = write.take("view", records.len() as i64).await?;
    let mut placed = Vec::with_capacity(records.len());
    for mut record in records {
        (record.number, record.previous) = (first, previous);
        first += 1;
        let salt = random::token()?;
        record.commitment = Some(record.committed(&salt));
        record.salt = Some(salt);
        record.hash = record.computed();
        previous = record.hash.clone();
        placed.push(record);
    }
    // Many readers wait for one transaction: a statement for each of their records would be most of it.
    for chunk in placed.chunks(AT_ONCE) {
        insert(write, chunk).await?;
    }
    Ok(())
}

async fn insert(write: &mut Write, records: &[ViewRecord]) -> Result<(), DatabaseError> {
    let row = |nth: usize| {
        let places: Vec<String> = (1..=VALUES).map(|place| format!("${}", nth * VALUES + place)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..records.len()).map(row).collect();
    let text = format!(
        "insert into view (number, at, viewer, page, object, persons, row_count, previous, hash, salt, commitment, written) values {}",
        rows.join(", ")
    );
    let mut query = sqlx::query(&text);
    for record in records {
        query = query.bind(record.number).bind(record.at.0).bind(&record.viewer).bind(&record.page).bind(&record.object);
        query = query.bind(json!(record.persons).to_string()).bind(record.rows).bind(&record.previous).bind(&record.hash);
        query = query.bind(&record.salt).bind(&record.commitment).bind(i64::from(record.is_of_service()));
    }
    query.execute(&mut **write).await?;
    Ok(())
}

const COLUMNS: &str = "number, at, viewer, page, object, persons, row_count, previous, hash, salt, commitment";

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
        salt: row.try_get(9)?,
        commitment: row.try_get(10)?,
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
    Ok(follow(connection, None).await?.err())
}

/// How far the chain was followed.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Followed {
    next: i64,
    previous: String,
    /// A record with a commitment has come: whoever writes one of before after it passes off what they like.
    committed: bool,
}

/// Follows the chain to its end; the number of the first record that is missing or not what it was where there is one.
async fn follow(connection: &mut AnyConnection, from: Option<Followed>) -> Result<Result<Followed, i64>, DatabaseError> {
    let (last, hash) = anchor(connection).await?;
    // What went by age is not looked for.
    let from = from.filter(|from| from.next > last).unwrap_or(Followed { next: last + 1, previous: hash, committed: false });
    let Followed { mut next, mut previous, mut committed } = from;
    // Whatever was erased is named by a record after it: a salt that somebody took away is not.
    let mut unnamed = BTreeSet::new();
    loop {
        let text = format!("select {COLUMNS} from view where number >= $1 order by number limit 500");
        let rows = sqlx::query(&text).bind(next).fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(unnamed.pop_first().map_or(Ok(Followed { next, previous, committed }), Err));
        }
        for row in &rows {
            let record = of(row)?;
            let is_late = committed && record.is_of_before();
            if record.number != next || record.previous != previous || is_late || !record.holds() || record.page == MISSING {
                return Ok(Err(next));
            }
            if record.is_erased() {
                unnamed.insert(record.number);
            } else if record.page == ERASED {
                ranges(&record.object).for_each(|(first, last)| unnamed.retain(|number| !(first..=last).contains(number)));
            }
            committed |= !record.is_of_before();
            (previous, next) = (record.hash, next + 1);
        }
    }
}

/// Where the chain begins: after the last record that went by age, with its hash.
async fn anchor(connection: &mut AnyConnection) -> Result<(i64, String), DatabaseError> {
    let row = sqlx::query("select value from meta where name = 'view_anchor'").fetch_optional(connection).await?;
    let value: String = row.map_or(Ok(String::new()), |row| row.try_get(0))?;
    let read = value.split_once(' ').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    Ok(read.unwrap_or_default())
}

/// Numbers as they are written: `3-7,9`.
fn written_out(numbers: &[i64]) -> String {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let run = |(first, last): &(i64, i64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

/// The first and the last of each run of such numbers.
fn ranges(text: &str) -> impl Iterator<Item = (i64, i64)> {
    text.split(',').filter_map(|run| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        Some((first.parse().ok()?, last.parse().ok()?))
    })
}

/// Takes out what records show that this is said of; that they were made, when and by whom stays in the chain, and a record says which.
pub(super) async fn forget(write: &mut Write, now: Timestamp, shows: impl Fn(&ViewRecord) -> bool) -> Result<(), DatabaseError> {
    let (mut after, mut erased) = (0, Vec::new());
    loop {
        let text = format!("select {COLUMNS} from view where number > $1 order by number limit 500");
        let rows = sqlx::query(&text).bind(after).fetch_all(&mut **write).await?;
        let Some(last) = rows.last() else { break };
        after = last.try_get(0)?;
        for row in &rows {
            let record = of(row)?;
            if record.is_erased() || record.is_of_service() || !shows(&record) {
                continue;
            }
            erased.push(record.number);
            // One of before has no commitment: what stands in the chain for it is made of what it was.
            let commitment = record.commitment.clone().unwrap_or_else(|| OF_BEFORE.to_owned());
            let update = "update view set object = '', persons = '[]', salt = null, commitment = $2, written = 1 where number = $1";
            sqlx::query(update).bind(record.number).bind(commitment).execute(&mut **write).await?;
        }
    }
    if erased.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(erased.len()).unwrap_or(i64::MAX);
    append(write, vec![ViewRecord::of_service(ERASED, written_out(&erased), count, now)]).await
}

/// A record as the file of access records names it, which is no part of the database: its number, and how its hash begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    number: i64,
    hash: String,
}

impl Mark {
    /// That of a line of the file.
    pub fn of_line(line: &str) -> Option<Mark> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let (number, hash) = line.get("id")?.as_str()?.strip_prefix("view-")?.split_once('-')?;
        Some(Mark { number: number.parse().ok()?, hash: hash.to_owned() })
    }
}

/// Looks whether the chain has what was written to the file last. Where it has not, its end was cut off or made anew, or an older copy of the
/// database came back: that is recorded, and the chain is broken there from then on. Whether that was found just now.
pub async fn misses(database: &Database, mark: &Mark, now: Timestamp) -> Result<bool, DatabaseError> {
    let mut read = database.read().await?;
    let row = sqlx::query("select hash from view where number = $1").bind(mark.number).fetch_optional(&mut *read).await?;
    let hash: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    if hash.is_some_and(|hash| hash.starts_with(&mark.hash)) || mark.number <= anchor(&mut read).await?.0 {
        return Ok(false);
    }
    drop(read);
    let mut write = database.write().await?;
    let object = format!("{} {}", mark.number, mark.hash);
    // Until something else is written to the file it is asked again and again.
    let known = newest(&mut write, Some(SERVICE), i64::MAX, 20).await?;
    if known.iter().any(|record| record.page == MISSING && record.object == object) {
        return Ok(false);
    }
    append(&mut write, vec![ViewRecord::of_service(MISSING, object, 0, now)]).await?;
    write.commit().await?;
    Ok(true)
}

/// Takes out the records before a time, from the first on; the chain goes on from the last of them. Returns how many.
pub(super) async fn forget_before(write: &mut Write, before: Timestamp) -> Result<u64, DatabaseError> {
    let first = sqlx::query("select number from view where at >= $1 order by number limit 1").bind(before.0);
    let first: Option<i64> = first.fetch_optional(&mut **write).await?.map(|row| row.try_get(0)).transpose()?;
    let last = sqlx::query("select number, hash from view where number < $1 order by number desc limit 1").bind(first.unwrap_or(i64::MAX));
    let Some(row) = last.fetch_optional(&mut **write).await? else { return Ok(0) };
    let (number, hash): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    let upsert = "insert into meta (name, value) values ('view_anchor', $1) on conflict (name) do update set value = excluded.value";
    sqlx::query(upsert).bind(format!("{number} {hash}")).execute(&mut **write).await?;
    let gone = sqlx::query("delete from view where number <= $1").bind(number).execute(&mut **write).await?;
    Ok(gone.rows_affected())
}

/// The chain as a console follows it: from where it was last, and from its beginning once an hour. It grows for years, and a page should not
/// take the longer for it.
#[derive(Clone, Debug, Default)]
pub struct ChainCheck(Arc<Mutex<Option<(Timestamp, Followed)>>>);

/// How long what was followed is taken to be what it was.
const FOLLOWED_FOR: i64 = HOUR_MS;

impl ChainCheck {
    /// The number of the first record that is missing or not what it was.
    pub async fn first_broken(&self, connection: &mut AnyConnection, now: Timestamp) -> Result<Option<i64>, DatabaseError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = known.filter(|(since, _)| (0..FOLLOWED_FOR).contains(&(now.0 - since.0)));
        let (since, from) = known.map_or((now, None), |(since, followed)| (since, Some(followed)));
        let found = follow(connection, from).await?;
        // What is broken is found again by whoever asks next.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found.as_ref().ok().map(|followed| (since, followed.clone()));
        Ok(found.err())
    }
}

/// Records that are not in the file of access records yet, oldest first, each with the reviewer's employee.
pub async fn unwritten(connection: &mut AnyConnection, limit: i64) -> Result<Vec<(ViewRecord, String)>, DatabaseError> {
    let columns = COLUMNS.split(", ").map(|name| format!("v.{name}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "select {columns}, coalesce(a.employee, v.viewer) from view v left join account a on a.name = v.viewer where v.written = 0 order by v.number limit $1"
    );
    let rows = sqlx::query(&text).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((of(row)?, row.try_get(11)?))).collect()
}

/// They are in the file, up to that number.
pub async fn written(database: &Database, up_to: i64) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("update view set written = 1 where written = 0 and number <= $1").bind(up_to).execute(&mut *write).await?;
    write.commit().await
}
