//! What tells the rows of a query apart: the columns by which they are grouped, or of which no value is shown twice.

use crate::sql::Column;
use crate::sql::output::OutputColumn;
use crate::sql::walk::Walker;
use sqlparser::ast::{Distinct, Expr, GroupByExpr, Ident, Select, SelectItem, Value};

impl Walker<'_> {
    /// The bare column that tells the rows of the outermost query apart.
    pub(super) fn unique(&self, select: &Select, outs: &[OutputColumn]) -> Option<Column> {
        match (&select.distinct, &select.group_by) {
            (Some(Distinct::Distinct), GroupByExpr::Expressions(none, _)) if none.is_empty() => match outs {
                [OutputColumn { bare: true, columns, .. }] => match columns.as_slice() {
                    [only] => only.name.is_some().then(|| only.clone()),
                    _ => None,
                },
                _ => None,
            },
            (None, _) => match self.group_columns(select)?.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The bare columns by which rows are grouped, where they are grouped by nothing else.
    pub(super) fn group_columns(&self, select: &Select) -> Option<Vec<Column>> {
        let GroupByExpr::Expressions(exprs, modifiers) = &select.group_by else { return None };
        if !modifiers.is_empty() {
            return None;
        }
        let item = |at: usize| match select.projection.get(at)? {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        };
        // A name may be an alias of the select list instead of the column.
        let is_other = |name: &Ident| {
            select.projection.iter().any(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } => {
                    alias.value.eq_ignore_ascii_case(&name.value) && !super::expr::name_of(expr).eq_ignore_ascii_case(&name.value)
                }
                _ => false,
            })
        };
        let column = |expr: &Expr| match expr {
            Expr::Value(value) => match &value.value {
                Value::Number(number, _) => self.one_column(item(number.parse::<usize>().ok()?.checked_sub(1)?)?),
                _ => None,
            },
            Expr::Identifier(name) if is_other(name) => None,
            expr => self.one_column(expr),
        };
        exprs.iter().map(column).collect()
    }
}
