//! What is known of tables that statements made, told by what reading them shows.

use super::*;
use crate::classify::counting::disclose;
use crate::model::access::{Position, RecordHash};
use crate::model::persons::Persons;

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

    [[table]]
    table = "ref.*"
"#;

fn catalog() -> Catalog {
    Catalog::parse(CATALOG, "catalog.toml").expect("is valid")
}

fn record<'t>(statement: &'t str, rows: Option<u64>) -> Record<'t> {
    let mut record = Record::new(Position(1), RecordHash::default(), Timestamp(1_772_442_845_000));
    (record.statement, record.dialect, record.rows) = (Some(statement.into()), Dialect::PostgreSql, rows);
    record
}

/// The statements one after the other.
struct Session {
    catalog: Catalog,
    made: MadeTables,
}

impl Session {
    fn after(statements: &[&str]) -> Session {
        let mut session = Session { catalog: catalog(), made: MadeTables::default() };
        statements.iter().for_each(|statement| drop(session.run(statement, Some(10))));
        session
    }

    fn run(&mut self, statement: &str, rows: Option<u64>) -> Disclosure {
        let (record, keys) = (record(statement, rows), Keys::built_in());
        let found = disclose(&record, self.made.catalog(&self.catalog), &keys);
        self.made.note(&record, &found, &self.catalog, &keys);
        found
    }

    /// Persons, names of kinds, and what is told of the first table.
    fn reads(&mut self, statement: &str, rows: Option<u64>) -> (Persons, Vec<&'static str>, Option<String>) {
        let found = self.run(statement, rows);
        let told = found.reads.first().and_then(|read| read.inferred.as_deref().map(str::to_owned));
        (found.persons, found.kinds.iter().map(Kind::name).collect(), told)
    }
}

#[test]
fn a_copy_holds_what_it_was_made_of() {
    let mut session = Session::after(&["CREATE TABLE x.tmp1 AS SELECT id, name AS n, branch FROM crm.customers"]);
    let (persons, kinds, told) = session.reads("SELECT * FROM x.tmp1", Some(7));
    assert_eq!((persons, kinds), (Persons::AtMost(7), vec!["name"]));
    assert_eq!(told.as_deref(), Some("made from crm.customers on 2026-03-02"));
    assert_eq!(session.reads("SELECT n FROM tmp1", None).0, Persons::Unknown);
    assert_eq!(session.reads("SELECT branch FROM x.tmp1", Some(7)).0, Persons::NOBODY);
    let one = session.run("SELECT n FROM x.tmp1 WHERE id = 42", None);
    assert_eq!((one.persons, one.subjects.len()), (Persons::AtMost(1), 1), "the key was passed along");
    assert!(one.reads[0].known);
    let other = session.reads("SELECT * FROM x.tmp10", Some(7));
    assert_eq!((other.1, other.2), (vec![], None));
}

#[test]
fn rows_of_a_copy_are_never_proven_to_be_people() {
    let mut session = Session::after(&["SELECT * INTO copy_a FROM crm.customers", "INSERT INTO b.c SELECT id, name FROM crm.customers"]);
    assert_eq!(session.reads("SELECT * FROM copy_a", Some(1)).0, Persons::AtMost(1));
    assert_eq!(session.reads("SELECT name FROM copy_a WHERE id = 5", Some(1)).0, Persons::AtMost(1));
    let (persons, kinds, _) = session.reads("SELECT any_name FROM b.c", Some(5));
    assert_eq!((persons, kinds), (Persons::AtMost(5), vec!["name", "phone_number"]), "its own names are not known");
}

#[test]
fn a_packed_copy_may_hold_anybody_in_a_row() {
    let mut session = Session::after(&[
        "CREATE TABLE p AS SELECT string_agg(name, ',') AS names FROM crm.customers",
        "CREATE TABLE q AS SELECT * FROM p",
        "CREATE TABLE j AS SELECT c.name, a.account_no FROM crm.customers c, bank.accounts a",
        "CREATE TABLE n AS SELECT count(*) AS n FROM crm.customers",
    ]);
    assert_eq!(session.reads("SELECT names FROM p", Some(1)).0, Persons::Unknown);
    assert_eq!(session.reads("SELECT * FROM q", Some(1)).0, Persons::Unknown);
    assert_eq!(session.reads("SELECT * FROM j", Some(10)).0, Persons::AtMost(20));
    assert_eq!(session.reads("SELECT * FROM n", Some(1)).2, None, "a count is nobody's");
}

#[test]
fn copies_of_copies_new_names_and_views_pass_it_on() {
    let mut session = Session::after(&[
        "CREATE TABLE a AS SELECT id AS i, phone AS p FROM crm.customers",
        "CREATE TABLE b (LIKE a)",
        "INSERT INTO b (i, p) SELECT i, p FROM a",
        "ALTER TABLE b RENAME TO c",
        "CREATE VIEW d AS SELECT p AS q FROM c",
        "ALTER TABLE crm.customers RENAME TO clients",
    ]);
    let phone = |found: (Persons, Vec<&'static str>, Option<String>)| (found.0, found.1);
    assert_eq!(phone(session.reads("SELECT * FROM c", Some(3))), (Persons::AtMost(3), vec!["phone_number"]));
    assert_eq!(phone(session.reads("SELECT q FROM d", Some(3))), (Persons::AtMost(3), vec!["phone_number"]));
    assert_eq!(session.reads("SELECT * FROM b", Some(3)).2, None, "its name is another");
    let (persons, kinds, told) = session.reads("SELECT name FROM crm.clients", Some(3));
    assert_eq!((persons, kinds), (Persons::AtMost(3), vec!["name"]));
    assert_eq!(told.as_deref(), Some("renamed from crm.customers on 2026-03-02"));
}

#[test]
fn what_is_dropped_is_forgotten_and_what_is_listed_stays_as_listed() {
    let mut session = Session::after(&[
        "CREATE TABLE x.t AS SELECT * FROM crm.customers",
        "DROP TABLE IF EXISTS x.t",
        "INSERT INTO crm.customers SELECT * FROM crm.customers",
        "CREATE TABLE ref.z AS SELECT * FROM crm.customers",
    ]);
    assert_eq!(session.reads("SELECT * FROM x.t", Some(3)).2, None);
    assert_eq!(session.reads("SELECT * FROM crm.customers", Some(3)).0, Persons::Exact(3));
    assert_eq!(session.reads("SELECT * FROM ref.z", Some(3)).0, Persons::AtMost(3), "a pattern does not know what was copied there");
    assert_eq!(session.reads("SELECT * FROM ref.y", Some(3)).0, Persons::NOBODY);
}

#[test]
fn relations_of_the_server_resemble_nobody() {
    let text = "[[table]]\ntable = \"app.user\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n";
    let catalog = Catalog::parse(text, "catalog.toml").expect("is valid");
    let shown = |statement: &str| disclose(&record(statement, Some(3)), &catalog, &Keys::built_in()).persons;
    assert_eq!(shown("SELECT * FROM pg_user"), Persons::NOBODY);
    assert_eq!(shown("SELECT * FROM app_user_old"), Persons::AtMost(3));
}

#[test]
fn what_came_from_a_table_that_is_not_known_leaves_it_unsure() {
    let mut session = Session::after(&["CREATE TABLE t AS SELECT * FROM crm.customers", "INSERT INTO t SELECT * FROM dark.matter"]);
    let found = session.run("SELECT * FROM t WHERE id = 5", None);
    assert_eq!((found.persons, found.reads[0].known), (Persons::Unknown, false));
}

#[test]
fn a_restored_partition_knows_what_the_saved_one_knew() {
    let session = Session::after(&["CREATE TABLE x.tmp1 AS SELECT name AS n FROM crm.customers"]);
    let bytes = postcard::to_stdvec(&session.made).expect("is plain data");
    let mut restored: MadeTables = postcard::from_bytes(&bytes).expect("reads");
    let catalog = catalog();
    restored.refresh(&catalog);
    let found = disclose(&record("SELECT n FROM x.tmp1", Some(2)), restored.catalog(&catalog), &Keys::built_in());
    assert_eq!((found.persons, found.kinds), (Persons::AtMost(2), Kinds::of(Kind::Name)));
}

#[test]
fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
    let mut session = Session::after(&[]);
    for n in 0..MOST_TABLES + 5 {
        session.run(&format!("CREATE TABLE t{n}x AS SELECT name FROM crm.customers"), Some(1));
    }
    assert_eq!((session.made.kept.tables.len(), session.made.evicted()), (MOST_TABLES, 5));
    assert_eq!(session.reads("SELECT name FROM t0x", Some(1)).2, None);
    assert!(session.reads("SELECT name FROM t4100x", Some(1)).2.is_some());
    let wide: Vec<String> = (0..500).map(|n| format!("name AS c{n}")).collect();
    session.run(&format!("CREATE TABLE wide AS SELECT {} FROM crm.customers", wide.join(", ")), Some(1));
    assert_eq!(session.reads("SELECT c499 FROM wide", Some(1)).1, ["name", "phone_number"], "any column may hold anything");
}

#[test]
fn what_a_change_takes_from_another_table_is_in_the_changed_one() {
    for change in [
        "UPDATE notes SET memo = memo || c.name FROM crm.customers c WHERE c.id = notes.id",
        "UPDATE notes SET memo = (SELECT name FROM crm.customers c WHERE c.id = notes.id)",
        "MERGE INTO notes USING crm.customers c ON c.id = notes.id WHEN MATCHED THEN UPDATE SET memo = c.name",
    ] {
        let mut session = Session::after(&[change]);
        let (persons, kinds, told) = session.reads("SELECT memo FROM notes", Some(10));
        assert_eq!(told.as_deref(), Some("made from crm.customers on 2026-03-02"), "{change}");
        assert!(kinds.contains(&"name") && persons.figure() >= Some(10), "{change}: {persons:?} {kinds:?}");
    }
    for change in [
        "UPDATE notes SET memo = upper(memo)",
        "UPDATE notes SET memo = 'x' FROM crm.customers c WHERE c.id = notes.id",
        "UPDATE crm.customers SET name = upper(name)",
    ] {
        let mut session = Session::after(&[change]);
        assert_eq!(session.reads("SELECT memo FROM notes", Some(10)).2, None, "{change}");
    }
}

#[test]
fn a_view_that_is_filled_anew_shows_nobody_where_its_definition_is_known() {
    let refresh = "REFRESH MATERIALIZED VIEW mart.people";
    let mut session = Session::after(&[]);
    assert_eq!(session.run(refresh, None).persons, Persons::Unknown);
    let mut session = Session::after(&["CREATE MATERIALIZED VIEW mart.people AS SELECT name FROM crm.customers"]);
    assert_eq!(session.run(refresh, None).persons, Persons::NOBODY);
    assert_eq!(session.run("REFRESH MATERIALIZED VIEW ref.cities", None).persons, Persons::NOBODY);
}

#[test]
fn what_runs_unseen_or_hands_out_rows_as_a_text_may_show_anybody() {
    let mut session = Session::after(&[]);
    assert_eq!(session.run("EXPLAIN ANALYZE EXECUTE p (1)", None).persons, Persons::Unknown);
    assert_eq!(session.run("EXPLAIN (ANALYZE, BUFFERS) EXECUTE p", Some(3)).persons, Persons::Unknown);
    assert_eq!(session.run("EXPLAIN EXECUTE p", Some(3)).persons, Persons::NOBODY);
    let oracle = |text: &str| {
        let record = Record { dialect: Dialect::Oracle, ..record(text, Some(1)) };
        disclose(&record, &session.catalog, &Keys::built_in()).persons
    };
    assert_eq!(oracle("SELECT DBMS_METADATA.GET_XML('TABLE_DATA', 'CUSTOMERS', 'CRM') FROM dual"), Persons::Unknown);
    assert_eq!(oracle("SELECT dbms_metadata.get_ddl('TABLE', 'CUSTOMERS', 'CRM') FROM dual"), Persons::NOBODY);
}
