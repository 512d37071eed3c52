//! One line of MariaDB's `server_audit`, taken apart.

use crate::decode::DecodeError;
use std::borrow::Cow;

/// What lines tell of, by the seventh field.
const OPERATIONS: [&str; 13] = [
    "CONNECT",
    "FAILED_CONNECT",
    "DISCONNECT",
    "CHANGEUSER",
    "CHANGE_USER",
    "QUERY",
    "READ",
    "WRITE",
    "CREATE",
    "DROP",
    "ALTER",
    "RENAME",
    "AUTHENTICATION",
];

/// A line. Fields are separated by commas that nothing escapes but the quotes around a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line<'a> {
    /// The time as written; `None` in syslog, where it stands in the header.
    pub time: Option<&'a str>,
    pub server: &'a str,
    pub user: &'a str,
    pub host: &'a str,
    pub connection: &'a str,
    pub query: u64,
    pub operation: &'a str,
    pub database: &'a str,
    /// The table, or the statement without its escapes.
    pub object: Cow<'a, str>,
    /// Length of the statement as logged, with its escapes: what the limit of the log counts.
    pub logged: usize,
    /// The statement holds line ends: this server does not turn them into spaces.
    pub keeps_lines: bool,
    pub code: i64,
}

/// Takes a line apart.
pub(super) fn parse(text: &str) -> Result<Line<'_>, DecodeError> {
    let refuse = |what: &str| DecodeError::Form { expected: "a line of server_audit", what: what.to_owned() };
    let text = text.trim_end_matches(['\n', '\r']);
    let mut fields = [""; 7];
    let mut at = 0;
    for field in &mut fields {
        let len = memchr::memchr(b',', &text.as_bytes()[at..]).ok_or_else(|| refuse("fields are missing"))?;
        *field = &text[at..at + len];
        at += len + 1;
        // In syslog the time does not stand in the line, and the operation is its sixth field.
        if OPERATIONS.contains(field) {
            break;
        }
    }
    let is_time = |field: &str| field.len() >= 10 && field.starts_with(|c: char| c.is_ascii_digit());
    let (time, [server, user, host, connection, query, operation]) = match fields {
        [time, rest @ ..] if OPERATIONS.contains(&rest[5]) && is_time(time) => (Some(time), rest),
        // `info server`, and the text that the settings put before it.
        [info, user, host, connection, query, operation, ""] if OPERATIONS.contains(&operation) => {
            (None, [info.rsplit(' ').next().unwrap_or(""), user, host, connection, query, operation])
        }
        _ => return Err(refuse("no operation at its place")),
    };
    let is_number = |field: &str| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    // Nothing of an envelope around the line.
    let is_name = |name: &str| !name.is_empty() && !name.contains(['{', '"', '<', '>', ':', '=', '\'', '(']);
    if !is_name(server) {
        return Err(refuse("no server at its place"));
    }
    let query_id = query.parse().ok().filter(|_| is_number(connection)).ok_or_else(|| refuse("no connection and query at their places"))?;
    let line = Line {
        time,
        server,
        user,
        host,
        connection,
        query: query_id,
        operation,
        database: "",
        object: Cow::Borrowed(""),
        logged: 0,
        keeps_lines: false,
        code: 0,
    };
    rest(line, &text[at..]).ok_or_else(|| refuse("no object and code at their places"))
}

/// Whether a text is such a line and nothing around it: behind a header of syslog it is one too, but its time stands there.
pub(super) fn is_bare(text: &str) -> bool {
    let first = text.split(',').next().unwrap_or("");
    !text.contains('\n') && !text.starts_with(['<', '{']) && !first.contains(": ") && parse(text).is_ok()
}

/// What follows the operation: `database,'statement',code`, `database,table,`, `database,,code`.
fn rest<'a>(line: Line<'a>, rest: &'a str) -> Option<Line<'a>> {
    let (body, code) = rest.rsplit_once(',')?;
    let code = if code.is_empty() { 0 } else { code.trim().parse().ok()? };
    let (database, object) = match body.find(",'").filter(|_| line.operation == "QUERY") {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => body.split_once(',')?,
    };
    let line = Line { database, code, ..line };
    match object.strip_prefix('\'') {
        Some(quoted) => {
            let logged = quoted.strip_suffix('\'')?;
            let (object, keeps_lines) = unescape(logged);
            Some(Line { object, keeps_lines, logged: logged.len(), ..line })
        }
        None if line.operation == "QUERY" => None,
        None => Some(Line { object: Cow::Borrowed(object), ..line }),
    }
}

/// Undoes `\'`, `\\`, `\n`; gives whether line ends were among them.
fn unescape(logged: &str) -> (Cow<'_, str>, bool) {
    if !logged.contains('\\') {
        return (Cow::Borrowed(logged), false);
    }
    let mut text = String::with_capacity(logged.len());
    let mut lines = false;
    let mut characters = logged.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => {
                text.push('\n');
                lines = true;
            }
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('0') => text.push('\0'),
            Some('b') => text.push('\u{8}'),
            Some('Z') => text.push('\u{1a}'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    (Cow::Owned(text), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files_are_taken_apart() {
        let text = r"20261123 17:12:35,vm,app_crm,localhost,114,835,QUERY,corebank,'SELECT \'a,b\',\n\t\\% FROM c',1064";
        let line = parse(text).expect("is a line");
        assert_eq!((line.time, line.server, line.user, line.host), (Some("20261123 17:12:35"), "vm", "app_crm", "localhost"));
        assert_eq!((line.connection, line.query, line.operation, line.database), ("114", 835, "QUERY", "corebank"));
        assert_eq!((line.object.as_ref(), line.code, line.keeps_lines), ("SELECT 'a,b',\n\t\\% FROM c", 1064, true));
        assert_eq!(line.logged, r"SELECT \'a,b\',\n\t\\% FROM c".len());
        let table = parse("20261123 17:12:35,vm,root,localhost,127,915,READ,corebank,客户信息,").expect("is a line");
        assert_eq!((table.operation, table.database, table.object.as_ref()), ("READ", "corebank", "客户信息"));
        let failed = parse("20261123 17:12:38,vm,nobody,localhost,160,0,FAILED_CONNECT,,,1045").expect("is a line");
        assert_eq!((failed.operation, failed.database, failed.code), ("FAILED_CONNECT", "", 1045));
        let renamed = parse("20261123 17:12:38,vm,u,h,1,2,RENAME,a,b|c.d,").expect("is a line");
        assert_eq!((renamed.database, renamed.object.as_ref()), ("a", "b|c.d"));
    }

    #[test]
    fn lines_of_syslog_have_no_time_and_perhaps_a_text_before_them() {
        for text in
            [" vm,u,h,113,828,QUERY,d,'SELECT 1',0", "prod 7 vm,u,h,113,828,QUERY,d,'SELECT 1',0", "vm,u,h,113,828,QUERY,d,'SELECT 1',0"]
        {
            let line = parse(text).expect("is a line");
            assert_eq!((line.time, line.server, line.object.as_ref()), (None, "vm", "SELECT 1"), "{text}");
        }
        assert_eq!(parse("vm,u,h,113,0,CONNECT,d,,0").expect("is a line").operation, "CONNECT");
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for text in [
            "",
            ",,,,,,,,,",
            "20261123 17:12:35,vm,u,h,1,2,QUERY,d,SELECT 1,0",
            "20261123 17:12:35,vm,u,h,1,2,QUERY,d,'SELECT 1,0",
            "20261123 17:12:35,vm,u,h,1,2,QUERY,d,'",
            "20261123 17:12:35,vm,u,h,x,2,QUERY,d,'SELECT 1',0",
            "20261123 17:12:35,vm,u,h,1,2,OTHER,d,'SELECT 1',0",
            "20261123 17:12:35,vm,u,h,1,2,QUERY,d,'SELECT 1',x",
            "SELECT a,b,c,d,e,f,g,h FROM x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
