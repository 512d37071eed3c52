//! Puts the records of one statement together: one for each audited object that it touched.

use crate::decode::IgnoredReason;
use crate::decode::{Emit, Raw};
use crate::model::record::Record;
use crate::model::time::{Span, Timestamp};
use std::collections::BTreeMap;

use super::{AuditedAction, finish};

/// Most statements held back.
const MOST: usize = 1_024;
/// Records of one statement follow each other.
const LONGEST: Span = Span::minutes(1);

#[derive(Default)]
pub(super) struct ObjectMerger {
    /// By session and number; the text tells a statement from those that it caused.
    open: BTreeMap<String, (Record<'static>, Vec<String>)>,
    checked: Option<Timestamp>,
}

impl ObjectMerger {
    pub fn take(&mut self, audited: Result<AuditedAction, IgnoredReason>, raw: Raw<'_>, emit: &mut Emit<'_>) {
        let AuditedAction { record, key, table } = match audited {
            Ok(action) => action,
            Err(reason) => return emit(raw.ignored(reason)),
        };
        self.expire(record.time, emit);
        // Without an object there is one record.
        let Some(table) = table.filter(|_| !key.is_empty()) else {
            let tables: Vec<String> = Vec::new();
            emit(finish(record, &tables).into());
            return;
        };
        if let Some((held, tables)) = self.open.get_mut(&key) {
            let same = held.statement == record.statement && held.operation == record.operation && held.outcome == record.outcome;
            if same && record.time <= held.time + LONGEST && !tables.contains(&table) && tables.len() < MOST {
                tables.push(table);
                held.hash = held.hash.and(record.hash);
                held.length = 0;
                emit(raw.ignored(IgnoredReason::Continuation));
                return;
            }
        }
        if let Some((held, tables)) = self.open.insert(key, (record, vec![table])) {
            emit(finish(held, &tables).into());
        }
    }

    /// Lets go of what waited too long; looked for when the log has gone on by so much, and when much is held.
    fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        let all = self.open.len() > MOST;
        if !all && self.checked.is_some_and(|checked| now < checked + LONGEST) {
            return;
        }
        self.checked = Some(now);
        let late: Vec<String> =
            self.open.iter().filter(|(_, (held, _))| all || held.time + LONGEST < now).map(|(key, _)| key.clone()).collect();
        for (held, tables) in late.into_iter().filter_map(|key| self.open.remove(&key)) {
            emit(finish(held, &tables).into());
        }
    }

    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        for (held, tables) in std::mem::take(&mut self.open).into_values() {
            emit(finish(held, &tables).into());
        }
    }
}
