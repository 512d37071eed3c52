//! A count is exact only for shapes that are proven: statements of one row that show many people, or seem to show nobody.

use crate::classify::counting::testing::{self, count};
use crate::model::persons::Persons;
use crate::model::record::Dialect;

fn of(dialect: Dialect, statement: &str, rows: u64) -> Persons {
    let mut record = testing::record();
    (record.statement, record.dialect, record.rows) = (Some(statement.into()), dialect, Some(rows));
    count(&record).persons
}

fn persons(statement: &str, rows: u64) -> Persons {
    of(Dialect::PostgreSql, statement, rows)
}

#[test]
fn a_sum_is_nobodys_only_where_it_is_one_of_everybody() {
    for whole in [
        "SELECT sum(balance) FROM bank.accounts",
        "SELECT avg(balance::numeric), sum(coalesce(balance, 0)) * 100, count(*) FROM bank.accounts LIMIT 1",
        "SELECT avg(s) FROM (SELECT customer_id, sum(balance) s FROM bank.accounts GROUP BY customer_id) x",
        "WITH x AS (SELECT * FROM bank.accounts) SELECT sum(balance) FROM x",
        "SELECT sum(length(name)) FROM crm.customers",
        "SELECT branch, sum(fee * rate), max(opened) FROM bank.accounts GROUP BY branch",
        "SELECT sum(CASE WHEN status = 'open' THEN 1 ELSE 0 END) FROM crm.customers WHERE branch = 'SH'",
    ] {
        assert_eq!(persons(whole, 1), Persons::NOBODY, "{whole}");
    }
    for (few, bound) in [
        ("SELECT avg(balance) FROM bank.accounts GROUP BY ctid", 7),
        ("SELECT sum(balance) FROM bank.accounts GROUP BY opened", 7),
        ("SELECT sum(balance), avg(balance) FROM bank.accounts GROUP BY branch", 14),
    ] {
        assert_eq!(persons(few, 7), Persons::AtMost(bound), "{few}");
    }
    for one in [
        "SELECT sum(balance) FROM bank.accounts WHERE branch = 'SH'",
        "SELECT sum(balance) FROM (SELECT balance FROM bank.accounts ORDER BY 1 DESC LIMIT 1) x",
        "SELECT sum(balance) FROM bank.accounts TABLESAMPLE SYSTEM (1)",
        "SELECT sum(balance) FILTER (WHERE branch = 'SH') FROM bank.accounts",
        "SELECT sum(balance) FROM bank.accounts HAVING count(*) = 1",
    ] {
        assert_eq!(persons(one, 1), Persons::AtMost(1), "{one}");
    }
    assert_eq!(persons("SELECT avg(phone::numeric) FROM crm.customers GROUP BY id", 7), Persons::Exact(7), "each group is a person");
    let person = "SELECT c.name, (SELECT sum(a.balance) FROM bank.accounts a WHERE a.customer_id = c.id) FROM crm.customers c";
    assert_eq!(persons(person, 9), Persons::Exact(9), "a sum of the person beside the person");
    let another = "SELECT c.name, (SELECT sum(a.balance) FROM bank.accounts a WHERE a.customer_id = 5) FROM crm.customers c";
    assert_eq!(persons(another, 9), Persons::AtMost(18));
    assert_eq!(persons("SELECT customer_id, sum(balance), max(balance) FROM bank.accounts GROUP BY 1", 7), Persons::Exact(7));
}

#[test]
fn arithmetic_that_keeps_rows_apart_packs_them() {
    for packed in [
        "SELECT sum(phone::numeric * (10::numeric ^ (11 * rn))) FROM (SELECT phone, row_number() OVER () rn FROM crm.customers) x",
        "SELECT sum(v) FROM (SELECT phone::numeric * power(10, 11 * row_number() OVER ()) AS v FROM crm.customers) x",
        "SELECT sum(c.phone::numeric * w.f) FROM crm.customers c JOIN scratch.weights w ON w.id = c.id",
        "SELECT sum(balance * power(10, 12 * seq)) FROM bank.accounts",
        "SELECT avg(phone::numeric * rn) FROM (SELECT phone, row_number() OVER () rn FROM crm.customers) x",
        "SELECT percentile_cont(ARRAY(SELECT i / 9.0 FROM generate_series(0, 9) i)) WITHIN GROUP (ORDER BY phone::float8) FROM crm.customers",
        "SELECT percentile_disc(ARRAY[0.1, 0.2]) WITHIN GROUP (ORDER BY name) FROM crm.customers",
        "SELECT string_agg(name, ',') OVER (ORDER BY id) FROM crm.customers",
        "SELECT x FROM (SELECT string_agg(name, ',') OVER (ORDER BY id) x FROM crm.customers) y LIMIT 1",
        "SELECT (SELECT string_agg(name, ',') FROM crm.customers)",
        "SELECT c.x FROM ref.branches b, LATERAL (SELECT array_agg(name) x FROM crm.customers) c",
        "VALUES ((SELECT json_agg(name) FROM crm.customers))",
        "SELECT max(x) FROM (SELECT string_agg(name, ',') x FROM crm.customers GROUP BY branch) y",
        "SELECT (array_agg(name))[1:5000] FROM crm.customers",
        "SELECT md5(string_agg(name, ',')) FROM crm.customers",
    ] {
        assert_eq!(persons(packed, 1), Persons::Unknown, "{packed}");
    }
    for (dialect, packed) in [
        (Dialect::Trino, "SELECT max(name, 1000) FROM crm.customers"),
        (Dialect::Trino, "SELECT max_by(name, id, 500) FROM crm.customers"),
        (Dialect::MySql, "SELECT @s := concat(@s, name) FROM crm.customers"),
        (Dialect::MySql, "SELECT 1 FROM crm.customers WHERE (@s := concat(@s, name)) IS NULL"),
        (Dialect::MsSql, "SELECT @s = @s + name FROM crm.customers"),
        (Dialect::MsSql, "SELECT (SELECT name FROM crm.customers FOR JSON PATH) AS x"),
        (Dialect::Snowflake, "SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM crm.customers"),
        (Dialect::Databricks, "SELECT collect_list(struct(*)) FROM crm.customers"),
        (Dialect::MsSql, "SELECT STUFF((SELECT ',' + name FROM crm.customers FOR XML PATH('')), 1, 1, '')"),
        (Dialect::Snowflake, "SELECT * FROM crm.customers PIVOT (max(name) FOR id IN (1, 2, 3))"),
    ] {
        assert_eq!(of(dialect, packed, 1), Persons::Unknown, "{packed}");
    }
}

#[test]
fn what_a_function_of_somebodys_own_is_given_in_a_condition_has_left() {
    for sent in [
        "SELECT 1 FROM crm.customers WHERE scratch.leak(name, phone)",
        "SELECT count(*) FROM crm.customers WHERE scratch.leak(name) > 0",
        "SELECT 1 FROM ref.branches b JOIN crm.customers c ON scratch.leak(c.name) = b.code",
        "SELECT branch FROM crm.customers GROUP BY branch, scratch.leak(name)",
        "SELECT branch FROM crm.customers ORDER BY scratch.leak(name)",
        "SELECT count(*) FROM crm.customers HAVING max(scratch.leak(name)) > 0",
        "SELECT count(*) FILTER (WHERE scratch.leak(name)) FROM crm.customers",
        "SELECT row_number() OVER (ORDER BY scratch.leak(name)) FROM crm.customers",
        "SELECT CASE WHEN scratch.leak(name) THEN 1 END FROM crm.customers",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM crm.customers WHERE scratch.leak(name))",
        "DELETE FROM crm.customers WHERE scratch.leak(name)",
        "SELECT DISTINCT ON (scratch.leak(name)) branch FROM crm.customers",
        "SELECT row_number() OVER w FROM crm.customers WINDOW w AS (ORDER BY scratch.leak(name))",
        "SELECT 1 FROM crm.customers WHERE name OPERATOR(scratch.@@) phone",
        "SELECT count(name::scratch.leaky) FROM crm.customers",
        "UPDATE crm.customers SET branch = scratch.leak(name)",
        "SELECT branch FROM crm.customers LIMIT scratch.leak((SELECT string_agg(name, ',') FROM crm.customers))",
    ] {
        assert_eq!(persons(sent, 0), Persons::Unknown, "{sent}");
    }
}

#[test]
fn a_name_that_is_given_by_position_may_be_any_column_behind_a_star() {
    for named in [
        "WITH x(i, n) AS (SELECT * FROM crm.customers) SELECT n FROM x",
        "WITH a AS (SELECT * FROM crm.customers) SELECT n FROM a AS b(i, n)",
        "SELECT n FROM (SELECT * FROM crm.customers) b(i, n)",
        "SELECT n FROM (SELECT id, name FROM crm.customers) b(i, n)",
        "SELECT \"?column?\" FROM (SELECT 'x' || name FROM crm.customers) q",
        "SELECT q.x FROM (SELECT c AS x FROM crm.customers c) q",
    ] {
        // Behind a star the name may be one of a column that shows nobody.
        let said = persons(named, 9_000);
        assert!(matches!(said, Persons::AtMost(9_000)) || !named.contains('*') && said == Persons::Exact(9_000), "{named}: {said}");
    }
    assert_eq!(persons("SELECT n FROM crm.customers t(i, n)", 9_000), Persons::AtMost(9_000));
    assert_eq!(persons("SELECT n FROM crm.customers AS t(i, n) WHERE i > 5", 9_000), Persons::AtMost(9_000));
    assert_eq!(persons("SELECT n FROM (SELECT branch, name FROM crm.customers) b(n, m)", 9), Persons::NOBODY);
    assert_eq!(persons("SELECT string_agg(b, ',') FROM crm.customers AS c(a, b)", 1), Persons::Unknown);
    for rows in [
        "SELECT value FROM crm.customers c, jsonb_each_text(to_jsonb(c))",
        "SELECT x FROM crm.customers c, unnest(ARRAY[c.name, c.phone]) AS t(x)",
        "SELECT code FROM (SELECT * FROM ref.branches UNION ALL SELECT * FROM crm.customers) u",
    ] {
        assert_eq!(persons(rows, 9), Persons::AtMost(9), "{rows}");
    }
    let other = |dialect, text| of(dialect, text, 9);
    assert_eq!(other(Dialect::Snowflake, "SELECT t.$2 FROM crm.customers t"), Persons::Exact(9));
    assert_eq!(other(Dialect::Snowflake, "SELECT $2 FROM crm.customers"), Persons::Exact(9));
    let exploded = "SELECT a FROM crm.customers LATERAL VIEW explode(array(name, phone)) t AS a";
    assert_ne!(other(Dialect::Hive, exploded), Persons::NOBODY);
}

#[test]
fn a_table_expression_hides_no_table_of_the_same_name() {
    assert_eq!(persons("WITH customers AS (SELECT * FROM customers) SELECT name FROM customers", 9), Persons::Exact(9));
    assert_eq!(persons("WITH \"crm.customers\" AS (SELECT 1 AS name) SELECT name FROM crm.customers", 9), Persons::Exact(9));
    assert_eq!(persons("WITH \"X\" AS (SELECT 1 AS name) SELECT name FROM x", 9), Persons::AtMost(9));
    let later =
        "WITH a AS (SELECT name FROM crm.customers), b AS (WITH a AS (SELECT 1 AS name) SELECT name FROM a) SELECT a.name FROM a, b";
    assert_eq!(persons(later, 9), Persons::Exact(9));
}

#[test]
fn steps_that_put_rows_together_are_unknown() {
    for collects in [
        "WITH RECURSIVE r(i, acc) AS (SELECT id, name FROM crm.customers WHERE id = 1 UNION ALL SELECT c.id, r.acc || c.name FROM r JOIN crm.customers c ON c.id = r.i + 1) SELECT acc FROM r ORDER BY i DESC LIMIT 1",
        "WITH RECURSIVE r(i, acc, cur) AS (SELECT 0, '', '' UNION ALL SELECT c.id, r.acc || r.cur, c.name FROM r JOIN crm.customers c ON c.id > r.i) SELECT acc FROM r",
        "WITH RECURSIVE r AS (SELECT id, name FROM crm.customers UNION ALL SELECT r.id, concat(r.name, c.name) FROM r, crm.customers c) SELECT max(name) FROM r",
    ] {
        assert_eq!(persons(collects, 1), Persons::Unknown, "{collects}");
    }
    let chart = "WITH RECURSIVE o AS (SELECT id, name, 1 AS depth FROM crm.customers WHERE manager IS NULL UNION ALL SELECT c.id, c.name, o.depth + 1 FROM crm.customers c JOIN o ON c.manager = o.id) SELECT name, depth FROM o";
    assert_eq!(persons(chart, 9), Persons::AtMost(18));
    assert_eq!(persons("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT n FROM t", 9), Persons::NOBODY);
}

#[test]
fn values_of_other_rows_are_other_people() {
    for (statement, rows, bound) in [
        ("SELECT name, lag(name) OVER (ORDER BY id) FROM crm.customers", 5, 10),
        ("SELECT lag(name) OVER w, lead(name, 2) OVER w FROM crm.customers WINDOW w AS (ORDER BY id)", 5, 15),
        ("SELECT max(name) OVER (PARTITION BY branch) FROM crm.customers", 5, 10),
        ("SELECT c.name, x.m FROM crm.customers c, (SELECT max(phone) AS m FROM crm.customers) x", 9_000, 18_000),
        ("SELECT min(name), max(name) FROM crm.customers GROUP BY branch", 5, 10),
        ("SELECT (SELECT concat(min(name), max(name)) FROM crm.customers)", 1, 2),
        ("SELECT max(x) FROM (SELECT concat(min(name), max(name)) x FROM crm.customers GROUP BY branch) y", 1, 2),
        ("SELECT count(*) FILTER (WHERE phone = '1'), count(*) FILTER (WHERE phone IN ('2', '3')) FROM crm.customers", 1, 3),
        ("SELECT sum(CASE WHEN id = 1 THEN balance WHEN id = 2 THEN balance END) FROM bank.accounts", 1, 2),
    ] {
        assert_eq!(persons(statement, rows), Persons::AtMost(bound), "{statement}");
    }
    assert_eq!(persons("SELECT name, row_number() OVER (ORDER BY phone) FROM crm.customers", 5), Persons::Exact(5));
}

#[test]
fn everyday_statements_stay_exact() {
    for everyday in [
        "SELECT id, lower(name), coalesce(phone, '-') FROM crm.customers WHERE branch = 'SH' ORDER BY name LIMIT 50",
        "SELECT id AS a, name || ' ' || phone AS b, CASE WHEN vip THEN 1 ELSE 0 END FROM crm.customers c WHERE c.id > 5",
        "SELECT x.a FROM (SELECT name AS a, id FROM crm.customers) x WHERE x.id > 5",
        "WITH x AS (SELECT id, name FROM crm.customers), y AS (SELECT * FROM x WHERE id > 5) SELECT name FROM y",
        "SELECT date_trunc('day', created), name FROM crm.customers WHERE created > now() - interval '1 day'",
        "SELECT * FROM (SELECT c.*, row_number() OVER (ORDER BY id) AS rn FROM crm.customers c) x WHERE rn BETWEEN 1 AND 40",
        "SELECT name FROM crm.customers WHERE id IN (SELECT customer_id FROM bank.accounts WHERE balance > 5)",
    ] {
        assert_eq!(persons(everyday, 40), Persons::Exact(40), "{everyday}");
    }
}

#[test]
fn what_is_left_elsewhere_counts_by_whose_it_is() {
    assert_eq!(persons("SELECT set_config('a.b', current_setting('a.b') || name, false) FROM crm.customers", 1), Persons::Unknown);
    assert_eq!(persons("SELECT 1 FROM crm.customers WHERE set_config('a.b', phone, false) = ''", 1), Persons::Unknown);
    assert_eq!(persons("SELECT set_config(name, 'view', false) FROM pg_settings WHERE name = 'x'", 1), Persons::NOBODY);
    assert_eq!(persons("SELECT set_config('search_path', '', false)", 1), Persons::NOBODY);
}

#[test]
fn a_value_that_some_rows_show_is_a_bound() {
    assert_eq!(persons("SELECT CASE WHEN vip THEN name END FROM crm.customers", 9), Persons::AtMost(9));
    assert_eq!(persons("SELECT CASE WHEN vip THEN name ELSE branch END FROM crm.customers", 9), Persons::AtMost(9));
    assert_eq!(persons("SELECT coalesce(nick, name) FROM crm.customers", 9), Persons::AtMost(9));
    assert_eq!(persons("SELECT CASE WHEN vip THEN name ELSE phone END FROM crm.customers", 9), Persons::Exact(9));
    assert_eq!(persons("SELECT CASE WHEN vip THEN name ELSE upper(name) END FROM crm.customers", 9), Persons::Exact(9));
    assert_eq!(persons("SELECT id, CASE WHEN vip THEN name END FROM crm.customers", 9), Persons::Exact(9));
    assert_eq!(persons("SELECT coalesce(phone, '-') FROM crm.customers", 9), Persons::Exact(9));
}

#[test]
fn plans_definitions_and_checks_of_the_server_show_nobody() {
    for nobody in [
        "EXPLAIN ANALYZE SELECT name FROM crm.customers WHERE lower(name) = 'li'",
        "CREATE INDEX i ON crm.customers (lower(name))",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT max(name) FROM crm.customers $$",
        "ALTER TABLE crm.customers ADD CONSTRAINT f FOREIGN KEY (branch) REFERENCES ref.branches (code)",
        "SELECT 1 FROM ONLY \"crm\".\"customers\" x WHERE \"id\" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x",
    ] {
        assert_eq!(persons(nobody, 1), Persons::NOBODY, "{nobody}");
    }
    for sent in [
        "EXPLAIN ANALYZE SELECT 1 FROM crm.customers WHERE scratch.leak(name)",
        "CREATE INDEX i ON crm.customers (scratch.leak(name))",
        "ALTER TABLE crm.customers ADD CHECK (scratch.leak(name, phone))",
    ] {
        assert_eq!(persons(sent, 0), Persons::Unknown, "{sent}");
    }
}
