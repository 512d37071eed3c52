//! What a table shows by the columns that are named of it, found once and remembered: logs name few such shapes, and often.
//!
//! To find one costs a look at each column by the catalog and a copy of every name. Each thread remembers those of the catalog that it used
//! last, so that a record of a known shape costs a look-up and no copy: counting a canonical record takes a third less.

use crate::classify::catalog::{Catalog, RowsPerSubject, SpaceId, Table};
use crate::classify::counting::column_disclosure::ColumnDisclosure;
use crate::classify::counting::disclosure::TableRead;
use crate::model::record::Object;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::cell::RefCell;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Shapes that are remembered; a log that names ever new tables does not fill the memory.
const REMEMBERED: usize = 1_024;
/// Nor does one of long names: bytes of one shape at most.
const LONGEST: usize = 4_096;

/// What one table of a record shows.
#[derive(Debug)]
pub(super) struct Shape {
    pub read: Arc<TableRead>,
    /// What the catalog says of the table, where it knows it.
    pub entry: Option<Entry>,
    /// Whether a row of it shows somebody: a personal column, or the column that identifies the person.
    pub personal: bool,
    /// People that one row of it may show.
    pub people_per_row: u64,
}

/// What is asked of an entry of the catalog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub is_guess: bool,
    pub is_proven: bool,
    pub packs: bool,
    pub one_row_a_person: bool,
    pub names_person: bool,
    pub space: SpaceId,
}

impl Entry {
    fn of(table: &Table) -> Entry {
        Entry {
            is_guess: table.is_guess(),
            is_proven: table.is_proven(),
            packs: table.packs,
            one_row_a_person: table.rows_per_subject == RowsPerSubject::One,
            names_person: table.subject.is_some(),
            space: table.space,
        }
    }
}

impl Shape {
    fn find(system: Option<&str>, object: &Object<'_>, catalog: &Catalog) -> Shape {
        let entry = catalog.find(system, object.table.trim());
        // An empty list says as little as none.
        let named = object.columns.as_ref().filter(|columns| !columns.is_empty());
        let columns: Option<Vec<String>> = named.map(|columns| columns.iter().map(|c| c.trim().to_owned()).collect());
        let showing = entry.map_or(ColumnDisclosure::NOTHING, |entry| ColumnDisclosure::of(entry, columns.as_deref()));
        let read = TableRead {
            table: object.table.trim().to_owned(),
            columns,
            kinds: showing.kinds,
            known: !entry.is_none_or(Table::is_guess),
            inferred: entry.and_then(Table::told),
            place: entry.map(|entry| entry.place),
        };
        let (entry, personal, people_per_row) = (entry.map(Entry::of), showing.personal, showing.people_per_row);
        Shape { read: Arc::new(read), entry, personal, people_per_row }
    }
}

/// A shape under the names that it was found by.
struct Known {
    hash: u64,
    system: Option<Box<str>>,
    table: Box<str>,
    columns: Option<Box<[Box<str>]>>,
    shape: Arc<Shape>,
}

impl Known {
    fn is_of(&self, system: Option<&str>, object: &Object<'_>) -> bool {
        self.system.as_deref() == system
            && *self.table == *object.table
            && match (&self.columns, &object.columns) {
                (None, None) => true,
                (Some(own), Some(named)) => own.len() == named.len() && own.iter().zip(named).all(|(own, named)| **own == **named),
                (None, Some(_)) | (Some(_), None) => false,
            }
    }
}

/// What a thread remembers.
#[derive(Default)]
struct Shapes {
    /// The catalog by which they were found.
    of: Catalog,
    known: HashTable<Known>,
    /// Seeded, so that nobody can choose names that collide.
    hasher: DefaultHashBuilder,
}

impl Shapes {
    fn of(&mut self, system: Option<&str>, object: &Object<'_>, catalog: &Catalog) -> Arc<Shape> {
        if !self.of.is_of_same_file(catalog) {
            (self.of, self.known) = (catalog.as_listed(), HashTable::new());
        }
        let names = || object.columns.iter().flatten().map(|name| &**name);
        let hash = self.hasher.hash_one((system, &*object.table, object.columns.as_ref().map(Vec::len)));
        let hash = names().fold(hash, |hash, name| self.hasher.hash_one((hash, name)));
        if let Some(known) = self.known.find(hash, |known| known.hash == hash && known.is_of(system, object)) {
            return Arc::clone(&known.shape);
        }
        let shape = Arc::new(Shape::find(system, object, catalog));
        let bytes = object.table.len() + system.map_or(0, str::len) + names().map(str::len).sum::<usize>();
        if self.known.len() < REMEMBERED && bytes <= LONGEST {
            let known = Known {
                hash,
                system: system.map(Box::from),
                table: Box::from(&*object.table),
                columns: object.columns.as_ref().map(|columns| columns.iter().map(|name| Box::from(&**name)).collect()),
                shape: Arc::clone(&shape),
            };
            self.known.insert_unique(hash, known, |known| known.hash);
        }
        shape
    }
}

/// What a table shows by the columns that a record names of it. What statements made of tables changes from record to record, and is not
/// remembered.
pub(super) fn shape(system: Option<&str>, object: &Object<'_>, catalog: &Catalog) -> Arc<Shape> {
    thread_local! {
        static SHAPES: RefCell<Shapes> = RefCell::default();
    }
    match catalog.is_as_listed() {
        true => SHAPES.with_borrow_mut(|shapes| shapes.of(system, object, catalog)),
        false => Arc::new(Shape::find(system, object, catalog)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Text;

    fn catalog(kind: &str) -> Catalog {
        let text =
            format!("[[table]]\nsystem = \"crm\"\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"{kind}\"\n");
        Catalog::parse(&text, "catalog.toml").expect("is valid")
    }

    fn object<'a>(table: &'a str, columns: Option<&'a [&'a str]>) -> Object<'a> {
        Object { table: table.into(), columns: columns.map(|columns| columns.iter().map(|name| Text::Borrowed(name)).collect()) }
    }

    #[test]
    fn a_remembered_shape_is_the_one_that_would_be_found() {
        let (one, other) = (catalog("name"), catalog("phone_number"));
        let tables = ["crm.customers", " crm.customers ", "customers", "crm.customers_old", "x.y"];
        let columns: [Option<&[&str]>; 6] =
            [None, Some(&[]), Some(&["name"]), Some(&[" NAME "]), Some(&["name", "x"]), Some(&["na", "mex"])];
        for catalog in [&one, &other, &one] {
            for (system, table, columns) in
                [Some("crm"), None, Some("hr")].into_iter().flat_map(|s| tables.into_iter().flat_map(move |t| columns.map(|c| (s, t, c))))
            {
                let object = object(table, columns);
                let found = Shape::find(system, &object, catalog);
                for _ in 0..2 {
                    let told = shape(system, &object, catalog);
                    assert_eq!(told.read, found.read);
                    assert_eq!(
                        (told.personal, told.people_per_row, told.entry.map(|entry| entry.is_guess)),
                        (found.personal, found.people_per_row, found.entry.map(|entry| entry.is_guess))
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (catalog, mut shapes) = (catalog("name"), Shapes::default());
        for n in 0..3_000 {
            shapes.of(Some("crm"), &object(&format!("t{n}"), None), &catalog);
        }
        shapes.of(Some("crm"), &object(&"t".repeat(LONGEST), None), &catalog);
        assert_eq!(shapes.known.len(), REMEMBERED);
    }
}
