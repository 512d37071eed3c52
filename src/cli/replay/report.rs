//! `replay --report`: the gravest shown cases, what was read and what was not seen, as one HTML file.

use crate::cli::Failure;
use crate::cli::replay::pass::create;
use leakwarden::evaluate::latest_alerts::{LatestAlert, LatestAlerts};
use leakwarden::model::severity::Severity;
use leakwarden::model::typology::Typology;
use leakwarden::page::report::{HouseCoverage, Report, SetUp, WhatWasRead, report};
use leakwarden::page::{AlertView, CaseView, Lang};
use leakwarden::pipeline::replay::Replay;
use leakwarden::profile::window::day_of;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// In which languages a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Languages {
    /// English
    #[default]
    En,
    /// 简体中文
    #[value(name = "zh-CN")]
    Zh,
    /// English, then 简体中文
    Both,
}

impl Languages {
    fn list(self) -> &'static [Lang] {
        match self {
            Languages::En => &[Lang::En],
            Languages::Zh => &[Lang::Zh],
            Languages::Both => &Lang::ALL,
        }
    }
}

/// Writes the report of a finished replay.
pub fn write(path: &Path, replay: &Replay, ledger: &LatestAlerts, languages: Languages) -> Result<(), Failure> {
    let (cases, not_shown) = cases(ledger);
    let data = Report { cases, not_shown, read: what_was_read(replay, ledger), coverage: coverage(replay), set_up: set_up(replay) };
    let mut out = create(path)?;
    out.write_all(report(&data, languages.list()).as_bytes())?;
    Ok(out.finish()?)
}

/// The cases that were shown, the gravest first, and how many were not.
fn cases(ledger: &LatestAlerts) -> (Vec<CaseView<'_>>, usize) {
    let mut by_id: BTreeMap<&str, Vec<&LatestAlert>> = BTreeMap::new();
    for entry in ledger.in_order() {
        by_id.entry(&entry.alert.case).or_default().push(entry);
    }
    let all = by_id.len();
    let is_shown = |entries: &Vec<&LatestAlert>| entries.iter().any(|entry| entry.alert.shown_at.is_some());
    let mut cases: Vec<CaseView<'_>> =
        by_id.into_iter().filter(|(_, entries)| is_shown(entries)).map(|(id, entries)| case(id, entries)).collect();
    cases.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(b.id)));
    let not_shown = all - cases.len();
    (cases, not_shown)
}

fn case<'a>(id: &'a str, mut entries: Vec<&'a LatestAlert>) -> CaseView<'a> {
    let shown = entries.iter().filter(|entry| entry.alert.shown_at.is_some());
    let score = shown.map(|entry| entry.case_score_when_shown).fold(0.0, f64::max);
    entries.sort_by(|a, b| {
        let (a, b) = (&a.alert, &b.alert);
        b.severity.cmp(&a.severity).then(b.score.total_cmp(&a.score)).then_with(|| a.id.cmp(&b.id))
    });
    let alerts = entries.into_iter().map(|entry| AlertView { alert: &entry.alert, dossier: entry.dossier.as_deref() }).collect();
    CaseView { id, score, alerts }
}

fn what_was_read(replay: &Replay, ledger: &LatestAlerts) -> WhatWasRead {
    let tally = &replay.tally;
    let mut alerts: BTreeMap<(Typology, Severity), usize> = BTreeMap::new();
    for entry in ledger.in_order() {
        *alerts.entry((entry.alert.typology, entry.alert.severity)).or_default() += 1;
    }
    WhatWasRead {
        inputs: replay.formats().into_iter().map(|(file, format)| (file, format.map_or("?".to_owned(), ToString::to_string))).collect(),
        times: tally.times.map(|(first, last)| (first.to_string(), last.to_string())),
        records: tally.lines,
        accepted: tally.accepted,
        late: tally.late,
        duplicates: tally.duplicate,
        ignored: tally.ignored.iter().map(|(reason, count)| (reason.name().to_owned(), count)).collect(),
        dead: tally.reasons.iter().map(|(reason, count)| (reason.clone(), *count)).collect(),
        people: replay.engine().profiles().len() as u64,
        alerts: alerts.into_iter().map(|((typology, severity), count)| (typology, severity, count)).collect(),
    }
}

fn coverage(replay: &Replay) -> HouseCoverage {
    let covered = replay.engine().coverage();
    let mut tables: Vec<(String, u64)> = covered.tables.iter().map(|(table, count)| (table.to_string(), *count)).collect();
    tables.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    HouseCoverage { days: covered.days.iter().map(|(day, counts)| (day_of(*day).to_string(), *counts)).collect(), tables }
}

fn set_up(replay: &Replay) -> SetUp {
    let context = replay.engine().context();
    SetUp {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: context.config.clone(),
        baseline: replay.engine().models().version.clone(),
        calibration: context.calibration.version.clone(),
        jurisdiction: context.statute.jurisdiction.clone(),
        budget_per_day: context.alerts.budget_per_day,
        show_at: context.alerts.show_at,
        explanations: context.explanations.configured(),
        public_key: context.classifier.keys.are_built_in(),
    }
}
