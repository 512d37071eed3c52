//! Each detector fires, stays quiet, and lets its look-alike go, through the real engine.
//!
//! A case is a file `tests/detectors/<typology>/<case>.toml`, as `common/case.rs` says: at least one `fires_…`, one `quiet_…`, and
//! one `lookalike_…`, which the head of the detector says it is confused with. Cases are found by folder: a new detector needs its
//! folder and nothing here. `LEAKWARDEN_CASES=bulk_extract/fires cargo test --test suite detectors::` plays those whose path begins so.

use crate::common::case::Case;
use crate::common::play::play;
use leakwarden::detect::DETECTORS;
use leakwarden::model::typology::Typology;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names in a folder, sorted, without their endings.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

/// The cases of all folders: typology and name.
fn cases() -> Vec<(String, String)> {
    let folder = root().join("tests/detectors");
    let of = |typology: String| names(&folder.join(&typology)).into_iter().map(move |case| (typology.clone(), case));
    names(&folder).into_iter().flat_map(of).collect()
}

fn read(typology: &str, case: &str) -> Case {
    let path = root().join("tests/detectors").join(typology).join(format!("{case}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What differs from what a case expects, if anything does.
fn differs(typology: Typology, name: &str, case: &Case) -> Option<String> {
    let played = play(&case.world().context(), &case.lines());
    assert!(played.dead_letters.is_empty(), "{name}: {:?}", played.dead_letters);
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

#[test]
fn every_case_of_every_folder_holds() {
    let asked = std::env::var("LEAKWARDEN_CASES").unwrap_or_default();
    let cases: Vec<(String, String)> =
        cases().into_iter().filter(|(typology, case)| format!("{typology}/{case}").starts_with(&asked)).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((folder, name)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(typology) = Typology::ALL.iter().copied().find(|typology| typology.name() == folder) else {
                wrong.lock().expect("no panic").push(format!("tests/detectors/{folder}: no typology has this name"));
                continue;
            };
            let case = read(folder, name);
            let mut found = Vec::from_iter(differs(typology, name, &case));
            if name.starts_with("fires_") != case.expect.contains(&typology) {
                found.push(format!("{folder}/{name}: its name says what it shows"));
            }
            wrong.lock().expect("no panic").extend(found);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} cases", cases.len());
    assert!(!cases.is_empty(), "no case begins with {asked:?}");
}

#[test]
fn every_detector_has_a_file_and_cases_that_fire_stay_quiet_and_resemble() {
    let detectors: BTreeSet<String> = DETECTORS.iter().map(|detector| detector.typology.name().to_owned()).collect();
    let mut wrong = Vec::new();
    for typology in Typology::ALL.iter().filter(|typology| !detectors.contains(typology.name())) {
        wrong.push(format!("{typology}: a typology without a detector in DETECTORS"));
    }
    let mut files = names(&root().join("src/detect"));
    files.remove("mod");
    wrong.extend(files.difference(&detectors).map(|name| format!("src/detect/{name}.rs: not a row of DETECTORS")));
    wrong.extend(detectors.difference(&files).map(|name| format!("{name}: a detector without a file of its name in src/detect")));
    let cases = cases();
    for detector in &detectors {
        for kind in ["fires_", "quiet_", "lookalike_"] {
            if !cases.iter().any(|(folder, case)| folder == detector && case.starts_with(kind)) {
                wrong.push(format!("tests/detectors/{detector}: no case {kind}…"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_head_of_each_detector_is_its_user_documentation() {
    let sections = [
        "## What it detects",
        "## In the Notice",
        "## Data it needs",
        "## How it is measured",
        "## Innocent look-alikes",
        "## What it cannot see",
        "## Example",
    ];
    let mut wrong = Vec::new();
    for detector in DETECTORS {
        let name = detector.typology.name();
        let path = [format!("src/detect/{name}.rs"), format!("src/detect/{name}/mod.rs")];
        let Some(text) = path.iter().find_map(|path| std::fs::read_to_string(root().join(path)).ok()) else { continue };
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).map(|line| line[3..].trim()).collect();
        if !head.first().is_some_and(|line| line.starts_with(&format!("`{name}`: "))) {
            wrong.push(format!("{name}: its head must begin with its name and one sentence"));
        }
        let headings: Vec<&str> = head.iter().copied().filter(|line| line.starts_with("## ")).collect();
        if headings != sections {
            wrong.push(format!("{name}: its head must have the sections {sections:?}, it has {headings:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
