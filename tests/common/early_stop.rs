//! A service that is told to stop when it has hardly begun.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// When to tell it, after it was spawned: before it has read anything, while it starts, and when it runs.
pub fn moments() -> impl Iterator<Item = Duration> {
    (0..=50).map(|step| Duration::from_millis(10 * step))
}

/// Whether a process has a handler for SIGTERM by now. A program that is still being loaded has none: the system ends it.
pub fn hears(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & (1 << 14) != 0)
}

/// Waits for the end of a process.
#[track_caller]
pub fn ended(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a process") {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}
