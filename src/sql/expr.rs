//! Walks expressions: which columns flow into a value. What its functions do to the rows behind it is told by [`super::call`].

use crate::model::record::Dialect;
use crate::sql::Column;
use crate::sql::output::{OutputColumn, all_of, doubtful, named, summed};
use crate::sql::walk::{Walker, text};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, Ident, InTarget, Query,
    Subscript, Value, ValueWithSpan,
};

impl<'q> Walker<'q> {
    /// An expression whose value leaves: its columns are added to `out`.
    pub(super) fn shown(&mut self, expr: &'q Expr, out: &mut OutputColumn) {
        // Chains of operators are as deep as they are long: they are taken apart without recursion.
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            if !self.spend(1) {
                return;
            }
            if !self.known(expr, out) && !parts_of(expr, &mut open) {
                // An expression that is not known here may show any column within reach, and of many rows.
                let all = self.reachable();
                self.branch.packs.extend(all.iter().cloned());
                out.columns.extend(all);
            }
        }
    }

    /// An expression with a meaning of its own; `false` where it is one of its parts alone.
    fn known(&mut self, expr: &'q Expr, out: &mut OutputColumn) -> bool {
        match expr {
            Expr::Identifier(ident) => self.columns(&[ident], out),
            Expr::CompoundIdentifier(path) => {
                let path: Vec<&Ident> = path.iter().collect();
                self.columns(&path, out);
            }
            // Snowflake's `$2` is the second column.
            Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. })
                if self.dialect == Dialect::Snowflake && is_position(name) =>
            {
                let all = self.reachable();
                out.columns.extend(all);
            }
            Expr::BinaryOp { op: BinaryOperator::Assignment, right, .. } => {
                // A variable collects from row to row.
                self.collects(right);
                self.shown(right, out);
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                operand.iter().for_each(|operand| self.shown(operand, out));
                conditions.iter().for_each(|when| self.shown(&when.condition, out));
                let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
                self.one_of(results, else_result.is_some(), out);
            }
            Expr::BinaryOp { left, op: op @ (BinaryOperator::PGCustomBinaryOperator(_) | BinaryOperator::Custom(_)), right } => {
                let mut args = OutputColumn::default();
                self.shown(left, &mut args);
                self.shown(right, &mut args);
                self.operator(op, &args);
                out.take(args);
            }
            Expr::Cast { expr, data_type: data_type @ sqlparser::ast::DataType::Custom(..), .. } => {
                let mut args = OutputColumn::default();
                self.shown(expr, &mut args);
                self.cast(data_type, &args);
                out.take(args);
            }
            Expr::MatchAgainst { .. } => {
                let all = self.reachable();
                out.columns.extend(all);
            }
            Expr::Prior(inner) | Expr::Prefixed { value: inner, .. } if self.dialect == Dialect::Oracle => {
                let mut other = OutputColumn::default();
                self.shown(inner, &mut other);
                self.neighbour(other, out);
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.shown(root, out);
                for access in access_chain {
                    match access {
                        // `package.function(…)`, and methods of what a function gave.
                        AccessExpr::Dot(called) if matches!(called, Expr::Function(_)) => self.shown(called, out),
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
                for inner in outs {
                    // It may give no row.
                    out.doubtful.extend(inner.columns.iter().cloned());
                    out.columns.extend(inner.columns);
                    out.summed.extend(inner.summed);
                }
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
                let all = self.scopes.iter().flatten().flat_map(|binding| named(&binding.shape, name).unwrap_or_default());
                out.columns.extend(all);
                self.branch.multiplied = true;
            }
            _ => return false,
        }
        true
    }

    /// Several values of which each row shows one.
    fn one_of(&mut self, values: impl Iterator<Item = &'q Expr>, one_for_sure: bool, out: &mut OutputColumn) {
        let mut alternatives = Vec::new();
        for value in values {
            let mut alternative = OutputColumn::default();
            self.shown(value, &mut alternative);
            alternatives.push(alternative);
        }
        let size: usize = alternatives.iter().map(OutputColumn::size).sum();
        if self.spend(size.saturating_mul(alternatives.len().min(8))) {
            out.take_one_of(alternatives, one_for_sure);
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
        if shown {
            self.test(columns, keys);
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
                    walker.listed(crate::sql::ListedKeys { column: column.clone(), values: vec![value.clone()] });
                }
                walker.branch.probes.push(column);
            }
        });
    }

    /// Notes a subquery of which only the outcome is shown.
    fn test(&mut self, mut columns: Vec<Column>, keys: Vec<crate::sql::ListedKeys>) {
        columns.sort();
        columns.dedup();
        if !columns.is_empty() && self.spend(columns.len()) {
            self.branch.tests.push(crate::sql::ExistenceTest { columns, keys });
            self.overflow |= self.branch.tests.len() > MOST_TESTS;
        }
    }

    /// An expression that only decides which rows are shown, how they are grouped or ordered.
    pub(super) fn probe(&mut self, expr: &'q Expr) {
        let out = self.considered(expr);
        self.branch.probes.extend(out.columns);
    }

    /// The same where it tells nothing of the rows: an order, a window.
    pub(super) fn looked_at(&mut self, expr: &'q Expr) {
        self.considered(expr);
    }

    /// A function of somebody's own that is called in a condition may send what it is given: what it was given has left.
    fn considered(&mut self, expr: &'q Expr) -> OutputColumn {
        let certain = std::mem::replace(&mut self.certain, false);
        let functions = self.branch.functions.len();
        let mut out = OutputColumn::default();
        self.aside(|walker| walker.shown(expr, &mut out));
        if self.branch.functions.len() > functions {
            self.branch.output.extend(out.columns.iter().cloned());
        }
        self.certain = certain;
        out
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
    pub(super) fn beside(&mut self, query: &'q Query) -> Vec<OutputColumn> {
        let (first, first_link) = (self.branch.sources.len(), self.branch.links.len());
        let (first_key, first_probe) = (self.branch.keys.len(), self.branch.probes.len());
        // Where only a condition looks at the value, what was packed or folded there is dropped by who walks the condition.
        let packs = self.branch.packs.len();
        let outs = self.apart(|walker| walker.query(query));
        self.block.packed_inside |= self.branch.packs.len() > packs;
        self.direct_inwards(first_link, first);
        // Nothing of its tables is shown but whether there is such a row, or how many there are.
        if self.flows && outs.iter().all(|out| out.columns.is_empty()) {
            let columns = self.branch.probes[first_probe..].to_vec();
            let keys = self.branch.keys[first_key..].to_vec();
            self.test(columns, keys);
        }
        if self.flows && outs.iter().any(|out| !out.columns.is_empty()) {
            self.branch.sources[first..].iter_mut().for_each(|source| source.flows = true);
            self.branch.beside.extend(first..self.branch.sources.len());
        }
        outs
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
                // `count(*)`; an object of all columns where the function takes them.
                FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => {}
            }
        }
    }

    pub(super) fn argument_list(&mut self, list: &'q FunctionArgumentList, out: &mut OutputColumn) {
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

    /// Every column of every table in reach.
    pub(super) fn reachable(&self) -> Vec<Column> {
        let shapes = self.scopes.iter().flatten().map(|binding| &binding.shape);
        let all: Vec<Column> = shapes.take_while(|shape| self.spend(shape.len())).flat_map(all_of).collect();
        self.spend(all.len());
        all
    }

    /// The columns that a name may mean. An unqualified name in a query over several tables may be of any of them.
    pub(super) fn columns(&mut self, path: &[&Ident], out: &mut OutputColumn) {
        let Some((last, qualifiers)) = path.split_last() else { return };
        let before = out.columns.len();
        // Hive's `(id)?+.+` is every column that fits the pattern.
        let pattern = matches!(self.dialect, Dialect::Hive | Dialect::Databricks) && last.value.contains(['*', '+', '?', '|']);
        if is_position(&last.value) || pattern {
            out.columns.extend(self.reachable());
        } else if let Some(qualifier) = qualifiers.last() {
            let fits = |binding: &&crate::sql::output::Binding| binding.alias.eq_ignore_ascii_case(&qualifier.value);
            match self.scopes.iter().rev().find_map(|scope| scope.iter().rev().find(fits)) {
                Some(binding) if self.spend(binding.shape.len()) => {
                    out.summed.extend(summed(&binding.shape, &last.value));
                    out.doubtful.extend(doubtful(&binding.shape, &last.value));
                    out.columns.extend(named(&binding.shape, &last.value).unwrap_or_else(|| all_of(&binding.shape)));
                }
                Some(_) => {}
                // `a.b` may be column and field, or name a table outside of every scope: the whole.
                None => out.columns.extend(self.reachable()),
            }
        } else {
            self.unqualified(last, out);
        }
        self.spend(out.columns.len() - before);
    }

    fn unqualified(&self, name: &Ident, out: &mut OutputColumn) {
        if name.value.starts_with('@') {
            return;
        }
        // A table's own name as a value is its whole row.
        let alias = |binding: &&crate::sql::output::Binding| binding.alias.eq_ignore_ascii_case(&name.value);
        if let Some(binding) = self.scopes.iter().rev().find_map(|scope| scope.iter().find(alias)) {
            out.columns.extend(all_of(&binding.shape));
            return;
        }
        let mut found = false;
        for binding in self.scopes.iter().rev().flatten() {
            if !self.spend(binding.shape.len()) {
                return;
            }
            if let Some(columns) = named(&binding.shape, &name.value) {
                found = true;
                out.columns.extend(columns);
                out.summed.extend(summed(&binding.shape, &name.value));
                out.doubtful.extend(doubtful(&binding.shape, &name.value));
            }
        }
        // A name that nothing bears is one that the server makes, or one of its own.
        if !found && !OWN_NAMES.iter().any(|own| name.value.eq_ignore_ascii_case(own)) {
            out.columns.extend(self.reachable());
        }
    }
}

/// Most subqueries of a branch of which only the outcome is shown.
const MOST_TESTS: usize = 64;

/// Names that are no columns, where nothing bears them.
const OWN_NAMES: [&str; 14] = [
    "rownum",
    "level",
    "sysdate",
    "systimestamp",
    "user",
    "uid",
    "current_date",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "session_user",
    "default",
    "dual",
];

/// Whether a name is a column's position: `$2`.
fn is_position(name: &str) -> bool {
    name.strip_prefix('$').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
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
