//! Names and texts that came out of logs and files, as markup: they stand apart from the text around them, nothing in them acts, and none is
//! longer than a bound.

use crate::model::shown::is_invisible;
use maud::{Markup, html};

/// Characters that are shown of a name.
const LONGEST: usize = 64;
/// Characters that are shown of a sentence.
const LONGEST_TEXT: usize = 4_000;

/// A name: in a box of its own direction, with what does not show written out.
pub fn name(text: &str) -> Markup {
    html! { bdi { (written(text, LONGEST)) } }
}

/// The same of a text of several words.
pub fn text(text: &str) -> Markup {
    html! { bdi { (written(text, LONGEST_TEXT)) } }
}

/// A name within a sentence or an attribute, as plain text: set apart by isolates, so that its direction stays its own.
pub fn plain(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("\u{2068}{}\u{2069}", written(text, LONGEST))
}

/// The text with controls, changes of direction and what does not show written as `\u{…}`, cut off at a bound.
pub fn written(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == longest {
            out.push('…');
            break;
        }
        // Noncharacters are valid in no document.
        let is_none = (c as u32) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
        if is_invisible(c) || is_none { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_acts_and_none_is_long() {
        assert_eq!(name("<b onload=x>\u{202e}a\n\"").into_string(), "<bdi>&lt;b onload=x&gt;\\u{202e}a\\u{a}&quot;</bdi>");
        assert_eq!(plain("E1003"), "E1003");
        assert_eq!(plain("李\u{202e}娜"), "\u{2068}李\\u{202e}娜\u{2069}");
        assert_eq!(written(&"长".repeat(500), 64).chars().count(), 65);
        assert_eq!(written("\u{ffff}", 9), "\\u{ffff}");
    }
}
