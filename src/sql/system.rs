//! Relations of the database itself: which of them are known to hold nothing of customers.

use crate::model::record::Dialect;

/// Whether a relation is part of the server and holds nothing of the tables' contents.
///
/// Statistics hold values (`histogram_bounds` gave away 101 phone numbers as one row), activity views and statement
/// statistics hold the literals of other people's statements, large objects hold anything: these are not harmless.
pub fn is_harmless(table: &str, dialect: Dialect) -> bool {
    let lower = table.to_ascii_lowercase();
    let (schema, name) = lower.rsplit_once('.').unwrap_or(("", &lower));
    if holds_values(&lower, dialect) {
        return false;
    }
    match schema {
        "pg_catalog" | "information_schema" => true,
        // Without a schema a name of the server's own wins over one in the search path, so only known names count.
        "" => RELATIONS.binary_search(&name).is_ok(),
        _ => false,
    }
}

/// Whether a relation of the server holds values of other tables.
pub fn holds_values(table: &str, _dialect: Dialect) -> bool {
    let lower = table.to_ascii_lowercase();
    let name = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    HOLD_VALUES.contains(&name)
}

const HOLD_VALUES: [&str; 11] = [
    "pg_stats",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_largeobject",
    "pg_prepared_statements",
    "pg_cursors",
    "pg_file_settings",
];

/// Sorted; catalogs and views of PostgreSQL by their bare names.
const RELATIONS: [&str; 99] = [
    "pg_aggregate",
    "pg_am",
    "pg_amop",
    "pg_amproc",
    "pg_attrdef",
    "pg_attribute",
    "pg_auth_members",
    "pg_authid",
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_backend_memory_contexts",
    "pg_cast",
    "pg_class",
    "pg_collation",
    "pg_config",
    "pg_constraint",
    "pg_conversion",
    "pg_database",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_depend",
    "pg_description",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_group",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_index",
    "pg_indexes",
    "pg_inherits",
    "pg_init_privs",
    "pg_language",
    "pg_largeobject_metadata",
    "pg_locks",
    "pg_matviews",
    "pg_namespace",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_parameter_acl",
    "pg_partitioned_table",
    "pg_policies",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_publication_tables",
    "pg_range",
    "pg_replication_origin",
    "pg_replication_slots",
    "pg_rewrite",
    "pg_roles",
    "pg_rules",
    "pg_seclabel",
    "pg_seclabels",
    "pg_sequence",
    "pg_sequences",
    "pg_settings",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_stat_all_indexes",
    "pg_stat_all_tables",
    "pg_stat_archiver",
    "pg_stat_bgwriter",
    "pg_stat_database",
    "pg_stat_replication",
    "pg_stat_sys_tables",
    "pg_stat_user_functions",
    "pg_stat_user_indexes",
    "pg_stat_user_tables",
    "pg_stat_wal",
    "pg_statio_all_tables",
    "pg_statio_user_tables",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_subscription_rel",
    "pg_tables",
    "pg_tablespace",
    "pg_timezone_abbrevs",
    "pg_timezone_names",
    "pg_transform",
    "pg_trigger",
    "pg_ts_config",
    "pg_ts_config_map",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_type",
    "pg_user",
    "pg_user_mapping",
    "pg_user_mappings",
    "pg_views",
    "pg_wait_events",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_harmless(table: &str) -> bool {
        super::is_harmless(table, Dialect::PostgreSql)
    }

    #[test]
    fn only_the_servers_own_relations_are_harmless_and_not_those_with_values() {
        assert!(RELATIONS.is_sorted());
        assert!(is_harmless("pg_class") && is_harmless("PG_CATALOG.pg_type") && is_harmless("information_schema.columns"));
        assert!(!is_harmless("pg_stats") && !is_harmless("pg_catalog.pg_statistic"));
        assert!(!is_harmless("pg_customers") && !is_harmless("scratch.pg_class"));
    }
}
