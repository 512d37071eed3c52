//! Cursors and prepared statements by the text of the commands on them.

use crate::model::record::Dialect;
use crate::sql::split;

/// Dialect of every text here.
pub(super) const DIALECT: Dialect = Dialect::PostgreSql;

/// A `FETCH`: the cursor, and no more rows than these where it says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fetch {
    pub cursor: String,
    pub bound: Option<u64>,
}

/// An `EXECUTE`: the prepared statement and its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Execute {
    pub name: String,
    pub arguments: Vec<Option<String>>,
}

/// Reads `FETCH [direction] [FROM|IN] cursor`.
pub(super) fn fetch(text: &str) -> Option<Fetch> {
    let words = words(text, 8);
    let mut words = words.iter().map(String::as_str);
    if !words.next()?.eq_ignore_ascii_case("fetch") {
        return None;
    }
    let words: Vec<&str> = words.collect();
    let (cursor, direction) = words.split_last()?;
    let mut direction: Vec<String> = direction.iter().map(|word| word.to_ascii_lowercase()).collect();
    direction.retain(|word| word != "from" && word != "in");
    let bound = match direction.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["next" | "prior" | "first" | "last" | "forward" | "backward"] | ["absolute" | "relative", ..] => Some(1),
        [number] | ["forward" | "backward", number] => number.parse::<i64>().ok().map(i64::unsigned_abs),
        _ => None,
    };
    Some(Fetch { cursor: (*cursor).to_owned(), bound })
}

/// The name of a `DECLARE`d cursor.
pub(super) fn declared(text: &str) -> Option<String> {
    second_word(text, "declare")
}

/// The cursor that a `CLOSE` closes; `all` for every one.
pub(super) fn closed(text: &str) -> Option<String> {
    second_word(text, "close")
}

/// The name that a `PREPARE` gives, and the statement behind it.
pub(super) fn prepared(text: &str) -> Option<(String, String)> {
    let name = second_word(text, "prepare")?;
    let inner = crate::sql::split::after_word(text, "as")?;
    Some((name, inner.trim().to_owned()))
}

/// Reads `EXECUTE name (…)`.
pub(super) fn execute(text: &str) -> Option<Execute> {
    let name = second_word(text, "execute")?;
    let arguments = text.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or_else(Vec::new, |(list, _)| arguments(list));
    Some(Execute { name, arguments })
}

/// The arguments of a call, where they are plain literals.
fn arguments(list: &str) -> Vec<Option<String>> {
    let (mut all, mut current, mut quoted) = (Vec::new(), String::new(), false);
    for c in list.chars() {
        match c {
            '\'' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut current)),
            _ => current.push(c),
        }
    }
    all.push(current);
    let literal = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"));
    all.into_iter().map(literal).collect()
}

fn second_word(text: &str, first: &str) -> Option<String> {
    let words = words(text, 2);
    match words.as_slice() {
        [verb, name] if verb.eq_ignore_ascii_case(first) => Some(name.clone()),
        _ => None,
    }
}

/// The first words of a command; quoted names lose their quotes, others are folded to lower case.
fn words(text: &str, most: usize) -> Vec<String> {
    let start = text.find(split::first_word(text)).unwrap_or(0);
    let mut words = Vec::new();
    let mut rest = text[start..].trim_end_matches([';', ' ', '\n', '\t', '\r']);
    while words.len() < most {
        rest = rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some((name, after)) = quoted.split_once('"') else { break };
            words.push(name.to_owned());
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ';' | '"')).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        words.push(rest[..end].to_lowercase());
        rest = &rest[end..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_say_how_many_rows_at_most() {
        let bound = |text| fetch(text).expect("is a FETCH").bound;
        assert_eq!(bound("FETCH 100 FROM k"), Some(100));
        assert_eq!(bound("FETCH FORWARD 2000 FROM \"srv\""), Some(2_000));
        assert_eq!(bound("FETCH BACKWARD -5 IN k;"), Some(5));
        assert_eq!(bound("FETCH ALL FROM k"), None);
        assert_eq!(bound("FETCH FORWARD ALL FROM k"), None);
        assert_eq!(bound("FETCH k"), Some(1));
        assert_eq!(bound("fetch absolute 7 from k"), Some(1));
        assert_eq!(fetch("FETCH 5 FROM \"My Cursor\"").expect("is a FETCH").cursor, "My Cursor");
        assert_eq!(fetch("SELECT 1"), None);
    }

    #[test]
    fn names_of_cursors_and_prepared_statements_are_found() {
        assert_eq!(declared("DECLARE \"srv\" CURSOR FOR SELECT 1").as_deref(), Some("srv"));
        assert_eq!(declared("declare K2 cursor for select 1").as_deref(), Some("k2"));
        let (name, inner) = prepared("PREPARE q(bigint) AS SELECT 1").expect("is a PREPARE");
        assert_eq!((name.as_str(), inner.as_str()), ("q", "SELECT 1"));
        let call = execute("EXECUTE q(501, 'a,b', NULL)").expect("is an EXECUTE");
        assert_eq!(call.arguments, [Some("501".to_owned()), Some("a,b".to_owned()), None]);
    }
}
