//! Each rule of counting by statements, as a sentence.

use crate::classify::counting::Disclosure;
use crate::classify::counting::testing::{self, count};
use crate::model::access::{Operation, Selection};
use crate::model::keys::Keys;
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::record::{Dialect, EventOutcome, Record};

mod proven;
mod texts;

fn record(statement: &str, rows: Option<u64>) -> Record<'_> {
    let mut record = testing::record();
    record.statement = Some(statement.into());
    record.dialect = Dialect::PostgreSql;
    record.rows = rows;
    record
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
fn tables_of_one_row_a_person_joined_by_the_person_are_one_to_one() {
    let by = |condition: &str| format!("SELECT a.name, b.phone FROM crm.customers a JOIN crm.customers b ON {condition}");
    assert_eq!(persons(&by("a.id = b.id"), 15), Persons::Exact(15));
    assert_eq!(persons("SELECT b.phone FROM crm.customers a JOIN crm.customers b USING (id)", 15), Persons::Exact(15));
    assert_eq!(persons(&by("a.id = b.id OR a.name = b.name"), 15), Persons::AtMost(30));
    assert_eq!(persons(&by("a.name = b.name"), 15), Persons::AtMost(30));
    assert_eq!(persons("SELECT a.name, b.phone FROM crm.customers a LEFT JOIN crm.customers b ON a.id = b.id", 15), Persons::AtMost(15));
    assert_eq!(persons("SELECT DISTINCT a.name FROM crm.customers a JOIN crm.customers b ON a.id = b.id", 15), Persons::AtMost(15));
    assert_eq!(persons("SELECT a.name FROM crm.customers a JOIN crm.customers b ON a.id = b.id, ref.branches r", 15), Persons::AtMost(15));
    let listed = "SELECT a.name FROM crm.customers a JOIN crm.customers b ON a.id = b.id JOIN generate_series(1, 2) g ON true";
    assert_eq!(persons(listed, 15), Persons::AtMost(15));
    let of_text = by("a.id = b.id");
    let mysql = Record { dialect: Dialect::MySql, ..record(&of_text, Some(15)) };
    assert_eq!(count(&mysql).persons, Persons::AtMost(15), "'5' and '05' are both 5");
}

#[test]
fn a_list_that_names_a_row_twice_shows_it_twice() {
    assert_eq!(persons("SELECT c.name FROM crm.customers c JOIN (VALUES (1), (1)) v(id) ON v.id = c.id", 2), Persons::AtMost(2));
    assert_eq!(persons("SELECT c.name FROM crm.customers c WHERE c.id IN (VALUES (1), (1))", 1), Persons::Exact(1));
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
    assert_eq!(persons("SELECT branch, count(*) FROM bank.accounts GROUP BY branch", 10), Persons::NOBODY);
    assert_eq!(persons("SELECT avg(balance), sum(balance) FROM bank.accounts", 1), Persons::NOBODY);
    // A branch with one account is that account: nobody knows how many stand behind a group.
    assert_eq!(persons("SELECT branch, count(*), avg(balance) FROM bank.accounts GROUP BY branch", 10), Persons::AtMost(10));
    assert_eq!(persons("SELECT * FROM (SELECT count(*) FROM crm.customers) x", 1), Persons::NOBODY);
    assert_eq!(persons("EXPLAIN ANALYZE SELECT * FROM crm.customers", 10_000), Persons::NOBODY);
    assert_eq!(persons("WITH d AS (DELETE FROM crm.customers RETURNING *) SELECT count(*) FROM d", 1), Persons::NOBODY);
    assert_eq!(persons("SELECT count(*) FROM scratch.x", 1), Persons::NOBODY);
}

#[test]
fn a_group_that_is_a_person_shows_the_person_and_the_sum() {
    let found = count(&record("SELECT customer_id, sum(balance) FROM bank.accounts GROUP BY customer_id", Some(7)));
    assert_eq!(found.persons, Persons::Exact(7));
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
    assert_eq!((found.persons, found.subjects.len()), (Persons::Exact(2), 3), "two, and the three keys are candidates");
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
    assert_eq!(bound("SELECT name FROM crm.customers WHERE id > $1 ORDER BY id LIMIT $2", None, &["0", "50"]).persons, Persons::AtMost(50));
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
    assert_eq!(persons("SELECT callee FROM telco.calls WHERE caller = '138'", 30), Persons::AtMost(30), "the other ends are not listed");
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
    for text in ["SET ROLE x", "BEGIN", "GRANT SELECT ON crm.customers TO x", "DROP TABLE crm.customers"] {
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
    assert_eq!(persons("EXECUTE lost(1)", 5), Persons::Unknown, "what was made ready may put many people into a row");
}

#[test]
fn what_is_not_understood_is_never_nobody() {
    assert_eq!(persons("SELECT name FRMO crm.customers %% FROM crm.customers", None), Persons::Unknown);
    assert_eq!(persons("SELECT ))) FROM crm.customers", 5), Persons::AtMost(5), "nothing of it is proven");
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
    let ended = |text, outcome| count(&Record { outcome, ..record(text, None) }).persons;
    assert_eq!(ended("SELECT name, 1/(9000-id) FROM crm.customers", EventOutcome::Interrupted), Persons::Unknown);
    assert_eq!(ended("SELECT name FROM crm.customers LIMIT 5", EventOutcome::Interrupted), Persons::AtMost(5));
    assert_eq!(ended("SELECT name FROM crm.customers", EventOutcome::Refused), Persons::NOBODY);
    assert_eq!(ended("SELECT 1/0", EventOutcome::Interrupted), Persons::NOBODY);
}

#[test]
fn the_operation_does_not_hide_what_the_statement_returns() {
    let update = Record { operation: Operation::Write, ..record("UPDATE crm.customers SET x = 1 RETURNING name", Some(4)) };
    assert_eq!(count(&update).persons, Persons::Exact(4));
}

#[test]
fn only_a_bare_column_hands_its_keys_on() {
    let shifted = "SELECT name FROM crm.customers WHERE id IN (SELECT generate_series(id, id + 9999) FROM crm.customers WHERE id = 1)";
    assert_eq!(persons(shifted, 10_000), Persons::Exact(10_000));
    assert_eq!(persons(shifted, None), Persons::Unknown);
    assert_eq!(persons("SELECT name FROM (SELECT id % 10 AS id, name FROM crm.customers) x WHERE x.id = 5", None), Persons::Unknown);
    assert_eq!(persons("SELECT name FROM (SELECT id, name FROM crm.customers) x WHERE x.id = 5", None), Persons::AtMost(1));
    assert_eq!(persons("SELECT name FROM crm.customers WHERE phone::char(3) = '138'", None), Persons::Unknown);
    assert_eq!(persons("SELECT name FROM crm.customers WHERE id::text = '138'", None), Persons::AtMost(1));
}

#[test]
fn a_key_inside_of_a_value_limits_that_value_alone() {
    let beside =
        "SELECT c.name, (SELECT a.balance FROM bank.accounts a WHERE a.customer_id = c.id AND a.customer_id = 5) FROM crm.customers c";
    assert_eq!(persons(beside, None), Persons::Unknown);
    let exists =
        "SELECT c.name, EXISTS (SELECT 1 FROM bank.accounts a WHERE a.customer_id = c.id AND a.customer_id = 5) FROM crm.customers c";
    assert_eq!(persons(exists, None), Persons::Unknown);
    let filter =
        "SELECT c.name FROM crm.customers c WHERE EXISTS (SELECT 1 FROM bank.accounts a WHERE a.customer_id = c.id AND a.customer_id = 5)";
    assert_eq!(persons(filter, None), Persons::AtMost(1));
    let lateral = "SELECT c.name, x.balance FROM crm.customers c LEFT JOIN LATERAL (SELECT a.balance, a.customer_id FROM bank.accounts a WHERE a.customer_id = c.id AND a.customer_id = 5) x ON true";
    assert_eq!(persons(lateral, None), Persons::Unknown);
}

#[test]
fn a_name_with_its_database_is_the_same_table() {
    assert_eq!(persons("SELECT name FROM corebank.crm.customers", 4), Persons::Exact(4));
}

#[test]
fn a_joined_table_that_is_not_known_adds_no_people_and_no_rows_of_it_are_a_bound() {
    assert_eq!(persons("SELECT c.name FROM crm.customers c JOIN foo.bar b ON b.cid = c.id", 20), Persons::AtMost(20));
    assert_eq!(persons("SELECT * FROM foo.bar", 0), Persons::AtMost(0));
}

#[test]
fn a_failed_text_that_is_no_statement_shows_nobody() {
    let failed = |text| count(&Record { outcome: EventOutcome::Failure, ..record(text, None) }).persons;
    assert_eq!(failed("SELEC name FRM crm.customers"), Persons::NOBODY);
    assert_eq!(failed("SELECT name FROM crm.customers"), Persons::Unknown);
    assert_eq!(persons("SELEC name FROM crm.customers", None), Persons::Unknown, "it did not fail");
}

#[test]
fn no_rows_of_copies_and_cursors_are_no_count() {
    for text in ["COPY crm.customers TO STDOUT", "DECLARE k CURSOR FOR SELECT name FROM crm.customers", "FETCH 100 FROM k"] {
        assert_eq!(persons(text, 0), Persons::Unknown, "{text}");
    }
}

#[test]
fn whether_somebody_is_there_tells_of_as_many_as_are_listed() {
    for text in [
        "SELECT EXISTS (SELECT 1 FROM crm.customers WHERE phone = '138')",
        "SELECT CASE WHEN EXISTS (SELECT FROM crm.customers WHERE id = 5) THEN 1 END",
        "SELECT (SELECT 1 FROM crm.customers WHERE phone = '138')",
        "SELECT (SELECT count(*) FROM crm.customers WHERE phone = '138')",
        "SELECT '138' IN (SELECT phone FROM crm.customers)",
        "SELECT '138' = ANY (SELECT phone FROM crm.customers)",
        "SELECT EXISTS (SELECT 1 FROM crm.customers WHERE name LIKE 'Li%')",
    ] {
        assert_eq!(persons(text, 1), Persons::AtMost(1), "{text}");
    }
    assert_eq!(persons("SELECT EXISTS (SELECT 1 FROM crm.customers WHERE id IN (1, 2, 3))", 1), Persons::AtMost(3));
    assert_eq!(persons("SELECT EXISTS (SELECT 1 FROM crm.customers WHERE id = ANY($1))", 1), Persons::Unknown);
    assert_eq!(persons("SELECT EXISTS (SELECT 1 FROM crm.customers WHERE branch = 'SH')", 1), Persons::NOBODY);
    let each = "SELECT p, EXISTS (SELECT 1 FROM crm.customers c WHERE c.phone = v.p) FROM (VALUES ('1'), ('2')) v(p)";
    assert_ne!(persons(each, 2), Persons::NOBODY);
    let own = "SELECT c.name, EXISTS (SELECT 1 FROM bank.accounts a WHERE a.customer_id = c.id) FROM crm.customers c";
    assert_eq!(persons(own, 40), Persons::Exact(40));
    let other = "SELECT c.name, EXISTS (SELECT 1 FROM crm.customers WHERE phone = '138') FROM crm.customers c";
    assert_eq!(persons(other, 1), Persons::Unknown);
}

#[test]
fn rows_that_differ_in_the_person_are_people_and_one_row_is_one_person() {
    assert_eq!(persons("SELECT DISTINCT customer_id FROM bank.accounts", 7), Persons::Exact(7));
    assert_eq!(persons("SELECT DISTINCT customer_id, balance FROM bank.accounts", 7), Persons::AtMost(7));
    assert_eq!(persons("SELECT DISTINCT ON (balance) customer_id FROM bank.accounts", 7), Persons::AtMost(7));
    assert_eq!(persons("SELECT DISTINCT length(customer_id) FROM bank.accounts", 7), Persons::AtMost(7));
    assert_eq!(persons("SELECT customer_id, balance FROM bank.accounts GROUP BY customer_id, balance", 7), Persons::AtMost(7));
    assert_eq!(persons("SELECT customer_id FROM bank.accounts GROUP BY ROLLUP (customer_id)", 7), Persons::AtMost(7));
    assert_eq!(persons("SELECT balance FROM bank.accounts WHERE id = 3", 1), Persons::Exact(1));
    assert_eq!(persons("SELECT balance FROM bank.accounts WHERE id = 3", 2), Persons::AtMost(2));
    assert_eq!(persons("SELECT DISTINCT balance FROM bank.accounts", 1), Persons::AtMost(1));
    assert_eq!(persons("SELECT caller, callee FROM telco.calls WHERE id = 3", 1), Persons::AtMost(2));
}

#[test]
fn a_row_beside_each_row_does_not_multiply_them() {
    let lateral = "SELECT c.name FROM crm.customers c, LATERAL (SELECT 1 FROM telco.calls r WHERE r.caller = c.phone LIMIT 1) x";
    assert_eq!(persons(lateral, 20), Persons::Exact(20));
    let several = "SELECT c.name FROM crm.customers c, LATERAL (SELECT 1 FROM telco.calls r WHERE r.caller = c.phone LIMIT 2) x";
    assert_eq!(persons(several, 20), Persons::AtMost(20));
    let shows = "SELECT c.name, x.callee FROM crm.customers c, LATERAL (SELECT callee FROM telco.calls r LIMIT 1) x";
    assert_eq!(persons(shows, 20), Persons::AtMost(40));
}

#[test]
fn a_server_that_compares_text_as_numbers_finds_more_than_the_listed() {
    let mysql = |text| count(&Record { dialect: Dialect::MySql, ..record(text, None) }).persons;
    assert_eq!(mysql("SELECT name FROM crm.customers WHERE id = 0"), Persons::Unknown);
    assert_eq!(mysql("SELECT name FROM crm.customers WHERE phone = 138"), Persons::Unknown);
    assert_eq!(mysql("SELECT name FROM crm.customers WHERE phone = '138'"), Persons::AtMost(1));
    assert_eq!(mysql("SELECT name FROM crm.customers WHERE id IN (4, 5)"), Persons::AtMost(2));
}

#[test]
fn a_cursor_whose_fetches_are_not_told_is_unknown() {
    assert_eq!(persons("DECLARE k CURSOR FOR SELECT name FROM crm.customers", None), Persons::Unknown);
    assert_eq!(persons("DECLARE k CURSOR FOR SELECT name FROM crm.customers WHERE id = 4", None), Persons::AtMost(1));
    assert_eq!(persons("BEGIN; DECLARE k CURSOR FOR SELECT name FROM crm.customers; FETCH ALL FROM k", None), Persons::Unknown);
    assert_eq!(persons("PREPARE q AS SELECT name FROM crm.customers; EXECUTE q", None), Persons::Unknown);
    assert_eq!(persons("BEGIN; SELECT name FROM crm.customers; COMMIT", None), Persons::Unknown);
}

#[test]
fn a_table_by_another_name_is_never_nobody() {
    for text in [
        "SELECT name FROM customers",
        "SELECT name FROM scratch.customers",
        "SELECT name FROM t1",
        "SELECT name FROM pg_temp.t1",
        "SELECT name FROM \"CRM\".\"CUSTOMERS\"",
        "SELECT name FROM CRM.Customers",
        "SELECT name FROM ONLY crm.customers",
        "SELECT name FROM crm.customers_2026",
        "SELECT EXISTS (SELECT 1 FROM scratch.copy WHERE phone = '138')",
        "SELECT count(*) FROM scratch.copy WHERE phone = '138'",
        "HANDLER crm.customers READ FIRST",
    ] {
        assert!(!matches!(persons(text, None), Persons::Exact(_)), "{text}: {:?}", persons(text, None));
        let some = persons(text, 5);
        assert!(some == Persons::Unknown || some.figure().is_some_and(|figure| figure > 0), "{text}: {some:?}");
    }
    assert_eq!(persons("SELECT a FROM scratch.x UNION SELECT b FROM scratch.y", 0), Persons::AtMost(0));
    assert_eq!(persons("HANDLER crm.customers READ FIRST LIMIT 500", 0), Persons::Unknown, "the server does not count them");
    assert_eq!(persons("EXECUTE lost", 0), Persons::Unknown);
}

#[test]
fn what_a_setting_of_the_session_decides_bounds_nothing() {
    let mysql = |text, rows| count(&Record { dialect: Dialect::MySql, ..record(text, rows) }).persons;
    assert_eq!(mysql(r"SELECT name FROM crm.customers WHERE id = 'x\' OR 1=1 -- '", None), Persons::Unknown);
    assert_eq!(mysql(r"SELECT 'x\', name FROM crm.customers -- '", Some(9)), Persons::AtMost(9));
    assert_eq!(mysql(r#"SELECT name FROM crm.customers WHERE id = "manager""#, None), Persons::Unknown);
    assert_eq!(mysql(r#"SELECT name FROM crm.customers WHERE id = "42""#, None), Persons::AtMost(1));
    assert_eq!(mysql(r#"SELECT "name" FROM crm.customers"#, Some(9)), Persons::AtMost(9));
    assert_eq!(mysql("SELECT name FROM crm.customers LIMIT 10,20", None), Persons::AtMost(20));
    assert_eq!(mysql("/*!50000 SELECT name FROM `crm`.`customers` */", Some(3)), Persons::Exact(3));
    assert_eq!(mysql("SELECT name FROM crm.customers WHERE id = 0x31", None), Persons::Unknown);
    assert_ne!(mysql("SELECT name FROM crm.customers INTO OUTFILE '/tmp/x'", Some(3)), Persons::NOBODY);
}

#[test]
fn other_dialects_are_read_or_taken_by_their_words() {
    let of = |dialect, text| count(&Record { dialect, ..record(text, Some(3)) }).persons;
    for (dialect, text) in [
        (Dialect::MsSql, "SELECT TOP 3 [name] FROM [crm].[customers] WITH (NOLOCK)"),
        (Dialect::MsSql, "SELECT name FROM crm.customers ORDER BY id OFFSET 0 ROWS FETCH NEXT 3 ROWS ONLY"),
        (Dialect::Oracle, "SELECT name FROM crm.customers WHERE ROWNUM <= 3"),
        (Dialect::Oracle, "SELECT name FROM CRM.CUSTOMERS FETCH FIRST 3 ROWS ONLY"),
        (Dialect::Snowflake, "SELECT name FROM crm.customers QUALIFY row_number() OVER (ORDER BY id) <= 3"),
        (Dialect::BigQuery, "SELECT name FROM `crm.customers` LIMIT 3"),
        (Dialect::Databricks, "SELECT name FROM `crm`.`customers` LIMIT 3"),
        (Dialect::Hive, "SELECT name FROM crm.customers LIMIT 3"),
        (Dialect::Trino, "SELECT name FROM crm.customers LIMIT 3"),
        (Dialect::Oracle, "SELECT c.name, a.balance FROM crm.customers c, bank.accounts a WHERE a.customer_id (+) = c.id"),
        (Dialect::Oracle, "SELECT name FROM crm.customers MINUS SELECT name FROM crm.customers WHERE id = 1"),
        (Dialect::Oracle, "SELECT q'[it's]', name FROM crm.customers"),
    ] {
        let found = of(dialect, text);
        assert!(found == Persons::Unknown || found.figure().is_some_and(|figure| figure >= 3), "{text}: {found:?}");
    }
}

/// What another dialect's statement shows with seven rows.
fn in_dialect(dialect: Dialect, statement: &str) -> Persons {
    let mut record = testing::record();
    (record.statement, record.dialect, record.rows) = (Some(statement.into()), dialect, Some(7));
    count(&record).persons
}

#[test]
fn a_query_behind_a_setting_or_in_a_block_is_seen() {
    for (dialect, statement) in [
        (Dialect::MySql, "SET @a = (SELECT GROUP_CONCAT(phone) FROM crm.customers)"),
        (Dialect::MySql, "SET STATEMENT max_statement_time=1 FOR SELECT * FROM crm.customers"),
        (Dialect::MySql, "BEGIN NOT ATOMIC SELECT * FROM crm.customers; END"),
        (Dialect::Oracle, "BEGIN crm.bulk_export; END;"),
    ] {
        assert_eq!(in_dialect(dialect, statement), Persons::Unknown, "{statement}");
    }
    assert_eq!(in_dialect(Dialect::MsSql, "SET NOCOUNT ON SELECT * FROM crm.customers"), Persons::Exact(7), "a setting returns no rows");
    for statement in
        ["BEGIN", "begin;", "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN NOT DEFERRABLE", "SET search_path TO crm", "SET ROLE app"]
    {
        assert_eq!(in_dialect(Dialect::PostgreSql, statement), Persons::NOBODY, "{statement}");
    }
}

#[test]
fn what_t_sql_packs_returns_or_strings_together_is_never_exact() {
    for statement in ["SELECT name FROM crm.customers FOR JSON AUTO", "SELECT name FROM crm.customers FOR XML PATH('')"] {
        assert_eq!(in_dialect(Dialect::MsSql, statement), Persons::Unknown, "{statement}");
    }
    assert_eq!(in_dialect(Dialect::MsSql, "UPDATE crm.customers SET name='x' OUTPUT deleted.name WHERE id=1"), Persons::AtMost(1));
    assert_eq!(in_dialect(Dialect::MsSql, "DELETE FROM crm.customers OUTPUT deleted.*"), Persons::Exact(7));
    let strung = in_dialect(Dialect::MsSql, "SELECT name FROM crm.customers SELECT phone FROM crm.customers");
    assert!(!matches!(strung, Persons::Exact(_)), "{strung}");
}
