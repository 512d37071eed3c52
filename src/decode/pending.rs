//! Partial records that decoders hold back under a key until later lines complete them. Memory is bounded: beyond
//! [`MOST`] the oldest is handed on incomplete.

use std::collections::BTreeMap;

/// Most things that are held back at a time.
const MOST: usize = 4_096;

/// Things held back, by key.
pub struct Pending<T> {
    held: BTreeMap<String, (u64, T)>,
    order: BTreeMap<u64, String>,
    clock: u64,
}

impl<T> Default for Pending<T> {
    fn default() -> Pending<T> {
        Pending { held: BTreeMap::new(), order: BTreeMap::new(), clock: 0 }
    }
}

impl<T> Pending<T> {
    /// What is held under the key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.held.get_mut(key).map(|(_, held)| held)
    }

    /// Takes out what is held under the key.
    pub fn take(&mut self, key: &str) -> Option<T> {
        let (clock, held) = self.held.remove(key)?;
        self.order.remove(&clock);
        Some(held)
    }

    /// Holds a thing; gives what must go for it: what was held under the same key, or the oldest.
    pub fn put(&mut self, key: String, thing: T) -> Option<T> {
        let before = self.take(&key);
        self.clock += 1;
        self.order.insert(self.clock, key.clone());
        self.held.insert(key, (self.clock, thing));
        before.or_else(|| if self.held.len() > MOST { self.pop() } else { None })
    }

    /// The oldest.
    pub fn oldest(&self) -> Option<&T> {
        let (_, key) = self.order.first_key_value()?;
        self.held.get(key).map(|(_, held)| held)
    }

    /// Takes out the oldest.
    pub fn pop(&mut self) -> Option<T> {
        let (_, key) = self.order.pop_first()?;
        self.held.remove(&key).map(|(_, held)| held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_no_more_than_so_many_stay() {
        let mut waiting = Pending::default();
        assert_eq!(waiting.put("a".to_owned(), 1), None);
        assert_eq!(waiting.put("a".to_owned(), 2), Some(1));
        for n in 0..MOST as u64 - 1 {
            assert_eq!(waiting.put(format!("k{n}"), n), None);
        }
        assert_eq!(waiting.put("z".to_owned(), 9), Some(2));
        assert_eq!((waiting.take("z"), waiting.take("z"), waiting.pop()), (Some(9), None, Some(0)));
    }
}
