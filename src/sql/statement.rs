//! One statement: what sort it is, and which part of it reads.

use crate::model::record::Dialect;
use crate::sql::parse::parse;
use crate::sql::query::of_statement;
use crate::sql::{Analysis, Branch, Class, Column, Source, split, tokens};

/// What one statement reads.
pub(super) fn analyse(statement: &str, dialect: Dialect) -> Analysis {
    let word = split::first_word_in(statement, dialect).to_ascii_uppercase();
    let plain = |class| Analysis { class, ..Analysis::default() };
    match word.as_str() {
        "SELECT" | "WITH" | "TABLE" | "VALUES" | "" => parsed(statement, dialect, Class::Select),
        // What T-SQL's OUTPUT returns is not looked into.
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" if dialect == Dialect::MsSql && split::after_word(statement, "output").is_some() => {
            hidden(statement, dialect, Class::Other)
        }
        "INSERT" | "REPLACE" => parsed(statement, dialect, Class::Insert),
        "UPDATE" => parsed(statement, dialect, Class::Update),
        "DELETE" => parsed(statement, dialect, Class::Delete),
        "MERGE" => parsed(statement, dialect, Class::Merge),
        "COPY" | "UNLOAD" => parsed(statement, dialect, Class::CopyTo),
        "CREATE" => parsed(statement, dialect, Class::Ddl),
        // A plan shows no row. What it would read is left out: nothing of it left.
        "EXPLAIN" | "DESCRIBE" | "DESC" => plain(Class::Explain),
        "DECLARE" => inner(statement, dialect, Class::Declare, "for"),
        "PREPARE" => inner(statement, dialect, Class::Prepare, "as"),
        // What cannot be parsed of it shows nobody either.
        "ALTER" | "RENAME" => {
            parse(statement, dialect).and_then(|tree| of_statement(&tree, Class::Ddl, dialect)).unwrap_or(plain(Class::Ddl))
        }
        "DROP" | "TRUNCATE" | "COMMENT" | "SECURITY" | "REFRESH" => plain(Class::Ddl),
        "GRANT" | "REVOKE" | "REASSIGN" => plain(Class::Grant),
        "SET" | "RESET" | "USE" => unless_it_reads(statement, dialect, Class::Set),
        "BEGIN" if !begins_transaction(statement) => hidden(statement, dialect, Class::Do),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "SAVEPOINT" | "RELEASE" => plain(Class::Transaction),
        "FETCH" => plain(Class::Fetch),
        "CLOSE" => plain(Class::Close),
        "EXECUTE" => plain(Class::Execute),
        "DEALLOCATE" | "LOCK" | "UNLOCK" | "VACUUM" | "ANALYZE" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "DISCARD" | "CHECKPOINT"
        | "CLUSTER" | "REINDEX" | "LOAD" | "MOVE" | "IMPORT" => plain(Class::Maintenance),
        "SHOW" => plain(Class::Show),
        "CALL" | "EXEC" => hidden(statement, dialect, Class::Call),
        "DO" => hidden(statement, dialect, Class::Do),
        _ => Analysis { class: Class::Other, ..by_words(statement, dialect) },
    }
}

/// A setting that names a table takes its value from it, or goes before a query in one text: `SET @a = (SELECT …)`, `SET STATEMENT … FOR
/// SELECT …`, `SET NOCOUNT ON SELECT …`.
fn unless_it_reads(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let read = by_words(statement, dialect);
    if read.branches.is_empty() { Analysis { class, ..Analysis::default() } } else { hidden(statement, dialect, Class::Other) }
}

/// `BEGIN` alone or with a transaction's mode. A block of PL/SQL, T-SQL or MariaDB begins with the same word and may read anything.
fn begins_transaction(statement: &str) -> bool {
    const MODES: [&str; 10] =
        ["TRANSACTION", "TRAN", "WORK", "ISOLATION", "READ", "DEFERRABLE", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT"];
    let after = split::after_word(statement, "begin").unwrap_or_default();
    let next: String = after.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let next = next.to_ascii_uppercase();
    after.trim().is_empty() || MODES.contains(&next.as_str()) || next == "NOT" && after.to_ascii_uppercase().contains("DEFERRABLE")
}

/// A call or an anonymous block: what it reads stands in a body that is no query.
fn hidden(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let mut analysis = Analysis { class, ..by_words(&statement.replace("$$", " "), dialect) };
    if analysis.branches.is_empty() {
        analysis.branches.push(Branch::default());
    }
    for branch in &mut analysis.branches {
        branch.functions.push(class.name().to_owned());
        branch.hides_query = true;
    }
    analysis
}

/// `DECLARE name … CURSOR … FOR query`, `PREPARE name (…) AS statement`: the part after the word, found outside of strings.
fn inner(statement: &str, dialect: Dialect, class: Class, word: &str) -> Analysis {
    let rest = split::after_word(statement, word);
    let analysis = rest.map_or_else(|| by_words(statement, dialect), |rest| analyse_once(rest, dialect));
    Analysis { class, ..analysis }
}

/// A statement inside of another, but not one inside of that.
fn analyse_once(statement: &str, dialect: Dialect) -> Analysis {
    match split::first_word_in(statement, dialect).to_ascii_uppercase().as_str() {
        "DECLARE" | "PREPARE" => by_words(statement, dialect),
        _ => analyse(statement, dialect),
    }
}

/// An analysis of a text of which nobody knows where its strings end: nothing in it bounds anything, and every table that its
/// words name in either reading may have been read.
pub(super) fn doubtful(text: &str, mut analysis: Analysis, dialect: Dialect) -> Analysis {
    analysis.limit = None;
    analysis.set_operation = true;
    for branch in &mut analysis.branches {
        branch.keys.clear();
        branch.unique = None;
        branch.multiplied = true;
    }
    let known =
        |name: &str| analysis.branches.iter().flat_map(|branch| &branch.sources).any(|known| known.table.eq_ignore_ascii_case(name));
    let further: Vec<Source> = [tokens::tables(text, dialect), tokens::tables_in_strings(text)]
        .into_iter()
        .flatten()
        .filter(|table| !known(table))
        .map(|table| Source { table, flows: true })
        .collect();
    if !further.is_empty() {
        let output = (0..further.len()).map(|source| Column { source, name: None }).collect();
        analysis.branches.push(Branch { sources: further, output, multiplied: true, ..Branch::default() });
    }
    analysis
}

fn by_words(statement: &str, dialect: Dialect) -> Analysis {
    let tables = tokens::tables(statement, dialect);
    let mut branch = Branch { multiplied: tables.len() > 1, ..Branch::default() };
    for (source, table) in tables.into_iter().enumerate() {
        branch.sources.push(Source { table, flows: true });
        branch.output.push(Column { source, name: None });
    }
    let branches = if branch.sources.is_empty() { Vec::new() } else { vec![branch] };
    Analysis { unparsed: true, branches, ..Analysis::default() }
}

fn parsed(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    match parse(statement, dialect) {
        None => Analysis { class, ..by_words(statement, dialect) },
        Some(tree) => of_statement(&tree, class, dialect).unwrap_or_else(|| given_up(statement, dialect, class)),
    }
}

/// A statement that was parsed but not followed to its end: how many rows stand behind one of its own nobody knows.
fn given_up(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let mut analysis = Analysis { class, ..by_words(statement, dialect) };
    analysis.branches.iter_mut().for_each(|branch| branch.packed = true);
    analysis
}
