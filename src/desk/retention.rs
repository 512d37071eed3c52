//! How long cases are kept after they were closed, by their verdict, or after the last that happened where nobody judges them, and how they
//! are erased: what names or describes somebody is taken out of every table, counts and codes stay, and the chain of views goes on to hold.
//! A hold stops it.

use crate::database::{Database, DatabaseError, Kind, Write};
use crate::desk::case::{self, CaseState, Entry};
use crate::desk::{LIVE, answered, view_log};
use crate::model::decision::VerdictOutcome;
use crate::model::time::{Span, Timestamp};
use serde_json::{Map, Value, json};
use sqlx::{Executor, Row};
use std::collections::BTreeSet;

/// Cases of one step.
const STEP: i64 = 50;

/// How long what is kept is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Cases closed as innocent.
    pub innocent: Span,
    /// Cases closed as unclear; and those that nobody judged, from when the last was done or told in them.
    pub unclear: Span,
    /// Cases closed as confirmed.
    pub confirmed: Span,
    /// Records of who was shown what.
    pub views: Span,
}

/// What was erased, or would be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Erased {
    /// Numbers of the cases.
    pub cases: Vec<i64>,
    /// How many cases whose time has come are kept by a hold.
    pub held: i64,
    /// How many records of views went by age.
    pub views: u64,
}

impl Terms {
    /// The condition on `case_file c` that its time has come.
    fn over(&self, now: Timestamp) -> String {
        let before = |term: Span| now.0.saturating_sub(term.0);
        let [confirmed, innocent, unclear] =
            [VerdictOutcome::Confirmed, VerdictOutcome::Innocent, VerdictOutcome::Unclear].map(VerdictOutcome::name);
        let closed = CaseState::Closed.name();
        let unjudged = before(self.unclear);
        format!(
            "c.erased_at is null and (c.state = '{closed}' and c.closed_at is not null and c.closed_at <= case c.verdict
             when '{confirmed}' then {} when '{innocent}' then {} when '{unclear}' then {} else {unjudged} end
             or c.state <> '{closed}' and c.last_at <= {unjudged} and {LAST} <= {unjudged})",
            before(self.confirmed),
            before(self.innocent),
            before(self.unclear),
        )
    }
}

/// When a case was closed, or else when the last was done with it or came in.
const LAST: &str = "coalesce(c.closed_at, (select max(e.at) from entry e where e.case_id = c.id), c.opened_at)";

/// What keeps a case.
const HELD: &str = "exists (select 1 from hold h where h.case_id = c.id and h.state in ('asked', 'set'))";

/// What would be erased now.
pub async fn due(database: &Database, terms: &Terms, now: Timestamp) -> Result<Erased, DatabaseError> {
    let mut read = database.read().await?;
    let over = terms.over(now);
    let rows =
        sqlx::query(&format!("select c.id from case_file c where {over} and not {HELD} order by c.id")).fetch_all(&mut *read).await?;
    let cases = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let held = sqlx::query(&format!("select count(*) from case_file c where {over} and {HELD}")).fetch_one(&mut *read).await?;
    let views = sqlx::query("select count(*) from view where at < $1").bind(now.0.saturating_sub(terms.views.0)).fetch_one(&mut *read);
    let views: i64 = views.await?.try_get(0)?;
    Ok(Erased { cases, held: held.try_get(0)?, views: views.unsigned_abs() })
}

/// Erases what is due. What it was told to have erased is gone from the file of the database too, once it returns.
pub async fn sweep(database: &Database, terms: &Terms, now: Timestamp) -> Result<Erased, DatabaseError> {
    let mut erased = Erased::default();
    loop {
        let due = due(database, terms, now).await?;
        erased.held = due.held;
        let Some(batch) = due.cases.chunks(STEP as usize).next() else { break };
        let mut write = database.write().await?;
        let mut gone = Gone::default();
        for id in batch {
            // Somebody may have set a hold, or opened it again, since.
            let still = format!("select 1 from case_file c where c.id = $1 and {} and not {HELD}", terms.over(now));
            if sqlx::query(&still).bind(id).fetch_optional(&mut *write).await?.is_some() {
                case(&mut write, *id, now, &mut gone).await?;
                erased.cases.push(*id);
            }
        }
        view_log::forget(&mut write, now, |view| gone.shows(view)).await?;
        silences(&mut write, &gone, now).await?;
        sqlx::query("delete from answered where at < $1").bind(now.0 - answered::KEPT_MS).execute(&mut *write).await?;
        note_scrub(&mut write).await?;
        write.commit().await?;
    }
    let mut write = database.write().await?;
    erased.views = view_log::forget_before(&mut write, now - terms.views).await?;
    if erased.views > 0 {
        note_scrub(&mut write).await?;
    }
    write.commit().await?;
    scrub(database).await?;
    Ok(erased)
}

/// What was erased, by which it is known elsewhere.
#[derive(Default)]
struct Gone {
    /// Numbers of cases and of their requests, and ids of their alerts, with the pages that they are objects of.
    objects: BTreeSet<(&'static str, String)>,
    /// Whom no other case names.
    names: BTreeSet<String>,
}

impl Gone {
    /// Whether a view showed something of it.
    fn shows(&self, view: &view_log::ViewRecord) -> bool {
        let is_object = self.objects.iter().any(|(page, object)| *page == view.page && *object == view.object);
        is_object || self.names.contains(&view.object) || view.persons.iter().any(|name| self.names.contains(name))
    }
}

/// Takes out of every table what names or describes somebody of the case.
async fn case(write: &mut Write, id: i64, now: Timestamp, gone: &mut Gone) -> Result<(), DatabaseError> {
    let known = format!("select c.key, {LAST}, c.verdict from case_file c where c.id = $1");
    let known = sqlx::query(&known).bind(id).fetch_one(&mut **write).await?;
    let (key, last, verdict): (String, i64, Option<String>) = (known.try_get(0)?, known.try_get(1)?, known.try_get(2)?);
    let rows = sqlx::query("select id from alert where stream = $1 and case_id = $2").bind(LIVE).bind(id).fetch_all(&mut **write).await?;
    let alerts: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let rows = sqlx::query("select id from unmasking where case_id = $1").bind(id).fetch_all(&mut **write).await?;
    for row in &rows {
        gone.objects.insert(("identities", row.try_get::<i64, _>(0)?.to_string()));
    }
    for page in ["case", "pseudonyms"] {
        gone.objects.insert((page, id.to_string()));
    }
    let names = sqlx::query(
        "select p.name from case_party p where p.case_id = $1 and p.kind <> 'source'
         and not exists (select 1 from case_party o where o.name = p.name and o.case_id <> p.case_id)",
    );
    for row in &names.bind(id).fetch_all(&mut **write).await? {
        gone.names.insert(row.try_get(0)?);
    }
    let named: Vec<&String> = alerts.iter().chain(&gone.names).chain([&key]).collect();
    decisions(write, Timestamp(last), &named).await?;
    for alert in alerts {
        // What is left is the hash by which a repeat of it is known, so that it does not come in again.
        for statement in [
            "update alert_revision set body = '', dossier = null where stream = $1 and id = $2",
            "delete from provisional where stream = $1 and id = $2",
            "delete from alert where stream = $1 and id = $2",
        ] {
            sqlx::query(statement).bind(LIVE).bind(&alert).execute(&mut **write).await?;
        }
        sqlx::query("delete from notify_alert where alert_id = $1").bind(&alert).execute(&mut **write).await?;
        gone.objects.insert(("alert", alert));
    }
    for entry in case::entries(write, id).await? {
        sqlx::query("update entry set body = $2 where id = $1")
            .bind(entry.id)
            .bind(codes(&entry).to_string())
            .execute(&mut **write)
            .await?;
    }
    for statement in [
        "delete from case_party where case_id = $1",
        "update explanation set whom = case whom_kind when 'unit' then whom else '' end, text = '' where case_id = $1",
        "update unmasking set purpose = '', pseudonyms = '[]' where case_id = $1",
        "update hold set reason = '' where case_id = $1",
    ] {
        sqlx::query(statement).bind(id).execute(&mut **write).await?;
    }
    let shared = sqlx::query("select 1 from case_file where key = $1 and id <> $2 limit 1").bind(&key).bind(id);
    if shared.fetch_optional(&mut **write).await?.is_none() {
        for table in ["notify_case", "outbox", "delivery", "dead_letter", "notify_held"] {
            sqlx::query(&format!("delete from {table} where case_id = $1")).bind(&key).execute(&mut **write).await?;
        }
    }
    // What nobody judged stays without a verdict, and waits for none any more.
    let update = "update case_file set about = '', key = $2, assignment = null, state = $3, closed_at = coalesce(closed_at, $4), erased_at = $4 where id = $1";
    let update = sqlx::query(update).bind(id).bind(format!("erased-{id}")).bind(CaseState::Closed.name()).bind(now.0);
    update.execute(&mut **write).await?;
    case::enter(write, id, now, None, "erased", &json!({ "verdict": verdict })).await?;
    let version = case::touch(write, id).await?;
    case::tell(write, now, "case", &id.to_string(), version).await
}

/// Decisions of up to that time have long been where the engine reads them, and are needed here no more. Of those that nobody took, because
/// there is no such place or it cannot be written to, only those about the case are taken out: others are still on their way.
async fn decisions(write: &mut Write, up_to: Timestamp, named: &[&String]) -> Result<(), DatabaseError> {
    sqlx::query("update feedback set body = '' where at <= $1 and written = 1 and body <> ''").bind(up_to.0).execute(&mut **write).await?;
    let waiting = sqlx::query("select number, body from feedback where at <= $1 and written = 0").bind(up_to.0);
    for row in waiting.fetch_all(&mut **write).await? {
        let (number, body): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        if names_any(&serde_json::from_str(&body).unwrap_or(Value::Null), named) {
            let update = sqlx::query("update feedback set body = '', written = 1 where number = $1");
            update.bind(number).execute(&mut **write).await?;
        }
    }
    Ok(())
}

/// Whether one of these stands somewhere in JSON.
fn names_any(value: &Value, named: &[&String]) -> bool {
    match value {
        Value::String(text) => named.contains(&text),
        Value::Array(list) => list.iter().any(|value| names_any(value, named)),
        Value::Object(object) => object.values().any(|value| names_any(value, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What of an entry is no word of anybody: codes, by which verdicts are counted.
fn codes(entry: &Entry) -> Value {
    let kept = ["verdict", "reason", "severity", "typology", "state"];
    let kept = kept.into_iter().filter_map(|name| Some((name.to_owned(), entry.body.get(name)?.clone())));
    let is_coded = matches!(entry.kind.as_str(), "proposed" | "verdict" | "alert" | "graver" | "unmasking_decided");
    Value::Object(if is_coded { kept.collect() } else { Map::new() })
}

/// Silences that are over and name somebody who is gone name nobody.
async fn silences(write: &mut Write, gone: &Gone, now: Timestamp) -> Result<(), DatabaseError> {
    let rows =
        sqlx::query("select id, matchers from silence where state = 'ended' or to_at < $1").bind(now.0).fetch_all(&mut **write).await?;
    for row in rows {
        let (id, matchers): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let mut matchers: Value = serde_json::from_str(&matchers).unwrap_or(Value::Null);
        if clear(&mut matchers, &gone.names) {
            let update = sqlx::query("update silence set matchers = $2, text = '' where id = $1").bind(id).bind(matchers.to_string());
            update.execute(&mut **write).await?;
        }
    }
    Ok(())
}

/// Takes names out of JSON; whether there were any.
fn clear(value: &mut Value, names: &BTreeSet<String>) -> bool {
    match value {
        Value::String(text) if names.contains(text) => {
            *text = "(erased)".to_owned();
            true
        }
        // All of them, not up to the first.
        Value::Array(list) => list.iter_mut().filter_map(|value| clear(value, names).then_some(())).count() > 0,
        Value::Object(object) => object.iter_mut().filter_map(|(_, value)| clear(value, names).then_some(())).count() > 0,
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What was taken out of rows may stand in the file until that is written anew: also where the program ends before it is.
async fn note_scrub(write: &mut Write) -> Result<(), DatabaseError> {
    let insert = "insert into meta (name, value) values ('scrub', 'due') on conflict do nothing";
    sqlx::query(insert).execute(&mut **write).await?;
    Ok(())
}

/// Writes the file anew where something was taken out of it, and empties its journal. What PostgreSQL keeps of old rows is for its own
/// vacuum.
async fn scrub(database: &Database) -> Result<(), DatabaseError> {
    let mut read = database.read().await?;
    if sqlx::query("select 1 from meta where name = 'scrub'").fetch_optional(&mut *read).await?.is_none() {
        return Ok(());
    }
    if database.kind() == Kind::Sqlite {
        let failed = |error: sqlx::Error| DatabaseError::of("write the file anew", &error);
        read.execute("vacuum").await.map_err(failed)?;
        // Somebody who still reads what was there before keeps it in the journal: then it is done the next time.
        let row = sqlx::query("pragma wal_checkpoint(truncate)").fetch_one(&mut *read).await.map_err(failed)?;
        if row.try_get::<i64, _>(0)? != 0 {
            return Ok(());
        }
    }
    drop(read);
    let mut write = database.write().await?;
    sqlx::query("delete from meta where name = 'scrub'").execute(&mut *write).await?;
    write.commit().await
}
