//! The checks that PostgreSQL itself runs for foreign keys: whoever loads 8,000 child rows has looked up nobody 8,000 times.
//!
//! The server writes them in one form: `SELECT 1 FROM ONLY "crm"."customers" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x`,
//! with the sides of the condition changed where a parent row goes. Nothing else counts as one: a literal in place of the placeholder
//! was written by somebody, and so may have been what asks for a phone number.

use crate::classify::catalog::Catalog;
use crate::model::record::{Dialect, Record};

/// Whether a statement is the server's own check of a foreign key, by columns that tell nothing beyond whose row it is.
pub(super) fn is_foreign_key_check(text: &str, record: &Record<'_>, catalog: &Catalog) -> bool {
    record.dialect == Dialect::PostgreSql
        && check(text).is_some_and(|(table, columns)| {
            let entry = catalog.find(record.system.as_deref(), &table);
            columns.iter().all(|column| entry.is_none_or(|entry| entry.kind_of(column).is_none()))
        })
}

/// The table and columns of such a check.
fn check(text: &str) -> Option<(String, Vec<String>)> {
    let rest = text.trim().trim_end_matches(';').strip_prefix("SELECT 1 FROM ")?;
    let (schema, rest) = quoted(rest.strip_prefix("ONLY ").unwrap_or(rest))?;
    let (table, rest) = quoted(rest.strip_prefix('.')?)?;
    let mut rest = rest.strip_prefix(" x WHERE ")?;
    let mut columns = Vec::new();
    loop {
        let (column, after) = condition(rest)?;
        columns.push(column);
        match after.strip_prefix(" AND ") {
            Some(next) => rest = next,
            None => return (after == " FOR KEY SHARE OF x").then(|| (format!("{schema}.{table}"), columns)),
        }
    }
}

/// `"id" OPERATOR(pg_catalog.=) $1` or `$1 OPERATOR(pg_catalog.=) "customer_id"`, each side cast or not: the column, and what follows.
fn condition(text: &str) -> Option<(String, &str)> {
    const EQUALS: &str = " OPERATOR(pg_catalog.=) ";
    if let Some(after) = placeholder(text) {
        let (column, rest) = quoted(after.strip_prefix(EQUALS)?)?;
        return Some((column, uncast(rest)));
    }
    let (column, rest) = quoted(text)?;
    Some((column, placeholder(uncast(rest).strip_prefix(EQUALS)?)?))
}

fn placeholder(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('$')?;
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < digits.len()).then(|| uncast(rest))
}

/// Behind `::pg_catalog.int8`.
fn uncast(text: &str) -> &str {
    let is_type = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '"');
    text.strip_prefix("::").map_or(text, |rest| rest.trim_start_matches(is_type))
}

/// A name in double quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.strip_prefix('"')?.split_once('"')?;
    (!name.is_empty() && !rest.starts_with('"')).then(|| (name.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use crate::classify::counting::testing::{count, record};
    use crate::model::persons::Persons;
    use crate::model::record::Dialect;

    fn persons(text: &str, dialect: Dialect) -> Persons {
        let mut record = record();
        (record.statement, record.dialect, record.rows) = (Some(text.into()), dialect, Some(1));
        count(&record).persons
    }

    #[test]
    fn the_servers_own_checks_of_foreign_keys_show_nobody() {
        for text in [
            r#"SELECT 1 FROM ONLY "crm"."customers" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x"#,
            r#"SELECT 1 FROM "crm"."customers" x WHERE "id"::pg_catalog.int8 OPERATOR(pg_catalog.=) $1::pg_catalog.int8 FOR KEY SHARE OF x"#,
            r#"SELECT 1 FROM ONLY "bank"."accounts" x WHERE $1 OPERATOR(pg_catalog.=) "customer_id" FOR KEY SHARE OF x"#,
            r#"SELECT 1 FROM ONLY "ref"."branches" x WHERE "a" OPERATOR(pg_catalog.=) $1 AND "b" OPERATOR(pg_catalog.=) $2 FOR KEY SHARE OF x;"#,
        ] {
            assert_eq!(persons(text, Dialect::PostgreSql), Persons::NOBODY, "{text}");
        }
    }

    #[test]
    fn what_somebody_wrote_like_one_is_none() {
        let check = |condition: &str| format!(r#"SELECT 1 FROM ONLY "crm"."customers" x WHERE {condition} FOR KEY SHARE OF x"#);
        for condition in [
            r#""phone" OPERATOR(pg_catalog.=) $1"#,
            r#""id" OPERATOR(pg_catalog.=) 42"#,
            r#""id" OPERATOR(pg_catalog.=) $1 OR "phone" OPERATOR(pg_catalog.=) $2"#,
            r#""id" OPERATOR(pg_catalog.=) $1 AND "phone" OPERATOR(pg_catalog.=) $2"#,
            r#""id" OPERATOR(pg_catalog.<>) $1"#,
        ] {
            assert_ne!(persons(&check(condition), Dialect::PostgreSql), Persons::NOBODY, "{condition}");
        }
        let shown = r#"SELECT name FROM ONLY "crm"."customers" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x"#;
        assert_ne!(persons(shown, Dialect::PostgreSql), Persons::NOBODY);
    }
}
