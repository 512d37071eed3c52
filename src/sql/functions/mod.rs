//! What is known of functions by their names: which collapse rows, which pack many rows into one value, which read tables
//! that a statement does not name.
//!
//! It is an allow-list: of each dialect the functions that its vendor documents, sorted by what a call does. A name that is on no
//! list is a function of the user's, and so is any name in a schema that is not the server's own. What overloads a built-in name
//! for types of its own (PostgreSQL lets one do so) is not told apart by a name.

mod tables;

use crate::model::record::Dialect;
use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, UnaryOperator, Value};

/// What a call does to the rows and tables behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum FunctionEffect {
    /// Asks the server or session about itself: neither its arguments nor a table's contents are in its value. A column among its
    /// arguments is looked at as in a condition.
    Server,
    /// Aggregate that counts or tests: nothing of its arguments leaves.
    Count,
    /// Numbers rows in a window; nothing of its arguments leaves.
    Window,
    /// Aggregate that sums or averages: tells of a person only where the group is a person.
    Sum,
    /// Works on its arguments alone: one value for one row.
    Scalar,
    /// Aggregate that shows one value of one row.
    Extreme,
    /// Shows beside a row one value of another row of its window: each call may add a person to the row.
    Neighbour,
    /// Returns several rows for one, all made of its arguments or of the server's own state.
    Rows,
    /// Many rows in one value.
    Pack,
    /// Leaves its arguments where something else finds them again (a setting, a message, a lock, a log): harmless where they are
    /// constants; a column among them may leave by a way that no row count tells, in a condition as well.
    Collects,
    /// A function of the user's: its body may read any table, send anything, pack many rows in one value.
    Foreign,
    /// Runs a query of its own, reads a file or talks to another machine: its result may hold anything, its arguments may leave.
    HidesQuery,
}

/// Longest name of a function that is looked up; no server has a longer one of its own.
const LONGEST_NAME: usize = 96;

/// The effect of a function of a dialect by its name, without quotes: of the worst of its calls, where they differ.
pub(super) fn effect(name: &str, dialect: Dialect) -> FunctionEffect {
    match known(name, dialect) {
        Ok(function) if function.quantile || function.most_arguments < u8::MAX => FunctionEffect::Pack,
        Ok(function) => function.effect,
        Err(unknown) => unknown,
    }
}

/// The effect of a call. Its name is given as it is read, without quotes.
///
/// `max(x)` shows one value, `max(x, 100)` packs a hundred; a percentile shows one value where its fraction is written as a number
/// and as many as an array has elsewhere; in a window an extreme stands beside rows of others.
pub(super) fn effect_of_call(function: &Function, name: &str, dialect: Dialect) -> FunctionEffect {
    if is_quoted_otherwise(&function.name, dialect) {
        return FunctionEffect::Foreign;
    }
    let known = match known(name, dialect) {
        Ok(known) => known,
        Err(unknown) => return unknown,
    };
    let arguments: &[FunctionArg] = match &function.args {
        FunctionArguments::List(list) => &list.args,
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    };
    let ordered = !function.within_group.is_empty();
    let effect = match known.effect {
        _ if arguments.len() > usize::from(known.most_arguments) => FunctionEffect::Pack,
        _ if arguments.first().is_some_and(names_rows) && is_of_metadata(name) => FunctionEffect::HidesQuery,
        // `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`, `approx_percentile(x, 0.5)`.
        _ if known.quantile && !arguments.iter().skip(usize::from(!ordered)).all(is_number) => FunctionEffect::Pack,
        // `rank(5) WITHIN GROUP (ORDER BY x)` is an aggregate.
        FunctionEffect::Window if ordered => FunctionEffect::Count,
        effect => effect,
    };
    match effect {
        FunctionEffect::Extreme if function.over.is_some() => FunctionEffect::Neighbour,
        effect => effect,
    }
}

/// Oracle's functions that give the definition of an object as a text.
fn is_of_metadata(name: &str) -> bool {
    name.to_ascii_lowercase().contains("dbms_metadata.")
}

/// Whether a kind of object is named that is rows (`TABLE_DATA`), or nobody knows which.
fn names_rows(argument: &FunctionArg) -> bool {
    let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) = argument;
    match arg {
        FunctionArgExpr::Expr(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) => text.to_ascii_uppercase().contains("DATA"),
            _ => false,
        },
        _ => false,
    }
}

fn is_number(argument: &FunctionArg) -> bool {
    let (FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg)) = argument;
    matches!(arg, FunctionArgExpr::Expr(expr) if is_number_expr(expr))
}

fn is_number_expr(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => is_number_expr(inner),
        Expr::Cast { expr, .. } => is_number_expr(expr),
        _ => false,
    }
}

/// Whether quotes make the name another than the server's own: `"Count"` is nobody's but the user's where names fold to one case.
fn is_quoted_otherwise(name: &ObjectName, dialect: Dialect) -> bool {
    let folds_to_lower = matches!(dialect, Dialect::PostgreSql | Dialect::Generic);
    let folds_to_upper = matches!(dialect, Dialect::Oracle | Dialect::Snowflake);
    let is_other = |ident: &sqlparser::ast::Ident| {
        ident.quote_style == Some('"')
            && (folds_to_lower && ident.value.bytes().any(|byte| byte.is_ascii_uppercase())
                || folds_to_upper && ident.value.bytes().any(|byte| byte.is_ascii_lowercase()))
    };
    name.0.iter().filter_map(|part| part.as_ident()).any(is_other)
}

/// What the lists say of a name, or what it is taken for where they say nothing.
fn known(name: &str, dialect: Dialect) -> Result<tables::Listed, FunctionEffect> {
    let mut buffer = [0; LONGEST_NAME];
    let Some(lower) = buffer.get_mut(..name.len()) else { return Err(FunctionEffect::Foreign) };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    let Ok(lower) = std::str::from_utf8(lower) else { return Err(FunctionEffect::Foreign) };
    let table = tables::of(dialect);
    let own = own_schemas(dialect).iter().find_map(|schema| lower.strip_prefix(schema));
    // Each database of Snowflake's has the same functions: `crm.information_schema.login_history`.
    let own = own.or_else(|| match (dialect, lower.split_once('.')) {
        (Dialect::Snowflake, Some((_, rest))) if rest.starts_with("information_schema.") => Some(rest),
        _ => None,
    });
    if let Some(listed) = table.get(lower).or_else(|| table.get(own?)) {
        return Ok(*listed);
    }
    // What runs a query does so in whatever schema it was installed.
    let bare = lower.rsplit('.').next().unwrap_or(lower);
    let hides = table.get(bare).is_some_and(|listed| listed.effect == FunctionEffect::HidesQuery);
    Err(if hides { FunctionEffect::HidesQuery } else { FunctionEffect::Foreign })
}

/// Schemas in which the server's own functions stand, with their dots: before the names of the lists they change nothing.
fn own_schemas(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::PostgreSql | Dialect::Generic => &["pg_catalog."],
        Dialect::Oracle => &["sys.standard.", "standard.", "sys."],
        Dialect::BigQuery => &["safe."],
        Dialect::Databricks => &["system.builtin.", "builtin."],
        Dialect::Trino => &["system.builtin."],
        Dialect::MySql | Dialect::MsSql | Dialect::Snowflake | Dialect::Hive => &[],
    }
}

#[cfg(test)]
mod tests;
