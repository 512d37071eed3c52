//! Sessions of pg_dump, which reads whole tables.

use crate::decode::postgresql::pending::{LineOrigin, PendingStatement};
use crate::model::access::Operation;
use crate::model::record::Record;
use crate::sql::split;

/// A session of pg_dump.
pub(super) struct Dump {
    origin: LineOrigin,
    /// A reading of it was seen, so it need not be told otherwise.
    seen: bool,
}

impl Dump {
    /// The dump whose session a statement betrays: pg_dump locks every table that it is going to read, and asks for all relations in
    /// words of its own.
    pub fn noticed(held: &PendingStatement) -> Option<Dump> {
        let named = held.origin.application.as_deref().is_some_and(|name| name.starts_with("pg_dump"));
        let locks = held.command == "LOCK TABLE" && held.text.ends_with(" IN ACCESS SHARE MODE");
        let asks = || held.text.contains("relkind IN ('r', 'S', 'v', 'c', 'm', 'f', 'p')");
        (named || locks || asks()).then(|| Dump { origin: held.origin.clone(), seen: false })
    }

    /// Notes what is told of one of its statements.
    pub fn saw(&mut self, held: &PendingStatement) {
        self.seen |= held.fetched || split::first_word(&held.statement).eq_ignore_ascii_case("copy");
    }

    /// A dump of which no reading is in the log has read all the same: COPY of a table leaves no plan.
    pub fn untold(self) -> Option<Record<'static>> {
        let mut record = self.origin.record("/dump");
        record.operation = Operation::Export;
        Some(record).filter(|_| !self.seen)
    }
}
