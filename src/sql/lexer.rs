//! A text as tokens, also where it is no statement or ends in the middle of one.
//!
//! The parser's own tokens end with the first mark that it does not know. Whatever looks at texts that may not parse (batches without
//! semicolons, statements inside of others, the tables that words name) works on these. They hold where they stand, so that parts of
//! the text can be cut out.

use crate::model::record::Dialect;
use crate::sql::{LONGEST_PARSED, dialect, split};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A word without quotes: keyword or name.
    Word,
    /// A name in quotes or brackets.
    Name,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `@x`, `:x`, `$1`, `?`: what stands for a value.
    Variable,
    /// Any other mark.
    Mark,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    /// As it is written, with its quotes.
    pub text: &'t str,
    /// Position of its first byte.
    pub at: usize,
}

impl<'t> Token<'t> {
    /// Position behind its last byte.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it is this word, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these words.
    pub fn is_any(&self, words: &[&str]) -> bool {
        // No word that means something is shorter or longer.
        self.kind == Kind::Word && (2..=20).contains(&self.text.len()) && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// Whether it is this mark.
    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    /// Whether it may name something: a word or a quoted name.
    pub fn names(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }

    /// A name without its quotes.
    pub fn name(&self) -> &'t str {
        match self.kind {
            Kind::Name => self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or(""),
            _ => self.text,
        }
    }

    /// What a string says: without prefix and quotes, and with its doubled quotes and escapes resolved.
    pub fn string(&self, dialect: Dialect) -> Option<String> {
        if self.kind != Kind::Text {
            return None;
        }
        if let Some(tagged) = self.text.strip_prefix('$') {
            let (_, inner) = tagged.split_once('$')?;
            return inner.strip_suffix('$').and_then(|inner| inner.rsplit_once('$')).map(|(inner, _)| inner.to_owned());
        }
        let open = self.text.find(['\'', '"'])?;
        let (prefix, quoted) = self.text.split_at(open);
        let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
        if dialect == Dialect::Oracle && prefix.to_ascii_lowercase().ends_with('q') {
            return inner.get(1..inner.len().checked_sub(1)?).map(str::to_owned);
        }
        let escapes = prefix.eq_ignore_ascii_case("e") || dialect::backslash_escapes(dialect);
        let quote = quoted.chars().next()?;
        let (mut said, mut chars) = (String::with_capacity(inner.len()), inner.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                '\\' if escapes => said.extend(chars.next().map(|c| match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    c => c,
                })),
                c if c == quote => {
                    chars.next_if_eq(&quote);
                    said.push(c);
                }
                c => said.push(c),
            }
        }
        Some(said)
    }
}

/// The tokens of a text, without comments and space.
pub(super) struct Tokens<'t> {
    pub list: Vec<Token<'t>>,
    /// It ends inside of a string, a name, a comment or a bracket, or is longer than is looked at.
    pub cut: bool,
}

/// The name that begins at a token, with the names of schemas before it, and the token behind it.
pub(super) fn name(tokens: &[Token<'_>], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    loop {
        name.push_str(tokens.get(at).filter(|token| token.names())?.name());
        at += 1;
        if !tokens.get(at).is_some_and(|token| token.is_mark('.')) {
            return Some((name, at));
        }
        name.push('.');
        at += 1;
    }
}

/// Takes a text apart.
pub(super) fn tokens(text: &str, dialect: Dialect) -> Tokens<'_> {
    let mut end = text.len().min(LONGEST_PARSED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (whole, text) = (end == text.len(), &text[..end]);
    let bytes = text.as_bytes();
    let mut found = Tokens { list: Vec::new(), cut: !whole };
    let (mut at, mut depth, mut prefix) = (0, 0_i32, None);
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() || byte == 0 {
            at += 1;
            continue;
        }
        if is_word(byte) || byte == b'#' && dialect == Dialect::MsSql {
            let end = at + 1 + bytes[at + 1..].iter().take_while(|byte| continues_word(**byte)).count();
            // `N'…'`, `E'…'`, `_utf8'…'`: the word belongs to the string.
            if bytes.get(end) == Some(&b'\'') && (byte == b'_' || PREFIXES.iter().any(|known| text[at..end].eq_ignore_ascii_case(known))) {
                prefix = Some(at);
            } else {
                let kind = if byte.is_ascii_digit() { Kind::Number } else { Kind::Word };
                found.list.push(Token { kind, text: &text[at..end], at });
            }
            at = end;
            continue;
        }
        let mut after = split::next(bytes, at, dialect).min(bytes.len());
        while !text.is_char_boundary(after) {
            after += 1;
        }
        let token = &text[at..after];
        let from = prefix.take().unwrap_or(at);
        let kind = match byte {
            b'-' | b'/' | b'#' if after > at + 1 && !token.starts_with("/*!") && (byte != b'/' || token.len() > 2) => {
                found.cut |= token.starts_with("/*") && !(token.len() >= 4 && token.ends_with("*/"));
                at = after;
                continue;
            }
            b'\'' => {
                found.cut |= !is_closed(token, '\'', dialect);
                Kind::Text
            }
            b'$' if after > at + 1 => {
                found.cut |= token.len() < 4 || !token.ends_with('$');
                Kind::Text
            }
            b'"' if dialect::double_quoted_strings(dialect) => {
                found.cut |= !is_closed(token, '"', dialect);
                Kind::Text
            }
            b'"' | b'`' | b'[' if after > at + 1 => {
                let close = if byte == b'[' { ']' } else { char::from(byte) };
                found.cut |= !is_closed(token, close, dialect);
                Kind::Name
            }
            b'"' | b'`' => {
                found.cut = true;
                Kind::Mark
            }
            b'?' => Kind::Variable,
            b'@' | b':' | b'$' if bytes.get(at + 1).is_some_and(|next| is_word(*next) || byte == b'@' && *next == b'@') => {
                // `a::text` is no variable.
                if byte == b':' && at > 0 && bytes[at - 1] == b':' {
                    Kind::Mark
                } else {
                    after = at + 1 + bytes[at + 1..].iter().take_while(|byte| continues_word(**byte) || **byte == b'@').count();
                    Kind::Variable
                }
            }
            _ => {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                Kind::Mark
            }
        };
        found.list.push(Token { kind, text: &text[from..after], at: from });
        at = after;
    }
    found.cut |= depth > 0;
    found
}

/// Words before a string that belong to it.
const PREFIXES: [&str; 10] = ["n", "e", "x", "b", "u", "r", "q", "nq", "rb", "br"];

/// Whether a quoted token ends with its quote, and not with one that stands for itself.
fn is_closed(token: &str, close: char, dialect: Dialect) -> bool {
    // A backslash is one like any other letter where no setting makes it escape.
    let plain = matches!(dialect, Dialect::MsSql | Dialect::Oracle | Dialect::Trino);
    if token.contains('\\') && !plain {
        // Escaped or not: a quote at the end is one in most readings, and behind a pair of backslashes in all.
        let Some(inner) = token.strip_suffix(close).filter(|inner| !inner.is_empty()) else { return false };
        return (inner.len() - inner.trim_end_matches('\\').len()).is_multiple_of(2);
    }
    let closes = token.matches(close).count();
    token.len() > 1 && token.ends_with(close) && closes.is_multiple_of(2) != (close == ']')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'$' | b'#')
}

/// Most tokens within brackets that are looked for the closing one.
const FURTHEST: usize = 4_000;

/// The position behind the bracket that closes the one at `open`, in tokens; the end where none does.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    closing_within(tokens, open, FURTHEST).unwrap_or(tokens.len())
}

/// The same within so many tokens.
pub(super) fn closing_within(tokens: &[Token<'_>], open: usize, most: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open).take(most) {
        if token.is_mark('(') {
            depth += 1;
        } else if token.is_mark(')') {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, dialect: Dialect) -> Vec<&str> {
        tokens(text, dialect).list.iter().map(|token| token.text).collect()
    }

    #[test]
    fn strings_names_and_variables_are_whole_and_comments_none() {
        assert_eq!(
            words("exec sp_executesql N'a''b',@P1=4711 -- x", Dialect::MsSql),
            ["exec", "sp_executesql", "N'a''b'", ",", "@P1", "=", "4711"]
        );
        assert_eq!(words("[a b].[c] #t @@x", Dialect::MsSql), ["[a b]", ".", "[c]", "#t", "@@x"]);
        assert_eq!(words("a::text = :b /* c */ AND $1", Dialect::PostgreSql), ["a", ":", ":", "text", "=", ":b", "AND", "$1"]);
        assert_eq!(words("SELECT 'é' # c", Dialect::MySql), ["SELECT", "'é'"]);
        assert_eq!(words("DO $x$ BEGIN $x$", Dialect::PostgreSql), ["DO", "$x$ BEGIN $x$"]);
    }

    #[test]
    fn a_text_that_ends_inside_of_something_is_cut() {
        for text in ["SELECT 'a", "SELECT \"a", "SELECT f(", "/* x", "SELECT 1 /* x *", "SELECT $a$ b", "SELECT '"] {
            assert!(tokens(text, Dialect::PostgreSql).cut, "{text}");
        }
        for text in ["SELECT 'a'", "SELECT f(1) -- (", "/* ( */", "", "SELECT $a$ ( $a$", "SELECT 1 / 2 - 3"] {
            assert!(!tokens(text, Dialect::PostgreSql).cut, "{text}");
        }
        assert!(!tokens(r"SELECT a FROM t WHERE a LIKE @p ESCAPE N'\'", Dialect::MsSql).cut);
        assert!(!tokens(r"SELECT a FROM t WHERE a LIKE ? ESCAPE '\\'", Dialect::MySql).cut);
        for (text, dialect) in [(r"SELECT 'a\'", Dialect::MySql), (r"SELECT 'a\'", Dialect::PostgreSql), ("SELECT 'a''", Dialect::MsSql)] {
            assert!(tokens(text, dialect).cut, "{text}");
        }
    }

    #[test]
    fn a_string_says_what_it_holds() {
        let said = |text, dialect| tokens(text, dialect).list[0].string(dialect).unwrap_or_default();
        assert_eq!(said("N'it''s'", Dialect::MsSql), "it's");
        assert_eq!(said(r"'it\'s'", Dialect::MySql), "it's");
        assert_eq!(said("$a$x$y$a$", Dialect::PostgreSql), "x$y");
        assert_eq!(said("q'[it's]'", Dialect::Oracle), "it's");
        assert_eq!(said(r"E'a\nb'", Dialect::PostgreSql), "a\nb");
    }
}
