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
    fn a_count_is_whole_and_not_negative() {
        assert_eq!((whole(10_000.0), whole(0.0), whole(1.5), whole(-1.0)), (Some(10_000), Some(0), None, None));
        assert_eq!((whole(f64::NAN), whole(f64::INFINITY), whole(1e300)), (None, None, None));
    }
}
