//! Errors: which statements never ran, and which were ended while they ran.

use crate::decode::postgresql::line::Line;
use crate::model::record::Dialect;
use crate::model::record::EventOutcome;
use crate::sql;

/// How the statement of an error line ended.
///
/// A statement that never ran disclosed nobody. The class of the error alone does not tell: a cast to `regclass`, a sequence
/// or a large object raise "no such table" and "permission denied" row by row, after rows have been sent. So it is taken as
/// refused only where the error points into the text, as those of parsing do, or denies a table as a whole, or where the
/// transaction was aborted before; and never where it was raised within a function.
pub(super) fn outcome(line: &Line<'_>) -> EventOutcome {
    let state = line.state.as_deref().unwrap_or("");
    let inside = line.context.is_some();
    match state {
        "25P02" => EventOutcome::Refused,
        _ if inside => EventOutcome::Interrupted,
        "42501" if denies_a_relation(&line.message) => EventOutcome::Refused,
        _ if line.cursor_position && (state.starts_with("42") || matches!(state, "3F000" | "0A000" | "22P02")) => EventOutcome::Refused,
        "42601" if is_no_sql(line) => EventOutcome::Refused,
        "26000" | "34000" | "3D000" | "28000" | "28P01" => EventOutcome::Refused,
        _ => EventOutcome::Interrupted,
    }
}

/// A syntax error of a text that is no SQL here either. Values have a grammar of their own (`tsquery`, `jsonpath`), which fails
/// with the same state row by row, so the message must be of the statement's.
fn is_no_sql(line: &Line<'_>) -> bool {
    let of_statement = line.message == "syntax error"
        || (line.message.starts_with("syntax error at ") && !line.message.contains(" of jsonpath"))
        || line.message.starts_with("语法错误");
    of_statement && line.statement.as_deref().is_some_and(|text| sql::is_no_statement(text, Dialect::PostgreSql))
}

/// Checked once, before the first row. Servers of other languages say it in theirs.
fn denies_a_relation(message: &str) -> bool {
    const RELATIONS: [&str; 10] = [
        "permission denied for table ",
        "permission denied for view ",
        "permission denied for materialized view ",
        "permission denied for foreign table ",
        "permission denied for relation ",
        "permission denied for schema ",
        "对表 ",
        "对视图 ",
        "对关系 ",
        "对模式 ",
    ];
    RELATIONS.iter().any(|start| message.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::postgresql::line::Severity;
    use crate::model::access::{Position, RecordHash};
    use crate::model::signs::Signs;
    use crate::model::time::Timestamp;

    fn error(state: &'static str, message: &'static str, points: bool, context: Option<&'static str>) -> EventOutcome {
        outcome(&line(state, message, points, context))
    }

    fn line(state: &'static str, message: &'static str, points: bool, context: Option<&'static str>) -> Line<'static> {
        Line {
            position: Position(1),
            hash: RecordHash::default(),
            time: Timestamp::FIRST,
            session: "s".into(),
            number: 1,
            user: None,
            database: None,
            host: None,
            application: None,
            severity: Severity::Error,
            state: Some(state.into()),
            message: message.into(),
            detail: None,
            statement: Some("SELECT 1".into()),
            context: context.map(Into::into),
            cursor_position: points,
            signs: Signs::default(),
            cut: false,
        }
    }

    #[test]
    fn errors_of_parsing_and_of_privilege_mean_that_nothing_ran() {
        assert_eq!(error("42601", "syntax error", true, None), EventOutcome::Refused);
        assert_eq!(error("42P01", "relation does not exist", true, None), EventOutcome::Refused);
        assert_eq!(error("42501", "permission denied for table accounts", false, None), EventOutcome::Refused);
        assert_eq!(error("25P02", "current transaction is aborted", false, None), EventOutcome::Refused);
    }

    #[test]
    fn a_text_that_is_no_sql_never_ran_and_a_value_with_a_grammar_of_its_own_may_have() {
        let outcome = |message: &'static str, text: &'static str| {
            outcome(&Line { statement: Some(text.into()), ..line("42601", message, false, None) })
        };
        assert_eq!(outcome("syntax error at or near \"SELEC\"", "SELEC name FROM t"), EventOutcome::Refused);
        assert_eq!(outcome("syntax error", "SELEC name"), EventOutcome::Refused);
        assert_eq!(outcome("syntax error in tsquery: \"a b\"", "SELEC name"), EventOutcome::Interrupted);
        assert_eq!(outcome("syntax error at or near \"x\" of jsonpath input", "SELECT a::jsonpath FROM t"), EventOutcome::Interrupted);
    }

    #[test]
    fn an_error_raised_while_rows_flow_is_no_refusal_whatever_its_code() {
        assert_eq!(error("42P01", "relation \"nope\" does not exist", false, None), EventOutcome::Interrupted);
        assert_eq!(error("42501", "permission denied for sequence s", false, None), EventOutcome::Interrupted);
        assert_eq!(error("42501", "permission denied for table t", false, Some("PL/pgSQL function f()")), EventOutcome::Interrupted);
        assert_eq!(error("22012", "division by zero", false, None), EventOutcome::Interrupted);
        assert_eq!(error("57014", "canceling statement due to user request", false, None), EventOutcome::Interrupted);
    }
}
