//! `case`: cases on the command line, on the database itself. Whoever can read the database needs no console: each act names an account,
//! whose roles hold, and is entered like any other.

use crate::cli::Failure;
use crate::cli::acting::{Common, Opened, caller};
use crate::cli::console::{now, told};
use clap::Subcommand;
use leakwarden::desk::case::{self, CaseFile};
use leakwarden::desk::list::{self, Filter};
use leakwarden::desk::retention::{self, Erased};
use leakwarden::desk::rights::{Action, Caller};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::view_log::{self, View};
use leakwarden::desk::{DeskError, ingest, work};
use leakwarden::model::alert::Alert;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::telemetry::untrusted::Untrusted;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

/// List, read and decide cases on the database itself, by the roles of an account.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List open cases, gravest first
    List {
        #[command(flatten)]
        common: Common,
        /// Closed ones as well
        #[arg(long)]
        all: bool,
    },
    /// Show a case: its alerts with their revisions, and what was done
    Show {
        #[command(flatten)]
        common: Common,
        /// Number of the case
        id: i64,
    },
    /// Add a note
    Note {
        #[command(flatten)]
        common: Common,
        /// Number of the case
        id: i64,
        /// What to note
        text: String,
    },
    /// Give a case to an account
    Assign {
        #[command(flatten)]
        common: Common,
        /// Number of the case
        id: i64,
        /// The account; without one the case is given back
        to: Option<String>,
    },
    /// Give a verdict, citing the revisions that `show` shows
    Verdict {
        #[command(flatten)]
        common: Common,
        /// Number of the case
        id: i64,
        /// confirmed, innocent or unclear
        verdict: String,
        /// Why, as a code that goes with it
        #[arg(long)]
        reason: String,
        /// What was looked at
        #[arg(long)]
        text: String,
        /// An alert with the revision that was read, as ALERT:REVISION; may be repeated
        #[arg(long = "cite", required = true)]
        cites: Vec<String>,
    },
    /// Put a verdict that waits for a second person into force, or send it back
    Countersign {
        #[command(flatten)]
        common: Common,
        /// Number of the case
        id: i64,
        /// Number of the proposal, as `show` shows it
        entry: i64,
        /// Send it back, for this reason
        #[arg(long)]
        send_back: Option<String>,
    },
    /// Erase what names or describes somebody in cases whose time has passed, as the console does each hour; a hold keeps a case
    Erase {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// Say what would be erased, and erase nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Take in alerts from a file of JSON lines, as a sink wrote them: what is there already changes nothing
    Import {
        /// Configuration file of the service
        #[arg(long)]
        config: PathBuf,
        /// The file
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let (What::List { common: Common { config, .. }, .. }
    | What::Show { common: Common { config, .. }, .. }
    | What::Note { common: Common { config, .. }, .. }
    | What::Assign { common: Common { config, .. }, .. }
    | What::Verdict { common: Common { config, .. }, .. }
    | What::Countersign { common: Common { config, .. }, .. }
    | What::Erase { config, .. }
    | What::Import { config, .. }) = &options.what;
    let opened = Opened::of(config)?;
    let text = match &options.what {
        What::Import { file, .. } => import(&opened, file)?,
        what => opened.runtime.block_on(act(&opened, what)).map_err(told)?,
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

async fn act(opened: &Opened, what: &What) -> Result<String, DeskError> {
    let (database, people) = (&opened.database, opened.people.now());
    let by = async |name: &str| caller(database, &people, name).await;
    let line = |case: &CaseFile| line(&opened.pseudonyms.cover(case).case(case.clone()));
    match what {
        What::List { common, all } => {
            let caller = by(&common.by).await?;
            let filter = if *all { Filter::default() } else { Filter::open() };
            let page = list::cases(database, &caller, &filter, None, list::LONGEST_PAGE).await?;
            let view = View { page: "cases", object: String::new(), persons: Vec::new(), rows: page.cases.len() as i64 };
            view_log::record(database, &caller, &view, now()).await?;
            Ok(page.cases.iter().map(line).collect())
        }
        What::Show { common, id } => show(opened, &by(&common.by).await?, *id).await,
        What::Note { common, id, text } => Ok(line(&work::note(database, &by(&common.by).await?, *id, text, now()).await?)),
        What::Assign { common, id, to } => {
            let caller = by(&common.by).await?;
            Ok(line(&work::assign(database, &people, &caller, *id, to.as_deref(), None, now()).await?))
        }
        What::Verdict { common, id, verdict: outcome, reason, text, cites } => {
            let unknown = |place, value: &str| DeskError::refused(place, "must be one that there is: see --help and the manual", value);
            let mut cited = BTreeMap::new();
            for cite in cites {
                let read = cite.rsplit_once(':').and_then(|(alert, revision)| Some((alert.to_owned(), revision.parse().ok()?)));
                let (alert, revision) = read.ok_or_else(|| DeskError::refused("--cite", "must be ALERT:REVISION", cite))?;
                cited.insert(alert, revision);
            }
            let verdict = Verdict {
                outcome: verdict::outcome(outcome).ok_or_else(|| unknown("verdict", outcome))?,
                reason: verdict::reason(reason).ok_or_else(|| unknown("--reason", reason))?,
                text: text.clone(),
                cites: cited,
            };
            Ok(line(&verdict::give(database, &by(&common.by).await?, *id, &verdict, None, now()).await?))
        }
        What::Countersign { common, id, entry, send_back } => {
            let caller = by(&common.by).await?;
            let agrees = send_back.as_deref().map_or(Ok(()), Err);
            Ok(line(&verdict::countersign(database, &people, &caller, *id, *entry, agrees, now()).await?))
        }
        What::Erase { dry_run, .. } => {
            let (terms, now) = (&opened.terms, now());
            let erased =
                if *dry_run { retention::due(database, terms, now).await? } else { retention::sweep(database, terms, now).await? };
            let (does, Erased { cases, held, views }) = (if *dry_run { "would erase" } else { "erased" }, erased);
            let numbers: Vec<String> = cases.iter().map(i64::to_string).collect();
            let listed = if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(", ")) };
            Ok(format!("{does} {} cases{listed} and {views} records of views; {held} cases are kept by a hold\n", numbers.len()))
        }
        What::Import { .. } => Ok(String::new()),
    }
}

async fn show(opened: &Opened, caller: &Caller, id: i64) -> Result<String, DeskError> {
    let database = &opened.database;
    let mut read = database.read().await?;
    let case = case::read_for(&mut read, caller, id, Action::Read).await?;
    let (alerts, entries) = (list::alerts(&mut read, id).await?, case::entries(&mut read, id).await?);
    drop(read);
    let cover = opened.pseudonyms.cover(&case);
    let (case, entries) = (cover.case(case), cover.entries(entries));
    let alerts: Vec<Alert> = alerts.into_iter().map(|alert| cover.alert(alert)).collect();
    let persons = case.parties.iter().map(|(name, _)| name.clone()).collect();
    let view = View { page: "case", object: id.to_string(), persons, rows: alerts.len() as i64 };
    view_log::record(database, caller, &view, now()).await?;
    let mut text = line(&case);
    for alert in &alerts {
        let Alert { id, revision, typology, severity, explanation, .. } = alert;
        text += &format!(
            "alert {id}:{revision} {} {} {}: {}\n",
            severity.name(),
            typology.name(),
            Untrusted(alert.about()),
            Untrusted(explanation)
        );
    }
    for entry in &entries {
        let by = entry.by.as_deref().unwrap_or("engine");
        text += &format!("entry {} {} {by} {} {}\n", entry.id, entry.at, entry.kind, Untrusted(&entry.body.to_string()));
    }
    Ok(text)
}

fn line(case: &CaseFile) -> String {
    let verdict = case.verdict.as_ref().map_or_else(String::new, |verdict| format!(":{verdict}"));
    let owner = case.owner.as_deref().unwrap_or("free");
    format!(
        "case {} {}{verdict} {owner} {:.1} {} {} {} alerts of {}\n",
        case.id,
        case.state.name(),
        case.score,
        case.severity.name(),
        case.typology,
        case.alerts,
        Untrusted(&case.about)
    )
}

/// Alerts of a batch.
const BATCH: usize = 200;

fn import(opened: &Opened, file: &std::path::Path) -> Result<String, Failure> {
    let Opened { runtime, database, people, .. } = opened;
    let mut counts: BTreeMap<ingest::Taken, u64> = BTreeMap::new();
    let (mut batch, people): (Vec<AlertWithDossier>, _) = (Vec::new(), people.now());
    let mut put = |batch: &mut Vec<AlertWithDossier>| -> Result<(), Failure> {
        let taken = runtime.block_on(ingest::take(database, &people, leakwarden::desk::LIVE, batch, now())).map_err(anyhow::Error::from)?;
        taken.into_iter().for_each(|taken| *counts.entry(taken).or_default() += 1);
        batch.clear();
        Ok(())
    };
    for (at, line) in BufReader::new(std::fs::File::open(file)?).lines().enumerate() {
        let (line, place) = (line?, format!("{}:{}", file.display(), at + 1));
        let alert = serde_json::from_str(&line).map_err(|error| Failure::argument(&place, "must be an alert", error))?;
        batch.push(AlertWithDossier { alert: Arc::new(alert), dossier: None });
        if batch.len() == BATCH {
            put(&mut batch)?;
        }
    }
    put(&mut batch)?;
    Ok(counts.iter().map(|(taken, count)| format!("{count:>9}  {}\n", taken.name())).collect())
}
