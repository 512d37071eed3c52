//! What stands in FROM: tables, common table expressions, derived tables, functions that return rows.

use crate::sql::Source;
use crate::sql::functions::{FunctionEffect, effect};
use crate::sql::output::{Binding, OutputColumn, Shape, everything, rename};
use crate::sql::walk::{MOST_SOURCES, Walker, text};
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, ObjectName, TableAlias, TableFactor, TableSampleKind, TableWithJoins};

impl<'q> Walker<'q> {
    pub(super) fn table_with_joins(&mut self, table: &'q TableWithJoins) {
        self.factor(&table.relation);
        for join in &table.joins {
            self.join(join);
        }
    }

    pub(super) fn from(&mut self, tables: &'q [TableWithJoins]) {
        tables.iter().for_each(|table| self.table_with_joins(table));
    }

    /// How much of a table is looked at may be the value of a function.
    fn sampled(&mut self, sample: &'q TableSampleKind) {
        let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample;
        sample.quantity.iter().map(|quantity| &quantity.value).chain(&sample.offset).for_each(|expr| self.looked_at(expr));
    }

    pub(super) fn factor(&mut self, factor: &'q TableFactor) {
        if !self.spend(1) {
            return;
        }
        match factor {
            TableFactor::Table { name, alias, args: None, sample, partitions, with_hints, .. } => {
                with_hints.iter().for_each(|hint| self.looked_at(hint));
                self.branch.narrowed |= sample.is_some() || !partitions.is_empty();
                sample.iter().for_each(|sample| self.sampled(sample));
                let table = text(name);
                let own = table.rsplit('.').next().unwrap_or(&table).to_owned();
                match self.cte(name) {
                    Some(outs) if alias.as_ref().is_none_or(|alias| alias.columns.is_empty()) => {
                        self.bind(alias_of(alias.as_ref()).unwrap_or(own), Shape::Derived(outs));
                    }
                    Some(outs) => self.derived(outs.to_vec(), alias.as_ref(), own),
                    None => {
                        let source = self.source(table);
                        self.count_item();
                        match alias {
                            Some(alias) if !alias.columns.is_empty() => {
                                self.derived(vec![OutputColumn::table(source)], Some(alias), own);
                            }
                            alias => self.push(alias_of(alias.as_ref()).unwrap_or(own), Shape::Table(source)),
                        }
                    }
                }
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => self.function_table(name, &args.args, alias.as_ref()),
            TableFactor::Function { name, args, alias, .. } => self.function_table(name, args, alias.as_ref()),
            TableFactor::Derived { subquery, alias, sample, .. } => {
                self.branch.narrowed |= sample.is_some();
                sample.iter().for_each(|sample| self.sampled(sample));
                let outs = self.query(subquery);
                self.derived(outs, alias.as_ref(), String::new());
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let before = self.scopes.last().map_or(0, Vec::len);
                self.table_with_joins(table_with_joins);
                self.one_row = false;
                if let (Some(alias), Some(scope)) = (alias, self.scopes.last_mut()) {
                    let inner: Vec<OutputColumn> = scope.drain(before..).flat_map(|binding| everything(&binding.shape)).collect();
                    self.derived(inner, Some(alias), String::new());
                }
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => self.rows_of(array_exprs.iter(), alias.as_ref()),
            TableFactor::TableFunction { expr, alias } => match self.table_behind(expr) {
                Some(table) => self.named_by_value(table, alias.as_ref()),
                None => self.rows_of([expr].into_iter(), alias.as_ref()),
            },
            TableFactor::JsonTable { json_expr, alias, .. } | TableFactor::OpenJsonTable { json_expr, alias, .. } => {
                self.rows_of([json_expr].into_iter(), alias.as_ref());
            }
            // PIVOT, MATCH_RECOGNIZE, XMLTABLE and what else dialects know: they fold rows into columns, or are too rare to be told
            // apart.
            _ => self.overflow = true,
        }
    }

    /// Rows made of the values of an expression.
    fn rows_of(&mut self, exprs: impl Iterator<Item = &'q Expr>, alias: Option<&'q TableAlias>) {
        let mut out = OutputColumn::any(Vec::new());
        exprs.for_each(|expr| self.shown(expr, &mut out));
        out.columns.append(&mut out.summed);
        self.branch.multiplied = true;
        self.one_row = false;
        self.derived(vec![out], alias, String::new());
    }

    fn derived(&mut self, mut outs: Vec<OutputColumn>, alias: Option<&'q TableAlias>, name: String) {
        if let Some(alias) = alias {
            let size = crate::sql::output::size(&outs);
            if !self.spend(size.saturating_mul(alias.columns.len() + 1)) {
                return;
            }
            rename(&mut outs, alias.columns.iter().map(|column| &column.name));
        }
        self.bind(alias_of(alias).unwrap_or(name), Shape::Derived(outs.into()));
    }

    /// The table that `TABLE('schema.table')` or `TABLE(schema.table)` names. `TABLE(t.list)` is a list that a table before it holds.
    fn table_behind(&self, expr: &Expr) -> Option<String> {
        let first = match expr {
            Expr::Value(value) => return value.value.clone().into_string(),
            Expr::Identifier(ident) => ident,
            Expr::CompoundIdentifier(path) => path.first()?,
            _ => return None,
        };
        let bound = self.scopes.iter().flatten().any(|binding| binding.alias.eq_ignore_ascii_case(&first.value));
        let is_column = matches!(expr, Expr::Identifier(_)) && self.scopes.last().is_some_and(|scope| !scope.is_empty());
        let name = crate::sql::query::target_name(expr);
        // Oracle calls a function without arguments by its name alone.
        let called = effect(&name, self.dialect) != FunctionEffect::Foreign;
        (!bound && !is_column && !called).then_some(name)
    }

    /// A table whose name is a value.
    fn named_by_value(&mut self, table: String, alias: Option<&'q TableAlias>) {
        let own = table.rsplit('.').next().unwrap_or(&table).to_owned();
        let source = self.source(table);
        self.count_item();
        self.derived(vec![OutputColumn::table(source)], alias, own);
    }

    fn function_table(&mut self, name: &ObjectName, args: &'q [FunctionArg], alias: Option<&'q TableAlias>) {
        let function = text(name);
        if function.eq_ignore_ascii_case("identifier") {
            match args {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr @ Expr::Value(_)))] if self.table_behind(expr).is_some() => {
                    let table = self.table_behind(expr).unwrap_or_default();
                    return self.named_by_value(table, alias);
                }
                // Which table it is nobody can tell.
                _ => self.hides(function.clone()),
            }
        }
        let mut out = OutputColumn::any(Vec::new());
        self.arguments(args, &mut out);
        out.columns.append(&mut out.summed);
        self.table_function(&function, &out.columns);
        self.branch.multiplied = true;
        self.one_row = false;
        self.count_item();
        let own = function.rsplit('.').next().unwrap_or(&function).to_owned();
        self.derived(vec![out], alias, own);
    }

    pub(super) fn bind(&mut self, alias: String, shape: Shape) {
        if matches!(shape, Shape::Table(_)) {
            self.count_item();
        }
        self.push(alias, shape);
    }

    fn push(&mut self, alias: String, shape: Shape) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(Binding { alias, shape });
        }
    }

    /// One more table or function in a FROM that flows into the result: from the second on, rows are those of a join.
    fn count_item(&mut self) {
        if self.flows {
            self.from_items += 1;
            self.branch.joined |= self.from_items > 1;
        }
    }

    /// A table that takes part.
    pub(super) fn source(&mut self, table: String) -> usize {
        if self.branch.sources.len() >= MOST_SOURCES {
            self.overflow = true;
            return MOST_SOURCES - 1;
        }
        self.branch.sources.push(Source { table, flows: self.flows });
        self.branch.sources.len() - 1
    }
}

fn alias_of(alias: Option<&TableAlias>) -> Option<String> {
    alias.map(|alias| alias.name.value.clone())
}
