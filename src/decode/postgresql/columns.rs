//! Which column holds what in the CSV that PostgreSQL and its relatives write: the server's own csvlog (EDB's audit log has the same
//! columns and some behind them), Greenplum's, and the file of pgauditlogtofile.

use crate::decode::postgresql::audit_file;
use crate::decode::postgresql::line::{Line, form};
use crate::decode::postgresql::prefix;
use crate::decode::postgresql::time::Clock;
use crate::decode::postgresql::words;
use crate::decode::postgresql::{english, line};
use crate::decode::{DecodeError, csv};
use crate::model::access::{Position, RecordHash};
use crate::model::signs::Signs;
use std::borrow::Cow;

/// How the columns of a record are arranged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// PostgreSQL's csvlog, 23 columns or more.
    Server,
    /// Greenplum's, 30 columns.
    Greenplum,
    /// pgauditlogtofile before 1.7: address and port apart, quotes as CSV has them.
    AuditFile,
}

/// Fewest columns of a record of PostgreSQL and of Greenplum, and most of any.
const FEWEST: usize = 23;
const FEWEST_OF_GREENPLUM: usize = 26;
const MOST: usize = 64;

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_session(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(start, pid)| [start, pid].iter().all(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit())))
}

impl Layout {
    /// The layout whose record begins with the text: its first columns hold what they must.
    pub fn of(text: &str) -> Option<Layout> {
        let mut end = text.len().min(2_048);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let head = &text[..end];
        let bytes = head.as_bytes();
        if bytes.len() < 24 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' || bytes[10] != b' ' || bytes[13] != b':' {
            return None;
        }
        Layout::of_columns(&csv::columns(head))
    }

    fn of_columns(columns: &[Cow<'_, str>]) -> Option<Layout> {
        let at = |n: usize| columns.get(n).map_or("", |column| column.as_ref());
        if at(0).len() >= 48 {
            return None;
        }
        let thread = |text: &str| text.strip_prefix("th").is_some_and(|id| digits(id.trim_start_matches('-')));
        if digits(at(3)) && is_session(at(5)) && digits(at(6)) {
            Some(Layout::Server)
        } else if digits(at(3)) && is_session(at(6)) && (at(5).is_empty() || digits(at(5))) {
            Some(Layout::AuditFile)
        } else if at(3).strip_prefix('p').is_some_and(digits) && thread(at(4)) {
            Some(Layout::Greenplum)
        } else {
            None
        }
    }

    /// Whether the columns look like a whole record of the layout: what a format is recognised by.
    pub fn fits(self, columns: &[Cow<'_, str>]) -> bool {
        let at = |n: usize| columns.get(n).map_or("", |column| column.as_ref());
        let state = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        match self {
            Layout::Server => state(at(12)) && at(8).len() > 18,
            Layout::Greenplum => state(at(17)) && prefix::time_length(at(7)).is_some(),
            Layout::AuditFile => state(at(11)),
        }
    }
}

/// The line that a record of CSV tells of, and whether its number counts all lines of its session.
pub(super) fn line<'t>(text: &'t str, clock: &mut Clock, position: Position, hash: RecordHash) -> Result<(Line<'t>, bool), DecodeError> {
    let columns = csv::columns(text);
    let layout = Layout::of_columns(&columns).unwrap_or(Layout::Server);
    let line = match layout {
        Layout::Server => server(columns, clock, position, hash),
        Layout::Greenplum => greenplum(columns, clock, position, hash),
        Layout::AuditFile => {
            let columns = columns.into_iter().map(Cow::into_owned).collect();
            audit_file::line(audit_file::told(columns).ok_or_else(|| form("of another number of columns"))?, clock, position, hash)
        }
    }?;
    Ok((line, layout == Layout::Server))
}

fn server<'t>(mut columns: Vec<Cow<'t, str>>, clock: &mut Clock, position: Position, hash: RecordHash) -> Result<Line<'t>, DecodeError> {
    if columns.len() < FEWEST || columns.len() > MOST {
        return Err(form("of another number of columns"));
    }
    let mut take = |at: usize| Some(std::mem::take(&mut columns[at])).filter(|text| !text.is_empty());
    let session = take(5).ok_or_else(|| form("without a session"))?;
    let time = clock.read_in_session(&take(0).unwrap_or_default(), &session, take(8).as_deref())?;
    let number = take(6).and_then(|number| number.parse().ok()).ok_or_else(|| form("without a line number"))?;
    Ok(Line {
        position,
        hash,
        time,
        session,
        number,
        user: take(1),
        database: take(2),
        host: take(4).map(line::without_port),
        application: take(22),
        severity: words::severity(&take(11).unwrap_or_default()),
        state: take(12).filter(|state| state != "00000"),
        message: english::message(take(13).unwrap_or_default()),
        detail: take(14).map(english::detail),
        statement: take(19),
        context: take(18),
        cursor_position: take(20).is_some(),
        signs: Signs::default(),
        cut: false,
    })
}

/// Greenplum numbers its sessions for the whole cluster, and no lines.
fn greenplum<'t>(mut columns: Vec<Cow<'t, str>>, clock: &mut Clock, position: Position, hash: RecordHash) -> Result<Line<'t>, DecodeError> {
    if columns.len() < FEWEST_OF_GREENPLUM || columns.len() > MOST {
        return Err(form("of another number of columns"));
    }
    let mut take = |at: usize| Some(std::mem::take(&mut columns[at])).filter(|text| !text.is_empty());
    let time = clock.read(&take(0).unwrap_or_default())?;
    let (process, start, session) = (take(3).unwrap_or_default(), take(7).unwrap_or_default(), take(9).unwrap_or_default());
    let severity = words::severity(&take(16).unwrap_or_default());
    // It prints the statement beside every message, also beside the one that tells of that statement.
    let statement = take(24).filter(|_| severity != line::Severity::Log);
    Ok(Line {
        position,
        hash,
        time,
        session: Cow::Owned(format!("{session}/{process}/{start}")),
        number: position.0,
        user: take(1),
        database: take(2),
        host: take(5),
        application: None,
        severity,
        state: take(17).filter(|state| state != "00000"),
        message: english::message(take(18).unwrap_or_default()),
        detail: take(19).map(english::detail),
        statement,
        context: take(23),
        cursor_position: take(25).is_some_and(|at| at != "0"),
        signs: Signs::default(),
        cut: false,
    })
}
