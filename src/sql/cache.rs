//! Statements that differ in their literals alone are analysed once.
//!
//! A program sends the same few hundred texts over and over with other values in them. Each text is cut at its literals; what is
//! left is the key of its analysis, which is made once with marks in place of the literals. For a text with that key the marks
//! in the analysis are replaced by its own literals.
//!
//! Only those literals are cut out whose value can change nothing but itself in the analysis: right behind a comparison or in the
//! list of an `IN`, plain strings that hold neither a quote, a backslash nor the brace of an array, and whole numbers. All else is
//! part of the key: limits, positions, the length of lists, comments, whatever has a prefix. Texts that hold a mark are not kept.
//!
//! Texts with placeholders come again letter by letter: the last few hundred are not even cut.

use crate::model::record::Dialect;
use crate::sql::contains::contains_any;
use crate::sql::{Analysis, KeyValue, split};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::cell::{OnceCell, RefCell};
use std::hash::BuildHasher as _;
use std::rc::Rc;

/// Most analyses that a thread keeps; when they are so many, it begins anew.
const MOST: usize = 4_096;
/// Texts that a thread keeps whole, each in the place that its hash names.
const RECENT: usize = 512;
/// Longest text that is looked up: longer ones are lists of values that hardly come again.
const LONGEST: usize = 4 * 1024;
/// Most literals that are cut out of a text.
const MOST_LITERALS: usize = 512;
/// What the number of a literal's mark begins with.
const NUMBER: &str = "7735190042";
/// What encloses the number of a string's mark: no character of any script.
const STRING: char = '\u{E0F7}';

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

#[derive(Default)]
struct Cache {
    /// By the texts with marks in place of their literals.
    known: HashMap<(Dialect, String), Rc<Known>>,
    /// The text that was asked for last: of one record it is asked more than once.
    last: Option<Rc<Text>>,
    /// Those before it; none until the first text comes.
    recent: Vec<Option<Rc<Text>>>,
}

/// What is known of all texts that differ in their literals alone.
struct Known {
    /// With marks in place of the literals.
    analysis: Rc<Analysis>,
    may_pack: OnceCell<bool>,
    is_no_statement: OnceCell<bool>,
}

/// What is known of one text.
struct Text {
    dialect: Dialect,
    text: Box<str>,
    known: Rc<Known>,
    analysis: Rc<Analysis>,
    names_auditing: OnceCell<bool>,
    switches_off: OnceCell<bool>,
}

impl Text {
    fn is(&self, text: &str, dialect: Dialect) -> bool {
        self.dialect == dialect && *self.text == *text
    }
}

impl Known {
    fn new(analysis: Analysis) -> Rc<Known> {
        Rc::new(Known { analysis: Rc::new(analysis), may_pack: OnceCell::new(), is_no_statement: OnceCell::new() })
    }
}

/// The analysis of a text, by `analyse` where it is not known yet.
pub(super) fn cached(text: &str, dialect: Dialect, analyse: impl Fn(&str, Dialect) -> Analysis) -> Rc<Analysis> {
    Rc::clone(&look_up(text, dialect, analyse).analysis)
}

/// Whether a word of a text could put several rows into one value, by `find` where it is not known yet.
pub(super) fn may_pack(text: &str, dialect: Dialect, analyse: impl Fn(&str, Dialect) -> Analysis, find: fn(&str, Dialect) -> bool) -> bool {
    *look_up(text, dialect, analyse).known.may_pack.get_or_init(|| find(text, dialect))
}

/// Whether no server takes a text for a statement, by `find` where it is not known yet.
pub(super) fn is_no_statement(
    text: &str,
    dialect: Dialect,
    analyse: impl Fn(&str, Dialect) -> Analysis,
    find: fn(&str, Dialect) -> bool,
) -> bool {
    *look_up(text, dialect, analyse).known.is_no_statement.get_or_init(|| find(text, dialect))
}

/// Whether a text speaks of auditing at all, by `find` where that is not known yet.
pub(super) fn names_auditing(text: &str, dialect: Dialect, find: fn(&str) -> bool) -> bool {
    last(text, dialect).map_or_else(|| find(text), |known| *known.names_auditing.get_or_init(|| find(text)))
}

/// Whether a text switches auditing off, whatever is bound to it, by `find` where that is not known yet.
pub(super) fn switches_off(text: &str, dialect: Dialect, find: fn(&str, Dialect) -> bool) -> bool {
    let find = || find(text, dialect);
    last(text, dialect).map_or_else(find, |known| *known.switches_off.get_or_init(find))
}

/// The text that was asked for last, if it is this one.
fn last(text: &str, dialect: Dialect) -> Option<Rc<Text>> {
    CACHE.with_borrow(|cache| cache.last.as_ref().filter(|last| last.is(text, dialect)).map(Rc::clone))
}

fn look_up(text: &str, dialect: Dialect, analyse: impl Fn(&str, Dialect) -> Analysis) -> Rc<Text> {
    if let Some(last) = last(text, dialect) {
        return last;
    }
    let place = (text.len() <= LONGEST).then(|| FixedState::default().hash_one(text) as usize % RECENT);
    let found = place.and_then(|place| {
        CACHE.with_borrow(|cache| cache.recent.get(place)?.as_ref().filter(|kept| kept.is(text, dialect)).map(Rc::clone))
    });
    let found = found.unwrap_or_else(|| Rc::new(of_text(text, dialect, analyse)));
    CACHE.with_borrow_mut(|cache| {
        cache.last = Some(Rc::clone(&found));
        if let Some(place) = place {
            if cache.recent.is_empty() {
                cache.recent.resize(RECENT, None);
            }
            cache.recent[place] = Some(Rc::clone(&found));
        }
    });
    found
}

/// A text that is none of those kept.
fn of_text(text: &str, dialect: Dialect, analyse: impl Fn(&str, Dialect) -> Analysis) -> Text {
    let (known, literals) = match cut(text, dialect) {
        None => (Known::new(analyse(text, dialect)), Vec::new()),
        Some((key, literals)) => {
            let key = (dialect, key);
            let known = CACHE.with_borrow(|cache| cache.known.get(&key).map(Rc::clone));
            let known = known.unwrap_or_else(|| {
                let known = Known::new(analyse(&key.1, dialect));
                CACHE.with_borrow_mut(|cache| {
                    if cache.known.len() >= MOST {
                        cache.known.clear();
                    }
                    cache.known.insert(key, Rc::clone(&known));
                });
                known
            });
            (known, literals)
        }
    };
    let mut analysis = Rc::clone(&known.analysis);
    if !literals.is_empty() {
        fill(Rc::make_mut(&mut analysis), &literals);
    }
    Text { dialect, text: text.into(), known, analysis, names_auditing: OnceCell::new(), switches_off: OnceCell::new() }
}

/// The text with marks in place of its literals, and the literals.
fn cut(text: &str, dialect: Dialect) -> Option<(String, Vec<String>)> {
    if text.len() > LONGEST || text.contains(STRING) || text.contains(NUMBER) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut runs = None;
    let (mut key, mut literals, mut from, mut at) = (String::with_capacity(text.len()), Vec::new(), 0, 0);
    // The last byte that is no space; of what is longer than a byte a quote.
    let mut before = b' ';
    let mut listed = false;
    while at < bytes.len() {
        let byte = bytes[at];
        // Words and blanks between them, which nothing of this concerns. What is compared may be a number.
        if byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'.' | b'_') {
            before = if byte == b' ' { before } else { byte };
            at += 1;
            continue;
        }
        let after = split::next(bytes, at, dialect).min(bytes.len());
        let compared = matches!(before, b'=' | b'<' | b'>') || listed && matches!(before, b'(' | b',');
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'&' | b'@') || byte >= 0x80;
        if compared
            && byte == b'\''
            && after > at + 1
            && bytes[after - 1] == b'\''
            && at.checked_sub(1).is_none_or(|last| !is_word(bytes[last]))
        {
            let inner = &text[at + 1..after - 1];
            // Few texts hold such a string, so few are looked through.
            let odd = inner.bytes().any(|byte| !is_plain(byte)) && *runs.get_or_insert_with(|| may_run_texts(bytes));
            if !odd && !inner.contains(['\'', '\\', '{']) {
                mark(&mut key, &text[from..=at], &format!("{STRING}{}{STRING}", literals.len()));
                literals.push(inner.to_owned());
                from = after - 1;
            }
        } else if compared && byte.is_ascii_digit() {
            let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let whole = end == bytes.len() || matches!(bytes[end], b' ' | b')' | b';' | b'\n' | b'\r' | b'\t' | b',');
            if whole && end - at < 30 {
                mark(&mut key, &text[from..at], &format!("{NUMBER}{:03}", literals.len()));
                literals.push(text[at..end].to_owned());
                (from, before, at) = (end, b'0', end);
                continue;
            }
        }
        if literals.len() > MOST_LITERALS {
            return None;
        }
        match byte {
            b'(' => listed = ends_with_in(&bytes[..at]),
            b')' => listed = false,
            _ => {}
        }
        if after > at + 1 || !byte.is_ascii_whitespace() {
            // Behind a comment a number stays as it is.
            before = if after > at + 1 { b'\'' } else { byte };
        }
        at = after;
    }
    mark(&mut key, &text[from..], "");
    Some((key, literals))
}

/// Whether a text might run another that stands in a string of it (`SET @s = 'SELECT …'; PREPARE p FROM @s`): then the string is part
/// of what is understood.
fn may_run_texts(bytes: &[u8]) -> bool {
    contains_any(bytes, &["exec", "prepare", "immediate"])
}

/// No statement that reads consists of such bytes alone: its words are set apart.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'@') || byte >= 0x80
}

/// Whether a bracket behind this text opens the list of an `IN`.
fn ends_with_in(text: &[u8]) -> bool {
    match text.trim_ascii_end() {
        [.., before, i, n] => before.is_ascii_whitespace() && i.eq_ignore_ascii_case(&b'i') && n.eq_ignore_ascii_case(&b'n'),
        _ => false,
    }
}

fn mark(key: &mut String, text: &str, mark: &str) {
    key.push_str(text);
    key.push_str(mark);
}

/// Puts the literals in place of the marks.
fn fill(analysis: &mut Analysis, literals: &[String]) {
    for branch in &mut analysis.branches {
        let tested = branch.tests.iter_mut().flat_map(|test| &mut test.keys);
        for value in branch.keys.iter_mut().chain(tested).flat_map(|keys| &mut keys.values) {
            let (KeyValue::Literal(text) | KeyValue::Number(text)) = value else { continue };
            if let Some(literal) = literal_of(text).and_then(|number| literals.get(number)) {
                text.clone_from(literal);
            }
        }
    }
}

fn literal_of(text: &str) -> Option<usize> {
    match text.strip_prefix(NUMBER) {
        Some(number) => number.parse().ok(),
        None => text.strip_prefix(STRING)?.strip_suffix(STRING)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql;

    const TEXTS: [&str; 19] = [
        "SELECT name FROM t WHERE id = 42",
        "SELECT name FROM t WHERE id =7 LIMIT 5",
        "SELECT name FROM t WHERE id = -7 AND x = 'a b'",
        "SELECT name FROM t WHERE phone = '138' AND branch='SH' -- = 5 'x'\n ORDER BY 1",
        "SELECT name FROM t WHERE id IN (1, 2, '3')",
        "SELECT name FROM t WHERE id IN ('1', 'it''s', E'a\\'b', N'z')",
        "SELECT name FROM t WHERE id = ANY('{1,2,3}')",
        "SELECT name FROM t WHERE id = 1.5 OR id = 1e3 OR id = 0x1F",
        "SELECT EXISTS (SELECT 1 FROM t WHERE phone = '138')",
        "SELECT 1 FROM t WHERE 'a' = name /* 'open */ AND id = /* x */ 6",
        "SELECT $$ = 5 'x' $$, \"a = 6\" FROM t WHERE id = $1",
        "SELECT name FROM t WHERE id >= 5 AND name LIKE 'Li%'",
        "SELECT name FROM t LIMIT '5'",
        "SELECT name FROM t WHERE a = 'open",
        "UPDATE t SET a = 5, b = 'x' WHERE id = 9 RETURNING name",
        "SELECT name FROM t WHERE id = 1; SELECT name FROM u WHERE id = 2",
        "exec sp_executesql N'SELECT name FROM t WHERE id=@P1',N'@P1 int',@P1=4711",
        "exec sp_executesql @stmt='SELECT name FROM t WHERE id=5'",
        "SET @s = 'SELECT name FROM t'; PREPARE p FROM @s; EXECUTE p",
    ];

    #[test]
    fn the_analysis_of_a_cut_text_is_that_of_the_text() {
        for dialect in [Dialect::PostgreSql, Dialect::MySql, Dialect::Generic, Dialect::Oracle, Dialect::MsSql] {
            for text in TEXTS.iter().chain(&TEXTS) {
                assert_eq!(*cached(text, dialect, sql::analyse_anew), sql::analyse_anew(text, dialect), "{text}");
                assert_eq!(sql::may_pack(text, dialect), sql::tokens::named(text, dialect).packs, "{text}");
                assert_eq!(sql::is_no_statement(text, dialect), sql::several::is_no_statement(text, dialect), "{text}");
            }
        }
    }

    #[test]
    fn a_text_that_is_kept_whole_is_told_from_those_that_share_its_place_or_its_letters() {
        let texts: Vec<String> = (0..RECENT * 4).map(|at| format!("SELECT a{at} FROM t{} WHERE id = {}", at % 7, at % 11)).collect();
        for text in texts.iter().chain(&texts) {
            assert_eq!(*cached(text, Dialect::MySql, sql::analyse_anew), sql::analyse_anew(text, Dialect::MySql));
        }
        let text = "SELECT \"a\" FROM t";
        for dialect in [Dialect::MySql, Dialect::PostgreSql, Dialect::MySql] {
            assert_eq!(*cached(text, dialect, sql::analyse_anew), sql::analyse_anew(text, dialect));
        }
        let kept = CACHE.with_borrow(|cache| (cache.recent.len(), cache.recent.iter().flatten().count()));
        assert!(kept.0 == RECENT && kept.1 > 2);
        let long = format!("SELECT a FROM t WHERE b = '{}'", "x".repeat(LONGEST));
        assert_eq!(*cached(&long, Dialect::MySql, sql::analyse_anew), sql::analyse_anew(&long, Dialect::MySql));
        let longest = CACHE.with_borrow(|cache| cache.recent.iter().flatten().map(|text| text.text.len()).max());
        assert!(longest.is_some_and(|length| length <= LONGEST), "long texts are not kept beyond the record");
    }

    #[test]
    fn texts_that_differ_in_literals_share_one_key_and_others_do_not() {
        let key = |text| cut(text, Dialect::PostgreSql).map(|(key, _)| key);
        assert_eq!(key("SELECT a FROM t WHERE id = 42 AND b = 'x'"), key("SELECT a FROM t WHERE id = 7 AND b = 'yy'"));
        assert_ne!(key("SELECT a FROM t LIMIT 5"), key("SELECT a FROM t LIMIT 6"));
        assert_ne!(key("SELECT a FROM t WHERE id IN ('1')"), key("SELECT a FROM t WHERE id IN ('1', '2')"));
        assert_eq!(key("SELECT a FROM t WHERE id = 7735190042001"), None);
    }
}
