//! Whose rows a statement writes: the people whose keys its condition or its new rows name.

use crate::classify::catalog::Catalog;
use crate::classify::counting::catalog_source::resolve;
use crate::classify::counting::disclosure::WrittenAbout;
use crate::classify::counting::people;
use crate::model::access::Subject;
use crate::model::keys::Keys;
use crate::model::record::Record;
use crate::sql::{Analysis, KeyValue};

/// Tables and columns of one text that are looked at.
const MOST: usize = 256;
/// People of one text that are named.
const MOST_PEOPLE: usize = 64;

/// Whose rows an analysed statement writes, and which.
pub(super) fn about(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog, keys: &Keys) -> WrittenAbout {
    let mut about = WrittenAbout::default();
    for written in analysis.written.iter().take(MOST) {
        let changed = written.changed.iter().map(|column| (about.tables.len(), column.clone()));
        about.changed.extend(changed.take(MOST));
        about.tables.push(written.table.clone());
        let Some(entry) = catalog.find(record.system.as_deref(), &written.table) else { continue };
        let subject = |id: &str| keys.subject(catalog.space_of(entry), id.trim());
        let new = written.values.iter().filter(|(column, _)| entry.is_subject(column)).flat_map(|(_, values)| values);
        about.subjects.extend(new.filter_map(|value| said(value, record)).map(|id| subject(&id)).take(MOST_PEOPLE));
    }
    let old: Vec<&str> = analysis.written.iter().filter(|written| !written.new).map(|written| written.table.as_str()).take(MOST).collect();
    if !old.is_empty() {
        about.subjects.extend(changed(analysis, record, catalog, keys, &old));
    }
    about.subjects.sort_unstable();
    about.subjects.dedup();
    about
}

/// The people whose keys the conditions list of the tables that are written.
fn changed(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog, keys: &Keys, tables: &[&str]) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for branch in &analysis.branches {
        let is_written = |at: usize| tables.iter().any(|table| table.eq_ignore_ascii_case(&branch.sources[at].table));
        let known = resolve(branch, record, catalog);
        for listed in branch.keys.iter().filter(|listed| is_written(listed.column.source)) {
            let Some(entry) = known[listed.column.source].entry else { continue };
            let is_key = listed.column.name.as_deref().is_some_and(|name| entry.is_subject(name));
            // Variables of a function's body are nobody's key that the log says for certain.
            let is_plain = listed.values.iter().all(|value| !matches!(value, KeyValue::Variable(_)));
            if !is_key || !is_plain {
                continue;
            }
            let ids = people::values(listed, branch, &known, record).unwrap_or_default();
            subjects.extend(ids.into_iter().flatten().map(|id| keys.subject(catalog.space_of(entry), &id)).take(MOST_PEOPLE));
        }
    }
    subjects
}

/// The text of a value, where the log says it.
fn said(value: &KeyValue, record: &Record<'_>) -> Option<String> {
    match value {
        KeyValue::Literal(text) | KeyValue::Number(text) => Some(text.clone()),
        KeyValue::Bind(number) => record.binds.get(number.checked_sub(1)?)?.as_deref().map(str::to_owned),
        KeyValue::BindArray(_) | KeyValue::Variable(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::counting::testing::{count, record};
    use crate::model::access::Operation;

    fn subjects(statement: &str, binds: &[&str]) -> Vec<Subject> {
        let binds = binds.iter().map(|bind| Some((*bind).into())).collect();
        count(&Record { operation: Operation::Write, statement: Some(statement.into()), binds, ..record() }).written.subjects
    }

    fn ids(ids: &[&str]) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = ids.iter().map(|id| Keys::built_in().subject("", id)).collect();
        subjects.sort_unstable();
        subjects
    }

    #[test]
    fn keys_of_conditions_and_new_rows_say_whose_rows_are_written() {
        assert_eq!(subjects("UPDATE crm.customers SET phone = '138' WHERE id = 42", &[]), ids(&["42"]));
        assert_eq!(subjects("UPDATE crm.customers SET phone = $1 WHERE id = $2", &["138", "42"]), ids(&["42"]));
        assert_eq!(subjects("DELETE FROM bank.accounts WHERE customer_id IN (1, 2) AND balance = 0", &[]), ids(&["1", "2"]));
        assert_eq!(subjects("INSERT INTO bank.accounts (account_no, customer_id) VALUES ('6222', 42)", &[]), ids(&["42"]));
        assert_eq!(subjects("INSERT INTO bank.accounts (account_no, customer_id) VALUES ($1, $2)", &["6222", "42"]), ids(&["42"]));
        assert_eq!(subjects("BEGIN; UPDATE crm.customers SET phone = '1' WHERE id = 7; COMMIT", &[]), ids(&["7"]));
    }

    #[test]
    fn what_names_no_key_is_about_nobody_in_particular() {
        assert_eq!(subjects("UPDATE crm.customers SET phone = '138' WHERE branch = '42'", &[]), []);
        assert_eq!(subjects("UPDATE crm.customers SET phone = '138'", &[]), []);
        assert_eq!(subjects("UPDATE crm.customers SET phone = $1 WHERE id = $2", &[]), []);
        assert_eq!(subjects("UPDATE crm.customers SET id = 5 WHERE id = 6 OR branch = 'x'", &[]), []);
        assert_eq!(subjects("INSERT INTO bank.accounts SELECT * FROM bank.accounts WHERE customer_id = 5", &[]), []);
        assert_eq!(subjects("SELECT name FROM crm.customers WHERE id = 5", &[]), []);
    }
}
