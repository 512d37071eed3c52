//! Names that resemble the name of a known table: copies, backups and working tables that no catalog lists.
//!
//! A name is reduced to its stem: without schema, digits and dates, words that only say that something is a copy, and the letters that
//! tools put around a name. Tables whose stems are equal are taken for one another. Very general stems (`log`, `data`) tell nothing
//! and are compared together with their schema alone.

use std::collections::HashMap;

/// Words that say that a table is a copy, a stage or an age of another, and nothing of what it holds.
const AFFIXES: &[&str] = &[
    "arc",
    "arch",
    "archive",
    "archived",
    "backup",
    "backups",
    "bak",
    "bck",
    "bkp",
    "bkup",
    "buffer",
    "cache",
    "cdc",
    "clone",
    "copied",
    "copy",
    "cpy",
    "daily",
    "del",
    "deleted",
    "delta",
    "dev",
    "dmp",
    "dump",
    "dup",
    "dupe",
    "duplicate",
    "exp",
    "export",
    "exported",
    "ext",
    "extern",
    "external",
    "extract",
    "final",
    "full",
    "ghc",
    "gho",
    "hist",
    "history",
    "import",
    "imported",
    "initial",
    "last",
    "latest",
    "load",
    "mirror",
    "monthly",
    "new",
    "old",
    "orig",
    "original",
    "osc",
    "part",
    "partition",
    "prev",
    "previous",
    "prod",
    "raw",
    "recover",
    "recovered",
    "removed",
    "repl",
    "replica",
    "restore",
    "restored",
    "safe",
    "safety",
    "sample",
    "sandbox",
    "save",
    "saved",
    "scratch",
    "shadow",
    "snap",
    "snapshot",
    "src",
    "stage",
    "staged",
    "staging",
    "stg",
    "stub",
    "swap",
    "sync",
    "table",
    "tbl",
    "tab",
    "temp",
    "temporary",
    "test",
    "tmp",
    "trash",
    "trunc",
    "uat",
    "version",
    "view",
    "weekly",
    "wip",
    "work",
    "yearly",
];

/// The same in Chinese, where nothing parts words.
const CHINESE_AFFIXES: &[&str] = &["备份", "临时", "测试", "副本", "拷贝", "复制", "历史", "归档", "快照", "新表", "旧表"];

const MONTHS: &[&str] = &[
    "jan",
    "january",
    "feb",
    "february",
    "mar",
    "march",
    "apr",
    "april",
    "may",
    "jun",
    "june",
    "jul",
    "july",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "october",
    "nov",
    "november",
    "dec",
    "december",
];

/// Stems that many tables of all kinds share.
const GENERAL: &[&str] = &[
    "audit", "base", "batch", "code", "config", "data", "dataset", "detail", "dim", "entry", "event", "fact", "file", "info", "item",
    "job", "line", "list", "log", "main", "map", "message", "meta", "name", "object", "param", "queue", "record", "report", "result",
    "row", "session", "setting", "state", "status", "sum", "summary", "task", "type", "value",
];

/// Longest name that is looked at, in bytes.
const LONGEST: usize = 256;

/// Tables by the stems of their names.
#[derive(Debug, Default)]
pub struct StemIndex {
    /// Of a stem, the numbers of the tables that have it.
    stems: HashMap<String, Vec<u32>>,
}

impl StemIndex {
    /// Adds the table of a number by its name, or by the glob of its names.
    pub fn add(&mut self, pattern: &str, number: u32) {
        if pattern.contains(['?', '[', '{', '\\']) {
            return;
        }
        let name = pattern.replace('*', " ");
        let Some(stem) = stem(bare(&name)) else { return };
        let mut keys = Vec::new();
        if let Some((schema, _)) = name.trim().rsplit_once('.') {
            // `crm.customers` as `crm_customers`.
            keys.push(format!("{} {stem}", words(bare(schema)).iter().map(|word| singular(word)).collect::<Vec<_>>().join(" ")));
        }
        if tells(&stem) {
            keys.push(stem);
        }
        for key in keys {
            let numbers = self.stems.entry(key).or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }

    /// The numbers of the tables whose names it resembles; those of its own schema alone where there are any.
    pub fn find(&self, name: &str) -> &[u32] {
        if self.stems.is_empty() || name.len() > LONGEST {
            return &[];
        }
        let Some(stem) = stem(bare(name)) else { return &[] };
        let with_schema = name.rsplit_once('.').map(|(schema, _)| {
            let schema: Vec<String> = words(bare(schema)).iter().map(|word| singular(word)).collect();
            format!("{} {stem}", schema.join(" "))
        });
        let found = with_schema.into_iter().chain([stem.clone()]).find_map(|key| self.stems.get(&key));
        let found = found.or_else(|| unglued(&stem).find_map(|stem| self.stems.get(&stem)));
        found.map_or(&[], Vec::as_slice)
    }
}

/// Table name without schema.
fn bare(table: &str) -> &str {
    table.trim().rsplit('.').next().unwrap_or(table)
}

/// The words of a name that say what it holds; nothing where none does.
fn stem(name: &str) -> Option<String> {
    let telling = |word: &String| !is_affix(word);
    let words: Vec<String> = words(name).into_iter().filter(telling).map(|word| singular(&word)).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether a stem is particular enough to tell a table.
fn tells(stem: &str) -> bool {
    let (all, wide) = (stem.chars().count(), stem.chars().filter(|c| !c.is_ascii()).count());
    (all >= 4 || wide >= 2) && !GENERAL.contains(&stem)
}

fn is_affix(word: &str) -> bool {
    let short = word.is_ascii() && word.len() <= 2;
    short || AFFIXES.contains(&word) || MONTHS.contains(&word) || CHINESE_AFFIXES.contains(&word)
}

/// Words in lower case: parted by anything but letters, by digits, and where a small letter is followed by a capital.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphabetic() || small && c.is_uppercase() {
            words.push(String::new());
        }
        if c.is_alphabetic() {
            words.last_mut().into_iter().for_each(|word| word.extend(c.to_lowercase()));
        }
        small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(|word| without_chinese(&word)).filter(|word| !word.is_empty()).collect()
}

fn without_chinese(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut rest = word;
    while let Some(shorter) = CHINESE_AFFIXES.iter().find_map(|affix| rest.strip_suffix(affix).or_else(|| rest.strip_prefix(affix))) {
        rest = shorter;
    }
    rest.to_owned()
}

fn singular(word: &str) -> String {
    match word {
        _ if word.len() <= 3 || word.ends_with("ss") => word.to_owned(),
        _ => match (word.strip_suffix("ies"), word.strip_suffix('s')) {
            (Some(head), _) => format!("{head}y"),
            (None, Some(head)) => head.to_owned(),
            (None, None) => word.to_owned(),
        },
    }
}

/// A stem of one word from which affixes are taken that nothing parts from it: `customersbackup`, `tmpcustomers`.
fn unglued(stem: &str) -> impl Iterator<Item = String> {
    let word = if stem.contains(' ') { "" } else { stem };
    let long = AFFIXES.iter().filter(|affix| affix.len() >= 3);
    long.flat_map(move |affix| [word.strip_suffix(affix), word.strip_prefix(affix)])
        .flatten()
        .filter(|rest| rest.chars().count() >= 4)
        .map(singular)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> StemIndex {
        let mut index = StemIndex::default();
        for (number, name) in ["crm.customers", "telco.call_records*", "crm.log", "客户信息", "dbo.tblPolicy"].iter().enumerate() {
            index.add(name, number as u32);
        }
        index
    }

    #[test]
    fn copies_and_stages_resemble_their_table() {
        let index = index();
        for name in [
            "customers_backup_0226",
            "tmp_customers",
            "crm.customers_old",
            "customers2024",
            "bak.customers",
            "CRM_CUSTOMERS_COPY",
            "_customers_gho",
            "_customers_new",
            "__customers_old",
            "_customers_ghc",
            "customers__c",
            "scratch.dbo.Customer",
            "CustomersBackup",
            "customersbackup",
            "tmpcustomers",
            "customers_20260226_li",
            "Customers_Feb2026",
            "customers#P#p0",
        ] {
            assert_eq!(index.find(name), [0], "{name}");
        }
        assert_eq!(index.find("old.call_records"), [1]);
        assert_eq!(index.find("call_record_bak"), [1]);
        assert_eq!(index.find("客户信息备份"), [3]);
        assert_eq!(index.find("dbo.Policy_bak"), [4]);
    }

    #[test]
    fn short_and_general_names_resemble_nothing() {
        let index = index();
        for name in
            ["log", "logs_2024", "tmp", "t1", "backup", "old", "customer_service_tickets", "customs", "orders", "", "…", "x.y.z", "备份"]
        {
            assert_eq!(index.find(name), &[] as &[u32], "{name}");
        }
        assert_eq!(index.find("crm.log_old"), [2], "with its schema even a general name tells");
    }

    #[test]
    fn a_hostile_name_costs_little() {
        assert!(index().find(&"_tmp".repeat(10_000)).is_empty());
        assert!(index().find(&"_tmp".repeat(60)).is_empty());
    }
}
