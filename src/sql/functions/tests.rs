//! The lists are whole, tell the dialects apart, and fear what packs, sends or is unknown.

use super::*;
use crate::sql::parse::expression;

const EVERY: [Dialect; 10] = [
    Dialect::Generic,
    Dialect::PostgreSql,
    Dialect::MySql,
    Dialect::Oracle,
    Dialect::MsSql,
    Dialect::Snowflake,
    Dialect::BigQuery,
    Dialect::Databricks,
    Dialect::Hive,
    Dialect::Trino,
];

fn call(text: &str, dialect: Dialect) -> FunctionEffect {
    let Some(Expr::Function(function)) = expression(text) else { panic!("no call: {text}") };
    effect_of_call(&function, &crate::sql::walk::text(&function.name), dialect)
}

#[test]
fn each_list_says_its_source_and_every_word_of_it_is_a_name_once() {
    for (dialect, list) in tables::LISTS {
        assert!(list.starts_with('#') && list.contains("Source:"), "{dialect:?}");
        let words = list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace);
        let (sections, names): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('['));
        let table = tables::of(dialect);
        assert_eq!(names.len(), table.len(), "{dialect:?}: a name stands twice, or in a section that is none");
        assert!(sections.len() > 8 && names.len() > 400, "{dialect:?}");
        for name in names {
            let (bare, most) = name.rsplit_once('/').unwrap_or((name, "1"));
            assert!(most.parse::<u8>().is_ok_and(|most| most > 0) && table.contains_key(bare), "{dialect:?}: {name}");
            assert!(name.len() < LONGEST_NAME && name.bytes().all(|byte| !byte.is_ascii_uppercase()), "{dialect:?}: {name}");
        }
    }
}

#[test]
fn a_function_of_the_users_may_read_anything_whatever_its_name() {
    assert_eq!(effect("count", Dialect::PostgreSql), FunctionEffect::Count);
    assert_eq!(effect("PG_CATALOG.Count", Dialect::PostgreSql), FunctionEffect::Count);
    for dialect in EVERY {
        for name in ["crm.count", "bulk_export", "crm.lower", "pg_catalog.bulk_export", "to_everybody", "json_build_all", ""] {
            assert_eq!(effect(name, dialect), FunctionEffect::Foreign, "{name} {dialect:?}");
        }
        assert_eq!(effect(&"x".repeat(100_000), dialect), FunctionEffect::Foreign);
    }
    assert_eq!(effect("pg_catalog.count", Dialect::MySql), FunctionEffect::Foreign);
    assert_eq!(effect("sys.lower", Dialect::MsSql), FunctionEffect::Foreign);
    assert_eq!(effect("sys.dbms_random.value", Dialect::Oracle), FunctionEffect::Server);
    assert_eq!(effect("dbms_random.everybody", Dialect::Oracle), FunctionEffect::Foreign);
}

#[test]
fn a_dialect_knows_its_own_functions_alone() {
    assert_eq!(effect("nvl", Dialect::Oracle), FunctionEffect::Scalar);
    assert_eq!(effect("nvl", Dialect::PostgreSql), FunctionEffect::Foreign, "not PostgreSQL's, so somebody's");
    assert_eq!(effect("initcap", Dialect::MsSql), FunctionEffect::Foreign);
    assert_eq!(effect("ifnull", Dialect::MySql), FunctionEffect::Scalar);
    assert_eq!(effect("first", Dialect::PostgreSql), FunctionEffect::Foreign);
    assert_eq!(effect("first", Dialect::Databricks), FunctionEffect::Extreme);
}

#[test]
fn where_the_server_is_not_known_only_what_is_the_same_everywhere_is_known() {
    for (name, effect_of) in [
        ("count", FunctionEffect::Count),
        ("sum", FunctionEffect::Sum),
        ("lower", FunctionEffect::Scalar),
        ("coalesce", FunctionEffect::Scalar),
        ("row_number", FunctionEffect::Window),
        ("now", FunctionEffect::Server),
        ("lag", FunctionEffect::Neighbour),
        ("string_agg", FunctionEffect::Pack),
        ("group_concat", FunctionEffect::Pack),
        ("openquery", FunctionEffect::HidesQuery),
        ("pg_reload_conf", FunctionEffect::Foreign),
        ("iif", FunctionEffect::Foreign),
    ] {
        assert_eq!(effect(name, Dialect::Generic), effect_of, "{name}");
    }
    assert_eq!(call("max(name)", Dialect::Generic), FunctionEffect::Extreme);
    assert_eq!(call("max(name, 5)", Dialect::Generic), FunctionEffect::Pack);
}

#[test]
fn what_packs_rows_packs_them_in_every_dialect_that_has_it() {
    for (dialect, names) in [
        (Dialect::PostgreSql, "string_agg array_agg json_agg jsonb_object_agg xmlagg range_agg mode json_arrayagg"),
        (Dialect::MySql, "group_concat json_arrayagg json_objectagg"),
        (
            Dialect::Oracle,
            "listagg wm_concat wmsys.wm_concat stragg xmlagg sys_xmlagg collect json_arrayagg sys_connect_by_path stats_mode",
        ),
        (Dialect::MsSql, "string_agg json_arrayagg"),
        (
            Dialect::Snowflake,
            "listagg array_agg object_agg array_union_agg array_unique_agg approx_top_k mode hll_accumulate bitmap_construct_agg",
        ),
        (Dialect::BigQuery, "string_agg array_agg array_concat_agg approx_quantiles approx_top_count hll_count.init"),
        (Dialect::Databricks, "collect_list collect_set array_agg string_agg listagg histogram_numeric approx_top_k mode hll_sketch_agg"),
        (Dialect::Hive, "collect_list collect_set histogram_numeric ngrams compute_stats"),
        (Dialect::Trino, "array_agg map_agg multimap_agg histogram numeric_histogram approx_most_frequent reduce_agg listagg set_agg"),
    ] {
        for name in names.split(' ') {
            assert_eq!(effect(name, dialect), FunctionEffect::Pack, "{name} {dialect:?}");
        }
    }
}

#[test]
fn the_number_and_form_of_arguments_tell_one_value_from_many() {
    assert_eq!(call("max(name)", Dialect::Trino), FunctionEffect::Extreme);
    assert_eq!(call("max(name, 10000)", Dialect::Trino), FunctionEffect::Pack);
    assert_eq!(call("max_by(name, id)", Dialect::Trino), FunctionEffect::Extreme);
    assert_eq!(call("max_by(name, id, 10000)", Dialect::Trino), FunctionEffect::Pack);
    assert_eq!(call("percentile_cont(0.5) WITHIN GROUP (ORDER BY balance)", Dialect::PostgreSql), FunctionEffect::Extreme);
    for many in ["percentile_disc(ARRAY[0.1, 0.2])", "percentile_disc($1)", "percentile_disc((SELECT 1))"] {
        assert_eq!(call(&format!("{many} WITHIN GROUP (ORDER BY phone)"), Dialect::PostgreSql), FunctionEffect::Pack, "{many}");
    }
    assert_eq!(call("approx_percentile(balance, 0.5)", Dialect::Trino), FunctionEffect::Extreme);
    assert_eq!(call("approx_percentile(balance, ARRAY[0.1, 0.2])", Dialect::Trino), FunctionEffect::Pack);
    assert_eq!(call("percentile_approx(balance, fractions(0.1, 0.2))", Dialect::Databricks), FunctionEffect::Pack);
    assert_eq!(call("median(balance)", Dialect::Oracle), FunctionEffect::Extreme);
    assert_eq!(effect("max", Dialect::Trino), FunctionEffect::Pack, "by the name alone it may be either");
    assert_eq!(call("max(name) OVER (ORDER BY id)", Dialect::PostgreSql), FunctionEffect::Neighbour);
    assert_eq!(call("rank(5) WITHIN GROUP (ORDER BY balance)", Dialect::PostgreSql), FunctionEffect::Count);
}

#[test]
fn quotes_make_another_name_where_names_fold() {
    assert_eq!(call("\"count\"(id)", Dialect::PostgreSql), FunctionEffect::Count);
    assert_eq!(call("\"Count\"(id)", Dialect::PostgreSql), FunctionEffect::Foreign);
    assert_eq!(call("\"COUNT\"(id)", Dialect::Oracle), FunctionEffect::Count);
    assert_eq!(call("\"count\"(id)", Dialect::Oracle), FunctionEffect::Foreign);
}

#[test]
fn functions_that_take_a_query_hide_what_they_read() {
    assert_eq!(effect("QUERY_TO_XML", Dialect::PostgreSql), FunctionEffect::HidesQuery);
    assert_eq!(effect("public.dblink_fetch", Dialect::PostgreSql), FunctionEffect::HidesQuery);
    assert_eq!(effect("dblink", Dialect::PostgreSql), FunctionEffect::HidesQuery);
    assert_eq!(effect("utl_http.request", Dialect::Oracle), FunctionEffect::HidesQuery);
    assert_eq!(effect("result_scan", Dialect::Snowflake), FunctionEffect::HidesQuery);
    assert_eq!(effect("safe.external_query", Dialect::BigQuery), FunctionEffect::HidesQuery);
    assert_eq!(effect("safe.substr", Dialect::BigQuery), FunctionEffect::Scalar);
    assert_eq!(effect("deref", Dialect::Oracle), FunctionEffect::HidesQuery, "the row that a reference points to is another table's");
    assert_eq!(effect("crm.information_schema.login_history", Dialect::Snowflake), FunctionEffect::Rows);
    assert_eq!(effect("crm.information_schema.everybody", Dialect::Snowflake), FunctionEffect::Foreign);
}

#[test]
fn the_server_may_be_asked_about_itself_and_what_collects_is_told_apart() {
    for name in [
        "pg_reload_conf",
        "pg_database_size",
        "version",
        "pg_terminate_backend",
        "current_setting",
        "pg_catalog.format_type",
        "txid_current",
    ] {
        assert_eq!(effect(name, Dialect::PostgreSql), FunctionEffect::Server, "{name}");
    }
    for name in ["set_config", "pg_notify", "pg_logical_emit_message", "lo_from_bytea", "pg_advisory_lock"] {
        assert_eq!(effect(name, Dialect::PostgreSql), FunctionEffect::Collects, "{name}");
    }
    for (name, dialect) in
        [("database", Dialect::MySql), ("sys_context", Dialect::Oracle), ("db_name", Dialect::MsSql), ("current_role", Dialect::Snowflake)]
    {
        assert_eq!(effect(name, dialect), FunctionEffect::Server, "{name}");
    }
}

#[test]
fn what_the_vendors_lists_name_is_known_and_what_they_do_not_name_is_foreign() {
    let known = [
        ("system$data_metric_scan", Dialect::Snowflake, FunctionEffect::HidesQuery),
        ("to_query", Dialect::Snowflake, FunctionEffect::HidesQuery),
        ("accumulate", Dialect::Snowflake, FunctionEffect::Pack),
        ("map_entries", Dialect::Snowflake, FunctionEffect::Scalar),
        ("instr", Dialect::Snowflake, FunctionEffect::Foreign),
        ("powermultiset", Dialect::Oracle, FunctionEffect::Pack),
        ("prediction", Dialect::Oracle, FunctionEffect::HidesQuery),
        ("ai_summarize", Dialect::MsSql, FunctionEffect::HidesQuery),
        ("node_id_from_parts", Dialect::MsSql, FunctionEffect::Scalar),
        ("quantile", Dialect::MsSql, FunctionEffect::Pack),
        ("collect_union", Dialect::Databricks, FunctionEffect::Pack),
        ("raise_error", Dialect::Databricks, FunctionEffect::Collects),
        ("product", Dialect::Databricks, FunctionEffect::Foreign),
        ("st_polygonfromtext", Dialect::MySql, FunctionEffect::Scalar),
        ("random", Dialect::MySql, FunctionEffect::Foreign),
        ("pg_stat_get_lastscan", Dialect::PostgreSql, FunctionEffect::Server),
        ("pg_wal_replay_wait", Dialect::PostgreSql, FunctionEffect::Foreign),
    ];
    for (name, dialect, wanted) in known {
        assert_eq!(effect(name, dialect), wanted, "{dialect:?}: {name}");
    }
}
