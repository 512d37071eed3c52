//! `silence`: silences on the command line, on the database itself, by the roles of an account.

use crate::cli::Failure;
use crate::cli::acting::{Common, Opened, caller};
use crate::cli::console::{now, told};
use clap::Subcommand;
use leakwarden::desk::DeskError;
use leakwarden::desk::pseudonym::Pseudonyms;
use leakwarden::desk::rights::Caller;
use leakwarden::desk::silence::{self, PREVIEW_DAYS, Silence, Wanted};
use leakwarden::model::decision::Matcher;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::Span;
use leakwarden::telemetry::untrusted::Untrusted;
use std::io::Write as _;

/// Propose, decide, list and end silences: what is written and not shown for a while.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ask for a silence, or only count what it would have hidden
    Add {
        #[command(flatten)]
        common: Common,
        /// What must match, as FIELD=GLOB of typology, unit, role, employee or source; may be repeated, and all must match
        #[arg(long = "match", required = true)]
        matchers: Vec<String>,
        /// For how long, e.g. 7d; 30 days at the most
        #[arg(long = "for", value_name = "DURATION")]
        lasts: String,
        /// known, event, test or tuning
        #[arg(long)]
        reason: String,
        /// Why, in words
        #[arg(long)]
        text: String,
        /// Count what it would have hidden, and ask for nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Agree to a silence that waits, or do not
    Decide {
        #[command(flatten)]
        common: Common,
        /// Number of the silence
        id: i64,
        /// Do not agree
        #[arg(long)]
        decline: bool,
    },
    /// End a silence
    End {
        #[command(flatten)]
        common: Common,
        /// Number of the silence
        id: i64,
    },
    /// List silences: those in force that end first on top
    List {
        #[command(flatten)]
        common: Common,
    },
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let (What::Add { common, .. } | What::Decide { common, .. } | What::End { common, .. } | What::List { common }) = &options.what;
    let opened = Opened::of(&common.config)?;
    let text = opened.runtime.block_on(act(&opened, common, &options.what)).map_err(told)?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

async fn act(opened: &Opened, common: &Common, what: &What) -> Result<String, DeskError> {
    let (database, people) = (&opened.database, opened.people.now());
    let caller = caller(database, &people, &common.by).await?;
    let mut read = database.read().await?;
    let line = |silence: &Silence| line(silence, &caller, opened.pseudonyms);
    match what {
        What::Add { matchers, lasts, reason, text, dry_run, .. } => {
            let lasts = Span::parse(lasts).ok_or_else(|| DeskError::refused("--for", "must be a duration like 7d", lasts))?;
            let found: Option<Vec<_>> = matchers.iter().map(|text| silence::matcher(text)).collect();
            let rule = "must be FIELD=GLOB of typology, unit, role, employee or source";
            let matchers = found.ok_or_else(|| DeskError::refused("--match", rule, matchers.join(" ")))?;
            let rule = "must be known, event, test or tuning";
            let reason = silence::reason(reason).ok_or_else(|| DeskError::refused("--reason", rule, reason))?;
            let preview = silence::preview(&mut read, &matchers, now()).await?;
            drop(read);
            let by = Severity::ALL.map(|severity| format!("{} {}", preview.alerts[severity as usize], severity.name()));
            let cut = if preview.is_cut { ", among the newest that were looked at" } else { "" };
            let mut told =
                format!("of the last {PREVIEW_DAYS} days it matches {}{cut}; critical ones would be shown all the same\n", by.join(", "));
            if !dry_run {
                let wanted = Wanted { matchers, to: now() + lasts, reason, text: text.clone() };
                told += &line(&silence::add(database, &caller, &wanted, now()).await?);
            }
            Ok(told)
        }
        What::Decide { id, decline, .. } => {
            drop(read);
            Ok(line(&silence::decide(database, &people, &caller, *id, !decline, now()).await?))
        }
        What::End { id, .. } => {
            drop(read);
            Ok(line(&silence::end(database, &caller, *id, now()).await?))
        }
        What::List { .. } => Ok(silence::list(&mut read, &caller).await?.iter().map(line).collect()),
    }
}

fn line(silence: &Silence, caller: &Caller, pseudonyms: Pseudonyms) -> String {
    let said = |one: &Matcher| format!("{}={}", one.field.name(), Untrusted(silence.said(one, caller, pseudonyms)));
    let matchers: Vec<String> = silence.wanted.matchers.iter().map(said).collect();
    let second = silence.second.as_ref().map_or_else(String::new, |second| format!(" and {second}"));
    let state = if silence.state.name() == "in_force" && !silence.is_in_force(now()) { "over" } else { silence.state.name() };
    let Wanted { to, reason, text, .. } = &silence.wanted;
    format!(
        "silence {} {state} until {to} by {}{second} {} {} {}\n",
        silence.id,
        silence.by.0,
        matchers.join(" "),
        reason.name(),
        Untrusted(text)
    )
}
