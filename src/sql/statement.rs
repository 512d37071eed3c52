//! One statement: what sort it is, and which part of it reads.

use crate::model::record::Dialect;
use crate::sql::parse::parse;
use crate::sql::predicate::placeholder;
use crate::sql::walk::{OutputColumn, Walker, is_document, text};
use crate::sql::{Analysis, Branch, Class, Column, RowLimit, Source, split, tokens};
use sqlparser::ast::{
    CopySource, Delete, Expr, FromTable, Insert, LimitClause, Query, SetExpr, Statement, TableObject, TopQuantity, Update,
    UpdateTableFromKind, Value,
};

/// What one statement reads.
pub(super) fn analyse(statement: &str, dialect: Dialect) -> Analysis {
    let word = split::first_word_in(statement, dialect).to_ascii_uppercase();
    let plain = |class| Analysis { class, ..Analysis::default() };
    match word.as_str() {
        "SELECT" | "WITH" | "TABLE" | "VALUES" | "" => parsed(statement, dialect, Class::Select),
        // What T-SQL's OUTPUT returns is not looked into.
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" if dialect == Dialect::MsSql && split::after_word(statement, "output").is_some() => {
            hidden(statement, dialect, Class::Other)
        }
        "INSERT" | "REPLACE" => parsed(statement, dialect, Class::Insert),
        "UPDATE" => parsed(statement, dialect, Class::Update),
        "DELETE" => parsed(statement, dialect, Class::Delete),
        "MERGE" => parsed(statement, dialect, Class::Merge),
        "COPY" | "UNLOAD" => parsed(statement, dialect, Class::CopyTo),
        "CREATE" => parsed(statement, dialect, Class::Ddl),
        // A plan shows no row. What it would read is left out: nothing of it left.
        "EXPLAIN" | "DESCRIBE" | "DESC" => plain(Class::Explain),
        "DECLARE" => inner(statement, dialect, Class::Declare, "for"),
        "PREPARE" => inner(statement, dialect, Class::Prepare, "as"),
        "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" | "SECURITY" | "REFRESH" | "RENAME" => plain(Class::Ddl),
        "GRANT" | "REVOKE" | "REASSIGN" => plain(Class::Grant),
        "SET" | "RESET" | "USE" => unless_it_reads(statement, dialect, Class::Set),
        "BEGIN" if !begins_transaction(statement) => hidden(statement, dialect, Class::Do),
        "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT" | "SAVEPOINT" | "RELEASE" => plain(Class::Transaction),
        "FETCH" => plain(Class::Fetch),
        "CLOSE" => plain(Class::Close),
        "EXECUTE" => plain(Class::Execute),
        "DEALLOCATE" | "LOCK" | "UNLOCK" | "VACUUM" | "ANALYZE" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "DISCARD" | "CHECKPOINT"
        | "CLUSTER" | "REINDEX" | "LOAD" | "MOVE" | "IMPORT" => plain(Class::Maintenance),
        "SHOW" => plain(Class::Show),
        "CALL" | "EXEC" => hidden(statement, dialect, Class::Call),
        "DO" => hidden(statement, dialect, Class::Do),
        _ => Analysis { class: Class::Other, ..by_words(statement, dialect) },
    }
}

/// A setting that names a table takes its value from it, or goes before a query in one text: `SET @a = (SELECT …)`, `SET STATEMENT … FOR
/// SELECT …`, `SET NOCOUNT ON SELECT …`.
fn unless_it_reads(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let read = by_words(statement, dialect);
    if read.branches.is_empty() { Analysis { class, ..Analysis::default() } } else { hidden(statement, dialect, Class::Other) }
}

/// `BEGIN` alone or with a transaction's mode. A block of PL/SQL, T-SQL or MariaDB begins with the same word and may read anything.
fn begins_transaction(statement: &str) -> bool {
    const MODES: [&str; 10] =
        ["TRANSACTION", "TRAN", "WORK", "ISOLATION", "READ", "DEFERRABLE", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT"];
    let after = split::after_word(statement, "begin").unwrap_or_default();
    let next: String = after.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let next = next.to_ascii_uppercase();
    after.trim().is_empty() || MODES.contains(&next.as_str()) || next == "NOT" && after.to_ascii_uppercase().contains("DEFERRABLE")
}

/// A call or an anonymous block: what it reads stands in a body that is no query.
fn hidden(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let mut analysis = Analysis { class, ..by_words(&statement.replace("$$", " "), dialect) };
    if analysis.branches.is_empty() {
        analysis.branches.push(Branch::default());
    }
    for branch in &mut analysis.branches {
        branch.functions.push(class.name().to_owned());
        branch.hides_query = true;
    }
    analysis
}

/// `DECLARE name … CURSOR … FOR query`, `PREPARE name (…) AS statement`: the part after the word, found outside of strings.
fn inner(statement: &str, dialect: Dialect, class: Class, word: &str) -> Analysis {
    let rest = split::after_word(statement, word);
    let analysis = rest.map_or_else(|| by_words(statement, dialect), |rest| analyse_once(rest, dialect));
    Analysis { class, ..analysis }
}

/// A statement inside of another, but not one inside of that.
fn analyse_once(statement: &str, dialect: Dialect) -> Analysis {
    match split::first_word_in(statement, dialect).to_ascii_uppercase().as_str() {
        "DECLARE" | "PREPARE" => by_words(statement, dialect),
        _ => analyse(statement, dialect),
    }
}

/// An analysis of a text of which nobody knows where its strings end: nothing in it bounds anything, and every table that its
/// words name in either reading may have been read.
pub(super) fn doubtful(text: &str, mut analysis: Analysis, dialect: Dialect) -> Analysis {
    analysis.limit = None;
    analysis.set_operation = true;
    for branch in &mut analysis.branches {
        branch.keys.clear();
        branch.unique = None;
        branch.multiplied = true;
    }
    let known =
        |name: &str| analysis.branches.iter().flat_map(|branch| &branch.sources).any(|known| known.table.eq_ignore_ascii_case(name));
    let further: Vec<Source> = [tokens::tables(text, dialect), tokens::tables_in_strings(text)]
        .into_iter()
        .flatten()
        .filter(|table| !known(table))
        .map(|table| Source { table, flows: true })
        .collect();
    if !further.is_empty() {
        let output = (0..further.len()).map(|source| Column { source, name: None }).collect();
        analysis.branches.push(Branch { sources: further, output, multiplied: true, ..Branch::default() });
    }
    analysis
}

fn by_words(statement: &str, dialect: Dialect) -> Analysis {
    let tables = tokens::tables(statement, dialect);
    let mut branch = Branch { multiplied: tables.len() > 1, ..Branch::default() };
    for (source, table) in tables.into_iter().enumerate() {
        branch.sources.push(Source { table, flows: true });
        branch.output.push(Column { source, name: None });
    }
    let branches = if branch.sources.is_empty() { Vec::new() } else { vec![branch] };
    Analysis { unparsed: true, branches, ..Analysis::default() }
}

fn parsed(statement: &str, dialect: Dialect, class: Class) -> Analysis {
    let understood = parse(statement, dialect).and_then(|tree| of_statement(&tree, class, dialect));
    understood.unwrap_or_else(|| Analysis { class, ..by_words(statement, dialect) })
}

/// The analysis of a syntax tree, unless something in it is beyond what is followed here.
fn of_statement(tree: &Statement, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut analysis = Analysis { class, ..Analysis::default() };
    match tree {
        Statement::Query(query) => return of_query(query, class, dialect),
        Statement::Insert(insert) => {
            analysis = modified(|walker| walker.insert(insert), class, dialect)?;
            analysis.rows_may_be_fewer = insert.on.is_some() || insert.ignore;
        }
        Statement::Update(update) => return modified(|walker| walker.update(update), class, dialect),
        Statement::Delete(delete) => return modified(|walker| walker.delete(delete), class, dialect),
        Statement::Copy { source: CopySource::Query(query), to: true, .. } => return of_query(query, Class::CopyTo, dialect),
        Statement::Copy { source: CopySource::Table { table_name, columns }, to, .. } => {
            let table = text(table_name);
            if *to {
                analysis.branches.push(whole_table(table, columns.iter().map(|column| column.value.clone()).collect()));
            } else {
                analysis.class = Class::CopyFrom;
                analysis.writes.push(table);
            }
        }
        Statement::CreateTable(create) => {
            if let Some(query) = &create.query {
                analysis = of_query(query, Class::CreateTableAs, dialect)?;
            }
            analysis.writes.push(text(&create.name));
        }
        Statement::CreateView(view) => {
            // A view copies nothing; a materialized one does.
            if view.materialized {
                analysis = of_query(&view.query, Class::CreateTableAs, dialect)?;
            }
            analysis.writes.push(text(&view.name));
        }
        Statement::Unload { query: Some(query), .. } => return of_query(query, Class::CopyTo, dialect),
        Statement::Merge(_) | Statement::Unload { .. } | Statement::CopyIntoSnowflake { .. } => return None,
        _ if class == Class::Ddl => {}
        _ => return None,
    }
    Some(analysis)
}

fn of_query(query: &Query, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut arms = Vec::new();
    let mut body = &*query.body;
    // The arms of a set operation lean to the left as well.
    while let SetExpr::SetOperation { left, right, .. } = body {
        arms.push(&**right);
        body = left;
    }
    arms.push(body);
    let set_operation = arms.len() > 1;
    let mut analysis = Analysis { class, set_operation, ..Analysis::default() };
    for arm in arms.into_iter().rev() {
        let mut walker = Walker::new(dialect);
        walker.learn(query);
        let outs = walker.set_expr(arm);
        close(walker.finish(), outs, &mut analysis)?;
    }
    analysis.branches.iter_mut().for_each(|branch| branch.packed |= is_document(query));
    analysis.limit = limit(query);
    analysis.paged = is_later_page(query);
    analysis.trailing = query.order_by.is_some() || query.limit_clause.is_some() || query.fetch.is_some();
    if let SetExpr::Select(select) = &*query.body {
        if let Some(targets) = &select.into {
            analysis.class = Class::CreateTableAs;
            analysis.writes.extend(targets.targets.iter().map(ToString::to_string));
        }
        if let Some(TopQuantity::Constant(rows)) =
            select.top.as_ref().filter(|top| !top.percent && !top.with_ties).and_then(|top| top.quantity.as_ref())
        {
            analysis.limit = Some(RowLimit::Rows(*rows));
        }
    }
    Some(analysis)
}

fn modified<'q>(walk: impl FnOnce(&mut Walker<'q>) -> Vec<OutputColumn>, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut analysis = Analysis { class, ..Analysis::default() };
    let mut walker = Walker::new(dialect);
    let outs = walk(&mut walker);
    close(walker.finish(), outs, &mut analysis)?;
    Some(analysis)
}

/// Ends the walk of one branch.
fn close(walker: Walker<'_>, outs: Vec<OutputColumn>, analysis: &mut Analysis) -> Option<()> {
    if walker.overflow {
        return None;
    }
    let mut branch = walker.branch;
    for out in outs {
        branch.output.extend(out.columns);
        branch.summed.extend(out.summed);
    }
    for columns in [&mut branch.output, &mut branch.summed, &mut branch.probes] {
        columns.sort();
        columns.dedup();
    }
    analysis.writes.extend(walker.writes);
    if !branch.sources.is_empty() || !branch.functions.is_empty() {
        analysis.branches.push(branch);
    }
    Some(())
}

fn whole_table(table: String, columns: Vec<String>) -> Branch {
    let mut branch = Branch { sources: vec![Source { table, flows: true }], ..Branch::default() };
    branch.output = match columns.is_empty() {
        true => vec![Column { source: 0, name: None }],
        false => columns.into_iter().map(|name| Column { source: 0, name: Some(name) }).collect(),
    };
    branch
}

/// Whether it leaves out the first rows of its result.
fn is_later_page(query: &Query) -> bool {
    match &query.limit_clause {
        Some(LimitClause::LimitOffset { offset, .. }) => offset.is_some(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
        None => false,
    }
}

fn limit(query: &Query) -> Option<RowLimit> {
    let fetch = query.fetch.as_ref().filter(|fetch| !fetch.with_ties && !fetch.percent).and_then(|fetch| fetch.quantity.as_ref());
    let limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, limit_by, .. }) if limit_by.is_empty() => limit.as_ref(),
        Some(LimitClause::OffsetCommaLimit { limit, .. }) => Some(limit),
        Some(LimitClause::LimitOffset { .. }) | None => None,
    };
    bound(limit.or(fetch)?)
}

/// Whether a query gives one row at the most.
pub(super) fn is_one_row(query: &Query) -> bool {
    matches!(limit(query), Some(RowLimit::Rows(0 | 1)))
}

fn bound(expr: &Expr) -> Option<RowLimit> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => bound(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.parse().ok().map(RowLimit::Rows),
            Value::Placeholder(name) => placeholder(name).map(RowLimit::Bind),
            Value::SingleQuotedString(number) => number.parse().ok().map(RowLimit::Rows),
            _ => None,
        },
        _ => None,
    }
}

impl<'q> Walker<'q> {
    /// An INSERT: its query is read; what it returns is shown.
    pub(super) fn insert(&mut self, insert: &'q Insert) -> Vec<OutputColumn> {
        let table = match &insert.table {
            TableObject::TableName(name) => text(name),
            _ => {
                self.overflow = true;
                return Vec::new();
            }
        };
        self.writes.push(table.clone());
        // Rows copied to another table have been read as surely as rows sent to a client.
        let mut outs = match &insert.source {
            Some(query) if !matches!(&*query.body, SetExpr::Values(_)) => self.query(query),
            Some(_) | None => Vec::new(),
        };
        if let Some(items) = &insert.returning {
            self.target_table(table);
            outs.extend(self.projection(items));
            self.scopes.pop();
        }
        outs
    }

    /// An UPDATE: only what it returns is shown.
    pub(super) fn update(&mut self, update: &'q Update) -> Vec<OutputColumn> {
        self.scopes.push(Vec::new());
        self.from(std::slice::from_ref(&update.table));
        if let Some(source) = self.branch.sources.first() {
            self.writes.push(source.table.clone());
        }
        if let Some(UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables)) = &update.from {
            self.from(tables);
        }
        for assignment in &update.assignments {
            self.probe(&assignment.value);
        }
        if let Some(condition) = &update.selection {
            self.condition(condition);
        }
        let outs = self.returned(update.returning.as_deref());
        self.scopes.pop();
        outs
    }

    /// A DELETE: only what it returns is shown, also when the transaction is rolled back.
    pub(super) fn delete(&mut self, delete: &'q Delete) -> Vec<OutputColumn> {
        self.scopes.push(Vec::new());
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        self.from(tables);
        self.writes.extend(self.branch.sources.first().map(|source| source.table.clone()));
        if let Some(tables) = &delete.using {
            self.from(tables);
        }
        if let Some(condition) = &delete.selection {
            self.condition(condition);
        }
        let outs = self.returned(delete.returning.as_deref());
        self.scopes.pop();
        outs
    }

    fn returned(&mut self, items: Option<&'q [sqlparser::ast::SelectItem]>) -> Vec<OutputColumn> {
        match items {
            Some(items) => self.projection(items),
            None => {
                // Nothing is sent back: conditions chose rows to change, not to see.
                self.branch.sources.iter_mut().for_each(|source| source.flows = false);
                self.branch.probes.clear();
                Vec::new()
            }
        }
    }

    fn target_table(&mut self, table: String) {
        let alias = table.rsplit('.').next().unwrap_or(&table).to_owned();
        let source = self.source(table);
        self.scopes.push(vec![crate::sql::walk::Binding { alias, shape: crate::sql::walk::Shape::Table(source) }]);
    }
}
