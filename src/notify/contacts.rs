//! Whom to call: by unit, else by pattern, else the one for everything.

use crate::model::typology::Typology;
use crate::notify::event::Event;
use crate::settings::settings;
use globset::{Glob, GlobMatcher};
use std::collections::BTreeMap;

settings! {
    /// Whom to call: what messages name as contact. Names of functions serve longer than those of people.
    pub struct ContactKeys {
        /// By unit, as names or globs: `{ "Hangzhou*" = "data protection, east: +86 571 …" }`.
        units: BTreeMap<String, String> = BTreeMap::new() => RESTART;
        /// By pattern, where no unit fits: `{ tampering = "administration of the logs: …" }`.
        typologies: BTreeMap<String, String> = BTreeMap::new() => RESTART;
        /// For everything else.
        default: Option<String> = None => RESTART;
    }
}

/// Whom to call.
#[derive(Clone, Debug, Default)]
pub struct Contacts {
    units: Vec<(GlobMatcher, String)>,
    typologies: Vec<(Typology, String)>,
    default: Option<String>,
}

impl Contacts {
    /// Those of a configuration; the keys that are wrong, with the rule.
    pub fn new(keys: &ContactKeys) -> Result<Contacts, Vec<(String, &'static str)>> {
        let (mut contacts, mut wrong) = (Contacts { default: keys.default.clone(), ..Contacts::default() }, Vec::new());
        for (unit, contact) in &keys.units {
            match Glob::new(unit) {
                Ok(glob) => contacts.units.push((glob.compile_matcher(), contact.clone())),
                Err(_) => wrong.push((format!("units.{unit:?}"), "must be a unit or a glob")),
            }
        }
        for (name, contact) in &keys.typologies {
            match Typology::parse(name) {
                Some(typology) => contacts.typologies.push((typology, contact.clone())),
                None => wrong.push((format!("typologies.{name:?}"), "must be the name of a detector")),
            }
        }
        if wrong.is_empty() { Ok(contacts) } else { Err(wrong) }
    }

    /// Whom to call about an event.
    pub fn of(&self, event: &Event) -> Option<String> {
        let by_unit = event.unit.as_deref().and_then(|unit| self.units.iter().find(|(glob, _)| glob.is_match(unit)));
        let by_typology = || event.typologies.iter().find_map(|of| self.typologies.iter().find(|(typology, _)| typology == of));
        let found = by_unit.map(|(_, contact)| contact).or_else(|| by_typology().map(|(_, contact)| contact));
        found.or(self.default.as_ref()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::event::{What, tests::event};

    #[test]
    fn the_unit_comes_first_then_the_pattern_then_the_one_for_everything() {
        let table = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let keys = ContactKeys { units: table("Hang*", "east"), typologies: table("canary", "planted"), default: Some("all".to_owned()) };
        let contacts = Contacts::new(&keys).expect("valid");
        let shown = event("c", 1, What::Shown);
        assert_eq!(contacts.of(&shown).as_deref(), Some("east"));
        let elsewhere = Event { unit: None, ..shown };
        assert_eq!(contacts.of(&elsewhere).as_deref(), Some("all"));
        assert_eq!(contacts.of(&Event { typologies: vec![Typology::Canary], ..elsewhere }).as_deref(), Some("planted"));
        let wrong = Contacts::new(&ContactKeys { typologies: table("sale", "x"), ..keys }).expect_err("no detector");
        assert_eq!(wrong, [("typologies.\"sale\"".to_owned(), "must be the name of a detector")]);
    }
}
