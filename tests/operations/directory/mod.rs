//! The directory, catalog and reasons as feeds deliver them: cut, empty, doubled, out of order.

mod another_feed_goes_on;
mod cut_off;
mod empty_export;
mod every_feed;
mod other_ids;
mod out_of_order;
mod reasons_topic;
mod rehired;
mod row_twice;
mod smaller_at_start;

use crate::common::service::Service;
use std::fs;
use std::path::Path;

/// `employees.csv` of so many tellers.
fn employees(count: usize) -> String {
    "employee,unit,role\n".to_owned() + &(0..count).map(|n| format!("e{n},U,teller\n")).collect::<String>()
}

const CATALOG: &str = "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n";

/// Every file of a bank of forty, each with ten entries or more.
fn bank(dir: &Path) {
    let lines = |of: &dyn Fn(usize) -> String| (0..40).map(of).collect::<String>();
    let reason =
        |n: usize| format!("{{\"employee\":\"e{n}\",\"from\":\"2026-03-02T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"T-{n}\"}}\n");
    let files = [
        ("subject.key", "a secret of thirty-two bytes, or more".to_owned()),
        ("catalog.toml", CATALOG.to_owned() + &lines(&|n| format!("[[table]]\ntable = \"app.t{n}\"\nsubject = \"id\"\n"))),
        ("employees.csv", employees(40)),
        ("accounts.csv", "account,employee\n".to_owned() + &lines(&|n| format!("login{n},e{n}\n"))),
        ("absences.csv", "employee,from,to,kind\n".to_owned() + &lines(&|n| format!("e{n},2026-01-05,2026-01-06,leave\n"))),
        ("calendar.csv", "date,kind\n".to_owned() + &(0..20).map(|n| format!("2026-05-{:02},holiday\n", n + 1)).collect::<String>()),
        ("subjects.csv", "subject,tag,owner\n".to_owned() + &lines(&|n| format!("{n},canary,\n"))),
        ("explanations.jsonl", lines(&reason)),
        ("access.jsonl", String::new()),
        (
            "config.toml",
            "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[directory]\nemployees = \"employees.csv\"\n\
             accounts = \"accounts.csv\"\nabsences = \"absences.csv\"\ncalendar = \"calendar.csv\"\nsubjects = \"subjects.csv\"\n\
             explanations = \"explanations.jsonl\"\n[[source]]\nname = \"access\"\npath = \"access.jsonl\"\nformat = \"canonical\"\n\
             [[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[reload]\nwatch = false\n"
                .to_owned(),
        ),
    ];
    for (name, text) in files {
        write(dir, name, &text);
    }
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).expect("written");
}

/// Delivers a file and asks the service to read again, until the outcome was counted once more.
fn deliver(service: &Service, dir: &Path, name: &str, text: &str, outcome: &str) {
    write(dir, name, text);
    read_again(service, outcome);
}

/// Asks the service to read again, until the outcome was counted once more.
fn read_again(service: &Service, outcome: &str) {
    let series = format!("leakwarden_config_reloads_total{{outcome=\"{outcome}\"}}");
    let before = service.metric(&series);
    service.signal("HUP");
    service.wait(outcome, |service| service.metric(&series) > before);
}

fn entries(service: &Service, feed: &str) -> f64 {
    service.metric(&format!("leakwarden_feed_entries{{feed=\"{feed}\"}}"))
}

fn is_shrunken(service: &Service, feed: &str) -> bool {
    service.metric(&format!("leakwarden_feed_shrunken{{feed=\"{feed}\"}}")) > 0.0
}
