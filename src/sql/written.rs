//! Rows that a statement writes itself: which columns it changes, and the values that say whose rows they are.

use crate::sql::KeyValue;
use crate::sql::predicate;
use sqlparser::ast::{Assignment, AssignmentTarget, Insert, SetExpr};

/// Rows that an INSERT, UPDATE or DELETE writes. Whose rows an UPDATE or DELETE changes say the keys that its branches list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WrittenRows {
    /// The table, as the statement names it.
    pub table: String,
    /// Whether they are new: those of an INSERT.
    pub new: bool,
    /// Columns that are changed in rows that were there.
    pub changed: Vec<String>,
    /// Of new rows, the values of each column that are written as such.
    pub values: Vec<(String, Vec<KeyValue>)>,
}

/// New rows of a statement that are looked at: a long list is nobody's business in particular.
const MOST_ROWS: usize = 16;
/// Columns of one statement that are looked at.
const MOST_COLUMNS: usize = 256;

impl WrittenRows {
    /// The new rows of an INSERT that names its columns.
    pub(super) fn of_insert(table: String, insert: &Insert) -> WrittenRows {
        let mut written = WrittenRows { table, new: true, ..WrittenRows::default() };
        let rows = match insert.source.as_deref().map(|query| &*query.body) {
            Some(SetExpr::Values(values)) if values.rows.len() <= MOST_ROWS => values.rows.as_slice(),
            _ => &[],
        };
        for (at, column) in insert.columns.iter().enumerate().take(MOST_COLUMNS) {
            let values: Option<Vec<KeyValue>> = rows.iter().map(|row| predicate::value(row.content.get(at)?)).collect();
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                written.values.push((crate::sql::walk::text(column), values));
            }
        }
        // MySQL's `INSERT … SET column = value`.
        for assignment in insert.assignments.iter().take(MOST_COLUMNS) {
            if let (Some(column), Some(value)) = (target(assignment), predicate::value(&assignment.value)) {
                written.values.push((column, vec![value]));
            }
        }
        written
    }

    /// The rows that an UPDATE or DELETE changes.
    pub(super) fn changed(table: String, assignments: &[Assignment]) -> WrittenRows {
        let changed = assignments.iter().take(MOST_COLUMNS).filter_map(target).collect();
        WrittenRows { table, new: false, changed, values: Vec::new() }
    }
}

/// The column that an assignment changes, without its table.
fn target(assignment: &Assignment) -> Option<String> {
    match &assignment.target {
        AssignmentTarget::ColumnName(name) => crate::sql::walk::text(name).rsplit('.').next().map(str::to_owned),
        AssignmentTarget::Tuple(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Dialect;
    use crate::sql::analyse_anew;

    fn written(text: &str) -> Vec<WrittenRows> {
        analyse_anew(text, Dialect::MySql).written
    }

    #[test]
    fn an_update_says_what_it_changes_and_an_insert_what_it_puts_in() {
        let update = written("UPDATE crm.customers c SET c.phone = '1', mask = 0 WHERE id = 5");
        assert_eq!(
            (update[0].table.as_str(), update[0].changed.as_slice()),
            ("crm.customers", &["phone".to_owned(), "mask".to_owned()][..])
        );
        assert_eq!(written("DELETE FROM t WHERE id = 5")[0].table, "t");
        let insert = written("INSERT INTO l (no, customer_id) VALUES (1, ?), (2, '7')");
        let of_customers = insert[0].values.iter().find(|(column, _)| column == "customer_id").expect("is there");
        assert_eq!(of_customers.1, [KeyValue::Bind(1), KeyValue::Literal("7".to_owned())]);
        assert!(written("INSERT INTO l (a) SELECT b FROM t")[0].values.is_empty());
        assert!(written("INSERT INTO l (a, b) VALUES (now(), 1)")[0].values.iter().all(|(column, _)| column == "b"));
    }
}
