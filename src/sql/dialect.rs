//! What the dialects differ in: the grammar that parses them, and the marks of their strings, names and comments.

use crate::model::record::Dialect;
use sqlparser::dialect::{
    BigQueryDialect, DatabricksDialect, GenericDialect, HiveDialect, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect,
    SnowflakeDialect,
};

/// The grammar of a dialect.
pub(super) fn grammar(dialect: Dialect) -> &'static dyn sqlparser::dialect::Dialect {
    match dialect {
        // The parser's own standard grammar knows no name beyond ASCII; the generic one takes all that Trino writes.
        Dialect::Generic | Dialect::Trino => &GenericDialect {},
        Dialect::PostgreSql => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Oracle => &OracleDialect {},
        Dialect::MsSql => &MsSqlDialect {},
        Dialect::Snowflake => &SnowflakeDialect {},
        Dialect::BigQuery => &BigQueryDialect {},
        Dialect::Databricks => &DatabricksDialect {},
        Dialect::Hive => &HiveDialect {},
    }
}

/// Whether a backslash in a string escapes what follows it.
pub(super) fn backslash_escapes(dialect: Dialect) -> bool {
    match dialect {
        Dialect::MySql | Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Hive => true,
        Dialect::Generic | Dialect::PostgreSql | Dialect::Oracle | Dialect::MsSql | Dialect::Trino => false,
    }
}

/// Whether `E'…'` has escapes where other strings have none.
pub(super) fn escape_strings(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::PostgreSql | Dialect::Generic)
}

/// Whether a string may stand in double quotes.
pub(super) fn double_quoted_strings(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::MySql | Dialect::BigQuery | Dialect::Databricks | Dialect::Hive)
}

/// Whether `#` begins a comment.
pub(super) fn hash_comments(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::MySql | Dialect::BigQuery)
}

/// Whether `$tag$ … $tag$` is a string.
pub(super) fn dollar_strings(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::PostgreSql | Dialect::Generic | Dialect::Snowflake)
}

/// Whether block comments stand in each other.
pub(super) fn nested_comments(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::PostgreSql | Dialect::Generic | Dialect::MsSql | Dialect::Databricks)
}

/// Whether `[…]` is a name.
pub(super) fn bracketed_names(dialect: Dialect) -> bool {
    dialect == Dialect::MsSql
}

/// Whether a text means the same in the grammar that most dialects share: it has no mark of which they differ.
pub(super) fn reads_alike(text: &str, dialect: Dialect) -> bool {
    let strings = backslash_escapes(dialect) && text.contains('\\') || double_quoted_strings(dialect) && text.contains('"');
    let operators = dialect == Dialect::MySql && (text.contains("||") || text.contains("&&"));
    dialect != Dialect::Generic && !strings && !operators && !text.contains(['[', '#', '^'])
}

/// Whether it depends on a setting of the session where a string ends: a backslash stands before a quote, and either dialect lets
/// a session choose whether it escapes.
pub(super) fn is_ambiguous(text: &str, dialect: Dialect) -> bool {
    let marked = || text.contains("E'") || text.contains("e'");
    match dialect {
        Dialect::MySql => text.contains("\\'") || text.contains("\\\""),
        Dialect::PostgreSql => text.contains("\\'") && !marked(),
        _ => false,
    }
}
