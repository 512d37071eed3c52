//! Names as they are shown: without characters that act on the reader or that nobody sees.
//!
//! A login may hold an escape sequence, a change of direction or a blank of no width. Whoever reads an alert must see the same name as
//! the one who looks for it in the directory.

use std::borrow::Cow;

/// Whether a character does not show: a control, a change of direction, a joiner, a filler, a variation of another character.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether all of it is of printable ASCII: as nearly every name is.
pub fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The name without characters that do not show, and without blanks around it.
pub fn shown(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name.trim_ascii());
    }
    if !name.contains(is_invisible) {
        return Cow::Borrowed(name.trim());
    }
    let kept: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    Cow::Owned(kept.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_left_out_and_the_rest_stays() {
        for (name, kept) in [
            ("li", "li"),
            (" li na ", "li na"),
            ("l\u{200b}i\0", "li"),
            ("\u{202e}li\u{202c}", "li"),
            ("E\u{1b}[31m1\n", "E[31m1"),
            ("李\u{2060}娜", "李娜"),
            ("größe", "größe"),
            ("\u{200b}", ""),
        ] {
            assert_eq!(shown(name), kept, "{name:?}");
        }
        assert!(matches!(shown("li"), Cow::Borrowed(_)) && matches!(shown("李娜"), Cow::Borrowed(_)));
    }
}
