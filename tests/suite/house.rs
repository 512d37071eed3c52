//! The rules of the house that the compiler does not hold: who may use whom (stated in `src/lib.rs`), what the core must
//! not touch, how a file begins and how long it may grow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The core, in ascending order: a module uses itself and what stands before it.
const CORE: &[&str] = &["model", "sql", "decode", "classify", "profile", "population", "detect", "triage", "engine", "stream"];

/// The shell: what each module may use beside itself. `core` is all of the core.
const SHELL: &[(&str, &[&str])] = &[
    // How settings are declared: low, so that whoever has settings declares its own.
    ("settings", &["model"]),
    // It holds what each sink made of its own `[[sink]]`, and asks the Kafka client whether its settings can be used.
    ("config", &["core", "settings", "kafka", "sink", "database", "notify"]),
    ("kafka", &["model"]),
    ("telemetry", &["model"]),
    ("store", &["model"]),
    ("database", &["model", "private_file", "failpoint"]),
    // Each kind declares and reads its own table; time to try again is scattered, and lines are appended as sinks do it.
    ("notify", &["model", "settings", "telemetry", "database", "private_file", "random", "sink"]),
    ("source", &["model", "decode", "kafka", "telemetry"]),
    ("sink", &["model", "settings", "kafka", "telemetry", "private_file"]),
    // Pictures, parts of pages, the report: markup from alerts and dossiers, and nothing else.
    ("page", &["model"]),
    ("http", &["model", "telemetry"]),
    ("pipeline", &["core", "config", "kafka", "telemetry", "store", "source", "sink", "http", "private_file", "failpoint"]),
    // What is to be told of an alert is put down in the transaction that keeps it.
    ("desk", &["model", "classify", "database", "notify", "sink", "telemetry"]),
    ("console", &["model", "database", "desk", "notify", "page", "http", "pipeline", "sink", "telemetry"]),
    ("evaluate", &["core", "pipeline", "random"]),
    ("simulate", &["random", "private_file"]),
    ("random", &[]),
    ("private_file", &[]),
    ("failpoint", &[]),
];

/// What makes a function of the core depend on more than its arguments, or do more than return.
const IMPURE: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "tokio::",
    "tracing::",
    "println!",
    "print!",
    "rand::",
    "async fn",
];

/// Lines of the longest file.
const LONGEST: usize = 520;

struct File {
    path: PathBuf,
    /// The folder or file right under `src`: a module of the crate.
    module: String,
    text: String,
}

impl File {
    /// Lines of code that ship: without comments, and without the tests, which stand last in a file.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.path.ends_with("tests.rs");
        let lines = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        lines.enumerate().map(|(at, line)| (at + 1, line)).filter(move |(_, line)| !tests && !line.trim_start().starts_with("//"))
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inner = path.strip_prefix(&root).expect("it lies in src");
                let first = inner.iter().next().and_then(|part| part.to_str()).expect("it has a name");
                let module = first.trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                files.push(File { path: Path::new("src").join(inner), module, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 100, "the house was found");
    files
}

/// The modules that the text after `crate::` names: one, or those of a group.
fn named(after: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match after.strip_prefix('{') {
        Some(group) => group.split(',').map(word).filter(|name| !name.is_empty()).collect(),
        None => vec![word(after)],
    }
}

/// Whether `user` may use `used`.
fn may_use(user: &str, used: &str) -> bool {
    if user == used {
        return true;
    }
    if let Some(at) = CORE.iter().position(|module| *module == user) {
        return CORE[..at].contains(&used);
    }
    let Some((_, allowed)) = SHELL.iter().find(|(module, _)| *module == user) else { return false };
    allowed.iter().any(|name| match *name {
        "core" => CORE.contains(&used),
        name => name == used,
    })
}

#[test]
fn every_module_of_the_crate_has_its_place_in_the_rule() {
    let mut modules: Vec<String> =
        files().into_iter().map(|file| file.module).filter(|module| !["lib", "main", "cli", "build"].contains(&module.as_str())).collect();
    modules.sort();
    modules.dedup();
    let mut ruled: Vec<&str> = CORE.iter().copied().chain(SHELL.iter().map(|(module, _)| *module)).collect();
    ruled.sort_unstable();
    assert_eq!(modules, ruled, "a module that the rule does not know, or one that is gone");
}

#[test]
fn modules_use_only_what_the_rule_allows() {
    let mut broken = Vec::new();
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    for file in files().iter().filter(|file| !["lib", "main", "cli", "build"].contains(&file.module.as_str())) {
        for (line, text) in file.shipped() {
            for (at, _) in text.match_indices("crate::") {
                for used in named(&text[at + "crate::".len()..]) {
                    *seen.entry((file.module.clone(), used.clone())).or_default() += 1;
                    if !may_use(&file.module, &used) {
                        broken.push(format!("{}: {} must not use {used}", file.place(line), file.module));
                    }
                }
            }
            if text.contains("super::super::") {
                broken.push(format!("{}: say `crate::…`, so that this test can read it", file.place(line)));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(seen.len() > 30, "uses were found: {seen:?}");
}

#[test]
fn the_core_has_no_clock_no_files_no_network_no_output_and_no_chance() {
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| CORE.contains(&file.module.as_str())) {
        for (line, text) in file.shipped() {
            broken.extend(IMPURE.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", file.place(line))));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// What writes a file in another way than `src/private_file.rs` does, which others could read or lead somewhere else.
const WRITES: &[&str] = &["File::create", "fs::write", "OpenOptions", "File::options", "create_dir", "DirBuilder", "fs::copy"];

#[test]
fn files_are_written_in_one_way() {
    // The store guards its own; pages of the manual are for everybody.
    let apart = ["src/private_file.rs", "src/cli/man.rs", "src/build.rs"];
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.module != "store" && !apart.iter().any(|path| file.path == Path::new(path))) {
        for (line, text) in file.shipped() {
            broken.extend(WRITES.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", file.place(line))));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_file_says_first_what_it_is_and_stays_short() {
    let mut broken = Vec::new();
    for file in files() {
        if !file.text.starts_with("//!") {
            broken.push(format!("{}: must begin with `//!`", file.path.display()));
        }
        let lines = file.text.lines().count();
        if lines > LONGEST {
            broken.push(format!("{}: {lines} lines, more than {LONGEST}", file.path.display()));
        }
        let after_tests = file.text.lines().skip_while(|line| *line != "#[cfg(test)]").nth(1);
        if after_tests.is_some_and(|line| !line.contains("mod test")) {
            broken.push(format!("{}: tests must stand last, in `mod tests`", file.path.display()));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// A file of tests that no binary compiles would pass by not being there.
#[test]
fn every_file_of_tests_is_part_of_a_binary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let listed = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("tests can be listed");
        entries.map(|entry| entry.expect("tests can be listed").path()).collect()
    };
    let is_rust = |path: &Path| path.extension().is_some_and(|ending| ending == "rs");
    let mut broken = Vec::new();
    let mut suites = 0;
    for path in listed(&root) {
        if is_rust(&path) {
            broken.push(format!("{}: would link the crate once more; move it to tests/suite and name it in main.rs", path.display()));
        }
        let main = path.join("main.rs");
        let Ok(text) = std::fs::read_to_string(&main) else { continue };
        suites += 1;
        for file in listed(&path) {
            let name = file.file_stem().and_then(|name| name.to_str()).expect("names are UTF-8").to_owned();
            let declared = text.lines().any(|line| line == format!("mod {name};"));
            if is_rust(&file) && name != "main" && !declared {
                broken.push(format!("{}: not named in {}", file.display(), main.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(suites >= 5, "{suites} suites were found");
}

#[test]
fn the_rule_itself_tells_right_from_wrong() {
    assert!(may_use("detect", "profile") && may_use("engine", "model") && may_use("pipeline", "engine") && may_use("sink", "kafka"));
    assert!(!may_use("profile", "detect") && !may_use("model", "sql") && !may_use("engine", "config") && !may_use("sink", "source"));
    assert!(
        !may_use("simulate", "model")
            && !may_use("pipeline", "simulate")
            && !may_use("pipeline", "evaluate")
            && !may_use("engine", "random")
    );
    assert_eq!(named("{model::Access, sql}"), ["model", "sql"]);
    assert_eq!(named("model::access::Access;"), ["model"]);
}

#[test]
fn lengths_of_time_are_named_once() {
    let mut broken = Vec::new();
    // The simulator must not depend on the model, so `simulate::calendar` has constants of its own.
    let owners = ["src/model/time.rs", "src/simulate/calendar.rs"].map(Path::new);
    for file in files().iter().filter(|file| !owners.contains(&file.path.as_path())) {
        for (line, text) in file.shipped() {
            let found = ["86_400_000", "3_600_000", "86400000", "3600000.0"].into_iter().find(|number| text.contains(number));
            broken.extend(found.map(|number| format!("{}: {number} is a constant of `model::time`", file.place(line))));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}
