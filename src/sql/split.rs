//! Takes a text of several statements apart, and finds the word that a statement begins with.
//!
//! A server logs the whole text of a multi-statement request on the line of each of its statements.

use crate::model::record::Dialect;

/// The statements of a text, without empty ones and without surrounding space.
pub fn statements(text: &str, dialect: Dialect) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        if bytes[at] == b';' {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        at = next(bytes, at, dialect);
    }
    parts.push(&text[start.min(text.len())..]);
    parts.retain(|part| !first_word(part).is_empty() || part.trim_start().starts_with('('));
    parts.iter().map(|part| part.trim()).collect()
}

/// The first word of a statement, past comments, space and brackets; empty where there is none.
pub fn first_word(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && !(bytes[at].is_ascii_alphabetic() || bytes[at] >= 0x80) {
        let after = next(bytes, at, Dialect::Generic);
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
    lower.match_indices(word).find_map(|(at, _)| {
        let (before, after) = (&lower[..at], &lower[at + word.len()..]);
        let free = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
        let quotes = before.matches('"').count() + before.matches('\'').count();
        (free && quotes % 2 == 0).then(|| &statement[at + word.len()..])
    })
}

fn is_comment(bytes: &[u8], at: usize) -> bool {
    bytes[at..].starts_with(b"--") || bytes[at..].starts_with(b"/*") || bytes[at] == b'#'
}

/// The position after the token at `at`: past a whole string, quoted name or comment, else past one byte.
pub(super) fn next(bytes: &[u8], at: usize, dialect: Dialect) -> usize {
    let backslash = match dialect {
        Dialect::MySql => true,
        Dialect::PostgreSql | Dialect::Generic => at > 0 && matches!(bytes[at - 1], b'e' | b'E'),
    };
    match bytes[at] {
        b'\'' => quoted(bytes, at, b'\'', backslash),
        b'"' => quoted(bytes, at, b'"', false),
        b'`' => quoted(bytes, at, b'`', false),
        b'-' if bytes[at..].starts_with(b"--") => line(bytes, at),
        b'#' if dialect == Dialect::MySql => line(bytes, at),
        b'/' if bytes[at..].starts_with(b"/*") => block(bytes, at),
        b'$' if dialect != Dialect::MySql => dollar(bytes, at),
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

/// Block comments nest in PostgreSQL.
fn block(bytes: &[u8], open: usize) -> usize {
    let (mut at, mut depth) = (open + 2, 1);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if bytes[at..].starts_with(b"/*") {
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
    fn the_first_word_is_found_past_comments_and_brackets() {
        assert_eq!(first_word("/* x */ -- y\n ((select 1))"), "select");
        assert_eq!(first_word("'x' select"), "");
        assert_eq!(first_word(""), "");
    }
}
