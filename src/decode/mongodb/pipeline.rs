//! Aggregation pipelines as SQL that reads the same, or more.

use serde_json::{Map, Value};

use super::query::{columns, condition, number, select, table};

/// What a pipeline reads.
pub(super) struct Aggregate {
    /// As SQL.
    pub text: String,
    /// Its result goes into a collection (`$out`, `$merge`).
    pub stored: bool,
}

/// `None` where the pipeline looks at the server and not at documents.
pub(super) fn aggregate(namespace: &str, args: &Map<String, Value>) -> Option<Aggregate> {
    let empty = Vec::new();
    let stages = args.get("pipeline").and_then(Value::as_array).unwrap_or(&empty);
    let stage = |value: &'_ Value| value.as_object().and_then(|stage| stage.iter().next().map(|(name, body)| (name.clone(), body.clone())));
    let stages: Vec<(String, Value)> = stages.iter().filter_map(stage).collect();
    let first = stages.first().map_or("", |(name, _)| name.as_str());
    let server =
        ["$collStats", "$indexStats", "$currentOp", "$listSessions", "$listLocalSessions", "$planCacheStats", "$listSearchIndexes"];
    if server.contains(&first) {
        return None;
    }
    let mut others = Vec::new();
    args.get("pipeline").into_iter().for_each(|pipeline| named_elsewhere(pipeline, &mut others));
    let database = namespace.split('.').next().unwrap_or(namespace);
    others.sort_unstable();
    others.dedup();
    let stored = stages.iter().any(|(name, _)| name == "$out" || name == "$merge");
    // Documents of other collections are packed into each: neither conditions nor limits of the first hold for them.
    if !others.is_empty() {
        let from: Vec<String> =
            std::iter::once(table(namespace)).chain(others.iter().map(|name| table(&format!("{database}.{name}")))).collect();
        let grouped = stages.iter().any(|(name, body)| name == "$count" || name == "$group" && counts_only(body));
        let text = if grouped { counted(&stages, &from.join(", "), "") } else { None };
        return Some(Aggregate { text: text.unwrap_or_else(|| select("*", &from.join(", "), "", None)), stored });
    }
    Some(Aggregate { text: alone(&stages, &table(namespace)), stored })
}

/// A pipeline on one collection.
fn alone(stages: &[(String, Value)], from: &str) -> String {
    let mut conditions: Vec<String> = Vec::new();
    let (mut limit, mut shown, mut plain) = (None::<u64>, "*".to_owned(), true);
    for (at, (name, body)) in stages.iter().enumerate() {
        match name.as_str() {
            // Behind a computed field a name may mean another thing.
            "$match" if plain => {
                let condition = condition(body);
                if !condition.is_empty() {
                    conditions.push(format!("({condition})"));
                }
            }
            "$match" | "$sort" | "$skip" | "$out" | "$merge" => {}
            "$limit" | "$sample" => {
                let size = if name == "$limit" { number(Some(body)) } else { number(body.get("size")) };
                let size = size.and_then(|size| u64::try_from(size).ok());
                limit = limit.into_iter().chain(size).min();
            }
            "$project" => {
                shown = columns(Some(body));
                plain = false;
            }
            "$unset" => plain = false,
            "$count" | "$group" => {
                let condition = conditions.join(" AND ");
                // What was computed or limited before makes no difference to a count.
                return counted(&stages[at..], from, &condition).unwrap_or_else(|| select("*", from, &condition, None));
            }
            // Fields may be renamed, documents packed or taken apart.
            _ => return select("*", from, &conditions.join(" AND "), None),
        }
    }
    select(&shown, from, &conditions.join(" AND "), limit)
}

/// A count as SQL, with the fields by which it is grouped; `None` where more than counts leaves.
fn counted(stages: &[(String, Value)], from: &str, condition: &str) -> Option<String> {
    let (name, body) = stages.iter().find(|(name, _)| name == "$count" || name == "$group")?;
    if name == "$count" {
        return Some(select("count(*)", from, condition, None));
    }
    if !counts_only(body) {
        return None;
    }
    let keys = match body.get("_id") {
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_)) => Vec::new(),
        Some(Value::String(path)) => vec![path.clone()],
        Some(Value::Object(parts)) => parts.values().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?,
        Some(Value::Array(_)) => return None,
    };
    let keys: Vec<&str> =
        keys.iter().map(|path| path.strip_prefix('$').filter(|path| !path.starts_with('$'))).collect::<Option<Vec<_>>>()?;
    if keys.is_empty() {
        return Some(select("count(*)", from, condition, None));
    }
    let mut shown: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::from(1))).collect();
    shown.entry("_id").or_insert(Value::from(0));
    let shown = columns(Some(&Value::Object(shown)));
    let condition = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
    Some(format!("SELECT {shown}, count(*) FROM {from}{condition} GROUP BY {shown}"))
}

/// Whether all that a group computes are counts: `{$sum: 1}`, `{$count: {}}`.
fn counts_only(group: &Value) -> bool {
    let counts = |value: &Value| {
        let one = value.as_object().filter(|accumulator| accumulator.len() == 1).and_then(|accumulator| accumulator.iter().next());
        one.is_some_and(|(name, of)| name == "$count" || name == "$sum" && number(Some(of)).is_some())
    };
    group.as_object().is_some_and(|group| group.iter().all(|(name, value)| name == "_id" || counts(value)))
}

/// Collections that stages name beside the first, however deep they stand.
fn named_elsewhere(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| named_elsewhere(value, found)),
        Value::Object(fields) => {
            for (name, body) in fields {
                let of = match name.as_str() {
                    "$lookup" | "$graphLookup" => body.get("from"),
                    "$unionWith" => body.get("coll").or(Some(body)),
                    _ => None,
                };
                // A collection of another database is named by `{db, coll}`.
                let collection = of.and_then(|of| of.as_str().or_else(|| of.get("coll").and_then(Value::as_str)));
                found.extend(collection.map(str::to_owned));
                named_elsewhere(body, found);
            }
        }
        _ => {}
    }
}
