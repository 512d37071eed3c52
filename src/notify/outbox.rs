//! What is to be told, and what became of it, in the database: written in the transaction that stores an alert's revision, and taken off
//! once it is told.

use crate::database::{Database, DatabaseError};
use crate::model::alert::{Alert, AlertState};
use crate::model::severity::Severity;
use crate::model::time::{DAY_MS, Timestamp};
use crate::notify::Notify;
use crate::notify::event::{Event, What};
use crate::notify::standing::Standing;
use globset::GlobMatcher;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// How long it is kept what was told when.
const KEPT: i64 = 400 * DAY_MS;

/// For whom events are put down.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    routes: Vec<Route>,
    unsettled: bool,
}

/// One sink: which events are for it.
#[derive(Clone, Debug)]
struct Route {
    sink: String,
    severity: Severity,
    units: Vec<GlobMatcher>,
    names: bool,
}

impl Outbox {
    /// Of the sinks of a configuration; whether what has not settled is told too.
    pub fn new(notify: &[Notify], unsettled: bool) -> Outbox {
        let route = |notify: &Notify| Route {
            sink: notify.keys.name.clone(),
            severity: notify.keys.severity,
            units: notify.keys.units.iter().filter_map(|unit| Some(globset::Glob::new(unit).ok()?.compile_matcher())).collect(),
            names: notify.keys.employee,
        };
        Outbox { routes: notify.iter().map(route).collect(), unsettled }
    }

    /// Whether anybody is told anything.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// A revision of an alert, in the transaction that stores it: puts down what is to be told of its case. A revision that comes again
    /// changes nothing.
    pub async fn take(&self, write: &mut AnyConnection, alert: &Alert, now: Timestamp) -> Result<(), DatabaseError> {
        // What was shown early and told is taken back even where that is no longer told.
        let is_early = !alert.settled && alert.state != AlertState::Retracted;
        if self.is_empty() || (is_early && !self.unsettled) || alert.case.is_empty() {
            return Ok(());
        }
        let before =
            sqlx::query("select case_id from notify_alert where alert_id = $1").bind(&alert.id).fetch_optional(&mut *write).await?;
        let before: Option<String> = before.map(|row| row.try_get(0)).transpose()?;
        if let Some(before) = before.filter(|before| *before != alert.case) {
            let mut standing = standing(write, &before).await?;
            let joined = standing.leave(&before, &alert.id, &alert.case, now.0);
            store(write, &before, &standing, now).await?;
            if let Some(event) = joined {
                self.enqueue(write, &event).await?;
            }
        }
        let mut standing = standing(write, &alert.case).await?;
        let event = standing.take(alert, now.0);
        store(write, &alert.case, &standing, now).await?;
        let belongs =
            "insert into notify_alert (alert_id, case_id) values ($1, $2) on conflict (alert_id) do update set case_id = excluded.case_id";
        sqlx::query(belongs).bind(&alert.id).bind(&alert.case).execute(&mut *write).await?;
        match event {
            Some(event) => self.enqueue(write, &event).await,
            None => Ok(()),
        }
    }

    /// Puts an event down for every sink that it is for.
    pub async fn enqueue(&self, write: &mut AnyConnection, event: &Event) -> Result<(), DatabaseError> {
        for route in &self.routes {
            let Some(event) = route.of(event) else { continue };
            let body =
                serde_json::to_string(&event).map_err(|_| DatabaseError::plain("write an event", "it cannot be written as JSON", false))?;
            let insert = "insert into outbox (sink, case_id, number, made_at, due, tries, event) values ($1, $2, $3, $4, $4, 0, $5)
                on conflict do nothing";
            let insert = sqlx::query(insert).bind(&route.sink).bind(&event.case).bind(i64::from(event.number)).bind(event.at).bind(body);
            insert.execute(&mut *write).await?;
        }
        Ok(())
    }
}

impl Route {
    /// The event as this sink hears of it; `None` where it is not for it.
    fn of(&self, event: &Event) -> Option<Event> {
        let fits = |unit: &str| self.units.iter().any(|glob| glob.is_match(unit));
        let chosen = self.units.is_empty() || event.unit.as_deref().is_some_and(fits);
        if !chosen || event.severity < self.severity {
            return None;
        }
        let mut event = event.clone();
        // Below what it is told of, it was told nothing.
        if event.what == What::Rose && event.before.is_none_or(|before| before < self.severity) {
            (event.what, event.before) = (What::Shown, None);
        }
        // The unit chooses the contact, and stays here.
        Some(if self.names { event } else { Event { whom: None, ..event } })
    }
}

/// How a case was told.
pub(super) async fn standing(write: &mut AnyConnection, case: &str) -> Result<Standing, DatabaseError> {
    let row = sqlx::query("select body from notify_case where case_id = $1").bind(case).fetch_optional(&mut *write).await?;
    let Some(row) = row else { return Ok(Standing::default()) };
    let body: String = row.try_get(0)?;
    serde_json::from_str(&body).map_err(|_| DatabaseError::plain("read what was told", "it was written by another version", false))
}

/// From now on it was told so.
pub(super) async fn store(write: &mut AnyConnection, case: &str, standing: &Standing, now: Timestamp) -> Result<(), DatabaseError> {
    let body =
        serde_json::to_string(standing).map_err(|_| DatabaseError::plain("write what was told", "it cannot be written as JSON", false))?;
    let upsert = "insert into notify_case (case_id, body, changed_at) values ($1, $2, $3)
        on conflict (case_id) do update set body = excluded.body, changed_at = excluded.changed_at";
    sqlx::query(upsert).bind(case).bind(body).bind(now.0).execute(&mut *write).await?;
    Ok(())
}

/// Something that waits.
#[derive(Clone, PartialEq, Debug)]
pub struct Waiting {
    /// What is to be told.
    pub event: Event,
    /// How often it was tried.
    pub tries: u32,
    /// When it was first tried.
    pub first_try: Option<i64>,
}

/// What waits for a sink and is due, by time and in the order of each case: nothing of a case whose earlier events are not due.
pub async fn due(database: &Database, sink: &str, now: Timestamp, most: u32) -> Result<Vec<Waiting>, DatabaseError> {
    let mut read = database.read().await?;
    let select = "select event, tries, first_try from outbox o where sink = $1 and due <= $2 and not exists (
            select 1 from outbox e where e.sink = o.sink and e.case_id = o.case_id and e.number < o.number and e.due > $2)
        order by made_at, case_id, number limit $3";
    let rows = sqlx::query(select).bind(sink).bind(now.0).bind(i64::from(most)).fetch_all(&mut *read).await?;
    rows.iter().map(waiting_of).collect()
}

fn waiting_of(row: &AnyRow) -> Result<Waiting, DatabaseError> {
    let event = serde_json::from_str(&row.try_get::<String, _>(0)?);
    let event = event.map_err(|_| DatabaseError::plain("read the outbox", "it was written by another version", false))?;
    Ok(Waiting { event, tries: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX), first_try: row.try_get(2)? })
}

/// What became of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Became {
    /// The receiver took it.
    Delivered,
    /// What came after it was told instead.
    Superseded,
}

impl Became {
    fn name(self) -> &'static str {
        match self {
            Became::Delivered => "delivered",
            Became::Superseded => "superseded",
        }
    }
}

/// What a sink that forgets is to be told again.
#[derive(Clone, PartialEq, Debug)]
pub struct HeldEvent {
    /// What was told, by the severity that it was told with.
    pub event: Event,
    /// When it ended.
    pub ended: Option<i64>,
}

/// Takes events off that were told, or superseded, and notes what holds from now on; in one transaction.
pub async fn done(
    database: &Database,
    sink: &str,
    events: &[(Event, Became)],
    held: &[HeldEvent],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    for (event, became) in events {
        let number = i64::from(event.number);
        let delete = sqlx::query("delete from outbox where sink = $1 and case_id = $2 and number = $3");
        delete.bind(sink).bind(&event.case).bind(number).execute(&mut *write).await?;
        let note = "insert into delivery (sink, case_id, number, at, outcome) values ($1, $2, $3, $4, $5)
            on conflict (sink, case_id, number) do update set at = excluded.at, outcome = excluded.outcome";
        sqlx::query(note).bind(sink).bind(&event.case).bind(number).bind(now.0).bind(became.name()).execute(&mut *write).await?;
    }
    for held in held {
        let body = serde_json::to_string(&held.event).unwrap_or_default();
        let upsert = "insert into notify_held (sink, case_id, severity, event, ended_at) values ($1, $2, $3, $4, $5)
            on conflict (sink, case_id, severity) do update set event = excluded.event, ended_at = excluded.ended_at";
        let upsert = sqlx::query(upsert).bind(sink).bind(&held.event.case).bind(held.event.severity.name()).bind(body).bind(held.ended);
        upsert.execute(&mut *write).await?;
    }
    write.commit().await
}

/// Events that were tried in vain: when they are due again.
pub async fn failed(database: &Database, sink: &str, events: &[(&Waiting, Timestamp)], now: Timestamp) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    for (waiting, due) in events {
        let update = "update outbox set tries = tries + 1, first_try = coalesce(first_try, $4), due = $5
            where sink = $1 and case_id = $2 and number = $3";
        let Event { case, number, .. } = &waiting.event;
        let update = sqlx::query(update).bind(sink).bind(case).bind(i64::from(*number)).bind(now.0).bind(due.0);
        update.execute(&mut *write).await?;
    }
    write.commit().await
}

/// Events that are told no more by themselves, and why.
pub async fn died(database: &Database, sink: &str, events: &[(&Event, &str)], now: Timestamp) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    for (event, reason) in events {
        let keep = "insert into dead_letter (sink, case_id, number, made_at, died_at, tries, reason, event)
            select sink, case_id, number, made_at, $4, tries + 1, $5, event from outbox where sink = $1 and case_id = $2 and number = $3
            on conflict (sink, case_id, number) do update set died_at = excluded.died_at, reason = excluded.reason, tries = excluded.tries";
        let number = i64::from(event.number);
        let keep = sqlx::query(keep).bind(sink).bind(&event.case).bind(number).bind(now.0).bind(*reason);
        keep.execute(&mut *write).await?;
        let delete = sqlx::query("delete from outbox where sink = $1 and case_id = $2 and number = $3");
        delete.bind(sink).bind(&event.case).bind(number).execute(&mut *write).await?;
    }
    write.commit().await
}

/// Puts dead letters of a sink down once more. Where every state is kept all of them; else only of cases of which nothing newer was told
/// since. Says how many, and how many were superseded.
pub async fn again(database: &Database, sink: &str, journal: bool, now: Timestamp) -> Result<(u64, u64), DatabaseError> {
    let mut write = database.write().await?;
    let mut superseded = 0;
    if !journal {
        let stale = "delete from dead_letter where sink = $1 and exists (select 1 from delivery d
            where d.sink = dead_letter.sink and d.case_id = dead_letter.case_id and d.number > dead_letter.number)";
        superseded = sqlx::query(stale).bind(sink).execute(&mut *write).await?.rows_affected();
    }
    let insert = "insert into outbox (sink, case_id, number, made_at, due, tries, event)
        select sink, case_id, number, $2, $2, 0, event from dead_letter where sink = $1 on conflict do nothing";
    let count = sqlx::query(insert).bind(sink).bind(now.0).execute(&mut *write).await?.rows_affected();
    sqlx::query("delete from dead_letter where sink = $1").bind(sink).execute(&mut *write).await?;
    write.commit().await?;
    Ok((count, superseded))
}

/// How it stands with a sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Depth {
    /// Events that wait.
    pub waiting: u64,
    /// When the oldest of them was put down.
    pub oldest: Option<i64>,
    /// Dead letters.
    pub dead: u64,
}

/// How it stands with a sink.
pub async fn depth(database: &Database, sink: &str) -> Result<Depth, DatabaseError> {
    let mut read = database.read().await?;
    let waiting = sqlx::query("select cast(count(*) as bigint), cast(min(made_at) as bigint) from outbox where sink = $1");
    let waiting = waiting.bind(sink).fetch_one(&mut *read).await?;
    let dead = sqlx::query("select cast(count(*) as bigint) from dead_letter where sink = $1").bind(sink).fetch_one(&mut *read).await?;
    let count = |row: &AnyRow| row.try_get::<i64, _>(0).map(i64::unsigned_abs);
    Ok(Depth { waiting: count(&waiting)?, oldest: waiting.try_get(1)?, dead: count(&dead)? })
}

/// Why the newest dead letters of a sink died: the case, what happened, the reason.
pub async fn dead_letters(database: &Database, sink: &str, most: u32) -> Result<Vec<(Event, String)>, DatabaseError> {
    let mut read = database.read().await?;
    let select = "select event, reason from dead_letter where sink = $1 order by died_at desc, case_id, number limit $2";
    let rows = sqlx::query(select).bind(sink).bind(i64::from(most)).fetch_all(&mut *read).await?;
    let mut letters = Vec::new();
    for row in &rows {
        if let Ok(event) = serde_json::from_str(&row.try_get::<String, _>(0)?) {
            letters.push((event, row.try_get(1)?));
        }
    }
    Ok(letters)
}

/// What holds for a sink that forgets, what ended of late among it.
pub async fn held(database: &Database, sink: &str, ended_since: Timestamp) -> Result<Vec<HeldEvent>, DatabaseError> {
    let mut read = database.read().await?;
    let select =
        "select event, ended_at from notify_held where sink = $1 and (ended_at is null or ended_at >= $2) order by case_id, severity";
    let rows = sqlx::query(select).bind(sink).bind(ended_since.0).fetch_all(&mut *read).await?;
    held_of(&rows)
}

/// What was told of a case and has not ended.
pub async fn held_of_case(database: &Database, sink: &str, case: &str) -> Result<Vec<HeldEvent>, DatabaseError> {
    let mut read = database.read().await?;
    let select = "select event, ended_at from notify_held where sink = $1 and case_id = $2 and ended_at is null";
    let rows = sqlx::query(select).bind(sink).bind(case).fetch_all(&mut *read).await?;
    held_of(&rows)
}

fn held_of(rows: &[AnyRow]) -> Result<Vec<HeldEvent>, DatabaseError> {
    let mut held = Vec::new();
    for row in rows {
        if let Ok(event) = serde_json::from_str(&row.try_get::<String, _>(0)?) {
            held.push(HeldEvent { event, ended: row.try_get(1)? });
        }
    }
    Ok(held)
}

/// Takes, or keeps, the right to tell a sink, until that time: of several processes only one tells. Says whether it has it.
pub async fn lease(database: &Database, sink: &str, holder: &str, now: Timestamp, until: Timestamp) -> Result<bool, DatabaseError> {
    let mut write = database.write().await?;
    let take = "insert into notify_lease (sink, holder, until) values ($1, $2, $3) on conflict (sink) do update
        set holder = excluded.holder, until = excluded.until where notify_lease.holder = excluded.holder or notify_lease.until < $4";
    let done = sqlx::query(take).bind(sink).bind(holder).bind(until.0).bind(now.0).execute(&mut *write).await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Gives that right back, so that the next process need not wait.
pub async fn release(database: &Database, sink: &str, holder: &str) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("delete from notify_lease where sink = $1 and holder = $2").bind(sink).bind(holder).execute(&mut *write).await?;
    write.commit().await
}

/// Takes that right from whoever had it: of a database that no other process uses.
pub async fn release_all(database: &Database) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    sqlx::query("delete from notify_lease").execute(&mut *write).await?;
    write.commit().await
}

/// Forgets what was told long ago, and what ended then.
pub async fn forget(database: &Database, sink: &str, now: Timestamp) -> Result<(), DatabaseError> {
    let mut write = database.write().await?;
    let before = now.0 - KEPT;
    sqlx::query("delete from delivery where sink = $1 and at < $2").bind(sink).bind(before).execute(&mut *write).await?;
    sqlx::query("delete from notify_held where sink = $1 and ended_at < $2").bind(sink).bind(now.0 - DAY_MS).execute(&mut *write).await?;
    sqlx::query("delete from notify_case where changed_at < $1").bind(before).execute(&mut *write).await?;
    let orphans = "delete from notify_alert where not exists (select 1 from notify_case c where c.case_id = notify_alert.case_id)";
    sqlx::query(orphans).execute(&mut *write).await?;
    write.commit().await
}
