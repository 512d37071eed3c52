//! Statements that switch auditing off or narrow it: told by what a setting means, and by what is dropped, stopped, revoked or emptied,
//! wherever in a text it stands.
//!
//! A text may hold several statements, blocks, and texts that it runs; what runs is read like what is sent. What is only written down,
//! compared or shown runs nothing.

mod settings;

use crate::model::record::{Dialect, Text};
use crate::sql::cache;
use crate::sql::lexer::{self, Kind, Token};
use regex::bytes::Regex;
use settings::{Value, is_known, narrows};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Texts within texts are read down to this depth.
const DEEPEST: u8 = 3;
/// Tokens of one value, and of one statement around it, that are looked at.
const FURTHEST: usize = 200;

/// What a text that may change auditing holds somewhere: most texts hold none of it.
static MAY: LazyLock<Regex> = LazyLock::new(|| {
    let words = [
        "audit",
        "aud\\$",
        "fga",
        "auto_explain",
        "preload_libraries",
        "logging_collector",
        "log_(?:statement|min_|dest|dir|filename|line_prefix|error_verb|param|conn|disconn|repl|duration|trunc|output|slow|queries)",
        "(?:general|slow_query|slow)_log",
        "sql_log_off",
        "long_query_time",
        "min_examined_row_limit",
        "syslog_(?:facility|ident)",
        "sp_trace_setstatus",
        "default trace",
        "common criteria",
        "reset\\s+all",
        "(?:auto|postgresql)\\.conf",
        "set_config",
        // Texts that are put together before they run.
        "'\\s*(?:\\|\\||\\+)",
    ];
    Regex::new(&format!("(?i-u:{})", words.join("|"))).expect("is an expression")
});

/// Whether a statement, or anything that it runs, switches auditing off or narrows it. `binds` are the values of its parameters.
pub fn switches_off(statement: &str, binds: &[Option<Text<'_>>], dialect: Dialect) -> bool {
    if binds.is_empty() {
        return cache::switches_off(statement, dialect, |text, dialect| {
            MAY.is_match(text.as_bytes()) && Reading { binds: &[], dialect }.switches_off(text, 0)
        });
    }
    (cache::names_auditing(statement, dialect, |text| MAY.is_match(text.as_bytes()))
        || binds.iter().flatten().any(|bind| is_known(&bind.trim().to_ascii_lowercase())))
        && Reading { binds, dialect }.switches_off(statement, 0)
}

struct Reading<'a> {
    binds: &'a [Option<Text<'a>>],
    dialect: Dialect,
}

impl Reading<'_> {
    fn switches_off(&self, text: &str, depth: u8) -> bool {
        let text = uncommented(text, self.dialect);
        let list = lexer::tokens(&text, self.dialect).list;
        let mut from = 0;
        while from < list.len() {
            let end = list[from..].iter().position(|token| token.is_mark(';')).map_or(list.len(), |at| from + at);
            if self.one_switches_off(&list[from..end], depth) {
                return true;
            }
            from = end + 1;
        }
        false
    }

    fn one_switches_off(&self, list: &[Token<'_>], depth: u8) -> bool {
        let first = list.first();
        let changes_rows = first.is_some_and(|token| token.is_any(&["INSERT", "MERGE", "REPLACE"]));
        let updates = first.is_some_and(|token| token.is("UPDATE"));
        let settings = list.iter().any(|token| token.names() && token.name().eq_ignore_ascii_case("pg_settings"));
        if updates && settings && self.updates_settings(list) {
            return true;
        }
        for at in 0..list.len() {
            let rest = &list[at..];
            let starts = at == 0 || list[at - 1].is_any(&["BEGIN", "THEN", "ELSE", "LOOP", "AS", "DO", "IMMEDIATE"]);
            let found = match &rest[0] {
                token if token.kind == Kind::Text => !changes_rows && depth < DEEPEST && self.runs_here(list, at, depth),
                token if token.kind != Kind::Word && token.kind != Kind::Name => false,
                token if token.is("NOAUDIT") => starts,
                token if token.is_any(&["SET", "RESET"]) => !changes_rows && !updates && self.sets(list, at),
                token if token.is_any(&["DROP", "UNINSTALL", "DISABLE", "TRUNCATE", "DELETE", "RENAME", "REVOKE", "REASSIGN"]) => {
                    removes(rest)
                }
                token if token.is("ALTER") => alters(rest),
                token if token.is("AUDIT") => starts && rest.iter().take(FURTHEST).any(|token| token.is("EXCEPT")),
                _ => self.calls(rest),
            };
            if found {
                return true;
            }
        }
        false
    }

    /// `SET [scope] name = value [, name = value]`, `RESET name`.
    fn sets(&self, list: &[Token<'_>], at: usize) -> bool {
        let is_reset = list[at].is("RESET");
        let lasts = list[..at].iter().rev().take(12).any(|token| token.is("ALTER"));
        let mut at = behind_scope(list, at + 1);
        if is_reset {
            let Some((name, _)) = name(list, at) else { return false };
            // A session that goes back to what is configured narrows nothing, but for what only auditing sets.
            return (lasts && name == "all") || (lasts || name.starts_with("pgaudit.")) && narrows(&name, &Value::Default);
        }
        // Several may follow one another.
        loop {
            at = behind_scope(list, at);
            if let Some((name, mut behind)) = name(list, at) {
                match list.get(behind) {
                    Some(token) if token.is("TO") || token.is_mark('=') => behind += 1,
                    Some(token) if token.is_mark(':') && list.get(behind + 1).is_some_and(|next| next.is_mark('=')) => behind += 2,
                    Some(token) if token.is("FROM") => return lasts && is_known(&name),
                    _ => behind = 0,
                }
                if behind > 0 {
                    let (value, end) = self.value(list, behind, self.dialect == Dialect::MySql);
                    if narrows(&name, &value) {
                        return true;
                    }
                    at = end;
                }
            }
            let Some(comma) = list.get(at..).and_then(|rest| rest.iter().take(FURTHEST).position(|token| token.is_mark(','))) else {
                return false;
            };
            at += comma + 1;
        }
    }

    /// The value that begins at a token, and the position behind it.
    fn value(&self, list: &[Token<'_>], from: usize, one: bool) -> (Value, usize) {
        let (mut words, mut at, mut said) = (Vec::new(), from, String::new());
        loop {
            let minus = list.get(at).is_some_and(|token| token.is_mark('-'));
            at += usize::from(minus);
            let Some(token) = list.get(at) else { return (Value::Unknown, at) };
            said.clear();
            match token.kind {
                Kind::Word if token.is("DEFAULT") && words.is_empty() => return (Value::Default, at + 1),
                Kind::Word | Kind::Number | Kind::Name => said.push_str(token.name()),
                Kind::Text => said.push_str(&token.string(self.dialect).unwrap_or_default()),
                Kind::Variable => match self.bound(token) {
                    Some(bound) => said.push_str(bound),
                    None => return (Value::Unknown, at + 1),
                },
                Kind::Mark => return (Value::Unknown, at),
            }
            let sign = if minus { "-" } else { "" };
            // `250.5`, `10 min` and the like are one word each.
            at += 1;
            while let [dot, digits, ..] = &list[at.min(list.len())..]
                && dot.is_mark('.')
                && digits.kind == Kind::Number
            {
                said.push('.');
                said.push_str(digits.text);
                at += 2;
            }
            words.extend(said.split(',').map(|word| format!("{sign}{}", word.trim().trim_matches('"').to_ascii_lowercase())));
            match list.get(at) {
                Some(token) if token.is_mark(',') && !one && !is_assignment(list, at + 1) => at += 1,
                Some(token) if token.kind == Kind::Mark && !matches!(token.text, "," | ")" | "*/") => return (Value::Unknown, at),
                _ => break,
            }
        }
        words.retain(|word| !word.is_empty());
        words.truncate(FURTHEST);
        (Value::List(words), at)
    }

    /// What a parameter is given: `$2`, or the next of several `?`.
    fn bound(&self, token: &Token<'_>) -> Option<&str> {
        let number: usize = token.text.strip_prefix('$')?.parse().ok()?;
        self.binds.get(number.checked_sub(1)?)?.as_deref()
    }

    /// Functions and procedures that change what is logged.
    fn calls(&self, rest: &[Token<'_>]) -> bool {
        let token = &rest[0];
        let name = token.name();
        // The longest of their names has so many letters.
        if !(10..=40).contains(&name.len()) || !name.is_ascii() {
            return false;
        }
        let open = usize::from(rest.get(1).is_some_and(|next| next.is_mark('(')));
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let any = |what: &dyn Fn(&Token<'_>) -> bool| rest.iter().skip(1).take(FURTHEST).any(what);
        let says = |words: &[&str]| any(&|token| token.kind == Kind::Text && words.iter().any(|word| lower(token).contains(word)));
        if is("set_config") && open == 1 {
            return self.configures(rest);
        }
        if is("disable_policy") || is("drop_policy") || is("audit_log_filter_remove_filter") || is("audit_log_filter_remove_user") {
            return open == 1 || is("disable_policy") || is("drop_policy");
        }
        match () {
            () if is("enable_policy") => any(&|token| token.is("FALSE")),
            () if is("clean_audit_trail") => !(any(&|token| lower(token) == "use_last_arch_timestamp") && any(&|token| token.is("TRUE"))),
            () if is("audit_log_filter_set_filter") => says(&["false", "\"abort\""]) || !says(&["\"log\""]),
            () if is("audit_log_filter_set_user") => open == 1,
            () if is("sp_trace_setstatus") => {
                rest.iter().take(12).rfind(|token| token.kind == Kind::Number).is_some_and(|last| matches!(last.text, "0" | "2"))
            }
            () if is("sp_configure") => {
                says(&["c2 audit mode", "default trace enabled", "common criteria"])
                    && rest.iter().take(12).any(|token| token.kind == Kind::Number && token.text == "0")
            }
            () if is("xp_instance_regwrite") || is("xp_regwrite") => says(&["auditlevel"]),
            () if is("pg_file_write") || is("pg_file_unlink") || is("pg_file_rename") || is("pg_catalog.lo_export") => says(&[".conf"]),
            () => false,
        }
    }

    /// `set_config(name, value, …)`.
    fn configures(&self, rest: &[Token<'_>]) -> bool {
        let end = lexer::closing(rest, 1);
        let arguments = split_arguments(&rest[2.min(end)..end.saturating_sub(1).max(2.min(end))]);
        let [name, value, ..] = arguments.as_slice() else { return false };
        let Some(name) = self.said(name) else {
            // A name that is a parameter says nothing; one that is put together is to say nothing.
            return name.len() > 1 && !name.iter().all(|token| token.kind == Kind::Variable || token.is_mark(':') || token.is("TEXT"));
        };
        let name = name.trim().to_ascii_lowercase();
        let value = self.said(value).map_or(Value::Unknown, |said| {
            let words = said.split(',').map(|word| word.trim().trim_matches('"').to_ascii_lowercase());
            Value::List(words.filter(|word| !word.is_empty()).collect())
        });
        narrows(&name, &value)
    }

    /// What tokens say that are strings put together, parameters that are bound, and casts.
    fn said(&self, tokens: &[Token<'_>]) -> Option<String> {
        let mut said = String::new();
        let mut any = false;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token.kind {
                Kind::Text => said.push_str(&token.string(self.dialect)?),
                Kind::Variable => said.push_str(self.bound(token)?),
                Kind::Mark if matches!(token.text, "|" | "+") && any => {
                    at += 1;
                    continue;
                }
                // `'…'::text`
                Kind::Mark if token.is_mark(':') && any => {
                    at += 3;
                    continue;
                }
                Kind::Word | Kind::Name | Kind::Number | Kind::Mark => return None,
            }
            any = true;
            at += 1;
        }
        any.then_some(said)
    }

    /// `UPDATE pg_settings SET setting = value WHERE name = name`.
    fn updates_settings(&self, list: &[Token<'_>]) -> bool {
        let behind = |word: &str| {
            let at = list.iter().position(|token| token.names() && token.name().eq_ignore_ascii_case(word))?;
            list.get(at + 1).filter(|token| token.is_mark('=') || token.is("LIKE") || token.is("IN"))?;
            Some(at + 2)
        };
        let value = behind("setting").map_or(Value::Unknown, |at| self.value(list, at, true).0);
        let Some(at) = behind("name") else { return true };
        let named = list[at.min(list.len())..].iter().take(FURTHEST).filter_map(|token| match token.kind {
            Kind::Text => token.string(self.dialect),
            Kind::Variable => self.bound(token).map(str::to_owned),
            _ => None,
        });
        named.map(|name| name.to_ascii_lowercase()).any(|name| name.contains('%') && name.contains("audit") || narrows(&name, &value))
    }

    /// Whether a string at a place runs, and switches auditing off.
    fn runs_here(&self, list: &[Token<'_>], at: usize, depth: u8) -> bool {
        let before = at.checked_sub(1).map(|before| &list[before]);
        // What is joined to an earlier string was read with it; what is compared is no statement.
        let is_joined = before.is_some_and(|token| matches!(token.text, "|" | "+")) && at > 1;
        let is_compared = before.is_some_and(|token| token.is_any(&["LIKE", "ILIKE", "IN", "RLIKE", "REGEXP", "NAME", "COMMENT", "IS"]));
        if is_joined || is_compared {
            return false;
        }
        let Some(text) = joined(&list[at..], self.dialect) else { return false };
        let is_file = list.first().is_some_and(|token| token.is("COPY")) && list.iter().any(|token| token.is("TO"));
        if is_file && (text.contains("postgresql.conf") || text.contains("postgresql.auto.conf")) {
            return true;
        }
        let runs = |token: &Token<'_>| {
            token.is_any(&["EXEC", "EXECUTE", "PREPARE", "DO", "IMMEDIATE", "CALL", "BEGIN", "DECLARE", "CREATE", "PERFORM"])
                || token.names() && RUNNERS.iter().any(|runner| token.name().eq_ignore_ascii_case(runner))
        };
        let kept = list.first().is_some_and(|token| token.is("SET")) && list[..at].iter().any(|token| token.kind == Kind::Variable);
        (kept || list[..at].iter().any(runs)) && (MAY.is_match(text.as_bytes()) || is_plain(&text)) && self.switches_off(&text, depth + 1)
    }
}

/// Functions that run a text.
const RUNNERS: [&str; 16] = [
    "dblink",
    "dblink_exec",
    "dblink_send_query",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "cursor_to_xml",
    "schedule",
    "schedule_in_database",
    "pg_background_launch",
    "sp_executesql",
    "sp_add_jobstep",
    "openquery",
    "create_job",
    "parse",
    "submit",
    "openrowset",
];

/// Whether a text may begin with the one word that needs no other.
fn is_plain(text: &str) -> bool {
    text.trim_start().get(..7).is_some_and(|head| head.eq_ignore_ascii_case("NOAUDIT"))
}

/// A string and those that are joined to it.
fn joined(rest: &[Token<'_>], dialect: Dialect) -> Option<String> {
    let mut text = rest.first()?.string(dialect)?;
    let mut at = 1;
    while let Some(token) = rest.get(at).filter(|token| token.is_mark('|') || token.is_mark('+') || token.kind == Kind::Text) {
        if token.kind == Kind::Text {
            text.push_str(&token.string(dialect)?);
        }
        at += 1;
    }
    Some(text)
}

/// `name`, `a.name`, `"a.name"`, `@@global.name`: without its scope and in lower case, and the position behind it.
fn name(list: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let first = list.get(at)?;
    let (mut name, mut at) = match first.kind {
        Kind::Word | Kind::Name => (first.name().to_ascii_lowercase(), at + 1),
        Kind::Variable => (first.text.strip_prefix("@@")?.to_ascii_lowercase(), at + 1),
        Kind::Text => (first.string(Dialect::Generic)?.to_ascii_lowercase(), at + 1),
        Kind::Number | Kind::Mark => return None,
    };
    while let [dot, part, ..] = &list[at.min(list.len())..]
        && dot.is_mark('.')
        && part.names()
    {
        let is_scope = matches!(name.as_str(), "global" | "session" | "local" | "persist" | "persist_only");
        name = if is_scope { part.name().to_ascii_lowercase() } else { format!("{name}.{}", part.name().to_ascii_lowercase()) };
        at += 2;
    }
    (name.len() <= 64).then_some((name, at))
}

/// The position behind words that say for whom a setting is made. `SET SESSION = …` is no scope.
fn behind_scope(list: &[Token<'_>], mut at: usize) -> usize {
    let is_scope = |token: &Token<'_>| token.is_any(&["LOCAL", "SESSION", "GLOBAL", "PERSIST", "PERSIST_ONLY"]);
    while list.get(at).is_some_and(is_scope) && !list.get(at + 1).is_some_and(|next| next.is_mark('=') || next.is("TO")) {
        at += 1;
    }
    at
}

/// Whether what follows gives another setting its value.
fn is_assignment(list: &[Token<'_>], at: usize) -> bool {
    name(list, behind_scope(list, at))
        .is_some_and(|(_, behind)| list.get(behind).is_some_and(|token| token.is_mark('=') || token.is_mark(':')))
}

/// DROP, UNINSTALL, DISABLE, TRUNCATE, DELETE, RENAME, REVOKE, REASSIGN: of what audits, of whom it audits for, and of what it has written.
fn removes(rest: &[Token<'_>]) -> bool {
    let behind = &rest[1..rest.len().min(FURTHEST)];
    let Some(next) = behind.first() else { return false };
    let names_audit = |tokens: &[Token<'_>]| tokens.iter().any(|token| is_of_audit(token));
    let object = &behind[..behind.len().min(12)];
    match &rest[0] {
        token if token.is_any(&["TRUNCATE", "DELETE"]) => empties(behind),
        token if token.is("RENAME") => next.is("TABLE") && behind.windows(2).any(|pair| pair[1].is("TO") && empties(&pair[..1])),
        token if token.is("REVOKE") => behind
            .iter()
            .position(|token| token.is("FROM"))
            .is_some_and(|from| names_audit(&behind[from..]) && !names_audit(&behind[..from])),
        token if token.is("REASSIGN") => names_audit(object),
        token if token.is("UNINSTALL") => names_audit(object),
        token if token.is("DISABLE") => next.is("TRIGGER") && names_audit(object),
        // DROP
        _ if next.is_any(&["SERVER", "DATABASE"]) => behind.get(1).is_some_and(|token| token.is("AUDIT")),
        _ if next.is("AUDIT") => true,
        _ if next.is("TABLE") => empties(&behind[1..]),
        _ if next.is_any(&["INDEX", "VIEW", "COLUMN", "SCHEMA", "SEQUENCE", "TYPE", "CONSTRAINT", "MATERIALIZED"]) => false,
        _ => next.kind == Kind::Word && names_audit(object),
    }
}

/// Whether a name is one of what audits. Tables have such names for reasons of their own: they are not asked for here.
fn is_of_audit(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word | Kind::Name | Kind::Text) && lower(token).contains("audit")
}

/// Tables that servers write what they audit to.
const TRAILS: [&str; 9] = [
    "aud$",
    "fga_log$",
    "aud$unified",
    "unified_audit_trail",
    "general_log",
    "slow_log",
    "audit_log_filter",
    "audit_log_user",
    "server_audit_filters",
];

/// Whether rows of such a table go.
fn empties(behind: &[Token<'_>]) -> bool {
    let names =
        behind.iter().skip_while(|token| token.is_any(&["FROM", "TABLE", "IF", "EXISTS", "ONLY", "LOW_PRIORITY", "QUICK", "IGNORE"]));
    let table = names.take_while(|token| token.names() || token.is_mark('.')).filter(|token| token.names()).last();
    table.is_some_and(|token| TRAILS.contains(&lower(token).as_str()))
}

/// ALTER of what audits.
fn alters(rest: &[Token<'_>]) -> bool {
    let behind = &rest[1..rest.len().min(FURTHEST)];
    let has = |word: &str| behind.iter().any(|token| token.is(word));
    let at = |n: usize, word: &str| behind.get(n).is_some_and(|token| token.is(word));
    let follows = |word: &str, next: &dyn Fn(&Token<'_>) -> bool| {
        behind.iter().enumerate().any(|(n, token)| token.is(word) && behind.get(n + 1).is_some_and(next))
    };
    if (at(0, "SERVER") || at(0, "DATABASE")) && at(1, "AUDIT") {
        let state = behind.iter().position(|token| token.is("STATE")).map(|n| behind.get(n + 2).is_some_and(|token| token.is("ON")));
        let filters = has("WHERE") && !has("REMOVE");
        return state == Some(false) || has("DROP") || filters || at(1, "AUDIT") && !at(2, "SPECIFICATION") && follows("TO", &|_| true);
    }
    if at(0, "AUDIT") && at(1, "POLICY") {
        let only = |n: usize| n.checked_sub(1).is_some_and(|n| behind[n].is("CONDITION"));
        let drops = behind.iter().enumerate().any(|(n, token)| token.is("DROP") && !only(n));
        return drops || follows("CONDITION", &|next| !next.is("DROP"));
    }
    let of_audit = behind.iter().take(8).any(is_of_audit);
    if at(0, "EVENT") && at(1, "SESSION") {
        return of_audit && (has("STOP") || has("DROP"));
    }
    if at(0, "TABLE") {
        // An audit trigger of one's own.
        let disabled = follows("DISABLE", &|next| next.is("TRIGGER"));
        return disabled && behind.iter().skip_while(|token| !token.is("TRIGGER")).take(4).any(is_of_audit);
    }
    let makes = at(0, "FUNCTION")
        || at(0, "PROCEDURE")
        || at(0, "ROLE")
        || at(0, "USER")
        || at(0, "EVENT")
        || at(0, "TRIGGER")
        || at(0, "EXTENSION");
    makes && of_audit && ["OWNER", "RENAME", "DISABLE", "DROP", "NOLOGIN"].iter().any(|word| has(word))
}

/// Arguments of a call, split at its commas.
fn split_arguments<'l, 't>(list: &'l [Token<'t>]) -> Vec<&'l [Token<'t>]> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, token) in list.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                parts.push(&list[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[from..]);
    parts
}

fn lower(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Name => token.name().to_ascii_lowercase(),
        _ => token.text.to_ascii_lowercase(),
    }
}

/// A text in which what stands in `/*! … */` runs, as MySQL and MariaDB have it.
fn uncommented(text: &str, dialect: Dialect) -> Cow<'_, str> {
    if !matches!(dialect, Dialect::MySql | Dialect::Generic) || !(text.contains("/*!") || text.contains("/*M!")) {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("/*!").into_iter().chain(rest.find("/*M!")).min() {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let inner = from[from.find('!').map_or(0, |mark| mark + 1)..].trim_start_matches(|c: char| c.is_ascii_digit());
        let end = inner.find("*/").unwrap_or(inner.len());
        plain.push(' ');
        plain.push_str(&inner[..end]);
        plain.push(' ');
        rest = inner.get(end + 2..).unwrap_or("");
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests;
