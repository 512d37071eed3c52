//! For whom an application asks: the end user whom it names in `application_name`, in the client's info, or in a comment at
//! the end of its statements (`/* user=E1 */`; sqlcommenter's `user='E1'`, URL-encoded).
//!
//! It is a claim, and anybody who logs in may write one. So it is asked for only where the directory says that the login is an
//! application's or shared by several, and that it may claim from there ([`crate::classify::logins`]), and believed only if the
//! directory knows the person. Whoever is claimed, the login stays known beside them.

use crate::model::record::Record;
use crate::sql::comment;
use std::borrow::Cow;

/// Keys under which applications name their users.
const KEYS: [&str; 10] =
    ["user", "user_id", "userid", "username", "end_user", "enduser", "employee", "employee_id", "operator", "on_behalf_of"];

/// A name that may be an end user's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// As it was written.
    pub text: String,
    /// Whether a key says that it is a user's; a word of an application's name says nothing.
    pub by_key: bool,
}

/// Who is named, the most telling first. None of them need be a person.
pub fn named(record: &Record<'_>) -> Vec<Named> {
    let mut names = Vec::new();
    if let Some(statement) = record.statement.as_deref() {
        // The last comment is that of the outermost layer, closest to the database.
        for comment in comment::trailing(statement, record.dialect).iter().rev() {
            names.extend(pairs(comment));
        }
    }
    let mut words_of_it = Vec::new();
    if let Some(application) = record.client.app.as_deref() {
        names.extend(pairs(application));
        words_of_it = words(application);
    }
    let of = |by_key: bool| move |text: String| Named { text, by_key };
    names.into_iter().map(of(true)).chain(words_of_it.into_iter().map(of(false))).collect()
}

/// The values of the known keys: `user=E1`, `user: 'E1'`, `a='b',user='E1'`.
fn pairs(text: &str) -> Vec<String> {
    // `user : E1` is one pair.
    let text = [" =", "= ", " :", ": "].iter().fold(text.to_owned(), |text, loose| text.replace(loose, loose.trim()));
    let parts = text.split([',', ';', '&', ' ', '\t', '\n']).filter(|part| !part.is_empty());
    let value = |part: &str| {
        let (key, value) = part.split_once(['=', ':'])?;
        let known = KEYS.iter().any(|known| known.eq_ignore_ascii_case(key.trim().trim_matches(QUOTES)));
        let value = decoded(value.trim().trim_matches(QUOTES));
        (known && !value.is_empty()).then(|| value.into_owned())
    };
    parts.filter_map(value).collect()
}

const QUOTES: [char; 3] = ['\'', '"', '`'];

/// The words of a name like `crm-web:E1` or `crm-web (E1)`, the last first, and the whole.
fn words(application: &str) -> Vec<String> {
    let parts = application.split([':', '/', '|', ';', ',', '@', '#', '(', ')', '[', ']', ' ', '=']);
    let mut words: Vec<String> = parts.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.reverse();
    words.truncate(MOST_WORDS);
    if !words.iter().any(|word| word == application.trim()) {
        words.push(application.trim().to_owned());
    }
    words
}

/// Most words of an application's name that are looked up.
const MOST_WORDS: usize = 8;

/// A value as sqlcommenter encodes it: `%20`, `\'`.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains(['%', '\\']) {
        return Cow::Borrowed(value);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value.as_bytes());
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        rest = tail;
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            (b'\\', _, _) => {}
            _ => bytes.push(*first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};
    use crate::model::time::Timestamp;

    fn names(statement: &str, application: &str) -> Vec<String> {
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        record.statement = Some(statement.into()).filter(|_| !statement.is_empty());
        record.client.app = Some(application.into()).filter(|_| !application.is_empty());
        named(&record).into_iter().map(|name| name.text).collect()
    }

    #[test]
    fn comments_name_the_user_in_whatever_form() {
        for comment in
            ["/* user=E1 */", "/*action='x',user='E1',route='%2Fa'*/", "-- employee: E1", "/* user='%451' */;", "/* USER=\"E1\" */"]
        {
            assert_eq!(names(&format!("SELECT 1 {comment}"), ""), ["E1"], "{comment}");
        }
        assert_eq!(names("SELECT 1 /* user=E1 */ -- user=E2", ""), ["E2", "E1"]);
    }

    #[test]
    fn what_is_no_comment_at_the_end_names_nobody() {
        for statement in
            ["/* user=E1 */ SELECT 1", "SELECT '/* user=E1 */'", "SELECT 1 /* colour=red */", "SELECT 1 /* user= */", "SELECT 1 -- %"]
        {
            assert_eq!(names(statement, ""), Vec::<String>::new(), "{statement}");
        }
    }

    #[test]
    fn an_application_names_the_user_by_key_or_as_a_word() {
        assert_eq!(names("", "crm;user=E1")[0], "E1");
        assert_eq!(names("", "crm-web:E1")[0], "E1");
        assert_eq!(names("", "crm-web (E1)")[0], "E1");
        assert_eq!(names("", "E1"), ["E1"]);
    }
}
