//! What calls of functions do to the rows behind a value: collapse them, show one of them, pack many into one, hide or send them.
//!
//! A sum of a whole table tells of nobody. Any other sum or mean may be one of a single person, and one whose rows have weights of
//! their own (`sum(phone * 10 ^ (11 * n))`) is a list of them in one number.

use crate::sql::functions::{FunctionEffect, effect, effect_of_call};
use crate::sql::output::{OutputColumn, is_linear};
use crate::sql::walk::{Walker, text};
use crate::sql::{Column, FoldValue};
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, InTarget, UnaryOperator, WindowSpec,
    WindowType,
};

impl<'q> Walker<'q> {
    pub(super) fn function(&mut self, function: &'q Function, out: &mut OutputColumn) {
        let name = text(&function.name);
        let windowed = function.over.is_some();
        // `ARRAY(SELECT …)` is parsed as a call.
        let subquery = matches!(function.args, FunctionArguments::Subquery(_));
        let effect = if subquery { FunctionEffect::Scalar } else { effect_of_call(function, &name, self.dialect) };
        let mut args = OutputColumn::default();
        let values = self.block.values.len();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                // `ARRAY(SELECT …)`: all rows of the subquery in one value.
                let outs = self.beside(query);
                args.columns.extend(outs.into_iter().flat_map(|inner| inner.columns.into_iter().chain(inner.summed)));
                self.pack(&args.columns);
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
            self.window(window);
        }
        // `OBJECT_CONSTRUCT(*)` holds the whole row.
        if !matches!(effect, FunctionEffect::Count | FunctionEffect::Window | FunctionEffect::Server) && takes_all(function) {
            args.columns.extend(self.reachable());
        }
        let collapses =
            matches!(effect, FunctionEffect::Count | FunctionEffect::Sum | FunctionEffect::Extreme | FunctionEffect::Pack) && !windowed;
        if collapses {
            self.branch.aggregated = true;
            self.block.aggregated = true;
        }
        match effect {
            // How many rows of a window there are tells of none of them.
            FunctionEffect::Count if windowed => args.columns.clear(),
            FunctionEffect::Count => {
                self.asked(function);
                self.branch.probes.append(&mut args.columns);
            }
            FunctionEffect::Window | FunctionEffect::Server => self.branch.probes.append(&mut args.columns),
            FunctionEffect::Sum if !self.arguments_are_linear(function) => {
                args.columns.append(&mut args.summed);
                self.pack(&args.columns);
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::Sum if self.block.whole && !windowed && function.filter.is_none() && !has_case(function) => {
                // Nobody can tell a person of a sum of everybody.
                self.block.values.truncate(values);
                out.summed.append(&mut args.columns);
            }
            FunctionEffect::Sum | FunctionEffect::Extreme => {
                self.value(args.columns.clone(), weight(function));
                self.block.own |= windowed || self.block.grouped && function.filter.is_some();
                self.block.windowed |= windowed;
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::Pack => {
                args.columns.append(&mut args.summed);
                self.pack(&args.columns);
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::Rows => {
                self.branch.multiplied = true;
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::Neighbour => self.neighbour(std::mem::take(&mut args), out),
            FunctionEffect::Collects => {
                self.sends(&args.columns);
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::HidesQuery | FunctionEffect::Foreign => {
                // One value of a function's may hold any number of rows of any table, and what it is given has left.
                self.sends(&args.columns);
                self.hides(name);
                out.columns.append(&mut args.columns);
            }
            FunctionEffect::Scalar if windowed => self.neighbour(std::mem::take(&mut args), out),
            FunctionEffect::Scalar if FIRST_OF.iter().any(|first| name.eq_ignore_ascii_case(first)) => {
                // Each row shows one of its arguments.
                let mut each: Vec<Column> = std::mem::take(&mut args.columns);
                each.sort();
                each.dedup();
                let alternatives = each.into_iter().map(|column| OutputColumn { columns: vec![column], ..OutputColumn::default() });
                out.take_one_of(alternatives.collect(), true);
            }
            FunctionEffect::Scalar => out.columns.append(&mut args.columns),
        }
        out.take(args);
    }

    /// A window shows nothing; what it calls may send what it is given.
    pub(super) fn window(&mut self, window: &'q WindowSpec) {
        window.partition_by.iter().for_each(|expr| self.looked_at(expr));
        window.order_by.iter().for_each(|order| self.looked_at(&order.expr));
    }

    /// An operator of somebody's own is a function of theirs.
    pub(super) fn operator(&mut self, operator: &BinaryOperator, args: &OutputColumn) {
        // Distances of vectors, shapes and words.
        const KNOWN: [&str; 14] = ["<->", "<=>", "<#>", "<+>", "<~>", "<%>", "<%", "%>", "<<%", "%>>", "<<->", "<->>", "<<<->", "<->>>"];
        let own = match operator {
            BinaryOperator::PGCustomBinaryOperator(path) => {
                !matches!(path.as_slice(), [schema, _] if schema.eq_ignore_ascii_case("pg_catalog"))
            }
            BinaryOperator::Custom(name) => !KNOWN.contains(&name.as_str()),
            _ => false,
        };
        if own {
            self.sends(&args.columns);
        }
    }

    /// A type of somebody's own is made by a function of theirs, or checked by one.
    pub(super) fn cast(&mut self, data_type: &DataType, args: &OutputColumn) {
        const KNOWN: [&str; 24] = [
            "regclass",
            "regtype",
            "regproc",
            "regprocedure",
            "regnamespace",
            "regrole",
            "regoper",
            "oid",
            "name",
            "char",
            "citext",
            "hstore",
            "inet",
            "cidr",
            "macaddr",
            "xid",
            "tid",
            "money",
            "xml",
            "tsvector",
            "tsquery",
            "number",
            "varchar2",
            "sysname",
        ];
        if let DataType::Custom(name, _) = data_type {
            let name = text(name).to_ascii_lowercase();
            let bare = name.strip_prefix("pg_catalog.").unwrap_or(&name);
            if !KNOWN.contains(&bare) && !name.starts_with("pg_catalog.") {
                self.sends(&args.columns);
            }
        }
    }

    /// A function in place of a table: its rows are visible, what it reads is not.
    pub(super) fn table_function(&mut self, name: &str, columns: &[Column]) {
        match effect(name, self.dialect) {
            FunctionEffect::Foreign => self.branch.functions.push(name.to_owned()),
            FunctionEffect::HidesQuery => self.hides(name.to_owned()),
            FunctionEffect::Collects => self.sends(columns),
            FunctionEffect::Pack => self.pack(columns),
            FunctionEffect::Count
            | FunctionEffect::Sum
            | FunctionEffect::Extreme
            | FunctionEffect::Rows
            | FunctionEffect::Scalar
            | FunctionEffect::Window
            | FunctionEffect::Neighbour
            | FunctionEffect::Server => {}
        }
    }

    /// Columns are left where something else finds them again.
    pub(super) fn sends(&mut self, columns: &[Column]) {
        if self.spend(columns.len()) {
            self.branch.sends.extend(columns.iter().cloned());
        }
    }

    pub(super) fn hides(&mut self, name: String) {
        self.branch.hides_query = true;
        self.branch.functions.push(name);
    }

    /// Many rows of these columns go into one value.
    fn pack(&mut self, columns: &[Column]) {
        if self.spend(columns.len()) {
            self.branch.packs.extend(columns.iter().cloned());
        }
    }

    /// A value of one row is shown in a row of many.
    fn value(&mut self, columns: Vec<Column>, times: u64) {
        if !columns.is_empty() && self.spend(columns.len()) {
            self.block.values.push(FoldValue { columns, times, asked: false });
        }
    }

    /// `SELECT JSON name`, `SELECT PRIOR name`: the grammar takes the word for a column and the column for its new name.
    pub(super) fn behind_word(&mut self, expr: &Expr, alias: &Ident, out: &mut OutputColumn) {
        const WORDS: [&str; 9] = ["json", "unique", "prior", "binary", "stream", "distinctrow", "connect_by_root", "top", "value"];
        let Expr::Identifier(word) = expr else { return };
        if word.quote_style.is_some() || !WORDS.iter().any(|known| word.value.eq_ignore_ascii_case(known)) {
            return;
        }
        let mut other = OutputColumn::default();
        self.columns(&[alias], &mut other);
        match word.value.to_ascii_lowercase().as_str() {
            "prior" | "connect_by_root" => self.neighbour(other, out),
            _ => out.columns.extend(other.columns),
        }
    }

    /// A value of another row is shown beside the row.
    pub(super) fn neighbour(&mut self, other: OutputColumn, out: &mut OutputColumn) {
        self.value(other.columns.clone(), 1);
        (self.block.own, self.block.windowed) = (true, true);
        // The first row of a window has none before it.
        out.doubtful.extend(other.columns.iter().cloned());
        out.take(other);
    }

    /// A variable that is given the value from row to row may hold those of all rows in the end.
    pub(super) fn collects(&mut self, value: &'q Expr) {
        let mut out = OutputColumn::default();
        self.apart(|walker| walker.shown(value, &mut out));
        self.sends(&out.columns);
    }

    /// T-SQL's `SELECT @all = @all + name`.
    pub(super) fn assigned_to_variable(&mut self, expr: &'q Expr) {
        let is_variable = |expr: &Expr| matches!(expr, Expr::Identifier(name) if name.value.starts_with('@'));
        if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr
            && is_variable(left)
        {
            self.collects(right);
        }
    }

    /// A count of rows that are asked for by their values tells whether they are there.
    fn asked(&mut self, function: &'q Function) {
        let list = match &function.args {
            FunctionArguments::List(list) => list.args.as_slice(),
            FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
        };
        for expr in list.iter().filter_map(argument).chain(function.filter.as_deref()) {
            self.asked_in(expr);
        }
    }

    fn asked_in(&mut self, expr: &'q Expr) {
        if !self.spend(1) {
            return;
        }
        if let Some(keys) = self.keys(expr) {
            self.block.values.push(FoldValue { columns: vec![keys.column], times: keys.values.len() as u64, asked: true });
            return;
        }
        match expr {
            Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => self.asked_in(inner),
            Expr::BinaryOp { .. } => {
                let mut rest = expr;
                while let Expr::BinaryOp { left, right, .. } = rest {
                    self.asked_in(right);
                    rest = left;
                }
                self.asked_in(rest);
            }
            Expr::Case { conditions, operand, .. } => {
                for when in conditions {
                    self.asked_in(&when.condition);
                }
                if let Some(column) = operand.as_ref().and_then(|operand| self.one_column(operand)) {
                    self.block.values.push(FoldValue { columns: vec![column], times: conditions.len() as u64, asked: true });
                }
            }
            _ => {}
        }
    }

    fn arguments_are_linear(&self, function: &Function) -> bool {
        let FunctionArguments::List(list) = &function.args else { return false };
        list.args.iter().all(|arg| argument(arg).is_some_and(|arg| self.is_linear(arg)))
            && function.within_group.iter().all(|order| self.is_linear(&order.expr))
    }

    /// Whether a sum of it cannot be taken apart again: no row has a weight of its own.
    pub(super) fn is_linear(&self, expr: &Expr) -> bool {
        if !self.spend(1) {
            return false;
        }
        // Long sums lean to the left.
        let mut expr = expr;
        while let Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } = expr {
            if !self.spend(1) || !self.is_linear(right) {
                return false;
            }
            expr = left;
        }
        match expr {
            Expr::Identifier(name) => self.name_is_linear(None, name),
            Expr::CompoundIdentifier(path) => match path.as_slice() {
                [.., qualifier, name] => self.name_is_linear(Some(qualifier), name),
                _ => false,
            },
            Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
            Expr::Nested(inner)
            | Expr::Cast { expr: inner, .. }
            | Expr::Convert { expr: inner, .. }
            | Expr::Extract { expr: inner, .. }
            | Expr::Ceil { expr: inner, .. }
            | Expr::Floor { expr: inner, .. } => self.is_linear(inner),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => self.is_linear(expr),
            Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
                self.is_linear(left) && self.is_linear(right) && (is_constant(left) || is_constant(right))
            }
            Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => self.is_linear(left) && is_constant(right),
            Expr::Case { conditions, else_result, .. } => {
                let else_result = else_result.iter().map(|result| &**result);
                conditions.iter().map(|when| &when.result).chain(else_result).all(|result| self.is_linear(result))
            }
            Expr::Function(function) if function.over.is_none() => {
                let name = text(&function.name);
                let scalar = LINEAR.iter().any(|linear| name.eq_ignore_ascii_case(linear));
                let folds = match effect_of_call(function, &name, self.dialect) {
                    FunctionEffect::Count => return true,
                    FunctionEffect::Sum | FunctionEffect::Extreme => true,
                    _ => false,
                };
                (scalar || folds) && self.arguments_are_linear(function)
            }
            _ => false,
        }
    }

    fn name_is_linear(&self, qualifier: Option<&Ident>, name: &Ident) -> bool {
        let mut found = false;
        for binding in self.scopes.iter().rev().flatten() {
            if qualifier.is_some_and(|qualifier| !binding.alias.eq_ignore_ascii_case(&qualifier.value)) {
                continue;
            }
            if !self.spend(binding.shape.len()) || !is_linear(&binding.shape, &name.value) {
                return false;
            }
            found = true;
        }
        found
    }
}

/// Functions of one value that change its size, not its place among others.
const LINEAR: [&str; 18] = [
    "coalesce",
    "ifnull",
    "nvl",
    "isnull",
    "nullif",
    "zeroifnull",
    "round",
    "abs",
    "trunc",
    "truncate",
    "floor",
    "ceil",
    "ceiling",
    "length",
    "char_length",
    "octet_length",
    "datediff",
    "age",
];

/// Functions that show one of their arguments.
const FIRST_OF: [&str; 11] = ["coalesce", "ifnull", "nvl", "nvl2", "isnull", "if", "iif", "iff", "decode", "greatest", "least"];

fn argument(arg: &FunctionArg) -> Option<&Expr> {
    let arg = match arg {
        FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => arg,
    };
    match arg {
        FunctionArgExpr::Expr(expr) => Some(expr),
        FunctionArgExpr::QualifiedWildcard(_) | FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => None,
    }
}

fn arguments(function: &Function) -> &[FunctionArg] {
    match &function.args {
        FunctionArguments::List(list) => &list.args,
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    }
}

fn takes_all(function: &Function) -> bool {
    arguments(function).iter().any(|arg| {
        let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) = arg;
        matches!(arg, FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_))
    })
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_constant(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_constant(expr),
        Expr::Value(_) => true,
        _ => false,
    }
}

fn has_case(function: &Function) -> bool {
    weight(function) > 1 || arguments(function).iter().filter_map(argument).any(|expr| cases(expr) > 0)
}

/// Of how many people one sum may tell at the most: each condition in it may pick out another.
fn weight(function: &Function) -> u64 {
    arguments(function).iter().filter_map(argument).map(cases).sum::<u64>().max(1)
}

fn cases(expr: &Expr) -> u64 {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } | Expr::UnaryOp { expr: inner, .. } => cases(inner),
        Expr::BinaryOp { .. } => {
            let (mut rest, mut sum) = (expr, 0_u64);
            while let Expr::BinaryOp { left, right, .. } = rest {
                sum = sum.saturating_add(cases(right));
                rest = left;
            }
            sum.saturating_add(cases(rest))
        }
        Expr::Case { conditions, else_result, .. } => {
            let listed = |expr: &Expr| match expr {
                Expr::In { target: InTarget::List(items), .. } => items.len() as u64,
                _ => 1,
            };
            let own: u64 = conditions.iter().map(|when| listed(&when.condition).saturating_add(cases(&when.result))).sum();
            own.saturating_add(u64::from(else_result.is_some()))
        }
        Expr::Function(function) => arguments(function).iter().filter_map(argument).map(cases).sum(),
        _ => 0,
    }
}
