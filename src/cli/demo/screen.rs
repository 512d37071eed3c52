//! What the demo shows: a line that counts, a card for each alert, and at the end who was caught after how many people.

use super::broker::Pace;
use crossbeam_channel::Sender;
use indicatif::{ProgressBar, ProgressStyle};
use leakwarden::engine::output::{Output, Revision};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::evaluate::score::Score;
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::Timestamp;
use leakwarden::pipeline::service::observer::{Observer, Progress};
use leakwarden::telemetry::untrusted::Untrusted;
use leakwarden::triage::case::CaseView;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The screen.
pub struct Screen {
    line: ProgressBar,
    terminal: bool,
    /// When the counting line was last printed where there is no terminal.
    printed: Instant,
    pace: Pace,
    ledger: LatestAlerts,
    /// Gravest card shown of each alert.
    cards: BTreeMap<String, Severity>,
    total: u64,
    end: Instant,
    stop: Option<Sender<()>>,
}

/// How often the counting line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

impl Screen {
    /// An empty screen.
    pub fn new() -> Screen {
        let line = ProgressBar::new_spinner();
        line.set_style(ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let now = Instant::now();
        Screen {
            line,
            terminal: std::io::stderr().is_terminal(),
            printed: now,
            pace: Pace::default(),
            ledger: LatestAlerts::default(),
            cards: BTreeMap::new(),
            total: 0,
            end: now,
            stop: None,
        }
    }

    /// Prints a line above the counting one.
    pub fn say(&self, text: &str) {
        if self.terminal {
            self.line.println(text);
        } else {
            println!("{text}");
        }
    }

    /// Where the consumer's position is told.
    pub fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// Counts while history is read.
    pub fn history(&mut self, records: u64, took: Duration) {
        self.count(&format!("replaying history: {records} records, {:.0} records/s", records as f64 / took.as_secs_f64().max(1e-3)));
    }

    /// Today begins: alerts of history are known and get no card.
    pub fn begin_today(&mut self, ledger: LatestAlerts, total: u64, end: Instant, stop: Sender<()>) {
        self.cards = ledger.in_order().iter().map(|entry| (entry.alert.id.clone(), entry.alert.severity)).collect();
        (self.ledger, self.total, self.end, self.stop) = (ledger, total, end, Some(stop));
    }

    fn count(&mut self, text: &str) {
        if self.terminal {
            self.line.set_message(text.to_owned());
            self.line.tick();
        } else if self.printed.elapsed() >= EVERY {
            self.printed = Instant::now();
            println!("   {text}");
        }
    }

    /// Today is over: takes in what settled last and gives the alerts back.
    pub fn end(&mut self, settled: Output) -> LatestAlerts {
        self.line.finish_and_clear();
        self.ledger.take(settled.revisions);
        self.ledger.clone()
    }

    /// Who was caught, after how many people, and who was missed.
    pub fn summary(&self, score: &Score, today: Timestamp) {
        let (all, caught) = (&score.all, score.all.total.caught);
        println!();
        println!(
            "Against the labels: {caught} of {} insiders have an alert; {} of {} alerts concern one of them.",
            all.total.labels, all.true_alerts, all.alerts
        );
        for case in &score.cases {
            let when = if case.between.1 < today { "in history" } else { "today" };
            let what = format!("{} ({}, {when})", Untrusted(&case.employee), case.typology);
            match &case.all {
                Some(found) => {
                    let people = found.people.map_or("an unknown number of".to_owned(), |n| n.to_string());
                    println!(
                        "   caught   {what:<52} {:>6.1} h after the first act, {people} people in the window, as {}",
                        found.hours,
                        found.typology.map_or("", |typology| typology.name())
                    );
                }
                None => println!("   missed   {what:<52}"),
            }
        }
        println!();
        println!("An alert says that numbers are unusual and unexplained, and never that somebody did wrong. What a database log");
        println!("cannot see stays unseen: screens photographed, copies on shared drives, codes taken from customers' phones.");
    }
}

impl Observer for Screen {
    fn alerts(&mut self, alerts: &[Arc<Alert>]) {
        for alert in alerts {
            let at = Timestamp::parse(&alert.last_access).unwrap_or_default();
            self.ledger.take([Revision { at, alert: (**alert).clone(), case: CaseView::default(), is_news: true, dossier: None }]);
            let shown = self.cards.get(&alert.id).copied();
            match alert.state {
                AlertState::Open if shown.is_none_or(|shown| shown < alert.severity) => {
                    self.cards.insert(alert.id.clone(), alert.severity);
                    self.say(&card(alert, shown.is_some()));
                }
                AlertState::Open | AlertState::Closed => {}
                AlertState::Retracted => self.say(&format!("   retracted: {} {}", alert.typology, alert.id)),
            }
        }
    }

    fn stepped(&mut self, progress: &Progress) {
        self.pace.consumed(progress.records);
        let at = progress.watermark.map_or("-".to_owned(), |at| at.to_string());
        let left = self.end.saturating_duration_since(Instant::now()).as_secs();
        self.count(&format!(
            "{} of {} records today   {} employees   watermark {at}   {} alerts open   {left} s left",
            progress.records, self.total, progress.employees, progress.open
        ));
        let over = Instant::now() >= self.end || (self.total > 0 && progress.records >= self.total);
        if over && let Some(stop) = self.stop.take() {
            // A full channel means that it was told already.
            let _ = stop.try_send(());
        }
    }
}

/// An alert as a card.
fn card(alert: &Alert, raised: bool) -> String {
    let who = alert.about();
    let place: Vec<String> = [&alert.role, &alert.unit].into_iter().flatten().map(|text| Untrusted(text).to_string()).collect();
    let kinds: Vec<&str> = alert.observed.kinds.keys().map(|kind| kind.name()).collect();
    let own = alert
        .expected
        .own
        .as_ref()
        .map_or("no own history yet".to_owned(), |own| format!("own median {}, 99th percentile {}", own.median, own.p99));
    let peers =
        alert.expected.peers.as_ref().map_or("no peers yet".to_owned(), |p| format!("{} peers: {} and {}", p.members, p.median, p.p99));
    let sources: Vec<String> =
        alert.evidence.sources.iter().map(|range| format!("{} {}–{}", Untrusted(&range.source), range.first, range.last)).collect();
    let rule = "─".repeat(72);
    let title = format!("{} {:.1}  {}", alert.severity.name().to_uppercase(), alert.score, alert.typology);
    let news = if raised { "graver now" } else { "new" };
    let mut lines = vec![
        format!("┌{rule}"),
        format!("│ {title}   ({news}, {})", alert.raised_at),
        format!("│ {}   {}", Untrusted(who), place.join(", ")),
        format!("│ {} people in {} accesses within {}   ({own}; {peers})", alert.observed.persons, alert.observed.accesses, alert.window),
        format!("│ kinds: {}", few(&kinds)),
        format!("│ unexplained score {} ({})", alert.statute.unexplained.b, alert.statute.unexplained.band.replace('_', " ")),
        format!(
            "│ evidence: {} records, {}, root {}…",
            alert.evidence.records,
            sources.join("; "),
            &alert.evidence.root.get(..12).unwrap_or("")
        ),
        format!("└{rule}"),
    ];
    if alert.shown_at.is_none() && alert.settled {
        lines.insert(2, "│ over today's budget".to_owned());
    }
    lines.join("\n")
}

/// Kinds that a card names; the others are counted.
const KINDS: usize = 6;

fn few(kinds: &[&str]) -> String {
    let named = kinds.iter().take(KINDS).copied().collect::<Vec<_>>().join(", ");
    let more = kinds.len().saturating_sub(KINDS);
    if more == 0 { named } else { format!("{named} and {more} more") }
}
