//! `hdfs-audit`: the audit log of HDFS's NameNode (`FSNamesystem.audit`).
//!
//! **Switch on**, in `hadoop-env.sh` or `log4j.properties`:
//!
//! ```ini
//! hdfs.audit.logger=INFO,RFAAUDIT
//! ```
//!
//! Times have no zone: set `[time] zone` or the zone of the format, else they are read as UTC.
//!
//! **Tells**: user, client, command and path. A table is the path, so a catalog says `table = "/warehouse/crm.db/customers/*"`.
//! **Does not tell**: rows, bytes, columns, which person; how much of a file was read is unknown.
//!
//! **Counted**: one line is one access. The user is the effective one in front, the person: of `li_na (auth:PROXY) via hive
//! (auth:KERBEROS)` it is `li_na`, and `hive` stands as the program. Looks at names alone (`listStatus`, `getfileinfo`) read no content and
//! are passed over.
//!
//! **Refused**: a line without `allowed=`, `ugi=`, `cmd=` or a time.
//!
//! **Example**:
//!
//! ```text
//! 2026-03-02 09:14:05,462 INFO FSNamesystem.audit: allowed=true ugi=li_na (auth:PROXY) via hive/node1@CORP.EXAMPLE (auth:KERBEROS) ip=/10.0.0.7 cmd=open src=/warehouse/crm.db/customers/part-00000.parquet dst=null perm=null proto=rpc
//! ```

use crate::decode::{DecodeError, Decoder, Emit, Format, IgnoredReason, Raw, json, tree};
use crate::model::access::Operation;
use crate::model::record::{EventOutcome, Object};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// `hdfs-audit`.
pub const FORMAT: Format = Format {
    name: "hdfs-audit",
    recognised_by: "`allowed=`, `ugi=`, `ip=`, `cmd=` and `src=` on a line",
    stateless: true,
    decoder: |settings| Box::new(Hdfs { zone: settings.zone.clone() }),
    recognises,
};

const EXPECTED: &str = "a line of HDFS's audit log";
const KEYS: [&str; 10] = ["allowed=", "ugi=", "ip=", "cmd=", "src=", "dst=", "perm=", "proto=", "callerContext=", "trackingId="];

struct Hdfs {
    zone: Option<TimeZone>,
}

impl Decoder for Hdfs {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        // A message may hold several lines, and one that is no record must not take its neighbours along.
        let mut result = Ok(());
        for line in json::text(raw)?.lines().filter(|line| !line.trim().is_empty()) {
            result = result.and(self.line(Raw { bytes: line.as_bytes(), ..raw }, line, emit));
        }
        result
    }
}

impl Hdfs {
    fn line(&self, raw: Raw<'_>, text: &str, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        let text = text.trim_end();
        let refuse = |what: &str| DecodeError::Form { expected: EXPECTED, what: what.to_owned() };
        let fields = Fields::of(text).ok_or_else(|| refuse("fields are missing"))?;
        // `2020-08-15 04:08:44,462 INFO …`; nothing where syslog took it.
        let end = memchr::memchr_iter(b' ', text.as_bytes()).nth(1).unwrap_or(0);
        let stamp = text.get(..end).filter(|stamp| stamp.starts_with(|c: char| c.is_ascii_digit()));
        let time = tree::time(raw, "time", stamp, self.zone.as_ref())?;
        let command = fields.command.split_whitespace().next().unwrap_or("");
        let Some(operation) = operation(command, fields.command) else {
            emit(raw.ignored(IgnoredReason::NotDataAccess));
            return Ok(());
        };
        let mut record = tree::record(raw, time);
        record.operation = operation;
        let (user, proxy) = who(fields.user);
        record.account = Some(user).filter(|user| !user.is_empty()).map(|user| Cow::Owned(user.to_owned()));
        record.client.app = proxy.map(|proxy| Cow::Owned(proxy.to_owned()));
        // `host/10.0.0.1` where the name is known.
        let (host, ip) = fields.ip.split_once('/').unwrap_or(("", fields.ip));
        let said = |text: &str| Some(text).filter(|text| !text.is_empty() && *text != "null").map(|text| Cow::Owned(text.to_owned()));
        (record.client.host, record.client.ip) = (said(host), said(ip));
        let table = |path: &str| said(path).map(|path| Object { table: Cow::Owned(plain(&path)), columns: None });
        record.objects = [fields.source, fields.target].into_iter().filter_map(table).collect();
        record.outcome = if fields.allowed == "true" { EventOutcome::Success } else { EventOutcome::Refused };
        emit(record.into());
        Ok(())
    }
}

/// A path as the catalog speaks of it: log4j writes what is not ASCII as `\u5BA2`, a snapshot holds the files of its directory, and
/// `/.reserved/raw` is another door to the same file.
fn plain(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut units = Vec::new();
    let mut rest = path;
    while let Some(at) = find(rest, "\\u") {
        let Some(unit) = rest.get(at + 2..at + 6).and_then(|digits| u16::from_str_radix(digits, 16).ok()) else { break };
        if at > 0 {
            flush_units(&mut units, &mut text);
            text.push_str(&rest[..at]);
        }
        units.push(unit);
        rest = &rest[at + 6..];
    }
    flush_units(&mut units, &mut text);
    text.push_str(rest);
    let text = text.strip_prefix("/.reserved/raw").filter(|rest| rest.starts_with('/')).map(str::to_owned).unwrap_or(text);
    let snapshot = find(&text, SNAPSHOT).map(|at| (&text[..at], &text[at + SNAPSHOT.len()..]));
    match snapshot {
        Some((before, after)) => match after.split_once('/') {
            Some((_, within)) => format!("{before}/{within}"),
            None => before.to_owned(),
        },
        None => text,
    }
}

const SNAPSHOT: &str = "/.snapshot/";

fn flush_units(units: &mut Vec<u16>, text: &mut String) {
    text.extend(char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

struct Fields<'a> {
    allowed: &'a str,
    user: &'a str,
    ip: &'a str,
    command: &'a str,
    source: &'a str,
    target: &'a str,
}

impl<'a> Fields<'a> {
    /// Fields stand in one order, with tabs between (spaces where a carrier changed them). A path may hold anything, so each key is
    /// looked for after the one before, and tabs tell where there are some.
    fn of(text: &'a str) -> Option<Fields<'a>> {
        let mut rest = &text[find(text, KEYS[0])?..];
        let separator = if memchr::memchr(b'\t', rest.as_bytes()).is_some() { b'\t' } else { b' ' };
        let mut found = [""; KEYS.len()];
        for (at, key) in KEYS.iter().enumerate() {
            let Some(after) = rest.strip_prefix(key) else { continue };
            // The first letters tell nearly every word apart.
            let is_next = |rest: &str| {
                let first = rest.as_bytes().first();
                KEYS[at + 1..].iter().any(|next| first == next.as_bytes().first() && rest.starts_with(next))
            };
            let end = memchr::memchr_iter(separator, after.as_bytes()).find(|end| is_next(after[end + 1..].trim_start()));
            found[at] = after[..end.unwrap_or(after.len())].trim();
            rest = end.map_or("", |end| after[end + 1..].trim_start());
        }
        let [allowed, user, ip, command, source, target, ..] = found;
        (!allowed.is_empty() && !user.is_empty() && !command.is_empty()).then_some(Fields { allowed, user, ip, command, source, target })
    }
}

const VIA: &str = " via ";

/// Where a text stands in a short one.
fn find(text: &str, what: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), what.as_bytes())
}

/// The person and the service that acts for them. `(auth:…)` says how they were known.
fn who(user: &str) -> (&str, Option<&str>) {
    let bare = |text: &'_ str| find(text, " (auth:").unwrap_or(text.len());
    match find(user, VIA).map(|at| (&user[..at], &user[at + VIA.len()..])) {
        Some((person, proxy)) => (person[..bare(person)].trim(), Some(proxy[..bare(proxy)].trim())),
        None => (user[..bare(user)].trim(), None),
    }
}

/// What a command does; `None` for looks at names and for the file system's own affairs.
fn operation(command: &str, whole: &str) -> Option<Operation> {
    Some(match command {
        "getfileinfo"
        | "listStatus"
        | "contentSummary"
        | "getAclStatus"
        | "getXAttrs"
        | "listXAttrs"
        | "checkAccess"
        | "quotaUsage"
        | "isFileClosed"
        | "datanodeReport"
        | "getStoragePolicy"
        | "listCachePools"
        | "listCacheDirectives"
        | "getEZForPath"
        | "listOpenFiles"
        | "computeSnapshotDiff"
        | "safemode_get"
        | "mkdirs"
        | "setTimes" => return None,
        "open" => Operation::Read,
        // A move to the trash is a deletion.
        "rename" if whole.contains("TO_TRASH") => Operation::Delete,
        "delete" => Operation::Delete,
        "create" | "append" | "rename" | "concat" | "truncate" | "createSymlink" | "completeFile" => Operation::Write,
        command if command.starts_with("set") || command.contains("Acl") || command.contains("Snapshot") => Operation::Admin,
        _ => Operation::Other,
    })
}

fn recognises(line: &[u8]) -> bool {
    let Some(start) = memchr::memmem::find(line, b"allowed=") else { return false };
    // JSON and XML carry such a line in a text of theirs.
    if line.trim_ascii_start().starts_with(b"{") || line.trim_ascii_start().starts_with(b"<") {
        return false;
    }
    let mut rest = &line[start..];
    [&b"ugi="[..], b"ip=", b"cmd=", b"src="].iter().all(|key| match memchr::memmem::find(rest, key) {
        Some(at) => {
            rest = &rest[at..];
            true
        }
        None => false,
    }) && tree::moment(std::str::from_utf8(line.get(..23).unwrap_or(b"")).unwrap_or(""), None).is_ok()
        || line.starts_with(b"allowed=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing;
    use crate::model::record::Record;

    fn line(allowed: bool, user: &str, command: &str, source: &str) -> String {
        format!(
            "2026-03-02 09:14:05,462 INFO FSNamesystem.audit: allowed={allowed}\tugi={user}\tip=/10.0.0.7\tcmd={command}\tsrc={source}\tdst=null\tperm=null\tproto=rpc"
        )
    }

    fn decode(lines: &[String]) -> Vec<Record<'static>> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (records, dead) = testing::decode(&FORMAT, &lines);
        assert_eq!(dead, []);
        records
    }

    #[test]
    fn a_line_tells_user_path_and_client() {
        let records = decode(&[line(true, "li@R (auth:KERBEROS)", "open", "/w/crm.db/a src=b\u{3000}c")]);
        let [record] = records.as_slice() else { panic!("one: {records:?}") };
        assert_eq!((record.time.to_string().as_str(), record.account.as_deref()), ("2026-03-02T09:14:05.462Z", Some("li@R")));
        assert_eq!(
            (record.client.ip.as_deref(), record.client.host.as_deref(), record.client.app.as_deref()),
            (Some("10.0.0.7"), None, None)
        );
        assert_eq!((record.objects.len(), record.objects[0].table.as_ref()), (1, "/w/crm.db/a src=b\u{3000}c"));
        assert_eq!((record.operation, record.outcome, record.rows), (Operation::Read, EventOutcome::Success, None));
    }

    #[test]
    fn behind_a_proxy_stands_a_person() {
        let records = decode(&[line(false, "li (auth:PROXY) via hive/h@R (auth:KERBEROS)", "open", "/a")]);
        assert_eq!(
            (records[0].account.as_deref(), records[0].client.app.as_deref(), records[0].outcome),
            (Some("li"), Some("hive/h@R"), EventOutcome::Refused)
        );
    }

    #[test]
    fn paths_are_the_catalogs_whatever_door_was_taken() {
        for (path, same) in [
            (r"/w/\u5BA2\u6237/\uD83D\uDE00.csv", "/w/客户/😀.csv"),
            ("/w/crm/.snapshot/s1/part-0", "/w/crm/part-0"),
            ("/w/crm/.snapshot/s1", "/w/crm"),
            ("/.reserved/raw/w/crm", "/w/crm"),
            (r"/w/\users\u12", r"/w/\users\u12"),
            ("/.reserved/.inodes/16398", "/.reserved/.inodes/16398"),
        ] {
            assert_eq!(plain(path), same);
        }
    }

    #[test]
    fn names_are_no_content_and_changes_no_reading() {
        let done = |command: &str| decode(&[line(true, "li (auth:SIMPLE)", command, "/a")]).first().map(|record| record.operation);
        assert_eq!((done("listStatus"), done("rename (options=[TO_TRASH])")), (None, Some(Operation::Delete)));
        assert_eq!(
            (done("rename"), done("setPermission"), done("unheardOf")),
            (Some(Operation::Write), Some(Operation::Admin), Some(Operation::Other))
        );
    }

    #[test]
    fn lines_are_recognised_and_others_are_not() {
        assert!(recognises(line(true, "li", "open", "/a").as_bytes()));
        assert!(recognises(b"allowed=true ugi=a (auth:SIMPLE) ip=/1 cmd=open src=/x dst=null perm=null"));
        assert!(!recognises(br#"{"message":"allowed=true ugi=a ip=/1 cmd=open src=/x"}"#));
        assert!(!recognises(b"2026-03-02 09:14:05 UTC LOG: statement: select 'allowed='"));
        let (records, dead) =
            testing::decode(&FORMAT, &["2026-03-02 09:14:05,462 INFO x: allowed=true\tugi=", "allowed=true\tugi=a\tcmd=open\tsrc=/a"]);
        assert_eq!((records.len(), dead.len()), (0, 2));
    }
}
