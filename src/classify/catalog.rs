//! The catalog: which column of which table holds which kind of personal information, and which column names the person.
//!
//! Owns `catalog.toml` (docs/contract.md §4) and the look-up by system and table.

use crate::classify::by_name::ByName;
pub use crate::classify::catalog_entry::{ColumnName, Conclusion, Inference, RowsPerSubject, SpaceId, Table};
use crate::classify::catalog_entry::{bare, matcher};
use crate::classify::resembling::StemIndex;
use crate::model::kind::{Kind, Kinds};
use crate::model::place::Place;
use crate::model::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

/// The catalog of a run, and what is concluded beside it.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    listed: Arc<Listed>,
    /// Tables that were made of those.
    made: ByName<Table>,
}

/// What the catalog's file says.
#[derive(Debug, Default)]
struct Listed {
    /// Those listed, in the order of the file; then each of them as a table that resembles it.
    tables: Vec<Table>,
    count: usize,
    /// The latter by the stems of their names.
    resembling: StemIndex,
    /// Names of the subject spaces; the first is the common one.
    spaces: Vec<String>,
    /// Answers already given: a log names few tables, and often.
    found: RwLock<Answers>,
}

/// The entry that covers a table, by system and table.
type Answers = hashbrown::HashMap<(Box<str>, Box<str>), Option<u32>>;

/// Answers that are remembered; a log that names ever new tables does not fill the memory.
const REMEMBERED: usize = 10_000;

/// A question for a table, as a key that borrows.
#[derive(Hash)]
struct LookupKey<'a>((&'a str, &'a str));

impl hashbrown::Equivalent<(Box<str>, Box<str>)> for LookupKey<'_> {
    fn equivalent(&self, key: &(Box<str>, Box<str>)) -> bool {
        (self.0.0, self.0.1) == (&*key.0, &*key.1)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAsWritten {
    #[serde(default)]
    table: Vec<TableAsWritten>,
    #[serde(default)]
    view: Vec<ViewAsWritten>,
}

/// One `[[view]]` of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewAsWritten {
    /// The system, as a glob.
    #[serde(default = "any")]
    pub system: String,
    /// Its name.
    pub view: String,
    /// The query behind it.
    pub select: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableAsWritten {
    #[serde(default = "any")]
    system: String,
    table: String,
    subject: Option<String>,
    #[serde(default)]
    rows_per_subject: RowsPerSubject,
    subject_space: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

fn any() -> String {
    "*".to_owned()
}

impl Catalog {
    /// Reads a catalog. `file` names it in problems. Views are known once they are read by [`crate::classify::views`].
    pub fn parse(text: &str, file: &str) -> Result<Catalog, Vec<Problem>> {
        Catalog::read(text, file, &|_, _| Err(String::new())).map(|(catalog, _)| catalog)
    }

    /// Reads a catalog whose views are concluded from the tables and views before them by `conclude`, which gives what is wrong where it
    /// cannot. A second result says what is wrong with each view.
    pub fn read(
        text: &str,
        file: &str,
        conclude: &dyn Fn(&ViewAsWritten, &Catalog) -> Result<Conclusion, String>,
    ) -> Result<(Catalog, Vec<Problem>), Vec<Problem>> {
        let written: FileAsWritten = toml::from_str(text).map_err(|e| vec![crate::model::toml_problem(file, text, &e)])?;
        let mut problems = Vec::new();
        let mut listed = Listed { spaces: vec![String::new()], ..Listed::default() };
        if written.table.is_empty() {
            problems.push(Problem::plain(file, "must hold at least one [[table]]"));
        }
        for (index, table) in written.table.into_iter().enumerate() {
            let place = format!("{file}: table[{index}] {:?}", table.table);
            match listed.table(table, &place) {
                Ok(table) => listed.tables.push(table),
                Err(mut found) => problems.append(&mut found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        listed.count = listed.tables.len();
        let mut catalog = Catalog { listed: Arc::new(listed), made: ByName::default() };
        let mut of_views = Vec::new();
        for (index, view) in written.view.iter().enumerate() {
            let place = format!("{file}: view[{index}] {:?}", view.view);
            let table = conclude(view, &catalog).map_err(|rule| Problem::plain(format!("{place}.select"), rule)).and_then(|found| {
                let glob = |key: &str, pattern: &str| {
                    let rule = |error| Problem::new(format!("{place}.{key}"), format!("must be a glob ({error})"), pattern);
                    matcher(pattern).map_err(rule)
                };
                let (system, table) = (glob("system", &view.system)?, glob("view", &view.view)?);
                Ok(Table { system, table, bare: glob("view", bare(&view.view))?, ..Table::concluded(found) })
            });
            match (table, Arc::get_mut(&mut catalog.listed)) {
                (Ok(table), Some(listed)) => {
                    listed.tables.push(table);
                    listed.count = listed.tables.len();
                    listed.found = RwLock::default();
                }
                (Err(problem), _) => of_views.push(problem),
                (Ok(_), None) => {}
            }
        }
        if let Some(listed) = Arc::get_mut(&mut catalog.listed) {
            listed.add_resembling();
        }
        Ok((catalog, of_views))
    }

    /// The first entry that covers the table of that system. A name without schema also meets an entry with one, and a name with
    /// a database before the schema one without. Where none is listed, what was made of others; then the entry whose name it resembles.
    pub fn find(&self, system: Option<&str>, table: &str) -> Option<&Table> {
        let listed = self.listed.find(system, table);
        // A pattern that takes every table of a schema for impersonal does not know what was copied there.
        let yields = |entry: &Table| entry.is_guess() || entry.is_impersonal() && entry.pattern.contains(['*', '?', '[']);
        if !self.made.is_empty() && listed.is_none_or(yields) {
            return self.made.find(system, table).or(listed);
        }
        listed
    }

    /// Whether the catalog itself knows the table, by more than a pattern that takes it for impersonal.
    pub fn lists(&self, system: Option<&str>, table: &str) -> bool {
        let listed = self.listed.find(system, table);
        listed.is_some_and(|entry| {
            let presumed = entry.is_impersonal() && entry.pattern.contains(['*', '?', '[']);
            !entry.is_guess() && !presumed
        })
    }

    /// Knows a table that was made of others from now on.
    pub fn conclude(&mut self, system: Option<&str>, table: &str, found: Conclusion) {
        self.made.insert(system, table, Table::concluded(found));
    }

    /// Knows nothing any more of a table that was made of others.
    pub fn forget(&mut self, system: Option<&str>, table: &str) {
        self.made.remove(system, table);
    }

    /// The same file's catalog without what was concluded beside it.
    #[must_use]
    pub fn as_listed(&self) -> Catalog {
        Catalog { listed: Arc::clone(&self.listed), made: ByName::default() }
    }

    /// Whether both are of the same reading of the file.
    pub fn is_of_same_file(&self, other: &Catalog) -> bool {
        Arc::ptr_eq(&self.listed, &other.listed)
    }

    /// Whether nothing was concluded beside the file.
    pub fn is_as_listed(&self) -> bool {
        self.made.is_empty()
    }

    /// The name of the subject space of a table.
    pub fn space_of(&self, table: &Table) -> &str {
        self.space(table.space)
    }

    /// The name of a subject space.
    pub fn space(&self, id: SpaceId) -> &str {
        self.listed.spaces.get(usize::from(id.0)).map_or("", String::as_str)
    }

    /// Names of the subject spaces in the order of their ids; the common one is the empty name.
    pub fn spaces(&self) -> &[String] {
        &self.listed.spaces
    }

    /// The entries, in the order of the file.
    pub fn tables(&self) -> &[Table] {
        self.listed.tables()
    }
}

impl Listed {
    fn table(&mut self, written: TableAsWritten, place: &str) -> Result<Table, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut glob = |key: &str, pattern: &str| {
            let rule = |error| Problem::new(format!("{place}.{key}"), format!("must be a glob ({error})"), pattern);
            matcher(pattern).map_err(|error| problems.push(rule(error)))
        };
        let system = glob("system", &written.system);
        let table = glob("table", &written.table);
        let bare = glob("table", bare(&written.table));
        let globs: Vec<_> = written.columns.keys().map(|column| glob("columns", column)).collect();
        let mut columns = Vec::new();
        for (glob, (column, kind)) in globs.into_iter().zip(&written.columns) {
            let Some(known) = Kind::parse(kind) else {
                let kinds = Kind::ALL.map(Kind::name).join(", ");
                problems.push(Problem::new(format!("{place}.columns.{column}"), format!("must be a kind ({kinds})"), kind));
                continue;
            };
            if let Ok(glob) = glob {
                columns.push((ColumnName::new(column, glob), Kinds::of(known)));
            }
        }
        if !written.columns.is_empty() && written.subject.as_deref().is_none_or(|s| s.trim().is_empty()) {
            problems.push(Problem::plain(
                format!("{place}.subject"),
                "must name the column that identifies the person, since the table holds personal columns",
            ));
        }
        let space = self.space(written.subject_space.as_deref().unwrap_or(""));
        let (Ok(system), Ok(table), Ok(bare), true) = (system, table, bare, problems.is_empty()) else {
            return Err(problems);
        };
        let kinds = columns.iter().fold(Kinds::NONE, |kinds, (_, of)| kinds.union(*of));
        Ok(Table {
            system,
            table,
            bare,
            place: Place::named(if written.system == "*" { &written.table } else { &written.system }),
            pattern: written.table,
            subject: written.subject,
            rows_per_subject: written.rows_per_subject,
            space,
            columns,
            kinds,
            people_per_row: 1,
            packs: false,
            inference: None,
        })
    }

    fn space(&mut self, name: &str) -> SpaceId {
        let at = self.spaces.iter().position(|space| space == name).unwrap_or_else(|| {
            self.spaces.push(name.to_owned());
            self.spaces.len() - 1
        });
        SpaceId(at as u16)
    }

    /// Each entry once more, for tables whose names resemble it.
    fn add_resembling(&mut self) {
        for at in 0..self.count {
            let resembling = Table { inference: Some(Inference::Resembles), ..self.tables[at].clone() };
            // A copy of a table without people is not known to be without.
            if !resembling.is_impersonal() {
                self.resembling.add(&resembling.pattern, self.tables.len() as u32);
                self.tables.push(resembling);
            }
        }
    }

    fn tables(&self) -> &[Table] {
        &self.tables[..self.count]
    }

    fn find(&self, system: Option<&str>, table: &str) -> Option<&Table> {
        let asked = (system.unwrap_or(""), table);
        let remembered = self.found.read().ok().and_then(|found| found.get(&LookupKey(asked)).copied());
        let at = remembered.unwrap_or_else(|| {
            let short = || table.split_once('.').map(|(_, rest)| rest).filter(|rest| rest.contains('.'));
            let at = self.position(system, table).or_else(|| self.position(system, short()?));
            let at = at.or_else(|| self.resembled(system, table));
            if let Ok(mut found) = self.found.write()
                && found.len() < REMEMBERED
            {
                found.insert((asked.0.into(), asked.1.into()), at);
            }
            at
        });
        at.map(|at| &self.tables[at as usize])
    }

    fn position(&self, system: Option<&str>, table: &str) -> Option<u32> {
        let system = system.unwrap_or("");
        let fits = |entry: &Table| entry.is_of(system);
        let lone = !table.contains('.');
        let by_name = |entry: &Table| fits(entry) && entry.table.is_match(table);
        let by_bare_name = |entry: &Table| {
            fits(entry) && if lone { entry.bare.is_match(table) } else { !entry.pattern.contains('.') && entry.bare.is_match(bare(table)) }
        };
        let at = self.tables().iter().position(by_name).or_else(|| self.tables().iter().position(by_bare_name));
        at.map(|at| at as u32)
    }

    /// The entry of a table by the likeness of its name. Of several the one that holds most.
    fn resembled(&self, system: Option<&str>, table: &str) -> Option<u32> {
        let of_system = self.resembling.find(table).iter().filter(|at| self.tables[**at as usize].is_of(system.unwrap_or("")));
        of_system.copied().max_by_key(|at| (self.tables[*at as usize].kinds.len(), std::cmp::Reverse(*at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: &str = r#"
        [[table]]
        system = "crm"
        table = "crm.customers"
        subject = "id"
        [table.columns]
        name = "name"
        "phone*" = "phone_number"

        [[table]]
        table = "telco.call_records*"
        subject = "caller"
        rows_per_subject = "many"
        subject_space = "telco"
        [table.columns]
        cell = "location_track"
    "#;

    #[test]
    fn tables_are_found_by_system_and_glob() {
        let catalog = Catalog::parse(BANK, "catalog.toml").expect("is valid");
        let customers = catalog.find(Some("crm"), "CRM.Customers").expect("is known");
        assert_eq!(customers.kind_of("phone_2"), Some(Kind::PhoneNumber));
        assert!(customers.is_subject("ID"));
        assert!(catalog.find(Some("other"), "crm.customers").is_none());
        assert!(catalog.find(None, "telco.call_records_2026_01").is_some());
    }

    #[test]
    fn a_bare_name_meets_the_entry_with_its_schema() {
        let catalog = Catalog::parse(BANK, "catalog.toml").expect("is valid");
        assert!(catalog.find(Some("crm"), "customers").is_some());
        assert!(catalog.find(Some("crm"), "main.crm.customers").is_some());
        let listed = |table: &str| catalog.find(Some("crm"), table).is_some_and(|entry| entry.inference.is_none());
        assert!(!listed("main.hr.customers") && !listed("hr.customers"), "of another schema it only resembles it");
    }

    #[test]
    fn a_name_that_resembles_a_known_one_is_a_guess_of_its_own_system_alone() {
        let catalog = Catalog::parse(BANK, "catalog.toml").expect("is valid");
        let copy = catalog.find(Some("crm"), "scratch.customers_backup_0226").expect("resembles");
        assert!(copy.is_guess() && !catalog.find(Some("crm"), "crm.customers").expect("is listed").is_guess());
        assert_eq!(copy.told().as_deref(), Some("resembles crm.customers"));
        assert!(catalog.find(Some("other"), "customers_old").is_none());
        assert_eq!(catalog.tables().len(), 2, "what is inferred is not listed");
    }

    #[test]
    fn a_place_is_known_by_its_name_wherever_it_stands() {
        let places = |text: &str| {
            let catalog = Catalog::parse(text, "catalog.toml").expect("is valid");
            catalog.tables().iter().map(|table| (table.pattern.clone(), table.place)).collect::<BTreeMap<_, _>>()
        };
        let before = places(BANK);
        let (customers, records) = BANK.split_once("        [[table]]\n        table").expect("two tables");
        let more = "[[table]]\nsystem = \"hr\"\ntable = \"hr.staff\"\n[[table]]\nsystem = \"crm\"\ntable = \"crm.notes\"\n";
        let after = places(&format!("{more}[[table]]\ntable{records}{customers}"));
        assert!(before.iter().all(|(table, place)| after[table] == *place), "{before:?} {after:?}");
        assert_eq!(after["crm.notes"], after["crm.customers"], "one system");
        assert_eq!(after.values().collect::<std::collections::BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn every_mistake_is_reported() {
        let text = "[[table]]\ntable = \"a\"\nsubject = \"id\"\n[table.columns]\nx = \"phone\"\n[[table]]\ntable = \"b\"\n[table.columns]\nname = \"name\"\n";
        let problems = Catalog::parse(text, "catalog.toml").expect_err("is not valid");
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].to_string().contains("columns.x"), "{}", problems[0]);
        assert!(problems[1].to_string().contains("subject"), "{}", problems[1]);
    }
}
