//! What the words of a text that cannot be parsed tell: the tables that it names, and whether many rows might stand in one of its result.
//!
//! A table is what follows FROM, JOIN, INTO, UPDATE, USING, COPY, TABLE or HANDLER where these words lead to one: not within
//! `EXTRACT(… FROM …)`, not behind `IS DISTINCT`, not the file of `INTO OUTFILE`, not the name of a common table expression.

use crate::model::record::Dialect;
use crate::sql::functions::{FunctionEffect, effect};
use crate::sql::lexer::{self, Kind, Token, Tokens};

/// Most tables that are taken from one text.
const MOST_TABLES: usize = 64;

/// What the words of a text tell.
#[derive(Default)]
pub(super) struct Named {
    /// Tables that may be read, in their order.
    pub read: Vec<String>,
    /// Tables that rows are put into.
    pub written: Vec<String>,
    /// It ends in the middle of something, or names more tables than are kept.
    pub cut: bool,
    /// One row of its result may hold many rows of a table, as far as its words tell.
    pub packs: bool,
}

/// What the words of a text tell.
pub(super) fn named(text: &str, dialect: Dialect) -> Named {
    let Tokens { list, cut } = lexer::tokens(text, dialect);
    let mut named = Named { cut: cut || ends_open(&list), packs: packs(&list, dialect), ..Named::default() };
    find(&list, dialect, &mut named);
    named
}

/// Tables that the words of a text name, also those within its strings, wherever these begin and end.
pub(super) fn tables_in_strings(text: &str, dialect: Dialect) -> Vec<String> {
    let plain = text.replace(['\'', '"', '`', '[', ']', '\\', '#', '$'], " ").replace("--", "  ").replace("/*", "  ").replace("*/", "  ");
    let mut named = Named::default();
    find(&lexer::tokens(&plain, dialect).list, dialect, &mut named);
    named.read.extend(named.written);
    named.read
}

/// Words behind which a table's name follows.
const LEADS: [&str; 11] = ["FROM", "JOIN", "STRAIGHT_JOIN", "APPLY", "INTO", "UPDATE", "COPY", "TABLE", "HANDLER", "USING", "UNLOAD"];
/// Words that may stand between those and the name.
const FILLERS: [&str; 10] = ["ONLY", "LATERAL", "IF", "NOT", "EXISTS", "LOW_PRIORITY", "IGNORE", "TEMPORARY", "UNLOGGED", "OVERWRITE"];
/// Words that are no name there.
const NO_NAMES: [&str; 40] = [
    "SELECT",
    "SET",
    "VALUES",
    "STDIN",
    "STDOUT",
    "WHERE",
    "AS",
    "OF",
    "OUTFILE",
    "DUMPFILE",
    "NOWAIT",
    "SKIP",
    "WAIT",
    "ROW",
    "ROWS",
    "LOCKED",
    "ON",
    "BY",
    "TO",
    "IN",
    "UNNEST",
    "TABLE",
    "CASCADE",
    "RESTRICT",
    "NO",
    "LOCAL",
    "STDERR",
    "PROGRAM",
    "WITH",
    "DIRECTORY",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "DUAL",
    "NEXT",
    "FIRST",
    "LAST",
    "PRIOR",
];
/// Words that end the list of tables behind FROM.
const LIST_ENDS: [&str; 21] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "MINUS",
    "FETCH",
    "OFFSET",
    "FOR",
    "WINDOW",
    "QUALIFY",
    "SET",
    "VALUES",
    "RETURNING",
    "CONNECT",
    "START",
    "SELECT",
    "PIVOT",
];
/// Functions that have a FROM among their arguments.
const WITH_FROM: [&str; 6] = ["EXTRACT", "SUBSTRING", "SUBSTR", "TRIM", "OVERLAY", "POSITION"];

fn find(tokens: &[Token<'_>], dialect: Dialect, named: &mut Named) {
    let expressions = common_table_expressions(tokens, dialect);
    // What they are named for, and how often, says nothing of their tables.
    named.packs |= !expressions.is_empty();
    // For each open bracket: whether it is one of a function with a FROM of its own, and whether a list of tables goes on in it.
    let mut brackets: Vec<(bool, bool)> = vec![(false, false)];
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let mut leads = false;
        if token.is_mark('(') {
            brackets.push((before.is_some_and(|before| before.is_any(&WITH_FROM)), false));
        } else if token.is_mark(')') {
            if brackets.len() > 1 {
                brackets.pop();
            }
        } else if token.is_mark(';') {
            brackets = vec![(false, false)];
        } else if token.is_mark(',') {
            leads = brackets.last().is_some_and(|(_, lists)| *lists);
        } else if token.is_any(&LIST_ENDS)
            && !before.is_some_and(|before| before.is_mark('.'))
            && let Some((function, lists)) = brackets.last_mut()
        {
            *lists = false;
            *function &= !token.is("SELECT");
        }
        if token.is_any(&LEADS) && !before.is_some_and(|before| before.is_mark('.')) {
            leads = leads_to_table(token, before, tokens.get(at + 1), brackets.last().is_some_and(|(function, _)| *function));
            if let Some((_, lists)) = brackets.last_mut().filter(|_| token.is_any(&["FROM", "USING"]) || lists_tables(token, before)) {
                *lists = leads;
            }
        }
        at += 1;
        if leads {
            let lead = if token.is_mark(',') { "from".to_owned() } else { token.text.to_ascii_lowercase() };
            table(tokens, at, &lead, before, &expressions, dialect, named);
        }
    }
}

/// Whether a word that leads to a table does so here.
fn leads_to_table(token: &Token<'_>, before: Option<&Token<'_>>, next: Option<&Token<'_>>, function: bool) -> bool {
    let after = |words: &[&str]| before.is_some_and(|before| before.is_any(words));
    if token.is("FROM") {
        return !function && !after(&["DISTINCT", "NEXT", "PRIOR", "ABSOLUTE", "RELATIVE"]);
    }
    if token.is("UPDATE") {
        return !after(&["FOR", "ON", "KEY", "DO", "OF", "NO", "OR", "BEFORE", "AFTER", "GRANT", "REVOKE", "THEN"])
            && !before.is_some_and(|before| before.is_mark(','));
    }
    if token.is("TABLE") {
        return !after(&["ALTER", "DROP", "TRUNCATE", "LOCK", "ANALYZE", "COMMENT", "ON"]);
    }
    if token.is("USING") {
        // `USING (id)`, `USING btree`, the values of an EXECUTE.
        return next.is_some_and(Token::names) && !after(&["BY"]);
    }
    if token.is("COPY") {
        return before.is_none() || before.is_some_and(|before| before.is_mark(';'));
    }
    true
}

/// `CREATE PUBLICATION p FOR TABLE a, b`
fn lists_tables(token: &Token<'_>, before: Option<&Token<'_>>) -> bool {
    token.is("TABLE") && before.is_some_and(|before| before.is_any(&["FOR", "ADD", "SET"]))
}

/// Takes the name at a place, if there is one.
fn table(
    tokens: &[Token<'_>],
    mut at: usize,
    lead: &str,
    before: Option<&Token<'_>>,
    expressions: &[Expression<'_>],
    dialect: Dialect,
    named: &mut Named,
) {
    // `FROM ((a JOIN b …))`
    while tokens.get(at).is_some_and(|token| token.is_any(&FILLERS) || token.is_mark('(')) {
        at += 1;
    }
    if lead == "into" && tokens.get(at).is_some_and(|token| token.is("TABLE")) {
        at += 1;
    }
    let first = at;
    let mut name = String::new();
    while let Some(token) = tokens.get(at).filter(|token| token.names()) {
        if name.is_empty() && token.is_any(&NO_NAMES) {
            return;
        }
        name.push_str(token.name());
        at += 1;
        if !tokens.get(at).is_some_and(|token| token.is_mark('.')) {
            break;
        }
        name.push('.');
        at += 1;
        // `database..table` of SQL Server.
        while tokens.get(at).is_some_and(|token| token.is_mark('.')) {
            if dialect == Dialect::MsSql {
                name.push_str("dbo.");
            }
            at += 1;
        }
    }
    let name = name.trim_end_matches('.');
    if name.is_empty() {
        return;
    }
    // A bracket after it makes it a function, or the column list of COPY and INSERT.
    let called = tokens.get(at).is_some_and(|token| token.is_mark('(')) && !matches!(lead, "into" | "copy" | "update" | "table");
    let bare = !name.contains('.');
    if called || bare && expressions.iter().any(|expression| expression.covers(name, first)) {
        return;
    }
    const MAKING: [&str; 14] = [
        "CREATE",
        "TEMP",
        "TEMPORARY",
        "TRANSIENT",
        "EXTERNAL",
        "GLOBAL",
        "LOCAL",
        "UNLOGGED",
        "VOLATILE",
        "FOREIGN",
        "OVERWRITE",
        "INTO",
        "REPLACE",
        "INSERT",
    ];
    let makes = lead == "table" && before.is_some_and(|before| before.is_any(&MAKING));
    let list = match lead {
        "into" => &mut named.written,
        _ if makes => &mut named.written,
        _ => &mut named.read,
    };
    // A table that is named twice may show two people on a row.
    if list.len() >= MOST_TABLES {
        named.cut = true;
    } else {
        list.push(name.to_owned());
    }
}

/// A name that a statement gives to a query of its own.
struct Expression<'t> {
    name: &'t str,
    /// The tokens of its query; within it the name is that of a table, where it is not said to refer to itself.
    query: std::ops::Range<usize>,
    recursive: bool,
}

impl Expression<'_> {
    fn covers(&self, name: &str, at: usize) -> bool {
        self.name.eq_ignore_ascii_case(name) && (at >= self.query.end || self.recursive && self.query.contains(&at))
    }
}

/// `WITH x AS (…), y (a, b) AS MATERIALIZED (…)`.
fn common_table_expressions<'t>(tokens: &[Token<'t>], dialect: Dialect) -> Vec<Expression<'t>> {
    let mut found = Vec::new();
    let recursive = matches!(dialect, Dialect::MsSql | Dialect::Oracle) || tokens.iter().any(|token| token.is("RECURSIVE"));
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is("AS")) {
        if found.len() >= MOST_TABLES {
            break;
        }
        let mut open = at + 1;
        while tokens.get(open).is_some_and(|token| token.is_any(&["NOT", "MATERIALIZED"])) {
            open += 1;
        }
        let queries = tokens.get(open).is_some_and(|token| token.is_mark('('))
            && tokens.get(open + 1).is_some_and(|token| {
                token.is_mark('(') || token.is_any(&["SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE"])
            });
        if !queries || token.at == 0 {
            continue;
        }
        let name = match tokens[..at].last() {
            Some(name) if name.names() => Some(name),
            // The list of its columns.
            Some(close) if close.is_mark(')') => {
                let open = tokens[..at].iter().rposition(|token| token.is_mark('('));
                open.and_then(|open| open.checked_sub(1)).map(|name| &tokens[name]).filter(|name| name.names())
            }
            _ => None,
        };
        found.extend(name.map(|name| Expression { name: name.name(), query: open..lexer::closing(tokens, open), recursive }));
    }
    found
}

/// Whether a text ends where something must follow: a logger cut it between two words.
fn ends_open(tokens: &[Token<'_>]) -> bool {
    const OPEN: [&str; 22] = [
        "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "JOIN", "ON", "BY", "IN", "LIKE", "BETWEEN", "UNION", "AS", "GROUP", "ORDER",
        "HAVING", "INTO", "UPDATE", "SET", "EXISTS", "WITH",
    ];
    tokens.last().is_some_and(|last| {
        last.is_any(&OPEN) || last.kind == Kind::Mark && matches!(last.text, "," | "=" | "<" | ">" | "(" | "." | "+" | "|")
    })
}

/// Words before a bracket that call nothing.
pub(super) const NO_CALLS: [&str; 45] = [
    "IN",
    "AND",
    "OR",
    "NOT",
    "FROM",
    "JOIN",
    "ON",
    "USING",
    "WHERE",
    "EXISTS",
    "SELECT",
    "AS",
    "BY",
    "ANY",
    "ALL",
    "SOME",
    "VALUES",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "MINUS",
    "HAVING",
    "WHEN",
    "THEN",
    "ELSE",
    "CASE",
    "LIKE",
    "BETWEEN",
    "IS",
    "DISTINCT",
    "LIMIT",
    "TOP",
    "WITH",
    "SETS",
    "ROLLUP",
    "CUBE",
    "SET",
    "INDEX",
    "KEY",
    "PARTITION",
    "VARCHAR",
    "NUMERIC",
    "DECIMAL",
    "CHAR",
    "OPTION",
];

/// Whether many rows may stand in one of the result: not where every call is known to work on its arguments alone, and nothing is kept
/// in a variable, put into a document or run from a text.
fn packs(tokens: &[Token<'_>], dialect: Dialect) -> bool {
    const PACKING: [&str; 35] = [
        "XML",
        "JSON",
        "MULTISET",
        "CURSOR",
        "ARRAY",
        "COLLECT",
        "MODEL",
        "RECURSIVE",
        "PIVOT",
        "UNPIVOT",
        "MATCH_RECOGNIZE",
        "CONNECT",
        "DECLARE",
        "BEGIN",
        "EXEC",
        "EXECUTE",
        "CALL",
        "DO",
        "PREPARE",
        "IMMEDIATE",
        "FETCH",
        "HANDLER",
        "OVER",
        "WITHIN",
        "REDUCE",
        "TRANSFORM",
        "MAP",
        "XMLAGG",
        "LISTAGG",
        "FUNCTION",
        "PRINT",
        "RAISERROR",
        "INTO",
        "OUTPUT",
        "EXPLAIN",
    ];
    (0..tokens.len()).any(|at| {
        let token = &tokens[at];
        let next_is = |mark| tokens.get(at + 1).is_some_and(|next| next.is_mark(mark));
        let marks = token.is_mark(':') && next_is('=');
        let variable = token.kind == Kind::Variable && token.text.starts_with('@');
        let calls = || {
            let schema = match at.checked_sub(2) {
                Some(schema) if tokens[at - 1].is_mark('.') => Some(tokens[schema].name()),
                _ => None,
            };
            let name = schema.map_or_else(|| token.name().to_owned(), |schema| format!("{schema}.{}", token.name()));
            let alone = matches!(
                effect(&name, dialect),
                FunctionEffect::Scalar | FunctionEffect::Count | FunctionEffect::Server | FunctionEffect::Window
            );
            // `JSON_ARRAY(SELECT …)` takes rows, not a value.
            let takes_rows = tokens.get(at + 2).is_some_and(|inner| inner.is_any(&["SELECT", "WITH", "TABLE"]));
            (takes_rows || !alone) && (schema.is_some() || !token.is_any(&NO_CALLS))
        };
        marks || variable || token.is_any(&PACKING) || token.names() && next_is('(') && calls()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str, dialect: Dialect) -> Vec<String> {
        named(text, dialect).read
    }

    #[test]
    fn words_after_from_and_join_are_tables() {
        let found = tables(
            "SELEC x FROMM FROM ONLY crm.customers c, \"客户 信息\" JOIN bank.accounts a ON 1=1 INTO OUTFILE 'x",
            Dialect::PostgreSql,
        );
        assert_eq!(found, ["crm.customers", "客户 信息", "bank.accounts"]);
        assert_eq!(tables("UPDATE t SET a = b WHERE GARBAGE %%", Dialect::Generic), ["t"]);
        assert_eq!(
            tables("%% FROM (SELECT 1) x, crm.customers c, (a JOIN b ON 1=1) WHERE x IN (1, d)", Dialect::Generic),
            ["crm.customers", "a", "b"]
        );
        assert_eq!(tables("%% FROM crm..customers WITH (x)", Dialect::MsSql), ["crm.dbo.customers"]);
        assert_eq!(tables("%% DELETE FROM a USING b", Dialect::PostgreSql), ["a", "b"]);
    }

    #[test]
    fn functions_and_subqueries_are_no_tables() {
        assert_eq!(tables("x FROM f(1) JOIN (SELECT 1 FROM t) q", Dialect::Generic), ["t"]);
    }

    #[test]
    fn a_word_that_leads_elsewhere_makes_no_table() {
        for text in [
            "%% SELECT extract(year FROM ts), substring(x FROM 1), trim(BOTH FROM x) FROM t WHERE a IS DISTINCT FROM b",
            "%% SELECT a FROM t FOR UPDATE OF x NOWAIT",
            "%% SELECT a FROM t FOR UPDATE SKIP LOCKED",
            "%% SELECT a INTO OUTFILE '/x' FROM t",
            "%% WITH x AS (SELECT 1 FROM t), y (a, b) AS NOT MATERIALIZED (SELECT 2) SELECT * FROM x, y",
            "%% SELECT a FROM t FETCH FIRST 5 ROWS ONLY",
            "%% SELECT a FROM LATERAL (SELECT 1 FROM t) x",
            "%% DELETE FROM t",
            "%% SELECT (SELECT max(a) FROM t) FROM dual",
        ] {
            assert_eq!(tables(text, Dialect::Generic), ["t"], "{text}");
        }
        let written = named("%% INSERT INTO x (a) SELECT a FROM t ON DUPLICATE KEY UPDATE a = 1", Dialect::MySql);
        assert_eq!((written.read, written.written), (vec!["t".to_owned()], vec!["x".to_owned()]));
        assert_eq!(
            tables("%% WITH t AS (SELECT * FROM t) SELECT * FROM t", Dialect::PostgreSql),
            ["t"],
            "it is the table that the name hides"
        );
    }

    #[test]
    fn a_text_packs_unless_every_call_in_it_is_known() {
        let packs = |text| named(text, Dialect::PostgreSql).packs;
        for text in [
            "SELECT lower(name) FROM t WHERE id IN (1, 2) AND f IS NOT NULL %%",
            "SELECT count(*) FROM t WHERE a = (1) %%",
            "SELECT a FROM t",
        ] {
            assert!(!packs(text), "{text}");
        }
        for text in [
            "SELECT string_agg(a) FROM t",
            "SELECT f(a) FROM t",
            "SELECT crm.lower(a) FROM t %%",
            "SELECT a FROM t FOR JSON PATH",
            "SELECT @a := a FROM t",
            "DO 'x'",
        ] {
            assert!(packs(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_ends_between_two_words_is_cut() {
        for text in ["SELECT a FROM t WHERE", "SELECT a FROM t WHERE b =", "SELECT a,", "SELECT f(", "SELECT 'a"] {
            assert!(named(text, Dialect::Generic).cut, "{text}");
        }
        assert!(!named("SELECT a FROM t WHERE b = 5", Dialect::Generic).cut);
    }
}
