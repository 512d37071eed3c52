//! Each detector fires, stays quiet, and lets the look-alike go, through the real engine.
//!
//! A case is a file `detectors/<typology>/<case>.toml`, as `common/case.rs` says: one `fires_…` at the least, one `quiet_…`, and one
//! `lookalike_…`, innocent work that the typology is confused with, as its page in docs/detectors/ says.

use crate::common::case::Case;
use crate::common::play::play;
use leakwarden::detect::DETECTORS;
use leakwarden::model::typology::Typology;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder(typology: Typology) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detectors").join(typology.name())
}

fn cases(typology: Typology) -> Vec<(String, Case)> {
    let files = std::fs::read_dir(folder(typology)).unwrap_or_else(|error| panic!("{typology}: {error}"));
    let mut cases: Vec<(String, Case)> = files
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("read");
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), case)
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// What differs from what a case expects, if anything does.
fn differs(typology: Typology, name: &str, case: &Case) -> Option<String> {
    let played = play(&case.world().context(), &case.lines());
    assert!(played.dead_letters.is_empty() && played.given_up.is_empty(), "{name}: {:?}", played.dead_letters);
    let mut found: BTreeMap<String, BTreeSet<Typology>> = BTreeMap::new();
    // The dozen people of a case leave hours in which nobody does anything; gaps of sources have cases of their own.
    let of_people = |(who, _): &(String, Typology)| !who.is_empty() || typology == Typology::LogGap;
    for (who, what) in played.typologies().into_iter().filter(of_people) {
        found.entry(who).or_default().insert(what);
    }
    let mut expected = case.others.clone();
    expected.insert("ann".to_owned(), case.expect.clone());
    let missed = expected.iter().flat_map(|(who, what)| what.iter().map(move |of| (who, of)));
    let missed: Vec<_> = missed.filter(|(who, of)| !found.get(*who).is_some_and(|found| found.contains(of))).collect();
    let may =
        |who: &str, of: &Typology| expected.get(who).is_some_and(|what| what.contains(of) || (!what.is_empty() && case.also.contains(of)));
    let more = found.iter().flat_map(|(who, what)| what.iter().map(move |of| (who, of)));
    let more: Vec<_> = more.filter(|(who, of)| !may(who, of)).collect();
    if missed.is_empty() && more.is_empty() {
        return None;
    }
    let alerts = played.alerts().into_iter().map(|alert| {
        let who = alert.employee.as_deref().unwrap_or_default();
        format!("{who} {} {}: {}", alert.typology, alert.score, alert.explanation)
    });
    let alerts: Vec<String> = alerts.take(12).collect();
    Some(format!("{typology}/{name}: {}\n  missed {missed:?}\n  more {more:?}\n  {}", case.story, alerts.join("\n  ")))
}

/// Plays every case of a detector; all that differ are told.
#[track_caller]
fn holds(typology: Typology) {
    let cases = cases(typology);
    let wrong: Vec<String> = cases.iter().filter_map(|(name, case)| differs(typology, name, case)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, case) in &cases {
        assert_eq!(name.starts_with("fires_"), case.expect.contains(&typology), "{typology}/{name}: its name says what it shows");
    }
    for sort in ["fires_", "quiet_", "lookalike_"] {
        assert!(cases.iter().any(|(name, _)| name.starts_with(sort)), "{typology}: no case {sort}…");
    }
}

#[test]
fn bulk_extract() {
    holds(Typology::BulkExtract);
}

#[test]
fn low_and_slow() {
    holds(Typology::LowAndSlow);
}

#[test]
fn subscription_harvest() {
    holds(Typology::SubscriptionHarvest);
}

#[test]
fn enumeration() {
    holds(Typology::Enumeration);
}

#[test]
fn tool_driven() {
    holds(Typology::ToolDriven);
}

#[test]
fn list_matching() {
    holds(Typology::ListMatching);
}

#[test]
fn lookup_to_order() {
    holds(Typology::LookupToOrder);
}

#[test]
fn dossier_assembly() {
    holds(Typology::DossierAssembly);
}

#[test]
fn fabricated_business() {
    holds(Typology::FabricatedBusiness);
}

#[test]
fn out_of_territory() {
    holds(Typology::OutOfTerritory);
}

#[test]
fn borrowed_account() {
    holds(Typology::BorrowedAccount);
}

#[test]
fn shared_privilege() {
    holds(Typology::SharedPrivilege);
}

#[test]
fn ghost_leaver() {
    holds(Typology::GhostLeaver);
}

#[test]
fn off_duty() {
    holds(Typology::OffDuty);
}

#[test]
fn role_without_need() {
    holds(Typology::RoleWithoutNeed);
}

#[test]
fn segment_skim() {
    holds(Typology::SegmentSkim);
}

#[test]
fn tracked_person() {
    holds(Typology::TrackedPerson);
}

#[test]
fn celebrity() {
    holds(Typology::Celebrity);
}

#[test]
fn control_change_then_lookup() {
    holds(Typology::ControlChangeThenLookup);
}

#[test]
fn privileged_bypass() {
    holds(Typology::PrivilegedBypass);
}

#[test]
fn log_gap() {
    holds(Typology::LogGap);
}

#[test]
fn threshold_hugging() {
    holds(Typology::ThresholdHugging);
}

#[test]
fn splitting_collusion() {
    holds(Typology::SplittingCollusion);
}

#[test]
fn vendor_cohort() {
    holds(Typology::VendorCohort);
}

#[test]
fn canary() {
    holds(Typology::Canary);
}

#[test]
fn every_detector_has_its_cases() {
    for detector in DETECTORS {
        assert!(folder(detector.typology).is_dir(), "{} has no cases", detector.typology);
    }
}
