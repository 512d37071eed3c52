//! What the statements of common tools show is counted for what it is: never below, and exactly where it was counted exactly
//! before functions and relations had to be known by name.

use crate::common::world;
use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use leakwarden::model::record::{Dialect, Record};
use leakwarden::model::time::Timestamp;

/// Of the statements that were counted exactly, and rightly, so many in a hundred still must be.
const STILL_EXACT: usize = 90;

/// A statement of the corpus.
struct Statement<'t> {
    tool: &'t str,
    dialect: Dialect,
    rows: Option<u64>,
    /// What it shows.
    shows: Persons,
    /// What was counted before.
    before: Persons,
    text: &'t str,
}

fn statements(corpus: &str) -> Vec<Statement<'_>> {
    let blocks = corpus.split("\n\n").skip(1);
    blocks.map(|block| statement(block.trim_end()).unwrap_or_else(|| panic!("no statement of the corpus: {block}"))).collect()
}

fn statement(block: &str) -> Option<Statement<'_>> {
    let (head, text) = block.split_once('\n')?;
    let mut fields = head.strip_prefix("-- ")?.split(" | ");
    let (tool, dialect, rows) = (fields.next()?, fields.next()?, fields.next()?);
    let (_, dialect) = Dialect::ALL.iter().find(|(name, _)| *name == dialect)?;
    let rows = if rows == "-" { None } else { Some(rows.parse().ok()?) };
    Some(Statement { tool, dialect: *dialect, rows, shows: persons(fields.next()?)?, before: persons(fields.next()?)?, text })
}

fn persons(text: &str) -> Option<Persons> {
    Some(match text.split_once(' ') {
        None if text == "nobody" => Persons::NOBODY,
        None if text == "unknown" => Persons::Unknown,
        Some(("exact", n)) => Persons::Exact(n.parse().ok()?),
        Some(("at_most", n)) => Persons::AtMost(n.parse().ok()?),
        _ => return None,
    })
}

fn counted(statement: &Statement<'_>, catalog: &Catalog) -> Persons {
    let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
    record.statement = Some(statement.text.into());
    (record.dialect, record.rows) = (statement.dialect, statement.rows);
    disclose(&record, catalog, &Keys::built_in()).persons
}

/// Whether a count says nothing that is not so.
fn is_true(counted: Persons, shows: Persons) -> bool {
    match (counted, shows) {
        (Persons::Unknown, _) => true,
        (Persons::Exact(counted), Persons::Exact(shown)) => counted == shown,
        // Where no log could tell, none tells that it was nobody.
        (Persons::Exact(counted), Persons::AtMost(most)) => (1..=most).contains(&counted),
        (Persons::AtMost(counted), Persons::Exact(shown)) => counted >= shown,
        (Persons::AtMost(counted), Persons::AtMost(most)) => counted >= most.min(1),
        _ => false,
    }
}

#[test]
fn statements_of_common_tools_are_counted_for_what_they_show() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/statements/tools.sql");
    let corpus = std::fs::read_to_string(path).expect("the corpus");
    let catalog = Catalog::parse(world::CATALOG, "catalog.toml").expect("is valid");
    let statements = statements(&corpus);
    assert!(statements.len() >= 300, "{} statements", statements.len());
    let (mut were_exact, mut are_exact, mut newly) = (0, 0, 0);
    let (mut wrong, mut lost, mut loose) = (Vec::new(), Vec::new(), Vec::new());
    for statement in &statements {
        let counted = counted(statement, &catalog);
        let told = || format!("{} ({:?}): {counted:?} of {:?}: {}", statement.tool, statement.dialect, statement.shows, statement.text);
        if !is_true(counted, statement.shows) {
            wrong.push(told());
        }
        if matches!(statement.shows, Persons::Exact(_)) && statement.before == statement.shows {
            were_exact += 1;
            are_exact += usize::from(counted == statement.shows);
            if counted != statement.shows {
                lost.push(told());
            }
        } else {
            newly += usize::from(matches!(counted, Persons::Exact(_)) && counted == statement.shows);
            if matches!(statement.shows, Persons::Exact(_)) && counted != statement.shows {
                loose.push(told());
            }
        }
    }
    let all = statements.len();
    println!("{all} statements: {are_exact} of {were_exact} that were exact still are, {newly} more are now");
    println!("no more exact:\n{}\nneither then nor now:\n{}", lost.join("\n"), loose.join("\n"));
    assert!(wrong.is_empty(), "counted for what they do not show:\n{}", wrong.join("\n"));
    assert!(are_exact * 100 >= were_exact * STILL_EXACT, "{are_exact} of {were_exact}");
}
