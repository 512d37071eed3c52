//! What is known of functions by their names: which collapse rows, which pack many rows into one value, which read tables
//! that a statement does not name.

use crate::model::record::Dialect;

/// What a call does to the rows and tables behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FunctionEffect {
    /// Aggregate that counts or tests: nothing of its arguments leaves.
    Count,
    /// Aggregate that sums or averages: tells of a person only where the group is a person.
    Sum,
    /// Aggregate that shows one value of one row.
    Extreme,
    /// Many rows in one value.
    Pack,
    /// Returns several rows for one, all made of its arguments.
    Rows,
    /// Numbers rows in a window; nothing of its arguments leaves.
    Window,
    /// Shows beside a row one value of another row of its window: each call may add a person to the row.
    Neighbour,
    /// Works on its arguments alone: one value for one row.
    Scalar,
    /// Asks the server or session about itself: neither its arguments nor a table's contents are in its value. A column among its
    /// arguments is looked at as in a condition.
    Server,
    /// Leaves its arguments where something else finds them again (a setting, a message, a lock, a log): harmless where they are
    /// constants; a column among them may leave by a way that no row count tells, in a condition as well.
    Collects,
    /// Runs a query of its own, reads a file or talks to another machine: its result may hold anything, its arguments may leave.
    HidesQuery,
    /// A function of the user's: its body may read any table, send anything, pack many rows in one value.
    Foreign,
}

/// The effect of a function of a dialect by its name, without quotes.
pub(super) fn effect(name: &str, _dialect: Dialect) -> FunctionEffect {
    let lower = name.to_ascii_lowercase();
    let (schema, bare) = lower.rsplit_once('.').unwrap_or(("", &lower));
    // A function in a schema of the user's is the user's, whatever it is called: `crm.count()` may read anything.
    if HIDE_QUERY.contains(&bare) || bare.starts_with("dblink") {
        return FunctionEffect::HidesQuery;
    }
    if !matches!(schema, "" | "pg_catalog") {
        return FunctionEffect::Foreign;
    }
    let in_list = |list: &[&str]| list.contains(&bare);
    if in_list(&COUNT) {
        FunctionEffect::Count
    } else if in_list(&SUM) {
        FunctionEffect::Sum
    } else if in_list(&EXTREME) {
        FunctionEffect::Extreme
    } else if in_list(&PACK) {
        FunctionEffect::Pack
    } else if in_list(&ROWS) {
        FunctionEffect::Rows
    } else if in_list(&WINDOW) {
        FunctionEffect::Window
    } else if schema == "pg_catalog" || in_list(&PLAIN) || PLAIN_STARTS.iter().any(|start| bare.starts_with(start)) {
        FunctionEffect::Scalar
    } else {
        FunctionEffect::Foreign
    }
}

const COUNT: [&str; 8] = ["count", "approx_count_distinct", "count_distinct", "bool_and", "bool_or", "every", "regr_count", "grouping"];
const SUM: [&str; 16] = [
    "sum",
    "avg",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "corr",
    "covar_pop",
    "covar_samp",
    "bit_and",
    "bit_or",
    "bit_xor",
    "std",
    "percentile_cont",
];
const EXTREME: [&str; 7] = ["min", "max", "any_value", "mode", "percentile_disc", "first", "last"];
const PACK: [&str; 20] = [
    "string_agg",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "json_agg_strict",
    "jsonb_agg_strict",
    "json_object_agg_unique",
    "jsonb_object_agg_unique",
    "json_arrayagg",
    "json_objectagg",
    "json_group_array",
    "json_group_object",
    "xmlagg",
    "group_concat",
    "listagg",
    "range_agg",
    "array_concat_agg",
    "wm_concat",
];
const ROWS: [&str; 20] = [
    "pg_options_to_table",
    "pg_get_keywords",
    "unnest",
    "generate_series",
    "generate_subscripts",
    "json_each",
    "json_each_text",
    "jsonb_each",
    "jsonb_each_text",
    "json_array_elements",
    "json_array_elements_text",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "json_object_keys",
    "jsonb_object_keys",
    "regexp_split_to_table",
    "regexp_matches",
    "string_to_table",
    "json_to_recordset",
    "jsonb_to_recordset",
];
const HIDE_QUERY: [&str; 26] = [
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "cursor_to_xml",
    "crosstab",
    "crosstabn",
    "connectby",
    "ts_stat",
    "pg_read_file",
    "pg_read_binary_file",
    "pg_stat_file",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_peek_changes",
    "pg_logical_slot_get_binary_changes",
    "lo_get",
    "loread",
    "lo_export",
    "xp_cmdshell",
    "openquery",
    "openrowset",
    "load_file",
];
const WINDOW: [&str; 6] = ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"];
const PLAIN: [&str; 104] = [
    "abs",
    "age",
    "ascii",
    "bit_length",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "convert",
    "convert_from",
    "convert_to",
    "crc32",
    "curdate",
    "date",
    "date_add",
    "date_bin",
    "date_format",
    "date_part",
    "date_trunc",
    "datediff",
    "decode",
    "digest",
    "dayofweek",
    "encode",
    "exp",
    "extract",
    "field",
    "floor",
    "format",
    "format_type",
    "gen_random_uuid",
    "get_bit",
    "get_byte",
    "greatest",
    "hex",
    "if",
    "ifnull",
    "initcap",
    "instr",
    "isfinite",
    "isnull",
    "lag",
    "lcase",
    "lead",
    "least",
    "left",
    "length",
    "ln",
    "localtimestamp",
    "log",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "md5",
    "mid",
    "mod",
    "month",
    "now",
    "nth_value",
    "first_value",
    "last_value",
    "nullif",
    "nvl",
    "octet_length",
    "overlay",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "quote_nullable",
    "random",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row",
    "row_to_json",
    "rpad",
    "rtrim",
    "session_user",
    "set_config",
    "sha256",
    "sign",
    "split_part",
    "sqrt",
    "strpos",
    "substr",
    "substring",
    "translate",
    "trim",
    "trunc",
    "ucase",
    "upper",
    "user",
    "version",
    "year",
];
const PLAIN_STARTS: [&str; 15] = [
    "pg_get_",
    "pg_is_",
    "pg_sleep",
    "pg_backend_",
    "pg_postmaster_",
    "pg_encoding_",
    "pg_typeof",
    "has_",
    "array_",
    "to_",
    "current_",
    "inet_",
    "json_build_",
    "jsonb_build_",
    "acldefault",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str) -> FunctionEffect {
        super::effect(name, Dialect::PostgreSql)
    }

    #[test]
    fn a_function_of_the_users_may_read_anything_whatever_its_name() {
        assert_eq!(effect("count"), FunctionEffect::Count);
        assert_eq!(effect("pg_catalog.count"), FunctionEffect::Count);
        assert_eq!(effect("crm.count"), FunctionEffect::Foreign);
        assert_eq!(effect("bulk_export"), FunctionEffect::Foreign);
    }

    #[test]
    fn functions_that_take_a_query_hide_what_they_read() {
        assert_eq!(effect("QUERY_TO_XML"), FunctionEffect::HidesQuery);
        assert_eq!(effect("public.dblink_fetch"), FunctionEffect::HidesQuery);
        assert_eq!(effect("dblink"), FunctionEffect::HidesQuery);
        assert_eq!(effect("pg_catalog.format_type"), FunctionEffect::Scalar);
    }
}
