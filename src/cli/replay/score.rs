//! `replay --labels`: scores the alerts against ground truth. Tables on standard error, and the same as JSON for scripts.

use anyhow::Context as _;
use leakwarden::classify::directory::Directory;
use leakwarden::evaluate::labels::{self, Decoy, Label, Leak};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::evaluate::leaks::LeakProgress;
use leakwarden::evaluate::reference;
use leakwarden::evaluate::score::{self, DetectionMetrics, GroundTruth, LabelOutcome, Precision, RecallSummary, Score, ShownCases};
use leakwarden::model::time::Span;
use leakwarden::pipeline::replay::Replay;
use leakwarden::private_file::{self, Readers};
use leakwarden::telemetry::untrusted::Untrusted;
use std::io::Write as _;
use std::path::Path;

use crate::cli::Failure;

/// The ground truth, as read from files.
pub struct GroundTruthFiles {
    /// Who did what.
    pub labels: Vec<Label>,
    /// Who only looked like it.
    pub decoys: Vec<Decoy>,
    /// What each act disclosed, where a file says so.
    pub leaks: Vec<Leak>,
}

impl GroundTruthFiles {
    /// Reads the labels, and the decoys and leaks: those named, else those that lie beside the labels.
    pub fn read(labels: &Path, decoys: Option<&Path>, leaks: Option<&Path>) -> Result<GroundTruthFiles, Failure> {
        let beside = |name: &str| Some(labels.with_file_name(name)).filter(|path| path.is_file());
        let text = |argument: &str, path: &Path| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path);
            text.map(|text| (text, name))
                .map_err(|error| Failure::argument(&format!("{argument} {}", path.display()), "must be readable", error))
        };
        let (labels_text, labels_name) = text("--labels", labels)?;
        let decoys = decoys.map(Path::to_owned).or_else(|| beside("decoys.csv"));
        let leaks = leaks.map(Path::to_owned).or_else(|| beside("leaked.csv"));
        let decoys = decoys.map(|path| text("--decoys", &path)).transpose()?;
        let leaks = leaks.map(|path| text("--leaked", &path)).transpose()?;
        Ok(GroundTruthFiles {
            labels: labels::parse(&labels_text, &labels_name)?,
            decoys: decoys.map_or_else(|| Ok(Vec::new()), |(text, name)| labels::parse_decoys(&text, &name))?,
            leaks: leaks.map_or_else(|| Ok(Vec::new()), |(text, name)| labels::parse_leaks(&text, &name))?,
        })
    }
}

/// An employee counts as a new hire for this long.
const NEW_FOR: Span = Span::days(30);

/// Whether the label's employee was hired within [`NEW_FOR`] before it begins.
pub fn is_new(directory: &Directory, label: &Label) -> bool {
    let hired = directory.employee_at(&label.employee, label.from).and_then(|employee| employee.hired);
    hired.is_some_and(|day| day.utc_midnight() + NEW_FOR > label.from)
}

/// Scores the alerts of a replay, and on request the reference detectors beside them.
pub fn score(replay: &Replay, ledger: &LatestAlerts, known: &GroundTruthFiles, leaks: &LeakProgress, references: bool) -> ScoreReport {
    let directory = &replay.engine().context().classifier.directory;
    let truth = GroundTruth { labels: &known.labels, decoys: &known.decoys, leaks, is_new: &|label| is_new(directory, label) };
    let days = replay.tally.days();
    let of = |detections: &[score::Detection]| score::score(&truth, detections, days);
    let budget = replay.engine().context().alerts.budget_per_day;
    let table = if references { reference::REFERENCE_DETECTORS } else { &[] };
    let figures = if references { reference::days(replay.engine()) } else { Vec::new() };
    let references = table.iter().map(|(name, begin)| (*name, of(&reference::detections(&mut *begin(), &figures, budget)).shown));
    ScoreReport { references: references.collect(), ours: of(&score::detections(ledger)) }
}

/// Difficulties in the order of the tables.
const DIFFICULTIES: [&str; 4] = ["obvious", "medium", "subtle", "unknown"];

/// The score of our alerts, and of the reference detectors.
#[derive(serde::Serialize)]
pub struct ScoreReport {
    /// Ours.
    #[serde(flatten)]
    pub ours: Score,
    /// Reference detectors within the same budget, by name.
    #[serde(serialize_with = "by_name")]
    pub references: Vec<(&'static str, DetectionMetrics)>,
}

fn by_name<S: serde::Serializer>(of: &[(&'static str, DetectionMetrics)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(of.iter().map(|(name, side)| (name, side)))
}

/// Prints the tables.
pub fn print(ScoreReport { ours: score, references }: &ScoreReport) {
    let columns: Vec<&str> = DIFFICULTIES.into_iter().filter(|name| score.all.by_difficulty.contains_key(*name)).collect();
    by_typology(score, &columns);
    by_difficulty(score, &columns);
    totals("all alerts", &score.all);
    totals("within the budget", &score.shown);
    cases(&score.shown_cases);
    decoys(score);
    if !references.is_empty() {
        compare(&score.shown, references, &columns);
    }
    score.cases.iter().filter(|case| case.shown.is_none()).for_each(missed);
}

fn by_typology(score: &Score, columns: &[&str]) {
    let head = columns.iter().map(|name| format!("{name:>8}")).collect::<String>();
    let side = format!("{head}{:>8}{:>8}{:>8}", "as such", "hours", "leaked");
    let width = side.chars().count();
    eprintln!("\n{:<27} {:<width$} | {:<width$}", "caught of labelled", "all alerts", "within the budget");
    eprintln!("{:<27} {side} | {side}", "typology");
    for (typology, row) in &score.all.by_typology {
        let shown = &score.shown.by_typology[typology];
        let cells = |side: &DetectionMetrics, row: &RecallSummary| {
            let both = &side.by_both[typology];
            let cell = |name: &&str| both.get(*name).map_or(String::new(), |row| format!("{}/{}", row.caught, row.labels));
            let cells: String = columns.iter().map(|name| format!("{:>8}", cell(name))).collect();
            format!("{cells}{:>8}{:>8}{:>8}", row.named, hours(row), percent(row.median_leaked))
        };
        eprintln!("{typology:<27} {} | {}", cells(&score.all, row), cells(&score.shown, shown));
    }
}

fn by_difficulty(score: &Score, columns: &[&str]) {
    let side = format!("{:>8}{:>7}{:>10}{:>7}{:>8}{:>8}", "caught", "recall", "episodes", "recall", "hours", "leaked");
    eprintln!("\n{:<20}{:>7} {side} | {side}", "difficulty", "labels");
    let line = |name: &str, all: &RecallSummary, shown: &RecallSummary| {
        let cells = |row: &RecallSummary| {
            let episodes = format!("{}/{}", row.episodes_caught, row.episodes);
            let (recall, of_episodes) = (format!("{:.3}", row.recall), format!("{:.3}", row.episode_recall));
            format!("{:>8}{recall:>7}{episodes:>10}{of_episodes:>7}{:>8}{:>8}", row.caught, hours(row), percent(row.median_leaked))
        };
        eprintln!("{name:<20}{:>7} {} | {}", all.labels, cells(all), cells(shown));
    };
    for name in columns {
        line(name, &score.all.by_difficulty[*name], &score.shown.by_difficulty[*name]);
    }
    line("all", &score.all.total, &score.shown.total);
    if score.all.new_hires.labels > 0 {
        line("new hires", &score.all.new_hires, &score.shown.new_hires);
        line("not new", &score.all.settled_staff, &score.shown.settled_staff);
    }
    eprintln!();
}

fn totals(name: &str, side: &DetectionMetrics) {
    eprintln!(
        "{name}: recall {:.3} ({} of {}), precision {:.3} ({} of {} alerts), {:.2} alerts a day, {:.2} false a day, {} of {} decoys alarmed",
        side.total.recall,
        side.total.caught,
        side.total.labels,
        side.precision,
        side.true_alerts,
        side.alerts,
        side.per_day,
        side.false_per_day,
        side.decoys_alarmed,
        side.decoys,
    );
}

fn cases(shown: &ShownCases) {
    let precision = |name: &str, of: Precision| format!("{:.3} of {name} ({} of {})", of.precision, of.true_cases, of.cases);
    eprintln!(
        "cases shown: {} ({:.2} a day), {} true; precision {:.3}: {}, {}",
        shown.cases,
        shown.per_day,
        shown.true_cases,
        shown.precision,
        precision("the first a day", shown.at_one_a_day),
        precision("the first three a day", shown.at_three_a_day),
    );
}

fn decoys(score: &Score) {
    let alarmed = score.all.by_decoy.iter().filter(|(_, (alarmed, _))| *alarmed > 0);
    for (kind, (all, of)) in alarmed {
        let shown = score.shown.by_decoy.get(kind).map_or(0, |(shown, _)| *shown);
        eprintln!("  decoy   {}: {all} of {of} alarmed, {shown} within the budget", Untrusted(kind));
    }
}

/// Our alerts and the reference detectors side by side, within the same budget.
fn compare(ours: &DetectionMetrics, references: &[(&'static str, DetectionMetrics)], columns: &[&str]) {
    let head: String = columns.iter().map(|name| format!("{name:>9}")).collect();
    eprintln!("\n{:<26}{head}{:>9}{:>10}{:>8}{:>10}{:>8}", "within the budget", "all", "precision", "a day", "decoys", "leaked");
    for (name, side) in [("leakwarden", ours)].into_iter().chain(references.iter().map(|(name, side)| (*name, side))) {
        let recall = |name: &&str| side.by_difficulty.get(*name).map_or(String::new(), |row| format!("{:.3}", row.recall));
        let cells: String = columns.iter().map(|name| format!("{:>9}", recall(name))).collect();
        let decoys = format!("{}/{}", side.decoys_alarmed, side.decoys);
        let (precision, per_day) = (format!("{:.3}", side.precision), format!("{:.2}", side.per_day));
        let leaked = percent(side.total.median_leaked);
        eprintln!("{name:<26}{cells}{:>9.3}{precision:>10}{per_day:>8}{decoys:>10}{leaked:>8}", side.total.recall);
    }
}

fn missed(case: &LabelOutcome) {
    let (from, to) = case.between;
    let who = format!(
        "{} {} {}{}",
        Untrusted(&case.employee),
        case.typology,
        Untrusted(&case.difficulty),
        if case.new_hire { " new" } else { "" }
    );
    match &case.all {
        Some(caught) => {
            let typology = caught.typology.map_or("", |typology| typology.name());
            eprintln!("  over    {who}: after {:.1} h as {typology}, not within the budget", caught.hours);
        }
        None => eprintln!("  MISSED  {who}: from {from} to {to}"),
    }
}

fn hours(row: &RecallSummary) -> String {
    row.median_hours.map_or_else(|| "-".to_owned(), |hours| format!("{hours:.1}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Writes everything as JSON.
pub fn write(path: &Path, score: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(score).context("a score is plain data")?;
    let cannot = || format!("cannot write {}", path.display());
    let mut file = private_file::create(path, Readers::Group).with_context(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).with_context(cannot)?;
    Ok(file.finish().with_context(cannot)?)
}
