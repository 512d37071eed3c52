//! The time is written with an offset, as a number, or without a zone, so as to fall on another day.

use crate::common::line::on;
use crate::company::{Company, TODAY, takes_all};
use serde_json::json;

#[test]
fn however_the_time_is_written_it_is_the_same() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let at = on(TODAY, "10:00");
    for time in [json!("2026-05-05T00:00:00+14:00"), json!("2026-05-03T22:00:00-12:00"), json!(at.0), json!("2026-05-04 10:00:00Z")] {
        bank.sees_arriving(vec![(at, takes_all("10:00").set("time", time).to_string())]).no_quieter_than(&open);
    }
}
