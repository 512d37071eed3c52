//! Finds runs of the laboratory: a truth file, and beside it the same hour in every form in which the server wrote it.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A run of the laboratory.
pub struct Run {
    /// Its name: that of its files.
    pub name: String,
    /// What the clients did and got.
    pub cases: Vec<Case>,
    /// Its logs, by their endings.
    pub carriers: Vec<PathBuf>,
}

/// What one client did.
#[derive(Deserialize)]
pub struct Case {
    /// Its name, which its client also gave itself or wrote into its statements.
    pub case: String,
    /// The different people whom it disclosed; absent where nobody counted.
    pub distinct_persons_disclosed: Option<u64>,
    /// What it sent, where that was noted.
    pub statement: Option<String>,
    /// The server's number of its connection, where that was noted.
    pub connection: Option<u64>,
}

/// Endings of what a server writes.
const CARRIERS: &[&str] = &["json", "csv", "log", "syslog"];

/// Folders beside the checkout with logs of formats that are listed; others lie there for formats to come.
const BESIDE: &[&str] = &["mariadb1011_server_audit", "postgresql15_pgaudit17"];

/// Folders in which runs may lie: the fixtures, what the environment names, and samples that lie beside the checkout.
pub fn roots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut roots = vec![here.join("tests/fixtures")];
    let beside = here.join("../shared/samples/produced");
    roots.extend(BESIDE.iter().map(|name| beside.join(name)).filter(|folder| folder.is_dir()));
    for variable in ["LEAKWARDEN_SAMPLES", "LEAKWARDEN_LABORATORY"] {
        let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = &named {
            assert!(path.is_dir(), "{variable} names {}, which is no folder", path.display());
        }
        roots.extend(named);
    }
    roots
}

/// The runs under a folder, by their paths.
pub fn under(root: &Path) -> Vec<Run> {
    let mut truths = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            // Those of other servers are scored by `super::others`.
            if path.is_dir() {
                folders.extend((!path.ends_with("fixtures/others")).then_some(path));
            } else if path.to_str().is_some_and(|path| path.ends_with(".truth.json")) {
                truths.push(path);
            }
        }
    }
    truths.sort();
    truths.iter().map(|truth| run(truth)).collect()
}

fn run(truth: &Path) -> Run {
    let name = truth.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".truth.json"));
    let name = name.expect("the name of a truth file").to_owned();
    let text = std::fs::read_to_string(truth).expect("the truth can be read");
    let cases = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", truth.display()));
    let carriers: Vec<PathBuf> =
        CARRIERS.iter().map(|ending| truth.with_file_name(format!("{name}.{ending}"))).filter(|path| path.is_file()).collect();
    assert!(!carriers.is_empty(), "{}: no log lies beside it", truth.display());
    Run { name, cases, carriers }
}
