//! The sessions that are open in the log, each with the cursors, prepared statements and lines it may still need.
//!
//! Memory is bounded: of too many sessions, cursors or statements the oldest go, and what was held back for them is emitted.

use crate::decode::Emit;
use crate::decode::postgresql::assemble::Session;
use crate::decode::postgresql::line::Line;
use std::collections::BTreeMap;

/// Most sessions that are kept at a time.
const MOST_SESSIONS: usize = 10_000;

/// The open sessions of one log.
#[derive(Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, (u64, Session)>,
    /// When each was last heard of, oldest first.
    heard: BTreeMap<u64, String>,
    clock: u64,
}

impl Sessions {
    /// Takes the next line of the log.
    pub(super) fn take(&mut self, line: &Line<'_>, emit: &mut Emit<'_>) {
        self.clock += 1;
        let id = line.session.as_ref();
        match self.open.get_mut(id) {
            Some((last, _)) => {
                self.heard.remove(last);
                *last = self.clock;
            }
            None => {
                self.make_room(emit);
                self.open.insert(id.to_owned(), (self.clock, Session::default()));
            }
        }
        self.heard.insert(self.clock, id.to_owned());
        let Some((_, session)) = self.open.get_mut(id) else { return };
        if session.take(line, emit) {
            self.close(id);
        }
    }

    /// Emits what every session holds back, in the order of the log.
    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        let mut records = Vec::new();
        for (_, session) in self.open.values_mut() {
            session.end(&mut records);
        }
        records.sort_by_key(|record| record.position);
        records.into_iter().map(Into::into).for_each(emit);
    }

    fn close(&mut self, id: &str) {
        if let Some((heard, _)) = self.open.remove(id) {
            self.heard.remove(&heard);
        }
    }

    fn make_room(&mut self, emit: &mut Emit<'_>) {
        while self.open.len() >= MOST_SESSIONS {
            let Some((_, oldest)) = self.heard.pop_first() else { return };
            if let Some((_, mut session)) = self.open.remove(&oldest) {
                let mut records = Vec::new();
                session.end(&mut records);
                records.into_iter().map(Into::into).for_each(&mut *emit);
            }
        }
    }
}
