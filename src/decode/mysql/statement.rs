//! What a log tells of one statement, and the record that follows from it.
//!
//! The text is trusted where all of it is there. Else the tables that the server itself named hold, and nothing of the text
//! bounds anything: behind a cut may stand a `UNION`, an `OR` or a `RETURNING`.

use crate::decode::mysql::operation::{self, StatementEffect};
use crate::decode::mysql::status;
use crate::decode::mysql::text::{self, Scan};
use crate::model::access::Operation;
use crate::model::record::{Dialect, EventOutcome, Object, Plan, Record, Scan as PlanScan, Text};
use crate::sql::{self, Analysis, Class};

/// What the lines of one statement told.
#[derive(Clone, Debug, Default)]
pub(super) struct LoggedStatement<'t> {
    /// The text as logged; empty where it is not.
    pub text: &'t str,
    /// The server's class of the statement (`select`), where it names one.
    pub class: &'t str,
    /// The error code; 0 is success.
    pub code: i64,
    /// Tables that the server says were read, as `database.table`.
    pub reads: Vec<String>,
    /// Tables that it says were written or locked for writing.
    pub writes: Vec<String>,
    /// Whether this log names tables at all.
    pub names_tables: bool,
    /// Something outside of the text speaks against its being whole.
    pub cut: bool,
    /// Rows sent to the client.
    pub rows: Option<u64>,
}

/// Fills in what the statement did; `false` where it was no access.
pub(super) fn fill(record: &mut Record<'_>, logged: &LoggedStatement<'_>) -> bool {
    let plain = text::without_name_const(logged.text);
    let scan = Scan::of(&plain);
    match statement_in_set(&plain, &scan) {
        Some(inner) => fill_with(record, logged, inner, &Scan::of(inner)),
        None => fill_with(record, logged, &plain, &scan),
    }
}

/// `SET STATEMENT max_statement_time=1 FOR SELECT …`: the statement behind.
fn statement_in_set<'t>(text: &'t str, scan: &Scan<'t>) -> Option<&'t str> {
    (scan.upper(0) == "SET" && scan.upper(1) == "STATEMENT").then(|| scan.place("FOR").map(|(_, end)| &text[end..]))?
}

fn fill_with(record: &mut Record<'_>, logged: &LoggedStatement<'_>, text: &str, scan: &Scan<'_>) -> bool {
    let effect = match (text.trim().is_empty(), operation::of(text, scan)) {
        (true, _) => operation::of_class(logged.class),
        // `SET @a = (SELECT …)` reads as surely as the SELECT does.
        (false, StatementEffect::Set) if scan.select.is_some() => StatementEffect::Read,
        (false, effect) => effect,
    };
    let Some(operation) = effect.operation() else { return false };
    let own = |table: &&String| !of_the_server(table);
    let logged = LoggedStatement {
        reads: logged.reads.iter().filter(own).cloned().collect(),
        writes: logged.writes.iter().filter(own).cloned().collect(),
        names_tables: logged.names_tables || !logged.reads.is_empty() || !logged.writes.is_empty(),
        ..logged.clone()
    };
    record.dialect = Dialect::MySql;
    record.operation = operation;
    record.outcome = outcome(&logged, effect, text);
    let distrusted =
        logged.cut || scan.open || scan.versioned || text.trim().is_empty() || scan.upper(0) == "SET" && effect == StatementEffect::Read;
    if record.outcome == EventOutcome::Refused || effect == StatementEffect::Admin {
        record.statement = Some(Text::Owned(text.trim().to_owned()));
    } else if distrusted {
        distrust(record, &logged, effect, text, scan);
    } else {
        trust(record, &logged, effect, text, scan);
    }
    true
}

/// What the server reads for itself: statistics, rights, procedures. Its logs hold other people's statements.
fn of_the_server(table: &str) -> bool {
    let lower = table.to_ascii_lowercase();
    let own = ["mysql.", "information_schema.", "sys."].iter().any(|schema| lower.starts_with(schema));
    own && !["mysql.general_log", "mysql.slow_log"].contains(&lower.as_str())
}

/// Inside of procedures and functions an error that is else met before the start may come late.
fn outcome(logged: &LoggedStatement<'_>, effect: StatementEffect, text: &str) -> EventOutcome {
    const BEFORE_ALL: [i64; 8] = [1044, 1045, 1046, 1049, 1064, 1142, 1146, 1305];
    let outcome = status::outcome(logged.code);
    if outcome != EventOutcome::Refused {
        return outcome;
    }
    let early = BEFORE_ALL.contains(&logged.code);
    let late = match effect {
        StatementEffect::Call => !(early && logged.names_tables && logged.reads.is_empty()),
        _ => !early && sql::analyse(text, Dialect::MySql).branches.iter().any(|branch| !branch.functions.is_empty()),
    };
    if late { EventOutcome::Interrupted } else { EventOutcome::Refused }
}

/// A record by its text. Where the text does not name all that was read (views, functions, procedures), the tables that the
/// server named are laid beside: they count where the catalog does not know what the text names.
fn trust(record: &mut Record<'_>, logged: &LoggedStatement<'_>, effect: StatementEffect, text: &str, scan: &Scan<'_>) {
    let text = scan.without_hints(text);
    let copies = matches!(scan.upper(0).as_str(), "INSERT" | "REPLACE" | "CREATE");
    let looked_at = match effect {
        StatementEffect::Read | StatementEffect::Export | StatementEffect::Call => !logged.reads.is_empty() || !logged.writes.is_empty(),
        StatementEffect::Make => true,
        _ => copies && !logged.reads.is_empty(),
    };
    if looked_at {
        let analysis = sql::analyse(&text, Dialect::MySql);
        // `CREATE TABLE a SELECT …`: a copy that was not understood.
        if effect == StatementEffect::Make && analysis.class != Class::CreateTableAs && (scan.select.is_some() || !logged.reads.is_empty())
        {
            return distrust(record, logged, effect, &text, scan);
        }
        let tables = if copies { logged.reads.clone() } else { all(logged) };
        if hides(&analysis, &tables) {
            record.plan = Some(Box::new(plan(tables)));
        }
    }
    // Rows of a file, of a cursor of the client or of a HANDLER are not counted by the server.
    let counted = effect == StatementEffect::Read && scan.upper(0) != "HANDLER" && record.plan.is_none();
    record.rows = logged.rows.filter(|_| counted);
    record.statement = Some(Text::Owned(text.trim().to_owned()));
}

/// Whether something was read that the text does not say.
fn hides(analysis: &Analysis, tables: &[String]) -> bool {
    let collapsed = |branch: &sql::Branch| {
        branch.aggregated && branch.output.is_empty() && !branch.packed && branch.folds.is_empty() && branch.functions.is_empty()
    };
    if !analysis.unparsed && !analysis.branches.is_empty() && analysis.branches.iter().all(collapsed) {
        return false;
    }
    let named = |table: &String| {
        let sources = analysis.branches.iter().flat_map(|branch| branch.sources.iter().map(|source| source.table.as_str()));
        sources.chain(analysis.writes.iter().map(String::as_str)).any(|name| is_same(name, table))
    };
    let functions = analysis.branches.iter().any(|branch| !branch.functions.is_empty() || branch.hides_query);
    !tables.is_empty() && (analysis.unparsed || functions || !tables.iter().all(named))
}

/// Whether a name in a text is that table. Names without a database mean the current one, which is not always known.
fn is_same(name: &str, table: &str) -> bool {
    let bare = |name: &str| name.rsplit('.').next().unwrap_or("").to_lowercase();
    if name.contains('.') { name.to_lowercase() == table.to_lowercase() } else { bare(name) == bare(table) }
}

fn plan(tables: Vec<String>) -> Plan {
    let scan = |table: String| PlanScan { alias: table.rsplit('.').next().unwrap_or("").to_owned(), table, rows: None, arm: false };
    Plan { scans: tables.into_iter().map(scan).collect(), ..Plan::default() }
}

/// Tables that were read; a `SELECT … FOR UPDATE` locks them for writing.
fn all(logged: &LoggedStatement<'_>) -> Vec<String> {
    let mut tables = logged.reads.clone();
    tables.extend(logged.writes.iter().filter(|table| !logged.reads.contains(table)).cloned());
    tables
}

/// A record of a statement whose text does not hold: the tables are named, how many rows of them nobody knows.
fn distrust(record: &mut Record<'_>, logged: &LoggedStatement<'_>, effect: StatementEffect, text: &str, scan: &Scan<'_>) {
    let (sources, targets) = visible(text, scan);
    let named = !logged.reads.is_empty() || !logged.writes.is_empty();
    let first = scan.upper(0);
    let (operation, tables) = match effect {
        StatementEffect::Read | StatementEffect::Export | StatementEffect::Call => {
            (record.operation, if named { all(logged) } else { sources })
        }
        // Rows were copied.
        StatementEffect::Write | StatementEffect::Make if first != "UPDATE" && first != "LOAD" && !logged.reads.is_empty() => {
            (Operation::Read, logged.reads.clone())
        }
        StatementEffect::Write if first == "UPDATE" || first == "LOAD" || scan.values || logged.names_tables => (Operation::Write, targets),
        StatementEffect::Make if logged.names_tables => (Operation::Write, targets),
        // Behind the cut may stand a query, or a RETURNING.
        StatementEffect::Write | StatementEffect::Make => (Operation::Other, sources),
        StatementEffect::Delete => {
            (if first == "TRUNCATE" { Operation::Delete } else { Operation::Other }, if named { all(logged) } else { sources })
        }
        StatementEffect::Admin | StatementEffect::Set | StatementEffect::Nothing => (record.operation, Vec::new()),
    };
    record.operation = operation;
    record.objects = tables.into_iter().map(|table| Object { table: Text::Owned(table), columns: None }).collect();
}

/// Tables that the visible part of a text names: those it reads, and those it writes.
fn visible(text: &str, scan: &Scan<'_>) -> (Vec<String>, Vec<String>) {
    let from = match scan.select {
        Some(at) if scan.versioned || scan.upper(0) == "SET" => at,
        _ => 0,
    };
    let analysis = sql::analyse(&text[from..], Dialect::MySql);
    let mut sources: Vec<String> =
        analysis.branches.iter().flat_map(|branch| branch.sources.iter().map(|source| source.table.clone())).collect();
    sources.dedup();
    let targets = if analysis.writes.is_empty() { sources.clone() } else { analysis.writes.clone() };
    (sources, targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};
    use crate::model::time::Timestamp;

    fn record(logged: &LoggedStatement<'_>) -> Option<Record<'static>> {
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        fill(&mut record, logged).then_some(record)
    }

    fn of(text: &str, reads: &[&str], writes: &[&str]) -> Record<'static> {
        let own = |tables: &[&str]| tables.iter().map(|table| (*table).to_owned()).collect();
        record(&LoggedStatement { text, reads: own(reads), writes: own(writes), ..LoggedStatement::default() }).expect("is an access")
    }

    fn objects(record: &Record<'_>) -> Vec<String> {
        record.objects.iter().map(|object| object.table.to_string()).collect()
    }

    fn scans(record: &Record<'_>) -> Vec<String> {
        record.plan.as_ref().map_or(Vec::new(), |plan| plan.scans.iter().map(|scan| scan.table.clone()).collect())
    }

    #[test]
    fn a_whole_text_holds_and_what_it_hides_is_laid_beside() {
        let plain = of("SELECT name FROM customers WHERE id = 5", &["d.customers"], &[]);
        assert_eq!((plain.statement.as_deref(), plain.plan.is_none()), (Some("SELECT name FROM customers WHERE id = 5"), true));
        assert_eq!(scans(&of("SELECT name FROM v WHERE id = 5", &["d.a", "d.b", "mysql.proc"], &[])), ["d.a", "d.b"]);
        assert_eq!(scans(&of("SELECT f(1)", &["d.a"], &[])), ["d.a"]);
        assert_eq!(scans(&of("HANDLER h READ FIRST LIMIT 9", &["d.a"], &[])), ["d.a"]);
        assert_eq!(scans(&of("SELECT count(*) FROM v", &["d.a"], &[])), Vec::<String>::new());
        assert_eq!(scans(&of("SELECT * FROM v FOR UPDATE", &[], &["d.a"])), ["d.a"]);
        assert_eq!(scans(&of("SELECT * FROM e.a", &["d.a"], &[])), ["d.a"], "another database");
        assert_eq!(scans(&of("DELETE FROM v WHERE id = 1", &["d.a"], &["d.b"])), Vec::<String>::new());
    }

    #[test]
    fn a_text_that_may_be_cut_gives_its_tables_and_no_bound() {
        let cut = of("SELECT id FROM a WHERE id IN (1,2", &["d.customers"], &[]);
        assert_eq!((objects(&cut), cut.statement.is_none(), cut.operation), (vec!["d.customers".to_owned()], true, Operation::Read));
        assert_eq!(objects(&of("SELECT id FROM a WHERE id IN (1,2", &[], &[])), ["a"]);
        let whole = LoggedStatement { text: "SELECT id FROM a WHERE id = 4", cut: true, ..LoggedStatement::default() };
        assert!(record(&whole).is_some_and(|record| record.statement.is_none() && objects(&record) == ["a"]));
        let runs = of("/*!50000 SELECT * FROM customers */", &[], &[]);
        assert_eq!((objects(&runs), runs.operation), (vec!["customers".to_owned()], Operation::Read));
        let set = of("SET @a = (SELECT group_concat(phone) FROM customers)", &[], &[]);
        assert_eq!((objects(&set), set.operation), (vec!["customers".to_owned()], Operation::Read));
    }

    #[test]
    fn cut_writes_show_nobody_unless_they_copy_or_return() {
        let operation = |text: &str, reads: &[&str], writes: &[&str]| of(text, reads, writes).operation;
        assert_eq!(operation("INSERT INTO a (id, name) VALUES (1,'x'),(2,'", &[], &[]), Operation::Write);
        assert_eq!(operation("INSERT INTO a (id, name", &[], &["d.a"]), Operation::Write);
        assert_eq!(operation("INSERT INTO a (id, name", &["d.b"], &["d.a"]), Operation::Read);
        assert_eq!(operation("INSERT INTO a /* xxx", &[], &[]), Operation::Other);
        assert_eq!(operation("UPDATE a SET b = 'x", &["d.b"], &["d.a"]), Operation::Write);
        assert_eq!(operation("DELETE FROM a WHERE id IN (1,2", &[], &["d.a"]), Operation::Other);
        assert!(of("CREATE TABLE b SELECT * FROM a", &["d.a"], &[]).statement.is_some());
        assert_eq!(operation("CREATE TABLE b SELECT * FROM a WHERE id IN (1", &[], &[]), Operation::Other);
        assert_eq!(objects(&of("CREATE TABLE b SELECT * FROM a WHERE id IN (1", &["d.a"], &[])), ["d.a"]);
    }

    #[test]
    fn rows_hold_where_the_server_counts_them() {
        let rows = |text: &str, reads: &[&str]| {
            let reads = reads.iter().map(|table| (*table).to_owned()).collect();
            record(&LoggedStatement { text, reads, rows: Some(3), ..LoggedStatement::default() }).and_then(|record| record.rows)
        };
        assert_eq!(rows("SELECT * FROM a", &["d.a"]), Some(3));
        for text in
            ["SELECT * FROM a INTO OUTFILE 'x'", "HANDLER a READ FIRST", "CALL p()", "INSERT INTO b SELECT * FROM a", "DELETE FROM a"]
        {
            assert_eq!(rows(text, &[]), None, "{text}");
        }
        assert_eq!(rows("SELECT * FROM v", &["d.a"]), None, "a view may pack");
    }

    #[test]
    fn endings_follow_the_codes_and_what_ran() {
        let outcome =
            |text: &str, code: i64| record(&LoggedStatement { text, code, ..LoggedStatement::default() }).expect("is an access").outcome;
        assert_eq!(outcome("SELECT * FROM a", 1146), EventOutcome::Refused);
        assert_eq!(outcome("SELECT f(id) FROM a", 1146), EventOutcome::Refused);
        assert_eq!(outcome("SELECT f(id) FROM a", 1054), EventOutcome::Interrupted, "the function's body may fail late");
        assert_eq!(outcome("CALL p()", 1146), EventOutcome::Interrupted);
        assert_eq!(outcome("SET STATEMENT max_statement_time=0.3 FOR SELECT * FROM a", 1969), EventOutcome::Interrupted);
        assert_eq!(outcome("SELEC * FROM a", 1064), EventOutcome::Refused);
    }

    #[test]
    fn what_touches_no_data_is_no_access() {
        for text in ["COMMIT", "SET NAMES utf8", "SHOW TABLES", "", "/* */", "USE d", "LOCK TABLES a READ"] {
            assert!(record(&LoggedStatement { text, ..LoggedStatement::default() }).is_none(), "{text}");
        }
        let inner = of("SET STATEMENT max_statement_time=1 FOR SELECT * FROM a", &[], &[]);
        assert_eq!(inner.statement.as_deref(), Some("SELECT * FROM a"));
        let class = LoggedStatement { class: "select", reads: vec!["d.a".to_owned()], ..LoggedStatement::default() };
        assert_eq!(record(&class).map(|record| objects(&record)), Some(vec!["d.a".to_owned()]));
    }
}
