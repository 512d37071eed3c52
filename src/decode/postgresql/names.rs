//! The cursors and prepared statements of one session, by their names.
//!
//! A cursor shows nothing until rows are fetched from it, and a log may leave the fetches out. So the line that opened it is kept
//! with its name: a FETCH line speaks for it from then on, and where none came it is told of as fetched, by nobody knows how much.

use crate::decode::postgresql::command::{self, DIALECT};
use crate::decode::postgresql::pending::PendingStatement;
use crate::model::access::Position;
use crate::sql::split;

/// Most cursors and most prepared statements of one session.
const MOST: usize = 64;

/// A query by its name, with the bind values it was opened with.
#[derive(Default)]
struct Named {
    name: String,
    text: String,
    binds: Vec<Option<String>>,
    /// Rows were told of by FETCH lines already.
    reported: bool,
    /// The line that opened it.
    opened: Option<Box<PendingStatement>>,
}

/// The names of one session.
#[derive(Default)]
pub(super) struct Names {
    cursors: Vec<Named>,
    prepared: Vec<Named>,
    /// Cursors that are gone and of which no FETCH line told.
    unfetched: Vec<PendingStatement>,
}

impl Names {
    /// Remembers the cursors and prepared statements that a text makes.
    pub(super) fn learn(&mut self, text: &str, binds: &[Option<String>]) {
        for part in split::statements(text, DIALECT) {
            if let Some(name) = command::declared(part) {
                if let Some(known) = self.cursors.iter_mut().find(|known| known.name == name && known.text == part && !known.reported) {
                    known.binds = binds.to_vec();
                    // The same again: the one before is gone.
                    self.unfetched.extend(known.opened.take().map(|held| *held));
                    continue;
                }
                let named = Named { name, text: part.to_owned(), binds: binds.to_vec(), ..Named::default() };
                let gone = remember(&mut self.cursors, named);
                self.let_go(gone);
            } else if let Some((name, inner)) = command::prepared(part) {
                remember(&mut self.prepared, Named { name, text: inner, ..Named::default() });
            }
        }
    }

    /// The same but for cursors that are known: a plan comes when they are closed, and opens none.
    pub(super) fn learn_missing(&mut self, text: &str, binds: &[Option<String>]) {
        for part in split::statements(text, DIALECT) {
            if !command::declared(part).is_some_and(|name| self.knows(&name)) {
                self.learn(part, binds);
            }
        }
    }

    /// Puts the statement behind a prepared name or a cursor in place of `EXECUTE` and `FETCH`.
    pub(super) fn resolve(&mut self, held: &mut PendingStatement) {
        match split::first_word(&held.statement).to_ascii_uppercase().as_str() {
            "PREPARE" if held.command != "PREPARE" && !held.is_plain() => {
                if let Some((_, inner)) = command::prepared(&held.statement) {
                    held.statement = inner;
                }
            }
            "EXECUTE" => {
                let Some(execute) = command::execute(&held.statement) else { return };
                let Some(prepared) = self.prepared.iter().rev().find(|known| known.name == execute.name) else { return };
                held.statement.clone_from(&prepared.text);
                if held.binds.is_empty() {
                    held.binds = execute.arguments;
                }
            }
            "FETCH" => {
                let Some(fetch) = command::fetch(&held.statement) else { return };
                held.rows_bound = fetch.bound;
                if let Some(cursor) = self.cursors.iter_mut().rev().find(|known| known.name == fetch.cursor) {
                    cursor.reported = true;
                    cursor.opened = None;
                    held.fetched = true;
                    held.statement.clone_from(&cursor.text);
                    held.binds.clone_from(&cursor.binds);
                }
            }
            _ => {}
        }
    }

    /// Whether the line that opened a cursor is kept.
    pub(super) fn holds(&self, position: Position) -> bool {
        let opened = self.cursors.iter().filter_map(|cursor| cursor.opened.as_deref());
        opened.chain(&self.unfetched).any(|held| held.origin.position == position)
    }

    /// Whether FETCH lines told of the rows of a cursor.
    pub(super) fn is_told(&self, cursor: &str) -> bool {
        self.cursors.iter().any(|known| known.name == cursor && known.reported)
    }

    /// Whether a cursor of that name was opened.
    pub(super) fn knows(&self, cursor: &str) -> bool {
        self.cursors.iter().any(|known| known.name == cursor)
    }

    /// The rows of a cursor are told of otherwise.
    pub(super) fn explain(&mut self, cursor: &str) {
        self.cursors.iter_mut().filter(|known| known.name == cursor).for_each(|known| known.opened = None);
    }

    /// Keeps the line that opened a cursor until it is known whether FETCH lines follow; gives it back where it opened none.
    pub(super) fn open(&mut self, held: PendingStatement) -> Option<PendingStatement> {
        let Some(name) = command::declared(&held.statement).filter(|_| !held.fetched) else { return Some(held) };
        let Some(cursor) = self.cursors.iter_mut().rev().find(|known| known.name == name) else { return Some(held) };
        // Of two lines of one cursor the first stands for it.
        if !cursor.reported && cursor.opened.is_none() {
            cursor.opened = Some(Box::new(held));
        }
        None
    }

    /// Closes the cursors that a statement ends: its own, or all of a transaction that are not held beyond it.
    pub(super) fn close(&mut self, statement: &str) {
        let word = split::first_word(statement).to_ascii_uppercase();
        let closed = command::closed(statement);
        let ends = |cursor: &Named| match word.as_str() {
            "CLOSE" => closed.as_deref().is_some_and(|name| name == "all" || name == cursor.name),
            "COMMIT" | "END" | "ROLLBACK" | "ABORT" => !cursor.text.to_ascii_lowercase().contains("hold"),
            "DISCARD" => true,
            _ => false,
        };
        let ended = self.cursors.iter_mut().filter(|cursor| ends(cursor)).filter_map(|cursor| cursor.opened.take());
        self.unfetched.extend(ended.map(|held| *held));
    }

    /// The lines of cursors that are gone without a FETCH line.
    pub(super) fn unfetched(&mut self) -> Vec<PendingStatement> {
        let mut gone = std::mem::take(&mut self.unfetched);
        gone.iter_mut().for_each(|held| held.fetched = true);
        gone
    }

    /// The session ends, or nothing more of it is waited for.
    pub(super) fn end(&mut self) {
        self.unfetched.extend(self.cursors.iter_mut().filter_map(|cursor| cursor.opened.take()).map(|held| *held));
    }

    fn let_go(&mut self, gone: Vec<Named>) {
        self.unfetched.extend(gone.into_iter().filter_map(|named| named.opened).map(|held| *held));
    }
}

/// Adds a name; gives the ones that it drives out.
fn remember(names: &mut Vec<Named>, named: Named) -> Vec<Named> {
    let mut gone: Vec<Named> = names.extract_if(.., |known| known.name == named.name).collect();
    if names.len() >= MOST {
        gone.push(names.remove(0));
    }
    names.push(named);
    gone
}
