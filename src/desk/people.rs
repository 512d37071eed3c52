//! Who stands above whom: nobody works on a case about themselves or about anybody of their line of managers.

use crate::classify::directory::Directory;
use crate::classify::employee::Employee;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The managers of employees, as the directory lists them.
#[derive(Clone, Default, Debug)]
pub struct People {
    managers: BTreeMap<String, String>,
    units: BTreeMap<String, String>,
}

impl People {
    /// Of pairs of employee and manager, and of employee and unit.
    pub fn new(managers: impl IntoIterator<Item = (String, String)>, units: impl IntoIterator<Item = (String, String)>) -> People {
        People { managers: managers.into_iter().collect(), units: units.into_iter().collect() }
    }

    /// As the directory lists them.
    pub fn of(directory: &Directory) -> People {
        let pairs = |field: fn(&Employee) -> &Option<Arc<str>>| {
            directory
                .sorted()
                .into_iter()
                .filter_map(move |employee| Some((employee.id.to_string(), field(employee).as_ref()?.to_string())))
        };
        People::new(pairs(|employee| &employee.manager), pairs(|employee| &employee.unit))
    }

    /// The employee's unit.
    pub fn unit(&self, employee: &str) -> Option<&str> {
        self.units.get(employee).map(String::as_str)
    }

    /// The employee's managers, theirs, and so on: each once, whatever the directory says.
    pub fn above(&self, employee: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut of = employee;
        while let Some(manager) = self.managers.get(of) {
            if !above.insert(manager.clone()) {
                break;
            }
            of = manager;
        }
        above
    }

    /// Whether one of two manages the other, directly or not.
    pub fn is_line(&self, one: &str, other: &str) -> bool {
        self.above(one).contains(other) || self.above(other).contains(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_up_to_the_top_and_ends_in_a_circle_too() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let people = People::new([pair("E1", "E2"), pair("E2", "E3"), pair("E8", "E9"), pair("E9", "E8")], []);
        assert_eq!(people.above("E1"), ["E2", "E3"].map(str::to_owned).into());
        assert!(people.above("E3").is_empty() && people.above("nobody").is_empty());
        assert_eq!(people.above("E8"), ["E8", "E9"].map(str::to_owned).into());
        assert!(people.is_line("E3", "E1") && people.is_line("E1", "E3") && !people.is_line("E1", "E8"));
    }
}
