//! What stands for an access of unknown size in comparisons is never told as a number of people (docs/contract.md §3).

use crate::common::line::{Line, access, by_account, on};
use crate::common::play::play;
use crate::common::world::World;
use leakwarden::model::typology::Typology;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything that is told of a count: no id, time, place or hash.
const TOLD: [&str; 5] = ["observed", "expected", "statute", "explanation", "innocent_reasons"];

/// The whole numbers in all texts and numbers of a value.
fn numbers(value: &Value, found: &mut Vec<u64>) {
    match value {
        Value::Number(number) => found.extend(number.as_u64()),
        Value::String(text) => {
            found.extend(text.replace("cn-2017", "").split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse::<u64>().ok()));
        }
        Value::Array(list) => list.iter().for_each(|one| numbers(one, found)),
        Value::Object(object) => object.values().for_each(|one| numbers(one, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A full read that does not tell how many rows it gave.
fn unsized_read(line: Line, day: i64, time: &str) -> Line {
    line.at(on(day, time)).reads("crm.customers", &["name", "phone"]).set("statement", "SELECT name, phone FROM crm.customers")
}

/// Twelve colleagues and two service accounts; everybody sees a few people a day, some read whole tables now and then, and three begin to do so daily,
/// by night, with direct tools, under purposes that nobody knows.
fn company() -> Vec<Line> {
    let mut lines = Vec::new();
    for day in 0..40i64 {
        for who in 0..12u64 {
            let name = format!("e{who}");
            let people = (0..5u64).map(|n| who * 100 + (day as u64 * 5 + n) % 60);
            lines.push(access(&name).at(on(day, &format!("09:{who:02}"))).reads("crm.customers", &["name", "phone"]).of(people));
            if who < 3 && day % 3 == 0 || who < 6 && day >= 25 && who >= 3 {
                let direct = unsized_read(access(&name), day, &format!("10:{who:02}")).set("client", json!({"app": "psql"}));
                lines.push(direct);
            }
            if who == 6 && day >= 30 {
                lines.extend((0..4).map(|n| unsized_read(access(&name), day, &format!("02:{:02}", n * 7)).set("purpose", "ticket:X-9")));
                lines.push(access(&name).at(on(day, "02:40")).reads("crm.customers", &["name"]).set("rows", 40));
            }
            if who == 7 && day >= 30 {
                let from = json!({"app": "dbeaver", "ip": "10.9.9.9", "host": "other"});
                lines.push(unsized_read(access(&name), day, "23:10").set("client", from));
            }
        }
        if day >= 30 {
            lines.extend((0..3).map(|n| unsized_read(by_account("POOL"), day, &format!("11:{:02}", n * 9))));
        }
    }
    lines.sort_by_key(|line| {
        let line: Value = serde_json::from_str(&line.to_string()).expect("is JSON");
        line["time"].as_str().expect("has a time").to_owned()
    });
    lines
}

#[test]
fn no_alert_tells_a_number_that_nobody_counted() {
    let employees: String = (0..12).map(|who| format!("e{who},U,teller,09:00,18:00\n")).collect();
    let world = World::bank().with("employees.csv", format!("employee,unit,role,shift_start,shift_end\n{employees}"));
    let played = play(&world.context(), &company());
    let (mut typologies, mut unknown) = (BTreeSet::new(), 0);
    for revision in &played.revisions {
        let alert = serde_json::to_value(&revision.alert).expect("writes");
        for part in TOLD {
            let mut told = Vec::new();
            numbers(&alert[part], &mut told);
            // Nobody sees as many as a thousand people, however often they are added up.
            let invented: Vec<u64> = told.into_iter().filter(|number| *number >= 1_000).collect();
            assert!(invented.is_empty(), "{invented:?} in {part}: {}", alert[part]);
        }
        typologies.insert(revision.alert.typology);
        unknown += usize::from(revision.alert.explanation.contains("an unknown number"));
    }
    assert!(typologies.contains(&Typology::BulkExtract) && typologies.len() >= 3 && unknown > 0, "{typologies:?} {unknown}");
    assert!(played.revisions.iter().any(|revision| revision.alert.observed.unknown_accesses > 0));
}

#[test]
fn a_window_says_how_many_of_its_people_can_be_told_apart() {
    let mut lines: Vec<Line> = (0..30u64)
        .map(|day| access("e1").at(on(day as i64, "10:00")).reads("crm.customers", &["name"]).of((0..9).map(|n| day * 9 + n)))
        .collect();
    lines.push(access("e1").at(on(30, "10:00")).reads("crm.customers", &["name"]).set("rows", 700));
    lines.push(access("e1").at(on(30, "11:00")).reads("crm.customers", &["name"]).set("rows", 600));
    let played = play(&World::bank().context(), &lines);
    let alert = played.alerts().into_iter().find(|alert| alert.typology == Typology::BulkExtract).expect("so many rows are an extract");
    assert!(
        alert.explanation.contains("at most 1300 people (0 told apart by their ids, up to 1300 counted by accesses that name nobody)"),
        "{}",
        alert.explanation
    );
    assert_eq!((alert.observed.counted, alert.observed.unknown_accesses), (1_300, 0));
}
