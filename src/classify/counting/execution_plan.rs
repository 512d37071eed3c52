//! What a plan that the server logged adds to a statement's text: the tables behind its views and functions, the values behind its
//! placeholders, and the rows that its scans and aggregates really had.
//!
//! Rows of a plan are the executor's own count. They bound people where a scan of one row a person stands behind every row shown.

use crate::classify::catalog::{Catalog, RowsPerSubject, Table};
use crate::classify::counting::catalog_source::{CatalogSource, resolve};
use crate::classify::counting::people::flows_to;
use crate::model::persons::Persons;
use crate::model::record::{Plan, Record};
use crate::sql::{self, Analysis, Branch, Column, system};

/// Puts what a logged plan knows better into the analysis.
pub(super) fn refine(analysis: &mut Analysis, record: &Record<'_>, planned: &Branch, catalog: &Catalog) {
    let system = record.system.as_deref();
    let unclear = |branch: &Branch| {
        !branch.functions.is_empty()
            || branch.sources.iter().any(|source| {
                catalog.find(system, &source.table).is_none_or(Table::is_guess) && !system::is_harmless(&source.table, record.dialect)
            })
    };
    // Functions in the plan hide what they read from it as well.
    let hides = record.plan.as_ref().is_some_and(|plan| plan.functions);
    let called: Vec<String> = analysis.branches.iter().flat_map(|branch| branch.functions.clone()).collect();
    if (analysis.unparsed || analysis.branches.iter().any(unclear)) && (!hides || !called.is_empty()) {
        let mut functions = planned.functions.clone();
        functions.extend(called.into_iter().filter(|_| hides));
        analysis.unparsed = false;
        analysis.set_operation = false;
        analysis.branches = vec![Branch { functions, ..planned.clone() }];
    }
    // Bind values that the log leaves out stand in the plan's conditions.
    for branch in &mut analysis.branches {
        for keys in &mut branch.keys {
            let table = &branch.sources[keys.column.source].table;
            let same = |other: &&sql::ListedKeys| {
                other.column.name == keys.column.name && planned.sources[other.column.source].table.eq_ignore_ascii_case(table)
            };
            if let (true, Some(other)) = (record.binds.is_empty(), planned.keys.iter().find(same)) {
                keys.values.clone_from(&other.values);
            }
        }
    }
}

/// No more people than a plan's own tables gave, where the text names a view over them.
pub(super) fn scanned_by_all(planned: &Branch, record: &Record<'_>, catalog: &Catalog) -> Option<u64> {
    let plan = record.plan.as_deref().filter(|plan| !plan.functions)?;
    let known = resolve(planned, record, catalog);
    if known.iter().any(CatalogSource::is_unknown) { None } else { scanned(planned, &known, plan) }
}

/// No more people than rows came out of a scan of one row per person, where each row shown has such a person and nobody else.
pub(super) fn scanned(branch: &Branch, known: &[CatalogSource<'_>], plan: &Plan) -> Option<u64> {
    if branch.hides_query || !branch.functions.is_empty() {
        return None;
    }
    let showing: Vec<usize> = (0..known.len()).filter(|at| known[*at].showing.is_some()).collect();
    let alone = |at: &usize| known[*at].showing.is_some_and(|showing| showing.people_per_row == 1);
    if showing.is_empty() || !showing.iter().all(alone) {
        return None;
    }
    let subject = |at: usize| known[at].entry.and_then(|entry| Some(Column { source: at, name: Some(entry.subject.clone()?) }));
    let of_one_row = (0..known.len()).filter(|at| known[*at].entry.is_some_and(|entry| entry.rows_per_subject == RowsPerSubject::One));
    let bounds = of_one_row.filter_map(|at| {
        let own = subject(at)?;
        let space = |at: usize| known[at].entry.map(|entry| entry.space);
        // Equal on every row shown, whichever way one goes.
        let equal = |other: usize| subject(other).is_some_and(|other| flows_to(branch, &own, &other) == Some(true));
        let same = |other: &usize| *other == at || space(*other) == space(at) && equal(*other);
        if !showing.iter().all(same) {
            return None;
        }
        let table = &branch.sources[at].table;
        let mut scans = plan.scans.iter().filter(|scan| scan.table.eq_ignore_ascii_case(table)).peekable();
        scans.peek()?;
        scans.map(|scan| scan.rows).sum::<Option<u64>>()
    });
    bounds.min()
}

/// The people of one value that holds many rows: no more than went into the aggregate that made it.
///
/// Exact where those rows are people and all of them are in the value: none was filtered, doubled, or made a NULL, which aggregates of
/// texts leave out.
pub(super) fn packed(branch: &Branch, record: &Record<'_>, of_people: bool, people_per_row: u64) -> Option<Persons> {
    const LEAVE_OUT: [&str; 9] = ["filter", "distinct", "case", "nullif", "strict", "percentile", "sum", "avg", "over"];
    let fed = record.plan.as_ref().filter(|plan| !plan.scans.is_empty())?.aggregated?;
    let aggregated = branch.packed || !branch.packs.is_empty();
    if !aggregated || branch.layered || branch.hides_query || branch.grouped {
        return None;
    }
    let text = record.statement.as_deref().unwrap_or("").to_ascii_lowercase();
    let all = of_people && !branch.distinct && !LEAVE_OUT.iter().any(|word| text.contains(word));
    // `OFFSET 1` and `HAVING` drop the one row.
    let shown = record.rows.is_some_and(|rows| rows > 0);
    Some(if all && shown { Persons::Exact(fed) } else { Persons::AtMost(fed.saturating_mul(people_per_row)) })
}

#[cfg(test)]
mod tests {
    use crate::classify::counting::testing::{count, record};
    use crate::model::persons::Persons;
    use crate::model::record::{Dialect, Plan, Scan};

    fn plan(scans: &[(&str, &str, u64)], output: &[&str], conditions: &[&str]) -> Plan {
        let scan = |(table, alias, rows): &(&str, &str, u64)| Scan {
            table: (*table).to_owned(),
            alias: (*alias).to_owned(),
            rows: Some(*rows),
            arm: false,
        };
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Plan { scans: scans.iter().map(scan).collect(), output: texts(output), conditions: texts(conditions), ..Plan::default() }
    }

    fn persons(statement: &str, rows: u64, plan: Plan) -> Persons {
        let mut record = record();
        (record.statement, record.dialect, record.rows) = (Some(statement.into()), Dialect::PostgreSql, Some(rows));
        record.plan = Some(Box::new(plan));
        count(&record).persons
    }

    const BOTH: &[(&str, &str, u64)] = &[("bank.accounts", "a", 15_000), ("crm.customers", "c", 10)];

    #[test]
    fn a_view_shows_no_more_people_than_the_scan_of_one_row_a_person_gave() {
        let joined = plan(BOTH, &["c.name", "a.account_no"], &["(a.customer_id = c.id)"]);
        assert_eq!(persons("SELECT name, account_no FROM crm.v_360", 20, joined.clone()), Persons::AtMost(10));
        let loose = Plan { conditions: Vec::new(), ..joined.clone() };
        assert_eq!(persons("SELECT name, account_no FROM crm.v_360", 20, loose), Persons::AtMost(20), "nothing joins the people");
        let hidden = Plan { functions: true, ..joined };
        assert_eq!(persons("SELECT name, account_no FROM crm.v_360", 20, hidden), Persons::AtMost(20));
    }

    #[test]
    fn a_semi_join_shows_no_more_people_than_it_looked_for() {
        let text = "SELECT account_no FROM bank.accounts WHERE customer_id IN (SELECT id FROM crm.customers WHERE branch = 'BJ')";
        let scans = [("bank.accounts", "accounts", 15_000), ("crm.customers", "customers", 1_000)];
        let joined = plan(&scans, &["accounts.account_no"], &["(accounts.customer_id = customers.id)"]);
        assert_eq!(persons(text, 1_500, joined), Persons::AtMost(1_000));
    }

    #[test]
    fn a_column_of_one_arm_stands_for_those_of_all() {
        let mut arms = plan(&[("crm.customers", "customers", 5), ("bank.accounts", "accounts", 9)], &["customers.name"], &[]);
        arms.scans.iter_mut().for_each(|scan| scan.arm = true);
        assert_eq!(persons("SELECT name FROM scratch.v_union", 14, arms), Persons::AtMost(28));
    }

    #[test]
    fn what_a_subquery_gave_shows_its_table() {
        let scans = [("crm.customers", "customers", 1), ("bank.accounts", "accounts", 1)];
        let given = plan(&scans, &["customers.name", "$0"], &[]);
        assert_eq!(persons("SELECT * FROM scratch.v", 1, given), Persons::AtMost(2));
    }

    #[test]
    fn a_function_beside_a_harmless_table_may_show_anybody() {
        let called = plan(&[("ref.branches", "b", 3)], &["crm.secrets(b.id)"], &[]);
        assert_ne!(persons("SELECT crm.secrets(b.id) FROM ref.branches b", 3, called), Persons::NOBODY);
        let listed = Plan { functions: true, ..plan(&[("ref.branches", "b", 3)], &["b.name"], &[]) };
        assert_eq!(persons("SELECT * FROM scratch.v", 3, listed), Persons::AtMost(3));
    }

    #[test]
    fn a_packed_value_holds_the_rows_that_were_fed_in() {
        let fed = |text, table, rows| {
            let plan = Plan { aggregated: Some(1_000), ..plan(&[(table, "t", 1_000)], &["string_agg(t.x, ','::text)"], &[]) };
            persons(text, rows, plan)
        };
        let customers = "crm.customers";
        assert_eq!(fed("SELECT string_agg(name, ',') FROM crm.customers", customers, 1), Persons::Exact(1_000));
        assert_eq!(fed("SELECT string_agg(name, ',') FROM crm.customers OFFSET 1", customers, 0), Persons::AtMost(1_000));
        assert_eq!(fed("SELECT string_agg(DISTINCT name, ',') FROM crm.customers", customers, 1), Persons::AtMost(1_000));
        assert_eq!(fed("SELECT string_agg(CASE WHEN id > 5 THEN name END, ',') FROM crm.customers", customers, 1), Persons::AtMost(1_000));
        assert_eq!(fed("SELECT string_agg(account_no, ',') FROM bank.accounts", "bank.accounts", 1), Persons::AtMost(1_000));
    }
}
