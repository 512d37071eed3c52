//! Things by the names of tables, as logs give them: with or without schema and database, in any case.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Things by system and table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ByName<T> {
    /// By system, bare name and full name, all in lower case.
    entries: BTreeMap<(String, String, String), T>,
}

impl<T> Default for ByName<T> {
    fn default() -> ByName<T> {
        ByName { entries: BTreeMap::new() }
    }
}

impl<T> ByName<T> {
    /// The thing of a table: that of the very name, else of one that differs in schema or database being left out.
    pub fn find(&self, system: Option<&str>, table: &str) -> Option<&T> {
        if self.entries.is_empty() {
            return None;
        }
        let (system, bare, full) = key(system, table);
        let last = (system.clone(), format!("{bare}\0"), String::new());
        let alike = |name: &str| {
            let (long, short) = if name.len() > full.len() { (name, full.as_str()) } else { (full.as_str(), name) };
            long.strip_suffix(short).is_some_and(|head| head.is_empty() || head.ends_with('.'))
        };
        let mut of_name = self.entries.range((system, bare, String::new())..last).filter(|((.., name), _)| alike(name));
        let first = of_name.next()?;
        Some(
            std::iter::once(first)
                .chain(of_name)
                .min_by_key(|((.., name), _)| name.len().abs_diff(full.len()))
                .map_or(first.1, |(_, of)| of),
        )
    }

    /// Puts a thing in the place of the one that the name finds.
    pub fn insert(&mut self, system: Option<&str>, table: &str, thing: T) {
        self.remove(system, table);
        self.entries.insert(key(system, table), thing);
    }

    /// Takes out what the name finds.
    pub fn remove(&mut self, system: Option<&str>, table: &str) -> Option<T> {
        self.find(system, table)?;
        let (of_system, bare, full) = key(system, table);
        let exact = (of_system, bare, full);
        if self.entries.contains_key(&exact) {
            return self.entries.remove(&exact);
        }
        let found = self.find(system, table)?;
        let name = self.entries.iter().find(|(_, thing)| std::ptr::eq(*thing, found)).map(|(name, _)| name.clone())?;
        self.entries.remove(&name)
    }

    /// Takes out the one that comes first by an order. Returns the names of its system and table.
    pub fn remove_first<K: Ord>(&mut self, order: impl Fn(&T) -> K) -> Option<(String, String)> {
        let first = self.entries.iter().min_by_key(|(_, thing)| order(thing)).map(|(name, _)| name.clone());
        let (system, bare, name) = first?;
        self.entries.remove(&(system.clone(), bare, name.clone()));
        Some((system, name))
    }

    /// All of them, with the name of the system and the full name of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &T)> {
        self.entries.iter().map(|((system, _, name), thing)| (system.as_str(), name.as_str(), thing))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn key(system: Option<&str>, table: &str) -> (String, String, String) {
    let full = table.trim().to_lowercase();
    let bare = full.rsplit('.').next().unwrap_or(&full).to_owned();
    (system.unwrap_or("").to_lowercase(), bare, full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_with_and_without_its_schema_and_in_its_system_alone() {
        let mut things = ByName::default();
        things.insert(Some("crm"), "x.Tmp1", 1);
        things.insert(Some("crm"), "y.tmp1", 2);
        things.insert(None, "tmp1", 3);
        let find = |system, name| things.find(system, name).copied();
        assert_eq!((find(Some("CRM"), "X.TMP1"), find(Some("crm"), "y.tmp1")), (Some(1), Some(2)));
        assert_eq!((find(Some("crm"), "db.x.tmp1"), find(Some("crm"), "tmp1")), (Some(1), Some(1)));
        assert_eq!((find(Some("crm"), "z.tmp1"), find(Some("crm"), "tmp10"), find(Some("other"), "x.tmp1")), (None, None, None));
        assert_eq!(find(None, "any.tmp1"), Some(3));
    }

    #[test]
    fn what_is_taken_out_is_what_the_name_finds() {
        let mut things = ByName::default();
        things.insert(None, "x.a", 1);
        things.insert(None, "x.b", 2);
        things.insert(None, "a", 3);
        assert_eq!((things.len(), things.find(None, "x.a")), (2, Some(&3)), "one table by two names");
        assert_eq!((things.remove(None, "db.x.b"), things.remove(None, "b")), (Some(2), None));
        things.remove_first(|thing| *thing);
        assert!(things.is_empty());
    }
}
