//! A dossier that says only who was looked at, and where that stands in a log.

use leakwarden::model::access::Operation;
use leakwarden::model::alert::Alert;
use leakwarden::model::dossier::*;
use leakwarden::model::persons::Persons;
use leakwarden::model::time::Timestamp;

/// An alert's dossier of looks at one person each: pseudonyms with the lines of the log on which they stand.
pub fn dossier_of_looks(of: &Alert, at: Timestamp, log: &str, looks: &[(String, u64)]) -> Dossier {
    let access = |(nth, (_, position)): (usize, &(String, u64))| ListedAccess {
        at: at.0,
        operation: Operation::Read,
        tables: vec![],
        kinds: 0,
        persons: Persons::Exact(1),
        explained: false,
        duty: DutyMark::On,
        subjects: vec![nth as u16],
        source: 0,
        position: *position,
    };
    let accesses = Accesses {
        sources: vec![log.to_owned()],
        subjects: looks.iter().map(|(pseudonym, _)| pseudonym.clone()).collect(),
        list: looks.iter().enumerate().map(access).collect(),
        ..Accesses::default()
    };
    Dossier {
        version: VERSION,
        alert: of.id.clone(),
        revision: of.revision,
        made_at: at.to_string(),
        zone: "Asia/Shanghai".to_owned(),
        days: Days::default(),
        week: Week::default(),
        accesses,
        gauge: Gauge::default(),
        group: None,
    }
}
