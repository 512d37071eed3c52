//! From the syntax tree of a statement to what it reads, writes and makes.

use crate::model::record::Dialect;
use crate::sql::making::{self, Made, MadeColumn, Making};
use crate::sql::predicate::placeholder;
use crate::sql::walk::{OutputColumn, Walker, is_document, text};
use crate::sql::{Analysis, Branch, Class, Column, RowLimit, Source, WrittenRows, called};
use sqlparser::ast::{
    AlterTableOperation, CopySource, CreateTable, CreateTableLikeKind, Expr, Insert, LimitClause, ObjectName, Query, RenameTableNameKind,
    Select, SetExpr, Statement, TopQuantity, Value,
};

/// The analysis of a syntax tree, unless something in it is beyond what is followed here.
pub(super) fn of_statement(tree: &Statement, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut analysis = Analysis { class, ..Analysis::default() };
    analysis.branches.extend(called::in_definition(tree, dialect));
    match tree {
        Statement::Query(query) => return of_query(query, class, dialect),
        Statement::Insert(insert) => return of_insert(insert, class, dialect),
        Statement::Update(update) => {
            analysis = modified(|walker| walker.update(update), class, dialect)?;
            analysis.written =
                analysis.writes.first().map(|table| WrittenRows::changed(table.clone(), &update.assignments)).into_iter().collect();
        }
        Statement::Delete(delete) => {
            analysis = modified(|walker| walker.delete(delete), class, dialect)?;
            analysis.written = analysis.writes.first().map(|table| WrittenRows::changed(table.clone(), &[])).into_iter().collect();
        }
        Statement::Merge(merge) => {
            analysis = modified(|walker| walker.merge(merge), class, dialect)?;
            analysis.rows_may_be_fewer = true;
        }
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
            let mut made = of_create(create, class, dialect)?;
            made.branches.append(&mut analysis.branches);
            return Some(made);
        }
        Statement::CreateView(view) => {
            let names: Vec<String> = view.columns.iter().map(|column| column.name.value.clone()).collect();
            let (read, columns) = read_query(&view.query, Class::CreateTableAs, dialect)?;
            let making = if view.materialized { Making::Copied } else { Making::Viewed };
            let made = Made::of(text(&view.name), making, &read, columns, &names);
            // A view copies nothing; a materialized one does.
            if view.materialized {
                analysis = read;
            }
            analysis.writes.push(text(&view.name));
            analysis.makes.push(made);
        }
        Statement::AlterTable(alter) => {
            let renames = alter.operations.iter().filter_map(|operation| match operation {
                AlterTableOperation::RenameTable { table_name: RenameTableNameKind::As(name) | RenameTableNameKind::To(name) } => {
                    Some(name)
                }
                _ => None,
            });
            let old = text(&alter.name);
            analysis.makes.extend(renames.map(|name| renamed(&old, name)));
        }
        Statement::RenameTable(renames) => {
            analysis.makes.extend(renames.iter().map(|rename| renamed(&text(&rename.old_name), &rename.new_name)));
        }
        Statement::Directory { source, .. } => return of_query(source, Class::CopyTo, dialect),
        Statement::ExportData(export) => return of_query(&export.query, Class::CopyTo, dialect),
        Statement::Unload { query: Some(query), .. } => return of_query(query, Class::CopyTo, dialect),
        Statement::Unload { .. } | Statement::CopyIntoSnowflake { .. } => return None,
        _ if class == Class::Ddl => {}
        _ => return None,
    }
    Some(analysis)
}

fn renamed(old: &str, name: &ObjectName) -> Made {
    Made::renamed(old, text(name))
}

fn of_create(create: &CreateTable, class: Class, dialect: Dialect) -> Option<Analysis> {
    let table = text(&create.name);
    let mut analysis = Analysis { class, ..Analysis::default() };
    if let Some(query) = &create.query {
        let names: Vec<String> = create.columns.iter().map(|column| column.name.value.clone()).collect();
        let columns;
        (analysis, columns) = read_query(query, Class::CreateTableAs, dialect)?;
        let made = Made::of(table.clone(), Making::Copied, &analysis, columns, &names);
        analysis.makes.push(made);
    } else if let Some(source) = &create.clone {
        // A clone holds the rows without having copied them.
        analysis.class = Class::CreateTableAs;
        analysis.branches.push(whole_table(text(source), Vec::new()));
        analysis.makes.push(Made::alike(table.clone(), Making::Copied, text(source)));
    } else if let Some(CreateTableLikeKind::Plain(like) | CreateTableLikeKind::Parenthesized(like)) = &create.like {
        analysis.makes.push(Made::alike(table.clone(), Making::Likened, text(&like.name)));
    }
    analysis.writes.push(table);
    Some(analysis)
}

fn of_insert(insert: &Insert, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut analysis = Analysis { class, ..Analysis::default() };
    let mut walker = Walker::new(dialect);
    let (copied, returned) = walker.copied_and_returned(insert);
    let columns = making::columns(&copied, &walker.branch.sources);
    let tables = walker.writes.clone();
    close(walker.finish(), copied.into_iter().chain(returned).collect(), &mut analysis)?;
    analysis.rows_may_be_fewer = insert.on.is_some() || insert.ignore;
    analysis.written = tables.first().map(|table| WrittenRows::of_insert(table.clone(), insert)).into_iter().collect();
    // A list of values makes nothing of another table.
    if columns.iter().any(|column| !column.from.is_empty()) {
        let names: Vec<String> = insert.columns.iter().map(text).collect();
        let columns = Some(columns).filter(|_| insert.on.is_none() && insert.assignments.is_empty());
        // Without a list the table's own names are not known, and those of the query need not be they.
        let columns = columns.filter(|columns| !names.is_empty() || columns.iter().all(|column| column.name == "*"));
        let made = tables.into_iter().take(1).map(|table| Made::of(table, Making::Copied, &analysis, columns.clone(), &names)).collect();
        analysis.makes = made;
    }
    Some(analysis)
}

fn of_query(query: &Query, class: Class, dialect: Dialect) -> Option<Analysis> {
    read_query(query, class, dialect).map(|(analysis, _)| analysis)
}

/// The columns of a query's result, where they can be told.
pub(super) fn read_columns(tree: &Statement, dialect: Dialect) -> Option<Vec<MadeColumn>> {
    match tree {
        Statement::Query(query) => read_query(query, Class::Select, dialect)?.1,
        _ => None,
    }
}

/// What a query reads, and its columns, where they can be told.
fn read_query(query: &Query, class: Class, dialect: Dialect) -> Option<(Analysis, Option<Vec<MadeColumn>>)> {
    let mut arms = Vec::new();
    let mut body = &*query.body;
    // The arms of a set operation lean to the left as well.
    while let SetExpr::SetOperation { left, right, .. } = body {
        arms.push(&**right);
        body = left;
    }
    arms.push(body);
    let (set_operation, all) = (arms.len() > 1, arms.len());
    let mut analysis = Analysis { class, set_operation, ..Analysis::default() };
    let mut columns: Option<Option<Vec<MadeColumn>>> = None;
    let mut work = 0;
    for (at, arm) in arms.into_iter().rev().enumerate() {
        let mut walker = Walker::after(dialect, work);
        walker.learn(query);
        let outs = walker.set_expr(arm);
        walker.ordered(query);
        let own = making::columns(&outs, &walker.branch.sources);
        columns = Some(match columns {
            None => Some(own),
            Some(first) => making::joined(first, own),
        });
        // What runs unasked runs once.
        let walker = if at == 0 { walker.finish() } else { walker };
        work = walker.work();
        close(walker, outs, &mut analysis)?;
    }
    let columns = columns.flatten();
    // Rows of an arm that reads nothing are nobody's.
    let silent = analysis.branches.len() < all;
    analysis.branches.iter_mut().for_each(|branch| {
        branch.packed |= is_document(query);
        branch.multiplied |= silent;
    });
    analysis.limit = limit(query);
    analysis.paged = is_later_page(query);
    analysis.trailing = query.order_by.is_some() || query.limit_clause.is_some() || query.fetch.is_some();
    if let SetExpr::Select(select) = body {
        into(select, &mut analysis, columns.as_ref());
    }
    if let SetExpr::Select(select) = &*query.body
        && let Some(TopQuantity::Constant(rows)) =
            select.top.as_ref().filter(|top| !top.percent && !top.with_ties).and_then(|top| top.quantity.as_ref())
    {
        analysis.limit = Some(RowLimit::Rows(*rows));
    }
    Some((analysis, columns))
}

/// `SELECT … INTO` a table copies; into a variable it collects: what that holds in the end, and who is shown it, is not told.
fn into(select: &Select, analysis: &mut Analysis, columns: Option<&Vec<MadeColumn>>) {
    let Some(into) = &select.into else { return };
    let names: Vec<String> = into.targets.iter().map(target_name).collect();
    if names.iter().any(|name| name.starts_with(['@', ':'])) {
        analysis.branches.iter_mut().for_each(|branch| branch.packed = true);
        return;
    }
    analysis.class = Class::CreateTableAs;
    let made = names.iter().map(|name| Made::of(name.clone(), Making::Copied, analysis, columns.cloned(), &[])).collect();
    analysis.makes = made;
    analysis.writes.extend(names);
}

/// The name of a table that stands where an expression may.
pub(super) fn target_name(target: &Expr) -> String {
    match target {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(path) => path.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join("."),
        other => other.to_string(),
    }
}

fn modified<'q>(walk: impl FnOnce(&mut Walker<'q>) -> Vec<OutputColumn>, class: Class, dialect: Dialect) -> Option<Analysis> {
    let mut analysis = Analysis { class, ..Analysis::default() };
    let mut walker = Walker::new(dialect);
    let outs = walk(&mut walker);
    let taken = making::columns(&walker.taken, &walker.branch.sources);
    close(walker.finish(), outs, &mut analysis)?;
    // From then on the table that is changed holds what it took of others.
    if let Some(table) = analysis.writes.first().filter(|_| taken.iter().any(|column| !column.from.is_empty())) {
        let columns = Some(taken).filter(|columns| class == Class::Update && columns.iter().all(|column| !column.name.is_empty()));
        let mut made = Made::of(table.clone(), Making::Copied, &analysis, columns, &[]);
        made.sources.retain(|source| source != table);
        analysis.makes.push(made);
    }
    Some(analysis)
}

/// Ends the walk of one branch.
fn close(walker: Walker<'_>, outs: Vec<OutputColumn>, analysis: &mut Analysis) -> Option<()> {
    if walker.gave_up() {
        return None;
    }
    let mut branch = walker.branch;
    let mut sure = Vec::new();
    for out in outs {
        sure.extend(out.columns.iter().filter(|column| !out.doubtful.contains(column)).cloned());
        branch.output.extend(out.columns);
        branch.summed.extend(out.summed);
        branch.doubtful.extend(out.doubtful);
        branch.choices.extend(out.choices);
    }
    branch.doubtful.retain(|column| !sure.contains(column));
    if !is_resolved(&branch) {
        return None;
    }
    for columns in [&mut branch.output, &mut branch.summed, &mut branch.probes, &mut branch.packs] {
        whole_where_many(columns);
    }
    analysis.writes.extend(walker.writes);
    if !branch.sources.is_empty() || !branch.functions.is_empty() {
        analysis.branches.push(branch);
    }
    Some(())
}

/// Whether every column is one of a table that takes part.
fn is_resolved(branch: &Branch) -> bool {
    let lists = [&branch.output, &branch.summed, &branch.probes, &branch.packs, &branch.sends, &branch.doubtful].into_iter().flatten();
    let lists = lists.chain(branch.choices.iter().flatten().flatten());
    let folds = branch.folds.iter().flat_map(|fold| fold.keys.iter().chain(fold.values.iter().flat_map(|value| &value.columns)));
    let tests = branch.tests.iter().flat_map(|test| test.columns.iter().chain(test.keys.iter().map(|keys| &keys.column)));
    let links = branch.links.iter().flat_map(|link| [&link.left, &link.right]);
    let keys = branch.keys.iter().map(|keys| &keys.column);
    lists.chain(folds).chain(tests).chain(links).chain(keys).chain(&branch.unique).all(|column| column.source < branch.sources.len())
}

/// So many columns are as well all of them.
fn whole_where_many(columns: &mut Vec<Column>) {
    const MANY: usize = 1_024;
    columns.sort();
    columns.dedup();
    if columns.len() > MANY {
        columns.iter_mut().for_each(|column| column.name = None);
        columns.dedup();
    }
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
