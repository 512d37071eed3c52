//! Names that are to be taken for one another: the forms in which a name of a log is looked for among those of the directory.
//!
//! In order: the name as it is, without blanks around it and whatever its case, without the domain or realm around it
//! (`CORP\li`, `li@corp`, `uid=li,dc=corp`), and as the eye sees it (letters of other scripts, characters that do not show, blanks
//! within). The last is no way to write a name: who makes such a one wants it to be taken for another.

use crate::model::shown::{is_invisible, is_plain};
use std::collections::HashMap;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// How alike two names are, the most alike first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Likeness {
    /// The same characters.
    Same,
    /// But for case and blanks around.
    Case,
    /// But for a domain or realm that one of them names.
    Realm,
    /// To the eye.
    Eye,
}

/// A name with the realm that it names; blank where it names none.
type NameInRealm = (Box<str>, Arc<str>);

/// Names by their forms.
#[derive(Debug, Default)]
pub struct NameIndex {
    folded: HashMap<Box<str>, Vec<Arc<str>>>,
    bare: HashMap<Box<str>, Vec<NameInRealm>>,
    seen: HashMap<Box<str>, Vec<Arc<str>>>,
}

impl NameIndex {
    /// Adds a name, once.
    pub fn add(&mut self, name: &Arc<str>) {
        let folded = folded(name);
        let (bare, realm) = without_realm(&folded);
        self.bare.entry(bare.into()).or_default().push((realm.into(), name.clone()));
        self.seen.entry(to_the_eye(name).into()).or_default().push(name.clone());
        self.folded.entry(folded.into()).or_default().push(name.clone());
    }

    /// The names that are like this one, the most alike first. The same name is not among them.
    pub fn like(&self, name: &str) -> Vec<(Likeness, Arc<str>)> {
        let form = folded(name);
        let mut found: Vec<(Likeness, Arc<str>)> = Vec::new();
        let mut add = |likeness, other: &Arc<str>| {
            if **other != *name && found.iter().all(|(_, known)| known != other) {
                found.push((likeness, other.clone()));
            }
        };
        self.folded.get(&*form).into_iter().flatten().for_each(|other| add(Likeness::Case, other));
        let (bare, realm) = without_realm(&form);
        for (other_realm, other) in self.bare.get(bare).into_iter().flatten() {
            if may_be_one_realm(realm, other_realm) {
                add(Likeness::Realm, other);
            }
        }
        let form = to_the_eye(name);
        self.seen.get(&*form).into_iter().flatten().for_each(|other| add(Likeness::Eye, other));
        found
    }
}

/// Without blanks around it, in small letters.
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// As the eye sees it, in small letters.
pub fn to_the_eye(name: &str) -> String {
    if is_plain(name) {
        return name.bytes().filter(|byte| *byte != b' ').map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    let small = name.nfkc().filter(|c| !is_invisible(*c) && !c.is_whitespace()).flat_map(char::to_lowercase);
    let mut form = String::with_capacity(name.len());
    for c in small {
        match c {
            // Among letters of one script 1 and l, 0 and O are different ones.
            c if c.is_ascii() => form.push(c),
            c => match digit(c) {
                Some(digit) => form.push(digit),
                None => {
                    let looks: String = skeleton(c.encode_utf8(&mut [0; 4])).flat_map(char::to_lowercase).collect();
                    // Letters of other scripts that look alike among themselves are different letters to those who read them.
                    match looks.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                        true => form.push_str(&looks),
                        false => form.push(c),
                    }
                }
            },
        }
    }
    form
}

/// The value of a decimal digit of another script.
fn digit(c: char) -> Option<char> {
    /// The zeros: nine digits follow each.
    const ZEROS: [u32; 20] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810,
        0xff10, 0x1d7ce,
    ];
    let value = ZEROS.iter().map(|zero| u32::from(c).wrapping_sub(*zero)).find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

/// Whether a name mixes letters that look like those of the Latin script into others of it, or holds what does not show.
pub fn is_disguised(name: &str) -> bool {
    if is_plain(name) {
        return false;
    }
    let latin = name.chars().any(|c| c.is_ascii_alphanumeric());
    let looks_latin = |c: char| {
        let mut buffer = [0; 4];
        c.is_alphabetic() && !c.is_ascii() && to_the_eye(c.encode_utf8(&mut buffer)).bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    name.trim().contains(is_invisible) || (latin && name.chars().any(looks_latin))
}

/// A folded name without its domain or realm, and that.
fn without_realm(folded: &str) -> (&str, &str) {
    if let Some((realm, name)) = folded.rsplit_once('\\')
        && !name.is_empty()
    {
        return (name, realm);
    }
    if let Some(name) = distinguished(folded) {
        return (name, folded.split(',').find_map(|part| part.trim().strip_prefix("dc=")).unwrap_or(""));
    }
    match folded.split_once('@') {
        Some((name, realm)) if !name.is_empty() => {
            // The instance of a principal: `li/host@REALM`.
            (name.split_once('/').map_or(name, |(first, _)| first), realm.trim())
        }
        _ => (folded, ""),
    }
}

/// The name within a distinguished name: `uid=li,ou=people,dc=corp`.
fn distinguished(folded: &str) -> Option<&str> {
    let (first, _) = folded.split_once(',').unwrap_or((folded, ""));
    let (key, name) = first.split_once('=')?;
    (matches!(key.trim(), "uid" | "cn" | "samaccountname") && !name.trim().is_empty()).then(|| name.trim())
}

/// Whether two realms may be one: the same, `corp` and `corp.example.com`, or one that is not named.
fn may_be_one_realm(one: &str, other: &str) -> bool {
    let first = |realm: &str| realm.split('.').next().unwrap_or("").to_owned();
    one.is_empty() || other.is_empty() || one == other || (one.contains('.') != other.contains('.') && first(one) == first(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(listed: &[&str], name: &str) -> Vec<(Likeness, String)> {
        let mut index = NameIndex::default();
        listed.iter().for_each(|listed| index.add(&Arc::from(*listed)));
        index.like(name).into_iter().map(|(likeness, name)| (likeness, name.to_string())).collect()
    }

    fn only(listed: &str, name: &str) -> Option<Likeness> {
        likeness(&[listed], name).first().map(|(likeness, _)| *likeness)
    }

    #[test]
    fn case_blanks_and_realms_are_ways_to_write_a_name() {
        for name in ["LI", "Li", " li", "li  ", "li\t"] {
            assert_eq!(only("li", name), Some(Likeness::Case), "{name:?}");
        }
        for name in
            ["CORP\\li", "corp\\LI", "li@corp", "Li@CORP.EXAMPLE.COM", "li/host7@CORP", "uid=li,ou=people,dc=corp", "CN=li", "li@10.0.0.7"]
        {
            assert_eq!(only("li", name), Some(Likeness::Realm), "{name:?}");
        }
        assert_eq!(only("CORP\\li", "li"), Some(Likeness::Realm));
        assert_eq!(only("CORP\\li", "li@corp.example.com"), Some(Likeness::Realm));
        assert_eq!(only("CORP\\li", "OTHER\\li"), None, "another realm's");
        assert_eq!(only("li@corp.example.com", "li@corp.example.org"), None);
        assert_eq!(only("li", "li2"), None);
        assert_eq!(only("li", "li"), None, "the same is not alike");
        assert_eq!(only("worker", "app/worker"), None);
    }

    #[test]
    fn what_the_eye_takes_for_a_name_is_told_apart_from_ways_to_write_it() {
        for name in ["l\u{456}", "\u{200b}li", "l\u{0}i", "l i", "ｌｉ", "\u{2170}\u{0}l", "l\u{131}", "\u{202e}li"] {
            let expected = if name == "\u{2170}\u{0}l" { None } else { Some(Likeness::Eye) };
            assert_eq!(only("li", name), expected, "{name:?}");
        }
        assert_eq!(only("E1001", "Е1001"), Some(Likeness::Eye), "a Cyrillic letter");
        assert_eq!(only("E1001", "E١٠٠١"), Some(Likeness::Eye), "Arabic digits");
        assert_eq!(only("e1", "el"), None, "1 and l are different letters of one script");
        assert_eq!(only("王士", "王土"), None, "two names to whoever reads them");
    }

    #[test]
    fn the_most_alike_comes_first() {
        let found = likeness(&["CORP\\li", "LI", "l\u{456}"], "li");
        let expected = [(Likeness::Case, "LI"), (Likeness::Realm, "CORP\\li"), (Likeness::Eye, "l\u{456}")];
        assert_eq!(found, expected.map(|(likeness, name)| (likeness, name.to_owned())));
    }

    #[test]
    fn mixed_scripts_and_what_does_not_show_are_a_disguise() {
        for name in ["аdmin", "li\u{200b}na", "l\0i", "pаypаl1"] {
            assert!(is_disguised(name), "{name:?}");
        }
        for name in ["admin", "李娜", "li 李", "größe", "Иванов", "müller2", " li ", "café"] {
            assert!(!is_disguised(name), "{name:?}");
        }
    }
}
