//! Whether any of some words stands in a text, whatever its case: what most texts are spared further work by.

use memchr::memchr2_iter;

/// Whether one of the words (ASCII, not empty) is part of the text. The time is linear in the length of the text.
pub fn contains_any(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| {
        let word = word.as_bytes();
        let Some(first) = word.first() else { return false };
        memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
            .any(|at| text.get(at..at + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_at_both_ends() {
        for (text, found) in
            [("SELECT 1", false), ("x InTo y", true), ("into", true), ("int", false), ("iinto", true), ("", false), ("é EXPORT", true)]
        {
            assert_eq!(contains_any(text.as_bytes(), &["into", "export"]), found, "{text}");
        }
    }
}
