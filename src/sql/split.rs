//! Takes a text of several statements apart, and finds the word that a statement begins with.
//!
//! A server logs the whole text of a multi-statement request on the line of each of its statements.

use crate::model::record::Dialect;
use crate::sql::{batch, dialect};

/// The statements of a text, without empty ones and without surrounding space.
pub fn statements(text: &str, dialect: Dialect) -> Vec<&str> {
    if dialect == Dialect::MsSql {
        return batch::statements(text);
    }
    let bytes = text.as_bytes();
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    // Most texts hold one statement: without the mark there is nothing to be taken apart.
    if memchr::memchr(b';', bytes).is_none() {
        at = bytes.len();
    }
    while at < bytes.len() {
        if is_plain(bytes[at]) {
            at += 1;
            continue;
        }
        if bytes[at] == b';' {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        at = next(bytes, at, dialect);
    }
    parts.push(&text[start.min(text.len())..]);
    parts.retain(|part| says_something(part, dialect));
    parts.iter().map(|part| part.trim()).collect()
}

/// What stands for itself in every dialect, and begins nothing.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'.' | b',' | b'(' | b')' | b'=')
}

/// Whether there is anything but comments and space.
fn says_something(part: &str, dialect: Dialect) -> bool {
    let bytes = part.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let after = next(bytes, at, dialect);
        if !(bytes[at].is_ascii_whitespace() || after > at + 1 && is_comment(bytes, at) && !is_run(bytes, at, dialect)) {
            return true;
        }
        at = after;
    }
    false
}

/// What stands in `/*!50000 … */` runs.
fn is_run(bytes: &[u8], at: usize, dialect: Dialect) -> bool {
    dialect == Dialect::MySql && (bytes[at..].starts_with(b"/*!") || bytes[at..].starts_with(b"/*M!"))
}

/// The first word of a statement, past comments, space and brackets; empty where there is none.
pub fn first_word(text: &str) -> &str {
    first_word_in(text, Dialect::Generic)
}

/// The same, in a dialect with comments of its own.
pub fn first_word_in(text: &str, dialect: Dialect) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && !(bytes[at].is_ascii_alphabetic() || bytes[at] >= 0x80) {
        // What stands in `/*!50000 … */` runs.
        if dialect == Dialect::MySql && (bytes[at..].starts_with(b"/*!") || bytes[at..].starts_with(b"/*M!")) {
            at = memchr::memchr(b'!', &bytes[at..]).map_or(bytes.len(), |mark| at + mark + 1);
            at += bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
            continue;
        }
        if dialect == Dialect::MySql && bytes[at..].starts_with(b"*/") {
            at += 2;
            continue;
        }
        let after = next(bytes, at, dialect);
        let plain = after == at + 1;
        if plain && !(bytes[at].is_ascii_whitespace() || bytes[at] == b'(') {
            return "";
        }
        if !plain && !is_comment(bytes, at) {
            return "";
        }
        at = after;
    }
    let rest = &text[at.min(text.len())..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    &rest[..end]
}

/// The text after the first free-standing `word`.
pub fn after_word<'t>(statement: &'t str, word: &str) -> Option<&'t str> {
    let lower = statement.to_ascii_lowercase();
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
    // Quotes are counted once, however often the word stands within them.
    let (mut counted, mut quotes) = (0, 0);
    lower.match_indices(word).find_map(|(at, _)| {
        let (before, after) = (&lower[..at], &lower[at + word.len()..]);
        quotes += memchr::memchr2_iter(b'"', b'\'', &lower.as_bytes()[counted..at]).count();
        counted = at;
        let free = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
        (free && quotes % 2 == 0).then(|| &statement[at + word.len()..])
    })
}

fn is_comment(bytes: &[u8], at: usize) -> bool {
    bytes[at..].starts_with(b"--") || bytes[at..].starts_with(b"/*") || bytes[at] == b'#'
}

/// The position after the token at `at`: past a whole string, quoted name or comment, else past one byte.
pub(super) fn next(bytes: &[u8], at: usize, dialect: Dialect) -> usize {
    let marked = at > 0 && matches!(bytes[at - 1], b'e' | b'E') && dialect::escape_strings(dialect);
    let backslash = marked || dialect::backslash_escapes(dialect);
    match bytes[at] {
        b'\'' if dialect == Dialect::Oracle && is_alternative(bytes, at) => alternative(bytes, at),
        b'\'' => quoted(bytes, at, b'\'', backslash),
        b'"' => quoted(bytes, at, b'"', backslash && dialect::double_quoted_strings(dialect)),
        b'`' => quoted(bytes, at, b'`', false),
        b'[' if dialect::bracketed_names(dialect) => quoted(bytes, at, b']', false),
        // MySQL takes two dashes for a comment only before a space: `5--3` is 8.
        b'-' if bytes[at..].starts_with(b"--") && (dialect != Dialect::MySql || bytes.get(at + 2).is_none_or(|b| *b <= b' ')) => {
            line(bytes, at)
        }
        b'#' if dialect::hash_comments(dialect) => line(bytes, at),
        b'/' if dialect == Dialect::MySql && (bytes[at..].starts_with(b"/*!") || bytes[at..].starts_with(b"/*M!")) => at + 2,
        b'/' if bytes[at..].starts_with(b"/*") => block(bytes, at, dialect::nested_comments(dialect)),
        b'$' if dialect::dollar_strings(dialect) => dollar(bytes, at),
        _ => at + 1,
    }
}

fn quoted(bytes: &[u8], open: usize, quote: u8, backslash: bool) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if backslash => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn line(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
}

/// Oracle's `q'[ … ]'`, in which quotes stand for themselves.
fn is_alternative(bytes: &[u8], at: usize) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = |back: usize| at.checked_sub(back).map(|at| bytes[at].to_ascii_lowercase());
    before(1) == Some(b'q') && (before(2).is_none_or(|b| !word(b)) || before(2) == Some(b'n') && before(3).is_none_or(|b| !word(b)))
}

fn alternative(bytes: &[u8], open: usize) -> usize {
    let close = match bytes.get(open + 1) {
        Some(b'[') => b']',
        Some(b'(') => b')',
        Some(b'{') => b'}',
        Some(b'<') => b'>',
        Some(other) => *other,
        None => return bytes.len(),
    };
    memchr::memmem::find(&bytes[open + 2..], &[close, b'\'']).map_or(bytes.len(), |end| open + 2 + end + 2)
}

/// Block comments nest in some dialects.
fn block(bytes: &[u8], open: usize, nests: bool) -> usize {
    let (mut at, mut depth) = (open + 2, 1);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if nests && bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// `$tag$ … $tag$`; a placeholder `$1` is none.
fn dollar(bytes: &[u8], open: usize) -> usize {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let Some(length) = bytes[open + 1..].iter().position(|byte| !word(byte)) else { return open + 1 };
    let close = open + 1 + length;
    if bytes[close] != b'$' || bytes[open + 1].is_ascii_digit() {
        return open + 1;
    }
    let tag = &bytes[open..=close];
    memchr::memmem::find(&bytes[close + 1..], tag).map_or(bytes.len(), |end| close + 1 + end + tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_strings_comments_and_bodies_do_not_split() {
        let text = "SELECT ';' ; DO $x$ BEGIN a; b; END $x$; -- c;d\n /* e; /* f; */ */ SELECT \"g;h\" ;;";
        let parts = statements(text, Dialect::PostgreSql);
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert!(parts[1].ends_with("$x$"));
        assert_eq!(first_word(parts[2]), "SELECT");
    }

    #[test]
    fn an_escaped_quote_ends_nothing() {
        assert_eq!(statements(r"SELECT E'a\';b'; SELECT 2", Dialect::PostgreSql).len(), 2);
        assert_eq!(statements(r"SELECT 'a\';b'; SELECT 2", Dialect::MySql).len(), 2);
        assert_eq!(statements("SELECT $1; SELECT $2", Dialect::PostgreSql).len(), 2);
    }

    #[test]
    fn each_dialect_has_its_own_quotes_and_comments() {
        let count = |text, dialect| statements(text, dialect).len();
        assert_eq!(count("SELECT [a;b] FROM t; SELECT 2", Dialect::MsSql), 2);
        assert_eq!(count("SELECT q'[it's; that]' FROM dual; SELECT 2", Dialect::Oracle), 2);
        assert_eq!(count("SELECT 5--3; SELECT 2", Dialect::MySql), 2);
        assert_eq!(count("SELECT 5--3; SELECT 2", Dialect::PostgreSql), 1);
        assert_eq!(count("/* /* */ SELECT 1; SELECT 2", Dialect::MySql), 2);
        assert_eq!(count(r#"SELECT "a";b"; SELECT 2"#, Dialect::MySql), 2);
    }

    #[test]
    fn the_first_word_is_found_past_comments_and_brackets() {
        assert_eq!(first_word("/* x */ -- y\n ((select 1))"), "select");
        assert_eq!(first_word("'x' select"), "");
        assert_eq!(first_word(""), "");
        assert_eq!(first_word_in("/*!50000 SELECT 1 */", Dialect::MySql), "SELECT");
        assert_eq!(first_word_in("# x\nSELECT 1", Dialect::MySql), "SELECT");
    }
}
