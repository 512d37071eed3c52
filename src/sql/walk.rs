//! Walks queries: select lists, set operations, conditions on groups. Everything that flows into one arm of the outermost set
//! operation is flattened into one [`Branch`]. What stands in FROM is walked by [`super::from`].

use crate::model::record::Dialect;
use crate::sql::{Branch, Column, Condition};
use sqlparser::ast::{
    Distinct, ForClause, GroupByExpr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement,
    TableFactor,
};

/// Whether T-SQL's FOR JSON or FOR XML puts all rows into one document.
pub(super) fn is_document(query: &Query) -> bool {
    matches!(query.for_clause, Some(ForClause::Json { .. } | ForClause::Xml { .. }))
}

/// Most tables of one branch; a statement with more is taken as not understood.
pub(super) const MOST_SOURCES: usize = 128;
/// Most nested queries that are followed.
const DEEPEST: usize = 48;

/// One column of a query's result and what stands behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputColumn {
    /// Its name; `*` for all columns of a table.
    pub name: String,
    /// The columns that flow into it.
    pub columns: Vec<Column>,
    /// Of those, the ones that flow in only as a sum.
    pub summed: Vec<Column>,
    /// It is a bare column: what is said of its values is said of the column's.
    pub bare: bool,
}

/// What a name in FROM stands for.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Table(usize),
    Derived(Vec<OutputColumn>),
}

/// A name in FROM.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub alias: String,
    pub shape: Shape,
}

#[derive(Clone)]
pub(super) struct Cte<'q> {
    pub name: String,
    pub query: &'q Query,
    pub columns: Vec<String>,
    pub used: bool,
}

/// The state of a walk over one branch.
pub(super) struct Walker<'q> {
    /// Whose functions they are.
    pub dialect: Dialect,
    pub branch: Branch,
    /// Bindings of the enclosing queries, innermost last.
    pub scopes: Vec<Vec<Binding>>,
    pub ctes: Vec<Cte<'q>>,
    pub expanding: Vec<String>,
    /// Conditions found now hold for every row of the result.
    pub certain: bool,
    /// Tables found now flow into the result.
    pub flows: bool,
    pub from_items: usize,
    depth: usize,
    /// Something was too large to follow.
    pub overflow: bool,
    /// Tables written by data-modifying common table expressions.
    pub writes: Vec<String>,
}

impl<'q> Walker<'q> {
    pub(super) fn new(dialect: Dialect) -> Walker<'q> {
        Walker {
            dialect,
            branch: Branch::default(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            expanding: Vec::new(),
            certain: true,
            flows: true,
            from_items: 0,
            depth: 0,
            overflow: false,
            writes: Vec::new(),
        }
    }

    /// Makes the common table expressions of a query known.
    pub(super) fn learn(&mut self, query: &'q Query) {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = cte.alias.columns.iter().map(|column| column.name.value.clone()).collect();
            self.ctes.push(Cte { name: cte.alias.name.value.clone(), query: &cte.query, columns, used: false });
        }
    }

    /// Common table expressions that nothing refers to still run when they modify data.
    pub(super) fn finish(mut self) -> Walker<'q> {
        let unused: Vec<&'q Query> = self.ctes.iter().filter(|cte| !cte.used).map(|cte| cte.query).collect();
        for query in unused {
            self.aside(|walker| walker.query(query));
        }
        self
    }

    /// A query inside of another: its result columns. Its scopes end with it.
    pub(super) fn query(&mut self, query: &'q Query) -> Vec<OutputColumn> {
        if self.depth >= DEEPEST {
            self.overflow = true;
            return Vec::new();
        }
        self.depth += 1;
        let known = self.ctes.len();
        self.learn(query);
        let outs = self.set_expr(&query.body);
        self.branch.packed |= is_document(query);
        let modifying: Vec<&'q Query> = self.ctes[known..].iter().filter(|cte| !cte.used).map(|cte| cte.query).collect();
        for inner in modifying {
            self.aside(|walker| walker.query(inner));
        }
        self.ctes.truncate(known);
        self.depth -= 1;
        outs
    }

    /// The body of a query.
    pub(super) fn set_expr(&mut self, body: &'q SetExpr) -> Vec<OutputColumn> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => self.union(left, right),
            SetExpr::Values(values) => {
                let mut out = OutputColumn::default();
                // Joined with a table, a list that names a row twice shows it twice.
                self.branch.multiplied |= values.rows.len() > 1;
                for expr in values.rows.iter().flat_map(|row| &row.content) {
                    self.shown(expr, &mut out);
                }
                vec![out]
            }
            SetExpr::Table(table) => {
                let parts = [&table.schema_name, &table.table_name].into_iter().flatten();
                let name = parts.map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
                let source = self.source(name);
                vec![whole_of(source)]
            }
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) | SetExpr::Merge(statement) => {
                self.modifying(statement)
            }
        }
    }

    /// A set operation inside of a query: rows come from either arm, so conditions of one arm say nothing of the whole.
    fn union(&mut self, left: &'q SetExpr, right: &'q SetExpr) -> Vec<OutputColumn> {
        let certain = std::mem::replace(&mut self.certain, false);
        self.branch.multiplied = true;
        let mut outs = self.set_expr(left);
        let others = self.set_expr(right);
        self.certain = certain;
        let star = |outs: &[OutputColumn]| outs.iter().any(|out| out.name == "*");
        if star(&outs) || star(&others) || outs.len() != others.len() {
            // Positions cannot be told: every name may be any of the other arm's columns.
            let all: Vec<Column> = others.iter().flat_map(|out| out.columns.clone()).collect();
            outs.iter_mut().for_each(|out| out.columns.extend(all.clone()));
            return outs;
        }
        for (out, other) in outs.iter_mut().zip(others) {
            out.columns.extend(other.columns);
            out.summed.extend(other.summed);
        }
        outs
    }

    fn modifying(&mut self, statement: &'q Statement) -> Vec<OutputColumn> {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            _ => {
                self.overflow = true;
                Vec::new()
            }
        }
    }

    fn select(&mut self, select: &'q Select) -> Vec<OutputColumn> {
        self.scopes.push(Vec::new());
        for table in &select.from {
            match &table.relation {
                // One row at the most, beside the rows of the others: it does not multiply them.
                TableFactor::Derived { subquery, alias: Some(alias), .. }
                    if table.joins.is_empty() && select.from.len() > 1 && super::query::is_one_row(subquery) =>
                {
                    let mut outs = self.beside(subquery);
                    rename(&mut outs, alias.columns.iter().map(|column| &column.name));
                    self.bind(alias.name.value.clone(), Shape::Derived(outs));
                }
                _ => self.table_with_joins(table),
            }
        }
        if let Some(condition) = &select.selection {
            self.condition(condition);
        }
        for condition in [&select.prewhere, &select.having, &select.qualify].into_iter().flatten() {
            self.probe(condition);
        }
        match &select.group_by {
            GroupByExpr::All(_) => self.branch.grouped |= true,
            GroupByExpr::Expressions(exprs, _) => {
                self.branch.grouped |= !exprs.is_empty();
                exprs.iter().for_each(|expr| self.probe(expr));
            }
        }
        if !select.lateral_views.is_empty() || !select.connect_by.is_empty() {
            self.branch.multiplied = true;
        }
        if select.distinct.is_some() {
            self.branch.distinct = true;
        }
        let outs = self.projection(&select.projection);
        if self.depth == 0 && self.flows {
            self.branch.unique = self.unique(select, &outs);
        }
        self.scopes.pop();
        outs
    }

    /// The bare column that tells the rows of the outermost query apart.
    fn unique(&self, select: &Select, outs: &[OutputColumn]) -> Option<Column> {
        match (&select.distinct, &select.group_by) {
            (Some(Distinct::Distinct), GroupByExpr::Expressions(none, _)) if none.is_empty() => match outs {
                [OutputColumn { bare: true, columns, .. }] => match columns.as_slice() {
                    [only] => only.name.is_some().then(|| only.clone()),
                    _ => None,
                },
                _ => None,
            },
            (None, GroupByExpr::Expressions(exprs, modifiers)) if modifiers.is_empty() => match exprs.as_slice() {
                [expr] => self.one_column(expr),
                _ => None,
            },
            _ => None,
        }
    }

    /// The columns of a select list or a RETURNING clause.
    pub(super) fn projection(&mut self, items: &'q [SelectItem]) -> Vec<OutputColumn> {
        let mut outs = Vec::new();
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let mut out =
                        OutputColumn { name: super::expr::name_of(expr), bare: super::expr::is_bare(expr), ..OutputColumn::default() };
                    self.shown(expr, &mut out);
                    // A whole row of a table can be taken apart again by whoever selects from it.
                    if out.columns.iter().any(|column| column.name.is_none()) {
                        "*".clone_into(&mut out.name);
                    }
                    outs.push(out);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let mut out = OutputColumn { name: alias.value.clone(), bare: super::expr::is_bare(expr), ..OutputColumn::default() };
                    self.shown(expr, &mut out);
                    outs.push(out);
                }
                SelectItem::ExprWithAliases { expr, aliases } => {
                    let mut out = OutputColumn::default();
                    self.shown(expr, &mut out);
                    outs.extend(aliases.iter().map(|alias| OutputColumn { name: alias.value.clone(), ..out.clone() }));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let alias = text(name);
                    outs.extend(self.everything_of(Some(&alias)));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                    let mut out = OutputColumn { name: "*".to_owned(), ..OutputColumn::default() };
                    self.shown(expr, &mut out);
                    outs.push(out);
                }
                SelectItem::Wildcard(_) => outs.extend(self.everything_of(None)),
            }
        }
        outs
    }

    fn everything_of(&self, alias: Option<&str>) -> Vec<OutputColumn> {
        let scope = self.scopes.last().map_or(&[][..], Vec::as_slice);
        let bare = alias.map(|alias| alias.rsplit('.').next().unwrap_or(alias));
        let mut fitting: Vec<&Binding> =
            scope.iter().filter(|binding| bare.is_none_or(|bare| binding.alias.eq_ignore_ascii_case(bare))).collect();
        if fitting.is_empty() {
            fitting = self.scopes.iter().flatten().collect();
        }
        fitting.into_iter().flat_map(everything).collect()
    }

    /// Walks something that only decides which rows are shown, or that stands beside the result.
    pub(super) fn aside<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let flows = std::mem::replace(&mut self.flows, false);
        // What happens to rows there does not happen to the result's rows.
        let (multiplied, joined) = (self.branch.multiplied, self.branch.joined);
        let (grouped, distinct) = (self.branch.grouped, self.branch.distinct);
        let (aggregated, packed, extremes) = (self.branch.aggregated, self.branch.packed, self.branch.extremes);
        let result = walk(self);
        self.flows = flows;
        (self.branch.multiplied, self.branch.joined) = (multiplied, joined);
        (self.branch.grouped, self.branch.distinct) = (grouped, distinct);
        (self.branch.aggregated, self.branch.packed, self.branch.extremes) = (aggregated, packed, extremes);
        result
    }

    /// Notes how rows were chosen; the sharpest condition names the whole.
    pub(super) fn chosen_by(&mut self, condition: Condition) {
        self.branch.condition = self.branch.condition.max(condition);
    }
}

pub(super) fn everything(binding: &Binding) -> Vec<OutputColumn> {
    match &binding.shape {
        Shape::Table(source) => {
            vec![whole_of(*source)]
        }
        Shape::Derived(outs) => outs.clone(),
    }
}

/// All columns of a table.
fn whole_of(source: usize) -> OutputColumn {
    OutputColumn { name: "*".to_owned(), columns: vec![Column { source, name: None }], summed: Vec::new(), bare: true }
}

pub(super) fn sources_of(bindings: &[Binding]) -> Vec<usize> {
    let outs = bindings.iter().flat_map(everything);
    outs.flat_map(|out| out.columns).map(|column| column.source).collect()
}

pub(super) fn rename<'n>(outs: &mut [OutputColumn], names: impl Iterator<Item = &'n Ident>) {
    for (out, name) in outs.iter_mut().zip(names) {
        // All columns of a table under one new name: which one it is cannot be told.
        out.name = name.value.clone();
    }
}

/// A name without quotes, its parts joined by dots. A text in the place of a name may hold anything, as texts do: that there is
/// one is all that is told of it.
pub(super) fn text(name: &ObjectName) -> String {
    let word = |ident: &Ident| if ident.quote_style == Some('\'') { TEXT.to_owned() } else { ident.value.clone() };
    let part = |part: &sqlparser::ast::ObjectNamePart| part.as_ident().map_or_else(|| part.to_string(), word);
    name.0.iter().map(part).collect::<Vec<_>>().join(".")
}

/// Stands for a text in the place of a table's name.
const TEXT: &str = "(text)";
