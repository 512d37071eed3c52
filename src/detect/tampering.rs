//! `tampering`: a record shows what can only be meant against the record itself.
//!
//! ## What it detects
//!
//! Accesses with a sign that somebody worked on the log and not on the data: a text that splits the line in two ways or looks like the
//! head of another record, an id that came before with another content, a time beyond the clock, a statement longer than a record may be
//! of which the middle is lost, a field longer than any honest one, a name that is to be taken for another, a claim to be somebody
//! that was not believed, and a record that cannot be decoded and names an employee or login, if that happens again within a month or
//! stands within a week of accesses of theirs to people's data.
//!
//! ## In the Notice
//!
//! Concealment of any of the other patterns: the Notice (point 4) asks organisations to find and report such weaknesses. Grave by
//! nature: one is enough to be shown.
//!
//! ## Data it needs
//!
//! None beyond the records. Names are held against `employees.csv` and `accounts.csv`.
//!
//! ## How it is measured
//!
//! No baseline: 45 bits for one sign, 4 more for each other sort of the same access. It opens an alert however often such signs come
//! here.
//!
//! ## Innocent look-alikes
//!
//! Generated statements of a megabyte that only write, which are passed over; a program that was given a name with commas, or a source
//! that numbers its records anew every day: mend the program or the prefix, or record an explanation that covers the account.
//!
//! ## What it cannot see
//!
//! A record that was taken out of the log before it came here: see `log_gap`.
//!
//! ## Example
//!
//! An `application_name` of `x LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1`, in an export of 10,000 people.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::access::{Access, Operation};
use crate::model::signs::Signs;
use crate::model::typology::Typology;
use crate::profile::justification::UnexplainedSubjects;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Tampering,
    family: EvidenceFamily::Act,
    requirements: &[] as &[DataRequirement],
    floor: 1,
    floor_counts: "accesses of a day that show signs of tampering",
    listens_to: Listens::To(&[Measure::Tampered]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// What one sign weighs, and each other sort of the same access, in bits.
const WEIGHS: f64 = 45.0;
const EACH_MORE: f64 = 4.0;

/// Each sign in words.
const WORDS: [(Signs, &str); 8] = [
    (Signs::FORGED_HEADER, "a text that the client chose can be read as the head of a record"),
    (Signs::ID_CONFLICT, "the record's id came before with another content"),
    (Signs::FUTURE_TIME, "its time lies beyond the clock"),
    (Signs::CUT_TEXT, "the statement is longer than a record may be, and its middle is not known"),
    (Signs::OVERLONG_FIELD, "a field is longer than any honest one"),
    (Signs::CONFUSABLE_NAME, "a name is to be taken for another"),
    (Signs::REJECTED_CLAIM, "a claim to be somebody was not believed"),
    (Signs::NAMED_LETTER, "a record that cannot be decoded names an employee or account"),
];

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let signs = told(context.access);
    if signs.is_empty() || context.justification.unexplained == UnexplainedSubjects::Nobody {
        return None;
    }
    let count = context.of_today(Measure::Tampered).max(1);
    if count < context.floor || signs == Signs::NAMED_LETTER && !is_held_against_the_named(context) {
        return None;
    }
    let words: Vec<&str> = WORDS.iter().filter(|(sign, _)| signs.has(*sign)).map(|(_, words)| *words).collect();
    Some(Finding {
        typology: Typology::Tampering,
        window: Window::H24,
        count,
        unknown: 0,
        measure: Measure::Tampered,
        bits: EACH_MORE.mul_add(words.len() as f64 - 1.0, WEIGHS),
        particular: format!("what can only be meant against the record stands in it: {}", words.join("; ")),
        related: Vec::new(),
        group: None,
    })
}

/// Whether a record that names somebody and cannot be decoded is more than a broken line: it is not the only one, or it stands among
/// accesses of theirs to people's data.
fn is_held_against_the_named(context: &AccessContext<'_>) -> bool {
    context.total(Measure::Tampered, Window::D30).1 > 1 || context.total(Measure::Persons, Window::D7).1 > 0
}

/// The signs that count. A long statement that shows nobody is a load, and what was cut from it cannot have been a reading.
fn told(access: &Access) -> Signs {
    let loads = access.persons.is_nobody() && matches!(access.operation, Operation::Write | Operation::Delete);
    if loads && access.signs == Signs::CUT_TEXT { Signs::default() } else { access.signs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_has_words() {
        assert!(WORDS.iter().map(|(sign, _)| *sign).eq(Signs::ALL.iter().map(|(sign, _)| *sign)));
    }
}
