//! Parts of a query that change how it runs and not what it shows: locks, hints for the planner, the version that is read.
//!
//! Grammars know some of them in some places. They are taken out before a text is parsed, so that a statement with them is understood
//! as the same one without.

use crate::model::record::Dialect;
use crate::sql::lexer::{self, Kind, Token};
use std::borrow::Cow;
use std::collections::HashMap;

/// A text without its hints.
pub(super) struct Bare<'t> {
    pub text: Cow<'t, str>,
    /// `INTO OUTFILE`: the rows go to a file.
    pub exported: bool,
    /// `INTO @a`, `SELECT @a = …`: what was read goes to variables.
    pub kept: Option<Kept>,
}

/// What variables hold in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    /// What one row gave.
    LastRow,
    /// They appear in what is put into them, so they may have collected.
    AllRows,
}

/// Hints that stand behind a table of SQL Server.
const TABLE_HINTS: [&str; 25] = [
    "NOLOCK",
    "READUNCOMMITTED",
    "READCOMMITTED",
    "READCOMMITTEDLOCK",
    "REPEATABLEREAD",
    "SERIALIZABLE",
    "HOLDLOCK",
    "UPDLOCK",
    "XLOCK",
    "ROWLOCK",
    "PAGLOCK",
    "TABLOCK",
    "TABLOCKX",
    "READPAST",
    "NOWAIT",
    "NOEXPAND",
    "FORCESEEK",
    "FORCESCAN",
    "SNAPSHOT",
    "KEEPIDENTITY",
    "KEEPDEFAULTS",
    "IGNORE_CONSTRAINTS",
    "IGNORE_TRIGGERS",
    "INDEX",
    "FASTFIRSTROW",
];

/// Words that begin a part of a query.
const CLAUSES: [&str; 13] =
    ["SELECT", "FROM", "JOIN", "UPDATE", "INTO", "ON", "WHERE", "SET", "GROUP", "ORDER", "HAVING", "VALUES", "APPLY"];

/// Takes the hints out of a text.
pub(super) fn without<'t>(text: &'t str, tokens: &[Token<'t>], dialect: Dialect) -> Bare<'t> {
    let mut bare = Bare { text: Cow::Borrowed(text), exported: false, kept: None };
    let (mut kept, mut from, mut at) = (String::new(), 0, 0);
    // A hint in bare brackets stands behind a table; elsewhere it would be the argument of a function.
    let (mut tables, mut selects) = (false, false);
    let mut named = None;
    while at < tokens.len() {
        if tokens[at].is_any(&CLAUSES) {
            tables = tokens[at].is_any(&["FROM", "JOIN", "UPDATE", "INTO"]);
            selects = tokens[at].is("SELECT");
        }
        if dialect == Dialect::MsSql
            && selects
            && let Some(end) = assignment(tokens, at)
        {
            let named = named.get_or_insert_with(|| variables(tokens)).get(&tokens[at].text.to_ascii_lowercase()).copied().unwrap_or(0);
            // `+=` adds to what is there.
            let adds = named > 1 || end - at > 2;
            bare.kept = if adds { Some(Kept::AllRows) } else { bare.kept.or(Some(Kept::LastRow)) };
            kept.push_str(&text[from..tokens[at].at]);
            from = tokens.get(end).map_or(text.len(), |token| token.at);
            at = end;
            continue;
        }
        // `database..table`: the schema is the server's own.
        if dialect == Dialect::MsSql && tokens[at].is_mark('.') && tokens.get(at + 1).is_some_and(|next| next.is_mark('.')) {
            kept.push_str(&text[from..tokens[at].end()]);
            kept.push_str("dbo");
            from = tokens[at].end();
        }
        let Some(end) = hint(tokens, at, dialect, tables, &mut bare).filter(|end| *end > at) else {
            at += 1;
            continue;
        };
        kept.push_str(&text[from..tokens[at].at]);
        kept.push(' ');
        from = tokens.get(end).map_or(text.len(), |token| token.at);
        at = end;
    }
    if from > 0 {
        kept.push_str(&text[from..]);
        bare.text = Cow::Owned(kept);
    }
    bare
}

/// How often each variable is named.
fn variables(tokens: &[Token<'_>]) -> HashMap<String, usize> {
    let mut named = HashMap::new();
    for token in tokens.iter().filter(|token| token.kind == Kind::Variable) {
        *named.entry(token.text.to_ascii_lowercase()).or_default() += 1;
    }
    named
}

/// `@x =`, `@x +=` at the beginning of a column of the select list: its end, in tokens.
fn assignment(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let variable = tokens[at].kind == Kind::Variable && tokens[at].text.starts_with('@');
    let begins = at.checked_sub(1).map(|before| &tokens[before]).is_some_and(|before| {
        let ends = before.is_mark(',') || before.is_mark(')') || before.kind == Kind::Number;
        ends || before.is_any(&["SELECT", "DISTINCT", "ALL", "PERCENT", "TIES"])
    });
    if !variable || !begins {
        return None;
    }
    let is = |at: usize, mark: char| tokens.get(at).is_some_and(|token| token.is_mark(mark));
    match (is(at + 1, '='), is(at + 2, '=')) {
        (true, _) => Some(at + 2),
        (false, true) if ['+', '-', '*', '/', '%', '&', '|', '^'].iter().any(|mark| is(at + 1, *mark)) => Some(at + 3),
        _ => None,
    }
}

/// The end of the hint that begins at a token, in tokens.
fn hint(tokens: &[Token<'_>], at: usize, dialect: Dialect, tables: bool, bare: &mut Bare<'_>) -> Option<usize> {
    let token = &tokens[at];
    let words =
        |from: usize, words: &[&str]| words.iter().enumerate().all(|(i, word)| tokens.get(from + i).is_some_and(|token| token.is(word)));
    let is_mark = |at: usize, mark: char| tokens.get(at).is_some_and(|token| token.is_mark(mark));
    if dialect == Dialect::MsSql {
        if token.is("WITH") && is_mark(at + 1, '(') {
            return hints_within(tokens, at + 1);
        }
        if tables
            && token.is_mark('(')
            && at > 0
            && tokens[at - 1].names()
            && tokens.get(at + 1).is_some_and(|hint| hint.is_any(&TABLE_HINTS))
        {
            return hints_within(tokens, at);
        }
        // How many rows a page has is in a variable, which the grammar does not know there: it bounds nothing.
        let variable = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Variable);
        let page = |at: usize| tokens.get(at).is_some_and(|token| token.is_any(&["FIRST", "NEXT"]));
        let rows = |at: usize| tokens.get(at).is_some_and(|token| token.is_any(&["ROW", "ROWS"]));
        if token.is("FETCH") && page(at + 1) && variable(at + 2) && rows(at + 3) && words(at + 4, &["ONLY"]) {
            return Some(at + 5);
        }
        if token.is("OPTION") && is_mark(at + 1, '(') {
            return closing(tokens, at + 1).filter(|end| !tokens[at..*end].iter().any(|token| token.is("SELECT")));
        }
    }
    if token.is("FOR") {
        for lock in [["UPDATE", ""], ["SHARE", ""], ["KEY", "SHARE"], ["BROWSE", ""], ["READ", "ONLY"], ["FETCH", "ONLY"]] {
            let length = lock.iter().filter(|word| !word.is_empty()).count();
            if words(at + 1, &lock[..length]) {
                return Some(lock_end(tokens, at + 1 + length));
            }
        }
        if words(at + 1, &["NO", "KEY", "UPDATE"]) {
            return Some(lock_end(tokens, at + 4));
        }
        if tokens.get(at + 1).is_some_and(|token| token.is_any(&["VERSION", "TIMESTAMP", "SYSTEM_TIME", "SYSTEM_VERSION"])) {
            if words(at + 2, &["ALL"]) {
                return Some(at + 3);
            }
            return if words(at + 2, &["AS", "OF"]) { moment(tokens, at + 4) } else { None };
        }
    }
    if token.is("LOCK") && words(at + 1, &["IN", "SHARE", "MODE"]) {
        return Some(at + 4);
    }
    if token.is("AS") && words(at + 1, &["OF"]) && tokens.get(at + 2).is_some_and(|token| token.is_any(&["SCN", "TIMESTAMP"])) {
        return moment(tokens, at + 3);
    }
    if token.is("AS") && words(at + 1, &["OF", "SYSTEM", "TIME"]) {
        return moment(tokens, at + 4);
    }
    if token.is_any(&["VERSION", "TIMESTAMP"]) && words(at + 1, &["AS", "OF"]) && at > 0 && tokens[at - 1].names() {
        return moment(tokens, at + 3);
    }
    match dialect {
        Dialect::MySql => mysql(tokens, at, bare),
        Dialect::Oracle if token.is("SAMPLE") => {
            let open = at + 1 + usize::from(words(at + 1, &["BLOCK"]));
            closing(tokens, open).filter(|_| is_mark(open, '('))
        }
        Dialect::Oracle if token.is_any(&["PARTITION", "SUBPARTITION"]) && is_mark(at + 1, '(') && at > 0 && tokens[at - 1].names() => {
            let end = closing(tokens, at + 1)?;
            (end - at == 4 && !tokens[at - 1].is_any(&["OVER", "BY"])).then_some(end)
        }
        Dialect::Snowflake if token.is_any(&["AT", "BEFORE"]) && is_mark(at + 1, '(') && at > 0 && tokens[at - 1].names() => {
            let named = tokens.get(at + 2).is_some_and(|token| token.is_any(&["TIMESTAMP", "OFFSET", "STATEMENT", "STREAM"]));
            closing(tokens, at + 1).filter(|_| named)
        }
        // DB2.
        Dialect::Generic if token.is("WITH") && at + 2 == tokens.len() && tokens[at + 1].is_any(&["UR", "CS", "RS", "RR", "NC"]) => {
            Some(at + 2)
        }
        _ => None,
    }
}

/// The end of the brackets around a hint: a few words.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    lexer::closing_within(tokens, open, 128)
}

/// `(NOLOCK, INDEX (x))`: brackets that hold hints alone.
fn hints_within(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let end = closing(tokens, open)?;
    let (mut at, mut depth) = (open, 0_usize);
    while at < end {
        let token = &tokens[at];
        if token.is_mark('(') {
            depth += 1;
        } else if token.is_mark(')') {
            depth = depth.saturating_sub(1);
        } else if depth == 1 && !token.is_mark(',') && !token.is_mark('=') && !token.is_any(&TABLE_HINTS) {
            // The index of `INDEX = x`, and no query.
            if !(tokens[at - 1].is_mark('=') || token.kind == Kind::Number) {
                return None;
            }
        } else if token.is("SELECT") {
            return None;
        }
        at += 1;
    }
    Some(end)
}

/// `OF a, b`, `NOWAIT`, `SKIP LOCKED`, `WAIT 5` behind a lock.
fn lock_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    if tokens.get(at).is_some_and(|token| token.is("OF")) {
        at += 1;
        while tokens.get(at).is_some_and(|token| {
            token.names() && !token.is_any(&["NOWAIT", "SKIP", "WAIT", "FOR"]) || token.is_mark('.') || token.is_mark(',')
        }) {
            at += 1;
        }
    }
    match tokens.get(at) {
        Some(token) if token.is("NOWAIT") => at + 1,
        Some(token) if token.is_any(&["SKIP", "WAIT"]) => (at + 2).min(tokens.len()),
        _ => at,
    }
}

/// A moment or version that is written out; `None` where it is computed of more.
fn moment(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    if tokens.get(at)?.is_any(&["TIMESTAMP", "DATE"]) && tokens.get(at + 1)?.kind == Kind::Text {
        return Some(at + 2);
    }
    if tokens.get(at)?.is_mark('-') {
        at += 1;
    }
    match tokens.get(at)?.kind {
        Kind::Text | Kind::Number | Kind::Variable => Some(at + 1),
        Kind::Word if tokens.get(at + 1).is_some_and(|token| token.is_mark('(')) => {
            let end = closing(tokens, at + 1)?;
            (!tokens[at..end].iter().any(|token| token.is("SELECT"))).then_some(end)
        }
        Kind::Mark if tokens.get(at)?.is_mark('(') => {
            let end = closing(tokens, at)?;
            (!tokens[at..end].iter().any(|token| token.is("SELECT"))).then_some(end)
        }
        _ => None,
    }
}

fn mysql(tokens: &[Token<'_>], at: usize, bare: &mut Bare<'_>) -> Option<usize> {
    let token = &tokens[at];
    let next = tokens.get(at + 1)?;
    if token.is_any(&["USE", "FORCE", "IGNORE"]) && next.is_any(&["INDEX", "KEY", "INDEXES", "KEYS"]) {
        let open = (at + 2..at + 6).find(|at| tokens.get(*at).is_some_and(|token| token.is_mark('(')))?;
        return closing(tokens, open);
    }
    if token.is("SELECT") || !token.is("INTO") {
        return None;
    }
    if next.is_any(&["OUTFILE", "DUMPFILE"]) {
        const OPTIONS: [&str; 12] = [
            "CHARACTER",
            "SET",
            "CHARSET",
            "FIELDS",
            "COLUMNS",
            "TERMINATED",
            "ENCLOSED",
            "OPTIONALLY",
            "ESCAPED",
            "BY",
            "LINES",
            "STARTING",
        ];
        let is_option = |at: &usize| {
            let Some(token) = tokens.get(*at) else { return false };
            token.kind == Kind::Text || token.is_any(&OPTIONS) || tokens[*at - 1].is_any(&["SET", "CHARSET"])
        };
        bare.exported = true;
        return (at + 2..).find(|at| !is_option(at));
    }
    if next.kind == Kind::Variable && next.text.starts_with('@') {
        bare.kept = Some(Kept::LastRow);
        return (at + 1..).find(|at| !tokens.get(*at).is_some_and(|token| token.kind == Kind::Variable || token.is_mark(',')));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str, dialect: Dialect) -> String {
        let tokens = lexer::tokens(text, dialect).list;
        without(text, &tokens, dialect).text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hints_and_locks_are_taken_out() {
        let of = |text| bare(text, Dialect::MsSql);
        assert_eq!(
            of("SELECT a FROM dbo.t (nolock) JOIN u WITH (NOLOCK, INDEX(ix)) ON 1=1 OPTION (RECOMPILE)"),
            "SELECT a FROM dbo.t JOIN u ON 1=1"
        );
        assert_eq!(of("SELECT a FROM crm..t"), "SELECT a FROM crm.dbo.t");
        assert_eq!(of("SELECT a FROM t ORDER BY a OFFSET @p0 ROWS FETCH NEXT @p1 ROWS ONLY"), "SELECT a FROM t ORDER BY a OFFSET @p0 ROWS");
        assert_eq!(of("SELECT a FROM t OFFSET 5 ROWS FETCH FIRST 5 ROWS ONLY"), "SELECT a FROM t OFFSET 5 ROWS FETCH FIRST 5 ROWS ONLY");
        assert_eq!(of("SELECT a FROM t WITH (INDEX = ix, UPDLOCK) FOR BROWSE"), "SELECT a FROM t");
        assert_eq!(bare("SELECT a FROM t FOR NO KEY UPDATE OF t SKIP LOCKED", Dialect::PostgreSql), "SELECT a FROM t");
        assert_eq!(bare("SELECT a FROM t FOR UPDATE OF t.a, b WAIT 5", Dialect::Oracle), "SELECT a FROM t");
        assert_eq!(bare("SELECT a FROM t USE INDEX FOR ORDER BY (x) LOCK IN SHARE MODE", Dialect::MySql), "SELECT a FROM t");
        assert_eq!(
            bare("SELECT a INTO OUTFILE '/x' CHARACTER SET utf8 FIELDS TERMINATED BY ',' FROM t", Dialect::MySql),
            "SELECT a FROM t"
        );
        assert_eq!(bare("SELECT a INTO @x, @y FROM t", Dialect::MySql), "SELECT a FROM t");
        assert_eq!(bare("SELECT a FROM t FOR VERSION AS OF 123", Dialect::Trino), "SELECT a FROM t");
        assert_eq!(bare("SELECT a FROM t AS OF TIMESTAMP (SYSTIMESTAMP - 1) x", Dialect::Oracle), "SELECT a FROM t x");
        assert_eq!(bare("SELECT a FROM t AT(OFFSET => -60)", Dialect::Snowflake), "SELECT a FROM t");
    }

    #[test]
    fn what_goes_into_variables_is_kept() {
        let of = |text: &str| {
            let tokens = lexer::tokens(text, Dialect::MsSql).list;
            let bare = without(text, &tokens, Dialect::MsSql);
            (bare.text.into_owned(), bare.kept)
        };
        assert_eq!(of("SELECT @s=@s+name FROM t"), ("SELECT @s+name FROM t".to_owned(), Some(Kept::AllRows)));
        assert_eq!(of("SELECT TOP 1 @a = a, @b += b FROM t"), ("SELECT TOP 1 a, b FROM t".to_owned(), Some(Kept::AllRows)));
        assert_eq!(of("SELECT @a = a FROM t WHERE x = @p"), ("SELECT a FROM t WHERE x = @p".to_owned(), Some(Kept::LastRow)));
        assert_eq!(of("SELECT a FROM t WHERE f(a, @p) = 1").1, None);
    }

    #[test]
    fn what_may_read_is_no_hint() {
        for text in [
            "SELECT f(nolock) FROM t",
            "SELECT a FROM t OPTION (SELECT 1)",
            "SELECT a FROM t WITH (SELECT b FROM u)",
            "SELECT a FROM OPENJSON(@x) WITH (a int '$.a')",
        ] {
            assert_eq!(bare(text, Dialect::MsSql), text);
        }
        assert_eq!(
            bare("SELECT a FROM t AS OF TIMESTAMP (SELECT b FROM u)", Dialect::Oracle),
            "SELECT a FROM t AS OF TIMESTAMP (SELECT b FROM u)"
        );
    }
}
