//! Two names of one file are one.

use super::{Company, has_read, records};
use std::fs;

/// A glob finds a log, a hard link and a symbolic link to it, and a copy that somebody made.
/// https://github.com/fluent/fluentd/issues/725
#[test]
fn in_a_glob() {
    let company = Company::new("logs/*");
    company.write("logs/core.log", records(0, 40));
    fs::hard_link(company.path("logs/core.log"), company.path("logs/hard")).expect("linked");
    std::os::unix::fs::symlink(company.path("logs/core.log"), company.path("logs/soft")).expect("linked");
    fs::copy(company.path("logs/core.log"), company.path("logs/copy")).expect("copied");
    let service = company.start();
    has_read(&service, 40);
    company.append("logs/core.log", &records(40, 50));
    has_read(&service, 50);
    service.stop();
}

/// Somebody replays everything in a folder: a log, links to it, a copy, an earlier copy, and the log packed.
/// https://github.com/vectordotdev/vector/issues/13193
#[test]
fn on_a_command_line() {
    let company = Company::new("core.log");
    company.write("all/core.log", records(0, 400));
    company.write("all/next.log", records(400, 500));
    fs::hard_link(company.path("all/core.log"), company.path("all/hard")).expect("linked");
    std::os::unix::fs::symlink(company.path("all/core.log"), company.path("all/soft")).expect("linked");
    company.write("all/earlier", records(0, 300));
    company.write("all/packed", records(0, 400));
    company.gzip("all/packed");
    let files: Vec<String> =
        fs::read_dir(company.path("all")).expect("read").flatten().map(|entry| entry.path().display().to_string()).collect();
    assert_eq!(files.len(), 6);
    let ran = company.run(&[&["replay".to_owned(), "--config".to_owned(), "config.toml".to_owned()], files.as_slice()].concat()).well();
    assert!(ran.err.contains("500 records") || ran.err.contains("500 lines"), "{}", ran.err);
    assert_eq!(ran.err.matches("is left out").count(), 4, "{}", ran.err);
}
