//! Hands the commit that a release is built from to `leakwarden --version`.
//!
//! It comes from the variable `LEAKWARDEN_COMMIT`, which makes a build from an archive reproducible, else from git. A development
//! build does not ask git: each commit would compile the whole crate anew. Where nothing is known the program says "unknown".

use std::path::Path;
use std::process::Command;

const VARIABLE: &str = "LEAKWARDEN_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let given = std::env::var(VARIABLE).ok().filter(|commit| !commit.is_empty());
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = given.or_else(|| if release { of_git() } else { None });
    // Whatever the variable holds is one word.
    let commit: String = commit.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).take(64).collect();
    println!("cargo::rustc-env={VARIABLE}={}", if commit.is_empty() { "unknown" } else { &commit });
}

/// The commit that is checked out, if this folder is the top of a repository: an archive unpacked within another one is not of its commit.
fn of_git() -> Option<String> {
    let folder = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let top = git(&folder, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&folder).canonicalize().ok()? {
        return None;
    }
    // What changes with every commit and every checkout; cargo would run this always for a file that is not there.
    let log = Path::new(&folder).join(git(&folder, &["rev-parse", "--git-path", "logs/HEAD"])?);
    if log.exists() {
        println!("cargo::rerun-if-changed={}", log.display());
    }
    git(&folder, &["rev-parse", "--short=12", "HEAD"])
}

fn git(folder: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|text| !text.is_empty())
}
