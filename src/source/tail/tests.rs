//! Over real files in a directory of their own.

mod crash {
    mod tests;
}

use super::{Tail, TailEvent};
use crate::model::keys::Keys;
use crate::source::piece::Piece;
use crate::source::read_files::ReadFiles;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

pub(super) struct Logs {
    dir: tempfile::TempDir,
}

impl Logs {
    pub fn new() -> Logs {
        Logs { dir: tempfile::tempdir().expect("a directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("removed");
    }

    /// Packs a file, as a cron job does after a rotation.
    pub fn pack(&self, name: &str) {
        let text = fs::read(self.path(name)).expect("read");
        let modified = fs::metadata(self.path(name)).and_then(|about| about.modified()).expect("a time");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&text).expect("packed");
        let path = self.path(&format!("{name}.gz"));
        fs::write(&path, encoder.finish().expect("packed")).expect("written");
        File::options().append(true).open(path).expect("opened").set_modified(modified).expect("set");
        self.remove(name);
    }

    pub fn tail(&self, pattern: &str, read: ReadFiles) -> Tail {
        let pattern = self.path(pattern);
        let mut tail = Tail::new("crm", pattern.to_str().expect("UTF-8"), &Keys::built_in(), read, Vec::new()).expect("a pattern");
        (tail.grace, tail.lost_after, tail.interval) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        tail
    }

    pub fn new_tail(&self, pattern: &str) -> Tail {
        self.tail(pattern, ReadFiles::default())
    }

    /// Another process goes on from what a former one has saved.
    pub fn again(&self, pattern: &str, tail: &Tail) -> Tail {
        let text = serde_json::to_string(&tail.read_files()).expect("serialised");
        self.tail(pattern, serde_json::from_str(&text).expect("read back"))
    }
}

/// `file:line=text`, `+file` for opened, `-file` for finished, `lost`.
pub(super) fn seen(tail: &mut Tail) -> Vec<String> {
    let mut seen = Vec::new();
    for event in tail.poll() {
        match event {
            TailEvent::Expected { .. } => {}
            TailEvent::Opened { file, .. } => seen.push(format!("+{}", file.0)),
            TailEvent::Piece { file, piece: Piece::Block(block), .. } => {
                seen.extend(block.lines().map(|(number, line)| format!("{}:{number}={}", file.0, String::from_utf8_lossy(line))));
            }
            TailEvent::Piece { file, piece: Piece::Oversized(long), .. } => {
                seen.push(format!("{}:{}!{}", file.0, long.line, long.length));
            }
            TailEvent::Piece { piece, .. } => panic!("{piece:?} is of no file"),
            TailEvent::Finished { file, .. } => seen.push(format!("-{}", file.0)),
            TailEvent::Lost(_) => seen.push("lost".to_owned()),
        }
    }
    seen
}

/// The lines alone, of as many polls as give any.
pub(super) fn lines(tail: &mut Tail) -> Vec<String> {
    let mut all = Vec::new();
    let mut quiet = 0;
    while quiet < 3 {
        let some = seen(tail);
        quiet = if some.is_empty() { quiet + 1 } else { 0 };
        let told = |text: String| if text == "lost" { Some(text) } else { text.split_once('=').map(|(_, line)| line.to_owned()) };
        all.extend(some.into_iter().filter_map(told));
    }
    all
}

/// Lines that are long enough to be told from others.
pub(super) fn text(from: u32, to: u32) -> String {
    (from..to).map(|n| format!("2026-03-02T10:00:00Z employee {n} has read customer {n} by name and number\n")).collect()
}

pub(super) fn texts(from: u32, to: u32) -> Vec<String> {
    text(from, to).lines().map(str::to_owned).collect()
}

#[test]
fn appended_lines_come_and_an_unfinished_line_waits() {
    let logs = Logs::new();
    let mut tail = logs.new_tail("a.log");
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
    let mut tail = logs.new_tail("a.log");
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
    let mut tail = logs.new_tail("a.log*");
    assert_eq!(seen(&mut tail), ["+0", "0:1=one"]);
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "ONE\n");
    assert_eq!(seen(&mut tail), ["+1", "1:1=ONE"]);
}

#[test]
fn what_was_written_over_is_told_and_the_file_starts_over() {
    let logs = Logs::new();
    logs.append("a.log", "one\ntwo\n");
    let mut tail = logs.new_tail("a.log");
    assert_eq!(seen(&mut tail).len(), 3);
    fs::write(logs.path("a.log"), "ONE\n").expect("written");
    assert_eq!(seen(&mut tail), ["lost", "+1", "1:1=ONE"]);
    fs::write(logs.path("a.log"), "another beginning\nand more\n").expect("written");
    assert_eq!(seen(&mut tail), ["lost", "+2", "2:1=another beginning", "2:2=and more"]);
}

#[test]
fn a_restart_continues_where_the_state_stands() {
    let logs = Logs::new();
    logs.append("a.log", "one\ntwo\nthr");
    let mut first = logs.new_tail("a.log");
    assert_eq!(seen(&mut first).len(), 3);
    logs.append("a.log", "ee\n");
    assert_eq!(seen(&mut logs.again("a.log", &first)), ["+0", "0:3=three"]);
}

#[test]
fn a_restart_after_a_rotation_reads_the_moved_file_first() {
    let logs = Logs::new();
    logs.append("a.log", "one\n");
    let mut first = logs.new_tail("a.log");
    lines(&mut first);
    logs.append("a.log", "two\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "ONE\n");
    let mut second = logs.again("a.log", &first);
    assert_eq!(seen(&mut second), ["+0", "+1", "0:2=two", "1:1=ONE"]);
    assert_eq!(seen(&mut second), ["-0"]);
    logs.remove("a.log.1");
    assert_eq!(seen(&mut logs.again("a.log", &first)), ["lost", "+0", "0:1=ONE"]);
}

#[test]
fn a_mirror_that_is_replaced_by_a_longer_copy_goes_on() {
    let logs = Logs::new();
    let mut tail = logs.new_tail("a.log");
    tail.grace = Duration::from_secs(60);
    let mut read = Vec::new();
    for n in 1..20 {
        logs.append(".a.log.tmp", &text(0, n * 7));
        logs.rename(".a.log.tmp", "a.log");
        read.extend(lines(&mut tail));
        // And as `cp` does it, in place.
        fs::write(logs.path("a.log"), "").expect("written");
        read.extend(lines(&mut tail));
        fs::write(logs.path("a.log"), text(0, n * 7 - 3)).expect("written");
        read.extend(lines(&mut tail));
        fs::write(logs.path("a.log"), text(0, n * 7 + 3)).expect("written");
        read.extend(lines(&mut tail));
    }
    assert_eq!(read, texts(0, 136));
}

#[test]
fn what_was_copied_and_truncated_is_read_to_its_end_in_the_copy() {
    let logs = Logs::new();
    logs.append("a.log", &text(0, 50));
    let mut tail = logs.new_tail("a.log");
    assert_eq!(lines(&mut tail), texts(0, 50));
    logs.append("a.log", &text(50, 60));
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).expect("copied");
    fs::write(logs.path("a.log"), text(60, 65)).expect("written");
    assert_eq!(lines(&mut tail), texts(50, 65));
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).expect("copied");
    assert_eq!(lines(&mut tail), Vec::<String>::new());
    fs::write(logs.path("a.log"), "").expect("written");
    assert_eq!(lines(&mut tail), Vec::<String>::new());
    logs.append("a.log", &text(65, 70));
    assert_eq!(lines(&mut tail), texts(65, 70));
}

#[test]
fn several_rotations_at_once_are_read_in_order_packed_or_not() {
    for down in [false, true] {
        let logs = Logs::new();
        logs.append("a.log.1", &text(900, 910));
        logs.pack("a.log.1");
        logs.rename("a.log.1.gz", "a.log.9.gz");
        logs.append("a.log.8", &text(910, 920));
        logs.append("a.log", &text(0, 30));
        let mut tail = logs.new_tail("a.log");
        assert_eq!(lines(&mut tail), texts(0, 30), "history is not followed");
        logs.append("a.log", &text(30, 50));
        logs.rename("a.log", "a.log.1");
        logs.append("a.log", &text(50, 80));
        logs.pack("a.log.1");
        logs.rename("a.log.1.gz", "a.log.3.gz");
        logs.rename("a.log", "a.log.1");
        logs.append("a.log", &text(80, 100));
        logs.rename("a.log.1", "a.log.2");
        logs.pack("a.log.2");
        logs.rename("a.log", "a.log.1");
        logs.append("a.log", &text(100, 120));
        if down {
            tail = logs.again("a.log", &tail);
        }
        assert_eq!(lines(&mut tail), texts(30, 120), "down: {down}");
        let mut again = logs.again("a.log", &tail);
        assert_eq!(lines(&mut again), Vec::<String>::new());
        logs.pack("a.log.1");
        logs.append("a.log", &text(120, 121));
        assert_eq!(lines(&mut again), texts(120, 121));
        assert_eq!(lines(&mut logs.again("a.log", &again)), Vec::<String>::new());
    }
}

#[test]
fn an_empty_file_that_was_filled_and_rotated_while_nobody_looked_is_read() {
    let logs = Logs::new();
    logs.append("a.log", "");
    let mut first = logs.new_tail("a.log");
    assert!(lines(&mut first).is_empty());
    logs.append("a.log", &text(0, 10));
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", &text(10, 20));
    assert_eq!(lines(&mut logs.again("a.log", &first)), texts(0, 20));
}

#[test]
fn what_is_out_of_reach_is_waited_for_and_not_lost() {
    let logs = Logs::new();
    fs::create_dir(logs.path("mount")).expect("made");
    let mut early = logs.new_tail("mount/a.log");
    assert!(lines(&mut early).is_empty() && early.trouble().is_some_and(|why| why.contains("no such file")), "{:?}", early.trouble());
    logs.append("mount/a.log", &text(0, 30));
    assert_eq!((lines(&mut early), early.trouble()), (texts(0, 30), None));
    logs.append("mount/a.log", &text(30, 40));
    logs.rename("mount", "away");
    for empty in [false, true] {
        if empty {
            fs::create_dir(logs.path("mount")).expect("made");
        }
        let mut late = logs.again("mount/a.log", &early);
        assert!(lines(&mut late).is_empty());
        assert!(late.trouble().is_some_and(|why| why.contains("read up to line 30")), "{:?}", late.trouble());
        if empty {
            fs::remove_dir(logs.path("mount")).expect("removed");
            logs.rename("away", "mount");
            assert_eq!((lines(&mut late), late.trouble()), (texts(30, 40), None));
        }
    }
}

#[test]
fn a_file_that_was_moved_away_and_back_goes_on() {
    let logs = Logs::new();
    fs::create_dir(logs.path("other")).expect("made");
    logs.append("a.log", &text(0, 30));
    logs.append("b.log", &text(500, 501));
    let mut tail = logs.new_tail("*.log");
    assert_eq!(lines(&mut tail).len(), 31);
    logs.rename("a.log", "other/a.log");
    assert!(lines(&mut tail).is_empty(), "and it is finished");
    assert!(tail.files.len() == 1);
    fs::copy(logs.path("other/a.log"), logs.path("a.log")).expect("copied");
    assert!(lines(&mut tail).is_empty());
    logs.append("a.log", &text(30, 33));
    assert_eq!(lines(&mut tail), texts(30, 33));
}

#[test]
fn a_link_that_moved_on_leaves_nothing_unread() {
    for down in [false, true] {
        let logs = Logs::new();
        fs::create_dir(logs.path("files")).expect("made");
        let point_to = |name: &str| {
            // It is there from the second time on.
            let _ = fs::remove_file(logs.path("now.log"));
            std::os::unix::fs::symlink(logs.path(name), logs.path("now.log")).expect("linked");
        };
        logs.append("files/app-0.log", &text(700, 710));
        logs.append("files/app-1.log", &text(0, 20));
        point_to("files/app-1.log");
        let mut tail = logs.new_tail("now.log");
        assert_eq!(lines(&mut tail), texts(0, 20));
        logs.append("files/app-1.log", &text(20, 30));
        logs.append("files/app-2.log", &text(30, 40));
        logs.append("files/app-3.log", &text(40, 50));
        point_to("files/app-3.log");
        if down {
            tail = logs.again("now.log", &tail);
        }
        assert_eq!(lines(&mut tail), texts(20, 50), "down: {down}");
    }
}

#[test]
fn two_names_of_one_file_and_a_copy_of_it_are_read_once() {
    let logs = Logs::new();
    logs.append("a.log", &text(0, 20));
    fs::hard_link(logs.path("a.log"), logs.path("b.log")).expect("linked");
    std::os::unix::fs::symlink(logs.path("a.log"), logs.path("c.log")).expect("linked");
    fs::copy(logs.path("a.log"), logs.path("d.log")).expect("copied");
    let mut tail = logs.new_tail("*.log");
    assert_eq!(lines(&mut tail), texts(0, 20));
    logs.append("a.log", &text(20, 30));
    assert_eq!(lines(&mut tail), texts(20, 30));
    // What is shorter than what was read is waited for until that is found.
    let mut again = logs.again("*.log", &tail);
    again.grace = Duration::from_secs(60);
    assert!(lines(&mut again).is_empty());
}

#[test]
fn logs_that_begin_with_the_same_header_are_several() {
    let logs = Logs::new();
    let header = format!("{}\n", "time,employee,table,".repeat(90));
    logs.append("a.log", &header);
    logs.append("b.log", &header);
    let mut tail = logs.new_tail("*.log");
    lines(&mut tail);
    logs.append("b.log", &text(0, 30));
    assert_eq!(lines(&mut tail).into_iter().filter(|line| line.contains("employee ")).collect::<Vec<_>>(), texts(0, 30));
    logs.append("a.log", &text(30, 60));
    assert_eq!(lines(&mut tail).into_iter().filter(|line| line.contains("employee ")).collect::<Vec<_>>(), texts(30, 60));
    logs.append("c.log", &format!("{header}{}", text(60, 70)));
    let of_new = lines(&mut tail);
    assert_eq!(of_new.into_iter().filter(|line| line.contains("employee ")).collect::<Vec<_>>(), texts(60, 70));
}

#[test]
fn a_line_that_is_too_long_passes_while_it_grows() {
    let logs = Logs::new();
    let mut tail = logs.new_tail("a.log");
    tail.settings.longest_line = 1_000;
    logs.append("a.log", &"x".repeat(2_500));
    assert_eq!(seen(&mut tail), ["+0"]);
    logs.append("a.log", &"x".repeat(500));
    assert!(seen(&mut tail).is_empty());
    logs.append("a.log", "\nnext\n");
    assert_eq!(seen(&mut tail), ["0:1!3000", "0:2=next"]);
}

#[test]
fn what_lies_behind_a_rotation_waits_until_all_before_it_is_read() {
    let logs = Logs::new();
    logs.append("a.log", &text(0, 1));
    let mut tail = logs.new_tail("a.log");
    tail.settings.block = 1_024;
    assert_eq!(lines(&mut tail), texts(0, 1));
    logs.append("a.log", &text(1, 2_000));
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", &text(2_000, 2_010));
    assert!(lines(&mut tail) == texts(1, 2_010), "in order, though it takes many rounds");
}

#[test]
fn of_thousands_of_files_few_are_open_and_all_are_read_once() {
    let logs = Logs::new();
    let count = 700;
    for n in 0..count {
        logs.append(&format!("app-{n}.log"), &text(n * 10, n * 10 + 2));
    }
    let mut tail = logs.new_tail("*.log");
    let mut read = lines(&mut tail);
    assert!(tail.files.len() <= super::events::MOST_OPEN, "{} are open", tail.files.len());
    for n in (0..count).step_by(7) {
        logs.append(&format!("app-{n}.log"), &text(n * 10 + 2, n * 10 + 3));
    }
    read.extend(lines(&mut tail));
    read.sort();
    let of = |n: u32| texts(n * 10, n * 10 + 2 + u32::from(n.is_multiple_of(7)));
    let mut expected: Vec<String> = (0..count).flat_map(of).collect();
    expected.sort();
    assert_eq!(read.len(), expected.len());
    assert!(read == expected);
    let mut again = logs.again("*.log", &tail);
    assert!(lines(&mut again).is_empty());
    logs.append("app-3.log", &text(9_000, 9_001));
    logs.remove("app-4.log");
    assert_eq!(lines(&mut again), [vec!["lost".to_owned()], texts(9_000, 9_001)].concat());
}

#[test]
fn files_that_were_rotated_within_a_tick_of_the_clock_are_read_in_the_order_of_their_numbers() {
    for names in [["a.log-0009", "a.log-0010", "a.log-0011"], ["a.log.10", "a.log.9", "a.log.8"]] {
        let logs = Logs::new();
        logs.append("a.log", &text(0, 10));
        let mut tail = logs.new_tail("a.log");
        assert_eq!(lines(&mut tail), texts(0, 10));
        // While nobody looks.
        for (at, name) in (1..).zip(names) {
            logs.rename("a.log", name);
            logs.append("a.log", &text(at * 10, at * 10 + 10));
            if at == 1 {
                logs.pack(name);
            }
        }
        let tick = std::time::SystemTime::now();
        for entry in fs::read_dir(logs.path("")).expect("a directory").flatten() {
            File::options().append(true).open(entry.path()).and_then(|file| file.set_modified(tick)).expect("set");
        }
        assert_eq!(lines(&mut logs.again("a.log", &tail)), texts(10, 40), "{names:?}");
    }
}
