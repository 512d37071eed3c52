//! Tokens of programs: 256 random bits of which only the hash is stored, bound to an account, to scopes and to an end. A token reads, and adds
//! notes; it decides nothing, shows no identity and exports nothing, whatever its account may do.

use crate::database::{Database, DatabaseError};
use crate::desk::people::People;
use crate::desk::rights::Caller;
use crate::desk::{DeskError, account, random};
use crate::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// What a token begins with, so that whoever finds one knows what it is.
pub const PREFIX: &str = "lwt_";
/// Days that a token lasts at the most.
pub const LONGEST_DAYS: i64 = 365;
/// Tokens of an account that are in force at once.
const MOST: i64 = 20;
/// When it was used is written down at most so often.
const NOTED_MS: i64 = MINUTE_MS;

/// What a token may be used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// Reading cases and alerts.
    ReadCases,
    /// Adding notes to cases.
    WriteNotes,
    /// Reading silences and explanations.
    ReadSilences,
    /// Reading figures: quality, coverage, deliveries.
    ReadFigures,
    /// Reading the view log.
    ReadViews,
    /// Following what happens.
    FollowEvents,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 6] =
        [Scope::ReadCases, Scope::WriteNotes, Scope::ReadSilences, Scope::ReadFigures, Scope::ReadViews, Scope::FollowEvents];

    /// The name in requests and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Scope::ReadCases => "cases:read",
            Scope::WriteNotes => "notes:write",
            Scope::ReadSilences => "silences:read",
            Scope::ReadFigures => "figures:read",
            Scope::ReadViews => "views:read",
            Scope::FollowEvents => "events:read",
        }
    }

    /// The scope of a name.
    pub fn named(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Scopes as they are sent: names, divided by spaces.
pub fn scopes(text: &str) -> Result<Vec<Scope>, DeskError> {
    let names = Scope::ALL.map(Scope::name).join(", ");
    let mut scopes = Vec::new();
    for name in text.split_whitespace() {
        let scope =
            Scope::named(name).ok_or_else(|| DeskError::refused("scopes", format!("must be of {names}, divided by spaces"), name))?;
        scopes.push(scope);
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(DeskError::refused("scopes", format!("must name one of {names} at least"), text));
    }
    Ok(scopes)
}

/// A token as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// When it was used last, to some minutes.
    pub used_at: Option<Timestamp>,
}

impl Token {
    /// What changes with it: 1 in force, 2 ended.
    pub fn version(&self) -> i64 {
        1 + i64::from(self.ended_at.is_some())
    }
}

fn hash(secret: &str) -> String {
    blake3::derive_key("leakwarden api token", secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a token; its secret is told this once.
pub async fn add(
    database: &Database,
    caller: &Caller,
    name: &str,
    scopes: &[Scope],
    days: i64,
    now: Timestamp,
) -> Result<(Token, String), DeskError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(DeskError::refused("name", "must have 1 to 100 characters", name));
    }
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(DeskError::refused("days", format!("must be from 1 to {LONGEST_DAYS}"), days.to_string()));
    }
    let secret = format!("{PREFIX}{}", random::token()?);
    let mut write = database.write().await?;
    let count = sqlx::query("select count(*) from token where account = $1 and ended_at is null and expires_at > $2");
    let count: i64 = count.bind(&caller.account).bind(now.0).fetch_one(&mut *write).await?.try_get(0)?;
    if count >= MOST {
        return Err(DeskError::refused("name", format!("must be one of at most {MOST} tokens in force: end one first"), name));
    }
    let id = write.next("token").await?;
    let text = scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
    let insert = "insert into token (id, hash, account, name, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let insert = sqlx::query(insert).bind(id).bind(hash(&secret)).bind(&caller.account).bind(held(name)).bind(text);
    insert.bind(now.0).bind(now.0 + days * DAY_MS).execute(&mut *write).await?;
    let token = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    write.commit().await?;
    Ok((token, secret))
}

/// The tokens of an account, newest first.
pub async fn list(connection: &mut AnyConnection, caller: &Caller) -> Result<Vec<Token>, DatabaseError> {
    let text = format!("select {COLUMNS} from token where account = $1 order by id desc limit 200");
    sqlx::query(&text).bind(&caller.account).fetch_all(connection).await?.iter().map(of).collect()
}

/// Ends one's own token.
pub async fn end(database: &Database, caller: &Caller, id: i64, expected: i64, now: Timestamp) -> Result<Token, DeskError> {
    let mut write = database.write().await?;
    let token = read(&mut write, id).await?.filter(|token| token.account == caller.account).ok_or(DeskError::NotFound)?;
    if token.version() != expected {
        return Err(DeskError::Changed { now: token.version() });
    }
    if token.ended_at.is_some() {
        return Err(DeskError::State { state: "ended", what: "ended" });
    }
    sqlx::query("update token set ended_at = $2 where id = $1").bind(id).bind(now.0).execute(&mut *write).await?;
    let token = read(&mut write, id).await?.ok_or(DeskError::NotFound)?;
    write.commit().await?;
    Ok(token)
}

/// Who acts by a token, and for what, unless it is over or its account gone.
pub async fn find(
    database: &Database,
    people: &People,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(Caller, Vec<Scope>)>, DatabaseError> {
    if !secret.starts_with(PREFIX) {
        return Ok(None);
    }
    let mut connection = database.read().await?;
    let text = format!("select {COLUMNS} from token where hash = $1 and ended_at is null and expires_at > $2");
    let row = sqlx::query(&text).bind(hash(secret)).bind(now.0).fetch_optional(&mut *connection).await?;
    let Some(token) = row.map(|row| of(&row)).transpose()? else { return Ok(None) };
    let caller = account::caller(&mut connection, people, &token.account).await?;
    drop(connection);
    if token.used_at.is_none_or(|used| now.0 - used.0 >= NOTED_MS) {
        let mut write = database.write().await?;
        sqlx::query("update token set used_at = $2 where id = $1").bind(token.id).bind(now.0).execute(&mut *write).await?;
        write.commit().await?;
    }
    Ok(caller.map(|caller| (caller, token.scopes)))
}

const COLUMNS: &str = "id, account, name, scopes, created_at, expires_at, ended_at, used_at";

async fn read(connection: &mut AnyConnection, id: i64) -> Result<Option<Token>, DatabaseError> {
    let text = format!("select {COLUMNS} from token where id = $1");
    sqlx::query(&text).bind(id).fetch_optional(connection).await?.map(|row| of(&row)).transpose()
}

fn of(row: &AnyRow) -> Result<Token, DatabaseError> {
    Ok(Token {
        id: row.try_get(0)?,
        account: row.try_get(1)?,
        name: row.try_get(2)?,
        // A scope that this version does not know gives no right.
        scopes: row.try_get::<String, _>(3)?.split(' ').filter_map(Scope::named).collect(),
        created_at: Timestamp(row.try_get(4)?),
        expires_at: Timestamp(row.try_get(5)?),
        ended_at: row.try_get::<Option<i64>, _>(6)?.map(Timestamp),
        used_at: row.try_get::<Option<i64>, _>(7)?.map(Timestamp),
    })
}

/// A text as PostgreSQL can hold it.
fn held(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
