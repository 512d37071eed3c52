//! A map that forgets what was not asked for the longest time, so that it never grows beyond a bound.

use hashbrown::HashMap;
use std::collections::VecDeque;

/// Values by name, the recent ones.
pub(super) struct Recent<V> {
    by_name: HashMap<String, usize>,
    /// Places of what was forgotten are taken again.
    values: Vec<Option<Kept<V>>>,
    free: Vec<usize>,
    /// When each was asked for, oldest first. What was asked for again stands there again, and only its last place counts.
    asked: VecDeque<(u64, usize)>,
    clock: u64,
    most: usize,
}

struct Kept<V> {
    name: String,
    asked: u64,
    value: V,
}

impl<V> Recent<V> {
    /// A map of at most so many values.
    pub fn new(most: usize) -> Recent<V> {
        Recent { by_name: HashMap::new(), values: Vec::new(), free: Vec::new(), asked: VecDeque::new(), clock: 0, most }
    }

    /// The value of that name, made where there is none.
    pub fn get_or(&mut self, name: &str, make: impl FnOnce() -> V) -> &mut V {
        self.clock += 1;
        let at = match self.by_name.get(name) {
            Some(at) => *at,
            None => {
                self.make_room();
                let at = self.free.pop().unwrap_or(self.values.len());
                if at == self.values.len() {
                    self.values.push(None);
                }
                self.by_name.insert(name.to_owned(), at);
                at
            }
        };
        let clock = self.clock;
        self.values[at].get_or_insert_with(|| Kept { name: name.to_owned(), asked: clock, value: make() }).asked = clock;
        self.asked.push_back((clock, at));
        // Each question adds a place and a value needs one: the rest is thrown out when it is the greater part.
        if self.asked.len() > 2 * self.values.len() + 64 {
            let values = &self.values;
            self.asked.retain(|(clock, at)| values[*at].as_ref().is_some_and(|kept| kept.asked == *clock));
        }
        &mut self.values[at].as_mut().expect("was put there above").value
    }

    /// The value of that name, if there is one; asking for it here does not keep it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = *self.by_name.get(name)?;
        self.values[at].as_mut().map(|kept| &mut kept.value)
    }

    /// Forgets a value.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.by_name.remove(name)?;
        self.free.push(at);
        self.values[at].take().map(|kept| kept.value)
    }

    /// Forgets all; gives them, the longest forgotten first.
    pub fn drain(&mut self) -> Vec<V> {
        let mut all: Vec<Kept<V>> = std::mem::take(&mut self.values).into_iter().flatten().collect();
        all.sort_unstable_by_key(|kept| kept.asked);
        *self = Recent { clock: self.clock, ..Recent::new(self.most) };
        all.into_iter().map(|kept| kept.value).collect()
    }

    /// Forgets the value that was not asked for the longest, where the map is full.
    pub fn make_room(&mut self) -> Option<V> {
        while self.by_name.len() >= self.most {
            let (clock, at) = self.asked.pop_front()?;
            if let Some(kept) = self.values[at].take_if(|kept| kept.asked == clock) {
                self.by_name.remove(&kept.name);
                self.free.push(at);
                return Some(kept.value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_often_takes_no_room_and_goes_last() {
        let mut recent = Recent::new(100);
        for at in 0..100 {
            recent.get_or(&at.to_string(), || at);
        }
        for _ in 0..10_000 {
            recent.get_or("0", || 7);
        }
        assert!(recent.asked.len() <= 2 * 100 + 64);
        let gone: Vec<i32> = (100..199)
            .filter_map(|at| {
                let gone = recent.make_room();
                recent.get_or(&at.to_string(), || at);
                gone
            })
            .collect();
        assert_eq!(gone, (1..100).collect::<Vec<_>>());
        assert_eq!(*recent.get_or("0", || 7), 0);
    }

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
