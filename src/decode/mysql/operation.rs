//! What a statement does, by its first words.

use crate::decode::mysql::text::Scan;
use crate::model::access::Operation;

/// What a statement does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Sends rows to the client.
    Read,
    /// Writes rows to a file of the server.
    Export,
    /// Calls a procedure, or runs a prepared text: what it reads stands elsewhere.
    Call,
    /// Adds or changes rows.
    Write,
    /// Makes a table, perhaps out of a query.
    Make,
    /// Takes rows away; may return them.
    Delete,
    /// Changes the structure, accounts, rights or what is logged.
    Admin,
    /// Sets variables of the session.
    Set,
    /// Touches no data: transactions, locks, what the server says of itself.
    Nothing,
}

impl Act {
    /// The operation; `None` where it is no access.
    pub(super) fn operation(self) -> Option<Operation> {
        match self {
            Act::Read | Act::Call => Some(Operation::Read),
            Act::Export => Some(Operation::Export),
            Act::Write | Act::Make => Some(Operation::Write),
            Act::Delete => Some(Operation::Delete),
            Act::Admin => Some(Operation::Admin),
            Act::Set | Act::Nothing => None,
        }
    }
}

/// What the statement does whose words these are.
pub(super) fn of(text: &str, scan: &Scan<'_>) -> Act {
    let (first, second) = (scan.upper(0), scan.upper(1));
    match first.as_str() {
        "" => Act::Nothing,
        "SELECT" | "WITH" | "TABLE" | "VALUES" if scan.outfile => Act::Export,
        // A cursor on a table that is opened or closed shows nothing yet.
        "HANDLER" => {
            let is = |word: &&str, other: &str| word.eq_ignore_ascii_case(other);
            let mut after_name = scan.words.iter().skip(2).map(|(_, word)| *word);
            let reads = after_name.clone().any(|word| is(&word, "READ"));
            if !reads && after_name.any(|word| is(&word, "OPEN") || is(&word, "CLOSE")) { Act::Nothing } else { Act::Read }
        }
        "CALL" | "EXECUTE" => Act::Call,
        // A block of statements without a procedure around it.
        "BEGIN" if second == "NOT" => Act::Call,
        "IF" | "CASE" | "LOOP" | "REPEAT" | "WHILE" | "FOR" => Act::Call,
        "INSERT" | "REPLACE" | "UPDATE" => Act::Write,
        "LOAD" if second == "INDEX" => Act::Nothing,
        "LOAD" | "IMPORT" => Act::Write,
        "DELETE" | "TRUNCATE" => Act::Delete,
        "CREATE" if makes_table(scan) => Act::Make,
        "SET" if changes_control(text) => Act::Admin,
        "SET" => Act::Set,
        // These run a query without showing its rows.
        "EXPLAIN" | "DESCRIBE" | "DESC" | "ANALYZE" if scan.select.is_some() => Act::Read,
        "START" if ["SLAVE", "REPLICA", "GROUP_REPLICATION", "ALL"].contains(&second.as_str()) => Act::Admin,
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "GRANT" | "REVOKE" | "FLUSH" | "RESET" | "PURGE" | "KILL" | "INSTALL" | "UNINSTALL"
        | "CHANGE" | "STOP" | "SHUTDOWN" | "RESTART" | "CLONE" | "BACKUP" => Act::Admin,
        "SHOW" | "USE" | "EXPLAIN" | "DESCRIBE" | "DESC" | "HELP" | "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"
        | "XA" | "LOCK" | "UNLOCK" | "PREPARE" | "DEALLOCATE" | "ANALYZE" | "CHECK" | "CHECKSUM" | "OPTIMIZE" | "REPAIR" | "CACHE"
        | "BINLOG" | "SIGNAL" | "RESIGNAL" | "GET" | "DELIMITER" => Act::Nothing,
        // What is not known may have read anything.
        _ => Act::Read,
    }
}

/// The class of the server for a statement whose text is not logged: `select`, `create_table`, `set_option`.
pub(super) fn of_class(class: &str) -> Act {
    let class = class.to_ascii_lowercase();
    let word = class.split(['_', ' ']).next().unwrap_or("");
    match word {
        "" | "error" | "show" | "set" | "begin" | "commit" | "rollback" | "savepoint" | "release" | "xa" | "lock" | "unlock"
        | "prepare" | "dealloc" | "change" | "empty" | "explain" | "help" | "analyze" | "check" | "checksum" | "optimize" | "repair" => {
            Act::Nothing
        }
        "insert" | "replace" | "update" | "load" => Act::Write,
        "delete" | "truncate" => Act::Delete,
        "create" | "alter" | "drop" | "rename" | "grant" | "revoke" | "flush" | "reset" | "purge" | "kill" | "install" | "uninstall"
        | "shutdown" | "clone" => Act::Admin,
        "ha" if class != "ha_read" => Act::Nothing,
        "call" | "execute" => Act::Call,
        _ => Act::Read,
    }
}

/// `CREATE [OR REPLACE] [TEMPORARY] TABLE`.
fn makes_table(scan: &Scan<'_>) -> bool {
    let word = scan
        .words
        .iter()
        .skip(1)
        .map(|(_, word)| *word)
        .find(|word| !["OR", "REPLACE", "TEMPORARY"].iter().any(|w| word.eq_ignore_ascii_case(w)));
    word.is_some_and(|word| word.eq_ignore_ascii_case("TABLE"))
}

/// Settings that tell who acts, what is logged, or hold for everybody.
fn changes_control(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    const MARKS: [&str; 13] = [
        "audit",
        "global",
        "persist",
        "password",
        "role",
        "general_log",
        "slow_query_log",
        "sql_log",
        "log_output",
        "log_bin",
        "binlog",
        "init_connect",
        "init_file",
    ];
    MARKS.iter().any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(text: &str) -> Act {
        of(text, &Scan::of(text))
    }

    #[test]
    fn statements_are_told_by_their_words() {
        let cases: &[(&str, Act)] = &[
            ("/* m01 */ SELECT 1", Act::Read),
            ("(SELECT 1) UNION (SELECT 2)", Act::Read),
            ("WITH x AS (SELECT 1) SELECT * FROM x INTO OUTFILE 'y'", Act::Export),
            ("HANDLER customers OPEN AS h", Act::Nothing),
            ("HANDLER h READ FIRST LIMIT 500", Act::Read),
            ("CALL p()", Act::Call),
            ("BEGIN NOT ATOMIC SELECT 1; END", Act::Call),
            ("BEGIN", Act::Nothing),
            ("INSERT INTO a VALUES (1)", Act::Write),
            ("LOAD DATA INFILE 'x' INTO TABLE a", Act::Write),
            ("DELETE FROM a RETURNING *", Act::Delete),
            ("CREATE OR REPLACE TEMPORARY TABLE a AS SELECT 1", Act::Make),
            ("CREATE VIEW a AS SELECT 1", Act::Admin),
            ("SET NAMES utf8mb4", Act::Set),
            ("/*!40103 SET TIME_ZONE='+00:00' */", Act::Set),
            ("/* m38 */ SET GLOBAL server_audit_logging=OFF", Act::Admin),
            ("SET @@global.audit_log_policy = 'NONE'", Act::Admin),
            ("SET PASSWORD FOR a = PASSWORD(*****)", Act::Admin),
            ("GRANT SELECT ON a TO b", Act::Admin),
            ("ANALYZE FORMAT=JSON SELECT * FROM a", Act::Read),
            ("ANALYZE TABLE a", Act::Nothing),
            ("SHOW TABLES", Act::Nothing),
            ("COMMIT", Act::Nothing),
            ("SELEC * FROM a", Act::Read),
            ("  ;", Act::Nothing),
        ];
        for (text, expected) in cases {
            assert_eq!(act(text), *expected, "{text}");
        }
    }

    #[test]
    fn classes_stand_in_for_texts() {
        assert_eq!([of_class("select"), of_class("create_user"), of_class("call_procedure")], [Act::Read, Act::Admin, Act::Call]);
        assert_eq!([of_class("set_option"), of_class("ha_open"), of_class("ha_read")], [Act::Nothing, Act::Nothing, Act::Read]);
        assert_eq!(of_class("something_new"), Act::Read);
    }
}
