//! What is known of one connection of MariaDB: its user, its last statement, and the tables that wait for theirs.

use crate::decode::{Decoded, Emit};
use crate::decode::{Ignored, IgnoredReason};
use crate::model::access::{Operation, Position, RecordHash};
use crate::model::doubts::Doubts;
use crate::model::record::{Client, Dialect, Object, Record, Text};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;

/// What is known of a connection.
#[derive(Default)]
pub(super) struct Connection {
    /// Table lines whose statement has not been logged yet: the server logs it at its end.
    pub tables: Vec<TableLine>,
    /// The last statement: its query id, its text, and how many of that id there were.
    pub last: Option<(u64, String, u32)>,
    /// Highest query id of a statement since the last call.
    pub highest: u64,
    /// Who is connected. The table lines of a procedure may name its definer instead.
    pub user: Option<String>,
}

/// One table that a statement touched.
pub(super) struct TableLine {
    pub query: u64,
    pub table: String,
    pub written: bool,
    pub origin: LineOrigin,
}

/// Where a line stands and who is behind it.
#[derive(Clone)]
pub(super) struct LineOrigin {
    pub position: Position,
    pub hash: RecordHash,
    pub length: u32,
    pub time: Timestamp,
    pub doubts: Doubts,
    pub signs: Signs,
    pub server: String,
    pub connection: String,
    pub user: String,
    pub host: String,
    pub database: String,
}

impl LineOrigin {
    /// The line is passed over.
    pub fn ignored(&self, reason: IgnoredReason) -> Decoded<'static> {
        Decoded::Ignored(Ignored { position: self.position, lines: 1, reason })
    }

    pub fn record(&self, query: u64, part: u32) -> Record<'static> {
        let text = |text: &str| Some(Text::Owned(text.to_owned())).filter(|text| !text.is_empty());
        let mut record = Record::new(self.position, self.hash, self.time);
        record.length = self.length;
        record.account = text(&self.user);
        record.system = text(&self.database).or_else(|| text(&self.server));
        record.session = text(&self.connection);
        (record.doubts, record.signs) = (self.doubts, self.signs);
        let named = without_port(&self.host);
        let is_address = named.parse::<core::net::IpAddr>().is_ok();
        let (ip, host) = if is_address { (text(named), None) } else { (None, text(named)) };
        record.client = Client { ip, host, app: None };
        record.dialect = Dialect::MySql;
        // Connection and query ids begin anew with the server: together with the second they do not come again. Logins have none.
        if query > 0 {
            record.id = Some(Text::Owned(format!("{}/{}/{}/{query}/{part}", self.time, self.server, self.connection)));
        }
        record
    }
}

/// MariaDB writes the client's port behind its host since version 12: each connection has another, from one and the same device.
fn without_port(host: &str) -> &str {
    let named = match host.rsplit_once(':') {
        Some((named, port)) if !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) => named,
        _ => return host,
    };
    let bare = named.strip_prefix('[').and_then(|named| named.strip_suffix(']')).unwrap_or(named);
    // An address of version 6 ends in such a number itself.
    if bare.contains(':') && bare.len() == named.len() && host.parse::<core::net::IpAddr>().is_ok() { host } else { bare }
}

impl Connection {
    /// Tables whose statement never came: it was not logged, or lies beyond the end of the log.
    pub fn give_up(&mut self, emit: &mut Emit<'_>) {
        let mut tables = std::mem::take(&mut self.tables);
        tables.retain(|table| {
            let own = table.table.to_ascii_lowercase().starts_with("mysql.");
            if own {
                emit(table.origin.ignored(IgnoredReason::NotDataAccess));
            }
            !own
        });
        while let Some(first) = tables.first() {
            let query = first.query;
            let (own, others): (Vec<TableLine>, Vec<TableLine>) = tables.into_iter().partition(|table| table.query == query);
            tables = others;
            let read = own.iter().any(|table| !table.written);
            let Some(first) = own.first() else { break };
            // The part keeps it apart from the statement, should that come later.
            let mut record = first.origin.record(query, u32::MAX);
            if let Some(user) = &self.user {
                record.account = Some(Text::Owned(user.clone()));
            }
            record.operation = if read { Operation::Read } else { Operation::Write };
            record.objects = own.iter().map(|table| Object { table: Text::Owned(table.table.clone()), columns: None }).collect();
            emit(record.into());
            own.iter().skip(1).for_each(|table| emit(table.origin.ignored(IgnoredReason::Continuation)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_client_is_no_part_of_its_name() {
        for (host, named) in [
            ("10.0.0.9:51234", "10.0.0.9"),
            ("10.0.0.9", "10.0.0.9"),
            ("db1:3306", "db1"),
            ("[fe80::1]:51234", "fe80::1"),
            ("fe80::1", "fe80::1"),
            ("2001:db8:0:0:0:0:0:1:51234", "2001:db8:0:0:0:0:0:1"),
            ("localhost", "localhost"),
            ("a:b", "a:b"),
            (":", ":"),
            ("", ""),
        ] {
            assert_eq!(without_port(host), named, "{host}");
        }
    }
}
