//! Employees and accounts by pseudonyms until somebody has taken their case, where the configuration says so: whoever chooses what to look at
//! first sees figures, and no names.
//!
//! A pseudonym is of one case: that two cases are about the same person cannot be told from it. What is covered is covered before a page, a
//! list, an answer or the record of a view is made of it, so that the record says what was shown. Sources of logs keep their names.

use crate::database::{Database, DatabaseError};
use crate::desk::case::{CaseFile, CaseState, Entry};
use crate::desk::random;
use crate::model::alert::{Alert, InnocentReason, SourceRange};
use crate::model::dossier::Dossier;
use serde_json::Value;
use std::collections::BTreeSet;

/// How people are named.
#[derive(Clone, Copy, Default)]
pub struct Pseudonyms(Option<[u8; 32]>);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Pseudonyms" } else { "names" })
    }
}

impl Pseudonyms {
    /// By pseudonyms until a case is taken, under the key of this database.
    pub async fn of(database: &Database) -> Result<Pseudonyms, DatabaseError> {
        Ok(Pseudonyms(Some(random::kept(database, "pseudonym_key").await?)))
    }

    /// Whether anybody is named by one.
    pub fn are_used(self) -> bool {
        self.0.is_some()
    }

    /// What of a case is covered: nothing, once somebody has taken it.
    pub fn cover(self, case: &CaseFile) -> Cover {
        let key = self.0.filter(|_| case.state == CaseState::New);
        let names = case.parties.iter().map(|(name, _)| name).chain([&case.about]).filter(|name| !case.sources.contains(*name));
        Cover { key, case: case.id, names: names.cloned().collect() }
    }
}

/// What covers the names of one case.
#[derive(Clone)]
pub struct Cover {
    key: Option<[u8; 32]>,
    case: i64,
    names: BTreeSet<String>,
}

impl Cover {
    /// Whether anybody is covered.
    pub fn covers(&self) -> bool {
        self.key.is_some()
    }

    fn pseudonym(&self, key: &[u8; 32], name: &str) -> String {
        let mut hash = blake3::Hasher::new_keyed(key);
        hash.update(&self.case.to_le_bytes()).update(name.as_bytes());
        format!("P{}-{}", self.case, &hash.finalize().to_hex()[..8])
    }

    /// A name as it is shown.
    fn shown(&self, name: &str) -> String {
        match &self.key {
            Some(key) if self.names.contains(name) => self.pseudonym(key, name),
            Some(_) | None => name.to_owned(),
        }
    }

    /// A text with the names in it replaced, the longest first.
    fn text(&self, text: &str) -> String {
        let Some(key) = &self.key else { return text.to_owned() };
        let mut names: Vec<&String> = self.names.iter().filter(|name| !name.is_empty()).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, name| replaced(&text, name, &self.pseudonym(key, name)))
    }

    fn knows_also(&self, names: impl IntoIterator<Item = String>) -> Cover {
        let mut all = self.clone();
        all.names.extend(names);
        all
    }

    /// The case as it is shown. What one may do with it is asked before.
    pub fn case(&self, case: CaseFile) -> CaseFile {
        if !self.covers() {
            return case;
        }
        let mut parties: Vec<_> = case.parties.iter().map(|(name, unit)| (self.shown(name), unit.clone())).collect();
        // In the order of their names they would tell something of them.
        parties.sort();
        CaseFile { about: self.shown(&case.about), key: String::new(), parties, ..case }
    }

    /// An alert of the case as it is shown: without the engine's paragraph, which names people.
    pub fn alert(&self, alert: Alert) -> Alert {
        if !self.covers() {
            return alert;
        }
        let whom = alert.employee.iter().chain(&alert.account).chain(&alert.related);
        let all = self.knows_also(whom.cloned());
        let reason = |one: InnocentReason| InnocentReason { detail: all.text(&one.detail), ..one };
        let mut evidence = alert.evidence;
        evidence.sources = evidence.sources.into_iter().map(|one| SourceRange { source: all.text(&one.source), ..one }).collect();
        Alert {
            employee: alert.employee.as_deref().map(|name| all.shown(name)),
            account: alert.account.as_deref().map(|name| all.shown(name)),
            related: alert.related.iter().map(|name| all.shown(name)).collect(),
            case: String::new(),
            explanation: String::new(),
            innocent_reasons: alert.innocent_reasons.into_iter().map(reason).collect(),
            evidence,
            ..alert
        }
    }

    /// A dossier of the case as it is shown.
    pub fn dossier(&self, mut dossier: Dossier) -> Dossier {
        if !self.covers() {
            return dossier;
        }
        let all = self.knows_also(dossier.group.iter().flat_map(|group| &group.employees).cloned());
        for names in [&mut dossier.accesses.tables, &mut dossier.accesses.sources] {
            names.iter_mut().for_each(|name| *name = all.text(name));
        }
        if let Some(group) = &mut dossier.group {
            group.employees.iter_mut().for_each(|name| *name = all.shown(name));
        }
        dossier
    }

    /// What was entered in the case as it is shown: words of people may name those whom it is about.
    pub fn entries(&self, entries: Vec<Entry>) -> Vec<Entry> {
        if !self.covers() {
            return entries;
        }
        entries.into_iter().map(|entry| Entry { body: self.value(entry.body), ..entry }).collect()
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(list) => list.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(object) => Value::Object(object.into_iter().map(|(key, value)| (key, self.value(value))).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// A name of so many bytes is replaced wherever it stands; a shorter one, where it stands by itself: `E1` does not stand in `E15`.
const LONG: usize = 6;

/// The text with the name in it replaced.
fn replaced(text: &str, name: &str, by: &str) -> String {
    if name.len() >= LONG {
        return text.replace(name, by);
    }
    let joins = |one: Option<char>, other: Option<char>| {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        is_word(one) && is_word(other)
    };
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let stands_alone = !joins(before.chars().next_back().or(out.chars().next_back()), name.chars().next())
            && !joins(name.chars().next_back(), after.chars().next());
        out += before;
        out += if stands_alone { by } else { name };
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_where_it_stands_by_itself() {
        assert_eq!(replaced("E1 and E15, xE1, case-E1: E1", "E1", "P1-a"), "P1-a and E15, xE1, case-P1-a: P1-a");
        assert_eq!(replaced("张三查看了张三丰", "张三", "P1-a"), "P1-a查看了P1-a丰");
        assert_eq!(replaced("E1E1", "E1", "P"), "E1E1");
        assert_eq!(replaced("xEMP-1y", "EMP-1", "P"), "xEMP-1y");
        assert_eq!(replaced("xEMP-12y", "EMP-12", "P"), "xPy");
    }

    #[test]
    fn a_pseudonym_is_of_one_case() {
        let cover = |case: i64| Cover { key: Some([7; 32]), case, names: ["E1".to_owned()].into() };
        let (one, other) = (cover(1).shown("E1"), cover(2).shown("E1"));
        assert!(one.starts_with("P1-") && other.starts_with("P2-") && one[3..] != other[3..], "{one} {other}");
        assert_eq!(cover(1).shown("E2"), "E2", "whom the case is not about");
        assert_eq!(Cover { key: None, ..cover(1) }.shown("E1"), "E1");
    }
}
