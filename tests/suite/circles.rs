//! Files of one folder use one another in one direction, so that each can be read with what it uses and nothing else.
//!
//! The rule. Parts of a folder are its files and its subfolders; a file `x.rs` and the folder `x/` beside it are one part, and so is the
//! file that declares the folder's modules (`mod.rs`, or `folder.rs` beside it). A part uses another where it names it: by
//! `crate::folder::part`, by `super::part`, or, in the declaring file, by `use part::`. Declarations (`mod part;`) and re-exports
//! (`pub use part::`) are a table of contents and no use. What is in `#[cfg(test)]` does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folders that still have a circle. The list should only shrink: a folder that has none any more must leave it.
const CIRCLES: &[&str] = &[
    "decode/postgresql/cloudsql",
    "decode/sqlserver",
    "kafka",
    "settings",
    "simulate",
    "source/kafka",
    "sql",
    "store",
    "telemetry/metrics",
];

/// The part that stands for the file that declares a folder's modules.
const DECLARATIONS: &str = "mod";

type Uses = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("src can be listed").map(|entry| entry.expect("src can be listed").path()).collect();
    entries.sort();
    entries
}

/// A folder and those inside it.
fn folders(folder: &Path, into: &mut Vec<PathBuf>) {
    into.push(folder.to_owned());
    listed(folder).iter().filter(|path| path.is_dir()).for_each(|path| folders(path, into));
}

/// Code that ships: without comments, and without the tests, which stand last in a file.
fn shipped(path: &Path) -> String {
    if path.ends_with("tests.rs") {
        return String::new();
    }
    let text = std::fs::read_to_string(path).expect("a source file is UTF-8");
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|name| name.to_str()).expect("it has a name").to_owned()
}

/// The files of a part.
fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    match path.is_dir() {
        true => listed(path).iter().for_each(|path| sources(path, into)),
        false if path.extension().is_some_and(|ending| ending == "rs") => into.push(path.to_owned()),
        false => {}
    }
}

/// The names that follow a path: one, or those of a group.
fn named(after: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match after.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').map(word).filter(|name| !name.is_empty()).collect(),
        None => vec![word(after)],
    }
}

/// Which parts of a folder use which.
fn uses(folder: &Path) -> Uses {
    let inner = folder.strip_prefix(root()).expect("it lies in src");
    let module: Vec<&str> = inner.iter().filter_map(|part| part.to_str()).collect();
    let path = format!("crate::{}::", module.join("::"));
    let parts: BTreeSet<String> = listed(folder).iter().map(|path| stem(path)).collect();
    let mut uses = Uses::new();
    let mut note = |part: &str, used: String| {
        let used = if parts.contains(&used) { used } else { DECLARATIONS.to_owned() };
        if used != part {
            uses.entry(part.to_owned()).or_default().insert(used);
        }
    };
    for entry in listed(folder) {
        let mut files = Vec::new();
        sources(&entry, &mut files);
        for file in files {
            let text = shipped(&file);
            let part = stem(&entry);
            text.match_indices(&path).for_each(|(at, _)| named(&text[at + path.len()..]).into_iter().for_each(|used| note(&part, used)));
            // In a file of the folder itself, `super` is the folder.
            if file == entry && part != DECLARATIONS {
                let supers = text.match_indices("super::").filter(|(at, _)| !text[..*at].ends_with("pub(in "));
                supers.for_each(|(at, _)| named(&text[at + "super::".len()..]).into_iter().for_each(|used| note(&part, used)));
            }
        }
    }
    let declaring = [folder.join("mod.rs"), folder.with_extension("rs")].into_iter().find(|path| path.is_file());
    if let Some(declaring) = declaring {
        let text = shipped(&declaring);
        let used = text.lines().filter_map(|line| line.strip_prefix("use ")).map(|after| named(after).remove(0));
        used.filter(|used| parts.contains(used)).for_each(|used| note(DECLARATIONS, used));
        text.match_indices(&path).for_each(|(at, _)| named(&text[at + path.len()..]).into_iter().for_each(|used| note(DECLARATIONS, used)));
    }
    uses
}

/// The parts that use themselves through others.
fn circle(uses: &Uses) -> BTreeSet<&str> {
    uses.keys().map(String::as_str).filter(|part| reached(uses, part).contains(part)).collect()
}

/// What a part uses, by itself and through others.
fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = uses.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(part) = next.pop() {
        if reached.insert(part) {
            next.extend(uses.get(part).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}

#[test]
fn files_of_a_folder_use_one_another_in_one_direction() {
    let mut all = Vec::new();
    folders(&root(), &mut all);
    let mut found = Vec::new();
    let mut seen = 0;
    for folder in all.iter().filter(|folder| **folder != root()) {
        let uses = uses(folder);
        seen += uses.len();
        let name = folder.strip_prefix(root()).expect("it lies in src").display().to_string();
        let circle = circle(&uses);
        match (circle.is_empty(), CIRCLES.contains(&name.as_str())) {
            (false, false) => found.push(format!("src/{name}: {circle:?} use one another in a circle")),
            (true, true) => found.push(format!("src/{name} has no circle any more: take it off the list")),
            (true, false) | (false, true) => {}
        }
    }
    assert_eq!(found, Vec::<String>::new());
    assert!(seen > 100, "uses were found: {seen}");
}

#[test]
fn a_circle_is_found_and_a_ladder_is_none() {
    let of = |arrows: &[(&str, &str)]| {
        let mut uses = Uses::new();
        arrows.iter().for_each(|(a, b)| {
            uses.entry((*a).to_owned()).or_default().insert((*b).to_owned());
        });
        circle(&uses).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(&[("a", "b"), ("b", "c"), ("a", "c")]), Vec::<String>::new());
    assert_eq!(of(&[("a", "b"), ("b", "c"), ("c", "b")]), ["b", "c"]);
    assert_eq!(named("{self, shard::Shard, env}"), ["self", "shard", "env"]);
}
