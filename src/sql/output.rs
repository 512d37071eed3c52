//! What a query gives to the query around it: its columns by position and name, and what stands behind each.
//!
//! The order of a table's columns is not known here. So behind a star no position can be told: a name that is given there by position
//! stands for every column of the star.

use crate::sql::Column;
use sqlparser::ast::Ident;
use std::rc::Rc;

/// How many columns an entry stands for, and what it is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Extent {
    /// One column of that name.
    #[default]
    Named,
    /// One column whose name the server makes of its expression: any name may be its.
    Unnamed,
    /// All columns of a table, under their own names.
    Table,
    /// Nobody knows how many columns of which names.
    Any,
}

/// One column of a query's result and what stands behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputColumn {
    /// Its name; `*` for all columns of a table.
    pub name: String,
    /// How many columns it stands for.
    pub extent: Extent,
    /// The columns that flow into it.
    pub columns: Vec<Column>,
    /// Of those, the ones that flow in only as a sum of the whole table.
    pub summed: Vec<Column>,
    /// Of those, the ones that some rows show and others do not.
    pub doubtful: Vec<Column>,
    /// Alternatives of which each row shows one.
    pub choices: Vec<Vec<Vec<Column>>>,
    /// It is a bare column: what is said of its values is said of the column's.
    pub bare: bool,
    /// A sum of it cannot be taken apart again: no row has a weight of its own.
    pub linear: bool,
}

impl OutputColumn {
    /// All columns of a table.
    pub fn table(source: usize) -> OutputColumn {
        let columns = vec![Column { source, name: None }];
        OutputColumn { name: "*".to_owned(), extent: Extent::Table, columns, bare: true, linear: true, ..OutputColumn::default() }
    }

    /// Columns of any number and name.
    pub fn any(columns: Vec<Column>) -> OutputColumn {
        OutputColumn { name: "*".to_owned(), extent: Extent::Any, columns, ..OutputColumn::default() }
    }

    /// Takes what flows into another value.
    pub fn take(&mut self, mut other: OutputColumn) {
        self.columns.append(&mut other.columns);
        self.summed.append(&mut other.summed);
        self.doubtful.append(&mut other.doubtful);
        self.choices.append(&mut other.choices);
    }

    /// Takes one of several values, nobody knows which.
    pub fn take_one_of(&mut self, alternatives: Vec<OutputColumn>, one_for_sure: bool) {
        let sure =
            |out: &OutputColumn| -> Vec<Column> { out.columns.iter().filter(|column| !out.doubtful.contains(column)).cloned().collect() };
        let shown: Vec<Vec<Column>> = alternatives.iter().map(sure).collect();
        let everywhere = |column: &Column| one_for_sure && shown.iter().all(|columns| columns.contains(column));
        for out in alternatives {
            self.doubtful.extend(out.columns.iter().filter(|column| !everywhere(column)).cloned());
            self.columns.extend(out.columns);
            self.summed.extend(out.summed);
        }
        if one_for_sure && shown.len() > 1 && shown.iter().all(|columns| !columns.is_empty()) {
            self.choices.push(shown);
        }
    }

    /// What it costs to copy it.
    pub fn size(&self) -> usize {
        1 + self.columns.len() + self.summed.len() + self.doubtful.len() + self.choices.iter().flatten().map(Vec::len).sum::<usize>()
    }

    /// Whether nobody knows how many columns it is.
    pub fn is_star(&self) -> bool {
        matches!(self.extent, Extent::Table | Extent::Any)
    }
}

/// What it costs to copy a list of columns.
pub(super) fn size(outs: &[OutputColumn]) -> usize {
    outs.iter().map(OutputColumn::size).sum()
}

/// What a name in FROM stands for.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Table(usize),
    Derived(Rc<[OutputColumn]>),
}

impl Shape {
    /// How many entries are looked at to find a name.
    pub fn len(&self) -> usize {
        match self {
            Shape::Table(_) => 1,
            Shape::Derived(outs) => outs.len().max(1),
        }
    }
}

/// A name in FROM.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub alias: String,
    pub shape: Shape,
}

/// Gives columns new names by their position.
pub(super) fn rename<'n>(outs: &mut Vec<OutputColumn>, names: impl Iterator<Item = &'n Ident>) {
    let known = outs.iter().position(OutputColumn::is_star).unwrap_or(outs.len());
    let rest: Vec<Column> = outs[known..].iter().flat_map(|out| out.columns.iter().chain(&out.summed).cloned()).collect();
    let mut further = Vec::new();
    for (at, name) in names.enumerate() {
        if at < known {
            outs[at].name.clone_from(&name.value);
            outs[at].extent = Extent::Named;
        } else {
            // Which column of the star it is cannot be told: it may be any, also any that follows.
            let (columns, doubtful) = (rest.clone(), rest.clone());
            further.push(OutputColumn { name: name.value.clone(), columns, doubtful, ..OutputColumn::default() });
        }
    }
    if known < outs.len() {
        outs.splice(known..known, further);
    }
}

/// The columns of that name; nothing where there is none.
pub(super) fn named(shape: &Shape, name: &str) -> Option<Vec<Column>> {
    let outs = match shape {
        Shape::Table(source) => return Some(vec![Column { source: *source, name: Some(name.to_owned()) }]),
        Shape::Derived(outs) => outs,
    };
    let hit = |out: &&OutputColumn| !out.is_star() && out.name.eq_ignore_ascii_case(name);
    let surely = outs.iter().any(|out| out.extent == Extent::Named && hit(&out));
    let mut found = false;
    let mut columns = Vec::new();
    for out in outs.iter() {
        match out.extent {
            _ if surely && !hit(&out) => continue,
            Extent::Named if !hit(&out) => continue,
            Extent::Named | Extent::Unnamed | Extent::Any => columns.extend(out.columns.iter().cloned()),
            Extent::Table => columns
                .extend(out.columns.iter().map(|column| Column { name: column.name.clone().or_else(|| Some(name.to_owned())), ..*column })),
        }
        found = true;
    }
    found.then_some(columns)
}

/// The columns that are summed up behind a name.
pub(super) fn summed(shape: &Shape, name: &str) -> Vec<Column> {
    match shape {
        Shape::Table(_) => Vec::new(),
        Shape::Derived(outs) => {
            let fits = |out: &&OutputColumn| out.extent != Extent::Named || out.name.eq_ignore_ascii_case(name);
            outs.iter().filter(fits).flat_map(|out| out.summed.iter().cloned()).collect()
        }
    }
}

/// The columns behind a name that only some rows show.
pub(super) fn doubtful(shape: &Shape, name: &str) -> Vec<Column> {
    match shape {
        Shape::Table(_) => Vec::new(),
        Shape::Derived(outs) => {
            let fits = |out: &&OutputColumn| out.extent != Extent::Named || out.name.eq_ignore_ascii_case(name);
            outs.iter().filter(fits).flat_map(|out| out.doubtful.iter().cloned()).collect()
        }
    }
}

/// The one column that a name stands for and whose values are its own.
pub(super) fn bare_named(shape: &Shape, name: &str) -> Vec<Column> {
    match shape {
        Shape::Table(_) => named(shape, name).unwrap_or_default(),
        Shape::Derived(outs) => {
            let hit = |out: &&OutputColumn| out.extent == Extent::Named && out.name.eq_ignore_ascii_case(name);
            let surely = outs.iter().any(|out| hit(&out));
            let hidden = outs.iter().filter(|out| if surely { hit(out) } else { out.extent != Extent::Named }).any(|out| !out.bare);
            if hidden { Vec::new() } else { named(shape, name).unwrap_or_default() }
        }
    }
}

/// Whether a sum of the column cannot be taken apart again.
pub(super) fn is_linear(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Table(_) => true,
        Shape::Derived(outs) => {
            let hit = |out: &&OutputColumn| out.extent == Extent::Named && out.name.eq_ignore_ascii_case(name);
            let surely = outs.iter().any(|out| hit(&out));
            outs.iter().filter(|out| if surely { hit(out) } else { out.extent != Extent::Named }).all(|out| out.linear)
        }
    }
}

/// Every column behind a name in FROM.
pub(super) fn all_of(shape: &Shape) -> Vec<Column> {
    match shape {
        Shape::Table(source) => vec![Column { source: *source, name: None }],
        Shape::Derived(outs) => outs.iter().flat_map(|out| out.columns.iter().cloned()).collect(),
    }
}

/// Everything behind a name in FROM, as a star shows it.
pub(super) fn everything(shape: &Shape) -> Vec<OutputColumn> {
    match shape {
        Shape::Table(source) => vec![OutputColumn::table(*source)],
        Shape::Derived(outs) => outs.to_vec(),
    }
}
