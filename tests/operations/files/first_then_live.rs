//! History first, then live.

use super::{Company, amiss, has_read, records};
use crate::common::line::{access, on};
use std::fs;

/// Forty records in each working hour of some days.
fn office(days: std::ops::Range<i64>) -> String {
    let mut all = String::new();
    for day in days.filter(|day| day % 7 < 5) {
        for n in 0..360_u64 {
            let at = on(day, &format!("{:02}:{:02}", 9 + n / 40, n % 40));
            let line = access(&format!("e{}", n % 30)).at(at).reads("crm.customers", &["name"]).of([n % 50]).rows(1);
            all += &format!("{line}\n");
        }
    }
    all
}

/// Somebody goes live as it is documented: replays last month's export into the state, then follows the log.
/// The export is a source that ended, and its silence is no gap.
#[test]
fn an_old_file_is_replayed_under_another_name_and_the_new_one_followed() {
    let company = Company::new("core.log");
    company.write("february.jsonl", office(0..28));
    company.run(&["replay", "--config", "config.toml", "--state", "state", "february.jsonl"]).well();
    company.write("core.log", office(28..35));
    let service = company.start();
    has_read(&service, 5 * 360);
    company.append("core.log", &office(35..42));
    has_read(&service, 10 * 360);
    assert!(service.alerts().iter().all(|alert| alert["typology"] != "log_gap"), "{:#?}", service.alerts());
    service.wait("the days are settled", |service| amiss(service, "log_gap", 28, 38).is_some());
    assert_eq!(amiss(&service, "log_gap", 28, 38).expect("they are"), [0; 10]);
    service.stop();
}

/// Somebody copies the log, replays the copy into the state, and follows the log, which has gone on.
#[test]
fn what_was_replayed_from_a_copy_is_not_read_again_from_the_log() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 300));
    fs::copy(company.path("core.log"), company.path("copy.jsonl")).expect("copied");
    company.gzip("copy.jsonl");
    company.run(&["replay", "--config", "config.toml", "--state", "state", "copy.jsonl.gz"]).well();
    company.append("core.log", &records(300, 310));
    let service = company.start();
    has_read(&service, 10);
    service.stop();
}

/// Every month somebody replays the export, always under the same name, into one state.
#[test]
fn another_log_of_the_same_name_is_replayed_as_a_whole() {
    let company = Company::new("elsewhere.log");
    let replay = |company: &Company| company.run(&["replay", "--config", "config.toml", "--state", "state", "export.jsonl"]).well().err;
    company.write("export.jsonl", records(0, 300));
    let first = replay(&company);
    company.write("export.jsonl", records(300, 500));
    let second = replay(&company);
    assert!(second.contains("200 lines") || second.contains("200 records"), "{first}\n{second}");
    company.append("export.jsonl", &records(500, 510));
    let third = replay(&company);
    assert!(third.contains("10 lines") || third.contains("10 records"), "{third}");
}
