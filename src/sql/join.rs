//! Joins: which columns they equate, and for which side a listed value limits the rows.

use crate::sql::output::{Binding, Shape};
use crate::sql::walk::{Walker, sources_of, text};
use crate::sql::{Column, ColumnEquality};
use sqlparser::ast::{Join, JoinConstraint, JoinOperator};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Neither,
    Left,
    Right,
    Both,
}

impl<'q> Walker<'q> {
    pub(super) fn join(&mut self, join: &'q Join) {
        let (before, first_link) = (self.scopes.last().map_or(0, Vec::len), self.branch.links.len());
        let first_source = self.branch.sources.len();
        self.factor(&join.relation);
        // Rows of the side that an outer join keeps are shown whether or not the condition holds for them.
        let (constraint, keeps) = match &join.join_operator {
            JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::CrossJoin(c) | JoinOperator::StraightJoin(c) => {
                (c, Keeps::Neither)
            }
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (c, Keeps::Left),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (c, Keeps::Right),
            JoinOperator::FullOuter(c)
            | JoinOperator::Semi(c)
            | JoinOperator::LeftSemi(c)
            | JoinOperator::RightSemi(c)
            | JoinOperator::Anti(c)
            | JoinOperator::LeftAnti(c)
            | JoinOperator::RightAnti(c)
            | JoinOperator::AsOf { constraint: c, .. } => (c, Keeps::Both),
            JoinOperator::CrossApply
            | JoinOperator::OuterApply
            | JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => return,
        };
        match constraint {
            JoinConstraint::On(condition) if keeps == Keeps::Neither => self.condition(condition),
            JoinConstraint::On(condition) => {
                // Values listed in the condition of an outer join limit only where it holds.
                let (keys, shape) = (self.branch.keys.len(), self.branch.condition);
                self.condition(condition);
                self.branch.keys.truncate(keys);
                self.branch.condition = shape;
            }
            JoinConstraint::Using(names) | JoinConstraint::UsingAlias(names, _) => {
                for name in names {
                    self.using(&text(name), before);
                }
            }
            JoinConstraint::Natural | JoinConstraint::None => {}
        }
        let joined = self.scopes.last().map(|scope| sources_of(&scope[before.min(scope.len())..])).unwrap_or_default();
        self.direct(first_link, keeps, |source| joined.contains(&source) || source >= first_source);
    }

    /// Lets values listed for one side limit the other only where they do: those of the side that is kept limit the other
    /// side, not the other way round.
    fn direct(&mut self, first_link: usize, keeps: Keeps, is_joined: impl Fn(usize) -> bool) {
        let (from_earlier, from_joined) = match keeps {
            Keeps::Neither => return,
            Keeps::Left => (true, false),
            Keeps::Right => (false, true),
            Keeps::Both => (false, false),
        };
        for link in &mut self.branch.links[first_link..] {
            match (is_joined(link.left.source), is_joined(link.right.source)) {
                (false, true) => (link.forth, link.back) = (link.forth && from_earlier, link.back && from_joined),
                (true, false) => (link.forth, link.back) = (link.forth && from_joined, link.back && from_earlier),
                (true, true) | (false, false) => {}
            }
        }
    }

    /// The same for a value beside each row: its conditions limit the value, never the row.
    pub(super) fn direct_inwards(&mut self, first_link: usize, first_source: usize) {
        self.direct(first_link, Keeps::Left, |source| source >= first_source);
    }

    fn using(&mut self, name: &str, before: usize) {
        let Some(scope) = self.scopes.last() else { return };
        let column = |bindings: &[Binding]| match bindings {
            [Binding { shape: Shape::Table(source), .. }] => Some(Column { source: *source, name: Some(name.to_owned()) }),
            _ => None,
        };
        let (left, right) = (column(&scope[..before.min(scope.len())]), column(&scope[before.min(scope.len())..]));
        if let (Some(left), Some(right), true) = (left, right, self.certain) {
            self.link(ColumnEquality { left, right, forth: true, back: true });
        }
    }
}
