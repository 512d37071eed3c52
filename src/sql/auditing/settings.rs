//! What the settings of auditing mean: for which values a log stays as wide as it can be.
//!
//! A value that is not known to keep a log wide narrows it: what a statement computes, or a name for off that is not on the list, is no
//! way around.

/// What a setting is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// These words or strings, in lower case, split at commas; none for an empty string.
    List(Vec<String>),
    /// What it was before anybody set it.
    Default,
    /// What the text does not say.
    Unknown,
}

/// For which values the log stays as it is.
#[derive(Clone, Copy, Debug)]
enum Wide {
    /// Those that mean on.
    On,
    /// Those that mean off: the setting is about what is left out.
    Off,
    /// No value: it is a list of who or what is left out.
    Empty,
    /// One of these is among the values, and nothing that matters is taken out of them by a sign.
    Has(&'static [&'static str]),
    /// One of these, or no value at all, which stands for everything.
    EmptyOrHas(&'static [&'static str]),
    /// None of these.
    HasNot(&'static [&'static str]),
    /// A length of time, zero or little: longer statements alone are written. In this unit of seconds.
    Soon(f64),
    /// One or more: a part, or a rate.
    One,
    /// Anything but zero: a length.
    NotZero,
    /// Any.
    Any,
    /// None: it says where the log goes, and whoever reads it looks elsewhere.
    Never,
}

/// The settings of which the meaning is known. Names have no scope.
const SETTINGS: &[(&str, Wide)] = &[
    ("pgaudit.log", Wide::Has(&["all", "read"])),
    ("pgaudit.role", Wide::Never),
    ("pgaudit.log_level", Wide::Has(&["log", "warning"])),
    ("pgaudit.log_catalog", Wide::Any),
    ("pgaudit.log_client", Wide::Any),
    ("pgaudit.log_statement_once", Wide::Any),
    ("log_statement", Wide::Has(&["all"])),
    ("log_min_duration_statement", Wide::Soon(0.001)),
    ("log_min_duration_sample", Wide::Soon(0.001)),
    ("log_statement_sample_rate", Wide::One),
    ("log_transaction_sample_rate", Wide::Any),
    ("log_duration", Wide::On),
    ("log_min_messages", Wide::HasNot(&["fatal", "panic"])),
    ("log_min_error_statement", Wide::HasNot(&["fatal", "panic", "log"])),
    ("log_error_verbosity", Wide::HasNot(&["terse"])),
    ("log_parameter_max_length", Wide::NotZero),
    ("log_connections", Wide::On),
    ("log_disconnections", Wide::On),
    ("log_replication_commands", Wide::On),
    ("logging_collector", Wide::On),
    ("log_destination", Wide::Never),
    ("log_directory", Wide::Never),
    ("log_filename", Wide::Never),
    ("log_line_prefix", Wide::Has(&["%u"])),
    ("log_truncate_on_rotation", Wide::Off),
    ("syslog_facility", Wide::Never),
    ("syslog_ident", Wide::Never),
    ("shared_preload_libraries", Wide::Has(&["pgaudit"])),
    ("session_preload_libraries", Wide::Has(&["pgaudit", "auto_explain"])),
    ("local_preload_libraries", Wide::Any),
    ("auto_explain.log_min_duration", Wide::Soon(0.001)),
    ("auto_explain.log_analyze", Wide::On),
    ("auto_explain.log_nested_statements", Wide::On),
    ("auto_explain.log_level", Wide::Has(&["log", "warning"])),
    ("auto_explain.sample_rate", Wide::One),
    ("auto_explain.log_parameter_max_length", Wide::NotZero),
    ("general_log", Wide::On),
    ("general_log_file", Wide::Never),
    ("sql_log_off", Wide::Off),
    ("log_output", Wide::Has(&["file"])),
    ("slow_query_log", Wide::On),
    ("slow_query_log_file", Wide::Never),
    ("log_slow_query", Wide::On),
    ("log_slow_query_file", Wide::Never),
    ("log_slow_rate_limit", Wide::Has(&["1"])),
    ("min_examined_row_limit", Wide::Has(&["0"])),
    ("log_slow_min_examined_row_limit", Wide::Has(&["0"])),
    ("long_query_time", Wide::Soon(1.0)),
    ("log_slow_query_time", Wide::Soon(1.0)),
    ("server_audit_logging", Wide::On),
    ("server_audit_events", Wide::EmptyOrHas(&["query", "query_dml", "table"])),
    ("server_audit_excl_users", Wide::Empty),
    ("server_audit_incl_users", Wide::Empty),
    ("server_audit_output_type", Wide::Never),
    ("server_audit_file_path", Wide::Never),
    ("server_audit_file_rotate_now", Wide::Any),
    ("server_audit_file_rotate_size", Wide::Any),
    ("server_audit_file_rotations", Wide::NotZero),
    ("server_audit_syslog_ident", Wide::Never),
    ("server_audit_syslog_facility", Wide::Never),
    ("server_audit_query_log_limit", Wide::NotZero),
    ("audit_log_policy", Wide::Has(&["all", "queries"])),
    ("audit_log_statement_policy", Wide::Has(&["all"])),
    ("audit_log_connection_policy", Wide::Has(&["all"])),
    ("audit_log_disable", Wide::Off),
    ("audit_log_exclude_accounts", Wide::Empty),
    ("audit_log_exclude_databases", Wide::Empty),
    ("audit_log_exclude_commands", Wide::Empty),
    ("audit_log_include_accounts", Wide::Empty),
    ("audit_log_include_databases", Wide::Empty),
    ("audit_log_include_commands", Wide::Empty),
    ("audit_log_flush", Wide::Any),
    ("audit_log_rotate_on_size", Wide::Any),
    ("audit_log_prune_seconds", Wide::Any),
    ("audit_log_max_size", Wide::Any),
    ("audit_log_read_buffer_size", Wide::Any),
    ("audit_json_file", Wide::On),
    ("audit_json_socket", Wide::Any),
    ("audit_json_log_file", Wide::Never),
    ("audit_json_file_flush", Wide::Any),
    ("audit_record_cmds", Wide::EmptyOrHas(&["select"])),
    ("audit_record_objs", Wide::Empty),
    ("audit_whitelist_users", Wide::Empty),
    ("audit_whitelist_cmds", Wide::Empty),
    ("audit_trail", Wide::Has(&["db", "os", "xml", "true", "extended", "db_extended", "xml_extended"])),
    ("audit_sys_operations", Wide::On),
    ("audit_file_dest", Wide::Never),
    ("audit_syslog_level", Wide::Never),
    ("unified_audit_systemlog", Wide::Never),
    ("unified_audit_common_systemlog", Wide::Never),
    ("unified_audit_sga_queue_size", Wide::Any),
];

/// Words that mean off, whatever the server.
const OFF: [&str; 10] = ["off", "0", "false", "no", "none", "disabled", "disable", "f", "n", "-1"];
/// Words that mean on.
const ON: [&str; 11] = ["on", "1", "true", "yes", "force", "force_plus_permanent", "t", "y", "enabled", "enable", "all"];

/// What may be taken out of a list of classes without hiding who reads, writes or is let in.
const LEFT_OUT: [&str; 2] = ["-misc", "-misc_set"];

/// Statements that take longer than this are rare: a log of those alone is none. In seconds.
const LONGEST: f64 = 600.0;

/// Whether a setting of this name is about what is logged.
pub(super) fn is_known(name: &str) -> bool {
    meaning(name).is_some() || name.contains("audit") || name.starts_with("auto_explain.")
}

/// Whether a setting of this name, in lower case, narrows what is logged when it is given this value.
pub(super) fn narrows(name: &str, value: &Value) -> bool {
    let Some(wide) = meaning(name) else {
        let is_off = |list: &[String]| list.is_empty() || list.iter().any(|word| OFF.contains(&word.as_str()));
        return is_known(name)
            && match value {
                Value::List(list) => is_off(list),
                Value::Default => false,
                Value::Unknown => true,
            };
    };
    match (wide, value) {
        (Wide::Any, _) => false,
        (Wide::Never, _) => true,
        (Wide::Off | Wide::Empty | Wide::One | Wide::EmptyOrHas(_) | Wide::NotZero | Wide::HasNot(_), Value::Default) => false,
        (Wide::On | Wide::Has(_) | Wide::Soon(_), Value::Default) | (_, Value::Unknown) => true,
        (wide, Value::List(list)) => !is_wide(wide, list),
    }
}

fn meaning(name: &str) -> Option<Wide> {
    SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, wide)| *wide)
}

fn is_wide(wide: Wide, list: &[String]) -> bool {
    let has = |words: &[&str]| list.iter().any(|word| words.contains(&word.as_str()));
    match wide {
        Wide::On => list.len() == 1 && has(&ON),
        Wide::Off => list.len() == 1 && has(&OFF),
        Wide::Empty => list.is_empty(),
        Wide::Has(["%u"]) => list.iter().any(|word| word.contains("%u")),
        Wide::Has(words) => {
            let taken_out = list.iter().any(|word| word.starts_with('-') && !LEFT_OUT.contains(&word.as_str()));
            // Libraries may be named with their path.
            (has(words) || list.iter().any(|word| word.rsplit('/').next().is_some_and(|last| words.contains(&last)))) && !taken_out
        }
        Wide::EmptyOrHas(words) => list.is_empty() || has(words),
        Wide::HasNot(words) => !list.is_empty() && !has(words),
        Wide::Soon(unit) => list.len() == 1 && list.iter().all(|word| seconds(word, unit).is_some_and(|s| (0.0..=LONGEST).contains(&s))),
        Wide::One => list.len() == 1 && list.iter().all(|word| word.parse::<f64>().is_ok_and(|rate| rate >= 1.0)),
        Wide::NotZero => list.len() == 1 && list.iter().all(|word| word.parse::<f64>().is_ok_and(|length| length != 0.0)),
        Wide::Any => true,
        Wide::Never => false,
    }
}

/// `250ms`, `10 min`, or a number of units.
fn seconds(text: &str, unit: f64) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let unit = match suffix.trim() {
        "" => unit,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Value {
        Value::List(text.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty()).collect())
    }

    #[test]
    fn a_setting_stays_wide_for_what_is_known_to_keep_it_so_and_for_nothing_else() {
        for (name, value) in [
            ("pgaudit.log", "all"),
            ("pgaudit.log", "read, write"),
            ("pgaudit.log", "all, -misc"),
            ("general_log", "1"),
            ("sql_log_off", "0"),
            ("server_audit_events", ""),
            ("server_audit_events", "CONNECT,QUERY"),
            ("server_audit_excl_users", ""),
            ("log_min_duration_statement", "250ms"),
            ("log_line_prefix", "%m [%p] %u@%d "),
            ("shared_preload_libraries", "pg_stat_statements,pgaudit"),
            ("shared_preload_libraries", "$libdir/pgaudit"),
            ("pgaudit.log_catalog", "off"),
            ("audit_trail", "DB,EXTENDED"),
            ("search_path", ""),
        ] {
            assert!(!narrows(name, &list(value)), "{name} = {value}");
        }
        for (name, value) in [
            ("pgaudit.log", ""),
            ("pgaudit.log", "none"),
            ("pgaudit.log", "all, -read"),
            ("pgaudit.log", "ddl"),
            ("pgaudit.log", "nothing"),
            ("pgaudit.log_rows", "off"),
            ("general_log", "OFF"),
            ("general_log", "2"),
            ("sql_log_off", "ON"),
            ("server_audit_events", "CONNECT"),
            ("server_audit_excl_users", "li"),
            ("log_min_duration_statement", "-1"),
            ("log_min_duration_statement", "7d"),
            ("log_destination", "syslog"),
            ("log_line_prefix", "%m "),
            ("shared_preload_libraries", "pg_stat_statements"),
            ("auto_explain.sample_rate", "0.01"),
            ("audit_trail", "NONE"),
            ("audit_log_anything_new", "off"),
        ] {
            assert!(narrows(name, &list(value)), "{name} = {value}");
        }
        assert!(narrows("general_log", &Value::Default) && narrows("general_log", &Value::Unknown));
        assert!(!narrows("server_audit_excl_users", &Value::Default) && !narrows("work_mem", &Value::Unknown));
    }
}
