//! `replay --report`, and the dossiers behind it: they change no alert, hold nothing raw, and the same replay gives the same report.

use crate::common::line::{access, on};
use crate::common::play::Play;
use crate::common::program::leakwarden;
use crate::common::world::World;
use leakwarden::engine::context::Context;
use leakwarden::model::dossier::{Dossier, DutyMark, MOST_BYTES, WEEK_HOURS};
use leakwarden::model::typology::Typology;
use std::path::Path;
use std::sync::Arc;

/// Weeks of a quiet clerk, and an evening on which they go through the list of customers.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for day in 0..40 {
        for n in 0..6 {
            let people = (0..3).map(|k| (day * 31 + n * 7 + k) as u64 % 400);
            lines.push((
                day,
                access("e1").at(on(day, &format!("1{n}:20"))).reads("crm.customers", &["name", "phone"]).of(people).to_string(),
            ));
        }
    }
    for n in 0..60_i64 {
        let people = (0..20).map(|k| 1_000 + (n as u64) * 20 + k);
        let at = on(39, &format!("19:{n:02}"));
        lines.push((40, access("e1").at(at).reads("crm.customers", &["name", "phone"]).of(people).to_string()));
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn world() -> World {
    World::bank().with("employees.csv", "employee,unit,role,shift_start,shift_end\ne1,U,teller,09:00,18:00\n")
}

fn context(dossiers: bool) -> Arc<Context> {
    let mut context = world().context();
    Arc::get_mut(&mut context).expect("nobody else has it").dossiers = dossiers;
    context
}

fn dossier(played: &Play) -> &Dossier {
    let entry =
        played.ledger.in_order().into_iter().find(|entry| entry.alert.typology == Typology::BulkExtract).expect("the evening is told");
    entry.dossier.as_deref().expect("with a dossier")
}

#[test]
fn dossiers_change_no_alert_and_cost_nothing_where_nobody_wants_them() {
    let played = |wanted: bool| crate::common::play::play(&context(wanted), &lines());
    let (without, with) = (played(false), played(true));
    assert_eq!(without.written(), with.written(), "the same alerts, byte by byte");
    assert!(without.ledger.in_order().iter().all(|entry| entry.dossier.is_none()));
    assert!(with.ledger.in_order().iter().any(|entry| entry.dossier.is_some()));
}

#[test]
fn a_dossier_holds_the_days_the_hours_the_accesses_and_the_counter() {
    let played = crate::common::play::play(&context(true), &lines());
    let dossier = dossier(&played);
    assert!(serde_json::to_vec(dossier).expect("is plain data").len() <= MOST_BYTES);
    let last = dossier.days.list.last().expect("has days");
    assert_eq!((dossier.days.list.len(), last.accesses), (40, 66));
    assert!(last.persons >= 1_200 && last.held_out);
    assert_eq!(dossier.days.list[0].persons, 18);
    let own = dossier.days.persons.own.as_ref().expect("own days");
    assert_eq!((own.median, own.days), (18, 39));
    assert_eq!((dossier.week.accesses.len(), dossier.week.accesses.iter().sum::<u32>()), (WEEK_HOURS, 40 * 6 + 60));
    assert_eq!(dossier.week.shift, Some((9 * 60, 18 * 60)));
    let evening: Vec<_> = dossier.accesses.list.iter().filter(|access| access.duty == DutyMark::OutsideShift).collect();
    assert!(evening.len() >= 50, "{}", evening.len());
    let positions: Vec<u64> = dossier.accesses.list.iter().map(|access| access.position).collect();
    assert!(positions.is_sorted() && positions.last() == Some(&300), "{positions:?}");
    assert_eq!(dossier.gauge.on_duty, (2_500, 25_000));
    assert!(dossier.gauge.exposure.b > 0);
}

fn report(dir: &Path, more: &[&str]) -> String {
    let begin = ["replay", "--config", "config.toml", "--report", "report.html", "--alerts", "alerts"];
    let arguments = [&begin[..], more, &["log"]].concat();
    leakwarden(dir, &arguments).well();
    std::fs::read_to_string(dir.join("report.html")).expect("written")
}

#[test]
fn a_report_tells_the_shown_cases_in_both_languages_and_is_the_same_again() {
    let dir = tempfile::tempdir().expect("a directory");
    world().write(dir.path());
    std::fs::write(dir.path().join("log"), lines().join("\n")).expect("written");
    let first = report(dir.path(), &["--threads", "1"]);
    let alerts = std::fs::read_to_string(dir.path().join("alerts")).expect("written");
    assert_eq!(first, report(dir.path(), &["--threads", "4"]), "byte by byte, whatever the threads");
    leakwarden(dir.path(), &["replay", "--config", "config.toml", "--alerts", "alerts", "log"]).well();
    assert_eq!(alerts, std::fs::read_to_string(dir.path().join("alerts")).expect("written"), "a report changes no alert");
    for told in ["many people at once", "e1", "teller", "Own days against the usual", "hash of the configuration", "lang=\"en\""] {
        assert!(first.contains(told), "{told}");
    }
    let chinese = report(dir.path(), &["--lang", "zh-CN"]);
    assert!(chinese.contains("短时间内大量人员") && chinese.contains("lang=\"zh-CN\"") && !chinese.contains("Own days against the usual"));
    let both = report(dir.path(), &["--lang", "both"]);
    assert!(both.contains("短时间内大量人员") && both.contains("Own days against the usual"));
    for html in [&first, &chinese, &both] {
        assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"), "it asks for nothing");
    }
}
