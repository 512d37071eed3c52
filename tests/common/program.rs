//! The program itself, as a process.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a run left.
pub struct Ran {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

/// Runs the program in a directory.
pub fn leakwarden<S: AsRef<OsStr>>(dir: &Path, arguments: &[S]) -> Ran {
    ran(command(dir, arguments).output().expect("the program runs"))
}

/// Runs the program with something on its standard input.
pub fn leakwarden_with<S: AsRef<OsStr>>(dir: &Path, arguments: &[S], input: &[u8]) -> Ran {
    let mut child = command(dir, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut stdin = child.stdin.take().expect("is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("ends");
    // A program that refuses its arguments does not read.
    let _ = writer.join().expect("the writer ends");
    ran(output)
}

/// The program, to be run in a directory.
pub fn command<S: AsRef<OsStr>>(dir: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakwarden"));
    command.args(arguments).current_dir(dir).env("RUST_BACKTRACE", "1");
    command
}

fn ran(output: Output) -> Ran {
    let err = String::from_utf8(output.stderr).expect("messages are UTF-8");
    let status = output.status.code().expect("no signal ended it");
    assert!(!err.contains("panicked"), "{err}");
    Ran { status, out: output.stdout, err }
}

impl Ran {
    /// The run must have ended well.
    #[track_caller]
    pub fn well(self) -> Ran {
        assert_eq!(self.status, 0, "{}", self.err);
        self
    }

    /// Standard output as JSON lines.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        json_lines(&self.out)
    }
}

/// JSON lines.
pub fn json_lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON value a line")).collect()
}
