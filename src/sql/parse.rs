//! Text to syntax tree, within bounds: length, nesting, number of operators.

use crate::model::record::Dialect;
use crate::sql::{LONGEST_PARSED, dialect};
use sqlparser::ast::{Expr, Statement};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// Deepest nesting that is parsed.
const DEEPEST: usize = 40;
/// Most operators of one statement: chains of them make a tree as deep as they are long.
const MOST_OPERATORS: usize = 2_000;

/// Most words of one statement, but for those that are values: each may become a column or table of the tree, of one or two kilobytes.
const MOST_WORDS: usize = 10_000;
/// Most tokens of one statement: lists of values are long.
const MOST_TOKENS: usize = 120_000;

/// The syntax tree of a statement; `None` where it is not understood, or too large.
pub(super) fn parse(statement: &str, dialect: Dialect) -> Option<Statement> {
    let mut parser = parser(statement, dialect)?;
    let statement = parser.parse_statement().ok()?;
    matches!(parser.peek_token().token, Token::EOF | Token::SemiColon).then_some(statement)
}

/// An expression as a server prints it in a plan.
pub(super) fn expression(text: &str) -> Option<Expr> {
    let mut parser = parser(text, Dialect::PostgreSql)?;
    let expr = parser.parse_expr().ok()?;
    (parser.peek_token().token == Token::EOF).then_some(expr)
}

/// A parser over a text that is neither too long nor too deep.
fn parser(statement: &str, dialect: Dialect) -> Option<Parser<'static>> {
    if statement.len() > LONGEST_PARSED {
        return None;
    }
    let dialect = dialect::grammar(dialect);
    let mut tokens = Tokenizer::new(dialect, statement).tokenize_with_location().ok()?;
    // `?` are counted from the left, as drivers do.
    let unnumbered = tokens.iter_mut().filter_map(|token| match &mut token.token {
        Token::Placeholder(name) if name == "?" => Some(name),
        _ => None,
    });
    for (index, name) in unnumbered.enumerate() {
        *name = format!("${}", index + 1);
    }
    let operators = tokens.iter().filter(|token| deepens(&token.token)).count();
    if operators > MOST_OPERATORS || is_large(&tokens) || brackets(&tokens) > deepest(&tokens) {
        return None;
    }
    Some(Parser::new(dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens))
}

/// Whether the tree of these tokens would take much memory.
fn is_large(tokens: &[TokenWithSpan]) -> bool {
    use sqlparser::keywords::Keyword;
    let (mut words, mut marks) = (0, 0);
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) => {}
            Token::Word(word) if !matches!(word.keyword, Keyword::NULL | Keyword::TRUE | Keyword::FALSE | Keyword::DEFAULT) => words += 1,
            _ => marks += 1,
        }
    }
    words > MOST_WORDS || words + marks > MOST_TOKENS
}

/// How deep brackets stand in each other.
fn brackets(tokens: &[TokenWithSpan]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for token in tokens {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The deepest brackets that are parsed. Behind `INSERT INTO t` the parser tries each bracket in several ways, and all those inside of it
/// again for each.
fn deepest(tokens: &[TokenWithSpan]) -> usize {
    const OF_INSERT: usize = 16;
    let inserts = tokens.iter().find_map(|token| match &token.token {
        Token::Word(word) => Some(word.value.eq_ignore_ascii_case("INSERT") || word.value.eq_ignore_ascii_case("REPLACE")),
        _ => None,
    });
    if inserts == Some(true) { OF_INSERT } else { DEEPEST }
}

/// Whether a token may put one more level into the tree of an expression or query.
fn deepens(token: &Token) -> bool {
    use sqlparser::keywords::Keyword;
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
                | Keyword::IS
                | Keyword::COLLATE
                | Keyword::LIKE
                | Keyword::BETWEEN
                | Keyword::IN
                | Keyword::AT
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_)
        | Token::SemiColon => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_whose_tree_would_take_much_memory_is_not_parsed() {
        let parses = |text: &str| parse(text, Dialect::PostgreSql).is_some();
        assert!(!parses(&format!("SELECT * FROM {}a", "a,".repeat(12_000))));
        assert!(!parses(&format!("SELECT a FROM t WHERE b IN ({}1)", "1,".repeat(120_000))));
        assert!(parses(&format!("SELECT a FROM t WHERE b IN ({}1)", "1234567,".repeat(30_000))));
        assert!(parses(&format!("INSERT INTO t VALUES {}(1,NULL)", "(1,NULL),".repeat(15_000))));
    }
}
