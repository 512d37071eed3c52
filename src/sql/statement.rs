//! One statement: what sort it is, and which part of it reads.

use crate::model::record::Dialect;
use crate::sql::copies::{self, Copy};
use crate::sql::lexer::{self, Kind};
use crate::sql::making::{self, Made};
use crate::sql::parse::parse;
use crate::sql::query::{of_statement, read_columns};
use crate::sql::wrapped::{Wrapped, wrapped};
use crate::sql::{
    Analysis, Branch, Class, Column, Making, RowLimit, Source, called, commands, dialect as dialects, hints, several, split, tokens,
};

fn plain(class: Class) -> Analysis {
    Analysis { class, ..Analysis::default() }
}

/// What one statement reads that stands so deep inside of others.
pub(super) fn analyse(statement: &str, dialect: Dialect, depth: usize) -> Analysis {
    let word = split::first_word_in(statement, dialect).to_ascii_uppercase();
    if may_wrap(&word, statement)
        && let Some(inner) = wrapped(statement, dialect)
    {
        return of_wrapped(inner, statement, dialect, depth);
    }
    if dialect == Dialect::MsSql
        && let Some(found) = of_batch(&word, statement, depth)
    {
        return found;
    }
    if let Some(found) = commands::read(&word, statement, dialect, depth) {
        return found;
    }
    match word.as_str() {
        "TABLE" => match split::after_word(statement, "table") {
            Some(rest) => parsed(&format!("SELECT * FROM {rest}"), dialect, Class::Select),
            None => parsed(statement, dialect, Class::Select),
        },
        "SELECT" | "WITH" | "VALUES" | "" => parsed(statement, dialect, Class::Select),
        "INSERT" | "REPLACE" => match parsed(statement, dialect, Class::Insert) {
            // `INSERT OVERWRITE DIRECTORY` in words that the grammar does not know.
            found if found.unparsed && is_to_directory(statement, dialect) => Analysis { class: Class::CopyTo, ..found },
            found => found,
        },
        "FROM" if lexer::tokens(statement, dialect).list.iter().any(|token| token.is("INSERT")) => {
            Analysis { class: Class::CopyTo, ..by_words(statement, dialect) }
        }
        "UPDATE" => parsed(statement, dialect, Class::Update),
        "DELETE" => parsed(statement, dialect, Class::Delete),
        "MERGE" => parsed(statement, dialect, Class::Merge),
        "COPY" | "UNLOAD" | "EXPORT" | "BACKUP" | "DUMP" => copy(statement, dialect, depth),
        "BASE_BACKUP" | "START_REPLICATION" | "START_LOGICAL_REPLICATION" => copies::everything(statement, dialect),
        "IDENTIFY_SYSTEM"
        | "TIMELINE_HISTORY"
        | "CREATE_REPLICATION_SLOT"
        | "DROP_REPLICATION_SLOT"
        | "READ_REPLICATION_SLOT"
        | "ALTER_REPLICATION_SLOT" => plain(Class::Show),
        "CREATE" | "ALTER" if called::in_clause(statement, dialect) => hidden(statement, dialect, Class::Ddl),
        "CREATE" => create(statement, dialect, depth, true),
        "CACHE" => create(statement, dialect, depth, false),
        // A plan shows no row. What it would read is left out: nothing of it left, unless what it calls sends it.
        "EXPLAIN" | "DESCRIBE" | "DESC" => called::in_plan(statement, dialect, |query| analyse_once(query, dialect, depth)),
        "ANALYZE" if called::is_run_plan(statement, dialect) => {
            called::in_plan(statement, dialect, |query| analyse_once(query, dialect, depth))
        }
        // A cursor shows nothing yet; a variable that takes its value from a table may be shown at any time.
        "DECLARE" if !lexer::tokens(statement, dialect).list.iter().take(8).any(|token| token.is("CURSOR")) => {
            unless_it_reads(statement, dialect, Class::Declare)
        }
        "DECLARE" => inner(statement, dialect, Class::Declare, "for", depth),
        "PREPARE" => inner(statement, dialect, Class::Prepare, "as", depth),
        "ALTER" if publishes(statement, dialect) => copies::everything(statement, dialect),
        // What cannot be parsed of it shows nobody either.
        "ALTER" | "RENAME" => {
            let parsed = parse(statement, dialect).and_then(|tree| of_statement(&tree, Class::Ddl, dialect));
            let mut found = parsed.unwrap_or_else(|| definition_by_words(statement, dialect));
            found.makes.extend(copies::passed_on(statement, dialect));
            found
        }
        "DROP" => Analysis { class: Class::Ddl, drops: making::dropped(statement), ..Analysis::default() },
        "TRUNCATE" | "COMMENT" | "SECURITY" | "REFRESH" => plain(Class::Ddl),
        "GRANT" | "REVOKE" | "REASSIGN" => plain(Class::Grant),
        "SET" | "RESET" | "USE" => unless_it_reads(statement, dialect, Class::Set),
        "BEGIN" if !begins_transaction(statement) => hidden(statement, dialect, Class::Do),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "SAVEPOINT" | "RELEASE" => plain(Class::Transaction),
        "FETCH" => plain(Class::Fetch),
        "CLOSE" => plain(Class::Close),
        "EXECUTE" => plain(Class::Execute),
        // SQLite's copy of the whole.
        "VACUUM" if lexer::tokens(statement, dialect).list.iter().any(|token| token.is("INTO")) => copies::everything(statement, dialect),
        "DEALLOCATE" | "LOCK" | "UNLOCK" | "VACUUM" | "ANALYZE" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "DISCARD" | "CHECKPOINT"
        | "CLUSTER" | "REINDEX" | "LOAD" | "MOVE" | "IMPORT" => plain(Class::Maintenance),
        "FLUSH" | "KILL" | "OPTIMIZE" | "REPAIR" | "CHECK" | "CHECKSUM" | "PURGE" | "INSTALL" | "UNINSTALL" | "SHUTDOWN" | "MSCK"
        | "AUDIT" | "NOAUDIT" | "XA"
            if !lexer::tokens(statement, dialect).list.iter().any(|token| token.is_any(&["SELECT", "FROM"])) =>
        {
            plain(Class::Maintenance)
        }
        // Logs of statements hold values.
        "SHOW" if lexer::tokens(statement, dialect).list.get(2).is_some_and(|token| token.is("EVENTS")) => {
            hidden(statement, dialect, Class::Other)
        }
        "SHOW" => plain(Class::Show),
        "CALL" | "EXEC" => hidden(statement, dialect, Class::Call),
        "DO" => hidden(statement, dialect, Class::Do),
        _ => Analysis { class: Class::Other, ..by_words(statement, dialect) },
    }
}

fn is_to_directory(statement: &str, dialect: Dialect) -> bool {
    lexer::tokens(statement, dialect).list.iter().take(4).any(|token| token.is("DIRECTORY"))
}

/// Whether something may stand inside of a statement that begins with this word.
fn may_wrap(word: &str, statement: &str) -> bool {
    let procedure = word.starts_with("SP_") || word.starts_with("XP_");
    procedure || matches!(word, "EXEC" | "EXECUTE" | "PREPARE" | "CALL" | "BEGIN") || word.is_empty() && statement.starts_with(['{', '['])
}

fn of_wrapped(inner: Wrapped, statement: &str, dialect: Dialect, depth: usize) -> Analysis {
    match inner {
        Wrapped::Runs(text) => several::analyse(&text, dialect, depth + 1),
        Wrapped::Opens(text) => Analysis { class: Class::Declare, rows_may_be_fewer: true, ..several::analyse(&text, dialect, depth + 1) },
        Wrapped::Prepares(Some(text)) => Analysis { class: Class::Prepare, ..several::analyse(&text, dialect, depth + 1) },
        Wrapped::Prepares(None) => plain(Class::Prepare),
        Wrapped::Renames(old, new) => Analysis { makes: vec![Made::renamed(&old, new)], ..plain(Class::Ddl) },
        Wrapped::Continues => plain(Class::Execute),
        // It may return rows of its own.
        Wrapped::Harmless if dialect == Dialect::MsSql => plain(Class::Show),
        Wrapped::Harmless => plain(Class::Set),
        Wrapped::Unknown => hidden(statement, dialect, Class::Call),
    }
}

/// T-SQL's words between the statements of a batch; `None` where it is none of them.
fn of_batch(word: &str, statement: &str, depth: usize) -> Option<Analysis> {
    const DIALECT: Dialect = Dialect::MsSql;
    let reads = |text: &str| lexer::tokens(text, DIALECT).list.iter().any(|token| token.is_any(&["SELECT", "FROM", "JOIN"]));
    let rest = statement.get(statement.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(statement.len())..).unwrap_or("");
    Some(match word {
        "IF" | "WHILE" if !reads(rest) => plain(Class::Set),
        // Whether there is such a row decides what happens next, and can be told from it.
        "IF" | "WHILE" => parsed(&format!("SELECT CASE WHEN {rest} THEN 1 END"), DIALECT, Class::Select),
        "ELSE" | "PRINT" | "RETURN" | "RAISERROR" | "THROW" | "WAITFOR" | "GOTO" | "BREAK" | "CONTINUE" | "SAVE" | "RECONFIGURE"
        | "DENY" | "OPEN"
            if !reads(rest) =>
        {
            plain(Class::Set)
        }
        "SET" | "DECLARE" if reads(rest) => {
            let tokens = lexer::tokens(statement, DIALECT).list;
            if word == "DECLARE" && tokens.iter().take(8).any(|token| token.is("CURSOR")) {
                return Some(inner(statement, DIALECT, Class::Declare, "for", depth));
            }
            // `SET @x = (SELECT …)`: whatever the variable holds then may be shown at any time.
            let value = tokens.iter().position(|token| token.is_mark('=')).and_then(|at| tokens.get(at + 1));
            let query = value.filter(|_| word == "SET").map(|value| format!("SELECT {}", &statement[value.at..]));
            return Some(query.map_or_else(
                || hidden(statement, DIALECT, Class::Other),
                |query| {
                    let mut found = parsed(&query, DIALECT, Class::Select);
                    found.branches.iter_mut().for_each(|branch| branch.multiplied = true);
                    found.rows_may_be_fewer = true;
                    found
                },
            ));
        }
        // Plans come as further results.
        "SET" if ["STATISTICS PROFILE", "STATISTICS XML"].iter().any(|word| rest.to_ascii_uppercase().contains(word)) => plain(Class::Show),
        // A function of somebody's own may read what it likes.
        "SET" if calls_of_somebody(statement, DIALECT) => hidden(statement, DIALECT, Class::Other),
        "SET" | "DECLARE" => plain(Class::Set),
        "BEGIN" => plain(Class::Transaction),
        "BULK" => plain(Class::CopyFrom),
        "DBCC" => {
            const HARMLESS: [&str; 20] = [
                "CHECKDB",
                "CHECKTABLE",
                "CHECKALLOC",
                "CHECKCATALOG",
                "CHECKIDENT",
                "CHECKCONSTRAINTS",
                "SHRINKDATABASE",
                "SHRINKFILE",
                "FREEPROCCACHE",
                "FREESYSTEMCACHE",
                "DROPCLEANBUFFERS",
                "UPDATEUSAGE",
                "SQLPERF",
                "OPENTRAN",
                "USEROPTIONS",
                "TRACEON",
                "TRACEOFF",
                "TRACESTATUS",
                "DBREINDEX",
                "INDEXDEFRAG",
            ];
            let tokens = lexer::tokens(statement, DIALECT).list;
            match tokens.get(1) {
                Some(command) if command.is_any(&HARMLESS) => plain(Class::Show),
                // Pages and statistics hold values.
                _ => hidden(statement, DIALECT, Class::Other),
            }
        }
        "UPDATE" if collects_in_update(statement) => hidden(statement, DIALECT, Class::Update),
        _ => return None,
    })
}

/// `UPDATE t SET @s = @s + name`: a variable goes through the rows.
fn collects_in_update(statement: &str) -> bool {
    let tokens = lexer::tokens(statement, Dialect::MsSql).list;
    let assigned = |pair: &[lexer::Token<'_>]| (pair[0].is_any(&["SET"]) || pair[0].is_mark(',')) && pair[1].kind == Kind::Variable;
    tokens.windows(3).any(|three| assigned(three) && (three[2].is_mark('=') || three[2].is_mark('+')))
}

/// `COPY`, `UNLOAD` and their like.
fn copy(statement: &str, dialect: Dialect, depth: usize) -> Analysis {
    let taken = |inner: Analysis| Analysis { class: Class::CopyTo, ..inner };
    match copies::taken(statement, dialect) {
        Copy::Query(query) => taken(parsed(query, dialect, Class::Select)),
        Copy::Text(text) => taken(several::analyse(&text, dialect, depth + 1)),
        Copy::Known(analysis) => analysis,
        Copy::Other => parsed(statement, dialect, Class::CopyTo),
    }
}

/// A publication hands its tables to whoever subscribes, a subscription takes another server's.
fn publishes(statement: &str, dialect: Dialect) -> bool {
    let tokens = lexer::tokens(statement, dialect).list;
    let second = tokens.get(1);
    second.is_some_and(|token| token.is_any(&["PUBLICATION", "SUBSCRIPTION"]))
        && (tokens[0].is("CREATE") || tokens.get(3).is_some_and(|token| token.is_any(&["ADD", "SET"])))
}

/// `CREATE …`: a table made of a query copies what it reads, as its grammar understands it where that follows queries.
fn create(statement: &str, dialect: Dialect, depth: usize, follows: bool) -> Analysis {
    if publishes(statement, dialect) {
        return copies::everything(statement, dialect);
    }
    if follows && let Some(Some(mut found)) = understood(statement, dialect, Class::Ddl) {
        found.makes.extend(copies::passed_on(statement, dialect));
        return found;
    }
    let Some(creation) = copies::creation(statement, dialect) else {
        return Analysis { makes: copies::passed_on(statement, dialect), ..definition_by_words(statement, dialect) };
    };
    let read = match (creation.query, &creation.source) {
        (Some(query), _) => several::analyse(query, dialect, depth + 1),
        (None, Some(source)) if creation.making == Making::Copied => copies::whole_table(source.clone()),
        _ => plain(Class::Ddl),
    };
    let columns = creation.query.and_then(|query| read_columns(&parse(query, dialect)?, dialect));
    let made = creation.made(&read, columns);
    let mut found = if creation.making == Making::Copied { Analysis { class: Class::CreateTableAs, ..read } } else { plain(Class::Ddl) };
    found.writes.push(creation.table);
    found.makes = vec![made];
    found
}

/// A setting that names a table takes its value from it, or goes before a query in one text: `SET @a = (SELECT …)`, `SET STATEMENT … FOR
/// SELECT …`, `SET NOCOUNT ON SELECT …`.
fn unless_it_reads(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let read = by_words(statement, dialect);
    let reads = !read.branches.is_empty() || calls_of_somebody(statement, dialect);
    if reads { hidden(statement, dialect, Class::Other) } else { plain(class) }
}

/// Whether a statement that begins with a word of its own calls a function of somebody's own.
fn calls_of_somebody(statement: &str, dialect: Dialect) -> bool {
    called::calls_of_somebody(lexer::tokens(statement, dialect).list.get(1..).unwrap_or_default(), dialect)
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

/// A call or an anonymous block: what it reads stands in a body that is no query. The statements that it puts together are texts.
fn hidden(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let mut analysis = Analysis { class, ..by_words(&statement.replace("$$", " "), dialect) };
    let mut branch = analysis.branches.pop().unwrap_or_default();
    for table in named_in_strings(statement, dialect) {
        if branch.sources.len() < MOST_BY_WORDS && !branch.sources.iter().any(|known| known.table.eq_ignore_ascii_case(&table)) {
            branch.output.push(Column { source: branch.sources.len(), name: None });
            branch.sources.push(Source { table, flows: true });
        }
    }
    branch.functions.push(class.name().to_owned());
    branch.hides_query = true;
    analysis.branches.push(branch);
    analysis
}

/// The tables that the strings of a text name, where they may be statements.
fn named_in_strings(text: &str, dialect: Dialect) -> Vec<String> {
    let texts = lexer::tokens(text, dialect).list.into_iter().filter(|token| token.kind == Kind::Text);
    let spaced = |text: &String| text.contains(char::is_whitespace);
    let inside = texts.filter_map(|text| text.string(dialect)).filter(spaced).collect::<Vec<_>>().join(" ; ");
    tokens::tables_in_strings(&inside, dialect)
}

/// What a text reads that is put together of the strings of this one.
pub(super) fn in_strings(text: &str, dialect: Dialect) -> Option<Branch> {
    let tables = named_in_strings(text, dialect);
    let output = (0..tables.len()).map(|source| Column { source, name: None }).collect();
    let sources: Vec<Source> = tables.into_iter().map(|table| Source { table, flows: true }).collect();
    (!sources.is_empty()).then(|| Branch { sources, output, multiplied: true, hides_query: true, ..Branch::default() })
}

/// Most tables that are taken from the words of a statement.
const MOST_BY_WORDS: usize = 64;

/// `DECLARE name … CURSOR … FOR query`, `PREPARE name (…) AS statement`: the part after the word, found outside of strings.
fn inner(statement: &str, dialect: Dialect, class: Class, word: &str, depth: usize) -> Analysis {
    let rest = split::after_word(statement, word);
    let analysis = rest.map_or_else(|| by_words(statement, dialect), |rest| analyse_once(rest, dialect, depth));
    Analysis { class, ..analysis }
}

/// A statement inside of another, but not one inside of that.
fn analyse_once(statement: &str, dialect: Dialect, depth: usize) -> Analysis {
    match split::first_word_in(statement, dialect).to_ascii_uppercase().as_str() {
        "DECLARE" | "PREPARE" => by_words(statement, dialect),
        _ => analyse(statement, dialect, depth),
    }
}

/// What is known of a text that is nested too deep or too long to be looked into: it may read anything.
pub(super) fn beyond(statement: &str, dialect: Dialect) -> Analysis {
    Analysis { unparsed: true, ..hidden(statement, dialect, Class::Other) }
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
    let further: Vec<Source> = [tokens::named(text, dialect).read, tokens::tables_in_strings(text, dialect)]
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

/// What the words of a text tell that is not understood. Its rows are no people, and bound them only where nothing in it could put
/// several people into one row, and all of it is there.
fn by_words(statement: &str, dialect: Dialect) -> Analysis {
    let named = tokens::named(statement, dialect);
    let mut branch = Branch { multiplied: true, hides_query: named.packs || named.cut, ..Branch::default() };
    let returns = lexer::tokens(statement, dialect).list.iter().any(|token| token.is_any(&["RETURNING", "OUTPUT"]));
    for (source, table) in named.read.into_iter().chain(named.written.iter().filter(|_| returns).cloned()).enumerate() {
        branch.sources.push(Source { table, flows: true });
        branch.output.push(Column { source, name: None });
    }
    let mut analysis = Analysis { unparsed: true, writes: named.written, ..Analysis::default() };
    if !branch.sources.is_empty() {
        analysis.branches.push(branch);
        let made = analysis.writes.iter().map(|table| Made::of(table.clone(), Making::Copied, &analysis, None, &[]));
        analysis.makes = made.collect();
    }
    analysis
}

fn parsed(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    match understood(statement, dialect, class) {
        None => quiet_where_it_only_changes(statement, dialect, Analysis { class, ..by_words(statement, dialect) }),
        Some(found) => found.unwrap_or_else(|| given_up(statement, dialect, class)),
    }
}

/// A change that was not parsed, but all of it is there and it has no word that could read or return rows: it shows nobody.
fn quiet_where_it_only_changes(statement: &str, dialect: Dialect, mut analysis: Analysis) -> Analysis {
    const READING: [&str; 12] =
        ["SELECT", "JOIN", "RETURNING", "OUTPUT", "TABLE", "WITH", "EXEC", "EXECUTE", "INTO", "CALL", "USING", "VALUE"];
    let changes = matches!(analysis.class, Class::Insert | Class::Update | Class::Delete);
    let tokens = lexer::tokens(statement, dialect);
    let reads = |token: &lexer::Token<'_>| {
        token.is_any(&READING) && !(token.is("INTO") && analysis.class == Class::Insert)
            || token.is("FROM") && analysis.class != Class::Delete
    };
    if !changes
        || tokens.cut
        || analysis.branches.len() > 1
        || tokens.list.iter().any(reads)
        || called::calls_of_somebody(&tokens.list, dialect)
    {
        return analysis;
    }
    let mut branch = analysis.branches.pop().unwrap_or_default();
    for table in &analysis.writes {
        branch.sources.push(Source { table: table.clone(), flows: false });
    }
    branch.output.clear();
    branch.hides_query = false;
    branch.sources.iter_mut().for_each(|source| source.flows = false);
    analysis.makes.clear();
    analysis.branches.push(branch);
    analysis
}

/// A definition that cannot be parsed shows nobody, unless a function of somebody's own is called in it.
fn definition_by_words(statement: &str, dialect: Dialect) -> Analysis {
    if copies_by_words(statement, dialect) {
        return hidden(statement, dialect, Class::CreateTableAs);
    }
    match called::in_text(statement, dialect) {
        true => hidden(statement, dialect, Class::Ddl),
        false => plain(Class::Ddl),
    }
}

/// `CREATE EXTERNAL TABLE '/tmp/x' AS SELECT …`, `CREATE MODEL m AS SELECT …`: it takes what it reads with it. A share hands out what is
/// added to it.
fn copies_by_words(statement: &str, dialect: Dialect) -> bool {
    let tokens = lexer::tokens(statement, dialect).list;
    let first = |words: &[&str]| tokens.iter().take(5).any(|token| token.is_any(words));
    let creates = tokens.first().is_some_and(|token| token.is("CREATE")) && first(&["TABLE", "MODEL"]);
    let query = |pair: &[lexer::Token<'_>]| pair[0].is("AS") && (pair[1].is_any(&["SELECT", "WITH", "TABLE"]) || pair[1].is_mark('('));
    let shares = tokens.first().is_some_and(|token| token.is("ALTER")) && tokens.get(1).is_some_and(|token| token.is("SHARE"));
    creates && tokens.windows(2).any(query) || shares && tokens.iter().any(|token| token.is("ADD"))
}

/// A statement that was parsed but not followed to its end: how many rows stand behind one of its own nobody knows.
fn given_up(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let mut analysis = Analysis { class, ..by_words(statement, dialect) };
    analysis.branches.iter_mut().for_each(|branch| branch.packed = true);
    analysis
}

/// A statement as its grammar, or one that all share, understands it; `None` where neither parses it, nothing inside where what is
/// parsed is beyond what is followed.
#[expect(clippy::option_option, reason = "not parsed and not followed are different things")]
fn understood(statement: &str, dialect: Dialect, class: Class) -> Option<Option<Analysis>> {
    if beyond_grammar(statement, dialect) {
        return Some(None);
    }
    let tokens = lexer::tokens(statement, dialect);
    let bare = hints::without(statement, &tokens.list, dialect);
    let shared = || if dialects::reads_alike(&bare.text, dialect) { parse(&bare.text, Dialect::Generic) } else { None };
    let tree = parse(&bare.text, dialect).or_else(shared)?;
    let Some(mut analysis) = of_statement(&tree, class, dialect) else { return Some(None) };
    if bare.exported {
        analysis.class = Class::CopyTo;
    }
    if let Some(kept) = bare.kept {
        // The rows that the server counts are not those that went into the variables.
        analysis.rows_may_be_fewer = true;
        match kept {
            hints::Kept::LastRow => analysis.limit = Some(RowLimit::Rows(1)),
            hints::Kept::AllRows => analysis.branches.iter_mut().for_each(|branch| branch.packed = true),
        }
    }
    if dialect == Dialect::MySql && collects(&tokens.list) {
        analysis.branches.iter_mut().for_each(|branch| branch.packed = true);
    }
    Some(Some(analysis))
}

/// What the grammar takes for something else than the server does: names written in escapes (`U&"n\0061me"`), and MariaDB's comments
/// that run (`/*M!100100 … */`).
fn beyond_grammar(statement: &str, dialect: Dialect) -> bool {
    let bytes = statement.as_bytes();
    let escaped = |at: usize| bytes[at..].starts_with(b"&\"") && at > 0 && matches!(bytes[at - 1], b'U' | b'u');
    let named = matches!(dialect, Dialect::PostgreSql | Dialect::Trino | Dialect::Generic);
    named && memchr::memchr_iter(b'&', bytes).any(escaped) || dialect == Dialect::MySql && statement.contains("/*M!")
}

/// `@s := concat(@s, name)`: a variable goes through the rows. One that only counts them holds nobody.
fn collects(tokens: &[lexer::Token<'_>]) -> bool {
    const PLAIN: [&str; 12] = ["IF", "CASE", "WHEN", "THEN", "ELSE", "END", "NULL", "SELECT", "TRUE", "FALSE", "AND", "OR"];
    let mut at = 0;
    while at + 2 < tokens.len() {
        if tokens[at].kind != Kind::Variable || !tokens[at + 1].is_mark(':') || !tokens[at + 2].is_mark('=') {
            at += 1;
            continue;
        }
        at += 3;
        let (mut depth, mut variable, mut column) = (0_i32, false, false);
        while let Some(token) = tokens.get(at) {
            match token.kind {
                Kind::Mark if token.is_mark('(') => depth += 1,
                Kind::Mark if token.is_mark(')') => depth -= 1,
                Kind::Mark if token.is_mark(',') && depth == 0 => break,
                Kind::Variable => variable = true,
                Kind::Word if token.is_any(&["FROM", "AS"]) => break,
                Kind::Word | Kind::Name if !token.is_any(&PLAIN) => column = true,
                _ => {}
            }
            if depth < 0 {
                break;
            }
            at += 1;
        }
        if variable && column {
            return true;
        }
    }
    false
}
