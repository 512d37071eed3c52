//! The power test: insiders planted into a log are caught, look like the work of those who are made insiders, and leave nothing behind.

use crate::common::program::leakwarden;
use crate::common::world::{World, load_from};
use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::engine::Engine;
use leakwarden::engine::context::Context;
use leakwarden::evaluate::inject::spec::InjectionSpec;
use leakwarden::evaluate::inject::work_patterns::WorkPatterns;
use leakwarden::evaluate::inject::{InjectedAccesses, Insider, plan, result};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::time::Timestamp;
use leakwarden::model::typology::Typology;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use leakwarden::simulate::{Company, Options};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A small company's log, passed over once.
struct Passed {
    _dir: tempfile::TempDir,
    config: Config,
    context: Arc<Context>,
    files: Vec<String>,
    patterns: WorkPatterns,
    plain: LatestAlerts,
}

impl Passed {
    fn new() -> Passed {
        let dir = tempfile::tempdir().expect("a directory");
        let company = Company::new(Options { employees: 80, days: 40, seed: 3, ..Options::default() }).expect("a company");
        company.write(dir.path()).expect("written");
        let config = load::read_config(&dir.path().join("config.toml")).expect("is valid");
        let context = load_from(&dir.path().join("config.toml"));
        let files = vec![dir.path().join("access.jsonl").display().to_string()];
        let (ledger, patterns) = pass(&config, &context, &files, InjectedAccesses::default());
        Passed { _dir: dir, config, context, files, patterns, plain: ledger }
    }

    fn suspected(&self) -> BTreeSet<String> {
        self.plain.in_order().into_iter().filter_map(|entry| entry.alert.employee.clone()).collect()
    }

    fn plan(&self, spec: &str) -> Result<Vec<Insider>, String> {
        let spec = InjectionSpec::parse(spec).expect("is valid");
        plan::plan(&spec, &self.patterns, &self.suspected(), &self.context).map_err(|problems| problems[0].to_string())
    }

    fn with(&self, insiders: &[Insider]) -> LatestAlerts {
        pass(&self.config, &self.context, &self.files, InjectedAccesses::of(insiders)).0
    }
}

fn pass(config: &Config, context: &Arc<Context>, files: &[String], planted: InjectedAccesses) -> (LatestAlerts, WorkPatterns) {
    let assigned = assign(config, files, None);
    let mut replay = Replay::open(Engine::new(context.clone()), assigned, TimeRange::default(), 2, &BTreeMap::new()).expect("opened");
    let mut tap = (planted, WorkPatterns::default());
    let mut ledger = LatestAlerts::default();
    while let Some(round) = replay.round_with(&mut tap).expect("reads") {
        ledger.take(round.output.revisions);
    }
    ledger.take(replay.finish().output.revisions);
    assert_eq!(replay.tally.late, 0, "what is planted comes in time");
    (ledger, tap.1)
}

fn written(ledger: &LatestAlerts) -> Vec<String> {
    ledger.in_order().into_iter().map(|entry| serde_json::to_string(&entry.alert).expect("writes")).collect()
}

#[test]
fn planted_insiders_are_caught_and_what_came_before_them_is_unchanged() {
    let passed = Passed::new();
    let insiders = passed.plan("typology=low_and_slow,persons_per_day=150,days=10,insiders=5,seed=1").expect("can be planted");
    assert_eq!(insiders.len(), 5);
    let with = passed.with(&insiders);
    let result = result::measure(&insiders, &passed.plain, &with, 40.0);
    assert_eq!(result.caught, 5, "{result:#?}");
    assert!(result.median_days.is_some_and(|days| days < 7.0), "{result:#?}");
    assert!(result.insiders.iter().all(|outcome| outcome.people > 300), "{result:#?}");
    // Peers learn from everybody, so that what comes later may differ a little for others; what came before does not.
    let begins = insiders.iter().map(|insider| insider.between().0).min().expect("five");
    let opened_before = |ledger: &LatestAlerts| -> Vec<(String, String)> {
        let alerts = ledger.in_order().into_iter().map(|entry| (entry.alert.id.clone(), entry.alert.raised_at.clone()));
        alerts.filter(|(_, raised)| Timestamp::parse(raised).expect("a time") < begins).collect()
    };
    assert_eq!(opened_before(&passed.plain), opened_before(&with));
    assert!(!opened_before(&with).is_empty());
    // Nothing planted is nothing changed.
    assert_eq!(written(&passed.plain), written(&passed.with(&[])));

    every_pattern_looks_like_the_work_of_its_insider(&passed);
}

#[test]
fn those_who_act_together_share_a_list_and_a_gap_takes_records_away() {
    let passed = Passed::new();
    let team = passed
        .plan("typology=vendor_cohort,strength=obvious,insiders=2,seed=2")
        .or_else(|_| passed.plan("typology=splitting_collusion,insiders=2"));
    let team = team.expect("there are colleagues");
    assert!(
        team.len() >= 2 && team.iter().all(|one| one.others.len() == team.len() - 1),
        "{:?}",
        team.iter().map(|one| &one.others).collect::<Vec<_>>()
    );
    let gap = passed.plan("typology=log_gap,insiders=1,seed=4").expect("somebody can");
    let (config, context) = (&passed.config, &passed.context);
    let read = |planted: InjectedAccesses| {
        let mut replay =
            Replay::open(Engine::new(context.clone()), assign(config, &passed.files, None), TimeRange::default(), 2, &BTreeMap::new());
        let replay = replay.as_mut().expect("opened");
        let mut tap = planted;
        while replay.round_with(&mut tap).expect("reads").is_some() {}
        replay.finish();
        replay.tally.accepted
    };
    let (all, fewer) = (read(InjectedAccesses::default()), read(InjectedAccesses::of(&gap)));
    assert!(fewer < all, "{all} accepted, {fewer} with the audit off");
    let alarmed = passed.with(&gap);
    let found = alarmed.in_order().into_iter().map(|entry| &entry.alert);
    let mut found = found.filter(|alert| alert.employee.as_deref() == Some(&*gap[0].employee));
    assert!(found.any(|alert| alert.typology == Typology::LogGap));
}

/// Part of the test above, which has passed over the log already.
fn every_pattern_looks_like_the_work_of_its_insider(passed: &Passed) {
    let mut planted = 0;
    for typology in Typology::ALL.iter().filter(|typology| InjectionSpec::parse(&format!("typology={typology}")).is_ok()) {
        let insiders = match passed.plan(&format!("typology={typology},insiders=2,seed=5")) {
            Ok(insiders) => insiders,
            Err(reason) => {
                assert!(reason.contains(" needs "), "{reason}");
                continue;
            }
        };
        planted += 1;
        let again = passed.plan(&format!("typology={typology},insiders=2,seed=5")).expect("as before");
        for (insider, again) in insiders.iter().zip(&again) {
            let (acts, pattern) = (&insider.acts, &passed.patterns.by_employee[&insider.employee]);
            assert_eq!(format!("{acts:?}"), format!("{:?}", again.acts), "{typology}: the same seed plants the same");
            assert!(acts.windows(2).all(|pair| pair[0].time <= pair[1].time), "{typology}");
            assert!(acts.iter().all(|act| act.actor.name() == &insider.employee), "{typology}");
            let half = pattern.days.values().nth(pattern.days.len() / 3).expect("has worked").0;
            assert!(acts.iter().all(|act| act.time > half), "{typology}: history comes first");
            let mut ids: Vec<_> = acts.iter().filter_map(|act| act.id.as_ref().map(|id| id.print)).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), acts.len(), "{typology}: no duplicates");
        }
    }
    assert!(planted >= 22, "{planted} patterns can be planted into a whole company");
}

fn refused(dir: &Path, arguments: &[&str], words: &[&str]) {
    let ran = leakwarden(dir, arguments);
    assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.err);
    assert!(words.iter().all(|word| ran.err.contains(word)), "{arguments:?}: {}", ran.err);
}

#[test]
fn it_refuses_to_leave_anything_planted_behind_and_says_what_cannot_be_planted() {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    std::fs::write(dir.path().join("log"), "").expect("written");
    let replay = |more: &[&'static str]| [&["replay", "--config", "config.toml", "--inject"], more].concat();
    refused(dir.path(), &replay(&["typology=low_and_slow", "--state", "state", "log"]), &["--inject", "--state"]);
    refused(dir.path(), &replay(&["typology=low_and_slow", "--alerts", "-", "log"]), &["--inject", "--alerts"]);
    refused(dir.path(), &replay(&["typology=low_and_slow", "-"]), &["FILES", "twice"]);
    refused(dir.path(), &replay(&["typology=theft", "log"]), &["--inject typology", "must be one of", "theft"]);
    refused(dir.path(), &replay(&["typology=low_and_slow,role=pilot", "log"]), &["--inject", "role", "pilot"]);
    assert!(!dir.path().join("state").exists());
}
