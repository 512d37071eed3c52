//! Finds out a log's `log_line_prefix` where nobody has said it.
//!
//! First the prefixes that providers, distributions and log readers prescribe are tried, then the parts of a line are read by
//! their shapes and names, and what they make up is the pattern of the lines after it. A line that no pattern so far reads begins
//! this again, so a log may change its prefix, and its background processes may have one of their own.

use crate::decode::postgresql::forging::LONGEST_OF_SERVERS;
use crate::decode::postgresql::line::Severity;
use crate::decode::postgresql::prefix::{self, Pattern, PatternPart, Start};
use crate::decode::postgresql::words::{self, Label};
use std::sync::LazyLock;

/// Of those that read the same lines the one that reads more comes first.
const WELL_KNOWN: [&str; 32] = [
    // Debian
    "%m [%p] %q%u@%d ",
    // RDS, and Azure's flexible server as its guides have it
    "%t:%r:%u@%d:[%p]:",
    "%t:%r:%u@%d:[%p]:%a:%e",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a",
    // Azure
    "%t-%c-",
    "%t-%c-%u@%d-%h-",
    "%t-%c-%q%u@%d-%r-",
    // Heroku
    "sql_error_code = %e time_ms = \"%m\" pid=\"%p\" proc_start_time=\"%s\" session_id=\"%c\" vtid=\"%v\" tid=\"%x\" log_line=\"%l\" \
     %qdatabase=\"%d\" connection_source=\"%r\" user=\"%u\" application_name=\"%a\" ",
    // Cloud SQL
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%m [%p]: [%l-1] db=%d,user=%u,host=%h ",
    // IBM Cloud
    "%m [%a] [%e] [%p]: [%l-1] user=%u,db=%d,client=%h ",
    // pgBadger
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] %q%u@%d ",
    "%t [%p]: [%l-1] ",
    "%t [%p]: %q%u@%d ",
    "%t [%p-%l] %q%u@%d ",
    "%m [%p] %q%u@%d %h(%r) app=%a sess=%c line=%l vxid=%v xid=%x ",
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%m [%p] %q%u@%d/%a ",
    "%t %u@%d [%p] ",
    // Aiven, of which the journal has the time
    "pid=%p,user=%u,db=%d,app=%a,client=%h ",
    // Crunchy Bridge
    "[%p][%b][%v][%x] %q[user=%u,db=%d,app=%a] ",
    // syslog, which has the time and the process itself
    "user=%u,db=%d,client=%h ",
    "user=%u,db=%d,host=%h ",
    "user=%u,db=%d,app=%a,client=%h ",
    "user=%u,db=%d ",
    "[%p] ",
    "%q%u@%d ",
    "",
];

/// Most patterns that are kept of one log.
const MOST_PATTERNS: usize = 12;
/// Most further readings of one line.
const MOST_READINGS: usize = 4;
/// Most of a message that the name of a program may have hidden.
const LONGEST_HIDDEN: usize = 200;
/// Most of a line that is searched for a label.
const LONGEST_HEAD: usize = 700;

/// The prefixes of one log.
pub(super) struct Prefixes {
    /// As configured: then no other counts.
    given: Option<Pattern>,
    /// Those that have read lines, the first first.
    found: Vec<Pattern>,
}

/// The well-known prefixes, taken apart once: a text of many lines tries them for each.
static KNOWN: LazyLock<Vec<Pattern>> = LazyLock::new(|| WELL_KNOWN.iter().map(|text| Pattern::new(text, true)).collect());

impl Prefixes {
    /// The prefix of that configuration, or one to be found out.
    pub fn new(given: Option<&str>) -> Prefixes {
        Prefixes { given: given.map(|text| Pattern::new(text, false)), found: Vec::new() }
    }

    /// Reads the prefix and the label of a line; `None` where no record and no part of one begins there.
    pub fn read<'t>(&mut self, line: &'t str) -> Option<Start<'t>> {
        if let Some(given) = &self.given {
            return given.read(line);
        }
        if is_other(line) {
            return None;
        }
        if let Some(start) = self.found.iter().find_map(|pattern| pattern.read(line)) {
            return Some(start);
        }
        // A text of no time and no prefix is a line only where syslog tells the rest, which the caller knows.
        if let Some((pattern, start)) = KNOWN.iter().find_map(|pattern| pattern.read(line).map(|start| (pattern, start))) {
            self.keep(pattern.clone());
            return Some(start);
        }
        if let Some((pattern, start)) = inferred(line).and_then(|pattern| pattern.read(line).map(|start| (pattern, start))) {
            self.keep(pattern);
            return Some(start);
        }
        self.found.iter().find_map(|pattern| pattern.read_loosely(line))
    }

    /// Other readings of a line, in which the name of the program holds what the first took for the rest of the prefix. A client
    /// chooses that name, and may choose it to hide a line.
    pub fn other_readings<'t>(&self, line: &'t str, first: &Start<'t>) -> Vec<Start<'t>> {
        let mut readings = Vec::new();
        let Some(mut end) = first.chosen_end else {
            readings.extend(self.failed_login(line, first));
            return readings;
        };
        if !holds_label(first.text) {
            return readings;
        }
        let mut patterns = self.given.iter().chain(&self.found);
        let Some(pattern) = patterns.find(|pattern| pattern.read_on(line, 0).is_some_and(|start| start.chosen_end == Some(end))) else {
            return readings;
        };
        while readings.len() < MOST_READINGS
            && let Some(start) = pattern.read_on(line, end + 1)
            && let Some(next) = start.chosen_end
        {
            end = next;
            readings.push(start);
        }
        readings
    }

    /// A login that the server refused may have named itself so that the line looks like somebody else's.
    fn failed_login<'t>(&self, line: &'t str, first: &Start<'t>) -> Option<Start<'t>> {
        let head = prefix_of(first.text, LONGEST_HIDDEN);
        first.head.user?;
        memchr::memmem::find(head.as_bytes(), b":  ")?;
        let label = line.len() - first.text.len();
        let mut start = self.given.iter().chain(&self.found).find_map(|pattern| pattern.read_behind(line, label))?;
        let fits = |name: Option<&str>| name.is_none_or(|name| name.len() <= LONGEST_OF_SERVERS);
        if start.label != Label::Message(Severity::Fatal) || !fits(start.head.user) || !fits(start.head.database) {
            return None;
        }
        // Where its own name ends nobody knows, but it is none of those within.
        let named = start.head.user?.as_ptr().addr() - line.as_ptr().addr();
        let (head, _) = line[named..line.len() - start.text.len()].trim_end().rsplit_once(' ')?;
        (start.head.user, start.head.database) = (Some(head.trim_end()), None);
        Some(start)
    }

    fn keep(&mut self, pattern: Pattern) {
        if self.found.len() >= MOST_PATTERNS {
            self.found.pop();
        }
        self.found.push(pattern);
    }
}

/// Whether a line is one of the server's on stderr, or within syslog.
pub(super) fn recognises(line: &str, in_syslog: bool) -> bool {
    if is_other(line) {
        return false;
    }
    let exact = |start: &Start<'_>| {
        let label = &line[..line.len() - start.text.len()];
        // Where somebody has made one blank of two, the prefix must tell much.
        let head = &start.head;
        let sure = head.user.is_some() && head.time.is_some() && (head.pid.is_some() || head.session.is_some());
        matches!(start.label, Label::Message(_)) && (label.ends_with(":  ") || sure && start.label != Label::Message(Severity::Notice))
    };
    let reads = |pattern: &Pattern| pattern.read(line).as_ref().is_some_and(exact);
    // A prefix that names a login tells enough where the journal has the time.
    let tells = |text: &str, pattern: &Pattern| in_syslog || pattern.has_time() || text.contains("user=%u");
    let mut known = WELL_KNOWN.iter().zip(KNOWN.iter()).filter(|(text, pattern)| tells(text, pattern)).map(|(_, pattern)| pattern);
    known.any(reads) || inferred(line).as_ref().is_some_and(reads)
}

/// Lines that no prefix begins: continued ones, JSON, XML, syslog's priority.
fn is_other(line: &str) -> bool {
    let marked = |rest: &str| !rest.starts_with(' ') && prefix::time_length(rest).is_none();
    line.is_empty() || line.starts_with(['\t', '{']) || line.strip_prefix('<').is_some_and(marked)
}

/// The pattern of a line by the shapes and names of its parts. It must have a time and a process, session or login, or name a login and
/// a database: a line of another program could have less.
fn inferred(line: &str) -> Option<Pattern> {
    let head = &line[..label_in(line)?];
    // JSON around the line is the matter of others.
    if head.contains(['{', '"']) {
        return None;
    }
    let mut parts: Vec<PatternPart> = Vec::new();
    let mut literal = String::new();
    let mut rest = head;
    while !rest.is_empty() {
        let has = |letter: u8| parts.contains(&PatternPart::Field(letter, false));
        let before = head[..head.len() - rest.len()].chars().next_back();
        let begins = before.is_none_or(|c| !c.is_alphanumeric());
        let found = begins.then(|| piece(rest, before, &has).or_else(|| bare(head, rest, before, &has))).flatten();
        match found {
            Some((pieces, length)) => {
                if !literal.is_empty() {
                    parts.push(PatternPart::Literal(std::mem::take(&mut literal)));
                }
                parts.extend(pieces);
                rest = &rest[length..];
            }
            None => {
                let c = rest.chars().next()?;
                literal.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if !literal.is_empty() {
        parts.push(PatternPart::Literal(literal));
    }
    let has = |letters: &[u8]| letters.iter().any(|letter| parts.contains(&PatternPart::Field(*letter, false)));
    let named = has(b"u") && has(b"d") && head.contains("user=");
    (has(b"mn") && has(b"pcu") || named).then(|| Pattern::of_parts(joined(parts)))
}

/// Literals that follow each other in one, so that a name ends at the whole of them.
fn joined(parts: Vec<PatternPart>) -> Vec<PatternPart> {
    let mut joined: Vec<PatternPart> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(PatternPart::Literal(before)), PatternPart::Literal(next)) => before.push_str(&next),
            (_, part) => joined.push(part),
        }
    }
    joined
}

/// Where the label begins: the first that is written as the server does; else one that a prefix without an end of its own runs into
/// (`user=liLOG:  `), or one of whose two spaces somebody has taken away.
fn label_in(line: &str) -> Option<usize> {
    let end = prefix_of(line, LONGEST_HEAD).len();
    let find = |colon: &[u8], glued: bool| {
        memchr::memmem::find_iter(&line.as_bytes()[..end], colon).find_map(|colon| {
            // A word is short, and begins behind what is no letter.
            let from = line[..colon].char_indices().rev().take(24).map(|(at, _)| at).filter(|at| {
                let before = line[..*at].chars().next_back();
                (glued || before.is_none_or(|c| !c.is_alphabetic())) && words::at(&line[*at..]).is_some()
            });
            from.last()
        })
    };
    find(b":  ", false).or_else(|| find(b":  ", true)).or_else(|| find(b": ", false))
}

/// Whether a label stands in the beginning of a message, as far as the name of a program could reach.
fn holds_label(text: &str) -> bool {
    let head = prefix_of(text, LONGEST_HIDDEN);
    let audit = if head.starts_with("AUDIT: ") { 7 } else { 0 };
    memchr::memmem::find_iter(&head.as_bytes()[audit..], b": ").any(|colon| {
        let colon = audit + colon;
        let before = head[..colon].chars().next_back();
        // Labels are written in capitals where the language has them.
        before.is_some_and(|c| c.is_ascii_uppercase() || !c.is_ascii() || c == ' ')
            && head[..colon].char_indices().rev().take(24).any(|(at, _)| words::at(&text[at..]).is_some())
    })
}

/// What may stand between words that nothing names.
const SEPARATORS: [char; 6] = [' ', ',', ';', '|', '/', '\t'];

/// A word that neither a name nor a sign tells of, in a head without any: the first such is the login and the second the database,
/// as nearly all have them. What is no such pair is a text of no meaning.
fn bare(head: &str, text: &str, before: Option<char>, has: &dyn Fn(u8) -> bool) -> Option<(Vec<PatternPart>, usize)> {
    if head.contains(['=', '@']) || before.is_some_and(|c| !SEPARATORS.contains(&c)) || !head.ends_with(SEPARATORS) {
        return None;
    }
    let is_word = |word: &&str| {
        let named =
            word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(|c| c.is_alphanumeric() || "_$.-".contains(c));
        named || *word == "[unknown]"
    };
    let word = text.split(SEPARATORS).next().filter(is_word)?;
    let words = text.split(SEPARATORS).filter(is_word).count();
    let letter = match (has(b'u'), has(b'd'), words) {
        (false, _, 2) => b'u',
        (false, _, 1) if has(b'h') || has(b'r') => b'u',
        (true, false, 1) => b'd',
        _ => return None,
    };
    Some((vec![PatternPart::Field(letter, false)], word.len()))
}

/// Whether an address stands at the beginning, up to the next hyphen.
fn is_address(text: &str) -> bool {
    text.split('-').next().is_some_and(|word| word.parse::<core::net::IpAddr>().is_ok() || prefix::remote_length(word) == Some(word.len()))
}

fn prefix_of(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The fields with which a text begins, and their length.
fn piece(text: &str, before: Option<char>, has: &dyn Fn(u8) -> bool) -> Option<(Vec<PatternPart>, usize)> {
    let field = |letter: u8| PatternPart::Field(letter, false);
    let literal = |text: &str| PatternPart::Literal(text.to_owned());
    if let Some(length) = prefix::time_length(text) {
        return Some((vec![field(if has(b'm') { b's' } else { b'm' })], length));
    }
    if let Some(length) = prefix::epoch_length(text) {
        return Some((vec![field(b'n')], length));
    }
    if let Some(length) = prefix::session_length(text) {
        return Some((vec![field(b'c')], length));
    }
    if let Some(named) = named(text, before, has) {
        return Some(named);
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside) {
        let whole = inside.len() + 2;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match inside.split_once('-') {
            Some((number, one)) if digits(number) && digits(one) => {
                return Some((vec![literal("["), field(b'l'), literal(&format!("-{one}]"))], whole));
            }
            _ if inside == "00000" && !has(b'e') => return Some((vec![literal("["), field(b'e'), literal("]")], whole)),
            _ if digits(inside) && !has(b'p') => return Some((vec![literal("["), field(b'p'), literal("]")], whole)),
            _ => {}
        }
    }
    let word = text.split([' ', '\t']).next().unwrap_or("");
    let address = word.split([',', ';', '|', '-', '>', ')']).next().filter(|address| address.parse::<core::net::IpAddr>().is_ok());
    if let Some(address) = address.filter(|_| !has(b'h') && !has(b'r')) {
        return Some((vec![field(b'h')], address.len()));
    }
    // `-7-li_na@crm`: nor is the number of a process, where hyphens part what stands there.
    let number = word.bytes().take_while(u8::is_ascii_digit).count();
    if before == Some('-') && number > 0 && word[number..].starts_with('-') && !has(b'p') {
        return Some((vec![field(b'p')], number));
    }
    // `10.0.0.1(5):li_na@crm`: an address is no part of a name.
    let remote = Some(word).filter(|word| !word.starts_with('[') || word.starts_with("[local]")).and_then(prefix::remote_length);
    if let Some(length) = remote.filter(|length| word[*length..].starts_with([':', ',', '|', '/', ';', '>']) && !has(b'h') && !has(b'r')) {
        return Some((vec![field(b'r')], length));
    }
    let begins = |user: &str| !user.starts_with([':', ',', '|', '/', ';', '(', '[']) && !has(b'u');
    if let Some((user, database)) = word.split_once('@').filter(|(user, _)| begins(user)) {
        let ends = |c: char| matches!(c, ':' | ',' | '|' | '/' | ';' | '(' | ')');
        let database = database.find(ends).map_or(database, |end| &database[..end]);
        // `crm-10.0.0.1-`: nor is it part of a database's.
        let address = database.match_indices('-').find(|(at, _)| is_address(&database[at + 1..]));
        let database = address.map_or(database, |(at, _)| &database[..at]);
        return Some((vec![field(b'u'), literal("@"), field(b'd')], user.len() + 1 + database.len()));
    }
    if let Some((host, inside)) = word.strip_suffix(')').and_then(|word| word.split_once('(')).filter(|_| !has(b'h') && !has(b'r')) {
        if inside.bytes().all(|b| b.is_ascii_digit()) && !inside.is_empty() {
            return Some((vec![field(b'r')], word.len()));
        }
        if inside.starts_with(host) {
            return Some((vec![field(b'h'), literal("("), field(b'r'), literal(")")], word.len()));
        }
    }
    // `7/12`, a transaction.
    let digits = word.bytes().take_while(|b| b.is_ascii_digit()).count();
    match word.as_bytes().get(digits) {
        None | Some(b':' | b']' | b'|' | b',') if digits > 0 && !has(b'p') => Some((vec![field(b'p')], digits)),
        Some(b'/') if digits > 0 => Some((vec![field(b'v')], word.len())),
        _ => None,
    }
}

/// `user=li_na`, `app: DBeaver`: a name that says what follows, up to the next name or the next delimiter.
fn named(text: &str, before: Option<char>, has: &dyn Fn(u8) -> bool) -> Option<(Vec<PatternPart>, usize)> {
    let end = text.find(|c: char| !(c.is_ascii_alphabetic() || c == '_'))?;
    let sign = text[end..].chars().next().filter(|c| matches!(c, '=' | ':'))?;
    let letter = letter_of(&text[..end])?;
    let spaces = text[end + 1..].len() - text[end + 1..].trim_start_matches(' ').len();
    let value_at = end + 1 + if sign == ':' { spaces.min(1) } else { 0 };
    let value = &text[value_at..];
    let next = value.char_indices().find(|(at, c)| {
        let after = &value[at + c.len_utf8()..];
        let shaped = || prefix::time_length(after).or_else(|| prefix::session_length(after)).is_some();
        *c == '|' || (*c == ']' && before == Some('[')) || matches!(c, ' ' | ',' | ';' | '/') && (names_follow(after) || shaped())
    });
    let length = match next {
        Some((at, _)) => at,
        // An address with its port is one word.
        None => prefix::remote_length(value)
            .filter(|length| *length > 0 && letter == b'h' && !value.starts_with('['))
            .unwrap_or_else(|| value.find([' ', ',', ';', '|', ']', ')']).unwrap_or(value.len())),
    };
    let value = &value[..length];
    let letter = match letter {
        b'h' if value.ends_with(')') || value == "[local]" && text[..end].starts_with('r') => b'r',
        b'c' if prefix::session_length(value) != Some(value.len()) => b'?',
        b'p' | b'l' | b'x' if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) => b'?',
        b'v' if !value.bytes().all(|b| b.is_ascii_digit() || b == b'/') => b'?',
        b'e' if value.len() != 5 => b'?',
        b's' if prefix::time_length(value) != Some(value.len()) => b'?',
        letter => letter,
    };
    let letter = if has(letter) { b'?' } else { letter };
    Some((vec![PatternPart::Literal(text[..value_at].to_owned()), PatternPart::Field(letter, false)], value_at + length))
}

fn names_follow(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '[', '(']);
    text.find(|c: char| !(c.is_ascii_alphabetic() || c == '_'))
        .is_some_and(|end| text[end..].starts_with(['=', ':']) && letter_of(&text[..end]).is_some())
}

fn letter_of(name: &str) -> Option<u8> {
    Some(match name.to_ascii_lowercase().as_str() {
        "user" | "usr" | "u" | "dbuser" | "username" | "user_name" => b'u',
        "db" | "database" | "dbname" | "d" => b'd',
        "app" | "appname" | "application" | "application_name" | "a" => b'a',
        "client" | "host" | "h" | "remote" | "rhost" | "ip" | "addr" | "from" | "r" => b'h',
        "pid" | "p" | "process" | "proc" => b'p',
        "sess" | "session" | "sid" | "session_id" | "sessionid" | "c" => b'c',
        "line" | "l" | "line_num" => b'l',
        "xid" | "txid" | "tx" | "x" => b'x',
        "vxid" | "vtxid" | "v" => b'v',
        "state" | "sqlstate" | "e" | "code" => b'e',
        "tag" | "cmd" | "command" | "ps" | "i" => b'i',
        "type" | "backend" | "backend_type" | "b" => b'b',
        "qid" | "query_id" | "queryid" => b'Q',
        "start" | "s" | "session_start" => b's',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::postgresql::prefix::LinePrefix;

    fn heads<'t>(lines: &[&'t str]) -> Vec<LinePrefix<'t>> {
        let mut prefixes = Prefixes::new(None);
        lines.iter().map(|line| prefixes.read(line).unwrap_or_else(|| panic!("{line} is read")).head).collect()
    }

    #[test]
    fn well_known_prefixes_are_found() {
        let heads = heads(&[
            "2026-11-23 16:59:41.856 UTC [7] LOG:  x",
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm LOG:  x",
            "2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:ERROR:  x",
            "2026-11-23 16:59:41 UTC-6b0470fd.9e0-LOG:  x",
            "2026-11-23 16:59:41.856 UTC [7]: [3-1] db=crm,user=li_na LOG:  x",
            "2026-11-23 16:59:41 UTC [7]: [3-1] user=li_na,db=crm,app=DBeaver 24 - x,client=10.0.0.1 LOG:  x",
            "2026-11-23 16:59:41 UTC [pgAdmin 4 - CONN:3] [00000] [7]: [1-1] user=li_na,db=crm,client=10.0.0.1 LOG:  x",
        ]);
        assert_eq!(heads[0].user, None);
        assert!(heads[1..].iter().all(|head| head.user == Some("li_na") || head.session.is_some()), "{heads:?}");
        assert_eq!((heads[5].application, heads[5].host, heads[5].number), (Some("DBeaver 24 - x"), Some("10.0.0.1"), Some("3")));
        assert_eq!((heads[6].application, heads[6].pid, heads[6].state), (Some("pgAdmin 4 - CONN:3"), Some("7"), Some("00000")));
    }

    #[test]
    fn parts_are_read_by_their_shapes_and_names() {
        let lines = [
            "2026-11-23 16:59:41.856 UTC <7> li_na@crm 10.0.0.1(10.0.0.1(5)) app=psql sess=6b0470fd.9e0 line=3 vxid=3/1 xid=0 LOG:  x",
            "2026-11-23 16:59:41.856 UTC <7> li_na@crm 10.0.0.1(10.0.0.1(5)) app=a b c sess=6b0470fd.9e0 line=3 vxid= xid=0 LOG:  x",
            "< 2026-11-23 16:59:41.856 UTC | 7 | user=li_na database=crm rhost=10.0.0.1(5) application=a > LOG:  z",
            "1795539581.856 6b0470fd.9e0 [user: li_na] [db: crm] FATAL:  x",
            "MESSAGE=2026-11-23 16:59:41 UTC:10.0.0.1(5):li_na@crm:[7]:LOG:  x",
            " 2026-11-23 16:59:41 UTC:[local]:li_na@crm:[7]:LOG:  x",
        ];
        let heads = heads(&lines);
        assert!(heads.iter().all(|head| (head.user, head.database) == (Some("li_na"), Some("crm"))), "{heads:#?}");
        assert_eq!((heads[1].application, heads[1].session, heads[1].number), (Some("a b c"), Some("6b0470fd.9e0"), Some("3")));
        assert_eq!((heads[2].remote, heads[2].application), (Some("10.0.0.1(5)"), Some("a")));
        assert_eq!((heads[3].epoch, heads[3].session), (Some("1795539581.856"), Some("6b0470fd.9e0")));
        assert_eq!((heads[4].remote, heads[4].pid, heads[5].remote), (Some("10.0.0.1(5)"), Some("7"), Some("[local]")));
    }

    #[test]
    fn an_address_beside_a_database_is_none_of_its_name() {
        for line in [
            "2026-11-23 16:59:41 UTC-6b0470fd.9e0-li_na@crm-10.0.0.1-LOG:  x",
            "2026-11-23 16:59:41 UTC-7-li_na@crm-10.0.0.1-LOG:  x",
            "2026-11-23 16:59:41.856 UTC [7] li_na@crm(10.0.0.1) LOG:  x",
            "<2026-11-23 16:59:41.856 UTC li_na@crm 10.0.0.1>LOG:  x",
            "pid=7,user=li_na,db=crm,app=psql,client=10.0.0.1 LOG:  x",
            "user=li_na,db=crm,client=10.0.0.1 LOG:  x",
        ] {
            let head = heads(&[line])[0];
            assert_eq!((head.user, head.database, head.host), (Some("li_na"), Some("crm"), Some("10.0.0.1")), "{line}");
        }
        let head = heads(&["2026-11-23 16:59:41 UTC [7]: [5-1] user=li_na,db=crm,app=psql,client=10.0.0.1(40000) LOG:  x"])[0];
        assert_eq!((head.user, head.remote), (Some("li_na"), Some("10.0.0.1(40000)")));
    }

    #[test]
    fn a_given_prefix_is_the_only_one() {
        let mut prefixes = Prefixes::new(Some("%t;%u; "));
        assert!(prefixes.read("2026-11-23 16:59:41.856 UTC [7] LOG:  x").is_none());
        assert_eq!(prefixes.read("2026-11-23 16:59:41 UTC;a; LOG:  x").and_then(|start| start.head.user), Some("a"));
    }

    #[test]
    fn lines_of_others_are_not_recognised() {
        assert!(recognises("2026-11-23 16:59:41.856 UTC [7] 日志:  x", false));
        assert!(recognises("2026-11-23 16:59:41.856 UTC <7> li_na@crm LOG:  x", false));
        assert!(!recognises("LOG:  x", false) && recognises("LOG:  x", true));
        for line in [
            "",
            "2026-11-23 16:59:41.856 INFO:  x",
            "2026-11-23 16:59:41,856 main LOG: x",
            "2026-11-23 16:59:41.856 UTC [7] x",
            "{\"message\":\"2026-11-23 16:59:41.856 UTC [7] LOG:  x\"}",
            "\t2026-11-23 16:59:41.856 UTC [7] LOG:  x",
        ] {
            assert!(!recognises(line, false), "{line}");
        }
    }
}
