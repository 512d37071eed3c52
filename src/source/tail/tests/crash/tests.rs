//! Processes that end at any moment while files are rotated, copied and mirrored: whoever goes on from what was saved last reads each
//! line once. `LEAKWARDEN_SEEDS=1000` tries so many; `LEAKWARDEN_SEED=406` one, with what happened in it.

use super::super::{Logs, lines, seen, text, texts};
use crate::random::SplitMix64;
use std::fs;
use std::time::Duration;

const HEADER: &str = "time of the access,employee number,table that was read,columns that were read,number of rows,client\n";

/// No two lines of a log begin alike.
fn line(n: u32) -> String {
    format!("{:02}:{:02}:{:02} employee {n} has read customer {n} by name and number\n", 10 + n / 3_600, n / 60 % 60, n % 60)
}

/// Two logs under rotation and mirrors, with all lines ever written.
struct Writers {
    logs: Logs,
    dice: SplitMix64,
    written: u32,
    /// Whether every file begins with the same line.
    header: bool,
}

impl Writers {
    fn new(seed: u64) -> Writers {
        let mut writers = Writers { logs: Logs::new(), dice: SplitMix64::new(seed), written: 0, header: seed.is_multiple_of(2) };
        ["a.log", "b.log"].into_iter().for_each(|name| writers.begin(name));
        writers
    }

    fn begin(&mut self, name: &str) {
        self.logs.append(name, if self.header { HEADER } else { "" });
    }

    fn write(&mut self, name: &str) {
        let from = self.written;
        self.written += 1 + self.dice.below(4) as u32;
        self.logs.append(name, &(from..self.written).map(line).collect::<String>());
    }

    /// Every file of rotation gets the next number, and some are packed.
    fn make_room(&mut self, name: &str) {
        for at in (1..9).rev() {
            for packed in ["", ".gz"] {
                let of = format!("{name}.{at}{packed}");
                if self.logs.path(&of).exists() {
                    self.logs.rename(&of, &format!("{name}.{}{packed}", at + 1));
                }
            }
        }
        let second = format!("{name}.2");
        if self.dice.once_in(3) && self.logs.path(&second).exists() {
            self.logs.pack(&second);
        }
    }

    fn rotate(&mut self, name: &str) {
        self.make_room(name);
        self.logs.rename(name, &format!("{name}.1"));
        self.begin(name);
    }

    fn copy_over(&mut self, name: &str) {
        self.make_room(name);
        fs::copy(self.logs.path(name), self.logs.path(&format!("{name}.1"))).expect("copied");
    }

    fn truncate(&mut self, name: &str) {
        fs::write(self.logs.path(name), "").expect("truncated");
        self.begin(name);
    }

    /// As rsync does it.
    fn mirror(&mut self, name: &str) {
        fs::copy(self.logs.path(name), self.logs.path(".tmp")).expect("copied");
        self.write(".tmp");
        self.logs.rename(".tmp", name);
    }
}

fn new_lines(of: Vec<String>) -> impl Iterator<Item = String> {
    of.into_iter().filter(|line| !line.contains("employee number"))
}

/// The lines that one poll gives.
fn polled(tail: &mut super::super::super::Tail) -> Vec<String> {
    let told = seen(tail)
        .into_iter()
        .filter_map(|text| if text == "lost" { Some(text) } else { text.split_once('=').map(|(_, line)| line.to_owned()) });
    told.collect()
}

fn happening(what: usize, is_copied: bool) -> &'static str {
    match what {
        0..6 if !is_copied => "write",
        6 if !is_copied => "rotate",
        7 => "copy, unless there is one,",
        8 | 9 => "truncate what was copied, instead",
        10 if !is_copied => "mirror, and read,",
        11..16 => "read, instead",
        16..18 => "save, instead",
        18 => "restart, instead",
        _ => "nothing",
    }
}

fn play(seed: u64, is_told: bool) {
    let mut world = Writers::new(seed);
    let mut tail = world.logs.new_tail("*.log");
    tail.grace = Duration::from_secs(60);
    // What was there before anybody looked is history.
    let mut read: Vec<String> = new_lines(polled(&mut tail)).collect();
    let mut saved = (tail.read_files(), read.len());
    // A copy that was made and is not cut off yet: what is written in between would be lost to everybody.
    let mut copied: Option<&str> = None;
    for _ in 0..60 {
        let name = *world.dice.pick(&["a.log", "b.log"]).expect("two");
        let is_copied = copied == Some(name);
        let what = world.dice.below(20);
        if is_told {
            let files = fs::read_dir(world.logs.path("")).expect("a directory").flatten();
            let mut files: Vec<_> =
                files.map(|file| format!("{}:{}", file.file_name().display(), file.metadata().expect("it is there").len())).collect();
            files.sort();
            eprintln!("{} of {name}, {} lines written, {} read, {files:?}", happening(what, is_copied), world.written, read.len());
        }
        match what {
            0..6 if !is_copied => world.write(name),
            6 if !is_copied => world.rotate(name),
            7 if copied.is_none() => {
                world.copy_over(name);
                copied = Some(name);
            }
            8 | 9 => {
                if let Some(name) = copied.take() {
                    world.truncate(name);
                }
            }
            10 if !is_copied => {
                world.mirror(name);
                read.extend(new_lines(polled(&mut tail)));
            }
            11..16 => read.extend(new_lines(polled(&mut tail))),
            16..18 => saved = (tail.read_files(), read.len()),
            18 => {
                tail = world.logs.tail("*.log", saved.0.clone());
                tail.grace = Duration::from_secs(60);
                read.truncate(saved.1);
            }
            _ => {}
        }
    }
    read.extend(new_lines(lines(&mut tail)));
    // What might have been a copy under way was none.
    tail.grace = Duration::ZERO;
    read.extend(new_lines(lines(&mut tail)));
    read.sort();
    let mut expected: Vec<String> = (0..world.written).map(|n| line(n).trim_end().to_owned()).collect();
    expected.sort();
    let twice: Vec<_> = read.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0].clone()).collect();
    let missing: Vec<_> = expected.iter().filter(|line| read.binary_search(line).is_err()).collect();
    assert!(twice.is_empty() && missing.is_empty(), "seed {seed}: twice {twice:#?}, missing {missing:#?}");
    assert_eq!(read.len(), expected.len(), "seed {seed}: nothing is lost, and nothing is told as lost");
}

#[test]
fn whenever_a_process_ends_whoever_goes_on_reads_each_line_once() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("LEAKWARDEN_SEED") {
        Some(seed) => play(seed, true),
        None => (0..number("LEAKWARDEN_SEEDS").unwrap_or(200)).for_each(|seed| play(seed, false)),
    }
}

#[test]
fn a_copy_that_is_not_cut_off_yet_is_no_beginning_of_what_it_was_made_of() {
    for (pattern, copy) in [("a.log", "a.log.1"), ("*.log", "d.log")] {
        let logs = Logs::new();
        logs.append("a.log", &text(0, 30));
        let mut tail = logs.new_tail(pattern);
        assert_eq!(lines(&mut tail), texts(0, 30));
        logs.append("a.log", &text(30, 40));
        fs::copy(logs.path("a.log"), logs.path(copy)).expect("copied");
        logs.append("a.log", &text(40, 45));
        assert_eq!(lines(&mut logs.again(pattern, &tail)), texts(30, 45), "{copy}");
    }
}

#[test]
fn files_that_begin_alike_and_grow_between_two_looks_are_all_read() {
    for down in [false, true] {
        let logs = Logs::new();
        logs.append("a.log", HEADER);
        logs.append("b.log", HEADER);
        let mut tail = logs.new_tail("*.log");
        lines(&mut tail);
        logs.append("a.log", &text(0, 30));
        logs.append("b.log", &text(30, 50));
        if down {
            tail = logs.again("*.log", &tail);
        }
        let mut read: Vec<_> = new_lines(lines(&mut tail)).collect();
        read.sort();
        let mut expected = texts(0, 50);
        expected.sort();
        assert_eq!(read, expected, "down: {down}");
    }
}
