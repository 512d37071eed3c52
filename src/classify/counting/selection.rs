//! How a statement chose its rows, which tells an enumeration or a segment from a look-up.
//!
//! A statement that lists keys is a look-up, whatever else it says: of a person, a contract, an order. A value of a column that many share
//! (a town, a state) is no key, nor is a list of which nobody knows the length. A prefix, an offset or a range of the person's own key
//! walks through people; a condition on any other column (a date of birth, a balance, a day of opening) cuts out a segment of them.

use crate::classify::catalog::Catalog;
use crate::classify::counting::people::names_one_person;
use crate::model::access::{Indicators, Selection};
use crate::model::kind::Kind;
use crate::model::record::Record;
use crate::sql::{Analysis, Branch, Condition, KeyValue, ListedKeys};

/// How the rows of a statement were chosen.
pub(super) fn selection(analysis: &Analysis) -> Selection {
    analysis.branches.iter().map(selection_of).reduce(|a, b| if a == b { a } else { Selection::Condition }).unwrap_or_default()
}

fn selection_of(branch: &Branch) -> Selection {
    match branch.condition {
        Condition::Keys => Selection::Keys,
        Condition::None => Selection::Everything,
        Condition::Other | Condition::Range | Condition::Pattern => Selection::Condition,
    }
}

/// The same of a statement that does not tell how many people it shows: values of a column that many share are no keys.
pub(super) fn of_unknown_size(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog) -> Selection {
    let looks_up =
        |branch: &Branch| branch.condition != Condition::Keys || branch.keys.iter().any(|keys| is_look_up(keys, branch, record, catalog));
    match selection(analysis) {
        Selection::Keys if !analysis.branches.iter().all(looks_up) => Selection::Condition,
        plain => plain,
    }
}

/// Whether values are listed of a column that tells rows apart, and how many is known.
fn is_look_up(keys: &ListedKeys, branch: &Branch, record: &Record<'_>, catalog: &Catalog) -> bool {
    let is_open = |value: &KeyValue| match value {
        KeyValue::BindArray(number) => number.checked_sub(1).and_then(|at| record.binds.get(at)).is_none_or(Option::is_none),
        KeyValue::Literal(_) | KeyValue::Number(_) | KeyValue::Bind(_) | KeyValue::Variable(_) => false,
    };
    if keys.values.iter().any(is_open) {
        return false;
    }
    let Some(name) = keys.column.name.as_deref() else { return false };
    let source = branch.sources.get(keys.column.source);
    let Some(table) = source.and_then(|source| catalog.find(record.system.as_deref(), &source.table)) else { return names_a_key(name) };
    match table.kind_of(name) {
        _ if table.is_subject(name) => true,
        Some(kind) => names_one_person(kind) || matches!(kind, Kind::Name | Kind::OtherIdentifying),
        None => names_a_key(name),
    }
}

/// Words of names of columns that tell rows apart.
const KEYS: [&str; 34] = [
    "id",
    "ids",
    "no",
    "nr",
    "num",
    "number",
    "key",
    "ref",
    "reference",
    "uuid",
    "guid",
    "oid",
    "rowid",
    "email",
    "mail",
    "login",
    "user",
    "username",
    "account",
    "acct",
    "iban",
    "card",
    "phone",
    "mobile",
    "tel",
    "msisdn",
    "imsi",
    "imei",
    "token",
    "hash",
    "serial",
    "ssn",
    "passport",
    "contract",
];

/// Ends of such words.
const ENDS: [&str; 6] = ["id", "no", "num", "key", "uuid", "number"];

/// Words that end like these and are states that many rows share.
const STATES: [&str; 7] = ["paid", "unpaid", "prepaid", "valid", "invalid", "void", "covid"];

/// Whether a column is named like one whose value few rows have. Of names in another script nothing is known.
fn names_a_key(name: &str) -> bool {
    if !name.is_ascii() {
        return true;
    }
    // `orderNo` is two words.
    let mut words = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && small {
            words.push(' ');
        }
        small = c.is_ascii_lowercase();
        words.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    }
    let is_key = |word: &str| KEYS.contains(&word) || !STATES.contains(&word) && ENDS.iter().any(|end| word.ends_with(end));
    words.split(' ').any(is_key)
}

/// The indicators of an analysed statement.
pub(super) fn indicators(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog) -> Indicators {
    let paged = if analysis.paged { Indicators::PAGED } else { Indicators::default() };
    analysis.branches.iter().fold(paged, |indicators, branch| indicators.and(indicators_of(branch, record, catalog)))
}

fn indicators_of(branch: &Branch, record: &Record<'_>, catalog: &Catalog) -> Indicators {
    let by_key_only = || {
        branch.probes.iter().all(|column| {
            let table = branch.sources.get(column.source).and_then(|source| catalog.find(record.system.as_deref(), &source.table));
            table.zip(column.name.as_deref()).is_some_and(|(table, name)| table.is_subject(name))
        })
    };
    match branch.condition {
        Condition::Keys | Condition::None => Indicators::default(),
        Condition::Pattern => Indicators::PATTERN,
        // `WHERE id BETWEEN …`, `WHERE id > … ORDER BY id`: the next page of a walk over keys.
        Condition::Range | Condition::Other if by_key_only() => Indicators::PAGED,
        Condition::Range | Condition::Other => Indicators::SEGMENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_tell_rows_apart_are_named_so() {
        assert!(["id", "CUST_ID", "orderNo", "order_number", "customerid", "e_mail", "ACCT", "身份证"].into_iter().all(names_a_key));
        assert!(!["status", "town", "is_active", "paid", "is_void", "tablename", "vip", "country_code"].into_iter().any(names_a_key));
    }
}
