//! History was replayed into a state, and the service goes on from there.
//!
//! The rule: what the replay left open is open, and shown, for Prometheus as well.

use super::bank::{extract, look, standing, sum, write};
use crate::common::line::Line;
use crate::common::program::leakwarden;
use crate::common::service::{Service, append};

#[test]
fn what_a_replay_left_open_is_open_in_the_service() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    // So many that the replay knows how far time has come before the file ends.
    let looks = |day: i64| (0..400).map(move |n| look(day, &format!("{:02}:{:02}", 10 + n / 60, n % 60)));
    let history: Vec<Line> = extract("e1", 0, 9).into_iter().chain(looks(0)).chain(extract("e2", 1, 9)).chain(looks(1)).collect();
    append(&dir.join("history.jsonl"), &history);
    let replay = ["replay", "--config", "config.toml", "--format", "canonical", "--state", "state", "--alerts", "-", "history.jsonl"];
    let alerts = leakwarden(dir, &replay).well().lines();
    let open = |shown: bool| {
        let is_open = alerts.iter().filter(|alert| alert["state"] == "open" && (!shown || !alert["shown_at"].is_null()));
        is_open.count() as f64
    };
    assert!(open(true) >= 2.0, "{alerts:?}");
    let service = Service::start(dir);
    assert_eq!(standing(&service).map(|gauge| sum(&gauge)), [open(false), open(true)]);
    service.stop();
}
