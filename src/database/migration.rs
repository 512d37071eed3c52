//! The schema, by numbered steps forward, each in one transaction. A step that shipped never changes; a schema that is newer than this
//! program is refused.

use super::{Database, DatabaseError};
use sqlx::{Executor, Row};

/// A step.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// From 1, without gaps.
    pub number: i64,
    /// What it makes.
    pub name: &'static str,
    /// Statements, each ending with `;` at the end of a line.
    pub sql: &'static str,
}

/// Every step: a file and a row each.
pub const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "sequences", sql: include_str!("migrations/0001_sequences.sql") },
    Migration { number: 2, name: "notify", sql: include_str!("migrations/0002_notify.sql") },
    Migration { number: 3, name: "desk", sql: include_str!("migrations/0003_desk.sql") },
    Migration { number: 4, name: "silences", sql: include_str!("migrations/0004_silences.sql") },
    Migration { number: 5, name: "pages", sql: include_str!("migrations/0005_pages.sql") },
    Migration { number: 6, name: "sign-in", sql: include_str!("migrations/0006_sign_in.sql") },
    Migration { number: 7, name: "api", sql: include_str!("migrations/0007_api.sql") },
    Migration { number: 8, name: "unmasking", sql: include_str!("migrations/0008_unmasking.sql") },
    Migration { number: 9, name: "reviewers", sql: include_str!("migrations/0009_reviewers.sql") },
    Migration { number: 10, name: "holds", sql: include_str!("migrations/0010_holds.sql") },
    Migration { number: 11, name: "retention", sql: include_str!("migrations/0011_retention.sql") },
    Migration { number: 12, name: "single-sign-on", sql: include_str!("migrations/0012_single_sign_on.sql") },
    Migration { number: 13, name: "gravest", sql: include_str!("migrations/0013_gravest.sql") },
];

/// Where the steps that were made are written down.
const MADE: &str = "create table if not exists schema_step (number bigint primary key, name text not null, hash text not null)";

/// Makes the steps that are missing.
pub async fn migrate(database: &Database, migrations: &[Migration]) -> Result<(), DatabaseError> {
    let failed = |error: sqlx::Error| DatabaseError::of("prepare the schema", &error);
    let mut write = database.write().await?;
    write.execute(MADE).await.map_err(failed)?;
    let rows = sqlx::query("select number, hash from schema_step order by number").fetch_all(&mut *write).await.map_err(failed)?;
    write.commit().await?;
    let mut made = Vec::new();
    for row in rows {
        made.push((row.try_get::<i64, _>(0).map_err(failed)?, row.try_get::<String, _>(1).map_err(failed)?));
    }
    let newest = migrations.iter().map(|step| step.number).max().unwrap_or(0);
    if let Some((number, _)) = made.last().filter(|(number, _)| *number > newest) {
        let what = format!("its schema has step {number} and this version knows {newest}: it was made by a newer version");
        return Err(DatabaseError::plain("prepare the schema", what, false));
    }
    for step in migrations {
        match made.iter().find(|(number, _)| *number == step.number) {
            Some((number, hash)) if *hash != self::hash(step) => {
                let what = format!("step {number} of its schema was made otherwise than this version makes it");
                return Err(DatabaseError::plain("prepare the schema", what, false));
            }
            Some(_) => {}
            None => make(database, step).await?,
        }
    }
    Ok(())
}

/// Makes one step, unless another process has just done it.
async fn make(database: &Database, step: &Migration) -> Result<(), DatabaseError> {
    let doing = format!("prepare the schema, step {}", step.number);
    let failed = |error: sqlx::Error| DatabaseError::of(&doing, &error);
    let mut write = database.write().await?;
    let there = sqlx::query("select 1 from schema_step where number = $1").bind(step.number);
    if there.fetch_optional(&mut *write).await.map_err(failed)?.is_some() {
        return Ok(());
    }
    for statement in statements(step.sql) {
        write.execute(statement.as_str()).await.map_err(failed)?;
    }
    let noted = sqlx::query("insert into schema_step (number, name, hash) values ($1, $2, $3)");
    noted.bind(step.number).bind(step.name).bind(hash(step)).execute(&mut *write).await.map_err(failed)?;
    write.commit().await
}

fn hash(step: &Migration) -> String {
    blake3::hash(step.sql.as_bytes()).to_hex()[..32].to_owned()
}

/// The statements of a file, without its comments.
fn statements(sql: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    let says_something = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("--");
    for line in sql.lines().filter(says_something) {
        let last = statements.last_mut().expect("there is always one");
        match line.trim_end().strip_suffix(';') {
            Some(end) => {
                *last += end;
                statements.push(String::new());
            }
            None => {
                *last += line;
                last.push('\n');
            }
        }
    }
    statements.retain(|statement| !statement.trim().is_empty());
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_from_one_and_split_at_line_ends() {
        for (at, step) in MIGRATIONS.iter().enumerate() {
            assert_eq!(step.number, at as i64 + 1, "{}", step.name);
            assert!(!statements(step.sql).is_empty(), "{}", step.name);
        }
        assert_eq!(
            statements("-- a; b\ncreate table a (\n  b text\n);\n\ndrop table c;\n"),
            ["create table a (\n  b text\n)", "drop table c"]
        );
    }
}
