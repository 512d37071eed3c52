//! A map that forgets what was not asked for the longest time, so that it never grows beyond a bound.

use std::collections::BTreeMap;

/// Values by name, the recent ones.
pub(super) struct Recent<V> {
    values: BTreeMap<String, (u64, V)>,
    /// When each was last asked for, oldest first.
    asked: BTreeMap<u64, String>,
    clock: u64,
    most: usize,
}

impl<V> Recent<V> {
    /// A map of at most so many values.
    pub fn new(most: usize) -> Recent<V> {
        Recent { values: BTreeMap::new(), asked: BTreeMap::new(), clock: 0, most }
    }

    /// The value of that name, made where there is none.
    pub fn get_or(&mut self, name: &str, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        if let Some((last, _)) = self.values.get(name) {
            self.asked.remove(last);
        } else if self.values.len() >= self.most
            && let Some((_, oldest)) = self.asked.pop_first()
        {
            self.values.remove(&oldest);
        }
        self.asked.insert(self.clock, name.to_owned());
        let (last, value) = self.values.entry(name.to_owned()).or_insert_with(|| (0, make()));
        *last = self.clock;
        value
    }

    /// The value of that name, if there is one; asking for it here does not keep it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.values.get_mut(name).map(|(_, value)| value)
    }

    /// Forgets a value.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let (last, value) = self.values.remove(name)?;
        self.asked.remove(&last);
        Some(value)
    }

    /// Forgets all; gives them, the longest forgotten first.
    pub fn drain(&mut self) -> Vec<V> {
        let names: Vec<String> = std::mem::take(&mut self.asked).into_values().collect();
        names.iter().filter_map(|name| self.values.remove(name)).map(|(_, value)| value).collect()
    }

    /// Forgets the value that was not asked for the longest, where the map is full.
    pub fn make_room(&mut self) -> Option<V> {
        if self.values.len() < self.most {
            return None;
        }
        let (_, oldest) = self.asked.pop_first()?;
        self.values.remove(&oldest).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_forgotten_goes_first() {
        let mut recent = Recent::new(2);
        assert_eq!(*recent.get_or("a", || 1), 1);
        assert_eq!(*recent.get_or("b", || 2), 2);
        assert_eq!(*recent.get_or("a", || 9), 1);
        assert_eq!(*recent.get_or("c", || 3), 3);
        assert_eq!(*recent.get_or("b", || 7), 7, "it was forgotten");
        assert_eq!(recent.make_room(), Some(3));
        assert_eq!((recent.remove("b"), recent.remove("b")), (Some(7), None));
        recent.get_or("x", || 5);
        assert_eq!((recent.drain(), recent.drain()), (vec![5], vec![]));
    }
}
