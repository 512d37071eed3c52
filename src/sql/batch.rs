//! T-SQL needs nothing between its statements: takes a batch apart where a word begins the next one.
//!
//! A word that begins a statement begins one wherever it can only do so: outside of brackets, and not where the statement before still
//! waits for it (`INSERT … SELECT`, `UNION SELECT`, `WITH x AS (…) SELECT`, `DECLARE c CURSOR FOR SELECT`, `MERGE … THEN UPDATE SET`).
//! The words of control flow stand alone, with their conditions. The body of a procedure, function or trigger is part of its definition.

use crate::model::record::Dialect;
use crate::sql::lexer::{self, Kind, Token, Tokens};
use crate::sql::wrapped;
use std::collections::HashMap;

/// Words that begin a statement, wherever they stand outside of one that waits for them.
const BEGINNINGS: [&str; 45] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "WITH",
    "EXEC",
    "EXECUTE",
    "DECLARE",
    "SET",
    "IF",
    "ELSE",
    "WHILE",
    "BEGIN",
    "END",
    "PRINT",
    "RETURN",
    "USE",
    "TRUNCATE",
    "OPEN",
    "FETCH",
    "CLOSE",
    "DEALLOCATE",
    "RAISERROR",
    "THROW",
    "WAITFOR",
    "CREATE",
    "ALTER",
    "DROP",
    "BULK",
    "GRANT",
    "REVOKE",
    "DENY",
    "BACKUP",
    "RESTORE",
    "KILL",
    "DBCC",
    "CHECKPOINT",
    "SAVE",
    "COMMIT",
    "ROLLBACK",
    "GOTO",
    "BREAK",
    "CONTINUE",
    "RECONFIGURE",
];

/// The statements of a batch, the words of control flow among them.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let Tokens { list, .. } = lexer::tokens(text, Dialect::MsSql);
    let mut splitter =
        Splitter { text, tokens: &list, parts: Vec::new(), first: 0, depth: 0, cases: 0, waits: false, seen: Seen::default() };
    splitter.run();
    splitter.parts
}

/// The statements of a batch with its constants in their places: variables that are given one value, written out, and never another.
pub(super) fn with_constants(parts: &[&str]) -> Vec<String> {
    let lexed: Vec<Vec<Token<'_>>> = parts.iter().map(|part| lexer::tokens(part, Dialect::MsSql).list).collect();
    let known = constants(&lexed);
    let fill = |(part, tokens): (&&str, &Vec<Token<'_>>)| {
        if known.is_empty() || tokens.first().is_some_and(|first| first.is_any(&["DECLARE", "SET"])) {
            return (*part).to_owned();
        }
        wrapped::replaced(part, tokens, |at| known.get(&tokens[at].text.to_ascii_lowercase()).cloned())
    };
    parts.iter().zip(&lexed).map(fill).collect()
}

/// What is known of a variable.
#[derive(Default)]
struct Variable<'t> {
    /// The words of its type.
    of_type: &'t [Token<'t>],
    written: usize,
    value: Option<String>,
}

fn constants(parts: &[Vec<Token<'_>>]) -> HashMap<String, String> {
    let mut variables: HashMap<String, Variable<'_>> = HashMap::new();
    for tokens in parts {
        let declares = tokens.first().is_some_and(|first| first.is("DECLARE"));
        let sets = tokens.first().is_some_and(|first| first.is("SET"));
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Variable && token.text.starts_with('@')) {
            let next = tokens.get(at + 1);
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            let mut variable = variables.entry(token.text.to_ascii_lowercase()).or_default();
            if declares && before.is_some_and(|before| before.is("DECLARE") || before.is_mark(',')) {
                let end = (at + 1..tokens.len().min(at + 9)).find(|at| tokens[*at].is_mark('=') || tokens[*at].kind == Kind::Variable);
                let end = end.unwrap_or(tokens.len());
                variable.of_type = &tokens[at + 1..end];
                if tokens.get(end).is_some_and(|token| token.is_mark('=')) {
                    variable.written += 1;
                    let close = tokens.get(end + 2).is_none_or(|token| token.is_mark(','));
                    variable.value = tokens.get(end + 1).filter(|_| close).and_then(literal);
                }
            } else if next.is_some_and(|next| next.is_mark('=') || next.is_any(&["OUTPUT", "OUT"]))
                || tokens.get(at + 2).is_some_and(|token| token.is_mark('='))
                || before.is_some_and(|before| before.is("INTO") || before.is_mark(',') && tokens[0].is("FETCH"))
            {
                variable = variables.entry(token.text.to_ascii_lowercase()).or_default();
                // A comparison counts as well: then it is not known, which is no harm.
                variable.written += 1;
                variable.value = if sets && tokens.len() == 4 { tokens.get(3).and_then(literal) } else { None };
            }
        }
    }
    let fits = |variable: &Variable<'_>, value: &str| {
        let number = value.bytes().all(|byte| byte.is_ascii_digit());
        match variable.of_type.iter().find(|token| token.kind == Kind::Word && !token.is("AS")) {
            Some(of_type) if of_type.is_any(&["INT", "BIGINT", "SMALLINT", "TINYINT", "NUMERIC", "DECIMAL"]) => number,
            // A longer text is cut, and without a length it is one character.
            Some(of_type) if of_type.is_any(&["CHAR", "VARCHAR", "NCHAR", "NVARCHAR"]) => {
                let length = variable.of_type.iter().find_map(|token| match token.kind {
                    Kind::Number => token.text.parse::<usize>().ok(),
                    Kind::Word if token.is("MAX") => Some(usize::MAX),
                    _ => None,
                });
                !number && length.is_some_and(|length| length >= value.len())
            }
            _ => false,
        }
    };
    let constant = |(name, mut variable): (String, Variable<'_>)| {
        let value = variable.value.take()?;
        (variable.written == 1 && fits(&variable, &value)).then_some((name, value))
    };
    variables.into_iter().filter_map(constant).collect()
}

fn literal(token: &Token<'_>) -> Option<String> {
    matches!(token.kind, Kind::Text | Kind::Number).then(|| token.text.to_owned())
}

struct Splitter<'t, 's> {
    text: &'t str,
    tokens: &'s [Token<'t>],
    parts: Vec<&'t str>,
    /// The first token of the statement that is being read.
    first: usize,
    depth: usize,
    cases: usize,
    /// An INSERT or a CTE waits for its query.
    waits: bool,
    seen: Seen,
}

/// Words that the statement has had outside of brackets.
#[derive(Clone, Copy, Default)]
struct Seen {
    set: bool,
    to: bool,
    changes: bool,
}

impl Splitter<'_, '_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let token = &self.tokens[at];
            if token.is_mark('(') {
                self.depth += 1;
            } else if token.is_mark(')') {
                self.depth = self.depth.saturating_sub(1);
            } else if token.is("CASE") {
                self.cases += 1;
            } else if token.is("END") && self.cases > 0 {
                self.cases -= 1;
            } else if self.ends_batch(at) {
                self.end(at);
                self.first = at + 1 + usize::from(self.tokens.get(at + 1).is_some_and(|next| self.same_line(at, next)));
                at = self.first;
                continue;
            } else if self.depth == 0 && token.is_mark(';') {
                // Only a procedure's body goes on behind it.
                if !self.defines() {
                    self.end(at);
                    self.first = at + 1;
                }
            } else if self.depth == 0 && at > self.first && self.begins(at) {
                self.end(at);
                self.first = at;
            }
            if at == self.first {
                self.waits = token.is_any(&["INSERT", "WITH"]);
            } else if self.depth == 0 && self.waits {
                let defaults = token.is("DEFAULT") && self.tokens.get(at + 1).is_some_and(|next| next.is("VALUES"));
                let comes = defaults || token.is_any(&["SELECT", "VALUES", "EXEC", "EXECUTE", "UPDATE", "DELETE", "MERGE"]);
                self.waits = !comes || token.is("INSERT");
            }
            if self.depth == 0 {
                self.seen.set |= token.is("SET");
                self.seen.to |= token.is_any(&["TO", "FROM"]);
                self.seen.changes |= token.is_any(&["UPDATE", "MERGE"]);
            }
            at += 1;
        }
        self.end(self.tokens.len());
    }

    fn end(&mut self, at: usize) {
        let from = self.tokens.get(self.first).map_or(self.text.len(), |token| token.at);
        let to = at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(from, Token::end);
        if from < to && self.first < at {
            self.parts.push(self.text[from..to].trim());
        }
        (self.depth, self.cases, self.waits, self.seen) = (0, 0, false, Seen::default());
    }

    /// `GO` on a line of its own, with a number at most.
    fn ends_batch(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        if !token.is("GO") {
            return false;
        }
        let begins_line = self.text[..token.at].trim_end_matches([' ', '\t']).ends_with(['\n', '\r']) || at == 0;
        let rest = self.text[token.end()..].split(['\n', '\r']).next().unwrap_or("").trim();
        begins_line && rest.trim_end_matches(';').bytes().all(|byte| byte.is_ascii_digit())
    }

    fn same_line(&self, at: usize, next: &Token<'_>) -> bool {
        !self.text[self.tokens[at].end()..next.at].contains(['\n', '\r'])
    }

    /// Whether the statement that is being read defines a body that goes on to the end of the batch.
    fn defines(&self) -> bool {
        let head = &self.tokens[self.first..self.tokens.len().min(self.first + 5)];
        head.first().is_some_and(|token| token.is_any(&["CREATE", "ALTER"]))
            && head.iter().any(|token| token.is_any(&["PROCEDURE", "PROC", "FUNCTION", "TRIGGER"]))
    }

    /// Whether the word at this place, outside of brackets, begins the next statement.
    fn begins(&self, at: usize) -> bool {
        let (token, before) = (&self.tokens[at], &self.tokens[at - 1]);
        let next = self.tokens.get(at + 1);
        let next_is = |words: &[&str]| next.is_some_and(|next| next.is_any(words));
        if !token.is_any(&BEGINNINGS)
            || before.is_mark('.')
            || next.is_some_and(|next| next.is_mark('.'))
            || self.cases > 0
            || self.defines()
        {
            return false;
        }
        let head = &self.tokens[self.first];
        // What a permission is granted for are words of the same sort.
        if head.is_any(&["GRANT", "REVOKE", "DENY"]) && !self.seen.to {
            return false;
        }
        let word = token.text.to_ascii_uppercase();
        match word.as_str() {
            "SELECT" => !self.waits && !before.is_any(&["UNION", "ALL", "EXCEPT", "INTERSECT", "AS", "FOR"]),
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
                let merges = head.is("MERGE") || head.is("WITH") && self.seen.changes;
                let waits = self.waits && head.is("WITH");
                let joins = next_is(&["JOIN"]) || before.is("BULK");
                let keeps = before.is_any(&["ON", "FOR", "AFTER", "OF"]) || before.is("THEN") && merges;
                !waits && !joins && !keeps
            }
            // `WITH (NOLOCK)`, `WITH RECOMPILE`: a common table expression is a name with AS or a list of columns.
            "WITH" => {
                let named = next.is_some_and(Token::names) && !next_is(&["TIES", "CHECK"]);
                let second = self.tokens.get(at + 2);
                let listed = || {
                    second.is_some_and(|token| token.is_mark('('))
                        && self.tokens.get(lexer::closing(self.tokens, at + 2)).is_some_and(|token| token.is("AS"))
                };
                named && (second.is_some_and(|token| token.is("AS")) || listed()) && !head.is_any(&["CREATE", "ALTER"])
            }
            "EXEC" | "EXECUTE" => {
                let fills = self.waits && head.is("INSERT");
                !fills && !before.is("WITH")
            }
            "SET" => {
                let updates = head.is_any(&["UPDATE", "MERGE", "WITH"]) && self.seen.changes && !self.seen.set;
                !updates && !before.is_any(&["UPDATE", "DELETE", "THEN"]) && !head.is_any(&["ALTER"])
            }
            "FETCH" => !before.is_any(&["ROW", "ROWS"]),
            "IF" => {
                !before.is_any(&["TABLE", "VIEW", "PROCEDURE", "PROC", "INDEX", "FUNCTION", "TRIGGER", "COLUMN", "CONSTRAINT"])
                    && !head.is("DROP")
            }
            "CREATE" | "ALTER" | "DROP" => {
                let part = head.is("ALTER") && word != "CREATE" && next_is(&["COLUMN", "CONSTRAINT"]);
                !part && !before.is_any(&["OR", "ADD", "COLUMN"]) && !before.is_mark(',')
            }
            // No reserved word: it may be somebody's column.
            "THROW" => before.is_any(&["BEGIN", "ELSE", "CATCH", "END"]),
            "END" => true,
            "USE" => !before.is("FOR"),
            "OPEN" | "CLOSE" | "SAVE" | "KILL" | "BULK" => next.is_some() && !before.is_mark('(') && !before.is_mark(','),
            _ => !before.is_mark(','),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_a_word_can_only_begin_the_next() {
        assert_eq!(
            statements("DECLARE @s nvarchar(max)='' SELECT @s=@s+name FROM dbo.customers SELECT @s"),
            ["DECLARE @s nvarchar(max)=''", "SELECT @s=@s+name FROM dbo.customers", "SELECT @s"]
        );
        assert_eq!(statements("IF 1=1 SELECT a FROM t ELSE PRINT 'x'"), ["IF 1=1", "SELECT a FROM t", "ELSE", "PRINT 'x'"]);
        assert_eq!(
            statements("BEGIN TRY SELECT a FROM t END TRY BEGIN CATCH THROW END CATCH"),
            ["BEGIN TRY", "SELECT a FROM t", "END TRY", "BEGIN CATCH", "THROW", "END CATCH"]
        );
        assert_eq!(
            statements("SET NOCOUNT ON\nSELECT 1\nGO 5\nUSE crm\ngo\nSELECT 2 FROM go"),
            ["SET NOCOUNT ON", "SELECT 1", "USE crm", "SELECT 2 FROM go"]
        );
        assert_eq!(
            statements("DECLARE c CURSOR FOR SELECT a FROM t OPEN c FETCH NEXT FROM c INTO @a WHILE @@FETCH_STATUS=0 BEGIN PRINT @a END CLOSE c DEALLOCATE c").len(),
            9
        );
        assert_eq!(statements("exec sp_who select name from t where a = case when 1=1 then 2 end update t set a=1").len(), 3);
    }

    #[test]
    fn a_variable_of_one_value_is_that_value() {
        let of = |text: &str| with_constants(&statements(text)).pop().unwrap_or_default();
        assert_eq!(
            of("DECLARE @id int = 4711, @n nvarchar(10) SET @n = N'Li' SELECT a FROM t WHERE id = @id AND n = @n"),
            "SELECT a FROM t WHERE id = 4711 AND n = N'Li'"
        );
        assert_eq!(of("DECLARE @q nvarchar(max) = N'SELECT 1' EXEC (@q)"), "EXEC (N'SELECT 1')");
        for text in [
            "DECLARE @id int = 1 SET @id = 2 SELECT @id",
            "DECLARE @id int = 1 EXEC p @id OUTPUT SELECT @id",
            "DECLARE @id int = 1 FETCH c INTO @x, @id SELECT @id",
            "DECLARE @id varchar(2) = 'abc' SELECT @id",
            "DECLARE @id varchar = 'abc' SELECT @id",
            "DECLARE @id int = 1 + f() SELECT @id",
        ] {
            assert_eq!(of(text), "SELECT @id", "{text}");
        }
    }

    #[test]
    fn a_statement_that_waits_for_a_word_is_not_ended_by_it() {
        for text in [
            "INSERT INTO x SELECT a FROM t UNION ALL SELECT b FROM u",
            "INSERT x (a, b) EXEC p 1",
            "INSERT INTO t (a) OUTPUT inserted.id VALUES (1)",
            "WITH a AS (SELECT 1 x), b AS (SELECT 2 x) SELECT * FROM a, b",
            "WITH a AS (SELECT 1 x) UPDATE a SET x = 2",
            "WITH a AS (SELECT 1 x) INSERT INTO t SELECT * FROM a",
            "DECLARE c CURSOR LOCAL FOR SELECT a FROM t FOR UPDATE",
            "MERGE t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a) WHEN NOT MATCHED BY SOURCE THEN DELETE",
            "SELECT a FROM t WITH (NOLOCK) INNER MERGE JOIN u ON 1=1 ORDER BY a OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY OPTION (RECOMPILE)",
            "CREATE PROCEDURE p AS BEGIN SET NOCOUNT ON; SELECT a FROM t; DELETE FROM t END",
            "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
            "SELECT CASE WHEN a = 1 THEN 2 ELSE 3 END FROM t",
            "UPDATE t SET a = CASE WHEN b = 1 THEN 2 ELSE 3 END FROM t INNER JOIN u ON t.id = u.id WHERE 1=1",
            "DROP TABLE IF EXISTS #x",
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (a) ON DELETE SET NULL ON UPDATE CASCADE",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON dbo.t TO li",
            "CREATE VIEW v AS SELECT a FROM t",
            "SELECT [select], x.[end] FROM [update]",
        ] {
            // ELSE and END of a CASE are the statement's own.
            assert_eq!(statements(text), [text], "{text}");
        }
    }
}
