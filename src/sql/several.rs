//! A text of one statement or several: each is read by itself, and all of them are taken together.

use crate::model::record::Dialect;
use crate::sql::{Analysis, Branch, Class, batch, dialect, lexer, split, statement};

/// How deep statements that stand inside of others are read.
const DEEPEST: usize = 4;

/// What a text reads that stands so deep inside of others.
pub(super) fn analyse(text: &str, dialect: Dialect, depth: usize) -> Analysis {
    if depth > DEEPEST {
        return statement::beyond(text, dialect);
    }
    let texts = split::statements(text, dialect);
    match texts.as_slice() {
        // Nothing stands there, or the logger cut it within the comment before it.
        [] if lexer::tokens(text, dialect).cut => Analysis { unparsed: true, ..Analysis::default() },
        [] => Analysis { blank: true, ..Analysis::default() },
        // In one reading of it, it may be several.
        [only] if dialect::is_ambiguous(text, dialect) && !text.contains(';') => {
            statement::doubtful(text, statement::analyse(only, dialect, depth), dialect)
        }
        _ if dialect::is_ambiguous(text, dialect) => statement::doubtful(text, together(text, &texts, dialect, depth), dialect),
        // The statements of a batch are taken out of it without what is behind the last: it may be cut there.
        _ if dialect == Dialect::MsSql && lexer::tokens(text, dialect).cut => {
            let mut found = together(text, &texts, dialect, depth);
            found.unparsed = true;
            found.branches.iter_mut().for_each(|branch| branch.hides_query = true);
            found
        }
        [only] => statement::analyse(only, dialect, depth),
        several => together(text, several, dialect, depth),
    }
}

/// Whether a statement runs something that was made ready before, or that its text does not say.
fn runs(part: &Analysis) -> bool {
    matches!(part.class, Class::Fetch | Class::Execute)
}

/// The statements of one text as if they were one.
fn together(text: &str, texts: &[&str], dialect: Dialect, depth: usize) -> Analysis {
    let too_many = texts.len() > MOST_STATEMENTS;
    let texts = &texts[..texts.len().min(MOST_STATEMENTS)];
    let mut parts: Vec<Analysis> = match dialect {
        Dialect::MsSql => batch::with_constants(texts).iter().map(|text| statement::analyse(text, dialect, depth)).collect(),
        _ => texts.iter().map(|text| statement::analyse(text, dialect, depth)).collect(),
    };
    // What runs again and again returns rows each time.
    let loops = || texts.iter().any(|text| ["WHILE", "GOTO"].iter().any(|word| split::first_word(text).eq_ignore_ascii_case(word)));
    if !too_many
        && !loops()
        && let Some(only) = the_one_that_returns(&mut parts, dialect)
    {
        return only;
    }
    let any_runs = parts.iter().any(runs);
    // What is made ready shows nothing before it runs.
    let shows = |part: &Analysis| match part.class {
        Class::Declare | Class::Prepare => any_runs,
        _ => !part.branches.is_empty() || runs(part),
    };
    // The logged rows are those of one of them, nobody knows which: they bound nothing.
    let mut whole = Analysis { rows_may_be_fewer: true, set_operation: true, ..Analysis::default() };
    let named = parts.iter().find(|part| runs(part)).or_else(|| parts.iter().find(|part| shows(part))).or(parts.first());
    whole.class = named.map_or(Class::Other, |part| part.class);
    // What was not looked at may be anything.
    whole.unparsed = too_many;
    if too_many {
        whole.branches.extend(statement::beyond(text, dialect).branches);
    }
    // A text that was put together of others may read what they name.
    if any_runs || parts.iter().any(|part| part.class == Class::Call) {
        whole.branches.extend(statement::in_strings(text, dialect));
    }
    for part in parts {
        whole.unparsed |= part.unparsed;
        whole.trailing |= part.trailing;
        whole.paged |= part.paged;
        if shows(&part) {
            // It may run anything that was made ready before.
            if runs(&part) {
                let functions = vec![part.class.name().to_owned()];
                whole.branches.push(Branch { functions, hides_query: true, ..Branch::default() });
            }
            whole.branches.extend(part.branches);
        } else if part.unparsed && part.branches.is_empty() && !matches!(part.class, Class::Declare | Class::Prepare | Class::Ddl) {
            // It was not understood and names nothing: that is no proof that it read nothing.
            whole.branches.push(Branch { functions: vec![part.class.name().to_owned()], hides_query: true, ..Branch::default() });
        }
        whole.writes.extend(part.writes);
        whole.makes.extend(part.makes);
        whole.drops.extend(part.drops);
        whole.written.extend(part.written);
    }
    whole
}

/// The one statement of a batch that returns rows, where all others are known to return none: then the batch's rows are its own.
fn the_one_that_returns(parts: &mut Vec<Analysis>, dialect: Dialect) -> Option<Analysis> {
    // Other servers log each statement of a text by itself, with the rows of that one alone.
    if dialect != Dialect::MsSql || parts.iter().any(|part| part.unparsed) {
        return None;
    }
    let silent = |part: &Analysis| match part.class {
        Class::Set | Class::Transaction | Class::Maintenance | Class::Close | Class::Grant => part.branches.is_empty(),
        Class::Ddl | Class::CopyFrom => true,
        Class::Declare => part.branches.is_empty(),
        // Without OUTPUT they only change rows.
        Class::Insert | Class::Update | Class::Delete | Class::Merge => part.branches.iter().all(|branch| {
            branch.output.is_empty()
                && branch.summed.is_empty()
                && !branch.hides_query
                && branch.functions.is_empty()
                && branch.tests.is_empty()
        }),
        _ => false,
    };
    let returning: Vec<usize> = (0..parts.len()).filter(|at| !silent(&parts[*at])).collect();
    let at = match returning.as_slice() {
        [only] => *only,
        // Nothing returns anything: what it changes is told by the first that changes something.
        [] => parts.iter().position(|part| !matches!(part.class, Class::Set | Class::Declare | Class::Transaction)).unwrap_or(0),
        _ => return None,
    };
    let writes: Vec<String> = parts.iter().flat_map(|part| part.writes.clone()).collect();
    let makes: Vec<_> = parts.iter().flat_map(|part| part.makes.clone()).collect();
    let drops: Vec<_> = parts.iter().flat_map(|part| part.drops.clone()).collect();
    let written: Vec<_> = parts.iter().flat_map(|part| part.written.clone()).collect();
    Some(Analysis { writes, makes, drops, written, ..parts.swap_remove(at) })
}

/// Whether no server takes the text for a statement: it begins with a word that begins none.
pub(super) fn is_no_statement(text: &str, dialect: Dialect) -> bool {
    const OTHERS: [&str; 52] = [
        "SELECT",
        "WITH",
        "TABLE",
        "VALUES",
        "FROM",
        "HANDLER",
        "XA",
        "OPEN",
        "RECEIVE",
        "PRINT",
        "RAISE",
        "IF",
        "WHILE",
        "GO",
        "EXPORT",
        "UPSERT",
        "PUT",
        "GET",
        "LIST",
        "PIVOT",
        "UNPIVOT",
        "SUMMARIZE",
        "ATTACH",
        "DETACH",
        "PRAGMA",
        "OPTIMIZE",
        "REPAIR",
        "CHECK",
        "KILL",
        "INSTALL",
        "UNLOAD",
        "MSCK",
        "READTEXT",
        "DBCC",
        "BULK",
        "RESTORE",
        "CACHE",
        "ADD",
        "REMOVE",
        "FLASHBACK",
        "AUDIT",
        "NOAUDIT",
        "WAITFOR",
        "THROW",
        "RAISERROR",
        "RETURN",
        "DENY",
        "SAVE",
        "DUMP",
        "HELP",
        "FOR",
        "LOOP",
    ];
    let parts = split::statements(text, Dialect::Generic);
    let none = |part: &&str| {
        let word = split::first_word(part).to_ascii_uppercase();
        !word.is_empty() && !OTHERS.contains(&word.as_str()) && word.bytes().all(|b| b.is_ascii_alphabetic()) && {
            let analysis = statement::analyse(part, Dialect::Generic, 0);
            analysis.class == Class::Other && analysis.unparsed
        }
    };
    dialect != Dialect::MsSql && parts.len() == 1 && parts.iter().all(none)
}

/// Most statements of one text that are looked at.
const MOST_STATEMENTS: usize = 256;
