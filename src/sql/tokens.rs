//! Tables by the words of a text that cannot be parsed: whatever follows FROM, JOIN, INTO, UPDATE, COPY, TABLE or HANDLER.

use crate::model::record::Dialect;
use crate::sql::{LONGEST_PARSED, dialect};
use sqlparser::tokenizer::{Token, Tokenizer};

/// Most tables that are taken from one text.
const MOST_TABLES: usize = 64;

/// Tables that the words of a text name, in their order.
pub(super) fn tables(text: &str, dialect: Dialect) -> Vec<String> {
    let mut end = text.len().min(LONGEST_PARSED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let words = match Tokenizer::new(dialect::grammar(dialect), text).tokenize() {
        Ok(tokens) => tokens.into_iter().filter_map(piece).collect(),
        // A string that never ends: audit logs cut long texts.
        Err(_) => crude(text),
    };
    named(&words)
}

/// Tables that the words of a text name, also those within its strings.
pub(super) fn tables_in_strings(text: &str) -> Vec<String> {
    let mut end = text.len().min(LONGEST_PARSED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    named(&crude(&text[..end]))
}

#[derive(PartialEq)]
enum Piece {
    Word(String, bool),
    Mark(char),
}

fn piece(token: Token) -> Option<Piece> {
    match token {
        Token::Whitespace(_) => None,
        Token::Word(word) => Some(Piece::Word(word.value, word.quote_style.is_some())),
        Token::Period => Some(Piece::Mark('.')),
        Token::Comma => Some(Piece::Mark(',')),
        Token::LParen => Some(Piece::Mark('(')),
        _ => Some(Piece::Mark('?')),
    }
}

fn crude(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            pieces.push(Piece::Word(std::mem::take(&mut word), false));
        }
        if !c.is_whitespace() && !matches!(c, '"' | '`' | '[' | ']') {
            pieces.push(Piece::Mark(if matches!(c, '.' | ',' | '(') { c } else { '?' }));
        }
    }
    pieces
}

fn named(pieces: &[Piece]) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    let mut at = 0;
    while at < pieces.len() && tables.len() < MOST_TABLES {
        let opens = matches!(&pieces[at], Piece::Word(word, false) if LEADS.iter().any(|lead| word.eq_ignore_ascii_case(lead)));
        let from = matches!(&pieces[at], Piece::Word(word, false) if word.eq_ignore_ascii_case("from"));
        at += 1;
        if !opens {
            continue;
        }
        loop {
            while matches!(&pieces.get(at), Some(Piece::Word(word, false)) if FILLERS.iter().any(|filler| word.eq_ignore_ascii_case(filler)))
            {
                at += 1;
            }
            let Some((name, after)) = name(pieces, at) else { break };
            at = after;
            // A bracket after it makes it a function, or the column list of COPY and INSERT.
            let called = from && pieces.get(at) == Some(&Piece::Mark('('));
            if !called && !tables.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                tables.push(name);
            }
            // `FROM a x, b y`: an alias may stand before the comma.
            let comma = (at..at + 3).find(|i| pieces.get(*i) == Some(&Piece::Mark(',')));
            let only_words = comma.is_some_and(|comma| pieces[at..comma].iter().all(|piece| matches!(piece, Piece::Word(..))));
            match comma {
                Some(comma) if from && only_words => at = comma + 1,
                Some(_) | None => break,
            }
        }
    }
    tables
}

const LEADS: [&str; 7] = ["from", "join", "into", "update", "copy", "table", "handler"];
const FILLERS: [&str; 5] = ["only", "lateral", "if", "not", "exists"];
const NO_NAMES: [&str; 8] = ["select", "set", "values", "stdin", "stdout", "where", "as", "of"];

fn name(pieces: &[Piece], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    loop {
        let Some(Piece::Word(word, quoted)) = pieces.get(at) else { return None };
        if !quoted && name.is_empty() && NO_NAMES.iter().any(|no| word.eq_ignore_ascii_case(no)) {
            return None;
        }
        name.push_str(word);
        at += 1;
        if pieces.get(at) != Some(&Piece::Mark('.')) {
            return Some((name, at));
        }
        name.push('.');
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_after_from_and_join_are_tables() {
        let found =
            tables("SELEC x FROMM FROM ONLY crm.customers c, \"客户 信息\" JOIN bank.accounts a ON 1=1 INTO OUTFILE 'x", Dialect::MySql);
        assert_eq!(found[0], "crm.customers");
        assert!(found.iter().any(|table| table == "bank.accounts"), "{found:?}");
        assert_eq!(tables("UPDATE t SET a = b WHERE GARBAGE %%", Dialect::Generic), ["t"]);
    }

    #[test]
    fn functions_and_subqueries_are_no_tables() {
        assert_eq!(tables("x FROM f(1) JOIN (SELECT 1 FROM t) q", Dialect::Generic), ["t"]);
    }
}
