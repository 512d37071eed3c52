//! Texts of both languages: each says something, with its figures, and nothing that must never be claimed.

use super::lists;
use super::{Lang, Word};
use crate::model::access::Operation;
use crate::model::coverage::Reason;
use crate::model::kind::Kind;
use crate::model::severity::Severity;
use crate::model::typology::Typology;

fn every_text(lang: Lang) -> Vec<String> {
    let mut texts: Vec<String> = Word::ALL.iter().map(|word| word.say(lang).to_owned()).collect();
    texts.extend(Typology::ALL.iter().map(|typology| lists::typology(*typology, lang).to_owned()));
    texts.extend(Severity::ALL.into_iter().map(|severity| lists::severity(severity, lang).to_owned()));
    texts.extend(Kind::ALL.into_iter().map(|kind| lists::kind(kind, lang).to_owned()));
    texts.extend(Reason::ALL.into_iter().map(|reason| lists::obstacle(reason, lang).to_owned()));
    texts.extend(Operation::ALL.into_iter().map(|operation| lists::operation(operation, lang).to_owned()));
    texts
}

#[test]
fn every_text_is_there_and_in_its_language() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for text in every_text(Lang::En) {
        assert!(!text.is_empty() && !text.contains(is_han), "{text:?}");
    }
    for text in every_text(Lang::Zh) {
        assert!(text.contains(is_han), "{text:?}");
    }
}

#[test]
fn windows_are_told_in_words_whatever_they_say() {
    assert_eq!(lists::window("24h", Lang::En), "24 h");
    assert_eq!(lists::window("30d", Lang::Zh), "30天");
    assert_eq!(lists::window("", Lang::En), "");
    assert_eq!(lists::window("长", Lang::Zh), "\u{2068}长\u{2069}");
    assert_eq!(super::number(12_345_678), "12,345,678");
}
