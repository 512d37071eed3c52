//! Functions that run where no row is shown: in an index, a check, a default, a generated column, a plan.
//!
//! The server calls them with the values of every row. One of somebody's own may send what it is given, so a statement that names
//! one reads as many people as the table holds, or as its query reads.

use crate::model::record::Dialect;
use crate::sql::functions::{FunctionEffect, effect};
use crate::sql::lexer::{self, Kind, Token};
use crate::sql::walk::{Binding, Shape, Walker, text};
use crate::sql::{Analysis, Branch, Class, Source, split, tokens};
use sqlparser::ast::{AlterColumnOperation, AlterTableOperation, ColumnDef, ColumnOption, Expr, ObjectName, Statement, TableConstraint};

/// What a statement of definition reads by the functions that it names.
pub(super) fn in_definition(tree: &Statement, dialect: Dialect) -> Option<Branch> {
    let mut exprs: Vec<&Expr> = Vec::new();
    let table: &ObjectName = match tree {
        Statement::CreateIndex(index) => {
            exprs.extend(index.columns.iter().map(|column| &column.column.expr).chain(&index.predicate));
            &index.table_name
        }
        Statement::CreateTable(create) => {
            create.columns.iter().for_each(|column| of_column(column, &mut exprs));
            create.constraints.iter().for_each(|constraint| of_constraint(constraint, &mut exprs));
            &create.name
        }
        Statement::AlterTable(alter) => {
            for operation in &alter.operations {
                match operation {
                    AlterTableOperation::AddColumn { column_def, .. } => of_column(column_def, &mut exprs),
                    AlterTableOperation::AddConstraint { constraint, .. } => of_constraint(constraint, &mut exprs),
                    AlterTableOperation::AlterColumn { op: AlterColumnOperation::SetDefault { value }, .. } => exprs.push(value),
                    AlterTableOperation::AlterColumn { op: AlterColumnOperation::SetDataType { using, .. }, .. } => exprs.extend(using),
                    _ => {}
                }
            }
            &alter.name
        }
        _ => return None,
    };
    let mut walker = Walker::new(dialect);
    let (table, alias) = (text(table), table.0.last().map(ToString::to_string).unwrap_or_default());
    let source = walker.source(table);
    walker.scopes.push(vec![Binding { alias, shape: Shape::Table(source) }]);
    exprs.into_iter().for_each(|expr| walker.looked_at(expr));
    (walker.gave_up() || !walker.branch.functions.is_empty() || !walker.branch.sends.is_empty()).then(|| of_rows(walker.branch))
}

fn of_column<'e>(column: &'e ColumnDef, exprs: &mut Vec<&'e Expr>) {
    for option in &column.options {
        match &option.option {
            ColumnOption::Default(expr) | ColumnOption::Materialized(expr) | ColumnOption::Alias(expr) => exprs.push(expr),
            ColumnOption::Ephemeral(expr) => exprs.extend(expr),
            ColumnOption::Check(check) => exprs.push(&check.expr),
            ColumnOption::Generated { generation_expr, .. } => exprs.extend(generation_expr),
            _ => {}
        }
    }
}

fn of_constraint<'e>(constraint: &'e TableConstraint, exprs: &mut Vec<&'e Expr>) {
    if let TableConstraint::Check(check) = constraint {
        exprs.push(&check.expr);
    }
}

/// Of a definition that is not parsed: a function in a schema of somebody's, named in brackets or behind USING.
pub(super) fn in_text(statement: &str, dialect: Dialect) -> bool {
    const NAMES: [&str; 10] = ["on", "table", "only", "exists", "references", "index", "into", "view", "type", "column"];
    let bytes = statement.as_bytes();
    let (mut at, mut word, mut before) = (0, String::new(), String::new());
    while at < bytes.len() {
        let after = split::next(bytes, at, dialect).min(bytes.len());
        let piece = &statement[at..after.max(at)];
        let part = bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'_' | b'.' | b'$' | b'"' | b'`') || bytes[at] >= 0x80;
        if part {
            word.push_str(piece.trim_matches(['"', '`']));
        } else if bytes[at] == b'(' {
            let named = NAMES.iter().any(|name| before.eq_ignore_ascii_case(name));
            if !named && word.contains('.') && is_of_somebody(&word, dialect) {
                return true;
            }
            (before, word) = (std::mem::take(&mut word), String::new());
        } else if !word.is_empty() {
            (before, word) = (std::mem::take(&mut word), String::new());
        }
        at = after.max(at + 1);
        while !statement.is_char_boundary(at) {
            at += 1;
        }
    }
    false
}

/// Whether a clause of a definition calls a function of somebody's own for rows: the conditions of a policy, the keys of an exclusion,
/// the expressions of statistics.
pub(super) fn in_clause(statement: &str, dialect: Dialect) -> bool {
    let tokens = lexer::tokens(statement, dialect).list;
    let is = |words: &[&str]| tokens.iter().take(4).any(|token| token.is_any(words));
    let words: &[&str] = match () {
        () if is(&["POLICY"]) => &["USING", "CHECK"],
        () if is(&["STATISTICS"]) => &["ON"],
        () if is(&["TABLE"]) => &["EXCLUDE"],
        () => return false,
    };
    let clause = tokens.iter().position(|token| token.is_any(words));
    clause.is_some_and(|at| calls_of_somebody(&tokens[at + 1..], dialect))
}

/// Whether the words of a text call a function of somebody's own: a name before a bracket that is no keyword, type, table or index.
pub(super) fn calls_of_somebody(tokens: &[Token<'_>], dialect: Dialect) -> bool {
    const LEADS: [&str; 11] = ["INTO", "TABLE", "AS", "UPDATE", "USING", "REFERENCES", "INDEX", "CONSTRAINT", "FROM", "JOIN", "KEY"];
    const TYPES: [&str; 12] = [
        "NVARCHAR",
        "NCHAR",
        "VARCHAR2",
        "NVARCHAR2",
        "BINARY",
        "VARBINARY",
        "DATETIME2",
        "DATETIMEOFFSET",
        "TIME",
        "TIMESTAMP",
        "NUMBER",
        "FLOAT",
    ];
    (1..tokens.len()).any(|open| {
        let called = open - 1;
        if !tokens[open].is_mark('(') || !tokens[called].names() {
            return false;
        }
        let mut first = called;
        while first >= 2 && called - first < 8 && tokens[first - 1].is_mark('.') && tokens[first - 2].names() {
            first -= 2;
        }
        let typed = first > 0 && (tokens[first - 1].kind == Kind::Variable || tokens[first - 1].is_any(&LEADS));
        let word = first == called && (tokens[called].is_any(&tokens::NO_CALLS) || tokens[called].is_any(&TYPES));
        if typed || word || first == called && tokens[called].is_any(&["CONFLICT", "CHECK", "EXCLUDE", "FILTER", "OVER", "DEFAULT"]) {
            return false;
        }
        let name: Vec<&str> = tokens[first..=called].iter().step_by(2).map(Token::name).collect();
        is_of_somebody(&name.join("."), dialect)
    })
}

fn is_of_somebody(name: &str, dialect: Dialect) -> bool {
    matches!(effect(name, dialect), FunctionEffect::Foreign | FunctionEffect::HidesQuery)
}

/// What a plan reads: nothing, unless a function is named that may send what it is given while the server makes the plan or runs it.
pub(super) fn in_plan(statement: &str, dialect: Dialect, analyse: impl FnOnce(&str) -> Analysis) -> Analysis {
    let mut analysis = Analysis { class: Class::Explain, ..Analysis::default() };
    let Some(query) = explained(statement, dialect) else { return analysis };
    let inner = analyse(query);
    // With ANALYZE it is run: what it writes is written, and the rows logged are those of the plan.
    if runs(statement, query, dialect) && !inner.writes.is_empty() {
        return Analysis { rows_may_be_fewer: true, limit: None, ..inner };
    }
    analysis.unparsed = inner.unparsed;
    // What was made ready before stands elsewhere: it may write, or call what sends.
    if inner.class == Class::Execute && runs(statement, query, dialect) {
        let functions = vec![Class::Execute.name().to_owned()];
        analysis.branches.push(Branch { functions, hides_query: true, collapsed: true, ..Branch::default() });
    }
    let calls = |branch: &Branch| branch.hides_query || !branch.functions.is_empty() || !branch.sends.is_empty();
    analysis.branches.extend(inner.branches.into_iter().filter(calls).map(of_rows));
    analysis
}

/// Whether EXPLAIN runs the statement behind it.
fn runs(statement: &str, query: &str, dialect: Dialect) -> bool {
    let before = &statement[..statement.len() - query.len()];
    lexer::tokens(before, dialect).list.iter().any(|token| token.is_any(&["ANALYZE", "ANALYSE"]))
}

/// Whether `ANALYZE …` is MariaDB's for `EXPLAIN ANALYZE …`.
pub(super) fn is_run_plan(statement: &str, dialect: Dialect) -> bool {
    const BEGIN: [&str; 7] = ["FORMAT", "SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"];
    matches!(dialect, Dialect::MySql | Dialect::Generic)
        && lexer::tokens(statement, dialect).list.get(1).is_some_and(|token| token.is_any(&BEGIN))
}

/// The rows stay where they are; what was called got them.
fn of_rows(branch: Branch) -> Branch {
    let sources = branch.sources.into_iter().map(|source| Source { flows: false, ..source }).collect();
    let hides_query = branch.hides_query || !branch.functions.is_empty();
    let (output, functions, sends) = (branch.output, branch.functions, branch.sends);
    Branch { sources, output, functions, sends, hides_query, collapsed: true, ..Branch::default() }
}

/// The statement behind EXPLAIN and its options.
fn explained(statement: &str, dialect: Dialect) -> Option<&str> {
    const BEGIN: [&str; 13] =
        ["select", "with", "insert", "update", "delete", "merge", "replace", "values", "table", "create", "declare", "call", "execute"];
    let bytes = statement.as_bytes();
    // Of brackets that follow each other all open the same.
    let (mut at, mut depth, mut asked) = (0, 0_usize, false);
    while at < bytes.len() {
        if bytes[at].is_ascii_alphabetic() {
            asked = false;
            let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            if depth == 0 && BEGIN.iter().any(|word| statement[at..end].eq_ignore_ascii_case(word)) {
                return Some(&statement[at..]);
            }
            at = end;
            continue;
        }
        match bytes[at] {
            b'(' if !asked && is_query(&statement[at + 1..]) => return Some(&statement[at..]),
            b'(' => (depth, asked) = (depth + 1, true),
            b')' => (depth, asked) = (depth.saturating_sub(1), false),
            byte if byte.is_ascii_whitespace() => {}
            _ => asked = false,
        }
        at = split::next(bytes, at, dialect).max(at + 1);
    }
    None
}

fn is_query(text: &str) -> bool {
    let word = split::first_word(text);
    ["select", "with", "values", "table"].iter().any(|start| word.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::analyse_anew;

    fn reads(text: &str) -> bool {
        analyse_anew(text, Dialect::PostgreSql).branches.iter().any(|branch| branch.hides_query)
    }

    #[test]
    fn definitions_that_call_a_function_of_somebodys_own_hand_it_every_row() {
        for calls in [
            "CREATE INDEX i ON crm.customers (scratch.leak(name))",
            "CREATE INDEX i ON crm.customers (id) WHERE scratch.leak(name)",
            "ALTER TABLE crm.customers ADD CHECK (scratch.leak(name))",
            "ALTER TABLE crm.customers ADD CONSTRAINT c CHECK (leak(name) IS NULL)",
            "ALTER TABLE crm.customers ADD COLUMN x text GENERATED ALWAYS AS (scratch.leak(name)) STORED",
            "ALTER TABLE crm.customers ALTER COLUMN name TYPE text USING scratch.leak(name)",
            "CREATE TABLE t (id int DEFAULT scratch.leak(), CHECK (scratch.leak(id)))",
            "ALTER TABLE crm.customers ALTER name TYPE text USING scratch.leak(name), SET WITHOUT OIDS, FROBNICATE",
            "CREATE POLICY p ON crm.customers FOR SELECT TO public USING (leak(name))",
            "ALTER POLICY p ON crm.customers WITH CHECK (id > 5 AND scratch.leak(name))",
            "ALTER TABLE crm.customers ADD EXCLUDE USING gist (leak(name) WITH =)",
            "CREATE STATISTICS s (mcv) ON leak(name), (lower(phone)) FROM crm.customers",
            "SELECT 1 FROM crm.customers TABLESAMPLE SYSTEM (leak(1))",
            "SET x.y = leak(1)",
            "UPDATE crm.customers SET note = leak(name) FROBNICATE",
        ] {
            assert!(reads(calls), "{calls}");
        }
        for quiet in [
            "CREATE INDEX i ON crm.customers (lower(name)) WHERE phone IS NOT NULL",
            "CREATE UNIQUE INDEX CONCURRENTLY i ON crm.customers USING btree (id, name text_pattern_ops)",
            "CREATE TABLE crm.t (id bigint PRIMARY KEY, n varchar(20) CHECK (length(n) > 5), at timestamptz DEFAULT now(), c int REFERENCES crm.customers(id))",
            "ALTER TABLE crm.customers ADD CONSTRAINT f FOREIGN KEY (branch) REFERENCES ref.branches(code)",
            "ALTER TABLE crm.customers ADD COLUMN x numeric(10,2) DEFAULT 0",
            "DROP TABLE crm.customers",
            "CREATE POLICY p ON crm.customers USING (branch IN (1, 2) AND lower(region) = current_setting('app.region'))",
            "ALTER TABLE crm.customers ADD EXCLUDE USING gist (period WITH &&)",
            "CREATE STATISTICS s (mcv, ndistinct) ON branch, (lower(phone)) FROM crm.customers",
            "SELECT 1 FROM crm.customers TABLESAMPLE SYSTEM (1)",
            "SET search_path = crm, public",
            "INSERT FROBNICATE INTO crm.customers(id, name) VALUES (1, lower('x'))",
        ] {
            assert!(!reads(quiet), "{quiet}");
        }
    }

    #[test]
    fn a_plan_shows_nobody_unless_it_calls_one() {
        for quiet in [
            "EXPLAIN SELECT * FROM crm.customers WHERE lower(name) = 'li'",
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM crm.customers",
            "EXPLAIN ANALYZE VERBOSE WITH x AS (SELECT 1) SELECT * FROM x",
            "DESCRIBE crm.customers",
        ] {
            let analysis = analyse_anew(quiet, Dialect::PostgreSql);
            assert!(analysis.class == Class::Explain && analysis.branches.is_empty(), "{quiet}");
        }
        assert!(reads("EXPLAIN ANALYZE SELECT scratch.leak(name) FROM crm.customers"));
        assert!(reads("EXPLAIN (ANALYZE) SELECT 1 FROM crm.customers WHERE scratch.leak(name, phone)"));
        assert!(reads("EXPLAIN (SELECT scratch.leak('x'))"));
    }
}
