//! What an execution plan that the server logged says of a statement: the tables behind views and functions, and the bind
//! values that stand in its conditions as literals.

use crate::model::record::{Dialect, Plan};
use crate::sql::Fold;
use crate::sql::parse::expression;
use crate::sql::walk::{Binding, OutputColumn, Shape, Walker};
use crate::sql::{Branch, Column};
use sqlparser::ast::Expr;

/// A branch made of a plan's scans and output, in the dialect of its server; `None` where it scanned nothing.
pub fn branch(plan: &Plan, dialect: Dialect) -> Option<Branch> {
    if plan.scans.is_empty() {
        return None;
    }
    let outputs: Vec<Option<Expr>> = plan.output.iter().map(|text| expression(text)).collect();
    let conditions: Vec<Expr> = plan.conditions.iter().filter_map(|text| expression(text)).collect();
    let mut walker = Walker::new(dialect);
    let mut scope = Vec::new();
    for scan in &plan.scans {
        let source = walker.source(scan.table.clone());
        scope.push(Binding { alias: scan.alias.clone(), shape: Shape::Table(source) });
    }
    walker.scopes.push(scope);
    let mut out = OutputColumn::default();
    let mut unclear = outputs.is_empty();
    for expr in &outputs {
        match expr {
            Some(expr) => walker.shown(expr, &mut out),
            None => unclear = true,
        }
    }
    for condition in &conditions {
        walker.condition(condition);
    }
    if walker.gave_up() {
        return None;
    }
    let block = std::mem::take(&mut walker.block);
    // `$0` is what a subquery gave, and shows its tables.
    unclear |= plan.output.iter().any(|text| text.contains('$'));
    let mut branch = walker.finish().branch;
    // The rows of several arms are printed as columns of the first.
    if unclear || out.columns.iter().chain(&out.summed).any(|column| plan.scans[column.source].arm) {
        out.columns = (0..plan.scans.len()).map(|source| Column { source, name: None }).collect();
    }
    // A plan prints grouping columns beside aggregates; whether the rows are those of groups it tells by that alone.
    branch.grouped = branch.aggregated && !out.columns.is_empty() && !branch.packed && branch.packs.is_empty() && block.values.is_empty();
    branch.collapsed = branch.aggregated;
    if !block.values.is_empty() {
        branch.folds.push(Fold { values: block.values, keys: Vec::new(), own: block.own, windowed: block.windowed });
    }
    branch.output.extend(out.columns);
    branch.summed = out.summed;
    branch.output.sort();
    branch.output.dedup();
    branch.multiplied |= plan.scans.len() > 1;
    Some(branch)
}
