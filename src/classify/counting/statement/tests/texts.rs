//! Texts that are several statements, that hold others, that copy, and that do not parse.

use crate::classify::counting::Disclosure;
use crate::classify::counting::testing::{self, count};
use crate::model::keys::Keys;
use crate::model::persons::Persons;
use crate::model::record::Dialect;

fn persons(statement: &str, rows: impl Into<Option<u64>>) -> Persons {
    rows_in(Dialect::PostgreSql, statement, rows).persons
}

#[test]
fn what_a_write_takes_from_another_table_is_copied() {
    assert_eq!(persons("UPDATE scratch.t SET v = (SELECT string_agg(name, ',') FROM crm.customers)", 1), Persons::Unknown);
    assert_eq!(persons("INSERT INTO scratch.t VALUES ((SELECT string_agg(name, ',') FROM crm.customers))", 1), Persons::Unknown);
    assert_ne!(persons("UPDATE scratch.t SET v = c.name FROM crm.customers c WHERE c.id = t.id", 9), Persons::NOBODY);
    assert_eq!(persons("UPDATE crm.customers SET name = upper(name), phone = '1' WHERE id = 5", 1), Persons::NOBODY);
    assert_eq!(persons("INSERT INTO crm.customers (id, name) VALUES (next_id(), 'Li')", 1), Persons::NOBODY);
    let merge = "MERGE INTO scratch.t USING crm.customers c ON c.id = t.id WHEN NOT MATCHED THEN INSERT (a) VALUES (c.name)";
    assert_eq!(persons(merge, 9), Persons::Unknown, "a row of it may be of several");
}

fn rows_in(dialect: Dialect, statement: &str, rows: impl Into<Option<u64>>) -> Disclosure {
    let mut record = testing::record();
    (record.statement, record.dialect, record.rows) = (Some(statement.to_owned().into()), dialect, rows.into());
    count(&record)
}

#[test]
fn statements_of_a_batch_without_semicolons_are_told_apart() {
    for text in [
        "DECLARE @s nvarchar(max)='' SELECT @s=@s+name FROM crm.customers SELECT @s",
        "DECLARE @s nvarchar(max) SELECT @s=STRING_AGG(name,',') FROM crm.customers SELECT @s",
        "IF 1=1 SELECT STRING_AGG(name,',') FROM crm.customers",
        "BEGIN TRY SELECT (SELECT name FROM crm.customers FOR JSON PATH) END TRY BEGIN CATCH END CATCH",
        "DECLARE @s nvarchar(max) SET @s = (SELECT STRING_AGG(name,',') FROM crm.customers) PRINT @s",
        "DECLARE c CURSOR FOR SELECT name FROM crm.customers OPEN c FETCH NEXT FROM c INTO @n WHILE @@FETCH_STATUS=0 FETCH NEXT FROM c INTO @n",
        "UPDATE scratch.t SET @s = @s + name FROM crm.customers",
        "SELECT 1 SELECT name FROM crm.customers",
        "EXEC crm.report",
        "[crm].[report]",
        "{call crm.report}",
    ] {
        assert_eq!(rows_in(Dialect::MsSql, text, 1).persons, Persons::Unknown, "{text}");
    }
    for text in [
        "SET NOCOUNT ON SELECT name FROM crm.customers",
        "IF @x = 1 BEGIN SELECT name FROM crm.customers END ELSE PRINT 'none'",
        "USE crm\nGO\nSELECT name FROM crm.customers (nolock) OPTION (RECOMPILE)",
        "DECLARE @d date = '2026-01-01' SELECT name FROM crm.customers WITH (NOLOCK) WHERE opened > @d",
    ] {
        let found = rows_in(Dialect::MsSql, text, 7);
        assert_eq!((found.persons, found.unparsed), (Persons::Exact(7), false), "{text}");
    }
}

#[test]
fn what_drivers_wrap_is_read_with_its_keys() {
    let li = Keys::built_in().subject("", "4711");
    for text in [
        "exec sp_executesql N'SELECT name FROM crm.customers WHERE id=@P1',N'@P1 int',@P1=4711",
        "declare @p1 int\nset @p1=1\nexec sp_prepexec @p1 output,N'@P0 nvarchar(4000)',N'SELECT name FROM crm.customers WHERE id=@P0        ',N'4711'\nselect @p1",
    ] {
        let found = rows_in(Dialect::MsSql, text, 1);
        assert!(matches!(found.persons, Persons::Exact(1) | Persons::AtMost(1)), "{text}: {}", found.persons);
        assert_eq!(found.subjects.to_vec(), [li], "{text}");
    }
    let trino = "EXECUTE IMMEDIATE 'SELECT name FROM crm.customers WHERE id = ?' USING 4711";
    assert_eq!(rows_in(Dialect::Trino, trino, 1).subjects.to_vec(), [li]);
    assert_eq!(rows_in(Dialect::MySql, "PREPARE p FROM 'SELECT name FROM crm.customers'; EXECUTE p", 1).persons, Persons::Unknown);
    assert_eq!(rows_in(Dialect::MySql, "PREPARE p FROM @s; EXECUTE p", 1).persons, Persons::Unknown);
    assert_eq!(rows_in(Dialect::Oracle, "BEGIN DBMS_OUTPUT.ENABLE(NULL); END;", None).persons, Persons::NOBODY);
}

#[test]
fn what_does_not_parse_bounds_people_only_where_nothing_in_it_could_pack() {
    let of = |text, rows: u64| rows_in(Dialect::PostgreSql, text, rows);
    for text in [
        "SELECT string_agg(name,',') FROM crm.customers WHERE id = ANY (VALUES (1),(2))",
        "SELECT concat_ws(',', VARIADIC array_agg(name)) FROM crm.customers",
        "SELECT string_agg(name,',') FROM crm.customers FOR NO KEY UPDATE NOWAIT",
        "SELECT array_accum(name) FROM crm.customers %%",
        "SELECT name FROM crm.customers WHERE",
        "/* a text that the logger cut off inside of a comment",
        "SELECT name FROM crm.customers /* and so on",
        "SELECT name FROM crm.customers WHERE name = 'Li",
    ] {
        assert_eq!(of(text, 1).persons, Persons::Unknown, "{text}");
    }
    let plain = of("SELECT lower(name) FROM crm.customers WHERE id STRANGELY 5", 4);
    assert_eq!((plain.persons, plain.unparsed), (Persons::AtMost(4), true));
    assert_eq!((of("  ", 500).persons, of("  ", 500).unparsed), (Persons::Unknown, true));
    assert_eq!((of("-- ping", 0).persons, rows_in(Dialect::PostgreSql, ";", None).persons), (Persons::NOBODY, Persons::NOBODY));
}

#[test]
fn a_copy_is_never_counted_by_the_one_row_of_its_status() {
    let copy = "create table t as select name from crm.customers";
    assert_eq!(rows_in(Dialect::Snowflake, copy, 1).persons, Persons::Unknown);
    assert_eq!(rows_in(Dialect::Snowflake, copy, 900).persons, Persons::Exact(900));
    assert_eq!(rows_in(Dialect::MySql, "SELECT name INTO OUTFILE '/x' FROM crm.customers", 0).persons, Persons::Unknown);
    let unload = rows_in(Dialect::Snowflake, "copy into @st/x.csv from (select name from crm.customers)", 900);
    assert_eq!((unload.persons, unload.exports), (Persons::Exact(900), true));
    for text in ["BASE_BACKUP ( LABEL 'x')", "CREATE PUBLICATION p FOR ALL TABLES", "START_REPLICATION SLOT s LOGICAL 0/0"] {
        let found = rows_in(Dialect::PostgreSql, text, None);
        assert_eq!((found.persons, found.exports), (Persons::Unknown, true), "{text}");
    }
}

#[test]
fn a_variable_of_a_batch_that_has_one_value_is_a_key() {
    let found = rows_in(Dialect::MsSql, "DECLARE @id int = 4711 SELECT name FROM crm.customers WHERE id = @id", 1);
    assert_eq!((found.persons, found.subjects.to_vec()), (Persons::Exact(1), vec![Keys::built_in().subject("", "4711")]));
    let run = "DECLARE @q nvarchar(max) = N'SELECT STRING_AGG(name, '','') FROM ' SET @q = @q + N' FROM crm.customers' EXEC (@q)";
    let found = rows_in(Dialect::MsSql, run, 1);
    assert_eq!((found.persons, found.reads.iter().any(|read| read.table == "crm.customers")), (Persons::Unknown, true));
    let joined = "UPDATE crm.customers c JOIN scratch.t t ON t.id = c.id SET t.v = c.name";
    assert_ne!(rows_in(Dialect::MySql, joined, 1).persons, Persons::NOBODY);
}

#[test]
fn a_batch_that_goes_round_or_is_cut_is_never_exact() {
    for text in [
        "WHILE @i < 100 BEGIN SELECT name FROM crm.customers WHERE branch = @i SET @i = @i + 1 END",
        "SELECT name FROM crm.customers WHERE id = 1 /* x",
        "exec sp_cursoropen @p1 output,N'SELECT name FROM crm.customers',@p3 output,@p4 output,@p5 output",
        "EXEC sp_who SELECT name FROM crm.customers",
        "SET STATISTICS XML ON SELECT name FROM crm.customers",
    ] {
        assert_eq!(rows_in(Dialect::MsSql, text, 1).persons, Persons::Unknown, "{text}");
    }
}

#[test]
fn a_change_that_does_not_parse_shows_nobody_unless_it_reads() {
    for text in [
        "DELETE TOP (10) FROM crm.customers WHERE id = 3",
        "UPDATE TOP (5) crm.customers SET phone = '1' STRANGELY",
        "INSERT INTO crm.customers VALUES (1 STRANGELY)",
    ] {
        assert_eq!(rows_in(Dialect::MsSql, text, 5).persons, Persons::NOBODY, "{text}");
    }
    for text in [
        "DELETE FROM crm.customers STRANGELY RETURNING name",
        "INSERT INTO scratch.x STRANGELY SELECT name FROM crm.customers",
        "DELETE FROM crm.customers WHERE name = 'x",
    ] {
        assert_ne!(rows_in(Dialect::PostgreSql, text, 5).persons, Persons::NOBODY, "{text}");
    }
}

#[test]
fn a_change_by_an_alias_is_one_of_its_table() {
    let own = "UPDATE c SET c.name = UPPER(c.name) FROM crm.customers c WHERE c.id = 5";
    assert_eq!(rows_in(Dialect::MsSql, own, 0).persons, Persons::NOBODY);
    let returned = "UPDATE c SET c.phone = '1' OUTPUT inserted.name FROM crm.customers c WHERE c.branch = 5";
    assert_eq!(rows_in(Dialect::MsSql, returned, 4).persons, Persons::Exact(4));
}

#[test]
fn a_table_that_is_named_twice_may_show_two_people_on_a_row() {
    let twice = "SELECT a.name, b.name FROM crm.customers a STRANGELY JOIN crm.customers b";
    assert_eq!(rows_in(Dialect::PostgreSql, twice, 5).persons, Persons::AtMost(10));
}

#[test]
fn what_a_variable_is_declared_with_or_a_decoder_lost_is_never_nobody() {
    let text = "DECLARE x STRING DEFAULT (SELECT STRING_AGG(name) FROM crm.customers); SELECT x";
    assert_eq!(rows_in(Dialect::BigQuery, text, 1).persons, Persons::Unknown);
    let mut lost = testing::record();
    (lost.statement, lost.rows) = (Some("SELECT name FROM crm.customers".into()), Some(1));
    lost.doubts = crate::model::doubts::Doubts::TEXT;
    let found = count(&lost);
    assert_eq!((found.persons, found.unparsed), (Persons::Unknown, true));
}

#[test]
fn brackets_without_end_are_given_up_at_once() {
    let brackets = "(".repeat(30);
    assert_eq!(rows_in(Dialect::Generic, &format!("INSERT INTO x {brackets}SELECT name FROM crm.customers"), 1).persons, Persons::Unknown);
    let method = "SELECT DBMS_XMLGEN.GETXMLTYPE('select name from crm.customers').getclobval() FROM dual";
    assert_eq!(rows_in(Dialect::Oracle, method, 1).persons, Persons::Unknown);
}
