//! What commands write to disk: who may read it, through what it is not led, and what a hostile archive costs.

use crate::common::program::leakwarden;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

const LINE: &str = r#"{"time":"2026-03-02T09:00:00Z","employee":"E1","table":"crm.customers","columns":["name"],"rows":12000}"#;

fn company(dir: &Path) {
    let catalog = "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n";
    std::fs::write(dir.join("catalog.toml"), catalog).expect("written");
    std::fs::write(dir.join("config.toml"), "[catalog]\nfile = \"catalog.toml\"\n").expect("written");
    std::fs::write(dir.join("access.jsonl"), format!("{LINE}\nno record\n")).expect("written");
}

#[test]
fn whatever_the_umask_only_owner_and_group_read_what_was_written() {
    let dir = tempfile::tempdir().expect("a directory");
    company(dir.path());
    let program = env!("CARGO_BIN_EXE_leakwarden");
    let script = format!(
        "umask 000; '{program}' replay --config config.toml --format canonical --alerts alerts.jsonl --coverage coverage.jsonl \
         --dead-letters dead.jsonl --state state access.jsonl && '{program}' simulate --out company --employees 20 --days 2"
    );
    let ran = Command::new("sh").args(["-c", &script]).current_dir(dir.path()).output().expect("runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut folders = vec![dir.path().join("state"), dir.path().join("company")];
    let mut written: Vec<_> = ["alerts.jsonl", "coverage.jsonl", "dead.jsonl"].map(|name| dir.path().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        let entries: Vec<_> = std::fs::read_dir(&folder).expect("listed").map(|entry| entry.expect("an entry").path()).collect();
        written.extend(entries.iter().cloned().chain([folder]));
        folders.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
    assert!(written.len() > 10, "{written:?}");
    for path in written {
        let mode = std::fs::metadata(&path).expect("it was written").permissions().mode();
        assert_eq!(mode & 0o027, 0, "{}: {:o}", path.display(), mode & 0o777);
    }
}

#[test]
fn nobody_leads_a_command_through_a_link() {
    let dir = tempfile::tempdir().expect("a directory");
    company(dir.path());
    let victim = dir.path().join("victim");
    std::fs::write(&victim, "mine").expect("written");
    symlink(&victim, dir.path().join("out")).expect("linked");
    for argument in ["--alerts", "--coverage", "--dead-letters"] {
        let ended =
            leakwarden(dir.path(), &["replay", "--config", "config.toml", "--format", "canonical", argument, "out", "access.jsonl"]);
        assert!(ended.status == 1 && ended.err.contains("symbolic link"), "{argument}: {}", ended.err);
        assert_eq!(std::fs::read_to_string(&victim).expect("read"), "mine");
    }
}

#[test]
fn a_record_behind_an_archive_of_blank_lines_counts_and_a_bomb_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    company(dir.path());
    let decode = |format: &str, text: &str| {
        std::fs::write(dir.path().join("packed"), zstd::encode_all(text.as_bytes(), 1).expect("memory")).expect("written");
        leakwarden(dir.path(), &["decode", "--config", "config.toml", "--format", format, "packed"])
    };
    for blank in ["\n", "   \r\n"] {
        let lines = 30_000_000 / blank.len();
        for format in ["canonical", "auto"] {
            let decoded = decode(format, &format!("{}{LINE}\n", blank.repeat(lines))).well().lines();
            assert_eq!((decoded.len(), &decoded[0]["source"]), (1, &format!("packed:{}", lines + 1).into()), "{format} {blank:?}");
        }
    }
    let bomb = decode("canonical", &format!("{LINE}\n{}", "x\n".repeat(30_000_000)));
    assert!(bomb.status == 1 && bomb.err.contains("more than 500 times its length"), "{} {}", bomb.status, bomb.err);
}
