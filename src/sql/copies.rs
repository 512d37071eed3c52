//! What takes tables elsewhere without a plain query: copies, unloads, backups, publications and replication, and tables that are
//! created in a way that the grammar does not know.

use crate::model::record::Dialect;
use crate::sql::lexer::{self, Kind, Token};
use crate::sql::making::{Made, MadeColumn, Making};
use crate::sql::{Analysis, Branch, Class, Column, Source, tokens};

/// A part of a statement that is a statement itself, for whoever reads it.
pub(super) enum Copy<'t> {
    /// The rows of this query are taken away.
    Query(&'t str),
    /// The rows of a query that stands in a string are.
    Text(String),
    /// This is known of it.
    Known(Analysis),
    /// It is of none of these sorts.
    Other,
}

/// `COPY`, `UNLOAD`, `EXPORT`, `BACKUP`: what is taken away.
pub(super) fn taken<'t>(statement: &'t str, dialect: Dialect) -> Copy<'t> {
    let tokens = lexer::tokens(statement, dialect).list;
    let Some(first) = tokens.first() else { return Copy::Other };
    let outside = outside_of_brackets(&tokens);
    let place = |words: &[&str]| outside.iter().copied().find(|at| tokens[*at].is_any(words));
    if first.is("COPY") && tokens.get(1).is_some_and(|token| token.is("INTO")) {
        // A stage or address takes rows away, a table takes them in.
        let away = tokens.get(2).is_some_and(|token| token.kind == Kind::Text || token.text.starts_with('@'));
        if !away {
            return Copy::Known(Analysis { class: Class::CopyFrom, ..Analysis::default() });
        }
        return place(&["FROM"]).map_or(Copy::Other, |from| source(statement, &tokens, from + 1, &outside));
    }
    if first.is("COPY") && place(&["FROM"]).is_some() && place(&["TO"]).is_none() && dialect != Dialect::Snowflake {
        return Copy::Known(Analysis { class: Class::CopyFrom, ..Analysis::default() });
    }
    if first.is("UNLOAD") && tokens.get(1).is_some_and(|token| token.is_mark('(')) {
        let inner = &tokens[2..lexer::closing(&tokens, 1).saturating_sub(1).max(2)];
        return match inner {
            [text] if text.kind == Kind::Text => text.string(dialect).map_or(Copy::Other, Copy::Text),
            [first, .., last] => Copy::Query(&statement[first.at..last.end()]),
            _ => Copy::Other,
        };
    }
    if first.is_any(&["EXPORT", "BACKUP", "DUMP"]) {
        if let Some(query) = outside.iter().copied().find(|at| tokens[*at].is_any(&["SELECT", "WITH"]) && at + 1 < tokens.len()) {
            let options = tokens[query].is("WITH") && !tokens.get(query + 2).is_some_and(|token| token.is("AS"));
            if !options {
                return Copy::Query(&statement[tokens[query].at..]);
            }
        }
        return Copy::Known(everything(statement, dialect));
    }
    Copy::Other
}

/// What stands behind FROM: a query in brackets, or a table.
fn source<'t>(statement: &'t str, tokens: &[Token<'t>], at: usize, outside: &[usize]) -> Copy<'t> {
    let Some(token) = tokens.get(at) else { return Copy::Other };
    if token.is_mark('(') {
        let close = lexer::closing(tokens, at).saturating_sub(1);
        return match tokens.get(at + 1) {
            Some(inner) if close > at + 1 => Copy::Query(&statement[inner.at..tokens[close - 1].end()]),
            _ => Copy::Other,
        };
    }
    let mut name = String::new();
    for at in outside.iter().copied().filter(|place| *place >= at) {
        let token = &tokens[at];
        let joins = name.is_empty() || name.ends_with('.');
        match token.kind {
            Kind::Word | Kind::Name if joins => name.push_str(token.name()),
            Kind::Mark if token.is_mark('.') && !joins => name.push('.'),
            _ => break,
        }
    }
    if name.is_empty() {
        return Copy::Other;
    }
    Copy::Known(Analysis { class: Class::CopyTo, branches: vec![whole(name)], ..Analysis::default() })
}

fn whole(table: String) -> Branch {
    Branch { sources: vec![Source { table, flows: true }], output: vec![Column { source: 0, name: None }], ..Branch::default() }
}

/// A whole table is copied.
pub(super) fn whole_table(table: String) -> Analysis {
    Analysis { class: Class::CreateTableAs, branches: vec![whole(table)], ..Analysis::default() }
}

fn outside_of_brackets(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut outside = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.is_mark(')') {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            outside.push(at);
        }
        if token.is_mark('(') {
            depth += 1;
        }
    }
    outside
}

/// Whole tables or the whole database are taken away; how much of them nobody counts.
pub(super) fn everything(statement: &str, dialect: Dialect) -> Analysis {
    let named = tokens::named(statement, dialect);
    let mut branch = Branch { functions: vec![Class::CopyTo.name().to_owned()], hides_query: true, multiplied: true, ..Branch::default() };
    for table in named.read {
        let source = branch.sources.len();
        branch.sources.push(Source { table, flows: true });
        branch.output.push(Column { source, name: None });
    }
    Analysis { class: Class::CopyTo, branches: vec![branch], ..Analysis::default() }
}

/// What `CREATE …` makes where the grammar does not know it.
pub(super) struct Creation<'t> {
    /// The name.
    pub table: String,
    /// Names given to its columns.
    pub names: Vec<String>,
    pub making: Making,
    /// The query that it is made of.
    pub query: Option<&'t str>,
    /// The table that it is made of.
    pub source: Option<String>,
}

impl Creation<'_> {
    /// What was made, by what its query reads.
    pub fn made(&self, read: &Analysis, columns: Option<Vec<MadeColumn>>) -> Made {
        match &self.source {
            Some(source) => Made::alike(self.table.clone(), self.making, source.clone()),
            None => Made::of(self.table.clone(), self.making, read, columns, &self.names),
        }
    }
}

/// `CREATE [OR REPLACE] [TEMPORARY] TABLE | [MATERIALIZED] VIEW name [(columns)] … [AS] query | LIKE table | CLONE table`.
pub(super) fn creation<'t>(statement: &'t str, dialect: Dialect) -> Option<Creation<'t>> {
    let tokens = lexer::tokens(statement, dialect).list;
    let head = tokens.iter().take(8).position(|token| token.is_any(&["TABLE", "VIEW"]))?;
    if tokens[..head].iter().any(|token| token.is_any(&["PROCEDURE", "FUNCTION", "TRIGGER", "ON", "FOR", "POLICY", "INDEX"])) {
        return None;
    }
    let view = tokens[head].is("VIEW") && !tokens[..head].iter().any(|token| token.is_any(&["MATERIALIZED", "DYNAMIC", "LIVE"]));
    let mut at = head + 1;
    while tokens.get(at).is_some_and(|token| token.is_any(&["IF", "NOT", "EXISTS"])) {
        at += 1;
    }
    let (table, end) = lexer::name(&tokens, at)?;
    let mut names = Vec::new();
    if tokens.get(end).is_some_and(|token| token.is_mark('(')) {
        let close = lexer::closing(&tokens, end);
        let list = &tokens[end + 1..close.saturating_sub(1).max(end + 1)];
        let plain = list.iter().enumerate().all(|(at, token)| if at % 2 == 0 { token.names() } else { token.is_mark(',') });
        names = list.iter().filter(|token| plain && token.names()).map(|token| token.name().to_owned()).collect();
    }
    let outside = outside_of_brackets(&tokens);
    let making = if view { Making::Viewed } else { Making::Copied };
    let mut creation = Creation { table, names, making, query: None, source: None };
    for at in outside.into_iter().filter(|at| *at >= end) {
        let token = &tokens[at];
        let next = tokens.get(at + 1);
        if token.is("SELECT")
            || token.is("AS") && next.is_some_and(|next| next.is_mark('(') || next.is_any(&["SELECT", "WITH", "TABLE", "VALUES"]))
        {
            let from = if token.is("AS") { next.map_or(statement.len(), |next| next.at) } else { token.at };
            creation.query = Some(&statement[from..]);
            return Some(creation);
        }
        if token.is_any(&["CLONE", "LIKE", "COPY"]) {
            creation.source = lexer::name(&tokens, at + 1).map(|(name, _)| name);
            if token.is("LIKE") {
                creation.making = Making::Likened;
            }
            return creation.source.is_some().then_some(creation);
        }
    }
    None
}

/// A table that stands for another from then on, or has its rows: `CREATE SYNONYM`, `ALTER TABLE … SWITCH | SWAP | EXCHANGE | RENAME`.
pub(super) fn passed_on(statement: &str, dialect: Dialect) -> Vec<Made> {
    let tokens = lexer::tokens(statement, dialect).list;
    let place = |words: &[&str]| tokens.iter().position(|token| token.is_any(words));
    let named = |at: Option<usize>| at.and_then(|at| lexer::name(&tokens, at + 1)).map(|(name, _)| name);
    if tokens.first().is_some_and(|token| token.is("CREATE")) {
        let synonym = tokens.iter().take(6).position(|token| token.is_any(&["SYNONYM", "ALIAS"]));
        return match (named(synonym), named(synonym.and(place(&["FOR"])))) {
            (Some(table), Some(source)) => vec![Made::alike(table, Making::Viewed, source)],
            _ => Vec::new(),
        };
    }
    let mut at = 2;
    while tokens.get(at).is_some_and(|token| token.is_any(&["IF", "EXISTS", "ONLY"])) {
        at += 1;
    }
    let Some((table, _)) = lexer::name(&tokens, at).filter(|_| tokens.get(1).is_some_and(|token| token.is("TABLE"))) else {
        return Vec::new();
    };
    let behind = |verb: &str, word: &[&str]| if place(&[verb]).is_some() { named(place(word)) } else { None };
    if let Some(other) = behind("SWITCH", &["TO"]) {
        return vec![Made::alike(other, Making::Copied, table)];
    }
    let exchanged = place(&["EXCHANGE"]).and_then(|from| tokens[from..].iter().position(|token| token.is("TABLE")).map(|at| from + at));
    if let Some(other) = named(exchanged).or_else(|| behind("SWAP", &["WITH"])) {
        return vec![Made::alike(other.clone(), Making::Copied, table.clone()), Made::alike(table, Making::Copied, other)];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use crate::model::record::Dialect;
    use crate::sql::{Class, analyse_anew};

    /// The class, the tables read, and whether all that can be said is that it was much.
    fn of(text: &str, dialect: Dialect) -> (Class, Vec<String>, bool) {
        let found = analyse_anew(text, dialect);
        let tables = found.branches.iter().flat_map(|branch| &branch.sources).map(|source| source.table.clone()).collect();
        (found.class, tables, found.branches.iter().any(|branch| branch.hides_query))
    }

    fn taken(tables: &[&str], much: bool) -> (Class, Vec<String>, bool) {
        (Class::CopyTo, tables.iter().map(|table| (*table).to_owned()).collect(), much)
    }

    #[test]
    fn what_is_unloaded_is_read() {
        let snowflake = |text| of(text, Dialect::Snowflake);
        assert_eq!(snowflake("copy into @st/x.csv from (select name from crm.public.customers)"), taken(&["crm.public.customers"], false));
        assert_eq!(
            snowflake("copy into 's3://b/x' from crm.public.customers file_format = (type = csv)"),
            taken(&["crm.public.customers"], false)
        );
        assert_eq!(snowflake("copy into t from (select $1 from @st)").0, Class::CopyFrom);
        assert_eq!(
            of("UNLOAD ('SELECT name FROM crm.customers WHERE x = ''y''') TO 's3://b' IAM_ROLE 'r'", Dialect::PostgreSql),
            taken(&["crm.customers"], false)
        );
        assert_eq!(of("COPY crm.customers FROM 's3://b' IAM_ROLE 'r' CSV", Dialect::PostgreSql).0, Class::CopyFrom);
        assert_eq!(
            of("EXPORT DATA OPTIONS (uri = 'gs://b/*') AS SELECT name FROM crm.customers", Dialect::BigQuery),
            taken(&["crm.customers"], false)
        );
        assert_eq!(of("INSERT OVERWRITE DIRECTORY '/x' SELECT name FROM crm.customers", Dialect::Hive), taken(&["crm.customers"], false));
        assert_eq!(of("SELECT name INTO OUTFILE '/x' FROM crm.customers", Dialect::MySql), taken(&["crm.customers"], false));
    }

    #[test]
    fn backups_and_replication_take_everything() {
        for text in [
            "BACKUP DATABASE crm TO DISK = 'x' WITH INIT",
            "BASE_BACKUP ( LABEL 'x', PROGRESS)",
            "START_REPLICATION SLOT s LOGICAL 0/0",
            "EXPORT DATABASE '/x'",
        ] {
            assert_eq!(of(text, Dialect::Generic), taken(&[], true), "{text}");
        }
        assert_eq!(of("EXPORT TABLE crm.customers TO '/x'", Dialect::Hive), taken(&["crm.customers"], true));
        assert_eq!(
            of("CREATE PUBLICATION p FOR TABLE crm.customers, bank.accounts", Dialect::PostgreSql),
            taken(&["crm.customers", "bank.accounts"], true)
        );
        assert_eq!(of("CREATE PUBLICATION p FOR ALL TABLES", Dialect::PostgreSql), taken(&[], true));
        assert_eq!(of("IDENTIFY_SYSTEM", Dialect::PostgreSql).0, Class::Show);
    }

    #[test]
    fn rows_that_change_their_table_and_names_that_stand_for_another_pass_on_what_is_known() {
        for (text, dialect, tables) in [
            ("CREATE OR REPLACE PUBLIC SYNONYM s FOR crm.customers", Dialect::Oracle, vec!["s"]),
            ("ALTER TABLE crm.customers SWITCH PARTITION 1 TO dbo.x", Dialect::MsSql, vec!["dbo.x"]),
            ("ALTER TABLE crm.customers SWAP WITH crm.y", Dialect::Snowflake, vec!["crm.y", "crm.customers"]),
            ("ALTER TABLE crm.customers EXCHANGE PARTITION p WITH TABLE crm.y", Dialect::MySql, vec!["crm.y", "crm.customers"]),
            ("EXEC sp_rename 'dbo.customers', 'old'", Dialect::MsSql, vec!["dbo.old"]),
        ] {
            let found = analyse_anew(text, dialect);
            let made: Vec<&str> = found.makes.iter().map(|made| made.table.as_str()).collect();
            assert_eq!((found.class, made), (Class::Ddl, tables), "{text}");
        }
        assert!(analyse_anew("ALTER TABLE crm.customers ADD COLUMN a int", Dialect::MsSql).makes.is_empty());
    }

    #[test]
    fn a_table_that_is_created_in_a_strange_way_is_a_copy_all_the_same() {
        let copied = |text, dialect| {
            let found = analyse_anew(text, dialect);
            (found.class, found.makes.iter().map(|made| made.table.clone()).collect::<Vec<_>>(), found.branches.len())
        };
        for (text, dialect) in [
            ("CREATE TABLE x (a, b) AS SELECT id, name FROM crm.customers", Dialect::PostgreSql),
            ("CREATE TABLE x DISTKEY (a) STRANGE OPTION AS SELECT a FROM crm.customers", Dialect::Generic),
            ("CREATE TABLE x STRANGE OPTION SELECT a FROM crm.customers", Dialect::MySql),
            ("CREATE TABLE x CLONE crm.customers", Dialect::Snowflake),
            ("CREATE MATERIALIZED VIEW x BUILD IMMEDIATE REFRESH ON DEMAND AS SELECT a FROM crm.customers", Dialect::Oracle),
        ] {
            assert_eq!(copied(text, dialect), (Class::CreateTableAs, vec!["x".to_owned()], 1), "{text}");
        }
        let view = copied("CREATE VIEW x STRANGE AS SELECT a FROM crm.customers", Dialect::Oracle);
        assert_eq!(view, (Class::Ddl, vec!["x".to_owned()], 0));
    }
}
