//! How the ids that somebody asks for follow one another: whether they are counted up or down one by one.
//!
//! Only keyed prints of the ids leave this file.

use crate::model::access::IdSequence;
use crate::model::keys::Keys;

/// How ids follow one another: those that the source names, or those that a statement lists.
pub fn of<'a>(mut ids: impl Iterator<Item = &'a str> + Clone, keys: &Keys) -> IdSequence {
    let (Some(first), second) = (ids.next(), ids.next()) else { return IdSequence::default() };
    if second.is_none() {
        let Some((head, digits)) = split(first) else { return IdSequence::default() };
        let before = one_less(digits, &mut [0; MOST_DIGITS]).map_or(0, |before| keys.print(head, before));
        return IdSequence { id: keys.print(head, digits), before, consecutive: 0 };
    }
    let rest = second.into_iter().chain(ids);
    let mut numbers: Vec<(&str, u64)> = std::iter::once(first).chain(rest).filter_map(numbered).collect();
    numbers.sort_unstable();
    let follows = |pair: &&[(&str, u64)]| pair[0].0 == pair[1].0 && pair[0].1 + 1 == pair[1].1;
    IdSequence { consecutive: numbers.windows(2).filter(follows).count() as u32, ..IdSequence::default() }
}

/// Digits of a number that are looked at.
const MOST_DIGITS: usize = 18;

/// What stands before the number at the end of an id, and its digits.
fn split(id: &str) -> Option<(&str, &str)> {
    let id = id.trim();
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).take(MOST_DIGITS).count();
    (digits > 0).then(|| id.split_at(id.len() - digits))
}

/// The same with the number's value.
fn numbered(id: &str) -> Option<(&str, u64)> {
    let (head, digits) = split(id)?;
    Some((head, digits.parse().ok()?))
}

/// The number before one, in as many digits: 0999 before 1000. Nothing before zero.
fn one_less<'a>(digits: &str, room: &'a mut [u8; MOST_DIGITS]) -> Option<&'a str> {
    let less = room.get_mut(..digits.len())?;
    less.copy_from_slice(digits.as_bytes());
    let last = less.iter().rposition(|digit| *digit != b'0')?;
    less[last] -= 1;
    less[last + 1..].fill(b'9');
    std::str::from_utf8(less).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_print_and_a_list_tells_how_many_follow_one_another() {
        let keys = Keys::built_in();
        let one = |id: &str| of([id].into_iter(), &keys);
        assert_eq!(one("C10001").id, one("C10002").before);
        assert_eq!(one("C099").id, one("C100").before);
        assert_ne!(one("C10001").id, one("D10002").before);
        assert_eq!(one("none"), IdSequence::default());
        assert_eq!(of(["C3", "C1", "C2", "C9"].into_iter(), &keys).consecutive, 2);
    }

    #[test]
    fn the_number_before_is_that_of_arithmetic_in_as_many_digits() {
        let before = |digits: &str| one_less(digits, &mut [0; MOST_DIGITS]).map(str::to_owned);
        for number in (1..3_000_u64).chain([10_u64.pow(17), 999_999_999_999_999_999]) {
            for width in [1, 4, 18] {
                let digits = format!("{number:0width$}");
                let width = digits.len();
                assert_eq!(before(&digits), Some(format!("{:0width$}", number - 1)));
            }
        }
        assert_eq!((before("0"), before("000")), (None, None));
    }
}
