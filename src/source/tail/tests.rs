//! Over real files in a directory of their own.

use super::*;
use std::fs::OpenOptions;
use std::io::Write;

struct Logs {
    dir: tempfile::TempDir,
}

impl Logs {
    fn new() -> Logs {
        Logs { dir: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn tail(&self, pattern: &str, resume: Vec<TailPosition>) -> Tail {
        let pattern = self.path(pattern);
        let mut tail = Tail::new(pattern.to_str().expect("UTF-8"), &Keys::built_in(), resume).expect("a pattern");
        tail.grace = Duration::ZERO;
        tail
    }
}

/// `file:line=text`, `+file` for opened, `-file` for finished, `lost`.
fn seen(tail: &mut Tail) -> Vec<String> {
    let mut seen = Vec::new();
    for event in tail.poll() {
        match event {
            TailEvent::Opened { file, .. } => seen.push(format!("+{}", file.0)),
            TailEvent::Piece { file, piece: Piece::Block(block) } => {
                seen.extend(block.lines().map(|(number, line)| format!("{}:{number}={}", file.0, String::from_utf8_lossy(line))));
            }
            TailEvent::Piece { file, piece: Piece::Oversized(long) } => seen.push(format!("{}:{}!{}", file.0, long.line, long.length)),
            TailEvent::Piece { piece, .. } => panic!("{piece:?} is of no file"),
            TailEvent::Finished { file } => seen.push(format!("-{}", file.0)),
            TailEvent::Lost(_) => seen.push("lost".to_owned()),
        }
    }
    seen
}

#[test]
fn appended_lines_come_and_an_unfinished_line_waits() {
    let logs = Logs::new();
    let mut tail = logs.tail("a.log", vec![]);
    assert!(seen(&mut tail).is_empty());
    logs.append("a.log", "one\ntw");
    assert_eq!(seen(&mut tail), ["+0", "0:1=one"]);
    assert!(seen(&mut tail).is_empty());
    logs.append("a.log", "o\r\nthree\n");
    assert_eq!(seen(&mut tail), ["0:2=two", "0:3=three"]);
}

#[test]
fn after_a_rotation_the_old_file_is_finished_and_then_the_new_one_read() {
    let logs = Logs::new();
    logs.append("a.log", "one\n");
    let mut tail = logs.tail("a.log", vec![]);
    tail.grace = Duration::from_secs(60);
    assert_eq!(seen(&mut tail), ["+0", "0:1=one"]);
    logs.rename("a.log", "a.log.1");
    logs.append("a.log.1", "two\nthree");
    logs.append("a.log", "ONE\n");
    assert_eq!(seen(&mut tail), ["+1", "0:2=two", "1:1=ONE"]);
    tail.grace = Duration::ZERO;
    assert_eq!(seen(&mut tail), ["0:3=three", "-0"], "its last line is a line though nobody ended it");
    logs.append("a.log", "TWO\n");
    assert_eq!(seen(&mut tail), ["1:2=TWO"]);
}

#[test]
fn a_renamed_file_that_the_glob_still_finds_is_not_read_again() {
    let logs = Logs::new();
    logs.append("a.log", "one\n");
    let mut tail = logs.tail("a.log*", vec![]);
    assert_eq!(seen(&mut tail), ["+0", "0:1=one"]);
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "ONE\n");
    assert_eq!(seen(&mut tail), ["+1", "1:1=ONE"]);
    fs::write(logs.path("a.log.2.gz"), [0x1f, 0x8b, 8, 0]).expect("written");
    assert!(seen(&mut tail).is_empty(), "packed history is ignored");
}

#[test]
fn a_truncated_file_starts_over_also_where_it_has_outgrown_itself_since() {
    let logs = Logs::new();
    logs.append("a.log", "one\ntwo\n");
    let mut tail = logs.tail("a.log", vec![]);
    assert_eq!(seen(&mut tail).len(), 3);
    fs::write(logs.path("a.log"), "ONE\n").expect("written");
    assert_eq!(seen(&mut tail), ["-0"]);
    assert_eq!(seen(&mut tail), ["+1", "1:1=ONE"]);
    fs::write(logs.path("a.log"), "another beginning\nand more\n").expect("written");
    assert_eq!(seen(&mut tail), ["-1"]);
    assert_eq!(seen(&mut tail), ["+2", "2:1=another beginning", "2:2=and more"]);
}

/// The position after the last piece of a file.
fn saved(tail: &mut Tail) -> TailPosition {
    let mut last = None;
    for event in tail.poll() {
        if let TailEvent::Piece { file, piece } = event {
            let (line, offset) = piece.end();
            last = tail.position(file, line, offset);
        }
    }
    let position = last.expect("a piece");
    let text = serde_json::to_string(&position).expect("serialised");
    serde_json::from_str(&text).expect("read back")
}

#[test]
fn a_restart_continues_where_the_state_stands() {
    let logs = Logs::new();
    logs.append("a.log", "one\ntwo\nthr");
    let position = saved(&mut logs.tail("a.log", vec![]));
    assert_eq!((position.line, position.offset), (3, 8));
    logs.append("a.log", "ee\n");
    assert_eq!(seen(&mut logs.tail("a.log", vec![position])), ["+0", "0:3=three"]);
}

#[test]
fn a_restart_after_a_rotation_finishes_the_moved_file_first() {
    let logs = Logs::new();
    logs.append("a.log", "one\n");
    let position = saved(&mut logs.tail("a.log", vec![]));
    logs.append("a.log", "two\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "ONE\n");
    assert_eq!(seen(&mut logs.tail("a.log", vec![position.clone()])), ["+0", "+1", "0:2=two", "-0", "1:1=ONE"]);
    fs::remove_file(logs.path("a.log.1")).expect("removed");
    assert_eq!(seen(&mut logs.tail("a.log", vec![position])), ["lost", "+0", "0:1=ONE"]);
}

#[test]
fn a_line_that_is_too_long_passes_while_it_grows() {
    let logs = Logs::new();
    let mut tail = logs.tail("a.log", vec![]);
    tail.settings.longest_line = 1_000;
    logs.append("a.log", &"x".repeat(2_500));
    assert_eq!(seen(&mut tail), ["+0"]);
    logs.append("a.log", &"x".repeat(500));
    assert!(seen(&mut tail).is_empty());
    logs.append("a.log", "\nnext\n");
    assert_eq!(seen(&mut tail), ["0:1!3000", "0:2=next"]);
}
