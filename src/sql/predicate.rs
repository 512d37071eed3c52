//! What a condition says: columns with listed values, columns that are equal, ranges and patterns.

use crate::sql::walk::Walker;
use crate::sql::{Column, ColumnEquality, Condition, KeyValue, ListedKeys};
use sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, InTarget, UnaryOperator, Value};

/// Most listed values that are kept; a longer list counts by its kept part, so it is dropped.
const MOST_KEYS: usize = 100_000;

impl<'q> Walker<'q> {
    /// A condition that holds for every row that is shown, if the walk is at such a place.
    pub(super) fn condition(&mut self, expr: &'q Expr) {
        if !self.spend(1) {
            return;
        }
        match expr {
            Expr::Nested(inner) => self.condition(inner),
            // A chain of ANDs leans to the left; it is taken apart without recursion, however long.
            Expr::BinaryOp { op: BinaryOperator::And, .. } => {
                let (mut rest, mut parts) = (expr, Vec::new());
                while let Expr::BinaryOp { left, op: BinaryOperator::And, right } = rest {
                    parts.push(&**right);
                    rest = left;
                }
                parts.push(rest);
                parts.into_iter().rev().for_each(|part| self.condition(part));
            }
            Expr::Exists { subquery, negated: false } => {
                // Columns equated inside hold for the row outside as well.
                self.aside(|walker| walker.query(subquery));
                self.chosen_by(Condition::Other);
            }
            Expr::In { expr: column, target: InTarget::Subquery(query), negated: false, .. } => {
                let certain = self.certain;
                let outs = self.aside(|walker| walker.query(query));
                let left = self.one_column(column);
                self.probe(column);
                if let (true, Some(left), [out]) = (certain, left, outs.as_slice())
                    && let (true, [right]) = (out.bare, out.columns.as_slice())
                {
                    self.link(ColumnEquality { left, right: right.clone(), forth: true, back: true });
                }
                self.chosen_by(Condition::Other);
            }
            _ => self.single(expr),
        }
    }

    fn single(&mut self, expr: &'q Expr) {
        if let Some((left, right)) = self.equal_columns(expr) {
            // In the body of a function `id = i` compares a column with a variable. Which of two bare names is which only the
            // catalog can tell, so the right-hand one is offered as a variable as well.
            if let (true, true, Some(value)) = (self.certain, left.source == right.source, variable(expr)) {
                self.listed(ListedKeys { column: left.clone(), values: vec![value] });
            }
            if self.certain {
                self.link(ColumnEquality { left, right, forth: true, back: true });
            }
        } else if let Some(keys) = self.keys(expr).filter(|keys| keys.values.len() <= MOST_KEYS) {
            self.branch.probes.push(keys.column.clone());
            self.chosen_by(Condition::Keys);
            if self.certain {
                self.listed(keys);
            }
            return;
        }
        self.chosen_by(shape(expr));
        self.probe(expr);
    }

    fn equal_columns(&self, expr: &Expr) -> Option<(Column, Column)> {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
        Some((self.one_column(left)?, self.one_column(right)?))
    }

    /// `column = value`, `column IN (…)`, `column = ANY(…)`, and ORs of these on one column.
    pub(super) fn keys(&self, expr: &Expr) -> Option<ListedKeys> {
        if !self.spend(1) {
            return None;
        }
        match expr {
            Expr::Nested(inner) => self.keys(inner),
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
                let (mut rest, mut all) = (expr, None::<ListedKeys>);
                loop {
                    let (part, next) = match rest {
                        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => (&**right, Some(&**left)),
                        last => (last, None),
                    };
                    let keys = self.keys(part)?;
                    match &mut all {
                        None => all = Some(keys),
                        Some(all) if all.column == keys.column => all.values.extend(keys.values),
                        Some(_) => return None,
                    }
                    match next {
                        Some(next) => rest = next,
                        None => return all,
                    }
                }
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let (column, other) = match self.one_column(left) {
                    Some(column) => (column, right),
                    None => (self.one_column(right)?, left),
                };
                Some(ListedKeys { column, values: vec![value(other)?] })
            }
            Expr::In { expr, target: InTarget::List(items), negated: false, .. } => {
                let column = self.one_column(expr)?;
                self.spend(items.len() / 4);
                let values = items.iter().map(value).collect::<Option<Vec<_>>>()?;
                Some(ListedKeys { column, values })
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                Some(ListedKeys { column: self.one_column(left)?, values: elements(right)? })
            }
            _ => None,
        }
    }

    /// The column of a qualified name, where its values are the column's own.
    fn bare_column(&self, path: &[sqlparser::ast::Ident]) -> Vec<Column> {
        let [.., qualifier, last] = path else { return Vec::new() };
        let fits = |binding: &&crate::sql::output::Binding| binding.alias.eq_ignore_ascii_case(&qualifier.value);
        let binding = self.scopes.iter().rev().find_map(|scope| scope.iter().rev().find(fits));
        binding.map_or_else(Vec::new, |binding| crate::sql::output::bare_named(&binding.shape, &last.value))
    }

    /// The column that an expression is, where it can be only one.
    pub(super) fn one_column(&self, expr: &Expr) -> Option<Column> {
        let columns: Vec<Column> = match expr {
            Expr::Nested(inner) => return self.one_column(inner),
            Expr::Cast { expr, data_type, .. } if super::expr::keeps_text(data_type) => return self.one_column(expr),
            Expr::Identifier(ident) => {
                let innermost = self.scopes.last()?;
                self.spend(innermost.iter().map(|binding| binding.shape.len()).sum());
                // Against an outer table of the same column name the inner one wins, as in SQL.
                innermost.iter().flat_map(|binding| crate::sql::output::bare_named(&binding.shape, &ident.value)).collect()
            }
            Expr::CompoundIdentifier(path) => self.bare_column(path),
            _ => return None,
        };
        match columns.as_slice() {
            [only] if only.name.is_some() => Some(only.clone()),
            _ => None,
        }
    }
}

/// The bare name on the right of an equation.
fn variable(expr: &Expr) -> Option<KeyValue> {
    match expr {
        Expr::BinaryOp { right, .. } => match &**right {
            Expr::Identifier(ident) if ident.quote_style.is_none() => Some(KeyValue::Variable(ident.value.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A literal or placeholder.
pub(super) fn value(expr: &Expr) -> Option<KeyValue> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => value(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match value(expr)? {
            KeyValue::Literal(text) | KeyValue::Number(text) => Some(KeyValue::Number(format!("-{text}"))),
            KeyValue::Bind(_) | KeyValue::BindArray(_) | KeyValue::Variable(_) => None,
        },
        Expr::TypedString(typed) => literal(&typed.value.value),
        Expr::Value(value) => literal(&value.value),
        _ => None,
    }
}

fn literal(value: &Value) -> Option<KeyValue> {
    match value {
        Value::Number(number, _) => Some(KeyValue::Number(number.clone())),
        Value::Placeholder(name) => placeholder(name).map(KeyValue::Bind),
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) => Some(KeyValue::Literal(text.clone())),
        // What could be a column's name is one where the session says so (`ANSI_QUOTES`).
        Value::DoubleQuotedString(text) if !could_be_name(text) => Some(KeyValue::Literal(text.clone())),
        Value::DollarQuotedString(text) => Some(KeyValue::Literal(text.value.clone())),
        _ => None,
    }
}

/// Whether a text in double quotes could be a name.
pub(super) fn could_be_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit() || c == '+')
}

/// The number of a placeholder: `$3` and `:3` are 3. `?` has none until they are counted, which the parser does not do.
pub(super) fn placeholder(name: &str) -> Option<usize> {
    name.strip_prefix(['$', ':'])?.parse().ok().filter(|number| *number > 0)
}

/// The elements of an array behind `= ANY`.
fn elements(expr: &Expr) -> Option<Vec<KeyValue>> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => elements(inner),
        Expr::Array(array) => array.elem.iter().map(value).collect(),
        Expr::Value(literal_value) => match literal(&literal_value.value)? {
            KeyValue::Bind(number) => Some(vec![KeyValue::BindArray(number)]),
            KeyValue::Literal(text) => Some(array_elements(&text)?.into_iter().map(KeyValue::Literal).collect()),
            KeyValue::Number(_) | KeyValue::BindArray(_) | KeyValue::Variable(_) => None,
        },
        Expr::Function(function) => match &function.args {
            FunctionArguments::None | FunctionArguments::Subquery(_) | FunctionArguments::List(_) => None,
        },
        _ => None,
    }
}

/// The elements of `{1,2,"a b"}`; `None` where it is no flat array.
pub fn array_elements(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (mut elements, mut element, mut quoted, mut escaped, mut any) = (Vec::new(), String::new(), false, false, false);
    for c in inner.chars() {
        any = true;
        match c {
            _ if escaped => {
                element.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => elements.push(std::mem::take(&mut element)),
            '{' | '}' if !quoted => return None,
            _ => element.push(c),
        }
    }
    if any {
        elements.push(element);
    }
    Some(elements)
}

fn shape(expr: &Expr) -> Condition {
    match expr {
        Expr::Nested(inner) => shape(inner),
        Expr::Between { negated: false, .. } => Condition::Range,
        Expr::BinaryOp { op: BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq, .. } => {
            Condition::Range
        }
        Expr::Like { .. } | Expr::ILike { .. } | Expr::SimilarTo { .. } | Expr::RLike { .. } => Condition::Pattern,
        _ => Condition::Other,
    }
}
