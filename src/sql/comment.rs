//! The comment at the end of a statement, where applications write for whom they ask.

use crate::model::record::Dialect;
use crate::sql::split;

/// The comments behind the last token of a text, without their signs, the last one last. A comment inside of a literal is none.
pub fn trailing(text: &str, dialect: Dialect) -> Vec<&str> {
    let mut comments = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = split::next(text.as_bytes(), at, dialect).min(text.len());
        let token = &text.as_bytes()[at..end];
        match token {
            [b'/', b'*', ..] | [b'-', b'-', ..] | [b'#', _, ..] => comments.extend(text.get(at..end)),
            [b] if b.is_ascii_whitespace() || *b == b';' => {}
            _ => comments.clear(),
        }
        at = end;
    }
    comments.iter().map(|comment| bare(comment)).collect()
}

fn bare(comment: &str) -> &str {
    let inner = comment.strip_prefix("/*").map(|rest| rest.strip_suffix("*/").unwrap_or(rest));
    inner.or_else(|| comment.strip_prefix("--")).or_else(|| comment.strip_prefix('#')).unwrap_or(comment).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_follows_the_last_token_is_trailing() {
        let of = |text| trailing(text, Dialect::PostgreSql);
        assert_eq!(of("/* a */ SELECT 1 /* b */, 2 /* c */ -- d"), ["c", "d"]);
        assert_eq!(of("SELECT 1 /*user='E1'*/;"), ["user='E1'"]);
        assert_eq!(of("SELECT '/* user=E1 */'"), Vec::<&str>::new());
        assert_eq!(of("SELECT $x$ -- user=E1$x$ "), Vec::<&str>::new());
        assert_eq!(of("-- user=E1"), ["user=E1"]);
        assert_eq!(of("SELECT 'é' /* open"), ["open"]);
        assert_eq!(trailing("SELECT 1 # user=E1", Dialect::MySql), ["user=E1"]);
    }
}
