//! Filters and projections of MongoDB as SQL that reads the same, or more.
//!
//! Every condition that is left out, and every projection that is not understood, makes the statement read more, never less.
//! Names and values come from whoever wrote the command: they are quoted by the standard's rules.

use serde_json::{Map, Value};

type Fields = Map<String, Value>;

/// A name between quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// `"db"."collection"`.
pub(super) fn table(namespace: &str) -> String {
    match namespace.split_once('.') {
        Some((database, collection)) => format!("{}.{}", quoted(database), quoted(collection)),
        None => quoted(namespace),
    }
}

/// A value as a literal; `None` for documents, lists and nulls.
fn literal(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            // 42.0 is 42.
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => format!("{}", float as i64),
            _ => number.to_string(),
        },
        Value::Bool(flag) => flag.to_string(),
        Value::Object(wrapped) => {
            let (kind, inner) = wrapped.iter().next().filter(|_| wrapped.len() == 1)?;
            return match kind.as_str() {
                "$oid" | "$numberLong" | "$numberInt" | "$numberDouble" | "$numberDecimal" | "$uuid" | "$symbol" | "$date" => {
                    literal(inner.get("$numberLong").unwrap_or(inner))
                }
                "$binary" => literal(inner.get("base64")?),
                _ => None,
            };
        }
        Value::Null | Value::Array(_) => return None,
    };
    Some(format!("'{}'", text.replace('\0', "").replace('\'', "''")))
}

/// The condition of a filter; empty where it limits nothing that SQL can say.
pub(super) fn condition(filter: &Value) -> String {
    let Some(fields) = filter.as_object() else { return String::new() };
    let parts: Vec<String> = fields.iter().map(|(name, value)| of_field(name, value)).filter(|part| !part.is_empty()).collect();
    parts.join(" AND ")
}

fn of_field(name: &str, value: &Value) -> String {
    let arms = || value.as_array().map(|arms| arms.iter().map(condition).collect::<Vec<_>>()).unwrap_or_default();
    match name {
        "$and" => arms().into_iter().filter(|arm| !arm.is_empty()).map(|arm| format!("({arm})")).collect::<Vec<_>>().join(" AND "),
        "$or" => {
            let arms = arms();
            // An arm without a condition lets everything in.
            if arms.is_empty() || arms.iter().any(String::is_empty) {
                return String::new();
            }
            format!("({})", arms.iter().map(|arm| format!("({arm})")).collect::<Vec<_>>().join(" OR "))
        }
        name if name.starts_with('$') => String::new(),
        name => of_value(&quoted(name), value),
    }
}

fn of_value(column: &str, value: &Value) -> String {
    if let Some(literal) = literal(value) {
        return format!("{column} = {literal}");
    }
    let some = || format!("{column} IS NOT NULL");
    match value {
        Value::Null => format!("{column} IS NULL"),
        Value::Object(operators) if operators.contains_key("$regex") || operators.contains_key("$regularExpression") => {
            format!("{column} LIKE '%'")
        }
        Value::Object(operators) if !operators.is_empty() && operators.keys().all(|key| key.starts_with('$')) => {
            operators.iter().map(|(operator, value)| of_operator(column, operator, value)).collect::<Vec<_>>().join(" AND ")
        }
        _ => some(),
    }
}

fn of_operator(column: &str, operator: &str, value: &Value) -> String {
    let some = format!("{column} IS NOT NULL");
    let compared = |sign: &str| literal(value).map(|literal| format!("{column} {sign} {literal}"));
    match operator {
        "$eq" => compared("="),
        "$gt" => compared(">"),
        "$gte" => compared(">="),
        "$lt" => compared("<"),
        "$lte" => compared("<="),
        "$in" => {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let literals: Option<Vec<String>> = list.iter().map(literal).collect();
            literals.filter(|literals| !literals.is_empty()).map(|literals| format!("{column} IN ({})", literals.join(", ")))
        }
        _ => None,
    }
    .unwrap_or(some)
}

/// The columns of a projection; `*` where it only leaves out, or computes.
pub(super) fn columns(projection: Option<&Value>) -> String {
    let Some(fields) = projection.and_then(Value::as_object).filter(|fields| !fields.is_empty()) else { return "*".to_owned() };
    let on = |value: &Value| value.as_bool().unwrap_or_else(|| value.as_f64().is_some_and(|number| number != 0.0));
    let off = |value: &Value| value.as_bool() == Some(false) || value.as_f64() == Some(0.0);
    let mut names: Vec<&str> = Vec::new();
    let mut included = false;
    for (name, value) in fields {
        let path = value.as_str().and_then(|path| path.strip_prefix('$')).filter(|path| !path.starts_with('$'));
        match (value, path) {
            (_, Some(path)) => {
                included = true;
                names.push(path);
            }
            (value, None) if on(value) => {
                included |= name != "_id";
                names.push(name);
            }
            (value, None) if off(value) => {}
            _ => return "*".to_owned(),
        }
    }
    // `{_id: 1}` alone includes as well.
    if !included && names.is_empty() {
        return "*".to_owned();
    }
    let without_id = fields.get("_id").is_some_and(off);
    if !without_id {
        names.push("_id");
    }
    let mut columns: Vec<String> = Vec::new();
    for name in names {
        // A part of a document is also told as the document: a catalog may name either.
        let whole = name.split('.').next().unwrap_or(name);
        for column in [quoted(whole), quoted(name)] {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        if columns.len() > 1_000 {
            return "*".to_owned();
        }
    }
    columns.join(", ")
}

/// The text of a query.
pub(super) fn select(columns: &str, from: &str, condition: &str, limit: Option<u64>) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
    let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    format!("SELECT {columns} FROM {from}{condition}{limit}")
}

/// A whole number, also in extended JSON.
pub(super) fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    let inner = ["$numberLong", "$numberInt", "$numberDouble"].iter().find_map(|kind| value.get(*kind)).unwrap_or(value);
    inner
        .as_i64()
        .or_else(|| inner.as_str()?.parse().ok())
        .or_else(|| inner.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
}

fn filter(args: &Fields, names: &[&str]) -> String {
    names.iter().find_map(|name| args.get(*name)).map(condition).unwrap_or_default()
}

pub(super) fn find(namespace: &str, args: &Fields) -> String {
    // A negative limit is one without a cursor; 0 is none.
    let limit = number(args.get("limit")).map(i64::unsigned_abs).filter(|limit| *limit > 0);
    select(&columns(args.get("projection").or_else(|| args.get("fields"))), &table(namespace), &filter(args, &["filter", "query"]), limit)
}

pub(super) fn count(namespace: &str, args: &Fields) -> String {
    select("count(*)", &table(namespace), &filter(args, &["query", "filter"]), None)
}

pub(super) fn distinct(namespace: &str, args: &Fields) -> String {
    let key = args.get("key").and_then(Value::as_str).unwrap_or("_id");
    let column = columns(Some(&serde_json::json!({ key: 1, "_id": i32::from(key == "_id") })));
    select(&format!("DISTINCT {column}"), &table(namespace), &filter(args, &["query"]), None)
}

pub(super) fn find_and_modify(namespace: &str, args: &Fields) -> String {
    select(&columns(args.get("fields")), &table(namespace), &filter(args, &["query"]), Some(1))
}
