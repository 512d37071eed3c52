//! Which detectors an access concerns: those that listen to something that it counted, and that judge accesses of its sort.
//!
//! An access counts three or four measures, and most detectors listen to one that it did not: they are not asked. Which ones are is a bit
//! each, put together when the program is built, so that choosing takes a few instructions of an access and not a call of each.

use crate::detect::{DETECTORS, Detector, EvidenceFamily, Listens};
use crate::model::access::Access;
use crate::model::typology::Typology;
use crate::profile::conduct::Signals;
use crate::profile::measure::Measure;

/// A set of detectors: one bit each, by its place in the table.
type Set = u32;

const ALL: Set = (1 << DETECTORS.len()) - 1;

/// Those that are always asked, and those that listen to each measure.
const LISTENING: (Set, [Set; Measure::COUNT]) = {
    let (mut always, mut to) = (0, [0; Measure::COUNT]);
    let mut at = 0;
    while at < DETECTORS.len() {
        match DETECTORS[at].listens_to {
            Listens::Always => always |= 1 << at,
            Listens::To(measures) => {
                let mut each = 0;
                while each < measures.len() {
                    to[measures[each] as usize] |= 1 << at;
                    each += 1;
                }
            }
        }
        at += 1;
    }
    (always, to)
};

/// What is judged of a login by what it does for others: how they work is theirs.
const OF_LOGINS: Set = 1 << Typology::BulkExtract as u32
    | 1 << Typology::SharedPrivilege as u32
    | 1 << Typology::Canary as u32
    | 1 << Typology::Tampering as u32;

/// What is judged of all logins together that nobody is known of: each is judged by itself as well.
const OF_UNLISTED: Set = 1 << Typology::BulkExtract as u32;

/// What is judged of somebody for whom a service acts.
const OF_SERVED: Set = {
    let (mut some, mut at) = (0, 0);
    while at < DETECTORS.len() {
        if is_of_served(&DETECTORS[at]) {
            some |= 1 << at;
        }
        at += 1;
    }
    some
};

/// Whom it looked at for them, and how many. Its manner, place and hours are its own, and so are its signs of tampering.
const fn is_of_served(detector: &Detector) -> bool {
    match detector.family {
        EvidenceFamily::Volume | EvidenceFamily::Subject => true,
        EvidenceFamily::Time => matches!(detector.typology, Typology::GhostLeaver),
        EvidenceFamily::Manner | EvidenceFamily::Place | EvidenceFamily::Act => false,
    }
}

/// Those that judge accesses of its sort.
fn judging(access: &Access) -> Set {
    let of_its_sort = match (access.is_of_login(), access.is_of_unlisted()) {
        (true, true) => OF_UNLISTED,
        (true, false) => OF_LOGINS,
        (false, _) => ALL,
    };
    if access.is_of_served() { of_its_sort & OF_SERVED } else { of_its_sort }
}

/// Those that listen to something of what was counted.
fn listening(signals: &Signals) -> Set {
    let (always, to) = &LISTENING;
    signals.iter().zip(to).fold(*always, |all, (count, to)| if *count > 0 { all | to } else { all })
}

/// The places of the detectors that an access concerns which counted these, ascending.
pub fn concerned(access: &Access, signals: &Signals) -> impl Iterator<Item = usize> + use<> {
    each(judging(access) & listening(signals))
}

fn each(mut left: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = (left != 0).then(|| left.trailing_zeros() as usize)?;
        left &= left - 1;
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_judges_accesses_says_what_it_listens_to_and_nobody_else_does() {
        let heard = listening(&[1; Measure::COUNT]);
        for (at, detector) in DETECTORS.iter().enumerate() {
            assert_eq!(heard >> at & 1 == 1, detector.on_access.is_some(), "{}", detector.typology);
        }
    }

    #[test]
    fn an_access_concerns_who_listens_to_what_it_counted_in_the_order_of_the_table() {
        let called = |signals: &Signals| -> Vec<Typology> { each(listening(signals)).map(|at| DETECTORS[at].typology).collect() };
        let mut signals: Signals = [0; Measure::COUNT];
        assert_eq!(called(&signals), [Typology::LogGap, Typology::Canary]);
        (signals[Measure::Misses as usize], signals[Measure::RejectedNames as usize]) = (1, 2);
        assert_eq!(called(&signals), [Typology::ListMatching, Typology::SharedPrivilege, Typology::LogGap, Typology::Canary]);
    }

    #[test]
    fn who_acts_for_others_is_judged_by_whom_and_how_many_alone() {
        let of = |set: Set| each(set).map(|at| DETECTORS[at].typology).collect::<Vec<_>>();
        assert_eq!(of(OF_LOGINS), [Typology::BulkExtract, Typology::SharedPrivilege, Typology::Canary, Typology::Tampering]);
        assert_eq!(of(OF_UNLISTED), [Typology::BulkExtract]);
        let served = of(OF_SERVED);
        assert!(served.contains(&Typology::GhostLeaver) && !served.contains(&Typology::OffDuty) && !served.contains(&Typology::Tampering));
    }
}
