//! Common table expressions: each is walked once for each way in which it is used, and what was found is laid in wherever it is named.
//!
//! What one reads is kept as a [`Branch`] of its own. A query that names it twice reads it twice: its tables are there twice, as they
//! are where a table is named twice.

use crate::model::record::Dialect;
use crate::sql::output::{self, Extent, OutputColumn, rename};
use crate::sql::walk::{MOST_SOURCES, Walker};
use crate::sql::{Branch, Column};
use sqlparser::ast::{Cte as Written, Ident, ObjectName, Query, SetExpr};
use std::rc::Rc;

/// Numbers of sources from here on stand for the rows of a recursive expression that it has found so far.
const ITSELF: usize = usize::MAX - MOST_EXPRESSIONS;
/// Most common table expressions of one statement.
const MOST_EXPRESSIONS: usize = 1_024;

/// A common table expression.
pub(super) struct Cte<'q> {
    written: &'q Written,
    /// It may name itself.
    recursive: bool,
    /// The expressions that it may name: the last of a chain.
    env: Option<usize>,
    /// The one before it in the chain of those that a query may name.
    before: Option<usize>,
    pub used: bool,
    expanding: bool,
    /// What it gives, by whether its conditions are certain and whether its rows flow.
    walked: [Option<Rc<Walked>>; 4],
}

/// What the walk of an expression found.
struct Walked {
    branch: Branch,
    outs: Rc<[OutputColumn]>,
    from_items: usize,
}

impl<'q> Walker<'q> {
    /// Makes the common table expressions of a query known.
    pub(super) fn learn(&mut self, query: &'q Query) {
        let Some(with) = &query.with else { return };
        let first = self.ctes.len();
        if first + with.cte_tables.len() > MOST_EXPRESSIONS || !self.spend(with.cte_tables.len()) {
            self.overflow = true;
            return;
        }
        // These take an expression that names itself for recursive without being told.
        let silent = matches!(self.dialect, Dialect::MsSql | Dialect::Oracle);
        let recursive = with.recursive || silent;
        for written in &with.cte_tables {
            // Hive's `WITH x AS (…) FROM x SELECT …`: the grammar loses what the query is of.
            self.overflow |= written.from.is_some();
            let (before, env) = (self.visible, self.visible);
            self.ctes.push(Cte { written, recursive, env, before, used: false, expanding: false, walked: Default::default() });
            self.visible = Some(self.ctes.len() - 1);
        }
        if recursive {
            let all = self.visible;
            self.ctes[first..].iter_mut().for_each(|cte| cte.env = all);
        }
    }

    /// Common table expressions that nothing refers to still run when they modify data.
    pub(super) fn run_unused(&mut self, first: usize) {
        for at in first..self.ctes.len() {
            if !self.ctes[at].used {
                let query = &*self.ctes[at].written.query;
                let visible = std::mem::replace(&mut self.visible, self.ctes[at].env);
                self.aside(|walker| walker.query(query));
                self.visible = visible;
            }
        }
    }

    /// The columns of the common table expression of that name, if there is one; its tables take part from now on.
    pub(super) fn cte(&mut self, name: &ObjectName) -> Option<Rc<[OutputColumn]>> {
        let [part] = name.0.as_slice() else { return None };
        let at = self.find(part.as_ident()?)?;
        self.ctes[at].used = true;
        if self.ctes[at].expanding {
            // A recursive reference adds rows of what is already counted.
            self.branch.multiplied = true;
            let itself = Column { source: ITSELF + at, name: None };
            return Some(Rc::from([OutputColumn { extent: Extent::Table, ..OutputColumn::any(vec![itself]) }]));
        }
        let context = usize::from(self.certain) * 2 + usize::from(self.flows);
        // Those that it may name come first, the oldest before all others, so that a long chain of them is no deep nesting.
        let mut missing = Vec::new();
        let mut next = self.ctes[at].before;
        while let Some(earlier) = next {
            if !self.spend(1) || self.ctes[earlier].walked[context].is_some() {
                break;
            }
            if !self.ctes[earlier].expanding {
                missing.push(earlier);
            }
            next = self.ctes[earlier].before;
        }
        for earlier in missing.into_iter().rev() {
            let walked = Rc::new(self.expand(earlier));
            self.ctes[earlier].walked[context] = Some(walked);
        }
        let walked = match &self.ctes[at].walked[context] {
            Some(walked) => Rc::clone(walked),
            None => {
                let walked = Rc::new(self.expand(at));
                self.ctes[at].walked[context] = Some(Rc::clone(&walked));
                walked
            }
        };
        Some(self.lay_in(&walked))
    }

    fn find(&self, name: &Ident) -> Option<usize> {
        let mut next = self.visible;
        while let Some(at) = next {
            self.spend(1);
            let cte = &self.ctes[at];
            if self.same(&cte.written.alias.name, name) && (cte.recursive || !cte.expanding) {
                return Some(at);
            }
            next = cte.before;
        }
        None
    }

    /// Whether two names are one in the dialect: quoted names keep their case where servers keep it.
    fn same(&self, a: &Ident, b: &Ident) -> bool {
        let folded = |ident: &Ident| match (ident.quote_style, self.dialect) {
            (None, Dialect::PostgreSql) => ident.value.to_ascii_lowercase(),
            (None, Dialect::Oracle | Dialect::Snowflake) => ident.value.to_ascii_uppercase(),
            _ => ident.value.clone(),
        };
        match self.dialect {
            Dialect::PostgreSql | Dialect::Oracle | Dialect::Snowflake => folded(a) == folded(b),
            _ => a.value.eq_ignore_ascii_case(&b.value),
        }
    }

    fn expand(&mut self, at: usize) -> Walked {
        let written = self.ctes[at].written;
        self.ctes[at].expanding = true;
        self.expanding += 1;
        let outer = std::mem::take(&mut self.branch);
        let scopes = std::mem::take(&mut self.scopes);
        let from_items = std::mem::take(&mut self.from_items);
        let visible = std::mem::replace(&mut self.visible, self.ctes[at].env);
        let mut outs = self.query(&written.query);
        let mut branch = std::mem::replace(&mut self.branch, outer);
        self.scopes = scopes;
        self.visible = visible;
        let from_items = std::mem::replace(&mut self.from_items, from_items);
        self.ctes[at].expanding = false;
        self.expanding -= 1;
        rename(&mut outs, written.alias.columns.iter().map(|column| &column.name));
        self.unfold(ITSELF + at, &mut outs, &mut branch, is_recursive(&written.query));
        Walked { branch, outs: outs.into(), from_items }
    }

    /// What a recursive expression hands to itself: a column of it may hold whatever any step put there, and a step that computes
    /// something of it may put the rows of all steps into one value.
    fn unfold(&mut self, itself: usize, outs: &mut [OutputColumn], branch: &mut Branch, recursive: bool) {
        let is_itself = |column: &Column| column.source == itself;
        let touched = |columns: &[Column]| columns.iter().any(is_itself);
        let anywhere = recursive
            && (outs.iter().any(|out| touched(&out.columns) || touched(&out.summed))
                || [&branch.probes, &branch.packs, &branch.sends, &branch.output].into_iter().any(|columns| touched(columns)));
        branch.links.retain(|link| !is_itself(&link.left) && !is_itself(&link.right));
        branch.keys.retain(|keys| !is_itself(&keys.column));
        if !anywhere {
            return;
        }
        // What may stand in a column after any number of steps.
        let reach: Vec<Vec<Column>> = (0..outs.len()).map(|start| self.closure(start, itself, outs)).collect();
        let all: Vec<Column> = outs.iter().flat_map(|out| &out.columns).filter(|column| !is_itself(column)).cloned().collect();
        for (out, reach) in outs.iter_mut().zip(reach) {
            if touched(&out.columns) && !out.bare {
                branch.packs.extend(reach.iter().cloned());
                branch.layered = true;
            }
            if touched(&out.columns) {
                out.columns = reach;
            }
            out.summed.retain(|column| !is_itself(column));
            out.choices.clear();
            out.doubtful.retain(|column| !is_itself(column));
        }
        let folds = branch.folds.iter_mut().flat_map(|fold| fold.values.iter_mut().map(|value| &mut value.columns).chain([&mut fold.keys]));
        let tests = branch.tests.iter_mut().map(|test| &mut test.columns);
        let lists = [&mut branch.probes, &mut branch.packs, &mut branch.sends, &mut branch.output, &mut branch.summed];
        for columns in lists.into_iter().chain(folds).chain(tests) {
            if touched(columns) {
                columns.retain(|column| !is_itself(column));
                columns.extend(all.iter().cloned());
            }
        }
    }

    fn closure(&self, start: usize, itself: usize, outs: &[OutputColumn]) -> Vec<Column> {
        let (mut done, mut open, mut columns) = (vec![false; outs.len()], vec![start], Vec::new());
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut done[at], true) || !self.spend(outs[at].size()) {
                continue;
            }
            for column in &outs[at].columns {
                match &column.name {
                    _ if column.source != itself => columns.push(column.clone()),
                    None => open.extend(0..outs.len()),
                    Some(name) => {
                        let named = |out: &OutputColumn| out.extent == Extent::Named && out.name.eq_ignore_ascii_case(name);
                        let exact = outs.iter().any(named);
                        open.extend((0..outs.len()).filter(|at| if exact { named(&outs[*at]) } else { true }));
                    }
                }
            }
        }
        columns
    }

    /// Lays what an expression reads beside what is read already.
    fn lay_in(&mut self, walked: &Walked) -> Rc<[OutputColumn]> {
        let Walked { branch, outs, from_items } = walked;
        let size = output::size(outs) + size(branch);
        let first = self.branch.sources.len();
        if first + branch.sources.len() > MOST_SOURCES || !self.spend(size) {
            self.overflow = true;
            return Rc::from([]);
        }
        let mut branch = branch.clone();
        let place = |column: &mut Column| {
            if column.source < ITSELF {
                column.source += first;
            }
        };
        each_column(&mut branch, place);
        let mine = &mut self.branch;
        mine.sources.append(&mut branch.sources);
        mine.output.append(&mut branch.output);
        mine.summed.append(&mut branch.summed);
        mine.probes.append(&mut branch.probes);
        mine.packs.append(&mut branch.packs);
        mine.sends.append(&mut branch.sends);
        mine.beside.extend(branch.beside.iter().map(|source| source + first));
        mine.folds.append(&mut branch.folds);
        mine.tests.append(&mut branch.tests);
        mine.functions.append(&mut branch.functions);
        branch.links.into_iter().for_each(|link| self.link(link));
        branch.keys.into_iter().for_each(|keys| self.listed(keys));
        let mine = &mut self.branch;
        mine.condition = mine.condition.max(branch.condition);
        mine.multiplied |= branch.multiplied;
        mine.joined |= branch.joined;
        mine.aggregated |= branch.aggregated;
        mine.grouped |= branch.grouped;
        mine.distinct |= branch.distinct;
        mine.packed |= branch.packed;
        mine.narrowed |= branch.narrowed;
        mine.layered |= branch.layered;
        mine.hides_query |= branch.hides_query;
        if self.flows {
            self.from_items += from_items;
            self.branch.joined |= self.from_items > 1;
        }
        let mut outs = outs.to_vec();
        for out in &mut outs {
            let shown = out.columns.iter_mut().chain(&mut out.summed).chain(&mut out.doubtful);
            shown.chain(out.choices.iter_mut().flatten().flatten()).for_each(place);
        }
        outs.into()
    }
}

/// Whether a query has arms: only those can add to what they found.
fn is_recursive(query: &Query) -> bool {
    let mut body = &*query.body;
    while let SetExpr::Query(inner) = body {
        body = &inner.body;
    }
    matches!(body, SetExpr::SetOperation { .. })
}

/// What it costs to copy a branch.
fn size(branch: &Branch) -> usize {
    let keys: usize = branch.keys.iter().map(|keys| keys.values.len()).sum();
    let folds: usize =
        branch.folds.iter().map(|fold| fold.keys.len() + fold.values.iter().map(|value| value.columns.len() + 1).sum::<usize>()).sum();
    let tests: usize =
        branch.tests.iter().map(|test| test.columns.len() + test.keys.iter().map(|keys| keys.values.len()).sum::<usize>()).sum();
    let lists = [&branch.output, &branch.summed, &branch.probes, &branch.packs, &branch.sends];
    lists.iter().map(|list| list.len()).sum::<usize>() + keys + folds + tests + branch.links.len() + branch.sources.len()
}

fn each_column(branch: &mut Branch, place: impl Fn(&mut Column) + Copy) {
    let lists = [&mut branch.output, &mut branch.summed, &mut branch.probes, &mut branch.packs, &mut branch.sends];
    lists.into_iter().flatten().for_each(place);
    branch.keys.iter_mut().for_each(|keys| place(&mut keys.column));
    for link in &mut branch.links {
        place(&mut link.left);
        place(&mut link.right);
    }
    for test in &mut branch.tests {
        test.columns.iter_mut().for_each(place);
        test.keys.iter_mut().for_each(|keys| place(&mut keys.column));
    }
    for fold in &mut branch.folds {
        fold.keys.iter_mut().for_each(place);
        fold.values.iter_mut().flat_map(|value| &mut value.columns).for_each(place);
    }
}
