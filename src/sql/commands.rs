//! Commands that are no query and yet show values of a table, or take its rows along: statistics of a column, a table that is set down
//! to be copied as a file, a materialized view that is filled anew, a table that stands for another server's query.

use crate::model::record::Dialect;
use crate::sql::lexer::{self, Kind, Token};
use crate::sql::making::{Made, Making};
use crate::sql::parse::parse;
use crate::sql::query::read_columns;
use crate::sql::{Analysis, Branch, Class, Column, Source, several};

/// What a statement that begins with this word reads; `None` where it is none of those.
pub(super) fn read(word: &str, statement: &str, dialect: Dialect, depth: usize) -> Option<Analysis> {
    if !matches!(word, "FLUSH" | "REFRESH" | "DESCRIBE" | "DESC" | "CREATE") {
        return None;
    }
    let tokens = || lexer::tokens(statement, dialect).list;
    match word {
        "FLUSH" => set_down(&tokens()),
        "REFRESH" => filled_anew(&tokens()),
        "DESCRIBE" | "DESC" if matches!(dialect, Dialect::Hive | Dialect::Databricks | Dialect::Generic) => described(&tokens()),
        "CREATE" if matches!(dialect, Dialect::MySql | Dialect::Generic) => of_remote_query(&tokens(), dialect, depth),
        _ => None,
    }
}

/// All of some tables, of which nobody knows how much goes where.
fn much_of(tables: Vec<String>, class: Class) -> Analysis {
    let output = (0..tables.len()).map(|source| Column { source, name: None }).collect();
    let sources = tables.into_iter().map(|table| Source { table, flows: true }).collect();
    let functions = vec![class.name().to_owned()];
    let branch = Branch { sources, output, functions, hides_query: true, multiplied: true, ..Branch::default() };
    Analysis { class, branches: vec![branch], ..Analysis::default() }
}

/// `FLUSH TABLES t, u FOR EXPORT`: their files may be copied until they are unlocked.
fn set_down(tokens: &[Token<'_>]) -> Option<Analysis> {
    let last = tokens.windows(2).position(|pair| pair[0].is("FOR") && pair[1].is("EXPORT"))?;
    let mut at = tokens.iter().position(|token| token.is_any(&["TABLE", "TABLES"]))? + 1;
    let mut tables = Vec::new();
    while let Some((table, end)) = lexer::name(&tokens[..last], at) {
        tables.push(table);
        at = end + 1;
    }
    Some(much_of(tables, Class::CopyTo))
}

/// `REFRESH MATERIALIZED VIEW v`: what its definition reads goes into it.
fn filled_anew(tokens: &[Token<'_>]) -> Option<Analysis> {
    let mut at = tokens.iter().take(3).position(|token| token.is("VIEW"))? + 1;
    let is_empty = tokens.windows(2).any(|pair| pair[0].is("NO") && pair[1].is("DATA"));
    if is_empty {
        return None;
    }
    at += usize::from(tokens.get(at).is_some_and(|token| token.is("CONCURRENTLY")));
    let (view, _) = lexer::name(tokens, at)?;
    Some(Analysis { refreshes: true, writes: vec![view.clone()], ..much_of(vec![view], Class::Ddl) })
}

/// `DESCRIBE FORMATTED t column`: the smallest and the largest of its values, where statistics were made.
fn described(tokens: &[Token<'_>]) -> Option<Analysis> {
    let mut at = 1;
    while tokens.get(at).is_some_and(|token| token.is_any(&["FORMATTED", "EXTENDED", "TABLE"])) {
        at += 1;
    }
    let (table, end) = lexer::name(tokens, at).filter(|_| at > 1)?;
    let (column, end) = lexer::name(tokens, end)?;
    // A partition is described, not a column.
    let is_column = tokens.get(end).is_none_or(|token| !token.is_mark('('));
    is_column.then(|| {
        let branch = Branch {
            sources: vec![Source { table, flows: true }],
            output: vec![Column { source: 0, name: Some(column) }],
            functions: vec![Class::Show.name().to_owned()],
            hides_query: true,
            ..Branch::default()
        };
        Analysis { class: Class::Other, branches: vec![branch], ..Analysis::default() }
    })
}

/// `CREATE TABLE … ENGINE=CONNECT … SRCDEF='SELECT …'`: the table shows what the query gives, on another server or on this one.
fn of_remote_query(tokens: &[Token<'_>], dialect: Dialect, depth: usize) -> Option<Analysis> {
    let behind = |word: &str| {
        let at = tokens.iter().position(|token| token.names() && token.name().eq_ignore_ascii_case(word))? + 1;
        Some(at + usize::from(tokens.get(at).is_some_and(|token| token.is_mark('='))))
    };
    let text = tokens.get(behind("SRCDEF")?).filter(|token| token.kind == Kind::Text)?.string(dialect)?;
    let at = tokens.iter().take(8).position(|token| token.is("TABLE"))? + 1;
    let exists = tokens[at..].iter().take_while(|token| token.is_any(&["IF", "NOT", "EXISTS"])).count();
    let (table, _) = lexer::name(tokens, at + exists)?;
    let read = several::analyse(&text, dialect, depth + 1);
    let columns = parse(&text, dialect).and_then(|tree| read_columns(&tree, dialect));
    let made = Made::of(table.clone(), Making::Viewed, &read, columns, &[]);
    Some(Analysis { writes: vec![table], makes: vec![made.clone()], ..much_of(made.sources, Class::Ddl) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::analyse_anew;

    fn tables(found: &Analysis) -> Vec<&str> {
        found.branches.iter().flat_map(|branch| &branch.sources).map(|source| source.table.as_str()).collect()
    }

    #[test]
    fn what_shows_values_or_takes_rows_along_without_a_query_may_show_anybody() {
        for (text, dialect, class, read) in [
            ("FLUSH TABLES crm.customers, calls FOR EXPORT", Dialect::MySql, Class::CopyTo, vec!["crm.customers", "calls"]),
            ("flush local table `customers` for export", Dialect::MySql, Class::CopyTo, vec!["customers"]),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY mart.people", Dialect::PostgreSql, Class::Ddl, vec!["mart.people"]),
            ("refresh materialized view people with data", Dialect::PostgreSql, Class::Ddl, vec!["people"]),
            ("DESCRIBE FORMATTED crm.customers phone", Dialect::Hive, Class::Other, vec!["crm.customers"]),
            ("desc extended customers phone", Dialect::Databricks, Class::Other, vec!["customers"]),
            (
                "CREATE TABLE x ENGINE=CONNECT TABLE_TYPE=MYSQL SRCDEF='SELECT name FROM crm.customers'",
                Dialect::MySql,
                Class::Ddl,
                vec!["crm.customers"],
            ),
        ] {
            let found = analyse_anew(text, dialect);
            assert!(found.branches.iter().any(|branch| branch.hides_query), "{text}");
            assert_eq!((found.class, tables(&found)), (class, read), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_them_reads_nothing() {
        for (text, dialect) in [
            ("FLUSH TABLES crm.customers WITH READ LOCK", Dialect::MySql),
            ("FLUSH PRIVILEGES", Dialect::MySql),
            ("REFRESH MATERIALIZED VIEW people WITH NO DATA", Dialect::PostgreSql),
            ("REFRESH TABLE people", Dialect::Databricks),
            ("DESCRIBE FORMATTED crm.customers", Dialect::Hive),
            ("DESCRIBE FORMATTED customers PARTITION (day = 1)", Dialect::Hive),
            ("DESC customers phone", Dialect::Hive),
            ("SHOW TABLES FROM crm", Dialect::Trino),
            ("CREATE TABLE x (id INT) ENGINE=InnoDB COMMENT='SRCDEF of it'", Dialect::MySql),
        ] {
            assert_eq!(analyse_anew(text, dialect).branches, [], "{text}");
        }
    }

    #[test]
    fn a_table_over_a_remote_query_shows_what_the_query_reads() {
        let found = analyse_anew("CREATE TABLE x ENGINE=CONNECT SRCDEF='SELECT name AS n FROM crm.customers'", Dialect::MySql);
        let [made] = found.makes.as_slice() else { panic!("{found:?}") };
        assert_eq!((made.table.as_str(), made.making, made.sources.as_slice()), ("x", Making::Viewed, &["crm.customers".to_owned()][..]));
        assert_eq!(made.columns.as_ref().map(|columns| columns[0].name.as_str()), Some("n"));
    }
}
