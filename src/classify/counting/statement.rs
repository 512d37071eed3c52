//! Counting where the source gives a statement's text: what it reads is found by [`crate::sql`].

use crate::classify::catalog::{Catalog, RowsPerSubject, Table};
use crate::classify::counting::objects::Showing;
use crate::classify::counting::people::{self, Listed};
use crate::classify::counting::{Found, TableRead, planned, shape};
use crate::classify::indicators;
use crate::model::access::{IdSequence, Selection, Subject};
use crate::model::keys::Keys;
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::record::{Dialect, Record};
use crate::sql::{self, Analysis, Branch, Class, Column, Condition, Limit, system};

/// A source of a branch as the catalog sees it.
pub(super) struct Known<'c> {
    pub entry: Option<&'c Table>,
    /// A relation of the server's own that holds nothing of customers.
    pub harmless: bool,
    /// What its columns in the output show.
    pub showing: Option<Showing>,
    pub flows: bool,
}

impl Known<'_> {
    pub(super) fn is_unknown(&self) -> bool {
        self.entry.is_none() && !self.harmless
    }
}

/// What one branch shows.
struct Shown {
    kinds: Kinds,
    count: Count,
    subjects: Vec<Subject>,
    /// How their ids follow one another.
    id_sequence: IdSequence,
    people_per_row: u64,
    /// Its rows are those of one table of one row a person, whatever becomes of them.
    of_people: bool,
    /// A table that the catalog does not know, or a function, is among what it reads.
    unknown: bool,
}

/// How the people of a branch follow from its rows.
enum Count {
    /// No row shows anybody.
    Nobody,
    /// A row may hold anything.
    Anything,
    /// Rows are people.
    Rows,
    /// Every row is about one person, of whom there may be several rows.
    Detail,
    /// People are no more than rows times people per row.
    Bound,
    /// Certainly one person on every row, and no other.
    One,
    /// So many, whatever the number of rows.
    AtMost(u64),
    /// Like the first, and also no more than so many.
    Capped(Box<Count>, u64),
}

/// Counts by the statement of a record; `None` where it has none.
pub(super) fn count(record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> Option<Found> {
    let text = record.statement.as_deref()?;
    let mut analysis = sql::analyse(text, record.dialect);
    // Servers log 0 where the executor did not count: copies, cursors, handlers. The rows of a plan it did count.
    let counted = match analysis.class {
        Class::CopyTo | Class::Declare | Class::Fetch | Class::Execute => false,
        Class::Other => !analysis.unparsed,
        _ => true,
    };
    let uncounted = !counted && record.rows == Some(0) && record.plan.is_none();
    let silent = uncounted.then(|| Record { rows: None, ..record.clone() });
    let record = silent.as_ref().unwrap_or(record);
    let planned = record.plan.as_deref().and_then(sql::plan::branch);
    if let Some(planned) = &planned {
        planned::refine(&mut analysis, record, planned, catalog);
    }
    let class = if record.fetched { Class::Fetch } else { analysis.class };
    let mut found = Found {
        reads: Vec::new(),
        class: class.name(),
        persons: Persons::NOBODY,
        kinds: Kinds::NONE,
        subjects: Vec::new(),
        selection: Selection::Unknown,
        shape: shape::of(&analysis, record, catalog),
        id_sequence: IdSequence::default(),
    };
    // A variable may stand in what follows a condition, too.
    if analysis.trailing || analysis.set_operation {
        let is_variable = |value: &sql::KeyValue| matches!(value, sql::KeyValue::Variable(_));
        analysis.branches.iter_mut().for_each(|branch| branch.keys.retain(|keys| !keys.values.iter().any(is_variable)));
    }
    if !reads(analysis.class) {
        return Some(found);
    }
    let scanned = planned.as_ref().and_then(|planned| planned::scanned_by_all(planned, record, catalog));
    let shown: Vec<Shown> = analysis.branches.iter().map(|branch| show(branch, record, scanned, catalog, keys, &mut found.reads)).collect();
    found.kinds =
        shown.iter().filter(|shown| !matches!(shown.count, Count::Nobody)).fold(Kinds::NONE, |kinds, shown| kinds.union(shown.kinds));
    found.subjects = shown.iter().flat_map(|shown| shown.subjects.iter().copied()).collect();
    found.id_sequence = shown.iter().map(|shown| shown.id_sequence).find(|sequence| *sequence != IdSequence::default()).unwrap_or_default();
    found.selection = selection_of(&analysis);
    found.persons = persons(&analysis, &shown, record);
    // T-SQL needs nothing between its statements: a text that was not understood may be several, of which others returned rows.
    if analysis.unparsed && matches!(record.dialect, Dialect::MsSql | Dialect::Generic) && !found.persons.is_nobody() {
        found.persons = found.persons.at_most();
    }
    // Beside an exact count a subject is a claim that this person was seen.
    // Fewer people than listed keys: the keys are candidates.
    if matches!(found.persons, Persons::Exact(n) if n > found.subjects.len() as u64) || found.persons == Persons::Unknown {
        found.subjects.clear();
    }
    Some(found)
}

/// Whether statements of that class can show a row to a client or copy it away.
fn reads(class: Class) -> bool {
    match class {
        // A copy of a table discloses as much as its reading does.
        Class::Select | Class::Insert | Class::Update | Class::Delete | Class::Merge | Class::CopyTo | Class::CreateTableAs => true,
        Class::Call | Class::Do | Class::Fetch | Class::Execute | Class::Other => true,
        // What was fetched from the cursor afterwards the record does not say.
        Class::Declare => true,
        // EXPLAIN runs the query and shows its plan alone.
        Class::Explain | Class::CopyFrom | Class::Ddl | Class::Grant | Class::Set | Class::Transaction => false,
        Class::Close | Class::Prepare | Class::Show | Class::Maintenance => false,
    }
}

fn show(branch: &Branch, record: &Record<'_>, scanned: Option<u64>, catalog: &Catalog, keys: &Keys, reads: &mut Vec<TableRead>) -> Shown {
    let known = know_all(branch, record, catalog);
    note_reads(branch, &known, reads);
    let of_people = of_people(branch, &known);
    let mut shown = Shown {
        kinds: Kinds::NONE,
        count: Count::Nobody,
        subjects: Vec::new(),
        id_sequence: IdSequence::default(),
        people_per_row: 1,
        of_people,
        unknown: false,
    };
    shown.kinds = known.iter().filter_map(|known| known.showing).fold(Kinds::NONE, |kinds, showing| kinds.union(showing.kinds));
    if !shown.kinds.is_empty() {
        // A sum beside a person is a fact about the person.
        shown.kinds = shown.kinds.union(kinds_of(&branch.summed, &known));
    }
    // Statistics views hold values of other tables: one row of them gave away 101 phone numbers.
    if branch.output.iter().any(|column| system::holds_values(&branch.sources[column.source].table)) || branch.hides_query {
        shown.count = Count::Anything;
        return shown;
    }
    let unknown = !branch.functions.is_empty() || known.iter().any(|source| source.flows && source.is_unknown());
    shown.unknown = unknown;
    let listed = people::listed(branch, &known, record);
    if shown.kinds.is_empty() && !(unknown && (!branch.aggregated || !branch.output.is_empty())) {
        return add_tested(probe(branch, &known, listed, shown, record, keys, catalog), branch, &known, record);
    }
    shown.people_per_row = people::per_row(branch, &known) + u64::from(!branch.functions.is_empty() && !shown.kinds.is_empty());
    if branch.packed {
        shown.count = Count::Anything;
    } else if branch.aggregated && !branch.grouped && branch.extremes > 0 {
        // `min` and `max` each show the value of one row.
        shown.count = Count::AtMost(branch.extremes.saturating_mul(shown.people_per_row));
    } else {
        shown.people_per_row = shown.people_per_row.saturating_mul(branch.extremes.max(1));
        shown.count = match rows_of(branch, &known, record.dialect) {
            _ if unknown || shown.people_per_row > 1 => Count::Bound,
            count => count,
        };
    }
    if !unknown {
        limit_to_listed(&mut shown, listed, branch, keys, catalog);
        let own = record.plan.as_deref().and_then(|plan| planned::scanned(branch, &known, plan));
        if let Some(rows) = own.into_iter().chain(scanned).min() {
            shown.count = match shown.count {
                Count::Anything => Count::Anything,
                count => Count::Capped(Box::new(count), rows),
            };
        }
    }
    add_tested(shown, branch, &known, record)
}

/// Whether somebody is there may be shown beside whatever else is.
fn add_tested(mut shown: Shown, branch: &Branch, known: &[Known<'_>], record: &Record<'_>) -> Shown {
    let Some(tested) = people::tested(branch, known, record) else { return shown };
    if !matches!(shown.count, Count::Nobody) {
        // Those who are only tested for need not be those who are shown.
        if tested.keys != Some(0) {
            shown.count = Count::Anything;
        }
        return shown;
    }
    shown.kinds = kinds_of(&tested.columns, known);
    let several = branch.multiplied || branch.joined || branch.sources.iter().any(|source| source.flows) || !branch.functions.is_empty();
    shown.count = match (tested.keys, tested.per_row) {
        (None, _) => Count::Anything,
        (Some(keys), false) => Count::AtMost(keys),
        (Some(keys), true) if !several => Count::AtMost(keys.saturating_add(1)),
        (Some(0), true) => Count::Bound,
        (Some(_), true) => Count::Anything,
    };
    shown
}

/// Nothing personal leaves. Yet a row that is there or not, for a condition on a personal column, tells that the person is.
fn probe(
    branch: &Branch,
    known: &[Known<'_>],
    listed: Option<Listed<'_>>,
    mut shown: Shown,
    record: &Record<'_>,
    keys: &Keys,
    catalog: &Catalog,
) -> Shown {
    let flowing: Vec<Column> = branch.probes.iter().filter(|column| known[column.source].flows).cloned().collect();
    let kinds = kinds_of(&flowing, known);
    if branch.aggregated {
        // A count of everybody tells of nobody; a count of one listed person tells whether that person is there.
        if let Some(listed) = listed.filter(|_| !kinds.is_empty()) {
            shown.kinds = kinds.union(kinds_of(&branch.summed, known));
            shown.count = Count::AtMost(listed.count);
            (shown.subjects, shown.id_sequence) = (subjects(&listed, keys, catalog), id_sequence(&listed, keys));
        } else if branch.keys.iter().any(|keys| known[keys.column.source].is_unknown()) {
            // Of a table that is not known any column may tell of a person.
            shown.count = Count::Anything;
        }
        return shown;
    }
    if kinds.is_empty() {
        return shown;
    }
    shown.kinds = kinds;
    shown.count = rows_of(branch, known, record.dialect);
    limit_to_listed(&mut shown, listed, branch, keys, catalog);
    shown
}

/// Listed key values bound the people, and name them where they are the people's own keys.
fn limit_to_listed(shown: &mut Shown, listed: Option<Listed<'_>>, branch: &Branch, keys: &Keys, catalog: &Catalog) {
    let Some(listed) = listed else { return };
    (shown.subjects, shown.id_sequence) = (subjects(&listed, keys, catalog), id_sequence(&listed, keys));
    let count = std::mem::replace(&mut shown.count, Count::Nobody);
    let one = listed.count == 1 && listed.certain && !shown.subjects.is_empty() && !branch.aggregated && !branch.grouped;
    shown.count = match count {
        Count::Bound | Count::Detail if one => Count::One,
        other => Count::Capped(Box::new(other), listed.count),
    };
}

fn id_sequence(listed: &Listed<'_>, keys: &Keys) -> IdSequence {
    indicators::id_sequence(listed.ids.iter().map(|(_, id)| id.as_str()), keys)
}

fn subjects(listed: &Listed<'_>, keys: &Keys, catalog: &Catalog) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = listed.ids.iter().map(|(entry, id)| keys.subject(catalog.space_of(entry), id)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

fn persons(analysis: &Analysis, shown: &[Shown], record: &Record<'_>) -> Persons {
    if shown.iter().all(|shown| matches!(shown.count, Count::Nobody)) {
        // What cannot be understood and names no table may still have read one.
        let dark = analysis.unparsed && shown.is_empty();
        let blind = matches!(analysis.class, Class::Fetch | Class::Execute) || dark;
        return match (blind, record.rows) {
            (false, _) => Persons::NOBODY,
            (true, Some(rows)) => Persons::AtMost(rows).at_most(),
            (true, None) => record.rows_bound.map_or(Persons::Unknown, Persons::AtMost),
        };
    }
    let rows = record.rows.filter(|_| !analysis.rows_may_be_fewer);
    let limit = analysis.limit.and_then(|limit| match limit {
        Limit::Rows(rows) => Some(rows),
        Limit::Bind(number) => record.binds.get(number - 1)?.as_deref()?.trim().parse().ok(),
    });
    // A limit of one statement bounds nothing of an INSERT's conflicts; it bounds the rows that were read.
    let bound = [limit, record.rows_bound].into_iter().flatten().min();
    match shown {
        [only] => branch_persons(only, analysis, record, rows, bound),
        several => several_persons(several, rows, bound),
    }
}

fn branch_persons(shown: &Shown, analysis: &Analysis, record: &Record<'_>, rows: Option<u64>, bound: Option<u64>) -> Persons {
    // The plan says how many rows went into the one value.
    if let (Count::Anything, [branch]) = (&shown.count, analysis.branches.as_slice())
        && let Some(packed) = planned::packed(branch, record, shown.of_people, shown.people_per_row)
    {
        return packed;
    }
    match by_rows(&shown.count, shown.people_per_row, rows, bound) {
        // No rows of a table that is not known are no proof of nobody.
        persons if persons.is_nobody() && shown.unknown && !matches!(shown.count, Count::Nobody) => Persons::AtMost(0),
        persons => persons,
    }
}

fn by_rows(count: &Count, people_per_row: u64, rows: Option<u64>, bound: Option<u64>) -> Persons {
    let most = |rows: u64| Persons::AtMost(rows.saturating_mul(people_per_row)).at_most();
    match count {
        Count::Nobody => Persons::NOBODY,
        Count::Anything => Persons::Unknown,
        Count::AtMost(n) => Persons::AtMost(*n).at_most(),
        Count::Rows => rows.map(Persons::Exact).or(bound.map(most)).unwrap_or(Persons::Unknown),
        Count::Detail => match rows {
            Some(1) => Persons::Exact(1),
            rows => rows.or(bound).map_or(Persons::Unknown, most),
        },
        Count::Bound => rows.or(bound).map_or(Persons::Unknown, most),
        Count::One => match rows {
            Some(0) => Persons::NOBODY,
            Some(_) => Persons::Exact(1),
            None => Persons::AtMost(1),
        },
        Count::Capped(inner, listed) => by_rows(inner, people_per_row, rows, bound).capped(*listed),
    }
}

/// Rows of a set operation come from any of its arms.
fn several_persons(shown: &[Shown], rows: Option<u64>, bound: Option<u64>) -> Persons {
    if shown.iter().any(|shown| matches!(shown.count, Count::Anything)) {
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

/// The tables of a branch as the catalog sees them.
pub(super) fn know_all<'c>(branch: &Branch, record: &Record<'_>, catalog: &'c Catalog) -> Vec<Known<'c>> {
    let system = record.system.as_deref();
    branch.sources.iter().enumerate().map(|(at, source)| know(at, source, branch, system, catalog)).collect()
}

/// The catalog's entry of a table. `database.schema.table` names the same table as `schema.table`.
fn know<'c>(at: usize, source: &sql::Source, branch: &Branch, system: Option<&str>, catalog: &'c Catalog) -> Known<'c> {
    let entry = catalog.find(system, &source.table);
    let harmless = entry.is_none() && system::is_harmless(&source.table);
    let columns = columns_of(at, &branch.output);
    let showing = columns.and_then(|columns| entry.map(|entry| Showing::of(entry, columns.as_deref()))).filter(|showing| showing.personal);
    Known { entry, harmless, showing, flows: source.flows }
}

/// The columns of a source in a list: `None` where it has none there, `Some(None)` where it has all.
#[expect(clippy::option_option, reason = "absent and unnamed columns are different things")]
fn columns_of(at: usize, columns: &[Column]) -> Option<Option<Vec<String>>> {
    let mut own = columns.iter().filter(|column| column.source == at).peekable();
    own.peek()?;
    Some(own.map(|column| column.name.clone()).collect())
}

fn kinds_of(columns: &[Column], known: &[Known<'_>]) -> Kinds {
    let kind = |column: &Column| {
        let entry = known[column.source].entry?;
        match &column.name {
            None => Some(entry.kinds),
            Some(name) => match entry.kind_of(name) {
                Some(kind) => Some(Kinds::of(kind)),
                None => entry.is_subject(name).then(|| Kinds::of(Kind::OtherIdentifying)),
            },
        }
    };
    columns.iter().filter_map(kind).fold(Kinds::NONE, Kinds::union)
}

/// What rows are, where they are those of one table or of several joined one to one: people, or what is known of them.
fn rows_of(branch: &Branch, known: &[Known<'_>], dialect: Dialect) -> Count {
    let mut flowing = known.iter().enumerate().filter(|(_, source)| source.flows);
    let (Some((at, only)), None) = (flowing.next(), flowing.next()) else {
        return if people::one_to_one(branch, known, dialect) { Count::Rows } else { Count::Bound };
    };
    let Some(entry) = only.entry else { return Count::Bound };
    let one_per_row = only.showing.is_none_or(|showing| showing.people_per_row == 1);
    if !one_per_row || entry.subject.is_none() || branch.multiplied || branch.joined || branch.packed {
        return Count::Bound;
    }
    // No two rows have the same person: `SELECT DISTINCT customer_id`, `GROUP BY customer_id`.
    let is_subject = |column: &Column| column.source == at && column.name.as_deref().is_some_and(|name| entry.is_subject(name));
    if branch.unique.as_ref().is_some_and(is_subject) && branch.extremes == 0 {
        return Count::Rows;
    }
    // Two people of one name are one row of a DISTINCT.
    let shows_key = |column: &Column| column.source == at && column.name.as_deref().is_none_or(|name| entry.is_subject(name));
    let thinned = branch.distinct && !branch.output.iter().any(shows_key);
    match entry.rows_per_subject {
        _ if branch.grouped || branch.aggregated || thinned => Count::Bound,
        RowsPerSubject::One => Count::Rows,
        RowsPerSubject::Many => Count::Detail,
    }
}

/// Whether every row that flows in is one of one table, and nobody else's.
fn of_people(branch: &Branch, known: &[Known<'_>]) -> bool {
    let mut flowing = known.iter().filter(|source| source.flows);
    let (Some(only), None) = (flowing.next(), flowing.next()) else { return false };
    let alone = only.showing.is_some_and(|showing| showing.people_per_row == 1);
    let plain = !branch.multiplied && !branch.joined && branch.functions.is_empty();
    alone && plain && only.entry.is_some_and(|entry| entry.subject.is_some() && entry.rows_per_subject == RowsPerSubject::One)
}

fn note_reads(branch: &Branch, known: &[Known<'_>], reads: &mut Vec<TableRead>) {
    for (at, source) in branch.sources.iter().enumerate() {
        let columns = columns_of(at, &branch.output).unwrap_or(Some(Vec::new()));
        let kinds = known[at].showing.map_or(Kinds::NONE, |showing| showing.kinds);
        match reads.iter_mut().find(|read| read.table.eq_ignore_ascii_case(&source.table)) {
            None => reads.push(TableRead { table: source.table.clone(), columns, kinds, known: !known[at].is_unknown() }),
            Some(read) => {
                read.kinds = read.kinds.union(kinds);
                read.columns = match (read.columns.take(), columns) {
                    (Some(mut all), Some(more)) => {
                        all.extend(more.into_iter().filter(|column| !all.contains(column)).collect::<Vec<_>>());
                        Some(all)
                    }
                    (None, _) | (_, None) => None,
                };
            }
        }
    }
}

/// How the rows of a statement were chosen.
pub(super) fn selection_of(analysis: &Analysis) -> Selection {
    analysis.branches.iter().map(selection).reduce(|a, b| if a == b { a } else { Selection::Condition }).unwrap_or_default()
}

fn selection(branch: &Branch) -> Selection {
    match branch.condition {
        Condition::Keys => Selection::Keys,
        Condition::None => Selection::Everything,
        Condition::Other | Condition::Range | Condition::Pattern => Selection::Condition,
    }
}

#[cfg(test)]
mod tests;
