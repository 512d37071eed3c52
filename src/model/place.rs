//! Where somebody looked: a system, or a table where no system is named.
//!
//! Places are remembered for months and compared between employees, and state outlives the catalog that it was made under. So a place
//! is known by its name alone: tables that are added, removed or moved in the catalog change nothing that others mean.

use serde::{Deserialize, Serialize};

/// A place: a print of its name, never 0.
///
/// Of ten names two have the same print once in 1,500 catalogs; those two would count as one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(u16);

impl Place {
    /// The place of that name.
    pub fn named(name: &str) -> Place {
        let hash = blake3::derive_key("leakwarden 2026 place", name.as_bytes());
        Place(u16::from_le_bytes([hash[0], hash[1]]).max(1))
    }
}

/// Places that one access or dossier tells apart; of more, those with the smallest prints, in whichever order they come. A dossier is
/// complete with three, and employees have many.
pub const MOST_PLACES: usize = 4;

/// A few places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Places([u16; MOST_PLACES]);

impl Places {
    /// Adds one.
    pub fn add(&mut self, place: Place) {
        let at = self.0.iter().position(|known| *known == 0 || *known >= place.0);
        if let Some(at) = at.filter(|at| self.0[*at] != place.0) {
            self.0[at..].rotate_right(1);
            self.0[at] = place.0;
        }
    }

    /// Adds others.
    pub fn join(&mut self, others: Places) {
        others.iter().for_each(|place| self.add(place));
    }

    /// Them, in the order of their prints.
    pub fn iter(self) -> impl Iterator<Item = Place> {
        self.0.into_iter().take_while(|print| *print != 0).map(Place)
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.iter().count()
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(all: I) -> Places {
        let mut places = Places::default();
        all.into_iter().for_each(|place| places.add(place));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_places_in_any_order_are_the_same() {
        let named = |names: &[&str]| names.iter().map(|name| Place::named(name)).collect::<Places>();
        let few = named(&["crm", "loan", "crm", "hotel"]);
        assert_eq!((few, few.count()), (named(&["hotel", "crm", "loan"]), 3));
        let mut joined = named(&["hotel"]);
        joined.join(named(&["loan", "crm"]));
        assert_eq!(joined, few);
        assert_eq!((Places::default().count(), Places::default().iter().next()), (0, None));
    }

    #[test]
    fn of_too_many_the_same_are_kept_in_any_order() {
        let mut prints: Vec<u16> = (1..=40).map(|n| n * 1_597 % 40_009).collect();
        let forth: Places = prints.iter().copied().map(Place).collect();
        let back: Places = prints.iter().rev().copied().map(Place).collect();
        prints.sort_unstable();
        assert_eq!((forth, forth.0.as_slice()), (back, &prints[..MOST_PLACES]));
    }

    #[test]
    fn what_is_saved_of_a_name_never_changes() {
        assert_eq!([Place::named("crm"), Place::named("hotel.stays")].map(|place| place.0), [24_605, 37_774]);
    }
}
