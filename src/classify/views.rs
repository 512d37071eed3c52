//! The catalog with its views: a `[[view]]` shows what the tables behind its query hold.
//!
//! A row of a view is a person where its query shows one person's row of one table, and no more than a bound otherwise.

use crate::classify::catalog::{Catalog, Conclusion, Inference, RowsPerSubject, ViewAsWritten};
use crate::classify::counting::row_shape;
use crate::classify::derivation::MadeTable;
use crate::model::keys::Keys;
use crate::model::place::Place;
use crate::model::problem::Problem;
use crate::model::record::Dialect;
use crate::model::time::Timestamp;
use crate::sql;

/// Reads a catalog with its views. `file` names it in problems.
pub fn read_catalog(text: &str, file: &str) -> Result<Catalog, Vec<Problem>> {
    let keys = Keys::built_in();
    let (catalog, problems) = Catalog::read(text, file, &|view, catalog| conclude(view, catalog, &keys))?;
    if problems.is_empty() { Ok(catalog) } else { Err(problems) }
}

fn conclude(view: &ViewAsWritten, catalog: &Catalog, keys: &Keys) -> Result<Conclusion, String> {
    let text = format!("CREATE VIEW v AS {}", view.select);
    let mut analysis = sql::analyse_anew(&text, Dialect::Generic);
    let made = match (analysis.unparsed, analysis.makes.pop(), analysis.makes.is_empty()) {
        (false, Some(made), true) => made,
        _ => return Err("must be one query that can be understood".to_owned()),
    };
    let system = Some(view.system.as_str()).filter(|system| !system.contains(['*', '?', '[', '{']));
    if let Some(unknown) = made.sources.iter().find(|source| catalog.find(system, source).is_none_or(|entry| !entry.is_proven())) {
        return Err(format!("must read tables that the catalog lists, and {unknown:?} is none"));
    }
    let shape = row_shape(&made, system, catalog, keys);
    let found = MadeTable::of(&made, Timestamp::FIRST, system, catalog, None, Dialect::Generic);
    let over = found.as_ref().map_or_else(|| made.sources.join(", "), |found| found.bases.join(", "));
    let inference = Inference::View { over: over.into() };
    let name = view.view.clone();
    let Some(found) = found.and_then(|found| found.conclude(system, catalog)).filter(|_| !shape.is_nobody) else {
        // Nothing of anybody is in what it shows: counts of everybody, tables without people.
        let place = Place::named(if view.system == "*" { &view.view } else { &view.system });
        let (columns, subject, rows_per_subject) = (Vec::new(), None, RowsPerSubject::One);
        return Ok(Conclusion { name, inference, subject, columns, place, rows_per_subject, people_per_row: 1, packs: false });
    };
    let one = shape.is_person && found.subject.is_some();
    let rows_per_subject = if one { RowsPerSubject::One } else { RowsPerSubject::Many };
    Ok(Conclusion { name, inference, rows_per_subject, people_per_row: shape.people, packs: shape.packs, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::counting::{Disclosure, disclose};
    use crate::model::access::{Position, RecordHash};
    use crate::model::kind::{Kind, Kinds};
    use crate::model::persons::Persons;
    use crate::model::record::Record;

    const TABLES: &str = r#"
        [[table]]
        table = "crm.customers"
        subject = "id"
        [table.columns]
        name = "name"
        phone = "phone_number"

        [[table]]
        table = "bank.accounts"
        subject = "customer_id"
        rows_per_subject = "many"
        [table.columns]
        account_no = "bank_account"
    "#;

    fn views(views: &[(&str, &str)]) -> Result<Catalog, Vec<Problem>> {
        let view = |(name, select): &(&str, &str)| format!("[[view]]\nview = \"{name}\"\nselect = \"{select}\"\n");
        let text: Vec<String> = views.iter().map(view).collect();
        read_catalog(&format!("{TABLES}\n{}", text.join("\n")), "catalog.toml")
    }

    fn reads(catalog: &Catalog, statement: &str, rows: Option<u64>) -> Disclosure {
        let mut record = Record::new(Position(1), RecordHash::default(), Timestamp::FIRST);
        (record.statement, record.rows) = (Some(statement.to_owned().into()), rows);
        disclose(&record, catalog, &Keys::built_in())
    }

    #[test]
    fn a_view_shows_what_its_tables_hold() {
        let catalog = views(&[
            ("app.active", "SELECT id AS no, name AS n FROM crm.customers WHERE status = 'a'"),
            ("app.v_full", "SELECT c.id, c.name, a.account_no FROM crm.customers c JOIN bank.accounts a ON a.customer_id = c.id"),
            ("app.v_list", "SELECT string_agg(name, ',') AS names FROM crm.customers"),
            ("app.v_count", "SELECT branch, count(*) AS n FROM crm.customers GROUP BY branch"),
            ("app.v_two", "SELECT n FROM app.active"),
        ]);
        let catalog = catalog.expect("is valid");
        let active = reads(&catalog, "SELECT n FROM app.active", Some(5));
        assert_eq!((active.persons, active.kinds), (Persons::Exact(5), Kinds::of(Kind::Name)), "a row of one table of one row a person");
        assert_eq!(active.reads[0].inferred.as_deref(), Some("view over crm.customers"));
        assert!(active.reads[0].known);
        let one = reads(&catalog, "SELECT n FROM active WHERE no = 42", None);
        assert_eq!((one.persons, one.subjects.len()), (Persons::AtMost(1), 1));
        assert_eq!(reads(&catalog, "SELECT * FROM app.v_full", Some(5)).persons, Persons::AtMost(5));
        assert_eq!(reads(&catalog, "SELECT * FROM app.v_list", Some(1)).persons, Persons::Unknown);
        assert_eq!(reads(&catalog, "SELECT * FROM app.v_count", Some(9)).persons, Persons::NOBODY);
        assert_eq!(reads(&catalog, "SELECT n FROM app.v_two", Some(9)).kinds, Kinds::of(Kind::Name));
        assert_eq!(reads(&catalog, "SELECT n FROM app.active_old", Some(9)).persons, Persons::AtMost(9), "a copy of it is a guess");
    }

    #[test]
    fn a_view_that_cannot_be_resolved_is_refused_with_its_place() {
        let problems = views(&[("a.v", "SELEC name"), ("a.w", "SELECT x FROM dark.matter")]).expect_err("is refused");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("view[0]") && told[0].contains("select") && told[0].contains("understood"), "{told:?}");
        assert!(told[1].contains("view[1]") && told[1].contains("dark.matter"), "{told:?}");
    }
}
