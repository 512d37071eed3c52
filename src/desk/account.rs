//! Accounts of people: each belongs to an employee, holds roles for units, and has a password and a second factor of its own where no
//! proxy signs people in.

use crate::database::{Database, DatabaseError, Write};
use crate::desk::delay::Attempt;
use crate::desk::people::People;
use crate::desk::rights::{Caller, Grant, Role};
use crate::desk::{DeskError, random};
use crate::model::time::Timestamp;
use argon2::{Algorithm, Argon2, Params, Version};
use sqlx::{AnyConnection, Row};
use std::collections::BTreeSet;
use std::net::IpAddr;
use totp_rs::{Builder, Secret, Totp};

/// Characters of the shortest password.
pub const SHORTEST_PASSWORD: usize = 12;
const LONGEST_PASSWORD: usize = 256;
/// Bytes of the longest subject, by OpenID Connect.
const LONGEST_SUBJECT: usize = 255;
/// What argon2id takes: kibibytes, passes, lanes. As OWASP recommends it at the least.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// An account as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub employee: String,
    /// Its roles.
    pub grants: Vec<Grant>,
    /// Whether it has a password and a second factor, and can sign in without a proxy.
    pub signs_in: bool,
    /// Whether it must not be used any more.
    pub disabled: bool,
}

/// What a new account is told once.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret of the second factor, as authenticators take it (Base32).
    pub secret: String,
    /// The same as an address, `otpauth://…`.
    pub address: String,
}

/// Adds an account; with a password it gets a second factor too, whose secret is returned.
pub async fn add(
    database: &Database,
    name: &str,
    employee: &str,
    password: Option<&str>,
    grants: &[Grant],
    now: Timestamp,
) -> Result<Option<Enrolment>, DeskError> {
    let rule = "must have 1 to 64 letters, digits, '.', '_', '@' or '-'";
    let fits = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(DeskError::refused("name", rule, name));
    }
    if employee.trim().is_empty() {
        return Err(DeskError::refused(
            "employee",
            "must be given: nobody works on their own case, so whose account it is must be known",
            "",
        ));
    }
    let hashed = password.map(hashed).transpose()?;
    let secret = random::bytes::<20>()?;
    let mut write = database.write().await?;
    let taken = sqlx::query("select name, employee from account where name = $1 or employee = $2").bind(name).bind(employee);
    if let Some(row) = taken.fetch_optional(&mut *write).await? {
        let same = row.try_get::<String, _>(0)? == name;
        let (place, value) = if same { ("name", name) } else { ("employee", employee) };
        return Err(DeskError::refused(place, "must not have an account yet", value));
    }
    let insert = "insert into account (name, employee, password, totp, totp_step, failures, locked_until, disabled, created_at)
        values ($1, $2, $3, $4, 0, 0, 0, 0, $5)";
    let insert = sqlx::query(insert).bind(name).bind(employee).bind(hashed.as_deref());
    insert.bind(hashed.as_ref().map(|_| hex(&secret))).bind(now.0).execute(&mut *write).await?;
    give(&mut write, name, grants, now).await?;
    write.commit().await?;
    Ok(hashed.map(|_| enrolment(name, secret)))
}

/// Gives an account these roles, and no others; whoever is signed in by it is signed out.
pub async fn grant(database: &Database, name: &str, grants: &[Grant], now: Timestamp) -> Result<(), DeskError> {
    let mut write = database.write().await?;
    known(&mut write, name).await?;
    sqlx::query("delete from role_grant where account = $1").bind(name).execute(&mut *write).await?;
    give(&mut write, name, grants, now).await?;
    sign_out(&mut write, name).await?;
    Ok(write.commit().await?)
}

/// Gives an account another password and second factor; whoever is signed in by it is signed out.
pub async fn reset(database: &Database, name: &str, password: &str) -> Result<Enrolment, DeskError> {
    let (password, secret) = (hashed(password)?, random::bytes::<20>()?);
    let mut write = database.write().await?;
    known(&mut write, name).await?;
    let update = "update account set password = $2, totp = $3, totp_step = 0, failures = 0, locked_until = 0 where name = $1";
    sqlx::query(update).bind(name).bind(password).bind(hex(&secret)).execute(&mut *write).await?;
    sign_out(&mut write, name).await?;
    write.commit().await?;
    Ok(enrolment(name, secret))
}

/// An account must not be used any more, or again; whoever is signed in by it is signed out.
pub async fn disable(database: &Database, name: &str, disabled: bool) -> Result<(), DeskError> {
    let mut write = database.write().await?;
    known(&mut write, name).await?;
    sqlx::query("update account set disabled = $2 where name = $1").bind(name).bind(i64::from(disabled)).execute(&mut *write).await?;
    sign_out(&mut write, name).await?;
    Ok(write.commit().await?)
}

/// Says whose account it is for the provider that signs people in, or that it is nobody's; whoever is signed in by it is signed out.
pub async fn set_subject(database: &Database, name: &str, subject: Option<&str>) -> Result<(), DeskError> {
    let subject = subject.map(str::trim);
    if subject.is_some_and(|subject| subject.is_empty() || subject.len() > LONGEST_SUBJECT) {
        return Err(DeskError::refused("subject", format!("must have 1 to {LONGEST_SUBJECT} bytes"), subject.unwrap_or_default()));
    }
    let mut write = database.write().await?;
    known(&mut write, name).await?;
    let taken = sqlx::query("select name from account where subject = $1 and name <> $2").bind(subject).bind(name);
    if taken.fetch_optional(&mut *write).await?.is_some() {
        return Err(DeskError::refused("subject", "must not be that of another account", subject.unwrap_or_default()));
    }
    sqlx::query("update account set subject = $2 where name = $1").bind(name).bind(subject).execute(&mut *write).await?;
    sign_out(&mut write, name).await?;
    Ok(write.commit().await?)
}

/// The account of a subject, unless there is none or it is disabled.
pub async fn of_subject(connection: &mut AnyConnection, subject: &str) -> Result<Option<String>, DatabaseError> {
    let row = sqlx::query("select name from account where subject = $1 and disabled = 0").bind(subject).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// All accounts, by name.
pub async fn list(connection: &mut AnyConnection) -> Result<Vec<Account>, DatabaseError> {
    let rows =
        sqlx::query("select name, employee, password, disabled from account order by name limit 10000").fetch_all(&mut *connection).await?;
    let mut accounts = Vec::new();
    for row in rows {
        let name: String = row.try_get(0)?;
        accounts.push(Account {
            grants: grants(connection, &name).await?,
            employee: row.try_get(1)?,
            signs_in: row.try_get::<Option<String>, _>(2)?.is_some(),
            disabled: row.try_get::<i64, _>(3)? != 0,
            name,
        });
    }
    Ok(accounts)
}

/// Whoever acts by an account, unless there is none or it is disabled.
pub async fn caller(connection: &mut AnyConnection, people: &People, name: &str) -> Result<Option<Caller>, DatabaseError> {
    let row =
        sqlx::query("select employee from account where name = $1 and disabled = 0").bind(name).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let employee: String = row.try_get(0)?;
    let mut hidden: BTreeSet<String> = people.above(&employee);
    hidden.insert(employee.clone());
    Ok(Some(Caller { account: name.to_owned(), grants: grants(connection, name).await?, hidden, employee }))
}

/// Whose account it is.
pub async fn employee(connection: &mut AnyConnection, name: &str) -> Result<Option<String>, DatabaseError> {
    let row = sqlx::query("select employee from account where name = $1").bind(name).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Whether password and second factor are the account's, for somebody at that address; without a code none is asked for, as the
/// demo does. A code counts once; whoever fails over and over waits
/// ([`crate::desk::delay`]). Why not is not told apart.
pub async fn verify(
    database: &Database,
    name: &str,
    password: &str,
    code: Option<&str>,
    from: Option<IpAddr>,
    now: Timestamp,
) -> Result<bool, DeskError> {
    let attempt = Attempt::of(name, from);
    if !attempt.may(database, now).await? {
        return Ok(false);
    }
    let right = is_right(database, name, password, code, now).await?;
    match right {
        true => attempt.succeeded(database, now).await?,
        false => attempt.failed(database, now).await?,
    }
    Ok(right)
}

async fn is_right(database: &Database, name: &str, password: &str, code: Option<&str>, now: Timestamp) -> Result<bool, DeskError> {
    let mut read = database.read().await?;
    let row = sqlx::query("select password, totp, totp_step, disabled from account where name = $1").bind(name);
    let row = row.fetch_optional(&mut *read).await?;
    drop(read);
    let Some(row) = row else {
        // As long as for one that is there.
        let _ = matches(password.to_owned(), DUMMY.to_owned()).await;
        return Ok(false);
    };
    let (stored, totp): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let (step, disabled): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
    let fits = matches(password.to_owned(), stored.clone().unwrap_or_else(|| DUMMY.to_owned())).await && stored.is_some();
    let code_step = match code {
        Some(code) => totp.as_deref().and_then(unhex).and_then(|secret| totp_of(secret).check(code.trim(), (now.0 / 1000).max(0) as u64)),
        None => u64::try_from(step + 1).ok(),
    };
    let code_step = code_step.map(|step| step as i64).filter(|found| *found > step);
    let (true, Some(found), 0) = (fits, code_step, disabled) else { return Ok(false) };
    // Of two who bring one code at once, one is let in.
    let mut write = database.write().await?;
    let update = "update account set totp_step = $2 where name = $1 and totp_step < $2 and disabled = 0";
    let first = sqlx::query(update).bind(name).bind(found).execute(&mut *write).await?.rows_affected() == 1;
    write.commit().await?;
    Ok(first)
}

async fn grants(connection: &mut AnyConnection, name: &str) -> Result<Vec<Grant>, DatabaseError> {
    let rows =
        sqlx::query("select role, unit from role_grant where account = $1 order by role, unit").bind(name).fetch_all(connection).await?;
    let mut grants = Vec::new();
    for row in rows {
        let (role, unit): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        // A role that this version does not know gives no right.
        grants.extend(Role::named(&role).map(|role| Grant { role, unit: Some(unit).filter(|unit| !unit.is_empty()) }));
    }
    Ok(grants)
}

async fn give(write: &mut Write, name: &str, grants: &[Grant], now: Timestamp) -> Result<(), DatabaseError> {
    for grant in grants {
        let insert = "insert into role_grant (account, role, unit, granted_at) values ($1, $2, $3, $4) on conflict do nothing";
        let insert = sqlx::query(insert).bind(name).bind(grant.role.name()).bind(grant.unit.as_deref().unwrap_or_default());
        insert.bind(now.0).execute(&mut **write).await?;
    }
    Ok(())
}

async fn known(write: &mut Write, name: &str) -> Result<(), DeskError> {
    let there = sqlx::query("select 1 from account where name = $1").bind(name).fetch_optional(&mut **write).await?;
    there.map(|_| ()).ok_or_else(|| DeskError::refused("name", "must be an account", name))
}

async fn sign_out(write: &mut Write, name: &str) -> Result<(), DatabaseError> {
    sqlx::query("delete from session where account = $1").bind(name).execute(&mut **write).await?;
    Ok(())
}

fn enrolment(name: &str, secret: [u8; 20]) -> Enrolment {
    let secret = Secret::from(secret.to_vec()).to_base32();
    let address = format!("otpauth://totp/leakwarden:{}?secret={secret}&issuer=leakwarden", name.replace('@', "%40"));
    Enrolment { secret, address }
}

fn totp_of(secret: Vec<u8>) -> Totp {
    Builder::new().with_secret(Secret::from(secret)).build_noncompliant()
}

/// A hash that no password has, of the same cost.
const DUMMY: &str = "argon2id$19456$2$1$00000000000000000000000000000000$0000000000000000000000000000000000000000000000000000000000000000";

fn hashed(password: &str) -> Result<String, DeskError> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        let rule = format!("must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters");
        return Err(DeskError::refused("password", rule, format!("{length}")));
    }
    let salt = random::bytes::<16>()?;
    let hash = derived(password.as_bytes(), &salt, COST)
        .ok_or_else(|| DatabaseError::plain("hash a password", "there is no memory for it", true))?;
    let (memory, passes, lanes) = COST;
    Ok(format!("argon2id${memory}${passes}${lanes}${}${}", hex(&salt), hex(&hash)))
}

/// On a thread of its own: it takes some milliseconds of a processor.
async fn matches(password: String, stored: String) -> bool {
    let compared = tokio::task::spawn_blocking(move || {
        let parts: Vec<&str> = stored.split('$').collect();
        let [_, memory, passes, lanes, salt, hash] = parts[..] else { return false };
        let cost = (memory.parse().ok(), passes.parse().ok(), lanes.parse().ok());
        let (Some(memory), Some(passes), Some(lanes)) = cost else { return false };
        let (Some(salt), Some(hash)) = (unhex(salt), unhex(hash)) else { return false };
        let found = derived(password.as_bytes(), &salt, (memory, passes, lanes));
        // Hashes are compared by hashes of them, which takes as long whatever they are.
        found.is_some_and(|found| blake3::hash(&found) == blake3::hash(&hash))
    });
    compared.await.unwrap_or(false)
}

fn derived(password: &[u8], salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let parameters = Params::new(memory, passes, lanes, Some(hash.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_into(password, salt, &mut hash).ok()?;
    Some(hash)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    digits.len().is_multiple_of(2).then_some(())?;
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
