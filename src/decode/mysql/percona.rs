//! A record of Percona's audit plugin, in whatever form it was written: its fields by their names.
//!
//! The plugin `audit_log` writes one record a statement, at its end. `audit_log_filter` and MySQL Enterprise write XML of the
//! same form with several records a statement; they number them with `RECORD_ID` instead of `RECORD`.

use crate::decode::IgnoredReason;
use crate::decode::mysql::assembler::{Event, EventPosition, StatementAssembler, Step};
use crate::decode::mysql::session::SessionIdentity;
use crate::decode::mysql::time;
use crate::decode::{DecodeError, Decoded, Decoder, Emit, Raw, SequenceNumber};
use hashbrown::HashMap;
use std::borrow::Cow;

/// The fields of a record, names in lower case.
pub(super) type Fields<'a> = HashMap<Cow<'a, str>, Cow<'a, str>>;

/// What a command of the protocol is to an auditor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Statement,
    Prepare,
    Login,
    Leave,
    /// A replica's or a backup's stream of everything.
    Dump,
    Nothing,
}

impl Command {
    /// By its name: `Query`, `Change user`.
    pub(super) fn of(name: &str) -> Command {
        Command::of_plain(&plain(name))
    }

    fn of_plain(name: &str) -> Command {
        match name {
            "prepare" => Command::Prepare,
            "connect" | "changeuser" => Command::Login,
            "quit" | "disconnect" => Command::Leave,
            "binlogdump" | "binlogdumpgtid" | "tabledump" | "clone" => Command::Dump,
            // A fetch goes on with an execute that was told.
            "initdb" | "fieldlist" | "ping" | "statistics" | "closestmt" | "resetstmt" | "longdata" | "fetch" | "setoption" | "sleep"
            | "shutdown" | "daemon" | "debug" | "time" | "refresh" | "processlist" | "error" | "registerslave" | "registerreplica"
            | "resetconnection" | "delayedinsert" => Command::Nothing,
            _ => Command::Statement,
        }
    }
}

/// Names are spelt with and without spaces.
fn plain(name: &str) -> String {
    if name.is_ascii() {
        return name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a record tells goes to the statements under way.
pub(super) fn take(joined: &mut StatementAssembler, fields: &Fields<'_>, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
    let field = |name: &str| fields.get(name).map_or("", |value| value.trim());
    let missing = |field: &'static str| DecodeError::Field { field, rule: "must be there".to_owned() };
    let name = fields.get("name").ok_or_else(|| missing("name"))?;
    let time = time::utc(fields.get("timestamp").ok_or_else(|| missing("timestamp"))?)?;
    let number = |name: &'static str| match field(name) {
        "" => Ok(0),
        text => text.parse::<i64>().map_err(|_| DecodeError::Field { field: name, rule: "must be a number".to_owned() }),
    };
    let code = number("status")?;
    let connection = field("connection_id");
    // Numbers begin anew with the file, and through syslog with the server: only with the second do they not come again.
    let one_a_statement = fields.contains_key("record");
    let record = if one_a_statement { field("record") } else { field("record_id") };
    // A number and when the file (or the server) began: `22567_2021-06-30T16:10:09`.
    if let Some((number, stream)) = record.split_once('_').filter(|_| one_a_statement)
        && let Ok(number) = number.parse()
    {
        emit(Decoded::Numbered(SequenceNumber { stream, number, time, position: raw.position, hash: raw.hash }));
    }
    let id = (!record.is_empty()).then(|| format!("{record}/{time}/{connection}"));
    let place = EventPosition::new(raw, time, connection, id);
    let who = SessionIdentity::new(field("user"), field("host"), field("ip"), field("db"));
    let text = fields.get("sqltext").map_or("", |text| text);
    let event = |step: Step, place: EventPosition, who: SessionIdentity| Event {
        step,
        place,
        who,
        text: text.to_owned(),
        class: field("command_class").to_owned(),
        cut: false,
    };
    let statement = if one_a_statement { Step::Status(code, None) } else { Step::General(code) };
    let kind = plain(name);
    match kind.as_str() {
        "audit" | "noaudit" | "commandstart" | "preauthenticate" | "querynestedstart" | "storedprogram" | "message" | "preparse"
        | "postparse" | "parse" | "variableget" => emit(raw.ignored(IgnoredReason::OtherEvent)),
        "commandend" => {
            joined.close(connection, emit);
            emit(raw.ignored(IgnoredReason::Continuation));
        }
        "querystart" => joined.take(event(Step::Start, place, who), emit),
        "querystatusend" => joined.take(event(Step::End(code), place, who), emit),
        "querynestedstatusend" => joined.nested(event(Step::Status(code, None), place, who), emit),
        table @ ("tableread" | "read" | "tableinsert" | "insert" | "tableupdate" | "update" | "tabledelete" | "delete")
            if fields.contains_key("table") =>
        {
            let touched = format!("{}.{}", field("db"), field("table"));
            let mut event = event(Step::Table(touched, !table.ends_with("read")), place, who);
            // The table's database is not always that of the session.
            event.who.database = None;
            joined.take(event, emit);
        }
        kind if kind.starts_with("auth") => emit(raw.ignored(IgnoredReason::OtherEvent)),
        "variableset" => {
            let text = format!("SET GLOBAL {}", field("variable_name"));
            joined.nested(Event { text, ..event(Step::Status(code, None), place, who) }, emit);
        }
        kind => match Command::of_plain(kind) {
            Command::Login => joined.login(&place, who, code, emit),
            Command::Leave => {
                joined.leave(connection, emit);
                emit(raw.ignored(IgnoredReason::Session));
            }
            Command::Dump => joined.dump(&place, who, emit),
            Command::Prepare if code == 0 => emit(raw.ignored(IgnoredReason::DuplicateEvent)),
            Command::Statement | Command::Prepare => joined.take(event(statement, place, who), emit),
            Command::Nothing => emit(raw.ignored(IgnoredReason::NotDataAccess)),
        },
    }
    Ok(())
}

/// Takes away the name of the program that some readers of syslog leave before an object: `percona-audit: {…`.
pub(super) fn unprefixed(inner: Box<dyn Decoder>) -> Box<dyn Decoder> {
    Box::new(Unprefixed { inner })
}

struct Unprefixed {
    inner: Box<dyn Decoder>,
}

impl Decoder for Unprefixed {
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        self.inner.decode(Raw { bytes: without_prefix(raw.bytes), ..raw }, emit)
    }

    fn flush(&mut self, emit: &mut Emit<'_>) {
        self.inner.flush(emit);
    }

    fn is_record_incomplete(&self) -> bool {
        self.inner.is_record_incomplete()
    }
}

/// The line without the name of a program before its object.
pub(super) fn without_prefix(line: &[u8]) -> &[u8] {
    let word = line.iter().take(64).position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))).unwrap_or(0);
    match line[word..].strip_prefix(b": ") {
        Some(rest) if word > 0 && rest.starts_with(b"{") => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_by_their_names() {
        assert_eq!(["Query", "Execute", "SELECT"].map(Command::of), [Command::Statement; 3]);
        assert_eq!(["Change user", "Connect", "CHANGE_USER"].map(Command::of), [Command::Login; 3]);
        assert_eq!(["Init DB", "Ping", "Close stmt"].map(Command::of), [Command::Nothing; 3]);
        assert_eq!(
            [Command::of("Quit"), Command::of("Prepare"), Command::of("Binlog Dump GTID")],
            [Command::Leave, Command::Prepare, Command::Dump]
        );
    }

    #[test]
    fn the_name_of_a_program_comes_off() {
        assert_eq!(without_prefix(b"percona-audit: {\"a\":1}"), b"{\"a\":1}");
        for text in ["{\"a\": {}}", ": {", "\"timestamp\": {", "a b: {", "", "abc", "a: ["] {
            assert_eq!(without_prefix(text.as_bytes()), text.as_bytes(), "{text}");
        }
    }
}
