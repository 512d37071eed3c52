//! Prefixes that a client can forge: `%a` is the name of a program, which whoever connects may choose, and may choose so that it holds the
//! rest of a prefix and the beginning of a message.

/// Longest name of a login, database or program that servers keep.
pub(super) const LONGEST_OF_SERVERS: usize = 63;

/// Where a prefix holds what a client chooses freely: the same prefix without it. `None` where it holds no such thing.
pub fn safe_prefix(prefix: &str) -> Option<String> {
    let (from, to) = chosen(prefix)?;
    let before = &prefix[..from];
    let named = before.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '_').len();
    // `app=%a`, `app: %a`, and what parts it from the field before it.
    let label = before.strip_suffix(['=', ':']).or_else(|| before.strip_suffix(": "));
    let start = label.map_or(from, |label| label.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '_').len());
    let is_escape = before[..named].ends_with('%');
    let start = if is_escape && label.is_none() { from } else { start };
    let (head, tail) = (&prefix[..start], &prefix[to..]);
    let (head, tail) = match (head.strip_suffix(['[', '(']), tail.strip_prefix([']', ')'])) {
        (Some(head), Some(tail)) => (head, tail.strip_prefix(' ').unwrap_or(tail)),
        _ => (head.strip_suffix([' ', ',', ';', '|', '/', ':']).unwrap_or(head), tail),
    };
    let rest = format!("{head}{tail}");
    Some(safe_prefix(&rest).unwrap_or(rest))
}

/// Where `%a`, `%-10a` stands.
fn chosen(prefix: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(sign) = prefix[at..].find('%').map(|found| at + found) {
        let after = prefix[sign + 1..].trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
        let end = prefix.len() - after.len();
        match after.chars().next() {
            Some('a') => return Some((sign, end + 1)),
            Some(c) => at = end + c.len_utf8(),
            None => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_without_what_a_client_chooses_is_safe() {
        for (prefix, safe) in [
            ("%m [%p] %q%u@%d app=%a ", "%m [%p] %q%u@%d "),
            ("%m [%p] user=%u,db=%d,app=%a,client=%h ", "%m [%p] user=%u,db=%d,client=%h "),
            ("%m [%a] [%e] [%p]: user=%u ", "%m [%e] [%p]: user=%u "),
            ("%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d "),
            ("%m|%p|%u|%d|%-20a|", "%m|%p|%u|%d|"),
            ("%m %u %a %a ", "%m %u "),
            ("%m %q%a ", "%m %q "),
            ("%a", ""),
        ] {
            assert_eq!(safe_prefix(prefix).as_deref(), Some(safe), "{prefix}");
        }
        for prefix in ["%m [%p] %c %l %q%u@%d %r %e ", "%%a %m ", "", "%"] {
            assert_eq!(safe_prefix(prefix), None, "{prefix}");
        }
    }
}
