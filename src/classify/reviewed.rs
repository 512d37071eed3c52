//! What the console's records of views are to the catalog: looks of reviewers at the people of cases. No house's catalog lists the console,
//! and a table that is not listed is nobody's data.

/// The tables under which views are recorded: one a page.
pub const TABLES: &str = "leakwarden.*";

/// The column that names whom a page showed.
pub const PERSON: &str = "person";

/// Their entry, which comes after those of the house's file. That somebody is in a case is private, and nothing more is said of it.
pub const CATALOG: &str = r#"
[[table]]
system = "leakwarden"
table = "leakwarden.*"
subject = "person"
rows_per_subject = "many"
[table.columns]
person = "other_private"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::views;
    use crate::model::kind::Kind;

    #[test]
    fn a_catalog_goes_on_with_it() {
        for house in
            ["[[table]]\ntable = \"crm.customers\"\n", "[[table]]\ntable = \"a\"\n[[view]]\nview = \"v\"\nselect = \"select 1 from a\""]
        {
            let catalog = views::read_catalog(&format!("{house}{CATALOG}"), "catalog.toml").expect("a catalog");
            let page = catalog.find(Some("leakwarden"), "leakwarden.person").expect("is listed");
            assert_eq!(page.subject.as_deref(), Some(PERSON));
            assert!(page.kinds.contains(Kind::OtherPrivate));
            assert!(catalog.find(Some("crm"), "leakwarden.person").is_none(), "another system's table of that name");
        }
    }
}
