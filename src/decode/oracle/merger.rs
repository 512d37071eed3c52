//! Puts the records of one statement together: one for each audited object that it touched.

use crate::decode::Emit;
use crate::model::record::Record;
use crate::model::time::Span;
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
}

impl ObjectMerger {
    pub fn take(&mut self, action: AuditedAction, emit: &mut Emit<'_>) {
        let AuditedAction { record, key, table } = action;
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
                return;
            }
        }
        let now = record.time;
        if let Some((held, tables)) = self.open.insert(key, (record, vec![table])) {
            emit(finish(held, &tables).into());
        }
        if self.open.len() > 64 {
            self.expire(now, emit);
        }
    }

    fn expire(&mut self, now: crate::model::time::Timestamp, emit: &mut Emit<'_>) {
        let all = self.open.len() > MOST;
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
