//! The catalog: which column of which table holds which kind of personal information, and which column names the person.
//!
//! Owns `catalog.toml` (docs/contract.md §4) and the look-up by system and table.

use crate::classify::resembling::StemIndex;
use crate::model::kind::{Kind, Kinds};
use crate::model::place::Place;
use crate::model::problem::Problem;
use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

/// Whether a row of a table is about one person of its own, or one of many about the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsPerSubject {
    /// Keyed by the person: rows are persons.
    #[default]
    One,
    /// A detail table: a person may fill many rows.
    Many,
}

/// A subject space: ids of different spaces are different people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct SpaceId(pub u16);

/// How it is known what a table holds that the catalog does not list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inference {
    /// Its name resembles that of a table that is listed.
    Resembles,
}

/// A table as it is known: one `[[table]]` of the catalog, or what is concluded from one.
#[derive(Clone, Debug)]
pub struct Table {
    system: GlobMatcher,
    table: GlobMatcher,
    /// The same glob without its schema, for logs that name the bare table.
    bare: GlobMatcher,
    /// The system it belongs to; the table itself, where no system is named.
    pub place: Place,
    /// The pattern as written.
    pub pattern: String,
    /// The column that identifies the person.
    pub subject: Option<String>,
    /// Whether rows are persons.
    pub rows_per_subject: RowsPerSubject,
    /// The space of its subject ids.
    pub space: SpaceId,
    columns: Vec<(Pattern, Kind)>,
    /// Every kind that any of its columns holds.
    pub kinds: Kinds,
    /// How it is known, where the catalog does not list it. Its rows are never known to be people.
    pub inference: Option<Inference>,
}

/// The catalog of a run.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Those listed, in the order of the file; then each of them as a table that resembles it.
    tables: Vec<Table>,
    listed: usize,
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
    /// Reads a catalog. `file` names it in problems.
    pub fn parse(text: &str, file: &str) -> Result<Catalog, Vec<Problem>> {
        let written: FileAsWritten = toml::from_str(text).map_err(|e| vec![crate::model::toml_problem(file, text, &e)])?;
        let mut problems = Vec::new();
        let mut catalog = Catalog { spaces: vec![String::new()], ..Catalog::default() };
        if written.table.is_empty() {
            problems.push(Problem::plain(file, "must hold at least one [[table]]"));
        }
        for (index, table) in written.table.into_iter().enumerate() {
            let place = format!("{file}: table[{index}] {:?}", table.table);
            match catalog.table(table, &place) {
                Ok(table) => catalog.tables.push(table),
                Err(mut found) => problems.append(&mut found),
            }
        }
        catalog.listed = catalog.tables.len();
        for at in 0..catalog.listed {
            let resembling = Table { inference: Some(Inference::Resembles), ..catalog.tables[at].clone() };
            // A copy of a table without people is not known to be without.
            if !resembling.is_impersonal() {
                catalog.resembling.add(&resembling.pattern, catalog.tables.len() as u32);
                catalog.tables.push(resembling);
            }
        }
        if problems.is_empty() { Ok(catalog) } else { Err(problems) }
    }

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
                columns.push((Pattern::new(column, glob), known));
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
        let kinds = columns.iter().map(|(_, kind)| *kind).collect();
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

    /// The first entry that covers the table of that system. A name without schema also meets an entry with one, and a name with
    /// a database before the schema one without. Where none does, the entry whose name it resembles, as an inference.
    pub fn find(&self, system: Option<&str>, table: &str) -> Option<&Table> {
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

    /// The name of the subject space of a table.
    pub fn space_of(&self, table: &Table) -> &str {
        self.spaces.get(usize::from(table.space.0)).map_or("", String::as_str)
    }

    /// Names of the subject spaces in the order of their ids; the common one is the empty name.
    pub fn spaces(&self) -> &[String] {
        &self.spaces
    }

    /// The entries, in the order of the file.
    pub fn tables(&self) -> &[Table] {
        &self.tables[..self.listed]
    }
}

impl Table {
    fn is_of(&self, system: &str) -> bool {
        self.system.is_match(system) || (system.is_empty() && self.system_pattern() == "*")
    }

    /// Whether what it holds is not known for certain: neither which kinds, nor of whom.
    pub fn is_guess(&self) -> bool {
        self.inference == Some(Inference::Resembles)
    }

    /// How it is known, for a reader; nothing where the catalog lists it.
    pub fn told(&self) -> Option<Arc<str>> {
        match self.inference.as_ref()? {
            Inference::Resembles => Some(format!("resembles {}", self.pattern).into()),
        }
    }

    /// The glob of systems as written.
    pub fn system_pattern(&self) -> &str {
        self.system.glob().glob()
    }

    /// Column globs as written, with their kinds.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.columns.iter().map(|(pattern, kind)| (pattern.text(), *kind))
    }

    /// Whether it takes everything that `later` could be found for, as far as the patterns tell.
    pub fn shadows(&self, later: &Table) -> bool {
        let same_system = self.system_pattern() == "*" || self.system_pattern().eq_ignore_ascii_case(later.system_pattern());
        (same_system || self.system.is_match(later.system_pattern())) && self.table.is_match(&later.pattern)
    }

    /// The kind that a column holds, if any.
    pub fn kind_of(&self, column: &str) -> Option<Kind> {
        self.columns.iter().find(|(pattern, _)| pattern.is_match(column)).map(|(_, kind)| *kind)
    }

    /// How many of its columns hold that kind, as far as the patterns tell: a pattern may stand for several, and counts twice.
    pub fn columns_of(&self, kind: Kind) -> usize {
        let width = |pattern: &Pattern| match pattern {
            Pattern::Name(_) => 1,
            Pattern::Glob(_) => 2,
        };
        self.columns.iter().filter(|(_, of)| *of == kind).map(|(pattern, _)| width(pattern)).sum()
    }

    /// Whether the column is the one that identifies the person.
    pub fn is_subject(&self, column: &str) -> bool {
        self.subject.as_deref().is_some_and(|subject| subject.eq_ignore_ascii_case(column))
    }

    /// Whether the catalog says that the table holds nothing personal.
    pub fn is_impersonal(&self) -> bool {
        self.kinds.is_empty() && self.subject.is_none()
    }
}

/// A column glob; most are plain names, which are compared without the glob machinery.
#[derive(Clone, Debug)]
enum Pattern {
    Name(String),
    Glob(GlobMatcher),
}

impl Pattern {
    fn new(text: &str, glob: GlobMatcher) -> Pattern {
        let plain = text.is_ascii() && !text.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
        if plain { Pattern::Name(text.to_owned()) } else { Pattern::Glob(glob) }
    }

    /// As it is written.
    fn text(&self) -> &str {
        match self {
            Pattern::Name(name) => name,
            Pattern::Glob(glob) => glob.glob().glob(),
        }
    }

    fn is_match(&self, column: &str) -> bool {
        match self {
            Pattern::Name(name) => name.eq_ignore_ascii_case(column),
            Pattern::Glob(glob) => glob.is_match(column),
        }
    }
}

/// Table name without schema.
fn bare(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

fn matcher(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern).case_insensitive(true).build().map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
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
            catalog.tables.iter().map(|table| (table.pattern.clone(), table.place)).collect::<BTreeMap<_, _>>()
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
