//! Walks queries: select lists, set operations, conditions on groups. Everything that flows into one arm of the outermost set
//! operation is flattened into one [`Branch`]. What stands in FROM is walked by [`super::from`].
//!
//! Work is counted: expressions visited and columns copied. A statement that needs too much of it is given up, and counts as one
//! of which nothing is known but its words.

use crate::model::record::Dialect;
use crate::sql::cte::Cte;
use crate::sql::output::{self, Extent, all_of, everything, rename};
pub(super) use crate::sql::output::{Binding, OutputColumn, Shape};
use crate::sql::{Branch, Column, ColumnEquality, Condition, Fold, FoldValue, ListedKeys};
use sqlparser::ast::{
    Distinct, Expr, ForClause, GroupByExpr, Ident, LimitClause, NamedWindowExpr, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Statement, TableFactor, WildcardAdditionalOptions,
};
use std::cell::Cell;

/// Whether T-SQL's FOR JSON or FOR XML puts all rows into one document.
pub(super) fn is_document(query: &Query) -> bool {
    matches!(query.for_clause, Some(ForClause::Json { .. } | ForClause::Xml { .. }))
}

/// Most tables of one branch; a statement with more is taken as not understood.
pub(super) const MOST_SOURCES: usize = 128;
/// Most nested queries that are followed.
const DEEPEST: usize = 48;
/// Most expressions visited and columns copied for one statement.
const MOST_WORK: usize = 150_000;
/// Most columns of one query's result.
const MOST_COLUMNS: usize = 4_096;
/// Most pairs of equal columns that are kept: without the others less is concluded.
const MOST_LINKS: usize = 192;
/// Most conditions that list values which are kept: without the others less is concluded.
const MOST_LISTS: usize = 64;

/// What is known of the select list that is being walked.
#[derive(Default)]
pub(super) struct Block {
    /// Values that aggregates and windows show of single rows.
    pub values: Vec<FoldValue>,
    /// Beside such a value the row itself is shown.
    pub own: bool,
    /// It is one of another row of a window.
    pub windowed: bool,
    /// A sum is one of every row of one table.
    pub whole: bool,
    /// Its rows are those of groups.
    pub grouped: bool,
    /// Its rows are collapsed.
    pub aggregated: bool,
    /// Values that hold many rows already go into it.
    pub packed_inside: bool,
}

/// The state of a walk over one branch.
pub(super) struct Walker<'q> {
    /// Whose functions they are.
    pub dialect: Dialect,
    pub branch: Branch,
    /// Bindings of the enclosing queries, innermost last.
    pub scopes: Vec<Vec<Binding>>,
    pub ctes: Vec<Cte<'q>>,
    /// The common table expressions that may be named here: the last of a chain.
    pub visible: Option<usize>,
    /// Conditions found now hold for every row of the result.
    pub certain: bool,
    /// Tables found now flow into the result.
    pub flows: bool,
    pub from_items: usize,
    pub block: Block,
    /// Queries around the present one, those of common table expressions left out.
    pub depth: usize,
    /// Common table expressions that are being walked.
    pub expanding: usize,
    /// The query walked last gives one row.
    pub one_row: bool,
    work: Cell<usize>,
    /// Something was too large to follow.
    pub overflow: bool,
    /// Tables written by data-modifying common table expressions.
    pub writes: Vec<String>,
    /// What the table that is changed takes from others, by its own columns.
    pub taken: Vec<OutputColumn>,
}

impl<'q> Walker<'q> {
    pub(super) fn new(dialect: Dialect) -> Walker<'q> {
        Walker {
            dialect,
            branch: Branch::default(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            visible: None,
            certain: true,
            flows: true,
            from_items: 0,
            block: Block::default(),
            depth: 0,
            expanding: 0,
            one_row: false,
            work: Cell::new(0),
            overflow: false,
            writes: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// The walk of another arm of the same statement: what the first ones cost counts.
    pub(super) fn after(dialect: Dialect, work: usize) -> Walker<'q> {
        Walker { work: Cell::new(work), ..Walker::new(dialect) }
    }

    /// What was done so far.
    pub(super) fn work(&self) -> usize {
        self.work.get()
    }

    /// Counts work; `false` where it was too much.
    pub(super) fn spend(&self, work: usize) -> bool {
        self.work.set(self.work.get().saturating_add(work));
        self.work.get() <= MOST_WORK && !self.overflow
    }

    /// Whether the statement is too large, or holds what is not followed.
    pub(super) fn gave_up(&self) -> bool {
        self.overflow || self.work.get() > MOST_WORK
    }

    /// Common table expressions that nothing refers to still run when they modify data.
    pub(super) fn finish(mut self) -> Walker<'q> {
        self.run_unused(0);
        self
    }

    /// Notes two columns that are equal on every row shown.
    pub(super) fn link(&mut self, link: ColumnEquality) {
        if self.branch.links.len() < MOST_LINKS {
            self.branch.links.push(link);
        }
    }

    /// Notes a condition that lists values.
    pub(super) fn listed(&mut self, keys: ListedKeys) {
        if self.branch.keys.len() < MOST_LISTS {
            self.branch.keys.push(keys);
        }
    }

    /// A query inside of another: its result columns. Its scopes end with it.
    pub(super) fn query(&mut self, query: &'q Query) -> Vec<OutputColumn> {
        if self.depth >= DEEPEST || !self.spend(1) {
            self.overflow = true;
            return Vec::new();
        }
        self.depth += 1;
        let (known, visible) = (self.ctes.len(), self.visible);
        self.learn(query);
        let outs = self.set_expr(&query.body);
        self.branch.packed |= is_document(query);
        self.branch.narrowed |= query.limit_clause.is_some() || query.fetch.is_some();
        self.ordered(query);
        self.run_unused(known);
        self.visible = visible;
        self.depth -= 1;
        if outs.len() > MOST_COLUMNS || !self.spend(output::size(&outs)) {
            self.overflow = true;
            return Vec::new();
        }
        outs
    }

    /// An order shows nothing, but what it calls may send what it is given.
    pub(super) fn ordered(&mut self, query: &'q Query) {
        // What BigQuery's pipes do to the rows is not followed.
        self.overflow |= !query.pipe_operators.is_empty();
        if let Some(sqlparser::ast::OrderByKind::Expressions(orders)) = query.order_by.as_ref().map(|order| &order.kind) {
            orders.iter().for_each(|order| self.looked_at(&order.expr));
        }
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                let exprs = limit.iter().chain(offset.as_ref().map(|offset| &offset.value)).chain(limit_by);
                exprs.for_each(|expr| self.looked_at(expr));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => [offset, limit].into_iter().for_each(|expr| self.looked_at(expr)),
            None => {}
        }
        if let Some(quantity) = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref()) {
            self.looked_at(quantity);
        }
    }

    /// The body of a query.
    pub(super) fn set_expr(&mut self, body: &'q SetExpr) -> Vec<OutputColumn> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => self.union(left, right),
            SetExpr::Values(values) => {
                // Joined with a table, a list that names a row twice shows it twice.
                self.branch.multiplied |= values.rows.len() > 1;
                let mut outs: Vec<OutputColumn> = Vec::new();
                for row in &values.rows {
                    for (at, expr) in row.content.iter().enumerate() {
                        if at == outs.len() {
                            outs.push(OutputColumn { extent: Extent::Unnamed, ..OutputColumn::default() });
                        }
                        self.shown(expr, &mut outs[at]);
                    }
                }
                outs
            }
            SetExpr::Table(table) => {
                if let (None, Some(name)) = (&table.schema_name, &table.table_name)
                    && let Some(outs) = self.cte(&ObjectName::from(vec![name.clone()]))
                {
                    return outs.to_vec();
                }
                let parts = [&table.schema_name, &table.table_name].into_iter().flatten();
                let name = parts.map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
                let source = self.source(name);
                vec![OutputColumn::table(source)]
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
        self.branch.narrowed = true;
        // The arms lean to the left; they are taken apart without recursion, however many.
        let (mut rest, mut arms) = (left, vec![right]);
        while let SetExpr::SetOperation { left, right, .. } = rest {
            arms.push(&**right);
            rest = left;
        }
        let mut outs = self.set_expr(rest);
        for arm in arms.into_iter().rev() {
            let others = self.set_expr(arm);
            self.join_arm(&mut outs, others);
        }
        self.certain = certain;
        self.one_row = false;
        outs
    }

    fn join_arm(&self, outs: &mut Vec<OutputColumn>, others: Vec<OutputColumn>) {
        let star = |outs: &[OutputColumn]| outs.iter().any(OutputColumn::is_star);
        if star(outs) || star(&others) || outs.len() != others.len() {
            // Positions cannot be told: every name may be any of the other arm's columns.
            let all: Vec<Column> = others.iter().flat_map(|out| out.columns.iter().chain(&out.summed).cloned()).collect();
            if self.spend(all.len() * (outs.len() + 1)) {
                for out in outs.iter_mut() {
                    (out.bare, out.linear) = (false, false);
                    if !out.is_star() {
                        out.columns.extend(all.iter().cloned());
                    }
                }
                outs.push(OutputColumn::any(all));
            }
            return;
        }
        for (out, other) in outs.iter_mut().zip(others) {
            out.bare &= other.bare;
            out.linear &= other.linear;
            out.columns.extend(other.columns);
            out.summed.extend(other.summed);
            out.doubtful.extend(other.doubtful);
        }
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
        let outermost = self.scopes.is_empty() && self.expanding == 0 && self.flows;
        let around = std::mem::take(&mut self.block);
        let narrowed = std::mem::replace(&mut self.branch.narrowed, false);
        let (first, packs) = (self.branch.sources.len(), self.branch.packs.len());
        self.scopes.push(Vec::new());
        self.one_row = false;
        for table in &select.from {
            match &table.relation {
                // One row at the most, beside the rows of the others: it does not multiply them.
                TableFactor::Derived { subquery, alias: Some(alias), .. }
                    if table.joins.is_empty() && select.from.len() > 1 && super::query::is_one_row(subquery) =>
                {
                    let mut outs = self.beside(subquery);
                    rename(&mut outs, alias.columns.iter().map(|column| &column.name));
                    self.bind(alias.name.value.clone(), Shape::Derived(outs.into()));
                }
                _ => self.table_with_joins(table),
            }
        }
        let alone = matches!(select.from.as_slice(), [only] if only.joins.is_empty());
        let one_row = alone && std::mem::take(&mut self.one_row);
        for view in &select.lateral_views {
            let mut out = OutputColumn::any(Vec::new());
            self.shown(&view.lateral_view, &mut out);
            let mut outs = vec![out];
            rename(&mut outs, view.lateral_col_alias.iter());
            self.bind(text(&view.lateral_view_name), Shape::Derived(outs.into()));
            self.branch.multiplied = true;
        }
        let read = self.branch.sources.len() - first;
        if let Some(condition) = &select.selection {
            self.condition(condition);
        }
        let conditions = [&select.prewhere, &select.having, &select.qualify];
        let chosen = select.selection.is_some() || conditions.iter().any(|condition| condition.is_some()) || select.top.is_some();
        for condition in conditions.into_iter().flatten() {
            self.probe(condition);
        }
        let grouped = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(exprs, _) => {
                exprs.iter().for_each(|expr| self.probe(expr));
                !exprs.is_empty()
            }
        };
        self.branch.grouped |= grouped;
        if !select.connect_by.is_empty() {
            self.branch.multiplied = true;
        }
        for expr in select.cluster_by.iter().chain(&select.distribute_by).chain(select.sort_by.iter().map(|order| &order.expr)) {
            self.looked_at(expr);
        }
        for window in select.named_window.iter().filter_map(|definition| match &definition.1 {
            NamedWindowExpr::WindowSpec(window) => Some(window),
            NamedWindowExpr::NamedWindow(_) => None,
        }) {
            self.window(window);
        }
        if let Some(distinct) = &select.distinct {
            self.branch.distinct = true;
            if let Distinct::On(exprs) = distinct {
                exprs.iter().for_each(|expr| self.looked_at(expr));
            }
        }
        self.branch.narrowed |= chosen || matches!(select.distinct, Some(Distinct::On(_))) || !select.connect_by.is_empty();
        self.block.grouped = grouped;
        self.block.whole = alone && read == 1 && !grouped && !self.branch.narrowed && select.lateral_views.is_empty();
        self.block.packed_inside = self.branch.packs.len() > packs;
        let outs = self.projection(&select.projection);
        self.branch.layered |= self.block.aggregated && self.block.packed_inside;
        let block = std::mem::replace(&mut self.block, around);
        self.branch.narrowed |= narrowed;
        if outermost {
            self.branch.unique = if self.depth == 0 { self.unique(select, &outs) } else { None };
            self.branch.collapsed = block.aggregated || grouped || (alone && self.branch.aggregated);
            self.branch.single = block.aggregated && !grouped || one_row;
        }
        if !block.values.is_empty() {
            let keys = self.group_columns(select).unwrap_or_default();
            self.branch.folds.push(Fold { values: block.values, keys, own: block.own, windowed: block.windowed });
        }
        self.one_row = block.aggregated && !grouped || one_row;
        self.scopes.pop();
        outs
    }

    /// The columns of a select list or a RETURNING clause.
    pub(super) fn projection(&mut self, items: &'q [SelectItem]) -> Vec<OutputColumn> {
        let mut outs = Vec::new();
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let plain = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                    let extent = if plain { Extent::Named } else { Extent::Unnamed };
                    let mut out = OutputColumn { name: super::expr::name_of(expr), extent, ..OutputColumn::default() };
                    self.item(expr, &mut out);
                    outs.push(out);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let mut out = OutputColumn { name: alias.value.clone(), ..OutputColumn::default() };
                    if alias.value.starts_with('@') {
                        self.collects(expr);
                    }
                    self.item(expr, &mut out);
                    self.behind_word(expr, alias, &mut out);
                    outs.push(out);
                }
                SelectItem::ExprWithAliases { expr, aliases } => {
                    let mut out = OutputColumn::default();
                    self.shown(expr, &mut out);
                    outs.extend(aliases.iter().map(|alias| OutputColumn { name: alias.value.clone(), ..out.clone() }));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let alias = text(name);
                    let all = self.everything_of(Some(&alias));
                    self.star(all, options, &mut outs);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                    let mut out = OutputColumn::any(Vec::new());
                    self.shown(expr, &mut out);
                    outs.push(out);
                }
                SelectItem::Wildcard(options) => {
                    let all = self.everything_of(None);
                    self.star(all, options, &mut outs);
                }
            }
        }
        outs
    }

    /// One value of a select list.
    fn item(&mut self, expr: &'q Expr, out: &mut OutputColumn) {
        out.bare = super::expr::is_bare(expr);
        out.linear = self.is_linear(expr);
        self.assigned_to_variable(expr);
        self.shown(expr, out);
    }

    /// All columns, some of them replaced or renamed.
    fn star(&mut self, mut all: Vec<OutputColumn>, options: &'q WildcardAdditionalOptions, outs: &mut Vec<OutputColumn>) {
        if options.opt_rename.is_some() {
            all = all.into_iter().map(|out| OutputColumn { summed: out.summed, ..OutputColumn::any(out.columns) }).collect();
        }
        outs.extend(all);
        for element in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            let mut out = OutputColumn { name: element.column_name.value.clone(), ..OutputColumn::default() };
            self.item(&element.expr, &mut out);
            outs.push(out);
        }
    }

    fn everything_of(&mut self, alias: Option<&str>) -> Vec<OutputColumn> {
        let scope = self.scopes.last().map_or(&[][..], Vec::as_slice);
        let bare = alias.map(|alias| alias.rsplit('.').next().unwrap_or(alias));
        let mut fitting: Vec<&Binding> =
            scope.iter().filter(|binding| bare.is_none_or(|bare| binding.alias.eq_ignore_ascii_case(bare))).collect();
        if fitting.is_empty() {
            fitting = self.scopes.iter().flatten().collect();
        }
        let cost: usize = fitting
            .iter()
            .map(|binding| match &binding.shape {
                Shape::Table(_) => 1,
                Shape::Derived(outs) => output::size(outs),
            })
            .sum();
        if !self.spend(cost) {
            return Vec::new();
        }
        fitting.into_iter().flat_map(|binding| everything(&binding.shape)).collect()
    }

    /// Walks something that only decides which rows are shown, or that stands beside the result.
    pub(super) fn aside<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let (folds, packs) = (self.branch.folds.len(), self.branch.packs.len());
        let packed = self.branch.packed;
        let result = self.apart(walk);
        // What is made of rows there is not shown.
        self.branch.folds.truncate(folds);
        self.branch.packs.truncate(packs);
        self.branch.packed = packed;
        result
    }

    /// Walks something whose rows are not those of the result, though what it makes of them may be shown.
    pub(super) fn apart<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let flows = std::mem::replace(&mut self.flows, false);
        // What happens to rows there does not happen to the result's rows.
        let (multiplied, joined) = (self.branch.multiplied, self.branch.joined);
        let (grouped, distinct, narrowed) = (self.branch.grouped, self.branch.distinct, self.branch.narrowed);
        let (aggregated, one_row) = (self.branch.aggregated, self.one_row);
        let block = std::mem::take(&mut self.block);
        let result = walk(self);
        self.flows = flows;
        (self.branch.multiplied, self.branch.joined) = (multiplied, joined);
        (self.branch.grouped, self.branch.distinct, self.branch.narrowed) = (grouped, distinct, narrowed);
        (self.branch.aggregated, self.one_row) = (aggregated, one_row);
        self.block = block;
        result
    }

    /// Notes how rows were chosen; the sharpest condition names the whole.
    pub(super) fn chosen_by(&mut self, condition: Condition) {
        self.branch.condition = self.branch.condition.max(condition);
    }
}

pub(super) fn sources_of(bindings: &[Binding]) -> Vec<usize> {
    bindings.iter().flat_map(|binding| all_of(&binding.shape)).map(|column| column.source).collect()
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
