//! One line of MariaDB's `server_audit`, taken apart.

use crate::decode::DecodeError;
use std::borrow::Cow;

/// What lines tell of, by the seventh field.
const OPERATIONS: [&str; 14] = [
    "CONNECT",
    "FAILED_CONNECT",
    "PROXY_CONNECT",
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
    /// The name of a login that failed holds what looks like the rest of a line.
    pub forged: bool,
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
        forged: false,
    };
    if let Some(refused) = refused_login(&line, text) {
        return Ok(refused);
    }
    rest(line, &text[at..]).ok_or_else(|| refuse("no object and code at their places"))
}

/// How much of the end of a line tells of a login that was refused.
const LONGEST_REFUSAL: usize = 200;

/// The line of a login that was refused, where its name (which whoever connects may choose) holds commas, and so what looks like the line
/// of another. Behind a statement there is nothing of that look.
fn refused_login<'a>(line: &Line<'a>, text: &'a str) -> Option<Line<'a>> {
    const OPERATION: &str = ",FAILED_CONNECT,";
    if line.operation == "FAILED_CONNECT" {
        return None;
    }
    let end = text.len().saturating_sub(LONGEST_REFUSAL);
    let at = end + memchr::memmem::rfind(&text.as_bytes()[end..], OPERATION.as_bytes())?;
    if text[at..].contains('\'') {
        return None;
    }
    let mut commas = memchr::memrchr_iter(b',', &text.as_bytes()[..at]);
    let (query, connection, host) = (commas.next()?, commas.next()?, commas.next()?);
    let user = line.user.as_ptr().addr() - text.as_ptr().addr();
    let refused = Line {
        user: text.get(user..host)?,
        host: &text[host + 1..connection],
        connection: &text[connection + 1..query],
        query: text[query + 1..at].parse().ok()?,
        operation: "FAILED_CONNECT",
        forged: true,
        ..line.clone()
    };
    rest(refused, &text[at + OPERATION.len()..])
}

/// Whether a text is such a line and nothing around it: behind a header of syslog it is one too, but its time stands there.
pub(super) fn is_bare(text: &str) -> bool {
    let first = text.split(',').next().unwrap_or("");
    !text.contains('\n') && !text.starts_with(['<', '{']) && !first.contains(": ") && parse(text).is_ok()
}

/// What follows the operation: `database,'statement',code`, `database,table,`, `database,,code`. Amazon's builds put further
/// fields behind (`,,` after statements, how the connection is secured after logins), MariaDB 12 the version of TLS.
fn rest<'a>(line: Line<'a>, rest: &'a str) -> Option<Line<'a>> {
    if line.operation == "QUERY" {
        let at = rest.find(",'")?;
        // Quotes inside of a statement are escaped, so that the last one ends it.
        let end = memchr::memrchr(b'\'', rest.as_bytes()).filter(|end| *end > at + 1)?;
        let logged = &rest[at + 2..end];
        let (object, keeps_lines) = unescape(logged);
        let code = code_and_more(rest[end + 1..].strip_prefix(',')?)?;
        return Some(Line { database: &rest[..at], object, keeps_lines, logged: logged.len(), code, ..line });
    }
    let (database, tail) = rest.split_once(',')?;
    let (first, more) = tail.split_once(',')?;
    let (object, code) = match code_and_more(more) {
        Some(code) => (first, code),
        // A table whose name holds a comma.
        None => tail.rsplit_once(',').and_then(|(object, code)| Some((object, code_and_more(code)?)))?,
    };
    Some(Line {
        database,
        code,
        object: Cow::Borrowed(object.strip_prefix('\'').and_then(|o| o.strip_suffix('\'')).unwrap_or(object)),
        ..line
    })
}

/// A code, which may be left out, and fields behind it.
fn code_and_more(text: &str) -> Option<i64> {
    let code = text.split(',').next().unwrap_or("").trim();
    if code.is_empty() { Some(0) } else { code.parse().ok() }
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
    fn a_login_that_fails_is_nobody_whom_its_name_holds() {
        let name = "li,10.0.0.7,9,7,QUERY,crm,'SELECT name FROM t',0";
        let line = parse(&format!("20261123 17:12:38,vm,{name},evil,160,0,FAILED_CONNECT,,,1045")).map(|line| line.operation.to_owned());
        assert_eq!(line.as_deref(), Ok("FAILED_CONNECT"));
        for name in [name, "li,10.0.0.7,9,7,READ,crm,customers"] {
            let text = format!("20261123 17:12:38,vm,{name},evil,160,0,FAILED_CONNECT,,,1045");
            let line = parse(&text).expect("is a line");
            assert_eq!((line.user, line.host, line.connection, line.code, line.forged), (name, "evil", "160", 1045, true));
        }
        let plain = parse("20261123 17:12:35,vm,li,h,1,2,QUERY,crm,'SELECT \\',1,0,FAILED_CONNECT,,,1\\'',0").expect("is a line");
        assert!(plain.operation == "QUERY" && !plain.forged && plain.user == "li");
    }

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
    fn fields_behind_the_code_say_nothing_of_the_statement() {
        let rds =
            parse(r"20260302 09:00:00,ip-10-0-0-1,li,10.0.0.9,33,60,QUERY,crm,'select \'a\',0,,\' from c',1064,,").expect("is a line");
        assert_eq!((rds.object.as_ref(), rds.code), ("select 'a',0,,' from c", 1064));
        for (rest, operation, code) in [
            ("60,QUERY,crm,'select 1',0,TLSv1.3,x", "QUERY", 0),
            ("0,DISCONNECT,crm,,0,SSL/TLS", "DISCONNECT", 0),
            ("0,CONNECT,crm,,1045,TCP/IP", "CONNECT", 1045),
            ("0,CONNECT,crm,,0,4", "CONNECT", 0),
            ("7,READ,crm,customers,,", "READ", 0),
            ("7,READ,crm,customers,,,", "READ", 0),
            ("7,READ,crm,a,b,", "READ", 0),
        ] {
            let text = format!("20260302 09:00:00,h,li,10.0.0.9:1,33,{rest}");
            let line = parse(&text).expect("is a line");
            assert_eq!((line.operation, line.code, line.database), (operation, code, "crm"), "{rest}");
        }
        assert_eq!(parse("20260302 09:00:00,h,li,h,33,7,READ,crm,a,b,").expect("is a line").object, "a,b");
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
