//! Alerts come in exactly once: by stream, id and revision of what has settled. The same content again is a repeat; another one is an
//! alarm, and the first stands. What has not settled stands beside, one row an alert, until a settled revision reaches it.
//!
//! One transaction takes a batch: the revisions, the cases they belong to, the events and what is to be told. An acknowledgement to the engine waits for its
//! commit.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::LIVE;
use crate::desk::case::{self, CaseState};
use crate::desk::coverage;
use crate::desk::people::People;
use crate::model::alert::{Alert, AlertState};
use crate::model::coverage::SettledDays;
use crate::model::dossier::{AlertWithDossier, Dossier};
use crate::model::time::Timestamp;
use crate::notify::outbox::Outbox;
use crate::sink::{Sink, SinkError};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::table::DESK_REVISIONS;
use serde_json::json;
use sqlx::Row;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

/// What became of a revision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Taken {
    /// It is new.
    New,
    /// It was there, with the same content.
    Repeat,
    /// It was there, with another content.
    Alarm,
    /// It had not settled.
    Provisional,
}

impl Taken {
    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Taken::New => "new",
            Taken::Repeat => "repeat",
            Taken::Alarm => "alarm",
            Taken::Provisional => "provisional",
        }
    }
}

/// What taking alerts in depends on.
#[derive(Clone, Copy)]
pub struct Intake<'a> {
    /// Whose unit is which.
    pub people: &'a People,
    /// What is to be told of it.
    pub outbox: &'a Outbox,
    /// The names that evidence has of the log of who looked at what: of its source, and of its file.
    pub views: &'a BTreeSet<String>,
}

impl Intake<'_> {
    /// Whether an alert is about what a reviewer looked at.
    fn is_about_views(&self, alert: &Alert) -> bool {
        // A topic's partition stands behind its source's name, and so does one of several files, with what rotation adds to that of the file.
        let is_of = |source: &str, views: &str| {
            source
                .strip_prefix(views)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || views.contains('/') && rest.starts_with(['.', '-']))
        };
        alert.evidence.sources.iter().any(|range| self.views.iter().any(|views| is_of(&range.source, views)))
    }
}

/// Takes a batch in one transaction, at that time of day; says of each what became of it. Nobody is told of it: it may be long over.
pub async fn take(
    database: &Database,
    people: &People,
    stream: &str,
    told: &[AlertWithDossier],
    now: Timestamp,
) -> Result<Vec<Taken>, DatabaseError> {
    take_and_tell(database, Intake { people, outbox: &Outbox::default(), views: &BTreeSet::new() }, stream, told, now).await
}

/// The same, and puts down in the very transaction what is to be told of it: an alert that is kept is told, and the other way round. What is
/// about reviewers is told nobody: whom it is for sees it here.
pub async fn take_and_tell(
    database: &Database,
    intake: Intake<'_>,
    stream: &str,
    told: &[AlertWithDossier],
    now: Timestamp,
) -> Result<Vec<Taken>, DatabaseError> {
    let mut write = database.write().await?;
    let mut taken = Vec::with_capacity(told.len());
    for AlertWithDossier { alert, dossier } in told {
        taken.push(take_one(&mut write, intake, stream, alert, dossier.as_deref(), now).await?);
        if !intake.is_about_views(alert) {
            intake.outbox.take(&mut write, alert, now).await?;
        }
    }
    write.commit().await?;
    Ok(taken)
}

/// Takes one revision within a transaction.
pub async fn take_one(
    write: &mut Write,
    intake: Intake<'_>,
    stream: &str,
    alert: &Alert,
    dossier: Option<&Dossier>,
    now: Timestamp,
) -> Result<Taken, DatabaseError> {
    let body = serde_json::to_string(alert).map_err(|_| DatabaseError::plain("write an alert", "it cannot be written as JSON", false))?;
    if alert.provisional.is_some() || !alert.settled {
        provisional(write, stream, alert, &body).await?;
        return Ok(Taken::Provisional);
    }
    let hash = blake3::hash(body.as_bytes()).to_hex().to_string();
    let key = i64::from(alert.revision);
    let there = sqlx::query("select hash from alert_revision where stream = $1 and id = $2 and revision = $3");
    if let Some(row) = there.bind(stream).bind(&alert.id).bind(key).fetch_optional(&mut **write).await? {
        if row.try_get::<String, _>(0)? == hash {
            return Ok(Taken::Repeat);
        }
        let alarm = "insert into ingest_alarm (stream, id, revision, hash, taken_at) values ($1, $2, $3, $4, $5) on conflict do nothing";
        sqlx::query(alarm).bind(stream).bind(&alert.id).bind(key).bind(&hash).bind(now.0).execute(&mut **write).await?;
        return Ok(Taken::Alarm);
    }
    // A dossier is a picture beside it, and no part of what a repeat is known by.
    let dossier = dossier.and_then(|dossier| serde_json::to_string(dossier).ok());
    let insert = "insert into alert_revision (stream, id, revision, hash, body, taken_at, dossier) values ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(insert).bind(stream).bind(&alert.id).bind(key).bind(&hash).bind(&body).bind(now.0);
    insert.bind(dossier).execute(&mut **write).await?;
    let reached = "delete from provisional where stream = $1 and id = $2 and last_access <= $3";
    sqlx::query(reached).bind(stream).bind(&alert.id).bind(ms(&alert.last_access)).execute(&mut **write).await?;
    head(write, intake, stream, alert, &body, now).await?;
    Ok(Taken::New)
}

/// What is shown early: the newest alone, and nothing once it did not settle or what settled has reached it.
async fn provisional(write: &mut Write, stream: &str, alert: &Alert, body: &str) -> Result<(), DatabaseError> {
    let number = alert.provisional.map_or(0, |number| number.min(i64::MAX as u64) as i64);
    if alert.state == AlertState::Retracted {
        let gone = sqlx::query("delete from provisional where stream = $1 and id = $2 and number <= $3");
        gone.bind(stream).bind(&alert.id).bind(number).execute(&mut **write).await?;
        return Ok(());
    }
    let settled = sqlx::query("select last_access from alert where stream = $1 and id = $2");
    let settled = settled.bind(stream).bind(&alert.id).fetch_optional(&mut **write).await?;
    let settled = settled.map(|row| row.try_get::<i64, _>(0)).transpose()?;
    let last = ms(&alert.last_access);
    if settled.is_some_and(|settled| settled >= last) {
        return Ok(());
    }
    let upsert = "insert into provisional (stream, id, number, last_access, body) values ($1, $2, $3, $4, $5)
        on conflict (stream, id) do update set number = excluded.number, last_access = excluded.last_access, body = excluded.body
        where provisional.number < excluded.number";
    sqlx::query(upsert).bind(stream).bind(&alert.id).bind(number).bind(last).bind(body).execute(&mut **write).await?;
    Ok(())
}

/// Brings the alert's head and its case up to a revision, unless a newer one has come before.
async fn head(write: &mut Write, intake: Intake<'_>, stream: &str, alert: &Alert, body: &str, now: Timestamp) -> Result<(), DatabaseError> {
    let known = sqlx::query("select revision, case_id, grade from alert where stream = $1 and id = $2");
    let known = known.bind(stream).bind(&alert.id).fetch_optional(&mut **write).await?;
    let revision = i64::from(alert.revision);
    let (case_id, graver) = match &known {
        Some(row) if row.try_get::<i64, _>(0)? >= revision => return Ok(()),
        Some(row) => (row.try_get::<i64, _>(1)?, alert.severity as i64 > row.try_get::<i64, _>(2)?),
        None => (case_of(write, stream, alert, intake.is_about_views(alert), now).await?, false),
    };
    let upsert = "insert into alert (stream, id, revision, state, typology, grade, score, case_score, case_id, about, about_kind, unit, raised_at, last_access, shown_at, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict (stream, id) do update set revision = excluded.revision, state = excluded.state, typology = excluded.typology,
        grade = excluded.grade, score = excluded.score, case_score = excluded.case_score, about = excluded.about, about_kind = excluded.about_kind, unit = excluded.unit,
        last_access = excluded.last_access, shown_at = excluded.shown_at, body = excluded.body";
    let row = sqlx::query(upsert).bind(stream).bind(&alert.id).bind(revision).bind(state(alert.state)).bind(alert.typology.name());
    let row = row
        .bind(alert.severity as i64)
        .bind(alert.score)
        .bind(alert.case_score)
        .bind(case_id)
        .bind(held(alert.about()))
        .bind(about_kind(alert));
    let row = row.bind(alert.unit.as_deref().map(held)).bind(ms(&alert.raised_at)).bind(ms(&alert.last_access));
    row.bind(alert.shown_at.as_deref().map(ms)).bind(body).execute(&mut **write).await?;
    party(write, case_id, about_kind(alert), alert.about(), alert.unit.as_deref()).await?;
    for other in &alert.related {
        party(write, case_id, "employee", other, intake.people.unit(other)).await?;
    }
    if intake.is_about_views(alert) {
        // An alert may come to be about that later: from then on its case is for fewer eyes.
        sqlx::query("update case_file set reviewers = 1 where id = $1").bind(case_id).execute(&mut **write).await?;
    }
    summarize(write, case_id).await?;
    if known.is_none() {
        case::enter(write, case_id, now, None, "alert", &json!({ "alert": alert.id, "typology": alert.typology.name() })).await?;
    } else if graver {
        case::enter(write, case_id, now, None, "graver", &json!({ "alert": alert.id, "severity": alert.severity.name() })).await?;
        reopen_if_closed(write, case_id, "graver", now).await?;
    } else if alert.state == AlertState::Open {
        // A verdict that were in force would have closed it: the engine takes none that cites an older revision than there is.
        reopen_if_closed(write, case_id, "newer", now).await?;
    }
    let version = case::touch(write, case_id).await?;
    case::tell(write, now, "case", &case_id.to_string(), version).await
}

/// The open case of the alert's key, or a new one: what was decided is not opened by what comes after it.
async fn case_of(write: &mut Write, stream: &str, alert: &Alert, reviewers: bool, now: Timestamp) -> Result<i64, DatabaseError> {
    let key = held(if alert.case.is_empty() { &alert.id } else { &alert.case });
    let open = "select id from case_file where stream = $1 and key = $2 and reviewers = $3 and state <> 'closed' order by id desc limit 1";
    if let Some(row) = sqlx::query(open).bind(stream).bind(&key).bind(i64::from(reviewers)).fetch_optional(&mut **write).await? {
        return Ok(row.try_get(0)?);
    }
    let id = write.next("case").await?;
    let insert =
        "insert into case_file (id, stream, key, state, version, typology, grade, score, alerts, about, opened_at, last_at, reviewers)
        values ($1, $2, $3, $4, 0, $5, $6, $7, 0, $8, $9, $9, $10)";
    let insert = sqlx::query(insert).bind(id).bind(stream).bind(&key).bind(CaseState::New.name()).bind(alert.typology.name());
    insert
        .bind(alert.severity as i64)
        .bind(alert.case_score)
        .bind(held(alert.about()))
        .bind(now.0)
        .bind(i64::from(reviewers))
        .execute(&mut **write)
        .await?;
    case::enter(write, id, now, None, "opened", &json!({ "key": key })).await?;
    Ok(id)
}

async fn party(write: &mut Write, case_id: i64, kind: &str, name: &str, unit: Option<&str>) -> Result<(), DatabaseError> {
    let upsert = "insert into case_party (case_id, kind, name, unit) values ($1, $2, $3, $4)
        on conflict (case_id, kind, name) do update set unit = coalesce(excluded.unit, case_party.unit)";
    sqlx::query(upsert).bind(case_id).bind(kind).bind(held(name)).bind(unit.map(held)).execute(&mut **write).await?;
    Ok(())
}

/// What the queue shows of a case: its gravest alert and their newest times. An alert that was taken back counts no more.
async fn summarize(write: &mut Write, case_id: i64) -> Result<(), DatabaseError> {
    let rows = sqlx::query(
        "select typology, grade, about, last_access, shown_at, case_score from alert where case_id = $1 order by grade desc, score desc, id",
    );
    let rows = rows.bind(case_id).fetch_all(&mut **write).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let (mut last, mut shown, mut score): (i64, Option<i64>, f64) = (i64::MIN, None, 0.0);
    let mut newest = i64::MIN;
    for row in &rows {
        let at: i64 = row.try_get(3)?;
        last = last.max(at);
        if let Some(at) = row.try_get::<Option<i64>, _>(4)? {
            shown = Some(shown.map_or(at, |before| before.min(at)));
        }
        if at > newest {
            (newest, score) = (at, row.try_get(5)?);
        }
    }
    let update =
        "update case_file set typology = $2, grade = $3, about = $4, alerts = $5, last_at = $6, shown_at = $7, score = $8 where id = $1";
    let update = sqlx::query(update).bind(case_id).bind(first.try_get::<String, _>(0)?).bind(first.try_get::<i64, _>(1)?);
    let update = update.bind(first.try_get::<String, _>(2)?).bind(rows.len() as i64).bind(last).bind(shown).bind(score);
    update.execute(&mut **write).await?;
    Ok(())
}

/// An alert of a closed case has gone on after what was decided of it.
async fn reopen_if_closed(write: &mut Write, case_id: i64, why: &str, now: Timestamp) -> Result<(), DatabaseError> {
    let update = "update case_file set state = $2, verdict = null, proposed_by = null, proposed_entry = null, closed_at = null where id = $1 and state = 'closed'";
    let done = sqlx::query(update).bind(case_id).bind(CaseState::Reopened.name()).execute(&mut **write).await?;
    if done.rows_affected() > 0 {
        case::enter(write, case_id, now, None, "reopened", &json!({ "why": why })).await?;
    }
    Ok(())
}

/// An alert's time in milliseconds; its texts are the engine's own.
fn ms(text: &str) -> i64 {
    Timestamp::parse(text).map_or(0, |time| time.0)
}

/// A text of a log as PostgreSQL can hold it.
fn held(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn state(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => "open",
        AlertState::Closed => "closed",
        AlertState::Retracted => "retracted",
    }
}

fn about_kind(alert: &Alert) -> &'static str {
    match (&alert.employee, &alert.account) {
        (Some(_), _) => "employee",
        (None, Some(_)) => "account",
        (None, None) => "source",
    }
}

fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

/// The desk as a durable sink of the service.
pub struct DeskSink {
    database: Database,
    parts: DeskParts,
    runtime: Handle,
    metrics: Metrics,
}

/// What the sink takes alerts in by.
pub struct DeskParts {
    /// The directory's people.
    pub people: People,
    /// Who is told.
    pub outbox: Outbox,
    /// The names that evidence has of the log of who looked at what, where there is one.
    pub views: BTreeSet<String>,
}

impl DeskSink {
    /// Into this database, whose work the runtime does.
    pub fn new(database: Database, parts: DeskParts, runtime: Handle, metrics: &Metrics) -> DeskSink {
        DeskSink { database, parts, runtime, metrics: metrics.clone() }
    }
}

impl Sink for DeskSink {
    fn name(&self) -> &str {
        "desk"
    }

    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError> {
        let told: Vec<AlertWithDossier> = alerts.iter().map(|alert| AlertWithDossier { alert: Arc::clone(alert), dossier: None }).collect();
        self.deliver_with_dossiers(&told)
    }

    fn deliver_with_dossiers(&mut self, told: &[AlertWithDossier]) -> Result<(), SinkError> {
        let now = now();
        let intake = Intake { people: &self.parts.people, outbox: &self.parts.outbox, views: &self.parts.views };
        // Whatever the database cannot do now: an alert that it does not have is not acknowledged.
        let taken = self
            .runtime
            .block_on(take_and_tell(&self.database, intake, LIVE, told, now))
            .map_err(|error| SinkError::transient(error.to_string()))?;
        for (taken, alert) in taken.iter().zip(told.iter().map(|told| &told.alert)) {
            self.metrics.add(DESK_REVISIONS, [taken.name()], 1);
            if *taken == Taken::Alarm {
                tracing::error!(
                    alert = alert.id,
                    revision = alert.revision,
                    "another content under a revision that was taken: the first stands"
                );
            }
        }
        Ok(())
    }

    fn deliver_coverage(&mut self, settled: &SettledDays) -> Result<(), SinkError> {
        let taken = coverage::take(&self.database, settled, now());
        self.runtime.block_on(taken).map_err(|error| SinkError::transient(error.to_string()))
    }
}
