//! Whom a record names that nobody can decode: employees and logins of the directory, found by tokens.
//!
//! Without a time or a form such a record is no access. But a broken line that names somebody may be all that is left of one, and is held
//! against the day of whoever it names. Names that are words of a language, or of every line, count only where they stand as a name does:
//! behind `user=`, before an `@`, between separators.

use crate::classify::directory::Directory;
use crate::model::access::Actor;
use crate::model::time::Timestamp;

/// Bytes at the beginning and at the end of a record that are looked through.
const LOOKED_THROUGH: usize = 64 * 1024;

/// Most people and logins of one record: who writes a list of colleagues beside themselves accuses nobody but themselves.
pub const MOST_NAMED: usize = 4;

/// Shortest and longest name that is looked for.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=64;

/// Shortest name of letters alone that counts between blanks.
const SHORTEST_WORD: usize = 3;

/// Words before a name that say that it is one.
const KEYS: [&str; 22] = [
    "account",
    "acct",
    "actor",
    "by",
    "dbuser",
    "employee",
    "employee_id",
    "employeeid",
    "identity",
    "login",
    "login_name",
    "logon",
    "op",
    "operator",
    "os_user",
    "principal",
    "suser",
    "uid",
    "usename",
    "user",
    "user_name",
    "username",
];

/// The people and logins whom a record names, those behind a key first; none of a login that is not listed.
pub fn named(directory: &Directory, bytes: &[u8], around: Timestamp) -> Vec<Actor> {
    let mut found: Vec<(bool, Actor)> = Vec::new();
    let (head, tail) = match bytes.len().checked_sub(LOOKED_THROUGH) {
        Some(from) if from > LOOKED_THROUGH => (&bytes[..LOOKED_THROUGH], &bytes[from..]),
        _ => (bytes, &[][..]),
    };
    for part in [head, tail] {
        look_through(directory, part, around, &mut found);
    }
    found.sort_by_key(|(by_key, _)| !by_key);
    found.into_iter().take(MOST_NAMED).map(|(_, actor)| actor).collect()
}

fn look_through(directory: &Directory, text: &[u8], around: Timestamp, found: &mut Vec<(bool, Actor)>) {
    let (mut at, mut before): (usize, &[u8]) = (0, &[]);
    while found.len() < 2 * MOST_NAMED {
        let Some(start) = text[at..].iter().position(|byte| is_of_name(*byte)).map(|skipped| at + skipped) else { return };
        let end = text[start..].iter().position(|byte| !is_of_name(*byte)).map_or(text.len(), |length| start + length);
        let gap = &text[at..start];
        let token = Token { text: &text[start..end], gap, before, next: text.get(end).copied(), begins: start == 0 };
        if let Some((by_key, actor)) = token.actor(directory, around) {
            match found.iter_mut().find(|(_, known)| *known == actor) {
                Some((known, _)) => *known |= by_key,
                None => found.push((by_key, actor)),
            }
        }
        (before, at) = (&text[start..end], end);
    }
}

/// Characters of logins and numbers of employees.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'.' | b'-' | b'$' | b'#')
}

/// A word of the text, and where it stands.
struct Token<'t> {
    text: &'t [u8],
    /// What stands between it and the word before.
    gap: &'t [u8],
    before: &'t [u8],
    next: Option<u8>,
    begins: bool,
}

impl Token<'_> {
    fn actor(&self, directory: &Directory, around: Timestamp) -> Option<(bool, Actor)> {
        if !LENGTHS.contains(&self.text.len()) {
            return None;
        }
        let text = std::str::from_utf8(self.text).ok()?.trim_matches(['.', '-', '#']);
        let actor = directory.listed(text, around)?;
        let by_key = self.is_behind_a_key();
        let stands = match &actor {
            // Applications' own names stand in many a line.
            Actor::Account(_) => by_key,
            Actor::Employee(_) => by_key || self.stands_as_a_name(text),
        };
        stands.then_some((by_key, actor))
    }

    /// `user=li`, `"login": "li"`, `user li`, `li@crm`, `CORP\li`.
    fn is_behind_a_key(&self) -> bool {
        let separated = !self.gap.is_empty() && self.gap.len() <= 8 && !self.gap.contains(&b'\n');
        let is_key = |key: &&str| key.len() == self.before.len() && key.as_bytes().eq_ignore_ascii_case(self.before);
        (separated && KEYS.iter().any(is_key)) || self.next == Some(b'@') || self.gap.last() == Some(&b'\\')
    }

    /// Numbers and names with signs within are no words of a language; words count between separators, and the longer ones between blanks.
    fn stands_as_a_name(&self, text: &str) -> bool {
        let is_word = text.chars().all(char::is_alphabetic);
        let is_separator = |byte: u8| !byte.is_ascii_whitespace();
        let parted = |byte: Option<u8>, open: bool| byte.map_or(open, is_separator);
        !is_word || text.chars().count() >= SHORTEST_WORD || (parted(self.gap.last().copied(), self.begins) && parted(self.next, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::directory::DirectoryFiles;
    use crate::model::zone::Zone;

    fn who(text: &[u8]) -> Vec<String> {
        let files = DirectoryFiles {
            employees: Some(("employees.csv", "employee\nE1\nE2\nE3\nE4\nE5\nE6\n")),
            accounts: Some(("accounts.csv", "account,employee,shared\nli,E1,\nwang_f,E2,\nzhao,E3,\napp,,\n")),
            ..DirectoryFiles::default()
        };
        let directory = Directory::parse(&files, Zone::utc()).expect("is valid");
        named(&directory, text, Timestamp::FIRST).iter().map(|actor| actor.name().to_string()).collect()
    }

    #[test]
    fn people_and_logins_are_found_by_tokens() {
        for text in [
            &br#"{"user":"li","rows":"#[..],
            b"user=li,db=crm LOG:  ",
            b"garbage li@crm [77",
            b"20260302,db1,li,10.0.0.7,\xff\xfe",
            b"E1 \0\0\0",
            b"CORP\\LI logged",
            b"\xe4\xb8|e1|",
        ] {
            assert_eq!(who(text), ["E1"], "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(who(b"session opened for zhao from 10.0.0.7"), ["E3"]);
        assert_eq!(who(b"connection of user app by wang_f"), ["app", "E2"]);
    }

    #[test]
    fn words_of_a_language_and_of_every_line_name_nobody() {
        for text in [&b"the app says li is no name here"[..], b"app: started", b"li", b"E12 E11", b"", b"wang_fx", b"-- .. ##"] {
            assert!(text == b"li" || who(text).is_empty(), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(who(b"li"), ["E1"], "a whole record");
    }

    #[test]
    fn who_writes_a_list_of_colleagues_is_among_them_and_long_records_cost_their_ends() {
        let found = who(b"E2 E3 E4 E5 E6 user=li");
        assert!(found.len() == MOST_NAMED && found[0] == "E1", "{found:?}");
        let mut long = b"x ".repeat(4 << 20);
        long.extend(b" user=li");
        assert_eq!(who(&long), ["E1"]);
    }
}
