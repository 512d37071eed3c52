//! Walks expressions: which columns flow into a value, and what its functions do to the rows behind it.

use crate::sql::Column;
use crate::sql::functions::{FunctionEffect, effect, effect_of_call};
use crate::sql::walk::{OutputColumn, Shape, Walker, text};
use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    InTarget, Subscript, Value, ValueWithSpan, WindowType,
};

impl<'q> Walker<'q> {
    /// An expression whose value leaves: its columns are added to `out`.
    pub(super) fn shown(&mut self, expr: &'q Expr, out: &mut OutputColumn) {
        match expr {
            Expr::Identifier(ident) => out.columns.extend(self.columns(&[ident])),
            Expr::CompoundIdentifier(path) => {
                let path: Vec<&Ident> = path.iter().collect();
                out.columns.extend(self.columns(&path));
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.shown(root, out);
                for access in access_chain {
                    match access {
                        AccessExpr::Dot(_) => {}
                        AccessExpr::Subscript(Subscript::Index { index }) => self.shown(index, out),
                        AccessExpr::Subscript(Subscript::Slice { .. }) => {}
                    }
                }
            }
            Expr::QualifiedWildcard(name, _) => {
                let alias = text(name);
                out.columns.extend(self.whole(&alias));
            }
            Expr::Subquery(query) => {
                // A value of its own beside each row: its table is shown, the rows stay those of the query around it.
                let outs = self.beside(query);
                out.columns.extend(outs.iter().flat_map(|inner| inner.columns.clone()));
                out.summed.extend(outs.into_iter().flat_map(|inner| inner.summed));
            }
            Expr::Exists { subquery, .. } => {
                // Whether rows exist is shown; their conditions limit nothing around them.
                self.tested(|walker| walker.query(subquery));
            }
            Expr::In { expr, target: InTarget::Subquery(query), .. } => {
                self.shown(expr, out);
                self.sought(expr, query);
            }
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } if matches!(&**right, Expr::Subquery(_)) => {
                self.shown(left, out);
                if let Expr::Subquery(query) = &**right {
                    self.sought(left, query);
                }
            }
            Expr::In { expr, target, .. } => {
                self.shown(expr, out);
                let certain = std::mem::replace(&mut self.certain, false);
                self.target(target);
                self.certain = certain;
            }
            Expr::Function(function) => self.function(function, out),
            Expr::Value(ValueWithSpan { value: Value::DoubleQuotedString(name), .. }) if super::predicate::could_be_name(name) => {
                // A text, or a column where the session says so: then rows are what they are, but not surely people.
                let all = self.scopes.iter().flatten().flat_map(|binding| named(&binding.shape, name));
                out.columns.extend(all);
                self.branch.multiplied = true;
            }
            _ => {
                let mut parts = Vec::new();
                if !parts_of(expr, &mut parts) {
                    // An expression that is not known here may show any column within reach.
                    let all: Vec<Column> = self.scopes.iter().flatten().flat_map(|binding| all_of(&binding.shape)).collect();
                    out.columns.extend(all);
                }
                for part in parts {
                    self.shown(part, out);
                }
            }
        }
    }

    /// Walks a subquery of which only the outcome is shown, and notes what it looked at.
    fn tested<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let (first_key, first_link, first_probe) = (self.branch.keys.len(), self.branch.links.len(), self.branch.probes.len());
        let certain = std::mem::replace(&mut self.certain, self.flows);
        let shown = self.flows;
        let result = self.aside(walk);
        self.certain = certain;
        let keys = self.branch.keys.split_off(first_key);
        self.branch.links.truncate(first_link);
        let columns = self.branch.probes[first_probe..].to_vec();
        if shown && !columns.is_empty() {
            self.branch.tests.push(crate::sql::ExistenceTest { columns, keys });
        }
        result
    }

    /// A value that is sought among the rows of a subquery: `'138' IN (SELECT phone …)`.
    fn sought(&mut self, value: &'q Expr, query: &'q sqlparser::ast::Query) {
        let literal = super::predicate::value(value);
        self.tested(|walker| {
            let outs = walker.query(query);
            for column in outs.into_iter().flat_map(|out| out.columns) {
                if let Some(value) = &literal {
                    walker.branch.keys.push(crate::sql::ListedKeys { column: column.clone(), values: vec![value.clone()] });
                }
                walker.branch.probes.push(column);
            }
        });
    }

    /// An expression that only decides which rows are shown, how they are grouped or ordered.
    pub(super) fn probe(&mut self, expr: &'q Expr) {
        let certain = std::mem::replace(&mut self.certain, false);
        let functions = self.branch.functions.len();
        let hides = self.branch.hides_query;
        let mut out = OutputColumn::default();
        self.aside(|walker| walker.shown(expr, &mut out));
        self.branch.functions.truncate(functions);
        self.branch.hides_query = hides;
        self.branch.probes.extend(out.columns);
        self.certain = certain;
    }

    /// What stands behind `IN`.
    pub(super) fn target(&mut self, target: &'q InTarget) -> Vec<OutputColumn> {
        match target {
            InTarget::List(items) => {
                items.iter().for_each(|item| self.probe(item));
                Vec::new()
            }
            InTarget::Subquery(query) => self.aside(|walker| walker.query(query)),
            InTarget::Unnest(expr) => {
                self.probe(expr);
                Vec::new()
            }
            InTarget::Table { name, .. } => {
                let table = text(name);
                self.aside(|walker| walker.source(table));
                Vec::new()
            }
        }
    }

    /// A subquery whose value is shown beside each row.
    pub(super) fn beside(&mut self, query: &'q sqlparser::ast::Query) -> Vec<OutputColumn> {
        let (packed, extremes) = (self.branch.packed, self.branch.extremes);
        let (first, first_link) = (self.branch.sources.len(), self.branch.links.len());
        let (first_key, first_probe) = (self.branch.keys.len(), self.branch.probes.len());
        let outs = self.aside(|walker| {
            walker.branch.packed = false;
            let outs = walker.query(query);
            (outs, walker.branch.packed)
        });
        let (outs, inner_packed) = outs;
        self.direct_inwards(first_link, first);
        // Nothing of its tables is shown but whether there is such a row, or how many there are.
        if self.flows && outs.iter().all(|out| out.columns.is_empty()) {
            let columns = self.branch.probes[first_probe..].to_vec();
            let keys = self.branch.keys[first_key..].to_vec();
            if !columns.is_empty() {
                self.branch.tests.push(crate::sql::ExistenceTest { columns, keys });
            }
        }
        (self.branch.packed, self.branch.extremes) = (packed | inner_packed, extremes);
        if self.flows && outs.iter().any(|out| !out.columns.is_empty()) {
            self.branch.sources[first..].iter_mut().for_each(|source| source.flows = true);
        }
        outs
    }

    fn function(&mut self, function: &'q Function, out: &mut OutputColumn) {
        let name = text(&function.name);
        let windowed = function.over.is_some();
        // `ARRAY(SELECT …)` is parsed as a call.
        let subquery = matches!(function.args, FunctionArguments::Subquery(_));
        let effect = if subquery { FunctionEffect::Scalar } else { effect_of_call(function, &name, self.dialect) };
        let mut args = OutputColumn::default();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                // `ARRAY(SELECT …)`: all rows of the subquery in one value.
                let outs = self.beside(query);
                self.branch.packed = true;
                args.columns.extend(outs.into_iter().flat_map(|inner| inner.columns));
            }
            FunctionArguments::List(list) => self.argument_list(list, &mut args),
        }
        for order in &function.within_group {
            self.shown(&order.expr, &mut args);
        }
        if let Some(filter) = &function.filter {
            self.probe(filter);
        }
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            window.partition_by.iter().for_each(|expr| self.probe(expr));
            window.order_by.iter().for_each(|order| self.probe(&order.expr));
        }
        let collapses = !windowed;
        match effect {
            FunctionEffect::Count => {
                self.branch.aggregated |= collapses;
                self.branch.probes.extend(args.columns);
            }
            FunctionEffect::Window | FunctionEffect::Server => self.branch.probes.extend(args.columns),
            FunctionEffect::Sum => {
                self.branch.aggregated |= collapses;
                out.summed.extend(args.columns);
            }
            FunctionEffect::Extreme => {
                self.branch.aggregated |= collapses;
                self.branch.extremes += u64::from(collapses && !args.columns.is_empty());
                out.columns.extend(args.columns);
            }
            FunctionEffect::Pack => {
                self.branch.aggregated |= collapses;
                self.branch.packed = true;
                out.columns.extend(args.columns);
            }
            FunctionEffect::Rows => {
                self.branch.multiplied = true;
                out.columns.extend(args.columns);
            }
            FunctionEffect::Neighbour => {
                // A row shows its own person and another's.
                self.branch.multiplied = true;
                self.branch.extremes = self.branch.extremes.max(1).saturating_add(1);
                out.columns.extend(args.columns);
            }
            FunctionEffect::Collects => {
                if !args.columns.is_empty() {
                    self.branch.hides_query = true;
                    self.branch.functions.push(name);
                }
                out.columns.extend(args.columns);
            }
            FunctionEffect::HidesQuery | FunctionEffect::Foreign => {
                // One value of a function's may hold any number of rows of any table.
                self.branch.hides_query = true;
                self.branch.functions.push(name);
                out.columns.extend(args.columns);
            }
            FunctionEffect::Scalar => out.columns.extend(args.columns),
        }
        out.summed.extend(args.summed);
    }

    /// A function in place of a table: its rows are visible, what it reads is not.
    pub(super) fn table_function(&mut self, name: &str) {
        match effect(name, self.dialect) {
            FunctionEffect::Foreign => self.branch.functions.push(name.to_owned()),
            FunctionEffect::HidesQuery => {
                self.branch.hides_query = true;
                self.branch.functions.push(name.to_owned());
            }
            FunctionEffect::Count
            | FunctionEffect::Sum
            | FunctionEffect::Extreme
            | FunctionEffect::Pack
            | FunctionEffect::Rows
            | FunctionEffect::Scalar
            | FunctionEffect::Window
            | FunctionEffect::Neighbour
            | FunctionEffect::Server
            | FunctionEffect::Collects => {}
        }
    }

    pub(super) fn arguments(&mut self, args: &'q [FunctionArg], out: &mut OutputColumn) {
        for arg in args {
            let arg = match arg {
                FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => arg,
            };
            match arg {
                FunctionArgExpr::Expr(expr) => self.shown(expr, out),
                FunctionArgExpr::QualifiedWildcard(name) => {
                    let alias = text(name);
                    out.columns.extend(self.whole(&alias));
                }
                // `count(*)`
                FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => {}
            }
        }
    }

    fn argument_list(&mut self, list: &'q FunctionArgumentList, out: &mut OutputColumn) {
        self.arguments(&list.args, out);
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(orders) => orders.iter().for_each(|order| self.probe(&order.expr)),
                FunctionArgumentClause::Where(expr) => self.probe(expr),
                FunctionArgumentClause::Having(bound) => self.shown(&bound.1, out),
                _ => {}
            }
        }
    }

    fn whole(&self, alias: &str) -> Vec<Column> {
        let bare = alias.rsplit('.').next().unwrap_or(alias);
        let fits = self.scopes.iter().flatten().filter(|binding| binding.alias.eq_ignore_ascii_case(bare));
        fits.flat_map(|binding| all_of(&binding.shape)).collect()
    }

    /// The columns that a name may mean. An unqualified name in a query over several tables may be of any of them.
    pub(super) fn columns(&self, path: &[&Ident]) -> Vec<Column> {
        let Some((last, qualifiers)) = path.split_last() else { return Vec::new() };
        if let Some(qualifier) = qualifiers.last() {
            let fits = |binding: &&crate::sql::walk::Binding| binding.alias.eq_ignore_ascii_case(&qualifier.value);
            if let Some(binding) = self.scopes.iter().rev().find_map(|scope| scope.iter().rev().find(fits)) {
                return named(&binding.shape, &last.value);
            }
            // `a.b` may be column and field, or name a table outside of every scope: fall through to the whole.
            return self.scopes.iter().flatten().flat_map(|binding| all_of(&binding.shape)).collect();
        }
        // A table's own name as a value is its whole row.
        let alias = |binding: &&crate::sql::walk::Binding| binding.alias.eq_ignore_ascii_case(&last.value);
        if let Some(binding) = self.scopes.iter().rev().find_map(|scope| scope.iter().find(alias)) {
            return all_of(&binding.shape);
        }
        self.scopes.iter().rev().flatten().flat_map(|binding| named(&binding.shape, &last.value)).collect()
    }
}

/// Whether an expression is a bare column, the text of which is its value.
pub(super) fn is_bare(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner) => is_bare(inner),
        Expr::Cast { expr, data_type, .. } => keeps_text(data_type) && is_bare(expr),
        _ => false,
    }
}

/// Casts to other types may make different values alike: `phone::char(3)` is the same for thousands.
pub(super) fn keeps_text(data_type: &sqlparser::ast::DataType) -> bool {
    use sqlparser::ast::DataType;
    matches!(data_type, DataType::Text | DataType::Varchar(None) | DataType::CharacterVarying(None))
}

/// The one column that a name stands for and whose values are its own.
pub(super) fn bare_named(shape: &Shape, name: &str) -> Vec<Column> {
    match shape {
        Shape::Table(_) => named(shape, name),
        Shape::Derived(outs) => {
            let hit = |out: &&OutputColumn| out.name.eq_ignore_ascii_case(name);
            let hidden = outs.iter().filter(hit).any(|out| !out.bare);
            if hidden || outs.iter().any(|out| out.name == "*" && !out.bare) { Vec::new() } else { named(shape, name) }
        }
    }
}

/// The columns of that name.
pub(super) fn named(shape: &Shape, name: &str) -> Vec<Column> {
    match shape {
        Shape::Table(source) => vec![Column { source: *source, name: Some(name.to_owned()) }],
        Shape::Derived(outs) => {
            let exact: Vec<Column> =
                outs.iter().filter(|out| out.name.eq_ignore_ascii_case(name)).flat_map(|out| out.columns.clone()).collect();
            if !exact.is_empty() || outs.iter().any(|out| out.name.eq_ignore_ascii_case(name)) {
                return exact;
            }
            let stars = outs.iter().filter(|out| out.name == "*").flat_map(|out| out.columns.clone());
            stars.map(|column| Column { name: column.name.or_else(|| Some(name.to_owned())), ..column }).collect()
        }
    }
}

fn all_of(shape: &Shape) -> Vec<Column> {
    match shape {
        Shape::Table(source) => vec![Column { source: *source, name: None }],
        Shape::Derived(outs) => outs.iter().flat_map(|out| out.columns.clone()).collect(),
    }
}

/// The name that a result column gets from its expression.
pub(super) fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(path) => path.last().map_or_else(String::new, |ident| ident.value.clone()),
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::Collate { expr, .. } => name_of(expr),
        Expr::Function(function) => text(&function.name),
        _ => String::new(),
    }
}

/// The parts of an expression that has no meaning of its own here; `false` where its parts are not known.
fn parts_of<'e>(expr: &'e Expr, parts: &mut Vec<&'e Expr>) -> bool {
    match expr {
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) | Expr::Wildcard(_) => {}
        Expr::IsFalse(e)
        | Expr::IsNotFalse(e)
        | Expr::IsTrue(e)
        | Expr::IsNotTrue(e)
        | Expr::IsNull(e)
        | Expr::IsNotNull(e)
        | Expr::IsUnknown(e)
        | Expr::IsNotUnknown(e)
        | Expr::Nested(e)
        | Expr::OuterJoin(e)
        | Expr::Prior(e) => parts.push(e),
        Expr::IsJson { expr, .. }
        | Expr::IsNormalized { expr, .. }
        | Expr::UnaryOp { expr, .. }
        | Expr::Cast { expr, .. }
        | Expr::Convert { expr, .. }
        | Expr::Extract { expr, .. }
        | Expr::Ceil { expr, .. }
        | Expr::Floor { expr, .. }
        | Expr::Collate { expr, .. }
        | Expr::Named { expr, .. }
        | Expr::JsonAccess { value: expr, .. }
        | Expr::Prefixed { value: expr, .. } => parts.push(expr),
        Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => parts.extend([&**a, &**b]),
        Expr::BinaryOp { left, right, .. } | Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
            parts.extend([&**left, &**right]);
        }
        Expr::Between { expr, low, high, .. } => parts.extend([&**expr, &**low, &**high]),
        Expr::Like { expr, pattern, .. }
        | Expr::ILike { expr, pattern, .. }
        | Expr::SimilarTo { expr, pattern, .. }
        | Expr::RLike { expr, pattern, .. } => parts.extend([&**expr, &**pattern]),
        Expr::AtTimeZone { timestamp, time_zone } => parts.extend([&**timestamp, &**time_zone]),
        Expr::Position { expr, r#in } => parts.extend([&**expr, &**r#in]),
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            parts.push(expr);
            parts.extend([substring_from, substring_for].into_iter().flatten().map(|e| &**e));
        }
        Expr::Trim { expr, trim_what, trim_characters, .. } => {
            parts.push(expr);
            parts.extend(trim_what.iter().map(|e| &**e));
            parts.extend(trim_characters.iter().flatten());
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            parts.extend([&**expr, &**overlay_what, &**overlay_from]);
            parts.extend(overlay_for.iter().map(|e| &**e));
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            parts.extend(operand.iter().chain(else_result).map(|e| &**e));
            parts.extend(conditions.iter().flat_map(|when| [&when.condition, &when.result]));
        }
        Expr::Tuple(items) | Expr::Struct { values: items, .. } => parts.extend(items),
        Expr::Array(array) => parts.extend(&array.elem),
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => parts.extend(sets.iter().flatten()),
        _ => return false,
    }
    true
}
