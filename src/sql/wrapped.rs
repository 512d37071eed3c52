//! Statements inside of statements: `sp_executesql`, `EXEC ('…')`, `PREPARE … FROM '…'`, `EXECUTE IMMEDIATE '…'`.
//!
//! Drivers send most of what they send in this form, with the values beside it. A text that is written out is read as if it had been sent
//! alone, with the values in the places of its parameters; one that is put together when it runs is not known.

use crate::model::record::Dialect;
use crate::sql::lexer::{self, Kind, Token};

/// What a statement runs that is not its own text.
#[derive(Debug)]
pub(super) enum Wrapped {
    /// This text.
    Runs(String),
    /// A cursor over this text: its rows are fetched by other calls.
    Opens(String),
    /// Nothing yet: it makes this text ready, or one that is not known.
    Prepares(Option<String>),
    /// Rows of something that was made ready before.
    Continues,
    /// Something that the text does not say.
    Unknown,
    /// Gives a table another name.
    Renames(String, String),
    /// A procedure of the server's own that shows nobody.
    Harmless,
}

/// What stands inside of a statement; `None` where it is no statement of that sort.
pub(super) fn wrapped(statement: &str, dialect: Dialect) -> Option<Wrapped> {
    let tokens = lexer::tokens(statement, dialect).list;
    // ODBC's `{call p (?)}`.
    let from = usize::from(tokens.first().is_some_and(|token| token.is_mark('{')));
    let (first, rest) = tokens.get(from..)?.split_first()?;
    let next_is = |word: &str| rest.first().is_some_and(|token| token.is(word));
    if first.is("EXECUTE") && next_is("IMMEDIATE") {
        return Some(immediate(&rest[1..], dialect));
    }
    match dialect {
        Dialect::MsSql if first.is_any(&["EXEC", "EXECUTE"]) => Some(execute(rest)),
        // The first statement of a batch may be a procedure's bare name.
        Dialect::MsSql if first.names() && is_own_procedure(first.name()) => Some(execute(&tokens[from..])),
        Dialect::PostgreSql if first.is("PREPARE") => None,
        _ if first.is("PREPARE") => prepared(statement, rest, dialect),
        _ if first.is("CALL") && is_harmless(&tokens[from..]) => Some(Wrapped::Harmless),
        Dialect::Oracle if first.is_any(&["BEGIN", "EXEC"]) && is_harmless(&tokens[from..]) => Some(Wrapped::Harmless),
        _ => None,
    }
}

fn prepared(statement: &str, rest: &[Token<'_>], dialect: Dialect) -> Option<Wrapped> {
    let from = rest.iter().take(4).position(|token| token.is("FROM"))?;
    let source = rest.get(from + 1)?;
    Some(Wrapped::Prepares(match source.kind {
        Kind::Text => written(&rest[from + 1..], dialect),
        // Trino prepares statements that stand there as they are.
        Kind::Word if !matches!(dialect, Dialect::MySql) => Some(statement[source.at..].to_owned()),
        _ => None,
    }))
}

/// `EXECUTE IMMEDIATE text [INTO …] [USING …]`.
fn immediate(rest: &[Token<'_>], dialect: Dialect) -> Wrapped {
    let end = rest.iter().position(|token| token.is_any(&["USING", "INTO", "RETURNING", "BULK"])).unwrap_or(rest.len());
    let Some(text) = written(&rest[..end], dialect) else { return Wrapped::Unknown };
    match rest.get(end) {
        None => Wrapped::Runs(text),
        Some(token) if token.is("USING") => {
            let values: Vec<Option<String>> = arguments(&rest[end + 1..]).into_iter().map(|argument| value(argument.value)).collect();
            Wrapped::Runs(fill_in_order(&text, &values, dialect))
        }
        // It goes into variables.
        Some(_) => Wrapped::Unknown,
    }
}

/// A text that is written out: strings, joined to one.
fn written(tokens: &[Token<'_>], dialect: Dialect) -> Option<String> {
    let mut text = String::new();
    let (mut any, mut joins) = (false, true);
    for token in tokens {
        match token.kind {
            Kind::Text if joins => {
                text.push_str(&token.string(dialect)?);
                (any, joins) = (true, false);
            }
            Kind::Mark if matches!(token.text, "+" | "|") => joins = true,
            Kind::Mark if matches!(token.text, "(" | ")" | ";") => {}
            _ => return None,
        }
    }
    any.then_some(text)
}

/// T-SQL's EXECUTE, behind the word.
fn execute(rest: &[Token<'_>]) -> Wrapped {
    if rest.first().is_some_and(|token| token.is_mark('(')) {
        let close = lexer::closing(rest, 0);
        return written(&rest[..close], Dialect::MsSql).map_or(Wrapped::Unknown, Wrapped::Runs);
    }
    if rest.first().is_some_and(|token| token.is("AS")) {
        return Wrapped::Harmless;
    }
    // `@result = procedure`
    let rest = match rest {
        [variable, equals, rest @ ..] if variable.kind == Kind::Variable && equals.is_mark('=') => rest,
        rest => rest,
    };
    let mut at = 0;
    let mut name = "";
    while let Some(token) = rest.get(at) {
        if token.names() {
            name = token.name();
        } else if !token.is_mark('.') {
            break;
        }
        at += 1;
        if token.names() && !rest.get(at).is_some_and(|next| next.is_mark('.')) {
            break;
        }
    }
    let arguments = arguments(&rest[at.min(rest.len())..]);
    let named = |names: &[&str], place: usize| {
        let by_name = arguments.iter().find(|argument| names.iter().any(|name| argument.name.eq_ignore_ascii_case(name)));
        by_name.or_else(|| arguments.get(place).filter(|argument| argument.name.is_empty()))
    };
    let text = |argument: Option<&Argument<'_, '_>>| argument.and_then(|argument| written(argument.value, Dialect::MsSql));
    let run = |statement: usize, declared: usize, values: usize| {
        let Some(statement) = text(named(&["@stmt", "@statement"], statement)) else { return Wrapped::Unknown };
        let declared = text(named(&["@params", "@parameters", "@paramdef"], declared)).unwrap_or_default();
        Wrapped::Runs(fill(&statement, &declared, arguments.get(values..).unwrap_or_default()))
    };
    match name.to_ascii_lowercase().as_str() {
        "sp_executesql" => run(0, 1, 2),
        "sp_prepexec" => run(2, 1, 3),
        "sp_cursoropen" => opens(run(1, 5, 6)),
        "sp_cursorprepexec" => opens(run(3, 2, 7)),
        "sp_rename" => match (text(named(&["@objname"], 0)), text(named(&["@newname"], 1)), named(&["@objtype"], 2)) {
            (Some(old), Some(new), None) => Wrapped::Renames(old, new),
            // A column, an index, or what the text does not say.
            _ => Wrapped::Harmless,
        },
        "sp_prepare" => Wrapped::Prepares(text(named(&["@stmt"], 2))),
        "sp_cursorprepare" => Wrapped::Prepares(text(named(&["@stmt"], 2))),
        "sp_cursorfetch" | "sp_execute" | "sp_cursorexecute" => Wrapped::Continues,
        name if HARMLESS_PROCEDURES.binary_search(&name).is_ok() => Wrapped::Harmless,
        _ => Wrapped::Unknown,
    }
}

fn opens(run: Wrapped) -> Wrapped {
    match run {
        Wrapped::Runs(text) => Wrapped::Opens(text),
        other => other,
    }
}

fn is_own_procedure(name: &str) -> bool {
    let start = name.get(..3).unwrap_or("");
    start.eq_ignore_ascii_case("sp_") || start.eq_ignore_ascii_case("xp_")
}

/// An argument of a call.
struct Argument<'t, 's> {
    /// `@name`, where it has one.
    name: &'t str,
    value: &'s [Token<'t>],
}

fn arguments<'t, 's>(tokens: &'s [Token<'t>]) -> Vec<Argument<'t, 's>> {
    let (mut found, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    for at in 0..=tokens.len() {
        let token = tokens.get(at);
        match token {
            Some(token) if token.is_mark('(') => depth += 1,
            Some(token) if token.is_mark(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if token.is_some_and(|token| depth > 0 || !token.is_mark(',')) {
            continue;
        }
        let part = &tokens[from..at];
        found.push(match part {
            [variable, equals, value @ ..] if variable.kind == Kind::Variable && equals.is_mark('=') => {
                Argument { name: variable.text, value }
            }
            value => Argument { name: "", value },
        });
        from = at + 1;
    }
    if let [only] = found.as_slice()
        && only.value.is_empty()
    {
        found.clear();
    }
    found
}

/// A value that is written out, as it is written.
fn value(tokens: &[Token<'_>]) -> Option<String> {
    match tokens {
        [one] if matches!(one.kind, Kind::Text | Kind::Number) || one.is("NULL") => Some(one.text.to_owned()),
        [sign, one] if sign.is_mark('-') && one.kind == Kind::Number => Some(format!("-{}", one.text)),
        [whole, point, part] if whole.kind == Kind::Number && point.is_mark('.') && part.kind == Kind::Number => {
            Some(format!("{}.{}", whole.text, part.text))
        }
        _ => None,
    }
}

/// A text with its declared parameters' values in their places.
fn fill(text: &str, declared: &str, values: &[Argument<'_, '_>]) -> String {
    let declared = lexer::tokens(declared, Dialect::MsSql).list;
    let mut known: Vec<(&str, Option<String>)> = Vec::new();
    for (place, parameter) in declared.split(|token| token.is_mark(',')).filter(|part| part.first().is_some_and(is_variable)).enumerate() {
        let name = parameter[0].text;
        let given = values.iter().find(|argument| argument.name.eq_ignore_ascii_case(name));
        let given = given.or_else(|| values.get(place).filter(|argument| argument.name.is_empty()));
        // What comes back in it is not what went in.
        let returns = parameter.iter().any(|token| token.is_any(&["OUTPUT", "OUT"]));
        known.push((name, given.filter(|_| !returns).and_then(|argument| value(argument.value))));
    }
    let tokens = lexer::tokens(text, Dialect::MsSql).list;
    let value = |at: usize| {
        let token = &tokens[at];
        // `SELECT @p = …` puts something into it.
        let assigned = tokens.get(at + 1).is_some_and(|next| next.is_mark('='))
            && at.checked_sub(1).is_some_and(|before| tokens[before].is_any(&["SELECT", "SET"]) || tokens[before].is_mark(','));
        if assigned {
            return None;
        }
        known.iter().find(|(name, _)| token.text.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.clone())
    };
    replaced(text, &tokens, value)
}

/// A text with values in the places of its unnamed parameters.
fn fill_in_order(text: &str, values: &[Option<String>], dialect: Dialect) -> String {
    let tokens = lexer::tokens(text, dialect).list;
    let places: Vec<usize> = (0..tokens.len()).filter(|at| is_variable(&tokens[*at]) && !tokens[*at].text.starts_with('@')).collect();
    let value = |at: usize| places.binary_search(&at).ok().and_then(|place| values.get(place)?.clone());
    if places.len() > MOST_PARAMETERS { text.to_owned() } else { replaced(text, &tokens, value) }
}

/// Most parameters of a text that are filled in: servers take no more.
const MOST_PARAMETERS: usize = 4_200;

fn is_variable(token: &Token<'_>) -> bool {
    token.kind == Kind::Variable
}

/// A text with values in the places of its variables.
pub(super) fn replaced(text: &str, tokens: &[Token<'_>], value: impl Fn(usize) -> Option<String>) -> String {
    let (mut filled, mut from) = (String::with_capacity(text.len()), 0);
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| is_variable(token)) {
        if let Some(value) = value(at) {
            filled.push_str(&text[from..token.at]);
            filled.push_str(&value);
            from = token.end();
        }
    }
    filled.push_str(&text[from..]);
    filled
}

/// Whether a block calls nothing but procedures that show nobody: what consoles and drivers send around each statement.
fn is_harmless(tokens: &[Token<'_>]) -> bool {
    const WORDS: [&str; 7] = ["BEGIN", "END", "CALL", "EXEC", "NULL", "TRUE", "FALSE"];
    let mut any = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        if !token.names() {
            continue;
        }
        let (mut package, mut name) = ("", token.name());
        while let [point, next, ..] = &tokens[at..]
            && point.is_mark('.')
            && next.names()
        {
            (package, name) = (name, next.name());
            at += 2;
        }
        let calls = tokens.get(at).is_some_and(|next| next.is_mark('('));
        if package.is_empty() && !calls && token.is_any(&WORDS) {
            continue;
        }
        let is_known = |(known, names): &(&str, &[&str])| {
            known.eq_ignore_ascii_case(package) && (names.is_empty() || names.iter().any(|known| known.eq_ignore_ascii_case(name)))
        };
        if !HARMLESS_PACKAGES.iter().any(is_known) {
            return false;
        }
        any = true;
    }
    any
}

/// Packages, each with its harmless procedures; all of them where none is named.
const HARMLESS_PACKAGES: [(&str, &[&str]); 7] = [
    ("DBMS_TRANSACTION", &["LOCAL_TRANSACTION_ID"]),
    ("DBMS_OUTPUT", &["ENABLE", "DISABLE", "GET_LINE", "GET_LINES"]),
    ("DBMS_APPLICATION_INFO", &["SET_MODULE", "SET_ACTION", "SET_CLIENT_INFO"]),
    ("DBMS_SESSION", &["SET_IDENTIFIER", "CLEAR_IDENTIFIER", "SET_NLS", "SET_SQL_TRACE", "RESET_PACKAGE", "FREE_UNUSED_USER_MEMORY"]),
    (
        "DBMS_STATS",
        &["GATHER_TABLE_STATS", "GATHER_SCHEMA_STATS", "GATHER_DATABASE_STATS", "GATHER_INDEX_STATS", "GATHER_DICTIONARY_STATS"],
    ),
    ("DBMS_MONITOR", &[]),
    ("DBMS_LOCK", &["SLEEP"]),
];

/// Sorted. Procedures of SQL Server that describe, set or close something, and show no row of a table.
const HARMLESS_PROCEDURES: [&str; 48] = [
    "sp_catalogs",
    "sp_column_privileges",
    "sp_columns",
    "sp_columns_100",
    "sp_configure",
    "sp_cursorclose",
    "sp_cursoroption",
    "sp_cursorunprepare",
    "sp_databases",
    "sp_datatype_info",
    "sp_datatype_info_100",
    "sp_describe_cursor",
    "sp_describe_first_result_set",
    "sp_describe_undeclared_parameters",
    "sp_fkeys",
    "sp_getapplock",
    "sp_help",
    "sp_helpconstraint",
    "sp_helpdb",
    "sp_helpfile",
    "sp_helpindex",
    "sp_helplogins",
    "sp_helprole",
    "sp_helpserver",
    "sp_helptext",
    "sp_helpuser",
    "sp_linkedservers",
    "sp_lock",
    "sp_oledb_ro_usrname",
    "sp_pkeys",
    "sp_recompile",
    "sp_releaseapplock",
    "sp_reset_connection",
    "sp_server_info",
    "sp_set_session_context",
    "sp_spaceused",
    "sp_special_columns",
    "sp_special_columns_100",
    "sp_sproc_columns",
    "sp_sproc_columns_100",
    "sp_statistics",
    "sp_statistics_100",
    "sp_stored_procedures",
    "sp_table_privileges",
    "sp_tables",
    "sp_unprepare",
    "sp_updatestats",
    "sp_who",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str, dialect: Dialect) -> String {
        match wrapped(text, dialect) {
            Some(Wrapped::Runs(text) | Wrapped::Opens(text)) => text,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_drivers_send_is_read_with_its_values() {
        let of = |text| runs(text, Dialect::MsSql);
        assert_eq!(
            of("exec sp_executesql N'SELECT a FROM t WHERE id=@P1 AND x=@p1x',N'@P1 int',@P1=4711"),
            "SELECT a FROM t WHERE id=4711 AND x=@p1x"
        );
        assert_eq!(
            of("EXECUTE [sys].sp_executesql @stmt = N'SELECT @a', @params = N'@a nvarchar(10), @b decimal(5,2)', @b = 5, @a = N'x''y'"),
            "SELECT N'x''y'"
        );
        assert_eq!(
            of("exec sp_prepexec @p1 output,N'@P0 nvarchar(4000)',N'SELECT a FROM t WHERE id=@P0',N'4711'"),
            "SELECT a FROM t WHERE id=N'4711'"
        );
        assert_eq!(
            of("exec sp_cursoropen @p1 output,N'SELECT a FROM t WHERE id=@a',@p3 output,@p4 output,@p5 output,N'@a int',-7"),
            "SELECT a FROM t WHERE id=-7"
        );
        assert_eq!(of("EXEC ('SELECT a ' + 'FROM t') AT other"), "SELECT a FROM t");
        assert_eq!(of("sp_executesql N'SELECT 1'"), "SELECT 1");
        assert_eq!(of("exec sp_executesql N'SELECT @a = name FROM t',N'@a int output',@a=5"), "SELECT @a = name FROM t");
        for text in ["EXEC (@s)", "EXEC ('SELECT ' + @s)", "exec sp_executesql @s", "exec crm.report 1"] {
            assert!(matches!(wrapped(text, Dialect::MsSql), Some(Wrapped::Unknown)), "{text}");
        }
        assert!(HARMLESS_PROCEDURES.is_sorted());
        assert!(matches!(wrapped("exec sp_reset_connection", Dialect::MsSql), Some(Wrapped::Harmless)));
        assert!(matches!(wrapped("exec sp_execute 1, 5", Dialect::MsSql), Some(Wrapped::Continues)));
    }

    #[test]
    fn texts_that_are_run_at_once_or_made_ready_are_read() {
        assert_eq!(runs("EXECUTE IMMEDIATE 'SELECT a FROM t WHERE id = ?' USING 5", Dialect::Trino), "SELECT a FROM t WHERE id = 5");
        assert_eq!(runs("EXECUTE IMMEDIATE 'SELECT a FROM t WHERE id = :1' USING '5'", Dialect::Oracle), "SELECT a FROM t WHERE id = '5'");
        assert!(matches!(wrapped("EXECUTE IMMEDIATE concat('a', @b)", Dialect::MySql), Some(Wrapped::Unknown)));
        let ready = |text, dialect| match wrapped(text, dialect) {
            Some(Wrapped::Prepares(text)) => text,
            _ => Some("no preparation".to_owned()),
        };
        assert_eq!(ready("PREPARE p FROM 'SELECT \\'a\\''", Dialect::MySql).as_deref(), Some("SELECT 'a'"));
        assert_eq!(ready("PREPARE p FROM @s", Dialect::MySql), None);
        assert_eq!(ready("PREPARE p FROM SELECT a FROM t", Dialect::Trino).as_deref(), Some("SELECT a FROM t"));
    }

    #[test]
    fn blocks_that_only_speak_to_the_session_show_nobody() {
        for text in [
            "BEGIN DBMS_OUTPUT.ENABLE(NULL); END;",
            "begin dbms_application_info.set_module(:1, NULL); end;",
            "BEGIN DBMS_OUTPUT.GET_LINES(:LINES, :N); END;",
        ] {
            assert!(matches!(wrapped(text, Dialect::Oracle), Some(Wrapped::Harmless)), "{text}");
        }
        for text in [
            "BEGIN DBMS_OUTPUT.PUT_LINE(x); END;",
            "BEGIN DBMS_OUTPUT.ENABLE(crm.f(1)); END;",
            "BEGIN export; END;",
            "BEGIN NULL; SELECT a INTO b FROM t; END;",
        ] {
            assert!(!matches!(wrapped(text, Dialect::Oracle), Some(Wrapped::Harmless)), "{text}");
        }
    }
}
