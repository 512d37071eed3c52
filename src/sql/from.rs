//! What stands in FROM: tables, common table expressions, derived tables, functions that return rows.

use crate::sql::Source;
use crate::sql::walk::{Binding, Cte, MOST_SOURCES, OutputColumn, Shape, Walker, everything, rename, text};
use sqlparser::ast::{FunctionArg, ObjectName, TableAlias, TableFactor, TableWithJoins};

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

    pub(super) fn factor(&mut self, factor: &'q TableFactor) {
        let alias_of = |alias: &Option<TableAlias>| alias.as_ref().map(|alias| alias.name.value.clone());
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let table = text(name);
                let alias = alias_of(alias).unwrap_or_else(|| table.rsplit('.').next().unwrap_or(&table).to_owned());
                let shape = match self.cte(&table) {
                    Some(outs) => Shape::Derived(outs),
                    None => Shape::Table(self.source(table)),
                };
                self.bind(alias, shape);
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.function_table(name, &args.args, alias_of(alias));
            }
            TableFactor::Function { name, args, alias, .. } => self.function_table(name, args, alias_of(alias)),
            TableFactor::Derived { subquery, alias, .. } => {
                let mut outs = self.query(subquery);
                if let Some(alias) = alias {
                    rename(&mut outs, alias.columns.iter().map(|column| &column.name));
                }
                self.bind(alias_of(alias).unwrap_or_default(), Shape::Derived(outs));
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let before = self.scopes.last().map_or(0, Vec::len);
                self.table_with_joins(table_with_joins);
                if let (Some(alias), Some(scope)) = (alias_of(alias), self.scopes.last_mut()) {
                    let inner: Vec<OutputColumn> = scope.drain(before..).flat_map(|binding| everything(&binding)).collect();
                    scope.push(Binding { alias, shape: Shape::Derived(inner) });
                }
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                let mut out = OutputColumn { name: "*".to_owned(), ..OutputColumn::default() };
                array_exprs.iter().for_each(|expr| self.shown(expr, &mut out));
                self.branch.multiplied = true;
                self.bind(alias_of(alias).unwrap_or_default(), Shape::Derived(vec![out]));
            }
            TableFactor::TableFunction { expr, alias } => {
                let mut out = OutputColumn { name: "*".to_owned(), ..OutputColumn::default() };
                self.shown(expr, &mut out);
                self.branch.multiplied = true;
                self.bind(alias_of(alias).unwrap_or_default(), Shape::Derived(vec![out]));
            }
            // PIVOT, MATCH_RECOGNIZE, JSON_TABLE, XMLTABLE and what else dialects know: too rare to be told apart.
            _ => self.overflow = true,
        }
    }

    fn function_table(&mut self, name: &ObjectName, args: &'q [FunctionArg], alias: Option<String>) {
        let function = text(name);
        let mut out = OutputColumn { name: "*".to_owned(), ..OutputColumn::default() };
        self.arguments(args, &mut out);
        self.table_function(&function);
        self.branch.multiplied = true;
        self.count_item();
        let alias = alias.unwrap_or_else(|| function.rsplit('.').next().unwrap_or(&function).to_owned());
        self.push(alias, Shape::Derived(vec![out]));
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

    fn cte(&mut self, name: &str) -> Option<Vec<OutputColumn>> {
        let at = self.ctes.iter().rposition(|cte| cte.name.eq_ignore_ascii_case(name))?;
        let Cte { query, columns, name, .. } = self.ctes[at].clone();
        self.ctes[at].used = true;
        // A recursive reference adds rows of what is already counted.
        if self.expanding.contains(&name) {
            self.branch.multiplied = true;
            return Some(Vec::new());
        }
        self.expanding.push(name);
        let scopes = std::mem::take(&mut self.scopes);
        let mut outs = self.query(query);
        self.scopes = scopes;
        self.expanding.pop();
        for (out, column) in outs.iter_mut().zip(columns) {
            out.name = column;
        }
        Some(outs)
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
