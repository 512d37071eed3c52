//! What a statement does, by its first word, for logs that tell it in no other way.

use crate::model::access::Operation;
use crate::model::record::Dialect;
use crate::sql::contains::contains_any;
use crate::sql::{self, Class, split};

/// What a statement does; `None` where it is no access at all: a transaction's begin and end, a setting of one's own session.
pub fn of_statement(text: &str, dialect: Dialect) -> Option<Operation> {
    let word = split::first_word(text).to_ascii_uppercase();
    // What a driver wraps its statements in tells nothing: they do.
    if matches!(word.as_str(), "EXEC" | "EXECUTE")
        && let Some(inner) = sql::inner_text(text, dialect)
    {
        return split::statements(&inner, dialect).iter().find_map(|part| of_statement(part, dialect));
    }
    Some(match word.as_str() {
        // The words between the statements of a batch.
        "DECLARE" | "ELSE" | "PRINT" | "RETURN" | "RAISERROR" | "THROW" | "WAITFOR" | "GOTO" | "BREAK" | "CONTINUE" | "IF" | "WHILE"
            if dialect == Dialect::MsSql && sql::analyse(text, dialect).branches.is_empty() =>
        {
            return None;
        }
        // Most say at once that they copy nothing.
        "SELECT" | "WITH" if !contains_any(text.as_bytes(), &["into", "copy", "export", "unload", "directory"]) => Operation::Read,
        "CREATE" | "ALTER" | "SELECT" | "WITH" | "INSERT" if sql::analyse(text, dialect).class == Class::CopyTo => Operation::Export,
        "BEGIN" if sql::analyse(text, dialect).class != Class::Transaction => Operation::Other,
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "SAVEPOINT" | "RELEASE" | "USE" | "SHOW" | "LOCK" | "UNLOCK"
        | "CLOSE" | "DEALLOCATE" | "ANALYZE" | "VACUUM" | "CHECKPOINT" => return None,
        "SET" | "RESET" => return changes_control(text).then_some(Operation::Admin),
        "INSERT" | "UPDATE" | "MERGE" | "REPLACE" | "LOAD" | "UPSERT" => Operation::Write,
        "DELETE" | "TRUNCATE" => Operation::Delete,
        "CREATE" if sql::analyse(text, dialect).class == Class::CreateTableAs => Operation::Write,
        "CREATE" | "ALTER" | "DROP" | "GRANT" | "REVOKE" | "RENAME" | "COMMENT" | "FLUSH" | "KILL" | "INSTALL" | "UNINSTALL" | "PURGE" => {
            Operation::Admin
        }
        "COPY" | "UNLOAD" | "EXPORT" | "BACKUP" | "BASE_BACKUP" | "START_REPLICATION" => Operation::Export,
        "CALL" | "DO" | "EXEC" | "EXECUTE" | "DECLARE" => Operation::Other,
        _ => Operation::Read,
    })
}

/// Whether a setting changes who acts or what is logged.
fn changes_control(text: &str) -> bool {
    contains_any(text.as_bytes(), &["role", "authorization", "audit", "log_", "_log", "password", "row_security", "global"])
}

/// Whether the text says which tables are read: understood, and neither a call nor a block that hides them.
pub fn names_tables(text: &str, dialect: Dialect) -> bool {
    let analysis = sql::analyse(text, dialect);
    !analysis.unparsed && !matches!(analysis.class, Class::Call | Class::Do | Class::Execute | Class::Other)
}

/// Whether what the statement calls might raise an error of its own while it runs.
pub fn may_raise(text: &str, dialect: Dialect) -> bool {
    let analysis = sql::analyse(text, dialect);
    analysis.unparsed || analysis.branches.is_empty() || analysis.branches.iter().any(|branch| !branch.functions.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells_what_is_done() {
        let of = |text: &str| of_statement(text, Dialect::Generic);
        assert_eq!(of("  select 1"), Some(Operation::Read));
        assert_eq!(of("CREATE TABLE x AS SELECT * FROM t"), Some(Operation::Write));
        assert_eq!(of("CREATE TABLE x (a int)"), Some(Operation::Admin));
        assert_eq!((of("COMMIT"), of("SET NAMES utf8"), of("SET ROLE dba")), (None, None, Some(Operation::Admin)));
        assert_eq!(of("BEGIN bulk_export; END;"), Some(Operation::Other));
        assert_eq!(
            (of("BEGIN;"), of("begin isolation level serializable"), of("BEGIN; SELECT 1 FROM t")),
            (None, None, Some(Operation::Other))
        );
        assert_eq!(of(""), Some(Operation::Read));
    }
}
