//! What a statement does, by its first words.

use crate::decode::mysql::text::Scan;
use crate::model::access::Operation;

/// What a statement does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StatementEffect {
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

impl StatementEffect {
    /// The operation; `None` where it is no access.
    pub(super) fn operation(self) -> Option<Operation> {
        match self {
            StatementEffect::Read | StatementEffect::Call => Some(Operation::Read),
            StatementEffect::Export => Some(Operation::Export),
            StatementEffect::Write | StatementEffect::Make => Some(Operation::Write),
            StatementEffect::Delete => Some(Operation::Delete),
            StatementEffect::Admin => Some(Operation::Admin),
            StatementEffect::Set | StatementEffect::Nothing => None,
        }
    }
}

/// What the statement does whose words these are.
pub(super) fn of(text: &str, scan: &Scan<'_>) -> StatementEffect {
    let (first, second) = (scan.upper(0), scan.upper(1));
    match first.as_str() {
        "" => StatementEffect::Nothing,
        "SELECT" | "WITH" | "TABLE" | "VALUES" if scan.outfile => StatementEffect::Export,
        // A cursor on a table that is opened or closed shows nothing yet.
        "HANDLER" => {
            let is = |word: &&str, other: &str| word.eq_ignore_ascii_case(other);
            let mut after_name = scan.words.iter().skip(2).map(|(_, word)| *word);
            let reads = after_name.clone().any(|word| is(&word, "READ"));
            if !reads && after_name.any(|word| is(&word, "OPEN") || is(&word, "CLOSE")) {
                StatementEffect::Nothing
            } else {
                StatementEffect::Read
            }
        }
        "CALL" | "EXECUTE" => StatementEffect::Call,
        // A block of statements without a procedure around it.
        "BEGIN" if second == "NOT" => StatementEffect::Call,
        "IF" | "CASE" | "LOOP" | "REPEAT" | "WHILE" | "FOR" => StatementEffect::Call,
        "INSERT" | "REPLACE" | "UPDATE" => StatementEffect::Write,
        "LOAD" if second == "INDEX" => StatementEffect::Nothing,
        "LOAD" | "IMPORT" => StatementEffect::Write,
        "DELETE" | "TRUNCATE" => StatementEffect::Delete,
        "CREATE" if makes_table(scan) => StatementEffect::Make,
        "SET" if changes_control(text) => StatementEffect::Admin,
        "SET" => StatementEffect::Set,
        // These run a query without showing its rows.
        "EXPLAIN" | "DESCRIBE" | "DESC" | "ANALYZE" if scan.select.is_some() => StatementEffect::Read,
        "START" if ["SLAVE", "REPLICA", "GROUP_REPLICATION", "ALL"].contains(&second.as_str()) => StatementEffect::Admin,
        "CREATE" | "ALTER" | "DROP" | "RENAME" | "GRANT" | "REVOKE" | "FLUSH" | "RESET" | "PURGE" | "KILL" | "INSTALL" | "UNINSTALL"
        | "CHANGE" | "STOP" | "SHUTDOWN" | "RESTART" | "CLONE" | "BACKUP" => StatementEffect::Admin,
        "SHOW" | "USE" | "EXPLAIN" | "DESCRIBE" | "DESC" | "HELP" | "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"
        | "XA" | "LOCK" | "UNLOCK" | "PREPARE" | "DEALLOCATE" | "ANALYZE" | "CHECK" | "CHECKSUM" | "OPTIMIZE" | "REPAIR" | "CACHE"
        | "BINLOG" | "SIGNAL" | "RESIGNAL" | "GET" | "DELIMITER" => StatementEffect::Nothing,
        // What is not known may have read anything.
        _ => StatementEffect::Read,
    }
}

/// The class of the server for a statement whose text is not logged: `select`, `create_table`, `set_option`.
pub(super) fn of_class(class: &str) -> StatementEffect {
    let class = class.to_ascii_lowercase();
    let word = class.split(['_', ' ']).next().unwrap_or("");
    match word {
        "" | "error" | "show" | "set" | "begin" | "commit" | "rollback" | "savepoint" | "release" | "xa" | "lock" | "unlock"
        | "prepare" | "dealloc" | "change" | "empty" | "explain" | "help" | "analyze" | "check" | "checksum" | "optimize" | "repair" => {
            StatementEffect::Nothing
        }
        "insert" | "replace" | "update" | "load" => StatementEffect::Write,
        "delete" | "truncate" => StatementEffect::Delete,
        "create" | "alter" | "drop" | "rename" | "grant" | "revoke" | "flush" | "reset" | "purge" | "kill" | "install" | "uninstall"
        | "shutdown" | "clone" => StatementEffect::Admin,
        "ha" if class != "ha_read" => StatementEffect::Nothing,
        "call" | "execute" => StatementEffect::Call,
        _ => StatementEffect::Read,
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

    fn effect(text: &str) -> StatementEffect {
        of(text, &Scan::of(text))
    }

    #[test]
    fn statements_are_told_by_their_words() {
        let cases: &[(&str, StatementEffect)] = &[
            ("/* m01 */ SELECT 1", StatementEffect::Read),
            ("(SELECT 1) UNION (SELECT 2)", StatementEffect::Read),
            ("WITH x AS (SELECT 1) SELECT * FROM x INTO OUTFILE 'y'", StatementEffect::Export),
            ("HANDLER customers OPEN AS h", StatementEffect::Nothing),
            ("HANDLER h READ FIRST LIMIT 500", StatementEffect::Read),
            ("CALL p()", StatementEffect::Call),
            ("BEGIN NOT ATOMIC SELECT 1; END", StatementEffect::Call),
            ("BEGIN", StatementEffect::Nothing),
            ("INSERT INTO a VALUES (1)", StatementEffect::Write),
            ("LOAD DATA INFILE 'x' INTO TABLE a", StatementEffect::Write),
            ("DELETE FROM a RETURNING *", StatementEffect::Delete),
            ("CREATE OR REPLACE TEMPORARY TABLE a AS SELECT 1", StatementEffect::Make),
            ("CREATE VIEW a AS SELECT 1", StatementEffect::Admin),
            ("SET NAMES utf8mb4", StatementEffect::Set),
            ("/*!40103 SET TIME_ZONE='+00:00' */", StatementEffect::Set),
            ("/* m38 */ SET GLOBAL server_audit_logging=OFF", StatementEffect::Admin),
            ("SET @@global.audit_log_policy = 'NONE'", StatementEffect::Admin),
            ("SET PASSWORD FOR a = PASSWORD(*****)", StatementEffect::Admin),
            ("GRANT SELECT ON a TO b", StatementEffect::Admin),
            ("ANALYZE FORMAT=JSON SELECT * FROM a", StatementEffect::Read),
            ("ANALYZE TABLE a", StatementEffect::Nothing),
            ("SHOW TABLES", StatementEffect::Nothing),
            ("COMMIT", StatementEffect::Nothing),
            ("SELEC * FROM a", StatementEffect::Read),
            ("  ;", StatementEffect::Nothing),
        ];
        for (text, expected) in cases {
            assert_eq!(effect(text), *expected, "{text}");
        }
    }

    #[test]
    fn classes_stand_in_for_texts() {
        assert_eq!(
            [of_class("select"), of_class("create_user"), of_class("call_procedure")],
            [StatementEffect::Read, StatementEffect::Admin, StatementEffect::Call]
        );
        assert_eq!(
            [of_class("set_option"), of_class("ha_open"), of_class("ha_read")],
            [StatementEffect::Nothing, StatementEffect::Nothing, StatementEffect::Read]
        );
        assert_eq!(of_class("something_new"), StatementEffect::Read);
    }
}
