//! `log_line_prefix`: what stands before the label of a line on stderr, read by its pattern.

use crate::decode::postgresql::words::{self, Label};

/// The pattern of a prefix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    parts: Vec<PatternPart>,
    /// Names hold no space. Holds for patterns that are tried rather than given: another could fit with a name that swallows much.
    strict: bool,
}

/// A piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum PatternPart {
    /// As it stands.
    Literal(String),
    /// The letter of an escape, and whether it is padded with spaces. `?` is a text of no meaning.
    Field(u8, bool),
    /// `%q`: processes without a session stop here.
    Stop,
}

/// What the prefix of a line said.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct LinePrefix<'t> {
    /// `%m`, `%t`.
    pub time: Option<&'t str>,
    /// `%n`.
    pub epoch: Option<&'t str>,
    /// `%p`.
    pub pid: Option<&'t str>,
    /// `%c`.
    pub session: Option<&'t str>,
    /// `%s`.
    pub start: Option<&'t str>,
    /// `%l`.
    pub number: Option<&'t str>,
    /// `%u`.
    pub user: Option<&'t str>,
    /// `%d`.
    pub database: Option<&'t str>,
    /// `%a`.
    pub application: Option<&'t str>,
    /// `%h`.
    pub host: Option<&'t str>,
    /// `%r`: host and port.
    pub remote: Option<&'t str>,
    /// `%e`.
    pub state: Option<&'t str>,
}

/// A line whose prefix was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Start<'t> {
    pub head: LinePrefix<'t>,
    pub label: Label,
    /// What follows the label.
    pub text: &'t str,
    /// Where the name of the program ends, which its client chooses: it may hold what looks like the rest of a prefix.
    pub chosen_end: Option<usize>,
    /// That name holds what stands between it and the next field, as if that field came earlier.
    pub forged: bool,
}

/// Most steps of one reading: names may hold anything, so a pattern of many names has many readings.
const MOST_STEPS: u32 = 20_000;
/// Longest name in bytes; the server's own limit is 63.
const LONGEST_NAME: usize = 160;

impl Pattern {
    /// A pattern as the configuration of the server has it.
    pub fn new(text: &str, strict: bool) -> Pattern {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c != '%' {
                literal.push(c);
                continue;
            }
            let after = rest.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
            let padded = after.len() < rest.len();
            let Some(letter) = after.chars().next() else { break };
            rest = &after[letter.len_utf8()..];
            let part = match letter {
                '%' => {
                    literal.push('%');
                    continue;
                }
                'q' => PatternPart::Stop,
                'a' | 'u' | 'd' | 'r' | 'h' | 'b' | 'p' | 'P' | 't' | 'm' | 'n' | 'i' | 'e' | 'c' | 'l' | 's' | 'v' | 'x' | 'Q' => {
                    PatternPart::Field(letter as u8, padded)
                }
                // The server ignores what it does not know.
                _ => continue,
            };
            if !literal.is_empty() {
                parts.push(PatternPart::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
        }
        if !literal.is_empty() {
            parts.push(PatternPart::Literal(literal));
        }
        Pattern { parts, strict }
    }

    /// A pattern that was found out.
    pub fn of_parts(parts: Vec<PatternPart>) -> Pattern {
        Pattern { parts, strict: false }
    }

    /// Whether it has a time, so that it says much by itself.
    pub fn has_time(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, PatternPart::Field(b'm' | b't' | b'n', _)))
    }

    /// Reads the prefix and the label of a line.
    pub fn read<'t>(&self, line: &'t str) -> Option<Start<'t>> {
        self.reading(line, self.strict, (0, 0))
    }

    /// The same, where names may hold spaces after all.
    pub fn read_loosely<'t>(&self, line: &'t str) -> Option<Start<'t>> {
        self.reading(line, false, (0, 0))
    }

    /// The next reading, in which the name of the program goes on to that place at least.
    pub fn read_on<'t>(&self, line: &'t str, least: usize) -> Option<Start<'t>> {
        self.reading(line, false, (least, 0))
    }

    /// The next reading, whose label stands behind that place: names that nobody has checked may hold it.
    pub fn read_behind<'t>(&self, line: &'t str, label: usize) -> Option<Start<'t>> {
        self.reading(line, false, (0, label))
    }

    fn reading<'t>(&self, line: &'t str, strict: bool, (least, label): (usize, usize)) -> Option<Start<'t>> {
        let steps = MOST_STEPS;
        let mut reading = Reading { line, strict, least, label, head: LinePrefix::default(), chosen_end: None, forged: false, steps };
        let (label, end) = reading.step(&self.parts, 0)?;
        let known = |text: Option<&'t str>| text.filter(|text| !text.is_empty() && !UNKNOWN.contains(text));
        let head = reading.head;
        let head = LinePrefix {
            user: known(head.user),
            database: known(head.database),
            application: known(head.application),
            host: known(head.host),
            remote: known(head.remote),
            session: known(head.session),
            number: known(head.number),
            pid: known(head.pid),
            ..head
        };
        Some(Start { head, label, text: &line[end..], chosen_end: reading.chosen_end, forged: reading.forged })
    }
}

/// What the server says of a login that it does not know yet, in its languages.
const UNKNOWN: [&str; 13] = [
    "[unknown]",
    "[未知]",
    "[不明]",
    "[알수없음]",
    "[unbekannt]",
    "[inconnu]",
    "[desconocido]",
    "[sconosciuto]",
    "[okänd]",
    "[н/д]",
    "[неизвестно]",
    "[nieznany]",
    "[უცნობი]",
];

struct Reading<'t> {
    line: &'t str,
    strict: bool,
    /// Where the name of the program may end at the earliest.
    least: usize,
    /// Where the label may begin at the earliest.
    label: usize,
    head: LinePrefix<'t>,
    chosen_end: Option<usize>,
    forged: bool,
    steps: u32,
}

impl<'t> Reading<'t> {
    /// Reads what is left of a pattern; gives the label and where it ends.
    fn step(&mut self, parts: &[PatternPart], at: usize) -> Option<(Label, usize)> {
        self.steps = self.steps.checked_sub(1)?;
        let text = self.line.get(at..)?;
        let Some((part, rest)) = parts.split_first() else {
            // The space at the end of a pattern is easily lost.
            let spaces = text.len() - text.trim_start_matches(' ').len();
            if at + spaces < self.label {
                return None;
            }
            return words::at(&text[spaces..]).map(|(label, length)| (label, at + spaces + length));
        };
        match part {
            PatternPart::Literal(literal) => match text.strip_prefix(literal.as_str()) {
                Some(_) => self.step(rest, at + literal.len()),
                // At the end of a line that shippers have trimmed.
                None => None,
            },
            // A label that follows at once is the server's own; no name is one.
            PatternPart::Stop => self.step(&[], at).or_else(|| self.step(rest, at)),
            PatternPart::Field(letter, padded) => {
                let skipped = if *padded { text.len() - text.trim_start_matches(' ').len() } else { 0 };
                match shaped(*letter, &text[skipped..]) {
                    Some(length) => {
                        let (from, to) = (at + skipped, at + skipped + length);
                        self.keep(*letter, &self.line[from..to]);
                        let spaces = if *padded { self.line[to..].len() - self.line[to..].trim_start_matches(' ').len() } else { 0 };
                        // How many of the spaces are padding only the pattern tells.
                        (0..=spaces).rev().find_map(|spaces| self.step(rest, to + spaces))
                    }
                    None if is_named(*letter) => self.name(*letter, rest, at, *padded),
                    None => None,
                }
            }
        }
    }

    /// A name may hold anything: the shortest with which the rest can be read.
    fn name(&mut self, letter: u8, rest: &[PatternPart], at: usize, padded: bool) -> Option<(Label, usize)> {
        let text = &self.line[at..];
        if letter == b'r' {
            // Its shape is its own, and it may be empty.
            let lengths = remote_length(text).into_iter().chain([0]);
            let mut found = lengths.filter_map(|length| self.step(rest, at + length).map(|found| (length, found)));
            let (length, found) = found.next()?;
            self.keep(letter, &self.line[at..at + length]);
            return Some(found);
        }
        for (length, c) in text.char_indices().chain([(text.len(), '\0')]) {
            let early = letter == b'a' && at + length < self.least;
            if let Some(found) = (!early && self.fits(rest, at + length)).then(|| self.step(rest, at + length)).flatten() {
                if letter == b'a' {
                    self.chosen_end = Some(at + length);
                }
                let name = &self.line[at..at + length];
                if letter == b'a'
                    && let Some(PatternPart::Literal(next)) = rest.first()
                {
                    self.forged = next.contains(|c: char| c.is_alphabetic() || c == ']') && name.contains(next.as_str());
                }
                // Kept behind the rest of the pattern, whose vain attempts may have kept others.
                self.keep(letter, if padded { name.trim_matches(' ') } else { name });
                return Some(found);
            }
            if letter == b'h' && !is_of_host(c) && c != '\0' && !(padded && c == ' ') {
                return None;
            }
            // Another name follows, of which a pattern that says less knows nothing.
            let listed = self.strict && matches!(letter, b'u' | b'd') && matches!(c, ',' | '=' | '(');
            let spaced = listed || (self.strict || letter == b'h') && !padded && c == ' ' && !matches!(letter, b'a' | b'i' | b'b' | b'?');
            if length > LONGEST_NAME || spaced || (c.is_control() && c != '\0') || self.steps == 0 {
                return None;
            }
        }
        None
    }

    /// Whether the next literal stands there: cheaper than to try.
    fn fits(&self, rest: &[PatternPart], at: usize) -> bool {
        match rest.first() {
            Some(PatternPart::Literal(literal)) => self.line[at..].starts_with(literal.as_str()),
            _ => true,
        }
    }

    fn keep(&mut self, letter: u8, text: &'t str) {
        let head = &mut self.head;
        let field = match letter {
            b'm' | b't' => &mut head.time,
            b'n' => &mut head.epoch,
            b'p' => &mut head.pid,
            b'c' => &mut head.session,
            b's' => &mut head.start,
            b'l' => &mut head.number,
            b'u' => &mut head.user,
            b'd' => &mut head.database,
            b'a' => &mut head.application,
            b'h' => &mut head.host,
            b'r' => &mut head.remote,
            b'e' => &mut head.state,
            _ => return,
        };
        *field = Some(text);
    }
}

/// Characters of addresses and host names; what else stands there is no word of the server's.
fn is_of_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '%' | '[' | ']' | '/')
}

fn is_named(letter: u8) -> bool {
    matches!(letter, b'a' | b'u' | b'd' | b'r' | b'h' | b'b' | b'i' | b'?')
}

/// The length of a field that has a shape of its own, where the text begins with it.
fn shaped(letter: u8, text: &str) -> Option<usize> {
    let count = |accepts: fn(&u8) -> bool| text.bytes().take_while(accepts).count();
    let some = |length: usize| (length > 0).then_some(length);
    match letter {
        b'm' | b't' | b's' => time_length(text),
        b'n' => epoch_length(text),
        b'p' | b'l' | b'x' => some(count(u8::is_ascii_digit)),
        // The leader's process id is empty but in parallel workers.
        b'P' => Some(count(u8::is_ascii_digit)),
        b'Q' => some(usize::from(text.starts_with('-')) + text.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count()),
        b'c' => session_length(text),
        b'e' => text.get(..5).filter(|state| state.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())).map(str::len),
        b'v' => Some(count(|b| b.is_ascii_digit() || *b == b'/')),
        _ => None,
    }
}

/// The length of `2026-11-23 16:59:41.856 UTC` at the beginning of a text.
pub(super) fn time_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let form = b"0000-00-00 00:00:00";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if bytes.len() < form.len() || !bytes.iter().zip(form).all(fits) {
        return None;
    }
    let mut end = form.len();
    if bytes.get(end) == Some(&b'.') {
        end += 1 + bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    if bytes.get(end) != Some(&b' ') {
        return None;
    }
    end += 1;
    let zone = match bytes.get(end)? {
        b'+' | b'-' => {
            let digits = bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            // What follows `+08` may begin with digits.
            1 + if digits >= 4 {
                4
            } else if digits >= 2 {
                2
            } else {
                return None;
            }
        }
        _ => bytes[end..].iter().take(6).take_while(|b| b.is_ascii_alphabetic()).count(),
    };
    (zone > 1).then_some(end + zone)
}

/// The length of `10.0.0.1(35490)`, `[local]`.
pub(super) fn remote_length(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        return text.find(']').map(|end| end + 1).filter(|end| *end <= LONGEST_NAME);
    }
    let host = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || b".:_%-".contains(b)).count();
    let port = text[host..].strip_prefix('(')?.split_once(')')?.0;
    (host > 0 && host <= 300 && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())).then_some(host + port.len() + 2)
}

/// The length of `1795539581.856`.
pub(super) fn epoch_length(text: &str) -> Option<usize> {
    let (seconds, rest) = text.split_once('.')?;
    let millis = rest.bytes().take_while(u8::is_ascii_digit).count();
    (matches!(seconds.len(), 9..=11) && seconds.bytes().all(|b| b.is_ascii_digit()) && millis == 3).then_some(seconds.len() + 4)
}

/// The length of `6b0470fd.9e0`.
pub(super) fn session_length(text: &str) -> Option<usize> {
    let (start, rest) = text.split_once('.')?;
    let pid = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    (matches!(start.len(), 6..=9) && start.bytes().all(|b| b.is_ascii_hexdigit()) && pid > 0).then_some(start.len() + 1 + pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::postgresql::line::Severity;

    fn read<'t>(pattern: &str, line: &'t str) -> Option<Start<'t>> {
        Pattern::new(pattern, false).read(line)
    }

    fn head<'t>(pattern: &str, line: &'t str) -> LinePrefix<'t> {
        read(pattern, line).unwrap_or_else(|| panic!("{pattern:?} reads {line:?}")).head
    }

    #[test]
    fn every_escape_is_read() {
        let pattern = "%m|%t|%n [%p] %P %c %l s=%s v=%v x=%x i=%i e=%e Q=%Q b=%b|%u@%d %r %h a=%a 100%% ";
        let line = "2026-11-23 16:59:41.856 UTC|2026-11-23 16:59:41 +08|1795539581.856 [7]  6b0470fd.9e0 3 s=2026-11-23 16:59:40 UTC v=3/1 x=0 \
                    i=idle in transaction e=00000 Q=-12 b=client backend|li na@crm db 10.0.0.1(5) [local] a=DBeaver 24 - <x> 100% LOG:  hello";
        let start = read(pattern, line).expect("is read");
        assert_eq!((start.label, start.text), (Label::Message(Severity::Log), "hello"));
        let head = start.head;
        assert_eq!((head.time, head.epoch), (Some("2026-11-23 16:59:41 +08"), Some("1795539581.856")));
        assert_eq!((head.pid, head.session, head.number), (Some("7"), Some("6b0470fd.9e0"), Some("3")));
        assert_eq!((head.user, head.database), (Some("li na"), Some("crm db")));
        assert_eq!((head.remote, head.host), (Some("10.0.0.1(5)"), Some("[local]")));
        assert_eq!((head.application, head.state), (Some("DBeaver 24 - <x>"), Some("00000")));
        assert_eq!(head.start, Some("2026-11-23 16:59:40 UTC"));
    }

    #[test]
    fn padding_comes_off() {
        let line = "2026-11-23 16:59:41 UTC     7 li_na      |       crm| LOG:  x";
        let head = head("%t %5p %-10u |%10d| ", line);
        assert_eq!((head.pid, head.user, head.database), (Some("7"), Some("li_na"), Some("crm")));
    }

    #[test]
    fn processes_without_a_session_stop_early() {
        let pattern = "%m [%p] %q%u@%d ";
        assert_eq!(head(pattern, "2026-11-23 16:59:41.856 UTC [7] LOG:  checkpoint a@b LOG:  x").user, None);
        assert_eq!(head(pattern, "2026-11-23 16:59:41.856 UTC [7] a@b LOG:  x").user, Some("a"));
        assert_eq!(head(pattern, "2026-11-23 16:59:41.856 UTC [7] [unknown]@[unknown] LOG:  x").user, None);
    }

    #[test]
    fn prefixes_of_providers_are_read() {
        let rds = head("%t:%r:%u@%d:[%p]:", "2026-11-23 16:59:41 UTC:10.0.0.1(63661):postgres@db:[17796]:STATEMENT:  x");
        assert_eq!((rds.remote, rds.user, rds.pid), (Some("10.0.0.1(63661)"), Some("postgres"), Some("17796")));
        assert_eq!(head("%t:%r:%u@%d:[%p]:", "2026-11-23 16:59:41 +08:::1(5):a@b:[7]:LOG:  x").remote, Some("::1(5)"));
        assert_eq!(head("%t:%r:%u@%d:[%p]:", "2026-11-23 16:59:41 UTC::@:[7]:LOG:  x").user, None);
        let azure = head("%t-%c-", "2026-11-23 16:59:41 UTC-6b0470fd.9e0-LOG:  x");
        assert_eq!(azure.session, Some("6b0470fd.9e0"));
        assert_eq!(head("%t-%c-", "2026-11-23 16:59:41 -03-6b0470fd.9e0-LOG:  x").session, Some("6b0470fd.9e0"));
        let flexible = "2026-11-23 16:59:41 UTC:10.0.0.1(6):a@b:[7]:DBeaver: x:00000LOG:  00000: AUDIT: y";
        let head = head("%t:%r:%u@%d:[%p]:%a:%e", flexible);
        assert_eq!((head.application, head.state), (Some("DBeaver: x"), Some("00000")));
    }

    #[test]
    fn what_does_not_fit_is_not_read_and_costs_little() {
        for line in ["", "LOG:  x", "2026-11-23 16:59:41.856 UTC [7] x", "2026-11-23 16:59:41.856 UTC 7 LOG:  x", "\u{65e5}"] {
            assert_eq!(read("%m [%p] ", line), None, "{line}");
        }
        let hostile = format!("2026-11-23 16:59:41 UTC {}", "a@ ".repeat(10_000));
        assert_eq!(read("%t %u@%d %a@%h %i %b %u ", &hostile), None);
        assert_eq!(read("", "日志:  x").map(|start| start.text), Some("x"));
    }
}
