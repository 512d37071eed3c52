//! Counting where the source gives a statement's text: what it reads is found by [`crate::sql`].

use crate::classify::catalog::Catalog;
use crate::classify::counting::branch::{BranchDisclosure, PeopleRule, disclose_branch};
use crate::classify::counting::disclosure::{Counted, TableChanges};
use crate::classify::counting::foreign_key_check::is_foreign_key_check;
use crate::classify::counting::{base_reads, execution_plan, selection, written};
use crate::model::access::{IdSequence, Selection};
use crate::model::doubts::Doubts;
use crate::model::keys::Keys;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::record::{Dialect, Record};
use crate::sql::{self, Analysis, Class, Condition, RowLimit};
use std::rc::Rc;

/// Counts by the statement of a record; `None` where it has none.
pub(super) fn count(record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Option<Counted> {
    let text = record.statement.as_deref()?;
    let mut analysis = sql::analyse(text, record.dialect);
    if record.doubts.has(Doubts::TEXT) {
        // What is missing of it may have put anybody into a row.
        let analysis = Rc::make_mut(&mut analysis);
        analysis.unparsed = true;
        analysis.branches.iter_mut().for_each(|branch| branch.hides_query = true);
    }
    // Servers log 0 where the executor did not count: copies, cursors, handlers. The rows of a plan it did count.
    let counted = match analysis.class {
        Class::CopyTo | Class::Declare | Class::Fetch | Class::Execute => false,
        Class::Other => !analysis.unparsed,
        _ => true,
    };
    let uncounted = !counted && record.rows == Some(0) && record.plan.is_none() || is_status(&analysis, record);
    let silent = uncounted.then(|| Record { rows: None, ..record.clone() });
    let record = silent.as_ref().unwrap_or(record);
    let planned = record.plan.as_deref().and_then(|plan| sql::plan::branch(plan, record.dialect));
    if let Some(planned) = &planned {
        execution_plan::refine(Rc::make_mut(&mut analysis), record, planned, catalog);
    }
    let contradicted = base_reads::unite(&mut analysis, record, catalog);
    let class = if record.fetched { Class::Fetch } else { analysis.class };
    let mut found = Counted {
        reads: Vec::new(),
        class: class.name(),
        unparsed: analysis.unparsed || analysis.blank && record.rows.is_some_and(|rows| rows > 0),
        exports: analysis.class == Class::CopyTo,
        is_full_read: is_full_read(&analysis, record, catalog),
        changes: TableChanges::of(&analysis),
        written: written::about(&analysis, record, catalog, keys),
        persons: Persons::NOBODY,
        kinds: Kinds::NONE,
        subjects: Vec::new(),
        selection: Selection::Unknown,
        shape: selection::indicators(&analysis, record, catalog),
        id_sequence: IdSequence::default(),
    };
    // A variable may stand in what follows a condition, too.
    if analysis.trailing || analysis.set_operation {
        let is_variable = |value: &sql::KeyValue| matches!(value, sql::KeyValue::Variable(_));
        if analysis.branches.iter().flat_map(|branch| &branch.keys).any(|keys| keys.values.iter().any(is_variable)) {
            let analysis = Rc::make_mut(&mut analysis);
            analysis.branches.iter_mut().for_each(|branch| branch.keys.retain(|keys| !keys.values.iter().any(is_variable)));
        }
    }
    if matches!(analysis.class, Class::Explain | Class::Ddl) && !analysis.branches.is_empty() {
        Rc::make_mut(&mut analysis).branches.retain(|branch| branch.hides_query || !branch.sends.is_empty());
    }
    let is_known = |table: &String| catalog.find(record.system.as_deref(), table).is_some_and(|entry| !entry.is_guess());
    // What fills a view that is known shows nobody anything before it is read.
    let refreshes = analysis.refreshes && analysis.writes.iter().all(is_known);
    if !reads(&analysis) || refreshes || is_foreign_key_check(text, record, catalog) {
        return Some(found);
    }
    let scanned = planned.as_ref().and_then(|planned| execution_plan::scanned_by_all(planned, record, catalog));
    let shown: Vec<BranchDisclosure> =
        analysis.branches.iter().map(|branch| disclose_branch(branch, record, scanned, catalog, keys, &mut found.reads)).collect();
    found.kinds =
        shown.iter().filter(|shown| !matches!(shown.count, PeopleRule::Nobody)).fold(Kinds::NONE, |kinds, shown| kinds.union(shown.kinds));
    found.subjects = shown.iter().flat_map(|shown| shown.subjects.iter().copied()).collect();
    found.id_sequence = shown.iter().map(|shown| shown.id_sequence).find(|sequence| *sequence != IdSequence::default()).unwrap_or_default();
    found.persons = persons(&analysis, &shown, record);
    found.selection = match found.persons {
        Persons::Unknown => selection::of_unknown_size(&analysis, record, catalog),
        _ => selection::selection(&analysis),
    };
    // A text that was not understood may be several statements, of which others returned rows; one that does not tell of all that was
    // read is not understood either.
    if (analysis.unparsed || contradicted) && !found.persons.is_nobody() {
        found.persons = found.persons.at_most();
    }
    // Beside an exact count a subject is a claim that this person was seen.
    // Fewer people than listed keys: the keys are candidates.
    if matches!(found.persons, Persons::Exact(n) if n > found.subjects.len() as u64) || found.persons == Persons::Unknown {
        found.subjects.clear();
    }
    Some(found)
}

/// Whether a statement read all rows of one listed table, and nothing else.
fn is_full_read(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog) -> bool {
    let reads = matches!(analysis.class, Class::Select | Class::CopyTo | Class::CreateTableAs | Class::Insert);
    let cut = analysis.limit.is_some() || analysis.paged || analysis.set_operation || analysis.unparsed || analysis.rows_may_be_fewer;
    let [branch] = analysis.branches.as_slice() else { return false };
    let [source] = branch.sources.as_slice() else { return false };
    let listed = || catalog.find(record.system.as_deref(), &source.table).is_some_and(|entry| entry.is_proven() && !entry.is_impersonal());
    let whole = branch.condition == Condition::None && !branch.narrowed && branch.tests.is_empty() && branch.functions.is_empty();
    let plain = !branch.multiplied && !branch.joined && !branch.collapsed && !branch.grouped && !branch.distinct && !branch.hides_query;
    reads && !cut && whole && plain && source.flows && !record.fetched && record.rows_bound.is_none() && listed()
}

/// Whether the number of rows is that of the status which a driver gets after a copy: one row, or none, whatever was copied.
fn is_status(analysis: &Analysis, record: &Record<'_>) -> bool {
    let writes =
        matches!(record.dialect, Dialect::Hive | Dialect::Databricks) && analysis.class == Class::Select && !analysis.writes.is_empty();
    let copies = !analysis.makes.is_empty() || analysis.class == Class::CopyTo || writes;
    // PostgreSQL counts what COPY wrote; UNLOAD and EXPORT of its relatives say that they are done.
    let tells = |text: &str| matches!(sql::split::first_word(text).to_ascii_uppercase().as_str(), "UNLOAD" | "EXPORT");
    let done = record.statement.as_deref().is_some_and(tells);
    let counts = matches!(record.dialect, Dialect::PostgreSql | Dialect::Generic) && !done;
    copies && !counts && record.plan.is_none() && record.rows.is_some_and(|rows| rows <= 1)
}

/// What the text of a record says beside the tables that its source names: the most people whom its rows may show.
pub(super) fn by_text(record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Option<Persons> {
    record.statement.as_ref()?;
    let alone = Record { objects: Vec::new(), subjects: Vec::new(), ..record.clone() };
    count(&alone, catalog, keys).map(|counted| counted.persons)
}

/// Whether statements of that class can show a row to a client or copy it away.
fn reads(analysis: &Analysis) -> bool {
    match analysis.class {
        // A copy of a table discloses as much as its reading does.
        Class::Select | Class::Insert | Class::Update | Class::Delete | Class::Merge | Class::CopyTo | Class::CreateTableAs => true,
        Class::Call | Class::Do | Class::Fetch | Class::Execute | Class::Other => true,
        // What was fetched from the cursor afterwards the record does not say.
        Class::Declare => true,
        // EXPLAIN shows a plan, a definition nothing: they read where what they call may send it.
        Class::Explain | Class::Ddl => !analysis.branches.is_empty(),
        Class::CopyFrom | Class::Grant | Class::Set | Class::Transaction => false,
        Class::Close | Class::Prepare | Class::Show | Class::Maintenance => false,
    }
}

fn persons(analysis: &Analysis, shown: &[BranchDisclosure], record: &Record<'_>) -> Persons {
    if shown.iter().all(|shown| matches!(shown.count, PeopleRule::Nobody)) {
        // What cannot be understood and names no table may still have read one; so may what was made ready before. One row of either
        // may hold many people.
        let dark = analysis.unparsed && shown.is_empty();
        // Rows came, and no text is there: what was run stands elsewhere.
        let blank = analysis.blank && record.rows.is_some_and(|rows| rows > 0);
        let blind = matches!(analysis.class, Class::Fetch | Class::Execute) || dark || blank;
        return if blind { Persons::Unknown } else { Persons::NOBODY };
    }
    let rows = record.rows.filter(|_| !analysis.rows_may_be_fewer);
    let limit = analysis.limit.and_then(|limit| match limit {
        RowLimit::Rows(rows) => Some(rows),
        RowLimit::Bind(number) => record.binds.get(number - 1)?.as_deref()?.trim().parse().ok(),
    });
    // A limit of one statement bounds nothing of an INSERT's conflicts; it bounds the rows that were read.
    let bound = [limit, record.rows_bound].into_iter().flatten().min();
    match shown {
        [only] if only.unproven => branch_persons(only, analysis, record, rows, bound).at_most(),
        [only] => branch_persons(only, analysis, record, rows, bound),
        several => several_persons(several, rows, bound),
    }
}

fn branch_persons(shown: &BranchDisclosure, analysis: &Analysis, record: &Record<'_>, rows: Option<u64>, bound: Option<u64>) -> Persons {
    // The plan says how many rows went into the one value.
    if let (PeopleRule::Anything, [branch]) = (&shown.count, analysis.branches.as_slice())
        && let Some(packed) = execution_plan::packed(branch, record, shown.of_people, shown.people_per_row)
    {
        return packed;
    }
    match by_rows(&shown.count, shown.people_per_row, rows, bound) {
        // No rows of a table that is not known are no proof of nobody.
        persons if persons.is_nobody() && shown.unknown && !matches!(shown.count, PeopleRule::Nobody) => Persons::AtMost(0),
        persons => persons,
    }
}

fn by_rows(count: &PeopleRule, people_per_row: u64, rows: Option<u64>, bound: Option<u64>) -> Persons {
    let most = |rows: u64| Persons::AtMost(rows.saturating_mul(people_per_row)).at_most();
    match count {
        PeopleRule::Nobody => Persons::NOBODY,
        PeopleRule::Anything => Persons::Unknown,
        PeopleRule::AtMost(n) => Persons::AtMost(*n).at_most(),
        PeopleRule::Rows => rows.map(Persons::Exact).or(bound.map(most)).unwrap_or(Persons::Unknown),
        PeopleRule::Detail => match rows {
            Some(1) => Persons::Exact(1),
            rows => rows.or(bound).map_or(Persons::Unknown, most),
        },
        PeopleRule::Bound => rows.or(bound).map_or(Persons::Unknown, most),
        PeopleRule::One => match rows {
            Some(0) => Persons::NOBODY,
            Some(_) => Persons::Exact(1),
            None => Persons::AtMost(1),
        },
        PeopleRule::Capped(inner, listed) => by_rows(inner, people_per_row, rows, bound).capped(*listed),
    }
}

/// Rows of a set operation come from any of its arms.
fn several_persons(shown: &[BranchDisclosure], rows: Option<u64>, bound: Option<u64>) -> Persons {
    if shown.iter().any(|shown| matches!(shown.count, PeopleRule::Anything)) {
        return Persons::Unknown;
    }
    let per_row = shown.iter().map(|shown| shown.people_per_row).max().unwrap_or(1);
    let by_total = rows.or(bound).map(|rows| rows.saturating_mul(per_row));
    let each = shown.iter().map(|shown| by_rows(&shown.count, shown.people_per_row, None, None).figure());
    let by_keys = each.sum::<Option<u64>>();
    let most = [by_total, by_keys].into_iter().flatten().min();
    match most {
        // No rows of a table that is not known are no proof of nobody.
        Some(0) if shown.iter().any(|shown| shown.unknown) => Persons::AtMost(0),
        most => most.map_or(Persons::Unknown, |n| Persons::AtMost(n).at_most()),
    }
}

#[cfg(test)]
mod tests;
