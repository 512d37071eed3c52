//! Text that came out of somebody's log, on its way to a terminal or into a log line of ours.

use std::fmt::{self, Write};

/// Shows foreign text harmlessly: control, bidirectional, invisible and unassigned characters are escaped, length is capped.
/// A user name may hold an escape sequence that rewrites the screen, or a line end that forges a log line.
#[derive(Clone, Copy)]
pub struct Untrusted<'a>(pub &'a str);

/// Characters shown at most.
const LONGEST: usize = 200;

impl Untrusted<'_> {
    /// Whether a character does something on a terminal other than stand there.
    pub fn acts(c: char) -> bool {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
}

/// A text of ours that may quote somebody's file: nothing in it acts on a terminal or forges a line.
pub fn harmless(text: &str) -> String {
    let shown = |c: char| if Untrusted::acts(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shown, c) in self.0.chars().enumerate() {
            if shown == LONGEST {
                let hidden = self.0.chars().count() - LONGEST;
                return write!(f, "… ({hidden} more characters)");
            }
            match c {
                '"' | '\'' => f.write_char(c)?,
                // Escapes all that is not visible as itself, and the backslash, so that an escape cannot be faked.
                _ => write!(f, "{}", c.escape_debug())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_shown_as_it_is() {
        assert_eq!(Untrusted("O'Neil \"杭州\" größe").to_string(), "O'Neil \"杭州\" größe");
    }

    #[test]
    fn control_and_bidirectional_characters_are_escaped() {
        assert_eq!(Untrusted("a\x1b[2J\r\nb").to_string(), "a\\u{1b}[2J\\r\\nb");
        assert_eq!(Untrusted("x\u{202e}y\u{2066}z\u{200b}").to_string(), "x\\u{202e}y\\u{2066}z\\u{200b}");
        assert_eq!(Untrusted("\u{9b}31m\u{2028}\u{feff}\\u{0}").to_string(), "\\u{9b}31m\\u{2028}\\u{feff}\\\\u{0}");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(Untrusted(&"x".repeat(250)).to_string(), format!("{}… (50 more characters)", "x".repeat(200)));
    }
}
