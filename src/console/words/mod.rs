//! Every text of the console, in each language beside the other: one that is missing does not compile. Texts without figures are [`Text`],
//! names of what can be enumerated stand in [`lists`], sentences made from figures in [`sentences`].
//!
//! Like the words of pictures and reports, none speaks of what somebody meant or wanted.

pub mod entries;
mod fixed;
pub mod lists;
pub mod rules;
pub mod sentences;

pub use fixed::Text;

use crate::page::Lang;

/// One of two texts.
fn of<T>(lang: Lang, (en, zh): (T, T)) -> T {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}
