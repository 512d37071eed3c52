//! Counting where the source gives a statement's text: what it reads is found by [`crate::sql`].

use crate::classify::catalog::{Catalog, RowsPerSubject, Table};
use crate::classify::counting::objects::{Showing, space};
use crate::classify::counting::people::{self, Listed};
use crate::classify::counting::{Found, TableRead};
use crate::model::access::{Selection, Subject};
use crate::model::keys::Keys;
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::record::Record;
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
    fn is_unknown(&self) -> bool {
        self.entry.is_none() && !self.harmless
    }
}

/// What one branch shows.
struct Shown {
    kinds: Kinds,
    count: Count,
    subjects: Vec<Subject>,
    people_per_row: u64,
}

/// How the people of a branch follow from its rows.
enum Count {
    /// No row shows anybody.
    Nobody,
    /// A row may hold anything.
    Anything,
    /// Rows are people.
    Rows,
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
    let aggregated = refine(&mut analysis, record, catalog);
    let class = if record.fetched { Class::Fetch } else { analysis.class };
    let mut found = Found {
        reads: Vec::new(),
        class: class.name(),
        persons: Persons::NOBODY,
        kinds: Kinds::NONE,
        subjects: Vec::new(),
        selection: Selection::Unknown,
    };
    // A variable may stand in what follows a condition, too.
    if analysis.trailing || analysis.set_operation {
        let is_variable = |value: &sql::KeyValue| matches!(value, sql::KeyValue::Variable(_));
        analysis.branches.iter_mut().for_each(|branch| branch.keys.retain(|keys| !keys.values.iter().any(is_variable)));
    }
    if !reads(analysis.class, record.fetched) {
        return Some(found);
    }
    let shown: Vec<Shown> = analysis.branches.iter().map(|branch| show(branch, record, catalog, keys, &mut found.reads)).collect();
    found.kinds =
        shown.iter().filter(|shown| !matches!(shown.count, Count::Nobody)).fold(Kinds::NONE, |kinds, shown| kinds.union(shown.kinds));
    found.subjects = shown.iter().flat_map(|shown| shown.subjects.iter().copied()).collect();
    found.selection =
        analysis.branches.iter().map(selection).reduce(|a, b| if a == b { a } else { Selection::Condition }).unwrap_or_default();
    found.persons = persons(&analysis, &shown, record, aggregated);
    // Beside an exact count a subject is a claim that this person was seen.
    if matches!(found.persons, Persons::Exact(n) if n != found.subjects.len() as u64) || found.persons == Persons::Unknown {
        found.subjects.clear();
    }
    Some(found)
}

/// Whether statements of that class can show a row to a client or copy it away.
fn reads(class: Class, fetched: bool) -> bool {
    match class {
        // A copy of a table discloses as much as its reading does.
        Class::Select | Class::Insert | Class::Update | Class::Delete | Class::Merge | Class::CopyTo | Class::CreateTableAs => true,
        Class::Call | Class::Do | Class::Fetch | Class::Execute | Class::Other => true,
        // The cursor's query runs when rows are fetched from it.
        Class::Declare => fetched,
        // EXPLAIN runs the query and shows its plan alone.
        Class::Explain | Class::CopyFrom | Class::Ddl | Class::Grant | Class::Set | Class::Transaction => false,
        Class::Close | Class::Prepare | Class::Show | Class::Maintenance => false,
    }
}

/// Puts what a logged plan knows better into the analysis. Gives the rows that fed an aggregate.
fn refine(analysis: &mut Analysis, record: &Record<'_>, catalog: &Catalog) -> Option<u64> {
    let plan = record.plan.as_deref()?;
    let planned = sql::plan::branch(plan)?;
    let system = record.system.as_deref();
    let unclear = |branch: &Branch| {
        !branch.functions.is_empty()
            || branch.sources.iter().any(|source| catalog.find(system, &source.table).is_none() && !system::is_harmless(&source.table))
    };
    if analysis.unparsed || analysis.branches.iter().any(unclear) {
        // Functions in the plan hide what they read from it as well.
        let functions =
            if plan.functions { analysis.branches.iter().flat_map(|branch| branch.functions.clone()).collect() } else { Vec::new() };
        analysis.unparsed = false;
        analysis.set_operation = false;
        analysis.branches = vec![Branch { functions, ..planned.clone() }];
    }
    // Bind values that the log leaves out stand in the plan's conditions.
    for branch in &mut analysis.branches {
        for keys in &mut branch.keys {
            let table = &branch.sources[keys.column.source].table;
            let same = |other: &&sql::Keys| {
                other.column.name == keys.column.name && planned.sources[other.column.source].table.eq_ignore_ascii_case(table)
            };
            if let (true, Some(other)) = (record.binds.is_empty(), planned.keys.iter().find(same)) {
                keys.values.clone_from(&other.values);
            }
        }
    }
    plan.aggregated
}

fn show(branch: &Branch, record: &Record<'_>, catalog: &Catalog, keys: &Keys, reads: &mut Vec<TableRead>) -> Shown {
    let system = record.system.as_deref();
    let known: Vec<Known<'_>> = branch.sources.iter().enumerate().map(|(at, source)| know(at, source, branch, system, catalog)).collect();
    note_reads(branch, &known, reads);
    let mut shown = Shown { kinds: Kinds::NONE, count: Count::Nobody, subjects: Vec::new(), people_per_row: 1 };
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
    let listed = people::listed(branch, &known, record);
    if shown.kinds.is_empty() && !(unknown && (!branch.aggregated || !branch.output.is_empty())) {
        return probe(branch, &known, listed, shown, keys, catalog);
    }
    shown.people_per_row = people::per_row(branch, &known) + u64::from(unknown && !shown.kinds.is_empty());
    if branch.packed {
        shown.count = Count::Anything;
    } else if branch.aggregated && !branch.grouped && branch.extremes > 0 {
        // `min` and `max` each show the value of one row.
        shown.count = Count::AtMost(branch.extremes.saturating_mul(shown.people_per_row));
    } else {
        shown.people_per_row = shown.people_per_row.saturating_mul(branch.extremes.max(1));
        shown.count = if !unknown && rows_are_people(branch, &known) { Count::Rows } else { Count::Bound };
    }
    if !unknown {
        limit_to_listed(&mut shown, listed, branch, keys, catalog);
    }
    shown
}

/// Nothing personal leaves. Yet a row that is there or not, for a condition on a personal column, tells that the person is.
fn probe(branch: &Branch, known: &[Known<'_>], listed: Option<Listed<'_>>, mut shown: Shown, keys: &Keys, catalog: &Catalog) -> Shown {
    let flowing: Vec<Column> = branch.probes.iter().filter(|column| known[column.source].flows).cloned().collect();
    let kinds = kinds_of(&flowing, known);
    if branch.aggregated {
        // A count of everybody tells of nobody; a count of one listed person tells whether that person is there.
        if let Some(listed) = listed.filter(|_| !kinds.is_empty()) {
            shown.kinds = kinds.union(kinds_of(&branch.summed, known));
            shown.count = Count::AtMost(listed.count);
            shown.subjects = subjects(&listed, keys, catalog);
        }
        return shown;
    }
    if kinds.is_empty() {
        return shown;
    }
    shown.kinds = kinds;
    shown.count = if rows_are_people(branch, known) { Count::Rows } else { Count::Bound };
    limit_to_listed(&mut shown, listed, branch, keys, catalog);
    shown
}

/// Listed key values bound the people, and name them where they are the people's own keys.
fn limit_to_listed(shown: &mut Shown, listed: Option<Listed<'_>>, branch: &Branch, keys: &Keys, catalog: &Catalog) {
    let Some(listed) = listed else { return };
    shown.subjects = subjects(&listed, keys, catalog);
    let count = std::mem::replace(&mut shown.count, Count::Nobody);
    let one = listed.count == 1 && listed.certain && !shown.subjects.is_empty() && !branch.aggregated && !branch.grouped;
    shown.count = match count {
        Count::Bound if one => Count::One,
        other => Count::Capped(Box::new(other), listed.count),
    };
}

fn subjects(listed: &Listed<'_>, keys: &Keys, catalog: &Catalog) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = listed.ids.iter().map(|(entry, id)| keys.subject(space(catalog, entry), id)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

fn persons(analysis: &Analysis, shown: &[Shown], record: &Record<'_>, aggregated: Option<u64>) -> Persons {
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
        [only] => branch_persons(only, analysis, record, rows, bound, aggregated),
        several => several_persons(several, rows, bound),
    }
}

fn branch_persons(
    shown: &Shown,
    analysis: &Analysis,
    record: &Record<'_>,
    rows: Option<u64>,
    bound: Option<u64>,
    aggregated: Option<u64>,
) -> Persons {
    // The plan says how many rows went into the one value.
    if let (Count::Anything, Some(rows), [branch]) = (&shown.count, aggregated, analysis.branches.as_slice()) {
        if branch.packed && !branch.hides_query && !branch.grouped {
            let text = record.statement.as_deref().unwrap_or("").to_ascii_lowercase();
            // Not every row that was fed in need be in the value.
            let all = !text.contains("filter") && !text.contains("distinct");
            let single = all && !branch.multiplied && branch.sources.iter().filter(|source| source.flows).count() == 1 && !branch.distinct;
            return if single { Persons::Exact(rows) } else { Persons::AtMost(rows.saturating_mul(shown.people_per_row)) };
        }
    }
    by_rows(&shown.count, shown.people_per_row, rows, bound, shown.subjects.len() as u64)
}

fn by_rows(count: &Count, people_per_row: u64, rows: Option<u64>, bound: Option<u64>, named: u64) -> Persons {
    let most = |rows: u64| Persons::AtMost(rows.saturating_mul(people_per_row)).at_most();
    match count {
        Count::Nobody => Persons::NOBODY,
        Count::Anything => Persons::Unknown,
        Count::AtMost(n) => Persons::AtMost(*n).at_most(),
        Count::Rows => rows.map(Persons::Exact).or(bound.map(most)).unwrap_or(Persons::Unknown),
        Count::Bound => rows.or(bound).map_or(Persons::Unknown, most),
        Count::One => match rows {
            Some(0) => Persons::NOBODY,
            Some(_) => Persons::Exact(1),
            None => Persons::AtMost(1),
        },
        Count::Capped(inner, listed) => {
            let persons = by_rows(inner, people_per_row, rows, bound, named).capped(*listed);
            match persons {
                // Fewer rows than listed keys: some of the listed were seen, the log does not say which.
                Persons::Exact(n) if named > n => Persons::AtMost(n).at_most(),
                Persons::Exact(_) | Persons::AtMost(_) | Persons::AtLeast(_) | Persons::Unknown => persons,
            }
        }
    }
}

/// Rows of a set operation come from any of its arms.
fn several_persons(shown: &[Shown], rows: Option<u64>, bound: Option<u64>) -> Persons {
    if shown.iter().any(|shown| matches!(shown.count, Count::Anything)) {
        return Persons::Unknown;
    }
    let per_row = shown.iter().map(|shown| shown.people_per_row).max().unwrap_or(1);
    let by_total = rows.or(bound).map(|rows| rows.saturating_mul(per_row));
    let each = shown.iter().map(|shown| by_rows(&shown.count, shown.people_per_row, None, None, 0).figure());
    let by_keys = each.sum::<Option<u64>>();
    let most = [by_total, by_keys].into_iter().flatten().min();
    most.map_or(Persons::Unknown, |n| Persons::AtMost(n).at_most())
}

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

/// One row is one person: one table alone, keyed by the person, neither joined nor grouped nor thinned out.
fn rows_are_people(branch: &Branch, known: &[Known<'_>]) -> bool {
    let mut flowing = known.iter().enumerate().filter(|(_, source)| source.flows);
    let (Some((at, only)), None) = (flowing.next(), flowing.next()) else { return false };
    let Some(entry) = only.entry else { return false };
    // Two people of one name are one row of a DISTINCT.
    let shows_key = |column: &Column| column.source == at && column.name.as_deref().is_none_or(|name| entry.is_subject(name));
    let thinned = branch.distinct && !branch.output.iter().any(shows_key);
    let one_per_row = only.showing.is_none_or(|showing| showing.people_per_row == 1);
    entry.rows_per_subject == RowsPerSubject::One
        && one_per_row
        && !(branch.multiplied || branch.grouped || branch.aggregated || branch.packed || thinned)
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

fn selection(branch: &Branch) -> Selection {
    match branch.condition {
        Condition::Keys => Selection::Keys,
        Condition::None => Selection::Everything,
        Condition::Other | Condition::Range | Condition::Pattern => Selection::Condition,
    }
}

#[cfg(test)]
mod tests {
    use crate::classify::catalog::Catalog;
    use crate::classify::counting::{Disclosure, disclose};
    use crate::model::access::{Operation, Position, RecordHash, Selection};
    use crate::model::keys::Keys;
    use crate::model::kind::{Kind, Kinds};
    use crate::model::persons::Persons;
    use crate::model::record::{Dialect, Ending, Record};
    use crate::model::time::Timestamp;

    const CATALOG: &str = r#"
        [[table]]
        table = "crm.customers"
        subject = "id"
        [table.columns]
        name = "name"
        phone = "phone_number"

        [[table]]
        table = "bank.accounts"
        subject = "customer_id"
        rows_per_subject = "many"
        [table.columns]
        account_no = "bank_account"
        balance = "property"

        [[table]]
        table = "telco.calls"
        subject = "caller"
        rows_per_subject = "many"
        [table.columns]
        caller = "communication_record"
        callee = "communication_record"

        [[table]]
        table = "ref.branches"
    "#;

    fn record(statement: &str, rows: Option<u64>) -> Record<'_> {
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        record.statement = Some(statement.into());
        record.dialect = Dialect::PostgreSql;
        record.rows = rows;
        record
    }

    fn count(record: &Record<'_>) -> Disclosure {
        let catalog = Catalog::parse(CATALOG, "catalog.toml").expect("is valid");
        disclose(record, &catalog, &Keys::built_in())
    }

    fn persons(statement: &str, rows: impl Into<Option<u64>>) -> Persons {
        count(&record(statement, rows.into())).persons
    }

    fn bound(statement: &str, rows: impl Into<Option<u64>>, binds: &[&str]) -> Disclosure {
        let binds = binds.iter().map(|bind| Some((*bind).to_owned().into())).collect();
        count(&Record { binds, ..record(statement, rows.into()) })
    }

    #[test]
    fn rows_of_one_table_are_people_also_behind_semi_joins() {
        assert_eq!(persons("SELECT name FROM crm.customers", 40), Persons::Exact(40));
        assert_eq!(persons("SELECT name FROM crm.customers WHERE id IN (SELECT customer_id FROM bank.accounts)", 40), Persons::Exact(40));
        assert_eq!(persons("SELECT c FROM crm.customers c", 40), Persons::Exact(40), "a whole row");
        assert_eq!(persons("TABLE crm.customers", 40), Persons::Exact(40));
        assert_eq!(persons("WITH x AS (SELECT * FROM crm.customers) SELECT name FROM x", 40), Persons::Exact(40));
        assert_eq!(persons("SELECT name FROM crm.customers", None), Persons::Unknown);
        assert_eq!(persons("SELECT name FROM crm.customers", 0), Persons::NOBODY);
    }

    #[test]
    fn joins_are_a_bound_and_show_two_people_where_nothing_joins_the_people() {
        let joined = "SELECT c.name, a.account_no FROM crm.customers c JOIN bank.accounts a ON a.customer_id = c.id";
        assert_eq!(persons(joined, 15), Persons::AtMost(15));
        assert_eq!(persons("SELECT a.name, b.name FROM crm.customers a, crm.customers b", 15), Persons::AtMost(30));
        assert_eq!(persons("SELECT c.name, a.account_no FROM crm.customers c, bank.accounts a", 15), Persons::AtMost(30));
        assert_eq!(persons("WITH x AS (SELECT name FROM crm.customers) SELECT * FROM x a, x b", 15), Persons::AtMost(30));
        assert_eq!(persons("SELECT name, (SELECT account_no FROM bank.accounts LIMIT 1) FROM crm.customers", 15), Persons::AtMost(30));
        assert_eq!(persons("SELECT caller, callee FROM telco.calls", 10), Persons::AtMost(20));
        assert_eq!(persons("SELECT * FROM telco.calls", 10), Persons::AtMost(20));
    }

    #[test]
    fn a_row_of_a_set_operation_is_of_one_arm() {
        let union = "SELECT phone FROM crm.customers WHERE id <= 5 UNION SELECT callee FROM telco.calls";
        assert_eq!(persons(union, 10), Persons::AtMost(10));
        assert_eq!(
            persons("SELECT name FROM crm.customers WHERE id = 1 UNION ALL SELECT name FROM crm.customers WHERE id = 2", None),
            Persons::AtMost(2)
        );
        assert_eq!(persons("SELECT 1 UNION SELECT name FROM ref.branches", 9), Persons::NOBODY);
    }

    #[test]
    fn aggregates_and_plans_show_nobody() {
        assert_eq!(persons("SELECT count(*) FROM crm.customers", 1), Persons::NOBODY);
        assert_eq!(persons("SELECT branch, count(*), avg(balance) FROM bank.accounts GROUP BY branch", 10), Persons::NOBODY);
        assert_eq!(persons("SELECT * FROM (SELECT count(*) FROM crm.customers) x", 1), Persons::NOBODY);
        assert_eq!(persons("EXPLAIN ANALYZE SELECT * FROM crm.customers", 10_000), Persons::NOBODY);
        assert_eq!(persons("WITH d AS (DELETE FROM crm.customers RETURNING *) SELECT count(*) FROM d", 1), Persons::NOBODY);
        assert_eq!(persons("SELECT count(*) FROM scratch.x", 1), Persons::NOBODY);
    }

    #[test]
    fn a_group_that_is_a_person_shows_the_person_and_the_sum() {
        let found = count(&record("SELECT customer_id, sum(balance) FROM bank.accounts GROUP BY customer_id", Some(7)));
        assert_eq!(found.persons, Persons::AtMost(7));
        assert!(found.kinds.contains(Kind::Property));
        assert_eq!(persons("SELECT phone, count(*) FROM crm.customers GROUP BY phone", 7), Persons::AtMost(7));
    }

    #[test]
    fn counting_one_listed_person_tells_whether_that_person_is_there() {
        assert_eq!(persons("SELECT count(*) FROM crm.customers WHERE phone = '138'", 1), Persons::AtMost(1));
        assert_eq!(persons("SELECT count(*) FROM crm.customers WHERE branch = 'SH'", 1), Persons::NOBODY);
    }

    #[test]
    fn values_that_hold_many_rows_are_unknown_and_extremes_one_each() {
        for text in [
            "SELECT string_agg(phone, ',') FROM crm.customers",
            "SELECT json_agg(c) FROM crm.customers c",
            "SELECT ARRAY(SELECT phone FROM crm.customers)",
            "SELECT s FROM (SELECT array_agg(name) s FROM crm.customers) x",
            "SELECT query_to_xml('SELECT 1', true, false, '')",
            "SELECT crm.report()",
            "SELECT * FROM dblink('x', 'SELECT 1') t(a int)",
            "SELECT histogram_bounds FROM pg_stats",
        ] {
            assert_eq!(persons(text, 1), Persons::Unknown, "{text}");
        }
        assert_eq!(persons("SELECT min(phone), max(phone) FROM crm.customers", 1), Persons::AtMost(2));
        assert_eq!(persons("SELECT string_agg(name, ',') FROM ref.branches", 1), Persons::NOBODY);
    }

    #[test]
    fn a_function_in_place_of_a_table_is_an_unknown_table() {
        assert_eq!(persons("SELECT * FROM crm.bulk_export()", 10_000), Persons::AtMost(10_000));
        assert_eq!(persons("SELECT * FROM crm.bulk_export()", None), Persons::Unknown);
        assert_eq!(persons("SELECT * FROM scratch.copy", 7), Persons::AtMost(7));
        assert_eq!(persons("SELECT 1 FROM scratch.copy", 7), Persons::AtMost(7));
        assert_eq!(persons("SELECT current_setting('jit'), now()", 1), Persons::NOBODY);
        assert_eq!(persons("SELECT oid FROM pg_class", 100), Persons::NOBODY);
    }

    #[test]
    fn listed_keys_bound_the_count_and_name_the_people() {
        let found = count(&record("SELECT name FROM crm.customers WHERE id = 42", None));
        assert_eq!((found.persons, found.subjects.to_vec()), (Persons::AtMost(1), vec![Keys::built_in().subject("", "42")]));
        assert_eq!(found.selection, Selection::Keys);
        let found = count(&record("SELECT name FROM crm.customers WHERE id IN (1, 2, '3', 3)", Some(3)));
        assert_eq!((found.persons, found.subjects.len()), (Persons::Exact(3), 3));
        let found = count(&record("SELECT name FROM crm.customers WHERE id IN (1, 2, 3)", Some(2)));
        assert_eq!((found.persons, found.subjects.len()), (Persons::AtMost(2), 3), "which two of the three is not said");
        let found = count(&record("SELECT name FROM crm.customers WHERE id IN (1, 2, 3)", Some(0)));
        assert_eq!((found.persons, found.subjects.len()), (Persons::NOBODY, 0));
        assert_eq!(persons("SELECT name FROM crm.customers WHERE id = 1 OR id = 2", None), Persons::AtMost(2));
        assert_eq!(persons("SELECT name FROM crm.customers WHERE id = 1 OR phone = '2'", None), Persons::Unknown);
        assert_eq!(persons("SELECT name FROM crm.customers WHERE NOT id = 1", None), Persons::Unknown);
        assert_eq!(persons("SELECT name FROM crm.customers WHERE name = 'Li'", None), Persons::Unknown, "many people have one name");
    }

    #[test]
    fn bind_values_are_keys_too() {
        let found = bound("SELECT name FROM crm.customers WHERE id = $1", 1, &[" 43 "]);
        assert_eq!((found.persons, found.subjects.to_vec()), (Persons::Exact(1), vec![Keys::built_in().subject("", "43")]));
        let found = bound("SELECT name FROM crm.customers WHERE id = ANY($1)", None, &["{1,2,3}"]);
        assert_eq!((found.persons, found.subjects.len()), (Persons::AtMost(3), 3));
        assert_eq!(
            bound("SELECT name FROM crm.customers WHERE id > $1 ORDER BY id LIMIT $2", None, &["0", "50"]).persons,
            Persons::AtMost(50)
        );
        assert_eq!(bound("SELECT name FROM crm.customers WHERE id = $1", None, &[]).persons, Persons::AtMost(1));
        assert_eq!(bound("SELECT name FROM crm.customers WHERE id = ANY($1)", None, &[]).persons, Persons::Unknown);
    }

    #[test]
    fn keys_reach_other_tables_through_the_join() {
        let joined = "SELECT c.name, a.account_no FROM crm.customers c JOIN bank.accounts a ON a.customer_id = c.id WHERE c.id = 77";
        let found = count(&record(joined, Some(2)));
        assert_eq!((found.persons, found.subjects.len()), (Persons::Exact(1), 1));
        let outer = "SELECT c.name, a.account_no FROM crm.customers c LEFT JOIN (SELECT * FROM bank.accounts WHERE customer_id = 5) a ON a.customer_id = c.id";
        assert_eq!(persons(outer, 1_000), Persons::AtMost(1_000), "a key of the optional side says nothing of the other");
        assert_eq!(
            persons("SELECT callee FROM telco.calls WHERE caller = '138'", 30),
            Persons::AtMost(30),
            "the other ends are not listed"
        );
    }

    #[test]
    fn a_variable_of_a_function_is_a_key_only_where_nothing_else_can_be_meant() {
        let found = bound("SELECT * FROM crm.customers WHERE id=i", 1, &["", "", "7", ""]);
        assert_eq!((found.persons, found.subjects.to_vec()), (Persons::Exact(1), vec![Keys::built_in().subject("", "7")]));
        let unsure = bound("SELECT * FROM crm.customers WHERE id = manager AND branch = b", 5, &["SH"]);
        assert_eq!((unsure.persons, unsure.subjects.len()), (Persons::Exact(5), 0));
        assert_eq!(bound("SELECT * FROM crm.customers WHERE id = manager LIMIT n", 5, &["9"]).subjects.len(), 0);
        assert_eq!(bound("SELECT * FROM crm.customers WHERE id = manager AND vip = $1", 5, &["t"]).persons, Persons::Exact(5));
    }

    #[test]
    fn a_limit_bounds_rows_but_not_what_a_value_holds() {
        assert_eq!(persons("SELECT name FROM crm.customers LIMIT 10", None), Persons::AtMost(10));
        assert_eq!(persons("SELECT * FROM telco.calls FETCH FIRST 10 ROWS ONLY", None), Persons::AtMost(20));
        assert_eq!(persons("SELECT name FROM crm.customers FETCH FIRST 10 ROWS WITH TIES", None), Persons::Unknown);
        assert_eq!(persons("SELECT string_agg(name, ',') FROM crm.customers LIMIT 1", None), Persons::Unknown);
    }

    #[test]
    fn probing_by_a_personal_column_discloses_and_an_impersonal_column_does_not() {
        let found = count(&record("SELECT 1 FROM crm.customers WHERE phone = '138' AND name = 'Li'", Some(1)));
        assert_eq!((found.persons, found.kinds), (Persons::Exact(1), [Kind::Name, Kind::PhoneNumber].into_iter().collect()));
        assert_eq!(persons("SELECT branch FROM crm.customers WHERE vip", 20), Persons::NOBODY);
        assert_eq!(count(&record("SELECT id FROM crm.customers", Some(2))).kinds, Kinds::of(Kind::OtherIdentifying));
    }

    #[test]
    fn writes_disclose_what_they_return_or_copy() {
        assert_eq!(persons("UPDATE crm.customers SET phone = '1' WHERE id = 5", 1), Persons::NOBODY);
        assert_eq!(persons("UPDATE crm.customers SET phone = '1' WHERE id < 5 RETURNING name", 4), Persons::Exact(4));
        assert_eq!(persons("DELETE FROM bank.accounts RETURNING *", 100), Persons::AtMost(100));
        assert_eq!(persons("INSERT INTO scratch.x SELECT id FROM crm.customers", 20), Persons::Exact(20));
        assert_eq!(persons("INSERT INTO scratch.x SELECT id FROM crm.customers ON CONFLICT DO NOTHING", 0), Persons::Unknown);
        assert_eq!(persons("INSERT INTO crm.customers (id, name) VALUES (1, 'Li')", 1), Persons::NOBODY);
        assert_eq!(persons("CREATE TABLE scratch.x AS SELECT * FROM crm.customers", 9), Persons::Exact(9));
        assert_eq!(persons("SELECT * INTO scratch.x FROM crm.customers", 9), Persons::Exact(9));
    }

    #[test]
    fn copies_are_unknown_without_rows_and_other_commands_show_nobody() {
        assert_eq!(persons("COPY crm.customers TO STDOUT", None), Persons::Unknown);
        assert_eq!(persons("COPY crm.customers (branch) TO STDOUT", None), Persons::NOBODY);
        assert_eq!(persons("COPY crm.customers FROM STDIN", None), Persons::NOBODY);
        assert_eq!(persons("COPY (SELECT name FROM crm.customers) TO PROGRAM 'x'", 7), Persons::Exact(7));
        for text in [
            "SET ROLE x",
            "BEGIN",
            "GRANT SELECT ON crm.customers TO x",
            "DROP TABLE crm.customers",
            "DECLARE k CURSOR FOR SELECT * FROM crm.customers",
        ] {
            assert_eq!(persons(text, None), Persons::NOBODY, "{text}");
        }
    }

    #[test]
    fn a_fetch_is_a_reading_of_its_cursors_query() {
        let mut fetch = record("DECLARE k CURSOR FOR SELECT name FROM crm.customers", None);
        fetch.fetched = true;
        assert_eq!((count(&fetch).persons, count(&fetch).class), (Persons::Unknown, "fetch"));
        fetch.rows_bound = Some(100);
        assert_eq!(count(&fetch).persons, Persons::AtMost(100));
        assert_eq!(count(&Record { rows: Some(300), ..fetch }).persons, Persons::Exact(300));
        assert_eq!(persons("FETCH ALL FROM lost", None), Persons::Unknown);
        assert_eq!(persons("EXECUTE lost(1)", 5), Persons::AtMost(5));
    }

    #[test]
    fn what_is_not_understood_is_never_nobody() {
        assert_eq!(persons("SELECT name FRMO crm.customers %% FROM crm.customers", None), Persons::Unknown);
        assert_eq!(persons("SELECT ))) FROM crm.customers", 5), Persons::Exact(5));
        assert_eq!(persons("FROBNICATE EVERYTHING", None), Persons::Unknown);
        assert_eq!(persons("DO $$BEGIN PERFORM name FROM crm.customers; END$$", None), Persons::Unknown);
        assert_eq!(persons("CALL crm.p()", None), Persons::Unknown);
        assert_eq!(persons("SELECT name FROM crm.customers; SELECT name FROM crm.customers WHERE id = 1", 1), Persons::Unknown);
    }

    #[test]
    fn subjects_beside_a_statement_are_the_people() {
        let mut record = record("SELECT name FROM crm.customers WHERE branch = 'SH'", None);
        record.subjects = vec!["1".into(), "2".into()];
        let found = count(&record);
        assert_eq!((found.persons, found.kinds, found.class), (Persons::Exact(2), Kinds::of(Kind::Name), "select"));
    }

    #[test]
    fn interrupted_statements_are_bounded_by_keys_and_limits_alone() {
        let ended = |text, ending| count(&Record { ending, ..record(text, None) }).persons;
        assert_eq!(ended("SELECT name, 1/(9000-id) FROM crm.customers", Ending::Interrupted), Persons::Unknown);
        assert_eq!(ended("SELECT name FROM crm.customers LIMIT 5", Ending::Interrupted), Persons::AtMost(5));
        assert_eq!(ended("SELECT name FROM crm.customers", Ending::Refused), Persons::NOBODY);
        assert_eq!(ended("SELECT 1/0", Ending::Interrupted), Persons::NOBODY);
    }

    #[test]
    fn the_operation_does_not_hide_what_the_statement_returns() {
        let update = Record { operation: Operation::Write, ..record("UPDATE crm.customers SET x = 1 RETURNING name", Some(4)) };
        assert_eq!(count(&update).persons, Persons::Exact(4));
    }
}
