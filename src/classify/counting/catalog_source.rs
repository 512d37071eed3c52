//! The tables of a query as the catalog sees them.

use crate::classify::catalog::{Catalog, Table};
use crate::classify::counting::column_disclosure::ColumnDisclosure;
use crate::model::kind::{Kind, Kinds};
use crate::model::record::{Dialect, Record};
use crate::sql::{self, Branch, Column, system};

/// A source of a branch as the catalog sees it.
pub(super) struct CatalogSource<'c> {
    pub entry: Option<&'c Table>,
    /// A relation of the server's own that holds nothing of customers.
    pub harmless: bool,
    /// What its columns in the output show.
    pub showing: Option<ColumnDisclosure>,
    pub flows: bool,
}

impl CatalogSource<'_> {
    pub(super) fn is_unknown(&self) -> bool {
        self.entry.is_none_or(Table::is_guess) && !self.harmless
    }
}

/// The tables of a branch as the catalog sees them.
pub(super) fn resolve<'c>(branch: &Branch, record: &Record<'_>, catalog: &'c Catalog) -> Vec<CatalogSource<'c>> {
    let (system, dialect) = (record.system.as_deref(), record.dialect);
    branch.sources.iter().enumerate().map(|(at, source)| resolve_one(at, source, branch, (system, dialect), catalog)).collect()
}

/// The catalog's entry of a table. `database.schema.table` names the same table as `schema.table`.
fn resolve_one<'c>(
    at: usize,
    source: &sql::Source,
    branch: &Branch,
    (system, dialect): (Option<&str>, Dialect),
    catalog: &'c Catalog,
) -> CatalogSource<'c> {
    let listed = catalog.find(system, &source.table);
    // `pg_user` resembles a table of users, and is the server's own.
    let own = listed.is_none_or(Table::is_guess) && system::is_harmless(&source.table, dialect);
    let entry = listed.filter(|_| !own);
    let harmless = entry.is_none() && own;
    let columns = columns_of(at, &branch.output);
    let showing =
        columns.and_then(|columns| entry.map(|entry| ColumnDisclosure::of(entry, columns.as_deref()))).filter(|showing| showing.personal);
    CatalogSource { entry, harmless, showing, flows: source.flows }
}

/// The columns of a source in a list: `None` where it has none there, `Some(None)` where it has all.
#[expect(clippy::option_option, reason = "absent and unnamed columns are different things")]
pub(super) fn columns_of(at: usize, columns: &[Column]) -> Option<Option<Vec<String>>> {
    let mut own = columns.iter().filter(|column| column.source == at).peekable();
    own.peek()?;
    Some(own.map(|column| column.name.clone()).collect())
}

pub(super) fn kinds_of(columns: &[Column], known: &[CatalogSource<'_>]) -> Kinds {
    let kind = |column: &Column| {
        let entry = known[column.source].entry?;
        match &column.name {
            None => Some(entry.kinds),
            Some(name) => match entry.kinds_of(name) {
                kinds if !kinds.is_empty() => Some(kinds),
                _ => entry.is_subject(name).then(|| Kinds::of(Kind::OtherIdentifying)),
            },
        }
    };
    columns.iter().filter_map(kind).fold(Kinds::NONE, Kinds::union)
}
