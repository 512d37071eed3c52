//! Tables that statements make of others: copies, views, likenesses, new names. What is known of the old holds for the new.

use crate::sql::walk::OutputColumn;
use crate::sql::{Analysis, Branch, Source};

/// A table that a statement makes or fills from others. Where they hold somebody's data, so does it from then on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Its name, as the statement gives it.
    pub table: String,
    /// How it was made.
    pub making: Making,
    /// The tables that it was made of, as the statement names them; none where they could not be told (`unparsed`).
    pub sources: Vec<String>,
    /// Its columns in their order, as far as they come from those tables. `None`: not known, any column may hold any of theirs.
    pub columns: Option<Vec<MadeColumn>>,
    /// What the query behind it reads, without the values that it lists; nothing where the table is like its only source.
    pub read: Vec<Branch>,
}

/// How a table was made of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Making {
    /// Rows were copied: `CREATE TABLE … AS`, `INSERT … SELECT`, `SELECT … INTO`, a materialized view, a clone.
    Copied,
    /// A view: it shows what its tables hold.
    Viewed,
    /// Made without rows, with the columns of another: `LIKE`.
    Likened,
    /// The same table by a new name.
    Renamed,
}

/// A column of a table that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeColumn {
    /// Its name; `*`: each of the columns behind it under its own name.
    pub name: String,
    /// The columns that its values come from; none where they come from none.
    pub from: Vec<OriginColumn>,
}

/// A column that a made one comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginColumn {
    /// The table, as the statement names it.
    pub table: String,
    /// The column, or all of them where `None`.
    pub column: Option<String>,
}

impl Made {
    /// A table with the very columns of another.
    pub(super) fn alike(table: String, making: Making, source: String) -> Made {
        let all = OriginColumn { table: source.clone(), column: None };
        let columns = Some(vec![MadeColumn { name: "*".to_owned(), from: vec![all] }]);
        Made { table, making, sources: vec![source], columns, read: Vec::new() }
    }

    /// A table by a new name, which stands in the schema of the old one unless it says another.
    pub(super) fn renamed(old: &str, new: String) -> Made {
        let table = match old.rsplit_once('.') {
            Some((schema, _)) if !new.contains('.') => format!("{schema}.{new}"),
            _ => new,
        };
        Made::alike(table, Making::Renamed, old.to_owned())
    }

    /// A table made of what an analysed query reads. `columns` are the query's own, `None` where they could not be told; `names` are
    /// those that the statement gives them, none where it gives none.
    pub(super) fn of(table: String, making: Making, read: &Analysis, columns: Option<Vec<MadeColumn>>, names: &[String]) -> Made {
        let mut sources: Vec<String> = Vec::new();
        for source in read.branches.iter().flat_map(|branch| &branch.sources) {
            if !sources.contains(&source.table) {
                sources.push(source.table.clone());
            }
        }
        let columns = columns.and_then(|columns| renamed(columns, names));
        let without_values = |branch: &Branch| Branch { keys: Vec::new(), tests: Vec::new(), ..branch.clone() };
        Made { table, making, sources, columns, read: read.branches.iter().map(without_values).collect() }
    }
}

/// The tables and views that a DROP takes away.
pub(super) fn dropped(statement: &str) -> Vec<String> {
    let parts = |c: char| !(c.is_alphanumeric() || "_.$#\"`[]".contains(c));
    let is = |word: &str, of: &[&str]| of.iter().any(|known| word.eq_ignore_ascii_case(known));
    let mut words = statement.split(parts).filter(|word| !word.is_empty()).skip(1).peekable();
    while words.next_if(|word| is(word, &["materialized", "temporary", "temp", "foreign", "external", "dynamic"])).is_some() {}
    if words.next_if(|word| is(word, &["table", "tables", "view"])).is_none() {
        return Vec::new();
    }
    while words.next_if(|word| is(word, &["if", "exists"])).is_some() {}
    let unquoted = |word: &str| word.chars().filter(|c| !"\"`[]".contains(*c)).collect();
    words.take_while(|word| !is(word, &["cascade", "restrict", "purge", "constraints"])).take(MOST_DROPPED).map(unquoted).collect()
}

/// Most tables that one DROP is taken to name.
const MOST_DROPPED: usize = 256;

fn renamed(mut columns: Vec<MadeColumn>, names: &[String]) -> Option<Vec<MadeColumn>> {
    if names.is_empty() {
        return Some(columns);
    }
    // Which of all columns gets which name only the server knows.
    if columns.len() != names.len() || columns.iter().any(|column| column.name == "*") {
        return None;
    }
    columns.iter_mut().zip(names).for_each(|(column, name)| column.name.clone_from(name));
    Some(columns)
}

/// The columns of one arm's result, by the tables behind them.
pub(super) fn columns(outs: &[OutputColumn], sources: &[Source]) -> Vec<MadeColumn> {
    let origin = |column: &crate::sql::Column| {
        let table = sources.get(column.source)?.table.clone();
        Some(OriginColumn { table, column: column.name.clone() })
    };
    outs.iter()
        .map(|out| MadeColumn { name: out.name.clone(), from: out.columns.iter().chain(&out.summed).filter_map(origin).collect() })
        .collect()
}

/// Adds the columns of another arm of a set operation: its values stand under the names of the first.
pub(super) fn joined(first: Option<Vec<MadeColumn>>, next: Vec<MadeColumn>) -> Option<Vec<MadeColumn>> {
    let mut all = first?;
    let star = |columns: &[MadeColumn]| columns.iter().any(|column| column.name == "*");
    if all.len() != next.len() || star(&all) != star(&next) {
        return None;
    }
    all.iter_mut().zip(next).for_each(|(column, next)| column.from.extend(next.from));
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Dialect;
    use crate::sql::analyse_anew;

    /// `table <- name:table.column+…, …` of all tables that a text makes.
    fn makes(text: &str) -> Vec<String> {
        let one = |made: Made| {
            let origin = |origin: OriginColumn| format!("{}.{}", origin.table, origin.column.as_deref().unwrap_or("*"));
            let column = |column: MadeColumn| {
                let from: Vec<String> = column.from.into_iter().map(origin).collect();
                format!("{}:{}", column.name, from.join("+"))
            };
            let columns: Option<Vec<String>> = made.columns.map(|columns| columns.into_iter().map(column).collect());
            format!(
                "{} {:?} {}",
                made.table,
                made.making,
                columns.map_or_else(|| format!("? {}", made.sources.join(",")), |columns| columns.join(","))
            )
        };
        analyse_anew(text, Dialect::PostgreSql).makes.into_iter().map(one).collect()
    }

    #[test]
    fn a_copy_has_the_columns_that_it_was_made_of() {
        assert_eq!(makes("CREATE TABLE x AS SELECT id, name AS n FROM crm.c"), ["x Copied id:crm.c.id,n:crm.c.name"]);
        assert_eq!(makes("CREATE TABLE x AS TABLE crm.c"), ["x Copied *:crm.c.*"]);
        assert_eq!(makes("SELECT * INTO x FROM crm.c"), ["x Copied *:crm.c.*"]);
        assert_eq!(makes("INSERT INTO x (a, b) SELECT 1, name FROM crm.c"), ["x Copied a:,b:crm.c.name"]);
        assert_eq!(makes("INSERT INTO x SELECT id, name FROM crm.c"), ["x Copied ? crm.c"], "the table's own names are not known");
        assert_eq!(makes("CREATE MATERIALIZED VIEW x AS SELECT a FROM t UNION SELECT b FROM u"), ["x Copied a:t.a+u.b"]);
    }

    #[test]
    fn views_likenesses_and_new_names_pass_on_what_is_known() {
        assert_eq!(makes("CREATE VIEW v (n) AS SELECT lower(name) FROM crm.c"), ["v Viewed n:crm.c.name"]);
        assert_eq!(makes("CREATE TABLE x (LIKE crm.c)"), ["x Likened *:crm.c.*"]);
        assert_eq!(makes("ALTER TABLE crm.c RENAME TO old"), ["crm.old Renamed *:crm.c.*"]);
    }

    #[test]
    fn what_is_dropped_is_named() {
        assert_eq!(dropped("DROP TABLE IF EXISTS x.a, \"B\" ,c CASCADE;"), ["x.a", "B", "c"]);
        assert_eq!(dropped("drop materialized view `v`"), ["v"]);
        assert_eq!(dropped("DROP TABLE [dbo].[t]"), ["dbo.t"]);
        assert!(dropped("DROP INDEX i").is_empty() && dropped("DROP").is_empty() && dropped("DROP TABLE").is_empty());
    }

    #[test]
    fn what_is_written_without_a_table_behind_it_makes_nothing() {
        assert!(makes("INSERT INTO x VALUES (1, now())").is_empty());
        assert!(makes("UPDATE x SET a = 1").is_empty() && makes("SELECT name FROM crm.c").is_empty());
    }
}
