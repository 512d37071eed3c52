//! The lists of functions, one a dialect, read once.
//!
//! A list has a section for each effect: its name in brackets, then the names of functions. `max/1` has that effect with one
//! argument at the most, and packs rows with more; what is listed under `quantile` shows one value for one fraction and packs for an
//! array of them. Lines that begin with `#` say where the list is from.

use crate::model::record::Dialect;
use crate::sql::functions::FunctionEffect;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What the list says of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Listed {
    pub effect: FunctionEffect,
    /// With more arguments it packs.
    pub most_arguments: u8,
    /// With an array of fractions it packs.
    pub quantile: bool,
}

/// The functions of a dialect by their names in lower case.
pub(super) type Table = HashMap<&'static str, Listed>;

/// The lists of all dialects that have one.
pub(super) const LISTS: [(Dialect, &str); 9] = [
    (Dialect::PostgreSql, include_str!("postgresql.txt")),
    (Dialect::MySql, include_str!("mysql.txt")),
    (Dialect::Oracle, include_str!("oracle.txt")),
    (Dialect::MsSql, include_str!("mssql.txt")),
    (Dialect::Snowflake, include_str!("snowflake.txt")),
    (Dialect::BigQuery, include_str!("bigquery.txt")),
    (Dialect::Databricks, include_str!("databricks.txt")),
    (Dialect::Hive, include_str!("hive.txt")),
    (Dialect::Trino, include_str!("trino.txt")),
];

/// So many of the lists must name a function before it is taken for the same where nobody knows which server it is.
const WIDELY: usize = 4;

static TABLES: [LazyLock<Table>; LISTS.len()] = [
    LazyLock::new(|| table(0)),
    LazyLock::new(|| table(1)),
    LazyLock::new(|| table(2)),
    LazyLock::new(|| table(3)),
    LazyLock::new(|| table(4)),
    LazyLock::new(|| table(5)),
    LazyLock::new(|| table(6)),
    LazyLock::new(|| table(7)),
    LazyLock::new(|| table(8)),
];
static GENERIC: LazyLock<Table> = LazyLock::new(common);

/// The functions of a dialect.
pub(super) fn of(dialect: Dialect) -> &'static Table {
    match dialect {
        Dialect::Generic => &GENERIC,
        Dialect::PostgreSql => &TABLES[0],
        Dialect::MySql => &TABLES[1],
        Dialect::Oracle => &TABLES[2],
        Dialect::MsSql => &TABLES[3],
        Dialect::Snowflake => &TABLES[4],
        Dialect::BigQuery => &TABLES[5],
        Dialect::Databricks => &TABLES[6],
        Dialect::Hive => &TABLES[7],
        Dialect::Trino => &TABLES[8],
    }
}

fn table(number: usize) -> Table {
    entries(LISTS[number].1).collect()
}

/// The entries of a list. What is no entry stands in none: a test holds that each list is read whole.
pub(super) fn entries(list: &'static str) -> impl Iterator<Item = (&'static str, Listed)> {
    let mut section = None;
    list.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).filter_map(move |word| {
        if let Some(name) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = effect_named(name);
            return None;
        }
        let (effect, quantile) = section?;
        let (name, most) = word.rsplit_once('/').unwrap_or((word, ""));
        let most_arguments = if most.is_empty() { u8::MAX } else { most.parse().unwrap_or(0) };
        Some((name, Listed { effect, most_arguments, quantile }))
    })
}

/// The effect of a section, and whether it is that of percentiles.
fn effect_named(section: &str) -> Option<(FunctionEffect, bool)> {
    Some(match section {
        "count" => (FunctionEffect::Count, false),
        "sum" => (FunctionEffect::Sum, false),
        "extreme" => (FunctionEffect::Extreme, false),
        "quantile" => (FunctionEffect::Extreme, true),
        "pack" => (FunctionEffect::Pack, false),
        "rows" => (FunctionEffect::Rows, false),
        "window" => (FunctionEffect::Window, false),
        "neighbour" => (FunctionEffect::Neighbour, false),
        "scalar" => (FunctionEffect::Scalar, false),
        "server" => (FunctionEffect::Server, false),
        "collects" => (FunctionEffect::Collects, false),
        "hides" => (FunctionEffect::HidesQuery, false),
        _ => return None,
    })
}

/// What is the same wherever it is: the functions of several lists, with the worst that any of them says. What packs or hides a
/// query on one server is taken to do so on all.
fn common() -> Table {
    let mut counted: HashMap<&'static str, (Listed, usize)> = HashMap::new();
    for (name, listed) in LISTS.iter().flat_map(|(_, list)| entries(list)) {
        let (all, times) = counted.entry(name).or_insert((listed, 0));
        all.effect = all.effect.max(listed.effect);
        all.most_arguments = all.most_arguments.min(listed.most_arguments);
        all.quantile |= listed.quantile;
        *times += 1;
    }
    let taken =
        |(listed, times): &(Listed, usize)| *times >= WIDELY || matches!(listed.effect, FunctionEffect::Pack | FunctionEffect::HidesQuery);
    counted.into_iter().filter(|(_, entry)| taken(entry)).map(|(name, (listed, _))| (name, listed)).collect()
}
