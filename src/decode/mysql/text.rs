//! What stands in a MySQL text: its words outside of strings and comments, and whether all of it is there.
//!
//! Audit logs cut long texts and put the closing quote behind all the same. A text that ends inside of a string, a comment or
//! a bracket has surely lost its end; it is never to be trusted alone.

use std::borrow::Cow;

/// Most words that are kept of a text: what a statement does stands at its beginning.
const MOST_WORDS: usize = 64;

/// A text looked through once.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan<'t> {
    /// Its first words with their places. Names in backticks stand among them without the backticks.
    pub words: Vec<(usize, &'t str)>,
    /// It ends inside of a string, a name, a comment or a bracket.
    pub open: bool,
    /// Its last line ends with a comment: a server that has turned line ends into spaces hides here what follows.
    pub comment_at_end: bool,
    /// Some of it stands in a comment that some versions of the server run, and is more than a hint.
    pub versioned: bool,
    /// `INTO OUTFILE`, `INTO DUMPFILE`.
    pub outfile: bool,
    /// Where the first `SELECT` stands.
    pub select: Option<usize>,
    /// `VALUES` or `VALUE` stands in it.
    pub values: bool,
    /// Hints in comments that a server runs (`/*!40001 SQL_NO_CACHE */`), as ranges of bytes.
    hints: Vec<(usize, usize)>,
}

impl<'t> Scan<'t> {
    /// Looks through a text.
    pub(super) fn of(text: &'t str) -> Scan<'t> {
        let mut scan = Scan::default();
        let bytes = text.as_bytes();
        let (mut at, mut depth) = (0, 0_i64);
        // Where a comment that the server runs began, and whether what it holds is more than a hint.
        let mut runs: Option<(usize, bool)> = None;
        let mut into = false;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match rest[0] {
                quote @ (b'\'' | b'"' | b'`') => {
                    let end = quoted(bytes, at, quote);
                    if quote == b'`' {
                        scan.word(at, &text[at + 1..end.unwrap_or(bytes.len() + 1) - 1]);
                    }
                    scan.open |= end.is_none();
                    at = end.unwrap_or(bytes.len());
                    into = false;
                    continue;
                }
                b'/' if rest.starts_with(b"/*!") || rest.starts_with(b"/*M!") => {
                    runs.get_or_insert((at, false));
                    at += if rest[2] == b'!' { 3 } else { 4 };
                    at += bytes[at..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
                    continue;
                }
                b'*' if runs.is_some() && rest.starts_with(b"*/") => {
                    if let Some((start, more)) = runs.take() {
                        scan.versioned |= more;
                        if !more {
                            scan.hints.push((start, at + 2));
                        }
                    }
                    at += 2;
                    continue;
                }
                b'/' if rest.starts_with(b"/*") => {
                    let end = memchr::memmem::find(&rest[2..], b"*/");
                    scan.open |= end.is_none();
                    at = end.map_or(bytes.len(), |end| at + end + 4);
                    continue;
                }
                b'#' => at = scan.line_comment(bytes, at),
                b'-' if rest.starts_with(b"--") && rest.get(2).is_none_or(|byte| *byte <= b' ') => at = scan.line_comment(bytes, at),
                b'(' => depth += 1,
                b')' => depth -= 1,
                byte if is_part(byte) => {
                    let len = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
                    let word = &text[at..at + len];
                    into = scan.take(at, word, into);
                    if let Some((_, more)) = &mut runs {
                        *more |= !HINTS.iter().any(|hint| word.eq_ignore_ascii_case(hint));
                    }
                    at += len;
                    continue;
                }
                // A mark between words of a comment that runs makes it more than a hint.
                byte => {
                    if let (Some((_, more)), false) = (&mut runs, byte.is_ascii_whitespace()) {
                        *more = true;
                    }
                }
            }
            at += 1;
        }
        scan.open |= depth > 0 || runs.is_some();
        scan
    }

    fn word(&mut self, at: usize, word: &'t str) {
        if self.words.len() < MOST_WORDS {
            self.words.push((at, word));
        }
    }

    /// Notes a bare word; gives whether it is `INTO`.
    fn take(&mut self, at: usize, word: &'t str, after_into: bool) -> bool {
        self.word(at, word);
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        self.outfile |= after_into && (is("OUTFILE") || is("DUMPFILE"));
        if self.select.is_none() && is("SELECT") {
            self.select = Some(at);
        }
        self.values |= is("VALUES") || is("VALUE");
        is("INTO")
    }

    fn line_comment(&mut self, bytes: &[u8], at: usize) -> usize {
        let end = memchr::memchr(b'\n', &bytes[at..]);
        self.comment_at_end |= end.is_none();
        end.map_or(bytes.len(), |end| at + end)
    }

    /// The word of that number in upper case; empty where there is none.
    pub(super) fn upper(&self, number: usize) -> String {
        self.words.get(number).map_or(String::new(), |(_, word)| word.to_ascii_uppercase())
    }

    /// Where the first of these words stands, and where it ends.
    pub(super) fn place(&self, word: &str) -> Option<(usize, usize)> {
        self.words.iter().find(|(_, other)| other.eq_ignore_ascii_case(word)).map(|(at, found)| (*at, at + found.len()))
    }

    /// The text without the hints in comments that a server runs.
    pub(super) fn without_hints(&self, text: &'t str) -> Cow<'t, str> {
        if self.hints.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in &self.hints {
            clean.push_str(&text[from..*start]);
            clean.push(' ');
            from = *end;
        }
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }
}

/// Words that change nothing of what a statement shows.
const HINTS: [&str; 8] = [
    "SQL_NO_CACHE",
    "SQL_CACHE",
    "SQL_CALC_FOUND_ROWS",
    "SQL_BIG_RESULT",
    "SQL_SMALL_RESULT",
    "SQL_BUFFER_RESULT",
    "STRAIGHT_JOIN",
    "LOCAL",
];

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The place after a quoted string or name; `None` where it does not end.
fn quoted(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Undoes what the server does to the variables of a procedure: `NAME_CONST('p',900)` is the value 900.
pub(super) fn without_name_const(text: &str) -> Cow<'_, str> {
    const CALL: &[u8] = b"NAME_CONST('";
    let bytes = text.as_bytes();
    let mut clean = String::new();
    let mut from = 0;
    for start in memchr::memmem::find_iter(bytes, CALL) {
        if start < from {
            continue;
        }
        let Some((value, end)) = constant(text, start + CALL.len() - 1) else { continue };
        clean.push_str(&text[from..start]);
        clean.push_str(value);
        from = end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[from..]);
    Cow::Owned(clean)
}

/// The literal behind the name, and where the call ends.
fn constant(text: &str, name: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    let comma = quoted(bytes, name, b'\'').filter(|at| bytes.get(*at) == Some(&b','))?;
    let mut start = comma + 1;
    // `_latin1'Marcus' COLLATE 'latin1_swedish_ci'`
    if bytes.get(start) == Some(&b'_') {
        start += bytes[start..].iter().position(|byte| !is_part(*byte))?;
    }
    let (end, value_end) = if bytes.get(start) == Some(&b'\'') {
        let value_end = quoted(bytes, start, b'\'')?;
        let after = text[value_end..].strip_prefix(" COLLATE '").map(|rest| text.len() - rest.len() - 1);
        (after.map_or(Some(value_end), |collation| quoted(bytes, collation, b'\''))?, value_end)
    } else {
        let len = bytes[start..].iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+')))?;
        (start + len, start + len)
    };
    (bytes.get(end) == Some(&b')') && value_end > start).then(|| (&text[start..value_end], end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Scan::of(text).words.into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn words_stand_outside_of_strings_and_comments() {
        assert_eq!(words("/* a */ SELECT `b c`, 'd \\' e' -- f\n, \"g\" # h\nFROM 客户 -- i"), ["SELECT", "b c", "FROM", "客户"]);
        assert_eq!(words("/*!40103 SET TIME_ZONE='x' */"), ["SET", "TIME_ZONE"]);
        assert_eq!(words("SELECT 1--1"), ["SELECT", "1", "1"]);
        assert_eq!(words(&"a ".repeat(100)).len(), MOST_WORDS);
    }

    #[test]
    fn a_lost_end_is_seen() {
        for text in ["'", "SELECT 'a", "SELECT \"a\\\"", "SELECT `a", "SELECT /* a", "IN (1,2", "SELECT /*!50000 a", "'\\", "`", "("] {
            assert!(Scan::of(text).open, "{text}");
        }
        for text in ["", "SELECT 'it''s' , `a``b`, \"\\\"\" /* ( */ (1)", "SELECT 1 -- (", "SELECT 1 # '"] {
            assert!(!Scan::of(text).open, "{text}");
        }
        assert!(Scan::of("SELECT 1 -- x").comment_at_end && Scan::of("a # b").comment_at_end);
        assert!(!Scan::of("SELECT 1 -- x\n").comment_at_end);
    }

    #[test]
    fn comments_that_run_are_hints_or_more() {
        let hint = "SELECT /*!40001 SQL_NO_CACHE */ `id` FROM `a`";
        let scan = Scan::of(hint);
        assert!(!scan.versioned);
        assert_eq!(scan.without_hints(hint), "SELECT   `id` FROM `a`");
        for text in [
            "/*!50000 SELECT a FROM b */",
            "SELECT a FROM b WHERE id = 1 /*!99999 OR 1=1 */",
            "SELECT a /*M!100000 , b */",
            "SELECT /*!1 +1*/",
        ] {
            assert!(Scan::of(text).versioned, "{text}");
        }
    }

    #[test]
    fn files_values_and_selects_are_found() {
        let scan = Scan::of("SELECT * FROM a INTO OUTFILE '/x' FIELDS TERMINATED BY ','");
        assert!(scan.outfile && scan.select == Some(0) && !scan.values);
        assert!(Scan::of("select 1 into\n dumpfile 'x'").outfile);
        assert!(!Scan::of("SELECT 'INTO OUTFILE', outfile FROM a").outfile);
        assert!(Scan::of("INSERT INTO a VALUES (1)").values);
    }

    #[test]
    fn variables_of_procedures_become_their_values() {
        assert_eq!(without_name_const("id= NAME_CONST('p',900) AND 1"), "id= 900 AND 1");
        let text = "n = NAME_CONST('n',_latin1'Mar\\'cus' COLLATE 'latin1_swedish_ci') OR id=NAME_CONST('q',-1.5)";
        assert_eq!(without_name_const(text), "n = 'Mar\\'cus' OR id=-1.5");
        for text in ["NAME_CONST('", "NAME_CONST('a',", "NAME_CONST('a',(SELECT 1))", "NAME_CONST('a',f(1))", "NAME_CONST('a','b"] {
            assert_eq!(without_name_const(text), text);
        }
    }
}
