//! What a field may hold: how long its text may be, and which number is a count.

use crate::model::record::Text;
use crate::model::signs::Signs;
use std::borrow::Cow;

/// Longest text of one field, in bytes; statements may be as long as the record.
pub const LONGEST: usize = 4_096;

/// A text within the limit; a longer one is cut, and that is a sign: no honest field is as long.
pub fn cut<'a>(text: Text<'a>, signs: &mut Signs) -> Text<'a> {
    if text.len() <= LONGEST {
        return text;
    }
    *signs = signs.and(Signs::OVERLONG_FIELD);
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

/// Bytes of each end of what is longer than a record may be that are kept.
pub const KEPT_ENDS: usize = 256 * 1024;

/// Stands for what is left out between the ends.
const GAP: &[u8] = b" ... ";

/// The head and the tail of what is longer than a record may be. `tail` may be all of it.
///
/// Most such records are long for one text within, and both ends fit together around it: so neither is cut within a character, nor
/// within two quotes or an escape that mean one character.
pub fn cut_middle(head: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut end = head.len().min(KEPT_ENDS);
    while end > 0 && head.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    let head = &head[..end];
    let kept = head.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\')).count();
    let tail = &tail[tail.len().saturating_sub(KEPT_ENDS)..];
    let left = tail.iter().take(8).take_while(|byte| **byte & 0xc0 == 0x80 || matches!(byte, b'"' | b'\'' | b'\\')).count();
    [&head[..head.len() - kept], GAP, &tail[left..]].concat()
}

/// Leaves out the middle of a text that has grown too long.
pub fn let_middle_go(text: &mut String) {
    let ends = cut_middle(text.as_bytes(), text.as_bytes());
    *text = String::from_utf8_lossy(&ends).into_owned();
}

/// The whole number that a float is, if it is one that does not lose digits.
pub fn whole(float: f64) -> Option<u64> {
    (float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float)).then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_long_texts_are_cut_between_characters() {
        let mut signs = Signs::default();
        assert_eq!(cut("x".into(), &mut signs), "x");
        assert!(signs.is_empty());
        let long = format!("x{}", "字".repeat(2_000));
        for text in [Text::Borrowed(long.as_str()), Text::Owned(long.clone())] {
            let kept = cut(text, &mut signs);
            assert!(signs.has(Signs::OVERLONG_FIELD) && kept.len() > LONGEST - 3 && long.starts_with(&*kept));
        }
    }

    #[test]
    fn of_too_long_a_text_both_ends_stay_and_fit_together() {
        let long = format!("{{\"a\":\"{}\",\"rows\":7}}", "字\"\"\\".repeat(LONGEST_FOR_TEST));
        let mut cut = long.clone();
        let_middle_go(&mut cut);
        assert!(cut.len() <= 2 * KEPT_ENDS + GAP.len() && cut.len() > 2 * KEPT_ENDS - 16 && !cut.contains('\u{fffd}'));
        let (head, tail) = cut.split_once(" ... ").expect("a gap");
        assert!(long.starts_with(head) && long.ends_with(tail) && head.ends_with('字'));
        assert!(!tail.starts_with(['"', '\\']));
    }

    const LONGEST_FOR_TEST: usize = 200_000;

    #[test]
    fn a_count_is_whole_and_not_negative() {
        assert_eq!((whole(10_000.0), whole(0.0), whole(1.5), whole(-1.0)), (Some(10_000), Some(0), None, None));
        assert_eq!((whole(f64::NAN), whole(f64::INFINITY), whole(1e300)), (None, None, None));
    }
}
