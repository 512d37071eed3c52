//! INSERT, UPDATE, DELETE and MERGE: what they read, what they copy elsewhere, and what they return.

use crate::sql::Column;
use crate::sql::functions::{FunctionEffect, effect};
use crate::sql::walk::{Binding, OutputColumn, Shape, Walker, text};
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, Merge, MergeAction, MergeInsertKind, MergeUpdateKind, ObjectName,
    OnConflictAction, OnInsert, OutputClause, SelectItem, SetExpr, TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

impl<'q> Walker<'q> {
    /// An INSERT: its query is read; what it returns is shown.
    pub(super) fn insert(&mut self, insert: &'q Insert) -> Vec<OutputColumn> {
        let (mut outs, returned) = self.copied_and_returned(insert);
        // Inside of another statement it copies rows which nobody counts: those logged are of the statement around it.
        if self.depth > 0 || self.expanding > 0 {
            let copied: Vec<Column> = outs.iter().flat_map(|out| out.columns.iter().cloned()).collect();
            self.sends(&copied);
        }
        outs.extend(returned);
        outs
    }

    /// The columns that an INSERT copies into its table, and those that it returns.
    pub(super) fn copied_and_returned(&mut self, insert: &'q Insert) -> (Vec<OutputColumn>, Vec<OutputColumn>) {
        let TableObject::TableName(name) = &insert.table else {
            self.overflow = true;
            return (Vec::new(), Vec::new());
        };
        let table = text(name);
        self.writes.push(table.clone());
        // Rows copied to another table have been read as surely as rows sent to a client.
        let mut copied = match &insert.source {
            Some(query) if matches!(&*query.body, SetExpr::Values(_)) => self.quiet_unless_it_reads(|walker| walker.query(query)),
            Some(query) => self.query(query),
            None => Vec::new(),
        };
        let updates: &'q [Assignment] = match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => assignments,
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoUpdate(update) => &update.assignments,
                OnConflictAction::DoNothing => &[],
            },
            _ => &[],
        };
        for assignments in [insert.assignments.as_slice(), updates] {
            copied.extend(self.quiet_unless_it_reads(|walker| walker.assigned(assignments, None)));
        }
        let mut returned = Vec::new();
        if insert.returning.is_some() || insert.output.is_some() {
            let alias = table.rsplit('.').next().unwrap_or(&table).to_owned();
            let source = self.source(table);
            self.scopes.push(["inserted", &alias].map(|alias| Binding { alias: alias.to_owned(), shape: Shape::Table(source) }).into());
            returned.extend(insert.returning.iter().flat_map(|items| self.projection(items)));
            returned.extend(self.output(insert.output.as_ref()));
            self.scopes.pop();
        }
        (copied, returned)
    }

    /// Values that are written: what they call is the writer's own business, unless a table is read for them or the function runs
    /// a query that is given to it.
    fn quiet_unless_it_reads<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let (sources, functions, hides) = (self.branch.sources.len(), self.branch.functions.len(), self.branch.hides_query);
        let multiplied = self.branch.multiplied;
        let result = walk(self);
        let runs_query = |name: &String| effect(name, self.dialect) == FunctionEffect::HidesQuery;
        if self.branch.sources.len() == sources && !self.branch.functions[functions..].iter().any(runs_query) {
            self.branch.functions.truncate(functions);
            (self.branch.hides_query, self.branch.multiplied) = (hides, multiplied);
        }
        result
    }

    /// Values that are put into columns of a table: those of other tables are copied, those of its own stay where they were.
    fn assigned(&mut self, assignments: &'q [Assignment], own: Option<usize>) -> Vec<OutputColumn> {
        let mut outs = Vec::new();
        for assignment in assignments {
            // MySQL changes several tables at once: the name says which.
            let own = match &assignment.target {
                AssignmentTarget::ColumnName(name) if name.0.len() > 1 => self.qualified(name).or(own),
                AssignmentTarget::ColumnName(_) | AssignmentTarget::Tuple(_) => own,
            };
            let mut written = self.written(vec![&assignment.value], own);
            if let AssignmentTarget::ColumnName(name) = &assignment.target {
                let column = text(name);
                written.iter_mut().for_each(|out| out.name = bare(&column).to_owned());
            }
            outs.extend(written);
        }
        outs
    }

    /// The source that a qualified column is of.
    fn qualified(&self, name: &ObjectName) -> Option<usize> {
        let column = text(name);
        let table = column.rsplit_once('.').map(|(table, _)| table)?;
        let alias = table.rsplit('.').next().unwrap_or(table);
        let binding = self.scopes.last()?.iter().find(|binding| binding.alias.eq_ignore_ascii_case(alias))?;
        match binding.shape {
            Shape::Table(source) => Some(source),
            Shape::Derived(_) => None,
        }
    }

    fn written(&mut self, values: Vec<&'q Expr>, own: Option<usize>) -> Vec<OutputColumn> {
        let mut outs = Vec::new();
        let certain = std::mem::replace(&mut self.certain, false);
        for value in values {
            let mut out = OutputColumn::default();
            self.shown(value, &mut out);
            out.columns.retain(|column| Some(column.source) != own);
            out.summed.retain(|column| Some(column.source) != own);
            outs.push(out);
        }
        self.certain = certain;
        outs
    }

    /// An UPDATE: what it returns is shown, what it takes from other tables is copied.
    pub(super) fn update(&mut self, update: &'q Update) -> Vec<OutputColumn> {
        self.scopes.push(Vec::new());
        let from = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables)) => tables.as_slice(),
            None => &[],
        };
        // `UPDATE c SET … FROM crm.customers c`: it is no table of its own.
        if !from.iter().any(|table| names_alias(table, &update.table.relation)) {
            self.from(std::slice::from_ref(&update.table));
        }
        self.from(from);
        let own = self.own_source(&update.table.relation);
        self.writes.extend(own.and_then(|own| self.branch.sources.get(own)).map(|source| source.table.clone()));
        let mut copied = self.quiet_unless_it_reads(|walker| walker.assigned(&update.assignments, own));
        if let Some(condition) = &update.selection {
            self.condition(condition);
        }
        let returned = self.returned(own, update.returning.as_deref(), update.output.as_ref());
        self.settle(&mut copied, returned)
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
        let own = tables.first().and_then(|table| self.own_source(&table.relation));
        let returned = self.returned(own, delete.returning.as_deref(), delete.output.as_ref());
        self.settle(&mut Vec::new(), returned)
    }

    /// A MERGE: what its source gives to the table is copied, what it returns is shown.
    pub(super) fn merge(&mut self, merge: &'q Merge) -> Vec<OutputColumn> {
        self.scopes.push(Vec::new());
        self.factor(&merge.table);
        self.writes.extend(self.branch.sources.first().map(|source| source.table.clone()));
        let own = self.own_source(&merge.table);
        self.factor(&merge.source);
        self.probe(&merge.on);
        let mut copied = Vec::new();
        for clause in &merge.clauses {
            clause.predicate.iter().for_each(|condition| self.probe(condition));
            match &clause.action {
                MergeAction::Insert(insert) => match &insert.kind {
                    MergeInsertKind::Values(values) => {
                        let values = values.rows.iter().flat_map(|row| &row.content).collect();
                        copied.extend(self.quiet_unless_it_reads(|walker| walker.written(values, own)));
                    }
                    // All columns of the source.
                    _ => self.overflow = true,
                },
                MergeAction::Update(update) => match &update.kind {
                    MergeUpdateKind::Set(assignments) => {
                        copied.extend(self.quiet_unless_it_reads(|walker| walker.assigned(assignments, own)));
                    }
                    MergeUpdateKind::Wildcard => self.overflow = true,
                },
                MergeAction::Delete { .. } => {}
                _ => self.overflow = true,
            }
        }
        // Several clauses may take of one row of the source, and not each row is taken.
        self.branch.multiplied = true;
        let returned = self.returned(own, None, merge.output.as_ref());
        self.settle(&mut copied, returned)
    }

    /// The source that a table in FROM stands for, where it is one.
    fn own_source(&self, factor: &TableFactor) -> Option<usize> {
        let TableFactor::Table { name, alias, .. } = factor else { return None };
        let table = text(name);
        let alias = alias.as_ref().map_or_else(|| table.rsplit('.').next().unwrap_or(&table), |alias| &alias.name.value);
        let binding = self.scopes.last()?.iter().find(|binding| binding.alias.eq_ignore_ascii_case(alias))?;
        match binding.shape {
            Shape::Table(source) => Some(source),
            Shape::Derived(_) => None,
        }
    }

    /// What a statement returns, of `RETURNING` or T-SQL's `OUTPUT`; nothing where it has neither.
    fn returned(
        &mut self,
        own: Option<usize>,
        items: Option<&'q [SelectItem]>,
        output: Option<&'q OutputClause>,
    ) -> Option<Vec<OutputColumn>> {
        if items.is_none() && output.is_none() {
            return None;
        }
        if let (Some(own), Some(scope)) = (own, self.scopes.last_mut()) {
            scope.extend(["inserted", "deleted", "new", "old"].map(|alias| Binding { alias: alias.to_owned(), shape: Shape::Table(own) }));
        }
        let mut outs = items.map_or_else(Vec::new, |items| self.projection(items));
        outs.extend(self.output(output));
        Some(outs)
    }

    fn output(&mut self, output: Option<&'q OutputClause>) -> Vec<OutputColumn> {
        match output {
            Some(OutputClause::Output { select_items, into_table, .. }) => {
                // Put into a table, it is copied.
                self.writes.extend(into_table.iter().flat_map(|into| &into.targets).map(super::query::target_name));
                self.projection(select_items)
            }
            Some(OutputClause::Returning { select_items, .. }) => self.projection(select_items),
            None => Vec::new(),
        }
    }

    /// Ends a statement that changes rows: with nothing sent back and nothing copied, its conditions chose rows to change, not to see.
    fn settle(&mut self, copied: &mut Vec<OutputColumn>, returned: Option<Vec<OutputColumn>>) -> Vec<OutputColumn> {
        self.scopes.pop();
        let takes = copied.iter().any(|out| !out.columns.is_empty() || !out.summed.is_empty());
        if takes {
            self.taken.clone_from(copied);
        }
        if returned.is_none() && !takes {
            self.branch.sources.iter_mut().for_each(|source| source.flows = false);
            self.branch.probes.clear();
        }
        let mut outs = std::mem::take(copied);
        outs.extend(returned.unwrap_or_default());
        outs
    }
}

fn bare(column: &str) -> &str {
    column.rsplit('.').next().unwrap_or(column)
}

/// Whether one of the tables of a FROM has the alias that stands in another place for it.
fn names_alias(table: &TableWithJoins, named: &TableFactor) -> bool {
    let TableFactor::Table { name, alias: None, .. } = named else { return false };
    let name = text(name);
    let factors = std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation));
    factors.into_iter().any(|factor| match factor {
        TableFactor::Table { alias: Some(alias), .. } => alias.name.value.eq_ignore_ascii_case(&name),
        _ => false,
    })
}
