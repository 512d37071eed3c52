//! How the ids that somebody asks for follow one another: whether they are counted up or down one by one.
//!
//! Only keyed prints of the ids leave this file.

use crate::model::access::IdSequence;
use crate::model::keys::Keys;

/// How ids follow one another: those that the source names, or those that a statement lists.
pub fn of<'a>(mut ids: impl Iterator<Item = &'a str> + Clone, keys: &Keys) -> IdSequence {
    let (Some(first), second) = (ids.next(), ids.next()) else { return IdSequence::default() };
    if second.is_none() {
        let Some((head, number, width)) = numbered(first) else { return IdSequence::default() };
        let print = |number: u64| keys.print(head, &format!("{number:0width$}"));
        return IdSequence { id: print(number), before: number.checked_sub(1).map_or(0, print), consecutive: 0 };
    }
    let rest = second.into_iter().chain(ids);
    let mut numbers: Vec<(&str, u64)> =
        std::iter::once(first).chain(rest).filter_map(|id| numbered(id).map(|(head, n, _)| (head, n))).collect();
    numbers.sort_unstable();
    let follows = |pair: &&[(&str, u64)]| pair[0].0 == pair[1].0 && pair[0].1 + 1 == pair[1].1;
    IdSequence { consecutive: numbers.windows(2).filter(follows).count() as u32, ..IdSequence::default() }
}

/// What stands before the number at the end of an id, the number, and its width.
fn numbered(id: &str) -> Option<(&str, u64, usize)> {
    let id = id.trim();
    let digits = id.bytes().rev().take_while(u8::is_ascii_digit).take(18).count();
    let (head, number) = id.split_at(id.len() - digits);
    (digits > 0).then_some(())?;
    Some((head, number.parse().ok()?, digits))
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
}
