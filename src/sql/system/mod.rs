//! Relations of the servers themselves: which they are, and which columns of them hold values of other tables.
//!
//! An allow-list by dialect: catalogs, dictionaries, monitor views. Their rows are about the server, not about anybody whose data it
//! keeps, and whoever runs a server asks them all day. Three sorts of columns are not harmless: statistics that hold values of tables
//! (a histogram gave away 101 phone numbers as one row), logs of statements with their literals or bind values, and contents
//! (large objects, redo). What runs at the moment and the texts that statistics and caches of statements keep are taken for harmless:
//! they are statements, which the log that is read here holds as well. Only the server's own names count, bare where the server
//! looks there first, or behind the server's own schemas: `crm.pg_stat_activity` is a table like any other.

use crate::model::record::Dialect;
use hashbrown::HashMap;
use std::sync::LazyLock;

/// Longest name of a relation that is looked up.
const LONGEST_NAME: usize = 192;

/// Which columns of a relation hold values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Values {
    None,
    /// These, separated by commas; whoever asks for all columns has them.
    In(&'static str),
    /// Single values in these, which few who ask for all columns are after.
    Named(&'static str),
}

/// Whether a relation is one of the server's own.
pub fn is_harmless(table: &str, dialect: Dialect) -> bool {
    values(table, dialect).is_some()
}

/// Whether a column of a relation of the server's holds values of other tables; any of its columns where none is named.
pub fn holds_values(table: &str, column: Option<&str>, dialect: Dialect) -> bool {
    let named = |columns: &str| column.is_some_and(|column| columns.split(',').any(|held| held.eq_ignore_ascii_case(column)));
    match values(table, dialect) {
        None | Some(Values::None) => false,
        Some(Values::In(columns)) => column.is_none() || named(columns),
        Some(Values::Named(columns)) => named(columns),
    }
}

/// What is known of a relation; `None` where it is not the server's.
fn values(table: &str, dialect: Dialect) -> Option<Values> {
    let mut buffer = [0; LONGEST_NAME];
    let lower = buffer.get_mut(..table.len())?;
    lower.copy_from_slice(table.as_bytes());
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    let (qualifier, name) = lower.rsplit_once('.').unwrap_or(("", lower));
    // `master..sysobjects`: the schema is left out.
    let (database, schema) = qualifier.rsplit_once('.').unwrap_or(("", qualifier));
    if schema == "information_schema" && dialect != Dialect::Oracle {
        let mysql = matches!(dialect, Dialect::MySql | Dialect::Generic);
        return Some(if mysql { listed("information_schema", name).unwrap_or(Values::None) } else { Values::None });
    }
    match dialect {
        Dialect::PostgreSql | Dialect::Generic if matches!(schema, "" | "pg_catalog") => {
            listed("postgresql", name).or_else(|| (dialect == Dialect::Generic && lower == "dual").then_some(Values::None))
        }
        Dialect::MySql | Dialect::Generic => match qualifier {
            "" if name == "dual" => Some(Values::None),
            "mysql" => listed("mysql", name),
            "performance_schema" => Some(listed("performance_schema", name).unwrap_or(Values::None)),
            "sys" if dialect == Dialect::MySql => Some(Values::None),
            "sysibm" if name == "sysdummy1" => Some(Values::None),
            _ => None,
        },
        Dialect::Oracle => match qualifier {
            "" | "sys" | "public" | "audsys" => oracle(name),
            _ => None,
        },
        Dialect::MsSql => match (database, schema) {
            (_, "sys") => Some(Values::None),
            ("msdb", "dbo" | "") => listed("msdb", name),
            (_, "" | "dbo") => listed("mssql", name),
            _ => None,
        },
        Dialect::Snowflake => match qualifier {
            "snowflake.account_usage" | "snowflake.organization_usage" | "snowflake.reader_account_usage" => Some(Values::None),
            _ => None,
        },
        Dialect::BigQuery => matches!(name, "__tables__" | "__tables_summary__" | "__partitions_summary__").then_some(Values::None),
        Dialect::Databricks => lower.strip_prefix("system.").and_then(|name| listed("databricks", name)),
        Dialect::Trino => lower.strip_prefix("system.").and_then(|name| listed("trino", name)),
        Dialect::Hive if qualifier == "sys" => Some(listed("hive", name).unwrap_or(Values::None)),
        Dialect::Hive | Dialect::PostgreSql => None,
    }
}

/// The dictionary: the same views behind several prefixes.
fn oracle(name: &str) -> Option<Values> {
    let behind = |prefixes: &[&str]| prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
    listed("oracle", name)
        .or_else(|| listed("oracle.v", behind(&["v$", "gv$", "v_$", "gv_$"])?))
        .or_else(|| listed("oracle.all", behind(&["dba_", "all_", "user_", "cdb_"])?))
        .or_else(|| listed("oracle.dba", behind(&["dba_", "cdb_"])?))
}

fn listed(section: &str, name: &str) -> Option<Values> {
    SECTIONS.get(section)?.get(name).copied()
}

static SECTIONS: LazyLock<HashMap<&'static str, HashMap<&'static str, Values>>> = LazyLock::new(|| sections(RELATIONS));

const RELATIONS: &str = include_str!("relations.txt");

fn sections(text: &'static str) -> HashMap<&'static str, HashMap<&'static str, Values>> {
    let mut sections: HashMap<&'static str, HashMap<&'static str, Values>> = HashMap::new();
    let mut section = "";
    for word in text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace) {
        if let Some(name) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let (name, values) = match (word.split_once(':'), word.split_once('?')) {
            (Some((name, columns)), _) => (name, Values::In(columns)),
            (None, Some((name, columns))) => (name, Values::Named(columns)),
            (None, None) => (word, Values::None),
        };
        sections.entry(section).or_default().insert(name, values);
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmless(table: &str, dialect: Dialect) -> bool {
        is_harmless(table, dialect) && !holds_values(table, None, dialect)
    }

    #[test]
    fn every_word_of_the_list_is_a_relation_once() {
        let words = RELATIONS.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace);
        let names = words.filter(|word| !word.starts_with('[')).count();
        assert_eq!(names, SECTIONS.values().map(HashMap::len).sum::<usize>(), "a name stands twice in a section");
        assert!(SECTIONS.values().flat_map(HashMap::keys).all(|name| name.bytes().all(|byte| !byte.is_ascii_uppercase())));
        assert_eq!(SECTIONS.len(), 13);
    }

    #[test]
    fn only_the_servers_own_relations_are_harmless_and_not_those_with_values() {
        for name in ["pg_class", "PG_CATALOG.pg_type", "information_schema.columns", "pg_stat_activity", "crm.pg_catalog.pg_locks"] {
            assert!(harmless(name, Dialect::PostgreSql), "{name}");
        }
        for name in
            ["pg_stats", "pg_catalog.pg_statistic", "pg_customers", "crm.pg_stat_activity", "pg_catalog.customers", "public.pg_class"]
        {
            assert!(!harmless(name, Dialect::PostgreSql), "{name}");
        }
        assert!(!is_harmless(&"x".repeat(10_000), Dialect::PostgreSql) && !is_harmless("", Dialect::PostgreSql));
    }

    #[test]
    fn a_column_tells_whether_statistics_show_values() {
        for (table, column, dialect, holds) in [
            ("pg_stats", "n_distinct", Dialect::PostgreSql, false),
            ("pg_stats", "Histogram_Bounds", Dialect::PostgreSql, true),
            ("performance_schema.events_statements_summary_by_digest", "digest_text", Dialect::MySql, false),
            ("performance_schema.events_statements_summary_by_digest", "query_sample_text", Dialect::MySql, true),
            ("information_schema.column_statistics", "histogram", Dialect::MySql, true),
            ("performance_schema.data_locks", "lock_data", Dialect::MySql, true),
            ("performance_schema.data_locks", "lock_mode", Dialect::MySql, false),
            ("all_tab_columns", "column_name", Dialect::Oracle, false),
            ("all_tab_columns", "low_value", Dialect::Oracle, true),
            ("sys.dba_tab_histograms", "endpoint_actual_value", Dialect::Oracle, true),
            ("v$sql_bind_capture", "value_string", Dialect::Oracle, true),
            ("customers", "low_value", Dialect::Oracle, false),
        ] {
            assert_eq!(holds_values(table, Some(column), dialect), holds, "{table}.{column}");
        }
        assert!(holds_values("mysql.general_log", None, Dialect::MySql));
        assert!(!holds_values("sys.all_tab_cols", None, Dialect::Oracle), "browsing a dictionary is no reading of histograms");
    }

    #[test]
    fn each_dialect_has_its_own_dictionary() {
        for (dialect, own) in [
            (Dialect::MySql, "dual mysql.user performance_schema.threads sys.statement_analysis information_schema.tables"),
            (Dialect::Oracle, "dual v$session gv$sql sys.v_$instance dba_users all_objects user_tables cdb_pdbs nls_session_parameters"),
            (
                Dialect::MsSql,
                "sys.databases master.sys.dm_exec_requests master..sysprocesses dbo.sysobjects msdb.dbo.backupset msdb..sysjobs",
            ),
            (Dialect::Snowflake, "snowflake.account_usage.query_history crm.information_schema.tables"),
            (Dialect::BigQuery, "crm.__TABLES__ proj.crm.information_schema.columns"),
            (Dialect::Databricks, "system.access.audit main.information_schema.tables"),
            (Dialect::Trino, "system.runtime.queries hive.information_schema.columns system.jdbc.columns"),
            (Dialect::Hive, "sys.tbls information_schema.columns"),
        ] {
            for table in own.split(' ') {
                assert!(harmless(table, dialect), "{table} {dialect:?}");
            }
            for foreign in [
                "customers",
                "crm.customers",
                "user_accounts",
                "user_profiles",
                "crm.v$session",
                "crm.sysobjects",
                "crm.dual",
                "account_usage.query_history",
            ] {
                assert!(!is_harmless(foreign, dialect), "{foreign} {dialect:?}");
            }
        }
        assert!(!is_harmless("v$session", Dialect::PostgreSql) && !is_harmless("pg_class", Dialect::Oracle));
        assert!(!is_harmless("sys.customers", Dialect::Oracle) && !is_harmless("crm.sys.tables", Dialect::Oracle));
    }
}
