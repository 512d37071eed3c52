//! The documentation is true and whole: pages made from the source are not stale, links lead somewhere, every page can be reached
//! from the README, and the README stays short.
//!
//! `LEAKWARDEN_BLESS=1 cargo test --test suite docs::` writes the pages of `docs/formats/` and `docs/detectors/` anew, from the
//! `//!` heads of the files in `src/decode/` and `src/detect/`, and those of metrics and HTTP resources from their tables.

use leakwarden::decode::FORMATS;
use leakwarden::detect::DETECTORS;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

const LONGEST_README: usize = 150;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder of the repository with that ending, by their path from the root.
fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == ending) {
                let name = path.strip_prefix(root()).expect("lies in it").to_str().expect("names are UTF-8").to_owned();
                found.insert(name, std::fs::read_to_string(&path).expect("UTF-8"));
            }
        }
    }
    found
}

/// The `//!` lines at the beginning of a file, as Markdown.
fn head(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.starts_with("//!"));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or("")).collect();
    plain_links(&lines.join("\n"))
}

/// Links of rustdoc lead nowhere on a page: [`name`] and [`name`](path::of::it) become `name`.
fn plain_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("[`") {
        let Some(end) = rest[at..].find("`]").map(|end| at + end) else { break };
        out.push_str(&rest[..at]);
        write!(out, "`{}`", rest[at + 2..end].trim_start_matches("crate::")).expect("a string takes it");
        rest = &rest[end + 2..];
        if let Some(target) = rest.strip_prefix('(').filter(|target| !target.starts_with("http")) {
            rest = target.split_once(')').map_or("", |(_, after)| after);
        }
    }
    out + rest
}

/// The page of one format or detector: the head of the file that begins with its name.
fn page(folder: &str, name: &str, more: &str) -> (String, String) {
    let opening = format!("//! `{name}`:");
    let sources = files(folder, "rs");
    let (path, text) = sources
        .iter()
        .find(|(_, text)| text.starts_with(&opening))
        .unwrap_or_else(|| panic!("no file in {folder} begins with {opening:?}: its head is the page of `{name}`"));
    let text = head(text);
    let (summary, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let summary = summary.split_once(':').expect("it begins so").1.trim();
    let mut first = summary.chars();
    let summary: String = first.next().into_iter().flat_map(char::to_uppercase).chain(first).collect();
    let made = format!("<!-- Made from the head of {path} by `LEAKWARDEN_BLESS=1 cargo test --test suite docs::`: change it there. -->");
    let body = if rest.trim().is_empty() { String::new() } else { format!("{}\n\n", rest.trim()) };
    (summary.replace('\n', " "), format!("{made}\n\n# {name}\n\n{summary}\n\n{body}{more}"))
}

/// Compares a page with what it should be, or writes it.
fn hold(path: &str, expected: &str, stale: &mut Vec<String>) {
    let file = root().join(path);
    if std::env::var_os("LEAKWARDEN_BLESS").is_some() {
        std::fs::write(&file, expected).expect("written");
    } else if std::fs::read_to_string(&file).unwrap_or_default() != expected {
        stale.push(path.to_owned());
    }
}

/// A page with what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->` replaced.
fn with_list(path: &str, name: &str, list: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).expect("the index is there");
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{path} lacks {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{path} lacks {end}"));
    format!("{before}{begin}\n{list}{end}{after}")
}

const STALE: &str = "stale; `LEAKWARDEN_BLESS=1 cargo test --test suite docs::` writes them anew";

/// No page is left of what is gone.
fn no_more_than(folder: &str, names: &BTreeSet<&str>) {
    for (path, _) in files(folder, "md").iter().filter(|(_, text)| text.starts_with("<!-- Made from the head of ")) {
        let name = Path::new(path).file_stem().and_then(|name| name.to_str()).expect("names are UTF-8");
        assert!(names.contains(name), "{path} is the page of nothing");
    }
}

#[test]
fn every_format_has_its_page() {
    let mut stale = Vec::new();
    let mut list = String::from("| `format` | what it is |\n|---|---|\n");
    for format in FORMATS {
        let name = format.name;
        let more = format!(
            "## How it is recognised\n\n`format = \"auto\"` takes it for this format by {}.\n\n[All formats](README.md)\n",
            format.recognised_by
        );
        let (summary, text) = page("src/decode", name, &more);
        hold(&format!("docs/formats/{name}.md"), &text, &mut stale);
        writeln!(list, "| [`{name}`]({name}.md) | {summary} |").expect("a string takes it");
    }
    hold("docs/formats/README.md", &with_list("docs/formats/README.md", "formats", &list), &mut stale);
    no_more_than("docs/formats", &FORMATS.iter().map(|format| format.name).collect());
    assert_eq!(stale, Vec::<String>::new(), "{STALE}");
}

#[test]
fn every_detector_has_its_page() {
    let mut stale = Vec::new();
    let mut list = String::from("| detector | what it reports | smallest count | of |\n|---|---|---|---|\n");
    for detector in DETECTORS {
        let name = detector.typology.name();
        let more = format!(
            "## Settings\n\n`[detectors.{name}] floor`: the smallest count that is worth a look, {} unless set: {}.\n\
             `[detectors.{name}] enabled = false` switches it off.\n\n[All detectors](README.md)\n",
            detector.floor, detector.floor_counts
        );
        let (summary, text) = page("src/detect", name, &more);
        hold(&format!("docs/detectors/{name}.md"), &text, &mut stale);
        writeln!(list, "| [`{name}`]({name}.md) | {summary} | {} | {} |", detector.floor, detector.floor_counts)
            .expect("a string takes it");
    }
    hold("docs/detectors/README.md", &with_list("docs/detectors/README.md", "detectors", &list), &mut stale);
    no_more_than("docs/detectors", &DETECTORS.iter().map(|detector| detector.typology.name()).collect());
    assert_eq!(stale, Vec::<String>::new(), "{STALE}");
}

#[test]
fn metrics_and_http_resources_have_their_pages() {
    let mut stale = Vec::new();
    let made =
        |from: &str| format!("<!-- Made from {from} by `LEAKWARDEN_BLESS=1 cargo test --test suite docs::`: change it there. -->\n\n");
    let metrics = made("src/telemetry/metrics/table.rs") + &leakwarden::telemetry::metrics::table::reference();
    hold("docs/operate/metrics.md", &metrics, &mut stale);
    let http = made("src/http/resources/") + &leakwarden::http::router::reference();
    hold("docs/operate/http.md", &http, &mut stale);
    let described = serde_json::to_string_pretty(&leakwarden::console::api::openapi::document()).expect("it is JSON") + "\n";
    hold("docs/operate/openapi.json", &described, &mut stale);
    assert_eq!(stale, Vec::<String>::new(), "{STALE}");
}

/// Every page of the repository.
fn pages() -> BTreeMap<String, String> {
    let mut pages = files("docs", "md");
    pages.extend(files(".github", "md"));
    pages.extend(files("deploy", "md"));
    for path in ["README.md", "tests/README.md", "examples/README.md"] {
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            pages.insert(path.to_owned(), text);
        }
    }
    pages
}

/// Lines outside of fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The anchors of a page, as GitHub makes them of its headings, and those that it names itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && heading.starts_with(' ') {
            let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let anchor: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
            let repeats = (1..).map(|n| format!("{anchor}-{n}"));
            let free = std::iter::once(anchor.clone()).chain(repeats).find(|name| !anchors.contains(name)).expect("numbers do not end");
            anchors.insert(free);
        }
        for name in line.split("<a id=\"").skip(1) {
            anchors.extend(name.split_once('"').map(|(name, _)| name.to_owned()));
        }
    }
    anchors
}

/// What the links of a page lead to. Code in backticks holds none.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for rest in line.split("](").skip(1) {
            links.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    links
}

/// A path without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(out.pop(), "{} leads out of the repository", path.display()),
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

#[test]
fn every_link_leads_somewhere_and_every_page_can_be_reached() {
    let pages = pages();
    let mut dead = Vec::new();
    let mut leads: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in &pages {
        for link in links(text) {
            if link.starts_with("http://") || link.starts_with("https://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { PathBuf::from(path) } else { resolved(&Path::new(path).with_file_name(file)) };
            let name = target.to_str().expect("names are UTF-8").trim_end_matches('/').to_owned();
            if !root().join(&target).exists() {
                dead.push(format!("{path}: {link}"));
            } else if !anchor.is_empty() && !pages.get(&name).is_some_and(|text| anchors(text).contains(anchor)) {
                dead.push(format!("{path}: {link}: no such heading"));
            }
            leads.entry(path).or_default().extend([format!("{name}/README.md"), name]);
        }
    }
    assert_eq!(dead, Vec::<String>::new(), "dead links");
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut next = vec!["README.md".to_owned()];
    while let Some(page) = next.pop() {
        for to in leads.get(page.as_str()).into_iter().flatten().filter(|to| pages.contains_key(*to)) {
            if reached.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    let lost: Vec<&String> = pages.keys().filter(|page| !reached.contains(*page) && !page.starts_with(".github/ISSUE")).collect();
    assert!(lost.is_empty(), "no way from README.md leads to {lost:?}");
}

#[test]
fn the_readme_stays_short() {
    let lines = std::fs::read_to_string(root().join("README.md")).expect("is there").lines().count();
    assert!(lines <= LONGEST_README, "README.md has {lines} lines, more than {LONGEST_README}: the rest belongs into docs/");
}

#[test]
fn the_checks_themselves_tell_right_from_wrong() {
    assert_eq!(plain_links("of [`Trail`] and [`x`](crate::decode::x), [y](z)"), "of `Trail` and `x`, [y](z)");
    let text = "# What it *is*\n```\n# no heading [no](link)\n```\n## 2. Canonical record\n# A\n# A\n[a](b.md#c) `[no](link)` [d](e)";
    assert_eq!(anchors(text), ["2-canonical-record", "a", "a-1", "what-it-is"].map(str::to_owned).into());
    assert_eq!(links(text), ["b.md#c", "e"]);
}
