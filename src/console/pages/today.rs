//! Today: what to look at first, with the budget line above it; and all cases, by filter.

use crate::console::answer::{Answer, Asked};
use crate::console::form::{Fields, encoded};
use crate::console::html::{frame, name, severity, time, typology};
use crate::desk::DeskError;
use crate::desk::case::{CaseFile, CaseState};
use crate::desk::list::{self, COUNTED, Filter, Page};
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use maud::{Markup, html};

/// Cases of a page.
const ROWS: usize = 50;

/// `GET /`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let caller = asked.caller()?;
    let title = "Today";
    if !caller.may_ever(Action::Read) {
        return Ok(Answer::plain_page(frame(
            asked.session.as_ref(),
            title,
            &html! {
                h1 { (title) }
                p { "Your roles show no cases." }
            },
        )));
    }
    let database = &asked.console.database;
    let filter = Filter { shown: Some(true), ..Filter::open() };
    let queue = list::cases(database, caller, &filter, asked.query.get("after"), ROWS).await?;
    let beyond = list::count(database, caller, &Filter { shown: Some(false), ..Filter::open() }).await?;
    let used = list::shown_since(database, caller, midnight(&asked)).await?;
    let waiting = list::count(database, caller, &Filter { states: vec![CaseState::Proposed], ..Filter::default() }).await?;
    let mut read = database.read().await?;
    let (unsettled, alarms) = (list::unsettled(&mut read).await?, list::alarms(&mut read).await?);
    drop(read);
    let zone = &asked.console.settings.zone;
    let content = html! {
        h1 { (title) " · " (time(zone, asked.now)) " " span.quiet { (zone.name()) } }
        p.line {
            "Budget " (asked.console.settings.budget_per_day) " a day: " b { (bounded(used)) } " shown today within your reach · "
            a href="/cases?shown=no" { (bounded(beyond)) " wait beyond it" } " · "
            a href="/cases?state=proposed" { (bounded(waiting)) " wait for a second person" } " · "
            (unsettled) " alerts have not settled yet, and are not decided on"
        }
        @if alarms > 0 {
            p.told { (bounded(alarms)) " revisions came with another content than the one that is kept: see the operator's page on the console." }
        }
        (table(&queue, zone, "Shown within the budget, gravest first"))
        @if queue.cases.is_empty() {
            p { "Nothing within the budget is open. That is no finding of innocence: what could not be evaluated is in the coverage." }
        }
        (further(&queue, "/", &asked.query))
    };
    let view = View { page: "today", object: String::new(), persons: Vec::new(), rows: queue.cases.len() as i64 };
    Ok(Answer::page(view, frame(asked.session.as_ref(), title, &content)))
}

/// `GET /cases`
pub async fn cases(asked: Asked) -> Result<Answer, DeskError> {
    let caller = asked.caller()?;
    let filter = filter(&asked.query)?;
    let found = list::cases(&asked.console.database, caller, &filter, asked.query.get("after"), ROWS).await?;
    let count = list::count(&asked.console.database, caller, &filter).await?;
    let state = asked.query.text("state");
    let content = html! {
        h1 { "Cases" }
        form.inline method="get" action="/cases" {
            label for="state" { "State" }
            select #state name="state" {
                option value="" selected[state.is_empty()] { "open" }
                option value="any" selected[state == "any"] { "any" }
                @for one in CaseState::ALL { option value=(one.name()) selected[state == one.name()] { (one.name()) } }
            }
            label for="severity" { "at least" }
            select #severity name="severity" {
                @for one in Severity::ALL { option value=(one.name()) selected[asked.query.text("severity") == one.name()] { (one.name()) } }
            }
            label for="about" { "about" }
            input #about name="about" value=(asked.query.text("about"));
            button { "Show" }
        }
        p { (bounded(count)) " that match." }
        (table(&found, &asked.console.settings.zone, "By score"))
        (further(&found, "/cases", &asked.query))
    };
    let view = View { page: "cases", object: String::new(), persons: Vec::new(), rows: found.cases.len() as i64 };
    Ok(Answer::page(view, frame(asked.session.as_ref(), "Cases", &content)))
}

/// The filter of a query.
pub fn filter(query: &Fields) -> Result<Filter, DeskError> {
    let mut filter = match query.text("state") {
        "" => Filter::open(),
        "any" => Filter::default(),
        name => {
            let states = || CaseState::ALL.map(CaseState::name).join(", ");
            let state =
                CaseState::named(name).ok_or_else(|| DeskError::refused("state", format!("must be any, or one of {}", states()), name))?;
            Filter { states: vec![state], ..Filter::default() }
        }
    };
    filter.shown = match query.text("shown") {
        "" => None,
        "yes" => Some(true),
        "no" => Some(false),
        other => return Err(DeskError::refused("shown", "must be yes or no", other)),
    };
    let wanted = query.text("severity");
    if !wanted.is_empty() {
        let names = || Severity::ALL.map(Severity::name).join(", ");
        let found = Severity::ALL.into_iter().find(|severity| severity.name() == wanted);
        filter.at_least = Some(found.ok_or_else(|| DeskError::refused("severity", format!("must be one of {}", names()), wanted))?);
    }
    filter.owner = query.get("owner").filter(|owner| !owner.is_empty()).map(str::to_owned);
    filter.about = query.get("about").filter(|about| !about.is_empty()).map(str::to_owned);
    Ok(filter)
}

fn table(page: &Page, zone: &Zone, caption: &str) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr {
                th.number scope="col" { "Score" } th scope="col" { "Severity" } th scope="col" { "What it looks like" } th scope="col" { "Whom" }
                th.number scope="col" { "Alerts" } th scope="col" { "Last access" } th scope="col" { "State" } th scope="col" { "Whose" } th scope="col" { "Case" }
            } }
            tbody { @for case in &page.cases { (row(case, zone)) } }
        }
    }
}

fn row(case: &CaseFile, zone: &Zone) -> Markup {
    html! {
        tr {
            td.number { (format!("{:.0}", case.score)) }
            td { (severity(case.severity)) }
            td { (typology(&case.typology)) }
            td {
                (name(&case.about))
                @if let Some((_, Some(unit))) = case.parties.iter().find(|(party, _)| *party == case.about) { ", " (name(unit)) }
                @if case.parties.len() > 1 { " and " (case.parties.len() - 1) " more" }
            }
            td.number { (case.alerts) }
            td { (time(zone, case.last_at)) }
            td { (case.state.name()) @if let Some(verdict) = &case.verdict { ": " (verdict) } }
            td { @match &case.owner { Some(owner) => (name(owner)), None => "free" } }
            td { a href={ "/cases/" (case.id) } { "case " (case.id) } }
        }
    }
}

fn further(page: &Page, place: &str, query: &Fields) -> Markup {
    let kept = ["state", "shown", "severity", "owner", "about"].into_iter().filter_map(|name| Some((name, query.get(name)?)));
    let kept: String = kept.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    html! { @if let Some(next) = &page.next { p { a href={ (place) "?after=" (next) (kept) } { "Further cases" } } } }
}

fn bounded(count: i64) -> String {
    if count >= COUNTED { format!("{COUNTED} or more") } else { count.to_string() }
}

/// The beginning of the day in the console's zone.
fn midnight(asked: &Asked) -> Timestamp {
    let zone = &asked.console.settings.zone;
    zone.bounds(zone.local(asked.now).day).0
}
