//! The lines of one statement while they are held together, and which statement of a text of several a line is about.

use crate::decode::postgresql::command::DIALECT;
use crate::decode::postgresql::pending::PendingStatement;
use crate::sql::split;

/// The lines of one statement.
#[derive(Default)]
pub(super) struct Group {
    /// pgaudit's number of the statement.
    pub id: Option<u64>,
    pub held: Vec<PendingStatement>,
    /// The outermost statement has ended: only another line of the same may join.
    pub complete: bool,
    /// Inner statements of it went on already.
    pub spilled: bool,
}

impl Group {
    /// What another line already told of the same statement.
    pub fn same(&mut self, new: &PendingStatement) -> Option<&mut PendingStatement> {
        self.held.iter_mut().rev().find(|held| held.is_same(new))
    }

    /// Whether another line already told of the same statement.
    pub fn has(&self, new: &PendingStatement) -> bool {
        self.held.iter().any(|held| held.is_same(new))
    }

    /// Whether lines with their durations ended all of its statements.
    pub fn is_over(&self) -> bool {
        !self.held.is_empty() && self.held.iter().all(|held| held.timed)
    }

    /// Whether its statement was run by a portal of which nothing tells that it was closed: within a transaction, the lines that are
    /// written at the end come when the portal is closed, behind those of the next statements.
    pub fn waits_for_portal(&self) -> bool {
        let waits = |held: &PendingStatement| held.portal && !held.timed && held.plan.is_none() && held.rows.is_none() && held.part == 0;
        self.held.first().is_some_and(waits)
    }

    /// Whether its statement ends a transaction, or begins one.
    pub fn ends_transaction(&self) -> bool {
        self.first_word(&["COMMIT", "END", "ROLLBACK", "ABORT"])
    }

    /// Whether its statement begins a transaction.
    pub fn begins_transaction(&self) -> bool {
        self.first_word(&["BEGIN", "START"])
    }

    fn first_word(&self, words: &[&str]) -> bool {
        self.held.last().is_some_and(|held| {
            let first = split::first_word(&held.statement);
            words.iter().any(|word| first.eq_ignore_ascii_case(word))
        })
    }

    /// A call whose function read tables on lines of its own discloses what those lines say, and nothing twice. Functions that run
    /// with their owner's rights leave no such lines, so another call beside them stays.
    pub fn drop_explained_call(&mut self) {
        if self.held.len() < 2 && !self.spilled {
            return;
        }
        // The outermost statement is the one without a context; with `log_rows` its line is the last, without it the first.
        let held = &self.held;
        let last = (0..held.len()).max_by_key(|at| held[*at].last).filter(|at| held[*at].rows.is_some());
        let first = (0..held.len()).min_by_key(|at| held[*at].sub);
        let outside = held.iter().position(|held| !held.nested).filter(|_| held.iter().any(|held| held.nested));
        let candidates: Vec<usize> = match outside {
            Some(outside) => vec![outside],
            None => last.into_iter().chain(first).collect(),
        };
        let Some(outer) = candidates.into_iter().find(|at| held[*at].only_calls()) else { return };
        let read = self.spilled || held.iter().enumerate().any(|(at, held)| at != outer && held.names_tables());
        if read {
            self.held.remove(outer);
        }
    }
}

/// Which statements of a text of several were told of.
pub(super) struct Several {
    pub text: String,
    id: Option<u64>,
    /// The one that ran last.
    pub at: usize,
    /// Those of which a line told, by their places.
    told: Vec<usize>,
}

/// Most statements of one text whose places are remembered.
const MOST_PARTS: usize = 1_024;

impl Several {
    /// The statement that a line is about: each number of pgaudit, and each plan, is the next that fits. Gives its place and text.
    pub fn next<'t>(last: &mut Option<Several>, text: &'t str, id: Option<u64>, command: &str) -> Option<(usize, &'t str)> {
        let parts = split::statements(text, DIALECT);
        if parts.len() < 2 {
            return None;
        }
        let known = last.as_ref().filter(|several| several.text == text);
        if let Some(known) = known.filter(|known| id.is_some() && known.id == id) {
            return parts.get(known.at).map(|part| (known.at, *part));
        }
        let from = known.map_or(0, |known| known.at + 1);
        let fitting = |at: &usize| fits(command, parts[*at]);
        // The same text may have been sent again.
        let at = (from..parts.len()).find(fitting).or_else(|| (0..parts.len()).find(fitting))?;
        let mut told = if at >= from {
            last.take().filter(|several| several.text == text).map_or_else(Vec::new, |known| known.told)
        } else {
            Vec::new()
        };
        if told.len() < MOST_PARTS {
            told.push(at);
        }
        *last = Some(Several { text: text.to_owned(), id, at, told });
        Some((at, parts[at]))
    }

    /// Whether one line told of its text so far.
    pub fn is_first(&self) -> bool {
        self.told.len() == 1
    }

    /// Whether a line told of the statement at that place of a text.
    pub fn has_told(last: Option<&Several>, text: &str, at: usize) -> bool {
        last.is_some_and(|several| several.text == text && several.told.contains(&at))
    }
}

/// Whether a statement can have run under pgaudit's command tag; an empty tag is that of a plan.
fn fits(command: &str, statement: &str) -> bool {
    let word = split::first_word(statement).to_ascii_uppercase();
    // COPY of a table has no plan.
    let copied = || word != "COPY" || statement.split_once('(').is_some_and(|(before, _)| before.trim().eq_ignore_ascii_case("copy"));
    let runs = ["SELECT", "WITH", "TABLE", "VALUES", "", "EXECUTE", "COPY", "CREATE", "EXPLAIN", "DECLARE"].contains(&word.as_str());
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(&word.as_str());
    match command {
        "" => runs && copied() || changes,
        "SELECT" => runs && copied(),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => word == command || matches!(word.as_str(), "WITH" | "EXECUTE" | "EXPLAIN" | "COPY"),
        command => !word.is_empty() && command.starts_with(&word),
    }
}
